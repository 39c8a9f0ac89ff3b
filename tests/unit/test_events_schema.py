"""The published JSON Schema says what the reader does, and the page what both do."""

import json
from random import Random

import event_page
import jsonschema
import pytest

from openinfusion.adapters.events.record import read_record
from openinfusion.adapters.events.schema import events_schema
from openinfusion.core.events import Alarm, Event, EventLog, Kind, Response
from tests.event_records import EVERY_KIND, WITH_SLIPS, example_records, spoilt

RECORDS = 1000
# What a schema cannot say: years and days, what prints, which units there are and what they measure, rules between two
# fields, objects whose values are all null, and that 1.0 is not how a whole number is written.
BEYOND_A_SCHEMA = (
    *("a year from", "a day that the calendar has", "printable characters", "the UCUM code", "a unit", "or the like"),
    *("kg, m2", "alone", "a concentration", "above the limit", "below the limit", "zero or more", "the first lost"),
    *("another record", "at least one value", "without quotes or a point", "seconds", "in full", "a depth of"),
    *("a number that a computer holds", "kg: a weight", "like", "[iU]"),
    *("transitioning or not delivering", "delivering or kvo", "if it is not delivering"),
)


@pytest.fixture(scope="module")
def validator():
    schema = events_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    "line", EVERY_KIND.read_text().splitlines(), ids=lambda line: json.loads(line).get("kind", "header")
)
def test_the_worked_examples_are_valid(validator, line):
    validator.validate(json.loads(line))


def test_there_is_a_worked_example_of_every_kind():
    assert {record["kind"] for record in example_records()} == {kind.value for kind in Kind}


def test_the_slips_are_seen_by_the_schema_where_it_can():
    validator = jsonschema.Draft202012Validator(events_schema())
    records = [json.loads(line) for line in WITH_SLIPS.read_text().splitlines()[1:]]
    assert [validator.is_valid(record) for record in records] == [True, False, False, False, False, True]


def test_schema_and_reader_agree(validator):
    """On a corpus of good and bad records: each fault of the reader is one of the schema, or one that it cannot say."""
    random = Random(3)  # noqa: S311 - the same ones every time
    examples = example_records()
    both_good = both_bad = beyond = 0
    for _ in range(RECORDS):
        record = spoilt(random.choice(examples), random)
        faults = read_record(record).faults
        sayable = [fault for fault in faults if not any(words in fault.expected for words in BEYOND_A_SCHEMA)]
        if validator.is_valid(record):
            assert not sayable, (record, sayable)
            both_good += not faults
            beyond += bool(faults)
        else:
            assert faults, (record, next(validator.iter_errors(record)))
            both_bad += 1
    assert min(both_good, both_bad) > RECORDS // 5
    assert beyond < RECORDS // 4


@pytest.mark.parametrize(
    "header",
    [
        {"organisation": "x"},
        {"format": "openinfusion-events", "format_version": "2.0", "organisation": "x"},
        {"format": "openinfusion-events", "format_version": "1.0"},
        {"format": "openinfusion-events", "format_version": "1.0", "organisation": "x", "purpose": "fun"},
        {"format": "openinfusion-library", "format_version": "1.0", "organisation": "x"},
    ],
)
def test_a_header_that_the_reader_refuses_is_invalid(validator, header):
    assert not validator.is_valid(header)


def test_a_newer_minor_version_is_valid(validator):
    header = {"format": "openinfusion-events", "format_version": "1.7", "organisation": "x", "new": 1}
    assert validator.is_valid(header)


def test_every_field_has_its_meaning():
    for name, part in events_schema()["$defs"].items():
        for key, value in part.get("properties", {}).items():
            assert value.get("description") or name == "Event", f"{name}.{key}"


def test_the_page_has_every_field_kind_and_word():
    """A kind or an alarm without its words would raise."""
    page = event_page.page()
    names = [*Event.__slots__, *EventLog.__slots__]
    assert [name for name in names if f"`{name}`" not in page] == []
    words = [one.value for words in (Kind, Response, Alarm) for one in words]
    assert [word for word in words if f"| `{word}` |" not in page] == []
