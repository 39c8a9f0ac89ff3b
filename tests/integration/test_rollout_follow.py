"""`openinfusion fleet begin|follow`: real reports, a real director, and rings that open on what pumps prove."""

import errno
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from openinfusion.cli import fleet_follow
from openinfusion.cli.fleet import app
from openinfusion.cli.fleet_canary import Canary
from openinfusion.cli.fleet_rings import stand
from openinfusion.cli.fleet_signal import ask_lake
from openinfusion.core.errors import FileAccessError, OperatorError, SenderError
from openinfusion.fleet.authority import rings
from openinfusion.fleet.report import Place
from openinfusion.fleet.rollout.course_file import alone, hear, last_word
from openinfusion.fleet.rollout.kept import keep_course, recall_course
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.reports import judge
from openinfusion.gateway.devices.trees import Trees
from tests.fleet_desk import Desk, small_library
from tests.integration.devices_bench import QUESTIONS, PumpOnBench, know, make_place
from tests.integration.lake_logs import take_in, write_log

pytestmark = [pytest.mark.hazard("CF-01"), pytest.mark.hazard("CF-02"), pytest.mark.hazard("CF-04")]

NOW = datetime.now(UTC)
BEGUN = NOW - timedelta(days=3)
PLAN = """
name = "one"
kind = "big-bang"
reason = "A test."
offers = [{ hospital = "st-elsewhere", profile = "adult", number = 2 }]

[[rings]]
name = "canary"
who = { wards = ["Ward 7"] }
is_canary = true
asks_second_person = true

[[rings]]
name = "rest"
"""
USUAL = {"events": 20, "out_of": 400}
CLINICAL = dict.fromkeys(("overrides", "overrides_before", "hard_hits", "hard_hits_before"), USUAL)


class Fleet:
    """An authority with two releases, a device API without its sockets, and pumps on two wards."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.desk = Desk(folder / "fleet", at=BEGUN)
        for version in ("1.0.0", "1.1.0"):
            self.desk.release(small_library(version))
        self.place = make_place(folder, self.desk.authority.folder)
        (folder / "gateway.toml").write_text('[devices]\ntrees = "fleet"\nstate = "state"\ntime_key = "time.key"\n')
        (folder / "plan.toml").write_text(PLAN)
        (folder / "clinical.json").write_text(json.dumps({"canary": CLINICAL}))
        self.course = folder / "course.json"
        monkeypatch.setattr(fleet_follow, "online_signer", lambda *_: self.desk.online)

    def add(self, name, ward):
        pump = PumpOnBench(urn=f"urn:pump:acme:{name}", library=self.desk.library(1), number=1)
        know(self.place, pump)
        self.report(pump, ward)
        return pump

    def report(self, pump, ward, **told):
        trees = Trees(self.desk.authority.folder)
        trees.refresh()
        database = Database.open(self.place.state)
        try:
            for _ in range(2):
                with database.transaction() as connection:
                    data = pump.report(at=NOW, place=Place(ward=ward), **told)
                    judged = judge(connection, pump.urn, data, at=NOW, questions=QUESTIONS, trees=trees)
                assert judged is not None
                pump.nonce = judged.outcome.next_nonce
        finally:
            database.close()

    def take(self, pump, number, ward="Ward 7", **told):
        pump.number, pump.library = number, self.desk.library(number)
        self.report(pump, ward, **told)

    def run(self, *words, code=0):
        done = CliRunner().invoke(app, [*map(str, words)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.output

    def begin(self):
        self.run("begin", self.folder / "plan.toml", self.course, "--by", "ann")
        self.change(opened=(BEGUN,))

    def change(self, **told):
        kept = recall_course(self.course.read_bytes(), where="course.json")
        self.course.write_bytes(keep_course(replace(kept, **told)))

    def follow(self, *words, code=0):
        return self.watch("--clinical", self.folder / "clinical.json", *words, code=code)

    def watch(self, *words, code=0):
        """Follow without the usual counts of the canary."""
        return self.run("follow", self.course, "--config", self.folder / "gateway.toml", *words, code=code)

    def listed(self):
        return {ring.name: found.release.number for ring, found in rings.assigned(self.desk.authority).items()}


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    return Fleet(tmp_path, monkeypatch)


def proven_canary(fleet):
    """Return the pumps of a canary that have proven the release."""
    pumps = [fleet.add(f"c{number}", "Ward 7") for number in range(12)]
    fleet.begin()
    assert "canary: wait" in fleet.follow()
    for pump in pumps:
        fleet.take(pump, 2)
    assert "100 % (12 of 12) of the pumps seen are proven" in fleet.follow()
    fleet.change(enough_since=NOW - timedelta(hours=25))
    return pumps


def test_a_ring_opens_when_pumps_have_proven_and_a_second_person_agrees(fleet):
    proven_canary(fleet)
    fleet.add("r1", "Ward 1")
    assert fleet.listed() == {"canary": 2}
    assert "canary: ask" in fleet.follow()
    assert fleet.listed() == {"canary": 2}
    with pytest.raises(OperatorError, match="ann, who began it"):
        fleet.follow("--agreed-by", "ann")
    assert "canary: advance" in fleet.follow("--agreed-by", "ben")
    assert fleet.listed() == {"canary": 2, "rest": 2}
    told = json.loads(fleet.follow("--json"))
    assert (told["ring"], told["step"]) == ("rest", "wait")
    assert told["reasons"][0]["words"].startswith("0 of 1 pumps proven")


def test_a_pump_that_goes_back_without_having_lost_its_state_stops_it_and_the_director_lists_it_no_more(fleet):
    pumps = proven_canary(fleet)
    fleet.take(pumps[3], 1)
    said = fleet.follow(code=1)
    assert "canary: halt" in said
    assert "went back and had not lost their state" in said
    assert fleet.listed() == {}
    fleet.take(pumps[3], 2)
    assert "canary: halt" in fleet.follow(code=1)


def test_a_pump_that_lost_its_state_does_not_stop_it(fleet):
    pumps = proven_canary(fleet)
    fleet.take(pumps[3], 1, epoch=9)
    assert "canary: wait" in fleet.follow()
    assert fleet.listed() == {"canary": 2}


def test_a_pump_that_comes_late_or_moves_is_put_into_its_ring(fleet):
    proven_canary(fleet)
    fleet.add("late", "Ward 7")
    assert "92.3 % (12 of 13)" in fleet.follow()


@pytest.mark.hazard("CF-01")
def test_a_pump_leaves_its_ring_only_for_one_that_is_open(fleet):
    """Ring rest is not open: what the pump was given in its own ring, and a recall of that, still reach it."""
    pump = fleet.add("r1", "Ward 1")
    database = Database.open(fleet.place.state)
    with database.transaction() as connection:
        pumps.tell(connection, pump.urn, pumps.Told(ring="bench"), at=NOW)
    fleet.begin()
    fleet.follow()
    with database.transaction() as connection:
        found = pumps.find(connection, pump.urn)
    database.close()
    assert found is not None
    assert found.ring == "bench"


def test_anyone_may_stop_it_and_nothing_begins_twice(fleet):
    proven_canary(fleet)
    said = fleet.follow("--stopped-by", "cat", "--reason", "odd limits on ward 7", code=1)
    assert "stopped by cat: odd limits on ward 7" in said
    assert fleet.listed() == {}
    with pytest.raises(OperatorError, match="the name of a new file"):
        fleet.run("begin", fleet.folder / "plan.toml", fleet.course, "--by", "ann")


def kept(fleet):
    return recall_course(fleet.course.read_bytes(), where="course.json")


def test_a_ring_that_a_person_halted_is_not_listed_again(fleet):
    proven_canary(fleet)
    fleet.desk.at = datetime.now(UTC)
    assert fleet.desk.halt("canary") == 2
    for _ in range(2):
        assert "canary of st-elsewhere, adult: halted at release 2" in fleet.follow(code=1)
        assert fleet.listed() == {}


def test_a_ring_that_was_halted_before_it_is_opened_halts_the_course_when_it_would_be(fleet):
    proven_canary(fleet)
    fleet.desk.at = datetime.now(UTC)
    fleet.desk.assign("rest", 2)
    fleet.desk.halt("rest")
    said = fleet.follow("--agreed-by", "ben", code=1)
    assert "rest: halt" in said
    assert "rest of st-elsewhere, adult: halted at release 2" in said
    assert fleet.listed() == {}


def test_a_halt_while_it_runs_is_not_undone(fleet):
    """The halt comes after the course was held against the director, and before the director is told."""
    fleet.begin()
    fleet.desk.assign("canary", 2)
    fleet.desk.halt("canary")
    with pytest.raises(OperatorError, match="release 2, halted there"):
        fleet_follow._list(kept(fleet), fleet.desk.authority, online=fleet.desk.online, at=NOW)
    assert fleet.listed() == {}


@pytest.mark.parametrize("what", ["open", "transaction"])
def test_a_stop_holds_though_the_database_cannot_be_read(fleet, monkeypatch, what):
    proven_canary(fleet)

    def fails(*_, **__):
        raise OperatorError(where="state", found="a disk that failed", expected="a sound one")

    monkeypatch.setattr(Database, what, fails)
    with pytest.raises(OperatorError, match="a disk that failed"):
        fleet.follow("--stopped-by", "cat")
    assert (fleet.listed(), len(kept(fleet).halted)) == ({}, 1)
    monkeypatch.undo()
    monkeypatch.setattr(fleet_follow, "online_signer", lambda *_: fleet.desk.online)
    assert "stopped by cat" in fleet.follow(code=1)
    assert fleet.listed() == {}


def test_a_stop_or_a_doubt_is_kept_before_the_director_is_told(fleet, monkeypatch):
    pumps = proven_canary(fleet)
    fleet.take(pumps[3], 1)

    def fails(*_, **__):
        raise OperatorError(where="director", found="a disk that is full", expected="room")

    monkeypatch.setattr(rings, "halt", fails)
    with pytest.raises(OperatorError, match="a disk that is full"):
        fleet.follow()
    assert "had not lost their state" in kept(fleet).halted[0].words


def test_one_follows_at_a_time(fleet):
    fleet.begin()
    with alone(fleet.course):
        waiting = Thread(target=fleet.follow)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        assert fleet.listed() == {}
    waiting.join()
    assert fleet.listed() == {"canary": 2}
    with pytest.raises(FileAccessError, match="a folder that can be written"):
        fleet.run("begin", fleet.folder / "plan.toml", fleet.folder / "absent" / "course.json", "--by", "ann")


def test_a_power_cut_leaves_the_course_as_it_was_or_as_it_became(fleet, monkeypatch):
    proven_canary(fleet)
    before = fleet.course.read_bytes()

    def cut(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(FileAccessError):
        fleet.follow("--stopped-by", "cat")
    assert fleet.course.read_bytes() == before


@pytest.mark.hazard("CF-03")
def test_a_release_that_was_recalled_halts_the_course_instead_of_reaching_another_ring(fleet):
    proven_canary(fleet)
    fleet.desk.at = datetime.now(UTC)
    fleet.desk.recall(2)
    assert "release 2 of st-elsewhere, adult: it was recalled" in fleet.follow("--agreed-by", "ben", code=1)
    assert fleet.listed() == {"canary": 3}


def test_the_office_says_when_it_looked_and_what_it_decided(fleet):
    """Beside the course, for whoever has no key: how rings stood, and a decision once for as long as it stands."""
    assert last_word(fleet.course) is None
    proven_canary(fleet)
    fleet.follow()
    before = last_word(fleet.course)
    fleet.follow("--agreed-by", "ben")
    word = last_word(fleet.course)
    assert before is not None
    assert word is not None
    assert [one.step.value for one in word.decisions[:2]] == ["advance", "ask"]
    assert len(word.decisions) == len(before.decisions) + 1, "what is not new is not said again"
    assert word.rings["canary"].current == word.rings["canary"].pumps > 0
    assert not word.is_heard(word.at), "it looked once, and ended"
    assert replace(word, every=60).is_heard(word.at + timedelta(seconds=180))
    assert not replace(word, every=60).is_heard(word.at + timedelta(seconds=181))


def test_whoever_speaks_while_the_office_decides_is_told_after_a_while(fleet):
    """A page waits no longer than its patience."""
    fleet.begin()
    refused = pytest.raises(OperatorError, match="try again in a moment")
    with alone(fleet.course), refused, alone(fleet.course, patience=timedelta()):
        pass


# --- Going on by itself -----------------------------------------------------------------------------------------------


def wakes(fleet, monkeypatch, *acts):
    """Let something happen in each pause, and nothing more once these are used up."""
    waiting = iter(acts)
    monkeypatch.setattr(fleet_follow, "sleep", lambda _: next(waiting)())


def test_a_halt_comes_with_the_first_look_after_the_proof(fleet, monkeypatch):
    pumps = proven_canary(fleet)
    looks = []
    wakes(
        fleet,
        monkeypatch,
        lambda: looks.append(fleet.listed()),
        lambda: fleet.take(pumps[3], 1),
        lambda: pytest.fail("it went on after the halt"),
    )
    said = fleet.follow("--every", 60, code=1)
    assert looks == [{"canary": 2}]
    assert fleet.listed() == {}
    assert said.count("canary: ask") == 1, "what is not new is not said again"
    assert "had not lost their state" in said


def test_it_goes_on_when_one_look_fails_and_when_persons_speak_meanwhile(fleet, monkeypatch):
    proven_canary(fleet)
    clinical = fleet.folder / "clinical.json"
    told, listed = clinical.read_bytes(), []

    def agrees():
        clinical.write_bytes(told)
        hear(fleet.course, agreed_by="ben")

    def stops():
        hear(fleet.course, stopped_by="cat", reason=" ")

    wakes(
        fleet,
        monkeypatch,
        lambda: clinical.write_text("{"),
        agrees,
        lambda: listed.append(fleet.listed()),
        stops,
    )
    said = fleet.follow("--every", 1, code=1)
    assert listed == [{"canary": 2, "rest": 2}]
    for words in ("Error", "canary: advance", "stopped by cat: no reason was given"):
        assert words in said


def test_what_pumps_have_proven_stops_it_though_the_lake_cannot_be_read(fleet):
    pumps = proven_canary(fleet)
    with pytest.raises(FileAccessError, match="no lake"):
        fleet.watch("--lake", fleet.folder / "absent")
    assert fleet.listed() == {"canary": 2}
    fleet.take(pumps[3], 1)
    assert "had not lost their state" in fleet.watch("--lake", fleet.folder / "absent", code=1)
    assert fleet.listed() == {}


# --- The clinical signal ----------------------------------------------------------------------------------------------


def infusions(pump, sha256, begins, *, many, overridden=0, hard=0):
    """Records of infusions on a pump: of so many, some with an override, some with an attempt beyond a hard limit."""
    made = []
    for number in range(many):
        at = begins + timedelta(minutes=number)
        name = f"{pump}-{at.isoformat()}"
        library = {"name": "Example adult library", "version": "1", "sha256": sha256}
        of = {"pump": pump, "at": at.isoformat(), "library": library, "infusion": name, "with_library": True}
        made.append({"event_id": f"{name}-s", "kind": "started", **of})
        for limit in ["soft_max"] * (number < overridden) + ["hard_max"] * (number < hard):
            alert: dict[str, Any] = {"parameter": "dose", "limit": limit}
            alert |= {"attempted": {"value": "9", "unit": "mg/h"}, "bound": {"value": "8", "unit": "mg/h"}}
            raised = f"{name}-{limit}"
            made.append({"event_id": raised, "kind": "alert_raised", "alert": alert, **of})
            if limit == "soft_max":
                answer = {"response": "overridden", "seconds": "3", "about": raised, "alert": alert}
                made.append({"event_id": f"{raised}-a", "kind": "alert_answered", **answer, **of})
    return made


def make_lake(fleet, records, purpose="example"):
    log = write_log(fleet.folder / "log.jsonl", records, purpose=purpose)
    (summary,) = take_in(fleet.folder / "lake", log)
    assert not summary.rejected
    return fleet.folder / "lake"


def records(fleet, *, overridden, hard=0):
    """The canary before and under the release, under the old library since, another ward, and a pump by its serial."""
    old, new = (fleet.desk.listing()[number].content.sha256 for number in (3, 2))
    hour = timedelta(hours=1)
    return [
        *infusions("urn:pump:acme:c1", old, BEGUN - 100 * hour, many=60, overridden=3, hard=1),
        *infusions("urn:pump:acme:c1", old, BEGUN - 29 * 24 * hour, many=20, overridden=20),
        *infusions("urn:pump:acme:c1", new, BEGUN + hour, many=20, overridden=overridden, hard=hard),
        *infusions("c2", new, BEGUN + hour, many=20),
        *infusions("urn:pump:acme:c3", old, BEGUN + hour, many=20, overridden=20),
        *infusions("urn:pump:acme:r1", old, BEGUN + hour, many=50, overridden=2),
    ]


def test_the_signal_is_counted_by_the_questions_of_the_lake(fleet):
    proven_canary(fleet)
    fleet.add("r1", "Ward 1")
    lake = make_lake(fleet, records(fleet, overridden=4, hard=1))
    said = fleet.watch("--lake", lake)
    assert "canary: ask" in said
    assert (
        "overrides 4 in 40 infusions under the release, 3 in 60 in the 28 days before, 2 in 50 on other pumps" in said
    )
    assert "beyond hard limits 1 in 40 infusions under the release, 1 in 60 in the 28 days before, 0 in 50" in said
    assert "The lake has records of 3 of its 12 pumps since it opened." in said
    told = json.loads(fleet.watch("--lake", lake, "--json"))["signal"]["canary"]
    assert told["clinical"]["overrides"] == {"events": 4, "out_of": 40}
    assert told["heard"] == 3


def test_overrides_in_the_lake_stop_the_canary(fleet):
    proven_canary(fleet)
    lake = make_lake(fleet, records(fleet, overridden=20))
    said = fleet.watch("--lake", lake, code=1)
    assert "overrides of soft limits: 20 in 40 infusions under the release, 3 in 60 in the 28 days before" in said
    assert fleet.listed() == {}


def test_a_canary_without_a_signal_waits(fleet):
    proven_canary(fleet)
    said = fleet.watch("--lake", make_lake(fleet, infusions("x", "0" * 64, BEGUN, many=1)))
    assert "canary: wait" in said
    assert "0 infusions under the release, 0 in the 28 days before" in said


def test_events_of_an_exercise_are_no_signal_for_pumps_at_patients(fleet):
    lake = make_lake(fleet, infusions("x", "0" * 64, BEGUN, many=1), purpose="training")
    canary = Canary(pumps=frozenset(), others=frozenset(), libraries=frozenset(), opened=BEGUN)
    with pytest.raises(OperatorError, match="only a trial takes others"):
        ask_lake(lake, {"canary": canary}, at=NOW, is_trial=False)


def test_pumps_report_while_it_counts(fleet):
    """Only a pump that moves is written: here none does, and somebody else writes all the while."""
    proven_canary(fleet)
    server, own = (Database.open(fleet.place.state) for _ in range(2))
    try:
        with server.transaction() as connection:
            known = pumps.every(connection)[0]
            pumps.tell(connection, known.urn, pumps.Told(ring=known.ring), at=NOW)
            counts = fleet_follow._counts(stand(kept(fleet), own, fleet.desk.authority, at=NOW), {}, at=NOW)
    finally:
        server.close()
        own.close()
    assert (counts["canary"].pumps, counts["canary"].current) == (12, 12)


def test_a_course_that_is_damaged_is_refused(fleet):
    fleet.begin()
    for data in (b"", b"{}", fleet.course.read_bytes()[:-40], b"[" * 10_000):
        with pytest.raises(SenderError):
            recall_course(data, where="course.json")
    (fleet.folder / "clinical.json").write_text('{"canary": {"overrides": 3}}')
    with pytest.raises(SenderError, match="overrides_before"):
        fleet.follow()
