"""When an agent comes again: spread, so that ten thousand pumps never come at once; patient where nobody answers."""

from collections.abc import Callable

SPREAD = 0.25
BASE, CAP = 5.0, 900.0
"""Seconds: the first wait after a failure is at most this long, and none is longer than that."""


def until_next(poll_seconds: int, failures: int, *, chance: Callable[[], float]) -> float:
    """
    Return the seconds until the next poll.

    Args:
        poll_seconds: what the server asked for last.
        failures: how many polls in a row had no answer.
        chance: gives a number from 0 up to 1, each time another.

    """
    if failures == 0:
        return poll_seconds * (1 - SPREAD + 2 * SPREAD * chance())
    return min(CAP, BASE * 2.0 ** min(failures, 10)) * chance()
