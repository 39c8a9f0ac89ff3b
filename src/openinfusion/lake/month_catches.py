"""Good catches told as stories: what was attempted, which limit held, what came then; never who, and only the week."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import narwhals as nw
import polars as pl

from openinfusion.adapters.report.month import Block, Section, Story
from openinfusion.adapters.report.tables import Table, limit_words, make_table
from openinfusion.core.limits import Limit
from openinfusion.core.numbers import read_decimal, show_number
from openinfusion.core.units import Quantity, Unit
from openinfusion.lake.answers import Answers, Row, definition, shown
from openinfusion.lake.calendar import long_day, week_of
from openinfusion.lake.month_parts import Asked, Names
from openinfusion.lake.questions import QUESTIONS

QUESTION = "good-catches"
MOST_STORIES = 8
WITHIN = timedelta(minutes=10)
# Grouping by these makes each row one attempt, so that the stories are told by the very definition of the count.
_ATTEMPT = (
    *("event_id", "pump", "infusion", "moment", "drug", "care_area", "outcome", "ratio_thousandths"),
    *("alert_limit", "alert_attempted", "alert_attempted_unit", "alert_bound", "alert_bound_unit"),
)
_LATER = ("programmed", "started", "rate_changed", "bolus", "loading")
_VALUES = ("programme_dose", "programme_rate")
_OUTCOME = {"reprogrammed": "Reprogrammed", "cancelled": "Cancelled", "unknown": "Refused by the hard limit"}


def catches(asked: Asked) -> Section:
    """Return the good catches of the month."""
    now = asked.now
    caught = sorted(_caught(now), key=lambda row: (-(row["ratio_thousandths"] or 0), row["event_id"]))
    later = _later(now, caught[:MOST_STORIES])
    whole, critical = now.one(QUESTION), now.one("critical-catches")
    return Section(
        key="catches",
        heading="Good catches",
        blocks=[
            Block(
                heading="Errors that the limits caught",
                says=_says(whole, critical, shown_stories=min(len(caught), MOST_STORIES)),
                stories=[_story(row, later, asked.names) for row in caught[:MOST_STORIES]],
                table=_table(caught, asked.names),
                definition=definition(QUESTION, whole),
                missing="No dangerous attempt of this month was caught, by our definition.",
            )
        ],
    )


def _caught(answers: Answers) -> list[Row]:
    lazy = QUESTIONS[QUESTION].answering(answers.tables, _ATTEMPT)
    return [row for row in answers.engine.collect(lazy).iter_rows(named=True) if row["numerator"]]


def _says(whole: Row | None, critical: Row | None, *, shown_stories: int) -> str:
    if whole is None or not whole["denominator"]:
        return "No dangerous attempt was made this month."
    tenfold = critical["numerator"] if critical else 0
    share = shown(whole, QUESTION)
    told = f" The {shown_stories} furthest beyond their limits are told here." if shown_stories else ""
    return (
        f"{whole['numerator']:,} of {whole['denominator']:,} dangerous attempts ({share}) were caught, {tenfold:,} of"
        f" them critical.{told}"
    )


def _later(answers: Answers, caught: Sequence[Row]) -> pl.DataFrame:
    """Return what was programmed on the pumps of the stories."""
    pumps = sorted({row["pump"] for row in caught})
    rows = answers.tables.of_kind(*_LATER).filter(nw.col("pump").is_in(pumps))
    values = [name for value in _VALUES for name in (value, f"{value}_unit")]
    return answers.engine.collect(rows.select("pump", "drug", "infusion", "kind", "moment", *values)).sort("moment")


def _story(row: Row, later: pl.DataFrame, names: Names) -> Story:
    week = long_day(week_of(row["moment"].date()))
    return Story(
        drug=names.drug(row["drug"]),
        care_area=names.area(row["care_area"]),
        week=week,
        attempted=quantity_words(row["alert_attempted"], row["alert_attempted_unit"]),
        limit=_limit(row),
        times=_times(row),
        then=_then(row, later),
    )


def _limit(row: Row) -> str:
    bound = quantity_words(row["alert_bound"], row["alert_bound_unit"])
    return f"{bound} ({limit_words(Limit(row['alert_limit']))})"


def _times(row: Row) -> str:
    """Return how far beyond the limit an attempt was."""
    side = "below" if Limit(row["alert_limit"]) in (Limit.HARD_MIN, Limit.SOFT_MIN) else "above"
    thousandths = row["ratio_thousandths"]
    if thousandths is None:
        return f"{side.capitalize()} the limit"
    return f"{thousandths / 1000:.1f} times the limit" if side == "above" else f"{thousandths / 1000:.1f} times too low"


def _then(row: Row, later: pl.DataFrame) -> str:
    """Return what became of the attempt, and the first value that was then entered and that ran."""
    said = f"{_OUTCOME[row['outcome']]}."
    moment: datetime = row["moment"]
    mine = later.filter(
        (pl.col("pump") == row["pump"])
        & (pl.col("drug") == row["drug"])
        & (pl.col("moment") > moment)
        & (pl.col("moment") <= moment + WITHIN)
    )
    ran = mine.filter(pl.col("kind") != "programmed")
    if not ran.height:
        return said
    until = ran["moment"][0]
    minutes = max(1, round((until - moment).total_seconds() / 60))
    value = _value(mine.filter(pl.col("moment") <= until).rows(named=True))
    within = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"{said} {value or 'A dose of this drug'} ran within {within}."


def _value(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the last dose or rate that was entered."""
    for row in reversed(rows):
        for name in _VALUES:
            if row[name] is not None:
                return quantity_words(row[name], row[f"{name}_unit"])
    return None


def quantity_words(value: str | None, unit: str | None) -> str:
    """Return a quantity of the log as screens show it; a unit of another version as it came."""
    if value is None or unit is None:
        return "a value that the log does not have"
    try:
        return str(Quantity(read_decimal(value), Unit.from_ucum(unit)))
    except ValueError:
        return f"{value} {unit}"


def _table(caught: Sequence[Row], names: Names) -> Table:
    rows = (
        (
            names.drug(row["drug"]),
            names.area(row["care_area"]),
            quantity_words(row["alert_attempted"], row["alert_attempted_unit"]),
            _limit(row),
            "" if row["ratio_thousandths"] is None else show_number(Fraction(row["ratio_thousandths"], 1000)),
            row["outcome"],
        )
        for row in caught
    )
    header = ("drug", "care area", "attempted", "limit", "times the limit", "outcome")
    return make_table("Good catches", header, rows, numbers=[4])
