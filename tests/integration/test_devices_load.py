"""Many pumps: polls spread over time, all at once after an outage, and buffered events to catch up with."""

import asyncio
import json
import time

import pytest

from openinfusion.gateway.devices import events, pumps
from openinfusion.gateway.devices.database import FILE, Database
from openinfusion.gateway.devices.overview import overview
from tests.integration.devices_bench import AT, HOST, PumpOnBench, bench, know, make_place, make_trees

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices")]
PUMPS = 1000
AT_ONCE = 200
"""Connections of one test at the same time: the process may not open more files than that by much."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return make_trees(tmp_path_factory.mktemp("fleet"))


@pytest.fixture
def fleet(tmp_path, desk):
    place = make_place(tmp_path / "devices", desk.authority.releases.folder.parent)
    library = desk.library(1)
    known = [PumpOnBench(f"urn:pump:acme:P-{n}", library, 1) for n in range(PUMPS)]
    know(place, *known)
    return place, known


def proven(place):
    database = Database.open(place.state)
    with database.transaction() as connection:
        found = sum(one.number == 1 for one in overview(connection))
    database.close()
    return found


def test_a_herd_that_returns_at_once_is_served_within_two_polls(fleet):
    """After an outage all pumps come at the same moment, and nobody gets an error of the server."""
    place, known = fleet
    doors = asyncio.Semaphore(AT_ONCE)

    async def poll(client, pump):
        async with doors:
            return (await client.report(pump))[0]

    async def run():
        async with bench(place) as (served, client):
            statuses = []
            for _ in range(2):
                statuses += await asyncio.gather(*(poll(client, pump) for pump in known))
            return statuses, served.desk.figures

    statuses, figures = asyncio.run(run())
    assert set(statuses) == {200}
    assert figures.reports["proof"] == PUMPS
    assert proven(place) == PUMPS


def test_polls_are_spread(fleet):
    """What pumps are told to wait differs by half of it, so that a herd does not stay one."""
    place, known = fleet

    async def run():
        async with bench(place) as (_, client):
            return [(await client.report(pump))[1]["poll_seconds"] for pump in known[:100]]

    told = asyncio.run(run())
    assert all(225 <= one <= 375 for one in told)
    assert max(told) - min(told) > 100


@pytest.mark.hazard("IT-03")
def test_pumps_catch_up_with_what_they_held_back(fleet):
    """A hundred pumps tell a thousand events each, in batches, all at once."""
    place, known = fleet
    told, size, each = known[:100], 500, 1000

    async def tell(client, pump):
        ack = 0
        while ack < each:
            status, answer = await client.events(pump, *range(ack + 1, ack + size + 1))
            assert status == 200
            ack = answer["ack"]
        return ack

    async def run():
        begun = time.perf_counter()
        async with bench(place) as (_, client):
            acks = await asyncio.gather(*(tell(client, pump) for pump in told))
        return acks, time.perf_counter() - begun

    acks, seconds = asyncio.run(run())
    assert acks == [each] * len(told)
    rows = each * len(told)
    print(f"{rows:,} events caught up with in {seconds:.1f} s, {rows / seconds:,.0f}/s, client included")  # noqa: T201
    database = Database.open(place.state)
    with database.transaction() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM event").scalar() == rows
    database.close()


def test_what_is_kept_of_a_pump_is_small(fleet):
    """A pump that reported takes no more than 4 kB of the database, its witness no more than 1.5 kB."""
    place, known = fleet

    async def run():
        async with bench(place) as (_, client):
            for pump in known[:20]:
                for _ in range(2):
                    await client.report(pump)

    asyncio.run(run())
    database = Database.open(place.state)
    with database.transaction() as connection:
        largest = max(len(one.witness) for one in pumps.every(connection) if one.witness)
    database.close()
    assert largest < 1500
    assert (place.state / FILE).stat().st_size / PUMPS < 4096


def test_a_batch_is_kept_in_a_few_statements(tmp_path, fleet):
    """However many events a batch has, the number of statements is the same: catching up stays fast."""
    place, known = fleet
    database = Database.open(place.state)
    seen: list[int] = []

    def count(size, start):
        statements = []
        with database.transaction() as connection:
            pump, driver = pumps.find(connection, known[0].urn), connection.connection.driver_connection
            assert pump is not None
            assert driver is not None
            rows = [known[0].event(number) for number in range(start, start + size)]
            batch = events.read_batch(json.dumps({"epoch": 1, "events": rows}).encode(), most=5000)
            driver.set_trace_callback(
                lambda sql: statements.append(sql) if not sql.startswith("INSERT INTO event") else None
            )
            events.keep(connection, pump.id, batch, at=AT)
            driver.set_trace_callback(None)
        seen.append(len(statements))

    count(1, 1)
    count(10, 2)
    count(1000, 12)
    database.close()
    assert seen[1] == seen[2] <= 8
