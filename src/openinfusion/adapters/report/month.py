"""
The month of a trust as one HTML page: what was counted is given as values, and this module only shows it.

Whoever asks the questions (the lake) fills ``MonthReport``. A block whose table is missing or empty says why in words:
an empty place never passes for a zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path

from markupsafe import Markup

from openinfusion.adapters.documents import write_bytes
from openinfusion.adapters.report.pages import render
from openinfusion.adapters.report.spc_chart import RateChart, picture, sentence, table_of
from openinfusion.adapters.report.tables import NONE, Table

NOTHING = "Nothing to show."


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a figure means, and what it rests on."""

    words: str
    numerator: str | None = None
    denominator: str | None = None
    coverage: str | None = None
    unmapped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of this month beside last month's, for the head of the page and for the table of changes."""

    name: str
    now: str
    before: str
    change: str
    counted: str
    is_headline: bool = False


class Tone(Enum):
    """How a part of the funnel is coloured; the value is the class in the style sheet."""

    STRONG = "strong"
    ALERT = "alert"
    SAFE = "safe"
    PALE = "pale"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a level of the funnel."""

    words: str
    count: int
    tone: Tone


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the funnel; its first part opens into the level below."""

    words: str
    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """Return what the parts add up to."""
        return sum(part.count for part in self.parts)

    def share(self, part: Part) -> float:
        """Return a part as per cent of its level, 0 where the level is empty."""
        return 100 * part.count / self.total if self.total else 0.0

    def show_share(self, part: Part) -> str:
        """Return that share with one decimal place; a part that is there is never shown as none."""
        share = self.share(part)
        return "under 0.1 %" if 0 < share < 0.05 else f"{share:.1f} %"  # noqa: PLR2004 - what rounds to 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugRow:
    """A drug among those that alert most."""

    drug: str
    soft: int
    hard: int
    per_100: str
    overridden: str
    quick: str
    most_times: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A good catch, told without a person: what was attempted, which limit held, what came then."""

    drug: str
    care_area: str
    week: str
    attempted: str
    limit: str
    times: str
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """
    One answer: a sentence, its picture and table, and what it means.

    ``missing`` is said where there is no table or it has no rows; ``left_out`` counts rows that are not shown.
    """

    heading: str
    says: str = ""
    svg: Markup | None = None
    table: Table | None = None
    stories: Sequence[Story] = ()
    drugs: Sequence[DrugRow] = ()
    definition: Definition | None = None
    missing: str = NOTHING
    is_control_chart: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show but words."""
        return not (self.table and self.table.rows) and not self.stories and not self.drugs and self.svg is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Blocks that belong together, under one heading."""

    key: str
    heading: str
    blocks: Sequence[Block]
    intro: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReport:
    """
    Everything that the page shows.

    ``purpose`` is that of the log: anything but clinical is marked as not for clinical use. ``basis`` says in one
    sentence what the report rests on.
    """

    organisation: str
    month: str
    before: str
    basis: str
    purpose: str = "clinical"
    made_at: datetime | None = None
    libraries: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    funnel: Sequence[Level] = ()
    sections: Sequence[Section] = field(default_factory=tuple)


def rate_block(rate: RateChart, definition: Definition | None, *, missing: str = NOTHING) -> Block:
    """Return a control chart as a block; without a single value it is said to be missing."""
    if not any(point.value is not None for point in rate.chart.points):
        return Block(heading=rate.heading, definition=definition, missing=missing)
    return Block(
        heading=rate.heading,
        says=sentence(rate),
        svg=picture(rate),
        table=table_of(rate),
        definition=definition,
        is_control_chart=True,
    )


def render_month(report: MonthReport) -> str:
    """Return the report as HTML."""
    widest = max((row.soft + row.hard for s in report.sections for b in s.blocks for row in b.drugs), default=1)
    return render("month.html.jinja", report=report, widest=widest or 1, none=NONE)


def write_month(path: Path, report: MonthReport) -> None:
    """Write the report; raises FileAccessError if the folder is absent or may not be written."""
    write_bytes(path, render_month(report).encode("utf-8"))
