"""What the lake makes of events: whole numbers, digests that tell records apart, nothing that names a person."""

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from openinfusion.adapters.events.bulk import parse_lines
from openinfusion.core.events import EventLog
from openinfusion.lake.intake import digests, prepare

HEADER = EventLog(organisation="trust")
ALERT = {"parameter": "dose", "limit": "soft_max"}


def _table(**more: Any) -> pl.DataFrame:
    record = {"event_id": "e1", "kind": "power_on", "pump": "p1", "at": "2026-03-31T23:30:00+01:00"} | more
    chunk = parse_lines(json.dumps(record).encode(), 2, HEADER)
    assert chunk.rejected == []
    return chunk.table


def _row(**more: Any) -> dict[str, Any]:
    return prepare(_table(**more), "trust").table.row(0, named=True)


def _alert(attempted: tuple[str, str], bound: tuple[str, str], limit: str = "soft_max") -> dict[str, Any]:
    values = {"attempted": attempted, "bound": bound}
    told = {name: {"value": value, "unit": unit} for name, (value, unit) in values.items()}
    return {"parameter": "dose", "limit": limit, **told}


@pytest.mark.parametrize(
    ("attempted", "bound", "limit", "thousandths"),
    [
        (("3", "ug/kg/min"), ("120", "ug/kg/h"), "soft_max", 1500),
        (("2.999", "ug/kg/min"), ("2", "ug/kg/min"), "hard_max", 1499),
        (("0.3", "mg"), ("1000", "ug"), "hard_min", 3333),
        (("0", "mg"), ("1", "mg"), "soft_min", None),
    ],
)
def test_times_the_limit_is_exact_and_rounded_down(attempted, bound, limit, thousandths):
    row = _row(kind="alert_raised", infusion="i", alert=_alert(attempted, bound, limit))
    assert row.get("ratio_thousandths") == thousandths


@pytest.mark.parametrize(
    ("offset", "moment"),
    [(None, (22, 30, 0, 0)), ("90.5", (22, 28, 29, 500_000)), ("-0.000001", (22, 30, 0, 1))],
)
def test_the_moment_is_the_time_of_the_pump_less_the_offset_of_its_clock(offset, moment):
    row = _row() if offset is None else _row(clock_offset=offset)
    hour, minute, second, micro = moment
    assert row["moment"] == datetime(2026, 3, 31, hour, minute, second, micro, tzinfo=UTC)
    assert row["month"] == "2026-03"


def test_a_month_is_of_coordinated_time():
    """Half past midnight on 1 April in London is still March."""
    assert _row(at="2026-04-01T00:30:00+01:00")["month"] == "2026-03"


def test_times_are_whole_numbers_rounded_down():
    cleared = _row(kind="alarm_cleared", alarm="air", about="e0", seconds="2.0009")
    assert cleared["milliseconds"] == 2000
    done = _row(kind="completed", infusion="i", delivered={"duration": {"value": "1.99", "unit": "min"}})
    assert done["ran_seconds"] == 119


@pytest.mark.hazard("DA-02")
def test_what_may_identify_a_person_is_not_kept():
    row = _row(private={"patient": "999 000 0000", "user": "nurse", "bed": "3", "order": "17"})
    assert not [name for name in row if name.startswith("private")]
    assert "999 000 0000" not in row.values()


def test_a_record_is_the_same_whoever_the_patient_is():
    """The lake does not know the patient, so it cannot tell two records apart by it."""
    one, other = (prepare(_table(**more), "trust").hashes.digest[0] for more in ({}, {"private": {"patient": "1"}}))
    assert one == other


def test_the_digest_is_the_same_in_every_version():
    """A lake of years ago must still know a record that is sent again."""
    table = pl.DataFrame({"ward": ["A", None], "sequence": [7, 7]})
    assert [f"{word:016x}" for word in digests(table)] == ["82af1beb7eb8119d", "59d95bc2f435e126"]


def test_the_digest_tells_any_other_value_and_no_other_spelling():
    """A value, its absence, or its field make another record; another spelling of the same number or time does not."""
    base = _table(seconds="1.5", ward="A")
    same = _table(seconds="1.50", ward="A", at="2026-03-31T22:30:00.000+00:00").with_columns(
        at_offset=base["at_offset"]
    )
    others = [
        _table(seconds="1.5", ward="B"),
        _table(seconds="1.5"),
        _table(seconds="1.5", care_area="A"),
        _table(seconds="1.5", ward="A", sequence=0),
        _table(seconds="1.5", ward="A", software="A"),
    ]
    assert digests(base).tolist() == digests(same).tolist()
    assert len({digests(table)[0] for table in (base, *others)}) == 6


def test_the_digest_of_a_record_is_the_same_beside_any_others():
    """A record sent again in other company is still the same record."""
    one, other = _table(ward="A"), _table(ward="B", seconds="3", sequence=4)
    assert digests(pl.concat([other, one]))[1] == digests(one)[0]
