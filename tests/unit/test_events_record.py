"""What is said of a record that breaks a rule, and what is kept of one that this version does not know."""

import json

import pytest

from openinfusion.adapters.events import event_from_row, parse_lines, to_row
from openinfusion.adapters.events.columns import columns, record_from_row
from openinfusion.adapters.events.mirror import mirror
from openinfusion.adapters.events.record import read_line, read_record
from openinfusion.adapters.events.shape import Form, parts_of
from openinfusion.core import events as core
from openinfusion.core.errors import EventError
from openinfusion.core.events import Event
from tests.event_records import HEADER, example_records

BARE = {"event_id": "1", "kind": "power_on", "pump": "P", "at": "2026-03-31T14:05:00+01:00"}


def said(**told):
    """Path and finding of every fault of a record that says this."""
    return [(fault.path, fault.found) for fault in read_record({**BARE, **told}).faults]


@pytest.mark.parametrize(
    ("told", "path", "found"),
    [
        ({"pump": 7}, "pump", "a number"),
        ({"at": "2026-03-31T14:05:00"}, "at", "'2026-03-31T14:05:00', without its zone"),
        ({"at": "2026-02-30T14:05:00Z"}, "at", "'2026-02-30T14:05:00Z'"),
        ({"received": "1899-01-01T00:00:00Z"}, "received", "the year 1899"),
        ({"sequence": 1.5}, "sequence", "a number"),
        ({"sequence": 2**63}, "sequence", "a number beyond 64 bits"),
        ({"connected": "yes"}, "connected", "a text of 3 characters"),
        ({"alarm": "bell"}, "alarm", "'bell'"),
        ({"power": "steam"}, "power", "'steam'"),
        ({"clock_offset": "1e3"}, "clock_offset", "'1e3'"),
        ({"programme": []}, "programme", "a list"),
        ({"programme": {}}, "programme", "an object without a value"),
        ({"programme": {"dose": "1 mg"}}, "programme.dose", "a text of 4 characters"),
        ({"programme": {"dose": {"value": "1"}}}, "programme.dose.unit", "nothing"),
        ({"programme": {"dose": {"value": "1", "unit": "MU"}}}, "programme.dose.unit", "'MU'"),
        ({"library": {"name": "L"}}, "library.version", "nothing"),
        ({"private": {"patient": ["x"]}}, "private.patient", "a list"),
    ],
)
def test_a_fault_names_its_path_and_what_stands_there(told, path, found):
    assert said(**told) == [(path, found)]


def test_every_fault_of_a_record_is_found():
    """Of values and of rules together; a value that cannot be read is not also called absent."""
    faults = said(
        kind="alert_answered",
        infusion=3,
        alert={"parameter": "dose", "limit": "soft", "attempted": {"value": 2, "unit": "x"}, "bound": None},
        sequence=-1,
        about="1",
    )
    assert [path for path, _ in faults] == [
        "infusion",
        "alert.limit",
        "alert.attempted.value",
        "alert.attempted.unit",
        "alert.bound",
        "response",
        "sequence",
        "about",
    ]


def test_what_every_record_must_tell_is_asked_for():
    assert [fault.path for fault in read_record({}).faults] == ["event_id", "kind", "pump", "at"]


@pytest.mark.parametrize(
    "told",
    [
        {"private": {"patient": 9434765919}},
        {"private": {"patient": "9434765919\n"}},
        {"private": "9434765919"},
        {"episode": "9434765919\u200b"},
        {"pump": "9434765919" * 30},
        {"9434765919": {"deep": json.loads("[" * 70 + "]" * 70)}},
    ],
)
@pytest.mark.hazard("IT-04")
def test_no_message_quotes_what_may_name_somebody(told):
    """A fault says what kind of value it found, and where; a number of the health service is in none of them."""
    faults = read_record({**BARE, **told}).faults
    assert faults
    assert not any("9434765919" in fault.found + fault.expected for fault in faults)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"", "the end of the file"),
        (b"{", "the end of the file"),
        (b"[1]", "a list"),
        (b'{"a":1,"a":2}', "the key 'a' twice"),
        (b'{"a":NaN}', "NaN, which is not JSON"),
        (b'{"a":"\xff"}', "byte 0xff"),
        (b'{"a":"\\ud800"}', "half a character"),
        (b'{"a":1e400}', "a number too large"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "objects or lists inside each other"),
        (b"[" * 100_000, "brackets inside brackets"),
        (b'{"a":' + b"9" * 5000 + b"}", "Exceeds the limit (4300 digits)"),
    ],
)
def test_a_line_that_is_no_record_has_one_fault(line, found):
    (fault,) = read_line(line).faults
    assert fault.found.startswith(found)


def test_unknown_fields_are_kept_at_their_place():
    """At the top, in a group, in a quantity, and one whose name is that of the column."""
    record = {
        **BARE,
        "humidity": [1, None, 0.5],
        "extra": {"a": 1},
        "programme": {"dose": {"value": "1", "unit": "mg/h", "raw": "1,0"}, "colour": "red"},
    }
    event = read_record(record).event
    assert event is not None
    assert event.extra == {
        "humidity": [1, None, 0.5],
        "extra": {"a": 1},
        "programme": {"dose": {"raw": "1,0"}, "colour": "red"},
    }
    assert record_from_row(to_row(event)) == record
    assert event_from_row(to_row(event)) == event


def test_a_record_of_an_unknown_kind_is_kept_whole():
    """Known fields that fit go to their columns; what does not fit stays as it came."""
    record = {
        **BARE,
        "kind": "door_opened",
        "ward": "W",
        "seconds": 7.5,
        "programme": {"dose": {"value": "1", "unit": "mg/h", "raw": 1}},
        "alert": {"new": "shape"},
        "delivered": None,
        "side": "left",
    }
    reading = read_record(record)
    assert (reading.event, reading.faults, reading.event_id) == (None, (), "1")
    row = reading.unknown
    assert row is not None
    assert (row["kind"], row["ward"], row["programme_dose"]) == ("door_opened", "W", "1")
    assert "seconds" not in row
    assert record_from_row(row) == {name: value for name, value in record.items() if value is not None}
    with pytest.raises(EventError):
        event_from_row(row)


@pytest.mark.parametrize("told", [{"pump": None}, {"at": "yesterday"}, {"event_id": ""}, {"kind": ""}, {"kind": "a\n"}])
def test_even_an_unknown_kind_names_itself_its_pump_and_its_time(told):
    """Without them nothing can be done with a record, whatever it means."""
    assert len(read_record({**BARE, "kind": "door_opened", **told}).faults) == 1


def test_spellings_are_read_and_written_one_way():
    """Shortest decimals and UCUM, on both paths."""
    record = {**BARE, "programme": {"dose": {"value": "0.50", "unit": "mcg/kg/min"}}, "seconds": "-0"}
    event = read_record(record).event
    assert event is not None
    row = to_row(event)
    assert (row["programme_dose"], row["programme_dose_unit"], row["seconds"]) == ("0.5", "ug/kg/min", "0")
    bulk = parse_lines(json.dumps(record).encode(), 2, HEADER).table.row(0, named=True)
    assert {name: value for name, value in bulk.items() if value is not None} == row


def test_the_bulk_path_takes_good_records_at_once(monkeypatch):
    """None of the worked examples needs the slow path; otherwise taking in would be slow without anybody noticing."""
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in example_records())
    monkeypatch.setattr("openinfusion.adapters.events.bulk.read_line", None)
    assert parse_lines(lines, 2, HEADER).accepted == len(example_records())


def test_the_bulk_path_counts_blank_lines():
    """Lines read are accepted, rejected, unknown or blank."""
    chunk = parse_lines(b'\n  \n{"event_id":"1"}\n' + json.dumps(BARE).encode() + b"\r\n", 7, HEADER)
    assert (chunk.blank, chunk.accepted, chunk.unknown, chunk.lines) == (2, 1, 0, 4)
    assert [(one.line, one.event_id, len(one.faults)) for one in chunk.rejected] == [(9, "1", 3)]
    assert dict(chunk.table.schema) == columns()
    assert dict(parse_lines(b"", 2, HEADER).table.schema) == columns()


def test_core_knows_every_text_of_the_shape():
    """A text field that is added to the format is held to the rule of texts."""
    mine = {part.name for part in parts_of(Event) if part.form is Form.TEXT}
    inner = {
        part.name: tuple(one.name for one in part.parts if one.form is Form.TEXT)
        for part in parts_of(Event)
        if any(one.form is Form.TEXT for one in part.parts)
    }
    assert mine == set(core._TEXTS)
    assert inner == core._GROUP_TEXTS


def test_the_mirror_has_the_fields_of_core():
    """Made from the dataclass, so nothing is defined twice."""
    assert mirror().__struct_fields__ == tuple(part.name for part in parts_of(Event))
