"""
The desk of change requests: open one, and let what core allows happen to it, each time with its audit row.

Core judges (``core.governance``, ``core.change_record``); here a request is locked, read, handed over, and kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from openinfusion.adapters.documents import convert, to_json
from openinfusion.core import governance
from openinfusion.core.change_class import areas_affected, values_to_check
from openinfusion.core.change_record import amend
from openinfusion.core.change_request import ChangeRequest, Trigger, Urgency
from openinfusion.core.difference import difference
from openinfusion.core.errors import AuthorError, ChangeControlError
from openinfusion.core.gates import Facts
from openinfusion.core.roles import Actor, Permission, Role
from openinfusion.core.stages import STEPS, Stage
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.audit import book
from openinfusion.web.changes.models import Change, Proven
from openinfusion.web.changes.screen import names_for
from openinfusion.web.library.models import Draft, DrugLibrary
from openinfusion.web.library.store import draft_library, library_of

Deed = Callable[[ChangeRequest, Actor], ChangeRequest]


def request_of(change: Change) -> ChangeRequest:
    """Return a change request as core knows it."""
    made: ChangeRequest = convert(change.content, ChangeRequest, where=change.reference)
    return made


@transaction.atomic
def open_change(
    library: DrugLibrary, *, title: str, trigger: Trigger, urgency: Urgency, by: User, at: datetime
) -> Change:
    """Open a change request with an empty draft on the newest version of a library; the opener is its proposer."""
    base = library.versions.order_by("-number").first()
    if base is None:
        raise AuthorError(where=library.name, found="no version", expected="a version to change: import one first")
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=library.organisation_id)
    number = organisation.changes.filter(opened_at__year=at.year).count() + 1
    reference = f"CR-{at.year}-{number:03}"
    draft = Draft.objects.create(library=library, base=base, title=title, made_by=by, made_at=at)
    request = ChangeRequest(
        id=reference,
        organisation=organisation.slug,
        title=title,
        proposer=str(by.pk),
        opened=at,
        trigger=trigger,
        urgency=urgency,
    )
    change = Change(organisation=organisation, library=library, draft=draft, reference=reference, proposer=by)
    change.opened_at = at
    _keep(change, request, at)
    book.write(
        "open change",
        reference,
        by=by,
        organisation=organisation,
        at=at,
        role=role_of(by, Permission.PROPOSE, change),
        after=change.content,
        reason=title,
    )
    return change


@transaction.atomic
def do(change: Change, what: str, deed: Deed, *, by: User, at: datetime, role: str = "", reason: str = "") -> Change:
    """
    Let a deed of core happen to a request and keep what comes of it, or raise what core raises and keep nothing.

    Args:
        change: the request; it is read again, locked.
        what: the deed in words, for the audit record.
        deed: makes the next value of the request from the present one and who acts.
        by: who acts.
        at: when.
        role: the role under which they act.
        reason: why, in their own words.

    """
    locked = Change.objects.select_for_update(no_key=True).get(pk=change.pk)
    before = locked.content
    _keep(locked, _done(locked, deed, by.actor), at)
    book.write(
        what,
        locked.reference,
        by=by,
        organisation=locked.organisation,
        at=at,
        role=role,
        before=before,
        after=locked.content,
        reason=reason,
    )
    return locked


def _done(change: Change, deed: Deed, actor: Actor) -> ChangeRequest:
    """Return what a deed makes of a request; a refusal speaks of people and areas by their names."""
    request = request_of(change)
    try:
        return deed(request, actor)
    except ChangeControlError:
        names = names_for(change)
        deed(names.request(request), names.actor(actor))
        raise


def _keep(change: Change, request: ChangeRequest, at: datetime) -> None:
    if not change.pk or change.stage != request.stage.value:
        change.moved_at = at
    change.title, change.stage, change.urgency = request.title, request.stage.value, request.urgency.value
    change.content = to_json(request)
    change.save()


def take_in_draft(change: Change, *, by: User, at: datetime) -> Change:
    """Bring a request up to its draft: what changes, whom it touches, which values are to be checked blind."""
    if change.draft is None:
        return change
    old, new = library_of(change.draft.base), draft_library(change.draft)
    changes = difference(old, new).changes
    fields = {
        "changes": changes,
        "areas": areas_affected(changes, old=old, new=new),
        "values": values_to_check(changes, new),
    }
    return do(
        change,
        "edit draft",
        lambda request, actor: amend(request, fields, by=actor),
        by=by,
        at=at,
        role=role_of(by, Permission.EDIT_DRAFT, change),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How somebody showed that it is they who sign: by what, and when."""

    method: str
    at: datetime


@transaction.atomic
def move(
    change: Change,
    to: Stage,
    *,
    by: User,
    at: datetime,
    record: governance.Record,
    facts: Facts | None,
    shown: Shown | None = None,
) -> Change:
    """
    Take a request to its next stage, or put one of several signatures under that step.

    Args:
        change: the request.
        to: the stage.
        by: who acts.
        at: when.
        record: the reason, and when the person last showed who they are.
        facts: what the gates ask.
        shown: how they showed it, kept beside the signature.

    Raises:
        ChangeControlError: why not, and whose it is.

    """

    def deed(request: ChangeRequest, actor: Actor) -> ChangeRequest:
        ready = governance.why_not(request, to, by=actor, at=at, facts=facts)
        waits = ready is not None and governance.why_not_sign(request, to, by=actor, at=at, facts=facts) is None
        act = governance.sign if waits else governance.move
        return act(request, to, by=actor, at=at, record=record, facts=facts)

    step = STEPS.get((request_of(change).stage, to))
    role = role_of(by, step.permissions[0], change) if step else ""
    made = do(change, step.does if step else f"move to {to.words}", deed, by=by, at=at, role=role, reason=record.reason)
    if step is not None and step.signed and shown is not None:
        sha256 = facts.library if facts and facts.library else book.digest(made.content)
        Proven.objects.create(
            change=made, to=to.value, by=by, at=at, method=shown.method, shown_at=shown.at, sha256=sha256
        )
    return made


def role_of(by: User, permission: Permission, change: Change) -> str:
    """Return the role under which somebody acts, for the audit record."""
    role: Role | None = by.actor.role_for(permission, organisation=change.organisation.slug)
    return role.value if role else ""
