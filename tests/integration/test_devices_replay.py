"""Two processes keep events in one PostgreSQL, the server and a stick: replay passes none of them over."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from openinfusion.core.errors import OperatorError
from openinfusion.gateway.devices import events, pumps
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.draining import drain
from openinfusion.gateway.settings import LakePlace
from tests.integration.devices_bench import AT, PumpOnBench, know, make_place

pytestmark = [pytest.mark.xdist_group("devices")]
ONE, TWO = PumpOnBench("urn:pump:acme:P-1"), PumpOnBench("urn:pump:acme:P-2")
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
PATIENCE = 60
"""Seconds after which something is held not to happen at all."""


@pytest.fixture
def place(tmp_path, postgresql_server):
    address = postgresql_server.database(tmp_path / "postgresql.address")
    made = make_place(tmp_path / "devices", tmp_path / "fleet", postgresql=address)
    know(made, ONE, TWO)
    return made


def keep(connection, pump, *sequences):
    known = pumps.find(connection, pump.urn)
    assert known is not None
    return events.keep(connection, known.id, events.read_batch(pump.events(*sequences), most=9), at=AT)


def wait_until_blocked(database, other):
    """Return once the other transaction waits for a lock, or is done."""
    for _ in range(PATIENCE * 20):
        with database.transaction(is_reading=True) as connection:
            if connection.exec_driver_sql(WAITING).scalar() or other.done():
                return
        Event().wait(0.05)
    raise AssertionError("it neither waits nor ends")


@pytest.fixture
def processes(place):
    """The database as the server and as the command with the stick have it open."""
    both = [Database.open(place.state, postgresql=place.postgresql) for _ in range(2)]
    yield both
    for one in both:
        one.close()


@pytest.mark.hazard("IT-03")
def test_replay_reads_an_event_whose_transaction_ended_later(processes, tmp_path):
    """The stick's event gets its number first and is committed last; the server's comes in between, and replay runs."""
    server, stick = processes
    lake = LakePlace(tmp_path / "lake", "Example Trust", "example")

    def from_network():
        with server.transaction() as connection:
            keep(connection, TWO, 1)

    with ThreadPoolExecutor() as threads:
        with stick.transaction() as connection:
            keep(connection, ONE, 1)
            other = threads.submit(from_network)
            wait_until_blocked(server, other)
            read = drain(server, lake).events
        other.result(PATIENCE)
    assert read + drain(server, lake).events == 2


@pytest.mark.hazard("IT-03")
def test_a_stick_and_the_network_bring_the_same_events_at_once(processes):
    """Each event is kept once, and how far they are whole is not forgotten by whoever ends last."""
    server, stick = processes

    def from_network():
        with server.transaction() as connection:
            return keep(connection, ONE, 1, 2, 3)

    with ThreadPoolExecutor() as threads:
        with stick.transaction() as connection:
            first = keep(connection, ONE, 1, 2)
            other = threads.submit(from_network)
            wait_until_blocked(server, other)
        second = other.result(PATIENCE)
    assert (first.ack, first.new, second.ack, second.new, second.known) == (2, 2, 3, 1, 2)


def test_the_address_may_stand_in_the_environment(place, tmp_path, monkeypatch):
    """The file then names the variable; without that the words say so, and never tell the address."""
    address = place.postgresql.read_text().strip()
    place.postgresql.write_text("$DEVICES_DATABASE\n")
    with pytest.raises(OperatorError, match=r"\$DEVICES_DATABASE, which is not in the environment"):
        Database.open(place.state, postgresql=place.postgresql)
    monkeypatch.setenv("DEVICES_DATABASE", address)
    database = Database.open(place.state, postgresql=place.postgresql)
    with database.transaction(is_reading=True) as connection:
        assert len(pumps.every(connection)) == 2
    database.close()
    monkeypatch.setenv("DEVICES_DATABASE", "mysql://secret")
    with pytest.raises(OperatorError) as caught:
        Database.open(place.state, postgresql=place.postgresql)
    assert "secret" not in str(caught.value)
