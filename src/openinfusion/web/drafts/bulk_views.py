"""Pages of editing many entries at once: choose, preview, apply, undo."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.errors import AuthorError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.models import Change
from openinfusion.web.drafts import bulk, fields
from openinfusion.web.drafts.entry_page import choices
from openinfusion.web.drafts.find_items import Hit, change_of, find_entries, words_of
from openinfusion.web.drafts.keep import draft_of, why_not_edit
from openinfusion.web.drafts.views import library_or_base

FILTERS = ("drug", "care_area", "kind")


@needs(Permission.EDIT_DRAFT)
def choose(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Choose entries and an operation."""
    return _choose(request, change_of(request, organisation, reference))


def _choose(request: HttpRequest, change: Change, error: AuthorError | None = None) -> HttpResponse:
    said = request.POST if request.method == "POST" else request.GET
    draft = draft_of(change)
    library = library_or_base(draft)
    hits = _hits(change, said.get("q", ""), {name: said.get(name, "") for name in FILTERS})
    context = {
        "organisation": change.organisation,
        "change": change,
        "said": said.dict(),
        "ticked": set(said.getlist("item")),
        "hits": hits[: bulk.MOST],
        "found": len(hits),
        "choices": choices(library),
        "fields": fields,
        "error": error,
        "last": bulk.last_of(draft),
        "why_not": why_not_edit(change, actor_of(request)),
    }
    return render(request, "drafts/bulk.jinja", context, status=422 if error else 200)


def _hits(change: Change, typed: str, filters: dict[str, str]) -> list[Hit]:
    if not typed.strip() and not any(filters.values()):
        return []
    draft = draft_of(change)
    return find_entries(draft, library_or_base(draft), typed.strip()[:100], **filters)


@require_POST
@needs(Permission.EDIT_DRAFT)
def preview(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Show what an operation would do to each chosen entry, and where it cannot be done and why."""
    change, said = change_of(request, organisation, reference), request.POST
    items = said.getlist("item")
    if said.get("all"):
        hits = _hits(change, said.get("q", ""), {name: said.get(name, "") for name in FILTERS})
        items = [one.item for one in hits]
    try:
        operation = bulk.read_operation(said.dict())
        bulk.check_many(items)
    except AuthorError as error:
        return _choose(request, change, error)
    draft = draft_of(change)
    library = library_or_base(draft)
    proposals = bulk.propose(draft, dict.fromkeys(items), operation)
    context = {
        "organisation": organisation,
        "change": change,
        "operation": operation,
        "said": {key: value for key, value in said.dict().items() if "." in key or key == "operation"},
        "doable": [(words_of(library, one.item), one) for one in proposals if one.content is not None],
        "refused": [(words_of(library, one.item), one) for one in proposals if one.content is None],
    }
    return render(request, "drafts/bulk_preview.jinja", context)


@require_POST
@needs(Permission.EDIT_DRAFT)
def apply(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Do what was shown, to all the entries for which it was shown, or to none."""
    change, said = change_of(request, organisation, reference), request.POST
    seen = {}
    for one in said.getlist("shown"):
        revision, _, item = one.partition(" ")
        if not (revision.isascii() and revision.isdecimal()):
            raise Http404
        seen[item] = int(revision)
    made = bulk.apply(change, seen, bulk.read_operation(said.dict()), by=person(request), at=timezone.now())
    messages.success(request, f"{made.words}: done to {len(made.items):,} of your entries. You can undo it as one.")
    return redirect("drafts:bulk", organisation.slug, reference)


@require_POST
@needs(Permission.EDIT_DRAFT)
def undo(request: HttpRequest, organisation: Organisation, reference: str, number: int) -> HttpResponse:
    """Undo the last bulk edit as one."""
    change = change_of(request, organisation, reference)
    edit = draft_of(change).bulk_edits.filter(pk=number).first()
    if edit is None:
        raise Http404
    bulk.undo(change, edit, by=person(request), at=timezone.now())
    messages.success(request, f"Undone: {edit.words}.")
    return redirect("drafts:bulk", organisation.slug, reference)
