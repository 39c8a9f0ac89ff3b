"""
Killing the process at the worst moments: the same reply goes out again, and no pump is programmed a second time.

A real process answers over real sockets and is killed: before the answer is kept, after it was kept and before anybody
heard of it, and after the prescribing system heard and before it acknowledged.
"""

import asyncio
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from openinfusion.adapters.events import read_events
from tests.integration.order_bench import AREA, LIBRARY, Ehr, Ordered, acknowledge, change, code_of
from tests.unit.gateway.bench import HOST, codes, wire

pytestmark = pytest.mark.allow_hosts([HOST])
LISTENING = re.compile(r"listening: .* port (\d+)")
SOUND = (sys.executable, "-m", "openinfusion")
KILLED = """
import os, signal
from openinfusion.cli import main
from openinfusion.gateway.order_book import Book

keep = Book.keep

def killed(self, reply, acts):
    {before}
    keep(self, reply, acts)
    os.kill(os.getpid(), signal.SIGKILL)

Book.keep = killed
main()
"""
BEFORE = (sys.executable, "-c", KILLED.format(before="os.kill(os.getpid(), signal.SIGKILL)"))
AFTER = (sys.executable, "-c", KILLED.format(before=""))


def settings(folder, reply_port):
    text = f"""
[store]
path = "a.db"
[[listeners]]
port = 0
[orders]
library = "{LIBRARY}"
reply_port = {reply_port}
events = "events.jsonl"
reply_first_wait_seconds = 0.05
reply_longest_wait_seconds = 0.2
[[orders.pumps]]
number = "P1"
model = "halden-s2"
care_area = "{AREA}"
"""
    path = folder / "bench.toml"
    path.write_text(text)
    return path


@contextmanager
def process(config, command=SOUND):
    """Run a gateway with a bench; tell its process and its port."""
    log = config.parent / "log"
    with log.open("w") as out:
        run = subprocess.Popen((*command, "gateway", "mllp", "--config", str(config)), stdout=out, stderr=out)
        try:
            while (found := LISTENING.search(log.read_text())) is None:
                assert run.poll() is None, log.read_text()
                time.sleep(0.02)
            yield run, int(found[1])
        finally:
            run.kill()
            run.wait(timeout=20)


async def ordered(port, *orders):
    async with wire(port) as line:
        await line.send(*(one.raw() for one in orders))
        return await line.answers(len(orders))


def started(folder):
    events = [line.event for line in read_events(folder / "events.jsonl")]
    ids = [event.event_id for event in events if event is not None]
    assert len(ids) == len(set(ids)) == len(events)
    return sum(event.kind.value == "started" for event in events if event is not None)


@pytest.mark.hazard("US-10")
@pytest.mark.parametrize("command", [BEFORE, AFTER], ids=["before it is kept", "after it was kept"])
def test_a_kill_around_the_answer_programmes_the_pump_once(tmp_path, command):
    """The order was acknowledged, so its reply comes after the restart; the infusion was started once."""

    async def run():
        async with Ehr().listening() as ehr:
            config = settings(tmp_path, ehr.port)
            with process(config, command) as (killed, port):
                assert codes(await ordered(port, Ordered())) == ["CA"]
                assert await asyncio.to_thread(killed.wait, 20) == -signal.SIGKILL
            assert ehr.came == []
            with process(config) as (_, port):
                await ehr.told(1)
                await ordered(port, change("120"))
                return [code_of(raw) for raw in await ehr.told(2)]

    assert asyncio.run(run()) == [("AA", ""), ("AA", "")]
    assert started(tmp_path) == 1


def test_a_kill_before_the_acknowledgement_brings_the_same_reply_again(tmp_path):
    """Byte for byte, with the same control id, until it is acknowledged; then never again."""
    is_deaf = True

    def answer(raw, number):
        return None if is_deaf else acknowledge(raw, number)

    async def run():
        nonlocal is_deaf
        async with Ehr(answer).listening() as ehr:
            config = settings(tmp_path, ehr.port)
            for times in (1, 2):
                with process(config) as (alive, port):
                    if times == 1:
                        await ordered(port, Ordered())
                    await ehr.told(times)
                    alive.kill()
            is_deaf = False
            with process(config) as (_, port):
                await ehr.told(3)
                await ordered(port, Ordered(number="2", id="RX2"))
                return await ehr.told(4)

    came = asyncio.run(run())
    assert came[0] == came[1] == came[2]
    assert [code_of(came[0]), code_of(came[3])] == [("AA", ""), ("AR", "9002")]
    assert started(tmp_path) == 1


def test_a_stop_in_order_leaves_nothing_behind(tmp_path):
    """SIGTERM ends the process with 0; the pump still runs when it is up again."""

    async def run():
        async with Ehr().listening() as ehr:
            config = settings(tmp_path, ehr.port)
            with process(config) as (alive, port):
                await ordered(port, Ordered())
                await ehr.told(1)
                alive.terminate()
                assert await asyncio.to_thread(alive.wait, 20) == 0
            with process(config) as (_, port):
                await ordered(port, change("120"))
                return [code_of(raw) for raw in await ehr.told(2)]

    assert asyncio.run(run()) == [("AA", ""), ("AA", "")]
