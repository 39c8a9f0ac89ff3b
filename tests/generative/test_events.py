"""The fast path and the slow path judge alike; what is written is what was read."""

import json
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinfusion.adapters.events import (
    event_from_row,
    parse_lines,
    read_events,
    to_row,
    to_table,
    write_events,
)
from openinfusion.adapters.events.record import read_line
from openinfusion.core.event_parts import FlowSource, Pattern, Stopped
from openinfusion.core.events import STATUSES, Container, Event, Kind, Segment
from openinfusion.core.units import Quantity, Unit
from tests.event_records import HEADER, VALUES, example_records, spoilt, written

EXAMPLES = example_records()


def both_ways(lines):
    """The chunk of the fast path, and what the slow path says line by line."""
    chunk = parse_lines(b"".join(line + b"\n" for line in lines), 2, HEADER)
    return chunk, [read_line(line) for line in lines]


def assert_alike(lines):
    chunk, readings = both_ways(lines)
    rows = [reading.to_row() for reading in readings if not reading.faults]
    assert chunk.table.equals(to_table(rows))
    assert chunk.accepted == sum(reading.event is not None for reading in readings)
    assert chunk.unknown == sum(reading.unknown is not None for reading in readings)
    said = [(one.line, one.event_id, one.faults) for one in chunk.rejected]
    assert said == [(n, r.event_id, r.faults) for n, r in enumerate(readings, start=2) if r.faults]
    assert chunk.lines == len(lines)


@given(st.integers(0, 2**64))
def test_the_fast_path_gives_the_verdict_of_the_slow_one(seed):
    """The same rows, the same faults at the same lines, whatever is wrong with some of the records."""
    random = Random(seed)  # noqa: S311 - the seed is Hypothesis's
    records = [random.choice(EXAMPLES) for _ in range(12)]
    assert_alike([written(spoilt(one, random) if random.random() < 0.7 else one, random) for one in records])


FULL = ("programmed", "alert_raised", "completed", "clock_changed", "log_gap", "alarm_cleared", "kvo")
OFTEN = (
    *("drug", "programme", "alert", "delivered", "seconds", "clock_offset", "received", "about"),
    *("ended", "began", "container"),
)


@pytest.mark.parametrize("record", [one for one in EXAMPLES if one["kind"] in FULL], ids=lambda record: record["kind"])
def test_every_value_in_every_place(record):
    """No value that the slips know can stand anywhere and be judged in two ways."""
    lines = [
        json.dumps({**record, key: value}, ensure_ascii=False).encode() for key in (*record, *OFTEN) for value in VALUES
    ]
    assert_alike(lines)


BARE = {"event_id": "1", "kind": "power_on", "pump": "P", "at": "2026-03-31T14:05:00Z"}
MILLIGRAM = {"value": "1", "unit": "mg"}
SEGMENT = {"source": "primary", "status": "transitioning"}
START = {"source": "primary", "status": "delivering"}
ONE_RULE: tuple[dict[str, object], ...] = (
    {"about": "1"},
    {"supersedes": "1"},
    {"seconds": "-0.5"},
    {"seconds": "3153600000"},
    {"seconds": "3153600001"},
    {"clock_offset": "-3153600001"},
    {"clock_offset": "-0.5"},
    {"first_lost": 2, "last_lost": 1},
    {"programme": {}},
    {"programme": {"dose": None}},
    {"programme": {"dose": {"value": "-1", "unit": "mg"}}},
    {"programme": {"dose": {"value": "-0", "unit": "mg"}}},
    {"delivered": {"volume": MILLIGRAM}},
    {"delivered": {"duration": MILLIGRAM}},
    {"delivered": {"dose": MILLIGRAM}},
    {"infusion": "i", "ended": SEGMENT, "began": START},
    {"infusion": "i", "ended": START},
    {"infusion": "i", "began": SEGMENT},
    {"infusion": "i", "ended": {**SEGMENT, "because": "alarm"}},
    {"infusion": "i", "ended": {**SEGMENT, "status": "not delivering"}},
    {"infusion": "i", "ended": {**SEGMENT, "status": "not delivering", "because": "alarm"}},
    {"infusion": "i", "ended": {**SEGMENT, "pattern": "continuous", "step": -1}},
    {"infusion": "i", "ended": {**SEGMENT, "pattern": None, "step": 2}},
    {"infusion": "i", "ended": {**SEGMENT, "rate": {"value": "1", "unit": "mL"}}},
    {"infusion": "i", "ended": {**SEGMENT, "rate": {"value": "1", "unit": "mL/min"}}},
    {"infusion": "i", "began": {**START, "volume": MILLIGRAM}},
    {"infusion": "i", "began": {**START, "dose_rate": MILLIGRAM}},
    {"infusion": "i", "began": {"source": "primary"}},
    {"ended": SEGMENT},
    {"began": START},
    {"container": {"type": "syringe"}},
    {"container": {"type": "bottle"}},
    {"container": {"volume": {"value": "50", "unit": "mL"}}},
    {"container": {"type": "bag", "size": MILLIGRAM}},
    {"private": {"patient": "a\u200bb"}},
    {"library": {"name": "a\u0007", "version": "1"}},
    {"alert": {"parameter": "dose", "limit": "soft_max", "attempted": MILLIGRAM, "bound": MILLIGRAM}},
    {"alert": {"parameter": "dose", "limit": "hard_min", "attempted": MILLIGRAM, "bound": {"value": "2", "unit": "g"}}},
    {
        "alert": {
            "parameter": "dose",
            "limit": "hard_min",
            "attempted": MILLIGRAM,
            "bound": {"value": "2", "unit": "mL"},
        }
    },
)


@pytest.mark.parametrize("told", ONE_RULE, ids=str)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_each_rule_is_seen_by_both(told, ascii_only):
    """One record for each rule that the fast path checks in its own way, beside good ones."""
    lines = [json.dumps(one, ensure_ascii=ascii_only).encode() for one in (BARE, {**BARE, **told}, BARE)]
    assert_alike(lines)


@pytest.mark.parametrize(
    "line",
    [
        '{"event_id":"1","kind":"power_on","pump":"P","pump":"Q","at":"2026-03-31T14:05:00Z"}',
        '{"event_id":"1","kind":"power_on","pump":"P","at":"2026-03-31T14:05:00Z","ward":null,"ward":"A:B"}',
        r'{"event_id":"1","kind":"power_on","p\u0075mp":"P","pump" :"Q","at":"2026-03-31T14:05:00Z","ward":"\u003a"}',
        r'{"event_id":"1","kind":"power_on","pump":"\ud800","at":"2026-03-31T14:05:00Z"}',
        '{"event_id":"1","kind":"power_on","pump":"P","at":"2026-03-31T14:05:00Z","programme":{"dose":{"value":"1","value":"2","unit":"mg"}}}',
        '{"event_id":"1","kind":"power_on","pump":"P","at":"2026-03-31T14:05:00Z","sequence":NaN}',
    ],
)
def test_a_key_said_twice_is_seen_by_both(line):
    """Also where an escape hides it, or where one of the two is null; half a character and NaN are no JSON at all."""
    good = json.dumps(BARE).encode()
    assert_alike([good, line.encode(), good])
    assert read_line(line.encode()).faults


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1900, 1, 2), datetime(2299, 12, 30), timezones=zones)  # noqa: DTZ001
spans = st.builds(Fraction, st.integers(-(10**9), 10**9), st.sampled_from([1, 10, 1000, 64]))
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(str.isprintable)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=5,
)

amounts = st.builds(Fraction, st.integers(0, 10**9), st.sampled_from([1, 10, 1000, 64]))
counts = st.none() | st.integers(0, 2**63 - 1)


def quantities(*units):
    """Perhaps a quantity in one of these units."""
    return st.none() | st.builds(Quantity, amounts, st.sampled_from([Unit.read(unit) for unit in units]))


def words(hint):
    """One of the words that a field may have."""
    return st.sampled_from(get_args(hint))


volumes = quantities("mL", "L")
containers = st.builds(Container, type=st.sampled_from(["syringe", "bag"]), volume=volumes, size=volumes)


@st.composite
def segments(draw, part):
    """A delivery segment that ends or begins, with a reason if it has stopped."""
    status = draw(st.sampled_from(STATUSES[part]))
    return draw(
        st.builds(
            Segment,
            source=words(FlowSource),
            status=st.just(status),
            pattern=st.none() | words(Pattern),
            because=words(Stopped) if status == "not delivering" else st.none(),
            complete=st.none() | st.booleans(),
            step=counts,
            rate=quantities("mL/h", "mL/min", "L/h"),
            dose_rate=quantities("ug/kg/min", "mmol/h", "[iU]/h"),
            **dict.fromkeys(("volume", "total", "vtbi", "remaining"), volumes),
        )
    )


@st.composite
def events(draw) -> Event:
    """An event with a time in any zone, odd texts, segments of any kind and fields of a newer version."""
    base = read_line(json.dumps(draw(st.sampled_from(EXAMPLES))).encode()).event
    assert base is not None
    known = {name: getattr(base, name) for name in base.__slots__}
    extra = draw(st.dictionaries(texts.filter(lambda key: key not in known), json_values, max_size=2))
    changed = {
        "at": draw(times),
        "received": draw(st.none() | times),
        "clock_offset": draw(st.none() | spans),
        "ward": draw(st.none() | texts) if base.kind is not Kind.LOCATION_CHANGED else draw(texts),
        "infusion": base.infusion or draw(texts),
        **{part: draw(segments(part) | st.just(known[part])) for part in STATUSES},
        "container": draw(containers | st.just(base.container)),
        "extra": extra,
    }
    return Event(**{**known, **changed})


@given(events())
def test_an_event_is_its_row(event):
    """To the table and back nothing is lost: not the zone of a time, nor the last decimal, nor what nobody knows."""
    again = event_from_row(to_table([to_row(event)]).row(0, named=True))
    assert again == event
    assert again.at.utcoffset() == event.at.utcoffset()
    assert to_row(again) == to_row(event)


@given(st.lists(events(), max_size=4), st.sampled_from([".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"]))
def test_every_form_of_a_file_holds_the_same(tmp_path_factory, made, suffix):
    """Whatever the form, what is read is what was written, in that order."""
    path = tmp_path_factory.getbasetemp() / f"log{suffix}"
    write_events(path, HEADER, made)
    reader = read_events(path)
    assert reader.header == HEADER
    assert [line.event for line in reader] == made
    assert reader.lines_read == reader.accepted == len(made)


def test_a_time_in_utc_is_written_with_z():
    """The shortest spelling, as everywhere in the formats."""
    event = Event(event_id="1", kind=Kind.POWER_ON, pump="P", at=datetime(2026, 3, 31, 14, 5, tzinfo=UTC))
    assert to_row(event)["at_offset"] == 0
