"""Editing an entry of a draft: the form, what is said back while typing, saving, and merging with others."""

import secrets
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.adapters.documents import to_json
from openinfusion.core.errors import AuthorError, ChangeControlError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.models import Change
from openinfusion.web.drafts import entry_page, keep
from openinfusion.web.drafts import merge as merging
from openinfusion.web.drafts.entry_form import Reading, form_of, read_form
from openinfusion.web.drafts.find_items import change_of, entry_of, new_id, words_of
from openinfusion.web.drafts.models import NEW, OpenForm
from openinfusion.web.drafts.said import said_of, seen_of
from openinfusion.web.drafts.views import library_or_base
from openinfusion.web.library.models import Part
from openinfusion.web.library.store import StaleError, base_content, item_content, library_of


def _draft_content(change: Change, item: str) -> Any:  # noqa: ANN401 - JSON
    """Return an entry as it stands in the draft or, taken out there, in its version; 404 where there is none."""
    draft = keep.draft_of(change)
    content = item_content(draft, Part.ENTRY, item) or base_content(draft, Part.ENTRY, item)
    if content is None and item != NEW:
        raise Http404
    return content


@needs(Permission.EDIT_DRAFT)
def edit(request: HttpRequest, organisation: Organisation, reference: str, item: str) -> HttpResponse:
    """Show the form of an entry with what its editor has not saved yet, or save it."""
    change, at = change_of(request, organisation, reference), timezone.now()
    content = _draft_content(change, item)
    if request.method == "POST":
        return _save(request, change, item, at=at)
    draft = keep.draft_of(change)
    kept = keep.open_form(draft, Part.ENTRY, item, person=person(request))
    seen = keep.revision_of(draft, Part.ENTRY, item)
    if kept is not None and kept.said is not None:
        said, seen = kept.said, kept.seen
    else:
        kept, said = None, form_of(content or _copied(change, request.GET.get("copy", "")))
    reading = read_form(item, said)
    return _page(request, change, item, reading=reading, at=at, seen=seen, kept=kept)


def _copied(change: Change, item: str) -> Any:  # noqa: ANN401 - JSON
    """Return the content that a new entry begins with."""
    content = item_content(keep.draft_of(change), Part.ENTRY, item) if item else None
    return content or {}


def _page(
    request: HttpRequest,
    change: Change,
    item: str,
    *,
    reading: Reading,
    at: datetime,
    seen: int,
    kept: OpenForm | None = None,
    status: int = 200,
) -> HttpResponse:
    library = library_or_base(keep.draft_of(change))
    context = entry_page.context_of(change, item, reading, library=library, by=person(request), at=at, seen=seen)
    context |= {
        "organisation": change.organisation,
        "words": "A new entry" if item == NEW else words_of(library, item),
        "kept": kept,
        "form": request.POST.get("form") or secrets.token_hex(16),
        "why_not": keep.why_not_edit(change, actor_of(request)),
        "show_problems": request.method == "POST" or kept is not None,
    }
    return render(request, "drafts/entry.jinja", context, status=status)


def _save(request: HttpRequest, change: Change, item: str, *, at: datetime) -> HttpResponse:
    """Save an entry; what cannot be saved stays in the form, and is kept."""
    said, seen, by = said_of(request), seen_of(request), person(request)
    draft = keep.draft_of(change)
    keep.keep_open(draft, Part.ENTRY, item, person=by, at=at, said=said, seen=seen)
    reading = read_form(item, said)
    if reading.content is None:
        return _page(request, change, item, reading=reading, at=at, seen=seen, status=422)
    if item == NEW:
        reading.content["id"] = new_id(draft, reading.content)
    try:
        _keep_content(request, change, reading.content, seen=seen, at=at)
    except StaleError:
        return redirect("drafts:merge", change.organisation.slug, change.reference, item)
    except ChangeControlError:
        raise
    except AuthorError as error:
        reading.faults["entry"] = str(error)
        return _page(request, change, item, reading=reading, at=at, seen=seen, status=422)
    keep.leave(draft, Part.ENTRY, item, person=by)
    messages.success(request, f"Saved: {words_of(library_or_base(draft), reading.content['id'])}.")
    return redirect("drafts:draft", change.organisation.slug, change.reference)


def _keep_content(request: HttpRequest, change: Change, content: Any, *, seen: int, at: datetime) -> int:  # noqa: ANN401 - JSON
    """Save the content of an entry and return its revision; nothing is saved that does not differ."""
    draft, item = keep.draft_of(change), content["id"]
    if to_json(entry_of(content)) == item_content(draft, Part.ENTRY, item):
        return keep.revision_of(draft, Part.ENTRY, item)
    edit_ = keep.Edit(part=Part.ENTRY, item=item, content=content, seen=seen, form=request.POST.get("form", "")[:40])
    return keep.save(change, [edit_], what="edit entry", by=person(request), at=at)[0].revision


@require_POST
@needs(Permission.EDIT_DRAFT)
def check(request: HttpRequest, organisation: Organisation, reference: str, item: str) -> HttpResponse:
    """Say back what is being typed, keep it, and save it where a field was left and all of it is an entry."""
    change, at = change_of(request, organisation, reference), timezone.now()
    said, seen, by = said_of(request), seen_of(request), person(request)
    reading, draft = read_form(item, said), keep.draft_of(change)
    state = "kept for you; not in the draft yet"
    keep.keep_open(draft, Part.ENTRY, item, person=by, at=at, said=said, seen=seen)
    is_same = reading.content is not None and to_json(entry_of(reading.content)) == item_content(
        draft, Part.ENTRY, item
    )
    if reading.content is not None and item != NEW and (is_same or "settled" in request.GET):
        try:
            seen = _keep_content(request, change, reading.content, seen=seen, at=at)
        except StaleError:
            state = "stale"
        except AuthorError as error:
            reading.faults["entry"] = str(error)
        else:
            keep.keep_open(draft, Part.ENTRY, item, person=by, at=at, said=None, seen=seen)
            state = "saved in the draft"
    told = entry_page.told(change, reading, at=at)
    context = {
        "organisation": organisation,
        "change": change,
        "item": item,
        "told": told,
        "reading": reading,
        "seen": seen,
        "state": state,
        "at": at,
        "findings": sum(len(one.findings) for one in told.values()),
    }
    return render(request, "drafts/feedback.jinja", context)


@require_POST
@needs(Permission.EDIT_DRAFT)
def present(request: HttpRequest, organisation: Organisation, reference: str, item: str) -> HttpResponse:
    """Keep that somebody has the form open, and say who else has."""
    change, at, by = change_of(request, organisation, reference), timezone.now(), person(request)
    draft = keep.draft_of(change)
    keep.touch(draft, Part.ENTRY, item, person=by, at=at)
    newest = draft.items.filter(part=Part.ENTRY, item=item).select_related("edited_by").first()
    context = {
        "organisation": organisation,
        "others": keep.others_at(draft, Part.ENTRY, item, person=by, at=at),
        "newer": newest if newest and newest.revision > seen_of(request) and newest.edited_by != by else None,
    }
    return render(request, "drafts/others.jinja", context)


@require_POST
@needs(Permission.EDIT_DRAFT)
def forget(request: HttpRequest, organisation: Organisation, reference: str, item: str) -> HttpResponse:
    """Throw away what somebody typed and did not save, because they said so."""
    change = change_of(request, organisation, reference)
    keep.leave(keep.draft_of(change), Part.ENTRY, item, person=person(request))
    if item == NEW:
        return redirect("drafts:draft", organisation.slug, reference)
    return redirect("drafts:entry", organisation.slug, reference, item)


@needs(Permission.EDIT_DRAFT)
def merge(request: HttpRequest, organisation: Organisation, reference: str, item: str) -> HttpResponse:
    """Show base, theirs and mine field by field, and save what is chosen."""
    change, at, by = change_of(request, organisation, reference), timezone.now(), person(request)
    draft = keep.draft_of(change)
    kept = keep.open_form(draft, Part.ENTRY, item, person=by)
    if kept is None or kept.said is None:
        return redirect("drafts:entry", organisation.slug, reference, item)
    theirs = draft.items.filter(part=Part.ENTRY, item=item).select_related("edited_by").first()
    if theirs is None:
        raise Http404
    mine, other = read_form(item, kept.said), form_of(theirs.content or {})
    if mine.content is None:
        return redirect("drafts:entry", organisation.slug, reference, item)
    said = form_of(to_json(entry_of(mine.content)))
    base = keep.content_at(draft, Part.ENTRY, item, revision=kept.seen)
    rows = merging.rows_of(form_of(base or {}), other, said) if theirs.content else []
    chosen = merging.chosen_of(rows, request.POST)
    context = {"organisation": organisation, "change": change, "item": item, "rows": rows, "theirs": theirs}
    context |= {"words": words_of(library_of(draft.base), item), "chosen": chosen, "missing": []}
    if request.method == "POST" and seen_of(request) == theirs.revision:
        context["missing"] = [row for row in rows if row.path not in chosen]
        if not context["missing"]:
            said = merging.merged(said, other, chosen)
            keep.keep_open(draft, Part.ENTRY, item, person=by, at=at, said=said, seen=theirs.revision)
            return _save_merged(request, change, item, said=said, seen=theirs.revision)
    return render(request, "drafts/merge.jinja", context, status=422 if context["missing"] else 200)


def _save_merged(request: HttpRequest, change: Change, item: str, *, said: dict[str, str], seen: int) -> HttpResponse:
    """Save what was chosen, or go on in the form where it is no entry."""
    reading, at = read_form(item, said), timezone.now()
    if reading.content is None:
        return _page(request, change, item, reading=reading, at=at, seen=seen, status=422)
    try:
        _keep_content(request, change, reading.content, seen=seen, at=at)
    except StaleError:
        return redirect("drafts:merge", change.organisation.slug, change.reference, item)
    keep.leave(keep.draft_of(change), Part.ENTRY, item, person=person(request))
    messages.success(request, f"Saved with both persons' work: {item}.")
    return redirect("drafts:draft", change.organisation.slug, change.reference)
