"""The audit record: what was written stays as it was written, or is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from openinfusion.core.audit import NO_HASH, Anchor, AuditRecord, ChainFault, FaultKind, anchor_of, append, verify
from openinfusion.core.errors import ChangeControlError

START = datetime(2026, 11, 29, 9, tzinfo=UTC)


def chain(length: int = 5) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for number in range(length):
        records.append(
            append(
                records[-1] if records else None,
                at=START + timedelta(minutes=number),
                actor="ann",
                role="library_pharmacist",
                action="amend",
                subject=f"CR-{number}",
                reason="a µ reason",
            )
        )
    return records


def kinds(records: list[AuditRecord], anchor: Anchor | None = None) -> list[tuple[int, FaultKind]]:
    return [(fault.seq, fault.kind) for fault in verify(records, anchor=anchor)]


def test_a_chain_as_it_was_written_has_no_fault() -> None:
    records = chain()
    assert records[0].prev_hash == NO_HASH
    assert kinds(records) == []
    assert kinds(records, anchor_of(records[-1])) == []
    assert kinds([]) == []


def test_the_time_is_kept_in_utc() -> None:
    at = datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=1)))
    record = append(None, at=at, actor="ann", role="reader", action="read", subject="CR-1")
    assert record.utc == "2026-07-01T08:00:00+00:00"


def test_a_changed_reason_is_found() -> None:
    records = chain()
    records[2] = replace(records[2], reason="another")
    assert kinds(records) == [(3, FaultKind.CHANGED)]


def test_a_gap_is_found() -> None:
    records = chain()
    assert kinds([*records[:2], *records[3:]]) == [(4, FaultKind.GAP)]


def test_another_order_is_found() -> None:
    records = chain()
    swapped = [records[0], records[2], records[1], *records[3:]]
    assert kinds(swapped) == [(3, FaultKind.GAP), (2, FaultKind.OUT_OF_ORDER), (4, FaultKind.GAP)]


def test_a_record_twice_is_found() -> None:
    records = chain()
    assert kinds([*records[:2], *records[1:]]) == [(2, FaultKind.OUT_OF_ORDER)]


def test_a_lost_beginning_is_found() -> None:
    assert kinds(chain()[2:]) == [(3, FaultKind.NO_HEAD)]


def test_a_lost_end_is_found_by_the_anchor_alone() -> None:
    records = chain()
    anchor = anchor_of(records[-1])
    assert kinds(records[:-1]) == []
    assert kinds(records[:-1], anchor) == [(5, FaultKind.NO_TAIL)]
    assert kinds([], anchor) == [(5, FaultKind.NO_TAIL)]


def test_a_chain_written_anew_is_found_by_the_anchor_alone() -> None:
    """Whoever can write every hash can make a whole chain: what is kept elsewhere still differs."""
    records = chain()
    forged = records[:2]
    for record in records[2:]:
        other = replace(record, reason="another", prev_hash=forged[-1].hash)
        forged.append(replace(other, hash=other.computed_hash()))
    assert kinds(forged) == []
    assert kinds(forged, anchor_of(records[-1])) == [(5, FaultKind.OTHER_CHAIN)]


def test_a_record_replaced_with_its_hash_breaks_the_link_after_it() -> None:
    records = chain()
    other = replace(records[1], reason="another")
    records[1] = replace(other, hash=other.computed_hash())
    assert kinds(records) == [(3, FaultKind.NOT_LINKED)]


def test_what_moves_from_one_field_to_the_next_is_found() -> None:
    """The encoding names each field and its length, so "ab" + "c" is not "a" + "bc"."""
    record = append(None, at=START, actor="ab", role="c", action="d", subject="e")
    assert replace(record, actor="a", role="bc").computed_hash() != record.hash


@pytest.mark.parametrize(
    "spoil, words",
    [
        ({"at": START.replace(tzinfo=None)}, "a time with its zone"),
        ({"actor": " "}, "actor"),
        ({"action": ""}, "action"),
        ({"subject": ""}, "object"),
    ],
)
def test_a_record_of_nobody_or_nothing_is_refused(spoil: dict[str, object], words: str) -> None:
    given = {"at": START, "actor": "ann", "role": "reader", "action": "read", "subject": "CR-1", **spoil}
    with pytest.raises(ChangeControlError, match=words):
        append(None, **given)  # type: ignore[arg-type]


def test_a_fault_says_its_record() -> None:
    assert str(ChainFault(seq=1200, kind=FaultKind.GAP)) == "record 1,200: records before it are missing"
