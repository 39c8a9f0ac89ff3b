"""How every question counts: whole numbers summed by dimension, and one division at the very end."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
By = tuple[str, ...]
# The columns of every answer, after its dimensions.
COUNTS = ("numerator", "denominator", "covered", "coverage_of", "unmapped", "unmapped_of")
ANSWER = (
    *("numerator", "denominator", "value", "covered", "coverage_of", "coverage"),
    *("unmapped", "unmapped_of", "unmapped_share"),
)
ALL = "all_rows"
WEEK = "week_number"
# What "unmapped" means unless a question says otherwise.
UNMAPPED = nw.col("drug").is_null() | nw.col("care_area").is_null()


def answer(
    rows: Frame,
    by: By,
    *,
    numerator: nw.Expr,
    denominator: nw.Expr,
    covered: tuple[nw.Expr, nw.Expr] | None = None,
    unmapped: tuple[nw.Expr, nw.Expr] | None = None,
    scale: int = 1,
) -> Frame:
    """
    Return the answer of a question whose counts are sums over rows.

    Each expression is a whole number or a truth per row. ``covered`` and ``unmapped`` are pairs (part, whole); by
    default everything in the denominator is covered, and unmapped is what has no drug or no care area there.
    """
    part, whole = covered or (denominator, denominator)
    lost, lost_of = unmapped or (denominator.cast(nw.Int64) * UNMAPPED.cast(nw.Int64), denominator)
    exprs = dict(zip(COUNTS, (numerator, denominator, part, whole, lost, lost_of), strict=True))
    return finish(tally(rows, by, exprs), by, scale=scale)


def split_answer(
    rows: Frame,
    by: By,
    *,
    key: str,
    parts: Mapping[str, nw.Expr],
    denominator: nw.Expr,
    covered: tuple[nw.Expr, nw.Expr] | None = None,
    scale: int = 1,
) -> Frame:
    """Return an answer with one row for each part, also for a part that never happened; the parts share the rest."""
    part, whole = covered or (denominator, denominator)
    lost = denominator.cast(nw.Int64) * UNMAPPED.cast(nw.Int64)
    rest = dict(zip(COUNTS[1:], (denominator, part, whole, lost, denominator), strict=True))
    wide = tally(rows, by, {**parts, **rest})
    long = wide.unpivot(on=list(parts), index=[*by, *rest], variable_name=key, value_name="numerator")
    return finish(long, (*by, key), scale=scale)


def tally(rows: Frame, by: Sequence[str], counts: Mapping[str, nw.Expr]) -> Frame:
    """Return the sum of each count by dimension; no row at all is a sum of 0, where nothing parts the rows."""
    if "week" not in by:
        return total(rows.select(*by, **{name: _whole(expr) for name, expr in counts.items()}), by, counts)
    others = [name for name in by if name != "week"]
    dated = in_weeks(rows).select(WEEK, "day", *others, **{name: _whole(expr) for name, expr in counts.items()})
    sums = [nw.col(name).sum().cast(nw.Int64).alias(name) for name in counts]
    weekly = dated.group_by(WEEK, *others).agg(nw.col("day").min(), *sums)
    return total(weekly.with_columns(week=monday(nw.col("day"))), by, counts)


def _whole(expr: nw.Expr) -> nw.Expr:
    return expr.cast(nw.Int64).fill_null(0)


def total(rows: Frame, by: Sequence[str], names: Iterable[str]) -> Frame:
    """Return the sum of whole-number columns by dimension."""
    sums = [nw.col(name).sum().cast(nw.Int64).alias(name) for name in names]
    if by:
        return rows.group_by(*by).agg(*sums)
    return rows.select(*sums).with_columns(*(nw.col(name).fill_null(0) for name in names))


def finish(counts: Frame, by: Sequence[str], *, scale: int = 1, also: Sequence[str] = ()) -> Frame:
    """Divide, once and last; where there is nothing to divide by, the value is null: not known."""
    shares = counts.with_columns(
        value=share("numerator", "denominator", scale=scale),
        coverage=share("covered", "coverage_of"),
        unmapped_share=share("unmapped", "unmapped_of"),
    )
    return shares.select(*by, *ANSWER, *also)


def share(part: str, whole: str, *, scale: int = 1) -> nw.Expr:
    """Return part / whole as a number, or null where there is no whole."""
    divisor = nw.when(nw.col(whole) > 0).then(nw.col(whole)).cast(nw.Float64)
    return nw.col(part).cast(nw.Float64) * scale / divisor


def in_weeks(rows: Frame) -> Frame:
    """
    Add the day, and a whole number that is the same all week long, to group by before weeks are named.

    The number is cheap, where naming the Monday of every row is not. At New Year a week has two of them: whoever
    groups by it names the Monday of each group, and groups again.
    """
    dated = rows.with_columns(day=nw.col("moment").dt.date())
    since_monday = (nw.col("day").dt.weekday() + 6) % 7
    number = nw.col("day").dt.year().cast(nw.Int32) * 1000 + nw.col("day").dt.ordinal_day() - since_monday
    return dated.with_columns(number.alias(WEEK))


def with_week(rows: Frame, by: By) -> Frame:
    """Add the column ``week`` where it is asked for."""
    return rows.with_columns(week=monday(nw.col("moment").dt.date())) if "week" in by else rows


def monday(day: nw.Expr) -> nw.Expr:
    """Return the Monday on or before a date, day by day: not every engine truncates to weeks, or calls Sunday 7."""
    made = day
    for number in range(2, 8):
        made = nw.when(day.dt.weekday() % 7 == number % 7).then(day.dt.offset_by(f"-{number - 1}d")).otherwise(made)
    return made.cast(nw.Date)


def over(expr: nw.Expr, by: Sequence[str], *order_by: str) -> nw.Expr:
    """Return an expression over the rows of one group; ``ALL`` must be a column, for where nothing parts the rows."""
    return expr.over(ALL, *by, order_by=list(order_by) or None)


def is_kind(kind: str) -> nw.Expr:
    """Return whether a record is of a kind."""
    return nw.col("kind") == kind
