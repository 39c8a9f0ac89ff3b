"""Change requests in the database: core judges, the desk keeps, and the audit record tells of each deed."""

from datetime import UTC, datetime

import pytest

from openinfusion.adapters.documents import to_json
from openinfusion.core.audit import verify
from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.governance import Record
from openinfusion.core.stages import Stage
from openinfusion.web.audit.book import records
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.desk import move, open_change, request_of, take_in_draft
from openinfusion.web.library.models import Part
from openinfusion.web.library.store import library_of, save_item

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)


@pytest.fixture
def change(library, person):
    return open_change(
        library, title="Wider limit", trigger=next(iter(Trigger)), urgency=Urgency.ROUTINE, by=person("author"), at=AT
    )


def edit(change, person):
    entry = next(one for one in library_of(change.draft.base).entries if one.dose and one.dose.soft_max)
    content = to_json(entry)
    content["dose"]["soft_max"] = content["dose"]["hard_max"]
    save_item(change.draft, Part.ENTRY, entry.id, content=content, seen=0, by=person("author"), at=AT)
    return entry


def test_references_count_within_a_year(change, library, person):
    """Each is given once, in order."""
    second = open_change(
        library, title="Another", trigger=next(iter(Trigger)), urgency=Urgency.ROUTINE, by=person("mso"), at=AT
    )
    assert (change.reference, second.reference) == ("CR-2026-001", "CR-2026-002")


def test_a_draft_tells_a_request_what_changes_and_whom_it_touches(change, person):
    """The changes are those of the difference; every changed value will be checked blind."""
    entry = edit(change, person)
    request = request_of(take_in_draft(change, by=person("author"), at=AT))
    assert [one.entry for one in request.changes] == [entry.id]
    assert request.areas == (entry.care_area,)
    assert request.values


def test_what_core_refuses_leaves_nothing_behind(change, person):
    """Neither the request nor the audit record shows what was not allowed."""
    before, rows = change.content, AuditRow.objects.count()
    with pytest.raises(ChangeControlError, match=r"only|committee"):
        move(change, Stage.APPROVED, by=person("reader"), at=AT, record=Record(reason="Now"), facts=None)
    change.refresh_from_db()
    assert (change.content, AuditRow.objects.count()) == (before, rows)


def test_every_deed_is_in_the_chain(change, person):
    """The chain of the record holds."""
    edit(change, person)
    take_in_draft(change, by=person("author"), at=AT)
    told = list(records())
    assert [one.action for one in told][-2:] == ["open change", "edit draft"]
    assert verify(told) == ()
