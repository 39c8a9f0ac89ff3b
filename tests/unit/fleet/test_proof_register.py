"""The register: counts that follow reports, silence that becomes tasks, and what a pump costs in memory."""

import gc
import subprocess
import sys
import tracemalloc
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.proof import Aim, Claim, Proof, Register, State, Witness, keep, recall
from openinfusion.fleet.report import Place
from tests.proof_bench import DAY, HOUR, LINE, MINUTE, SHA256, START, BenchPump, enrolled, key_of, loaded
from tests.reliability import is_thorough, record

ROOT = Path(__file__).resolve().parents[3]

RING = (LINE, "ward")
AIM = Aim(number=4, sha256=SHA256[4], library="Adult", version="v4", since=START, deadline=START + 7 * DAY)


def registered(*pumps: BenchPump, register: Register | None = None) -> Register:
    """Return a register that knows some pumps, and was polled by each of them twice."""
    register = register or Register()
    for pump in pumps:
        register.enrol(enrolled(pump).witness, "ward", at=START)
        for second in range(2):
            poll(register, pump, START + timedelta(seconds=second))
    return register


def poll(register: Register, pump: BenchPump, at, **changed):
    """Let a pump report to a register."""
    pump.at = at
    nonce = f"{pump.urn} {pump.counter} {at}"
    outcome, changes = register.receive(pump.urn, pump.report(**changed), at=at, next_nonce=nonce, loaded=loaded)
    pump.nonce = outcome.next_nonce
    return outcome, changes


def test_counts_follow_reports_and_assignments():
    pumps = [BenchPump(urn=f"urn:pump:acme:{n}", number=3 + n % 2) for n in range(6)]
    register = registered(*pumps)
    assert register.counts() == {State.UNKNOWN: 6}
    changes = register.assign(RING, AIM, at=START + MINUTE)
    assert {(one.before, one.after.state) for one in changes} == {
        (State.UNKNOWN, State.ASSIGNED),
        (State.UNKNOWN, State.CURRENT),
    }
    assert register.counts() == register.counts([RING]) == {State.ASSIGNED: 3, State.CURRENT: 3}
    assert register.counts([(LINE, "other")]) == Counter()
    pumps[0].number = 4
    _, changes = poll(register, pumps[0], START + HOUR)
    assert [(one.pump, one.before, one.after.state) for one in changes] == [
        (pumps[0].urn, State.ASSIGNED, State.CURRENT)
    ]
    assert register.counts() == {State.ASSIGNED: 2, State.CURRENT: 4}
    assert register.assign(RING, None, at=START + HOUR)
    assert register.counts() == {State.UNKNOWN: 6}


@pytest.mark.hazard("IT-01")
def test_silence_opens_a_task_that_keeps_its_age_and_proof_closes_it():
    pump = BenchPump(number=3)
    register = registered(pump)
    register.assign(RING, AIM, at=START)
    assert register.advance(START + 72 * HOUR) == []
    stale = register.advance(START + 3 * DAY + MINUTE)
    assert [(one.after.state, one.opened) for one in stale] == [(State.STALE, START + 3 * DAY + timedelta(seconds=1))]
    missed = register.advance(START + 9 * DAY)
    assert [(one.before, one.after.state, one.opened) for one in missed] == [(State.STALE, State.MISSED, None)]
    assert register.card(pump.urn).opened == stale[0].opened
    pump.number = 4
    poll(register, pump, START + 10 * DAY)
    _, closed = poll(register, pump, START + 10 * DAY + MINUTE)
    assert [(one.after.state, one.closed) for one in closed] == [(State.CURRENT, START + 10 * DAY + MINUTE)]
    assert register.card(pump.urn).opened is None


def test_a_pump_that_reports_never_falls_due_twice():
    """Thousands of reports leave one place in the line of those to look at."""
    pump = BenchPump(number=4)
    register = registered(pump)
    register.assign(RING, AIM, at=START)
    for hours in range(300):
        poll(register, pump, START + hours * HOUR)
        assert register.advance(START + hours * HOUR) == []
    assert len(register._due) == 1


def test_a_server_that_restarts_keeps_the_age_of_tasks():
    """What is stored of a pump is enough: what silence did in between is gone through again."""
    pump = BenchPump(number=3)
    register = registered(pump)
    register.assign(RING, AIM, at=START)
    register.advance(START + 9 * DAY)
    again = Register()
    again.assign(RING, AIM, at=START + 9 * DAY)
    change = again.enrol(recall(keep(register.card(pump.urn).witness)), "ward", at=START + 9 * DAY)
    assert (change.before, change.after.state) == (None, State.MISSED)
    assert again.card(pump.urn) == register.card(pump.urn)
    assert again.counts() == register.counts()


@pytest.mark.hazard("CF-02")
def test_two_pumps_with_one_key_are_both_in_doubt():
    first, second = BenchPump(urn="urn:pump:acme:1", number=4), BenchPump(urn="urn:pump:acme:1", number=4)
    register = registered(first)
    register.assign(RING, AIM, at=START)
    key = key_of(first.urn).public_key().public_bytes_raw()
    second.more["pump"] = "urn:pump:acme:2"
    register.enrol(Witness(pump="urn:pump:acme:2", line=LINE, enrolled=START, key=key), "ward", at=START)
    assert register.counts()[State.SUSPECT] == 0
    data = second.report()
    _, changes = register.receive("urn:pump:acme:2", data, at=START, next_nonce="n", loaded=loaded)
    assert {(one.pump, one.after.state) for one in changes} == {
        ("urn:pump:acme:1", State.SUSPECT),
        ("urn:pump:acme:2", State.SUSPECT),
    }
    assert register.receive("urn:pump:acme:2", data, at=START, next_nonce="n", loaded=loaded)[1] == []


def test_the_key_of_a_gateway_may_speak_for_many_pumps():
    register = Register()
    key = key_of("gateway").public_key().public_bytes_raw()
    for n in range(2):
        witness = Witness(pump=f"urn:pump:acme:{n}", line=LINE, enrolled=START, key=key, is_gateways=True)
        register.enrol(witness, "ward", at=START)
        speaker = BenchPump(urn="gateway", number=3, more={"pump": witness.pump})
        register.receive(witness.pump, speaker.report(), at=START, next_nonce="n1", loaded=loaded)
        speaker.nonce = "n1"
        outcome, _ = register.receive(witness.pump, speaker.report(), at=START, next_nonce="n2", loaded=loaded)
        assert (outcome.level, outcome.findings) == ("gateway-attested", ())


def test_a_pump_that_is_enrolled_again_is_counted_once():
    pump = BenchPump(number=4)
    register = registered(pump)
    register.assign(RING, AIM, at=START)
    change = register.enrol(register.card(pump.urn).witness, "elsewhere", at=START + MINUTE)
    assert (change.before, change.after.state) == (State.CURRENT, State.UNKNOWN)
    assert register.counts() == {State.UNKNOWN: 1}
    assert (len(register), list(register.of_ring(RING))) == (1, [])


def test_a_newer_claim_stands_and_an_older_one_does_not():
    pump = BenchPump()
    register = Register()
    register.enrol(enrolled(pump).witness, "ward", at=START)
    register.assign(RING, AIM, at=START)
    new, old = (Claim(version="v4", source="HL7", at=START + HOUR), Claim(version="v3", source="HL7", at=START))
    assert [one.after.state for one in register.claim(pump.urn, new, at=START + HOUR)] == [State.CLAIMED]
    assert register.claim(pump.urn, old, at=START + HOUR) == []
    assert register.card(pump.urn).claim == new


def test_a_pump_that_nobody_enrolled_is_an_error_that_says_so():
    with pytest.raises(OperatorError, match="a pump that was enrolled"):
        Register().card("urn:pump:acme:1")


def bytes_a_pump(pumps):
    register = Register()
    register.assign(RING, AIM, at=START)
    gc.collect()
    tracemalloc.start()
    for n in range(pumps):
        register.enrol(_full(n), "ward", at=START + DAY)
    each = tracemalloc.get_traced_memory()[0] / pumps
    assert len(register) == pumps
    assert len(register._due) == pumps
    return each


@pytest.mark.reliability
def test_a_pump_costs_less_than_1500_bytes():
    """A pump with everything: key, nonce, proof, staged, refused, place, deadline, and its place in every count."""
    pumps = 500_000 if is_thorough() else 20_000
    # In a process of its own: what measures coverage would be counted too.
    code = f"from {__name__} import bytes_a_pump; print(bytes_a_pump({pumps}))"
    each = float(
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    )
    assert each <= 1500, f"{each:.0f} bytes a pump"
    assert each > 600, "nothing was measured"
    record("F5-memory", {"pumps": f"{pumps:,}", "bytes a pump": f"{each:,.0f}"}, title="State of each pump in memory")


def _full(n: int) -> Witness:
    moment = START + timedelta(seconds=n % 80_000, microseconds=n)
    later = moment + timedelta(microseconds=n)
    proof = Proof(
        number=3 + n % 3 + 1000,
        sha256="".join(SHA256[3 + n % 3]),
        since=moment + timedelta(1),
        as_of=later,
        level="pump-proven",
        staged=1000 + n,
        staged_since=later + timedelta(1),
    )
    return replace(
        Witness(pump=f"urn:pump:some-maker:{n:012}", line="".join(LINE), enrolled=moment),
        key=n.to_bytes(32),
        epoch=1000 + n,
        counter=10_000 + n,
        digest=n.to_bytes(16),
        nonce=f"{n:043}",
        asked=later + timedelta(0),
        high_water=1000 + n % 3,
        model="".join("Example 1"),
        proof=proof,
        place=Place(ward=f"Ward {n % 40}", access_point=f"AP {n % 400}", port=f"P {n % 4000}", dock=f"D {n % 9000}"),
        seen=later + timedelta(0),
    )
