"""Units of UCUM: its spellings are read exactly, what pumps never count is not read, and U is no unit of insulin."""

from fractions import Fraction

import pytest

from openinfusion.adapters.fhir.units import from_ucum, from_words
from openinfusion.core.units import Unit


@pytest.mark.parametrize(
    "code, unit, factor",
    [
        ("mL/h", "mL/h", 1),
        ("ml/h", "mL/h", 1),
        ("ug/kg/min", "ug/kg/min", 1),
        ("ug/(kg.min)", "ug/kg/min", 1),
        ("ug/(min.kg)", "ug/kg/min", 1),
        ("[IU]/h", "[iU]/h", 1),
        ("k[iU]", "[iU]", 1000),
        ("dL/h", "mL/h", 100),
        ("mL/s", "mL/min", 60),
        ("umol/kg/min", "mmol/kg/min", Fraction(1, 1000)),
        ("mg/dL", "mg/mL", Fraction(1, 100)),
        ("s", "min", Fraction(1, 60)),
        ("d", "h", 24),
        ("mg/m2/d", "mg/m2/d", 1),
    ],
)
def test_a_code_is_so_many_of_a_unit_of_core(code, unit, factor):
    found = from_ucum(code)
    assert found == (Unit.read(unit), factor)


@pytest.mark.parametrize(
    "code", ["U", "U/h", "mcg", "ug/kg/min/h", "mm[Hg]", "{tablet}", "", "/", "ML/h", "mL/h/", "1", "a" * 99, "ug/(kg"]
)
def test_what_pumps_never_count_is_no_unit(code):
    assert from_ucum(code) is None


@pytest.mark.parametrize("words, unit", [("micrograms/kg/min", "ug/kg/min"), ("units/h", "[iU]/h"), ("ml/hr", "mL/h")])
def test_words_are_read_as_pumps_show_them(words, unit):
    found = from_words(words)
    assert found is not None
    assert found.unit is Unit.read(unit)


@pytest.mark.parametrize("words", ["MU/h", "tablets", "s", "d", "m", "\u039cG/h"])
def test_words_that_could_mean_two_things_mean_none(words):
    assert from_words(words) is None
