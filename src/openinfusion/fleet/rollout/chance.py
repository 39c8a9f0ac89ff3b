"""
Whether chance alone explains a rate: exact, in whole numbers.

Two counts of rare things are compared, each with how much there was for them to happen in: overrides in infusions,
reversions in pump-hours. If nothing changed, each event fell into the first or the second in proportion to these
amounts, so the first count is binomial given the sum of both. That tail is a sum of whole numbers, without an
approximation, and a short history counts for little by itself (Przyborowski and Wilenski 1940, the conditional test of
two Poisson counts).
"""

from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from openinfusion.core.errors import AuthorError


@dataclass(frozen=True, slots=True)
class Rate:
    """So many events in so much: infusions, or hours of pumps."""

    events: int
    out_of: int

    def __post_init__(self) -> None:
        if self.events < 0 or self.out_of < 0:
            raise AuthorError(where="rate", found=str(self), expected="counts from 0")

    def __str__(self) -> str:
        return f"{self.events:,} in {self.out_of:,}"


def at_least_by_chance(now: Rate, before: Rate) -> Fraction:
    """Return how likely so many events as now, or more, are if the rate is as before; 1 where nothing can be told."""
    weights, total = _fewer(now, before)
    return 1 - Fraction(sum(weights[: now.events]), total)


def at_most_by_chance(now: Rate, before: Rate) -> Fraction:
    """Return how likely so many events as now, or fewer, are if the rate is as before; 1 where nothing can be told."""
    weights, total = _fewer(now, before)
    return Fraction(sum(weights), total)


def _fewer(now: Rate, before: Rate) -> tuple[list[int], int]:
    """Return the weights of 0, 1, ... up to as many events as now, and the weight of all that could have been."""
    divisor = gcd(now.out_of, before.out_of)
    if not divisor or not now.out_of or not before.out_of:
        return [0] * now.events + [1], 1
    here, there = now.out_of // divisor, before.out_of // divisor
    both = now.events + before.events
    weights = [there**both]
    for n in range(now.events):
        weights.append(weights[-1] * (both - n) * here // ((n + 1) * there))
    return weights, (here + there) ** both
