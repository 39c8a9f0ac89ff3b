"""Any one byte of any field of any record that changes is found, and the record is named."""

from dataclasses import fields, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from openinfusion.core.audit import AuditRecord, FaultKind, append, verify

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)
words = st.text(min_size=1, max_size=8).filter(str.strip)
FIELDS = tuple(field.name for field in fields(AuditRecord))


@st.composite
def chains(draw: st.DrawFn) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for _ in range(draw(st.integers(1, 5))):
        previous = records[-1] if records else None
        said = [draw(words) for _ in range(5)]
        records.append(
            append(previous, at=AT, actor=said[0], role=said[1], action=said[2], subject=said[3], reason=said[4])
        )
    return records


def changed(text: str, place: int, bit: int) -> str:
    """The text with one byte of its UTF-8 another; what is no UTF-8 any more is kept as it is read back."""
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    data[place % len(data)] ^= bit
    return data.decode("utf-8", "surrogateescape")


@given(chains(), st.integers(0, 99), st.sampled_from(FIELDS), st.integers(0, 999), st.integers(1, 255))
def test_a_changed_byte_is_found_in_its_record(chain, number, field, place, bit):
    number %= len(chain)
    record = chain[number]
    before = getattr(record, field)
    if field == "seq":
        after: object = before + bit
    else:
        after = changed(before or "x", place, bit) if before else "x"
    broken = [*chain[:number], replace(record, **{field: after}), *chain[number + 1 :]]
    first = verify(broken)[0]
    assert (first.seq, first.kind) == (number + 1, FaultKind.CHANGED)


@given(chains(), st.data())
def test_records_taken_out_or_moved_are_found(chain, data):
    """A cut end needs the anchor; every other loss and every other order shows by itself."""
    kept = data.draw(st.permutations(chain))[: data.draw(st.integers(0, len(chain)))]
    is_whole_beginning = list(kept) == chain[: len(kept)]
    assert (verify(list(kept)) == ()) is is_whole_beginning


@given(chains(), st.integers(1, 8))
def test_what_two_fields_say_cannot_be_said_by_others(chain, cut):
    record = chain[-1]
    joined = record.actor + record.role
    actor, role = joined[:cut], joined[cut:]
    if (actor, role) != (record.actor, record.role):
        assert replace(record, actor=actor, role=role).computed_hash() != record.hash
