"""Operations about the audit record of the organisation."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from openinfusion.core.audit import verify
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import User
from openinfusion.web.api.access import Bearer, here
from openinfusion.web.api.pages import LARGEST, Page, PageNumber, PageSize, Word, page_of
from openinfusion.web.api.service import answers
from openinfusion.web.audit import book
from openinfusion.web.audit.models import AuditRow

router = Router(auth=Bearer(Permission.SEE_AUDIT), tags=["Audit"])


class AuditOut(Schema):
    """One row of the audit record."""

    seq: int
    utc: str = Field(description="When, as it was hashed.")
    actor: str = Field(description="The account that acted; a token has one of its own.")
    actor_name: str
    role: str = Field(description="integration, where a token acted.")
    action: str
    object: str
    reason: str
    before_hash: str
    after_hash: str
    prev_hash: str
    hash: str


class Verification(Schema):
    """Whether the whole chain is as it was written."""

    is_sound: bool
    records: int = Field(description="How many rows the chain of this place has, of all its organisations.")
    last_hash: str = Field(description="Keep it elsewhere: by it a cut end is found.")
    faults: list[str]


@router.get("/audit", response=answers(Page[AuditOut]))
def list_audit_rows(
    request: HttpRequest,
    *,
    page: PageNumber,
    page_size: PageSize,
    about: Annotated[str, Query("", max_length=200, description="Of one object, such as CR-2026-001.")],
    action: Word,
    after: Annotated[int, Query(0, ge=0, le=LARGEST, description="Only rows after this number.")],
) -> dict[str, Any]:
    """List the audit rows of the organisation, the oldest first. Needs the scope see_audit."""
    rows = AuditRow.objects.filter(organisation=here(request), seq__gt=after).order_by("seq")
    for name, value in (("object", about), ("action", action)):
        if value:
            rows = rows.filter(**{name: value})
    made = page_of(rows, lambda row: row, page=page, page_size=page_size)
    ids = {row.actor for row in made["items"] if row.actor.isdecimal()}
    names = {str(pk): name for pk, name in User.objects.filter(pk__in=ids).values_list("pk", "name")}
    return made | {"items": [_row(row, names) for row in made["items"]]}


@router.get("/audit/verification", response=answers(Verification))
def verify_audit(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 - the chain is one for all organisations
    """Verify the chain of hashes of the whole audit record. Needs the scope see_audit."""
    found = tuple(book.records())
    faults = [str(fault) for fault in verify(found)]
    return {
        "is_sound": not faults,
        "records": len(found),
        "last_hash": found[-1].hash if found else "",
        "faults": faults[:100],
    }


def _row(row: AuditRow, names: dict[str, str]) -> dict[str, Any]:
    fields = [name for name in AuditOut.model_fields if name != "actor_name"]
    return {name: getattr(row, name) for name in fields} | {"actor_name": names.get(row.actor, row.actor)}
