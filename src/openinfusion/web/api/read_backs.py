"""Operations about read-backs: hand in what the vendor's editor holds. To confirm that it agrees needs a person."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form, Router, Schema, UploadedFile
from ninja.responses import Status
from pydantic import Field

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Permission
from openinfusion.web.api.access import Bearer, here, machine
from openinfusion.web.api.imports import Layout, content_of
from openinfusion.web.api.pages import Number, Page, PageNumber, PageSize, page_of
from openinfusion.web.api.service import answers
from openinfusion.web.imports.models import ReadBackRecord, Upload
from openinfusion.web.imports.read_back_views import record_or_404
from openinfusion.web.imports.read_backs import begin_read_back, why_incomplete
from openinfusion.web.imports.store import layout_named
from openinfusion.web.imports.tasks import begin, begin_with, look_after
from openinfusion.web.library.find import version_or_404

router = Router(auth=Bearer(Permission.VIEW_LIBRARY), tags=["Read-backs"])
_VERSION = "/libraries/{library}/versions/{number}/read-backs"


class ReadBackOut(Schema):
    """What the vendor's editor held, beside a version."""

    number: int
    library: str
    version: int | None = Field(description="null: it is beside the draft of a change request.")
    file: str
    sha256: str
    state: Upload.State
    problem: dict[str, str] | None
    typed_by: str
    differences: int
    entries_compared: int
    incomplete: str | None = Field(description="What keeps it from showing that both agree; null: they do.")
    handed_in_at: datetime
    compared_at: datetime | None
    confirmed_by: str | None
    confirmed_at: datetime | None


class ReadBackDifferenceOut(Schema):
    """One place where editor and version differ."""

    kind: str
    drug: str
    care_area: str
    entry: str
    field: str
    words: str
    approved: str
    exported: str
    place: str


@router.get(_VERSION, response=answers(Page[ReadBackOut]))
def list_read_backs(
    request: HttpRequest, *, library: str, number: Number, page: PageNumber, page_size: PageSize
) -> dict[str, Any]:
    """List the read-backs of a version, the newest first; the newest alone says what the editor holds."""
    version = version_or_404(here(request), library, number)
    rows = ReadBackRecord.objects.filter(version=version).select_related("upload", "version__library", "confirmed_by")
    return page_of(rows.defer("upload__library"), _shown, page=page, page_size=page_size)


@router.post(_VERSION, response=answers(ReadBackOut, status=201, writes=True), auth=Bearer(Permission.IMPORT_LIBRARY))
def hand_in_read_back(
    request: HttpRequest,
    *,
    library: str,
    number: Number,
    typed_by: Annotated[str, Form(..., min_length=1, max_length=120, pattern=r"\S")],
    file: Annotated[UploadedFile | None, File(None, description="An export of the vendor's editor.")],
) -> Status[Any]:
    """Hand in what the vendor's editor holds, and who typed it there. Needs the scope import_library."""
    version = version_or_404(here(request), library, number)
    content, name = content_of(request, file)
    by, at = machine(request), timezone.now()
    made = begin_read_back(version, content, name, typed_by=" ".join(typed_by.split()), by=by, at=at)
    begin(made.upload)
    return Status(201, _shown(record_or_404(here(request), made.pk)))


@router.get("/read-backs/{number}", response=answers(ReadBackOut))
def get_read_back(request: HttpRequest, *, number: Number) -> dict[str, Any]:
    """Get whether the vendor's editor and a version agree."""
    one = record_or_404(here(request), number)
    look_after(one.upload, timezone.now())
    return _shown(one)


@router.get("/read-backs/{number}/differences", response=answers(Page[ReadBackDifferenceOut]))
def list_read_back_differences(
    request: HttpRequest, *, number: Number, page: PageNumber, page_size: PageSize
) -> dict[str, Any]:
    """List where the vendor's editor and a version differ, the gravest first."""
    found = record_or_404(here(request), number).differences
    return page_of(found, lambda row: row, page=page, page_size=page_size)


@router.post(
    "/read-backs/{number}/layout",
    response=answers(ReadBackOut, writes=True),
    auth=Bearer(Permission.IMPORT_LIBRARY),
)
def choose_read_back_layout(request: HttpRequest, *, number: Number, said: Layout) -> dict[str, Any]:
    """Have an export read by a layout. Needs the scope import_library."""
    one = record_or_404(here(request), number)
    if one.upload.state not in (Upload.State.UNMAPPED, Upload.State.REFUSED):
        found = f"an export that is {one.upload.state}"
        raise ChangeControlError(where=f"read-back {number}", found=found, expected="one that is not read yet")
    layout_named(here(request), said.layout)
    begin_with(one.upload, said.layout)
    return _shown(record_or_404(here(request), number))


def _shown(one: ReadBackRecord) -> dict[str, Any]:
    return {
        "number": one.pk,
        "library": one.library.slug,
        "version": one.version.number if one.version else None,
        "file": one.upload.name,
        "sha256": one.upload.sha256,
        "state": one.upload.state,
        "problem": one.upload.problem,
        "typed_by": one.typed_by_name,
        "differences": len(one.differences),
        "entries_compared": one.entries_compared,
        "incomplete": why_incomplete(one),
        "handed_in_at": one.upload.handed_in_at,
        "compared_at": one.compared_at,
        "confirmed_by": one.confirmed_by.name if one.confirmed_by else None,
        "confirmed_at": one.confirmed_at,
    }
