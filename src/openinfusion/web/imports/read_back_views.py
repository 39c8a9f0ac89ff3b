"""Pages of read-backs: what the vendor's editor holds, beside a version."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs, person, why_not
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.imports.forms import ReadBackForm
from openinfusion.web.imports.models import ReadBackRecord, Upload
from openinfusion.web.imports.read_backs import begin_read_back, confirm, why_incomplete, why_not_confirm
from openinfusion.web.imports.store import layout_named
from openinfusion.web.imports.tasks import begin, begin_with, look_after
from openinfusion.web.imports.transcription import why_not_transcribed
from openinfusion.web.library.find import version_or_404
from openinfusion.web.library.models import Draft, Version

PAGE = 50


@needs(Permission.IMPORT_LIBRARY)
def read_backs(request: HttpRequest, organisation: Organisation, library: str, number: int) -> HttpResponse:
    """Show the read-backs of a version, and take an export of the vendor's editor."""
    version = version_or_404(organisation, library, number)
    records = ReadBackRecord.objects.filter(version_id=version.pk)
    return read_backs_of(request, version, label=version.label, records=records, why=why_not_transcribed(version))


def read_backs_of(
    request: HttpRequest, of: Version | Draft, *, label: str, records: QuerySet[ReadBackRecord], why: str | None
) -> HttpResponse:
    """Show the read-backs of a version, or of the draft of an approved change, and take an export of the editor."""
    organisation = of.library.organisation
    people = list(User.objects.filter(held__organisation=organisation, held__ended_at=None).distinct().order_by("name"))
    said = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ReadBackForm(*said, meta=request.META, people=people)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        typed_by = form.cleaned_data["typed_by"]
        try:
            record = begin_read_back(
                of, file.read(), file.name, typed_by=typed_by, by=person(request), at=timezone.now()
            )
        except OpenInfusionError as error:
            form.add_error("file", f"{error.where}: found {error.found}; expected {error.expected}")
        else:
            begin(record.upload)
            return redirect("imports:read_back", organisation.slug, record.pk)
    found = records.select_related("upload", "confirmed_by").defer("upload__library", "upload__sheets")[:100]
    context: dict[str, Any] = {"organisation": organisation, "form": form, "people": people, "label": label}
    context |= {"records": list(found), "why": why, "library": of.library, "trail": _above(of)}
    return render(request, "imports/read_backs.jinja", context, status=422 if form.errors else 200)


def _above(of: Version | Draft) -> list[tuple[str, str]]:
    """Return the pages above a read-back, with their words: those of a version, or of a change request."""
    slug = of.library.organisation.slug
    if isinstance(of, Draft):
        change = of.change.reference
        gates = reverse("changes:gates", args=[slug, change])
        return [(change, reverse("changes:change", args=[slug, change])), ("Release gates", gates)]
    library = (of.library.name, reverse("library:timeline", args=[slug, of.library.slug]))
    return [library, (f"Version {of.label}", reverse("library:version", args=[slug, of.library.slug, of.number]))]


def record_or_404(organisation: Organisation, number: int) -> ReadBackRecord:
    """Return one read-back of an organisation."""
    found = ReadBackRecord.objects.filter(pk=number, upload__organisation=organisation)
    related = found.select_related(
        "upload__handed_in_by", "upload__organisation", "version__library__organisation", "draft__library__organisation"
    )
    one = related.select_related("typed_by", "confirmed_by").defer("upload__library", "version__content").first()
    if one is None:
        raise Http404
    return one


@needs(Permission.VIEW_LIBRARY)
@require_GET
def read_back(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Show where the vendor's editor and a version differ; what is still a draft is shown at its change request."""
    one = record_or_404(organisation, number)
    if one.draft is not None:
        return redirect("changes:read_back", organisation.slug, one.draft.change.reference, one.pk)
    return shown(request, one)


def shown(request: HttpRequest, one: ReadBackRecord) -> HttpResponse:
    """Show where the vendor's editor and a library differ, the gravest first."""
    look_after(one.upload, timezone.now())
    organisation = one.upload.organisation
    area = request.GET.get("area", "")
    areas = sorted({d["care_area"] for d in one.differences if d["care_area"]})
    found = [d for d in one.differences if not area or d["care_area"] == area]
    context: dict[str, Any] = {
        "organisation": organisation,
        "record": one,
        "upload": one.upload,
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "trail": _above(one.of),
        "areas": areas,
        "area": area,
        "incomplete": why_incomplete(one),
        "not_mine": why_not(request, Permission.CHECK, organisation) or why_not_confirm(one, person(request)),
    }
    return render(request, "imports/read_back.jinja", context)


@needs(Permission.IMPORT_LIBRARY)
@require_POST
def read_back_layout(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Read the export by a layout that the person chose."""
    one = record_or_404(organisation, number)
    if one.upload.state in (Upload.State.UNMAPPED, Upload.State.REFUSED):
        chosen = request.POST.get("layout", "")
        layout_named(organisation, chosen)
        begin_with(one.upload, chosen)
    return redirect("imports:read_back", organisation.slug, one.pk)


@needs(Permission.CHECK)
@require_POST
def read_back_confirm(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Have a second person confirm that both agree."""
    one = record_or_404(organisation, number)
    confirm(one, by=person(request), at=timezone.now())
    return redirect("imports:read_back", organisation.slug, one.pk)
