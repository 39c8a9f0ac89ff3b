"""
What people type into a field for a quantity: read exactly, or refused in words.

A comma is read only where it parts thousands as our own screens part them ("1,000"); "0,5" and "10,00" are refused, and
nothing is ever stripped. Everything else is read by ``core.numbers`` and ``core.units``.
"""

import re
from fractions import Fraction

from openinfusion.core.errors import AuthorError, NumberFormatError
from openinfusion.core.numbers import decimal_text, is_plain_decimal, read_decimal, show_number
from openinfusion.core.units import Quantity, Unit

LONGEST = 120
_GROUPED = re.compile(r"(-?[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?![0-9,])")
_BARE = re.compile(r"[-+]?[0-9.,]+([eE][-+]?[0-9]+)?")


def read_typed(text: str, *, unit: Unit | None = None) -> Quantity:
    """
    Return the quantity that somebody typed; a number alone takes the unit that the field is in.

    Raises:
        AuthorError: it is no plain decimal, no unit that pumps use, or of another kind than the field's unit.

    """
    text = _ungrouped(text)
    if _BARE.fullmatch(text):
        number = read_decimal(text)
        if unit is None:
            raise AuthorError(
                where="quantity", found=f"{text} without a unit", expected=f"a unit too, as in {text} mg/h"
            )
        return Quantity(number, unit)
    found = Quantity.read(text)
    if unit is None:
        return found
    converted = found.to(unit)
    if not is_plain_decimal(converted.value):
        raise NumberFormatError(
            where="quantity",
            found=f"{found}, which has no end when written in {unit.text}",
            expected=f"a value in {unit.text}",
        )
    return converted


def read_number(text: str) -> Fraction:
    """Return the number that somebody typed, such as a factor; raises NumberFormatError."""
    return read_decimal(_ungrouped(text))


def read_unit(text: str) -> Unit:
    """Return the unit that somebody typed; raises UnknownUnitError."""
    return Unit.read(text.strip())


def _ungrouped(text: str) -> str:
    """Return the text with the commas taken out that part thousands as a screen parts them, and no others."""
    text = text.strip()
    if len(text) > LONGEST:
        raise AuthorError(where="quantity", found=text, expected=f"at most {LONGEST} characters")
    match = _GROUPED.match(text)
    return text if match is None else match[1].replace(",", "") + text[match.end() :]


def said_back(quantity: Quantity) -> str:
    """Return a quantity grouped and with its unit in full, exactly: what is shown reads to the same value again."""
    shown = str(quantity)
    return shown if not shown.startswith("about") else f"{number_back(quantity.value)} {quantity.unit.text}"


def number_back(value: Fraction) -> str:
    """Return a number grouped, with every decimal place that it has."""
    shown = show_number(value)
    if not shown.startswith("about"):
        return shown
    whole, _, places = decimal_text(value).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}.{places}"


def in_words(error: AuthorError) -> str:
    """Return what is wrong with a field as a sentence."""
    return f"Found {error.found}; expected {error.expected}."
