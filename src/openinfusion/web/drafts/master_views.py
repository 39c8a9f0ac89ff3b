"""Editing drugs, care areas and advisories of a draft."""

import secrets
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify

from openinfusion.core.errors import AuthorError, ChangeControlError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.models import Change
from openinfusion.web.drafts import keep
from openinfusion.web.drafts.entry_form import Reading
from openinfusion.web.drafts.entry_page import Told
from openinfusion.web.drafts.fields import VALUES
from openinfusion.web.drafts.find_items import change_of
from openinfusion.web.drafts.master_forms import MASTERS, Master, form_of, group_of, read_form
from openinfusion.web.drafts.models import NEW
from openinfusion.web.drafts.said import said_of, seen_of
from openinfusion.web.drafts.views import library_or_base
from openinfusion.web.library.models import Part
from openinfusion.web.library.store import StaleError, item_content

_LISTS = {Part.DRUG: "drugs", Part.CARE_AREA: "care_areas", Part.ADVISORY: "advisories"}
PAGE = 100


def _master(kind: str) -> Master:
    if kind not in MASTERS:
        raise Http404
    return MASTERS[kind]


@needs(Permission.EDIT_DRAFT)
def masters(request: HttpRequest, organisation: Organisation, reference: str, kind: str) -> HttpResponse:
    """Show the drugs, care areas or advisories of a draft."""
    change, master = change_of(request, organisation, reference), _master(kind)
    items = getattr(library_or_base(keep.draft_of(change)), _LISTS[master.part])
    rows = sorted(((one.id, one.name or one.id) for one in items), key=lambda row: row[1].casefold())
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {"organisation": organisation, "change": change, "master": master, "kind": kind, "page": page}
    return render(request, "drafts/masters.jinja", context)


@needs(Permission.EDIT_DRAFT)
def edit(request: HttpRequest, organisation: Organisation, reference: str, kind: str, item: str) -> HttpResponse:
    """Show the form of a drug, a care area or an advisory, or save it."""
    change, master = change_of(request, organisation, reference), _master(kind)
    draft = keep.draft_of(change)
    content = {} if item == NEW else item_content(draft, master.part, item)
    if content is None:
        raise Http404
    if request.method == "POST":
        return _save(request, change, kind, item=item)
    kept = keep.open_form(draft, master.part, item, person=person(request))
    if kept is not None and kept.said is not None:
        said, seen = kept.said, kept.seen
    else:
        said, seen = form_of(master, content), keep.revision_of(draft, master.part, item)
    return _page(request, change, kind, item=item, reading=read_form(master, item, said), seen=seen)


def _page(request: HttpRequest, change: Change, kind: str, *, item: str, reading: Reading, seen: int) -> HttpResponse:
    master = _master(kind)
    places = ["entry", *(field.key for field in master.fields)]
    for field in master.fields:
        if field.kind == "limits":
            places += [*group_of(field).fields]
    told = {path: Told(path, reading.faults.get(path, ""), reading.backs.get(path, ""), []) for path in places}
    context = {
        "organisation": change.organisation,
        "change": change,
        "kind": kind,
        "master": master,
        "item": item,
        "words": f"A new {master.one}" if item == NEW else reading.said.get("name") or item,
        "said": reading.said,
        "told": told,
        "values": VALUES,
        "group_of": group_of,
        "seen": seen,
        "form": request.POST.get("form") or secrets.token_hex(16),
        "reading": reading,
        "why_not": keep.why_not_edit(change, actor_of(request)),
    }
    return render(request, "drafts/master.jinja", context, status=422 if request.method == "POST" else 200)


def _save(request: HttpRequest, change: Change, kind: str, *, item: str) -> HttpResponse:
    master, said, seen, by, at = _master(kind), said_of(request), seen_of(request), person(request), timezone.now()
    draft = keep.draft_of(change)
    keep.keep_open(draft, master.part, item, person=by, at=at, said=said, seen=seen)
    reading = read_form(master, item, said)
    if reading.content is not None:
        if item == NEW:
            reading.content["id"] = _new_id(change, master, reading.content)
        edit_ = keep.Edit(
            part=master.part,
            item=reading.content["id"],
            content=reading.content,
            seen=seen,
            form=request.POST.get("form", "")[:40],
        )
        try:
            keep.save(change, [edit_], what=f"edit {master.one}", by=by, at=at)
        except StaleError:
            seen = keep.revision_of(draft, master.part, item)
            reading.faults["entry"] = _theirs(change, master, item=item, mine=reading.said)
        except ChangeControlError:
            raise
        except AuthorError as error:
            reading.faults["entry"] = str(error)
    if reading.faults:
        return _page(request, change, kind, item=item, reading=reading, seen=seen)
    keep.leave(draft, master.part, item, person=by)
    messages.success(request, f"Saved: {reading.said.get('name') or item}.")
    return redirect("drafts:draft", change.organisation.slug, change.reference)


def _theirs(change: Change, master: Master, *, item: str, mine: dict[str, str]) -> str:
    """Return what somebody saved meanwhile, so that whoever saves next has seen it."""
    one = keep.draft_of(change).items.select_related("edited_by").get(part=master.part, item=item)
    theirs = form_of(master, one.content or {})
    differing = [key for key in dict.fromkeys((*theirs, *mine)) if theirs.get(key) != mine.get(key)]
    listed = "; ".join(f"{key.replace('_', ' ')}: {theirs.get(key) or 'nothing'}" for key in differing)
    return (
        f"{one.edited_by.name} saved this meanwhile, with {listed or 'the same'}. Take over what shall stand, and save."
    )


def _new_id(change: Change, master: Master, content: Any) -> str:  # noqa: ANN401 - JSON
    library = library_or_base(keep.draft_of(change))
    taken = {one.id for one in getattr(library, _LISTS[master.part])}
    taken |= set(keep.draft_of(change).items.filter(part=master.part).values_list("item", flat=True))
    stem = slugify(content.get("name") or content.get("text", ""))[:100] or master.one.replace(" ", "-")
    return next(name for name in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)
