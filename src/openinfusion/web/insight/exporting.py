"""A figure or a chart to take along, as a table or a picture, with its definition, period and age of data."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl
import vl_convert
from django.utils import timezone

from openinfusion.adapters.report.charts import INSIDE, described
from openinfusion.adapters.report.spc_chart import drawn
from openinfusion.adapters.tables import shipped_mapping
from openinfusion.adapters.tables.write import csv_bytes
from openinfusion.lake.calendar import whole_weeks
from openinfusion.lake.charted import CHARTED
from openinfusion.lake.questions import QUESTIONS, Question
from openinfusion.web.insight.charting import Charting
from openinfusion.web.insight.pages import Opened
from openinfusion.web.insight.words import header

FORMS = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "pdf": "application/pdf",
}
PICTURES = frozenset({"png", "pdf"})
MOST_BARS = 25
WIDTH = 780
_LINE = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """
    What is taken along.

    Attributes:
        name: of the file.
        title: what it is.
        about: what every form of it says: words and what they are for.
        table: the numbers.
        chart: how it is drawn, or ``None`` where nothing was counted; no picture is to be asked of it then.

    """

    name: str
    title: str
    about: Sequence[tuple[str, str]]
    table: pl.DataFrame
    chart: Any

    def content(self, form: str) -> bytes:
        """Return the file."""
        if form == "csv":
            return self._csv()
        if form == "parquet":
            file = io.BytesIO()
            self.table.write_parquet(file, metadata=dict(self.about))
            return file.getvalue()
        spec = self._spec()
        if form == "png":
            return vl_convert.vegalite_to_png(spec, scale=2)
        return vl_convert.vegalite_to_pdf(spec)

    def _csv(self) -> bytes:
        """Return what it is, line by line, then an empty line and the table; no spreadsheet runs a cell of it."""
        lines = [[word, said] for word, said in self.about]
        rows = [["" if cell is None else str(cell) for cell in row] for row in self.table.iter_rows()]
        return csv_bytes({"figure": [*lines, [], self.table.columns, *rows]}, shipped_mapping("plain"))

    def _spec(self) -> dict[str, Any]:
        """Return the drawing with what it means above it."""
        said = [line for word, words in self.about for line in _folded(f"{word}: {words}")]
        title = alt.TitleParams(self.title, subtitle=said, anchor="start", fontSize=16, subtitleFontSize=10, offset=12)
        return described(self.chart.properties(title=title)) | {"background": "white"}


def _folded(text: str) -> list[str]:
    """Return a text as lines that fit over a chart."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > _LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _about(told: Opened, question: Question, *, unit: str, period: str) -> list[tuple[str, str]]:
    held, looked_at = told.standing.held, told.standing.about.looked_at
    until = timezone.localtime(min(held.last, looked_at))
    said = [
        ("title", question.title),
        ("definition", question.definition),
        ("counted", question.numerator),
        ("of, or in", question.denominator),
        ("unit", unit),
        ("organisation", told.standing.source.organisation),
        ("filter", told.picked.words(told.naming) or "none"),
        ("period", period),
        ("data", f"events up to {until:%d-%b-%Y %H:%M}, counted {timezone.localtime(looked_at):%d-%b-%Y %H:%M}"),
        ("question", question.id),
    ]
    return [*said, ("standing", "not for clinical use")] if told.standing.is_example else said


def chart_taken(told: Opened, slug: str) -> Taken:
    """Return a control chart."""
    asked = CHARTED[slug]
    charting = Charting(told)
    one = charting.chart(slug)
    points = one.rate.chart.points
    table = pl.DataFrame(
        {
            "week": [point.count.period for point in points],
            "numerator": [int(point.count.events) for point in points],
            "denominator": [int(point.count.out_of) for point in points],
            "value": [None if point.value is None else point.value * asked.per for point in points],
            "centre": [point.centre * asked.per for point in points],
            "lower_limit": [point.lower * asked.per for point in points],
            "upper_limit": [point.upper * asked.per for point in points],
            "rule_broken": [", ".join(rule.name for rule in point.broken) for point in points],
        },
        schema_overrides={"value": pl.Float64, "centre": pl.Float64, "lower_limit": pl.Float64}
        | {"upper_limit": pl.Float64, "week": pl.String, "rule_broken": pl.String},
    )
    days = list(whole_weeks(told.picked.first.start, told.picked.month.stop))
    period = f"weeks of {days[0]:%d-%b-%Y} to {days[-1]:%d-%b-%Y}" if not points else _weeks(points)
    about = [*_about(told, QUESTIONS[asked.question], unit=asked.unit, period=period), ("says", one.says)]
    name = f"{slug}-{told.picked.month}"
    return Taken(
        name=name, title=asked.heading, about=about, table=table, chart=drawn(one.rate, WIDTH) if points else None
    )


def _weeks(points: Sequence[Any]) -> str:
    return f"weeks of {points[0].count.period} to {points[-1].count.period}"


def figure_taken(told: Opened, question: Question, by: str) -> Taken:
    """Return a figure of a month, parted by a dimension if one is given."""
    month = told.picked.month
    source = told.standing.source.with_releases(told.picked.first, month)
    parted = (by,) if by else ()
    rows = source.answers(month, month).rows(question.id, *parted)
    keys = list(dict.fromkeys((*parted, *question.keys)))
    counts = ["numerator", "denominator", "value", "covered", "coverage_of", "unmapped", "unmapped_of"]
    named = [{name: told.naming.of(name, row[name]) for name in keys} | {n: row[n] for n in counts} for row in rows]
    named.sort(key=lambda row: tuple(str(row[name]) for name in keys))
    table = pl.DataFrame(named, schema={**dict.fromkeys(keys, pl.String), **_KINDS})
    title = f"{question.title}, {month.words}" + (f", by {header(by)}" if by else "")
    name = "-".join((question.id, *([by.replace("_", "-")] if by else []), str(month)))
    about = _about(told, question, unit=question.unit, period=f"{month.words} (UTC)")
    return Taken(name=name, title=title, about=about, table=table, chart=_bars(table, keys, question))


_KINDS = {
    **dict.fromkeys(("numerator", "denominator"), pl.Int64),
    "value": pl.Float64,
    **dict.fromkeys(("covered", "coverage_of", "unmapped", "unmapped_of"), pl.Int64),
}


def _bars(table: pl.DataFrame, keys: Sequence[str], question: Question) -> Any:  # noqa: ANN401 - Altair's chart
    """Return the values as bars, those with the largest denominators; what is not known has none."""
    known = table.filter(pl.col("value").is_not_null()).sort("denominator", descending=True).head(MOST_BARS)
    values = [
        {"name": ", ".join(row[key] for key in keys) or "all", "value": row["value"], "of": row["denominator"]}
        for row in known.iter_rows(named=True)
    ]
    data = alt.InlineData(values=values)
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=320, ticks=False, domain=False))
    bars = alt.Chart(data).mark_bar(color=INSIDE, height=14).encode(x=alt.X("value:Q", title=question.unit), y=y)
    return bars.properties(width=500, height=max(40, 22 * len(values)))
