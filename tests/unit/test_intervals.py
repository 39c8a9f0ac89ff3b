"""Intervals of shares and rates, against values published elsewhere, and what they refuse."""

import pytest

from openinfusion.core.intervals import Interval, of_rate, of_share, sigmas


def test_wilson_as_published():
    """Newcombe 1998 (Stat Med 17:857-872), table I: 81 of 263 gives 0.2553 to 0.3662; 15 of 148, 0.0624 to 0.1605."""
    for counts, low, high in (((81, 263), 0.2553, 0.3662), ((15, 148), 0.0624, 0.1605), ((0, 20), 0.0, 0.1611)):
        found = of_share(*counts, z=sigmas())
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_a_rate_holds_its_value():
    """The interval of a count lies around it, and is never below zero."""
    found = of_rate(10, 100, z=sigmas())
    assert found.low < 0.1 < found.high
    assert of_rate(0, 100, z=sigmas()).low == 0.0


def test_many_comparisons_widen():
    """The more is compared at once, the wider each interval."""
    assert round(sigmas(), 2) == 1.96
    assert sigmas(100) > sigmas(10) > sigmas()


def test_intervals_that_touch_meet():
    """A value on the edge of both is shared."""
    assert Interval(0.1, 0.2).meets(Interval(0.2, 0.3))
    assert not Interval(0.1, 0.2).meets(Interval(0.21, 0.3))


@pytest.mark.parametrize("wrong", [(5, 4), (-1, 4), (0, 0)])
def test_what_was_never_counted_is_refused(wrong):
    """A part larger than its whole is a fault of the caller."""
    with pytest.raises(ValueError, match="expected"):
        of_share(*wrong, z=1.96)
    with pytest.raises(ValueError, match="expected"):
        of_rate(-1, 0, z=1.96)
    with pytest.raises(ValueError, match="comparisons"):
        sigmas(0)
