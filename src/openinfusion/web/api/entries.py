"""Operations about the entries of a version."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from openinfusion.adapters.documents import to_json
from openinfusion.core.roles import Permission
from openinfusion.web.api.access import Bearer, here
from openinfusion.web.api.libraries import ChangeOut
from openinfusion.web.api.pages import Number, Page, PageNumber, PageSize, Word, page_of
from openinfusion.web.api.service import answers
from openinfusion.web.library.find import Asked, span_or_404, version_or_404
from openinfusion.web.library.history import Step, history_of
from openinfusion.web.library.models import Span
from openinfusion.web.library.names import names_of

router = Router(auth=Bearer(Permission.VIEW_LIBRARY), tags=["Entries"])
_ENTRIES = "/libraries/{library}/versions/{number}/entries"


class EntryOut(Schema):
    """One entry of a version."""

    id: str
    drug: str
    care_area: str
    type: str
    since: int = Field(description="The number of the version since which it stands as it stands.")
    content: dict[str, Any] = Field(
        description="The entry as the open drug library format writes it: decimals as text, units in UCUM."
    )


class StepOut(Schema):
    """What a version did to an entry."""

    version: int
    label: str
    made_at: datetime
    made_by: str | None
    is_first: bool
    is_removal: bool
    changes: list[ChangeOut]


class EntryHistory(Schema):
    """How an entry came to be as it is."""

    steps: list[StepOut] = Field(description="The newest first.")
    since: dict[str, int] = Field(description="For each value, the number of the version since which it stands.")


@router.get(_ENTRIES, response=answers(Page[EntryOut]))
def list_entries(
    request: HttpRequest,
    *,
    library: str,
    number: Number,
    page: PageNumber,
    page_size: PageSize,
    q: Word,
    drug: Word,
    care_area: Word,
    kind: Word,
    high_alert: bool = False,
    findings: bool = False,
) -> dict[str, Any]:
    """List the entries of a version that hold all words of a search (drug, area, therapy, strength, brand names)."""
    one = version_or_404(here(request), library, number)
    marks = {"high_alert": "1" if high_alert else "", "findings": "1" if findings else ""}
    asked = Asked(q=q, drug=drug, care_area=care_area, kind=kind, **marks)
    return page_of(asked.entries(one, names_of(one)), _entry, page=page, page_size=page_size)


@router.get(f"{_ENTRIES}/{{entry}}", response=answers(EntryOut))
def get_entry(request: HttpRequest, *, library: str, number: Number, entry: str) -> dict[str, Any]:
    """Get one entry of a version."""
    return _entry(span_or_404(version_or_404(here(request), library, number), entry))


@router.get(f"{_ENTRIES}/{{entry}}/history", response=answers(EntryHistory))
def get_entry_history(request: HttpRequest, *, library: str, number: Number, entry: str) -> dict[str, Any]:
    """Get how an entry came to be as it is in a version: what changed, when, by whom."""
    one = version_or_404(here(request), library, number)
    found = history_of(span_or_404(one, entry), names_of(one))
    since = {path: version.number for path, version in found.since.items()}
    return {"steps": [_step(step) for step in found.steps], "since": since}


def _entry(span: Span) -> dict[str, Any]:
    shown = {name: getattr(span, name) for name in ("drug", "care_area", "content")}
    return shown | {"id": span.item, "type": span.kind, "since": span.first}


def _step(step: Step) -> dict[str, Any]:
    made_by = step.version.made_by
    return {
        "version": step.version.number,
        "label": step.version.label,
        "made_at": step.version.made_at,
        "made_by": made_by.name if made_by else None,
        "is_first": step.is_first,
        "is_removal": step.is_removal,
        "changes": [to_json(change) for change in step.changes],
    }
