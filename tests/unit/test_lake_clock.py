"""The clock of a pump, from records whose true offset and delay are known."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from openinfusion.lake.clock import Clock, daily, offsets
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.intake import stored_columns

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
DAYS = 28


def _clock(offset, delays):
    """Return what is said of a pump whose clock is so many seconds ahead; each day's records are delayed as given."""
    rows = []
    for day in range(DAYS):
        for number, delay in enumerate(delays(day)):
            true = START + timedelta(days=day, minutes=number)
            ahead = timedelta(seconds=offset(day))
            rows.append({"at": true + ahead, "received": true + timedelta(seconds=delay), "pump": "p1"})
    table = pl.DataFrame(rows, schema=stored_columns()).with_columns(organisation=pl.lit("trust"))
    engine = PolarsEngine()
    (one,) = offsets(engine.collect(daily(engine.table(table))))
    return one


def _quick(day):
    """Return delays of which one a day is small, and others are hours."""
    return [7200, 3, 40, 86_000]


def _late(day):
    return [3600 * (1 + day % 9), 40_000]


@pytest.mark.parametrize(
    ("offset", "delays", "state", "seconds"),
    [
        (lambda _: 0, _quick, Clock.RIGHT, -3),
        (lambda _: 600, _quick, Clock.AHEAD, 597),
        (lambda _: -600, _quick, Clock.BEHIND, -603),
        (lambda _: 0, _late, Clock.SENT_LATE, -18_000),
        (lambda day: 30 * day, _quick, Clock.DRIFTS, 402),
        (lambda _: 119, lambda _: [0], Clock.RIGHT, 119),
        (lambda _: 121, lambda _: [0], Clock.AHEAD, 121),
    ],
)
@pytest.mark.hazard("IT-02")
def test_the_record_sent_fastest_tells_of_the_clock(offset, delays, state, seconds):
    one = _clock(offset, delays)
    assert (one.state, one.days) == (state, DAYS)
    assert one.seconds == pytest.approx(seconds, abs=3600 if state is Clock.SENT_LATE else 0.5)


def test_a_pump_whose_log_has_no_time_of_receipt_is_not_known():
    row = {"organisation": "trust", "pump": "p1", "at": START}
    engine = PolarsEngine()
    (one,) = offsets(engine.collect(daily(engine.table(pl.DataFrame([row], schema=stored_columns())))))
    assert (one.state, one.seconds, one.records) == (Clock.NOT_KNOWN, None, 0)
