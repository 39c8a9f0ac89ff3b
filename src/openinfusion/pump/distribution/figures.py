"""How soon pumps run a release, against the aim; every share with what it is a share of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openinfusion.pump.distribution.days import STEPS_A_DAY, STEPS_AN_HOUR
from openinfusion.pump.distribution.knowledge import NEVER
from openinfusion.pump.distribution.run import Ran

AIMS = ((8, 50.0), (24, 80.0), (72, 95.0), (168, 99.5))
"""Hours, and the share of pumps in per cent: 99.5 % are proven within a week, or missed with a work item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """
    How far a release had come some hours after the ring of each pump was opened.

    Attributes:
        hours: so many hours after.
        pumps: of rings that were open for so long.
        seen: of these, who reported meanwhile.
        proven: of these, who proved meanwhile that they run it.
        on_work_list: who did not, and a work item was open.

    """

    hours: int
    pumps: int
    seen: int
    proven: int
    on_work_list: int

    @property
    def of_seen(self) -> float:
        """The share of the pumps seen, in per cent."""
        return 100 * self.proven / self.seen if self.seen else 0.0

    @property
    def of_all(self) -> float:
        """The share of all pumps, in per cent: those in stores and behind dead ports too."""
        return 100 * self.proven / self.pumps if self.pumps else 0.0

    @property
    def accounted(self) -> float:
        """The share of all pumps that were proven or on the work list, in per cent."""
        return 100 * (self.proven + self.on_work_list) / self.pumps if self.pumps else 0.0


def reached(ran: Ran, hours: int) -> Reached:
    """Return how far it had come so many hours after the ring of each pump was opened."""
    known, ring = ran.life.known, ran.world.ring
    opened = np.full(len(ran.world.plan.rings), ran.steps, dtype=np.int64)
    opened[: len(ran.opened)] = ran.opened
    until = opened[ring] + hours * STEPS_AN_HOUR
    counts = (ring >= 0) & (until <= ran.steps)
    proven = counts & (known.proven_since != NEVER) & (known.proven_since < until)
    return Reached(
        hours=hours,
        pumps=int(counts.sum()),
        seen=int((counts & (known.seen_since != NEVER) & (known.seen_since < until)).sum()),
        proven=int(proven.sum()),
        on_work_list=int((counts & ~proven & ran.items.were_open(until)).sum()),
    )


def share_since_begun(ran: Ran, hours: int) -> float:
    """Return the share of all pumps, in per cent, that proved it so many hours after the first ring was opened."""
    return share_before(ran.life.known.proven_since, hours)


def share_before(since: NDArray[np.int32], hours: float) -> float:
    """Return the share of pumps, in per cent, whose step came before so many hours had passed."""
    return float(100 * ((since != NEVER) & (since < hours * STEPS_AN_HOUR)).mean())


def days_to(since: NDArray[np.int32], percent: float) -> float | None:
    """Return after how many days this share of all pumps had come so far; ``None`` if it never did."""
    steps = np.sort(since[since != NEVER])
    needed = int(np.ceil(len(since) * percent / 100))
    return None if needed > len(steps) else float(steps[needed - 1] + 1) / STEPS_A_DAY
