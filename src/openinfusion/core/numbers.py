"""
Exact decimal numbers: read from text, written to text, shown by NHS rules.

Values are ``Fraction`` inside and decimal text at every edge; no ``float`` ever holds a dose.
Display rules: NHS Common User Interface, Medication Line (MEDi-015, 016, 017).
"""

import re
from fractions import Fraction
from functools import lru_cache

from openinfusion.core.errors import NumberFormatError

PLAIN_DECIMAL = r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?"
SHOWN_PLACES = 6
_PLAIN_DECIMAL = re.compile(PLAIN_DECIMAL)


@lru_cache(maxsize=65536)
def read_decimal(text: str) -> Fraction:
    """
    Return the exact value of a plain decimal, such as ``0.5``, ``12`` or ``-3.25``.

    Raises:
        NumberFormatError: an exponent, a comma, a sign "+", a bare ".5", not ASCII digits, or over 18 digits.

    """
    if _PLAIN_DECIMAL.fullmatch(text) is None:
        raise NumberFormatError(where="number", found=repr(text), expected=_hint(text))
    whole, _, places = text.partition(".")
    return Fraction(int(whole + places), 10 ** len(places))


def _hint(text: str) -> str:
    """Return what to write instead of ``text``, for the slips that are common in drug libraries."""
    if re.fullmatch(r"-?\.[0-9]+", text):
        return "a zero before the point, as in 0.5"
    if re.fullmatch(r"-?[0-9]+,[0-9]{1,2}", text):
        return "a point instead of the comma, as in 0.5"
    if "," in text:
        return "digits without commas, as in 1000"
    if re.fullmatch(r"[-+]?[0-9.]+[eE][-+]?[0-9]+", text):
        return "digits without an exponent, as in 0.001"
    return "a plain decimal, as in 0.5"


def decimal_text(value: Fraction) -> str:
    """
    Return the shortest plain decimal that is exactly ``value``.

    Raises:
        NumberFormatError: the value has no finite decimal (such as one third), so writing it would change it.

    """
    text = _finite_decimal(value)
    if text is None:
        raise NumberFormatError(where="number", found=str(value), expected="a value with a finite decimal")
    return text


def is_plain_decimal(value: Fraction) -> bool:
    """Whether ``value`` can be written exactly as ``read_decimal`` reads it: 18 digits, 18 decimal places at most."""
    text = _finite_decimal(value)
    return text is not None and _PLAIN_DECIMAL.fullmatch(text) is not None


def _finite_decimal(value: Fraction) -> str | None:
    """Return the shortest exact decimal, or ``None`` if the expansion never ends."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return _fixed(value, max(twos, fives)) if rest == 1 else None


def _fixed(value: Fraction, places: int) -> str:
    """Return ``value`` with this many decimal places, which it needs no more than."""
    digits = str(int(abs(value) * 10**places)).zfill(places + 1)
    whole, fraction = (digits[:-places], digits[-places:]) if places else (digits, "")
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def round_to(value: Fraction, step: Fraction) -> Fraction:
    """Return the multiple of ``step`` nearest to ``value``; a value half way goes up, as infusion pumps round."""
    return (value / step + Fraction(1, 2)).__floor__() * step


def round_significant(value: Fraction, digits: int) -> Fraction:
    """Return ``value`` rounded to so many significant digits: 199.999998 to six is 200."""
    exponent = len(str(abs(value.numerator))) - len(str(value.denominator))
    if abs(value) < Fraction(10) ** exponent:
        exponent -= 1
    return round_to(value, Fraction(10) ** (exponent - digits + 1))


def show_number(value: Fraction) -> str:
    """
    Return a number as a clinician reads it: grouped thousands, no trailing zero, a zero before the point.

    A value that needs more than six significant decimal places is rounded and says so with "about".
    """
    places = shown_places(value)
    rounded = round_to(value, Fraction(1, 10**places))
    whole, _, fraction = decimal_text(rounded).partition(".")
    grouped = f"{int(whole):,}"
    if whole.startswith("-0"):
        grouped = "-0"
    text = f"{grouped}.{fraction}" if fraction else grouped
    return text if rounded == value else f"about {text}"


def shown_places(value: Fraction) -> int:
    """Return how many decimal places ``show_number`` may use: six, and more for very small values."""
    places = SHOWN_PLACES
    while value and abs(value) * 10**places < 1000:  # noqa: PLR2004 - at least four significant digits stay
        places += 1
    return places


def show_share(share: Fraction | None) -> str:
    """Return a share as a percentage with one decimal place, or a dash where there is nothing to share."""
    return "–" if share is None else f"{show_number(round_to(share * 100, Fraction(1, 10)))} %"
