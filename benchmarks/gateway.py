"""
How many messages a second the gateway keeps and acknowledges, end to end over MLLP, and how long a sender waits.

One run, so that the ratios hold: (1) the gateway as it is; (2) the same gateway with a store that keeps nothing; (3)
SQLite alone, committing the same messages in groups as large as the gateway's were. The sender is a process of its own
on the same machine and needs about as much time as the gateway.

    python -m benchmarks.gateway [--messages N] [--out FILE]
"""

import argparse
import asyncio
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from openinfusion.gateway.mllp import Gateway
from openinfusion.gateway.sending import Way, send
from openinfusion.gateway.settings import Limits, Listener
from openinfusion.gateway.store import Arrival, Fate, Outcome, Store

CONNECTIONS = (1, 8, 64)
AIM = 1000
AIM_P99_MS = 100
_SEGMENTS = 23


def message(number: int) -> bytes:
    """Return a message as large as a pump's event report usually is (PCD-10, 2.4 kB)."""
    head = f"MSH|^~\\&|BENCH^0012210000000000^EUI-64|MAKER|OI|TRUST|20260302090000+0000||ORU^R42^ORU_R01|m{number}"
    unit = "265266^MDC_DIM_MILLI_L_PER_HR^MDC^mL/h^mL/h^UCUM"
    rows = (f"OBX|{n}|NM|157784^MDC_FLOW_FLUID_PUMP^MDC|1.1.2.{n}|15.4|{unit}|||||R" for n in range(_SEGMENTS))
    return "\r".join([f"{head}|P|2.6|||AL|NE", "PID|||X", "OBR|1|||D^Drug", *rows, ""]).encode()


class NoStore(Store):
    """A store that keeps nothing: what the gateway costs without one."""

    def keep(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """Say that all is kept."""
        return [Outcome(Fate.KEPT, one.acknowledgement) for one in arrivals]


def _receive(kind: type[Store], path: Path, told: Connection) -> None:
    """Run a gateway in a process of its own until it is told to stop; then say how often it committed."""

    async def run() -> None:
        store = kind.open(path)
        gateway = Gateway(store, Limits())
        gateway.start([Listener(port=0)])
        told.send(gateway.addresses[0][1])
        await asyncio.to_thread(told.recv)
        told.send((sum(gateway.metrics.commits), time.process_time()))
        await gateway.stop()
        store.close()

    asyncio.run(run())


def _start(kind: type[Store], path: Path) -> tuple[BaseProcess, Connection, int]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_receive, args=(kind, path, theirs))
    process.start()
    return process, ours, ours.recv()


def measure(kind: type[Store], folder: Path, connections: int, *, messages: Sequence[bytes]) -> dict[str, Any]:
    """Return messages a second and latencies over so many connections."""
    process, told, port = _start(kind, folder / f"{kind.__name__}-{connections}.db")
    sent = asyncio.run(send(messages, Way(port=port, connections=connections)))
    told.send("stop")
    commits, seconds = told.recv()
    process.join()
    if sent.counts != {"acknowledged": len(messages)}:
        raise SystemExit(f"not all was acknowledged: {dict(sent.counts)}")
    milliseconds = {name: round((sent.latency(share) or 0) * 1000, 2) for name, share in (("p50", 0.5), ("p99", 0.99))}
    speed = {"messages_per_second": round(len(messages) / sent.seconds), "gateway_processor_seconds": round(seconds, 2)}
    return {"connections": connections, **speed, **milliseconds, "commits": commits}


def bare(folder: Path, group: float, *, messages: Sequence[bytes]) -> int:
    """Return the rows a second that SQLite keeps, durably, in groups of such a size."""
    database = sqlite3.connect(folder / f"bare-{group}.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE message(id INTEGER PRIMARY KEY, raw BLOB)")
    begun = time.perf_counter()
    for rows in _groups(messages, group):
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO message(raw) VALUES (?)", rows)
        database.execute("COMMIT")
    seconds = time.perf_counter() - begun
    database.close()
    return round(len(messages) / seconds)


def _groups(messages: Sequence[bytes], size: float) -> Iterator[list[tuple[bytes]]]:
    """Yield messages in groups of a size that is right on average."""
    at, due = 0, 0.0
    while at < len(messages):
        due += size
        end = max(at + 1, round(due))
        yield [(one,) for one in messages[at:end]]
        at = end


def main() -> int:
    """Measure, print, and say by the exit code whether the aim is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=12_000)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("OPENINFUSION_BENCH_FOLDER")) as place:
        folder = Path(place)
        for connections in CONNECTIONS:
            messages = [
                message(number) for number in range(chosen.messages if connections > 1 else chosen.messages // 4)
            ]
            ours = measure(Store, folder, connections, messages=messages)
            plain = measure(NoStore, folder, connections, messages=messages)
            ours["without_store"] = plain["messages_per_second"]
            ours["sqlite_alone"] = bare(folder, len(messages) / ours["commits"], messages=messages)
            runs.append(ours)
            print(_line(ours))
    if chosen.out:
        chosen.out.write_text(json.dumps(runs, indent=2) + "\n")
    slowest = min(one["messages_per_second"] for one in runs if one["connections"] > 1)
    return int(slowest < AIM or runs[-1]["p99"] > AIM_P99_MS)


def _line(one: dict[str, Any]) -> str:
    speed = one["messages_per_second"]
    return (
        f"{one['connections']:3} connections: {speed:,} messages/s, p50 {one['p50']} ms, p99 {one['p99']} ms; "
        f"without a store {one['without_store']:,}/s (ratio {speed / one['without_store']:.2f}); "
        f"SQLite alone {one['sqlite_alone']:,}/s (ratio {speed / one['sqlite_alone']:.2f}); {one['commits']:,} commits"
    )


if __name__ == "__main__":
    sys.exit(main())
