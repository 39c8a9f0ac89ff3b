"""Pages of national libraries: issues, adoption row by row, the next issue, deviations told back."""

import json
from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.errors import OverlayError
from openinfusion.core.overlay import ReasonCode, Row, RowState, effective
from openinfusion.core.overlay_fields import setting_at, setting_text
from openinfusion.core.overlay_merge import MergeKind
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs, person, why_not
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.library.models import Version
from openinfusion.web.library.store import library_of
from openinfusion.web.national import decisions, desk
from openinfusion.web.national.forms import Approved, Deviates, Unused
from openinfusion.web.national.models import Adoption, DeviationsPublished, NationalIssue

PAGE = 50
SHOWN = (MergeKind.CONFLICT, MergeKind.GONE, MergeKind.NEW, MergeKind.LOOK_AGAIN, MergeKind.TAKEN, MergeKind.CONVERGED)


def adoption_or_404(organisation: Organisation, library: str) -> Adoption:
    """Return how a library of an organisation follows from a national one."""
    found = organisation.adoptions.filter(library__slug=library)
    one = found.select_related("organisation", "library", "issue__version__library__organisation").first()
    if one is None:
        raise Http404
    return one


@needs(Permission.VIEW_LIBRARY)
def start(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Show national issues, what is adopted, and to a national body what others told it."""
    versions = Version.objects.filter(library__organisation=organisation, issue=None).defer("content")
    told = DeviationsPublished.objects.filter(issue__version__library__organisation=organisation)
    context = {
        "organisation": organisation,
        "issues": NationalIssue.objects.select_related("version__library__organisation").defer("version__content"),
        "adoptions": organisation.adoptions.select_related("library", "issue__version__library"),
        "unpublished": versions.select_related("library") if organisation.is_national else [],
        "libraries": organisation.libraries.filter(adoption=None),
        "why_not_adopt": why_not(request, Permission.ADOPT_NATIONAL, organisation),
        "told": told.select_related("organisation", "issue__version__library"),
        "why_not_publish": why_not(request, Permission.PUBLISH_NATIONAL, organisation),
    }
    return render(request, "national/start.jinja", context)


@require_POST
@needs(Permission.PUBLISH_NATIONAL)
def publish_issue(request: HttpRequest, organisation: Organisation, version: int) -> HttpResponse:
    """Publish a version of a national library."""
    found = Version.objects.filter(pk=version, library__organisation=organisation).select_related("library").first()
    if found is None:
        raise Http404
    desk.publish_issue(found, by=person(request), at=timezone.now())
    return redirect("national:start", organisation.slug)


@needs(Permission.VIEW_LIBRARY)
def adoption(request: HttpRequest, organisation: Organisation, library: str) -> HttpResponse:
    """Show the rows of an adoption, what is to be decided first, and how far it is."""
    one = adoption_or_404(organisation, library)
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()
    found = one.rows.all()
    if state == "undecided":
        found = found.filter(is_undecided=True)
    elif state in {each.value for each in RowState}:
        found = found.filter(state=state)
    for word in words.split():
        found = found.filter(label__icontains=word)
    counts = {each: one.rows.filter(state=each.value).count() for each in RowState}
    newer = NationalIssue.objects.filter(
        version__library=one.issue.version.library, version__number__gt=one.issue.version.number
    )
    context = {
        "organisation": organisation,
        "one": one,
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "said": {"state": state, "q": words},
        "counts": counts,
        "states": RowState,
        "undecided": one.rows.filter(is_undecided=True).count(),
        "approved": one.rows.filter(is_approved=True).count(),
        "total": sum(counts.values()),
        "newer": newer.select_related("version__library").defer("version__content"),
        "why_not": why_not(request, Permission.ADOPT_NATIONAL, organisation),
    }
    return render(request, "national/adoption.jinja", context)


def _context(request: HttpRequest, organisation: Organisation, one: Adoption, number: int) -> dict[str, Any]:
    kept = one.rows.filter(pk=number).select_related("decided_by").first()
    if kept is None:
        raise Http404
    kept.adoption = one
    said = desk.row_of(kept)
    base = desk.base_of(one)
    national = base.find_entry(said.national or "")
    local = None if said.state is RowState.NOT_USED else effective(said, base, one.about.get("areas", {}))
    return {
        "organisation": organisation,
        "one": one,
        "kept": kept,
        "row": said,
        "sides": _sides(national, local),
        "reasons": ReasonCode,
        "text": setting_text,
        "values": request.POST,
        "faults": [],
        "why_not": why_not(request, Permission.ADOPT_NATIONAL, organisation),
    }


def _sides(national: Any, local: Any) -> list[tuple[str, str, str, bool]]:  # noqa: ANN401 - entries, or nothing
    """Return each field that either row has: its path, the national text, the local one, and whether they differ."""
    paths = ["concentration", *dict.fromkeys(path for one in (national, local) if one for path, _ in one.all_limits())]
    found = []
    for path in paths:
        texts = [setting_text(setting_at(one, path)) if one else "nothing" for one in (national, local)]
        if texts != ["nothing", "nothing"]:
            found.append((path, texts[0], texts[1], texts[0] != texts[1]))
    return found


@needs(Permission.VIEW_LIBRARY)
def row(request: HttpRequest, organisation: Organisation, library: str, number: int) -> HttpResponse:
    """Show a row beside its national one; decide on it."""
    one = adoption_or_404(organisation, library)
    context = _context(request, organisation, one, number)
    if request.method != "POST":
        return render(request, "national/row.jinja", context)
    if context["why_not"]:
        raise PermissionDenied(context["why_not"])
    try:
        made = _decided(request, context["row"])
        desk.decide_row(context["kept"], made, by=person(request), at=timezone.now(), reason=request.POST["act"])
    except OverlayError as error:
        context["faults"] = [{"text": f"{error.where}: {error.found}; expected {error.expected}", "href": "#decide"}]
        return render(request, "national/row.jinja", context, status=422)
    return redirect("national:row", organisation.slug, library, number)


def _decided(request: HttpRequest, said: Row) -> Row:
    """Return what the form decides on a row; raises OverlayError for what it leaves out."""
    today, act = timezone.localdate(), request.POST.get("act")
    if act == "not_used":
        unused = Unused(request.POST)
        if not unused.is_valid():
            raise OverlayError(where="reason", found="none", expected="why it is not used")
        return decisions.not_used(said, reason=ReasonCode(unused.cleaned_data["reason"]))
    form = Approved(request.POST)
    if not form.is_valid():
        raise OverlayError(where="approver", found="nobody", expected="the role or body that approves it here")
    approver = form.cleaned_data["approver"]
    if act == "adopt":
        return decisions.adopted(said, approver=approver, on=today)
    if act == "keep":
        return decisions.kept(said, approver=approver, on=today)
    made = []
    for number, one in enumerate(said.deviations):
        each = Deviates(request.POST, prefix=f"d{number}")
        if not each.is_valid():
            raise OverlayError(where=one.field, found="an answer that cannot be read", expected="reason and day")
        typed = each.cleaned_data
        if not typed["drop"]:
            reason = ReasonCode(typed["reason"]) if typed["reason"] else None
            approver_, hazard = typed["approver"] or None, typed["hazard"] or None
            told = replace(one, reason=reason, review_on=typed["review_on"], approver=approver_, hazard=hazard)
            made.append(told)
    if not made:
        return decisions.adopted(said, approver=approver, on=today)
    return decisions.deviating(said, tuple(made), approver=approver, on=today)


@needs(Permission.ADOPT_NATIONAL)
def issue(request: HttpRequest, organisation: Organisation, library: str, number: int) -> HttpResponse:
    """Show what a new issue does to each row, old base beside new base beside ours; take it."""
    one = adoption_or_404(organisation, library)
    found = NationalIssue.objects.filter(pk=number, version__library=one.issue.version.library)
    new = found.filter(version__number__gt=one.issue.version.number).select_related("version__library").first()
    if new is None:
        raise Http404
    if request.method == "POST":
        desk.take_issue(one, new, by=person(request), at=timezone.now())
        return redirect("national:adoption", organisation.slug, library)
    merge = desk.merge_of(one, new)
    before, after = desk.base_of(one), library_of(new.version)
    overlay = desk.overlay_of(one)
    rows = [(each, _three(each, before, after, overlay)) for kind in SHOWN for each in merge.of(kind)]
    quiet = len(merge.of(MergeKind.UNCHANGED)) + len(merge.of(MergeKind.LOCAL))
    context = {"organisation": organisation, "one": one, "new": new, "rows": rows, "quiet": quiet}
    return render(request, "national/issue.jinja", context)


def _three(merged: Any, before: Any, after: Any, overlay: Any) -> list[tuple[str, str, str, str]]:  # noqa: ANN401
    """Return each field that changed nationally: in the old issue, in the new one, and here."""
    one = merged.row
    if one is None or one.national is None:
        return []
    old, new = before.find_entry(one.national), after.find_entry(one.national)
    mine = next((r for r in overlay.rows if (r.national, r.care_area) == (one.national, one.care_area)), None)
    local = effective(mine, before, overlay.areas) if mine and mine.state is not RowState.NOT_USED else None
    return [
        (path, *(setting_text(setting_at(entry, path)) if entry else "nothing" for entry in (old, new, local)))
        for path in merged.changed
    ]


@require_POST
@needs(Permission.ADOPT_NATIONAL)
def change(request: HttpRequest, organisation: Organisation, library: str) -> HttpResponse:
    """Open a change request with what follows from the overlay."""
    made = desk.to_change(adoption_or_404(organisation, library), by=person(request), at=timezone.now())
    return redirect("changes:change", organisation.slug, made.reference)


@needs(Permission.VIEW_LIBRARY)
def deviations(request: HttpRequest, organisation: Organisation, library: str) -> HttpResponse:
    """Show what would be told to the national body, and tell it."""
    one = adoption_or_404(organisation, library)
    refused = why_not(request, Permission.PUBLISH_DEVIATIONS, organisation)
    if request.method == "POST":
        if refused:
            raise PermissionDenied(refused)
        desk.publish(one, by=person(request), at=timezone.now())
        return redirect("national:deviations", organisation.slug, library)
    last = organisation.deviations_told.filter(issue=one.issue).first()
    context = {"organisation": organisation, "one": one, "told": desk.told_by(one), "last": last, "why_not": refused}
    return render(request, "national/deviations.jinja", context)


@needs(Permission.VIEW_LIBRARY)
def download(request: HttpRequest, organisation: Organisation, library: str) -> HttpResponse:
    """Hand out what may be told, as a file."""
    told = desk.told_by(adoption_or_404(organisation, library))
    answer = HttpResponse(json.dumps(told, indent=1, sort_keys=True), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="deviations-{library}.json"'
    return answer
