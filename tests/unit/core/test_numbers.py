"""Exact decimals at their edges; the tables of display are in tests/spec."""

from fractions import Fraction

import pytest

from openinfusion.core.errors import NumberFormatError
from openinfusion.core.numbers import (
    decimal_text,
    read_decimal,
    round_significant,
    round_to,
    show_number,
    shown_places,
)


@pytest.mark.parametrize(
    "text, value",
    [
        ("0", Fraction(0)),
        ("-0", Fraction(0)),
        ("-0.5", Fraction(-1, 2)),
        ("12.50", Fraction(25, 2)),
        ("999999999999999999", Fraction(10**18 - 1)),
        ("0.000000000000000001", Fraction(1, 10**18)),
        ("-3.25", Fraction(-13, 4)),
    ],
)
def test_a_plain_decimal_is_read_exactly(text: str, value: Fraction) -> None:
    assert read_decimal(text) == value


def test_the_hint_for_a_bad_number_is_in_full() -> None:
    """The whole sentence, as a pharmacist reads it."""
    with pytest.raises(NumberFormatError) as caught:
        read_decimal("1,500")
    assert str(caught.value) == "number: found '1,500'; expected digits without commas, as in 1000"


@pytest.mark.parametrize(
    "value, text",
    [
        (Fraction(0), "0"),
        (Fraction(5), "5"),
        (Fraction(-5), "-5"),
        (Fraction(1, 2), "0.5"),
        (Fraction(-1, 2), "-0.5"),
        (Fraction(1, 8), "0.125"),
        (Fraction(3, 10**18), "0.000000000000000003"),
        (Fraction(1, 2**20), "0.00000095367431640625"),
        (Fraction(7, 5**3), "0.056"),
        (Fraction(10**20), "100000000000000000000"),
        (Fraction(123, 20), "6.15"),
    ],
)
def test_a_decimal_is_written_shortest_and_exact(value: Fraction, text: str) -> None:
    assert decimal_text(value) == text


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-2, 7), Fraction(1, 30), Fraction(22, 15)])
def test_what_has_no_end_is_not_written(value: Fraction) -> None:
    """Writing it would change it."""
    with pytest.raises(NumberFormatError) as caught:
        decimal_text(value)
    assert caught.value.found == str(value)


@pytest.mark.parametrize(
    "value, step, rounded",
    [
        ("0.25", "0.1", "0.3"),
        ("0.249", "0.1", "0.2"),
        ("0.35", "0.1", "0.4"),
        ("-0.25", "0.1", "-0.2"),
        ("7", "5", "5"),
        ("7.5", "5", "10"),
        ("0.04", "0.1", "0"),
        ("12", "0.1", "12"),
    ],
)
def test_rounding_goes_to_the_nearest_step_and_half_way_up(value: str, step: str, rounded: str) -> None:
    assert round_to(Fraction(value), Fraction(step)) == Fraction(rounded)


@pytest.mark.parametrize(
    "value, digits, rounded",
    [
        ("199.999998", 6, "200"),
        ("199.9998", 6, "200"),
        ("199.9994", 6, "199.999"),
        ("0", 3, "0"),
        ("0.00123456", 3, "0.00123"),
        ("123456", 2, "120000"),
        ("0.1", 1, "0.1"),
        ("9.99", 2, "10"),
        ("-123456", 2, "-120000"),
        ("1", 6, "1"),
        ("10", 1, "10"),
        ("0.05", 2, "0.05"),
        ("99.4", 2, "99"),
        ("1/3", 3, "0.333"),
        ("100/3", 3, "33.3"),
        ("15", 1, "20"),
        ("1000001", 6, "1000000"),
    ],
)
def test_rounding_to_significant_digits(value: str, digits: int, rounded: str) -> None:
    """What a logger's float left behind is taken off; the digits that were written stay."""
    assert round_significant(Fraction(value), digits) == Fraction(rounded)


@pytest.mark.parametrize(
    "value, shown",
    [
        ("0", "0"),
        ("1000", "1,000"),
        ("999", "999"),
        ("1234567.5", "1,234,567.5"),
        ("-1234.5", "-1,234.5"),
        ("-0.25", "-0.25"),
        ("-10.25", "-10.25"),
        ("-1/3", "about -0.333333"),
        ("1/3", "about 0.333333"),
        ("2/3", "about 0.666667"),
        ("1/3000", "about 0.0003333"),
        ("1/30000", "about 0.00003333"),
        ("0.0009", "0.0009"),
        ("0.0001234", "0.0001234"),
        ("0.001", "0.001"),
        ("0.00012345678", "about 0.0001235"),
        ("1000.0000001", "about 1,000"),
        ("0.9999999", "about 1"),
        ("1/1000000000000000000", "0.000000000000000001"),
    ],
)
def test_a_number_is_shown_as_a_clinician_reads_it(value: str, shown: str) -> None:
    assert show_number(Fraction(value)) == shown


@pytest.mark.parametrize(
    "value, places",
    [("0", 6), ("1", 6), ("0.001", 6), ("0.000999", 7), ("-0.000999", 7), ("0.0001", 7), ("0.00001", 8), ("5000", 6)],
)
def test_small_values_keep_four_significant_digits(value: str, places: int) -> None:
    assert shown_places(Fraction(value)) == places
