"""A pump that is switched on works with a library that is whole and passes its self-test, or says that it has none."""

import errno
import hashlib
import shutil

import pytest

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.durable import write_durably
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.agent import Agent, folder_source, slots
from openinfusion.fleet.agent.bench_pump import BenchPump
from tests.fleet_desk import desk_with_release, small_library
from tests.fleet_pump import NOW, Bench

pytestmark = pytest.mark.hazard("CF-02")
FACTORY = canonical_bytes(small_library("0.0.0"))


class Testing(BenchPump):
    """A pump that says which libraries it tested, and fails some of them."""

    __test__ = False

    def __init__(self, home, clock, *, bad=(), error=None):
        super().__init__(home / "in-use", clock, is_fresh=True)
        self.bad = {hashlib.sha256(library).hexdigest() for library in bad}
        self.error = error
        self.tests = []

    def self_test(self):
        tested = self.loaded() or b""
        self.tests.append(tested)
        if hashlib.sha256(tested).hexdigest() not in self.bad:
            return super().self_test()
        if self.error is not None:
            raise self.error
        return "the display shows another limit"


@pytest.fixture
def desk(tmp_path):
    return desk_with_release(tmp_path / "authority", at=NOW)


@pytest.fixture
def source(desk):
    return folder_source(desk.authority.folder)


@pytest.fixture
def bench(tmp_path, desk, source):
    """A pump on which release 1 is in force and the first library is the way back."""
    made = Bench(tmp_path / "pump", roots=desk.trusted_roots(), factory=FACTORY)
    assert made.agent.update(source).done == "staged"
    assert made.agent.activate().done == "activated"
    return made


def switch_on(bench, **how):
    """Switch the pump off and on; ``bad`` are libraries that fail their self-test from now on."""
    bench.restart(Testing(bench.home.folder, bench.clock, **how))
    return bench.started


def spoil(bench, slot):
    (bench.home.folder / "slots" / slot / "library.json").write_bytes(b"bits rot")


def test_every_library_is_tested_when_the_pump_is_switched_on(bench, desk):
    assert switch_on(bench).done == "nothing new"
    assert bench.pump.tests == [desk.library(1)]


def test_an_agent_that_starts_anew_beside_a_pump_that_works_tests_nothing(bench):
    pump = Testing(bench.home.folder, bench.clock)
    bench.restart(pump)
    pump.tests.clear()
    bench.restart(pump)
    assert pump.tests == []


def test_a_damaged_library_gives_way_to_the_one_before_once_that_was_tested(bench):
    spoil(bench, "b")
    started = switch_on(bench)

    assert started.refusal.code.value == "slot-damaged"
    assert started.refusal.number == 1
    assert "8 bytes" in started.refusal.found
    assert "release 0 of the other slot passed its self-test" in started.refusal.expected
    assert bench.pump.tests == [FACTORY]
    report = bench.report()
    assert (report.active.number, report.refusal.code, report.refusal.number) == (0, "slot-damaged", 1)
    assert bench.agent.slots.switch.high_water == 1, "it does not fall"


def test_a_damaged_library_gives_way_to_one_that_waits_once_that_was_tested(bench, desk, source):
    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    assert bench.agent.update(source).done == "staged"
    spoil(bench, "b")

    assert switch_on(bench).refusal.code.value == "slot-damaged"
    assert bench.pump.tests == [desk.library(2)]
    assert (bench.running, bench.agent.slots.switch.high_water) == (2, 2)
    switch_on(bench)
    assert bench.running == 2


@pytest.mark.parametrize("error", [None, ZeroDivisionError("no rate")], ids=["says", "raises"])
def test_nothing_that_fails_its_test_comes_into_force_for_a_damaged_one(bench, desk, source, error):
    spoil(bench, "b")
    started = switch_on(bench, bad=[FACTORY], error=error)

    assert started.refusal.code.value == "no-sound-library"
    assert "slot b, release 1" in started.refusal.found
    assert "slot a, release 0" in started.refusal.found
    assert bench.agent.slots.active.number == 1, "the switch was not turned"
    assert bench.report().refusal.code == "no-sound-library"
    assert bench.agent.activate().refusal.code.value == "no-sound-library", "it is tried again"

    # A release that can be fetched fills the damaged slot's place; once it stands, the pump is well.
    assert bench.agent.update(source).done == "staged"
    assert bench.report().refusal is not None
    bench.agent.activate()
    assert bench.running == 1
    assert [one.where for one in bench.agent.update(source).damage] == ["slot b, release 1"], "told, and let go of"
    bench.agent.update(source)
    assert bench.report().refusal is None


def test_a_library_that_fails_at_power_on_gives_way_and_is_not_tried_again(bench, desk, source):
    started = switch_on(bench, bad=[desk.library(1)])

    assert started.refusal.code.value == "self-test-failed"
    assert "release 0 of the other slot" in started.refusal.expected
    assert bench.pump.tests == [desk.library(1), FACTORY]
    assert bench.agent.update(source).done == "nothing new"
    assert bench.agent.activate().done == "nothing new"
    report = bench.report()
    assert (report.active.number, report.refusal.code, report.refusal.number) == (0, "self-test-failed", 1)
    switch_on(bench)
    assert bench.running == 0, "nor where its test would pass now: a person decides, with a new release"

    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    assert bench.agent.update(source).done == "staged"
    assert bench.agent.activate().done == "activated"
    assert bench.report().refusal is None


def test_a_library_that_failed_at_power_on_stays_away_when_the_switch_is_lost(bench, desk):
    switch_on(bench, bad=[desk.library(1)])
    (bench.home.folder / "slots" / "switch.json").unlink()
    started = switch_on(bench, bad=[desk.library(1)])

    assert [one.code.value for one in started.damage] == ["slot-damaged"]
    assert bench.pump.tests == [FACTORY]


def test_where_none_stands_the_pump_holds_what_is_in_force_and_the_agent_says_that_it_may_not_be_used(bench, desk):
    started = switch_on(bench, bad=[desk.library(1), FACTORY])

    assert started.refusal.code.value == "no-sound-library"
    assert bench.pump.loaded() == desk.library(1)
    assert (bench.running, bench.report().refusal.code) == (1, "no-sound-library")

    bench.pump.bad.clear()
    assert bench.agent.activate().done == "nothing new"
    assert bench.pump.tests[-1] == desk.library(1)


def test_what_the_pump_held_stays_where_the_library_in_force_fails(bench, desk):
    """The agent starts anew beside a pump that holds another library than the one in force."""
    pump = Testing(bench.home.folder, bench.clock, bad=[desk.library(1), FACTORY])
    other = canonical_bytes(small_library("0.5.0"))
    pump.load(other)

    refusal = Agent(bench.home, pump, bench.clock).start().refusal
    assert refusal is not None
    assert refusal.code.value == "no-sound-library"
    assert pump.loaded() == other


def test_a_library_that_is_gone_back_to_is_tested(bench, desk, source):
    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    bench.agent.update(source)
    bench.agent.slots.begin(NOW)

    assert switch_on(bench).done == "went back"
    assert bench.pump.tests[-1] == desk.library(1)
    bench.agent.slots.begin(NOW)
    switch_on(bench, bad=[desk.library(1)])
    assert bench.running == 2, "the only one that passes"


def test_a_full_disk_keeps_no_tested_library_away(bench, monkeypatch):
    def full(_path, _content):
        raise OSError(errno.ENOSPC, "No space left on device")

    spoil(bench, "b")
    monkeypatch.setattr(slots, "write_durably", full)
    switch_on(bench)
    assert bench.pump.loaded() == FACTORY
    monkeypatch.setattr(slots, "write_durably", write_durably)
    switch_on(bench)
    assert bench.running == 0


@pytest.mark.parametrize("name", ["releases-root.json", "director-root.json", "key.pem", "memory.json", "trust"])
@pytest.mark.parametrize("damage", ["gone", "empty", "another file", "a folder"])
def test_no_file_beside_the_slots_takes_the_library_away(bench, desk, source, name, damage):
    """Anchors of trust, key, memory, cached metadata: whatever is wrong with them is said, and hinders no start."""
    path = bench.home.folder / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if damage == "a folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes(b"" if damage == "empty" else b"another file")

    switch_on(bench)
    assert bench.pump.loaded() == desk.library(1)
    outcome = bench.agent.update(source)
    assert bench.agent.activate().done == "nothing new"
    if name == "key.pem":
        with pytest.raises(OperatorError, match=r"key\.pem"):
            bench.agent.report()
    elif name.endswith("-root.json"):
        assert outcome.refusal.code.value == "no-room-or-disk-fault"
        assert name in outcome.refusal.where
    elif name == "memory.json" and damage != "gone":
        assert [one.where for one in bench.started.damage] == [str(path)]


# --- Damage that is found while the pump works ------------------------------------------------------------------------


def test_damage_that_is_found_at_a_poll_is_told_and_mended(bench, source):
    spoil(bench, "b")
    outcome = bench.agent.update(source)

    assert (outcome.done, outcome.number) == ("staged", 1)
    (found,) = outcome.damage
    assert (found.code.value, found.number, found.where) == ("slot-damaged", 1, "slot b, release 1")
    assert bench.report().refusal.code == "slot-damaged"
    assert bench.agent.activate().done == "activated"
    assert bench.agent.update(source).damage[0].where == "slot b, release 1", "it is the way back now"
    assert bench.agent.update(source).damage == ()
    assert (bench.agent.slots.previous, bench.report().refusal) == (None, None)


def test_damage_is_told_where_the_server_does_not_answer(bench, tmp_path):
    spoil(bench, "a")
    outcome = bench.agent.update(folder_source(tmp_path / "nowhere"))

    assert outcome.refusal.code.value == "no-answer"
    assert [one.where for one in outcome.damage] == ["slot a, release 0"]
    assert bench.running == 1


def test_a_slot_with_another_whole_library_than_came_into_force_is_damaged(bench):
    """Its label was written anew as well."""
    folder = bench.home.folder / "slots"
    other = bench.agent.slots.label("a")
    shutil.copy(folder / "a" / "library.json", folder / "b" / "library.json")
    shutil.copy(folder / "a" / "label.json", folder / "b" / "label.json")

    (found,) = slots.Slots(folder).damage()
    assert (found.code.value, found.number) == ("slot-damaged", 1)
    assert found.found == f"release 0, {other.sha256[:12]}"
