"""
How far a share or a rate may lie from what was counted, by chance alone; and which of many differ beyond it.

A comparison is no ranking: where intervals meet, nobody can say which is higher. The more comparisons are made at once,
the wider each interval must be (Bonferroni), or one in twenty would stand out of nothing.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Interval:
    """From where to where a share or a rate may lie."""

    low: float
    high: float

    def meets(self, other: "Interval") -> bool:
        """Whether two intervals share a value."""
        return self.low <= other.high and other.low <= self.high


def sigmas(comparisons: int = 1) -> float:
    """Return how many standard deviations an interval reaches where so many comparisons are made at once."""
    if comparisons < 1:
        raise ValueError(f"{comparisons} comparisons; expected one or more")
    return NormalDist().inv_cdf(1 - LEVEL / (2 * comparisons))


def of_share(events: int, out_of: int, *, z: float) -> Interval:
    """Return Wilson's interval of a share (E. B. Wilson, J Am Stat Assoc 1927;22:209-212)."""
    if not 0 <= events <= out_of or not out_of:
        raise ValueError(f"{events} of {out_of}; expected a part of something")
    share, square = events / out_of, z * z
    middle = (share + square / (2 * out_of)) / (1 + square / out_of)
    half = z * sqrt(share * (1 - share) / out_of + square / (4 * out_of**2)) / (1 + square / out_of)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def of_rate(events: int, exposure: int, *, z: float) -> Interval:
    """Return the interval of a rate, of events counted in some exposure (score interval of a Poisson count)."""
    if events < 0 or exposure <= 0:
        raise ValueError(f"{events} in {exposure}; expected a count in some exposure")
    square = z * z
    middle, half = events + square / 2, z * sqrt(events + square / 4)
    return Interval(max(0.0, middle - half) / exposure, (middle + half) / exposure)
