"""Chance that is the same for the same seed, in the shapes that a year of a hospital needs."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import TypeVar

from openinfusion.core.numbers import round_to

T = TypeVar("T")


class Dice:
    """A stream of chance of its own for each seed; only ``Random.random`` is used, which never changes."""

    def __init__(self, *seed: object) -> None:
        self._random = Random("/".join(map(str, seed))).random  # noqa: S311 - examples, not secrets

    def share(self) -> float:
        """Return a number from 0 to 1, without 1."""
        return self._random()

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return low + int(self._random() * (high - low + 1))

    def between(self, low: float, high: float) -> float:
        return low + self._random() * (high - low)

    def one_of(self, items: Sequence[T]) -> T:
        return items[int(self._random() * len(items))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """Return a key, more often the heavier."""
        place = self._random() * sum(weights.values())
        for key, weight in weights.items():
            place -= weight
            if place < 0:
                return key
        return key

    def exponential(self, mean: float) -> float:
        return -mean * math.log(1 - self._random())

    def weibull(self, *, shape: float, scale: float) -> float:
        return float(scale * (-math.log(1 - self._random())) ** (1 / shape))

    def lognormal(self, *, median: float, spread: float) -> float:
        """Return a value above zero; ``spread`` is the standard deviation of its logarithm."""
        one, two = 1 - self._random(), self._random()
        return median * math.exp(spread * math.sqrt(-2 * math.log(one)) * math.cos(2 * math.pi * two))

    def geometric(self, mean: float) -> int:
        """Return a whole number of one or more."""
        if mean <= 1:
            return 1
        return 1 + int(math.log(1 - self._random()) / math.log(1 - 1 / mean))

    def token(self, digits: int) -> str:
        """Return random hexadecimal digits."""
        return "".join(f"{int(self._random() * 65536):04x}" for _ in range(digits // 4))

    def within(self, low: Fraction, high: Fraction) -> Fraction:
        """Return a value of a range, more often from its middle, in steps that a clinician would use."""
        if low >= high:
            return high
        step = step_for(high)
        share = Fraction(int((self._random() + self._random()) * 500), 1000)
        return min(max(round_to(low + (high - low) * share, step), low), high)


def step_for(high: Fraction) -> Fraction:
    """Return the step of ten in which values up to ``high`` are ordered: a twentieth of it or less."""
    step = Fraction(1000)
    while step * 20 > high:
        step /= 10
    return step
