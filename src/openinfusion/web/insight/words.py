"""What figures are called on a page: drugs and areas by the library in use, kinds, limits and times in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from openinfusion.adapters.report.tables import NONE, limit_words
from openinfusion.core.limits import Limit
from openinfusion.core.numbers import show_number
from openinfusion.lake.calendar import long_day, week_of
from openinfusion.lake.month_catches import quantity_words
from openinfusion.lake.month_parts import UNNAMED, Names

HEADERS = {
    "care_area": "care area",
    "drug": "drug",
    "model": "pump model",
    "maker": "maker",
    "ward": "ward",
    "library_version": "library version",
    "library_name": "library",
    "newest_version": "newest version",
    "times_the_limit": "times the limit",
    "software": "software",
    "week": "week of",
}


@dataclass(frozen=True, slots=True)
class Naming:
    """Names for what a log says by id."""

    names: Names

    def of(self, dimension: str, value: Any) -> str:  # noqa: ANN401 - a cell of an answer
        """Return what a page calls a value of a dimension."""
        if value is None:
            return UNNAMED
        if dimension == "drug":
            return self.names.drug(value)
        if dimension == "care_area":
            return self.names.area(value)
        if dimension == "week":
            return long_day(value)
        if dimension == "limit":
            return limit_words(Limit(value))
        return str(value).replace("_", " ") if dimension in {"stage", "outcome", "alarm", "change"} else str(value)


def header(dimension: str) -> str:
    """Return what stands over a column."""
    return HEADERS.get(dimension, dimension.replace("_", " "))


def attempted(row: Mapping[str, Any]) -> str:
    """Return what was attempted: a quantity, or a dash where the record is no alert."""
    if row.get("alert_attempted") is None:
        return NONE
    return quantity_words(row["alert_attempted"], row["alert_attempted_unit"])


def limit_of(row: Mapping[str, Any]) -> str:
    """Return the limit that an attempt met."""
    if row.get("alert_limit") is None:
        return NONE
    return f"{quantity_words(row['alert_bound'], row['alert_bound_unit'])} ({limit_words(Limit(row['alert_limit']))})"


def times(row: Mapping[str, Any]) -> str:
    """Return how many times the limit an attempt was."""
    ratio = row.get("ratio_thousandths")
    return NONE if ratio is None else show_number(Fraction(ratio, 1000))


def week(row: Mapping[str, Any]) -> str:
    """Return the week of a record, which everybody may see."""
    return long_day(week_of(row["moment"].date()))
