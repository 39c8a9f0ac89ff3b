"""Pages on which a person says what the columns of a file mean, by choosing or as text, and takes a layout along."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from openinfusion.core.entry import EntryType
from openinfusion.core.errors import MappingError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.imports.choosing import (
    LEFT_OUT,
    Choice,
    Chosen,
    Shown,
    checked,
    grid_of,
    layout_text,
    likely_header,
    options,
    shown,
    wrongs,
)
from openinfusion.web.imports.models import ImportMapping, Upload
from openinfusion.web.imports.store import mapping_of, save_mapping, upload_or_404
from openinfusion.web.imports.tasks import begin_with

_MOST_HEADER_ROWS = 6
_LONGEST_TEXT = 200_000


@needs(Permission.IMPORT_LIBRARY)
def columns(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Let each column be given its meaning beside three of its values."""
    one = _open_upload(organisation, number)
    said = request.POST if request.method == "POST" else request.GET
    sheet = one.sheets[_whole(said, "sheet", 0, most=len(one.sheets) - 1)]
    grid = grid_of(sheet)
    rows = sorted(grid.cells)
    first = _whole(said, "first", likely_header(grid), most=max(rows, default=1))
    last = _whole(said, "last", first, most=first + _MOST_HEADER_ROWS - 1)
    there = shown(grid, first, max(first, last))
    choices = _choices(request, one, there)
    faults: list[dict[str, str]] = []
    if request.method == "POST":
        chosen = _chosen(request, one, str(sheet["name"]), choices=choices)
        wrong = list(wrongs(chosen))
        faults = [{"text": w.why, "href": f"#field-{w.column}" if w.column is not None else "#name"} for w in wrong]
        if not wrong:
            return _saved(request, one, layout_text(chosen))
    context: dict[str, Any] = {
        "organisation": organisation,
        "upload": one,
        "same": (),
        "sheet": one.sheets.index(sheet),
        "rows": rows,
        "first": first,
        "last": max(first, last),
        "columns": list(zip(there, choices, strict=True)),
        "options": options(),
        "left_out": LEFT_OUT,
        "types": [kind.value for kind in EntryType],
        "faults": faults,
        "said": {key: request.POST.get(key, "") for key in ("name", "type_of_all", "area_of_all", "blanks")},
    }
    return render(request, "imports/columns.jinja", context, status=422 if faults else 200)


def _open_upload(organisation: Organisation, number: int) -> Upload:
    """Return a file whose layout may still be changed."""
    one = upload_or_404(organisation, number, purpose=Upload.Purpose.LIBRARY)
    if one.state in (Upload.State.MADE, Upload.State.WAITING) or not one.sheets:
        raise Http404
    return one


def _whole(said: QueryDict, key: str, otherwise: int, *, most: int) -> int:
    text = said.get(key, "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < len(str(most)) + 1 else otherwise
    return min(max(number, 0), most)


def _choices(request: HttpRequest, one: Upload, there: tuple[Shown, ...]) -> tuple[Choice, ...]:
    """Return what is chosen for each column: what was sent, else what the layout in use says, else a guess."""
    if request.method == "POST" and "look" not in request.POST:
        return tuple(
            Choice(
                header=column.header,
                field=request.POST.get(f"field-{number}", ""),
                unit=request.POST.get(f"unit-{number}", "").strip(),
                samples=column.samples,
            )
            for number, column in enumerate(there)
        )
    before = _before(one)
    made, taken = [], set()
    for column in there:
        path, unit = before.get(column.header, (column.guess, ""))
        made.append(
            Choice(header=column.header, field="" if path in taken else path, unit=unit, samples=column.samples)
        )
        taken.add(path)
    return tuple(made)


def _before(one: Upload) -> dict[str, tuple[str, str]]:
    if not one.mapping_text:
        return {}
    known = (column for sheet in mapping_of(one).sheets for column in sheet.columns if column.fields)
    return {column.header: (column.targets[0][0], column.unit.text if column.unit else "") for column in known}


def _chosen(request: HttpRequest, one: Upload, sheet: str, *, choices: tuple[Choice, ...]) -> Chosen:
    said = request.POST
    day = f"{timezone.localdate():%d-%b-%Y}"
    return Chosen(
        name=" ".join(said.get("name", "").split())[:60],
        about=f"chosen column by column by {person(request).name} on {day}",
        sheet="*" if one.name.lower().endswith(".csv") else sheet,
        choices=choices,
        type_of_all=said.get("type_of_all", "") if said.get("type_of_all") in {k.value for k in EntryType} else "",
        area_of_all=said.get("area_of_all", "").strip()[:120],
        blanks=tuple(word.strip() for word in said.get("blanks", "").split(",") if word.strip())[:20],
    )


def _saved(request: HttpRequest, one: Upload, text: str) -> HttpResponse:
    made = save_mapping(one.organisation, text, by=person(request), at=timezone.now())
    begin_with(one, made.name)
    return redirect("imports:upload", one.organisation.slug, one.pk)


@needs(Permission.IMPORT_LIBRARY)
def text(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Let the layout be written as text, which says all that a layout can."""
    one = _open_upload(organisation, number)
    written = request.POST.get("text", one.mapping_text)[:_LONGEST_TEXT].replace("\r\n", "\n")
    faults: list[dict[str, str]] = []
    if request.method == "POST":
        try:
            checked(written)
            return _saved(request, one, written)
        except MappingError as error:
            told = f"{error.where}: found {error.found}; expected {error.expected}"
            faults = [{"text": told, "href": "#text"}]
    context = {"organisation": organisation, "upload": one, "same": (), "written": written, "faults": faults}
    return render(request, "imports/text.jinja", context, status=422 if faults else 200)


@needs(Permission.IMPORT_LIBRARY)
@require_GET
def layout_file(request: HttpRequest, organisation: Organisation, layout: int) -> HttpResponse:
    """Give a layout as the file that it is."""
    one = ImportMapping.objects.filter(organisation=organisation, pk=layout).first()
    if one is None:
        raise Http404
    answer = HttpResponse(one.text, content_type="application/toml; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="layout-{one.pk}.toml"'
    return answer
