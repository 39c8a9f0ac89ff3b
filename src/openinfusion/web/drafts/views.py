"""The page of a draft: what it changes so far, and the ways to change more."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.errors import AuthorError
from openinfusion.core.library import Library
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.desk import request_of
from openinfusion.web.drafts.find_items import MOST, change_of, changed_items, find_entries
from openinfusion.web.drafts.keep import Edit, draft_of, leave, save, why_not_edit
from openinfusion.web.drafts.said import seen_of
from openinfusion.web.library.models import Draft, Part
from openinfusion.web.library.store import base_content, draft_library, library_of, newer_than_base


@needs(Permission.VIEW_LIBRARY)
def draft(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Show what a draft changes, and find what else to change."""
    change = change_of(request, organisation, reference)
    asked, one = request_of(change), draft_of(change)
    library = library_or_base(one)
    typed = request.GET.get("q", "").strip()[:100]
    hits = find_entries(one, library, typed) if typed else []
    context = {
        "organisation": organisation,
        "change": change,
        "changed": changed_items(change, library, asked),
        "unsaved": one.open_forms.filter(person=person(request), said__isnull=False).order_by("at"),
        "q": typed,
        "hits": hits[:MOST],
        "found": len(hits),
        "why_not": why_not_edit(change, actor_of(request)),
        "newest": newer_than_base(one),
    }
    template = "drafts/hits.jinja" if request.htmx else "drafts/draft.jinja"  # type: ignore[attr-defined]
    return render(request, template, context)


def library_or_base(draft: Draft) -> Library:
    """Return the library of a draft, or the one that it began from where its items do not fit together."""
    try:
        return draft_library(draft)
    except AuthorError:
        return library_of(draft.base)


@require_POST
@needs(Permission.EDIT_DRAFT)
def take_out(request: HttpRequest, organisation: Organisation, reference: str, part: str, item: str) -> HttpResponse:
    """Take an item out of a draft, with the reason."""
    change = change_of(request, organisation, reference)
    reason = request.POST.get("reason", "").strip()[:2_000]
    if not reason:
        raise AuthorError(where="reason", found="nothing", expected="why it is taken out, in words")
    form = request.POST.get("form", "")[:40]
    edit = Edit(part=_part(part), item=item, content=None, seen=seen_of(request), form=form)
    save(change, [edit], what="take out", by=person(request), at=timezone.now(), reason=reason)
    leave(draft_of(change), edit.part, item, person=person(request))
    messages.success(request, f"{item} is taken out of {reference}. You can put it back below.")
    return redirect("drafts:draft", organisation.slug, reference)


@require_POST
@needs(Permission.EDIT_DRAFT)
def put_back(request: HttpRequest, organisation: Organisation, reference: str, part: str, item: str) -> HttpResponse:
    """Put an item back as it was in the version that the draft began from."""
    change = change_of(request, organisation, reference)
    one = draft_of(change)
    content = base_content(one, _part(part), item)
    save(
        change,
        [Edit(part=_part(part), item=item, content=content, seen=seen_of(request))],
        what="put back",
        by=person(request),
        at=timezone.now(),
    )
    messages.success(request, f"{item} stands again as it was in version {one.base.label}.")
    return redirect("drafts:draft", organisation.slug, reference)


def _part(said: str) -> Part:
    if said not in (Part.ENTRY, Part.DRUG, Part.CARE_AREA, Part.ADVISORY):
        raise Http404
    return Part(said)
