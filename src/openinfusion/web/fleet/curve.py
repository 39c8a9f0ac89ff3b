"""The curve of currency: how many pumps were proven so many hours after the assignment, against the aim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from openinfusion.adapters.report.currency_chart import currency_chart
from openinfusion.adapters.report.tables import make_table
from openinfusion.core.numbers import show_share
from openinfusion.fleet.proof.currency import AIMS, Currency, Share
from openinfusion.web.design.charts import Figure, figure

_HOUR, _LONG = timedelta(hours=1), timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """An aim: within which time which share, what was reached, and whether that meets it."""

    within: str
    aim: str
    reached: str


def against_aims(found: Currency) -> tuple[Against, ...]:
    """Return each aim with what was reached."""
    due = {one.after: one for one in found.shares}
    return tuple(
        Against(within=_after(after), aim=show_share(aim), reached=_reached(due.get(after), found))
        for after, aim in AIMS
    )


def curve_figure(found: Currency, points: Sequence[tuple[timedelta, int]]) -> Figure | None:
    """Return the curve as a chart; nothing where no ring with pumps gets a release."""
    pumps = found.now.pumps
    if not pumps or not points:
        return None
    rows = [(_after(after), f"{proven:,}", show_share(Fraction(proven, pumps))) for after, proven in points]
    table = make_table(
        "How soon pumps were proven current", ("Since the assignment", "Pumps", "Share"), rows, numbers=(1, 2)
    )
    last = rows[-1]
    words = f"Of {pumps:,} pumps {last[1]} were proven within {last[0]}: {last[2]}. The aims are in the table above."
    return figure(currency_chart(points, AIMS, pumps=pumps), words, table)


def _reached(share: Share | None, found: Currency) -> str:
    if share is None:
        return f"not due yet: now {show_share(found.now.share)}"
    return f"{show_share(share.share)}: {'met' if share.is_met else 'not met'}"


def _after(span: timedelta) -> str:
    hours = span // _HOUR
    return f"{hours // 24} days" if span > _LONG and not hours % 24 else f"{hours} h"
