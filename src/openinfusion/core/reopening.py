"""
A decision on an attribute of a drug, and the hazard that a decision not to standardise re-opens.

In November 2018 one unit used another strength of fentanyl than the rest, so the strength was not standardised; nobody
looked at the risk again, and three patients were given whole syringes (HSIB 2020, 3.2 to 3.7). Here such a decision
re-opens hazard LC-01 for that drug in the areas it affects, and no library is released until another control is
verified and is found in the library itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from openinfusion.core.errors import ConsensusError
from openinfusion.core.library import Concentration, Entry, Library
from openinfusion.core.statements import MISSING, Value, is_about_concentration, value_text

WRONG_STRENGTH = "LC-01"


class Choice(Enum):
    """What was decided."""

    STANDARDISE = "standardise"
    DO_NOT_STANDARDISE = "do not standardise"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissent:
    """An objection that stands beside a decision, in the words in which it was made; a role, never a name."""

    role: str
    care_area: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    What a body decided on one attribute of a drug.

    Attributes:
        drug: generic name, lower case.
        attribute: such as "continuous concentration".
        areas: ids of the care areas that it affects.
        choice: standardise, do not standardise, or other.
        value: what is standardised; for that choice only.
        rationale: why; for the choice "other" also what.
        by: the role or body that decided.
        decided_on: the day.
        review_on: the day by which it is looked at again.
        dissent: objections, verbatim.
        residual_hazard: what may still go wrong.

    """

    drug: str
    attribute: str
    areas: tuple[str, ...]
    choice: Choice
    value: Value | None = None
    rationale: str
    by: str
    decided_on: date
    review_on: date
    dissent: tuple[Dissent, ...] = ()
    residual_hazard: str | None = None

    def __post_init__(self) -> None:
        """Refuse a decision without reason, areas or body, a value where there is none, and a review in the past."""
        for name in ("drug", "attribute", "rationale", "by"):
            if not getattr(self, name).strip():
                raise ConsensusError(where=f"decision.{name}", found="nothing", expected=_EXPECTED.get(name, "a name"))
        if not self.areas or not all(area.strip() for area in self.areas):
            raise ConsensusError(where="decision.areas", found="none", expected="the care areas that are affected")
        is_valued = self.value is not None and self.value is not MISSING
        if is_valued is not (self.choice is Choice.STANDARDISE):
            found = "a value" if is_valued else "no value"
            raise ConsensusError(where="decision.value", found=found, expected="one to standardise, none otherwise")
        if self.review_on <= self.decided_on:
            found = f"{self.review_on:%d-%b-%Y}"
            raise ConsensusError(where="decision.review_on", found=found, expected="a day after the decision")


_EXPECTED = {"rationale": "why it was decided", "by": "the role or body that decided"}


class Preference(Enum):
    """The kinds of control, the most effective first (DCB0129 implementation guidance, 6.1)."""

    DESIGN = 1
    VERIFICATION = 2
    PROCEDURE = 3
    TRAINING = 4
    INFORMATION = 5


class ControlStatus(Enum):
    """How far a control is; only a verified one counts."""

    PROPOSED = "proposed"
    IN_BUILD = "in_build"
    IMPLEMENTED = "implemented"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """
    What is done about a hazard.

    Attributes:
        preference: what kind of control it is.
        text: what it does.
        status: how far it is.
        evidence: where it is shown to work; a verified control has it.

    """

    preference: Preference
    text: str
    status: ControlStatus = ControlStatus.PROPOSED
    evidence: str | None = None

    def __post_init__(self) -> None:
        """Refuse a control that says nothing, and one said to be verified without evidence."""
        if not self.text.strip():
            raise ConsensusError(where="control.text", found="nothing", expected="what the control does")
        if self.status is ControlStatus.VERIFIED and not (self.evidence or "").strip():
            raise ConsensusError(
                where="control.evidence", found="a verified control without evidence", expected="where it is shown"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHazard:
    """
    A hazard that is open for one drug in some care areas, and what is done about it.

    Attributes:
        hazard: id in the hazard log.
        drug: generic name, lower case.
        areas: ids of the care areas.
        because: what opened it.
        controls: what is done about it.
        needed: the least effective kind of control that may lift it.

    """

    hazard: str
    drug: str
    areas: tuple[str, ...]
    because: str
    controls: tuple[Control, ...] = ()
    needed: Preference = Preference.DESIGN

    def __post_init__(self) -> None:
        """Refuse a hazard that is nowhere, for nothing would block it, and a weaker need for a wrong strength."""
        if not self.areas or not self.drug.strip():
            raise ConsensusError(where=self.hazard, found="no area or no drug", expected="where it is open, for what")
        if self.hazard == WRONG_STRENGTH and self.needed is not Preference.DESIGN:
            raise ConsensusError(where=self.hazard, found=self.needed.name.lower(), expected="a control by design")

    @property
    def lifting(self) -> tuple[Control, ...]:
        """The controls that count: verified, and of the needed kind."""
        return tuple(
            control
            for control in self.controls
            if control.status is ControlStatus.VERIFIED and control.preference.value <= self.needed.value
        )


def reopened(decision: Decision) -> OpenHazard | None:
    """
    Return the hazard that a decision re-opens, or ``None``.

    Whatever leaves a strength to the bedside re-opens it: not to standardise, to do something else, or to standardise
    a concentration that is open.
    """
    if not is_about_concentration(decision.attribute):
        return None
    value = decision.value
    if decision.choice is Choice.STANDARDISE and not (isinstance(value, Concentration) and value.is_open):
        return None
    what = decision.choice.value if value is None else f"{decision.choice.value} {value_text(value)}"
    because = f"{decision.by} decided on {decision.decided_on:%d-%b-%Y}: {what}. {decision.rationale}"
    return OpenHazard(hazard=WRONG_STRENGTH, drug=decision.drug, areas=decision.areas, because=because)


def blocks_release(hazard: OpenHazard, library: Library) -> str | None:
    """
    Return why an open hazard forbids the release of a library, or ``None`` if it is controlled.

    A verified control of the needed kind must be there. For LC-01 the library itself must show it: every entry of the
    drug in those areas has a fixed strength, or a hard lowest and a hard highest strength and a hard maximum volume of
    each bolus and loading dose that it offers. What the library does not know is not controlled.
    """
    reasons = []
    if not hazard.lifting:
        kind = hazard.needed.name.lower()
        reasons.append(f"no verified control of the kind {kind}" + ("" if hazard.needed.value == 1 else " or better"))
    if hazard.hazard == WRONG_STRENGTH:
        reasons += _uncontrolled(hazard, library)
    if not reasons:
        return None
    return f"{hazard.hazard} is open for {hazard.drug} in {', '.join(hazard.areas)}: {'; '.join(reasons)}"


def _uncontrolled(hazard: OpenHazard, library: Library) -> Iterable[str]:
    """Yield what the library lacks; an area or drug that it does not know shows nothing."""
    known = {area.id for area in library.care_areas}
    drugs = {drug.id for drug in library.drugs if _is_called(hazard.drug, (drug.id, drug.name, *drug.aliases))}
    for area in hazard.areas:
        entries = [entry for entry in library.entries if entry.care_area == area and entry.drug in drugs]
        if area not in known:
            yield f"the library has no care area {area}"
        elif not entries:
            yield f"the library has no entry of {hazard.drug} in {area}, so pumps would give it without limits"
        for entry in entries:
            if entry.concentration is not None and entry.concentration.is_open and (lacks := _lacks(entry)):
                yield f"{entry.id} has an open concentration without {' and '.join(lacks)}"


def _is_called(wanted: str, names: Iterable[str]) -> bool:
    return wanted.casefold() in (name.casefold() for name in names)


def _lacks(entry: Entry) -> Sequence[str]:
    """Return which bounds an open concentration lacks; a lowest strength of zero bounds nothing."""
    bounds = entry.concentration.limits if entry.concentration else None
    lacks = []
    if bounds is None or not bounds.hard_min:
        lacks.append("a hard lowest strength")
    if bounds is None or bounds.hard_max is None:
        lacks.append("a hard highest strength")
    for name, delivery in (("bolus", entry.bolus), ("loading dose", entry.loading)):
        if delivery is not None and (delivery.volume is None or delivery.volume.hard_max is None):
            lacks.append(f"a hard maximum volume of the {name}")
    if entry.pca is not None:
        lacks.append("a maximum volume of the demand dose, which only a fixed strength can give")
    return lacks
