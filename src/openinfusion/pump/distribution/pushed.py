"""The way of before: a library is pushed once, waits on the pump until somebody accepts it, and nobody is told."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openinfusion.pump.distribution.days import STEPS_A_DAY, STEPS_AN_HOUR, Days
from openinfusion.pump.distribution.knowledge import NEVER
from openinfusion.pump.distribution.world import World


@dataclass(frozen=True, slots=True)
class Hoped:
    """
    What came of it.

    Attributes:
        runs_since: for each pump the step in which it first ran the library, or ``NEVER``.
        infusions, outdated: infusions that were begun, and how many of them on an outdated library.

    """

    runs_since: NDArray[np.int32]
    infusions: float
    outdated: float


def push_and_hope(world: World, *, days: int, seed: int) -> Hoped:
    """Push a library to a fleet once, and return what came of it."""
    conditions = Days(world, seed=seed)
    dice = np.random.default_rng([seed, 3])
    accepted = 1 - (1 - world.assumed.pushed.accepted_per_day) ** (1 / STEPS_A_DAY)
    # A pump whose clock is wrong by years believes no certificate, so it is never within reach.
    is_lost = dice.random(world.size) * 100 < world.assumed.faults.clock_wrong_percent
    has_it = np.zeros(world.size, dtype=bool)
    runs_since = np.full(world.size, NEVER, dtype=np.int32)
    infusions = outdated = 0.0
    for step in range(days * STEPS_A_DAY):
        if conditions.begin_step(step):
            has_it |= conditions.is_online & ~is_lost
        is_used = conditions.is_used()
        waits = np.flatnonzero(has_it & (runs_since == NEVER) & is_used)
        runs_since[waits[dice.random(len(waits)) < accepted]] = step
        if step % STEPS_AN_HOUR == 0:
            infusions += world.infusions_an_hour(is_used)
            outdated += world.infusions_an_hour(is_used & (runs_since == NEVER))
    return Hoped(runs_since, infusions, outdated)
