"""What is known about a change beyond its request, for the gates of core; what is not known closes a gate."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from django.db import transaction
from django.utils import timezone

from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.gates import RELEASE_GATES, Blocker, Facts, Gate, HazardFact, blockers
from openinfusion.core.roles import Actor, Role
from openinfusion.core.stages import Stage
from openinfusion.web.accounts.models import User
from openinfusion.web.audit import book
from openinfusion.web.changes.candidate import candidate_of
from openinfusion.web.changes.desk import request_of
from openinfusion.web.changes.models import Candidate, Change, Declared
from openinfusion.web.changes.proof import proof_of
from openinfusion.web.changes.read_back import NOT_TYPED, read_back_of
from openinfusion.web.consensus.hazards import open_hazards
from openinfusion.web.library.accepting import open_errors
from openinfusion.web.library.store import draft_library, library_of


class Form(Enum):
    """What a declaration says: a list of what is still open (none: it holds), yes or no, a hazard's state."""

    LIST = "list"
    YES = "yes"
    APPROVED = "approved"
    HAZARD = "hazard"


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a person declares: the field of ``core.gates.Facts``, its gate, its form, and what is asked."""

    name: str
    gate: str
    form: Form
    asks: str

    @property
    def whose(self) -> Role:
        """The role whose it is."""
        return GATES[self.gate].whose


GATES: Mapping[str, Gate] = {gate.id: gate for gate in RELEASE_GATES}
SUBJECTS: tuple[Subject, ...] = (
    Subject("log_approved_for", "G6", Form.APPROVED, "Hazard log and safety case report are approved for this library"),
    Subject("discrepancies_without_hazard", "G9", Form.LIST, "Open discrepancies that no hazard is linked to"),
    Subject(NOT_TYPED, "G10", Form.YES, "Nobody types this library into a vendor's editor: pumps take the signed file"),
    Subject("models_not_passed", "G11", Form.LIST, "Pump models on which the scenario set is not passed"),
    Subject("training_below", "G12", Form.LIST, "Roles and areas below the training target"),
    Subject("rollback_archived", "G15", Form.YES, "The previous library and the package to go back are kept"),
    Subject("advice_open", "G16", Form.LIST, "Advice of the manufacturer that nobody has decided on"),
    Subject("monitoring_set", "G18", Form.YES, "Owner, measures and dates of days 1, 7, 30 and 90 are set"),
)
_HAZARD = "hazard "
_DECLARED_IN = frozenset(
    {
        *(Stage.PROPOSED, Stage.TRIAGED, Stage.AREA_REVIEW, Stage.PHARMACY_CHECK, Stage.SAFETY_ASSESSMENT),
        *(Stage.SCENARIO_TESTED, Stage.APPROVED, Stage.EMERGENCY_APPROVED, Stage.RATIFIED),
    }
)


def subjects_of(request: ChangeRequest) -> tuple[Subject, ...]:
    """Return everything that is to be declared about a change: each hazard that it touches, and the rest."""
    hazards = (Subject(f"{_HAZARD}{one}", "G1", Form.HAZARD, f"Hazard {one}") for one in request.hazard_ids)
    return (*hazards, *SUBJECTS)


def facts_of(change: Change, at: datetime) -> Facts:
    """Return the facts about the library that a change would release, or has released."""
    if change.version is not None:
        sha256, lint = change.version.sha256, None
    else:
        candidate = candidate_of(change, at)
        sha256 = candidate.sha256 if candidate else ""
        lint = _open_errors(change, candidate, at)
    said = declared(change, sha256)
    values = {name: _read(form, said[name].content) for name, form in _FACTS.items() if name in said}
    typed = read_back_of(change, sha256, said.get(NOT_TYPED))
    touched = (_hazard(one, said.get(f"{_HAZARD}{one}")) for one in request_of(change).hazard_ids)
    hazards = (*touched, *_reopened(change))
    return Facts(
        library=sha256,
        lint_errors=lint,
        readback_differences=typed.differences,
        readback_lacks=typed.lacks,
        hazards=hazards if sha256 or hazards else None,
        pumps=proof_of(change, at),
        **values,
    )


def _open_errors(change: Change, candidate: Candidate | None, at: datetime) -> int | None:
    """Return how many errors of review stand that nobody accepted and the change does not propose to accept."""
    if candidate is None or candidate.lint_errors is None or change.draft is None:
        return None
    return open_errors(candidate.findings, change.draft, on=timezone.localdate(at))


def _reopened(change: Change) -> tuple[HazardFact, ...]:
    """Return the hazards that decisions re-opened and that the library of a change would carry to pumps."""
    if not change.organisation.hazards_opened.filter(closed_at=None).exists():
        return ()
    if change.version is not None:
        document = library_of(change.version)
    elif change.draft is not None:
        document = draft_library(change.draft)
    else:
        return ()
    return open_hazards(change.organisation, document, library=change.library)


# What is declared of the read-back is held against the read-back itself, and is no fact of its own.
_FACTS = {one.name: one.form for one in SUBJECTS if one.name != NOT_TYPED}


def declared(change: Change, sha256: str) -> Mapping[str, Declared]:
    """Return the last declaration on each subject about one library; those about another count for nothing."""
    return {one.subject: one for one in change.declared.filter(library=sha256).select_related("by")} if sha256 else {}


def _read(form: Form, content: Any) -> Any:  # noqa: ANN401 - JSON in, a field of Facts out
    return tuple(content) if form is Form.LIST else content


def _hazard(one: str, said: Declared | None) -> HazardFact:
    if said is None:
        return HazardFact(id=one)
    told = dict(said.content)
    told["due"] = date.fromisoformat(told["due"]) if told.get("due") else None
    told["unverified_controls"] = tuple(told["unverified_controls"])
    return HazardFact(id=one, **told)


def why_not_declare(request: ChangeRequest, subject: Subject, actor: Actor) -> str | None:
    """Return why somebody may not declare something now, or ``None`` if they may."""
    if request.stage not in _DECLARED_IN:
        return "it is declared between the proposal and the release"
    held = {duty.role for duty in actor.duties if duty.organisation == request.organisation}
    return None if subject.whose in held else f"this is for the {subject.whose.words} of {request.organisation}"


@transaction.atomic
def declare(
    change: Change,
    subject: Subject,
    content: Any,  # noqa: ANN401 - JSON
    *,
    library: str,
    reason: str,
    evidence: str,
    by: User,
    at: datetime,
) -> Declared:
    """Keep what somebody declared about the library that a change would release, with its audit row."""
    made = Declared.objects.create(
        change=change,
        subject=subject.name,
        library=library,
        content=content,
        reason=reason,
        evidence=evidence,
        by=by,
        role=subject.whose.value,
        at=at,
    )
    book.write(
        f"declare {subject.name}"[:60],
        change.reference,
        by=by,
        organisation=change.organisation,
        at=at,
        role=subject.whose.value,
        after={"library": library, "content": content, "evidence": evidence},
        reason=reason,
    )
    return made


@dataclass(frozen=True, slots=True)
class Shown:
    """One gate on the checklist: whether it is open, and if not, what keeps it closed."""

    gate: Gate
    blockers: tuple[Blocker, ...]


def checklist(facts: Facts, gates: tuple[Gate, ...] = RELEASE_GATES) -> tuple[Shown, ...]:
    """Return every gate with what keeps it closed."""
    closed = blockers(facts, gates)
    return tuple(Shown(gate, tuple(one for one in closed if one.gate is gate)) for gate in gates)
