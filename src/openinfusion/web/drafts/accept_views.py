"""The page of what review finds in a draft, where an author proposes to live with a finding."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.candidate import candidate_of
from openinfusion.web.changes.models import Change
from openinfusion.web.design.pages import faults_of
from openinfusion.web.drafts.accepting import propose, propose_all
from openinfusion.web.drafts.accepting import take_back as taken_back
from openinfusion.web.drafts.find_items import change_of
from openinfusion.web.drafts.keep import draft_of, why_not_edit
from openinfusion.web.library.accepting import Finding, in_kinds, key_of, open_kinds, open_of

MOST = 200


class KindsForm(forms.Form):
    """Why findings can be lived with, and until when."""

    reason = forms.CharField(max_length=2_000, error_messages={"required": "Say why it can be lived with."})
    until = forms.DateTimeField(
        input_formats=["%Y-%m-%d"],
        error_messages={"required": "Say until when.", "invalid": "Give the day as in 2027-06-01."},
    )


class AcceptForm(KindsForm):
    """Which finding, why it can be lived with, and until when."""

    rule = forms.CharField(max_length=12)
    item = forms.CharField(max_length=240, required=False)
    message = forms.CharField(max_length=10_000)


@needs(Permission.VIEW_LIBRARY)
def findings(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Show what review finds in a draft, and what the draft proposes to live with."""
    return _page(request, change_of(request, organisation, reference), [])


def _open(change: Change, at: datetime) -> list[Finding]:
    candidate = candidate_of(change, at)
    return open_of(candidate.findings, draft_of(change), on=timezone.localdate(at)) if candidate else []


def _page(request: HttpRequest, change: Change, faults: list[dict[str, str]]) -> HttpResponse:
    at, rule = timezone.now(), request.GET.get("rule", "")
    found = _open(change, at)
    shown = [one for one in found if one["rule"] == rule] if rule else found[:MOST]
    accepted = draft_of(change).acceptances.select_related("by")
    context = {
        "organisation": change.organisation,
        "change": change,
        "candidate": candidate_of(change, at),
        "open": shown,
        "rule": rule,
        "count": len(found),
        "kinds": [kind for kind in open_kinds(found) if len(kind.all) > 1],
        "ticked": request.POST.getlist("kind"),
        "said": request.POST,
        "accepted": in_kinds(accepted),
        "accepted_count": len(accepted),
        "why_not": why_not_edit(change, actor_of(request)),
        "faults": faults,
    }
    return render(request, "drafts/findings.jinja", context, status=422 if faults else 200)


@require_POST
@needs(Permission.EDIT_DRAFT)
def accept(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Propose to live with a finding."""
    change, form, at = change_of(request, organisation, reference), AcceptForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, change, faults_of(form))
    said, candidate = form.cleaned_data, candidate_of(change, at)
    asked = (said["rule"], said["item"], said["message"])
    found = next((one for one in (candidate.findings if candidate else []) if key_of(one) == asked), None)
    if found is None:
        raise Http404
    propose(change, found, reason=said["reason"], until=said["until"], by=person(request), at=at)
    messages.success(request, f"Proposed with {reference}: others judge it with the change.")
    return redirect("drafts:findings", organisation.slug, reference)


@require_POST
@needs(Permission.EDIT_DRAFT)
def accept_kinds(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Propose to live with all findings of some kinds, each ticked by itself, as they were shown."""
    change, form, at = change_of(request, organisation, reference), KindsForm(request.POST), timezone.now()
    ticked = set(request.POST.getlist("kind"))
    chosen = [kind for kind in open_kinds(_open(change, at)) if kind.mark in ticked]
    faults = faults_of(form)
    if not ticked:
        faults = [{"text": "Tick what shall be accepted.", "href": "#id_kind-1"}, *faults]
    elif len(chosen) != len(ticked):
        faults = [{"text": "What review finds has changed since you saw it: look again.", "href": "#open"}, *faults]
    if faults:
        return _page(request, change, faults)
    said, found = form.cleaned_data, [one for kind in chosen for one in kind.all]
    propose_all(change, found, reason=said["reason"], until=said["until"], by=person(request), at=at)
    messages.success(request, f"{len(found)} proposed with {reference}: others judge them with the change.")
    return redirect("drafts:findings", organisation.slug, reference)


@require_POST
@needs(Permission.EDIT_DRAFT)
def take_back(request: HttpRequest, organisation: Organisation, reference: str, number: int) -> HttpResponse:
    """Take back what was proposed."""
    change = change_of(request, organisation, reference)
    taken_back(change, number, by=person(request), at=timezone.now())
    return redirect("drafts:findings", organisation.slug, reference)
