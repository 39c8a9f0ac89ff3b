"""
Time a trust on virtual pumps: cost per event as the fleet grows, against only writing the same records.

    python -m benchmarks.fleet --out benchmarks/figures/fleet.json            three fleets for 30 days
    python -m benchmarks.fleet --year --out benchmarks/figures/fleet.json     1,500 pumps for a year as well

Each fleet is made by the command that a user runs, in processes of its own; memory is the most that all of them held
together. The limit beside it: read the records that were written, write them as JSON again and compress them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import zstandard

from openinfusion.pump.trust.year import LEVEL

FLEETS = (15, 150, 1500)
DAYS = 30
SECONDS_OF_A_DAY = 86_400
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Run:
    """What one fleet took: pumps, days, events and infusions; wall and processor seconds; the most memory in MB."""

    pumps: int
    days: int
    events: int
    infusions: int
    seconds: float
    processor: float
    megabytes: int
    limit: float

    @property
    def per_event(self) -> float:
        """Processor time of one event, in microseconds."""
        return self.processor / self.events * 1e6

    @property
    def times_real_time(self) -> float:
        """How much faster than real time one pump is simulated on one processor."""
        return self.pumps * self.days * SECONDS_OF_A_DAY / self.processor


def run(pumps: int, days: int) -> Run:
    """Make a fleet and measure it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "year"
        command = [sys.executable, "-m", "openinfusion", "pump", "fleet", str(folder), "--workers", str(WORKERS)]
        command += ["--pumps", str(pumps), "--days", str(days)]
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        most, processor = _watch(process)
        seconds = time.monotonic() - started
        if process.returncode:
            sys.exit(f"{' '.join(command[3:])} ended with {process.returncode}")
        events, infusions, limit = _write_again(folder)
    return Run(pumps, days, events, infusions, seconds, processor, most // 2**20, limit)


def _watch(process: "subprocess.Popen[bytes]") -> tuple[int, float]:
    """Return the most memory that a process and its children held together, in bytes, and their processor seconds."""
    import resource  # noqa: PLC0415 - there is none on Windows

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    most = 0
    while process.poll() is None:
        most = max(most, sum(map(_held, [process.pid, *_children(process.pid)])))
        time.sleep(0.2)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return most, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    except OSError:
        return []


def _held(pid: int) -> int:
    """Return the memory of a process, what it shares with others in part."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def _write_again(folder: Path) -> tuple[int, int, float]:
    """Return how many events and infusions were written, and the processor seconds of only writing them."""
    events = infusions = 0
    spent = 0.0
    for path in sorted(folder.glob("events-*.jsonl.zst")):
        lines = zstandard.ZstdDecompressor().decompress(path.read_bytes()).splitlines()
        records = [msgspec.json.decode(line) for line in lines]
        started = time.process_time()
        content = b"\n".join([msgspec.json.encode(record) for record in records])
        zstandard.ZstdCompressor(level=LEVEL).compress(content)
        spent += time.process_time() - started
        events += len(records) - 1
        infusions += sum(record.get("kind") == "started" for record in records)
    return events, infusions, spent


def show(made: list[Run]) -> None:
    """Print what was measured, each fleet beside the smallest and beside the limit."""
    first = made[0].per_event
    print("pumps  days     events  infusions  seconds   MB  us/event  x smallest  x writing  x real time, a pump")
    for one in made:
        print(
            f"{one.pumps:5,} {one.days:5} {one.events:10,} {one.infusions:10,} {one.seconds:8.0f} {one.megabytes:4,}"
            f" {one.per_event:9.1f} {one.per_event / first:11.2f} {one.processor / one.limit:10.1f}"
            f" {one.times_real_time:20,.0f}"
        )


def main() -> None:
    """Measure, print and, if asked, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--year", action="store_true", help="1,500 pumps for a whole year as well (minutes)")
    parser.add_argument("--out", type=Path, help="where to keep the figures")
    chosen = parser.parse_args()
    made = [run(pumps, DAYS) for pumps in FLEETS]
    if chosen.year:
        made.append(run(FLEETS[-1], 365))
    show(made)
    if chosen.out is not None:
        chosen.out.write_text(json.dumps([asdict(one) for one in made], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
