"""The pages of the workbench: one group of limits, what a move would do, proposals kept, and the way to a change."""

from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from openinfusion.adapters.report.tables import entry_words, limit_words
from openinfusion.core.limits import Limit
from openinfusion.core.roles import Permission
from openinfusion.core.stages import Stage
from openinfusion.web.accounts.gate import actor_of, person, why_not
from openinfusion.web.changes.models import Change
from openinfusion.web.insight.pages import Opened, figures, show
from openinfusion.web.insight.proposing import hides_suggestion
from openinfusion.web.workbench.asking import Asked, Told, answer, read_limits
from openinfusion.web.workbench.drawing import drawn
from openinfusion.web.workbench.gathering import Bench, bench_of
from openinfusion.web.workbench.models import Proposal
from openinfusion.web.workbench.proposing import keep_proposal, take_to_change

MOST_KEPT, LONGEST_NAME = 20, 80
Fault = dict[str, str]


@figures()
def bench(request: HttpRequest, told: Opened, entry: str, group: str) -> HttpResponseBase:
    """Show one group of limits; asked for by a script, the answer alone."""
    one = _bench_or_404(told, entry, group)
    asked = read_limits(request.GET, one.limits)
    if request.headers.get("HX-Request") == "true":
        context = {"asked": asked, "answered": _told(one, asked), "faults": asked.refusals}
        return render(request, "workbench/answer.jinja", context)
    return _show(request, one, asked, faults=asked.refusals)


def _bench_or_404(told: Opened, entry: str, group: str) -> Bench:
    found = bench_of(told, entry, group)
    if found is None:
        raise Http404
    return found


def _told(one: Bench, asked: Asked) -> Told | None:
    return None if asked.limits is None else answer(one.attempted(), one.limits, asked.limits)


def _show(
    request: HttpRequest, one: Bench, asked: Asked, *, faults: list[Fault], name: str = "", status: int = 200
) -> HttpResponse:
    organisation, library = one.told.organisation, one.library
    is_hidden = hides_suggestion(one.told, one.entry.id, actor_of(request))
    page = show(
        request,
        one.told,
        "workbench/bench",
        filtered=False,
        saves=False,
        bench=one,
        drug=library.drug(one.entry.drug),
        area=library.care_area(one.entry.care_area),
        words=entry_words(library, one.entry.id),
        asked=asked,
        answered=_told(one, asked),
        faults=faults,
        name=name,
        fields=[(limit.value, limit_words(limit), asked.typed[limit.value]) for limit in Limit],
        figure=drawn(one, asked.limits or one.limits),
        kept=[] if is_hidden else _kept(one),
        is_hidden=is_hidden,
        elsewhere=_elsewhere(one),
        changes=_open_changes(one),
        why_not_propose=why_not(request, Permission.PROPOSE, organisation),
        edits_drafts=why_not(request, Permission.EDIT_DRAFT, organisation) is None,
    )
    page.status_code = status
    return page


def _kept(one: Bench) -> list[dict[str, Any]]:
    """Return the proposals side by side, each with its numbers of today."""
    made = []
    for proposal in _proposals(one)[:MOST_KEPT]:
        asked = read_limits(proposal.limits, one.limits)
        made.append({"proposal": proposal, "asked": asked, "told": _told(one, asked)})
    return made


def _proposals(one: Bench) -> Any:  # noqa: ANN401 - a query
    found = Proposal.objects.filter(organisation=one.told.organisation, entry=one.entry.id, group=one.group)
    return found.filter(unit=one.limits.unit.code).select_related("by")


def _elsewhere(one: Bench) -> list[tuple[str, str]]:
    """Return the same drug in other care areas, where it has this group of limits."""
    library = one.library
    return [
        (other.id, f"{library.care_area(other.care_area).name}: {entry_words(library, other.id)}")
        for other in library.entries
        if other.drug == one.entry.drug
        and other.id != one.entry.id
        and any(path == one.group and not limits.is_empty for path, limits in other.all_limits())
    ]


def _open_changes(one: Bench) -> Any:  # noqa: ANN401 - a query
    mine = Change.objects.filter(organisation=one.told.organisation, library=one.version.library)
    return mine.filter(stage=Stage.DRAFT.value).order_by("-opened_at")


@figures(permission=Permission.PROPOSE)
def keep(request: HttpRequest, told: Opened, entry: str, group: str) -> HttpResponseBase:
    """Keep limits under a name, to compare them."""
    one = _bench_or_404(told, entry, group)
    if request.method != "POST":
        return redirect("workbench:bench", told.organisation.slug, entry, group)
    asked, name = read_limits(request.POST, one.limits), request.POST.get("name", "").strip()
    faults = asked.refusals
    if not 0 < len(name) <= LONGEST_NAME:
        faults.append({"text": "Enter a name for the proposal, of 80 characters at most", "href": "#name"})
    elif _proposals(one).count() >= MOST_KEPT:
        faults.append({"text": f"There are {MOST_KEPT} proposals already: compare those first", "href": "#kept"})
    if asked.limits is not None and not faults:
        try:
            with transaction.atomic():
                keep_proposal(one, asked.limits, name=name, by=person(request), at=timezone.now())
        except IntegrityError:
            faults.append({"text": f"There is a proposal called “{name}” already", "href": "#name"})
        else:
            return redirect("workbench:bench", told.organisation.slug, entry, group)
    return _show(request, one, asked, faults=faults, name=name, status=422)


@figures(permission=Permission.PROPOSE)
def take(request: HttpRequest, told: Opened, entry: str, group: str, number: int) -> HttpResponseBase:
    """Carry a proposal to a change request as evidence, or open one with it."""
    one = _bench_or_404(told, entry, group)
    if request.method != "POST":
        return redirect("workbench:bench", told.organisation.slug, entry, group)
    proposal = _proposals(one).filter(pk=number).first()
    if proposal is None or hides_suggestion(told, entry, actor_of(request)):
        raise Http404
    asked = read_limits(proposal.limits, one.limits)
    answered = _told(one, asked)
    if asked.limits is None or answered is None:
        return _show(request, one, asked, faults=asked.refusals, status=422)
    change = None
    if reference := request.POST.get("change"):
        change = _open_changes(one).filter(reference=reference).first()
        if change is None:
            raise Http404
    by, at = person(request), timezone.now()
    made = take_to_change(one, asked.limits, answered, name=proposal.name, change=change, by=by, at=at)
    return redirect("changes:change", told.organisation.slug, made.reference)
