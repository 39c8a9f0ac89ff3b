"""Pages of libraries, to be read: which there are, their versions, and the entries of a version."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.library.find import Asked, counts, library_or_404, version_or_404
from openinfusion.web.library.models import Version
from openinfusion.web.library.names import names_of
from openinfusion.web.library.reviewed import review_of, with_decisions
from openinfusion.web.library.rows import TYPES, rows_of, shown_name
from openinfusion.web.library.timeline import events_of, newest_of

PAGE = 25
VERSIONS = 20


def start(request: HttpRequest) -> HttpResponse:
    """Go to the one organisation that a person belongs to, or let them choose."""
    mine = list(person(request).organisations())
    if len(mine) == 1:
        return redirect("library:libraries", mine[0].slug)
    return render(request, "library/start.jinja", {"organisations": mine})


@needs(Permission.VIEW_LIBRARY)
def libraries(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Show the libraries of an organisation, each with its newest version."""
    found = newest_of(organisation.libraries.order_by("name"))
    return render(request, "library/libraries.jinja", {"organisation": organisation, "libraries": found})


@needs(Permission.VIEW_LIBRARY)
def timeline(request: HttpRequest, organisation: Organisation, library: str) -> HttpResponse:
    """Show the versions of a library, the newest first, each with what it changed."""
    found = library_or_404(organisation, library)
    versions = found.versions.defer("content").select_related("made_by").order_by("-number")
    page = Paginator(versions, VERSIONS).get_page(request.GET.get("page"))
    context = {
        "organisation": organisation,
        "library": found,
        "page": page,
        "events": events_of(found, list(page)),
        "labels": list(found.versions.order_by("-number").values_list("number", "label")),
    }
    return render(request, "library/timeline.jinja", context)


@needs(Permission.VIEW_LIBRARY)
def version(request: HttpRequest, organisation: Organisation, library: str, number: int) -> HttpResponse:
    """Show the entries of a version, those that a search and filters leave."""
    one = version_or_404(organisation, library, number)
    names = names_of(one)
    asked = Asked.read(request.GET)
    page = Paginator(asked.entries(one, names), PAGE).get_page(request.GET.get("page"))
    context = {
        "organisation": organisation,
        "version": one,
        "asked": asked,
        "page": page,
        "rows": rows_of(one, names, page),
    }
    if request.headers.get("HX-Request"):
        return render(request, "library/found.jinja", context)
    context |= {
        "drugs": sorted(names.drugs.values(), key=lambda drug: shown_name(drug).casefold()),
        "areas": sorted(names.areas.values(), key=lambda area: area.name),
        "types": TYPES,
        "reviewed": review_of(one),
        "is_newest": _is_newest(one),
    }
    return render(request, "library/version.jinja", context)


def _is_newest(version: Version) -> bool:
    return not Version.objects.filter(library=version.library_id, number__gt=version.number).exists()


@needs(Permission.VIEW_LIBRARY)
def drugs(request: HttpRequest, organisation: Organisation, library: str, number: int) -> HttpResponse:
    """Show the drugs of a version from A to Z, and its care areas."""
    one = version_or_404(organisation, library, number)
    names = names_of(one)
    context = {
        "organisation": organisation,
        "version": one,
        "drugs": sorted(names.drugs.values(), key=lambda drug: drug.name.casefold()),
        "areas": sorted(names.areas.values(), key=lambda area: area.name),
        "by_drug": counts(one, "drug"),
        "by_area": counts(one, "care_area"),
    }
    return render(request, "library/drugs.jinja", context)


@needs(Permission.VIEW_LIBRARY)
def findings(request: HttpRequest, organisation: Organisation, library: str, number: int) -> HttpResponse:
    """Show what review found in a version, gravest first."""
    one = version_or_404(organisation, library, number)
    reviewed = review_of(one)
    page = Paginator(one.findings.all(), PAGE).get_page(request.GET.get("page"))
    context = {
        "organisation": organisation,
        "version": one,
        "reviewed": reviewed,
        "page": page,
        "found": with_decisions(one, page, on=timezone.localdate()),
        "is_newest": _is_newest(one),
    }
    return render(request, "library/findings.jinja", context)
