"""Whatever fails in a first start, the disk or a vendor's code: the pump holds the library before again."""

import errno

import pytest

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.durable import write_durably
from openinfusion.fleet.agent import Agent, folder_source, slots
from openinfusion.fleet.agent.bench_pump import BenchPump
from tests.fleet_desk import desk_with_release, small_library
from tests.fleet_pump import NOW, Bench

pytestmark = pytest.mark.hazard("CF-02")
FACTORY = canonical_bytes(small_library("0.0.0"))


@pytest.fixture
def desk(tmp_path):
    return desk_with_release(tmp_path / "authority", at=NOW)


@pytest.fixture
def bench(tmp_path, desk):
    """A pump whose next library waits, and goes wrong as a test says."""
    made = Bench(tmp_path / "pump", roots=desk.trusted_roots(), factory=FACTORY)
    made.restart(Faulty(made.home.folder / "in-use", made.clock, is_fresh=True))
    assert made.agent.update(folder_source(desk.authority.folder)).done == "staged"
    return made


class Faulty(BenchPump):
    """A pump whose load or self-test of any but the first library goes wrong."""

    says = None
    load_raises = test_raises = None

    def load(self, library):
        super().load(library)
        if library != FACTORY and self.load_raises is not None:
            raise self.load_raises

    def self_test(self):
        if self.loaded() != FACTORY and self.test_raises is not None:
            raise self.test_raises
        return self.says if self.loaded() != FACTORY else super().self_test()


class Disk:
    """A disk on which so many files of the slots can be written, then none."""

    def __init__(self, monkeypatch, *, left):
        self.left = left
        monkeypatch.setattr(slots, "write_durably", self.write)

    def write(self, path, content):
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_durably(path, content)


@pytest.mark.parametrize("left", [0, 1], ids=["at the begin", "on the way back"])
def test_a_full_disk_leaves_no_failed_library_in_use(bench, desk, monkeypatch, left):
    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    bench.pump.says = "the display shows another limit"
    disk = Disk(monkeypatch, left=left)
    before = bench.home.folder / "slots" / "a" / "library.json"
    for n in range(3):
        outcome = bench.agent.activate()
        assert outcome.done == "refused" or n > 0
        assert bench.pump.loaded() == FACTORY
        assert bench.agent.update(folder_source(desk.authority.folder)).done in ("refused", "nothing new")
        assert before.read_bytes() == FACTORY, "the way back"

    disk.left = 99
    bench.agent.activate()
    assert bench.agent.slots.active.number == 0
    assert bench.pump.loaded() == FACTORY


def test_a_library_that_cannot_be_confirmed_gives_way(bench, monkeypatch):
    disk = Disk(monkeypatch, left=1)
    assert bench.agent.activate().refusal.code.value == "no-room-or-disk-fault"
    assert bench.pump.loaded() == FACTORY

    disk.left = 99
    assert bench.agent.activate().done == "went back"
    assert bench.agent.activate().done == "activated"


def test_a_pump_is_switched_on_with_the_library_before_though_the_disk_is_full(bench, monkeypatch):
    bench.agent.slots.begin(NOW)
    Disk(monkeypatch, left=0)
    bench.restart()

    assert bench.started.refusal.code.value == "no-room-or-disk-fault"
    assert bench.pump.loaded() == FACTORY


@pytest.mark.parametrize("where", ["load_raises", "test_raises"])
def test_what_a_vendors_code_raises_is_a_fault_of_the_library(bench, where):
    setattr(bench.pump, where, ZeroDivisionError("no rate"))

    outcome = bench.agent.activate()
    assert (outcome.refusal.code.value, outcome.refusal.found) == ("self-test-failed", "ZeroDivisionError: no rate")
    assert bench.pump.loaded() == FACTORY
    assert bench.agent.slots.failed.number == 1


@pytest.mark.parametrize("where", ["load_raises", "test_raises"])
def test_an_agent_that_is_ended_in_a_first_start_gives_way_before_it_ends(bench, where):
    setattr(bench.pump, where, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bench.agent.activate()

    assert bench.pump.loaded() == FACTORY
    assert (bench.agent.slots.active.number, bench.agent.slots.staged.number) == (0, 1)


def test_what_is_in_force_is_not_brought_to_a_pump_that_was_used_a_moment_ago(bench):
    """Its agent starts anew beside it, and another library is in force than the one in its memory."""
    bench.agent.slots.begin(NOW)
    bench.agent.slots.confirm()
    with bench.infusing():
        bench.pump.doing()
    agent = Agent(bench.home, bench.pump, bench.clock)

    assert agent.start().done == "waits"
    assert bench.pump.loaded() == FACTORY
    bench.clock.go_on(minutes=5)
    assert agent.activate().done == "nothing new"
    assert bench.pump.loaded() != FACTORY


@pytest.mark.parametrize("is_on", [True, False], ids=["agent starts anew", "switched on"])
def test_a_library_that_failed_does_not_come_into_force_when_the_switch_is_lost(bench, is_on):
    bench.pump.says = "the display shows another limit"
    assert bench.agent.activate().refusal.code.value == "self-test-failed"
    before, epochs = bench.report().epoch, []
    (bench.home.folder / "slots" / "switch.json").write_bytes(b"")
    bench.clock.go_on(minutes=1)

    for _ in range(2):
        bench.restart(bench.pump if is_on else None)
        assert bench.pump.loaded() == FACTORY
        assert bench.running == 0
        epochs.append(bench.report().epoch)
    assert before < epochs[0] == epochs[1], "it was lost once"
