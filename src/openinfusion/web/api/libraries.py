"""Operations about libraries and their versions."""

from datetime import datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import parse_etags
from ninja import Header, Router, Schema
from ninja.responses import Status
from pydantic import Field

from openinfusion.core.roles import Permission
from openinfusion.web.api.access import Bearer, here
from openinfusion.web.api.pages import Number, Page, PageNumber, PageSize, page_of
from openinfusion.web.api.service import answers
from openinfusion.web.library.compared import between
from openinfusion.web.library.find import library_or_404, version_or_404
from openinfusion.web.library.models import DrugLibrary, Version
from openinfusion.web.library.reviewed import Shown, review_of, with_decisions
from openinfusion.web.library.store import bytes_of

router = Router(auth=Bearer(Permission.VIEW_LIBRARY), tags=["Libraries"])
IfNoneMatch = Annotated[str, Header("", alias="If-None-Match", description="ETags of what you hold already.")]


class LibraryOut(Schema):
    """A drug library of the organisation."""

    slug: str
    name: str


class VersionOut(Schema):
    """A version of a library: it never changes once made."""

    number: int
    label: str
    sha256: str = Field(description="Of the canonical document; the identity of the version.")
    origin: str = Field(description="imported, change or adopted; what was imported is approved by nobody.")
    made_at: datetime
    made_by: str | None
    approved_at: datetime | None
    released_at: datetime | None
    implemented_at: datetime | None
    not_for_clinical_use: bool
    note: str


class FindingOut(Schema):
    """One thing that review found, and the decision to live with it if there is one."""

    rule: str
    severity: str
    item: str
    path: str
    place: str
    message: str
    accepted_because: str | None
    accepted_until: str | None


class ChangeOut(Schema):
    """One change between two versions, in clinical words."""

    kind: str
    subject: str
    field: str
    before: str | None = None
    after: str | None = None
    drug: str | None = None
    care_area: str | None = None
    entry: str | None = None


class DifferenceOut(Schema):
    """What changed from one version to another, gravest first; nothing but ``is_ready`` while it is computed."""

    is_ready: bool
    counts: dict[str, int]
    entries_unchanged: int
    changes: list[ChangeOut]


@router.get("/libraries", response=answers(Page[LibraryOut]))
def list_libraries(request: HttpRequest, *, page: PageNumber, page_size: PageSize) -> dict[str, Any]:
    """List the libraries of the organisation."""
    return page_of(here(request).libraries.order_by("slug"), _library, page=page, page_size=page_size)


@router.get("/libraries/{library}/versions", response=answers(Page[VersionOut]))
def list_versions(request: HttpRequest, *, library: str, page: PageNumber, page_size: PageSize) -> dict[str, Any]:
    """List the versions of a library, the newest first."""
    rows = library_or_404(here(request), library).versions.defer("content").select_related("made_by")
    return page_of(rows.order_by("-number"), version_out, page=page, page_size=page_size)


@router.get("/libraries/{library}/versions/{number}", response=answers(VersionOut))
def get_version(request: HttpRequest, *, library: str, number: Number) -> dict[str, Any]:
    """Get one version."""
    return version_out(version_or_404(here(request), library, number))


@router.get("/libraries/{library}/versions/{number}/document", response=answers(dict[str, Any], not_modified=True))
def get_document(request: HttpRequest, *, library: str, number: Number, if_none_match: IfNoneMatch) -> HttpResponse:
    """Get the canonical document of a version: the bytes that its SHA-256 is of, and that are signed."""
    return _document(version_or_404(here(request), library, number), if_none_match)


@router.get("/documents/{sha256}", response=answers(dict[str, Any], not_modified=True))
def get_document_by_hash(request: HttpRequest, *, sha256: str, if_none_match: IfNoneMatch) -> HttpResponse:
    """Get the canonical document that has a SHA-256, whichever version of the organisation holds it."""
    found = Version.objects.filter(library__organisation=here(request), sha256=sha256).order_by("pk").first()
    if found is None:
        raise Http404
    return _document(found, if_none_match)


@router.get("/libraries/{library}/versions/{number}/findings", response=answers(Page[FindingOut]))
def list_findings(
    request: HttpRequest, *, library: str, number: Number, page: PageNumber, page_size: PageSize
) -> dict[str, Any]:
    """List what review found in a version, gravest first; it is empty until the review has run."""
    one = version_or_404(here(request), library, number)
    review_of(one)
    made = page_of(one.findings.all(), lambda row: row, page=page, page_size=page_size)
    shown = with_decisions(one, made["items"], on=timezone.localdate())
    return made | {"items": [_finding(each) for each in shown]}


@router.get("/libraries/{library}/differences/{old}/{new}", response=answers(DifferenceOut, also=(202,)))
def get_difference(request: HttpRequest, *, library: str, old: Number, new: Number) -> Status[Any]:
    """Get what changed between two versions; 202 while a large difference is computed: ask again."""
    before, after = (version_or_404(here(request), library, number) for number in (old, new))
    found = between(before, after)
    if found is None:
        return Status(202, {"is_ready": False, "counts": {}, "entries_unchanged": 0, "changes": []})
    said = {"counts": found.counts, "entries_unchanged": found.entries_unchanged, "changes": found.changes}
    return Status(200, {"is_ready": True, **said})


def _library(one: DrugLibrary) -> dict[str, Any]:
    return {"slug": one.slug, "name": one.name}


def version_out(one: Version) -> dict[str, Any]:
    """Return a version as it is shown."""
    names = [name for name in VersionOut.model_fields if name != "made_by"]
    return {name: getattr(one, name) for name in names} | {"made_by": one.made_by.name if one.made_by else None}


def _document(one: Version, if_none_match: str) -> HttpResponse:
    etag = f'"{one.sha256}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=0, must-revalidate"}
    seen = parse_etags(if_none_match)
    if etag in [each.removeprefix("W/") for each in seen] or "*" in seen:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(bytes_of(one), content_type="application/json", headers=headers)


def _finding(one: Shown) -> dict[str, Any]:
    names = ("rule", "severity", "item", "path", "place", "message")
    shown = {name: getattr(one.finding, name) for name in names}
    accepted = one.accepted
    return shown | {
        "accepted_because": accepted.reason if accepted else None,
        "accepted_until": accepted.until.isoformat() if accepted else None,
    }
