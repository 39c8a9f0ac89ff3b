"""The simulation under real proof: every report made, signed and judged, and the same course comes out."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from openinfusion.fleet.proof import Finding, Found, Outcome, Witness
from openinfusion.fleet.proof.states import State
from openinfusion.fleet.rollout import Why, read_plan
from openinfusion.fleet.rollout.known import Reversions, count_ring
from openinfusion.pump.distribution import Bad, make_world, shipped_assumptions, simulate
from openinfusion.pump.distribution.days import STEP_MINUTES
from openinfusion.pump.distribution.knowledge import NEVER
from openinfusion.pump.distribution.proofs import Judging
from openinfusion.pump.distribution.run import START
from tests.reliability import is_thorough, record

pytestmark = [pytest.mark.hazard("CF-01"), pytest.mark.hazard("CF-02"), pytest.mark.reliability]

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
PLAN = read_plan((EXAMPLES / "fleet" / "rollout.toml").read_bytes(), where="rollout.toml")
LIBRARIES = {
    "library": (EXAMPLES / "trust" / "library-1.1.0.json").read_bytes(),
    "before": (EXAMPLES / "trust" / "library-1.0.0.json").read_bytes(),
}
PUMPS = 10_000 if is_thorough() else 600
DAYS = 14


def judged(world, *, seed, bad=None):
    server = Judging(world, began=START, days=DAYS, **LIBRARIES)
    return server, simulate(world, days=DAYS, seed=seed, bad=bad, server=server)


@pytest.fixture(scope="module")
def both():
    world = make_world(PLAN, pumps=PUMPS, seed=11, assumed=shipped_assumptions())
    server, proven = judged(world, seed=11)
    return server, proven, simulate(world, days=DAYS, seed=11)


def test_the_same_course_comes_out_as_where_reports_are_believed(both):
    server, proven, believed = both
    assert proven.decisions == believed.decisions
    assert (proven.life.known.proven_since == believed.life.known.proven_since).all()
    assert (proven.items.first == believed.items.first).all()
    assert server.reports > 2 * (proven.life.known.seen_since != NEVER).sum()
    counts = server.register.counts()
    record(
        "F5-proven",
        {"reports made, signed and judged": f"{server.reports:,}"}
        | {f"pumps {state.value} at the end": f"{pumps:,}" for state, pumps in sorted(counts.items())}
        | {"differences from the simulation that believes": 0},
        title=f"{PUMPS:,} simulated pumps under real proof, {DAYS} days",
    )


def test_the_register_knows_what_is_true_of_every_pump(both):
    server, proven, _ = both
    states = Counter(card.state for card in server.register)
    assert states == server.register.counts()
    life = proven.life
    told = life.known.is_proven
    for number, facts in enumerate(proven.world.facts()):
        state = server.register.card(facts.pump).state
        assert (state is State.CURRENT) == bool(told[number])
        assert state not in (State.SUSPECT, State.CLAIMED, State.STALE)
        if not told[number] and life.known.seen_since[number] == NEVER:
            assert state in (State.MISSED, State.UNKNOWN)
    assert (told & ~life.runs).sum() <= 2, "a pump whose state was lost, and that has not been heard since"


def test_the_counts_of_a_ring_follow_from_the_register(both):
    server, proven, _ = both
    known, world = proven.life.known, proven.world
    at = START + timedelta(minutes=STEP_MINUTES * proven.steps)
    for number, opened in enumerate(proven.opened):
        ring = PLAN.rings[number].name
        counted = count_ring(
            server.register.of_ring(("anderby/adult", ring)),
            opened=START + timedelta(minutes=STEP_MINUTES * opened),
            at=at,
            reversions=server.reversions.get(ring),
        )
        of_ring = world.ring == number
        assert counted.pumps == of_ring.sum()
        assert counted.seen == (of_ring & (known.seen_since != NEVER)).sum()
        assert counted.current == (of_ring & known.is_proven).sum()
        assert counted.failures == (of_ring & known.has_failed & ~known.is_proven).sum()
        assert (counted.restored, counted.reverted) == (known.restored[number], known.reverted[number])


def test_a_release_that_fails_is_stopped_on_proof():
    world = make_world(PLAN, pumps=600, seed=1, assumed=shipped_assumptions())
    server, ran = judged(world, seed=1, bad=Bad(failing_percent=4))
    assert {reason.why for reason in ran.course.halted} == {Why.FAILURES}
    failed = [card for card in server.register if card.state is State.FAILED]
    assert len(failed) >= 3
    assert {card.witness.refused.code for card in failed} == {"self-test"}


def test_pumps_that_go_back_are_told_apart_by_whether_they_lost_their_state():
    """F18 in the simulation: those that the fault sent back stop the canary; the batteries' are explained."""
    world = make_world(PLAN, pumps=600, seed=3, assumed=shipped_assumptions())
    server, ran = judged(world, seed=3, bad=Bad(reverting_per_day=0.02))
    assert {reason.why for reason in ran.course.halted} == {Why.REVERTED}
    assert sum(one.reverted for one in server.reversions.values()) == ran.life.known.reverted.sum() >= 1
    back = np.flatnonzero(ran.life.known.is_back)
    names = [facts.pump for facts in world.facts()]
    assert len(back)
    assert all(server.register.card(names[pump]).state is State.REVERTED for pump in back)


def test_a_reversion_counts_once_however_often_it_is_reported():
    def told(*found):
        witness = Witness(pump="urn:pump:example:1", line="anderby/adult", enrolled=START)
        return Outcome(witness=witness, next_nonce="", findings=tuple(Finding(what) for what in found))

    lost, plain = told(Found.REVERTED, Found.EPOCH_ROSE), told(Found.REVERTED)
    heard = Reversions().heard(lost, before=State.CURRENT).heard(plain, before=State.REVERTED)
    assert heard == Reversions(restored=1)
    assert heard.heard(plain, before=State.CURRENT) == Reversions(restored=1, reverted=1)
    assert heard.heard(told(), before=State.CURRENT) == heard
