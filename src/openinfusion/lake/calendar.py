"""The months and weeks of a report: a month is one of UTC, as the folders of the lake are; a week begins on Monday."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from openinfusion.core.errors import OperatorError

_MONTHS = 12
_WEEK = timedelta(days=7)
_WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class MonthError(OperatorError):
    """A month, or a day, is not written as one."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of a year."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> "Month":
        """Return a month written as 2026-03."""
        found = _WRITTEN.fullmatch(text)
        if found is None or text.startswith("0000"):
            raise MonthError(where="--month", found=repr(text), expected="a year and a month, such as 2026-03")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def words(self) -> str:
        return f"{self.first:%B} {self.year}"

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def stop(self) -> datetime:
        """Return the first moment after it."""
        return self.back(-1).start

    def back(self, months: int) -> "Month":
        """Return the month so many months before."""
        count = self.year * _MONTHS + self.number - 1 - months
        return Month(count // _MONTHS, count % _MONTHS + 1)

    @property
    def year_before(self) -> "Month":
        """
        The first month of the year that figures tell: the twelve months before this one, whole, and this one.

        So the weeks of a year are there while its last month is under way, and a month stands beside the same one of
        the year before.
        """
        return self.back(_MONTHS)

    def since(self, first: "Month") -> int:
        """Return how many months lie between."""
        return (self.year - first.year) * _MONTHS + self.number - first.number

    def with_before(self, months: int) -> tuple["Month", ...]:
        """Return that many months before, and this one last."""
        return tuple(self.back(n) for n in range(months, -1, -1))


def whole_weeks(start: datetime, stop: datetime) -> Iterator[date]:
    """Yield the Monday of every week that lies within, whole; a torn week would look like a quiet one."""
    day = start.date() + timedelta(days=-start.weekday() % 7)
    while day + _WEEK <= stop.date():
        yield day
        day += _WEEK


def week_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def long_day(day: date) -> str:
    """Return a day as reports write it."""
    return f"{day.day}-{day:%b-%Y}"
