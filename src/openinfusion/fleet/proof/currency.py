"""How soon the pumps of some rings were proven to run what they were given, against the aim."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from openinfusion.core.numbers import show_share
from openinfusion.fleet.proof.register import TASKS, Card, Register, Ring
from openinfusion.fleet.proof.states import Aim

AIMS: tuple[tuple[timedelta, Fraction], ...] = (
    (timedelta(hours=8), Fraction(50, 100)),
    (timedelta(hours=24), Fraction(80, 100)),
    (timedelta(hours=72), Fraction(95, 100)),
    (timedelta(days=7), Fraction(995, 1000)),
)
"""After how long which share of pumps shall be proven; at the last one an open task counts as well."""
_POINTS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """
    The share of pumps that were proven so soon after the assignment.

    Attributes:
        after: how soon.
        aim: the share to be reached.
        proven: pumps proven by then to run the release or a newer one, and that went back since not at all.
        tasks: pumps that were not, and have an open task; counted at the last aim only.
        pumps: all pumps of the rings.
        unseen: pumps of which nothing was proven since the assignment, until now.

    """

    after: timedelta
    aim: Fraction
    proven: int
    tasks: int
    pumps: int
    unseen: int

    @property
    def share(self) -> Fraction | None:
        """The share that counts against the aim; ``None`` where there are no pumps."""
        return Fraction(self.proven + self.tasks, self.pumps) if self.pumps else None

    @property
    def is_met(self) -> bool:
        """Whether the aim was met."""
        return self.share is not None and self.share >= self.aim

    def __str__(self) -> str:
        counted = f"{self.proven:,} of {self.pumps:,} proven"
        tasks = f", {self.tasks:,} with an open task" if self.tasks else ""
        unseen = show_share(Fraction(self.unseen, self.pumps) if self.pumps else None)
        return f"{show_share(self.share)} ({counted}{tasks}; {self.unseen:,} unseen, {unseen})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """
    How soon the pumps of some rings were current.

    Attributes:
        at: until when it is known.
        shares: one for each aim whose time has come.
        now: the share at this moment, against the last aim.
        reached: how long it took until each share of the aims was proven; ``None`` where it is not yet.

    """

    at: datetime
    shares: tuple[Share, ...]
    now: Share
    reached: tuple[tuple[Fraction, timedelta | None], ...]


def currency(register: Register, rings: Iterable[Ring], *, at: datetime) -> Currency:
    """
    Return how soon the pumps of some rings were proven to run what their ring was given.

    Each pump's time counts from the assignment of its own ring; rings without an assignment are left out. A pump that
    is suspect or went back is not proven, whenever it once was.
    """
    aims = [(ring, aim) for ring in rings if (aim := register.aims.get(ring)) is not None]
    cards = [(card, aim) for ring, aim in aims for card in register.of_ring(ring)]
    times = sorted(span for card, aim in cards if (span := _span(card, aim)) is not None)
    tasks = sum(1 for card, aim in cards if card.state in TASKS and _span(card, aim) is None)
    unseen = sum(1 for card, aim in cards if card.witness.seen is None or card.witness.seen < aim.since)
    oldest = min((aim.since for _, aim in aims), default=at)

    def share(after: timedelta, aim: Fraction) -> Share:
        by_then = sum(1 for span in times if span <= after)
        with_task = tasks if aim is AIMS[-1][1] and at - oldest >= AIMS[-1][0] else 0
        return Share(after=after, aim=aim, proven=by_then, tasks=with_task, pumps=len(cards), unseen=unseen)

    return Currency(
        at=at,
        shares=tuple(share(after, aim) for after, aim in AIMS if at - oldest >= after),
        now=share(at - oldest, AIMS[-1][1]),
        reached=tuple((aim, _reached(times, aim, len(cards))) for _, aim in AIMS),
    )


def curve(register: Register, rings: Iterable[Ring], *, at: datetime) -> tuple[tuple[timedelta, int], ...]:
    """
    Return how many pumps of some rings were proven within each span since their assignment, one point for each step.

    It begins at nothing and ends at now; counted as ``currency`` counts. Steps are a sixtieth of the whole, at least an
    hour, so that it is drawn and read as fast for 10,000 pumps as for ten.
    """
    aims = [(ring, aim) for ring in rings if (aim := register.aims.get(ring)) is not None]
    if not aims:
        return ()
    spans = [_span(card, aim) for ring, aim in aims for card in register.of_ring(ring)]
    times = sorted(span for span in spans if span is not None)
    whole = max(at - min(aim.since for _, aim in aims), timedelta(0))
    step = max(whole // _POINTS, timedelta(hours=1))
    until = [step * n for n in range(whole // step + 1)]
    until += [whole] if until[-1] < whole else []
    return tuple((after, bisect_right(times, after)) for after in until)


def _span(card: Card, aim: Aim) -> timedelta | None:
    """Return how long after its assignment a pump was proven; nothing if it is not, or went back."""
    proof = card.witness.proof
    if proof is None or proof.number < max(aim.number, card.witness.high_water) or proof.fault is not None:
        return None
    if card.witness.doubt is not None or (proof.number == aim.number and proof.sha256 != aim.sha256):
        return None
    return max(proof.since - aim.since, timedelta(0))


def _reached(times: Sequence[timedelta], aim: Fraction, pumps: int) -> timedelta | None:
    needed = -(-aim.numerator * pumps // aim.denominator)
    return times[needed - 1] if 0 < needed <= len(times) else None


def to_json(found: Currency) -> dict[str, Any]:
    """Return it as JSON values; spans are in seconds, shares are numerator and denominator."""
    return {
        "at": found.at.isoformat(),
        "shares": [_share_json(one) for one in found.shares],
        "now": _share_json(found.now),
        "reached": [
            {"share": show_share(aim), "seconds": None if span is None else span // timedelta(seconds=1)}
            for aim, span in found.reached
        ],
    }


def _share_json(one: Share) -> dict[str, Any]:
    return {
        "after_seconds": one.after // timedelta(seconds=1),
        "aim": show_share(one.aim),
        "proven": one.proven,
        "with_open_task": one.tasks,
        "pumps": one.pumps,
        "unseen": one.unseen,
        "share": show_share(one.share),
        "is_met": one.is_met,
    }
