"""Reports judged against what is remembered of their pump."""

from dataclasses import replace
from hashlib import sha256

import msgspec
import pytest

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.proof import MEANINGS, NONCE_LIFE, Found, Witness, derive, keep, moved, recall, settled
from openinfusion.fleet.report import Place, Refusal, proof_of
from tests.proof_bench import (
    DAY,
    HOUR,
    LIBRARIES,
    LINE,
    MINUTE,
    SHA256,
    START,
    BenchPump,
    acquainted,
    enrolled,
    found,
    key_of,
)


def test_the_first_contact_proves_nothing_and_gets_a_nonce():
    pump = BenchPump(number=3)
    server = enrolled(pump)
    first = server.poll(pump)
    assert (found(first), first.is_accepted, first.is_proof) == (["first-contact"], True, False)
    assert server.witness.proof is None
    assert first.next_nonce == pump.nonce == "nonce-1"


def test_the_second_report_is_proof():
    pump, server = acquainted(3)
    proof = server.witness.proof
    assert proof is not None
    assert (proof.number, proof.sha256, proof.level, server.witness.high_water) == (3, SHA256[3], "pump-proven", 3)
    assert (proof.as_of, server.witness.seen) == (START + MINUTE, START + MINUTE)
    assert found(server.poll(pump)) == []


def test_a_nonce_is_used_once():
    pump, server = acquainted()
    spent = pump.nonce
    server.poll(pump)
    pump.nonce = spent
    outcome = server.poll(pump)
    assert (found(outcome), outcome.is_accepted) == (["nonce-not-ours"], False)
    assert found(server.poll(pump)) == []


def test_a_report_that_was_held_back_proves_nothing():
    """Otherwise whoever holds a report back hides for as long as he likes that the pump went back."""
    pump, server = acquainted()
    held_back = pump.report()
    server.turn(NONCE_LIFE + MINUTE)
    refused = server.take(held_back)
    assert (found(refused), refused.is_accepted) == (["nonce-too-old"], False)
    pump.nonce = refused.next_nonce
    assert found(server.poll(pump)) == []


def test_an_answer_that_was_lost_costs_one_poll_and_no_doubt():
    pump, server = acquainted()
    data = pump.report()
    first = server.take(data)
    again = server.take(data)
    assert (found(again), again.is_accepted, again.is_proof) == (["repeated"], True, False)
    assert again.next_nonce == first.next_nonce
    assert found(server.poll(pump)) == ["nonce-not-ours"]
    assert found(server.poll(pump)) == []
    assert server.witness.doubt is None


# --- Strangers ----------------------------------------------------------------------------------------------------


def test_what_a_stranger_sends_changes_nothing():
    pump, server = acquainted()
    before = server.witness
    other = BenchPump(urn="urn:pump:acme:2", nonce=pump.nonce)
    forged = msgspec.json.decode(pump.copied().report())
    forged["report"]["active"]["number"] = 8
    for data, what in [
        (b"", "unreadable"),
        (b"[" * 5000, "unreadable"),
        (b"x" * 20_000, "unreadable"),
        (other.report(), "other-pump"),
        (other.report(pump=pump.urn, counter=50), "bad-signature"),
        (msgspec.json.encode(forged), "bad-signature"),
        (pump.copied().report(counter=-5), "unreadable"),
        (pump.copied().report(at=START.replace(tzinfo=None)), "unreadable"),
        (msgspec.json.encode({"report": {**forged["report"], "counter": 2**60}, "signature": "00"}), "bad-signature"),
    ]:
        outcome = server.take(data)
        assert (found(outcome), outcome.is_accepted) == ([what], False)
        assert outcome.witness == before


def test_without_a_key_nothing_counts_and_the_key_may_come_with_the_report():
    pump = BenchPump(number=3)
    server = enrolled(pump)
    key = key_of(pump.urn).public_key()
    server.witness = replace(server.witness, key=b"")
    assert found(server.poll(pump)) == ["no-key"]
    assert found(server.take(pump.report(), key=key)) == []
    assert server.witness.key == key.public_bytes_raw()


@pytest.mark.hazard("CF-02")
def test_whoever_listens_cannot_throw_doubt_on_a_pump():
    """Every report of the past, and the last one laid out in another way, sent again by somebody without the key."""
    pump, server = acquainted()
    heard = [pump.report()]
    for _ in range(5):
        pump.nonce = server.take(heard[-1]).next_nonce
        heard.append(pump.report())
    server.take(heard[-1])
    last = heard[-1].replace(b'","', b'" , "')
    for data in (*heard, last):
        assert found(server.take(data))[0] in {"late", "repeated"}
    assert server.witness.doubt is None
    assert server.witness.nonce == server.take(last).next_nonce


# --- Which pump it is ---------------------------------------------------------------------------------------------


@pytest.mark.hazard("CF-02")
def test_a_clone_is_found_within_two_polls():
    pump, server = acquainted()
    clone = pump.copied()
    assert found(server.poll(pump)) == []
    assert found(server.poll(clone, place=Place(ward="Elsewhere"))) == ["one-counter-twice"]
    assert server.witness.doubt is not None


@pytest.mark.hazard("CF-02")
def test_a_clone_that_speaks_first_is_found_when_the_pump_does():
    pump, server = acquainted()
    clone = pump.copied()
    for _ in range(4):
        assert found(server.poll(clone)) == []
    assert found(server.poll(pump)) == ["late"]
    assert found(server.poll(pump)) == ["counter-back"]


@pytest.mark.hazard("CF-02")
def test_a_pump_restored_from_a_copy_is_found_within_two_polls():
    pump, server = acquainted(2)
    copy = pump.copied()
    pump.number = 3
    for _ in range(6):
        server.poll(pump)
    assert found(server.poll(copy)) == ["late"]
    second = server.poll(copy)
    assert (found(second), second.is_accepted) == (["counter-back"], False)
    assert server.witness.doubt is not None
    assert "it says that it runs release 2" in server.witness.doubt.about


@pytest.mark.hazard("CF-02")
def test_a_clone_is_found_though_the_pump_answers_every_question_first():
    """The question that a refused report gets is its own: the reports of the pump do not use it up."""
    pump, server = acquainted()
    clone = pump.copied()
    server.poll(pump)
    assert found(server.poll(clone, battery=50)) == ["one-counter-twice"]
    server.witness = settled(server.witness)
    for _ in range(4):
        server.poll(pump)
    clone.counter -= 2
    assert found(server.poll(clone)) == ["late"]
    for _ in range(4):
        assert found(server.poll(pump)) == []
    assert found(server.poll(clone)) == ["counter-back"]


def test_a_clone_that_runs_ahead_is_found_as_soon():
    pump, server = acquainted()
    clone = pump.copied()
    clone.counter += 50
    for _ in range(2):
        assert found(server.poll(pump)) == []
    assert found(server.poll(clone)) == ["nonce-not-ours"]
    assert found(server.poll(pump)) == []
    assert found(server.poll(clone)) == []
    assert found(server.poll(pump)) == ["late"]
    assert found(server.poll(pump)) == ["counter-back"]


def test_an_epoch_that_went_back_is_found():
    pump, server = acquainted(epoch=5)
    pump.epoch = 4
    assert found(server.poll(pump)) == ["epoch-back"]
    assert server.witness.doubt is not None


def test_an_agent_that_lost_its_state_is_noted_and_believed():
    pump, server = acquainted(epoch=5)
    pump.epoch, pump.counter, pump.nonce = 6, 0, ""
    assert found(server.poll(pump)) == ["first-contact"]
    assert found(server.poll(pump)) == ["epoch-rose"]
    assert server.witness.doubt is None


def test_a_key_that_is_known_of_another_pump_is_found():
    pump, server = acquainted()
    outcome = server.take(pump.report(), key_holder="urn:pump:acme:2")
    assert found(outcome) == ["shared-key"]
    assert server.witness.doubt is not None
    assert server.witness.doubt.about == "urn:pump:acme:2"


def test_doubt_stays_until_a_person_settles_it():
    pump, server = acquainted()
    copy = pump.copied()
    server.poll(pump)
    server.turn(MINUTE)
    server.poll(copy)
    for _ in range(5):
        assert server.poll(pump).next_nonce
    assert server.witness.doubt is not None
    server.witness = settled(server.witness)
    assert found(server.poll(copy)) == ["nonce-not-ours"]
    assert found(server.poll(copy)) == []
    assert server.witness.doubt is None
    assert server.witness.high_water == 3


@pytest.mark.hazard("CF-02")
def test_an_old_report_on_a_stick_does_not_count_again_once_a_doubt_was_settled():
    pump, server = acquainted(5)
    recorded = pump.report()
    pump.nonce = server.take(recorded).next_nonce
    pump.number = 4
    server.poll(pump)
    server.witness = recall(keep(settled(server.witness)))
    server.turn(DAY)
    outcome = server.take(recorded, is_carried=True)
    assert (found(outcome), outcome.is_proof) == (["overtaken"], False)
    server.turn(-DAY)
    copy = pump.copied()
    copy.counter = 0
    assert found(server.take(copy.report(), is_carried=True)) == ["reverted"]
    assert found(server.take(recorded, is_carried=True)) == ["overtaken"]
    pump.nonce = ""
    assert found(server.take(pump.report(), is_carried=True)) == ["reverted"]


def test_a_pump_that_is_enrolled_anew_begins_anew():
    pump, server = acquainted()
    pump.more["pump"] = pump.urn
    copy = pump.copied()
    server.poll(pump)
    server.turn(MINUTE)
    server.poll(copy)
    fresh = BenchPump(urn="urn:pump:acme:9", number=3, nonce=server.witness.nonce, more={"pump": pump.urn})
    outcome = server.take(fresh.report(), key=key_of(fresh.urn).public_key())
    assert found(outcome) == []
    assert server.witness.doubt is None


# --- What it runs -------------------------------------------------------------------------------------------------


@pytest.mark.hazard("CF-02")
def test_a_pump_that_went_back_is_found_at_once():
    pump, server = acquainted(3)
    since = server.at
    pump.number = 2
    outcome = server.poll(pump)
    assert (found(outcome), outcome.is_accepted, outcome.is_proof) == (["reverted"], True, True)
    assert server.witness.high_water == 3
    server.turn(HOUR)
    server.poll(pump)
    proof = server.witness.proof
    assert proof is not None
    assert (proof.number, proof.since) == (2, since)
    pump.number = 4
    assert found(server.poll(pump)) == []


@pytest.mark.hazard("CF-03")
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"loaded": proof_of(LIBRARIES[2], "nonce-2")}, ["proof-wrong"]),
        ({"loaded": proof_of(LIBRARIES[3], "nonce-1")}, ["proof-wrong"]),
        ({"loaded": ""}, ["proof-wrong"]),
        ({"loaded": proof_of(b"", "nonce-2")}, ["nothing-loaded"]),
        ({"active": replace(BenchPump().held(3), length=0)}, ["nothing-loaded"]),
        ({"active": replace(BenchPump().held(3), number=0, sha256=sha256(b"").hexdigest())}, ["nothing-loaded"]),
        ({"active": replace(BenchPump().held(3), length=7)}, ["length-wrong"]),
        ({"active": replace(BenchPump().held(3), sha256="0" * 64)}, ["unknown-library"]),
        ({"active": replace(BenchPump().held(3), number=8)}, ["wrong-number"]),
        ({"active": replace(BenchPump().held(4), number=3)}, ["proof-wrong", "wrong-number"]),
    ],
)
def test_what_is_loaded_is_held_against_what_is_named(changed, expected):
    pump, server = acquainted(3)
    assert pump.nonce == "nonce-2"
    outcome = server.poll(pump, **changed)
    assert (found(outcome), outcome.is_accepted) == (expected, True)
    proof = server.witness.proof
    assert proof is not None
    assert (proof.fault, server.witness.high_water) == (Found(expected[0]), 3)
    server.turn(MINUTE)
    assert found(server.poll(pump)) == []
    assert server.witness.proof is not None
    assert server.witness.proof.fault is None


def test_a_fault_keeps_its_beginning():
    pump, server = acquainted(3)
    since = server.at
    for _ in range(3):
        server.poll(pump, loaded="")
        server.turn(HOUR)
    assert server.witness.proof is not None
    assert server.witness.proof.fault_since == since


def test_a_library_of_the_factory_is_no_fault():
    pump, server = acquainted(0)
    assert found(server.poll(pump)) == []
    assert server.witness.high_water == 0


@pytest.mark.hazard("CF-03")
@pytest.mark.parametrize("number", [0, 3])
def test_what_cannot_be_held_against_a_known_library_is_claimed_not_proven(number):
    pump, server = acquainted(number)
    outcome = server.poll(pump, active=replace(pump.held(number), sha256="0" * 64), loaded="0" * 64)
    assert (found(outcome), outcome.level) == (["unknown-library"] if number else [], "claimed")
    assert derive(server.witness, None, at=server.at).level == (None if number else "claimed"), "nothing, if in doubt"
    pump.number = 3
    assert server.poll(pump).level == "pump-proven"


def test_a_gateways_key_proves_no_more_than_a_gateway_can():
    pump = BenchPump(number=3)
    server = enrolled(pump, is_gateways=True)
    server.poll(pump)
    assert server.poll(pump).level == "gateway-attested"
    pump, server = acquainted(3)
    assert server.poll(pump, level="gateway-attested").level == "gateway-attested"


def test_what_was_refused_and_what_is_staged_keep_their_beginning():
    pump, server = acquainted(3)
    pump.staged, pump.refusal = 4, Refusal(code="probe-failed", at=START, number=4)
    since = server.at
    for _ in range(3):
        server.poll(pump)
        server.turn(HOUR)
    assert server.witness.proof is not None
    assert server.witness.refused is not None
    assert (server.witness.proof.staged_since, server.witness.refused.told) == (since, since)
    pump.staged, pump.refusal = 5, Refusal(code="probe-failed", at=START, number=5)
    server.poll(pump)
    assert (server.witness.proof.staged_since, server.witness.refused.told) == (server.at, server.at)
    pump.staged = pump.refusal = None
    server.poll(pump)
    assert b'"staged":null' in keep(server.witness)
    assert b'"refused":null' in keep(server.witness)


# --- Carried on a stick -------------------------------------------------------------------------------------------


def test_carried_reports_prove_what_was_once_and_in_any_order():
    pump, server = acquainted(3)
    pump.at = server.at
    sticks = [pump.report()]
    for number in (4, 5):
        pump.at, pump.number = pump.at + DAY, number
        sticks.append(pump.report())
    server.turn(10 * DAY)
    assert found(server.take(sticks[1], is_carried=True)) == []
    assert found(server.take(sticks[0], is_carried=True)) == ["overtaken"]
    assert found(server.take(sticks[2], is_carried=True)) == []
    for data in sticks:
        assert found(server.take(data, is_carried=True))[0] in {"overtaken", "repeated"}
    proof = server.witness.proof
    assert proof is not None
    assert (proof.number, proof.as_of, server.witness.seen) == (5, pump.at, pump.at)
    pump.nonce = server.witness.nonce
    assert found(server.poll(pump)) in ([], ["nonce-too-old"])
    pump.nonce = server.witness.nonce
    assert found(server.poll(pump)) == []


def test_what_is_carried_is_never_newer_than_now_nor_older_than_what_it_follows():
    pump, server = acquainted(3)
    proven = server.witness.seen
    pump.at = START + 900 * DAY
    server.take(pump.report(), is_carried=True)
    assert server.witness.seen == server.at
    server.turn(DAY)
    before = server.witness.seen
    pump.at = START - 900 * DAY
    server.take(pump.report(), is_carried=True)
    assert server.witness.seen == before
    assert proven is not None
    assert before > proven


def test_an_old_stick_throws_no_doubt_and_a_clone_on_a_stick_does():
    pump, server = acquainted(3)
    old, clone = pump.copied(), pump.copied()
    stick = old.report()
    clone.counter = pump.counter
    server.poll(pump)
    server.poll(pump)
    assert found(server.take(stick, is_carried=True)) == ["overtaken"]
    assert server.witness.doubt is None
    clone.nonce = server.witness.nonce
    assert found(server.take(clone.report(), is_carried=True)) == ["counter-back"]
    assert server.witness.doubt is not None


# --- Kept ---------------------------------------------------------------------------------------------------------


def test_a_witness_is_stored_and_comes_back_the_same():
    pump, server = acquainted(3, place=Place(ward="Ward 7", port="A-12"))
    pump.staged = 4
    copy = pump.copied()
    server.poll(pump)
    server.turn(MINUTE)
    server.poll(copy)
    assert recall(keep(server.witness)) == server.witness
    fresh = Witness(pump="urn:pump:acme:1", line=LINE, enrolled=START)
    assert recall(keep(fresh)) == fresh
    assert recall(keep(fresh)).floor is fresh.floor, "what all pumps have is held once in memory"
    with pytest.raises(OperatorError, match="what was stored of a pump"):
        recall(keep(fresh)[:-5])


def test_a_pump_that_moves_to_another_line_counts_its_numbers_anew():
    pump, server = acquainted(5)
    assert moved(server.witness, LINE) is server.witness
    server.witness = moved(server.witness, "st-example/children")
    pump.number = 2
    assert found(server.poll(pump)) == []
    assert server.witness.high_water == 2


def test_every_finding_has_its_words():
    assert set(MEANINGS) == set(Found)
