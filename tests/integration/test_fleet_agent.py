"""An agent takes what was released for its pump, switches when nobody uses it, and says what really runs."""

import hashlib
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tuf.api.exceptions import DownloadError

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.durable import write_durably
from openinfusion.fleet.agent import Doing, Source, folder_source, slots
from openinfusion.fleet.agent.bench_pump import BenchPump
from openinfusion.fleet.agent.event_log import EventLog
from openinfusion.fleet.agent.pace import until_next
from openinfusion.fleet.agent.sources import FolderFetcher
from openinfusion.fleet.agent.stick import visit
from openinfusion.fleet.authority.stick import write_stick
from openinfusion.fleet.report import is_signed, proof_of, read_report
from tests.fleet_desk import desk_with_release, small_library
from tests.fleet_pump import NOW, Bench

pytestmark = pytest.mark.hazard("CF-02")
FACTORY = canonical_bytes(small_library("0.0.0"))


@pytest.fixture
def desk(tmp_path):
    return desk_with_release(tmp_path / "authority", at=NOW)


@pytest.fixture
def source(desk):
    return folder_source(desk.authority.folder)


@pytest.fixture
def bench(tmp_path, desk):
    return Bench(tmp_path / "pump", roots=desk.trusted_roots(), factory=FACTORY)


def test_a_release_is_staged_activated_and_proven(bench, desk, source):
    assert bench.running == 0
    assert bench.agent.update(source).done == "staged"
    report = bench.report()
    assert (report.active.number, report.staged.number) == (0, 1)
    assert bench.agent.activate().done == "activated"

    told = read_report(bench.agent.report())
    report = told[0]
    assert is_signed(told[1], told[2], bench.home.key().public_key())
    assert (report.active.number, report.previous, report.staged) == (1, 0, None)
    assert report.active.sha256 == hashlib.sha256(desk.library(1)).hexdigest()
    assert report.loaded == proof_of(desk.library(1), "")
    assert report.counter == 3


def test_nothing_changes_while_somebody_uses_the_pump_nor_until_it_was_idle_for_long(bench, source):
    bench.agent.update(source)
    with bench.infusing():
        assert bench.agent.activate().done == "waits"
        assert bench.report().state == "infusing"
    assert bench.agent.activate().done == "waits"
    bench.clock.go_on(minutes=4, seconds=59)
    assert bench.agent.activate().done == "waits"
    bench.clock.go_on(seconds=1)
    assert bench.agent.activate().done == "activated"


@pytest.mark.parametrize("can_hold", [False, True], ids=["cannot be held", "used before it was held"])
def test_somebody_who_begins_in_the_last_moment_keeps_the_library(bench, source, can_hold):
    class Racing(BenchPump):
        is_near = is_used = False

        def doing(self):
            return Doing(state="infusing") if self.is_used else Doing(state="idle", is_fresh=True)

        @contextmanager
        def hold(self):
            self.is_used = self.is_near and can_hold
            with super().hold() as is_held:
                yield is_held and (can_hold or not self.is_near)

    pump = Racing(bench.home.folder / "in-use", bench.clock, is_fresh=True)
    bench.restart(pump)
    bench.agent.update(source)
    before, pump.is_near = pump.loaded(), True

    assert bench.agent.activate().done == "waits"
    assert pump.loaded() == before
    assert not bench.agent.slots.switch.is_on_trial


def test_a_slot_that_gives_back_other_bytes_than_were_written_is_not_staged(bench, source, monkeypatch):
    def forgetful(path, content):
        write_durably(path, content[:-1] + b" " if path.name == "library.json" else content)

    monkeypatch.setattr(slots, "write_durably", forgetful)
    assert bench.agent.update(source).refusal.code.value == "slot-damaged"
    assert bench.agent.slots.staged is None
    monkeypatch.undo()
    assert bench.agent.update(source).done == "staged"


def test_a_pump_that_was_just_switched_on_changes_at_once(bench, source):
    bench.agent.update(source)
    with bench.infusing():
        bench.agent.activate()
    bench.restart()

    assert bench.agent.activate().done == "activated"
    bench.restart()
    assert bench.running == 1


def test_a_recall_is_a_new_higher_number_with_the_old_content(bench, desk, source):
    for number, version in ((1, None), (2, "1.1.0")):
        if version:
            desk.release(small_library(version))
            desk.assign("bench", number)
        bench.agent.update(source)
        bench.agent.activate()
    desk.recall(2)
    bench.agent.update(source)
    bench.agent.activate()

    report = bench.report()
    assert (report.active.number, report.previous) == (3, 2)
    assert report.active.sha256 == hashlib.sha256(desk.library(1)).hexdigest()


def test_a_halted_release_that_waits_is_withdrawn(bench, desk, source):
    bench.agent.update(source)
    desk.halt("bench")

    assert bench.agent.update(source).done == "withdrawn"
    assert bench.agent.activate().done == "nothing new"
    assert bench.running == 0


class Failing(BenchPump):
    """A pump whose self-test fails with one library."""

    bad = ""

    def self_test(self):
        fails = hashlib.sha256(self.loaded() or b"").hexdigest() == self.bad
        return "the display shows another limit" if fails else super().self_test()


def test_a_library_that_fails_its_self_test_gives_way_and_is_not_tried_again(bench, desk, source):
    pump = Failing(bench.home.folder / "in-use", bench.clock, is_fresh=True)
    pump.bad = hashlib.sha256(desk.library(1)).hexdigest()
    bench.restart(pump)
    bench.agent.update(source)

    assert bench.agent.activate().refusal.code.value == "self-test-failed"
    for _ in range(2):
        report = bench.report()
        assert (report.active.number, report.refusal.code, report.refusal.number) == (0, "self-test-failed", 1)
        assert report.loaded == proof_of(FACTORY, "")
        assert bench.agent.update(source).done == "nothing new"
        assert bench.agent.activate().done == "nothing new"
        bench.restart(pump)

    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    assert bench.agent.update(source).done == "staged"
    assert bench.agent.activate().done == "activated"
    assert bench.report().refusal is None


def test_a_first_start_that_ends_is_tried_again_and_given_up_after_three(bench, source):
    bench.agent.update(source)
    for n in range(3):
        bench.agent.slots.begin(NOW)
        bench.restart()
        assert bench.started.done == ("went back" if n < 2 else "refused")
        assert bench.running == 0
    report = bench.report()
    assert (report.refusal.code, report.refusal.number, report.staged) == ("first-start-ended", 1, None)
    assert bench.agent.update(source).done == "nothing new"


def test_a_damaged_slot_gives_way_and_is_written_again(bench, desk, source):
    bench.agent.update(source)
    bench.agent.activate()
    (bench.home.folder / "slots" / bench.agent.slots.switch.active / "library.json").write_bytes(b"bits rot")
    assert bench.running == 1, "what is in memory stays"
    bench.restart()

    assert bench.report().refusal.code == "slot-damaged"
    assert bench.running == 0
    assert bench.agent.update(source).done == "staged"
    assert bench.agent.activate().done == "activated"
    assert bench.running == 1


def test_a_pump_whose_slots_are_all_lost_works_on_and_fills_them_again(bench, source):
    bench.agent.update(source)
    bench.agent.activate()
    pump = bench.pump
    shutil.rmtree(bench.home.folder / "slots")
    bench.restart(pump)
    assert bench.report().active.sha256 == hashlib.sha256(pump.loaded()).hexdigest()

    assert bench.agent.update(source).done == "staged"
    assert bench.agent.activate().done == "activated"
    bench.restart()
    assert bench.running == 1


def test_an_agent_that_lost_its_memory_says_so_by_a_higher_epoch(bench, source):
    bench.agent.update(source)
    bench.agent.activate()
    before = bench.report()
    bench.clock.go_on(days=1)
    (bench.home.folder / "memory.json").write_bytes(b"{")
    bench.restart()

    after = bench.report()
    assert after.epoch > before.epoch
    assert (after.counter, after.active.number) == (1, 1)


def test_an_agent_restarted_beside_an_infusing_pump_leaves_it_alone(bench, source):
    bench.agent.update(source)
    bench.agent.activate()
    pump = bench.pump
    with bench.infusing():
        bench.restart(pump)
        assert bench.started.done == "nothing new"
        assert bench.running == 1


# --- Clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("IT-02")
@pytest.mark.parametrize(
    ("clock", "done"),
    [
        (NOW - timedelta(days=5 * 365), "staged"),
        (datetime(1970, 1, 1, tzinfo=UTC), "staged"),
        (NOW + timedelta(days=2 * 365), "refused"),
        (NOW.astimezone(timezone(timedelta(hours=1))), "staged"),
        (NOW.astimezone(timezone(-timedelta(hours=11, minutes=30))), "staged"),
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), "refused"),
    ],
    ids=["five years behind", "1970", "two years ahead", "summer time", "far zone", "leap day"],
)
def test_a_wrong_clock_installs_or_says_why_and_takes_no_library_away(bench, source, clock, done):
    bench.clock.at = clock
    outcome = bench.agent.update(source)
    assert outcome.done == done
    if done == "refused":
        assert bench.report().refusal.code == "metadata-expired"
    else:
        assert bench.agent.activate().done == "activated"
    bench.restart()
    assert bench.pump.loaded() is not None
    assert bench.running == (1 if done == "staged" else 0)


@pytest.mark.hazard("IT-02")
def test_a_clock_that_jumps_during_a_download_changes_nothing(bench, source):
    class Jumping(FolderFetcher):
        def _fetch(self, url):
            bench.clock.at += timedelta(days=3650) if "/targets/" in url else timedelta()
            return super()._fetch(url)

    jumping = Source(Jumping(source.fetcher._folder), source.base)
    assert bench.agent.update(jumping).done == "staged"
    assert bench.agent.activate().done == "activated"
    bench.restart()
    assert bench.running == 1


# --- Sticks -----------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("CF-01")
def test_a_stick_that_is_pulled_at_any_point_does_no_harm_and_the_next_visit_ends_it(bench, desk, tmp_path):
    write_stick(desk.authority, tmp_path / "stick", desk.online, at=desk.at)

    class Pulled(FolderFetcher):
        left = 0

        def _fetch(self, url):
            self.left -= 1
            if self.left < 0:
                raise DownloadError("the stick is gone")
            return super()._fetch(url)

    fetcher = Pulled(tmp_path / "stick")
    points = 0
    for points in range(30):
        fetcher.left = points
        outcome = bench.agent.update(Source(fetcher, "folder:"))
        assert bench.running == 0
        if outcome.done == "staged":
            break
        assert outcome.refusal.code.value == "no-answer"
    assert points > 5

    log = EventLog(tmp_path / "events.jsonl")
    events = b'{"sequence":1,"pump":"p"}\n{"sequence":2,"pump":"p"}\n{"sequ'
    (tmp_path / "events.jsonl").write_bytes(events)
    first, second = visit(bench.agent, tmp_path / "stick", log=log), visit(bench.agent, tmp_path / "stick", log=log)
    assert first.activation.done == "activated"
    assert bench.running == 1
    home = first.written[0].parent
    assert sorted(path.name.split("-")[0] for path in home.iterdir()) == ["events", "report", "report"]
    assert first.written[1] == second.written[1], "what was not acknowledged is written again under the same name"
    assert (
        first.written[1].read_bytes() == b'{"epoch":1,"events":[{"sequence":1,"pump":"p"},{"sequence":2,"pump":"p"}]}'
    )


def test_a_stick_that_cannot_be_written_still_brings_its_library(bench, desk, tmp_path):
    write_stick(desk.authority, tmp_path / "stick", desk.online, at=desk.at)
    (tmp_path / "stick" / "pumps").write_bytes(b"a file where a folder should be")

    came = visit(bench.agent, tmp_path / "stick")
    assert (came.activation.done, came.written) == ("activated", ())
    assert came.trouble is not None


# --- Pace -------------------------------------------------------------------------------------------------------------


def test_pumps_come_spread_and_patiently():
    assert until_next(300, 0, chance=lambda: 0.0) == 225
    assert until_next(300, 0, chance=lambda: 1.0) == 375
    waits = [until_next(300, failures, chance=lambda: 1.0) for failures in range(1, 60)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (10, 900)
    assert until_next(300, 5, chance=lambda: 0.0) == 0
