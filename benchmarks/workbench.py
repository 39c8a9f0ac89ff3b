"""
Time the workbench: gathering what was attempted on an entry, and the answer to a limit that is moved.

    python -m benchmarks.workbench --work FOLDER --rows 20000000

The programmes are synthetic, all of them on one entry, which is the worst that can be: 60 of 100 entered as a dose in
steps of 0.01 micrograms/kg/min, the others as a rate in steps of 0.1 mL/h for a weight in whole kilograms.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import synthetic
from openinfusion.core.library import Limits, Mode
from openinfusion.core.programme import Programme
from openinfusion.core.units import Quantity
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.programmes import KEY, PROGRAMME_COLUMNS, SCALES, shape_id, to_columns
from openinfusion.lake.workbench import Gathered, Moved, gather, limits_at

A_FILE = 2_000_000
MOVES = 200
LIBRARY = synthetic.library(1)
ENTRY = LIBRARY.entries[0]
ENGINE = PolarsEngine()


def shapes() -> pl.DataFrame:
    """The two shapes of the entry."""
    weight = Quantity.of("1", "kg")
    entered = ({"dose": Quantity.of("1", "ug/kg/min")}, {"rate": Quantity.of("1", "mL/h")})
    made = [
        Programme(care_area=ENTRY.care_area, entry=ENTRY.id, mode=Mode.CONTINUOUS, weight=weight, **one)
        for one in entered
    ]
    rows = [{**dict.fromkeys(KEY), **to_columns(one)} for one in made]
    keys = [{name: row[name] for name in KEY} for row in rows]
    table = pl.DataFrame(keys, schema=dict.fromkeys(KEY, pl.String()), infer_schema_length=None)
    return table.with_columns(shape=pl.Series([shape_id(key.values()) for key in keys], dtype=pl.Int64))


def make(folder: Path, rows: int) -> list[str]:
    """Write programmes with the columns of the lake that are read, in files of two million, unless they are there."""
    import numpy as np  # noqa: PLC0415 - only who makes data needs it

    folder.mkdir(parents=True, exist_ok=True)
    ids = shapes()["shape"].to_numpy()
    for number in range(0, rows, A_FILE):
        file = folder / f"{number // A_FILE:04}.parquet"
        if file.exists():
            continue
        chance, count = np.random.default_rng(number), min(A_FILE, rows - number)
        by_rate = chance.random(count) < 0.4
        weight = np.round(chance.normal(75, 15, count).clip(35, 200)).astype(np.int64)
        dose = np.exp(chance.normal(np.log(0.15), 0.55, count))
        rate = np.round(dose * weight * 60 / 20.0, 1).clip(0.1)
        numbers = {
            "n_dose": pl.Series(np.round(dose * 100).clip(1).astype(np.int64) * 100).set(pl.Series(by_rate), None),
            "n_rate": pl.Series(np.round(rate * 1000).astype(np.int64)).set(pl.Series(~by_rate), None),
            "n_weight": pl.Series(weight * 1000),
        }
        empty = {scale.column: pl.Series([None] * count, dtype=pl.Int64) for scale in SCALES.values()}
        texts = {name: pl.Series([None] * count, dtype=pl.String) for name in PROGRAMME_COLUMNS}
        said = {"kind": "programmed", "entry": ENTRY.id, "care_area": ENTRY.care_area}
        named = {name: pl.repeat(text, count, eager=True) for name, text in said.items()}
        table = pl.DataFrame(texts | named | empty | numbers | {"shape": ids[by_rate.astype(int)]})
        table.write_parquet(file, compression="zstd", row_group_size=250_000)
    return sorted(str(file) for file in folder.glob("*.parquet"))


def bare(files: list[str]) -> None:
    """Only read the columns that count."""
    columns = pl.col("shape", "n_dose", "n_rate", "n_weight")
    pl.scan_parquet(files).select(columns.max()).collect(engine="streaming")


def gathered(files: list[str]) -> pl.DataFrame:
    """Gather, as the page does the first time that an entry is looked at in a version of the lake."""
    events = ENGINE.scan(files)
    catches = pl.scan_parquet(files).head(0).collect()
    return gather(events, shapes(), LIBRARY, entry=ENTRY.id, path="dose", catches=catches, engine=ENGINE)


def timed(what: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return the seconds by the clock and of the processor, and what came out."""
    clock, processor = time.perf_counter(), time.process_time()
    made = what()
    return time.perf_counter() - clock, time.process_time() - processor, made


def moves(file: Path) -> list[tuple[float, float]]:
    """Answer moves one after another, each from the file that is kept, as a process that has just begun would."""
    now = limits_at(ENTRY, "dose")
    if now is None or now.hard_max is None:
        raise SystemExit("the synthetic entry has no maximum")
    made = []
    for number in range(MOVES):
        then = replace(now, soft_max=now.hard_max * Fraction(number + 1, MOVES), soft_min=None, hard_min=None)
        clock, processor, _ = timed(partial(_answered, file, now, then))
        made.append((clock, processor))
    return made


def _answered(file: Path, now: Limits, then: Limits) -> Moved:
    return Gathered(pl.read_parquet(file)).moved(now, then)


def main() -> None:
    """Measure, and print or write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--out", type=Path)
    said = parser.parse_args()
    files = make(said.work / str(said.rows), said.rows)
    read = timed(lambda: bare(files))
    first = timed(lambda: gathered(files))
    kept = said.work / f"kept-{said.rows}.parquet"
    first[2].write_parquet(kept, compression="zstd")
    answers = moves(kept)
    figures = {
        "programmes": said.rows,
        "values_kept": first[2].height,
        "kept_bytes": kept.stat().st_size,
        "read_bare_s": round(read[0], 2),
        "gather_s": round(first[0], 2),
        "gather_times_bare": round(first[0] / read[0], 1),
        "gather_processor_s": round(first[1], 2),
        "move_ms": round(statistics.median(clock for clock, _ in answers) * 1000, 1),
        "move_processor_ms": round(statistics.median(busy for _, busy in answers) * 1000, 1),
        "move_slowest_ms": round(max(clock for clock, _ in answers) * 1000, 1),
        "load": round(os.getloadavg()[0], 1),
    }
    text = json.dumps(figures, indent=2)
    print(text)
    if said.out:
        said.out.write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
