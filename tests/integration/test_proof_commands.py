"""`openinfusion fleet pumps|work|currency|settle` over the database of a device API and signed trees."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openinfusion.cli.fleet import app
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority.online import read_orders
from openinfusion.fleet.report import Place
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.reports import judge
from openinfusion.gateway.devices.trees import Trees
from openinfusion.gateway.sending import read_messages
from openinfusion.gateway.store import Arrival, Store
from tests.fleet_desk import Desk, small_library
from tests.integration.devices_bench import QUESTIONS, PumpOnBench, know, make_place

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.now(UTC)
WARD = Place(ward="Ward 7", port="P-12", access_point="AP-3")


@dataclass
class Ward:
    """An authority, a device API without its sockets, and pumps."""

    folder: Path

    def __post_init__(self) -> None:
        self.desk = Desk(self.folder / "fleet", at=NOW - timedelta(days=8))
        self.desk.assign("bench", self.desk.release(small_library("1.0.0")))
        self.place = make_place(self.folder, self.desk.authority.folder)
        self.trees = Trees(self.desk.authority.folder)
        self.settings = self.folder / "gateway.toml"
        self.settings.write_text('[devices]\ntrees = "fleet"\nstate = "state"\ntime_key = "time.key"\n')

    def add(self, name: str) -> PumpOnBench:
        """A pump that the server knows, with release 1 loaded."""
        pump = PumpOnBench(urn=f"urn:pump:acme:{name}", library=self.desk.library(1), number=1)
        know(self.place, pump)
        return pump

    def report(self, pump: PumpOnBench, ago: timedelta, **told) -> None:
        """Let a pump report some time ago, until it has a nonce."""
        at = NOW - ago
        self.trees.refresh()
        database = Database.open(self.place.state)
        try:
            for _ in range(2):
                with database.transaction() as connection:
                    data = pump.report(at=at, place=WARD, **told)
                    judged = judge(connection, pump.urn, data, at=at, questions=QUESTIONS, trees=self.trees)
                assert judged is not None
                pump.nonce = judged.outcome.next_nonce
        finally:
            database.close()

    def ask(self, *words: str, code: int = 0) -> str:
        """Run a command."""
        done = CliRunner(env={"COLUMNS": "500"}).invoke(app, [*words, "--config", str(self.settings)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.stdout

    def states(self, code: int = 0) -> dict[str, tuple[str, str]]:
        """The states and causes of all pumps, as the command tells them."""
        told = json.loads(self.ask("pumps", "--json", code=code))
        return {one["pump"].rpartition(":")[2]: (one["state"], one["cause"]) for one in told}


@pytest.fixture
def ward(tmp_path):
    return Ward(tmp_path)


@pytest.mark.hazard("CF-01")
@pytest.mark.hazard("CF-02")
def test_pumps_stand_as_they_have_proven(ward):
    for name in "abcd":
        ward.add(name)
    current, silent, back = (ward.add(name) for name in ("current", "silent", "back"))
    ward.report(current, timedelta(hours=1))
    ward.report(silent, timedelta(days=5))
    ward.report(back, timedelta(days=2))
    back.number, back.library = 0, b"the library of the factory"
    ward.report(back, timedelta(hours=30))
    assert ward.states(code=1) == {
        **dict.fromkeys("abcd", ("missed", "never-proven")),
        "current": ("current", "runs-it"),
        "silent": ("stale", "silent"),
        "back": ("reverted", "went-back"),
    }
    shown = ward.ask("pumps", "--state", "reverted", code=1)
    assert "acme:back" in shown
    assert "went back to an older release (release 0 after 1)" in shown
    assert "acme:current" not in shown
    assert "7 pumps: 1 current, 1 reverted, 4 missed, 1 stale." in shown
    assert "Not for clinical use" in shown


def test_the_work_list_is_printed_told_to_machines_and_made_a_page(ward, tmp_path):
    for name in "abc":
        ward.report(ward.add(name), timedelta(days=5))
    told = json.loads(ward.ask("work", "--json", code=1))
    assert [(one["kind"], one["name"], one["silent"], one["pumps"]) for one in told["places"]] == [
        ("access point", "AP-3", 3, 3),
        ("port", "P-12", 3, 3),
    ]
    assert [(one["ward"], one["state"], one["age_hours"]) for one in told["tasks"]] == [("Ward 7", "stale", 48)] * 3
    page = tmp_path / "work.html"
    shown = ward.ask("work", "--page", str(page), code=1)
    assert "port P-12: 3 of the 3 pumps last seen there are silent" in shown
    assert "2 days" in shown
    html = page.read_text()
    for words in ("Ward 7", "acme:a", "Find it, connect it to mains and network", "Not for clinical use", "<th scope"):
        assert words in html


def test_nothing_to_do_is_said_and_is_success(ward, tmp_path):
    ward.report(ward.add("a"), timedelta(hours=1))
    assert "1 pump: 1 current." in ward.ask("work", "--page", str(tmp_path / "work.html"))
    assert "No pump needs anybody" in (tmp_path / "work.html").read_text()


def test_time_to_currency_is_told_against_the_aim(ward):
    for name, hours in (("a", 2), ("b", 7), ("c", 30)):
        ward.report(ward.add(name), timedelta(days=8) - timedelta(hours=hours))
    shown = ward.ask("currency", code=1)
    assert "66.7 % (2 of 3 proven; 0 unseen, 0 %)" in shown
    assert "100 % (3 of 3 proven; 0 unseen, 0 %)" in shown
    told = json.loads(ward.ask("currency", "--json", code=1))
    assert [(one["proven"], one["is_met"]) for one in told["shares"]] == [(2, True), (2, False), (3, True), (3, True)]
    with pytest.raises(OperatorError, match="a ring that gets a release: bench"):
        ward.ask("currency", "--json", "--ring", "other")


def test_where_no_aim_has_come_due_no_empty_table_is_shown(ward):
    ward.desk.halt("bench")
    ward.report(ward.add("a"), timedelta(hours=1))
    shown = ward.ask("currency")
    assert "No pump is in a ring that gets a release." in shown
    assert "within" not in shown
    ward.desk.at = NOW - timedelta(hours=2)
    ward.desk.assign("bench", 1)
    shown = ward.ask("currency")
    assert "No aim has come due yet" in shown
    assert "within" not in shown


@pytest.mark.hazard("CF-01")
@pytest.mark.hazard("CF-02")
def test_pumps_proven_on_recalled_content_are_tasks_until_they_prove_another(ward):
    """Also those of another ring, and those that have it under another number."""
    ward.desk.release(small_library("1.1.0"))
    ward.desk.assign("bench", 2)
    back, there = ward.add("back"), ward.add("there")
    back.number, back.library = 2, ward.desk.library(2)
    for pump in (back, there):
        ward.report(pump, timedelta(hours=2))
    ward.desk.at = NOW - timedelta(hours=1)
    ward.desk.recall(2)
    assert ward.states(code=1) == {"back": ("recalled", "runs-recalled"), "there": ("assigned", "not-seen-since")}
    shown = ward.ask("work", code=1)
    assert "runs a release that was recalled (release 2 when last proven)" in shown
    assert "Change it for another pump" in shown
    assert "acme:there" not in shown
    back.number, back.library = 3, ward.desk.library(3)
    ward.report(back, timedelta(minutes=1))
    assert ward.states()["back"] == ("current", "runs-it")


def test_a_ring_that_gets_no_release_is_named_with_what_to_do(ward):
    ward.report(ward.add("a"), timedelta(hours=1))
    ward.desk.halt("bench")
    for words in (("pumps",), ("work",), ("currency",)):
        shown = ward.ask(*words)
        assert "Ring bench of st-elsewhere/adult: 1 pump. It was halted at release 1" in shown
    assert "is in a ring that gets no release (ring bench; release 1 when last proven)" in ward.ask("pumps")
    pump = PumpOnBench(urn="urn:pump:acme:new", library=ward.desk.library(1), number=1)
    know(ward.place, pump, ring="nosuch")
    shown = ward.ask("pumps")
    assert "Ring nosuch of st-elsewhere/adult: 1 pump. It was never given a release." in shown
    assert "openinfusion fleet assign nosuch NUMBER --hospital st-elsewhere --profile adult" in shown
    assert "has never proven what it runs (ring nosuch gets no release)" in shown


def test_all_that_is_known_of_one_pump_is_shown_by_its_short_name(ward):
    ward.add("silent")
    ward.report(ward.add("0815"), timedelta(hours=1))
    shown = ward.ask("pumps", "acme:0815")
    for words in (
        "current, for",
        "release 1, last on",
        "pump-proven",
        "bench of st-elsewhere/adult: shall run release 1 since",
        "Ward 7, P-12",
    ):
        assert words in shown
    assert "acme:silent" not in shown
    shown = ward.ask("pumps", "urn:pump:acme:silent", code=1)
    assert "never: no report of it has counted yet" in shown
    assert "Find it, connect it to mains and network" in shown
    with pytest.raises(OperatorError, match="such as acme:0815"):
        ward.ask("pumps", "acme:815")


def test_a_deadline_comes_from_the_plan_or_from_the_option(ward, tmp_path):
    ward.add("a")
    assert ward.states(code=1)["a"] == ("missed", "never-proven")
    assert "1 unknown" in ward.ask("pumps", "--deadline-days", "9")
    plan = tmp_path / "plan.toml"
    plan.write_text(
        """
        name = "plan"
        kind = "big-bang"
        reason = "for a test"
        offers = [{ hospital = "st-elsewhere", profile = "adult", number = 1 }]
        rings = [{ name = "bench", deadline_days = 20 }]
        """
    )
    assert "1 unknown" in ward.ask("pumps", "--plan", str(plan))


@pytest.mark.hazard("CF-02")
def test_a_doubt_stays_until_somebody_settles_it(ward):
    pump = ward.add("a")
    ward.report(pump, timedelta(hours=3))
    clone = PumpOnBench(**{name: getattr(pump, name) for name in PumpOnBench.__dataclass_fields__})
    ward.report(pump, timedelta(hours=2))
    ward.report(clone, timedelta(hours=1), battery=50)
    assert ward.states(code=1)["a"] == ("suspect", "which-pump")
    assert "pump-proven" not in ward.ask("pumps", code=1)
    assert "in doubt" in ward.ask("pumps", "acme:a", code=1)
    said = ("--by", "C. Engineer", "--reason", "A copy was switched on at repair")
    with pytest.raises(OperatorError, match="a name and a sentence"):
        ward.ask("settle", pump.urn, "--by", " ", "--reason", "x")
    with pytest.raises(OperatorError, match="a pump that was enrolled"):
        ward.ask("settle", "urn:pump:acme:none", *said)
    with pytest.raises(OperatorError, match="such as acme:a"):
        ward.ask("settle", "acm:a", *said)
    assert "Settled by C. Engineer" in ward.ask("settle", "acme:a", *said)
    with pytest.raises(OperatorError, match="no doubt about it"):
        ward.ask("settle", pump.urn, *said)
    ward.report(pump, timedelta(minutes=1))
    ward.report(pump, timedelta(0))
    assert ward.states() == {"a": ("current", "runs-it")}


def test_what_others_say_of_pumps_is_shown_as_claimed(ward, tmp_path):
    """A vendor's table, an event log and stored messages, beside a pump that has proven what it runs."""
    ward.report(ward.add("0815"), timedelta(hours=1))
    fleet, events = ROOT / "examples/fleet", ROOT / "examples/events/every-kind.jsonl"
    status = ("--status", str(fleet / "vendor-status.csv"), "--status-mapping", str(fleet / "vendor-status.toml"))
    told = {one["pump"]: one for one in json.loads(ward.ask("pumps", "--json", *status, "--events", str(events)))}
    assert told["urn:pump:acme:0815"]["state"] == "current"
    assert {one["level"] for name, one in told.items() if name != "urn:pump:acme:0815"} == {"claimed"}
    assert told["urn:pump:acme:0816"]["words"].endswith("(version 1.1.0 by vendor export)")
    assert "by event log" in told["SP-0417"]["words"]
    store = Store.open(tmp_path / "messages.db")
    for message in read_messages(ROOT / "examples/gateway/messages.hl7"):
        store.keep([Arrival(b"PUMPS", str(hash(message)).encode(), message, NOW, "mllp", "test", b"")])
    store.close()
    shown = ward.ask("pumps", "--state", "claimed", "--messages", str(tmp_path / "messages.db"))
    assert "by HL7" in shown
    with pytest.raises(OperatorError, match="no --status-mapping"):
        ward.ask("pumps", *status[:2])


def test_since_when_a_ring_has_its_release_is_kept_through_refreshes(ward):
    desk = ward.desk
    path, first = "st-elsewhere/adult/bench.json", desk.at.replace(microsecond=0)
    desk.later(days=1)
    desk.refresh()
    assert read_orders(desk.authority).since == {path: first}
    desk.release(small_library("1.1.0"))
    desk.later(days=1)
    desk.assign("bench", 2)
    assert read_orders(desk.authority).since == {path: desk.at.replace(microsecond=0)}
    desk.halt("bench")
    assert read_orders(desk.authority).since == {}
