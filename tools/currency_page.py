"""The page and the picture of how soon pumps run a release, from the figures that `make currency` wrote."""

import json
from pathlib import Path
from typing import Any

import altair as alt

from openinfusion.adapters.report.charts import HARD, INK, INSIDE, SOFT, render
from openinfusion.pump.distribution import AIMS

FIGURES = Path(__file__).resolve().parent.parent / "benchmarks" / "figures" / "currency.json"
PICTURE = Path("docs/images/time-to-currency.svg")
LINES = {
    "accounted": ("ours, from when the ring of each pump was opened: proven, or on the work list", INSIDE, [1, 3]),
    "ring_of_all": ("ours, from when the ring of each pump was opened: proven, of all pumps", INSIDE, [1, 0]),
    "ring_alone": ("the same, where nobody goes through the stores with a stick", INSIDE, [4, 3]),
    "in_rings": ("ours, from the first ring on, with bench, canary and a quarter first: of all pumps", SOFT, [1, 0]),
    "pushed": ("as before: pushed once, accepted by hand: of all pumps", HARD, [1, 0]),
}  # fmt: skip
SHOWN = (8, 24, 72, 168, 360, 696)
_HEAD = """# How soon every pump runs a release

*Generated from `benchmarks/figures/currency.json`; do not edit.* Simulated, with assumed figures of how often pumps
are within reach: not a forecast, not for clinical use. `make currency` makes the figures, `openinfusion fleet
simulate` the same for a plan of yours.

## Before: pushed, and hoped for

Hsu and others (J Patient Saf 2019;15:e8) watched 25 releases: it took six days until half of the pumps ran the new
library, and fifteen until four in five did; the next one came after 28.8 days. Nobody knew which pumps were left, and
those behind dead network ports stayed so (HSIB 2020, 3.7 and 5.54).

The simulation starts from pumps, not from that curve: 60 % on wards, 20 % in intensive care, 10 % in stores, 5 % on
loan and 5 % behind dead ports, each within reach and idle as `src/openinfusion/pump/distribution/fleet.toml` says.
One figure is fitted: the chance, 16 % a day, that somebody accepts a waiting library on a pump in use. Both published
points follow from it.

## Ours, against the aim

![Share of pumps that run a release, by hours](../images/time-to-currency.svg)
"""
_TAIL = """## What makes the difference

- **Somebody goes through the stores with a stick** when a ring is opened: on average 24 hours after it
  (`store_after_hours`). That is an assumption about people, not about pumps; it is work, and the table says for how
  many pumps. Where nobody goes, the aim is met at 8 hours in the median, then missed until the work list counts: no
  protocol reaches a pump that is switched off in a cupboard.
- **Silence is counted from the last report, whatever ring is open.** The server knows of a dead port three days after
  it died, not three days after the next release: the work item is open, and often done, before the ring opens. A
  port that died on the day on which the roll-out began is the worst case, and every dead port here died then.
- Pumps that are in use, within reach and idle at times take it by themselves.

## What this does not show

- **Caution costs time.** Counted from the first ring on, a bench, a canary that soaks for a day and a quarter of the
  pumps come first: half of the pumps are later than 8 hours by as much. A plan may open the rest after the canary.
- 7 days after its ring was opened, a share of the pumps is not proven but *on the work list*: those behind ports
  that nobody has mended yet, and those on loan. The aim counts them, and the table shows both.
- 2 % is aimed at for infusions begun on an outdated library; the table says what came out. What remains are mostly the
  first hours of pumps that are never idle for long, and pumps in use behind dead ports.
- The agent also takes a library when its pump is switched on or given to a new patient. Nobody knows how often that
  is, so it is left out; pumps are late here rather than early.
- A pump within reach is so for the whole day, a pump out of reach for the whole day; movement between wards is not
  simulated. What a stick brings back is known in the quarter of an hour in which the pump was visited.
- In the simulation reports are believed at once. `tests/unit/fleet/test_rollout_known.py` makes, signs and judges
  every report of the same fleet by the real rules of proof, and holds that the very same decisions follow.
"""


def page() -> str:
    """Return the page ``docs/explanation/time-to-currency.md``."""
    kept: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    rows = [
        "| after | aim | of all | nobody goes to stores | of those seen | proven or listed | first ring | before |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    aims = dict(AIMS)
    for hours in SHOWN:
        at = kept["hours"].index(hours)
        names = ("ring_of_all", "ring_alone", "ring_of_seen", "accounted", "in_rings", "pushed")
        shares = [kept[name]["median"][at] for name in names]
        lowest = kept["ring_of_all"]["lowest"][at]
        cells = [f"{shares[0]:.1f} % (lowest {lowest:.1f} %)", *(f"{share:.1f} %" for share in shares[1:])]
        aim = f"{aims[hours]:g} %" if hours in aims else ""
        rows.append(f"| {_span(hours)} | {aim} | {' | '.join(cells)} |")
    under = (
        f"Medians over {kept['seeds']} seeds of {kept['pumps']:,} pumps, counted from when the ring of each pump was\n"
        "opened, but for the last two columns. The aim at 7 days is *proven, or on the work list*."
    )
    always = [_span(hours) for hours, aim in AIMS if kept[_measure(hours)]["lowest"][kept["hours"].index(hours)] >= aim]
    median = [_span(hours) for hours, aim in AIMS if kept[_measure(hours)]["median"][kept["hours"].index(hours)] >= aim]
    met = f"The aim is met in the median at {_listed(median)}; in each single seed at {_listed(always)}."
    figures = ["| what | median | lowest | highest |", "|---|--:|--:|--:|"]
    figures += [f"| {name} | {' | '.join(f'{value:,g}' for value in of)} |" for name, of in kept["figures"].items()]
    return "\n".join([_HEAD, *rows, "", under, "", met, "", *figures, "", _TAIL])


def _measure(hours: int) -> str:
    """Return the line that an aim is held against: at the last one the work list counts."""
    return "accounted" if hours == AIMS[-1][0] else "ring_of_all"


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def picture() -> dict[Path, bytes]:
    """Return the picture by its path."""
    kept: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    values = [
        {"hours": hours, "share": share, "what": words}
        for name, (words, _, _) in LINES.items()
        for hours, share in zip(kept["hours"], kept[name]["median"], strict=True)
    ]
    names = [words for words, _, _ in LINES.values()]
    label = "datum.value < 48 ? datum.value + ' h' : datum.value / 24 + ' days'"
    axis = alt.Axis(values=[1, 2, 4, 8, 24, 72, 168, 360], labelExpr=label, grid=False)
    x = alt.X("hours:Q", scale=alt.Scale(type="log", domain=[1, 700], nice=False), axis=axis, title="time")
    y = alt.Y("share:Q", scale=alt.Scale(domain=[0, 100]), title="pumps that run it, in per cent")
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=620, symbolSize=300)
    lines = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=names, range=[colour for _, colour, _ in LINES.values()]),
                title=None,
                legend=legend,
            ),
            strokeDash=alt.StrokeDash(
                "what:N", scale=alt.Scale(domain=names, range=[dash for _, _, dash in LINES.values()]), title=None
            ),
        )
    )
    aims = [{"hours": hours, "share": share, "words": f"aim {share:g} %"} for hours, share in AIMS]
    marks = alt.Chart(alt.InlineData(values=aims)).mark_point(
        shape="diamond", size=90, filled=True, color=INK, opacity=1
    )
    words = alt.Chart(alt.InlineData(values=aims)).mark_text(align="left", dx=8, dy=12, color=INK, fontSize=12)
    layers = alt.layer(lines, marks.encode(x=x, y=y), words.encode(x=x, y=y, text="words:N"))
    label = "Share of pumps that run a release by time: ours reaches each aim, the way of before does not"
    head, _, rest = render(layers.properties(width=640, height=340), label).partition(">")
    return {PICTURE: f'{head}><rect width="100%" height="100%" fill="#ffffff"/>{rest}\n'.encode()}


def _span(hours: int) -> str:
    return f"{hours} h" if hours <= 72 else f"{hours // 24} days"  # noqa: PLR2004 - three days are still said in hours
