"""What is said at a change request and put beside it, each time with its audit row."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import User
from openinfusion.web.audit import book
from openinfusion.web.changes.desk import role_of
from openinfusion.web.changes.models import Change, Comment, Evidence


@transaction.atomic
def say(change: Change, text: str, *, entry: str = "", by: User, at: datetime) -> Comment:
    """Keep what somebody says at a change, or at one entry of it."""
    made = Comment.objects.create(change=change, entry=entry, text=text, by=by, at=at)
    _tell("comment", change, by=by, at=at, after={"entry": entry, "text": text})
    return made


@transaction.atomic
def add_document(change: Change, title: str, content: Mapping[str, str], *, by: User, at: datetime) -> Evidence:
    """Keep a document, by where it is and its hash, as evidence about a change."""
    made = Evidence.objects.create(
        change=change, kind=Evidence.Kind.DOCUMENT, title=title, content=dict(content), by=by, at=at
    )
    _tell("add evidence", change, by=by, at=at, after={"title": title, **content})
    return made


def _tell(action: str, change: Change, *, by: User, at: datetime, after: Mapping[str, str]) -> None:
    role = role_of(by, Permission.COMMENT, change)
    where = change.organisation
    book.write(action, change.reference, by=by, organisation=where, at=at, role=role, after=dict(after))
