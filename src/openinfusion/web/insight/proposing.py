"""From an alert to a change request that carries the evidence, and the suggested limit in its draft."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from openinfusion.core.change_record import amend
from openinfusion.core.change_request import ChangeRequest, Trigger, Urgency
from openinfusion.core.roles import Actor, Permission
from openinfusion.web.accounts.models import User
from openinfusion.web.audit import book
from openinfusion.web.changes.blind import is_hidden_from
from openinfusion.web.changes.desk import do, open_change, request_of, role_of
from openinfusion.web.changes.models import Change, Evidence
from openinfusion.web.drafts.keep import Edit, draft_of, save
from openinfusion.web.insight.pages import Opened
from openinfusion.web.insight.suggesting import Line
from openinfusion.web.insight.triage import Case, first_of
from openinfusion.web.library.models import Part, Version
from openinfusion.web.library.store import item_content


@transaction.atomic
def propose(told: Opened, case: Case, line: Line | None, *, version: Version, by: User, at: datetime) -> Change:
    """
    Open a change request about the alerts of a drug and care area, with what was counted as its evidence.

    Its title tells no new value: whoever will check the change sees it. The draft is edited by whoever may edit drafts;
    from anybody else the request carries the suggestion as evidence alone.

    Raises:
        ChangeControlError: the person may not propose.

    """
    title = f"{case.drug}, {case.area}: alerts to be looked at"
    change = open_change(
        version.library, title=title[:200], trigger=Trigger.LOG_SIGNAL, urgency=Urgency.ROUTINE, by=by, at=at
    )
    kept = content_of(told, case, line, version=version)
    Evidence.objects.create(
        change=change,
        kind=Evidence.Kind.DOCUMENT,
        title=f"What alerted: {case.drug}, {case.area}",
        content=kept,
        by=by,
        at=at,
    )
    book.write("file evidence", change.reference, by=by, organisation=change.organisation, at=at, after=kept)
    change = _with_rationale(change, kept["headline"], by=by, at=at)
    edits_drafts = by.actor.role_for(Permission.EDIT_DRAFT, organisation=change.organisation.slug) is not None
    if line is not None and line.path and edits_drafts:
        _edit(change, line, by=by, at=at)
    return change


def _with_rationale(change: Change, words: str, *, by: User, at: datetime) -> Change:
    def deed(request: ChangeRequest, actor: Actor) -> ChangeRequest:
        return amend(request, {"rationale": words}, by=actor)

    return do(change, "write", deed, by=by, at=at, role=role_of(by, Permission.PROPOSE, change))


def _edit(change: Change, line: Line, *, by: User, at: datetime) -> None:
    """Put the suggested value in the draft, exactly as it was worked out."""
    content = item_content(draft_of(change), Part.ENTRY, line.entry)
    within = content
    for name in line.path[:-1]:
        within = within[name]
    suggestion = line.suggestion or {}
    within[line.path[-1]] = suggestion["value"]
    edit = Edit(part=Part.ENTRY, item=line.entry, content=content, seen=0)
    save(change, [edit], what="edit draft", by=by, at=at, reason=f"suggested by what alerted: {suggestion['reason']}")


def content_of(told: Opened, case: Case, line: Line | None, *, version: Version) -> dict[str, Any]:
    """Return the evidence: a sentence, the numbers that it rests on, of which records, and their hash."""
    numbers: dict[str, Any] = {
        "drug": case.drug_id,
        "care_area": case.area_id,
        "first_month": str(first_of(told)),
        "last_month": str(told.picked.month),
        "lake": told.standing.about.fingerprint,
        "library": version.sha256,
        "alerts": case.alerts,
        "dangerous_attempts": case.dangerous,
        "caught": case.caught,
        "twofold_alerts": case.twofold,
        "quick_overrides": case.quick,
        "pattern": case.pattern,
        "purpose": told.standing.about.purpose,
    }
    if line is not None:
        numbers |= {"entry": line.entry, "mode": line.mode, "parameter": line.parameter, "limits": line.limits}
        numbers |= {"attempts": line.attempts, "suggestion": line.suggestion}
    return {"headline": headline(told, case, line), "answer": numbers, "sha256": book.digest(numbers)}


def headline(told: Opened, case: Case, line: Line | None) -> str:
    """Return the evidence in words."""
    span = f"{first_of(told).words} to {told.picked.month.words}"
    said = (
        f"{case.alerts:,} alerts on {case.drug} in {case.area}, {span} ({case.per_100} per 100 infusions):"
        f" {case.overridden} of the soft ones overridden, {case.quick:,} within 2 seconds; {case.dangerous:,} dangerous"
        f" attempts, of which {case.caught:,} were caught; {case.pattern}."
    )
    if line is None or line.suggestion is None:
        return said
    found: Mapping[str, Any] = line.suggestion
    return (
        f"{said} Suggested: soft maximum of {line.parameter} ({line.words}) {found['now']} to {found['then']}: of"
        f" {line.attempts:,} attempts {found['alerts_then']:,} would alert instead of {found['alerts_now']:,}"
        f" ({found['reason']}). Nothing was changed by this."
    )


def hides_suggestion(told: Opened, entry: str, actor: Actor) -> bool:
    """Whether a suggestion tells what somebody is still to check blind: a request that carries it waits for them."""
    open_ones = Evidence.objects.filter(change__organisation=told.organisation, content__answer__entry=entry)
    return any(is_hidden_from(request_of(one.change), actor) for one in open_ones.select_related("change"))
