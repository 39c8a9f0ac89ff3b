"""
Replay past infusions against a library, to see what its limits would have done.

``replay`` holds every infusion against every entry on which it may have run (see ``candidates``), with the same
``check`` that judges a programme at the bedside. An alert counts only where every candidate gives it; where they
disagree the infusion is *ambiguous*, and where nothing can be said it is *not checked*, with the reason. Every
infusion has exactly one of five results, so the counts always add up. Definitions: ``docs/reference/replay.md``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from openinfusion.core.candidates import Candidate, Candidates, Unchecked
from openinfusion.core.dosing import check
from openinfusion.core.errors import ProgrammeError
from openinfusion.core.infusions import Infusion
from openinfusion.core.library import EntryType, Library, Limit, Limits
from openinfusion.core.programme import Finding, Parameter, Problem, Programme, Verdict
from openinfusion.core.units import Quantity


class Result(Enum):
    """What the library would have done with an infusion; the value is the word for it."""

    NO_ALERT = "no alert"
    SOFT = "soft alert"
    HARD = "hard alert"
    AMBIGUOUS = "ambiguous"
    NOT_CHECKED = "not checked"

    @property
    def is_decided(self) -> bool:
        """Whether the library would certainly have alerted, or certainly not."""
        return self not in (Result.AMBIGUOUS, Result.NOT_CHECKED)


@dataclass(frozen=True, slots=True)
class Held:
    """One candidate held against one infusion: the limits crossed, or why it could not be done."""

    candidate: Candidate
    findings: tuple[Finding, ...] = ()
    reason: Unchecked | None = None
    value: Quantity | None = None

    @property
    def result(self) -> Result:
        """What this candidate alone would have done."""
        if self.reason is not None:
            return Result.NOT_CHECKED
        if any(finding.is_hard for finding in self.findings):
            return Result.HARD
        return Result.SOFT if self.findings else Result.NO_ALERT

    @property
    def crossed(self) -> frozenset[tuple[Parameter, Limit | None]]:
        """The limits that were crossed, without their values."""
        return frozenset((finding.parameter, finding.limit) for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Alert:
    """One limit that one infusion would have met; where several entries were possible, the mildest of them."""

    row: int
    drug: str
    care_area: str
    entry: str
    finding: Finding

    @property
    def ratio(self) -> Fraction:
        """Times the limit, at least (1 where a ratio says nothing, such as below a minimum)."""
        return self.finding.ratio or Fraction(1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the library would have done with one infusion, and every candidate that says so."""

    row: int
    drug: str
    care_area: str
    result: Result
    reason: Unchecked | None = None
    alerts: tuple[Alert, ...] = ()
    held: tuple[Held, ...] = ()


@dataclass(frozen=True)
class Replay:
    """The outcomes of all infusions, in their order, under one library."""

    library: Library
    outcomes: tuple[Outcome, ...] = field(default=())

    @property
    def alerts(self) -> list[Alert]:
        """Every certain alert, in the order of the infusions."""
        return [alert for outcome in self.outcomes for alert in outcome.alerts]


def replay(library: Library, infusions: Iterable[Infusion]) -> Replay:
    """
    Return what a library would have done with past infusions.

    The duration of a continuous infusion is not held against limits: it ran until somebody changed it, and nobody
    programmed that. Of a single dose it is, because the pump was told it.
    """
    run = Replayer(library)
    return Replay(library, tuple(run.judge(infusion) for infusion in infusions))


class Replayer:
    """A library with its lookup tables, and the two names under which every outcome is counted."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.candidates = Candidates(library)

    def judge(self, infusion: Infusion) -> Outcome:
        """Return the one outcome of an infusion."""
        drug, area = self.names(infusion)
        found = self.candidates.find(infusion)
        if isinstance(found, Unchecked):
            return Outcome(infusion.row, drug, area, Result.NOT_CHECKED, found)
        held = tuple(self.hold(infusion, candidate) for candidate in found)
        # Not knowing is never safe: if one possible entry could not be checked, the infusion was not checked.
        reasons = [h.reason for h in held if h.reason is not None]
        if Unchecked.WEIGHT in reasons or len(reasons) == len(held):
            reason = Unchecked.WEIGHT if Unchecked.WEIGHT in reasons else reasons[0]
            return Outcome(infusion.row, drug, area, Result.NOT_CHECKED, reason, held=held)
        if len({(h.result, h.crossed) for h in held}) > 1:
            return Outcome(infusion.row, drug, area, Result.AMBIGUOUS, held=held)
        alerts = tuple(_mildest(held, infusion.row, drug, area=area))
        return Outcome(infusion.row, drug, area, held[0].result, alerts=alerts, held=held)

    def names(self, infusion: Infusion) -> tuple[str, str]:
        """Return drug and care area as the library calls them, else as the record does."""
        drug, area = self.candidates.drug_id(infusion.drug), self.candidates.area_id(infusion.care_area)
        return (
            self.library.drug(drug).name if drug is not None else infusion.drug,
            self.library.care_area(area).name if area is not None else infusion.care_area,
        )

    def hold(self, infusion: Infusion, candidate: Candidate) -> Held:
        """Hold an infusion against one candidate, and keep only what the record knows."""
        entry = candidate.entry
        programme = Programme(
            care_area=entry.care_area,
            entry=entry.id,
            mode=candidate.mode,
            dose=infusion.dose,
            rate=infusion.rate if infusion.dose is None else None,
            duration=infusion.duration if entry.type is EntryType.INTERMITTENT else None,
            weight=infusion.weight,
            amount=candidate.amount,
            diluent=candidate.diluent,
        )
        verdict = check(programme, self.library)
        known = [finding for finding in verdict.findings if finding.parameter in candidate.known]
        crossed = tuple(finding for finding in known if finding.limit is not None)
        value = _value(verdict, candidate)
        has_limits = any(not limits.is_empty for _, limits in known_limits(candidate))
        # As at the bedside, a soft finding (such as of the weight) must not hide that no dose was checked.
        if crossed and (has_limits or any(finding.is_hard for finding in crossed)):
            return Held(candidate, crossed, value=value)
        if any(f.problem is Problem.MISSING and f.parameter in _MEASURES for f in known):
            return Held(candidate, reason=Unchecked.WEIGHT)
        # A check that stopped early, for whatever reason, has not accepted anything.
        stopped = any(f.problem not in (None, Problem.NO_LIMITS) for f in verdict.findings)
        return Held(candidate, value=value, reason=Unchecked.NO_LIMIT if stopped or not has_limits else None)


_MEASURES = frozenset({Parameter.WEIGHT, Parameter.BODY_SURFACE_AREA})


def known_limits(candidate: Candidate) -> list[tuple[Parameter, Limits]]:
    """Return the limits of a candidate that an infusion with its record is held against."""
    entry = candidate.entry
    pairs = ((Parameter.DOSE, entry.dose), (Parameter.RATE, entry.rate), (Parameter.DURATION, entry.duration))
    ran_open_ended = entry.type is not EntryType.INTERMITTENT
    held = candidate.known - {Parameter.DURATION} if ran_open_ended else candidate.known
    return [(parameter, limits) for parameter, limits in pairs if limits is not None and parameter in held]


def main_limits(candidate: Candidate) -> tuple[Parameter, Limits] | None:
    """Return the limits that a number line shows: of the dose, or of the rate where no dose is limited."""
    shown = [pair for pair in known_limits(candidate) if pair[0] is not Parameter.DURATION]
    return shown[0] if shown else None


def _value(verdict: Verdict, candidate: Candidate) -> Quantity | None:
    """Return the dose (or rate) as it ran, in the unit of the entry's limits."""
    main = main_limits(candidate)
    if main is None:
        return None
    parameter, limits = main
    value = verdict.derived.dose if parameter is Parameter.DOSE else verdict.derived.rate
    return value.to(limits.unit) if value is not None and value.unit.measures_like(limits.unit) else None


def _mildest(held: tuple[Held, ...], row: int, drug: str, *, area: str) -> Iterable[Alert]:
    """Yield each crossed limit once, from the candidate that it exceeds least."""
    best: dict[tuple[Parameter, Limit | None], Alert] = {}
    for one in held:
        for finding in one.findings:
            alert = Alert(row, drug, area, one.candidate.entry.id, finding)
            key = (finding.parameter, finding.limit)
            if key not in best or alert.ratio < best[key].ratio:
                best[key] = alert
    return best.values()


class Change(Enum):
    """How the outcome of one infusion differs between two libraries."""

    GAINED = "alert gained"
    LOST = "alert lost"
    HARDER = "soft alert becomes hard"
    SOFTER = "hard alert becomes soft"
    OTHER_LIMIT = "alert of the same severity on another limit"
    DECIDED = "can now be judged"
    UNDECIDED = "can no longer be judged"


@dataclass(frozen=True, slots=True)
class ChangedOutcome:
    """One infusion whose outcome differs between two libraries."""

    change: Change
    before: Outcome
    after: Outcome

    @property
    def row(self) -> int:
        """The row of the infusion in its file."""
        return self.before.row

    @property
    def drug(self) -> str:
        """The drug, as the first library calls it."""
        return self.before.drug


def compare_replays(before: Replay, after: Replay) -> list[ChangedOutcome]:
    """
    Return every infusion that two libraries treat differently, in the order of the rows.

    Raises:
        ProgrammeError: the two replays are not of the same infusions.

    """
    if [o.row for o in before.outcomes] != [o.row for o in after.outcomes]:
        raise ProgrammeError(where="comparison", found="replays of different rows", expected="the same infusions")
    pairs = ((_change(a, b), a, b) for a, b in zip(before.outcomes, after.outcomes, strict=True))
    return [ChangedOutcome(change, a, b) for change, a, b in pairs if change is not None]


def _change(before: Outcome, after: Outcome) -> Change | None:
    return change_between(before.result, after.result, same_limits=_limits_met(before) == _limits_met(after))


def change_between(before: Result, after: Result, *, same_limits: bool) -> Change | None:
    """Return how a result changed, or ``None`` if it did not in anything that a clinician would notice."""
    if before.is_decided is not after.is_decided:
        return Change.DECIDED if after.is_decided else Change.UNDECIDED
    if not before.is_decided:
        return None
    if before is after:
        return None if same_limits else Change.OTHER_LIMIT
    if before is Result.NO_ALERT:
        return Change.GAINED
    if after is Result.NO_ALERT:
        return Change.LOST
    return Change.HARDER if after is Result.HARD else Change.SOFTER


def _limits_met(outcome: Outcome) -> set[tuple[Parameter, Limit | None]]:
    return {(alert.finding.parameter, alert.finding.limit) for alert in outcome.alerts}
