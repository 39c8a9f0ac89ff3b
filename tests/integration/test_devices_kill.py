"""
Killing the device API at any moment, under load, loses nothing that was acknowledged and keeps nothing twice.

A real process serves over real sockets and is killed after a random time, again and again, on one database. Pumps send
events and reports meanwhile, and again what was not acknowledged.
"""

import asyncio
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, field

import aiohttp
import pytest

from openinfusion.gateway.devices.database import FILE
from tests.integration.devices_bench import HOST, PumpOnBench, know, make_place, make_trees
from tests.reliability import is_thorough, record

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.reliability]
KILLS = 1000 if is_thorough() else 20
PUMPS = 12
BATCH = 20
LISTENING = re.compile(r"listening (\d+)")
SOUND = """
import sys
from pathlib import Path
from openinfusion.gateway.device_settings import DeviceLimits, DevicesPlace
from openinfusion.gateway.devices import desk, app
from openinfusion.gateway.devices.serving import serve
{fault}
trees, state, key = map(Path, sys.argv[1:])
limits = DeviceLimits(requests_per_minute=1_000_000, burst=1_000_000)
place = DevicesPlace(trees=trees, state=state, time_key=key, port=0, limits=limits)
serve(place, health=None, ready=lambda served: print("listening", served.port, flush=True))
"""
EARLY = """
import asyncio
from openinfusion.gateway.devices.events import Kept
from openinfusion.gateway.devices.writer import Writer

class Early(Writer):
    async def do(self, work, *, weight=1):
        asked = getattr(work, "keywords", {}).get("work")
        if getattr(asked, "func", None) is not app._keep_events:
            return await super().do(work, weight=weight)
        self.late = asyncio.ensure_future(self.store(work, weight=weight))
        return Kept(max(asked.keywords["batch"].numbers))

    async def store(self, work, *, weight):
        await asyncio.sleep(0.1)
        return await super().do(work, weight=weight)

desk.Writer = Early
"""


class Process:
    """A device API in a process of its own."""

    def __init__(self, place, fault=""):
        self._log = (place.state.parent / "log").open("w+")
        begun = time.monotonic()
        paths = (place.trees, place.state, place.time_key)
        words = (sys.executable, "-c", SOUND.format(fault=fault), *map(str, paths))
        self.process = subprocess.Popen(words, stdout=self._log, stderr=self._log)
        while (found := LISTENING.search(self.said())) is None:
            assert self.process.poll() is None, self.said()
            time.sleep(0.02)
        self.base = f"http://{HOST}:{found[1]}"
        self.seconds = time.monotonic() - begun

    def said(self):
        self._log.seek(0)
        return self._log.read()

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        self._log.close()
        return code


@dataclass
class Teller:
    """A pump that tells events, and what of them it was told to be kept."""

    pump: PumpOnBench
    acknowledged: int = 0
    counted: int = -1
    trouble: list[str] = field(default_factory=list)

    async def run(self, session, base):
        """Tell until the server is gone."""
        try:
            while True:
                first = self.acknowledged + 1
                body = self.pump.events(*range(first, first + BATCH))
                async with session.post(f"{base}{self.pump.path}/events", data=body) as found:
                    self.acknowledged = max(self.acknowledged, (await found.json())["ack"])
                await self._report(session, base)
        except (aiohttp.ClientError, OSError):
            return

    async def _report(self, session, base):
        data = self.pump.report()
        counter = self.pump.counter
        async with session.post(f"{base}{self.pump.path}/report", data=data) as found:
            told = await found.json()
        self.pump.nonce = told["nonce"]
        if found.status != 200:
            self.trouble += [one["code"] for one in told["findings"]]
        elif not told["findings"]:
            self.counted = counter


async def tell(tellers, process, seconds):
    """Let pumps tell; kill the server after some seconds."""
    asyncio.get_running_loop().call_later(seconds, process.process.send_signal, signal.SIGKILL)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(one.run(session, process.base) for one in tellers))


def held(place):
    """The numbers that are kept of each pump, and the counter of its last report that counted."""
    with sqlite3.connect(place.state / FILE) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = database.execute("SELECT urn, sequence FROM event JOIN pump ON pump.id = event.pump").fetchall()
        counters = database.execute("SELECT urn, json_extract(witness, '$.counter') FROM pump").fetchall()
    database.close()
    assert len(rows) == len(set(rows)), "kept twice"
    numbers: dict[str, set[int]] = {}
    for urn, sequence in rows:
        numbers.setdefault(urn, set()).add(sequence)
    return numbers, dict(counters)


def lost(place, tellers):
    """What was acknowledged and is not there."""
    numbers, counters = held(place)
    gone = {(one.pump.urn, number) for one in tellers for number in range(1, one.acknowledged + 1)}
    gone -= {(urn, number) for urn, kept in numbers.items() for number in kept}
    return gone | {(one.pump.urn, "report") for one in tellers if (counters[one.pump.urn] or 0) < one.counted}


@pytest.fixture
def bench(tmp_path):
    desk = make_trees(tmp_path / "fleet")
    place = make_place(tmp_path / "devices", tmp_path / "fleet")
    pumps = [PumpOnBench(f"urn:pump:acme:P-{n}", desk.library(1), 1) for n in range(PUMPS)]
    know(place, *pumps)
    return place, [Teller(one) for one in pumps]


def killed_again_and_again(bench, kills, fault=""):
    """Yield after every kill what was lost, and how long the start took."""
    place, tellers = bench
    chance = random.Random(20261129)  # noqa: S311 - when to kill
    for _ in range(kills):
        process = Process(place, fault)
        try:
            asyncio.run(tell(tellers, process, chance.uniform(0.1, 0.6)))
        finally:
            process.end(signal.SIGKILL)
        yield lost(place, tellers), process.seconds


@pytest.mark.hazard("IT-03")
def test_a_kill_loses_nothing_acknowledged_and_keeps_nothing_twice(bench):
    seconds = []
    for gone, took in killed_again_and_again(bench, KILLS):
        assert not gone
        seconds.append(took)
    _, tellers = bench
    acknowledged = sum(one.acknowledged for one in tellers)
    assert acknowledged > 20 * KILLS
    # A report whose answer was lost is asked for again; none that was counted counts again.
    assert {code for one in tellers for code in one.trouble} <= {"nonce-not-ours"}
    figures = {
        "kills": KILLS,
        "events acknowledged": f"{acknowledged:,}",
        "of these lost": 0,
        "kept twice": 0,
        "slowest start": f"{max(seconds):.1f} s",
    }
    record("F1", figures, title="The device API is killed while pumps tell events and report")
    print(figures)  # noqa: T201 - the figures of a run


def test_the_kills_notice_an_acknowledgement_that_came_too_early(bench):
    """The test above bites: a server that answers before it stores is found out."""
    assert any(gone for gone, _ in killed_again_and_again(bench, 10, EARLY))


def test_a_stop_in_order_leaves_one_file(bench):
    place, tellers = bench
    process = Process(place)

    async def run():
        asyncio.get_running_loop().call_later(0.4, process.process.send_signal, signal.SIGTERM)
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(one.run(session, process.base) for one in tellers))

    asyncio.run(run())
    assert process.end(signal.SIGTERM) == 0
    assert not lost(place, tellers)
    assert [one.name for one in place.state.glob("devices.db*")] == ["devices.db"]
