"""The page of one pump."""

from hashlib import sha256
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from openinfusion.core.roles import Permission
from openinfusion.fleet.proof import TASKS, Card
from openinfusion.fleet.proof.work import TO_DO
from openinfusion.web.accounts.gate import needs, why_not
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.fleet import desk, pump_page
from openinfusion.web.fleet.asking import Sight, with_fleet
from openinfusion.web.fleet.live import Middle, live
from openinfusion.web.fleet.models import Task
from openinfusion.web.fleet.views import shown
from openinfusion.web.fleet.watch import Fleet, Pump

_CLOSED = 5


def _pump_or_404(sight: Sight, urn: str) -> Pump:
    found = next((one for one in sight.fleet.pumps if one.urn == urn), None)
    if found is None:
        raise Http404
    return found


@needs(Permission.SEE_FLEET)
@with_fleet
def pump(request: HttpRequest, organisation: Organisation, sight: Sight, pump: str) -> HttpResponse:
    """Show how a pump stands and what that rests on, what it ran, where it was seen, and the work on it."""
    row = _pump_or_404(sight, pump)
    card, standing = sight.held.standing(pump, at=sight.fleet.at)
    tasks = Task.objects.filter(organisation=organisation, pump=pump).select_related("assigned_to")
    task = tasks.filter(closed_at=None).prefetch_related("notes__by").first()

    def context() -> dict[str, Any]:
        file = sight.held.file(pump)
        if file is None:
            raise Http404
        events, others = pump_page.technical(file.events)
        return shown(sight) | {
            "pump": row,
            "card": card,
            "standing": standing,
            "aim": sight.fleet.aims.get(card.ring),
            "to_do": TO_DO.get(standing.cause) if standing.state in TASKS else None,
            "file": file,
            "evidence": list(pump_page.evidence_lines(card, standing, file.evidence)),
            "has_report": file.evidence is not None,
            "software": list(pump_page.software_lines(file, file.evidence)),
            "log": list(pump_page.log_lines(file)),
            "libraries": pump_page.libraries(organisation, card, file),
            "events": events,
            "others": others,
        }

    middle = Middle(
        template="fleet/pump_middle.jinja", version=_version(row, card, sight.fleet), at=sight.fleet.at, context=context
    )

    def around() -> dict[str, Any]:
        return {
            "organisation": organisation,
            "pump": row,
            "task": task,
            "is_task": standing.state in TASKS,
            "closed": list(tasks.exclude(closed_at=None)[:_CLOSED]),
            "workers": desk.workers(organisation),
            "why_not_work": why_not(request, Permission.IMPLEMENT, organisation),
            "why_not_audit": why_not(request, Permission.SEE_AUDIT, organisation),
            "now": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
            "profile": row.line.partition("/")[2],
        }

    return live(request, middle, page="fleet/pump.jinja", around=around)


def _version(row: Pump, card: Card, fleet: Fleet) -> str:
    return sha256(repr((row, card.witness, fleet.aims.get(card.ring), fleet.fault)).encode()).hexdigest()[:16]


@needs(Permission.SEE_FLEET)
@with_fleet
def report(request: HttpRequest, organisation: Organisation, sight: Sight, pump: str) -> HttpResponse:
    """Give the last report that proved something as it was signed, for whoever wants to verify it themselves."""
    _pump_or_404(sight, pump)
    file = sight.held.file(pump)
    if file is None or file.evidence is None:
        raise Http404
    name = f"{pump.removeprefix('urn:').replace(':', '-')}-report.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(file.evidence.raw, content_type="application/json", headers=headers)
