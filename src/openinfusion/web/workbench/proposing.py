"""Proposals that are kept, and what becomes of one: evidence on a change request, and a limit in its draft."""

from datetime import datetime
from typing import Any

from django.db import transaction

from openinfusion.adapters.report.tables import entry_words
from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.core.limits import Limits
from openinfusion.core.numbers import decimal_text
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import User
from openinfusion.web.audit import book
from openinfusion.web.changes.desk import open_change
from openinfusion.web.changes.models import Change, Evidence
from openinfusion.web.drafts.keep import Edit, draft_of, revision_of, save
from openinfusion.web.insight.suggesting import describe
from openinfusion.web.library.models import Part
from openinfusion.web.library.store import item_content
from openinfusion.web.workbench.asking import Told, texts_of
from openinfusion.web.workbench.gathering import Bench
from openinfusion.web.workbench.models import Proposal


@transaction.atomic
def keep_proposal(bench: Bench, limits: Limits, *, name: str, by: User, at: datetime) -> Proposal:
    """Keep limits under a name."""
    made = Proposal.objects.create(
        organisation=bench.told.organisation,
        entry=bench.entry.id,
        group=bench.group,
        unit=limits.unit.code,
        name=name,
        limits=texts_of(limits),
        by=by,
        at=at,
    )
    _book("keep a proposal", bench, by=by, at=at, after={"name": name, "unit": made.unit, **made.limits})
    return made


def _book(what: str, bench: Bench, *, by: User, at: datetime, after: Any) -> None:  # noqa: ANN401 - JSON
    organisation = bench.told.organisation
    role = by.actor.role_for(Permission.PROPOSE, organisation=organisation.slug)
    about = f"{bench.entry.id} {bench.group}"[:200]
    book.write(what, about, by=by, organisation=organisation, at=at, role=role.value if role else "", after=after)


@transaction.atomic
def take_to_change(
    bench: Bench, limits: Limits, told: Told, *, name: str, change: Change | None, by: User, at: datetime
) -> Change:
    """
    Carry a proposal to a change request as its evidence; without one, open one with the limits in its draft.

    The title tells no new value, since whoever will check the change sees it. The draft is edited by whoever may edit
    drafts; from anybody else the request carries the evidence alone.

    Raises:
        ChangeControlError: the person may not propose.

    """
    is_new = change is None
    place = f"{bench.library.drug(bench.entry.drug).name}, {bench.library.care_area(bench.entry.care_area).name}"
    if change is None:
        title, library = f"{place}: limits to be looked at"[:200], bench.version.library
        change = open_change(library, title=title, trigger=Trigger.LOG_SIGNAL, urgency=Urgency.ROUTINE, by=by, at=at)
    kept = content_of(bench, limits, told, name=name)
    title = f"What other limits would have done: {place}"[:200]
    kind = Evidence.Kind.REPLAY
    Evidence.objects.create(change=change, kind=kind, title=title, content=kept, done=100, by=by, at=at)
    book.write("file evidence", change.reference, by=by, organisation=change.organisation, at=at, after=kept)
    edits = by.actor.role_for(Permission.EDIT_DRAFT, organisation=change.organisation.slug) is not None
    if is_new and edits:
        _edit(change, bench, limits, by=by, at=at)
    return change


def _edit(change: Change, bench: Bench, limits: Limits, *, by: User, at: datetime) -> None:
    """Put the limits in the draft, exactly; what was not moved stays as it is written."""
    draft = draft_of(change)
    content = item_content(draft, Part.ENTRY, bench.entry.id)
    within = content
    for part in bench.group.split("."):
        within = within[part]
    for name in texts_of(limits):
        bound = getattr(limits, name)
        if bound != getattr(bench.limits, name):
            within[name] = None if bound is None else decimal_text(bound)
    seen = revision_of(draft, Part.ENTRY, bench.entry.id)
    edit = Edit(part=Part.ENTRY, item=bench.entry.id, content=content, seen=seen)
    save(change, [edit], what="edit draft", by=by, at=at, reason="proposed on the what-if workbench")


def content_of(bench: Bench, limits: Limits, told: Told, *, name: str) -> dict[str, Any]:
    """Return the evidence: a sentence, the question, the period, the version of the lake, the numbers, their hash."""
    picked, about = bench.told.picked, bench.told.standing.about
    numbers: dict[str, Any] = {
        "question": "what other limits would have done with the programmes of a month and the twelve months before it",
        "proposal": name,
        "entry": bench.entry.id,
        "group": bench.group,
        "unit": limits.unit.code,
        "limits_now": texts_of(bench.limits),
        "limits_then": texts_of(limits),
        "first_month": str(picked.first),
        "last_month": str(picked.month),
        "lake": about.fingerprint,
        "lake_version": about.version,
        "library": bench.version.sha256,
        "purpose": about.purpose,
        **told.to_json(),
    }
    words = (
        f"{entry_words(bench.library, bench.entry.id)}, {picked.first.words} to {picked.month.words}:"
        f" {describe(bench.limits)}; proposed: {describe(limits)}. {told.headline} Nothing was changed by this."
    )
    return {"headline": words, "answer": numbers, "sha256": book.digest(numbers)}
