"""Whatever batches of events come, in whatever order: the store holds what a plain model holds, and lists its gaps."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openinfusion.core.errors import SenderError
from openinfusion.gateway.devices import events, pumps
from openinfusion.gateway.devices.database import FILE, Database, sqlite_engine
from openinfusion.gateway.devices.overview import overview
from openinfusion.gateway.devices.pumps import Told
from tests.integration.devices_bench import AT, LINE, URN
from tests.postgres import postgresql
from tests.reliability import is_thorough, record

pytestmark = [pytest.mark.reliability, pytest.mark.xdist_group("devices")]
RUNS = 10_000 if is_thorough() else 200

numbers = st.lists(st.integers(1, 24), max_size=12)
batches = st.lists(
    st.tuples(st.integers(1, 2), st.integers(1, 12), numbers, st.sampled_from(["a", "a", "a", "b"])), max_size=12
)


class Model:
    """What must be so: the first content of each number stays."""

    def __init__(self):
        self.kept: dict[int, dict[int, str]] = {}
        self.ack: dict[int, int] = {}
        self.lost: dict[int, set[int]] = {}

    def take(self, epoch, first, told, content):
        kept = self.kept.setdefault(epoch, {})
        other = [number for number in told if kept.setdefault(number, content) != content]
        ack = self.ack.get(epoch, 0)
        first = min(first, max(kept, default=0) + 1)
        if first > ack + 1:
            self.lost.setdefault(epoch, set()).update(range(ack + 1, first))
            ack = first - 1
        while ack + 1 in kept:
            ack += 1
        self.ack[epoch] = ack
        return ack, other

    def missing(self, epoch):
        kept, ack = self.kept[epoch], self.ack[epoch]
        gaps = set(range(ack + 1, max(kept, default=0) + 1)) - kept.keys()
        return gaps, self.lost.get(epoch, set()) - kept.keys()


def body(epoch, first, told, content):
    rows = [{"sequence": number, "pump": URN, "event_id": f"{epoch}-{number}", "reason": content} for number in told]
    return json.dumps({"epoch": epoch, "first": first, "events": rows}).encode()


def spread(ranges):
    return {number for low, high in ranges for number in range(low, high + 1)}


def holds(database, story):
    """Tell a story to the store and to the model."""
    model = Model()
    with database.transaction() as connection:
        pumps.tell(connection, URN, Told(line=LINE), at=AT)
        known = pumps.find(connection, URN)
        assert known is not None
    for epoch, first, told, content in story:
        batch = events.read_batch(body(epoch, first, told, content), most=100)
        with database.transaction() as connection:
            done = events.keep(connection, known.id, batch, at=AT)
        ack, other = model.take(epoch, first, told, content)
        assert (done.ack, list(done.other)) == (ack, other)
        assert spread(done.missing) == model.missing(epoch)[0]
    with database.transaction() as connection:
        (found,) = overview(connection)
        rows = connection.exec_driver_sql("SELECT epoch, sequence, raw FROM event").all()
    assert len(rows) == len({row[:2] for row in rows})
    held: dict[int, dict[int, str]] = {epoch: {} for epoch in model.kept}
    for epoch, sequence, raw in rows:
        held[epoch][sequence] = json.loads(bytes(raw))["reason"]
    assert held == model.kept
    for one in found.streams:
        assert (spread(one.missing), spread(one.lost)) == model.missing(one.epoch)


@pytest.mark.hazard("IT-03")
@settings(max_examples=RUNS, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(story=batches)
def test_the_store_holds_what_the_model_holds(tmp_path, story):
    (tmp_path / FILE).unlink(missing_ok=True)
    for rest in tmp_path.glob(f"{FILE}-*"):
        rest.unlink()
    database = Database.open(tmp_path)
    try:
        holds(database, story)
    finally:
        database.close()
    figures = {"runs": f"{RUNS:,}", "differences from the model": 0}
    record("F8", figures, title="Events replayed, reordered, overlapping, with gaps")


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory):
    """A database that is emptied between stories."""
    folder = tmp_path_factory.mktemp("state")
    with postgresql() as server:
        database = Database.open(folder, postgresql=server.database(folder / "address"))
        yield database
        database.close()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(story=batches)
def test_so_does_postgresql(on_postgresql, story):
    with on_postgresql.transaction() as connection:
        connection.exec_driver_sql("TRUNCATE event, other_event, lost, stream, finding, pump CASCADE")
    holds(on_postgresql, story)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"epoch": 0, "events": []}',
        b'{"epoch": 1, "events": [{}]}',
        b'{"epoch": 1, "events": [{"sequence": 0, "pump": "P-1"}]}',
        b'{"epoch": 1, "events": [{"sequence": 9007199254740992, "pump": "P-1"}]}',
        b'{"epoch": 1, "events": [{"sequence": 1.5, "pump": "P-1"}]}',
        b'{"epoch": 1, "events": [{"sequence": NaN, "pump": "P-1"}]}',
        b'{"epoch": 1, "events": [{"sequence": 1, "pump": null}]}',
        b'{"epoch": 1, "events": [{"sequence": 1, "pump": "\xff"}]}',
        b'{"epoch": 1, "unknown": 1, "events": []}',
        b'{"epoch": 1, "events": ' + b"[" * 100_000,
        b'{"epoch": 1, "events": [{"sequence": 1, "pump": "P-1", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}]}",
    ],
)
def test_what_is_no_batch_is_refused_in_words(data):
    with pytest.raises(SenderError, match="expected"):
        events.read_batch(data, most=100)


def test_a_batch_has_no_more_events_than_it_may():
    assert events.read_batch(body(1, 1, range(1, 4), "a"), most=3).numbers == (1, 2, 3)
    with pytest.raises(SenderError, match="4 events"):
        events.read_batch(body(1, 1, range(1, 5), "a"), most=3)


def test_two_numbers_far_apart_read_no_more_than_two_rows(tmp_path):
    database = Database(sqlite_engine(tmp_path / FILE), where="here")
    with database.transaction() as connection:
        database._prepare(connection)
        pumps.tell(connection, URN, Told(line=LINE), at=AT)
        known = pumps.find(connection, URN)
        assert known is not None
        for told in (range(2, 4000), [2**53 - 1]):
            events.keep(connection, known.id, events.read_batch(body(1, 1, told, "a"), most=5000), at=AT)
        looking = events._Intake(connection, known.id, events.read_batch(body(1, 1, [], "a"), most=1), 0)
        assert len(looking._taken([3, 5000, 2**53 - 1])) == 2
        assert len(looking._taken(list(range(1, 3 * 4 * 5000, 12)))) == 333
        done = events.keep(connection, known.id, events.read_batch(body(1, 1, [3, 2**53 - 1], "b"), most=2), at=AT)
        assert done.other == (3, 2**53 - 1)
    database.close()


@pytest.mark.hazard("IT-03")
def test_a_pump_cannot_have_lost_what_it_has_not_numbered(tmp_path):
    database = Database(sqlite_engine(tmp_path / FILE), where="here")
    with database.transaction() as connection:
        database._prepare(connection)
        pumps.tell(connection, URN, Told(line=LINE), at=AT)
        known = pumps.find(connection, URN)
        assert known is not None
        for first, told, ack in ((2**53 - 1, [], 0), (2**53 - 1, [3], 3), (5, [5], 5)):
            batch = events.read_batch(body(1, first, told, "a"), most=5)
            assert events.keep(connection, known.id, batch, at=AT).ack == ack
    database.close()


def test_a_gap_far_back_costs_no_more_than_a_near_one(tmp_path):
    """With a gap below 20,000 events, a batch still looks at a few thousand rows at most."""
    database = Database(sqlite_engine(tmp_path / FILE), where="here")
    with database.transaction() as connection:
        database._prepare(connection)
        pumps.tell(connection, URN, Told(line=LINE), at=AT)
        known = pumps.find(connection, URN)
        assert known is not None
        for start in range(2, 20_000, 4000):
            batch = events.read_batch(body(1, 1, range(start, start + 4000), "a"), most=5000)
            done = events.keep(connection, known.id, batch, at=AT)
            assert (done.ack, done.missing) == (0, ((1, 1),))
        batch = events.read_batch(body(1, 1, [1], "a"), most=5000)
        assert events.keep(connection, known.id, batch, at=AT).ack == 20_001
    database.close()
