"""The work list: what is to do, by ward, port and access point; taken on, noted, printed; closed by proof alone."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from openinfusion.core.roles import Permission
from openinfusion.fleet.proof.work import Place
from openinfusion.fleet.proof.work import Task as ToDo
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.fleet import desk
from openinfusion.web.fleet.asking import Sight, with_fleet
from openinfusion.web.fleet.choosing import read_choice
from openinfusion.web.fleet.live import Middle, live
from openinfusion.web.fleet.models import Task
from openinfusion.web.fleet.views import shown
from openinfusion.web.fleet.words import LOOKS

PAGE = 50
NOBODY = "nobody"
NOBODYS = "nobodys"
MINE = "mine"


def _rows_of(organisation: Organisation) -> dict[str, Task]:
    found = Task.objects.filter(organisation=organisation, closed_at=None).select_related("assigned_to")
    return {task.pump: task for task in found.prefetch_related("notes__by")}


def _wards(
    sight: Sight, rows: dict[str, Task], wanted: Callable[[ToDo, Task | None], bool]
) -> list[tuple[str, list[tuple[ToDo, Task | None]]]]:
    work = sight.held.work(sight.fleet, sight.organisation.slug)
    chosen = [
        (ward, [(one, rows.get(one.pump)) for one in tasks if wanted(one, rows.get(one.pump))])
        for ward, tasks in work.wards()
    ]
    return [(ward, tasks) for ward, tasks in chosen if tasks]


def _places(
    places: tuple[Place, ...], wards: list[tuple[str, list[tuple[ToDo, Task | None]]]]
) -> dict[str, list[Place]]:
    """Return the places at which several fell silent, by the ward in which their pumps were."""
    found: defaultdict[str, list[Place]] = defaultdict(list)
    for ward, tasks in wards:
        here = {("port", one.port) for one, _ in tasks} | {("access point", one.access_point) for one, _ in tasks}
        found[ward] = [place for place in places if (place.kind, place.name) in here]
    return found


@needs(Permission.SEE_FLEET)
@with_fleet
def work(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """Show what is to do, by ward; all of it, one person's, or nobody's."""
    fleet, choice, whose, me = sight.fleet, read_choice(request.GET), request.GET.get("whose", ""), person(request)
    asked_urns = {one.urn for one in choice.among(fleet.pumps)} if choice else None

    def wanted(to_do: ToDo, row: Task | None) -> bool:
        holder = row.assigned_to if row else None
        is_theirs = {MINE: holder == me, NOBODYS: holder is None}.get(whose, True)
        return is_theirs and (asked_urns is None or to_do.pump in asked_urns)

    def context() -> dict[str, Any]:
        found = sight.held.work(fleet, organisation.slug)
        wards = _wards(sight, _rows_of(organisation), wanted)
        return shown(sight) | {
            "wards": wards,
            "count": sum(len(tasks) for _, tasks in wards),
            "all": len(found.tasks),
            "places": _places(found.places, wards),
        }

    # Whose page it is belongs to its version: what is mine is not what is another's.
    version = f"{fleet.version}-{_noted(organisation)}-{me.pk if whose == MINE else 0}"
    middle = Middle(template="fleet/work_middle.jinja", version=version, at=fleet.at, context=context)
    around = {"organisation": organisation, "whose": whose, "choice": choice, "looks": LOOKS}
    return live(request, middle, page="fleet/work.jinja", around=lambda: around)


def _noted(organisation: Organisation) -> str:
    """Return what changes whenever somebody takes work on or writes something down."""
    open_now = Task.objects.filter(organisation=organisation, closed_at=None)
    found = open_now.aggregate(row=Max("pk"), given=Max("assigned_at"), note=Max("notes__pk"))
    freed = open_now.filter(assigned_to=None).count()
    return f"{found['row'] or 0}.{found['given'].timestamp() if found['given'] else 0}.{found['note'] or 0}.{freed}"


@needs(Permission.SEE_FLEET)
@with_fleet
def sheets(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """Show what is to do as sheets to print: one ward on a page."""
    asked = set(request.GET.getlist("ward"))
    wards = _wards(sight, _rows_of(organisation), lambda to_do, _: not asked or to_do.ward in asked)
    found = sight.held.work(sight.fleet, organisation.slug)
    context = shown(sight) | {"wards": wards, "places": _places(found.places, wards), "at": sight.fleet.at}
    return render(request, "fleet/sheets.jinja", context)


@needs(Permission.SEE_FLEET)
@with_fleet
def closed(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """Show what was done: each with its age, and the report that closed it."""
    found = Task.objects.filter(organisation=organisation).exclude(closed_at=None).select_related("assigned_to")
    asked = request.GET.get("pump", "")
    if asked:
        found = found.filter(pump=asked)
    page = Paginator(found.prefetch_related("notes__by"), PAGE).get_page(request.GET.get("page"))
    return render(request, "fleet/closed.jinja", shown(sight) | {"page": page, "asked": asked, "at": sight.fleet.at})


class TakeOn(forms.Form):
    """Who does it, and what is noted; either alone suffices."""

    person = forms.CharField(max_length=20, required=False)
    text = forms.CharField(max_length=1000, required=False)


@require_POST
@needs(Permission.IMPLEMENT)
@with_fleet
def take_on(request: HttpRequest, organisation: Organisation, sight: Sight, pump: str) -> HttpResponse:
    """Give the work on a pump to somebody, or write something down about it."""
    to_do = desk.work_of(sight.held.work(sight.fleet, organisation.slug), pump)
    if to_do is None:
        if all(one.urn != pump for one in sight.fleet.pumps):
            raise Http404
        messages.info(request, "Nothing is to do about this pump any more: it has proven that it is well.")
        return redirect("fleet:pump", organisation.slug, pump)
    form = TakeOn(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was noted: a note has at most 1,000 characters.")
        return redirect("fleet:pump", organisation.slug, pump)
    doing = desk.Doing(
        by=person(request),
        role=actor_of(request).role_for(Permission.IMPLEMENT, organisation=organisation.slug),
        at=timezone.now(),
    )
    chosen, text = form.cleaned_data["person"], form.cleaned_data["text"].strip()
    if chosen:
        whom = next((one for one in desk.workers(organisation) if str(one.pk) == chosen), None)
        if whom is None and chosen != NOBODY:
            raise Http404
        desk.assign(organisation, to_do, whom, doing=doing)
    if text:
        desk.note(organisation, to_do, text, doing=doing)
    messages.success(request, "Kept." if chosen or text else "Nothing was said, so nothing was changed.")
    back = request.POST.get("back", "")
    if back and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return redirect("fleet:pump", organisation.slug, pump)
