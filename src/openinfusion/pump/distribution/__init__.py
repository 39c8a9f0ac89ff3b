"""A fleet of pumps in simulated time under a plan of roll-out: how soon each runs a release, and what stops it."""

from openinfusion.pump.distribution.figures import AIMS, Reached, days_to, reached, share_before, share_since_begun
from openinfusion.pump.distribution.life import Bad
from openinfusion.pump.distribution.pushed import push_and_hope
from openinfusion.pump.distribution.run import Ran, simulate
from openinfusion.pump.distribution.world import Assumptions, Rounds, World, make_world, shipped_assumptions

__all__ = [
    "AIMS",
    "Assumptions",
    "Bad",
    "Ran",
    "Reached",
    "Rounds",
    "World",
    "days_to",
    "make_world",
    "push_and_hope",
    "reached",
    "share_before",
    "share_since_begun",
    "shipped_assumptions",
    "simulate",
]
