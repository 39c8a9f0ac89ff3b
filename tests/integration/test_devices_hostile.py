"""What no pump would send: the device API refuses it in words, stays small, and serves the others meanwhile."""

import asyncio
import gzip
import json
import zlib
from dataclasses import replace
from pathlib import Path
from random import Random

import aiohttp
import pytest

from openinfusion.gateway.device_settings import DeviceLimits
from tests.integration.devices_bench import HOST, URN, Client, PumpOnBench, bench, know, make_place, make_trees
from tests.reliability import is_thorough

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices"), pytest.mark.reliability]
FUZZED = 20_000 if is_thorough() else 1_000
MOST_MORE = 50 * 2**20
LIMITS = DeviceLimits(
    requests_per_minute=1_000_000, burst=1_000_000, request_seconds=1, idle_seconds=1, body_bytes=200_000
)


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    return make_trees(folder)


@pytest.fixture
def place(tmp_path, trees):
    made = make_place(tmp_path / "devices", trees.authority.releases.folder.parent, limits=LIMITS)
    know(made, PumpOnBench())
    return made


def memory():
    """The memory of this process in bytes, the server's among it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


HEAD = f"POST /fleet/v1/pumps/{URN}/report HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
DEEP = b"[" * 90_000
BODIES = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
    "deep": DEEP,
    "deep object": b'{"a":' * 30_000,
    "many keys": b"{" + b",".join(b'"%d":1' % n for n in range(20_000)) + b"}",
    "not a number": b'{"epoch": NaN, "events": []}',
    "infinity": b'{"epoch": 1e999, "events": []}',
    "too large a number": b'{"epoch": 9223372036854775808, "events": []}',
    "half a character": b'{"report": {}, "signature": "\\ud800"}',
    "a zero": b'{"report": {"pump": "a\\u0000b"}, "signature": ""}',
    "formats": b'{"report": "%n%s%x", "signature": "00"}',
    "a zip bomb": zlib.compress(b"0" * 10_000_000),
    "too long": b"x" * 250_000,
}
PATHS = (f"/fleet/v1/pumps/{URN}/report", f"/fleet/v1/pumps/{URN}/events", "/fleet/v1/time")


@pytest.mark.hazard("IT-04")
def test_hostile_bodies_are_refused(place):
    async def run():
        # Each request has a connection of its own: the server closes those on which it refused a body unread.
        once = aiohttp.TCPConnector(force_close=True)
        async with bench(place) as (served, kept), aiohttp.ClientSession(connector=once) as session:
            client = Client(session, kept.base)
            await client.report(PumpOnBench())
            before = memory()
            for path in PATHS:
                for name, body in BODIES.items():
                    async with client.session.post(client.base + path, data=body) as found:
                        assert 400 <= found.status < 500, (path, name)
            bomb = gzip.compress(b'{"nonce": "' + b"0" * 100_000_000 + b'"}')
            for path in PATHS:
                headers = {"Content-Encoding": "gzip"}
                async with client.session.post(client.base + path, data=bomb, headers=headers) as found:
                    assert found.status == 415
            assert memory() - before < MOST_MORE
            assert not served.desk.writer.failed.done()
            assert (await client.post("/fleet/v1/time", b'{"nonce": "1"}'))[0] == 200

    asyncio.run(run())


@pytest.mark.hazard("IT-04")
def test_fuzzed_bodies_never_make_a_fault(place):
    """Reports, events and feedback with bytes changed, cut and repeated: answered with a code below 500."""
    chance = Random(20261129)  # noqa: S311 - bytes to change
    pump = PumpOnBench()
    feedback = {"id": "1", "status": {"execution": "closed", "result": {"finished": "success"}, "details": ["a"]}}
    ddi = f"/default/controller/v1/{URN}"
    seeds = [
        (f"{pump.path}/report", pump.report()),
        (f"{pump.path}/events", pump.events(1, 2, 3)),
        ("/fleet/v1/time", b'{"nonce": "abc"}'),
        (f"{ddi}/deploymentBase/1/feedback", json.dumps(feedback).encode()),
    ]

    def spoilt(body):
        data = bytearray(body)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(data) or 1)
            match chance.randrange(4):
                case 0:
                    data[at : at + 1] = bytes([chance.randrange(256)])
                case 1:
                    del data[at : at + chance.randrange(20)]
                case 2:
                    data[at:at] = data[: chance.randrange(40)]
                case _:
                    data[at:at] = chance.choice((b"{", b"[", b'"', b"\\u0000", b"-", b"1e9", b"null", b"\xff"))
        return bytes(data)

    async def run():
        async with bench(place) as (_, client):
            for number in range(FUZZED):
                path, body = seeds[number % len(seeds)]
                async with client.session.post(client.base + path, data=spoilt(body)) as found:
                    assert found.status < 500, body

    asyncio.run(run())


def test_who_is_slow_is_shown_out_and_the_others_are_served(place):
    async def run():
        async with bench(place) as (served, client):
            slow = []
            head = f"POST {PATHS[0]} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
            for beginning in ("", "POST /fle", head, head + "\r\n", head + '\r\n{"rep'):
                reader, writer = await asyncio.open_connection(HOST, served.port)
                writer.write(beginning.encode())
                slow.append((reader, writer))
            for _ in range(5):
                assert (await client.post("/fleet/v1/time", b'{"nonce": "1"}'))[0] == 200
            async with asyncio.timeout(20):
                for reader, _ in slow:
                    await reader.read()
            for _, writer in slow:
                writer.transport.abort()

    asyncio.run(run())


@pytest.mark.parametrize("whole", ["", HEAD], ids=["head", "body"])
def test_who_lets_bytes_drip_is_shown_out_after_the_time_of_a_request(place, whole):
    """A byte now and then is never silence: the time counts from the first byte of the head to the last of the body."""
    place = replace(place, limits=replace(LIMITS, idle_seconds=3600))

    async def run():
        async with bench(place) as (served, client):
            reader, writer = await asyncio.open_connection(HOST, served.port)
            answer = asyncio.create_task(reader.read())
            rest = (whole or HEAD.replace("\r\n\r\n", "\r\nX: " + "x" * 1500)).encode()
            rest = b'{"report": ' + b" " * 1500 if whole else rest
            writer.write(whole.encode())
            for byte in rest:
                if answer.done():
                    break
                writer.write(bytes([byte]))
                await asyncio.sleep(0.01)
            assert answer.done(), "it dripped for longer than a request may take, and was listened to"
            assert (await client.post("/fleet/v1/time", b'{"nonce": "1"}'))[0] == 200
            writer.transport.abort()

    asyncio.run(run())


def test_the_time_of_a_request_begins_anew_with_the_next_one(place):
    """A connection that is used for longer than one request may take stays open, and so does one that is quiet."""
    place = replace(place, limits=replace(LIMITS, idle_seconds=3600, request_seconds=3))

    async def run():
        async with bench(place) as (served, _):
            reader, writer = await asyncio.open_connection(HOST, served.port)
            for _ in range(7):
                body = b'{"nonce": "1"}'
                writer.write(f"POST /fleet/v1/time HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                await asyncio.sleep(0.2)
                writer.write(body)
                assert b" 200 " in await reader.readline()
                while (await reader.readline()).strip():
                    pass
                await asyncio.sleep(0.4)
            writer.transport.abort()

    asyncio.run(run())


def test_what_claims_to_be_endless_is_refused_at_once(place):
    async def run():
        async with bench(place) as (served, _):
            reader, writer = await asyncio.open_connection(HOST, served.port)
            writer.write(f"POST {PATHS[1]} HTTP/1.1\r\nHost: x\r\nContent-Length: {4 * 2**30}\r\n\r\n{{".encode())
            async with asyncio.timeout(10):
                assert b" 413 " in await reader.readline()
            writer.transport.abort()

    asyncio.run(run())


def test_no_more_connections_are_kept_than_there_may_be(place):
    place = replace(place, limits=replace(LIMITS, connections=20, idle_seconds=30))

    async def run():
        async with bench(place) as (served, client):
            held = [await asyncio.open_connection(HOST, served.port) for _ in range(60)]
            await asyncio.sleep(0.2)
            assert served.connections <= 20
            for _, writer in held:
                writer.transport.abort()
            for _ in range(500):
                if not served.connections:
                    break
                await asyncio.sleep(0.02)
            assert not served.connections
            assert (await client.post("/fleet/v1/time", b'{"nonce": "1"}'))[0] == 200

    asyncio.run(run())


def test_names_that_are_no_pumps_reach_nothing(place):
    names = (
        "..",
        "%2e%2e",
        "urn:pump:a",
        "urn:pump:A:1",
        "urn:pump:a:1%0a",
        "urn:pump:a:%00",
        "a" * 5000,
        "urn:pump:a:1;x",
    )

    async def run():
        async with bench(place) as (_, client):
            for name in names:
                async with client.session.post(f"{client.base}/fleet/v1/pumps/{name}/events", data=b"{}") as found:
                    assert 400 <= found.status < 500, name

    asyncio.run(run())
