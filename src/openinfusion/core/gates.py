"""
The release gate as data: what must be true before a change is released, and before it counts as implemented.

The numbers are those of a go-live gate under DCB0160 (G1 to G18). Those that concern the going live of a whole system,
not a change of its library (G7, G8, G14, G17), are asked elsewhere. What is not known keeps a gate closed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Role
from openinfusion.core.wording import counted, listed

UNACCEPTABLE = 4
UNDESIRABLE = 3
USUAL_THRESHOLD = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardFact:
    """
    What the hazard log says of one hazard that the change touches.

    ``residual`` is the rating from 1 to 5; ``uncontrolled`` says what the library to be released lacks, or nothing.
    """

    id: str
    residual: int | None = None
    justified: bool = False
    unverified_controls: tuple[str, ...] = ()
    uncontrolled: str = ""
    owner: str | None = None
    due: date | None = None
    is_open: bool = True
    is_transferred: bool = False
    accepted_in_writing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpProof:
    """What pumps have proven about the release: counts of pumps, and the share of all (percent) that must have."""

    pumps: int
    proven: int
    in_clinical_place: int
    proven_in_clinical_place: int
    quarantined: int = 0
    threshold: int = USUAL_THRESHOLD

    def __post_init__(self) -> None:
        """Refuse counts that contradict each other: a share of them would mean nothing."""
        ladders = (
            (0, self.proven_in_clinical_place, self.proven, self.pumps),
            (0, self.proven_in_clinical_place, self.in_clinical_place, self.pumps),
            (0, self.quarantined, self.pumps),
            (1, self.threshold, 100),
        )
        if any(list(ladder) != sorted(ladder) for ladder in ladders):
            raise ChangeControlError(where="proof of the pumps", found=str(self), expected="parts within their whole")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What is known about a change beyond its request; ``None`` is "not known", and closes the gate.

    Attributes:
        library: SHA-256 of the library to be released.
        hazards: the hazards that the change touches.
        log_approved_for: the library for which the safety officer approved hazard log and safety case report.
        discrepancies_without_hazard: open discrepancy records that no hazard is linked to.
        lint_errors: errors that the review of the library still finds.
        readback_differences: differences between the approved library and what vendors' files read back.
        readback_lacks: what else keeps the read-back from counting, in words, or nothing.
        models_not_passed: pump models on which the scenario set is not passed.
        training_below: role and care area pairs below the training target, doctors among them.
        rollback_archived: whether the previous library and the package to go back are kept.
        advice_open: advice of the manufacturer that nobody has decided on.
        monitoring_set: whether owner, measures and dates for days 1, 7, 30 and 90 are set.
        pumps: what pumps have proven; needed for "implemented" only.

    """

    library: str
    hazards: tuple[HazardFact, ...] | None = None
    log_approved_for: str | None = None
    discrepancies_without_hazard: tuple[str, ...] | None = None
    lint_errors: int | None = None
    readback_differences: int | None = None
    readback_lacks: str = ""
    models_not_passed: tuple[str, ...] | None = None
    training_below: tuple[str, ...] | None = None
    rollback_archived: bool | None = None
    advice_open: tuple[str, ...] | None = None
    monitoring_set: bool | None = None
    pumps: PumpProof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One condition: its number, what it asks, whose it is to open, and how the facts answer."""

    id: str
    words: str
    whose: Role
    ask: Callable[[Facts], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """One reason why a gate is closed, and whose it is."""

    gate: Gate
    why: str

    @property
    def whose(self) -> Role:
        """The role that opens the gate."""
        return self.gate.whose

    def __str__(self) -> str:
        """Return the blocker in words."""
        return f"{self.gate.id}, {self.gate.words}: {self.why} (for the {self.whose.words})"


_NOT_KNOWN = "not known"


def _hazards(say: Callable[[HazardFact], str | None]) -> Callable[[Facts], Iterable[str]]:
    def ask(facts: Facts) -> Iterable[str]:
        if facts.hazards is None:
            return [_NOT_KNOWN]
        return [f"{hazard.id} {why}" for hazard in facts.hazards if (why := say(hazard)) is not None]

    return ask


def _too_great(hazard: HazardFact) -> str | None:
    if hazard.residual is None:
        return "is not scored"
    return f"is rated {hazard.residual}" if hazard.residual >= UNACCEPTABLE else None


def _not_justified(hazard: HazardFact) -> str | None:
    return "is rated 3 without a justification" if hazard.residual == UNDESIRABLE and not hazard.justified else None


def _not_verified(hazard: HazardFact) -> str | None:
    left = hazard.unverified_controls
    if left:
        return f"counts {counted(len(left), 'control')} that nobody verified: {listed(left)}"
    return hazard.uncontrolled or None


def _not_owned(hazard: HazardFact) -> str | None:
    is_owned = hazard.owner is not None and hazard.due is not None
    return None if is_owned or not hazard.is_open else "is open without an owner and a date"


def _not_accepted(hazard: HazardFact) -> str | None:
    is_lost = hazard.is_transferred and not hazard.accepted_in_writing
    return "is transferred and not accepted in writing" if is_lost else None


def _log_approved(facts: Facts) -> Iterable[str]:
    if facts.log_approved_for is None:
        return ["no issue is approved"]
    return [] if facts.log_approved_for == facts.library else ["the approved issue is for another library"]


def _none_of(name: str) -> Callable[[Facts], Iterable[str]]:
    def ask(facts: Facts) -> Iterable[str]:
        found: tuple[str, ...] | None = getattr(facts, name)
        return [_NOT_KNOWN] if found is None else found

    return ask


def _holds(name: str) -> Callable[[Facts], Iterable[str]]:
    def ask(facts: Facts) -> Iterable[str]:
        value: bool | None = getattr(facts, name)
        return [] if value else [_NOT_KNOWN if value is None else "no"]

    return ask


def _no_count(name: str, noun: str) -> Callable[[Facts], Iterable[str]]:
    def ask(facts: Facts) -> Iterable[str]:
        count: int | None = getattr(facts, name)
        if count is None:
            return [f"{noun}s: {_NOT_KNOWN}"]
        return [counted(count, noun)] if count else []

    return ask


_lint = _no_count("lint_errors", "error")
_differences = _no_count("readback_differences", "read-back difference")


def _readback(facts: Facts) -> Iterable[str]:
    """Ask for agreement with what the vendor's editor holds; words that say what it lacks say more than a count."""
    return [facts.readback_lacks] if facts.readback_lacks else _differences(facts)


def _proven(facts: Facts) -> Iterable[str]:
    """Ask the pumps: enough of all, every one in a clinical place, and the rest set apart one by one."""
    pumps = facts.pumps
    if pumps is None or pumps.pumps == 0:
        return ["no pump has proven anything"]
    faults = []
    if pumps.proven * 100 < pumps.threshold * pumps.pumps:
        faults.append(f"{pumps.proven:,} of {counted(pumps.pumps, 'pump')} have proven it, {pumps.threshold} % must")
    if missed := pumps.in_clinical_place - pumps.proven_in_clinical_place:
        faults.append(f"{counted(missed, 'pump')} in a clinical place without proof")
    if (loose := pumps.pumps - pumps.proven - pumps.quarantined) > 0:
        faults.append(f"{counted(loose, 'pump')} without proof not in quarantine")
    return faults


_CSO = Role.CLINICAL_SAFETY_OFFICER
RELEASE_GATES: tuple[Gate, ...] = (
    Gate(id="G1", words="no hazard left at 4 or 5, or without a score", whose=_CSO, ask=_hazards(_too_great)),
    Gate(id="G2", words="a hazard left at 3 is justified and signed", whose=_CSO, ask=_hazards(_not_justified)),
    Gate(id="G3", words="every control that counts is verified", whose=_CSO, ask=_hazards(_not_verified)),
    Gate(id="G4", words="every open hazard has an owner and a date", whose=_CSO, ask=_hazards(_not_owned)),
    Gate(id="G5", words="every transferred hazard is accepted in writing", whose=_CSO, ask=_hazards(_not_accepted)),
    Gate(
        id="G6", words="hazard log and safety case report are approved for this library", whose=_CSO, ask=_log_approved
    ),
    Gate(
        id="G9",
        words="every open discrepancy is linked to a hazard",
        whose=_CSO,
        ask=_none_of("discrepancies_without_hazard"),
    ),
    Gate(
        id="G10",
        words="the library has no error and reads back as approved",
        whose=Role.LIBRARY_PHARMACIST,
        ask=lambda facts: [*_lint(facts), *_readback(facts)],
    ),
    Gate(
        id="G11",
        words="the scenario set is passed on every pump model",
        whose=Role.LIBRARY_PHARMACIST,
        ask=_none_of("models_not_passed"),
    ),
    Gate(
        id="G12",
        words="training reaches its target in every role and area, doctors among them",
        whose=Role.TRAINER,
        ask=_none_of("training_below"),
    ),
    Gate(
        id="G15",
        words="the previous library and the package to go back are kept",
        whose=Role.CLINICAL_ENGINEER,
        ask=_holds("rollback_archived"),
    ),
    Gate(
        id="G16",
        words="all advice of the manufacturer is decided on",
        whose=Role.DEVICE_SAFETY_OFFICER,
        ask=_none_of("advice_open"),
    ),
    Gate(
        id="G18",
        words="owner, measures and dates of the monitoring are set",
        whose=Role.MEDICATION_SAFETY_OFFICER,
        ask=_holds("monitoring_set"),
    ),
)
# What is asked of an emergency change after the event, before it is ratified: the rest belongs to the whole path.
EMERGENCY_GATES: tuple[Gate, ...] = tuple(gate for gate in RELEASE_GATES if gate.id == "G10")
PROOF_GATES: tuple[Gate, ...] = (
    Gate(id="G13", words="the pumps have proven the release", whose=Role.CLINICAL_ENGINEER, ask=_proven),
)


def blockers(facts: Facts, gates: tuple[Gate, ...] = RELEASE_GATES) -> tuple[Blocker, ...]:
    """Return everything that keeps the gates closed, in their order; none at all opens them."""
    return tuple(Blocker(gate=gate, why=why) for gate in gates for why in gate.ask(facts))
