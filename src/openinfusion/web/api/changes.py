"""Operations about change requests: propose, amend, comment, add evidence. Steps are for people."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import ConfigDict, Field

from openinfusion.core.change_record import amend
from openinfusion.core.change_request import ChangeRequest, Trigger, Urgency
from openinfusion.core.roles import Permission
from openinfusion.core.stages import Stage
from openinfusion.web.api.access import Bearer, here, machine
from openinfusion.web.api.libraries import ChangeOut
from openinfusion.web.api.pages import Page, PageNumber, PageSize, page_of
from openinfusion.web.api.service import answers
from openinfusion.web.api.withheld import is_withheld
from openinfusion.web.changes.blind import hide
from openinfusion.web.changes.desk import do, open_change, request_of
from openinfusion.web.changes.models import Change, Comment, Evidence
from openinfusion.web.changes.saying import add_document, say
from openinfusion.web.changes.screen import HIDDEN
from openinfusion.web.changes.views import change_or_404
from openinfusion.web.library.find import library_or_404

router = Router(auth=Bearer(Permission.VIEW_LIBRARY), tags=["Change requests"])
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Text = Annotated[str, Field(max_length=4_000)]
Lines = Annotated[list[Annotated[str, Field(min_length=1, max_length=400, pattern=r"\S")]], Field(max_length=50)]
_AUTHORED = ("rationale", "sources", "patient_group", "hazard_ids", "rollback_plan")


class Strict(Schema):
    """What is sent: an unknown key is refused, not dropped."""

    model_config = ConfigDict(extra="forbid")


class NewChange(Strict):
    """A change request to open, with an empty draft on the newest version."""

    library: Annotated[str, Field(min_length=1, max_length=50)]
    title: Line
    trigger: Trigger
    urgency: Urgency = Urgency.ROUTINE


class Amendment(Strict):
    """What the author writes, while the request is a draft; what is left out stays as it is."""

    title: Line | None = None
    rationale: Text | None = None
    sources: Lines | None = None
    patient_group: Text | None = None
    hazard_ids: Lines | None = None
    rollback_plan: Text | None = None


class NewComment(Strict):
    """A comment at a request, or at one entry of it."""

    text: Annotated[str, Field(min_length=1, max_length=4_000, pattern=r"\S")]
    entry: Annotated[str, Field(max_length=120)] = ""


class NewEvidence(Strict):
    """A document that speaks for or against a change: where it is, and the hash of its bytes."""

    title: Line
    address: Annotated[str, Field(max_length=500)] = ""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ChangeSummary(Schema):
    """A change request in a list."""

    reference: str
    library: str
    title: str
    stage: str
    urgency: str
    proposer: str
    opened_at: datetime
    moved_at: datetime


class ChangeRequestOut(ChangeSummary):
    """A change request."""

    trigger: str
    change_class: str | None
    rationale: str
    sources: list[str]
    areas: list[str]
    patient_group: str
    hazard_ids: list[str]
    rollback_plan: str
    is_withheld: bool = Field(
        description="Whether what changes is kept back, because a second pharmacist has yet to check it blind."
    )
    changes: list[ChangeOut]
    values: dict[str, str]


class CommentOut(Schema):
    """What somebody said."""

    entry: str
    text: str
    by: str
    at: datetime


class EvidenceOut(Schema):
    """Something that was found about a change."""

    kind: str
    title: str
    state: str
    by: str
    at: datetime
    content: dict[str, Any] = Field(description="Empty while it is kept back from a blind check.")


@router.get("/changes", response=answers(Page[ChangeSummary]))
def list_changes(
    request: HttpRequest,
    *,
    page: PageNumber,
    page_size: PageSize,
    stage: Annotated[Stage | None, Query(None, description="Only requests that stand there.")],
) -> dict[str, Any]:
    """List the change requests of the organisation, the newest first."""
    rows = here(request).changes.select_related("library", "proposer")
    found = rows.filter(stage=stage.value) if stage else rows
    return page_of(found, _summary, page=page, page_size=page_size)


@router.post("/changes", response=answers(ChangeRequestOut, status=201, writes=True), auth=Bearer(Permission.PROPOSE))
def propose_change(request: HttpRequest, *, said: NewChange) -> Status[Any]:
    """Open a change request; the token is its proposer. Needs the scope propose."""
    made = open_change(
        library_or_404(here(request), said.library),
        title=said.title,
        trigger=said.trigger,
        urgency=said.urgency,
        by=machine(request),
        at=timezone.now(),
    )
    return Status(201, _change(request, made))


@router.get("/changes/{reference}", response=answers(ChangeRequestOut))
def get_change(request: HttpRequest, *, reference: str) -> dict[str, Any]:
    """Get a change request."""
    return _change(request, change_or_404(here(request), reference))


@router.patch(
    "/changes/{reference}", response=answers(ChangeRequestOut, writes=True), auth=Bearer(Permission.EDIT_DRAFT)
)
def amend_change(request: HttpRequest, *, reference: str, said: Amendment) -> dict[str, Any]:
    """Write in a change request that is a draft; 409 once it is proposed. Needs the scope edit_draft."""
    one, by = change_or_404(here(request), reference), machine(request)
    fields = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in said.model_dump(exclude_none=True).items()
    }
    kept = do(one, "amend", lambda asked, who: amend(asked, fields, by=who), by=by, at=timezone.now(), role=_ROLE)
    return _change(request, kept)


@router.get("/changes/{reference}/comments", response=answers(Page[CommentOut]))
def list_comments(request: HttpRequest, *, reference: str, page: PageNumber, page_size: PageSize) -> dict[str, Any]:
    """List what was said at a change request, the oldest first."""
    one = change_or_404(here(request), reference)
    hides = is_withheld(request_of(one), machine(request))
    rows = one.comments.select_related("by")
    return page_of(rows, lambda row: _comment(row, hides=hides), page=page, page_size=page_size)


@router.post(
    "/changes/{reference}/comments",
    response=answers(CommentOut, status=201, writes=True),
    auth=Bearer(Permission.COMMENT),
)
def add_comment(request: HttpRequest, *, reference: str, said: NewComment) -> Status[Any]:
    """Say something at a change request, or at one entry of it. Needs the scope comment."""
    one, by = change_or_404(here(request), reference), machine(request)
    return Status(201, _comment(say(one, said.text, entry=said.entry, by=by, at=timezone.now()), hides=False))


@router.get("/changes/{reference}/evidence", response=answers(Page[EvidenceOut]))
def list_evidence(request: HttpRequest, *, reference: str, page: PageNumber, page_size: PageSize) -> dict[str, Any]:
    """List the evidence of a change request, the newest first."""
    one = change_or_404(here(request), reference)
    hides = is_withheld(request_of(one), machine(request))
    rows = one.evidence.select_related("by")
    return page_of(rows, lambda row: _evidence(row, hides=hides), page=page, page_size=page_size)


@router.post(
    "/changes/{reference}/evidence",
    response=answers(EvidenceOut, status=201, writes=True),
    auth=Bearer(Permission.COMMENT),
)
def add_evidence(request: HttpRequest, *, reference: str, said: NewEvidence) -> Status[Any]:
    """Add a document to a change request, by its hash. Needs the scope comment."""
    one = change_or_404(here(request), reference)
    content = {"address": said.address, "sha256": said.sha256}
    made = add_document(one, said.title, content, by=machine(request), at=timezone.now())
    return Status(201, _evidence(made, hides=False))


_ROLE = "integration"


def _summary(one: Change) -> dict[str, Any]:
    names = ("reference", "title", "stage", "urgency", "opened_at", "moved_at")
    shown = {name: getattr(one, name) for name in names}
    return shown | {"library": one.library.slug, "proposer": one.proposer.name}


def _change(request: HttpRequest, one: Change) -> dict[str, Any]:
    asked: ChangeRequest = request_of(one)
    hides = is_withheld(asked, machine(request))
    shown = hide(asked) if hides else asked
    return _summary(one) | {
        "trigger": asked.trigger.value,
        "change_class": asked.change_class.value if asked.change_class else None,
        "areas": list(asked.areas),
        **{name: value if isinstance(value := getattr(shown, name), str) else list(value) for name in _AUTHORED},
        "is_withheld": hides,
        "changes": [] if hides else one.content.get("changes", []),
        "values": {} if hides else dict(asked.values),
    }


def _comment(one: Comment, *, hides: bool) -> dict[str, Any]:
    return {"entry": one.entry, "text": HIDDEN if hides else one.text, "by": one.by.name, "at": one.at}


def _evidence(one: Evidence, *, hides: bool) -> dict[str, Any]:
    shown = {name: getattr(one, name) for name in ("kind", "title", "state", "at")}
    return shown | {"by": one.by.name, "content": {} if hides else one.content}
