"""What is called chance is the exact tail of two counts, in whole numbers."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinfusion.core.errors import AuthorError
from openinfusion.fleet.rollout.chance import Rate, at_least_by_chance, at_most_by_chance

small = st.integers(0, 12)
amounts = st.integers(1, 500)


@given(small, amounts, small, amounts)
def test_it_is_the_binomial_tail(events, out_of, events_before, out_of_before):
    """Against the plain definition, term by term."""
    both = events + events_before
    here = Fraction(out_of, out_of + out_of_before)
    terms = [comb(both, n) * here**n * (1 - here) ** (both - n) for n in range(both + 1)]
    now, before = Rate(events, out_of), Rate(events_before, out_of_before)
    assert at_least_by_chance(now, before) == sum(terms[events:])
    assert at_most_by_chance(now, before) == sum(terms[: events + 1])


def test_a_hand_worked_case():
    """One event in all, and as much time before as now: heads or tails."""
    assert at_least_by_chance(Rate(1, 100), Rate(0, 100)) == Fraction(1, 2)
    assert at_least_by_chance(Rate(3, 7), Rate(0, 21)) == Fraction(1, 64)


def test_nothing_can_be_told_where_there_was_no_time_for_it_to_happen():
    for now, before in ((Rate(5, 0), Rate(1, 10)), (Rate(5, 10), Rate(1, 0)), (Rate(0, 0), Rate(0, 0))):
        assert at_least_by_chance(now, before) == 1
        assert at_most_by_chance(now, before) == 1


def test_a_long_history_comes_near_the_poisson_tail():
    """3 or more where 0.24 are expected: 0.001926 by tables of the Poisson distribution."""
    chance = at_least_by_chance(Rate(3, 2400), Rate(10_000, 100_000_000))
    assert float(chance) == pytest.approx(0.001926, rel=0.01)


def test_a_count_below_nothing_is_refused():
    with pytest.raises(AuthorError):
        Rate(-1, 5)
