"""
Let a release go through simulated pumps in three ways, and keep the figures for docs/explanation/time-to-currency.md.

`make currency` runs it: pushed once and accepted by hand, as before; ours in rings; ours to all after bench and canary.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from openinfusion.fleet.rollout import read_plan
from openinfusion.pump.distribution import (
    Rounds,
    days_to,
    make_world,
    push_and_hope,
    reached,
    share_before,
    share_since_begun,
    shipped_assumptions,
    simulate,
)

SEEDS = 10
PUMPS, DAYS = 10_000, 36
BETWEEN_RELEASES = 29
HOURS = (1, 2, 4, 6, 8, 12, 16, 20, 24, 36, 48, 60, 72, 96, 120, 144, 168, 216, 264, 312, 360, 432, 504, 600, 696)
FIGURES = Path("benchmarks/figures/currency.json")
PLAN = Path("examples/fleet/rollout.toml")


def main() -> None:
    """Write the figures of every seed."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    seeds = [of_seed(seed) for seed in range(1, SEEDS + 1)]
    made = {"pumps": PUMPS, "seeds": SEEDS, "hours": HOURS, **summary(seeds)}
    FIGURES.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {FIGURES}: {SEEDS} seeds")


def of_seed(seed: int) -> dict[str, Any]:
    """Return what comes out under a seed."""
    plan = read_plan(PLAN.read_bytes(), where=str(PLAN))
    world = make_world(plan, pumps=PUMPS, seed=seed, assumed=shipped_assumptions())
    hoped = push_and_hope(world, days=BETWEEN_RELEASES, seed=seed)
    rings = simulate(world, days=DAYS, seed=seed)
    at_once = msgspec.structs.replace(plan, kind="big-bang", rings=(*plan.rings[:2], plan.rings[-1]))
    after_canary = simulate(
        make_world(at_once, pumps=PUMPS, seed=seed, assumed=shipped_assumptions()), days=DAYS, seed=seed
    )
    assumed = shipped_assumptions()
    nobody_goes = msgspec.structs.replace(assumed, rounds=Rounds(store_after_hours=0))
    alone = simulate(make_world(plan, pumps=PUMPS, seed=seed, assumed=nobody_goes), days=DAYS, seed=seed)
    rows = [reached(rings, hours) for hours in HOURS]
    week = reached(rings, 168)
    return {
        "pushed": [share_before(hoped.runs_since, hours) for hours in HOURS],
        "ring_of_seen": [row.of_seen for row in rows],
        "ring_of_all": [row.of_all for row in rows],
        "ring_alone": [reached(alone, hours).of_all for hours in HOURS],
        "in_rings": [share_since_begun(rings, hours) for hours in HOURS],
        "after_canary": [share_since_begun(after_canary, hours) for hours in HOURS],
        "seen": [100 * row.seen / row.pumps for row in rows],
        "accounted": [row.accounted for row in rows],
        "figures": {
            "pushed: days to 50 % of all pumps": days_to(hoped.runs_since, 50),
            "pushed: days to 80 % of all pumps": days_to(hoped.runs_since, 80),
            "pushed: infusions begun on an outdated library, %": 100 * hoped.outdated / hoped.infusions,
            "ours: the same, once the ring of the pump was open, %": 100 * rings.life.outdated / rings.life.infusions,
            "ours: that too, where nobody goes through the stores, %": 100 * alone.life.outdated / alone.life.infusions,
            "ours: pumps visited in stores with a stick": rings.visited,
            "ours, in rings: days to 50 % of all pumps": days_to(rings.life.known.proven_since, 50),
            "ours, in rings: days to 80 % of all pumps": days_to(rings.life.known.proven_since, 80),
            "ours, all after the canary: days to 50 % of all pumps": days_to(after_canary.life.known.proven_since, 50),
            "ours, all after the canary: days to 80 % of all pumps": days_to(after_canary.life.known.proven_since, 80),
            "ours: proven after 7 days, or on the work list, %": week.accounted,
            "ours: on the work list after 7 days, pumps": week.on_work_list,
            "ours: past their deadline and on no list, pumps": rings.unaccounted,
        },
    }


def summary(seeds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return lines as medians over the seeds; figures as median, lowest and highest."""
    lines = [name for name in seeds[0] if name != "figures"]
    made: dict[str, Any] = {
        name: {what: _by_hour(seeds, name, how) for what, how in (("median", statistics.median), ("lowest", min))}
        for name in lines
    }
    names = list(seeds[0]["figures"])
    values = {name: [seed["figures"][name] for seed in seeds] for name in names}
    made["figures"] = {
        name: [round(how(of), 1) for how in (statistics.median, min, max)] for name, of in values.items()
    }
    return made


def _by_hour(seeds: Sequence[dict[str, Any]], name: str, how: Callable[[Sequence[float]], float]) -> list[float]:
    return [round(how(of), 1) for of in zip(*(seed[name] for seed in seeds), strict=True)]


if __name__ == "__main__":
    main()
