"""
How many pumps the device API serves over HTTP, how long they wait, and what a handler that does nothing would cost.

One run, so that the ratios hold. The pumps are in a process of their own on the same machine and need about as much
time as the server. Each poll is a report: signed by the pump, judged, kept durably, answered with a signed time.

    python -m benchmarks.devices [--pumps N] [--seconds S] [--interval I] [--out FILE]
"""

import argparse
import asyncio
import gc
import itertools
import json
import os
import random
import tempfile
import time
from collections import Counter
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from openinfusion.gateway.device_settings import DeviceLimits, DevicesPlace
from openinfusion.gateway.devices.figures import BOUNDS, Timed
from openinfusion.gateway.devices.serving import going_round, serving
from tests.integration.devices_bench import HOST, Client, PumpOnBench, know, make_place, make_trees

AIM_P99_MS, AIM_BYTES, AIM_ROWS = 250, 2**30, 10_000
_LIMITS = DeviceLimits(requests_per_minute=1_000_000, burst=1_000_000, connections=15_000)
_AT_ONCE = 64


def _serve(place: DevicesPlace, told: Connection) -> None:
    async def run() -> None:
        # As the process does it: with what comes round beside the requests.
        async with serving(place) as served, going_round(served.desk):
            gc.collect()
            gc.freeze()
            told.send(served.port)
            while await asyncio.to_thread(told.recv):
                figures = served.desk.figures
                told.send({"answers": show(figures.answers), "commits": show(figures.commits)})
            told.send(_most_memory())

    asyncio.run(run())


def _serve_nothing(_place: DevicesPlace, told: Connection) -> None:
    """Answer every request with a few bytes: what HTTP alone costs here."""

    async def nothing(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"ack": 1, "nonce": ""})

    async def run() -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", nothing)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        told.send(runner.addresses[0][1])
        await asyncio.to_thread(told.recv)
        told.send(_most_memory())
        await runner.cleanup()

    asyncio.run(run())


def show(timed: Timed) -> dict[str, Any]:
    """Return how long something took by the server's own clock: the pumps share its machine, and see more."""
    number = sum(timed.counts)
    names = [f"{bound * 1000:g}" for bound in BOUNDS]
    reached = zip(names, itertools.accumulate(timed.counts), strict=False)
    return {
        "number": number,
        "mean_ms": round(timed.seconds * 1000 / number, 2) if number else None,
        "p99_ms_at_most": next((name for name, upto in reached if number and upto >= 0.99 * number), None),
        "by_ms_at_most": dict(zip([*names, "longer"], timed.counts, strict=True)),
    }


def _most_memory() -> int:
    """Return the most memory that this process ever had, in bytes."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


class _Server:
    def __init__(self, place: DevicesPlace, work: Any) -> None:
        context = get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(place, theirs))
        self._process.start()
        self.base = f"http://{HOST}:{self._ours.recv()}"

    def cpu(self) -> float:
        """Return the processor time that it took so far, in seconds: what a busy machine does not change."""
        words = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def look(self) -> dict[str, Any]:
        """Return how long answers and commits took so far, by the server's own clock."""
        self._ours.send("look")
        figures: dict[str, Any] = self._ours.recv()
        return figures

    def stop(self) -> int:
        self._ours.send(None)
        memory: int = self._ours.recv()
        self._process.join()
        return memory


async def polls(base: str, pumps: list[PumpOnBench], *, seconds: float, interval: float) -> dict[str, Any]:
    """Have every pump poll in its own time, each time over a new connection, and return how long they waited."""
    chance, waited, statuses = random.Random(1), list[float](), Counter[str]()  # noqa: S311 - when to poll
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as session:
        client, begun = Client(session, base), time.perf_counter()

        async def live(pump: PumpOnBench) -> None:
            await asyncio.sleep(chance.uniform(0, interval))
            while time.perf_counter() - begun < seconds:
                data, at = pump.report(), time.perf_counter()
                try:
                    status, _ = await client.report(pump, data)
                    statuses[str(status)] += 1
                except (aiohttp.ClientError, TimeoutError) as error:
                    statuses[type(error).__name__] += 1
                waited.append(time.perf_counter() - at)
                await asyncio.sleep(interval * chance.uniform(0.75, 1.25))

        await asyncio.gather(*map(live, pumps))
    waited.sort()
    return {
        "polls": len(waited),
        "polls_per_second": round(len(waited) / seconds, 1),
        "p50_ms": round(waited[len(waited) // 2] * 1000, 1),
        "p99_ms": round(waited[int(len(waited) * 0.99)] * 1000, 1),
        "longest_ms": round(waited[-1] * 1000, 1),
        "errors": sum(count for status, count in statuses.items() if status != "200"),
        "statuses": dict(statuses),
    }


async def herd(base: str, pumps: list[PumpOnBench]) -> dict[str, Any]:
    """Have all pumps come at once, each over a connection that stays; return how long until all were answered."""
    doors, statuses = asyncio.Semaphore(1000), Counter[str]()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        client, begun = Client(session, base), time.perf_counter()

        async def come(pump: PumpOnBench) -> None:
            async with doors:
                statuses[str((await client.report(pump))[0])] += 1

        await asyncio.gather(*map(come, pumps))
        seconds = time.perf_counter() - begun
    return {"pumps": len(pumps), "seconds": round(seconds, 1), "per_second": round(len(pumps) / seconds), **statuses}


async def as_fast_as_it_goes(base: str, bodies: list[tuple[str, bytes]]) -> float:
    """Send requests over some connections one after the other, and return how many a second were answered."""
    waiting = list(reversed(bodies))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_AT_ONCE)) as session:
        client, begun = Client(session, base), time.perf_counter()

        async def send() -> None:
            while waiting:
                path, data = waiting.pop()
                await client.post(path, data)

        await asyncio.gather(*(send() for _ in range(_AT_ONCE)))
        return len(bodies) / (time.perf_counter() - begun)


def _event_bodies(pumps: list[PumpOnBench], batches: int, size: int) -> list[tuple[str, bytes]]:
    """Return batches of all pumps in turn; each pump's in order."""
    return [
        (f"{pump.path}/events", pump.events(*range(batch * size + 1, (batch + 1) * size + 1)))
        for batch in range(batches)
        for pump in pumps
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pumps", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--interval", type=float, default=60)
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        desk = make_trees(folder / "fleet")
        place = make_place(folder / "devices", folder / "fleet", limits=_LIMITS)
        library = desk.library(1)
        pumps = [PumpOnBench(f"urn:pump:acme:P-{n}", library, 1) for n in range(told.pumps)]
        know(place, *pumps)
        # What is there now stays: as in the process that is served from, the collector need not look at it.
        gc.collect()
        gc.freeze()
        server = _Server(place, _serve)
        found: dict[str, Any] = {"pumps": told.pumps, "interval_seconds": told.interval}
        found["polls"] = asyncio.run(polls(server.base, pumps, seconds=told.seconds, interval=told.interval))
        found["polls"]["cpu_ms_each"] = round(server.cpu() * 1000 / found["polls"]["polls"], 2)
        found["polls"]["in_the_server"] = server.look()
        found["herd"] = asyncio.run(herd(server.base, pumps))
        reports = [(f"{pump.path}/report", pump.report()) for pump in pumps[:4000]]
        found["reports_per_second"] = round(asyncio.run(as_fast_as_it_goes(server.base, reports)))
        bodies = _event_bodies(pumps[:200], batches=10, size=100)
        batches = asyncio.run(as_fast_as_it_goes(server.base, bodies))
        found["event_rows_per_second"] = round(batches * 100)
        found["most_memory_bytes"] = server.stop()
        bare = _Server(place, _serve_nothing)
        found["nothing_per_second"] = round(asyncio.run(as_fast_as_it_goes(bare.base, reports)))
        found["nothing_batches_per_second"] = round(asyncio.run(as_fast_as_it_goes(bare.base, bodies)))
        bare.stop()
    found["reports_share_of_nothing"] = round(found["reports_per_second"] / found["nothing_per_second"], 2)
    found["aims_met"] = {
        f"p99 at most {AIM_P99_MS} ms": found["polls"]["p99_ms"] <= AIM_P99_MS,
        "no errors": found["polls"]["errors"] == 0,
        "memory at most 1 GB": found["most_memory_bytes"] <= AIM_BYTES,
        f"at least {AIM_ROWS:,} events a second": found["event_rows_per_second"] >= AIM_ROWS,
    }
    text = json.dumps(found, indent=2) + "\n"
    print(text)
    if told.out is not None:
        told.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
