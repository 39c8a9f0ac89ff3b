"""The curve of currency: which share of pumps was proven how many hours after the assignment, against the aims."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any

import altair as alt

from openinfusion.adapters.report.charts import HARD, INK, INSIDE

_HOUR = timedelta(hours=1)
_HEIGHT = 220


def currency_chart(
    points: Sequence[tuple[timedelta, int]], aims: Iterable[tuple[timedelta, Fraction]], *, pumps: int
) -> Any:  # noqa: ANN401 - Altair's layer
    """Return the chart; the aims are points that the line shall be above once their time has come."""
    last = points[-1][0] if points else timedelta()
    told = list(aims)
    coming = [after for after, _ in told if after >= last]
    until = max(last, min(coming, default=last))
    line = [{"hours": after / _HOUR, "share": 100 * proven / pumps} for after, proven in points]
    marks = [
        {
            "hours": after / _HOUR,
            "share": float(100 * aim),
            "words": f"aim: {float(100 * aim):g} % by {after // _HOUR} h",
        }
        for after, aim in told
        if after <= until
    ]
    x = alt.X("hours:Q", title="hours since the assignment", scale=alt.Scale(domain=[0, until / _HOUR]))
    y = alt.Y("share:Q", title="% of pumps proven", scale=alt.Scale(domain=[0, 100]))
    drawn = alt.Chart(alt.InlineData(values=line)).mark_line(interpolate="step-after", color=INSIDE, strokeWidth=3)
    aimed = alt.Chart(alt.InlineData(values=marks))
    dots = aimed.mark_point(shape="diamond", filled=True, size=120, color=HARD, opacity=1)
    words = aimed.mark_text(align="right", dx=-10, dy=14, color=INK, fontSize=12).encode(x=x, y=y, text="words:N")
    return alt.layer(drawn.encode(x=x, y=y), dots.encode(x=x, y=y), words).properties(height=_HEIGHT)
