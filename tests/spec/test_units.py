"""Quantities are shown, and units and numbers read, as the tables say."""

import pytest

from openinfusion.core.errors import NumberFormatError, UnknownUnitError
from openinfusion.core.numbers import read_decimal
from openinfusion.core.units import Quantity, Unit
from tests.spec import units
from tests.spec.tables import read_table

pytestmark = [pytest.mark.hazard("LC-04"), pytest.mark.hazard("PL-01")]


@pytest.mark.parametrize("row", read_table(units.DISPLAY), ids=lambda row: row["written"])
def test_a_quantity_is_shown_by_nhs_rules(row) -> None:
    """The table of display."""
    assert str(Quantity.read(row["written"])) == row["shown"]


@pytest.mark.parametrize("row", read_table(units.READ), ids=lambda row: row["written"])
def test_a_spelling_is_read(row) -> None:
    """The table of spellings: one unit, one UCUM code, one display text."""
    unit = Unit.read(row["written"])
    assert (unit.code, unit.text) == (row["UCUM"], row["shown"])
    assert Unit.read(unit.text) is unit


@pytest.mark.parametrize("row", read_table(units.REFUSED), ids=lambda row: row["written"])
def test_an_ambiguous_or_unknown_unit_is_refused(row) -> None:
    """The message names what was written and what to write."""
    with pytest.raises(UnknownUnitError) as error:
        Unit.read(row["written"])
    assert row["why"] in str(error.value)
    assert repr(row["written"]) in str(error.value)


@pytest.mark.parametrize("row", read_table(units.NUMBERS), ids=lambda row: row["written"])
def test_a_number_that_is_no_plain_decimal_is_refused(row) -> None:
    """The message says what to write instead."""
    with pytest.raises(NumberFormatError) as error:
        read_decimal(row["written"])
    assert row["why not"] in str(error.value)
