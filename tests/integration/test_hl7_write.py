"""What we write: every kind of record comes back whole, and other readers of HL7 see the same messages."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import hl7
import pytest
from hl7apy.parser import parse_message

from openinfusion.adapters.events import read_events
from openinfusion.adapters.hl7 import read_meaning, read_message
from openinfusion.adapters.hl7.nomenclature import rows
from openinfusion.adapters.hl7.story import from_bytes, hear, tell, to_bytes
from openinfusion.adapters.hl7.vocabulary import OWN_EVENT, PLACES
from openinfusion.adapters.hl7.write import Sender, Sending, write_record, write_report
from openinfusion.core.errors import AuthorError
from openinfusion.core.events import Kind, Private

EVERY_KIND = Path(__file__).parents[2] / "examples/events/every-kind.jsonl"
NOW = datetime(2026, 4, 1, tzinfo=UTC)
EVENTS = [line.event for line in read_events(EVERY_KIND) if line.event is not None]
SENDING = Sending(sender=Sender(), at=NOW)


def told(messages, *, is_strict=True):
    heard = []
    for raw in messages:
        meaning = read_meaning(read_message(raw))
        assert meaning.warnings == () or not is_strict
        heard += [from_bytes(to_bytes(one)) for one in hear(meaning, received=NOW, key=meaning.header.control_id)]
    return tell(heard)


def usual(event):
    """An event with what every message says: when it came, and that delivery is continuous unless told otherwise."""
    parts = {
        name: replace(part, pattern=part.pattern or "continuous")
        for name in ("ended", "began")
        if (part := getattr(event, name)) is not None
    }
    return replace(event, received=event.received or NOW, **parts)


def test_the_example_has_every_kind():
    assert {event.kind for event in EVENTS} == set(Kind)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event.kind.value}-{event.event_id}")
def test_a_record_comes_back_whole(event):
    assert told(write_record(event, SENDING)).events == (usual(event),)


@pytest.mark.parametrize(
    "text", ["A|B^C~D&E", "back\\slash \\F\\", " blanks around ", "a=b", "unknown", "0", "é ü 日本"], ids=repr
)
def test_any_text_comes_back(text):
    private = Private(patient=text, user=text, bed=text, order=text)
    names = dict.fromkeys(
        ("ward", "drug", "care_area", "model", "software", "maker", "reason", "pump", "event_id"), text
    )
    event = replace(EVENTS[0], **names, private=private, supersedes=None)
    assert told(write_record(event, SENDING), is_strict=False).events == (usual(event),)


def test_what_this_version_does_not_know_comes_back():
    event = replace(EVENTS[0], extra={"new": {"deep": ["|", 1, None]}})
    assert told(write_record(event, SENDING)).events == (usual(event),)


def every_message():
    for event in EVENTS:
        yield from write_record(event, SENDING)
        report = write_report(event, SENDING)
        if report is not None:
            yield report


def test_python_hl7_and_hl7apy_see_the_same_messages():
    for raw in every_message():
        ours, theirs = read_message(raw), hl7.parse(raw.decode())
        assert [line.name for line in ours.segments] == [str(one[0]) for one in theirs]
        for line, one in zip(ours.segments, theirs, strict=True):
            assert line.fields == [str(field) for field in one][: len(line.fields)]
        names = [one.name for one in parse_message(raw.decode(), find_groups=False).children]
        assert names == [line.name for line in ours.segments]


def test_no_code_that_is_a_defect_is_written():
    fit = {(str(row.code), row.refid) for row in rows() if row.use == "emit"}
    for raw in every_message():
        for line in read_message(raw).all("OBX"):
            code, name = line.components(3)[:2]
            assert (code, name) in fit or (code == "0" and name.startswith("MDCX_OI_")), name
            value = line.components(5)
            if len(value) > 2 and value[2] == "MDC":
                assert tuple(value[:2]) in fit or value[1].startswith(OWN_EVENT)


def test_every_place_of_the_table_is_a_code_that_is_written():
    written = {line.components(3)[0] for raw in every_message() for line in read_message(raw).all("OBX")}
    places = {str(place) for place in PLACES.values() if isinstance(place, int)}
    assert places - written <= {"68060", "188744"}


def test_a_sender_without_a_world_wide_number_is_refused():
    with pytest.raises(AuthorError, match="16 hexadecimal digits"):
        Sender(eui="12")
