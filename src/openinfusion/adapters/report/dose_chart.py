"""Dose over time: what was meant to be given beside what was given, as two lines from one zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import altair as alt

from openinfusion.adapters.report.charts import HARD, INK, INSIDE, render
from openinfusion.core.numbers import show_number

WIDTH, HEIGHT = 560, 260
Line = Sequence[tuple[Fraction, Fraction]]
"""Minutes, and the amount given until then; in between it grows evenly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseLine:
    """
    One line of the picture.

    Attributes:
        words: what stands at its end.
        points: minutes and amounts.
        is_meant: whether it is what was meant to be given.

    """

    words: str
    points: Line
    is_meant: bool = False


def dose_chart(lines: Sequence[DoseLine], *, unit: str, drug: str, label: str) -> str:
    """Return the lines as SVG; minute zero is marked, because that is when the bolus begins."""
    last = max(minutes for line in lines for minutes, _ in line.points)
    first = min(minutes for line in lines for minutes, _ in line.points)
    most = max(amount for line in lines for _, amount in line.points)
    x = alt.X(
        "minutes:Q",
        title="minutes after the bolus was started (a model; not for clinical use)",
        scale=alt.Scale(domain=[float(first), float(last)], nice=False),
        axis=alt.Axis(grid=False, tickCount=8, format="d"),
    )
    y = alt.Y(
        "amount:Q",
        title=f"{unit} of {drug} since minute {show_number(first).replace('-', '−')}",
        scale=alt.Scale(domain=[0, float(most) * 1.08], nice=False),
        axis=alt.Axis(grid=True, gridColor="#e8edee", tickCount=6, format=",d", domain=False, ticks=False),
    )
    drawn = [*_bolus(x), *(layer for line in lines for layer in _line(line, x, y))]
    return render(alt.layer(*drawn).properties(width=WIDTH, height=HEIGHT), label)


def _bolus(x: alt.X) -> list[Any]:
    """Return the line at which the bolus begins, and its word."""
    data = alt.InlineData(values=[{"minutes": 0, "text": "the bolus begins"}])
    rule = alt.Chart(data).mark_rule(color=INK, strokeDash=[2, 3], strokeWidth=1).encode(x=x)
    word = alt.Chart(data).mark_text(color=INK, fontSize=12, align="right", dx=-5)
    return [rule, word.encode(x=x, y=alt.value(HEIGHT / 2), text="text:N")]


def _line(line: DoseLine, x: alt.X, y: alt.Y) -> list[Any]:
    """Return the line and the words at its end."""
    values = [{"minutes": float(minutes), "amount": float(amount)} for minutes, amount in line.points]
    colour = INSIDE if line.is_meant else HARD
    dash = [6, 4] if line.is_meant else [1, 0]
    path = alt.Chart(alt.InlineData(values=values)).mark_line(color=colour, strokeWidth=3, strokeDash=dash)
    end = values[-1] | {"text": line.words}
    text = alt.Chart(alt.InlineData(values=[end])).mark_text(
        color=colour, fontSize=13, fontWeight="bold", align="right", dx=-4, dy=-10
    )
    return [path.encode(x=x, y=y), text.encode(x=x, y=y, text="text:N")]
