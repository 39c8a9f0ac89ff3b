"""Alert triage: the queue, one case with its evidence, and the click that makes a change request of it."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from openinfusion.core.replay_counts import TIMES_BUCKETS
from openinfusion.core.roles import Permission
from openinfusion.lake.tables import HARD
from openinfusion.web.accounts.gate import actor_of, person, why_not
from openinfusion.web.insight.pages import Opened, figures, show
from openinfusion.web.insight.proposing import hides_suggestion, propose
from openinfusion.web.insight.suggesting import Line, lines, suggested
from openinfusion.web.insight.triage import ORDERS, Case, answers_of, cases, elsewhere, first_of, queue

PAGE = 25


@figures()
def triage(request: HttpRequest, told: Opened) -> HttpResponseBase:
    """Show the queue."""
    order = request.GET.get("order", "")
    order = order if order in ORDERS else ORDERS[0]
    page = Paginator(queue(told, order), PAGE).get_page(request.GET.get("page"))
    return show(request, told, "triage", page=page, order=order, first=first_of(told))


def _case_or_404(told: Opened) -> Case:
    only = told.picked.only
    found = cases(told._replace(standing=told.standing.only({}))).get((only.get("drug"), only.get("care_area")))
    if found is None:
        raise Http404
    return found


@figures()
def case(request: HttpRequest, told: Opened) -> HttpResponseBase:
    """Show one drug in one care area: what its alerts are, where they come from, and what could be done."""
    one, told = _case_or_404(told), told._replace(standing=told.standing.only({}))
    shown = lines(told, one.drug_id, one.area_id)
    actor = actor_of(request)
    return show(
        request,
        told,
        "case",
        saves=False,
        filtered=False,
        case=one,
        times=_times(told, one.drug_id, one.area_id),
        lines=[(line, bool(line.suggestion) and hides_suggestion(told, line.entry, actor)) for line in shown],
        elsewhere=elsewhere(told, one.drug_id, one.area_id),
        first=first_of(told),
        version=told.version,
        why_not_propose=why_not(request, Permission.PROPOSE, told.organisation),
        edits_drafts=why_not(request, Permission.EDIT_DRAFT, told.organisation) is None,
    )


def _times(told: Opened, drug: str, area: str) -> list[tuple[str, int, int]]:
    """Return how far beyond soft and hard limits the alerts of a case lay."""
    counts = {words: [0, 0] for _, words in TIMES_BUCKETS}
    for row in answers_of(told).rows("times-the-limit", "drug", "care_area"):
        if (row["drug"], row["care_area"]) == (drug, area):
            counts.setdefault(row["times_the_limit"], [0, 0])[row["limit"] in HARD] += row["numerator"]
    return [(words, soft, hard) for words, (soft, hard) in counts.items()]


@figures(permission=Permission.PROPOSE)
def propose_change(request: HttpRequest, told: Opened) -> HttpResponseBase:
    """Open a change request that carries the evidence."""
    one, told = _case_or_404(told), told._replace(standing=told.standing.only({}))
    if request.method != "POST":
        return redirect("insight:triage", told.organisation.slug)
    if told.version is None:
        raise Http404
    line = _line(request, lines(told, one.drug_id, one.area_id))
    made = propose(told, one, line, version=told.version, by=person(request), at=timezone.now())
    return redirect("changes:change", told.organisation.slug, made.reference)


def _line(request: HttpRequest, found: list[Line]) -> Line | None:
    """Return the suggestion that the form names, worked out again; what a browser sends is no evidence."""
    said = {name: request.POST.get(name, "") for name in ("entry", "parameter", "mode")}
    return suggested(found, **said) if all(said.values()) else None
