"""The register that a watching process holds: read once, then only what changed, and nothing that changed is missed."""

from datetime import timedelta

import pytest

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority import rings
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.proof import Claim, Found, State, keep, settled
from openinfusion.gateway.devices import denials, evidence, pumps, service
from openinfusion.gateway.devices.database import Database, set_fact
from openinfusion.gateway.devices.reports import witness_of
from openinfusion.gateway.devices.watch import Watch
from openinfusion.gateway.store import StoreError
from tests.web.fleet_bench import TRUST, FleetBench


@pytest.fixture(scope="module")
def two_pumps(tmp_path_factory) -> FleetBench:
    """Two pumps that run release 1, as they shall."""
    made = FleetBench(tmp_path_factory.mktemp("two-pumps"))
    made.release("1.0.0", "rest", days_ago=9)
    for serial in ("1", "2"):
        made.report(made.know(serial), 1, hours_ago=2)
    return made


@pytest.fixture
def bench(two_pumps: FleetBench, tmp_path) -> FleetBench:
    """The same, for a test to change."""
    return two_pumps.copied(tmp_path / "place")


@pytest.fixture
def watch(bench):
    """A watch that has looked once."""
    place = bench.config.parent
    made = Watch(Database.open_to_read(place / "state"), Authority(place / "authority"))
    made.look(bench.now)
    return made


ONE, TWO = "urn:pump:acme:1", "urn:pump:acme:2"


def states(watch) -> dict[str, State]:
    return {card.witness.pump: card.state for card in watch.register}


def test_the_first_look_reads_every_pump(watch):
    """And derives how each stands."""
    assert states(watch) == {ONE: State.CURRENT, TWO: State.CURRENT}


def test_a_look_at_nothing_new_touches_no_pump(watch, bench):
    """So it costs next to nothing."""
    assert watch.look(bench.now + timedelta(seconds=1)) == frozenset()


def known_of(connection) -> pumps.Known:
    found = pumps.find(connection, ONE)
    assert found is not None
    return found


def settle(connection, bench):
    known = known_of(connection)
    pumps.keep_witness(connection, known.id, keep(settled(witness_of(known))))


CHANGES = {
    "settled": (settle, State.CURRENT),
    "denied": (lambda c, b: denials.deny(c, ONE, reason="lost", at=b.now), State.SUSPECT),
    "retired": (lambda c, b: service.retire(c, ONE, reason="gone", at=b.now), None),
    "enrolled anew": (lambda c, b: service.enrol_anew(c, ONE, reason="repaired", at=b.now), State.MISSED),
    "put into another ring": (lambda c, b: pumps.tell(c, ONE, pumps.Told(ring="none"), at=b.now), State.UNKNOWN),
    "given another line": (lambda c, b: pumps.tell(c, ONE, pumps.Told(line="other/adult"), at=b.now), State.UNKNOWN),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_written_of_a_pump_is_seen_at_the_next_look(watch, bench, change):
    """Not only its reports: whatever changes how it stands, and no other pump is touched."""
    act, state = CHANGES[change]
    with bench.writing() as connection:
        act(connection, bench)
    assert watch.look(bench.now + timedelta(seconds=1)) == {ONE}
    assert states(watch).get(ONE) is state
    assert states(watch)[TWO] is State.CURRENT


def test_a_denial_that_is_taken_back_is_seen(watch, bench):
    """The pump stands as it did."""
    with bench.writing() as connection:
        denials.deny(connection, ONE, reason="lost", at=bench.now)
    watch.look(bench.now)
    with bench.writing() as connection:
        denials.allow(connection, ONE)
    assert watch.look(bench.now) == {ONE}
    assert states(watch)[ONE] is State.CURRENT


def test_a_gateway_that_is_denied_touches_every_pump_that_it_speaks_for(watch, bench):
    """Each of them is in doubt."""
    with bench.writing() as connection:
        for urn in (ONE, TWO):
            pumps.tell(connection, urn, pumps.Told(gateway="urn:gateway:east"), at=bench.now)
    watch.look(bench.now)
    with bench.writing() as connection:
        denials.deny(connection, "urn:gateway:east", reason="stolen", at=bench.now)
    assert watch.look(bench.now) == {ONE, TWO}
    assert set(states(watch).values()) == {State.SUSPECT}


def test_a_report_touches_its_pump_alone(watch, bench):
    """And what it proved is known."""
    bench.memory_lost(ONE)
    number = bench.release("1.1.0", days_ago=0)
    bench.report(ONE, number, hours_ago=0)
    watch.look(bench.now)
    assert watch.register.card(ONE).witness.proof.number == number
    assert watch.register.card(TWO).witness.proof.number == 1


def test_a_new_pump_is_seen(watch, bench):
    """Before its first report."""
    urn = bench.know("3")
    assert watch.look(bench.now) == {urn}


def test_a_release_assigned_or_halted_is_seen_by_every_pump_of_its_ring(watch, bench):
    """Without a report of any; a ring that is halted gives its pumps nothing to be held against."""
    number = bench.release("1.1.0", "rest")
    watch.look(bench.now)
    assert set(states(watch).values()) == {State.ASSIGNED}
    assert watch.register.aims[f"{TRUST}/adult", "rest"].number == number
    place = rings.Ring(hospital=TRUST, profile="adult", name="rest")
    rings.halt(bench.desk.authority, place, online=bench.desk.online, at=bench.now)
    watch.look(bench.now)
    assert watch.register.aims == {}
    assert set(states(watch).values()) == {State.UNKNOWN}


def test_silence_counts_without_anything_written(watch, bench):
    """Three days after the last proof."""
    assert watch.look(bench.now + timedelta(days=4)) == {ONE, TWO}
    assert set(states(watch).values()) == {State.STALE}


def test_another_life_of_the_server_is_read_whole(watch, bench):
    """A restored copy may know less, and numbers its changes as before."""
    with bench.writing() as connection:
        service.retire(connection, ONE, reason="gone", at=bench.now)
        set_fact(connection, "life", "another")
    watch.look(bench.now)
    assert set(states(watch)) == {TWO}


def test_a_claim_stays_when_its_pump_reports(watch, bench):
    """What somebody says of a pump is no part of the database."""
    claim = Claim(version="1.0.0", source="vendor export", at=bench.now)
    watch.register.claim(ONE, claim, at=bench.now)
    with bench.writing() as connection:
        pumps.tell(connection, ONE, pumps.Told(ring="none"), at=bench.now)
    watch.look(bench.now)
    assert watch.register.card(ONE).claim == claim


def test_who_watches_cannot_write(bench):
    """The database refuses it."""
    database = Database.open_to_read(bench.config.parent / "state")
    with pytest.raises(StoreError, match="readonly"), database.transaction(is_reading=True) as connection:
        set_fact(connection, "life", "mine")


def test_a_database_that_is_not_there_is_told(tmp_path):
    """And none is made."""
    with pytest.raises(OperatorError, match="no file"):
        Database.open_to_read(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_an_older_server_is_told(bench):
    """It lacks what is watched."""
    with bench.writing() as connection:
        connection.exec_driver_sql("DROP TABLE changed")
    with pytest.raises(StoreError, match="without changed"):
        Database.open_to_read(bench.config.parent / "state")


# --- What a state rests on --------------------------------------------------------------------------------------------


def test_the_last_report_that_proved_something_is_kept_as_it_was_signed(bench):
    """Whoever has the key can verify it; one that proves nothing does not take its place."""
    bench.report(ONE, 1, hours_ago=1)
    with bench.writing() as connection:
        known = known_of(connection)
        kept = evidence.evidence_of(connection, known.id)
    assert kept is not None
    assert kept.at == bench.now - timedelta(hours=1)
    assert kept.report is not None
    assert kept.report.counter == witness_of(known).counter
    assert kept.report.active.number == 1


def test_each_release_that_was_proven_is_kept_once(bench):
    """The newest first; proving it again adds nothing."""
    two = bench.release("1.1.0", "rest")
    bench.report(ONE, two, hours_ago=1)
    bench.report(ONE, two, hours_ago=0.5)
    with bench.writing() as connection:
        runs = evidence.runs_of(connection, known_of(connection).id)
    assert [(one.number, one.since) for one in runs] == [
        (two, bench.now - timedelta(hours=1)),
        (1, bench.now - timedelta(hours=2)),
    ]


def test_a_library_that_was_not_what_it_was_called_is_no_part_of_the_history(bench):
    """A wrong proof puts the pump in doubt, and proves nothing that it ran."""
    bench.report(ONE, 1, hours_ago=1, loaded="0" * 64)
    with bench.writing() as connection:
        known = known_of(connection)
        runs = evidence.runs_of(connection, known.id)
    proof = witness_of(known).proof
    assert proof is not None
    assert proof.fault is Found.PROOF_WRONG
    assert [one.number for one in runs] == [1]
