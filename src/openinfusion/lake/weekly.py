"""A named question by week as a control chart, with the releases of libraries as notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import dropwhile
from typing import Any

from openinfusion.adapters.report.month import Block, rate_block
from openinfusion.adapters.report.spc_chart import Better, Note, RateChart
from openinfusion.core.spc import Count, Measure, Rule, draw
from openinfusion.lake.answers import Answers, definition
from openinfusion.lake.calendar import week_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """A question to chart: which row of it, what it is called, and how it is counted and judged."""

    question: str
    heading: str
    unit: str
    events: str
    exposure: str
    measure: Measure
    per: int = 100
    better: Better = Better.NEITHER
    keys: tuple[tuple[str, str], ...] = ()
    missing: str = "Nothing was counted in these weeks."


@dataclass(frozen=True, slots=True, kw_only=True)
class Weeks:
    """The weeks of the charts, what is known to have happened in them, and how they are judged."""

    days: Sequence[date]
    notes: Sequence[Note]
    rules: tuple[Rule, ...]
    rebase_at: Sequence[date] = ()

    @property
    def phases_from(self) -> set[str]:
        """Return the weeks, among those shown, that begin a phase."""
        return {week.isoformat() for week in map(week_of, self.rebase_at) if week in self.days}


CHARTS = (
    Weekly(
        question="ders-compliance",
        heading="Use of the library, medicines",
        unit="% of infusions",
        events="with the library",
        exposure="infusions",
        measure=Measure.SHARE,
        better=Better.HIGHER,
        keys=(("category", "medicine"),),
        missing="No infusion of a medicine in these weeks.",
    ),
    Weekly(
        question="ders-compliance",
        heading="Use of the library, fluids",
        unit="% of infusions",
        events="with the library",
        exposure="infusions",
        measure=Measure.SHARE,
        better=Better.HIGHER,
        keys=(("category", "fluid"),),
        missing="No infusion of a fluid in these weeks.",
    ),
    Weekly(
        question="alerts-per-100",
        heading="Alerts per 100 infusions",
        unit="alerts per 100 infusions",
        events="alerts",
        exposure="infusions",
        measure=Measure.RATE,
    ),
    Weekly(
        question="override-rate",
        heading="Soft alerts overridden",
        unit="% of soft alerts",
        events="overridden",
        exposure="soft alerts",
        measure=Measure.SHARE,
        missing="No soft alert in these weeks.",
    ),
    Weekly(
        question="hard-limit-infusions",
        heading="Infusions with an attempt beyond a hard limit",
        unit="% of infusions with the library",
        events="with such an attempt",
        exposure="infusions",
        measure=Measure.SHARE,
    ),
    Weekly(
        question="outdated-infusions",
        heading="Infusions on an outdated library",
        unit="% of infusions with the library",
        events="on an outdated library",
        exposure="infusions",
        measure=Measure.SHARE,
        better=Better.LOWER,
        missing="No infusion in these weeks ran on a library whose release is known.",
    ),
    Weekly(
        question="alarms-per-infusion",
        heading="Alarms per infusion",
        unit="alarms per infusion",
        events="alarms",
        exposure="infusions",
        measure=Measure.RATE,
        per=1,
        better=Better.LOWER,
    ),
)


def weekly_block(asked: Weekly, *, now: Answers, weekly: Answers, weeks: Weeks) -> Block:
    """Return one chart with the definition of its question, as this month has it."""
    meaning = definition(asked.question, now.one(asked.question, dict(asked.keys)))
    return rate_block(rate_chart(asked, weekly=weekly, weeks=weeks), meaning, missing=asked.missing)


def rate_chart(asked: Weekly, *, weekly: Answers, weeks: Weeks) -> RateChart:
    """Return a question by week as a control chart."""
    rows = [row for row in weekly.rows(asked.question, "week") if all(row[key] == want for key, want in asked.keys)]
    counts = _counts(rows, weeks.days)
    return RateChart(
        heading=asked.heading,
        chart=draw(asked.measure, counts, rules=weeks.rules, rebase_at=weeks.phases_from),
        unit=asked.unit,
        events=asked.events,
        exposure=asked.exposure,
        per=asked.per,
        better=asked.better,
        notes=[note for note in weeks.notes if not counts or note.on.isoformat() >= counts[0].period],
    )


def _counts(rows: Sequence[Any], days: Sequence[date]) -> list[Count]:
    """Return what was counted in each week, from the first with any exposure; a week without a row had none."""
    found = {row["week"]: (row["numerator"] or 0, row["denominator"] or 0) for row in rows}
    counts = [Count(day.isoformat(), *found.get(day, (0, 0))) for day in days]
    return list(dropwhile(lambda count: not count.out_of, counts))
