"""The page of the web application's speed, from the figures that its benchmark wrote."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks" / "figures"
FIGURES, FLEET, WORKBENCH = FOLDER / "web.json", FOLDER / "web_fleet.json", FOLDER / "workbench.json"
_HEAD = """# Speed of the web application

*Generated from `benchmarks/figures/web.json`; do not edit.* Made with `make bench-web` on a shared machine of
two cores, on which whoever asks runs too: read the ratios, which come from one run. The library has
{entries:,} entries and {versions} versions over ten years; the server is the product's own, with two workers.
"Processor" is the time that a page keeps one core busy,
which other work on the machine does not lengthen; "first" is the first time that a page was asked for in the run.

The aims: every page within 200 ms (median), search within 50 ms, 99 of 100 pages within a second with 50
people at once.

| page | processor, ms | times an empty view | by the clock, median ms | first, ms |
|---|--:|--:|--:|--:|"""
_TOGETHER = """
## {users} people at once

Each asks for a page, reads for one to five seconds, and asks for another, of any kind: {pages:,} pages,
{pages_per_second} a second. Half came within {median} ms, 99 of 100 within {p99} ms, the slowest took {most} ms.
{more}"""

_FLEET = """
## The fleet, over {pumps:,} pumps

Made with `make bench-web-fleet` (`benchmarks/figures/web_fleet.json`), on the same machine.

| what | processor, ms | times an empty view |
|---|--:|--:|
{rows}

The first glance of a process reads every pump; later ones read what has changed. {viewers} viewers had the glance open,
each asking every second whether there is anything new, while a pump reported {reports} times. From the end of the
report's transaction until a viewer had the new figures: half within {median} s, 99 of 100 within {p99} s, the
slowest {most} s.
The aims are 300 ms for the page and 2 s for the viewers.
"""

_WORKBENCH = """
## The what-if workbench

Made with `python -m benchmarks.workbench --work build/workbench` (`benchmarks/figures/workbench.json`): {programmes:,}
synthetic programmes in the columns of the lake that are read, all of them on one entry. What was attempted is gathered
once for a version of the lake; a limit that is moved is then answered from what is kept.

| what | figure |
|---|--:|
| only reading the columns, s | {read_bare_s} |
| gathering, the first time that the entry is looked at, s | {gather_s} |
| gathering, times only reading | {gather_times_bare} |
| values kept (each with its number) | {values_kept:,} |
| an answer to a move, from the kept file, median ms | {move_ms} |
| the same, of the processor, median ms | {move_processor_ms} |
| the slowest of 200 moves, ms | {move_slowest_ms} |

The aim is an answer within 300 ms over a year of a trust and 3 s over 20 million programmes. The load of the machine's
two cores was {load} meanwhile.
"""


def page() -> str:
    """Return the page."""
    found: dict[str, Any] = json.loads(FIGURES.read_text("utf-8"))
    empty = found["alone"]["an empty view"]["processor"]
    rows = [
        f"| {words} | {one['processor']} | {one['processor'] / empty:.1f} | {one['median']} | {one['first']} |"
        for words, one in found["alone"].items()
    ]
    more = found.get("circumstances", "")
    fleet = json.loads(FLEET.read_text("utf-8"))
    took, live = fleet["processor"], fleet["live"]
    ratios = [f"| {words} | {ms} | {ms / took['empty view']:.1f} |" for words, ms in took.items()]
    seen = _FLEET.format(**{**fleet, **live}, **live["seconds until seen"], rows="\n".join(ratios))
    bench = _WORKBENCH.format(**json.loads(WORKBENCH.read_text("utf-8")))
    return (
        "\n".join([_HEAD.format(**found), *rows, _TOGETHER.format(**found["together"], more=more), seen, bench.strip()])
        + "\n"
    )
