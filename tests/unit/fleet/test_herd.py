"""F6: pumps that were cut off at one moment do not come back at one moment."""

import random
from collections import Counter

import pytest

from openinfusion.fleet.agent.pace import CAP, until_next
from tests.reliability import is_thorough, record

pytestmark = pytest.mark.reliability

POLL = 300
OUTAGE = 8 * 3600
PUMPS = 10_000 if is_thorough() else 1000


def first_answer(dice):
    """Return how many seconds after the end of an outage a pump has its first answer."""
    at, failures = dice.random() * POLL, 0
    while at < OUTAGE:
        failures += 1
        at += until_next(POLL, failures, chance=dice.random)
    return at - OUTAGE


def test_an_interval_is_spread_by_a_quarter_either_way():
    evenly = iter([n / 1000 for n in range(1000)])
    waits = [until_next(POLL, 0, chance=lambda: next(evenly)) for _ in range(1000)]
    assert min(waits) == 225
    assert max(waits) == pytest.approx(375, abs=1)
    assert sum(waits) / len(waits) == pytest.approx(POLL, abs=1)


def test_a_failed_attempt_is_repeated_anywhere_in_a_bound_that_doubles():
    longest = [until_next(POLL, failures, chance=lambda: 1.0) for failures in range(1, 14)]
    assert longest == sorted(longest)
    assert longest[0] <= 10
    assert longest[-1] == CAP == 900
    assert until_next(POLL, 10**9, chance=lambda: 0.0) == 0.0


def test_after_an_outage_of_eight_hours_no_second_sees_more_than_a_few_pumps():
    """All are back within the longest wait, 15 minutes; a fixed wait would have brought them back in step."""
    dice = random.Random(6)  # noqa: S311 - a simulation
    back = [first_answer(dice) for _ in range(PUMPS)]
    a_second = Counter(int(seconds) for seconds in back)
    assert max(back) < CAP
    assert max(a_second.values()) <= max(10, PUMPS // 200)
    figures = {
        "all are back after": f"{max(back) / 60:.1f} minutes",
        "half are back after": f"{sorted(back)[PUMPS // 2] / 60:.1f} minutes",
        "pumps in the busiest second": max(a_second.values()),
    }
    record("F6-herd", figures, title=f"{PUMPS:,} pumps come back after an outage of 8 hours, in simulated time")


def test_polls_that_began_together_drift_apart():
    dice = random.Random(7)  # noqa: S311 - a simulation
    times = [0.0] * 2000
    for _ in range(24):
        times = [time + until_next(POLL, 0, chance=dice.random) for time in times]
    busiest = max(Counter(int(time % POLL) // 10 for time in times).values())
    assert busiest < 2 * 2000 / 30, "no ten seconds of the interval see twice their share"
