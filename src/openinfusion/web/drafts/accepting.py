"""Proposing to live with a finding of review, as part of a draft: by whoever may write in it, with reason and end."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from openinfusion.core.change_record import amend
from openinfusion.core.errors import AuthorError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import User
from openinfusion.web.audit import book
from openinfusion.web.changes.desk import request_of, role_of, take_in_draft
from openinfusion.web.changes.models import Change
from openinfusion.web.drafts.keep import draft_of
from openinfusion.web.library.accepting import in_kinds
from openinfusion.web.library.models import AcceptanceProposed

LONGEST = timedelta(days=2 * 365)
"""After that somebody looks again: what is accepted for ever is forgotten."""


def propose(
    change: Change, finding: Mapping[str, str], *, reason: str, until: datetime, by: User, at: datetime
) -> AcceptanceProposed:
    """Propose to live with one finding, as ``propose_all`` does with several."""
    return propose_all(change, [finding], reason=reason, until=until, by=by, at=at)[0]


@transaction.atomic
def propose_all(
    change: Change, findings: Sequence[Mapping[str, str]], *, reason: str, until: datetime, by: User, at: datetime
) -> list[AcceptanceProposed]:
    """
    Propose to live with findings, for one reason; whoever does is an author of the change, so that others judge it.

    Raises:
        AuthorError: no reason, an end that is past or too far away, or one is proposed already.
        ChangeControlError: the change request is no draft any more, or this person may not write in it.

    """
    change = Change.objects.select_for_update(no_key=True).get(pk=change.pk)
    draft, last = draft_of(change), until.date()
    amend(request_of(change), {}, by=by.actor)
    today = timezone.localdate(at)
    if not reason.strip():
        raise AuthorError(where="reason", found="nothing", expected="why it can be lived with, in words")
    if not today < last <= today + LONGEST:
        expected = f"a day after today, by {today + LONGEST:%d-%b-%Y} at the latest"
        raise AuthorError(where="until", found=f"{last:%d-%b-%Y}", expected=expected)
    told = [{key: one[key] for key in ("rule", "severity", "item", "field", "place", "message")} for one in findings]
    common: dict[str, Any] = {"draft": draft, "reason": reason, "until": last, "by": by, "at": at}
    common["role"] = role_of(by, Permission.EDIT_DRAFT, change)
    made = [AcceptanceProposed(**common, **each) for each in told]
    try:
        with transaction.atomic():
            AcceptanceProposed.objects.bulk_create(made)
    except IntegrityError as error:
        where = findings[0]["place"]
        raise AuthorError(where=where, found="an acceptance proposed already", expected="one") from error
    _write(change, made, "propose acceptance", by=by, at=at)
    take_in_draft(change, by=by, at=at)
    return made


@transaction.atomic
def take_back(change: Change, number: int, *, by: User, at: datetime) -> None:
    """
    Take a proposal back, with those of its kind that were proposed in one act.

    Raises:
        AuthorError: there is none.
        ChangeControlError: as to propose one.

    """
    change = Change.objects.select_for_update(no_key=True).get(pk=change.pk)
    amend(request_of(change), {}, by=by.actor)
    one = draft_of(change).acceptances.filter(pk=number).first()
    if one is None:
        raise AuthorError(where=change.reference, found="no such acceptance", expected="one that the draft proposes")
    alike = draft_of(change).acceptances.filter(rule=one.rule, by=one.by, at=one.at)
    _write(change, list(alike), "take acceptance back", by=by, at=at)
    alike.delete()
    take_in_draft(change, by=by, at=at)


def _write(change: Change, acceptances: Iterable[AcceptanceProposed], what: str, *, by: User, at: datetime) -> None:
    """Write one row for each kind: which findings they were is in its hash."""
    for kind in in_kinds(acceptances):
        alike = f", {len(kind.all)} findings" if len(kind.all) > 1 else f" {kind.first.item}"
        book.write(
            what,
            f"{change.reference} {kind.first.rule}{alike}".strip(),
            by=by,
            organisation=change.organisation,
            at=at,
            role=role_of(by, Permission.EDIT_DRAFT, change),
            after={"messages": [[one.item, one.message] for one in kind.all], "until": kind.first.until.isoformat()},
            reason=kind.first.reason,
        )
