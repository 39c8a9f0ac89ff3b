"""Pages of imports: hand a file in, see what it says, choose another layout."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.imports.account import COLUMNS
from openinfusion.web.imports.forms import HandIn
from openinfusion.web.imports.models import Upload
from openinfusion.web.imports.store import hand_in, layout_named, mappings_of, same_before, upload_or_404
from openinfusion.web.imports.tasks import begin, begin_with, look_after

PAGE = 25
LIBRARY = Upload.Purpose.LIBRARY
_HEAVY = ("library", "merged", "mapping_text", "sheets", "candidates")


@needs(Permission.IMPORT_LIBRARY)
def imports(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Show what was handed in, and take a file."""
    form = HandIn(request.POST, request.FILES, meta=request.META) if request.method == "POST" else HandIn()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            upload = hand_in(
                organisation, file.read(), file.name, purpose=LIBRARY, by=person(request), at=timezone.now()
            )
        except OpenInfusionError as error:
            form.add_error("file", f"{error.where}: found {error.found}; expected {error.expected}")
        else:
            begin(upload)
            return redirect("imports:upload", organisation.slug, upload.pk)
    uploads = organisation.uploads.filter(purpose=LIBRARY).defer(*_HEAVY).order_by("-pk")
    uploads = uploads.select_related("handed_in_by", "made_version__library", "made_draft__library")
    page = Paginator(uploads, PAGE).get_page(request.GET.get("page"))
    context = {"organisation": organisation, "form": form, "page": page, "layouts": mappings_of(organisation)}
    return render(request, "imports/imports.jinja", context, status=422 if form.errors else 200)


@needs(Permission.IMPORT_LIBRARY)
@require_GET
def upload(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Show how far a file has come, and what it says."""
    one = upload_or_404(organisation, number, purpose=LIBRARY)
    look_after(one, timezone.now())
    context: dict[str, Any] = {"organisation": organisation, "upload": one, "same": same_before(one)[:3]}
    if one.state in (Upload.State.READ, Upload.State.MADE):
        context |= rows_of(request, one)
    return render(request, f"imports/{one.state}.jinja", context)


def rows_of(request: HttpRequest, one: Upload) -> dict[str, Any]:
    """Return a page of the rows of a file: all, those that have a cell to look at, or those of one kind alone."""
    marked = one.rows.filter(is_marked=True).count()
    kinds = [kind for kind in one.account.get("kinds", ()) if kind["key"] != COLUMNS]
    kind = next((each for each in kinds if each["key"] == request.GET.get("kind")), None)
    is_all = kind is None and (request.GET.get("rows") == "all" or not marked)
    rows = one.rows.all() if is_all else one.rows.filter(is_marked=True)
    if kind is not None:
        rows = rows.filter(kinds__contains=f"|{kind['key']}|")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return {"page": page, "is_all": is_all, "marked": marked, "kinds": kinds, "kind": kind}


@needs(Permission.IMPORT_LIBRARY)
@require_POST
def layout(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Read the file by a layout that the person chose."""
    one = upload_or_404(organisation, number, purpose=LIBRARY)
    if one.state in (Upload.State.MADE, Upload.State.WAITING):
        return redirect("imports:upload", organisation.slug, one.pk)
    chosen = request.POST.get("layout", "")
    layout_named(organisation, chosen)
    begin_with(one, chosen)
    return redirect("imports:upload", organisation.slug, one.pk)


@needs(Permission.IMPORT_LIBRARY)
@require_POST
def again(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Try once more to read a file that could not be read."""
    one = upload_or_404(organisation, number, purpose=LIBRARY)
    if one.state == Upload.State.REFUSED:
        begin(one)
    return redirect("imports:upload", organisation.slug, one.pk)
