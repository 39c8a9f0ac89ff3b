"""Pumps in service and out of it: what a denied, a retired and a newly enrolled one count for, and what stays."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from openinfusion.cli.app import app
from openinfusion.core.errors import OperatorError
from openinfusion.gateway.devices import pumps, service
from openinfusion.gateway.devices.carried import take_stick
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.denials import allow, deny
from openinfusion.gateway.devices.pumps import Told
from openinfusion.gateway.devices.trees import Trees
from tests.integration.devices_bench import AT, HOST, LINE, URN, PumpOnBench, make_place, play

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices"), pytest.mark.hazard("IT-04")]


@pytest.fixture
def place(tmp_path, desk, database_file):
    return make_place(tmp_path / "devices", tmp_path / "fleet", postgresql=database_file)


def order(place, work, **told):
    """What a command does, in a process of its own."""
    database = Database.open(place.state, postgresql=place.postgresql)
    try:
        with database.transaction() as connection:
            return work(connection, **told)
    finally:
        database.close()


async def prove(client, pump):
    await client.report(pump)
    status, told = await client.report(pump)
    assert (status, told["findings"]) == (200, [])


def counted(place):
    """How the view of the fleet counts the pumps: each with its state and cause."""
    settings = place.state.parent / "gateway.toml"
    lines = [f'trees = "{place.trees}"', f'state = "{place.state}"', f'time_key = "{place.time_key}"']
    if place.postgresql is not None:
        lines.append(f'postgresql = "{place.postgresql}"')
    settings.write_text("\n".join(["[devices]", *lines]))
    done = CliRunner().invoke(app, ["fleet", "pumps", "--config", str(settings), "--json"])
    return {one["pump"]: (one["state"], one["cause"]) for one in json.loads(done.stdout)}


def new_key():
    return Ed25519PrivateKey.generate()


def raw(key):
    return key.public_key().public_bytes_raw()


def test_a_denied_pump_is_not_current(place, pump):
    async def story(_served, client):
        await prove(client, pump)
        assert counted(place) == {URN: ("current", "runs-it")}
        order(place, deny, name=URN, reason="stolen", at=AT)
        assert counted(place) == {URN: ("suspect", "denied")}
        assert (await client.report(pump))[0] == 403
        assert (await client.events(pump, 1))[0] == 403
        assert (await client.get(f"/default/controller/v1/{URN}"))[0] == 403
        order(place, allow, name=URN)
        assert counted(place) == {URN: ("current", "runs-it")}
        assert (await client.report(pump))[0] == 200

    play(place, story)


def test_the_pumps_of_a_denied_gateway_are_not_current(place, pump):
    order(place, pumps.tell, urn=URN, told=Told(gateway="urn:gateway:ward-3"), at=AT)

    async def story(_served, client):
        await prove(client, pump)

    play(place, story)
    order(place, deny, name="urn:gateway:ward-3", reason="stolen", at=AT)
    assert counted(place) == {URN: ("suspect", "denied")}


def test_a_retired_pump_is_counted_nowhere_and_its_history_stays(place, pump):
    async def story(_served, client):
        await prove(client, pump)
        await client.events(pump, 1, 2)
        order(place, service.retire, urn=URN, reason="sold", at=AT)
        assert (await client.report(pump))[0] == 403

    play(place, story)
    assert counted(place) == {}
    last = order(place, service.history, urn=URN)[-1]
    assert (last.what.partition(",")[0], last.reason) in {
        ("retired; until then proven: release 1", "sold"),
        ("known", LINE),
    }
    assert any("until then proven: release 1" in one.what for one in order(place, service.history, urn=URN))
    assert order(place, lambda connection: connection.exec_driver_sql("SELECT count(*) FROM event").scalar()) == 2
    for again in (service.retire, service.retire):
        with pytest.raises(OperatorError, match="retired since"):
            order(place, again, urn=URN, reason="sold", at=AT)
    with pytest.raises(OperatorError, match="re-enrol"):
        order(place, pumps.tell, urn=URN, told=Told(ring="bench"), at=AT)


def test_a_stick_brings_nothing_of_a_denied_pump(place, pump, tmp_path):
    folder = tmp_path / "stick" / "pumps" / URN.replace(":", "%3A")
    folder.mkdir(parents=True)
    (folder / "report-1-1.json").write_bytes(pump.report())
    (folder / "events-1-1-1.json").write_bytes(pump.events(1))
    order(place, deny, name=URN, reason="stolen", at=AT)
    trees = Trees(place.trees)
    trees.refresh()
    database = Database.open(place.state, postgresql=place.postgresql)
    (found,) = take_stick(database, trees, tmp_path / "stick", at=AT)
    database.close()
    assert (found.proofs, found.new, len(found.trouble)) == (0, 0, 2)
    assert "was denied" in found.trouble[0]


@pytest.mark.hazard("CF-02")
def test_a_pump_that_is_enrolled_anew_begins_its_proof_anew(place, pump, desk):
    """What the old key says counts no more, nor what it proved; events of the new board are not those before."""
    old, another = pump.key, new_key()

    async def story(_served, client):
        await prove(client, pump)
        assert (await client.events(pump, 1, 2))[1]["ack"] == 2
        order(place, service.enrol_anew, urn=URN, reason="new board", at=AT, report_key=raw(another))
        assert counted(place) == {URN: ("unknown", "never-proven")}
        assert [one["code"] for one in (await client.report(pump))[1]["findings"]] == ["bad-signature"]
        board = PumpOnBench(library=desk.library(1), number=1, key=another)
        await prove(client, board)
        assert counted(place) == {URN: ("current", "runs-it")}
        status, told = await client.events(board, 1, reason="of the new board")
        assert (status, told) == (200, {"ack": 1, "epoch": 1, "missing": [], "other": []})

    play(place, story)
    turns = order(place, service.history, urn=URN)
    assert ("new board", True) in {(one.reason, "until then proven: release 1" in one.what) for one in turns}
    assert order(place, lambda connection: connection.exec_driver_sql("SELECT count(*) FROM event").scalar()) == 3
    with pytest.raises(OperatorError, match="another key than the one it has"):
        order(place, pumps.tell, urn=URN, told=Told(report_key=raw(old)), at=AT)
    with pytest.raises(OperatorError, match="the key that it has"):
        order(place, service.enrol_anew, urn=URN, reason="again", at=AT, report_key=raw(another))
    with pytest.raises(OperatorError, match="a key that ended when"):
        order(place, pumps.tell, urn="urn:pump:acme:P-2", told=Told(line=LINE, report_key=raw(old)), at=AT)


def test_enrolling_anew_brings_a_retired_pump_back(place, pump):
    order(place, service.retire, urn=URN, reason="lost", at=AT)
    order(place, service.enrol_anew, urn=URN, reason="found behind a cupboard", at=AT)
    assert counted(place) == {URN: ("unknown", "never-proven")}
    reasons = [one.reason for one in order(place, service.history, urn=URN)]
    assert f"found behind a cupboard (retired since {AT:%d-%b-%Y}: lost)" in reasons
    order(place, pumps.tell, urn=URN, told=Told(report_key=raw(new_key())), at=AT)

    async def story(_served, client):
        assert (await client.events(pump, 1))[0] == 200

    play(place, story)


def test_nobody_unknown_is_retired_or_enrolled_anew(place):
    for work in (service.retire, service.enrol_anew):
        with pytest.raises(OperatorError, match="a pump that is not known"):
            order(place, work, urn=URN, reason="sold", at=AT)
