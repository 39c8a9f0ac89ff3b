"""The page of measured figures, from the files that the benchmarks wrote."""

import json
from pathlib import Path
from typing import Any

import altair as alt

from openinfusion.adapters.report.charts import HARD, INSIDE, render
from openinfusion.lake.questions import QUESTIONS

FIGURES = Path(__file__).resolve().parent.parent / "benchmarks" / "figures"
WORDS = {
    "ours": "OpenInfusion, its own definitions",
    "scan": "only read the same columns (Polars)",
    "polars": "query written by hand for this library (Polars)",
    "duckdb": "query written by hand for this library (DuckDB)",
    "pandas": "pandas, file by file",
    "python": "plain Python loop",
    "spark": "OpenInfusion on Spark (one process, two threads)",
}
Runs = dict[str, dict[str, dict[str, Any]]]
_HEAD = """# Measured

*Generated from `benchmarks/figures/`; do not edit.* Made with `make bench-lake` on a shared machine of two cores: read
the ratios, which come from one run, not the seconds. Every contestant is a process of its own, reads the same Parquet
files, and must find the same answer, or the run fails. Memory is the most that the process ever held.
"""


def page() -> str:
    """Return the page."""
    replay: Runs = json.loads((FIGURES / "replay.json").read_text("utf-8"))
    questions: Runs = json.loads((FIGURES / "questions.json").read_text("utf-8"))
    ingest: dict[str, Any] = json.loads((FIGURES / "ingest.json").read_text("utf-8"))
    fleet: list[dict[str, Any]] = json.loads((FIGURES / "fleet.json").read_text("utf-8"))
    return "\n".join([_HEAD, _replay(replay), _questions(questions), _ingest(ingest), _fleet(fleet)])


def _replay(figures: Runs) -> str:
    lines = [
        "## Replay of programmes against 2,000 entries, exact\n",
        "![Seconds by number of programmes](../images/replay-growth.svg)\n",
    ]
    for rows, made in figures.items():
        ours = made["ours"]["seconds"]
        lines += [f"### {int(rows):,} programmes\n", "| what | seconds | MB | times ours |", "|---|--:|--:|--:|"]
        lines += [
            f"| {WORDS[name]} | {one['seconds']:.2f} | {one['megabytes']:,} | {one['seconds'] / ours:.2f} |"
            for name, one in sorted(made.items(), key=lambda item: item[1]["seconds"])
        ]
        lines.append("")
    return "\n".join(lines)


def _questions(figures: Runs) -> str:
    lines = [
        "## Every named question over 100 million events\n",
        "A year of the example trust, repeated as 445 organisations. Records of one kind lie together in a file, so a",
        "question seldom reads all of its columns: most are answered sooner than these columns are read.\n",
        "| question | seconds | MB | reading its columns, seconds | ratio |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, made in figures.items():
        ask, scan = made["ask"], made["scan"]
        ratio = ask["seconds"] / scan["seconds"]
        lines.append(
            f"| {QUESTIONS[name].title} | {ask['seconds']:.2f} | {ask['megabytes']:,} |"
            f" {scan['seconds']:.2f} | {ratio:.2f} |"
        )
    return "\n".join([*lines, ""])


def _ingest(figures: dict[str, Any]) -> str:
    lines = ["## Taking events in\n", figures["what"] + "\n", "| what | figure |", "|---|--:|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in figures["figures"].items()), ""])


_FLEET = """## A trust on virtual pumps

`make bench-fleet`: `openinfusion pump fleet` on two processes. Processor time for each record, beside the smallest
fleet, and beside only writing the same records as JSON and compressing them. The last column says how much faster than
real time one pump is simulated on one processor.

| pumps | days | infusions | records | minutes | MB | µs a record | times smallest | times writing | times real |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"""


def _fleet(runs: list[dict[str, Any]]) -> str:
    lines = [_FLEET]
    first = runs[0]["processor"] / runs[0]["events"]
    for one in runs:
        each = one["processor"] / one["events"]
        real = one["pumps"] * one["days"] * 86_400 / one["processor"]
        lines.append(
            f"| {one['pumps']:,} | {one['days']} | {one['infusions']:,} | {one['events']:,} |"
            f" {one['seconds'] / 60:.1f} | {one['megabytes']:,} | {each * 1e6:.0f} | {each / first:.2f} |"
            f" {one['processor'] / one['limit']:.1f} | {real:,.0f} |"
        )
    return "\n".join([*lines, ""])


def growth() -> bytes:
    """Return the picture of how seconds grow with the number of programmes."""
    replay: Runs = json.loads((FIGURES / "replay.json").read_text("utf-8"))
    shown = {"ours": INSIDE, "polars": "#5b6770", "scan": "#9aa5ac", "pandas": HARD}
    values = [
        {"programmes": int(rows), "seconds": made[name]["seconds"], "what": WORDS[name]}
        for rows, made in replay.items()
        for name in shown
        if name in made
    ]
    scale = alt.Scale(domain=[WORDS[name] for name in shown], range=list(shown.values()))
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(point=True)
        .encode(
            x=alt.X("programmes:Q", scale=alt.Scale(type="log"), title="programmes"),
            y=alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="seconds"),
            color=alt.Color(
                "what:N", scale=scale, title=None, legend=alt.Legend(orient="bottom", columns=1, labelLimit=400)
            ),
        )
        .properties(width=520, height=300)
    )
    head, _, rest = render(chart, "Seconds that a replay takes, by number of programmes").partition(">")
    return f'{head}><rect width="100%" height="100%" fill="#ffffff"/>{rest}\n'.encode()
