"""
Time every named question over many events beside only reading the columns that it needs, each in a process of its own.

    python -m benchmarks.questions_lake --lake LAKE --work FOLDER --rows 100000000

LAKE holds a year of the example trust; its events are repeated under other organisations until there are enough.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.intake import stored_columns
from openinfusion.lake.questions import QUESTIONS
from openinfusion.lake.store import Lake
from openinfusion.lake.tables import Tables
from openinfusion.lake.write import ROW_GROUP, SORTED_BY

ENGINE = PolarsEngine()
NAMES = ("event_id", "about", "supersedes", "voids")


def make(lake: Path, folder: Path, rows: int) -> None:
    """Write the lake's events again and again, each time as another organisation's, unless they are there already."""
    scanned = ENGINE.scan(Lake.open(lake).files(), stored_columns())
    year = ENGINE.collect(scanned).sort(SORTED_BY)
    for number in range(-(-rows // year.height)):
        place = folder / f"organisation=trust-{number:03}" / "month=2026-01"
        if (place / "events.parquet").exists():
            continue
        place.mkdir(parents=True, exist_ok=True)
        renamed = year.with_columns(pl.col(NAMES) + f"-{number}").drop("organisation", "month")
        renamed.write_parquet(place / "events.parquet", compression="zstd", row_group_size=ROW_GROUP)


def files_of(folder: Path, rows: int) -> list[str]:
    """Return as many files as make up so many rows."""
    chosen, held = [], 0
    for file in sorted(folder.glob("*/*/*.parquet")):
        if held >= rows:
            break
        chosen.append(str(file))
        held += pl.scan_parquet(file).select(pl.len()).collect().item()
    return chosen


def tables(files: list[str]) -> Tables:
    """The tables that questions take, with every register that they may need."""
    events = ENGINE.scan(files, stored_columns())
    moment = pl.datetime(2025, 1, 1, time_unit="us", time_zone="UTC")
    organisations = sorted({file.split("organisation=")[1].split("/")[0] for file in files})
    releases = pl.DataFrame({"organisation": organisations}).select(
        "organisation", library_name=pl.lit("Example trust"), library_version=pl.lit("1.0.0"), released_at=moment
    )
    drugs = pl.DataFrame({"organisation": organisations}).select(
        "organisation", drug=pl.lit("fentanyl"), high_alert=pl.lit(value=True)
    )
    pumps = pl.DataFrame({"organisation": organisations}).select(
        "organisation",
        pump=pl.lit("P0001"),
        model=pl.lit("A"),
        in_service_from=moment,
        in_service_to=pl.lit(None, pl.Datetime("us", "UTC")),
    )
    frames = {name: ENGINE.table(frame) for name, frame in (("releases", releases), ("drugs", drugs), ("pumps", pumps))}
    return Tables(events=events, **frames)


def columns_of(question: str, files: list[str]) -> list[str]:
    """Return the columns of the events that a question cannot do without."""
    given = tables(files[:1])
    needed = []
    for column in stored_columns():
        fewer = Tables(events=given.events.drop(column), pumps=given.pumps, releases=given.releases, drugs=given.drugs)
        try:
            QUESTIONS[question].ask(fewer).collect_schema()
        except Exception:  # noqa: BLE001 - whatever an engine raises for a column that is not there
            needed.append(column)
    return needed


def ask(question: str, files: list[str]) -> int:
    """Ask a question, and return how many rows the answer has."""
    return ENGINE.collect(QUESTIONS[question].ask(tables(files))).height


def scan(question: str, files: list[str]) -> int:
    """Read the columns that a question needs, and nothing else."""
    needed = columns_of(question, files)
    made = nw.to_native(ENGINE.scan(files, stored_columns()).select(*needed))
    return int(made.select(pl.all().null_count()).collect(engine="streaming").height)


def run_one(what: Callable[[str, list[str]], int], question: str, files: list[str]) -> None:
    """Run one contestant in this process and print seconds and peak memory."""
    started = time.perf_counter()
    what(question, files)
    seconds = time.perf_counter() - started
    peak = next(line for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"seconds": seconds, "megabytes": int(peak.split()[1]) // 1024}))


def measure(what: str, question: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Return the median of some runs, each in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.questions_lake", "--one", what, "--question", question]
    command += ["--work", str(asked.work), "--rows", str(asked.rows)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        for _ in range(asked.times)
    ]
    return {
        "seconds": statistics.median(run["seconds"] for run in runs),
        "megabytes": max(run["megabytes"] for run in runs),
    }


def main() -> None:
    """Measure every question, print, and keep the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", choices=["ask", "scan"])
    parser.add_argument("--question")
    asked = parser.parse_args()
    if asked.one:
        run_one(ask if asked.one == "ask" else scan, asked.question, files_of(asked.work, asked.rows))
        return
    make(asked.lake, asked.work, asked.rows)
    figures: dict[str, Any] = {}
    for question in [asked.question] if asked.question else QUESTIONS:
        ours, read = measure("ask", question, asked), measure("scan", question, asked)
        figures[question] = {"ask": ours, "scan": read}
        ratio = ours["seconds"] / read["seconds"]
        print(f"{question:<34} {ours['seconds']:7.2f} s {ours['megabytes']:>6} MB {ratio:6.2f} x reading its columns")
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
