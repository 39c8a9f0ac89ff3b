"""Writing into the audit record, and checking it."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from openinfusion.core.audit import AuditRecord, append
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.audit.models import AuditRow

_LOCK = 0x6F70656E
_FIELDS = (
    "seq",
    "utc",
    "actor",
    "role",
    "action",
    "object",
    "before_hash",
    "after_hash",
    "reason",
    "prev_hash",
    "hash",
)


def digest(content: Any) -> str:  # noqa: ANN401 - JSON or bytes
    """Return the SHA-256 of bytes, or of JSON in one order; empty for nothing."""
    if content is None:
        return ""
    text = content if isinstance(content, bytes) else json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.sha256(text).hexdigest()


@transaction.atomic
def write(
    action: str,
    about: str,
    *,
    by: User | None,
    organisation: Organisation | None,
    at: datetime,
    role: str = "",
    before: Any = None,  # noqa: ANN401 - JSON or bytes, of which the hash is kept
    after: Any = None,  # noqa: ANN401 - as before
    reason: str = "",
) -> AuditRow:
    """Add one row; call it inside the transaction of what it tells, so that neither is kept without the other."""
    _one_at_a_time()
    last = AuditRow.objects.order_by("-seq").first()
    record = append(
        _record(last) if last else None,
        at=at,
        actor=str(by.pk) if by else "system",
        role=role,
        action=action,
        subject=_bound(about, organisation.pk if organisation else None),
        before_hash=digest(before),
        after_hash=digest(after),
        reason=reason,
    )
    kept = {name: getattr(record, name) for name in _FIELDS} | {"object": about}
    return AuditRow.objects.create(organisation=organisation, **kept)


def _one_at_a_time() -> None:
    """Let one transaction after the other add a row; SQLite does so by itself."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _record(row: AuditRow) -> AuditRecord:
    said = {name: getattr(row, name) for name in _FIELDS}
    return AuditRecord(**said | {"object": _bound(row.object, row.organisation_id)})


def _bound(about: str, organisation: int | None) -> str:
    """Return an object with its organisation, so that the hash binds that too: no row moves out of anybody's sight."""
    return f"{organisation or 0}:{about}"


def records() -> Iterable[AuditRecord]:
    """Return every row, the oldest first."""
    return (_record(row) for row in AuditRow.objects.order_by("seq").iterator(2_000))
