"""Whatever one connection does, or thousands of them, the others are served, and memory stays small."""

import asyncio
import contextlib
import os
import random
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from openinfusion.gateway.framing import frame
from openinfusion.gateway.settings import Limits
from tests.unit.gateway.bench import HOST, codes, gateway, message, msa, port_of, wire

pytestmark = pytest.mark.allow_hosts([HOST])
CROWD = 10_000
BRISK = Limits(message_bytes=50_000, idle_seconds=3, read_seconds=1)


def run_against(tmp_path, attack, limits=BRISK):
    """Run an attack beside a friend who sends all the time; return what it gave, and how long the friend waited."""

    async def friend(port, is_over):
        waits = []
        async with wire(port) as line:
            number = 0
            while not is_over.is_set():
                number += 1
                begun = time.perf_counter()
                await line.send(message(f"friend-{number}"))
                assert codes(await line.answers(1)) == ["CA"]
                waits.append(time.perf_counter() - begun)
                await asyncio.sleep(0.01)
        return waits

    async def run():
        async with gateway(tmp_path / "a.db", limits) as made:
            is_over = asyncio.Event()
            served = asyncio.create_task(friend(port_of(made), is_over))
            try:
                given = await attack(made)
            finally:
                is_over.set()
            return given, await served

    given, waits = asyncio.run(run())
    assert waits
    assert sorted(waits)[int(len(waits) * 0.98)] < 1
    return given


def test_a_message_that_drips_is_cut_off(tmp_path):
    async def attack(made):
        async with wire(port_of(made)) as line:
            begun = time.perf_counter()
            with contextlib.suppress(ConnectionError):
                for byte in frame(message("1", text="x" * 5000)):
                    await line.say(bytes([byte]))
                    await asyncio.sleep(0.02)
            assert await line.is_closed()
            assert time.perf_counter() - begun < 5
        return made.metrics.connections["ended: message too slow"]

    assert run_against(tmp_path, attack) == 1


def test_an_endless_message_is_refused_by_its_control_id(tmp_path):
    async def attack(made):
        async with wire(port_of(made)) as line:
            await line.say(b"\x0b" + message("endless")[:-1])
            asking = asyncio.create_task(line.answers(1))
            sent = 0
            with contextlib.suppress(ConnectionError):
                while sent < 50_000_000 and not line.reader.at_eof():
                    line.writer.write(b"OBX|1|ST|x\r" * 5000)
                    await asyncio.wait_for(line.writer.drain(), 10)
                    await asyncio.sleep(0.001)
                    sent += 55_000
            answers = await asking
            assert await line.is_closed()
        return [msa(one) for one in answers], dict(made.metrics.refused)

    assert run_against(tmp_path, attack) == ([("CR", "endless")], {"too long": 1})


def test_a_message_that_is_whole_and_too_long_is_refused(tmp_path):
    async def attack(made):
        async with wire(port_of(made)) as line:
            await line.send(message("1"), message("2", text="x" * 60_000))
            answers = await line.answers(2)
            assert await line.is_closed()
        return [msa(one) for one in answers]

    assert run_against(tmp_path, attack) == [("CA", "1"), ("CR", "2")]


@pytest.mark.parametrize("text", [b"MSH|^~\\&|no frame\r", b"GET / HTTP/1.1\r\n\r\n", b"\x1c\r\x1c\r", b"\x16\x03\x01"])
def test_what_is_in_no_frame_is_dropped_and_ends_the_connection(tmp_path, text):
    async def attack(made):
        async with wire(port_of(made)) as line:
            with contextlib.suppress(ConnectionError):
                for _ in range(120_000 // len(text)):
                    await line.say(text)
            assert await line.is_closed()
        return made.metrics.connections["ended: no frames"], dict(made.metrics.refused)

    assert run_against(tmp_path, attack) == (1, {})


def test_a_sender_that_leaves_the_last_cr_away_is_served(tmp_path):
    async def attack(made):
        async with wire(port_of(made)) as line:
            await line.say(frame(message("1"))[:-1])
            return [msa(one) for one in await line.answers(1)], made.metrics.framing["no last CR"]

    assert run_against(tmp_path, attack, Limits(read_seconds=20)) == ([("CA", "1")], 1)


def test_who_does_not_fetch_answers_is_no_longer_read(tmp_path):
    """The answers that nobody fetches would fill the memory; so would what is read meanwhile."""

    async def attack(made):
        async with wire(port_of(made)) as line:
            line.stop_fetching()
            with contextlib.suppress(ConnectionError, TimeoutError):
                for _ in range(3000):
                    line.writer.write(frame(b"no HL7") * 100)
                    await asyncio.wait_for(line.writer.drain(), 8)
            waited = time.perf_counter()
            while made.metrics.connections["ended: answers not fetched"] == 0:
                assert time.perf_counter() - waited < 10
                await asyncio.sleep(0.05)
        return made.metrics.connections["ended: answers not fetched"]

    assert run_against(tmp_path, attack) == 1


def test_silent_connections_are_closed_in_the_end(tmp_path):
    async def attack(made):
        async with wire(port_of(made)) as line:
            return await line.is_closed(seconds=10), made.metrics.connections["ended: idle"]

    assert run_against(tmp_path, attack) == (True, 1)


def test_random_bytes_crash_nothing(tmp_path):
    chance = random.Random(3)  # noqa: S311 - bytes of no use
    pieces = [
        b"\x0b",
        b"\x1c",
        b"\r",
        b"\n",
        b"MSH|^~\\&|",
        b"|",
        b"ORU^R01",
        b"\xff\x00",
        b"\x1c\r",
        message("1"),
        b"^",
    ]

    async def attack(made):
        for _ in range(40):
            async with wire(port_of(made)) as line:
                with contextlib.suppress(ConnectionError):
                    await line.say(*(b"".join(chance.choices(pieces, k=30)) for _ in range(20)))
        return True

    assert run_against(tmp_path, attack)


FUZZED = int(os.environ.get("OPENINFUSION_FUZZED", "20000"))


def test_fuzzed_messages_are_each_answered_and_memory_stays_flat(tmp_path):
    """Messages changed in any way, but whole: one answer each, and no hundred of them takes long."""
    chance = random.Random(11)  # noqa: S311 - where to change a message
    marks = bytes(code for code in range(256) if code not in (0x0B, 0x1C))

    def fuzzed(number):
        one = bytearray(message(str(number), text="x" * chance.randrange(200)))
        for _ in range(chance.randrange(6)):
            at = chance.randrange(len(one))
            piece = bytes(chance.choices(marks, k=chance.randrange(4)))
            one[at : at + chance.randrange(40)] = piece
        return bytes(one)

    async def attack(made):
        grown = []
        async with wire(port_of(made)) as line:
            for start in range(0, FUZZED, 100):
                begun = time.perf_counter()
                await line.send(*(fuzzed(start + number) for number in range(100)))
                assert set(codes(await line.answers(100))) <= {"CA", "CR"}
                assert time.perf_counter() - begun < 5
                grown.append(memory_mb(os.getpid()))
        assert sum(made.metrics.answers.values()) >= FUZZED
        return grown

    grown = run_against(tmp_path, attack)
    assert grown[-1] - grown[len(grown) // 4] < 30


# --- A crowd that comes and stays -------------------------------------------------------------------------------------


def memory_mb(process):
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def test_ten_thousand_connections_opened_and_left_keep_nobody_out(tmp_path):
    """A process with its usual limits; the crowd comes from the address of the friend, who comes before and after."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    crowd = min(CROWD, hard - 1000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, crowd + 500), hard))
    log = tmp_path / "log"
    command = (
        sys.executable,
        "-m",
        "openinfusion",
        "gateway",
        "mllp",
        "--store",
        str(tmp_path / "a.db"),
        "--port",
        "0",
    )
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        while (found := re.search(r"port (\d+)", log.read_text())) is None:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        asyncio.run(_crowd(int(found[1]), crowd))
        grown = memory_mb(process.pid)
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert grown < 400, "memory of the gateway"


async def _crowd(port, crowd):
    async def ask(line, control_id):
        begun = time.perf_counter()
        await line.send(message(control_id))
        assert [msa(one) for one in await line.answers(1)] == [("CA", control_id)]
        return time.perf_counter() - begun

    async with wire(port) as before:
        waits = [await ask(before, "before")]
        left = []
        for start in range(0, crowd, 200):
            opened = await asyncio.gather(
                *(asyncio.open_connection(HOST, port) for _ in range(min(200, crowd - start))), return_exceptions=True
            )
            left += [one[1] for one in opened if not isinstance(one, BaseException)]
            waits.append(await ask(before, f"during-{start}"))
            async with wire(port) as newcomer:
                waits.append(await ask(newcomer, f"new-{start}"))
        assert len(left) > crowd * 0.9
        async with wire(port) as after:
            waits.append(await ask(after, "after"))
    for one in left:
        one.transport.abort()
    await asyncio.sleep(0.1)
    assert max(waits) < 2
