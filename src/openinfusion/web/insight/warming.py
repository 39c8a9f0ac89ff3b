"""Counting a new version of the lake before anybody asks for it: what pages show is kept, a piece at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from openinfusion.core.errors import OpenInfusionError
from openinfusion.lake.calendar import Month
from openinfusion.lake.charted import CHARTED
from openinfusion.lake.kept import About, can_be_told, name_of
from openinfusion.lake.month import FIGURES, stretch
from openinfusion.lake.store import Lake
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.insight.comparing import MODEL_QUESTIONS, RELEASE_QUESTIONS
from openinfusion.web.insight.library_in_use import programmed
from openinfusion.web.insight.picked import DIMENSIONS
from openinfusion.web.insight.standing import NoFiguresError, Standing, standing_in
from openinfusion.web.insight.triage import BY as TRIAGE_BY
from openinfusion.web.insight.triage import MONTHS as TRIAGE_MONTHS
from openinfusion.web.insight.triage import QUESTIONS as TRIAGE_QUESTIONS

MONTHS = 2
"""How many months are counted beforehand, each with the one before it; older ones when somebody first asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One answer that pages ask for: of the months from first to last, for a page of the month ``told``."""

    standing: Standing
    told: Month
    first: Month
    last: Month
    question: str
    by: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is."""
        return f"{self.question} by {' and '.join(self.by) or 'nothing'}, {self.last.since(self.first) + 1} months"

    def make(self) -> None:
        """Have it kept, unless it is."""
        # Pages ask for a month and the one before it together, beside the releases of the year up to that month.
        year, source = (self.told.year_before, self.told), self.standing.source
        name = name_of(self.question, self.by, released=source.released_in(*year))
        if source.shelf is not None and not source.shelf.has(name, stretch(self.first, self.last)):
            source.with_releases(*year).answers(self.first, self.last).rows(self.question, *self.by)


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries that an organisation programmed, by which every page finds the library in use."""

    standing: Standing
    name: str = "entries programmed"

    def make(self) -> None:
        """Have them kept."""
        programmed(self.standing)


def pieces(about: About, lake: Lake) -> Iterator[Piece | Entries]:
    """Yield every answer that is counted beforehand, those of the first page first."""
    for organisation in Organisation.objects.order_by("pk"):
        try:
            standing = standing_in(about, lake, organisation)
        except NoFiguresError:
            continue
        yield Entries(standing)
        yield from _of_month(standing)
        yield from _of_year(standing)
        yield from _of_triage(standing)


def _of_month(standing: Standing) -> Iterator[Piece]:
    told = standing.last_complete
    asked = dict.fromkeys((*(one.question for one in FIGURES), "alert-outcomes", "alert-sources"))
    for by in ((), *((dimension,) for dimension in DIMENSIONS)):
        for back in range(MONTHS if by else MONTHS + 1):
            month = told.back(back)
            for question in asked:
                if can_be_told(question, by):
                    yield Piece(standing=standing, told=told, first=month, last=month, question=question, by=by)


def _of_year(standing: Standing) -> Iterator[Piece]:
    last = standing.last
    month = partial(Piece, standing=standing, told=last, first=last, last=last)
    year = partial(Piece, standing=standing, told=last, first=last.year_before, last=last)
    for dimension in DIMENSIONS:
        yield year(question="infusions", by=(dimension,))
    asked = dict.fromkeys(one.question for one in CHARTED.values())
    for by in ((), *((dimension,) for dimension in DIMENSIONS)):
        for question in asked:
            if can_be_told(question, by):
                yield year(question=question, by=("week", *by))
                yield month(question=question, by=by)
    for question in RELEASE_QUESTIONS:
        yield year(question=question, by=("library_version",))
    for question in MODEL_QUESTIONS:
        yield year(question=question, by=("model", *TRIAGE_BY))


def _of_triage(standing: Standing) -> Iterator[Piece]:
    last = standing.last
    for question in TRIAGE_QUESTIONS:
        first = last.back(TRIAGE_MONTHS - 1)
        yield Piece(standing=standing, told=last, first=first, last=last, question=question, by=TRIAGE_BY)


def warm(about: About, lake: Lake, *, is_time_up: Callable[[], bool]) -> bool:
    """Count until the time is up; whether everything is kept. What cannot be counted is left to whoever asks."""
    for piece in pieces(about, lake):
        if is_time_up():
            return False
        try:
            piece.make()
        except OpenInfusionError:
            continue
    return True
