"""The device API over HTTP, on each database: trees, signed time, reports, events, and what is refused."""

import hashlib
import json
from dataclasses import replace

import pytest
import rfc8785

from openinfusion.core.errors import OperatorError
from openinfusion.gateway.device_settings import DeviceLimits
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.clock import read_private_key
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.draining import drain
from openinfusion.gateway.devices.overview import overview
from openinfusion.gateway.settings import LakePlace
from tests.fleet_desk import small_library
from tests.integration.devices_bench import HOST, LINE, URN, PumpOnBench, bench, make_place, never, play

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices")]


@pytest.fixture
def place(tmp_path, desk, database_file):
    return make_place(tmp_path / "devices", tmp_path / "fleet", postgresql=database_file)


def known(place):
    """What the server knows of its pumps, and what it found."""
    database = Database.open(place.state, postgresql=place.postgresql)
    try:
        with database.transaction() as connection:
            return overview(connection), {one.code: one for one in pumps.findings(connection)}
    finally:
        database.close()


def test_the_trees_are_served_as_they_lie(place, desk):
    async def story(_served, client):
        status, told = await client.get("/tuf/releases/metadata/timestamp.json")
        assert (status, told) == (200, (desk.releases / "metadata" / "timestamp.json").read_bytes())
        digest = hashlib.sha256(desk.library(1)).hexdigest()
        target = f"/tuf/releases/targets/pharmacy/{LINE}/{digest}.1.json"
        assert await client.get(target) == (200, desk.library(1))
        assert await client.get(target, headers={"Range": "bytes=10-19"}) == (206, desk.library(1)[10:20])
        assert (await client.get(target, headers={"Range": "bytes=9999999-"}))[0] == 416
        for wrong in ("releases/metadata/99.root.json", "releases/metadata/../../authority.toml", "state/devices.db"):
            assert (await client.get(f"/tuf/{wrong}"))[0] == 404

    play(place, story)


def test_the_time_is_signed_with_the_nonce_of_who_asks(place):
    async def story(_served, client):
        status, told = await client.post("/fleet/v1/time", json.dumps({"nonce": "n-1"}).encode())
        assert status == 200
        signature = bytes.fromhex(told.pop("signature"))
        assert told["nonce"] == "n-1"
        assert told["time"].endswith("+00:00")
        read_private_key(place.time_key).public_key().verify(signature, rfc8785.dumps(told))
        assert (await client.post("/fleet/v1/time", b'{"nonce": "' + b"x" * 200 + b'"}'))[0] == 400

    play(place, story)


def test_a_report_is_judged_and_answered_with_the_next_question(place, pump):
    async def story(_served, client):
        status, first = await client.report(pump)
        assert (status, first["ring"]) == (200, "bench")
        assert 225 <= first["poll_seconds"] <= 375
        data = pump.report()
        status, second = await client.report(pump, data)
        assert status == 200
        assert second["findings"] == []
        assert second["time"]["nonce"] == hashlib.sha256(data).hexdigest()
        assert second["nonce"] != first["nonce"]
        assert (await client.report(pump, data))[1]["findings"][0]["code"] == "repeated"
        assert (await client.report(pump))[0] == 200

    play(place, story)
    (found,), findings = known(place)
    assert (found.number, found.level, found.doubt) == (1, "pump-proven", None)
    assert not findings


def test_a_nonce_answers_once(place, pump):
    """A report that was counted proves nothing a second time, also after a restart."""
    used = []

    async def first(_served, client):
        await client.report(pump)
        used.append(pump.nonce)
        assert (await client.report(pump))[0] == 200

    async def again(_served, client):
        pump.nonce = used[0]
        status, told = await client.report(pump)
        assert (status, told["findings"][0]["code"]) == (409, "nonce-not-ours")
        assert told["nonce"] != used[0]

    play(place, first)
    play(place, again)


def test_a_question_outlives_a_restart(place, pump):
    async def ask(_served, client):
        return await client.report(pump)

    assert play(place, ask)[0] == 200
    assert play(place, ask)[0] == 200
    assert known(place)[0][0].number == 1


def test_a_pump_that_runs_something_else_is_found(place, pump, desk):
    """It reports release 1 as in force, and has other bytes loaded."""

    async def story(_served, client):
        await client.report(pump)
        wrong = pump.report(loaded="0" * 64)
        status, told = await client.report(pump, wrong)
        assert (status, told["findings"][0]["code"]) == (200, "proof-wrong")

    play(place, story)
    (found,), findings = known(place)
    assert found.doubt == "proof-wrong"
    assert "proof-wrong" in findings


def test_a_release_that_came_while_it_served_is_known(place, pump, desk):
    async def story(_served, client):
        await client.report(pump)
        pump.number = desk.release(small_library("1.1.0"))
        pump.library = desk.library(pump.number)
        assert (await client.report(pump))[1]["findings"] == []

    play(place, story)
    assert known(place)[0][0].number == 2


def test_strangers_are_refused(place, pump):
    async def story(_served, client):
        stranger = PumpOnBench("urn:pump:acme:other")
        assert (await client.report(stranger))[0] == 404
        assert (await client.events(stranger, 1))[0] == 404
        forger = PumpOnBench(URN)
        status, told = await client.report(forger)
        assert (status, told["findings"][0]["code"]) == (409, "bad-signature")
        assert (await client.post("/fleet/v1/pumps/nobody/report", b"{}"))[0] == 400

    play(place, story)
    assert known(place)[0][0].number is None


@pytest.mark.hazard("IT-03")
def test_events_are_kept_once_whatever_way_they_come(place, pump):
    async def story(_served, client):
        assert (await client.events(pump, 1, 2, 3))[1] == {"ack": 3, "epoch": 1, "missing": [], "other": []}
        assert (await client.events(pump, 2, 3, 4))[1]["ack"] == 4
        assert (await client.events(pump, 9, 7, 8))[1] == {"ack": 4, "epoch": 1, "missing": [[5, 6]], "other": []}
        assert (await client.events(pump, 6))[1] == {"ack": 4, "epoch": 1, "missing": [[5, 5]], "other": []}
        assert (await client.events(pump, 5))[1]["ack"] == 9
        assert (await client.events(pump))[1]["ack"] == 9
        pump.epoch = 2
        assert (await client.events(pump, 3, first=3))[1] == {"ack": 3, "epoch": 2, "missing": [], "other": []}

    play(place, story)
    (found,), findings = known(place)
    streams = [(one.epoch, one.ack, one.highest, one.lost) for one in found.streams]
    assert streams == [(1, 9, 9, ()), (2, 3, 3, ((1, 2),))]
    assert findings["events-lost"].words == "epoch 2, numbers 1 to 2: the pump no longer has them"


@pytest.mark.hazard("IT-03")
def test_another_event_under_a_number_that_is_taken_is_found_and_takes_no_place(place, pump):
    async def story(_served, client):
        await client.events(pump, 1, 2)
        status, told = await client.events(pump, 2, 3, reason="another")
        assert (status, told["ack"], told["other"]) == (200, 3, [2])

    play(place, story)
    assert "other-event" in known(place)[1]
    database = Database.open(place.state, postgresql=place.postgresql)
    with database.transaction() as connection:
        raws = connection.exec_driver_sql("SELECT raw FROM event ORDER BY sequence").scalars().all()
    database.close()
    assert [json.loads(bytes(raw)).get("reason") for raw in raws] == [None, None, "another"]


def test_events_reach_the_lake_once(place, pump, tmp_path):
    async def story(_served, client):
        assert (await client.events(pump, 1, 2, 3))[0] == 200
        assert (await client.events(pump, 4, kind=17))[0] == 200

    play(place, story)
    where = LakePlace(tmp_path / "lake", "Example Trust", "example")
    database = Database.open(place.state, postgresql=place.postgresql)
    done = drain(database, where)
    assert (done.events, done.rejected, done.taken.kept) == (4, 1, 3)
    assert drain(database, where).events == 0
    database.close()


def test_a_pump_tells_only_its_own_events(place, pump):
    async def story(_served, client):
        another = {"epoch": 1, "events": [{"sequence": 1, "pump": "urn:pump:acme:P-2"}]}
        assert (await client.post(f"{pump.path}/events", json.dumps(another).encode()))[0] == 403
        by_serial = {"epoch": 1, "events": [{"sequence": 1, "pump": "P-1"}]}
        assert (await client.post(f"{pump.path}/events", json.dumps(by_serial).encode()))[0] == 200

    play(place, story)
    assert "out-of-scope" in known(place)[1]


def test_only_one_server_serves_from_a_database(place):
    async def story(_served, _client):
        with pytest.raises(OperatorError, match="another server that uses it"):
            async with bench(place):
                pass

    play(place, story)


def test_who_asks_too_often_is_told_when_to_come_again(place, pump):
    async def story(_served, client):
        for _ in range(3):
            assert (await client.report(pump))[0] == 200
        async with client.session.post(client.base + pump.path + "/report", data=b"") as found:
            assert found.status == 429
            assert 1 <= int(found.headers["Retry-After"]) <= 60

    play(replace(place, limits=DeviceLimits(requests_per_minute=1, burst=3)), story)


def test_nothing_but_this_machine_is_served_without_tls(place):
    with pytest.raises(OperatorError, match="without TLS"):
        play(replace(place, host="0.0.0.0"), never)  # noqa: S104 - it is refused
