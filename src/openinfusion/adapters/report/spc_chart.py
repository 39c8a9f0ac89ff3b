"""A control chart as a picture, as a table and in a sentence; signals are told by shape, by colour and in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import altair as alt
from markupsafe import Markup

from openinfusion.adapters.report.charts import INK, render
from openinfusion.adapters.report.tables import NONE, Table, make_table
from openinfusion.core.spc import OUTSIDE, SHIFT, TREND, TWO_OF_THREE, ControlChart, Measure, Point, Rule

QUIET = "#768692"
BAND = "#e8edee"
# As "Making data count" colours its points: orange for concern, blue for improvement; here both also differ by shape.
CONCERN = "#c26a00"
IMPROVEMENT = "#005eb8"
NEUTRAL = "#5b2d82"
NO_SIGNAL = "No signal: no week stands out from how the others vary."
SHAPES = {OUTSIDE.name: "diamond", TWO_OF_THREE.name: "cross", SHIFT.name: "square", TREND.name: "triangle-up"}
OTHER_SHAPE = "triangle-down"
WIDE, NARROW, HEIGHT = 780, 300, 190
LABEL_ROW, NOTE_ROWS = 14, 3
# Width of a character of the notes; words that find no room in any row are left to the text.
CHARACTER = 6.2


class Better(Enum):
    """Which way is better; where nobody can say, neither."""

    HIGHER = 1
    LOWER = -1
    NEITHER = 0


@dataclass(frozen=True, slots=True)
class Note:
    """Something known to have happened, such as the release of a library."""

    on: date
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChart:
    """
    A control chart with what its numbers mean.

    ``per`` turns a value into what is shown (100: per cent, or per 100 infusions), ``unit`` names that, and ``events``
    and ``exposure`` head the columns of what was counted. The periods of the chart are dates (ISO 8601).
    """

    heading: str
    chart: ControlChart
    unit: str
    events: str
    exposure: str
    per: int = 100
    better: Better = Better.NEITHER
    notes: Sequence[Note] = ()

    @property
    def mark(self) -> str:
        """Return what follows a number: a share is in per cent."""
        return " %" if self.chart.measure is Measure.SHARE else ""

    def show(self, value: float | None) -> str:
        """Return a value as shown: two decimal places below 1, else one."""
        if value is None:
            return NONE
        shown = value * self.per
        return f"{shown:,.{2 if abs(shown) < 1 and shown else 1}f}{self.mark}"


def picture(rate: RateChart) -> Markup:
    """Return the chart twice, for a page and for a phone; the style sheet shows one of them."""
    label = f"Control chart: {rate.heading}. {sentence(rate)}"
    wide, narrow = (render(drawn(rate, width), label) for width in (WIDE, NARROW))
    return Markup(f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>')  # noqa: S704 - render escapes


def sentence(rate: RateChart) -> str:
    """Return what the chart says: where the centre lies now, and which signals there are."""
    if not any(point.value is not None for point in rate.chart.points):
        return "Nothing was counted in these weeks."
    phase = rate.chart.phases[-1]
    last = phase.points[-1]
    parts = [f"Centre line {rate.show(phase.centre)}; the latest week {rate.show(last.value)}."]
    signs = signals(rate.chart)
    parts.append(
        f"Signals: {'; '.join(signs)}." if signs else "No signal: the weeks vary as chance alone would have it."
    )
    return " ".join([*parts, *cautions(rate.chart)])


def cautions(chart: ControlChart) -> list[str]:
    """Return what a reader must know of the limits: widened, provisional, or of too few events."""
    said = []
    widened = [phase for phase in chart.phases if phase.is_adjusted and phase.sigma_z]
    if widened:
        times = ", ".join(f"{phase.sigma_z:.1f}" for phase in widened)
        said.append(f"Weeks vary more than chance would have it, so limits are {times} times as wide (Laney’s method).")
    if any(phase.is_short for phase in chart.phases):
        said.append("Fewer than twelve weeks set these limits: they are provisional.")
    small = sum(point.is_small and point.value is not None for point in chart.points)
    if small:
        said.append(
            f"In {small} of {len(chart.points)} weeks fewer than five events were to be expected: limits are rough."
        )
    return said


def signals(chart: ControlChart) -> list[str]:
    """Return each rule that was broken, with how many weeks show it and which was the last."""
    said = []
    for rule in chart.rules:
        weeks = [_day(point) for point in chart.points if rule in point.broken]
        if weeks:
            count = "1 week" if len(weeks) == 1 else f"{len(weeks)} weeks"
            said.append(f"{rule.name} ({rule.words}): {count}, last in the week of {_long(weeks[-1])}")
    return said


def table_of(rate: RateChart) -> Table:
    """Return the numbers behind the chart."""
    rows = (
        (
            _long(_day(point)),
            f"{point.count.events:,.0f}",
            f"{point.count.out_of:,.0f}",
            rate.show(point.value),
            rate.show(point.centre),
            rate.show(point.lower) if point.value is not None else NONE,
            rate.show(point.upper) if point.value is not None else NONE,
            ", ".join(rule.name for rule in point.broken) or NONE,
        )
        for point in rate.chart.points
    )
    header = ("week of", rate.events, rate.exposure, rate.unit, "centre", "lower limit", "upper limit", "rule broken")
    return make_table(rate.heading, header, rows, numbers=range(1, 7))


def _day(point: Point) -> date:
    return date.fromisoformat(point.count.period)


def _long(day: date) -> str:
    return f"{day.day}-{day:%b-%Y}"


def _colour(point: Point, better: Better) -> str:
    """Return the colour of a point: a signal tells on which side of the centre it is, where one is better."""
    if not point.broken:
        return QUIET
    side = 1 if (point.value or 0.0) > point.centre else -1
    if better is Better.NEITHER:
        return NEUTRAL
    return IMPROVEMENT if side == better.value else CONCERN


def _shape(rule: Rule | None) -> str:
    return "circle" if rule is None else SHAPES.get(rule.name, OTHER_SHAPE)


def _rows(rate: RateChart) -> list[dict[str, Any]]:
    rows = []
    for number, phase in enumerate(rate.chart.phases):
        rows += [_row(rate, point, number) for point in phase.points]
    return rows


def _row(rate: RateChart, point: Point, phase: int) -> dict[str, Any]:
    has_value = point.value is not None
    return {
        "on": point.count.period,
        "phase": phase,
        "value": point.value * rate.per if point.value is not None else None,
        "centre": point.centre * rate.per,
        "lower": point.lower * rate.per if has_value else None,
        "upper": point.upper * rate.per if has_value else None,
        "colour": _colour(point, rate.better),
        "shape": _shape(point.broken[0] if point.broken else None),
        "is_signal": bool(point.broken),
    }


def drawn(rate: RateChart, width: int = WIDE) -> Any:  # noqa: ANN401 - Altair's layer
    """Return the chart: the band of the limits behind, centre, line of weeks, points, signals, then the notes."""
    rows = _rows(rate)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=_weeks(width))
    y = alt.Scale(zero=rate.chart.measure is Measure.RATE, nice=True)
    axis = alt.Axis(title=rate.unit, grid=False, domain=False, tickCount=5, titlePadding=8, minExtent=34)
    value = alt.Y("value:Q", scale=y, axis=axis)
    layers = [
        base.mark_area(color=BAND, interpolate="step").encode(
            y=alt.Y("lower:Q", scale=y), y2="upper:Q", detail="phase:N"
        ),
        base.mark_line(color=QUIET, strokeWidth=1, strokeDash=[6, 3]).encode(y="centre:Q", detail="phase:N"),
        base.mark_line(color=QUIET, strokeWidth=1.2).encode(y=value, detail="phase:N"),
        _points(base.transform_filter("!datum.is_signal && isValid(datum.value)"), value, size=16),
        _points(base.transform_filter("datum.is_signal"), value, size=70),
        *_note_marks(rate.notes, rows, width),
    ]
    return alt.layer(*layers).properties(width=width, height=HEIGHT)


def _weeks(width: int) -> alt.X:
    axis = alt.Axis(format="%b %Y", title=None, grid=False, tickCount=max(3, width // 110), labelOverlap=True)
    return alt.X("on:T", scale=alt.Scale(type="utc"), axis=axis)


def _points(base: Any, value: alt.Y, *, size: int) -> alt.Chart:  # noqa: ANN401 - Altair's chart
    marks: alt.Chart = base.mark_point(filled=True, opacity=1, size=size, stroke="white", strokeWidth=0.6)
    return marks.encode(
        y=value,
        color=alt.Color("colour:N", scale=None, legend=None),
        shape=alt.Shape("shape:N", scale=None, legend=None),
    )


def _note_marks(notes: Sequence[Note], rows: Sequence[dict[str, Any]], width: int) -> list[alt.Chart]:
    """Return a rule for each note within the weeks shown, its words above the plot; neighbours in rows of their own."""
    first, last = (date.fromisoformat(str(rows[n]["on"])) for n in (0, -1))
    within = sorted((note for note in notes if first <= note.on <= last), key=lambda note: note.on)
    if not within:
        return []
    days = (last - first).days or 1
    values, ends = [], [-1.0] * NOTE_ROWS
    for note in within:
        at, length = width * (note.on - first).days / days, CHARACTER * len(note.words)
        is_late = at + length > width
        left = at - length if is_late else at
        row = next((n for n, end in enumerate(ends) if left > end), None)
        if row is not None:
            ends[row] = left + length + CHARACTER
        top = -LABEL_ROW * (1 + (row or 0))
        words = "" if row is None else note.words
        values.append({"on": note.on.isoformat(), "words": words, "top": top, "foot": HEIGHT, "is_late": is_late})
    base: alt.Chart = alt.Chart(alt.InlineData(values=values))
    x, top_of = alt.X("on:T", scale=alt.Scale(type="utc")), alt.Y("top:Q", scale=None, axis=None)
    rules = base.mark_rule(color=INK, strokeWidth=1, strokeDash=[2, 2], yOffset=-4)
    marks = [rules.encode(x=x, y=top_of, y2=alt.Y2("foot:Q"))]
    for is_late in (False, True):
        style: dict[str, Any] = {"align": "right", "dx": -3} if is_late else {"align": "left", "dx": 3}
        texts = base.transform_filter(f"datum.is_late === {str(is_late).lower()}")
        text = texts.mark_text(**style, baseline="middle", color=INK, fontSize=11)
        marks.append(text.encode(x=x, y=top_of, text="words:N"))
    return marks
