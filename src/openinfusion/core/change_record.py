"""
What people record on a change request between its steps: each function returns the next value of the request.

Who may record what follows from the steps: what a step needs is recorded by those who may take it, in the stage before.
A signature that waits under a step speaks of what stood there, so recording anything takes it away.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from openinfusion.core.blind_check import compare_check
from openinfusion.core.change_class import ChangeClass
from openinfusion.core.change_needs import last_reviews
from openinfusion.core.change_request import (
    Artefact,
    ArtefactState,
    BlindCheck,
    ChangeRequest,
    LinkedArtefact,
    Note,
    Review,
    Settlement,
    Trial,
)
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Actor, Permission, whose, why_not_permitted
from openinfusion.core.signing import seats, whose_step
from openinfusion.core.stages import NEXT_IN_TURN, Need, Part, Stage, Step, steps_out_of
from openinfusion.core.wording import listed

# What the author writes, and only while the request is a draft: afterwards it is what others have judged.
WRITTEN_IN_DRAFT = frozenset(
    {
        *("title", "trigger", "urgency", "rationale", "sources", "areas", "patient_group", "ci_list", "changes"),
        *("values", "discrepancy_ids", "hazard_ids", "risk_before", "risk_after", "rollback_plan"),
    }
)
# What a step needs and stands in a field of its own: recorded by those who take that step.
FIELD_OF_NEED: Mapping[Need, tuple[str, ...]] = {
    Need.RISK: ("risk_before", "risk_after"),
    Need.HAZARDS: ("hazard_ids",),
    Need.RELEASE_ID: ("release_id",),
    Need.PLANNED_DATE: ("planned_date",),
    Need.ROLLBACK_PLAN: ("rollback_plan",),
    Need.OUTCOME_REVIEW: ("outcome_review",),
}
_NOT_NOTES = frozenset({*FIELD_OF_NEED, Need.REVIEWS, Need.BLIND_CHECK, Need.TESTS, Need.ARTEFACTS})


_BEFORE_RELEASE = frozenset({Stage.DRAFT, *NEXT_IN_TURN})


def amend(request: ChangeRequest, fields: Mapping[str, Any], *, by: Actor) -> ChangeRequest:
    """
    Return a draft with other content; whoever writes in it is an author of it from then on.

    Raises:
        ChangeControlError: it is no draft, the field is not the author's, or the person may not write in it.

    """
    if request.stage is not Stage.DRAFT:
        raise _refused(request, "a draft; anything later must be sent back to the author first")
    if strange := sorted(set(fields) - WRITTEN_IN_DRAFT):
        raise _refused(request, f"fields that the author writes, not {listed(strange)}")
    if by.name != request.proposer:
        _allow(request, by, Permission.EDIT_DRAFT)
    if judged := sorted(part.value for part in request.parts_of(by.name) - {Part.AUTHOR}):
        others = whose(Permission.EDIT_DRAFT, organisation=request.organisation)
        raise _refused(request, f"another person who is {others}: {by.name} is the {listed(judged)} of this change")
    authors = request.authors if by.name in request.authors else (*request.authors, by.name)
    return replace(request, authors=authors, **fields)


def raise_class(request: ChangeRequest, to: ChangeClass, *, by: Actor) -> ChangeRequest:
    """
    Return the request in a graver class than its changes make it; what is computed is never lowered.

    Raises:
        ChangeControlError: the class is not graver, the request is not proposed, or it is not this person's to triage.

    """
    _in_stage(request, Stage.PROPOSED)
    _allow(request, by, Permission.TRIAGE)
    now = request.change_class
    if now is None or to.gravity <= now.gravity:
        raise _refused(request, "a class that is graver than the computed one")
    return replace(request, raised_to=to, pending=())


def note(request: ChangeRequest, need: Need, text: str, *, by: Actor, at: datetime) -> ChangeRequest:
    """
    Return the request with a note of what a step needs.

    Raises:
        ChangeControlError: it is not noted in words, no step from here needs it, or it is not this person's.

    """
    if need in _NOT_NOTES:
        raise _refused(request, f"{need.words} in a form of its own, not a note")
    _allow_need(request, need, by)
    made = Note(need=need, text=_text(request, text), by=by.name, at=_moment(request, at))
    return replace(request, notes=(*request.notes, made), pending=())


def fill(request: ChangeRequest, need: Need, fields: Mapping[str, Any], *, by: Actor) -> ChangeRequest:
    """
    Return the request with the fields filled in that a step needs, such as the hazards that safety found.

    Raises:
        ChangeControlError: the need has other fields, no step from here needs it, or it is not this person's.

    """
    names = FIELD_OF_NEED.get(need, ())
    if set(fields) != set(names):
        raise _refused(request, f"{listed(names) or 'no field'} for {need.words}, not {listed(sorted(fields))}")
    _allow_need(request, need, by)
    return replace(request, pending=(), **fields)


def review(request: ChangeRequest, area: str, *, agrees: bool, reason: str, by: Actor, at: datetime) -> ChangeRequest:
    """
    Return the request with what a champion said for an area: agreement or objection, always with a reason.

    Raises:
        ChangeControlError: it is not under review, does not affect the area, or the person is no champion of it.

    """
    _in_stage(request, Stage.TRIAGED)
    if area not in request.areas:
        raise _refused(request, f"one of the areas that it affects ({listed(request.areas)}), not {area}")
    _allow(request, by, Permission.REVIEW_AREA, care_area=area)
    said = Review(area=area, agrees=agrees, reason=_text(request, reason), by=by.name, at=_moment(request, at))
    return replace(request, reviews=(*request.reviews, said), pending=())


def settle(
    request: ChangeRequest, area: str, *, overrules: bool, reason: str, by: Actor, at: datetime
) -> ChangeRequest:
    """
    Return the request with the committee's decision on an objection; the objection stays on record.

    Raises:
        ChangeControlError: the area does not object, or the person is no member of the committee, or an author.

    """
    _in_stage(request, Stage.TRIAGED)
    said = last_reviews(request).get(area)
    if said is None or said.agrees:
        raise _refused(request, f"an objection of {area} to decide on")
    _allow(request, by, Permission.APPROVE)
    _not_author(request, by, Permission.APPROVE)
    decided = Settlement(
        area=area, overrules=overrules, reason=_text(request, reason), by=by.name, at=_moment(request, at)
    )
    return replace(request, settlements=(*request.settlements, decided), pending=())


def check_blind(request: ChangeRequest, values: Mapping[str, str], *, by: Actor, at: datetime) -> ChangeRequest:
    """
    Return the request with what a second pharmacist worked out; once a person, or they would check what they saw.

    Raises:
        ChangeControlError: it is not to be checked now, or the person may not check it or did so already.

    """
    _in_stage(request, Stage.AREA_REVIEW)
    _allow(request, by, Permission.CHECK)
    _not_author(request, by, Permission.CHECK)
    if any(check.by == by.name for check in request.blind_checks):
        others = whose(Permission.CHECK, organisation=request.organisation)
        raise _refused(request, f"another person who is {others}: {by.name} has seen how the values differ")
    found = compare_check(request.values, values)
    made = BlindCheck(values=dict(values), mismatches=found, by=by.name, at=_moment(request, at))
    return replace(request, blind_checks=(*request.blind_checks, made), pending=())


def record_test(request: ChangeRequest, result: Trial, *, by: Actor) -> ChangeRequest:
    """
    Return the request with the result of a test.

    Raises:
        ChangeControlError: it is not to be tested now, or the person may not, or the result is another's.

    """
    _in_stage(request, Stage.SAFETY_ASSESSMENT)
    _allow(request, by, Permission.TEST)
    if result.by != by.name:
        raise _refused(request, f"a result of {by.name}'s own, not of {result.by}")
    _text(request, result.title)
    _text(request, result.evidence)
    _moment(request, result.at)
    return replace(request, tests=(*request.tests, result), pending=())


def link(
    request: ChangeRequest, artefact: Artefact, state: ArtefactState, *, by: Actor, reason: str = ""
) -> ChangeRequest:
    """
    Return the request with the state of a linked artefact; that one does not apply needs its reason.

    Raises:
        ChangeControlError: it is released already, or the person may not, or the reason is missing.

    """
    if request.stage not in _BEFORE_RELEASE:
        raise _refused(request, "a request that is not released yet")
    _allow(request, by, Permission.TRIAGE)
    if state is ArtefactState.NOT_APPLICABLE:
        _text(request, reason)
    made = LinkedArtefact(artefact=artefact, state=state, reason=reason)
    others = (made if each.artefact is artefact else each for each in request.artefacts)
    return replace(request, artefacts=tuple(others), pending=())


def _refused(request: ChangeRequest, expected: str) -> ChangeControlError:
    return ChangeControlError(
        where=f"change request {request.id}", found=f"a request that is {request.stage.words}", expected=expected
    )


def _allow(request: ChangeRequest, by: Actor, permission: Permission, *, care_area: str | None = None) -> None:
    why = why_not_permitted(by, permission, organisation=request.organisation, care_area=care_area)
    if why is not None:
        raise _refused(request, why)


def _not_author(request: ChangeRequest, by: Actor, permission: Permission) -> None:
    if by.name in request.authors:
        others = whose(permission, organisation=request.organisation)
        raise _refused(request, f"another person who is {others}: {by.name} is an author of this change")


def _in_stage(request: ChangeRequest, stage: Stage) -> None:
    if request.stage is not stage:
        raise _refused(request, f"one that is {stage.words}")


def _allow_need(request: ChangeRequest, need: Need, by: Actor) -> None:
    """Allow what somebody could take a step with that needs it; what excludes from the step excludes here."""
    needing = [step for step in steps_out_of(request.stage).values() if need in step.needs]
    if not needing:
        raise _refused(request, f"a stage from which a step needs {need.words}")
    if not any(_may_take(request, step, by) for step in needing):
        owners = listed([whose_step(request, step) for step in needing], "or")
        raise _refused(request, f"{need.words} from {owners}, and from nobody whom an earlier part excludes")


def _may_take(request: ChangeRequest, step: Step, by: Actor) -> bool:
    is_seated = any(seat.role_of(by) is not None for seat in seats(request, step))
    return is_seated and not step.excludes & request.parts_of(by.name)


def _text(request: ChangeRequest, text: str) -> str:
    if not text.strip():
        raise _refused(request, "a reason or an answer in words")
    return text


def _moment(request: ChangeRequest, at: datetime) -> datetime:
    if at.tzinfo is None or at < request.opened:
        raise _refused(request, f"a time with its zone, not before the request was opened (not {at.isoformat()})")
    return at
