"""Bad networks: whatever is done to the connections, pumps lose nothing and are served again when it ends."""

import asyncio
import hashlib

import aiohttp
import pytest

from tests.integration.devices_bench import HOST, LINE, URN, Client, PumpOnBench, bench, know, make_place, make_trees
from tests.reliability import is_thorough
from tests.toxics import TOXICS, Proxy

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices"), pytest.mark.reliability]
TRIES = 100 if is_thorough() else 2
"""Polls while the network is bad; then it must be well within three."""
WITHIN = 3
PATIENCE = aiohttp.ClientTimeout(total=0.8)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return make_trees(tmp_path_factory.mktemp("fleet"))


@pytest.fixture
def place(tmp_path, desk):
    return make_place(tmp_path / "devices", desk.authority.releases.folder.parent)


@pytest.fixture
def pump(place, desk):
    made = PumpOnBench(library=desk.library(1), number=1)
    know(place, made)
    return made


async def poll(client, _pump, _fetched):
    return (await client.get(f"/default/controller/v1/{URN}"))[0] == 200


async def download(client, pump, fetched):
    """Fetch a library, each time from where the last try ended."""
    digest = hashlib.sha256(pump.library).hexdigest()
    url = f"{client.base}/tuf/releases/targets/pharmacy/{LINE}/{digest}.1.json"
    async with client.session.get(url, headers={"Range": f"bytes={len(fetched)}-"}) as found:
        async for piece in found.content.iter_any():
            fetched += piece
    return hashlib.sha256(fetched).hexdigest() == digest


async def report(client, pump, _fetched):
    status, told = await client.report(pump)
    return status == 200 and not told["findings"]


async def tell(client, pump, _fetched):
    return (await client.events(pump, *range(1, 101)))[1]["ack"] == 100


WAYS = {"poll": poll, "download": download, "report": report, "events": tell}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("toxic", TOXICS)
def test_it_is_well_within_three_polls_after_the_network_is(place, pump, toxic, way):
    async def attempt(port, fetched):
        async with aiohttp.ClientSession(timeout=PATIENCE) as session:
            try:
                return await WAYS[way](Client(session, f"http://{HOST}:{port}"), pump, fetched)
            except (aiohttp.ClientError, TimeoutError, OSError):
                return False

    async def run():
        fetched = bytearray()
        async with bench(place) as (served, _), Proxy(HOST, served.port).running() as proxy:
            proxy.toxic = toxic
            for _ in range(TRIES):
                if await attempt(proxy.port, fetched):
                    fetched.clear()
            assert proxy.harmed >= TRIES
            proxy.toxic = None
            for polls in range(1, WITHIN + 1):
                if await attempt(proxy.port, fetched):
                    return polls
        return None

    assert asyncio.run(run()) is not None


@pytest.mark.parametrize("toxic", ["down", "timeout", "reset_peer", "limit_data"])
def test_the_toxics_bite(place, pump, toxic):
    """Under these nothing gets through, so that the test above has something to end."""

    async def run():
        async with bench(place) as (served, _), Proxy(HOST, served.port).running() as proxy:
            proxy.toxic = toxic
            async with aiohttp.ClientSession(timeout=PATIENCE) as session:
                with pytest.raises((aiohttp.ClientError, TimeoutError)):
                    await tell(Client(session, f"http://{HOST}:{proxy.port}"), pump, None)

    asyncio.run(run())
