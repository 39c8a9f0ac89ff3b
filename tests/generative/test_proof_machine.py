"""
The register of pumps against a plain model: whatever pumps, networks, sticks and copies do, in any order.

The model knows the truth: which release each report was signed under, when, and whether its pump was ever copied.
"""

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from openinfusion.fleet.proof import (
    NONCE_LIFE,
    TASKS,
    Aim,
    Found,
    Outcome,
    Register,
    State,
    derive,
    keep,
    recall,
    settled,
)
from tests.proof_bench import DAY, HOUR, LINE, MINUTE, SHA256, START, BenchPump, enrolled, is_release, loaded
from tests.reliability import is_thorough

RING = (LINE, "ward")
PUMPS = st.sampled_from(range(3))
NUMBERS = st.integers(1, 8)


@dataclass
class Truth:
    """What is true of a pump, and what was signed with its key."""

    pump: BenchPump
    signed: dict[bytes, tuple[int, datetime]] = field(default_factory=dict)
    is_copied: bool = False
    copies: list[BenchPump] = field(default_factory=list)
    proven: list[int] = field(default_factory=list)


class Proofs(RuleBasedStateMachine):
    """Three pumps, their copies, a network that loses and repeats, and sticks."""

    @initialize()
    def begin(self) -> None:
        self.at, self.asked = START, 0
        self.register = Register(patience=3 * DAY)
        self.truths = [Truth(BenchPump(urn=f"urn:pump:acme:{n}", number=1)) for n in range(3)]
        for truth in self.truths:
            self.register.enrol(enrolled(truth.pump).witness, "ward", at=START)
        self.heard: list[tuple[Truth, bytes]] = []

    # --- What pumps do ------------------------------------------------------------------------------------------------

    def sign(self, truth: Truth, pump: BenchPump, **changed: object) -> bytes:
        pump.at = self.at
        data = pump.report(**changed)
        truth.signed[data] = (pump.number, self.at)
        self.heard.append((truth, data))
        return data

    def take(self, truth: Truth, data: bytes, *, is_carried: bool = False) -> Outcome:
        self.asked += 1
        before = self.register.card(truth.pump.urn).witness.proof
        outcome, _ = self.register.receive(
            truth.pump.urn,
            data,
            at=self.at,
            next_nonce=f"nonce-{self.asked}",
            loaded=loaded,
            is_release=is_release,
            is_carried=is_carried,
        )
        if outcome.is_proof:
            number, signed = truth.signed[data]
            proof = outcome.witness.proof
            assert proof is not None
            assert proof.number == number
            assert is_carried or self.at - signed <= NONCE_LIFE + timedelta(minutes=1)
            assert proof.as_of <= self.at
            assert before is None or proof.as_of >= before.as_of
            truth.proven.append(number)
        return outcome

    @rule(which=PUMPS, polls=st.integers(1, 2))
    def poll(self, which: int, polls: int) -> None:
        truth = self.truths[which]
        heard = []
        for _ in range(polls):
            self.at += timedelta(seconds=1)
            heard.append(self.take(truth, self.sign(truth, truth.pump)))
            truth.pump.nonce = heard[-1].next_nonce
        if not truth.is_copied:
            assert any(one.is_proof for one in heard) or polls == 1, "two polls prove what a pump runs"

    @rule(which=PUMPS, arrives=st.booleans())
    def lose(self, which: int, arrives: bool) -> None:  # noqa: FBT001 - Hypothesis fills it in by name
        """The answer is lost, or the report is."""
        truth = self.truths[which]
        data = self.sign(truth, truth.pump)
        if arrives:
            self.take(truth, data)

    @rule(which=PUMPS, number=NUMBERS)
    def run(self, which: int, number: int) -> None:
        self.truths[which].pump.number = number

    @rule(which=PUMPS)
    def lose_state(self, which: int) -> None:
        pump = self.truths[which].pump
        pump.epoch, pump.counter, pump.nonce = pump.epoch + 1, 0, ""

    @rule(which=PUMPS)
    def copy(self, which: int) -> None:
        truth = self.truths[which]
        truth.copies.append(truth.pump.copied())

    @rule(which=PUMPS, is_restored=st.booleans())
    def use_copy(self, which: int, is_restored: bool) -> None:  # noqa: FBT001 - as above
        """A copy speaks beside the pump, or takes its place."""
        truth = self.truths[which]
        if not truth.copies:
            return
        truth.is_copied = True
        copy = truth.copies[-1]
        if is_restored:
            truth.pump = replace(copy)
            return
        self.at += timedelta(seconds=1)
        copy.nonce = self.take(truth, self.sign(truth, copy)).next_nonce

    @rule(which=PUMPS)
    def hear_twins(self, which: int) -> None:
        """A copy and its pump are both heard twice: now it is known, unless they are still the same to the byte."""
        truth = self.truths[which]
        if not truth.copies:
            return
        truth.is_copied = True
        for pump in (truth.pump, truth.copies[-1]) * 2:
            self.at += timedelta(seconds=1)
            pump.nonce = self.take(truth, self.sign(truth, pump)).next_nonce
        for pump in (truth.pump, truth.copies[-1]) * 2:
            self.at += timedelta(seconds=1)
            pump.nonce = self.take(truth, self.sign(truth, pump)).next_nonce
        if truth.pump.epoch == truth.copies[-1].epoch:
            assert self.register.card(truth.pump.urn).witness.doubt is not None

    @rule(which=PUMPS)
    def settle(self, which: int) -> None:
        """Somebody looked: the copies are gone, the pump is enrolled as it is."""
        truth = self.truths[which]
        self.register.remember(settled(self.register.card(truth.pump.urn).witness), at=self.at)

    # --- What networks, sticks and people do --------------------------------------------------------------------------

    @rule(data=st.data(), is_carried=st.booleans())
    def hear_again(self, data: st.DataObject, is_carried: bool) -> None:  # noqa: FBT001 - as above
        """Anything that was ever signed comes late, again, by another way or laid out in another way."""
        if not self.heard:
            return
        truth, report = data.draw(st.sampled_from(self.heard[-12:]))
        doubt = self.register.card(truth.pump.urn).witness.doubt
        self.take(truth, report, is_carried=is_carried)
        spaced = report.replace(b'","', b'" , "')
        truth.signed[spaced] = truth.signed[report]
        self.take(truth, spaced, is_carried=is_carried)
        if not truth.is_copied:
            assert self.register.card(truth.pump.urn).witness.doubt == doubt

    @rule(span=st.sampled_from([MINUTE, HOUR, 5 * HOUR, 30 * HOUR, 4 * DAY]))
    def turn(self, span: timedelta) -> None:
        self.at += span

    @rule(number=NUMBERS)
    def assign(self, number: int) -> None:
        aim = Aim(
            number=number,
            sha256=SHA256[number],
            library="Adult",
            version=f"v{number}",
            since=self.at,
            deadline=self.at + 7 * DAY,
        )
        self.register.advance(self.at)
        self.register.assign(RING, aim, at=self.at)

    @rule()
    def restart(self) -> None:
        """The server goes on from what it stored."""
        again = Register(patience=3 * DAY)
        again.aims = self.register.aims
        self.register.advance(self.at)
        for card in self.register:
            again.enrol(recall(keep(card.witness)), card.ring[1], at=self.at)
        assert again.counts() == self.register.counts()
        self.register = again

    # --- What must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def counts_are_those_of_a_recount(self) -> None:
        if not hasattr(self, "register"):
            return
        self.register.advance(self.at)
        aim = self.register.aims.get(RING)
        standings = [derive(card.witness, aim, at=self.at, patience=3 * DAY) for card in self.register]
        assert self.register.counts() == Counter(one.state for one in standings)
        for card in self.register:
            assert (card.opened is not None) == (card.state in TASKS)

    @invariant()
    def states_are_true(self) -> None:
        if not hasattr(self, "register"):
            return
        aim = self.register.aims.get(RING)
        for truth in self.truths:
            card = self.register.card(truth.pump.urn)
            witness = card.witness
            assert witness.high_water == max(truth.proven, default=0)
            if witness.doubt is not None:
                assert truth.is_copied, f"{witness.doubt} of a pump that was never copied"
                assert witness.doubt.what in {Found.ONE_COUNTER_TWICE, Found.COUNTER_BACK, Found.EPOCH_BACK}
                assert card.state is State.SUSPECT
                continue
            went_back = bool(truth.proven) and truth.proven[-1] < max(truth.proven)
            assert (card.state is State.REVERTED) == went_back
            if card.state is State.CURRENT:
                assert aim is not None
                assert truth.proven[-1] >= aim.number


TestProofs = pytest.mark.hazard("CF-02")(pytest.mark.reliability(Proofs.TestCase))
_EXAMPLES = 2000 if is_thorough() else int(os.environ.get("OPENINFUSION_PROOF_EXAMPLES", "60"))
TestProofs.settings = settings(max_examples=_EXAMPLES, stateful_step_count=40, deadline=None)
