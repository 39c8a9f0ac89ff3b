"""What people type into a field for a quantity: the exact value, or words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinfusion.core.errors import AuthorError
from openinfusion.core.units import Quantity, Unit
from openinfusion.web.drafts.typed import in_words, read_typed, said_back

UNITS = ("mg/h", "micrograms/kg/min", "mcg/kg/min", "units/h", "mL/h", "mg", "mg/mL", "ng/kg/min", "h", "x", "")
NUMBERS = st.one_of(
    st.from_regex(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}([,.][0-9]{1,4}){1,3}", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{0,2}(,[0-9]{3}){1,3}(\.[0-9]{1,3})?", fullmatch=True),
    st.text(alphabet="0123456789.,-+eE ’'", max_size=12),
)
TYPED = st.one_of(
    st.text(max_size=30), st.builds("{}{}{}".format, NUMBERS, st.sampled_from((" ", "")), st.sampled_from(UNITS))
)


@given(text=TYPED)
def test_whatever_is_typed_is_refused_in_words_or_read_as_core_reads_it(text):
    """The value is the one that core reads, and what is shown back reads to the same value again."""
    try:
        found = read_typed(text)
    except AuthorError as error:
        words = in_words(error)
    else:
        words = said_back(found)
        assert Quantity.read(_without_commas_of_thousands(text)) == found
        assert read_typed(words) == found
        assert read_typed(words).unit is found.unit
        assert "about" not in words
    assert words


def _without_commas_of_thousands(text) -> str:
    """Return the text as somebody types it who parts no thousands; written apart from the product."""
    number, *unit = re.split(r"(?<=[0-9])(?=[^0-9.,])", text.strip(), maxsplit=1)
    whole, *places = number.split(".")
    first, *rest = whole.split(",")
    is_parted = rest and 1 <= len(first.lstrip("-")) <= 3 and all(len(part) == 3 for part in rest)
    whole = "".join((first, *rest)) if is_parted and first.lstrip("-")[0] in "123456789" else whole
    return "".join((".".join((whole, *places)), *unit))


@given(text=TYPED, unit=st.sampled_from(("mg/h", "micrograms/min", "mg/mL", "units/h")))
def test_a_value_in_another_unit_of_the_field_is_the_same_amount_or_refused(text, unit):
    """Nothing is rounded on the way into the unit of a field."""
    try:
        found = read_typed(text, unit=Unit.read(unit))
    except AuthorError:
        return
    assert found.unit is Unit.read(unit)
    try:
        alone = read_typed(text)
    except AuthorError:
        assert read_typed(f"{text.strip()} {unit}") == found
    else:
        assert alone == found


NEVER = "0,5 mg|1,00 mg|0,500 mg|1,0000 mg|12,34 mg|1,000,5 mg|1 000 mg|1e3 mg|.5 mg|+5 mg|5|1,000,00 mg"


@pytest.mark.parametrize("text", NEVER.split("|"))
def test_a_comma_that_parts_no_thousands_is_never_read(text):
    """Nor is an exponent, a sign, a bare point, or a number that nothing gives a unit."""
    with pytest.raises(AuthorError):
        read_typed(text)


@pytest.mark.parametrize(
    "text,shown",
    [
        ("0.5 mcg/kg/min", "0.5 micrograms/kg/min"),
        ("1,000 units/h", "1,000 units/h"),
        ("12345.5 units/h", "12,345.5 units/h"),
        ("1 unit", "1 unit"),
        ("0.1234567891 mg", "0.1234567891 mg"),
    ],
)
def test_it_is_said_back_grouped_and_in_full(text, shown):
    """With every decimal place, and units as screens write them."""
    assert said_back(read_typed(text)) == shown
