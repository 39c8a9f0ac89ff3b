"""The text of one cell as a value: exact numbers, units and times; a fault is an error that the reader collects."""

import re
from datetime import datetime
from fractions import Fraction
from functools import lru_cache

from openinfusion.core.errors import AuthorError, TableError
from openinfusion.core.units import Unit

_NUMBER = re.compile(r"[-+]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][-+]?[0-9]{1,2})?")
_MOST_SHOWN = 20
_MOST_DIGITS = 8


def shown(text: str) -> str:
    """Return a cell's text for a message, unless it is long or could be somebody's number."""
    if len(text) > _MOST_SHOWN or sum(c.isdigit() for c in text) > _MOST_DIGITS:
        return f"a text of {len(text):,} characters"
    return repr(text)


@lru_cache(maxsize=65536)
def read_number(text: str) -> Fraction:
    """Return the exact value of a number; exports of measured data write exponents, so they are read here."""
    if _NUMBER.fullmatch(text) is None:
        raise TableError(where="cell", found=shown(text), expected="a number such as 0.5")
    return Fraction(text)


def read_unit(text: str) -> Unit:
    """Return the unit that a cell means; an unknown one is not repeated if it could be somebody's number."""
    try:
        return Unit.read(text)
    except AuthorError as error:
        raise TableError(where="cell", found=shown(text), expected=error.expected) from error


def read_time(text: str, pattern: str | None) -> datetime:
    """Return a time, by the pattern of the mapping or else by ISO 8601."""
    try:
        if pattern is not None:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - most logs have no zone; start and end share one
        return datetime.fromisoformat(text)
    except ValueError as error:
        expected = f"a time written as {pattern}" if pattern else "a time such as 2026-03-31 14:30"
        raise TableError(where="cell", found=shown(text), expected=expected) from error
