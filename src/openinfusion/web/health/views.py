"""Pages of the health of the machinery: one for people, one for machines."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.health.judging import judge, limits, worst
from openinfusion.web.health.measuring import expiring, measures


@needs(Permission.SEE_FLEET)
def health(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Show each figure with its limit and what to do, the worst first."""
    at = timezone.now()
    judged = judge(measures(organisation, at=at), limits())
    context = {
        "organisation": organisation,
        "at": at,
        "rows": judged,
        "worst": worst(judged),
        "expiries": expiring(at=at)[:5],
    }
    return render(request, "health/health.jinja", context)


@needs(Permission.SEE_FLEET)
def figures(request: HttpRequest, organisation: Organisation) -> JsonResponse:
    """Give the same as JSON; "level" is the worst of all."""
    at = timezone.now()
    judged = judge(measures(organisation, at=at), limits())
    level = worst(judged)
    content = {"at": at.isoformat(), "level": str(level), "figures": [one.to_json() for one in judged]}
    return JsonResponse(content, headers={"Cache-Control": "no-store"})
