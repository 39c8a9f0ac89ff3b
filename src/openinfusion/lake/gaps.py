"""
What a log lacks: numbers of its sequence that never came, by pump, declared lost or not.

A pump gives each record the next number. In the order of time, a fall to less than half of the number before is a
restart of the counter (its memory was cleared); a smaller fall is a record that came late, or a clock that was set
back. Within one run of the counter every number between its first and its last is expected once. What a ``log_gap``
record names is declared: the pump knows that it lost it. Voided records were there, so they are no gap.

What was lost before the first record of a run, or after the last, cannot be seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import narwhals as nw
import polars as pl

from openinfusion.core.events import Kind
from openinfusion.lake.engine import Engine

PUMP = ("organisation", "pump")
Table = nw.LazyFrame[Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that a pump never sent, between two that it did."""

    organisation: str
    pump: str
    first_missing: int
    last_missing: int
    after: datetime
    before: datetime
    declared: int

    @property
    def missing(self) -> int:
        return self.last_missing - self.first_missing + 1

    @property
    def undeclared(self) -> int:
        return self.missing - self.declared


def numbered(records: Table) -> Table:
    """Return the numbers of every pump with the run of its counter that each belongs to; the other records fall out."""
    kept = records.filter(~nw.col("sequence").is_null()).select(*PUMP, "moment", "sequence", "event_id")
    order = ("moment", "sequence", "event_id")
    before = nw.col("sequence").shift(1).over(*PUMP, order_by=order)
    fell = kept.with_columns(restarts=(nw.col("sequence") * 2 < before).fill_null(value=False).cast(nw.Int64))
    return fell.with_columns(run=nw.col("restarts").cum_sum().over(*PUMP, order_by=order))


def missing(numbers: Table) -> Table:
    """Return one row for each range of numbers that is missing inside a run, with the times around it."""
    once = numbers.group_by(*PUMP, "run", "sequence").agg(moment=nw.col("moment").min())
    behind = (nw.col(name).shift(1).over(*PUMP, "run", order_by="sequence") for name in ("sequence", "moment"))
    last, after = behind
    return (
        once.with_columns(last=last, after=after)
        .filter(nw.col("sequence") - nw.col("last") > 1)
        .select(
            *PUMP,
            (nw.col("last") + 1).alias("first_missing"),
            (nw.col("sequence") - 1).alias("last_missing"),
            "after",
            nw.col("moment").alias("before"),
        )
    )


def counters(numbers: Table) -> Table:
    """Return for each pump how many records are numbered, how often its counter restarted, and numbers given twice."""
    per_number = numbers.group_by(*PUMP, "run", "sequence").agg(records=nw.len(), restarts=nw.col("restarts").max())
    return per_number.group_by(*PUMP).agg(
        numbered=nw.col("records").sum(),
        restarts=nw.col("restarts").sum(),
        twice=(nw.col("records") > 1).cast(nw.Int64).sum(),
    )


def declared(records: Table) -> Table:
    """Return the ranges that pumps say they lost."""
    return records.filter(nw.col("kind") == Kind.LOG_GAP.value).select(*PUMP, "first_lost", "last_lost")


@dataclass(frozen=True, slots=True)
class Sequences:
    """What the numbers of all pumps say: the gaps, and one row a pump of ``counters``."""

    gaps: list[Gap]
    pumps: pl.DataFrame


MOST = 4_000_000
"""Records whose numbers are looked at together; memory does not grow with the lake beyond this."""


def find_gaps(records: Table, engine: Engine) -> Sequences:
    """Look at the numbers of some pumps after those of others, and return what all of them say."""
    pumps = engine.collect(records.group_by(*PUMP).agg(records=nw.len())).sort(*PUMP)
    gaps: list[Gap] = []
    counted: list[pl.DataFrame] = []
    for some in pumps.with_columns(part=pl.col("records").cum_sum() // MOST).partition_by("part", maintain_order=True):
        theirs = records.join(engine.table(some.select(PUMP)), on=list(PUMP), how="semi")
        numbers = numbered(theirs)
        lost = engine.collect(declared(theirs)).iter_rows(named=True)
        gaps += with_declared(engine.collect(missing(numbers)).iter_rows(named=True), lost)
        counted.append(engine.collect(counters(numbers)))
    return Sequences(gaps, pl.concat(counted).sort(*PUMP) if counted else pumps)


def with_declared(gaps: Iterable[Mapping[str, Any]], lost: Iterable[Mapping[str, Any]]) -> list[Gap]:
    """Return gaps with how many of their numbers are declared lost; ranges that overlap count once."""
    ranges: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in lost:
        ranges.setdefault((row["organisation"], row["pump"]), []).append((row["first_lost"], row["last_lost"]))
    made = []
    for row in gaps:
        known = sorted(ranges.get((row["organisation"], row["pump"]), ()))
        made.append(Gap(**row, declared=_covered(row["first_missing"], row["last_missing"], known)))
    return sorted(made, key=lambda gap: (gap.organisation, gap.pump, gap.after, gap.first_missing))


def _covered(first: int, last: int, ranges: Iterable[tuple[int, int]]) -> int:
    """Return how many whole numbers from first to last lie in sorted ranges."""
    count = 0
    for start, end in ranges:
        begin, stop = max(start, first), min(end, last)
        if begin <= stop:
            count += stop - begin + 1
            first = stop + 1
    return count
