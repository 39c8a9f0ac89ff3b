"""What error injection counts: the kinds of slip, what became of each programme, and the tallies over them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from openinfusion.core.library import Mode

_GRAVE = 10


class Slip(Enum):
    """The kind of error; the value is the word for it."""

    USUAL = "usual dose, no error"
    DOUBLE = "2 times the usual dose"
    FIVE = "5 times the usual dose"
    TEN = "10 times the usual dose"
    SIXTY = "60 times the usual dose (per minute for per hour)"
    THOUSAND = "1,000 times the usual dose (mg for micrograms)"
    TENTH = "a tenth of the usual dose"
    POUNDS = "weight in pounds typed as kg"
    ABSOLUTE_AS_PER_KG = "the dose for the whole patient typed as a dose per kg"
    PER_KG_AS_ABSOLUTE = "the dose per kg typed as the dose for the whole patient"
    NEIGHBOUR = "the dose typed under the neighbouring drug of the pick list"
    STRENGTH_TOO_LOW = "a strength 10 times too low typed for an open concentration"
    STRENGTH_TOO_HIGH = "a strength 10 times too high typed for an open concentration"


class Outcome(Enum):
    """What the library did about a programme."""

    BLOCKED = "blocked"
    WARNED = "warned"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """
    One programme with one slip.

    ``times`` is how many times the intended amount the patient would get, to a thousandth; it is ``None`` for the
    neighbouring drug, because another drug has no such number. ``under`` is the entry that was programmed.
    """

    entry: str
    under: str
    mode: Mode
    slip: Slip
    outcome: Outcome
    times: Fraction | None
    drug: str
    care_area: str
    high_alert: bool
    programmed: str

    @property
    def is_error(self) -> bool:
        """Whether something was wrong; the usual dose is not, and an alert on it is a false one."""
        return self.slip is not Slip.USUAL

    @property
    def is_grave(self) -> bool:
        """Whether the patient would get ten times the dose or more, and nobody would know."""
        return self.outcome is Outcome.SILENT and self.times is not None and self.times >= _GRAVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many of the programmes tried were blocked, warned of, and silent."""

    blocked: int
    warned: int
    silent: int
    tried: int

    def share(self, outcome: Outcome) -> Fraction | None:
        """Return the share with this outcome, or ``None`` if nothing was tried."""
        counts = {Outcome.BLOCKED: self.blocked, Outcome.WARNED: self.warned, Outcome.SILENT: self.silent}
        return Fraction(counts[outcome], self.tried) if self.tried else None

    def __str__(self) -> str:
        """Return the counts with their denominator: "blocked 27, warned 21, silent 14 of 62"."""
        return f"blocked {self.blocked:,}, warned {self.warned:,}, silent {self.silent:,} of {self.tried:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipScore:
    """The tally of one kind of error over the library."""

    slip: Slip
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryScore:
    """The tally of one entry over all errors, whether its usual dose alerts, and every trial."""

    entry: str
    drug: str
    care_area: str
    high_alert: bool
    errors: Tally
    false_alerts: int
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTried:
    """A mode of an entry that could not be programmed, and why."""

    entry: str
    mode: Mode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionScore:
    """
    What a library would do about errors, in counts with denominators.

    ``usual`` is the tally of correct programmes: whatever was not silent there is a false alert. ``worst`` are the
    silent errors of ten times the dose or more, high-alert drugs first.
    """

    usual: Tally
    errors: Tally
    by_slip: tuple[SlipScore, ...]
    by_entry: tuple[EntryScore, ...]
    worst: tuple[Trial, ...]
    not_tried: tuple[NotTried, ...]

    def of(self, slip: Slip) -> Tally:
        """Return the tally of one kind of error."""
        return next(score.tally for score in self.by_slip if score.slip is slip)


def tally(trials: Iterable[Trial]) -> Tally:
    """Return how many programmes had each outcome."""
    outcomes = [trial.outcome for trial in trials]
    blocked, warned, silent = (outcomes.count(outcome) for outcome in Outcome)
    return Tally(blocked=blocked, warned=warned, silent=silent, tried=len(outcomes))


def score_entries(trials: Iterable[Trial]) -> tuple[EntryScore, ...]:
    """Return the score of each entry, in the order of the trials."""
    by_entry: dict[str, list[Trial]] = {}
    for trial in trials:
        by_entry.setdefault(trial.entry, []).append(trial)
    return tuple(
        EntryScore(
            entry=entry,
            drug=found[0].drug,
            care_area=found[0].care_area,
            high_alert=found[0].high_alert,
            errors=tally(trial for trial in found if trial.is_error),
            false_alerts=sum(not t.is_error and t.outcome is not Outcome.SILENT for t in found),
            trials=tuple(found),
        )
        for entry, found in by_entry.items()
    )


def gravity(trial: Trial) -> tuple[bool, Fraction, str, str]:
    """Return the key that puts the worst first: high-alert drugs, then the largest dose."""
    return (not trial.high_alert, -(trial.times or Fraction(0)), trial.drug.casefold(), trial.entry)
