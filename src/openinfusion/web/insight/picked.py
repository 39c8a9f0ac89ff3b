"""What a page of figures is asked for, as its address says it: a month, and one care area, drug, model or version."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict

from openinfusion.lake.calendar import Month, MonthError
from openinfusion.lake.questions import Question
from openinfusion.web.insight.standing import NoFiguresError, Standing
from openinfusion.web.insight.words import Naming

DIMENSIONS: Mapping[str, str] = {
    "care_area": "Care area",
    "drug": "Drug",
    "model": "Pump model",
    "library_version": "Library version",
}
PARTS = ("care_area", "drug", "ward", "model", "maker", "software", "library_version", "week")
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Picked:
    """
    The month that a page ends with, and what of some dimensions it is about.

    ``is_said`` tells whether the address names the month itself.
    """

    month: Month
    only: Mapping[str, str]
    is_said: bool = False

    @classmethod
    def read(cls, said: Mapping[str, str], standing: Standing, *, complete: bool = False) -> "Picked":
        """
        Return what an address asks for; what it says beside that is left alone.

        Raises:
            NoFiguresError: it names a month without events, or no month; another one in its place would be misread.

        """
        only = {name: said[name][:LONGEST] for name in DIMENSIONS if said.get(name)}
        if not said.get("month"):
            return cls(standing.last_complete if complete else standing.last, only)
        return cls(_month(said["month"], standing), only, is_said=True)

    @property
    def first(self) -> Month:
        """The first month of the year that ends with it (``Month.year_before``)."""
        return self.month.year_before

    @property
    def year(self) -> str:
        """That year in words, which say that it is not twelve months."""
        return f"{self.first.words} to {self.month.words}, that month and the twelve before it"

    def query(self, **other: str) -> str:
        """Return the part of an address that asks for the same, with something else in it."""
        made = QueryDict(mutable=True)
        month = {"month": str(self.month)} if self.is_said else {}
        made.update({name: value for name, value in (month | dict(self.only) | other).items() if value})
        return made.urlencode()

    def words(self, naming: Naming) -> str:
        """Return the filter in words: "Critical care; morphine"."""
        return "; ".join(naming.of(name, value) for name, value in self.only.items())


def _month(said: str, standing: Standing) -> Month:
    months = standing.months
    expected = f"a month with events, the first in {months[-1].words} and the last in {months[0].words}"
    where = standing.source.organisation
    try:
        month = Month.read(said)
    except MonthError as error:
        raise NoFiguresError(where=where, found="a month that is none", expected=expected) from error
    if month not in months:
        raise NoFiguresError(where=where, found=f"no event of {month.words}", expected=expected)
    return month


def parts_of(question: Question) -> list[str]:
    """Return what a figure may be parted by."""
    return [name for name in PARTS if name in question.dimensions]


def choices(standing: Standing, naming: Naming) -> dict[str, list[tuple[str, str]]]:
    """Return what there is to pick in the year up to the last event, by name."""
    year = standing.source.answers(standing.last.year_before, standing.last)
    found: dict[str, list[tuple[str, str]]] = {}
    for name in DIMENSIONS:
        values = {row[name] for row in year.rows("infusions", name) if row[name] is not None}
        found[name] = sorted(((value, naming.of(name, value)) for value in values), key=lambda one: one[1].casefold())
    return found
