"""What the page of a discrepancy shows."""

from typing import Any

from django.http import Http404, HttpRequest

from openinfusion.core.consensus import Choice, Profession, SourceKind, discrepancy
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import person, why_not
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.consensus.keeping import statement_of
from openinfusion.web.consensus.models import Discrepancy
from openinfusion.web.consensus.rounds import others, seat_of, standing, waiting
from openinfusion.web.library.models import Part, Span


def discrepancy_or_404(organisation: Organisation, reference: str) -> Discrepancy:
    """Return a discrepancy of an organisation."""
    found = organisation.discrepancies.filter(reference=reference).select_related("library", "raised_by").first()
    if found is None:
        raise Http404
    return found


def names_of(one: Discrepancy) -> dict[str, str]:
    """Return what the affected care areas are called."""
    spans = Span.objects.filter(library=one.library, part=Part.CARE_AREA, item__in=one.areas, last=None)
    return {area: area for area in one.areas} | {span.item: span.content["name"] for span in spans}


def context_of(request: HttpRequest, organisation: Organisation, one: Discrepancy, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return everything that the page shows; what is not the person's to do says whose it is."""
    now = standing(one)
    decision = getattr(one, "decision", None)
    said = list(one.statements.select_related("discrepancy"))
    by_area = [[row for row in said if row.care_area == area] for area in one.areas]
    return {
        "organisation": organisation,
        "one": one,
        "names": names_of(one),
        "sides": [(rows, discrepancy(map(statement_of, rows))) for rows in by_area if rows],
        "now": now,
        "waiting": waiting(now.open) if now.open else [],
        "seat": seat_of(now.open, person(request)) if now.open else None,
        "mine": now.open.positions.filter(voter=person(request)).first() if now.open else None,
        "others": others(organisation, one.areas) if now.next_number and decision is None else [],
        "decision": decision,
        "hazard": getattr(decision, "hazard", None),
        "why_not_decide": why_not(request, Permission.DECIDE_CONSENSUS, organisation),
        "why_not_say": why_not(request, Permission.PROPOSE, organisation),
        "choices": Choice,
        "professions": Profession,
        "kinds": SourceKind,
        "values": request.POST,
        **more,
    }
