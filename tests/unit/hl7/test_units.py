"""Units in two triples: read in either order, checked against each other, refused where they differ."""

from fractions import Fraction

import pytest

from openinfusion.adapters.hl7.leniency import Leniency
from openinfusion.adapters.hl7.nomenclature import unit_rows
from openinfusion.adapters.hl7.units import COUNT, read_measured, read_number, read_unit
from openinfusion.core.units import Quantity, Unit


def told(text):
    unit = read_unit(text)
    return unit.ucum, unit.refused, [doubt.code for doubt in unit.doubts]


@pytest.mark.parametrize(
    "text, ucum, doubts",
    [
        ("265266^MDC_DIM_MILLI_L_PER_HR^MDC^mL/h^mL/h^UCUM", "mL/h", []),
        ("mL^mL^UCUM^263762^MDC_DIM_MILLI_L^MDC", "mL", []),
        ("3475^ug/kg/min^UCUM^265619^MDC_DIM_MICRO_G_PER_KG_PER_MIN^MDC", "ug/kg/min", [Leniency.UNIT_ORDER]),
        ("1746^mg^UCUM^263890^MDC_DIM_MILLI_G^MDC", "mg", [Leniency.UNIT_ORDER]),
        ("263762^MDC_DIM_MILLI_L^MDC^mL^mL^UCUM ", "mL", []),
        ("263762^MDC_DIM_MILLI_L^MDC", "mL", []),
        ("263762", "mL", []),
        ("^MDC_DIM_MILLI_L^MDC", "mL", [Leniency.UNIT_CODE_UNKNOWN]),
        ("mL/h", "mL/h", []),
        ("mL/hr^mL/hr^UCUM", "mL/h", [Leniency.UNIT_ALIAS]),
        ("265266^MDC_DIM_MILLI_L_PER_HR^MDC^mL/hr^mL/hr^UCUM", "mL/h", [Leniency.UNIT_ALIAS]),
        ("mcg/min^mcg/min^UCUM", "ug/min", [Leniency.UNIT_ALIAS]),
        ("units/h^units/h^UCUM", "[iU]/h", [Leniency.UNIT_ALIAS]),
        ("[IU]/h^^UCUM", "[iU]/h", []),
        ("264320^MDC_DIM_X_SEC^MDC^s^s^UCUM", "s", []),
        ("262688^MDC_DIM_PERCENT^MDC^%^%^UCUM", "%", []),
        ("268242^MDC_DIM_MILLI_AMP_HR^MDC^mA.h^mA.h^UCUM", "mA.h", []),
        ("264704^MDC_DIM_PER_HR^MDC^/h^/h^UCUM", "/h", []),
        ("1", "1", []),
        ("267748^MDC_DIM_MEGA_INTL_UNIT_PER_ML^MDC", "M[iU]/mL", []),
    ],
)
def test_units(text, ucum, doubts):
    assert told(text) == (ucum, None, doubts)


@pytest.mark.parametrize(
    "text, refused",
    [
        ("265266^MDC_DIM_MILLI_L_PER_HR^MDC^mL/min^mL/min^UCUM", Leniency.UNITS_DISAGREE),
        ("265619^MDC_DIM_MICRO_G_PER_KG_PER_MIN^MDC^mg/kg/min^mg/kg/min^UCUM", Leniency.UNITS_DISAGREE),
        ("265619^MDC_DIM_MICRO_G_PER_KG_PER_HR^MDC", Leniency.UNITS_DISAGREE),
        ("262688^MDC_DIM_PERCENT^MDC^mL^mL^UCUM", Leniency.UNITS_DISAGREE),
        ("", Leniency.UNIT_MISSING),
        ("^^MDC", Leniency.UNIT_UNKNOWN),
        ("furlong^furlong^UCUM", Leniency.UNIT_UNKNOWN),
        ("MU/h^MU/h^UCUM", Leniency.UNIT_UNKNOWN),
    ],
)
def test_units_refused(text, refused):
    """Neither side is believed where they differ: a thousandfold dose is worse than none."""
    assert told(text)[1] is refused


@pytest.mark.parametrize("row", unit_rows(), ids=lambda row: f"{row.code}-{row.refid}")
def test_every_unit_of_the_table_agrees_with_its_own_ucum(row):
    name_only = read_unit(f"^{row.refid}^MDC")
    both = read_unit(f"{row.code}^{row.refid}^MDC^{row.ucum}^{row.ucum}^UCUM")
    assert both.refused in (None, Leniency.UNIT_UNKNOWN)
    assert (both.unit, both.factor) == (name_only.unit, name_only.factor)


@pytest.mark.parametrize(
    "value, unit, fit, quantity",
    [
        ("400", "264320^MDC_DIM_X_SEC^MDC", "duration", Quantity(Fraction(20, 3), Unit.read("min"))),
        ("2", "264384^MDC_DIM_HR^MDC", "duration", Quantity.of("120", "min")),
        ("15.40", "mL/h", "flow", Quantity.of("15.4", "mL/h")),
        ("1", "L/d^^UCUM", "flow", Quantity.of("1000", "mL/24h")),
        ("3500", "g^g^UCUM", "weight", Quantity.of("3.5", "kg")),
        ("1.76", "m^^UCUM", "height", Quantity.of("176", "cm")),
        ("2", "267748^MDC_DIM_MEGA_INTL_UNIT_PER_ML^MDC", "concentration", Quantity.of("2000000", "units/mL")),
        ("1", "mg/dL^^UCUM", "concentration", Quantity.of("0.01", "mg/mL")),
        ("1", "266720^MDC_DIM_X_EQUIV^MDC", "dose", Quantity.of("1000", "mEq")),
        ("1", "mg/s^^UCUM", "dose rate", Quantity.of("60", "mg/min")),
    ],
)
def test_values(value, unit, fit, quantity):
    """A value keeps its text; the quantity is exact, also of units that pumps never show."""
    measured = read_measured(value, unit, fit).measured
    assert (measured.text, measured.quantity) == (value, quantity)


@pytest.mark.parametrize(
    "value, unit, fit, why",
    [
        ("5", "mg/h", "flow", Leniency.UNIT_UNFIT),
        ("5", "mL", "flow", Leniency.UNIT_UNFIT),
        ("5", "mg", "dose rate", Leniency.UNIT_UNFIT),
        ("5", "mg/h", "dose", Leniency.UNIT_UNFIT),
        ("5", "mg", "concentration", Leniency.UNIT_UNFIT),
        ("5", "%", "volume", Leniency.UNIT_UNFIT),
        ("5", "", "volume", Leniency.UNIT_MISSING),
        ("", "mL", "volume", Leniency.NUMBER),
        ("ERROR", "mL", "volume", Leniency.NUMBER),
        ("1,5", "mL", "volume", Leniency.NUMBER),
        ("1e3", "mL", "volume", Leniency.NUMBER),
        ("9" * 30, "mL", "volume", Leniency.NUMBER),
    ],
)
def test_values_refused(value, unit, fit, why):
    measured = read_measured(value, unit, fit).measured
    assert (measured.quantity, measured.number, measured.absent) == (None, None, why.value)


def test_a_count_needs_no_unit():
    assert read_measured("7", "", COUNT).measured.number == 7
    assert read_measured("96", "262688^MDC_DIM_PERCENT^MDC", COUNT).measured.number == 96


@pytest.mark.parametrize(
    "text, value", [("+5", 5), ("005", 5), (".5", Fraction(1, 2)), ("5.", 5), (" 5 ", 5), ("-0.5", -Fraction(1, 2))]
)
def test_numbers_written_in_another_way(text, value):
    number, doubts = read_number(text)
    assert number == value
    assert [doubt.code for doubt in doubts] == ([] if text == "-0.5" else [Leniency.NUMBER_ODD])


def test_words_in_place_of_a_number_are_not_shown():
    """They could be about a person."""
    assert read_number("Erin Example")[1][0].found == "other text"


def test_long_texts_are_not_kept():
    assert read_unit("x" * 5000).refused is Leniency.UNIT_UNKNOWN
    assert read_measured("9" * 5000, "mL", "volume").measured.absent == Leniency.NUMBER.value
