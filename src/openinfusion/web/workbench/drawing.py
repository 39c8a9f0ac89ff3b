"""The scatter of what was attempted, with limits as lines: in the words of Vega-Lite, with its table."""

from typing import Any

import altair as alt
import polars as pl

from openinfusion.adapters.report.charts import HARD, INSIDE, SOFT
from openinfusion.adapters.report.tables import limit_words, make_table
from openinfusion.core.limits import Limit, Limits
from openinfusion.core.numbers import show_number
from openinfusion.web.design.charts import Figure, figure
from openinfusion.web.workbench.gathering import Bench

HEIGHT = 340
LIMITS = "limits"
"""The name of the data of the lines: a script that moves one gives the chart other data of this name."""


def drawn(bench: Bench, then: Limits) -> Figure | None:
    """Return the picture, or ``None`` where nothing was attempted."""
    rows = bench.drawn()
    if rows.is_empty():
        return None
    months = (
        rows.with_columns(month=rows["day"].dt.strftime("%Y-%m"))
        .group_by("month")
        .agg(pl.col("number").sum())
        .sort("month")
    )
    table = make_table(
        "What was attempted, week by week",
        ("month (of the Monday)", "programmes drawn"),
        [(month, f"{number:,}") for month, number in months.iter_rows()],
        numbers=[1],
    )
    points = [{"day": day.isoformat(), "value": value, "number": n} for day, value, n in rows.iter_rows()]
    said = f"Values attempted by week in {bench.limits.unit.text}, with the limits as lines."
    note = "A circle is the programmes of one week within six percent of a value; its size is how many they are."
    return figure(_layers(points, bench, then), said, table, note=note)


def _layers(points: list[dict[str, Any]], bench: Bench, then: Limits) -> Any:  # noqa: ANN401 - an Altair chart
    unit = bench.limits.unit.text
    y = alt.Y("value:Q", title=unit, scale=alt.Scale(type="log", nice=False))
    circles = (
        alt.Chart(alt.InlineData(values=points))
        .mark_circle(color=INSIDE, opacity=0.6)
        .encode(
            x=alt.X("day:T", title=None),
            y=y,
            size=alt.Size("number:Q", legend=alt.Legend(title="programmes", orient="bottom")),
            tooltip=[alt.Tooltip("day:T", title="week of"), alt.Tooltip("number:Q", title="programmes")],
        )
    )
    lines = alt.Chart(alt.InlineData(values=lines_of(then), name=LIMITS)).encode(y="value:Q")
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["hard", "soft"], range=[HARD, SOFT]), legend=None)
    rules = lines.mark_rule(strokeWidth=2).encode(color=colour)
    words = lines.mark_text(align="left", dx=4, dy=-6, fontSize=12).encode(text="label:N", color=colour, x=alt.value(0))
    return alt.layer(circles, rules, words).properties(height=HEIGHT)


def lines_of(limits: Limits) -> list[dict[str, Any]]:
    """Return the limits that can be drawn, which is those above zero on a scale of ratios."""
    pairs = zip(Limit, limits.bounds, strict=True)
    return [
        {
            "limit": limit.value,
            "kind": limit.value[:4],
            "value": float(bound),
            "label": f"{limit_words(limit)} {show_number(bound)}",
        }
        for limit, bound in pairs
        if bound
    ]
