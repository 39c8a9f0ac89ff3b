"""A pump's agent and the device API, over HTTP: from the first report to proof of a release, and to its events kept."""

import asyncio
import json
import shutil
from datetime import timedelta
from urllib.parse import quote

import pytest

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.fleet.agent.event_log import EventLog
from openinfusion.fleet.agent.stick import visit
from openinfusion.gateway.agent_http import FleetServer, make_pool
from openinfusion.gateway.agent_process import poll
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.carried import take_stick
from openinfusion.gateway.devices.clock import read_private_key
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.overview import overview
from openinfusion.gateway.devices.pumps import Told
from openinfusion.gateway.devices.trees import Trees
from tests.fleet_desk import Desk, small_library
from tests.fleet_pump import NOW, PUMP, Bench
from tests.integration.devices_bench import HOST, LINE, bench, make_place

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices")]
FACTORY = canonical_bytes(small_library("0.0.0"))


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path / "fleet", at=NOW)
    made.assign("bench", made.release(small_library("1.0.0")))
    return made


@pytest.fixture
def settings(tmp_path, desk, database_file):
    return make_place(tmp_path / "devices", tmp_path / "fleet", postgresql=database_file)


@pytest.fixture
def pump(tmp_path, desk, settings):
    time_key = read_private_key(settings.time_key).public_key().public_bytes_raw().hex()
    return Bench(tmp_path / "pump", roots=desk.trusted_roots(), factory=FACTORY, time_key=time_key)


@pytest.fixture
def place(settings, pump):
    made = settings
    database = Database.open(made.state, postgresql=made.postgresql)
    with database.transaction() as connection:
        key = pump.home.key().public_key().public_bytes_raw()
        pumps.tell(connection, PUMP, Told(line=LINE, ring="bench", report_key=key), at=NOW)
    database.close()
    return made


def known(place):
    database = Database.open(place.state, postgresql=place.postgresql)
    with database.transaction() as connection:
        (found,), findings = overview(connection), {one.code for one in pumps.findings(connection)}
    database.close()
    return found, findings


def play(place, *polls):
    """Have polls of an agent done, one after the other, with a server; return what came of them."""

    async def run():
        async with bench(place) as (served, _):
            server = FleetServer(f"http://{HOST}:{served.port}", make_pool())
            return [await asyncio.to_thread(one, server) for one in polls]

    return asyncio.run(run())


@pytest.mark.hazard("CF-01")
def test_a_release_reaches_a_pump_and_is_proven(place, pump):
    def ordinary(server):
        pump.clock.go_on(minutes=10)
        return poll(pump.agent, server)

    first, second, third = play(place, ordinary, ordinary, ordinary)
    assert (first.trouble, second.trouble, third.trouble) == (None, None, None)
    assert first.update.done == "staged"
    found, findings = known(place)
    assert (found.number, found.level, found.doubt, findings) == (1, "pump-proven", None, set())
    assert pump.report().time_quality == "trusted", "the server's signed time was believed"


@pytest.mark.hazard("CF-02")
def test_a_pump_put_back_to_an_older_copy_is_found(place, pump, desk, tmp_path):
    """Its memory is restored from a copy, with the library of that day: within two polls somebody is told."""

    def ordinary(server):
        pump.clock.go_on(minutes=10)
        return poll(pump.agent, server)

    play(place, ordinary, ordinary)
    copy = tmp_path / "copy"
    _copy(pump.home.folder, copy)
    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    play(place, ordinary, ordinary, ordinary)
    assert known(place)[0].number == 2
    _copy(copy, pump.home.folder)
    pump.restart()
    play(place, ordinary, ordinary)
    assert known(place)[1] & {"counter-back", "reverted", "one-counter-twice"}


def _copy(source, target):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def test_the_events_of_a_pump_reach_the_server(place, pump, tmp_path):
    path = tmp_path / "events.jsonl"
    told = {"kind": "pump_switched_on", "pump": "4711", "at": NOW.isoformat()}
    rows = [{"event_id": f"e-{number}", "sequence": number, **told} for number in range(1, 1001)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def tell(server):
        return poll(pump.agent, server, log=EventLog(path))

    (first,) = play(place, tell)
    assert first.trouble is None
    assert pump.agent.acknowledged == 1000
    (stream,) = known(place)[0].streams
    assert (stream.ack, stream.missing) == (1000, ())


@pytest.mark.hazard("CF-01")
def test_a_stick_brings_home_what_a_pump_ran_and_told(place, pump, tmp_path):
    """However often it is taken, and from whichever moment of the visit: the same is known afterwards."""
    path, stick = tmp_path / "events.jsonl", tmp_path / "stick"
    told = {"kind": "pump_switched_on", "pump": "4711", "at": NOW.isoformat()}
    path.write_text("".join(json.dumps({"event_id": f"e-{n}", "sequence": n, **told}) + "\n" for n in range(1, 501)))
    shutil.copytree(place.trees, stick)
    visit(pump.agent, stick, log=EventLog(path))
    pump.clock.go_on(minutes=10)
    visit(pump.agent, stick, log=EventLog(path))
    (stick / "pumps" / quote(PUMP, safe="") / "report-9-9.json").write_bytes(b"cut of")

    def take():
        trees = Trees(place.trees)
        trees.refresh()
        database = Database.open(place.state, postgresql=place.postgresql)
        (taken,) = take_stick(database, trees, stick, at=NOW + timedelta(days=1))
        database.close()
        return taken

    first, again = take(), take()
    assert (first.proofs, first.new) == (2, 500)
    assert (again.proofs, again.new, again.known) == (0, 0, 500)
    assert "unreadable" in first.found
    found, _ = known(place)
    assert found.number == 1
    assert found.as_of is not None
    assert found.as_of < NOW + timedelta(hours=1), "it proves what was, not what is"
    (stream,) = found.streams
    assert stream.ack == 500
