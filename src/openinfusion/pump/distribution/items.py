"""Work items of simulated pumps: each is open from a step until its pump proves that it is well."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from openinfusion.pump.distribution.knowledge import NEVER
from openinfusion.pump.distribution.world import Bools, Indexes

_OPEN = np.iinfo(np.int32).max
Steps = NDArray[np.int32]


@dataclass(slots=True)
class Items:
    """
    The work items of a fleet; each array has one element for each pump.

    Attributes:
        opened: the step in which the last item of each pump was opened, or ``NEVER``.
        is_open: whether it is open still.
        is_silence: whether it was opened because the pump was silent.
        first: the step in which the first item of each pump was opened, or ``NEVER``.

    """

    opened: Steps
    is_open: Bools
    is_silence: Bools
    first: Steps
    _closed: list[tuple[Indexes, Steps, int]] = field(default_factory=list)

    @classmethod
    def of(cls, size: int) -> "Items":
        """Return none for so many pumps."""
        nothing, never = np.zeros(size, dtype=bool), np.full(size, NEVER, dtype=np.int32)
        return cls(never, nothing, nothing.copy(), never.copy())

    def open(self, which: Bools, step: int, *, is_silence: bool) -> Indexes:
        """Open an item for the pumps that have none open, and return these pumps."""
        new = np.flatnonzero(which & ~self.is_open)
        self.opened[new], self.is_open[new], self.is_silence[new] = step, True, is_silence
        self.first[new[self.first[new] == NEVER]] = step
        return new

    def close(self, which: Bools, step: int) -> None:
        """Close the items of some pumps."""
        done = np.flatnonzero(which & self.is_open)
        if len(done):
            self._closed.append((done, self.opened[done].copy(), step))
            self.is_open[done] = False

    def were_open(self, at: NDArray[np.int64]) -> Bools:
        """Return whether an item was open for each pump at a step of its own."""
        still = np.flatnonzero(self.is_open)
        were: Bools = np.zeros(len(self.opened), dtype=bool)
        for pumps, opened, closed in (*self._closed, (still, self.opened[still], _OPEN)):
            were[pumps] |= (opened <= at[pumps]) & (at[pumps] < closed)
        return were
