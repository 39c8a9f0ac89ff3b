"""One cell at a time: what vendors write, and what it means."""

from fractions import Fraction

import pytest

from openinfusion.adapters.tables import shipped_mapping
from openinfusion.adapters.tables.build import strength_agrees
from openinfusion.adapters.tables.cells import Number, is_blank, read_unit, read_value
from openinfusion.adapters.tables.fields import find_field
from openinfusion.adapters.tables.headers import Headers
from openinfusion.adapters.tables.mapping import Column, HeaderWords, Sheet
from openinfusion.core.errors import AuthorError
from openinfusion.core.units import Quantity, Unit

ALARIS = shipped_mapping("alaris")
BAXTER = shipped_mapping("baxter")


def read(text, path="dose.soft_max", mapping=ALARIS, **column):
    field = find_field(path, "entries")
    assert field is not None
    return read_value(text, Column(header="x", fields=(path,), **column), field, per=None, mapping=mapping)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("0.5", "1/2", None),
        (".5", "1/2", None),
        ("600 mg", "600", "mg"),
        ("600mg", "600", "mg"),
        ("25,000 units", "25000", "[iU]"),
        ("1,000.5", "2001/2", None),
        ("6 mg/mL", "6", "mg/mL"),
        ("125 mL/hr", "125", "mL/h"),
    ],
)
def test_numbers(text, value, unit) -> None:
    """A number may carry its unit, and commas between thousands where the mapping says so."""
    assert read(text) == Number(Fraction(value), Unit.read(unit) if unit else None)


@pytest.mark.parametrize(
    "text", ["1,5", "0,5", "1,00,000", "5 - 10", "<5", "5 to 10", "1e3", "five", "0.5.1", "1 2", "#N/A"]
)
def test_what_is_no_number(text) -> None:
    """Nothing is guessed: a decimal comma is not a thousands comma."""
    with pytest.raises(AuthorError):
        read(text)


@pytest.mark.parametrize(
    ("text", "minutes"), [("0:30", "30"), ("01:00", "60"), ("1:40", "100"), ("25:30", "1530"), ("0:00:30", "1/2")]
)
def test_durations(text, minutes) -> None:
    """hh:mm is exact minutes, above a day too."""
    assert read(text, "duration.soft_min", reads="hh:mm") == Number(Fraction(minutes), Unit.read("min"))


@pytest.mark.parametrize("text", ["90", "0.0208", "1:60", "-1:00", "1:5"])
def test_what_is_no_duration(text) -> None:
    """A bare number in an hh:mm column may be days, hours or minutes."""
    with pytest.raises(AuthorError):
        read(text, "duration.soft_min", reads="hh:mm")


@pytest.mark.parametrize("text", ["n/a", "N/A", "-", "- -", "--", "\u2013 \u2013", " None ", ""])
def test_blanks(text) -> None:
    """Any run of dashes is one word, whatever its dashes."""
    assert is_blank(text, Column(header="x"), ALARIS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("gram", "g"),
        ("nanogram/kg/min", "ng/kg/min"),
        ("mcg/kg/min", "ug/kg/min"),
        ("unit/kg/h", "[iU]/kg/h"),
        ("milliunit/min", "m[iU]/min"),
        ("mEq/h", "meq/h"),
        ("mL/hr", "mL/h"),
        ("gram/day", "g/d"),
        ("mg/m2", "mg/m2"),
    ],
)
def test_units(text, code) -> None:
    """Vendors' spellings are read, by themselves and before a slash."""
    assert read_unit(text, ALARIS).code == code


def test_a_unit_is_completed() -> None:
    """One unit column may serve several groups: mg is mg/h for the background, mg/mL for the concentration."""
    assert read_unit("mg", ALARIS, per="h").code == "mg/h"
    assert read_unit("mcg", ALARIS, per="mL").code == "ug/mL"
    assert read_unit("mg/mL", ALARIS, per="mL").code == "mg/mL"
    assert read_unit("mg/min", BAXTER, is_amount=True).code == "mg"


@pytest.mark.parametrize(
    ("printed", "exact", "agrees"),
    [
        ("54.5455", Fraction(15000, 275), True),
        ("54.545", Fraction(15000, 275), True),
        ("54.55", Fraction(15000, 275), True),
        ("54.5454", Fraction(15000, 275), False),
        ("54.6", Fraction(15000, 275), False),
        ("55", Fraction(15000, 275), False),
        ("0.333333", Fraction(1, 3), True),
        ("0", Fraction(3, 10), False),
        ("4", Fraction(4), True),
        ("40", Fraction(4), False),
        ("1234570", Fraction(1234567), True),
    ],
)
def test_printed_strength(printed, exact, agrees) -> None:
    """Amount and volume are the truth; a printed strength agrees only if it is these, rounded as printed."""
    mg_per_ml = Unit.read("mg/mL")
    assert strength_agrees(Quantity.of(printed, mg_per_ml), Quantity(exact, mg_per_ml)) is agrees


@pytest.mark.parametrize(
    "header",
    [
        "Dose Limits Soft Min",
        "Dose Limits\nSoft Min",
        "  DOSE  limits   soft MIN ",
        "Dose Limit Soft Minimum",
        "Soft Min Dose Limits",
        "Dose Soft Min",
        "Dose Limits Soft Min (see note)",
    ],
)
def test_headers_with_uneven_blanks(header) -> None:
    """Blanks, line breaks, capitals and the order of words do not matter."""
    found = Headers(ALARIS.sheets[0], ALARIS.header_words).find(header)
    assert found is not None
    assert found.fields == ("dose.soft_min",)


@pytest.mark.parametrize(
    "header", ["Dose Limits", "Soft Min", "Bolus Admin Soft Min", "Dose Limits Soft", "Weight (lb)", ""]
)
def test_headers_that_are_not_it(header) -> None:
    """A header that lacks a telling word, or has one more, is another column."""
    found = Headers(ALARIS.sheets[0], ALARIS.header_words).find(header)
    assert found is None


def test_pounds_are_not_kilograms() -> None:
    """A header that names another unit than the mapping's is not that column."""
    weight = Column(header="Maximum Weight (kg)", fields=("weight.hard_max",), unit=Unit.read("kg"))
    headers = Headers(Sheet(id="x", holds="care areas", columns=(weight,)), HeaderWords())
    assert headers.find("Maximum Weight") is weight
    assert headers.find("Maximum Weight (kg)") is weight
    assert headers.find("Maximum Weight (lb)") is None
    assert headers.find("Maximum Weight (g)") is None
