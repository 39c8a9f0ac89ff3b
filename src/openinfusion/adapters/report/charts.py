"""
Charts as static SVG: described in the words of Vega-Lite, drawn by vl-convert, without a network, a browser or scripts.

Altair writes most descriptions. The number line is written as Vega-Lite itself: a page draws several, and Altair took
a hundred milliseconds for each, which it spends on copying and checking (ADR 9).
"""

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import altair as alt
import vl_convert

from openinfusion.adapters.report.tables import limit_words
from openinfusion.core.library import Limit
from openinfusion.core.numbers import show_number
from openinfusion.core.replay_counts import DosesUsed

# Told apart by lightness as well as by hue, so that they stay apart without colour vision and in a grey print.
HARD = "#8a1c3c"
SOFT = "#c26a00"
INSIDE = "#3f78a8"
USUAL = "#cfe0ee"
INK = "#212b32"
WIDTH = 820
BINS = 80
LOG_FROM = 12
HEIGHT = 110
# The share of the line that the words at a limit need beside them.
ROOM = 0.22
LOOK = {
    "font": "Arial, Liberation Sans, sans-serif",
    "background": "transparent",
    "view": {"continuousWidth": 300, "continuousHeight": 300, "stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
}
Spec = dict[str, Any]
_LOW = (Limit.HARD_MIN, Limit.SOFT_MIN)
_KINDS = {
    "domain": ["inside the limits", "beyond a soft limit", "beyond a hard limit"],
    "range": [INSIDE, SOFT, HARD],
}


def described(chart: Any) -> dict[str, Any]:  # noqa: ANN401 - any Altair chart, or a description
    """Return a chart in the words of Vega-Lite, in the look of the house."""
    spec = chart if isinstance(chart, dict) else chart.to_dict()
    return {**spec, "config": LOOK, "padding": {"left": 24, "right": 30, "top": 5, "bottom": 5}}


def render(chart: Any, label: str) -> str:  # noqa: ANN401 - any Altair chart
    """Return a chart as inline SVG that a screen reader takes as one picture with this label."""
    svg = vl_convert.vegalite_to_svg(described(chart))
    escaped = label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return str(svg).replace("<svg ", f'<svg role="img" aria-label="{escaped}" ', 1)


def _data(values: list[dict[str, object]]) -> alt.InlineData:
    return alt.InlineData(values=values)


def bars(rows: Iterable[tuple[str, int, int]], title: str) -> str:
    """Return horizontal bars of soft and hard alerts, one for each row, in their order."""
    listed = list(rows)
    order = [name for name, _, _ in listed]
    values: list[dict[str, object]] = [
        {"name": name, "alert": alert, "count": count}
        for name, soft, hard in listed
        for alert, count in (("hard", hard), ("soft", soft))
    ]
    totals: list[dict[str, object]] = [
        {"name": name, "count": soft + hard, "text": f"{soft + hard:,}"} for name, soft, hard in listed
    ]
    y = alt.Y(
        "name:N", sort=order, title=None, axis=alt.Axis(labelLimit=320, ticks=False, domain=False, labelPadding=8)
    )
    x = alt.X("sum(count):Q", title=title, axis=alt.Axis(grid=True, tickMinStep=1, tickCount=6, format=",d"))
    colour = alt.Color("alert:N", scale=alt.Scale(domain=["hard", "soft"], range=[HARD, SOFT]), legend=None)
    drawn = alt.Chart(_data(values)).mark_bar(height=15).encode(y=y, x=x, color=colour, order="alert:N")
    text = alt.Chart(_data(totals)).mark_text(align="left", dx=5, color=INK, fontSize=12)
    layered = alt.layer(drawn, text.encode(y=y, x="count:Q", text="text:N"))
    words = "; ".join(f"{name}: {soft} soft, {hard} hard" for name, soft, hard in listed)
    return render(layered.properties(width=500, height=22 * len(listed)), f"{title}. {words}")


class NumberLine:
    """One line: the limits and usual range of an entry, and how often each dose on it was used, if any was."""

    counted_as = "infusions"

    def __init__(self, used: DosesUsed) -> None:
        self.used = used
        limits = used.limits
        marks = [v for v in (*limits.bounds, limits.usual_min, limits.usual_max, limits.initial) if v]
        shown = [float(v) for v in (*marks, *used.doses[:1], *used.doses[-1:])]
        low, high = min(shown), max(shown)
        self.is_log = high / low > LOG_FROM
        if self.is_log:
            self.low, self.high = low / 1.35, high * 1.35
        else:
            margin = (high - low or high) * 0.08
            self.low, self.high = max(low - margin, 0.0), high + margin

    @property
    def is_crowded(self) -> bool:
        """Whether the words of both soft limits cannot stand between them."""
        _, low, high, _ = self.used.limits.bounds
        return low is not None and high is not None and (self.bin_of(high) - self.bin_of(low)) < 1.6 * ROOM * BINS

    def place(self, share: float) -> float:
        """Return the value at this share of the line's length."""
        if self.is_log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + (self.high - self.low) * share

    def bin_of(self, dose: Fraction) -> int:
        """Return the number of the bin that a dose falls into."""
        if float(dose) <= self.low:
            return 0
        if self.is_log:
            share = math.log(float(dose) / self.low) / math.log(self.high / self.low)
        else:
            share = (float(dose) - self.low) / (self.high - self.low)
        return min(int(share * BINS), BINS - 1)

    def kind_of(self, dose: Fraction) -> str:
        """Return where a dose lies, exactly: inside, beyond a soft limit, beyond a hard limit."""
        hard_min, soft_min, soft_max, hard_max = self.used.limits.bounds
        if (hard_max is not None and dose > hard_max) or (hard_min is not None and dose < hard_min):
            return "beyond a hard limit"
        if (soft_max is not None and dose > soft_max) or (soft_min is not None and dose < soft_min):
            return "beyond a soft limit"
        return "inside the limits"

    def counted(self) -> Iterable[tuple[Fraction, int]]:
        """Yield the doses, and how often each was used."""
        return ((dose, 1) for dose in self.used.doses)

    def histogram(self) -> list[dict[str, object]]:
        """Return the bars, each with the doses in it; a bin that a limit cuts through is stacked of both kinds."""
        bins: dict[tuple[int, str], list[tuple[Fraction, int]]] = {}
        for dose, number in self.counted():
            bins.setdefault((self.bin_of(dose), self.kind_of(dose)), []).append((dose, number))
        bars: list[dict[str, object]] = []
        heights: dict[int, int] = {}
        for (number, kind), held in sorted(bins.items()):
            low, n = heights.get(number, 0), sum(count for _, count in held)
            heights[number] = low + n
            ends = {"from": self.place((number + 0.06) / BINS), "to": self.place((number + 0.94) / BINS)}
            bars.append({**ends, "kind": kind, "low": low, "high": low + n, "doses": _from_to(held), "count": n})
        return bars

    def chart(self) -> Spec:
        """Return the chart as Vega-Lite: the usual range behind, bars of doses, limits as labelled lines."""
        return {"$schema": alt.SCHEMA_URL, "layer": self.layers(), "width": WIDTH, "height": HEIGHT}

    def layers(self) -> list[Spec]:
        """Return what is drawn, from behind to the front."""
        bars = [self.bars()] if self.used.doses else []
        return [*self.usual_band(), *bars, *self.limit_marks(), *self.initial_mark()]

    def x(self, field: str) -> Spec:
        """Return the place along the line."""
        title = self.used.limits.unit.text
        return {"field": field, "type": "quantitative", "scale": self.scale(), "axis": self.axis(), "title": title}

    def scale(self) -> Spec:
        """Return the scale: logarithmic where the values span more than one power of ten."""
        return {"type": "log" if self.is_log else "linear", "domain": [self.low, self.high], "nice": False}

    def axis(self) -> Spec:
        """Return the axis: round values only, in plain digits."""
        values = round_values(self.low, self.high, is_log=self.is_log)
        return {"values": values, "format": ",~r", "grid": False, "tickSize": 4}

    def bars(self) -> Spec:
        """Return the doses used."""
        data = self.histogram()
        step = -(-max(int(str(bar["high"])) for bar in data) // 3)
        places = [0, step, 2 * step, 3 * step]
        counts = {"values": places, "format": ",d", "grid": False, "domain": False, "tickSize": 3}
        scale = {"domain": [0, 3 * step], "nice": False}
        encoding: Spec = {
            "x": self.x("from"),
            "x2": {"field": "to"},
            "y": {"field": "low", "type": "quantitative", "title": self.counted_as, "scale": scale, "axis": counts},
            "y2": {"field": "high"},
            "color": {"field": "kind", "type": "nominal", "scale": _KINDS, "legend": None},
        }
        return layer(data, "rect", encoding)

    def limit_marks(self) -> list[Spec]:
        """Return lines and labels: hard limits high and solid, soft ones lower and dashed."""
        rules: list[Spec] = []
        labels: list[Spec] = []
        for limit, bound in zip(Limit, self.used.limits.bounds, strict=True):
            if bound is None or float(bound) < self.low:
                continue
            is_hard = limit in (Limit.HARD_MIN, Limit.HARD_MAX)
            data: list[dict[str, object]] = [
                {"at": float(bound), "label": f"{limit_words(limit)} {show_number(bound)}"}
            ]
            top, dash = (-32, [1, 0]) if is_hard else (-16, [5, 3])
            style = {"color": _colour(is_hard), "strokeWidth": 2, "strokeDash": dash}
            rules.append(layer(data, "rule", self.at(top, HEIGHT), **style))
            labels += self.label(data, limit, bound, high=top + 5)
        return [*rules, *labels]

    def at(self, high: int, low: int | None = None) -> Spec:
        """Return where something at a value of the line stands: so many points below its top, down to so many."""
        return {"x": self.x("at"), "y": {"value": high}, **({} if low is None else {"y2": {"value": low}})}

    def label(self, data: list[dict[str, object]], limit: Limit, bound: Fraction, *, high: int) -> list[Spec]:
        """
        Return the words at a limit over a white outline, on the side where no other line crosses them if there is one.

        Hard limits read outwards in the upper row unless the line ends there; soft limits read inwards below them,
        unless minimum and maximum lie so close that their words would meet.
        """
        share = self.bin_of(bound) / BINS
        if limit in (Limit.HARD_MIN, Limit.HARD_MAX):
            is_left = share > ROOM if limit in _LOW else share > 1 - ROOM
        else:
            reads_inwards = share < 1 - ROOM if limit in _LOW else share > ROOM
            is_left = (limit not in _LOW) is (reads_inwards and not self.is_crowded)
        colour = _colour(limit in (Limit.HARD_MIN, Limit.HARD_MAX))
        style = {"color": colour, "fontWeight": "bold", **beside(is_left=is_left)}
        outline = {**style, "color": "white", "stroke": "white", "strokeWidth": 5}
        text = {**self.at(high), "text": {"field": "label", "type": "nominal"}}
        return [layer(data, "text", text, **one) for one in (outline, style)]

    def usual_band(self) -> list[Spec]:
        """Return the usual range, if there is one, as a band behind the bars."""
        low, high = self.used.limits.usual_min, self.used.limits.usual_max
        if low is None or high is None:
            return []
        data: list[dict[str, object]] = [{"from": max(float(low), self.low), "to": float(high)}]
        return [layer(data, "rect", {"x": self.x("from"), "x2": {"field": "to"}}, color=USUAL, opacity=0.6)]

    def initial_mark(self) -> list[Spec]:
        """Return the value that the pump offers first, if any, as a triangle on the line."""
        initial = self.used.limits.initial
        if not initial:
            return []
        style = {"shape": "triangle-down", "filled": True, "size": 110, "color": INK, "opacity": 1}
        return [layer([{"at": float(initial)}], "point", self.at(5), **style)]


def layer(data: list[dict[str, object]], mark: str, encoding: Spec, **style: object) -> Spec:
    """Return one layer of a chart in the words of Vega-Lite."""
    return {"data": {"values": data}, "mark": {"type": mark, **style}, "encoding": encoding}


def beside(*, is_left: bool) -> Spec:
    """Return how words stand beside a line: on its left or on its right."""
    side = {"align": "right", "dx": -5} if is_left else {"align": "left", "dx": 5}
    return {"fontSize": 12, "baseline": "middle", **side}


def _from_to(held: list[tuple[Fraction, int]]) -> str:
    """Return the least and the greatest dose of a bar in words, exactly."""
    ends = sorted({min(dose for dose, _ in held), max(dose for dose, _ in held)})
    return " to ".join(show_number(end) for end in ends)


def _colour(is_hard: bool) -> str:  # noqa: FBT001 - a lookup
    return HARD if is_hard else SOFT


def round_values(low: float, high: float, *, is_log: bool) -> list[float]:
    """Return the values under the line: 1, 2 and 5 of each power of ten, or only 1 where they span many."""
    if not is_log:
        return _linear_values(low, high)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= 3 else (1,)  # noqa: PLR2004 - more would crowd the line
    values = (float(f"{step}e{power}") for power in range(first, last + 1) for step in steps)
    return [value for value in values if low <= value <= high]


def _linear_values(low: float, high: float) -> list[float]:
    rough = (high - low) / 8
    power = math.floor(math.log10(rough))
    step = next(s for s in (1, 2, 5, 10) if s * 10**power >= rough)
    first = math.ceil(low / (step * 10.0**power))
    last = math.floor(high / (step * 10.0**power))
    return [float(f"{n * step}e{power}") for n in range(first, last + 1)]


def number_line(used: DosesUsed, label: str) -> str:
    """Return a number line as SVG."""
    return render(NumberLine(used).chart(), label)
