"""F20: a bad library is stopped on the canary, and a good one is not."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from openinfusion.fleet.rollout import Ring, Who, Why, read_plan
from openinfusion.pump.distribution import Bad, make_world, shipped_assumptions, simulate
from tests.reliability import is_thorough, record

pytestmark = [pytest.mark.hazard("CF-01"), pytest.mark.reliability]

PLAN = read_plan(
    (Path(__file__).resolve().parents[3] / "examples" / "fleet" / "rollout.toml").read_bytes(), where="rollout.toml"
)
SEEDS = 1000 if is_thorough() else 20
ASSUMED = shipped_assumptions()


def ran(seed, *, bad=None, pumps=1000, until="quarter", plan=PLAN, days=14):
    world = make_world(plan, pumps=pumps, seed=seed, assumed=ASSUMED)
    return simulate(world, days=days, seed=seed, bad=bad, until=until)


@pytest.mark.parametrize(
    ("name", "bad", "causes"),
    [
        # A bench on which one or two of five pumps fail is never proven, and ends at its deadline.
        ("failing", Bad(failing_percent=2), {Why.FAILURES, Why.OVERDUE, Why.NOT_ENOUGH, Why.TOO_FEW, Why.MISSED}),
        ("overrides", Bad(clinical_percent=300), {Why.OVERRIDES, Why.HARD_HITS}),
    ],
)
def test_a_bad_library_is_stopped_before_ring_2(name, bad, causes):
    halted = [one.course for one in (ran(seed, bad=bad) for seed in range(SEEDS)) if one.course.halted]
    assert len(halted) >= 0.99 * SEEDS
    assert {reason.why for course in halted for reason in course.halted} <= causes
    assert all(len(course.opened) <= 2 for course in halted)
    if is_thorough():
        sizes = {size: _share_halted(size, bad) for size in (40, 120, 240, 360)}
        figures = {f"canary of {size} pumps: stopped before ring 2": f"{share:.0%}" for size, share in sizes.items()}
        figures[f"canary of 460 pumps, {SEEDS:,} seeds: stopped before ring 2"] = f"{len(halted) / SEEDS:.1%}"
        titles = {"failing": "a release that fails on 2 % of pumps", "overrides": "overrides and hard limits met x 3"}
        record(f"F20-{name}", figures, title=titles[name])


def _share_halted(size, bad, *, seeds=200):
    """Return how often a canary of so many pumps stops it: some wards of a fleet, and the rest behind it."""
    wards = tuple(f"ward-{number}" for number in range(1, size // 40 + 1))
    canary = Ring(name="canary", who=Who(wards=wards), is_canary=True)
    plan = msgspec.structs.replace(PLAN, rings=(canary, *PLAN.rings[2:]))
    halts = sum(bool(ran(seed, bad=bad, plan=plan).course.halted) for seed in range(seeds))
    return halts / seeds


def test_a_good_library_is_not_stopped():
    """In any ring, over the whole roll-out, with batteries changed and attempts that fail by themselves."""
    runs = [ran(seed, pumps=10_000, until=None, days=10) for seed in range(SEEDS)]
    halted = Counter(reason.why for one in runs for reason in one.course.halted)
    share = sum(bool(one.course.halted) for one in runs) / SEEDS
    assert share <= 0.01, halted
    assert sum(one.course.is_done for one in runs) >= 0.9 * SEEDS
    restored = sum(int(one.life.known.restored.sum()) for one in runs)
    assert restored > SEEDS, "batteries were changed, or this shows nothing"
    figures = {f"stopped, of {SEEDS:,} seeds": f"{share:.1%}", "pumps that went back, a roll-out": restored / SEEDS}
    figures |= {f"stopped by {why.value}": count for why, count in halted.items()}
    record("F20-good", figures, title="a good library on 10,000 pumps, 10 days")
