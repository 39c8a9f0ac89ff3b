"""The audit record: whatever byte of it is changed, the check finds it; the database itself refuses a change."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from openinfusion.core.errors import OperatorError
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.audit import book
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.audit.verifying import audit_faults, read_anchor

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)
TEXTS = ("utc", "actor", "role", "action", "object", "before_hash", "after_hash", "reason", "prev_hash", "hash")


@pytest.fixture
def rows(person):
    """Three rows, each field of which says something; the second is the one that is changed."""
    trust = Organisation.objects.get(slug="example-trust")
    for number in range(3):
        book.write(
            "edit",
            f"draft {number}",
            by=person("author"),
            organisation=trust,
            at=AT,
            role="library_pharmacist",
            before={"n": number},
            after={"n": number + 1},
            reason="a reason",
        )
    return list(AuditRow.objects.order_by("seq"))


@pytest.fixture
def unguarded(rows):
    """The table without the triggers that refuse changes, as somebody with the database in hand makes it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER audit_no_change ON audit_auditrow")
        else:
            cursor.execute("DROP TRIGGER audit_no_UPDATE")
            cursor.execute("DROP TRIGGER audit_no_DELETE")
    return rows


def run(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_an_untouched_record_has_no_fault(rows):
    """With and without the anchor that was kept."""
    count, faults, anchor = audit_faults()
    assert (faults, anchor) == ([], f"{rows[-1].seq}:{rows[-1].hash}")
    assert audit_faults(read_anchor(anchor))[1] == []
    assert count == len(rows)


@pytest.mark.parametrize("field", TEXTS)
def test_any_byte_of_any_text_that_is_changed_is_found(unguarded, field):
    """Each place of each text, one after another; the fault names the row, or the one that no longer follows."""
    row = unguarded[-2]
    text = getattr(row, field)
    for place in range(len(text)):
        changed = text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]
        run(f"UPDATE audit_auditrow SET {field} = %s WHERE seq = %s", changed, row.seq)  # noqa: S608 - our own names
        first = audit_faults()[1][0]
        assert first.startswith((f"record {row.seq:,}:", f"record {row.seq + 1:,}:")), (field, place, first)
    run(f"UPDATE audit_auditrow SET {field} = %s WHERE seq = %s", text, row.seq)  # noqa: S608 - as before
    assert audit_faults()[1] == []


def test_a_changed_organisation_is_found(unguarded):
    """A row cannot be moved out of the sight of those whom it concerns."""
    other = Organisation.objects.create(slug="other", name="Other Trust")
    for value in (other.pk, None):
        run("UPDATE audit_auditrow SET organisation_id = %s WHERE seq = %s", value, unguarded[-2].seq)
        assert audit_faults()[1][0].startswith(f"record {unguarded[-2].seq:,}:")


def test_a_changed_number_is_found(unguarded):
    """A row cannot be put elsewhere."""
    run("UPDATE audit_auditrow SET seq = %s WHERE seq = %s", 900, unguarded[-2].seq)
    assert audit_faults()[1]


def test_a_row_that_is_gone_is_found(unguarded):
    """In the middle by itself; at the end with the anchor that was kept elsewhere."""
    anchor = read_anchor(audit_faults()[2])
    run("DELETE FROM audit_auditrow WHERE seq = %s", unguarded[-1].seq)
    assert audit_faults()[1] == []
    assert "the end is missing" in audit_faults(anchor)[1][0]
    run("DELETE FROM audit_auditrow WHERE seq = %s", unguarded[-3].seq)
    assert audit_faults()[1]


@pytest.mark.parametrize("statement", ["UPDATE audit_auditrow SET reason = 'x'", "DELETE FROM audit_auditrow"])
def test_the_database_refuses_a_change(rows, statement):
    """Whatever program asks for it."""
    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
        run(statement)


@pytest.mark.parametrize("text", ["", "12", "12:", "x:" + "0" * 64, "12:abc"])
def test_what_is_no_anchor_is_refused(text):
    """It says what one looks like."""
    with pytest.raises(OperatorError, match="a number, a colon and a hash"):
        read_anchor(text)
