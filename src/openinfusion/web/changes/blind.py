"""
The blind check: who may not see the new values yet, and what is kept from them.

Whoever may check a change, is no author of it and has not checked it, sees none of its new values and nothing that may
tell of them, on no page, from the first draft until the check is confirmed.
"""

from dataclasses import replace

from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.difference import Change as OneChange
from openinfusion.core.difference import ChangeKind
from openinfusion.core.roles import Actor, Permission
from openinfusion.core.stages import Stage
from openinfusion.web.changes.screen import HIDDEN

_BEFORE_CHECK = frozenset(
    {Stage.DRAFT, Stage.PROPOSED, Stage.TRIAGED, Stage.AREA_REVIEW, Stage.DEFERRED, Stage.RATIFIED}
)


def is_hidden_from(request: ChangeRequest, actor: Actor) -> bool:
    """Whether the new values of a change are still to be kept from somebody, who may be asked to check them blind."""
    return (
        request.stage in _BEFORE_CHECK
        and actor.role_for(Permission.CHECK, organisation=request.organisation) is not None
        and actor.name not in request.authors
        and not any(check.by == actor.name for check in request.blind_checks)
    )


def hide(request: ChangeRequest) -> ChangeRequest:
    """Return a request without its new values, and without the words of people who have seen them."""
    checks = (
        replace(
            check,
            values={},
            mismatches=tuple(replace(one, author=HIDDEN, checker=HIDDEN) for one in check.mismatches),
        )
        for check in request.blind_checks
    )
    return replace(
        request,
        changes=tuple(replace(one, subject=_subject(one), after=one.after and HIDDEN) for one in request.changes),
        values=dict.fromkeys(request.values, HIDDEN),
        blind_checks=tuple(checks),
        rationale=request.rationale and HIDDEN,
        risk_before=request.risk_before and HIDDEN,
        risk_after=request.risk_after and HIDDEN,
        rollback_plan=request.rollback_plan and HIDDEN,
        reviews=tuple(replace(one, reason=HIDDEN) for one in request.reviews),
        settlements=tuple(replace(one, reason=HIDDEN) for one in request.settlements),
        tests=tuple(replace(one, evidence=HIDDEN) for one in request.tests),
        notes=tuple(replace(one, text=HIDDEN) for one in request.notes),
        acts=tuple(replace(one, reason=HIDDEN) for one in request.acts),
    )


def _subject(one: OneChange) -> str:
    """Return what a change is about; the subject of a new or restrengthened entry tells its strength."""
    told = {ChangeKind.ENTRY_ADDED, ChangeKind.STRENGTH_CHANGED, ChangeKind.CONCENTRATION_OPENED}
    tells = one.kind in told | {ChangeKind.CONCENTRATION_FIXED} and one.drug and one.care_area
    return f"{one.drug}, {one.care_area}" if tells else one.subject
