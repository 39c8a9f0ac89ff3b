"""Comparing sources knows no order and no unit; more in a source never makes sources agree that did not."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from openinfusion.core.consensus import (
    MISSING,
    DiscrepancyClass,
    Origin,
    SourceKind,
    Statement,
    compare,
    discrepancy,
)
from openinfusion.core.limits import Limits
from openinfusion.core.units import Kind
from tests.strategies import concentrations, limits_in, names, quantities, units, units_like

texts = names.map(str.strip).filter(bool)
values = st.one_of(
    quantities, units.flatmap(limits_in), st.sampled_from([Kind.MASS, Kind.MOLE]).flatmap(concentrations), texts
) | st.just(MISSING)
origins = st.builds(Origin, kind=st.sampled_from(SourceKind), citation=st.sampled_from(["one", "two"]))
statements = st.builds(
    Statement,
    drug=st.just("drug"),
    care_area=st.just("area"),
    attribute=st.just("attribute"),
    value=values,
    origin=origins,
)


@given(values, values)
def test_the_class_of_two_values_is_symmetric(one, other):
    assert compare(one, other) is compare(other, one)


@given(values)
def test_a_value_is_the_same_as_itself(value):
    expected = DiscrepancyClass.MISSING if value is MISSING else DiscrepancyClass.SAME
    assert compare(value, value) is expected


@given(st.data(), quantities)
def test_another_unit_is_never_another_value(data, quantity):
    other = data.draw(units_like(quantity.unit))
    expected = DiscrepancyClass.SAME if other is quantity.unit else DiscrepancyClass.UNIT_ONLY
    assert compare(quantity, quantity.to(other)) is expected
    twice = replace(quantity, value=quantity.value * 2).to(other)
    assert compare(quantity, twice) in (DiscrepancyClass.RANGE, DiscrepancyClass.STRENGTH)


@given(st.data(), units.flatmap(limits_in))
def test_a_range_in_another_unit_is_the_same_range(data, limits):
    other = data.draw(units_like(limits.unit))
    names_ = ("hard_min", "soft_min", "soft_max", "hard_max")
    moved = {name: q.to(other).value for name in names_ if (q := limits.quantity(name)) is not None}
    expected = DiscrepancyClass.SAME if other is limits.unit else DiscrepancyClass.UNIT_ONLY
    assert compare(limits, Limits(unit=other, **moved)) is expected


@given(st.lists(statements, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_sources_does_not_matter(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    one, other = discrepancy(found), discrepancy(shuffled)
    assert one.kind is other.kind
    assert set(one.missing_from) == set(other.missing_from)
    pairs = [{(frozenset((p.first, p.second)), p.kind) for p in d.pairs} for d in (one, other)]
    assert pairs[0] == pairs[1]
