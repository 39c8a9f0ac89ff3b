"""
Killing the ingest at any moment loses nothing that was acknowledged and keeps nothing twice.

A real process takes in logs and is killed, with those that it started, after a random time, again and again;
``OPENINFUSION_KILLS=200`` asks for as many kills as the aim names.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from openinfusion.lake.store import Lake, is_lake
from openinfusion.lake.write import Writer
from tests.integration.lake_logs import programmed, record, write_log

KILLS = int(os.environ.get("OPENINFUSION_KILLS", "6"))
LOGS, RECORDS = 3, 1500
LAKE = (sys.executable, "-m", "openinfusion", "lake")
SMALL_STEPS = ("--progress", "--rows", "150", "--workers", "1")
ACKNOWLEDGED = re.compile(r"acknowledged .*?log-(\d+)\.jsonl lines (\d+)-(\d+)\n")


@pytest.mark.hazard("IT-03")
def test_a_kill_loses_nothing_acknowledged_and_keeps_nothing_twice(tmp_path):
    """After every kill each acknowledged event is there once; after the last run every event is."""
    logs = [_log(tmp_path, number) for number in range(LOGS)]
    wanted = {_id(log, line) for log in range(LOGS) for line in range(2, RECORDS + 2)}
    lake = tmp_path / "lake"
    chance = random.Random(20261125)  # noqa: S311 - when to kill
    whole = _run_for(lake, logs, seconds=None)[0]
    assert whole is not None
    kills, safe = 0, wanted
    while kills < KILLS:
        if len(safe) == len(wanted):
            shutil.rmtree(lake)
            safe = set()
        if is_lake(lake) and chance.random() < 0.2:
            kills += _compact_for(lake, seconds=chance.uniform(0.3, 1) * whole)
        else:
            seconds, acknowledged = _run_for(lake, logs, seconds=chance.uniform(0.25, 1) * whole)
            kills += seconds is None
            safe = safe | acknowledged
        _check(lake, safe)
    _run_for(lake, logs, seconds=None)
    _check(lake, wanted)
    with Writer(Lake.open(lake)) as writer:
        assert len(writer.ids) == len(wanted)


def test_what_a_killed_ingest_started_ends_with_it(tmp_path):
    """Only the one process is killed, as an operator or the system would do it; its parsers do not stay behind."""
    log = _log(tmp_path, 0)
    process = _start((*LAKE, "ingest", str(tmp_path / "lake"), str(log), *SMALL_STEPS), tmp_path / "out")
    while not ACKNOWLEDGED.search((tmp_path / "out").read_text()):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while _is_alive(process.pid):
        assert time.monotonic() < deadline, "a parser outlived the ingest"
        time.sleep(0.05)


def _id(log: int, line: int) -> str:
    return f"event-{log:02}{line - 2:04}"


def _log(folder: Path, log: int) -> Path:
    """Write a log whose line n holds a record of a known id."""
    rows = [programmed(number) if number % 3 else record(number) for number in range(RECORDS)]
    for number, row in enumerate(rows):
        row["event_id"] = _id(log, number + 2)
    return write_log(folder / f"log-{log}.jsonl", rows)


def _start(command: Sequence[str], out: Path) -> "subprocess.Popen[bytes]":
    with out.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)


def _run_for(lake: Path, logs: Sequence[Path], *, seconds: float | None) -> tuple[float | None, set[str]]:
    """Take logs in, kill it after some seconds; return how long it took if it ended, and the ids acknowledged."""
    out = lake.parent / "out"
    command = (*LAKE, "ingest", str(lake), *map(str, logs), *SMALL_STEPS)
    took = _until_killed(command, out, seconds)
    told = ACKNOWLEDGED.findall(out.read_text())
    return took, {_id(int(log), line) for log, first, last in told for line in range(int(first), int(last) + 1)}


def _compact_for(lake: Path, *, seconds: float) -> bool:
    """Compact, kill after some seconds, and return whether it was killed before its end."""
    return _until_killed((*LAKE, "compact", str(lake), "--retention", "0"), lake.parent / "out", seconds) is None


def _until_killed(command: Sequence[str], out: Path, seconds: float | None) -> float | None:
    begun = time.monotonic()
    process = _start(command, out)
    try:
        assert process.wait(timeout=seconds) == 0, out.read_text()
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None
    return time.monotonic() - begun


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _check(lake: Path, safe: set[str]) -> None:
    """Every safe event is in the lake, and no event twice."""
    if not is_lake(lake):
        assert not safe
        return
    table: pl.LazyFrame = Lake.open(lake).events().to_native()
    held = table.select("event_id").collect()["event_id"].to_list()
    assert len(held) == len(set(held)), "an event is kept twice"
    assert safe <= set(held), "an event that was acknowledged is lost"
