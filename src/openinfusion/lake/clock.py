"""
How far the clock of each pump is from true time, as well as the log can tell.

A record is received after it happened, so by a clock that is right its time is before the time of receipt, and the
difference ``at - received`` is the offset of the clock less the delay of sending. The delay is never below zero and
sometimes hours; so the mean, or the median, of the differences tells of the network rather than of the clock. The
record of a day that was sent fastest comes nearest: its difference is the best of the day, and the median of these is
the estimate. It is never above the true offset, but by the error of the clock that received.

A clock that is ahead is proven by this: nothing is received before it happens. A clock that is behind looks like a
pump that sends late; only where the daily figures agree within ``STEADY`` is it called behind, because delays vary and
an offset does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from statistics import median, quantiles
from typing import Any

import narwhals as nw
import polars as pl

TOLERATED = 120
"""Seconds by which a clock may differ without notice: more makes it hard to line a log up with an incident."""
STEADY = 60
"""Seconds within which the daily figures of a pump agree."""
WEEK = 7
PUMP = ("organisation", "pump")
Table = nw.LazyFrame[Any]


class Clock(Enum):
    """What may be said of the clock of a pump; the value is the words for it."""

    RIGHT = "right"
    AHEAD = "ahead"
    BEHIND = "behind"
    SENT_LATE = "behind, or sent late"
    DRIFTS = "drifts"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Offset:
    """
    The clock of one pump.

    Attributes:
        organisation: whose pump.
        pump: which.
        state: what may be said of it.
        seconds: the estimate; above zero the clock is ahead.
        spread: seconds that the middle half of the daily figures reaches over.
        drift: change in seconds from the first week to the last.
        records: how many have both times.
        days: on how many days.
        first: first of them.
        last: last of them.

    """

    organisation: str
    pump: str
    state: Clock
    seconds: float | None = None
    spread: float | None = None
    drift: float | None = None
    records: int = 0
    days: int = 0
    first: date | None = None
    last: date | None = None


def daily(records: Table) -> Table:
    """Return for each pump and day the record that was delayed least: the largest ``at - received``."""
    ahead = _microseconds("at") - _microseconds("received")
    days = records.select(*PUMP, day=nw.col("at").dt.date(), ahead=ahead)
    return days.group_by(*PUMP, "day").agg(ahead=nw.col("ahead").max(), records=nw.col("ahead").count())


def _microseconds(name: str) -> nw.Expr:
    """Return a time as microseconds, reckoned by the calendar: engines agree on nothing else about times."""
    part = nw.col(name).dt
    year, day, hour, minute, second, micro = (
        one.cast(nw.Int64)
        for one in (part.year(), part.ordinal_day(), part.hour(), part.minute(), part.second(), part.microsecond())
    )
    leap_days = (year - 1) // 4 - (year - 1) // 100 + (year - 1) // 400
    seconds = (((year * 365 + leap_days + day) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 10**6 + micro


def offsets(days: pl.DataFrame) -> list[Offset]:
    """Return the clock of every pump from its daily figures."""
    parts = days.sort(*PUMP, "day", nulls_last=True).partition_by(PUMP, as_dict=True, maintain_order=True)
    return [_offset(str(whose[0]), str(whose[1]), part) for whose, part in parts.items()]


def _offset(organisation: str, pump: str, days: pl.DataFrame) -> Offset:
    known = days.drop_nulls("ahead")
    if known.height == 0:
        return Offset(organisation, pump, Clock.NOT_KNOWN)
    figures = [micros / 10**6 for micros in known["ahead"].to_list()]
    seconds, spread = median(figures), _spread(figures)
    first, last = figures[:WEEK], figures[-WEEK:]
    drift = median(last) - median(first)
    agree = max(_spread(first), _spread(last)) <= TOLERATED
    return Offset(
        organisation,
        pump,
        _state(seconds, spread, drift=drift if agree else 0),
        seconds=seconds,
        spread=spread,
        drift=drift,
        records=int(known["records"].sum()),
        days=known.height,
        first=known["day"].min(),  # type: ignore[arg-type]
        last=known["day"].max(),  # type: ignore[arg-type]
    )


def _spread(figures: Sequence[float]) -> float:
    """Return how far the middle half of some figures reaches; a day without a quick record does not disturb it."""
    if len(figures) == 1:
        return 0.0
    lower, _, upper = quantiles(figures, n=4, method="inclusive")
    return upper - lower


def _state(seconds: float, spread: float, *, drift: float) -> Clock:
    if abs(drift) > TOLERATED:
        return Clock.DRIFTS
    if seconds > TOLERATED:
        return Clock.AHEAD
    if seconds >= -TOLERATED:
        return Clock.RIGHT
    return Clock.BEHIND if spread <= STEADY else Clock.SENT_LATE
