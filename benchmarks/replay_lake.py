"""
Time the lake's replay beside its peers, each in a process of its own, and write the page of figures.

    python -m benchmarks.replay_lake --work FOLDER --rows 1000000 10000000 100000000

The programmes are synthetic, on a synthetic library of 2,000 entries; see ``synthetic.py``. Every contestant reads the
same Parquet files and must find the same alerts.
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

import polars as pl

from benchmarks import synthetic
from openinfusion.core.library import Mode
from openinfusion.core.programme import Programme
from openinfusion.core.replay import Result
from openinfusion.core.units import Quantity
from openinfusion.lake.comparisons import Judges
from openinfusion.lake.engine import engine_from
from openinfusion.lake.programmes import KEY, shape_id, template, to_columns
from openinfusion.lake.replay import replay_lake

ENTRIES = 2_000
A_FILE = 2_000_000
COLUMNS = ("kind", "shape", "n_dose", "n_rate", "n_weight")
LIBRARY = synthetic.library(ENTRIES)


def shapes() -> pl.DataFrame:
    """Two shapes for each entry: entered as a dose per kg, and as a rate."""
    weight = Quantity.of("1", "kg")
    made = [
        Programme(care_area=e.care_area, entry=e.id, mode=Mode.CONTINUOUS, weight=weight, **entered)
        for e in LIBRARY.entries
        for entered in ({"dose": Quantity.of("1", "ug/kg/min")}, {"rate": Quantity.of("1", "mL/h")})
    ]
    rows = [{**dict.fromkeys(KEY), **to_columns(p)} for p in made]
    keys = [{name: row[name] for name in KEY} for row in rows]
    ids = [shape_id(key.values()) for key in keys]
    return pl.DataFrame(keys, schema=dict.fromkeys(KEY, pl.String()), infer_schema_length=None).with_columns(
        shape=pl.Series(ids, dtype=pl.Int64)
    )


def make(folder: Path, rows: int) -> list[str]:
    """Write programmes as the lake keeps them, in files of two million, unless they are there already."""
    import numpy as np  # noqa: PLC0415 - only who makes data needs it

    folder.mkdir(parents=True, exist_ok=True)
    ids = shapes()["shape"].to_numpy().reshape(-1, 2)
    strength = np.array(
        [20.0 * (1 + n % 100) for n in range(ENTRIES)]
    )  # micrograms in each mL, as ``synthetic`` has it
    for number in range(0, rows, A_FILE):
        file = folder / f"{number // A_FILE:04}.parquet"
        if file.exists():
            continue
        chance = np.random.default_rng(number)
        count = min(A_FILE, rows - number)
        entry, by_rate = chance.integers(0, ENTRIES, count), chance.random(count) < 0.4
        weight = np.round(chance.normal(75, 15, count).clip(35, 200), 1)
        dose = np.exp(chance.normal(np.log(0.15), 0.55, count))
        rate = np.round(dose * weight * 60 / strength[entry], 1).clip(0.1)
        n_dose, n_rate = np.round(dose * 100).clip(1).astype(np.int64) * 100, np.round(rate * 1000).astype(np.int64)
        pl.DataFrame(
            {
                "event_id": [f"{number + n:016x}" for n in range(count)],
                "kind": pl.repeat("programmed", count, eager=True),
                "shape": ids[entry, by_rate.astype(int)],
                "n_dose": pl.Series(n_dose).set(pl.Series(by_rate), None),
                "n_rate": pl.Series(n_rate).set(pl.Series(~by_rate), None),
                "n_weight": np.round(weight * 1000).astype(np.int64),
            }
        ).write_parquet(file, compression="zstd", row_group_size=250_000)
    return sorted(str(file) for file in folder.glob("*.parquet"))


def factors() -> pl.DataFrame:
    """The library as the hand-written queries take it: integer factors, worked out beforehand."""
    return Judges([LIBRARY], {row["shape"]: template(row) for row in shapes().iter_rows(named=True)}).table


def ours(files: list[str], engine: str = "polars") -> dict[str, int]:
    """The product's own replay."""
    with engine_from(engine) as runs:
        events = runs.scan(files)
        replayed = replay_lake(events, shapes(), [LIBRARY], engine=runs)
    results = replayed.results()
    return {"soft": results[Result.SOFT], "hard": results[Result.HARD]}


def spark(files: list[str]) -> dict[str, int]:
    """The same on Spark, in one process with two threads."""
    return ours(files, "spark-local[2]")


def scan(files: list[str]) -> dict[str, int]:
    """Only read the same columns."""
    pl.scan_parquet(files).select(pl.col(COLUMNS).max()).collect(engine="streaming")
    return {}


def _compared(c: Callable[[str], Any], when: Callable[[Any, Any, Any], Any]) -> tuple[Any, Any]:
    """Which programmes cross a hard limit, and which a soft one: the comparisons that all hand-written peers make."""
    rate, weight = c("n_rate"), c("n_weight")
    by_rate = c("library0_dose0_below_weight") == 1
    amount = when(by_rate, rate, c("n_dose")) * c("library0_dose0")
    per = when(by_rate, weight, 1)
    flow = when(by_rate, rate, c("n_dose") * weight) * c("library0_rate0")
    grams = weight * c("library0_weight0")
    hard = (
        (amount > per * c("library0_dose0_hard_max"))
        | (amount < per * c("library0_dose0_hard_min"))
        | (flow > c("library0_rate0_hard_max"))
        | (grams < c("library0_weight0_hard_min"))
        | (grams > c("library0_weight0_hard_max"))
    )
    soft = (
        (amount > per * c("library0_dose0_soft_max"))
        | (amount < per * c("library0_dose0_soft_min"))
        | (grams < c("library0_weight0_soft_min"))
    )
    return hard, soft


def polars_by_hand(files: list[str]) -> dict[str, int]:
    """A query written by hand for exactly this library in Polars; exact."""
    hard, soft = _compared(pl.col, lambda test, yes, no: pl.when(test).then(yes).otherwise(no))
    made = (
        pl.scan_parquet(files)
        .select(COLUMNS)
        .join(factors().lazy(), on="shape", how="inner")
        .select("shape", verdict=pl.when(hard).then(2).when(soft).then(1).otherwise(0))
        .group_by("shape", "verdict")
        .len()
        .collect(engine="streaming")
    )
    counts = dict(made.group_by("verdict").agg(pl.col("len").sum()).iter_rows())
    return {"soft": counts.get(1, 0), "hard": counts.get(2, 0)}


def duckdb_by_hand(files: list[str]) -> dict[str, int]:
    """The same query written by hand in SQL for DuckDB; exact."""
    import duckdb  # noqa: PLC0415 - a peer

    table = factors()
    amount = "(CASE WHEN library0_dose0_below_weight = 1 THEN n_rate ELSE n_dose END * library0_dose0)"
    per = "(CASE WHEN library0_dose0_below_weight = 1 THEN n_weight ELSE 1 END)"
    flow = "(CASE WHEN library0_dose0_below_weight = 1 THEN n_rate ELSE n_dose * n_weight END * library0_rate0)"
    grams = "(n_weight * library0_weight0)"
    hard = (
        f"{amount} > {per} * library0_dose0_hard_max OR {amount} < {per} * library0_dose0_hard_min"
        f" OR {flow} > library0_rate0_hard_max OR {grams} < library0_weight0_hard_min"
        f" OR {grams} > library0_weight0_hard_max"
    )
    soft = (
        f"{amount} > {per} * library0_dose0_soft_max OR {amount} < {per} * library0_dose0_soft_min"
        f" OR {grams} < library0_weight0_soft_min"
    )
    connection = duckdb.connect(config={"threads": 2})
    connection.register("factors", table.to_arrow())
    query = (
        f"SELECT verdict, count(*) FROM (SELECT CASE WHEN {hard} THEN 2 WHEN {soft} THEN 1 ELSE 0 END AS verdict"  # noqa: S608
        " FROM read_parquet($files) JOIN factors USING (shape)) GROUP BY verdict"
    )
    counts: dict[int, int] = dict(connection.execute(query, {"files": files}).fetchall())
    return {"soft": counts.get(1, 0), "hard": counts.get(2, 0)}


def pandas_by_hand(files: list[str]) -> dict[str, int]:
    """The same by pandas, file by file; exact, because it compares the same integers."""
    import pandas as pd  # noqa: PLC0415 - a peer

    table, counts = factors().to_pandas(), {"soft": 0, "hard": 0}
    for file in files:
        frame = pd.read_parquet(file, columns=list(COLUMNS[1:])).fillna({"n_dose": 0, "n_rate": 0})
        frame = frame.astype("int64").merge(table, on="shape")
        hard, soft = _compared(frame.__getitem__, lambda test, yes, no: test * yes + ~test * no)
        counts["hard"] += int(hard.sum())
        counts["soft"] += int((soft & ~hard).sum())
    return counts


def python_loop(files: list[str]) -> dict[str, int]:
    """A plain loop over the rows with integers; exact."""
    table = {row["shape"]: row for row in factors().iter_rows(named=True)}
    counts = [0, 0, 0]
    for file in files:
        rows = pl.read_parquet(file, columns=list(COLUMNS[1:])).iter_rows()
        for shape, n_dose, n_rate, n_weight in rows:
            row = table[shape] | {"n_dose": n_dose or 0, "n_rate": n_rate or 0, "n_weight": n_weight}
            hard, soft = _compared(row.__getitem__, lambda test, yes, no: yes if test else no)
            counts[2 if hard else 1 if soft else 0] += 1
    return {"soft": counts[1], "hard": counts[2]}


CONTESTANTS: dict[str, Callable[[list[str]], dict[str, int]]] = {
    "ours": ours,
    "scan": scan,
    "polars": polars_by_hand,
    "duckdb": duckdb_by_hand,
    "pandas": pandas_by_hand,
    "python": python_loop,
    "spark": spark,
}


def run_one(name: str, folder: Path) -> None:
    """Run one contestant in this process and print seconds, peak memory and what it found."""
    files = sorted(str(file) for file in folder.glob("*.parquet"))
    started = time.perf_counter()
    found = CONTESTANTS[name](files)
    seconds = time.perf_counter() - started
    peak = next(line for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"seconds": seconds, "megabytes": int(peak.split()[1]) // 1024, "found": found}))


def measure(name: str, folder: Path, times: int) -> dict[str, Any]:
    """Return the median of some runs, each in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.replay_lake", "--one", name, "--work", str(folder)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        for _ in range(times)
    ]
    return {
        "seconds": statistics.median(run["seconds"] for run in runs),
        "megabytes": max(run["megabytes"] for run in runs),
        "found": runs[0]["found"],
    }


def main() -> None:
    """Measure, check that all agree, print, and keep the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000, 100_000_000])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one")
    asked = parser.parse_args()
    if asked.one:
        run_one(asked.one, asked.work)
        return
    figures: dict[str, dict[str, Any]] = {}
    for rows in asked.rows:
        folder = asked.work / str(rows)
        make(folder, rows)
        names = [name for name in CONTESTANTS if (name != "python" or rows <= 1_000_000)]
        made = {name: measure(name, folder, asked.times if name in ("ours", "scan", "polars") else 1) for name in names}
        answers = {json.dumps(one["found"], sort_keys=True) for one in made.values() if one["found"]}
        assert len(answers) == 1, f"the contestants disagree: {made}"
        figures[str(rows)] = made
        for name, one in made.items():
            ratio = one["seconds"] / made["ours"]["seconds"]
            print(f"{rows:>12,} {name:>8} {one['seconds']:9.2f} s {one['megabytes']:>6} MB {ratio:7.2f} x ours")
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
