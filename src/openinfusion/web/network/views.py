"""Pages of the network survey."""

from collections.abc import Iterable

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.errors import OpenInfusionError, TableError
from openinfusion.core.roles import Permission
from openinfusion.core.wording import counted
from openinfusion.web.accounts.gate import actor_of, needs, person, why_not
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.audit import book
from openinfusion.web.fleet.asking import Sight, with_fleet
from openinfusion.web.imports.receiving import plain_name
from openinfusion.web.network.models import PlaceTest
from openinfusion.web.network.reading import COLUMNS, Point, read_point, read_survey
from openinfusion.web.network.standing import spots

PAGE = 100
_MOST_PROBLEMS = 50


class File(forms.Form):
    """A survey as a table."""

    file = forms.FileField(error_messages={"required": "Choose the survey, a .csv file"}, allow_empty_file=True)


@needs(Permission.SEE_FLEET)
@with_fleet
def survey(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """Show every port and access point that was tested, or where pumps are silent; dead ones first."""
    return _survey(request, organisation, sight, [])


def _survey(request: HttpRequest, organisation: Organisation, sight: Sight, faults: list[str]) -> HttpResponse:
    fleet = sight.fleet
    found = spots(organisation.network_tests.select_related("by"), fleet.pumps)
    context = {
        "organisation": organisation,
        "at": fleet.at,
        "dead": [one for one in found if one.is_dead],
        "silenced": len({pump.urn for one in found if one.is_dead for pump in one.silent}),
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "why_not_write": why_not(request, Permission.IMPLEMENT, organisation),
        "faults": [{"text": one, "href": "#to-enter"} for one in faults],
        "columns": COLUMNS,
        "said": request.POST,
        "today": timezone.localdate(),
    }
    return render(request, "network/survey.jinja", context, status=422 if faults else 200)


@require_POST
@needs(Permission.IMPLEMENT)
@with_fleet
def enter(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """Keep one test that somebody typed."""
    said = {key: request.POST.get(key, "") for key in (*COLUMNS, "note")}
    try:
        point = read_point(said, today=timezone.localdate())
    except TableError as error:
        return _survey(request, organisation, sight, [f"{error.where}: found {error.found}; expected {error.expected}"])
    _keep(request, organisation, [point], about=f"{point.kind} {point.name}")
    messages.success(request, "Kept.")
    return redirect("network:survey", organisation.slug)


@require_POST
@needs(Permission.IMPLEMENT)
@with_fleet
def upload(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """Keep the tests of a table; none of them where any row cannot be read, so that no half of it counts."""
    form = File(request.POST, request.FILES)
    if not form.is_valid():
        return _survey(request, organisation, sight, ["Choose the survey, a .csv file of at most 10 MiB"])
    file = form.cleaned_data["file"]
    name = plain_name(file.name)
    try:
        read = read_survey(file.read(), name, today=timezone.localdate())
    except OpenInfusionError as error:
        return _survey(request, organisation, sight, [f"{error.where}: found {error.found}; expected {error.expected}"])
    if read.problems:
        more = len(read.problems) - _MOST_PROBLEMS
        faults = [*read.problems[:_MOST_PROBLEMS], *([f"and {counted(more, 'more row')}"] if more > 0 else [])]
        return _survey(request, organisation, sight, faults)
    _keep(request, organisation, read.points, about=name)
    messages.success(request, f"{counted(len(read.points), 'test')} kept.")
    return redirect("network:survey", organisation.slug)


@transaction.atomic
def _keep(request: HttpRequest, organisation: Organisation, points: Iterable[Point], *, about: str) -> None:
    at, by = timezone.now(), person(request)
    role = actor_of(request).role_for(Permission.IMPLEMENT, organisation=organisation.slug)
    rows = [
        PlaceTest(
            organisation=organisation,
            kind=one.kind,
            name=one.name,
            ward=one.ward,
            bed_space=one.bed_space,
            result=one.result,
            note=one.note,
            tested_on=one.tested_on,
            by=by,
            at=at,
        )
        for one in points
    ]
    PlaceTest.objects.bulk_create(rows, batch_size=500)
    book.write(
        "keep a network survey",
        about,
        by=by,
        organisation=organisation,
        at=at,
        role=role.value if role else "",
        after=[[one.kind, one.name, one.result, one.tested_on.isoformat()] for one in rows],
    )
