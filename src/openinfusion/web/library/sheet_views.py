"""Pages to be printed: what a care area's pumps hold, and what is different for those who use them."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from openinfusion.core.release_note import release_note
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.library.compared import between, read_changes
from openinfusion.web.library.find import version_or_404
from openinfusion.web.library.names import names_of
from openinfusion.web.library.sheet import sheet_rows


@needs(Permission.VIEW_LIBRARY)
def sheet(request: HttpRequest, organisation: Organisation, library: str, number: int, item: str) -> HttpResponse:
    """Show everything that the pumps of one care area hold, on paper."""
    one = version_or_404(organisation, library, number)
    names = names_of(one)
    if item not in names.areas:
        raise Http404
    context = {
        "organisation": organisation,
        "version": one,
        "area": names.areas[item],
        "rows": sheet_rows(one, item),
        "at": timezone.now(),
    }
    return render(request, "library/sheet.jinja", context)


@needs(Permission.VIEW_LIBRARY)
def note(request: HttpRequest, organisation: Organisation, library: str, number: int) -> HttpResponse:
    """Show on one page what a version makes different for those at the bedside, since another if one is named."""
    new = version_or_404(organisation, library, number)
    if number == 1 and "since" not in request.GET:
        return redirect("library:version", organisation.slug, library, number)
    since = request.GET.get("since", "")[:9]
    old = version_or_404(organisation, library, int(since) if since.isdecimal() else number - 1)
    context: dict[str, Any] = {"organisation": organisation, "library": new.library, "old": old, "new": new}
    found = between(old, new)
    if found is None:
        return render(request, "library/comparing.jinja", context, status=202)
    context["note"] = release_note(read_changes(found.changes))
    return render(request, "library/note.jinja", context)
