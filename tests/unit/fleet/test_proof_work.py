"""The work list and the time to currency: every figure worked out by hand."""

import json
from datetime import timedelta
from fractions import Fraction

import pytest

from openinfusion.fleet.proof import CAUSES, Aim, Cause, Outcome, Register, State
from openinfusion.fleet.proof.currency import currency
from openinfusion.fleet.proof.currency import to_json as currency_json
from openinfusion.fleet.proof.work import MANY, NO_WARD, TO_DO, show_age, to_json, work_list
from openinfusion.fleet.report import Place
from tests.proof_bench import DAY, HOUR, LINE, MINUTE, SHA256, START, BenchPump, enrolled, loaded

RING = (LINE, "ward")
AIM = Aim(number=4, sha256=SHA256[4], library="Adult", version="v4", since=START, deadline=START + 7 * DAY)
SOON = START + MINUTE


class Fleet:
    """Pumps and their register."""

    def __init__(self) -> None:
        self.register = Register()
        self.register.assign(RING, AIM, at=START)
        self.pumps: dict[str, BenchPump] = {}

    def add(self, name: str, place: Place | None = None) -> BenchPump:
        """Enrol a pump, and nothing more."""
        pump = self.pumps[name] = BenchPump(urn=f"urn:pump:acme:{name}", place=place)
        self.register.enrol(enrolled(pump).witness, "ward", at=START)
        return pump

    def proves(self, name: str, number: int, at, **changed) -> None:
        """Let a pump ask for a nonce, and prove a release."""
        pump = self.pumps[name]
        self.register.advance(at)
        pump.at, pump.number = at, number
        self._take(pump, pump.report(nonce=""))
        assert self._take(pump, pump.report(**changed)).is_proof

    def _take(self, pump: BenchPump, data: bytes) -> Outcome:
        nonce = f"{pump.urn} {pump.at} {pump.counter}"
        outcome, _ = self.register.receive(pump.urn, data, at=pump.at, next_nonce=nonce, loaded=loaded)
        pump.nonce = outcome.next_nonce
        return outcome


def test_the_work_list_by_ward():
    """Of six pumps one is current; five have a task: the suspect one first, then the one that went back."""
    fleet = Fleet()
    for name, ward in [("1", "Ward 7"), ("2", "Ward 7"), ("3", "Ward 7"), ("4", "ICU"), ("5", "ICU"), ("6", None)]:
        fleet.add(name, Place(ward=ward, dock=f"D-{name}"))
    fleet.proves("1", 4, START + HOUR)
    fleet.proves("2", 4, START + HOUR)
    fleet.proves("2", 3, START + 2 * HOUR)
    fleet.proves("3", 4, START + 3 * HOUR, loaded="")
    fleet.proves("4", 3, START + HOUR)
    fleet.proves("5", 3, START + 3 * DAY)
    at = START + 3 * DAY + 2 * HOUR
    fleet.proves("1", 4, at)
    fleet.register.advance(at)
    work = work_list(fleet.register, at=at)
    assert work.states == {
        State.CURRENT: 1,
        State.REVERTED: 1,
        State.SUSPECT: 1,
        State.STALE: 1,
        State.ASSIGNED: 1,
        State.UNKNOWN: 1,
    }
    shown = [
        (ward, [(task.pump[-1], task.standing.cause, show_age(at - task.opened)) for task in tasks])
        for ward, tasks in work.wards()
    ]
    assert shown == [
        ("ICU", [("4", Cause.SILENT, "1 hour")]),
        ("Ward 7", [("3", Cause.WHAT_IT_RUNS, "2 days"), ("2", Cause.WENT_BACK, "3 days")]),
    ]
    at = START + 8 * DAY
    fleet.register.advance(at)
    work = work_list(fleet.register, at=at)
    assert [(ward, [(task.pump[-1], str(task.standing.state)) for task in tasks]) for ward, tasks in work.wards()] == [
        ("ICU", [("5", "missed"), ("4", "missed")][::-1]),
        ("Ward 7", [("3", "suspect"), ("2", "reverted"), ("1", "stale")]),
        (NO_WARD, [("6", "missed")]),
    ]
    four = next(task for task in work.tasks if task.pump.endswith("4"))
    assert (four.opened, four.standing.since) == (START + 3 * DAY + HOUR, START + 7 * DAY)


@pytest.mark.hazard("IT-01")
def test_a_port_at_which_several_fell_silent_stands_out():
    """At port A four of five are silent, at port B two of two: too few to say. All seven share one access point."""
    fleet = Fleet()
    for n in range(7):
        fleet.add(str(n), Place(ward="Ward 7", port="A" if n < 5 else "B", access_point="AP 1"))
        fleet.proves(str(n), 4, START + n * HOUR)
    fleet.proves("0", 4, START + 3 * DAY)
    fleet.register.advance(START + 4 * DAY)
    work = work_list(fleet.register, at=START + 4 * DAY)
    assert [str(one) for one in work.places] == [
        "access point AP 1: 6 of the 7 pumps last seen there are silent",
        "port A: 4 of the 5 pumps last seen there are silent",
    ]
    assert MANY == 3
    assert work.places[1].since == START + 4 * HOUR


def test_the_work_list_for_machines():
    fleet = Fleet()
    fleet.add("1", Place(ward="Ward 7", port="A"))
    fleet.proves("1", 3, START + HOUR)
    at = START + 8 * DAY
    fleet.register.advance(at)
    told = json.loads(json.dumps(to_json(work_list(fleet.register, at=at))))
    assert told["states"] == {**dict.fromkeys(map(str, State), 0), "missed": 1}
    (task,) = told["tasks"]
    assert (task["pump"], task["state"], task["cause"], task["age_hours"]) == (
        "urn:pump:acme:1",
        "missed",
        "not-taken-yet",
        8 * 24 - 73,
    )
    assert (task["level"], task["port"], task["to_do"]) == ("pump-proven", "A", TO_DO[Cause.NOT_TAKEN_YET])


def test_every_cause_of_a_task_says_what_to_do():
    without = {
        Cause.RUNS_IT,
        Cause.RUNS_NEWER,
        Cause.NOTHING_ASSIGNED,
        Cause.CLAIMS_IT,
        Cause.CLAIMS_OTHER,
        Cause.CLAIMS_ONLY,
    }
    assert set(TO_DO) == set(CAUSES) - without


@pytest.mark.parametrize(
    ("span", "shown"),
    [(timedelta(minutes=59), "0 hours"), (HOUR, "1 hour"), (47 * HOUR, "47 hours"), (2 * DAY, "2 days")],
)
def test_an_age_is_shown_in_whole_hours_or_days(span, shown):
    assert show_age(span) == shown


# --- Time to currency -------------------------------------------------------------------------------------------------


def test_time_to_currency_by_hand():
    """Ten pumps: four within 8 h, eight within 24 h, nine within 72 h; the tenth has a task after 7 days."""
    fleet = Fleet()
    for n, hours in enumerate([1, 2, 7, 8, 9, 20, 23, 24, 71, None]):
        fleet.add(str(n))
        if hours is not None:
            fleet.proves(str(n), 4, START + hours * HOUR)
    at = START + 7 * DAY
    fleet.register.advance(at)
    found = currency(fleet.register, [RING], at=at)
    assert [(one.proven, one.tasks, one.pumps, one.unseen, one.is_met) for one in found.shares] == [
        (4, 0, 10, 1, False),
        (8, 0, 10, 1, True),
        (9, 0, 10, 1, False),
        (9, 1, 10, 1, True),
    ]
    assert [one.share for one in found.shares] == [Fraction(n, 10) for n in (4, 8, 9, 10)]
    assert [span and span // HOUR for _, span in found.reached] == [9, 24, None, None]
    assert str(found.shares[-1]) == "100 % (9 of 10 proven, 1 with an open task; 1 unseen, 10 %)"
    assert str(found.shares[0]) == "40 % (4 of 10 proven; 1 unseen, 10 %)"
    told = currency_json(found)
    assert told["shares"][1] == {
        "after_seconds": 86400,
        "aim": "80 %",
        "proven": 8,
        "with_open_task": 0,
        "pumps": 10,
        "unseen": 1,
        "share": "80 %",
        "is_met": True,
    }


def test_an_aim_counts_once_its_time_has_come():
    fleet = Fleet()
    fleet.add("1")
    fleet.proves("1", 4, START + HOUR)
    assert currency(fleet.register, [RING], at=START + 8 * HOUR - MINUTE).shares == ()
    assert len(currency(fleet.register, [RING], at=START + 8 * HOUR).shares) == 1
    assert currency(fleet.register, [RING], at=START + HOUR).now.proven == 1


def test_what_is_in_doubt_or_went_back_is_not_proven():
    fleet = Fleet()
    for name in "12345":
        fleet.add(name)
        fleet.proves(name, 4, START + HOUR)
    fleet.proves("2", 3, START + 2 * HOUR)
    fleet.proves("3", 4, START + 2 * HOUR, loaded="")
    fleet.proves("4", 5, START + 2 * HOUR)
    fleet.proves("4", 4, START + 3 * HOUR)
    assert currency(fleet.register, [RING], at=START + 8 * HOUR).now.proven == 2


def test_rings_without_pumps_or_assignment_are_no_success():
    found = currency(Register(), [RING], at=START)
    assert (found.now.share, found.now.is_met, found.shares) == (None, False, ())
    assert str(found.now) == "– (0 of 0 proven; 0 unseen, –)"
