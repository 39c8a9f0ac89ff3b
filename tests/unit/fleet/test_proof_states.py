"""The states of pumps follow from their stories: the tables of ``tests/proof_stories.py``, played."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from openinfusion.fleet.proof import CAUSES, STATES, Aim, Cause, Claim, Standing, State, derive, settled
from openinfusion.fleet.report import Refusal, proof_of
from tests.proof_bench import DAY, LIBRARIES, SHA256, START, BenchPump, Server, acquainted, enrolled
from tests.proof_stories import TABLES
from tests.spec.tables import read_table

AIM = Aim(number=4, sha256=SHA256[4], library="Adult", version="v4", since=START, deadline=START + 7 * DAY)
ROWS = [(table.rule, row) for table in TABLES for row in read_table(table.cases)]
_ACT = re.compile(
    r"(?P<act>enrolled|proves|claims|is cloned|is restored|is settled|loses its state|is carried|recalled)"
    r"(?: (?P<number>\d))?(?: of day (?P<of>\d+))?(?: staged (?P<staged>\d))?(?: refusing (?P<refusing>\d|something))?"
    r"(?P<wrongly> wrongly)?(?: on day (?P<day>-?\d+))?"
)


@dataclass
class Story:
    """A pump whose story is played."""

    pump: BenchPump = field(default_factory=BenchPump)
    claim: Claim | None = None
    taken_back: dict[int, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server: Server = enrolled(self.pump)
        self.server.at = START - DAY
        self.server.witness = replace(self.server.witness, enrolled=self.server.at)
        self.server.poll(self.pump)

    def play(self, text: str) -> None:
        """Play all that happened, in order."""
        for words in text.split(", "):
            told = _ACT.fullmatch(words)
            assert told, words
            if told["day"] is not None:
                self.server.at = START + int(told["day"]) * DAY
            getattr(self, told["act"].replace(" ", "_"))(told)

    def enrolled(self, told: re.Match[str]) -> None:
        """Nothing but the first contact."""

    def proves(self, told: re.Match[str]) -> None:
        """A report that counts; its nonce is not too old, as a pump would ask again for one."""
        pump = self.pump
        self.server.poll(pump, nonce="")
        pump.number, pump.staged = int(told["number"]), int(told["staged"]) if told["staged"] else None
        what = told["refusing"]
        pump.refusal = None
        if what:
            pump.refusal = Refusal(code="probe-failed", at=START, number=None if what == "something" else int(what))
        changed = {"loaded": ""} if told["wrongly"] else {}
        outcomes = [self.server.poll(pump, **changed) for _ in range(2)]
        assert any(one.is_proof for one in outcomes)

    def claims(self, told: re.Match[str]) -> None:
        """Somebody says so."""
        self.claim = Claim(version=f"v{told['number']}", source="vendor export", at=self.server.at)

    def is_cloned(self, _told: re.Match[str]) -> None:
        """A copy of it speaks as well: both are heard twice."""
        clone = self.pump.copied()
        for _ in range(2):
            self.server.poll(self.pump)
            self.server.at += timedelta(seconds=1)
            self.server.poll(clone)
        self.server.at -= timedelta(seconds=2)

    def is_restored(self, _told: re.Match[str]) -> None:
        """It is put back to what it was, and heard twice."""
        self.pump.counter -= 2
        for _ in range(2):
            self.server.poll(self.pump)

    def loses_its_state(self, _told: re.Match[str]) -> None:
        """Its battery is changed: the agent begins anew, and says so by its epoch."""
        self.pump.epoch, self.pump.counter, self.pump.nonce = self.pump.epoch + 1, 0, ""

    def is_settled(self, _told: re.Match[str]) -> None:
        """A person has looked; the pump is heard again."""
        self.server.witness = settled(self.server.witness)
        for _ in range(2):
            self.server.poll(self.pump)

    def recalled(self, told: re.Match[str]) -> None:
        """Somebody recalls a release."""
        self.taken_back[int(told["number"])] = self.server.at

    def stands(self, at: datetime) -> Standing:
        """How the pump stands."""
        witness, recalled = self.server.witness, self.taken_back
        return derive(witness, AIM, at=at, claim=self.claim, patience=3 * DAY, recalled=recalled)

    def is_carried(self, told: re.Match[str]) -> None:
        """A report of another day comes on a stick."""
        self.pump.number, self.pump.at = int(told["number"]), START + int(told["of"]) * DAY
        # The stick was written before what came by the network since.
        counter = self.pump.counter
        if self.server.witness.proof is not None:
            self.pump.counter -= 2
        self.pump.more = {"loaded": proof_of(LIBRARIES[self.pump.number], "nonce-1")}
        self.server.take(self.pump.report(nonce="nonce-1"), is_carried=True)
        self.pump.counter, self.pump.more = counter + 1, {}


@pytest.mark.hazard("CF-01")
@pytest.mark.hazard("CF-02")
@pytest.mark.parametrize(("rule", "row"), ROWS, ids=[f"{row['story']}, day {row['day']}" for _, row in ROWS])
def test_a_story_ends_in_its_state(rule, row):
    told = Story()
    told.play(row["story"])
    at = START + int(row["day"]) * DAY
    standing = told.stands(at)
    days = (standing.since - START) // DAY
    assert (standing.state, standing.cause, str(days)) == (row["state"], row["cause"], row["since day"])


@pytest.mark.parametrize(("rule", "row"), ROWS)
def test_a_state_lasts_until_its_deadline_and_changes_at_it(rule, row):
    """Whoever waits for the deadline needs no other clock."""
    told = Story()
    told.play(row["story"])
    at = START + int(row["day"]) * DAY
    for _ in range(5):
        before = told.stands(at)
        if before.deadline is None:
            at = START + 4000 * DAY
            assert told.stands(at) == before
            return
        last = before.deadline - timedelta(microseconds=1)
        assert told.stands(last) == before
        after = told.stands(before.deadline)
        assert (after.state, after.since) != (before.state, before.since)
        assert after.since == before.deadline
        at = before.deadline
    pytest.fail("it never comes to rest")


def test_a_doubt_is_said_as_one_sentence():
    """What was found stands in brackets after the cause: no full stop within, no capital after it."""
    told = Story()
    told.play("proves 4 on day 1, is restored on day 2")
    within = re.search(r"\((.*)\)$", str(told.stands(START + 2 * DAY)))
    assert within is not None
    assert within[1].startswith("it is fresh, yet its counter is not above the last")
    assert not re.search(r"\. |\.$", within[1])


def test_without_an_assignment_nothing_is_current():
    _, server = acquainted(4)
    standing = derive(server.witness, None, at=server.at)
    assert (standing.state, standing.cause, standing.number) == (State.UNKNOWN, Cause.NOTHING_ASSIGNED, 4)
    told = str(derive(server.witness, None, at=server.at, ring="bench"))
    assert told == "is in a ring that gets no release (ring bench; release 4 when last proven)"


def test_a_release_with_other_content_is_suspect():
    """Only the aim knows the content where the server was not told of the release."""
    pump, server = acquainted(3)
    pump.number = 5
    server.poll(pump)
    aim = Aim(number=5, sha256=SHA256[4], library="Adult", version="v4", since=START, deadline=START + DAY)
    standing = derive(server.witness, aim, at=server.at)
    assert (standing.state, standing.cause) == (State.SUSPECT, Cause.OTHER_CONTENT)


def test_the_level_is_of_the_proof_and_else_of_the_claim():
    pump, server = acquainted(4)
    claim = Claim(version="v4", source="HL7", at=START)
    assert derive(server.witness, AIM, at=server.at, claim=claim).level == "pump-proven"
    server.poll(pump, level="gateway-attested")
    assert derive(server.witness, AIM, at=server.at, claim=claim).level == "gateway-attested"
    fresh = enrolled(BenchPump()).witness
    assert derive(fresh, AIM, at=START, claim=claim).level == "claimed"
    assert derive(fresh, AIM, at=START).level is None


@pytest.mark.hazard("CF-02")
def test_of_a_pump_in_doubt_nothing_is_known_surely():
    told = Story()
    told.play("proves 4 on day 1, is cloned on day 2")
    standing = told.stands(told.server.at)
    assert (standing.state, standing.level, standing.number) == (State.SUSPECT, None, 4)


def test_a_claim_of_another_library_is_another_version():
    claim = Claim(version="v4", library="Children", source="HL7", at=START)
    fresh = enrolled(BenchPump()).witness
    assert derive(fresh, AIM, at=START, claim=claim).cause is Cause.CLAIMS_OTHER


def test_every_state_and_cause_has_its_words():
    assert (set(STATES), set(CAUSES)) == (set(State), set(Cause))
