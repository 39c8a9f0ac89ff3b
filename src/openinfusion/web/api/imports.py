"""Operations about imports: hand a file in, choose its layout, look at it row by row, have something made of it."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Query, Router, Schema, UploadedFile
from ninja.responses import Status
from pydantic import Field

from openinfusion.core.errors import AuthorError, ChangeControlError, FileTooLargeError, TableError
from openinfusion.core.roles import Permission
from openinfusion.web.api.access import Bearer, here, machine
from openinfusion.web.api.changes import Strict
from openinfusion.web.api.pages import Number, Page, PageNumber, PageSize, page_of
from openinfusion.web.api.problems import UnsupportedMediaError
from openinfusion.web.api.service import answers
from openinfusion.web.imports.confirming import make_library
from openinfusion.web.imports.drafting import forget_onto, make_draft
from openinfusion.web.imports.models import Upload, UploadRow
from openinfusion.web.imports.receiving import MAX_BYTES, TOO_LARGE
from openinfusion.web.imports.store import hand_in, layout_named, layouts, save_mapping, upload_or_404
from openinfusion.web.imports.tasks import begin, begin_onto, begin_with, look_after, review_made
from openinfusion.web.library.find import library_or_404

router = Router(auth=Bearer(Permission.IMPORT_LIBRARY), tags=["Imports"])
LIBRARY = Upload.Purpose.LIBRARY
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S")]


class Layout(Strict):
    """A layout by its name."""

    layout: Name


class NewLayout(Strict):
    """A layout as text (TOML), as a page of imports shows and takes it."""

    text: Annotated[str, Field(min_length=1, max_length=200_000)]


class Onto(Strict):
    """A library that a file is a new state of."""

    library: Annotated[str, Field(min_length=1, max_length=50)]
    takes_out: bool = Field(default=False, description="Whether entries that the file does not have are taken out.")


class Confirmation(Strict):
    """What is agreed to, each kind by its key, and how a new library is called, unless a file was compared with one."""

    agreed: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=50)]
    name: Name | None = None
    version: Annotated[str, Field(min_length=1, max_length=40, pattern=r"\S")] | None = None


class LayoutOut(Schema):
    """A layout that files are tried with."""

    name: str
    text: str


class Made(Schema):
    """What a file became: a version of a library, or a draft beside one."""

    library: str
    version: int | None
    draft: int | None


class ImportOut(Schema):
    """A file that was handed in, and how far it has come."""

    number: int
    name: str
    size: int
    sha256: str
    state: Upload.State = Field(description="waiting: ask again; unmapped: choose a layout; read: look, and confirm.")
    progress: str
    problem: dict[str, str] | None = Field(description="Why it was refused: where, found, expected.")
    layout: str
    candidates: list[dict[str, Any]] = Field(description="How well each layout fits.")
    account: dict[str, Any] = Field(description="What was read and what not; `kinds` must each be agreed to.")
    onto: str | None
    made: Made | None
    handed_in_by: str
    handed_in_at: datetime


class RowOut(Schema):
    """One row of a sheet: its cells as letter and text, what it becomes, and what is wrong with its cells."""

    sheet: str
    row: int
    becomes: str
    cells: list[list[str]]
    marks: list[dict[str, str]]


@router.get("/imports", response=answers(Page[ImportOut]))
def list_imports(request: HttpRequest, *, page: PageNumber, page_size: PageSize) -> dict[str, Any]:
    """List the files that were handed in, the newest first. Needs the scope import_library."""
    rows = here(request).uploads.filter(purpose=LIBRARY).defer("library", "merged").order_by("-pk")
    return page_of(rows.select_related(*_RELATED), import_out, page=page, page_size=page_size)


@router.post("/imports", response=answers(ImportOut, status=201, writes=True))
def hand_in_file(
    request: HttpRequest,
    *,
    file: Annotated[UploadedFile | None, File(None, description="A vendor's .xlsx or .csv, as multipart/form-data.")],
) -> Status[Any]:
    """Hand a file in; nothing is made of it before it is confirmed."""
    content, name = content_of(request, file)
    made = hand_in(here(request), content, name, purpose=LIBRARY, by=machine(request), at=timezone.now())
    begin(made)
    return Status(201, import_out(_upload(request, made.pk)))


@router.get("/imports/{number}", response=answers(ImportOut))
def get_import(request: HttpRequest, *, number: Number) -> dict[str, Any]:
    """Get how far a file has come."""
    one = _upload(request, number)
    look_after(one, timezone.now())
    return import_out(one)


@router.get("/imports/{number}/rows", response=answers(Page[RowOut]))
def list_import_rows(
    request: HttpRequest,
    *,
    number: Number,
    page: PageNumber,
    page_size: PageSize,
    kind: Annotated[str, Query("", max_length=60, description="Only rows with this kind of the account.")],
    is_marked: Annotated[bool, Query(default=False, description="Only rows with a cell to look at.")],
) -> dict[str, Any]:
    """List what a file says row by row."""
    rows = _upload(request, number).rows.all()
    if kind or is_marked:
        rows = rows.filter(is_marked=True)
    found = rows.filter(kinds__contains=f"|{kind}|") if kind else rows
    return page_of(found, _row, page=page, page_size=page_size)


@router.post("/imports/{number}/again", response=answers(ImportOut, writes=True))
def read_again(request: HttpRequest, *, number: Number) -> dict[str, Any]:
    """Try once more to read a file that could not be read."""
    one = _in_state(_upload(request, number), Upload.State.REFUSED)
    begin(one)
    return import_out(_upload(request, number))


@router.post("/imports/{number}/layout", response=answers(ImportOut, writes=True))
def choose_layout(request: HttpRequest, *, number: Number, said: Layout) -> dict[str, Any]:
    """Have a file read by a layout."""
    one = _in_state(_upload(request, number), Upload.State.UNMAPPED, Upload.State.READ, Upload.State.REFUSED)
    layout_named(here(request), said.layout)
    begin_with(one, said.layout)
    return import_out(_upload(request, number))


@router.post("/imports/{number}/comparison", response=answers(ImportOut, writes=True))
def compare_import(request: HttpRequest, *, number: Number, said: Onto) -> dict[str, Any]:
    """Have a file compared with the newest version of a library; what is confirmed then is a draft of it."""
    one = _in_state(_upload(request, number), Upload.State.READ)
    library = library_or_404(here(request), said.library)
    forget_onto(one)
    begin_onto(one, library, takes_out=said.takes_out)
    return import_out(_upload(request, number))


@router.post("/imports/{number}/confirmation", response=answers(ImportOut, writes=True))
def confirm_import(request: HttpRequest, *, number: Number, said: Confirmation) -> dict[str, Any]:
    """Have a new library or a draft made of a file; what is made is reviewed and approved by nobody."""
    one = _in_state(_upload(request, number), Upload.State.READ)
    by, at = machine(request), timezone.now()
    if one.onto is not None:
        make_draft(one, said.agreed, by=by, at=at)
    elif said.name and said.version:
        make_library(one, said.agreed, name=said.name, label=said.version, by=by, at=at)
    else:
        raise AuthorError(where="name, version", found="nothing", expected="both, or a comparison with a library")
    review_made.enqueue(one.pk)
    return import_out(_upload(request, number))


@router.get("/layouts", response=answers(list[LayoutOut]))
def list_layouts(request: HttpRequest) -> list[dict[str, str]]:
    """List the layouts that files are tried with, the organisation's own first."""
    return [{"name": name, "text": text} for name, text in layouts(here(request)).items()]


@router.post("/layouts", response=answers(LayoutOut, status=201, writes=True))
def save_layout(request: HttpRequest, *, said: NewLayout) -> Status[Any]:
    """Keep a layout under the name that its text gives; 422 with the place in the text where it is wrong."""
    made = save_mapping(here(request), said.text, by=machine(request), at=timezone.now())
    return Status(201, {"name": made.name, "text": made.text})


_RELATED = ("handed_in_by", "onto", "made_version__library", "made_draft__library")


def content_of(request: HttpRequest, file: UploadedFile | None) -> tuple[bytes, str]:
    """Return the bytes and the name of a file that was sent; raises SenderError or OperatorError."""
    if request.content_type != "multipart/form-data":
        found = request.content_type or "nothing"
        raise UnsupportedMediaError(where="Content-Type", found=found, expected="multipart/form-data")
    if request.META.get(TOO_LARGE):
        raise FileTooLargeError(where="file", found="a larger file", expected=f"at most {MAX_BYTES:,} bytes")
    if file is None:
        raise TableError(where="file", found="nothing", expected="a file, .xlsx or .csv")
    return file.read(), file.name or ""


def _upload(request: HttpRequest, number: int) -> Upload:
    return upload_or_404(here(request), number, purpose=LIBRARY)


def _in_state(one: Upload, *states: Upload.State) -> Upload:
    if one.state not in states:
        expected = f"one that is {' or '.join(state.value for state in states)}"
        raise ChangeControlError(where=f"import {one.pk}", found=f"a file that is {one.state}", expected=expected)
    return one


def import_out(one: Upload) -> dict[str, Any]:
    """Return a file as it is shown."""
    shown = {name: getattr(one, name) for name in ("name", "size", "sha256", "state", "progress", "problem")}
    return shown | {
        "number": one.pk,
        "layout": one.mapping_name,
        "candidates": one.candidates,
        "account": one.account,
        "onto": one.onto.slug if one.onto else None,
        "made": _made(one),
        "handed_in_by": one.handed_in_by.name,
        "handed_in_at": one.handed_in_at,
    }


def _made(one: Upload) -> dict[str, Any] | None:
    if one.made_version is not None:
        return {"library": one.made_version.library.slug, "version": one.made_version.number, "draft": None}
    if one.made_draft is not None:
        return {"library": one.made_draft.library.slug, "version": None, "draft": one.made_draft.pk}
    return None


def _row(one: UploadRow) -> dict[str, Any]:
    return {name: getattr(one, name) for name in RowOut.model_fields}
