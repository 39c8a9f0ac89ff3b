"""How soon simulated pumps run a release: the way of before as it was published, ours against the aim."""

from dataclasses import replace
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
import pytest

from openinfusion.fleet.rollout import Step, Why, read_plan
from openinfusion.pump.distribution import (
    AIMS,
    Bad,
    Rounds,
    days_to,
    make_world,
    push_and_hope,
    reached,
    share_since_begun,
    shipped_assumptions,
    simulate,
)
from openinfusion.pump.distribution.items import Items
from openinfusion.pump.distribution.knowledge import NEVER
from tests.reliability import is_thorough, record

pytestmark = [pytest.mark.hazard("CF-01"), pytest.mark.hazard("CF-02")]

PLAN = read_plan(
    (Path(__file__).resolve().parents[3] / "examples" / "fleet" / "rollout.toml").read_bytes(), where="rollout.toml"
)
ASSUMED = shipped_assumptions()


def world_of(pumps, *, seed=1, plan=PLAN, **faults):
    assumed = msgspec.structs.replace(ASSUMED, faults=msgspec.structs.replace(ASSUMED.faults, **faults))
    return make_world(plan, pumps=pumps, seed=seed, assumed=assumed)


@pytest.fixture(scope="module")
def ran():
    return simulate(world_of(10_000), days=16, seed=1)


@pytest.mark.parametrize("seed", range(3))
def test_the_way_of_before_comes_out_as_published(seed):
    """Hsu et al., J Patient Saf 2019;15:e8: 50 % of pumps on day 6, 80 % on day 15. One figure is fitted."""
    since = push_and_hope(world_of(10_000, seed=seed), days=30, seed=seed).runs_since
    assert days_to(since, 50) == pytest.approx(6, abs=1)
    assert days_to(since, 80) == pytest.approx(15, abs=2)
    assert days_to(since, 95) is None, "nobody mends a dead port that nobody knows of"


def test_of_the_pumps_seen_the_aim_is_met_from_when_their_ring_was_opened(ran):
    for hours, aim in AIMS[:3]:
        assert reached(ran, hours).of_seen >= aim, hours


def test_after_a_week_every_pump_is_proven_or_on_the_work_list(ran):
    week = reached(ran, 168)
    assert week.pumps == 10_000
    assert week.accounted == 100
    assert ran.unaccounted == 0


def test_the_aim_is_met_of_all_pumps_where_somebody_goes_through_the_stores():
    """Also those in stores and behind dead ports, in the median of seeds; at 7 days the work list counts."""
    runs = [simulate(world_of(10_000, seed=seed), days=24, seed=seed) for seed in range(1, 6)]
    for hours, aim in AIMS[:3]:
        assert median(reached(ran, hours).of_all for ran in runs) >= aim, hours
    assert min(reached(ran, 168).accounted for ran in runs) >= AIMS[-1][1]
    assert median(ran.life.outdated / ran.life.infusions for ran in runs) <= 0.03, "over 24 days; 2 % over 36"
    assert all(ran.visited == pytest.approx(1000, abs=100) for ran in runs)


def test_where_nobody_goes_pumps_in_stores_hold_the_share_of_all_pumps_below_the_aim():
    """10 % lie in stores: no protocol reaches them sooner than a person does."""
    nobody = msgspec.structs.replace(ASSUMED, rounds=Rounds(store_after_hours=0))
    ran = simulate(make_world(PLAN, pumps=10_000, seed=1, assumed=nobody), days=16, seed=1)
    assert ran.visited == 0
    assert reached(ran, 8).of_all == pytest.approx(50, abs=2)
    assert reached(ran, 24).of_all == pytest.approx(79, abs=2)
    assert reached(ran, 72).of_all == pytest.approx(89, abs=2)


def test_a_silent_pump_is_on_the_work_list_before_its_ring_opens(ran):
    """Proof does not wait for a release: a port that was dead for three days is looked for already."""
    dead_in_rest = ran.world.is_cut_off & (ran.world.ring == len(PLAN.rings) - 1)
    opened = ran.opened[-1]
    assert dead_in_rest.any()
    assert (ran.items.first[dead_in_rest] == 72 * 4).all()
    assert opened > 72 * 4
    at = np.full(ran.world.size, opened)
    assert 0 < ran.items.were_open(at)[dead_in_rest].mean() < 1, "some were mended before"


def test_a_work_item_is_open_until_its_pump_is_well():
    items, which = Items.of(3), np.array([True, True, False])
    assert items.open(which, 4, is_silence=True).tolist() == [0, 1]
    assert items.open(which, 5, is_silence=False).tolist() == []
    items.close(np.array([True, False, True]), 8)
    items.open(which, 10, is_silence=False)
    for step, were in ((3, [False, False]), (4, [True, True]), (7, [True, True]), (8, [False, True]), (10, [True] * 2)):
        assert items.were_open(np.full(3, step)).tolist() == [*were, False], step
    assert items.first.tolist() == [4, 4, NEVER]


def test_the_rings_are_opened_in_order_and_the_roll_out_ends(ran):
    steps = [decision.step for decision in ran.decisions]
    assert steps.count(Step.ADVANCE) == 3
    assert steps[-1] is Step.DONE
    assert not ran.course.halted
    assert share_since_begun(ran, 24) < 10, "only bench and canary have it on the first day"


def test_a_dead_port_is_mended_only_after_a_work_item_was_opened_for_it(ran):
    dead = ran.world.is_cut_off
    assert dead.sum() > 400
    seen = ran.life.known.seen_since
    heard = dead & (seen != NEVER)
    assert heard.any()
    assert (ran.items.first[heard] != NEVER).all()
    assert (seen[heard] > ran.items.first[heard]).all()
    silent = simulate(world_of(2000, mended_after_days=1_000_000.0), days=14, seed=1)
    assert (silent.life.known.seen_since[silent.world.is_cut_off] == NEVER).all()


def test_the_same_seed_gives_the_same_course_and_another_another():
    first, again, other = (simulate(world_of(1000, seed=s), days=4, seed=s) for s in (7, 7, 8))
    assert first.decisions == again.decisions
    assert (first.life.known.proven_since == again.life.known.proven_since).all()
    assert (first.life.known.proven_since != other.life.known.proven_since).any()


def test_a_pump_that_lost_its_state_is_given_the_release_again():
    ran = simulate(world_of(2000, restores_per_pump_day=0.002), days=14, seed=3)
    assert ran.course.halted, "twenty times as many as usual"
    assert {reason.why for reason in ran.course.halted} == {Why.RESTORED}
    usual = simulate(world_of(10_000), days=30, seed=4)
    assert usual.life.known.restored.sum() >= 10
    assert usual.life.known.reverted.sum() == 0
    assert not usual.course.halted
    lost = usual.life.epoch > 0
    assert usual.life.runs[lost].mean() > 0.9


def test_a_release_that_makes_pumps_go_back_is_stopped_in_the_canary():
    ran = simulate(world_of(2000), days=14, seed=5, bad=Bad(reverting_per_day=0.02))
    assert {reason.why for reason in ran.course.halted} == {Why.REVERTED}
    assert ran.course.ring.name in ("bench", "canary")


def test_a_canary_that_nobody_is_seen_in_never_goes_on():
    kinds = tuple(msgspec.structs.replace(kind, online_percent=0) for kind in ASSUMED.kinds)
    world = make_world(PLAN, pumps=1000, seed=1, assumed=msgspec.structs.replace(ASSUMED, kinds=kinds))
    ran = simulate(world, days=10, seed=1)
    assert ran.course.ring.name == "canary"
    assert {reason.why for reason in ran.course.halted} >= {Why.OVERDUE, Why.TOO_FEW, Why.MISSED}
    assert ran.work["stale"] > 400


def test_a_clock_that_is_wrong_by_years_costs_a_poll_not_the_release():
    right, wrong = (simulate(world_of(1000, clock_wrong_percent=p), days=3, seed=2) for p in (0, 100))
    first = [run.life.known.seen_since for run in (right, wrong)]
    both = (first[0] != NEVER) & (first[1] != NEVER)
    assert both.sum() > 300
    assert (first[1][both] >= first[0][both]).all()
    assert (first[1][both] - first[0][both] == 1).mean() > 0.8


def test_a_pump_takes_little_memory(ran):
    """The limit is 1.5 kB: half a million pumps in one process."""
    assert ran.life.bytes_a_pump < 100


@pytest.mark.reliability
def test_figures_of_a_large_fleet():
    """F5, in process: half a million pumps in the long run."""
    pumps = 500_000 if is_thorough() else 3000
    ran = simulate(world_of(pumps), days=16, seed=1)
    rows = [reached(ran, hours) for hours, _ in AIMS]
    assert rows[-1].accounted == 100
    assert ran.unaccounted == 0
    for row, (_, aim) in zip(rows[:3], AIMS, strict=False):
        assert row.of_seen >= aim
    figures = {
        f"{row.hours} h after its ring was opened, of pumps seen": f"{row.of_seen:.1f} % of {row.seen:,}"
        for row in rows
    }
    figures |= {f"{row.hours} h, of all pumps": f"{row.of_all:.1f} % of {row.pumps:,}" for row in rows}
    figures |= {"proven or on the work list after 7 days": f"{rows[-1].accounted:.1f} %"}
    figures |= {"bytes of state a pump, simulated": f"{ran.life.bytes_a_pump:.0f}"}
    record("F5-simulated", figures, title=f"{pumps:,} pumps in simulated time, 16 days")


def test_an_aim_that_is_missed_is_seen():
    """The tests above can fail: a fleet that is hardly ever idle meets no aim."""
    kinds = tuple(msgspec.structs.replace(kind, idle_minutes=5) for kind in ASSUMED.kinds)
    world = make_world(PLAN, pumps=2000, seed=1, assumed=msgspec.structs.replace(ASSUMED, kinds=kinds))
    late = simulate(world, days=6, seed=1)
    assert reached(late, 8).of_seen < 50
    assert reached(late, 24).of_seen < 80
    assert reached(replace(late, steps=1), 8).pumps == 0
