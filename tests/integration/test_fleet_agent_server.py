"""The agent against the real server of pumps, over HTTP: from a poll to proof, signed time, events, a recall."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.fleet.agent.event_log import EventLog
from openinfusion.gateway.agent_http import FleetServer, Patience, make_pool
from openinfusion.gateway.agent_process import poll
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.pumps import Told
from openinfusion.gateway.devices.reports import witness_of
from openinfusion.gateway.devices.serving import serving
from tests.fleet_desk import small_library
from tests.fleet_pump import PUMP, Bench
from tests.integration.devices_bench import HOST, LINE, PumpOnBench, make_place, make_trees

pytestmark = pytest.mark.allow_hosts([HOST])
NOW = datetime.now(UTC)


class Ward:
    """A server, and a pump that polls it."""

    def __init__(self, folder):
        self.desk = make_trees(folder / "fleet")
        self.place = make_place(folder / "devices", folder / "fleet")
        key = load_pem_private_key(self.place.time_key.read_bytes(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        time_key = key.public_key().public_bytes_raw().hex()
        factory = canonical_bytes(small_library("0.0.0"))
        self.bench = Bench(
            folder / "pump", roots=self.desk.trusted_roots(), factory=factory, at=self.desk.at, time_key=time_key
        )
        self.log = folder / "events.jsonl"
        self.pool = make_pool()
        report_key = self.bench.home.key().public_key().public_bytes_raw()
        with self._database() as connection:
            pumps.tell(connection, PUMP, Told(line=LINE, ring="bench", report_key=report_key), at=NOW)

    def _database(self):
        return Database.open(self.place.state, postgresql=self.place.postgresql).transaction()

    def tells(self, *sequences):
        """Write events into the log of the pump."""
        pump = PumpOnBench(urn=PUMP)
        with self.log.open("a") as file:
            file.writelines(json.dumps(pump.event(n)) + "\n" for n in sequences)

    def polls(self, *steps):
        """Serve, and do steps with the server at hand; between them the pump polls."""
        rounds = []

        async def run():
            async with serving(self.place) as served:
                server = FleetServer(f"http://{HOST}:{served.port}", self.pool, Patience(gap=20, whole=60))
                for step in steps:
                    step()
                    rounds.append(await asyncio.to_thread(poll, self.bench.agent, server, log=EventLog(self.log)))
                self.pool.clear()

        asyncio.run(run())
        return rounds

    def witness(self):
        """What the server knows of the pump."""
        database = Database.open(self.place.state, postgresql=self.place.postgresql)
        try:
            with database.transaction() as connection:
                known = pumps.find(connection, PUMP)
                assert known is not None
                return witness_of(known)
        finally:
            database.close()


@pytest.fixture
def ward(tmp_path):
    return Ward(tmp_path)


def nothing():
    pass


@pytest.mark.hazard("CF-01")
def test_two_polls_prove_what_runs_and_a_recall_takes_it_back(ward):
    def upgrade():
        ward.desk.release(small_library("1.1.0"))
        ward.desk.assign("bench", 2)

    rounds = ward.polls(nothing, nothing, upgrade, nothing, lambda: ward.desk.recall(2))

    assert [(one.update.done, one.activation.done, one.trouble) for one in rounds] == [
        ("staged", "activated", None),
        ("nothing new", "nothing new", None),
        ("staged", "activated", None),
        ("nothing new", "nothing new", None),
        ("staged", "activated", None),
    ]
    witness = ward.witness()
    assert witness.high_water == 3
    assert witness.proof is not None
    assert witness.doubt is None


@pytest.mark.hazard("IT-02")
def test_a_clock_that_is_years_wrong_is_put_right_by_the_server(ward):
    ward.bench.clock.at -= timedelta(days=2000)
    ward.polls(nothing, nothing)

    report = ward.bench.report()
    assert report.time_quality == "trusted"
    assert abs(report.at - datetime.now(UTC)) < timedelta(minutes=10)


@pytest.mark.hazard("IT-02")
def test_a_clock_that_is_years_ahead_installs_once_the_server_told_the_time(ward):
    ward.bench.clock.at += timedelta(days=730)
    first, second, third = ward.polls(nothing, nothing, nothing)

    assert first.update.refusal is not None
    assert first.update.refusal.code.value == "metadata-expired"
    assert "staged" in (second.update.done, third.update.done)
    assert ward.bench.running == 1


@pytest.mark.hazard("IT-03")
def test_events_are_sent_until_they_are_acknowledged_and_never_twice(ward):
    ward.tells(1, 2, 3)
    ward.polls(nothing)
    assert ward.bench.agent.acknowledged == 3
    ward.tells(4)
    ward.polls(nothing)
    assert ward.bench.agent.acknowledged == 4
    ward.bench.restart()
    assert ward.bench.agent.acknowledged == 4
    assert EventLog(ward.log).after(4) is None


def test_a_server_that_does_not_know_the_pump_is_said_in_words(ward, tmp_path):
    stranger = Bench(
        tmp_path / "stranger",
        roots=ward.desk.trusted_roots(),
        factory=canonical_bytes(small_library("0.0.0")),
        at=ward.desk.at,
    )
    ward.bench = stranger
    (came,) = ward.polls(nothing)

    assert came.update.done == "staged", "what is signed is for everybody to read"
    assert came.trouble is None or "HTTP status" in came.trouble
