"""Conversion is exact for every quantity and every unit."""

import csv
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinfusion.core.errors import UnitMismatchError
from openinfusion.core.units import Quantity, Unit
from tests.strategies import UNITS, numbers, quantities, units_like

pytestmark = [pytest.mark.hazard("LC-04"), pytest.mark.hazard("PL-01")]
COUNT = 102


@given(st.data(), quantities, numbers)
def test_there_and_back_never_moves_a_value_across_a_limit(data: st.DataObject, value: Quantity, limit: Fraction):
    """A value stands to a limit as it did, in every unit it passes through and back in its own."""
    edge, moved = Quantity(limit, value.unit), value
    for _ in range(data.draw(st.integers(1, 4))):
        unit = data.draw(units_like(value.unit))
        moved = moved.to(unit)
        assert (moved > edge.to(unit), moved == edge) == (value > edge, value == edge)
    assert moved.to(value.unit).value == value.value


@given(st.data(), quantities)
def test_the_order_of_conversions_is_irrelevant(data: st.DataObject, value: Quantity):
    """Any way round through units of one measure ends at the same number."""
    way = data.draw(st.lists(units_like(value.unit), min_size=1, max_size=4))
    end, moved, back = data.draw(units_like(value.unit)), value, value
    for unit in way:
        moved = moved.to(unit)
    for unit in reversed(way):
        back = back.to(unit)
    assert moved.to(end).value == back.to(end).value == value.to(end).value


@given(quantities, quantities)
def test_equal_quantities_hash_alike_and_order_is_total(one: Quantity, other: Quantity):
    """Equality, order and hash agree, in whatever units."""
    if not one.unit.measures_like(other.unit):
        assert one != other
        return
    assert [one < other, one == other, one > other].count(True) == 1
    if one == other.to(one.unit):
        assert hash(one) == hash(other)


@given(quantities)
def test_written_text_reads_back(value: Quantity):
    """What a file holds is the value itself."""
    read = Quantity.read(value.text())
    assert (read.value, read.unit) == (value.value, value.unit)


@given(quantities)
def test_displayed_text_reads_back(value: Quantity):
    """What a screen shows is the value itself, but for grouping, or says that it is about."""
    shown = str(value)
    if not shown.startswith("about "):
        assert Quantity.read(shown.replace(",", "")) == value


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_a_unit_reads_from_its_code_and_its_text(unit: Unit):
    """One unit, one object; its code and its text both mean it (a g of weight only by its text)."""
    assert Unit.read(unit.text) is unit
    assert unit.amount.text.startswith("g (") or Unit.from_ucum(unit.code) is unit


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "drugs" / "dose_units.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_pair_of_units_converts_exactly_or_says_which_two_do_not(shared_data: Path):
    """Of 10,404 pairs, those of one kind and basis go there and back; every other names both units."""
    units = [Unit.read(row["display_text"]) for row in rows_of(shared_data)]
    assert len(units) == COUNT
    for one, other in product(units, units):
        value = Quantity(Fraction(7, 3), one)
        if one.measure == other.measure:
            assert value.to(other).to(one).value == value.value
            assert one.why_not(other) is None
        else:
            with pytest.raises(UnitMismatchError) as error:
                value.to(other)
            assert one.text in error.value.found
            assert other.text in error.value.found
            assert str(one.why_not(other)) in error.value.expected


def test_every_unit_of_the_list_is_read_from_each_spelling(shared_data: Path):
    """UCUM, display text and every synonym that vendor files hold; only the display text is written."""
    for row in rows_of(shared_data):
        unit = Unit.read(row["display_text"])
        assert (unit.text, unit.code) == (row["display_text"], row["ucum_code"])
        spelled = [other for other in spellings(row) if Unit.read(other) is not unit]
        assert spelled == []


def spellings(row: dict[str, str]) -> list[str]:
    """The display text with one part replaced by each of its listed synonyms."""
    found = []
    head, *rest = row["display_text"].split("/")
    for group in row["import_synonyms_never_displayed"].replace("(accept on import)", "").split(";"):
        words = [word.strip() for word in group.split("|") if word.strip()]
        for word in words:
            if word in ("hr", "hour"):
                found.append("/".join([head, *(word if part == "h" else part for part in rest)]))
            elif word in ("day", "d"):
                found.append("/".join([head, *(word if part == "24h" else part for part in rest)]))
            elif word in ("cc", "ml"):
                found.append("/".join(word if part == "mL" else part for part in [head, *rest]))
            else:
                found.append("/".join([word, *rest]))
    return found
