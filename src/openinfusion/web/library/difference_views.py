"""The difference between two versions of a library, in clinical words."""

from itertools import groupby
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from openinfusion.core.difference import LOOSENING
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.library.compared import between, kinds_in, read_changes, summary
from openinfusion.web.library.find import library_or_404, version_or_404

PAGE = 50


@needs(Permission.VIEW_LIBRARY)
def choose(request: HttpRequest, organisation: Organisation, library: str) -> HttpResponse:
    """Go to the difference that was chosen from two lists."""
    found = library_or_404(organisation, library)
    said = [request.GET.get(name, "") for name in ("old", "new")]
    if not all(one.isdecimal() for one in said):
        return redirect("library:timeline", organisation.slug, found.slug)
    return redirect("library:difference", organisation.slug, found.slug, *map(int, said))


@needs(Permission.VIEW_LIBRARY)
def between_versions(
    request: HttpRequest, organisation: Organisation, library: str, old: int, new: int
) -> HttpResponse:
    """Show what changed between two versions, gravest first."""
    before, after = (version_or_404(organisation, library, number) for number in (old, new))
    context: dict[str, Any] = {"organisation": organisation, "library": after.library, "old": before, "new": after}
    found = between(before, after)
    if found is None:
        return render(request, "library/comparing.jinja", context, status=202)
    kind = request.GET.get("kind", "")
    rows = [row for row in found.changes if kind in ("", row["kind"])]
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context |= {
        "found": found,
        "page": page,
        "sections": [(one, list(rows)) for one, rows in groupby(read_changes(page), key=lambda change: change.kind)],
        "kind": kind,
        "loosening": LOOSENING,
        "kinds": list(zip((one.value for one in kinds_in(found.counts)), summary(found.counts), strict=True)),
    }
    return render(request, "library/difference.jinja", context)
