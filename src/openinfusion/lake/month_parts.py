"""What the parts of the monthly report share: what was asked, names, and tables of a question by care area."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from openinfusion.adapters.report.month import Block
from openinfusion.adapters.report.tables import Table, make_table
from openinfusion.core.library import Library
from openinfusion.lake.answers import SHARE, Answers, Row, definition, shown
from openinfusion.lake.calendar import Month
from openinfusion.lake.questions import QUESTIONS
from openinfusion.lake.weekly import Weeks

MOST_ROWS = 15
UNNAMED = "not named"


@dataclass(frozen=True)
class Names:
    """What a library calls the drugs and care areas that a log names by id; without one, as the log does."""

    library: Library | None

    @cached_property
    def _drugs(self) -> Mapping[str, str]:
        return {one.id: one.name for one in self.library.drugs} if self.library else {}

    @cached_property
    def _areas(self) -> Mapping[str, str]:
        return {one.id: one.name for one in self.library.care_areas} if self.library else {}

    def drug(self, drug: str | None) -> str:
        """Return the name of a drug."""
        return self._drugs.get(drug or "", drug or UNNAMED)

    def area(self, area: str | None) -> str:
        """Return the name of a care area."""
        return self._areas.get(area or "", area or UNNAMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    The answers that a report is made of: of this month, of the one before, and of the weeks up to it.

    ``silent`` are the limits that do nothing, ``None`` where no library was given to replay; ``has_pumps`` and
    ``has_releases`` tell whether a register was given.
    """

    month: Month
    now: Answers
    before: Answers
    weekly: Answers
    weeks: Weeks
    names: Names
    silent: Table | None = None
    has_pumps: bool = False
    has_releases: bool = False


def place_block(asked: Asked, question: str, *, heading: str, missing: str, by: str = "care_area") -> Block:
    """Return a question by care area (or ward), this month and the one before, the highest value first."""
    before = {row[by]: row for row in asked.before.rows(question, by)}
    rows = [row for row in asked.now.rows(question, by) if row["denominator"]]
    rows.sort(key=lambda row: (-(row["value"] or 0), row[by] or ""))
    cells = (
        (
            asked.names.area(row[by]),
            f"{row['numerator']:,}",
            f"{row['denominator']:,}",
            shown(row, question),
            shown(before.get(row[by]), question),
        )
        for row in rows[:MOST_ROWS]
    )
    header = (by.replace("_", " "), "counted", "of", asked.month.words, asked.month.back(1).words)
    return Block(
        heading=heading,
        says=" ".join((*_unit(question), *left_out(rows, f"{by.replace('_', ' ')}s"))),
        table=make_table(heading, header, cells, numbers=range(1, 5)),
        definition=definition(question, asked.now.one(question)),
        missing=missing,
    )


def _unit(question: str) -> tuple[str, ...]:
    unit = QUESTIONS[question].unit
    return () if unit == SHARE else (f"In {unit}.",)


def left_out(rows: Sequence[Row], what: str) -> tuple[str, ...]:
    """Return, where a table shows only the first rows, how many more there are."""
    more = len(rows) - MOST_ROWS
    return (f"{more:,} more {what} are not shown.",) if more > 0 else ()
