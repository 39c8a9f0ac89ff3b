"""
A change request: what is to change, why, and all that was recorded about it, as one value.

It is never altered: ``core.governance`` returns the next one. Text that people wrote stands as they wrote it; nothing
in it is ever a patient's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from openinfusion.core.blind_check import Mismatch
from openinfusion.core.change_class import DELEGABLE, ChangeClass, class_of
from openinfusion.core.difference import Change
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Role
from openinfusion.core.stages import PART_OF_STAGE, Need, Part, Stage


class Trigger(Enum):
    """What set a request off."""

    INCIDENT = "incident"
    GUIDELINE = "guideline"
    SHORTAGE = "shortage"
    LOG_SIGNAL = "log_signal"
    NEW_DRUG = "new_drug"
    DISCREPANCY = "discrepancy"
    NATIONAL_LIBRARY = "national_library"
    OTHER = "other"


class Urgency(Enum):
    """How soon a change is needed."""

    ROUTINE = "routine"
    SOON = "soon"
    URGENT = "urgent"


class Artefact(Enum):
    """What must say the same as the library where staff work."""

    GUIDELINE = "guideline"
    PRESCRIBING_SYSTEM = "epma"
    LABELS = "labels"
    STOCK = "stock"
    PROCEDURE = "sop"
    TRAINING = "training"

    @property
    def words(self) -> str:
        """What a screen says."""
        return {Artefact.PRESCRIBING_SYSTEM: "EPMA", Artefact.PROCEDURE: "SOP"}.get(self, self.value)


class ArtefactState(Enum):
    """Where a linked artefact stands."""

    OPEN = "open"
    DONE = "done"
    NOT_APPLICABLE = "not_applicable"


class TrialKind(Enum):
    """The kinds of test that a change must pass."""

    REVIEW = "review"
    BOUNDARY = "boundary"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedArtefact:
    """The state of one linked artefact, with its reason where it does not apply."""

    artefact: Artefact
    state: ArtefactState = ArtefactState.OPEN
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a champion said for one care area; the last word of an area counts."""

    area: str
    agrees: bool
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The committee's decision on the objection of one area; the objection stays on record."""

    area: str
    overrules: bool
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindCheck:
    """What the second pharmacist entered, and how it differs from the author's values."""

    values: Mapping[str, str]
    mismatches: tuple[Mismatch, ...]
    by: str
    at: datetime

    @property
    def passed(self) -> bool:
        """Whether nothing differs but perhaps the unit in which an amount is written."""
        return not any(mismatch.blocks for mismatch in self.mismatches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The result of one test, with where its evidence lies."""

    kind: TrialKind
    title: str
    passed: bool
    evidence: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that a step needs, in words; the last note of a need counts."""

    need: Need
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Somebody's signature under a step, made after authenticating again; ``seats`` are the places that it fills."""

    to: Stage
    by: str
    role: Role
    at: datetime
    seats: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One step that was made: from where, to where, by whom in which role, why, and who signed."""

    start: Stage
    to: Stage
    by: str
    role: Role
    at: datetime
    reason: str
    signatures: tuple[Signature, ...] = ()


def _open_artefacts() -> tuple[LinkedArtefact, ...]:
    return tuple(LinkedArtefact(artefact=artefact) for artefact in Artefact)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """
    A request to change one organisation's library.

    Attributes:
        id: stable name of the request.
        organisation: whose library it is.
        title: what it is about, in one line.
        proposer: the account that opened it.
        opened: when.
        trigger: what set it off.
        urgency: how soon it is needed.
        stage: where it stands.
        authors: every account that wrote any of it, the proposer among them.
        rationale: why.
        sources: citations.
        areas: ids of the care areas that it affects (``change_class.areas_affected``).
        patient_group: whom it is for.
        ci_list: the configuration items that it touches.
        changes: what changes, as ``core.difference`` says it.
        values: every value to be checked blind (``change_class.values_to_check``).
        raised_to: a graver class that somebody set by hand; it never lowers.
        discrepancy_ids: the discrepancy records behind it.
        hazard_ids: the hazards that it touches.
        risk_before: the risk without the change.
        risk_after: the risk with it.
        artefacts: what else must say the same.
        tests: results of tests.
        reviews: what champions said.
        settlements: what the committee decided on objections.
        blind_checks: what second pharmacists found; the last counts.
        notes: what else was recorded.
        pending: signatures under a step that is not yet made.
        acts: the steps that were made.
        planned_date: the day of the release.
        release_id: the signed release.
        rollback_plan: how the old content comes back.
        outcome_review: what became of it.
        emergency_until: when an emergency approval ends.

    """

    id: str
    organisation: str
    title: str
    proposer: str
    opened: datetime
    trigger: Trigger
    urgency: Urgency = Urgency.ROUTINE
    stage: Stage = Stage.DRAFT
    authors: tuple[str, ...] = ()
    rationale: str = ""
    sources: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    patient_group: str = ""
    ci_list: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    raised_to: ChangeClass | None = None
    discrepancy_ids: tuple[str, ...] = ()
    hazard_ids: tuple[str, ...] = ()
    risk_before: str = ""
    risk_after: str = ""
    artefacts: tuple[LinkedArtefact, ...] = field(default_factory=_open_artefacts)
    tests: tuple[Trial, ...] = ()
    reviews: tuple[Review, ...] = ()
    settlements: tuple[Settlement, ...] = ()
    blind_checks: tuple[BlindCheck, ...] = ()
    notes: tuple[Note, ...] = ()
    pending: tuple[Signature, ...] = ()
    acts: tuple[Act, ...] = ()
    planned_date: date | None = None
    release_id: str = ""
    rollback_plan: str = ""
    outcome_review: str = ""
    emergency_until: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a request of nobody or nowhere, and a moment without its zone; the proposer is an author."""
        for name in ("id", "organisation", "title", "proposer"):
            if not getattr(self, name).strip():
                raise ChangeControlError(where=f"change request, {name}", found="nothing", expected="a text")
        if self.opened.tzinfo is None:
            raise ChangeControlError(
                where="change request, opened", found=self.opened.isoformat(), expected="a time with its zone"
            )
        if self.proposer not in self.authors:
            object.__setattr__(self, "authors", (self.proposer, *self.authors))

    @property
    def change_class(self) -> ChangeClass | None:
        """The gravest class of its changes, or a graver one set by hand; ``None`` before anything is changed."""
        computed = class_of(self.changes)
        if computed is None or self.raised_to is None:
            return computed
        return max(computed, self.raised_to, key=lambda each: each.gravity)

    @property
    def is_delegable(self) -> bool:
        """Whether a delegated panel may approve it: never where a limit is loosened, or a strength or unit changes."""
        return self.change_class in DELEGABLE

    def parts_of(self, name: str) -> frozenset[Part]:
        """Return the parts that an account has played on this request, in this round or any before."""
        parts = {Part.AUTHOR} if name in self.authors else set()
        for act in self.acts:
            part = PART_OF_STAGE.get(act.to)
            if part is not None and name in (act.by, *(signature.by for signature in act.signatures)):
                parts.add(part)
        if any(check.by == name for check in self.blind_checks):
            parts.add(Part.CHECKER)
        return frozenset(parts)

    def note(self, need: Need) -> Note | None:
        """Return the last note of a need."""
        return next((note for note in reversed(self.notes) if note.need is need), None)

    def last_act(self, to: Stage) -> Act | None:
        """Return the last step into a stage."""
        return next((act for act in reversed(self.acts) if act.to is to), None)
