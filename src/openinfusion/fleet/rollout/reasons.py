"""Why a roll-out goes on, waits or stops: each reason is data, and a sentence with its figures."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Why(StrEnum):
    """What a reason is about; the value is stored, so changing one is a migration."""

    FAILURES = "failures"
    RESTORED = "restored"
    REVERTED = "reverted"
    OVERRIDES = "overrides"
    HARD_HITS = "hard-hits"
    BY_A_PERSON = "by-a-person"
    TOO_FEW = "too-few"
    NOT_ENOUGH = "not-enough"
    SOAK = "soak"
    PUMPS_BACK = "pumps-back"
    NO_SIGNAL = "no-signal"
    MISSED = "missed"
    OVERDUE = "overdue"
    SECOND_PERSON = "second-person"
    PROVEN = "proven"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in words and figures."""

    why: Why
    words: str

    def __str__(self) -> str:
        return self.words


def percent(part: int, whole: int) -> str:
    """Return a share in words, such as "96.5 % (193 of 200)"; rounded down, so that 100 % means all."""
    shown = Fraction(part * 1000 // whole, 10) if whole else Fraction(0)
    return f"{float(shown):g} % ({part:,} of {whole:,})"
