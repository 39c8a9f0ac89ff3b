"""
How fast event logs are taken in: from JSON Lines to compacted Parquet, beside a lake that holds 100 million ids.

Each run is a process of its own, as an operator starts it, so that its memory can be measured: the sum of the largest
amounts that it and the processes that parse for it ever held (``VmHWM``), pages of the mapped index among them.
``OPENINFUSION_BENCH_EVENTS`` and ``OPENINFUSION_BENCH_IDS`` choose other sizes.
"""

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openinfusion.lake.ids import BYTES
from openinfusion.lake.store import Lake

EVENTS = int(os.environ.get("OPENINFUSION_BENCH_EVENTS", "2000000"))
IDS = int(os.environ.get("OPENINFUSION_BENCH_IDS", "100000000"))
FILES = 4
ROUNDS = 3
PIECE = 1_000_000
GROUP = "take in events from JSON Lines to compacted Parquet"
START = datetime(2026, 3, 1, tzinfo=UTC)
PLAIN = """
import sys
from pathlib import Path
import polars as pl
from openinfusion.adapters.events.lines import Log
from openinfusion.lake.ingest import BLOCK, ROWS
from openinfusion.lake.parsing import parse, parsers

def take(out, files):
    held, number = [], 0
    def write():
        table = pl.concat(held, how="diagonal")
        table.write_parquet(out / f"{number}.parquet", compression="zstd", compression_level=1)
    with parsers(2) as submit:
        for file in files:
            log = Log(file, size=BLOCK)
            waiting = []
            for block in log.blocks:
                waiting.append(submit(block, log.header))
                if len(waiting) > 3:
                    held.append(waiting.pop(0).result().intake.table)
                if sum(map(len, held)) >= ROWS:
                    write()
                    held, number = [], number + 1
            held += [one.result().intake.table for one in waiting]
            write()
            held, number = [], number + 1

if __name__ == "__main__":
    take(Path(sys.argv[1]), [Path(one) for one in sys.argv[2:]])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("ingest")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def logs(folder: Path) -> list[Path]:
    return [_write_log(folder / f"{number}.jsonl", number) for number in range(FILES)]


@pytest.fixture(scope="module")
def stored(folder: Path) -> Path:
    """Return an index of ids that no log has: hashes are random, so random numbers stand for them."""
    path = folder / f"{0:020d}-{0:020d}.ids"
    chance = np.random.default_rng(1)
    with path.open("wb") as file:
        step, last = 2**64 // (IDS + IDS // 100), np.uint64(0)
        for _ in range(IDS // PIECE):
            high = last + np.cumsum(chance.integers(1, 2 * step, PIECE, dtype=np.uint64), dtype=np.uint64)
            last = high[-1]
            file.write(high.tobytes())
        for _ in range(2 * (IDS // PIECE)):
            file.write(chance.integers(0, 2**63, PIECE, dtype=np.uint64).tobytes())
    return path


@pytest.mark.benchmark(group=GROUP)
def test_ingest(benchmark: Any, folder: Path, logs: list[Path], stored: Path) -> None:
    lake = folder / "lake"
    peaks: list[int] = []
    begun = _processor_seconds()

    def clean() -> None:
        shutil.rmtree(lake, ignore_errors=True)
        Lake.create(lake, "example")
        (lake / "index").mkdir()
        os.link(stored, lake / "index" / stored.name)

    def run() -> None:
        peaks.append(_run("-m", "openinfusion", "lake", "ingest", str(lake), *map(str, logs)))
        peaks.append(_run("-m", "openinfusion", "lake", "compact", str(lake)))

    benchmark.pedantic(run, setup=clean, rounds=ROUNDS)
    held = Lake.open(lake).snapshot()
    assert held.rows == EVENTS
    assert held.rows / held.files.height >= min(EVENTS, 200_000)
    assert sum(file.stat().st_size for file in (lake / "index").iterdir()) == (IDS + EVENTS) * BYTES
    speed = EVENTS / benchmark.stats.stats.median
    processor = (_processor_seconds() - begun) / ROUNDS / EVENTS * 10**6
    found = (
        f"{speed:,.0f} events a second with {IDS:,} ids known, {processor:.1f} microseconds of one core an event, "
        f"at most {max(peaks) / 2**20:,.0f} MB in all processes"
    )
    benchmark.extra_info.update(rows=EVENTS, aim=f"{found}; aim: at least 100,000 a second on two cores")


@pytest.mark.benchmark(group=GROUP)
def test_plain_append(benchmark: Any, folder: Path, logs: list[Path]) -> None:
    out, script = folder / "plain", folder / "plain.py"
    script.write_text(PLAIN, "utf-8")

    def clean() -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()

    benchmark.extra_info.update(
        role="peer", rows=EVENTS, what="the same rows, parsed alike, to Parquet: no ids, no log, no compaction"
    )
    benchmark.pedantic(lambda: _run(str(script), str(out), *map(str, logs)), setup=clean, rounds=ROUNDS)


def _run(*arguments: str) -> int:
    """Run Python, and return the bytes that it and its children held at most."""
    process = subprocess.Popen((sys.executable, *arguments), stdout=subprocess.DEVNULL)
    peaks: dict[int, int] = {}
    while process.poll() is None:
        for one in (process.pid, *_children(process.pid)):
            peaks[one] = max(peaks.get(one, 0), _peak(one))
        time.sleep(0.05)
    assert process.returncode == 0
    return sum(peaks.values())


def _processor_seconds() -> float:
    """Return what the processes that ended have cost, which other work on this machine hardly changes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _children(process: int) -> Sequence[int]:
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    except OSError:
        return ()
    return [int(one) for one in text.split()]


def _peak(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def _write_log(path: Path, number: int) -> Path:
    """Write one log of a month of 500 pumps: in eight records one infusion with an alert and an alarm."""
    chance = random.Random(number)  # noqa: S311 - numbers for a log
    header = {"format": "openinfusion-events", "format_version": "1.0", "organisation": "trust", "purpose": "example"}
    encode: Callable[[Any], str] = json.JSONEncoder().encode
    with path.open("w", encoding="utf-8") as file:
        file.write(encode(header) + "\n")
        for row in range(EVENTS // FILES):
            file.write(encode(_record(number * (EVENTS // FILES) + row, chance)) + "\n")
    return path


def _record(row: int, chance: random.Random) -> dict[str, Any]:
    at = START + timedelta(seconds=row * 2_500_000 // EVENTS)
    pump, infusion = row // 8 % 500, row // 8
    dose = {"value": f"0.{chance.randint(10, 99)}", "unit": "ug/kg/min"}
    alert = {
        "parameter": "dose",
        "limit": "soft_max",
        "attempted": dose,
        "bound": {"value": "0.05", "unit": "ug/kg/min"},
    }
    programme = {"mode": "continuous", "dose": dose, "weight": {"value": str(chance.randint(40, 120)), "unit": "kg"}}
    delivered = {"volume": {"value": "50", "unit": "mL"}, "duration": {"value": str(infusion % 900), "unit": "min"}}
    parts: tuple[dict[str, Any], ...] = (
        {"kind": "programmed", "with_library": True, "programme": programme},
        {"kind": "alert_raised", "alert": alert},
        {"kind": "alert_answered", "alert": alert, "about": f"e{row - 1}", "response": "overridden", "seconds": "4.2"},
        {"kind": "started", "with_library": True, "programme": programme},
        {"kind": "rate_changed", "programme": programme},
        {"kind": "alarm_raised", "alarm": "air"},
        {"kind": "alarm_cleared", "alarm": "air", "about": f"e{row - 1}", "seconds": str(infusion % 300)},
        {"kind": "completed", "delivered": delivered},
    )
    return {
        "event_id": f"{chance.getrandbits(128):032x}",
        "pump": f"pump-{pump:04}",
        "at": at.isoformat(),
        "maker": "A maker",
        "model": "M1",
        "sequence": row // 4000 * 8 + row % 8,
        "received": (at + timedelta(seconds=chance.randint(1, 60))).isoformat(),
        "library": {"name": "Trust", "version": "1.1.0"},
        "care_area": "adult-icu",
        "entry": "noradrenaline--4-mg-in-50-ml",
        "drug": "noradrenaline",
        "category": "medicine",
        "infusion": f"pump-{pump:04}-{infusion}",
        **parts[row % 8],
    }
