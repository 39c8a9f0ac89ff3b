"""Limits on a line, with the doses that were programmed where a lake knows them; drawn once for each content."""

from collections.abc import Sequence

from django.core.cache import cache

from openinfusion.adapters.report.attempts_line import AttemptsLine
from openinfusion.adapters.report.charts import NumberLine, Spec, render
from openinfusion.adapters.report.tables import make_table
from openinfusion.core.limits import Limits
from openinfusion.core.numbers import show_number
from openinfusion.core.programme import Parameter
from openinfusion.core.replay_counts import DosesUsed
from openinfusion.lake.practice import Counted, number_of
from openinfusion.web.design.charts import Figure, figure

_KEPT = 30 * 24 * 60 * 60


class ProgrammedLine(AttemptsLine):
    """A number line in a page: a bar says its doses and how many programmes there were."""

    def __init__(self, values: Counted, limits: Limits) -> None:
        """Draw so far that every value has its place."""
        super().__init__(values, limits, None)

    def bars(self) -> Spec:
        said = [
            {"field": "doses", "type": "nominal", "title": self.used.limits.unit.text},
            {"field": "count", "type": "quantitative", "title": self.counted_as, "format": ",d"},
            {"field": "kind", "type": "nominal", "title": "where"},
        ]
        drawn = super().bars()
        return {**drawn, "encoding": {**drawn["encoding"], "tooltip": said}}


def is_drawable(limits: Limits) -> bool:
    """Whether there is a value above zero to be drawn; a line needs one."""
    return any((*limits.bounds, limits.usual_min, limits.usual_max, limits.initial))


def figure_of(
    limits: Limits, title: str, rows: Sequence[tuple[str, str]], *, values: Counted = (), note: str = ""
) -> Figure | None:
    """
    Return the number line of limits for a page, or ``None`` if nothing can be drawn.

    Args:
        limits: what is drawn.
        title: what they limit.
        rows: their values in words.
        values: what was programmed, in the unit of the limits, with how often.
        note: where that comes from.

    """
    if not values:
        table = make_table(f"{title}: limits on a line", ("Limit", "Value"), rows, numbers=(1,))
        return figure(_line(limits).chart(), limits.describe(), table, note=note) if is_drawable(limits) else None
    line = ProgrammedLine(values, limits)
    unit = limits.unit.text
    bars = [(f"Programmed, {bar['kind']}", f"{bar['doses']} {unit}", f"{bar['count']:,}") for bar in line.histogram()]
    table = make_table(
        f"{title}: limits, and what was programmed",
        ("What", "Value", "Programmes"),
        [*((name, value, "") for name, value in rows), *bars],
        numbers=(1, 2),
    )
    words = f"{limits.describe()}. {number_of(values):,} programmes, from {show_number(values[0][0])} to"
    return figure(line.chart(), f"{words} {show_number(values[-1][0])} {unit}", table, note=note)


def picture(limits: Limits, name: str, title: str) -> str | None:
    """Return the limits as SVG, for a browser in which nothing runs; ``name`` is that of the content."""
    if not is_drawable(limits):
        return None
    key = f"line-{name}"
    kept: str | None = cache.get(key)
    if kept is None:
        kept = render(_line(limits).chart(), f"{title}: {limits.describe()}")
        cache.set(key, kept, _KEPT)
    return kept


def _line(limits: Limits) -> NumberLine:
    return NumberLine(DosesUsed("", "", (), Parameter.DOSE, limits, (), 0, 0))
