"""
Killing the gateway at any moment, under load, loses nothing that was acknowledged and keeps nothing twice.

A real process receives over a real socket and is killed after a random time, again and again, on one store; what was
not acknowledged is sent again, as senders do. ``OPENINFUSION_KILLS=100`` asks for as many kills as the aim names.
"""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import deque

import pytest

from openinfusion.gateway.sending import Way, send
from tests.unit.gateway.bench import HOST, held, message

pytestmark = pytest.mark.allow_hosts([HOST])
KILLS = int(os.environ.get("OPENINFUSION_KILLS", "6"))
CONNECTIONS = 16
SOUND = (sys.executable, "-m", "openinfusion")
EARLY = (
    sys.executable,
    "-c",
    """
from openinfusion.cli import main
from openinfusion.gateway import mllp
from openinfusion.gateway.commits import Commits
from openinfusion.gateway.store import Fate, Outcome

class Early(Commits):
    def submit(self, arrival, tell):
        super().submit(arrival, lambda outcome: None)
        tell(Outcome(Fate.KEPT, arrival.acknowledgement))

mllp.Gateway.__init__.__kwdefaults__["commits"] = Early
main()
""",
)
LISTENING = re.compile(r"listening: .* port (\d+)")


class Process:
    """A gateway as an operator starts it."""

    def __init__(self, path, command=SOUND):
        self._log = (path.parent / "log").open("w+")
        begun = time.monotonic()
        arguments = (*command, "gateway", "mllp", "--store", str(path), "--port", "0")
        self.process = subprocess.Popen(arguments, stdout=self._log, stderr=self._log)
        while (found := LISTENING.search(self.said())) is None:
            assert self.process.poll() is None, self.said()
            time.sleep(0.02)
        self.port = int(found[1])
        self.seconds = time.monotonic() - begun

    def said(self):
        self._log.seek(0)
        return self._log.read()

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        self._log.close()
        return code


def load():
    """Yield messages without end, each under its own control id and with its own content."""
    chance = random.Random(5)  # noqa: S311 - lengths of messages
    number = 0
    while True:
        number += 1
        yield message(f"id-{number}", sender="LOAD", text=f"{number} " + "x" * chance.randrange(2000))


class Sender:
    """Sends for a while, and then again what was not acknowledged."""

    def __init__(self):
        self.acknowledged = set()
        self._fresh = load()
        self._again: deque[bytes] = deque()

    async def run(self, gateway, *, seconds, number=signal.SIGKILL):
        """Send under load; end the gateway after some seconds, and see all connections break."""
        under_way = {}

        def messages():
            while gateway.process.poll() is None:
                one = self._again.popleft() if self._again else next(self._fresh)
                under_way[control_id_of(one)] = one
                yield one

        def told(one):
            self.acknowledged.add(control_id_of(one))
            del under_way[control_id_of(one)]

        asyncio.get_running_loop().call_later(seconds, gateway.process.send_signal, number)
        await send(messages(), Way(port=gateway.port, connections=CONNECTIONS, attempts=1), told=told)
        self._again.extend(under_way.values())

    async def finish(self, gateway):
        """Send what is left, without a kill."""
        left = list(self._again)
        sent = await send(left, Way(port=gateway.port))
        assert sent.counts["acknowledged"] == len(left)
        self.acknowledged |= set(map(control_id_of, left))


def control_id_of(one):
    return one.split(b"|", 10)[9].decode()


def killed_again_and_again(path, kills, command=SOUND):
    """Yield after every kill how many messages were acknowledged, and those that are not there."""
    chance = random.Random(20261128)  # noqa: S311 - when to kill
    sender = Sender()
    for _ in range(kills):
        gateway = Process(path, command)
        try:
            asyncio.run(sender.run(gateway, seconds=chance.uniform(0.05, 0.8)))
        finally:
            gateway.end(signal.SIGKILL)
        assert gateway.seconds < 15, "too long until it is up again"
        there = [control_id for _, control_id in held(path)]
        assert len(there) == len(set(there)), "kept twice"
        yield len(sender.acknowledged), sender.acknowledged - set(there)
    gateway = Process(path)
    asyncio.run(sender.finish(gateway))
    assert gateway.end(signal.SIGTERM) == 0
    assert {control_id for _, control_id in held(path)} >= sender.acknowledged or command != SOUND


@pytest.mark.hazard("IT-03")
def test_a_kill_loses_nothing_acknowledged_and_keeps_nothing_twice(tmp_path):
    counts = []
    for count, lost in killed_again_and_again(tmp_path / "a.db", KILLS):
        assert not lost
        counts.append(count)
    acknowledged = counts[-1]
    assert acknowledged > 20 * KILLS
    print(f"{KILLS} kills, {acknowledged:,} messages acknowledged, 0 lost, 0 twice")  # noqa: T201 - for make gateway-kill-test


def test_the_kills_notice_an_acknowledgement_that_came_too_early(tmp_path):
    """The test above bites: a gateway that answers before it stores is found out."""
    assert any(lost for _, lost in killed_again_and_again(tmp_path / "a.db", 5, EARLY))


def test_a_stop_in_order_answers_what_it_has_and_leaves_one_file(tmp_path):
    path = tmp_path / "a.db"
    gateway = Process(path)
    sender = Sender()

    asyncio.run(sender.run(gateway, seconds=0.4, number=signal.SIGTERM))
    assert gateway.end(signal.SIGTERM) == 0
    assert sender.acknowledged
    assert {control_id for _, control_id in held(path)} == sender.acknowledged
    assert [one.name for one in tmp_path.glob("a.db*")] == ["a.db"]
