"""What clinicians meet on the pumps of canaries: counts of infusions, overrides and attempts beyond hard limits."""

from dataclasses import dataclass, field

import numpy as np

from openinfusion.fleet.rollout import Clinical, Rate
from openinfusion.pump.distribution.world import Habits

DAYS_BEFORE = 28


@dataclass(slots=True)
class Ward:
    """
    The pumps of one canary.

    Attributes:
        habits: what clinicians do whatever the library.
        pace: infusions of a day on all its pumps, on average.
        percent: overrides and attempts under the release, in per cent of the usual rates.
        dice: chance.

    """

    habits: Habits
    pace: float
    percent: int
    dice: np.random.Generator
    before: tuple[int, int, int] = field(init=False)
    now: tuple[int, int, int] = (0, 0, 0)
    mood: float = 1.0

    def __post_init__(self) -> None:
        days = []
        for _ in range(DAYS_BEFORE):
            self.begin_day()
            days.append(self._met(self.pace, percent=100))
        self.before = (sum(day[0] for day in days), sum(day[1] for day in days), sum(day[2] for day in days))
        self.begin_day()

    def begin_day(self) -> None:
        """Draw how the day differs from others: patients and staff do, by more than chance."""
        shape = 1 / self.habits.spread_of_days**2
        self.mood = float(self.dice.gamma(shape, 1 / shape))

    def live(self, infusions: float) -> None:
        """Let infusions be given under the release, so many on average."""
        met = self._met(infusions, percent=self.percent)
        self.now = (self.now[0] + met[0], self.now[1] + met[1], self.now[2] + met[2])

    def _met(self, mean: float, *, percent: int) -> tuple[int, int, int]:
        given = int(self.dice.poisson(mean))
        times = self.mood * percent / 100
        overrides = int(self.dice.binomial(given, min(self.habits.overrides * times, 1.0)))
        return given, overrides, int(self.dice.binomial(given, min(self.habits.hard_hits * times, 1.0)))

    def signal(self) -> Clinical:
        """Return the counts as a roll-out asks for them."""
        (given, overrides, hits), (given_before, overrides_before, hits_before) = self.now, self.before
        return Clinical(
            overrides=Rate(overrides, given),
            overrides_before=Rate(overrides_before, given_before),
            hard_hits=Rate(hits, given),
            hard_hits_before=Rate(hits_before, given_before),
        )
