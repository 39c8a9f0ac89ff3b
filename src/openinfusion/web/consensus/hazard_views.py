"""Pages of open hazards and their controls."""

from typing import Any

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.consensus import Preference
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs, person, why_not
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.consensus import controls
from openinfusion.web.consensus.forms import Proposed, Rated, Verified
from openinfusion.web.consensus.hazards import fact_of
from openinfusion.web.consensus.models import HazardOpened
from openinfusion.web.library.store import library_of


def hazard_or_404(organisation: Organisation, number: int) -> HazardOpened:
    """Return an open hazard of an organisation."""
    found = organisation.hazards_opened.filter(pk=number).select_related("library", "decision__discrepancy").first()
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, organisation: Organisation, one: HazardOpened, form: Form | None = None
) -> HttpResponse:
    newest = one.library.versions.order_by("-number").defer("content")[0]
    who = person(request)
    context: dict[str, Any] = {
        "organisation": organisation,
        "one": one,
        "form": form,
        "values": request.POST,
        "newest": newest,
        "uncontrolled": "" if one.closed_at else fact_of(one, library_of(newest)).uncontrolled,
        "controls": [(each, controls.why_not_verify(each, who)) for each in one.controls.select_related()],
        "preferences": Preference,
        "why_not_propose": why_not(request, Permission.PROPOSE, organisation),
        "why_not_verify": why_not(request, Permission.TEST, organisation),
        "why_not_rate": why_not(request, Permission.ASSESS_SAFETY, organisation),
    }
    return render(request, "consensus/hazard.jinja", context, status=422 if form else 200)


@needs(Permission.VIEW_LIBRARY)
def hazard(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Show why a hazard is open, what it keeps back, and its controls."""
    return _page(request, organisation, hazard_or_404(organisation, number))


@require_POST
@needs(Permission.PROPOSE)
def propose(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Propose a control."""
    one, form = hazard_or_404(organisation, number), Proposed(request.POST)
    if not form.is_valid():
        return _page(request, organisation, one, form)
    kind = Preference(form.cleaned_data["preference"])
    controls.propose_control(one, kind, form.cleaned_data["text"], by=person(request), at=timezone.now())
    return redirect("consensus:hazard", organisation.slug, number)


@require_POST
@needs(Permission.TEST)
def verify(request: HttpRequest, organisation: Organisation, number: int, control: int) -> HttpResponse:
    """Verify a control that somebody else proposed."""
    one, form = hazard_or_404(organisation, number), Verified(request.POST)
    found = one.controls.filter(pk=control).first()
    if found is None:
        raise Http404
    if not form.is_valid():
        return _page(request, organisation, one, form)
    controls.verify_control(found, form.cleaned_data["evidence"], by=person(request), at=timezone.now())
    return redirect("consensus:hazard", organisation.slug, number)


@require_POST
@needs(Permission.ASSESS_SAFETY)
def rate_(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Rate the risk that remains with the controls."""
    one, form = hazard_or_404(organisation, number), Rated(request.POST)
    if not form.is_valid():
        return _page(request, organisation, one, form)
    said = form.cleaned_data
    controls.rate(one, said["residual"], said["justification"], by=person(request), at=timezone.now())
    return redirect("consensus:hazard", organisation.slug, number)
