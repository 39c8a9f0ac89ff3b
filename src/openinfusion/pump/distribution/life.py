"""A release on its way through a fleet: pumps that poll, take it when idle, fail, lose their state, and report."""

from dataclasses import dataclass

import numpy as np

from openinfusion.pump.distribution.days import STEPS_A_DAY, STEPS_AN_HOUR, Days
from openinfusion.pump.distribution.knowledge import NEVER, Believing, Knowledge, Server, Told
from openinfusion.pump.distribution.world import Bools, Indexes, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """
    What is wrong with a release; nothing by default.

    Attributes:
        failing_percent: of pumps, on which it always fails.
        clinical_percent: overrides and attempts beyond hard limits under it, in per cent of the usual.
        reverting_per_day: the chance of a pump that runs it to go back on a day, without having lost its state.

    """

    failing_percent: float = 0.0
    clinical_percent: int = 100
    reverting_per_day: float = 0.0


class Life:
    """The pumps of a fleet, step by step; each array has one element for each pump."""

    def __init__(self, world: World, *, seed: int, bad: Bad, server: Server | None = None) -> None:
        self.world, self.bad = world, bad
        self.days = Days(world, seed=seed)
        self.dice = np.random.default_rng([seed, 4])
        self.known = Knowledge(server or Believing(world.size), world.ring, rings=len(world.plan.rings))
        size = world.size
        self.is_offered: Bools = np.zeros(size, dtype=bool)
        self.holds: Bools = np.zeros(size, dtype=bool)
        self.runs: Bools = np.zeros(size, dtype=bool)
        self.failed: Bools = np.zeros(size, dtype=bool)
        self.tried_today: Bools = np.zeros(size, dtype=bool)
        self.clock_wrong: Bools = self.dice.random(size) * 100 < world.assumed.faults.clock_wrong_percent
        self.always_fails: Bools = self.dice.random(size) * 100 < bad.failing_percent
        self.epoch = np.zeros(size, dtype=np.int16)
        self.mended_at = np.full(size, NEVER, dtype=np.int32)
        self.heard_at = np.zeros(size, dtype=np.int32)
        self.visited_at = np.full(size, NEVER, dtype=np.int32)
        self.infusions = self.outdated = 0.0

    def live(self, step: int) -> None:
        """Let a quarter of an hour pass."""
        self._mend(step)
        if self.days.begin_step(step):
            self.tried_today[:] = False
        self.heard_at[self.days.is_online] = step
        self._go_back()
        self._visit(step)
        # Only these can change or have news: a small part of the fleet, once most pumps run the release.
        busy = np.flatnonzero(self.is_offered & ~(self.runs & self.known.is_proven))
        self._take(busy)
        self._poll(busy[self.days.is_online[busy]], step)
        if step % STEPS_AN_HOUR == 0:
            self._infuse()

    def _mend(self, step: int) -> None:
        self.days.is_cut_off[self.mended_at == step] = False

    def _visit(self, step: int) -> None:
        """Let somebody come to pumps in a store with a stick: nothing runs on these, and they take it at once."""
        here = np.flatnonzero(self.visited_at == step)
        self.heard_at[here] = step
        here = here[self.is_offered[here]]
        self.holds[here] = True
        self._take(here)
        self._poll(here[~self.clock_wrong[here]], step)

    def _go_back(self) -> None:
        """Let batteries be changed, and a bad library go back by itself."""
        lost = self._some(self.world.assumed.faults.restores_per_pump_day)
        lost = lost[self.runs[lost] | self.holds[lost]]
        self.epoch[lost] += 1
        self.runs[lost] = self.holds[lost] = False
        self.runs[self._some(self.bad.reverting_per_day)] = False

    def _some(self, chance_a_day: float) -> Indexes:
        """Return the pumps to which something happens in this step."""
        size = self.world.size
        return np.unique(self.dice.integers(0, size, self.dice.poisson(size * chance_a_day / STEPS_A_DAY)))

    def _take(self, busy: Indexes) -> None:
        """Let pumps that hold the release take it where nothing runs on them; what fails is tried again tomorrow."""
        ready = busy[self.holds[busy] & ~self.runs[busy] & ~self.tried_today[busy]]
        ready = ready[self.days.is_idle(ready)]
        fails = self.always_fails[ready]
        fails |= self.dice.random(len(ready)) < self.world.assumed.faults.failures_per_attempt
        self.tried_today[ready] = True
        self.failed[ready] = fails
        self.runs[ready[~fails]] = True

    def _poll(self, online: Indexes, step: int) -> None:
        """Let pumps fetch the release and report, if they have news."""
        # A clock that is wrong by years is set from the server's signed time first: that is one poll.
        is_lost = self.clock_wrong[online]
        self.clock_wrong[online[is_lost]] = False
        here = online[~is_lost]
        has_news = (self.known.seen_since[here] == NEVER) | (self.runs[here] != self.known.is_proven[here])
        has_news |= ~self.holds[here] | (self.failed[here] != self.known.has_failed[here])
        self.holds[here] = True
        told = here[has_news]
        if len(told):
            self.known.hear(
                Told(told, self.runs[told], ~self.runs[told], self.failed[told], self.epoch[told]), step=step
            )

    def _infuse(self) -> None:
        """Count the infusions of an hour on pumps whose ring is open, and those that begin on an outdated library."""
        is_used = self.days.is_used() & self.is_offered
        self.infusions += self.world.infusions_an_hour(is_used)
        self.outdated += self.world.infusions_an_hour(is_used & ~self.runs)

    @property
    def bytes_a_pump(self) -> float:
        """How many bytes of memory one pump takes."""
        parts = (self, self.known, self.days, self.world, self.known.server)
        arrays = {id(a): a.nbytes for part in parts for a in _values(part) if isinstance(a, np.ndarray)}
        return sum(arrays.values()) / self.world.size


def _values(part: object) -> list[object]:
    names = [*getattr(part, "__dict__", ()), *getattr(part, "__slots__", ())]
    return [getattr(part, name) for name in names]
