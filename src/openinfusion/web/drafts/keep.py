"""Saving into a draft: each item with its state and its audit row, and the change request brought up to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from openinfusion.core.change_record import amend
from openinfusion.core.errors import AuthorError, ChangeControlError
from openinfusion.core.roles import Actor, Permission
from openinfusion.web.accounts.models import User
from openinfusion.web.audit import book
from openinfusion.web.changes.desk import request_of, take_in_draft
from openinfusion.web.changes.models import Change
from openinfusion.web.drafts.models import OpenForm, SavedState
from openinfusion.web.library.models import Draft, DraftItem, Part
from openinfusion.web.library.store import base_content, save_item

Json = Any
PRESENT = timedelta(minutes=5)
"""Whoever has not been heard of for so long has left the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One item to be saved: its new content (``None`` takes it out), and the revision that the editor had."""

    part: Part
    item: str
    content: Json
    seen: int
    form: str = ""


def why_not_edit(change: Change, actor: Actor) -> str | None:
    """Return why this change request cannot be edited now, and what to do, or ``None``."""
    try:
        amend(request_of(change), {}, by=actor)
    except ChangeControlError as error:
        return f"{change.reference} cannot be edited: found {error.found}; expected {error.expected}."
    return None


@transaction.atomic
def save(
    change: Change, edits: Iterable[Edit], *, what: str, by: User, at: datetime, reason: str = ""
) -> list[DraftItem]:
    """
    Save items of the draft of a change request, all of them or none.

    Raises:
        AuthorError: an item is none of the format, or the items do not fit together.
        ChangeControlError: the change request is no draft any more, or this person may not write in it.
        StaleError: somebody saved one of the items since; nothing was kept.

    """
    change = Change.objects.select_for_update(no_key=True).get(pk=change.pk)
    draft, actor = draft_of(change), by.actor
    amend(request_of(change), {}, by=actor)
    role = actor.role_for(Permission.EDIT_DRAFT, organisation=change.organisation.slug)
    saved = []
    for edit in edits:
        before = draft.items.filter(part=edit.part, item=edit.item).first()
        if before is not None:
            keep_state(draft, before)
        seen = _seen(draft, edit)
        one = save_item(draft, edit.part, edit.item, content=edit.content, seen=seen, by=by, at=at)
        keep_state(draft, one, form=edit.form)
        book.write(
            what,
            f"{change.reference} {edit.part.value} {edit.item}",
            by=by,
            organisation=change.organisation,
            at=at,
            role=role.value if role else "",
            before=content_at(draft, edit.part, edit.item, revision=seen),
            after=one.content,
            reason=reason,
        )
        saved.append(one)
    take_in_draft(change, by=by, at=at)
    return saved


def draft_of(change: Change) -> Draft:
    """Return the draft of a change request."""
    if change.draft is None:
        raise AuthorError(where=change.reference, found="no draft", expected="a change request of a drug library")
    return change.draft


def _seen(draft: Draft, edit: Edit) -> int:
    """Return the revision that an editor had; what was saved since from the very same window is no surprise to them."""
    since = draft.states.filter(part=edit.part, item=edit.item, revision__gt=edit.seen).order_by("revision")
    forms = list(since.values_list("form", flat=True))
    is_own = bool(edit.form) and all(form == edit.form for form in forms)
    return edit.seen + len(forms) if is_own else edit.seen


def keep_state(draft: Draft, one: DraftItem, *, form: str = "") -> None:
    """Keep what an item of a draft is at its present revision."""
    SavedState.objects.get_or_create(
        draft=draft,
        part=one.part,
        item=one.item,
        revision=one.revision,
        defaults={"content": one.content, "by": one.edited_by, "at": one.edited_at, "form": form},
    )


def content_at(draft: Draft, part: Part, item: str, *, revision: int) -> Json:
    """Return what an item was at a revision; 0 is the version that the draft began from."""
    state = SavedState.objects.filter(draft=draft, part=part, item=item, revision=revision).first()
    return state.content if state else base_content(draft, part, item)


def revision_of(draft: Draft, part: Part, item: str) -> int:
    """Return the revision of an item in a draft; 0 where the draft has not touched it."""
    found = draft.items.filter(part=part, item=item).values_list("revision", flat=True).first()
    return found or 0


# --- Who is at it, and what they have not saved ----------------------------------------------------------------------


def keep_open(
    draft: Draft, part: Part, item: str, *, person: User, at: datetime, said: Mapping[str, str] | None, seen: int
) -> OpenForm:
    """Keep that somebody has a form open, and what stands in it that they have not saved (``None``: all is saved)."""
    form, is_new = OpenForm.objects.get_or_create(
        draft=draft,
        part=part,
        item=item,
        person=person,
        defaults={"said": said, "seen": seen, "since": at, "at": at},
    )
    if not is_new:
        if at - form.at > PRESENT:
            form.since = at
        form.at, form.said, form.seen = at, said, seen
        form.save()
    return form


def touch(draft: Draft, part: Part, item: str, *, person: User, at: datetime) -> None:
    """Keep that somebody is still at a form, whatever stands in it."""
    form = open_form(draft, part, item, person=person)
    if form is None:
        keep_open(draft, part, item, person=person, at=at, said=None, seen=revision_of(draft, part, item))
        return
    if at - form.at > PRESENT:
        form.since = at
    form.at = at
    form.save(update_fields=["at", "since"])


def open_form(draft: Draft, part: Part, item: str, *, person: User) -> OpenForm | None:
    """Return the form of an item that somebody has open."""
    return draft.open_forms.filter(part=part, item=item, person=person).first()


def leave(draft: Draft, part: Part, item: str, *, person: User) -> None:
    """Forget a form: its work was saved, or is not wanted."""
    draft.open_forms.filter(part=part, item=item, person=person).delete()


def others_at(draft: Draft, part: Part, item: str, *, person: User, at: datetime) -> list[OpenForm]:
    """Return the forms that others have open for the same item now."""
    found = draft.open_forms.filter(part=part, item=item, at__gt=at - PRESENT).exclude(person=person)
    return list(found.select_related("person").order_by("since"))
