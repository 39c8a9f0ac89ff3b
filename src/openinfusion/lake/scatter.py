"""
Where attempted values lie over time, for a picture: each week, and each band of values of about six percent.

A picture has no exact place for a value, so that floating point is used here, and here alone: nothing is counted
against a limit from it.
"""

import math

import narwhals as nw
import polars as pl

from openinfusion.core.library import Library
from openinfusion.lake.comparisons import Judge
from openinfusion.lake.engine import Engine
from openinfusion.lake.programmes import template
from openinfusion.lake.tables import Frame
from openinfusion.lake.workbench import Group, Value, own_terms

BANDS = 40
"""How many bands there are from one to ten."""
_SHIFT = 1_000
_DAY = "day"


def scatter(
    events: Frame, shapes: pl.DataFrame, library: Library, *, entry: str, path: str, engine: Engine
) -> pl.DataFrame:
    """
    Return how many programmes there were in each week and band: ``day`` (its Monday), ``value`` (its middle), number.

    Only those that are kept as whole numbers are drawn; all are counted elsewhere.
    """
    group = Group(library, entry, path)
    mine = shapes.filter((pl.col("entry") == entry) & (pl.col("care_area") == group.entry.care_area))
    judge = Judge(group.library, {row["shape"]: template(row) for row in mine.iter_rows(named=True)})
    parts = [
        _bands(events, shape, Value(one.shape, one.plan.held[own[0]]), engine=engine)
        for shape, one in judge.plans.items()
        if (own := own_terms(group, one.plan))
    ]
    if not parts:
        return pl.DataFrame(schema={_DAY: pl.Date(), "value": pl.Float64(), "number": pl.Int64()})
    found = pl.concat(parts).group_by(_DAY, "band").agg(pl.col("number").sum()).sort(_DAY, "band")
    middle = ((pl.col("band") - _SHIFT + 0.5) * (math.log(10) / BANDS)).exp()
    return found.select(_DAY, middle.alias("value"), "number")


def _bands(events: Frame, shape: int, value: Value, *, engine: Engine) -> pl.DataFrame:
    drawn = nw.lit(float(value.factor))
    for column in value.above:
        drawn *= nw.col(column)
    for column in value.below:
        drawn /= nw.col(column)
    # The band is never negative, so that cutting the fraction off is rounding down.
    band = (drawn.log(base=10) * BANDS + _SHIFT).cast(nw.Int64)
    rows = events.filter(nw.col("shape") == shape).select(day=nw.col("moment").dt.truncate("1d"), band=band)
    counted = engine.collect(rows.group_by(_DAY, "band").agg(number=nw.len()))
    week = pl.col(_DAY).cast(pl.Date).dt.truncate("1w")
    return counted.select(week, pl.col("band").cast(pl.Int64), pl.col("number").cast(pl.Int64))
