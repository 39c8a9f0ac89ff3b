"""Pages about one drug or one entry of a version."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs, why_not
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.library.entry_page import digest, parts_of
from openinfusion.web.library.find import entries_like, span_or_404, version_or_404
from openinfusion.web.library.history import history_of
from openinfusion.web.library.models import Version
from openinfusion.web.library.names import entry_of, names_of
from openinfusion.web.library.number_line import picture
from openinfusion.web.library.practised import doses_on
from openinfusion.web.library.reviewed import findings_about, review_of
from openinfusion.web.library.rows import TYPES, group_words, rows_of, shown_name, strength
from openinfusion.web.library.side_by_side import compare_areas

_FOREVER = "private, max-age=31536000, immutable"


@needs(Permission.VIEW_LIBRARY)
def entry(request: HttpRequest, organisation: Organisation, library: str, number: int, item: str) -> HttpResponse:
    """Show one entry of a version: its limits, where they come from, and how they came to be."""
    one = version_or_404(organisation, library, number)
    span = span_or_404(one, item)
    names = names_of(one)
    found = entry_of(span)
    history, doses = history_of(span, names), doses_on(one, item, timezone.now())
    newest = Version.objects.filter(library=one.library_id).defer("content").order_by("-number").first()
    sees_figures = why_not(request, Permission.SEE_FIGURES, organisation) is None
    context = {
        "organisation": organisation,
        "version": one,
        "entry": found,
        "drug": names.drug_of(found),
        "name": shown_name(names.drug_of(found)),
        "area": names.area_of(found),
        "kind": TYPES[found.type.value],
        "strength": strength(found),
        "advisories": [names.advisories[each] for each in found.advisories],
        "parts": parts_of(found, history, findings_about(one, item, on=timezone.localdate()), doses=doses),
        "reviewed": review_of(one),
        "history": history,
        "newest": newest,
        "what_if": set(doses.lines) if sees_figures and newest == one else set(),
    }
    return render(request, "library/entry.jinja", context)


@needs(Permission.VIEW_LIBRARY)
def line(
    _request: HttpRequest, organisation: Organisation, library: str, number: int, item: str, path: str, name: str
) -> HttpResponse:
    """Send the number line of one group of limits, under the name of its content, so that it may be kept for ever."""
    one = version_or_404(organisation, library, number)
    limits = dict(entry_of(span_or_404(one, item)).all_limits()).get(path)
    if limits is None or digest(limits) != name:
        raise Http404
    svg = picture(limits, name, group_words(path))
    if svg is None:
        raise Http404
    return HttpResponse(svg, content_type="image/svg+xml", headers={"Cache-Control": _FOREVER})


@needs(Permission.VIEW_LIBRARY)
def drug(request: HttpRequest, organisation: Organisation, library: str, number: int, item: str) -> HttpResponse:
    """Show one drug side by side in every care area that has it."""
    one = version_or_404(organisation, library, number)
    names = names_of(one)
    if item not in names.drugs:
        raise Http404
    context = {
        "organisation": organisation,
        "version": one,
        "drug": names.drugs[item],
        "name": shown_name(names.drugs[item]),
        "tables": compare_areas(rows_of(one, names, entries_like(one, "", drug=item))),
    }
    return render(request, "library/drug.jinja", context)
