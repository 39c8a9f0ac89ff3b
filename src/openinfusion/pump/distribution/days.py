"""What a day brings to each pump: whether it is within reach of the network, and when nothing runs on it."""

import numpy as np

from openinfusion.pump.distribution.world import BENCH_PUMPS, Bools, Indexes, World

STEP_MINUTES = 15
"""How often a pump polls, and the step of the simulation."""
STEPS_AN_HOUR = 60 // STEP_MINUTES
STEPS_A_DAY = 24 * STEPS_AN_HOUR
BEGINS_AT = 8 * 60
"""The minute of the day at which a simulation begins."""
LEAST_IDLE = 5
"""Minutes for which nothing must have run on a pump before it takes a library."""
_DAY = 24 * 60


class Days:
    """The conditions of the present day."""

    def __init__(self, world: World, *, seed: int) -> None:
        self.world = world
        self.dice = np.random.default_rng([seed, 2])
        self.chance_online = (world.of_kind("online_percent") / 100).astype(np.float32)
        self.idle_minutes = world.of_kind("idle_minutes").astype(np.int16)
        self.is_cut_off = world.is_cut_off
        self.is_stored = world.is_stored
        self.is_online: Bools = np.zeros(world.size, dtype=bool)
        self.idle_from = np.zeros(world.size, dtype=np.int16)
        self.minute = BEGINS_AT

    def begin_step(self, step: int) -> bool:
        """Go to a step; return whether a new day began."""
        self.minute = (BEGINS_AT + step * STEP_MINUTES) % _DAY
        if step and self.minute:
            return False
        drawn = self.dice.random(self.world.size, dtype=np.float32)
        self.is_online = (drawn < self.chance_online[self.world.kind]) & ~self.is_cut_off
        # On its bench, a pump of the workshop is always within reach, and nothing runs on it.
        self.is_online[:BENCH_PUMPS] = True
        self.idle_from = self.dice.integers(0, _DAY, self.world.size, dtype=np.int16)
        return True

    def is_idle(self, pumps: Indexes) -> Bools:
        """Whether nothing has run on these pumps for long enough at some moment of the step."""
        since = (self.minute + STEP_MINUTES - self.idle_from[pumps]) % _DAY
        longest = self.idle_minutes[self.world.kind[pumps]] + STEP_MINUTES
        return np.asarray((since >= LEAST_IDLE) & (since < longest) | (pumps < BENCH_PUMPS))

    def is_used(self) -> Bools:
        """Whether infusions are begun on a pump today."""
        return np.asarray(~self.is_stored | self.is_online)
