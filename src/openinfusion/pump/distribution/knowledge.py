"""What a server knows of a fleet: only what reports told."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from openinfusion.pump.distribution.world import Bools, Indexes

NEVER = -1


@dataclass(frozen=True, slots=True)
class Told:
    """
    What some pumps report of themselves in a step; each array has one element for each of them.

    Attributes:
        pumps: which pumps.
        runs: whether each runs the release.
        holds: whether it holds the release and waits to be idle.
        failed: whether its last attempt failed.
        epoch: how often it lost its state.

    """

    pumps: Indexes
    runs: Bools
    holds: Bools
    failed: Bools
    epoch: NDArray[np.int16]


class Server(Protocol):
    """Judges what pumps report."""

    def open(self, ring: str, *, at: datetime, deadline: datetime) -> None:
        """Assign the release to the pumps of a ring."""

    def pass_to(self, at: datetime) -> None:
        """Let silence change what it changes."""

    def judge(self, told: Told, *, step: int) -> tuple[Bools, Bools, Bools]:
        """Return whether each is proven to run the release, whether it failed, and whether it lost its state."""


@dataclass(slots=True)
class Believing:
    """A server that takes reports for true: fast, for large fleets; tests hold it against the one that judges."""

    size: int
    epoch: NDArray[np.int16] = field(init=False)

    def __post_init__(self) -> None:
        self.epoch = np.zeros(self.size, dtype=np.int16)

    def open(self, ring: str, *, at: datetime, deadline: datetime) -> None:
        """Assign nothing: who reports is believed."""

    def pass_to(self, at: datetime) -> None:
        """Let nothing change: what silence does, the simulation counts by itself."""

    def judge(self, told: Told, *, step: int) -> tuple[Bools, Bools, Bools]:
        """Return what was told."""
        del step
        has_lost = np.asarray(told.epoch > self.epoch[told.pumps])
        self.epoch[told.pumps] = told.epoch
        return told.runs, told.failed & ~told.runs, has_lost


class Knowledge:
    """
    What is known of each pump.

    Attributes:
        seen_since, proven_since: the first step in which it reported, and in which it proved that it runs the release;
            ``NEVER`` before.
        is_proven: whether its last report proved that.
        has_failed: whether its last attempt failed, as it reported.
        is_back: whether it went back, had not lost its state, and has not come forward again.
        restored, reverted: how often that happened, by ring: after losing its state, and without.

    """

    def __init__(self, server: Server, ring: NDArray[np.int8], *, rings: int) -> None:
        self.server = server
        self.ring = ring
        self.seen_since = np.full(len(ring), NEVER, dtype=np.int32)
        self.proven_since = np.full(len(ring), NEVER, dtype=np.int32)
        self.is_proven: Bools = np.zeros(len(ring), dtype=bool)
        self.has_failed: Bools = np.zeros(len(ring), dtype=bool)
        self.is_back: Bools = np.zeros(len(ring), dtype=bool)
        self.restored = np.zeros(rings, dtype=np.int64)
        self.reverted = np.zeros(rings, dtype=np.int64)

    def hear(self, told: Told, *, step: int) -> None:
        """Take reports in."""
        pumps = told.pumps
        is_proven, has_failed, has_lost = self.server.judge(told, step=step)
        went_back = self.is_proven[pumps] & ~is_proven
        rings = len(self.restored)
        self.restored += np.bincount(self.ring[pumps[went_back & has_lost]], minlength=rings)
        self.reverted += np.bincount(self.ring[pumps[went_back & ~has_lost]], minlength=rings)
        self.is_back[pumps] = (self.is_back[pumps] | went_back & ~has_lost) & ~is_proven
        self.is_proven[pumps] = is_proven
        self.has_failed[pumps] = has_failed
        for since, told_now in ((self.seen_since, pumps), (self.proven_since, pumps[is_proven])):
            since[told_now[since[told_now] == NEVER]] = step

    def count(self, which: Bools) -> NDArray[np.int64]:
        """Return how many pumps these are, by ring."""
        ring = self.ring[which]
        return np.bincount(ring[ring >= 0], minlength=len(self.restored)).astype(np.int64)
