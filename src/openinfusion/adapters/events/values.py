"""Single values of a record: from JSON to core values, or the fault; and texts to their canonical form, fast."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from openinfusion.adapters.events.shape import Form, Part
from openinfusion.core.errors import Fault, NumberFormatError, UnknownUnitError
from openinfusion.core.events import LARGEST_COUNT, MEASURES
from openinfusion.core.limits import Limit
from openinfusion.core.numbers import decimal_text, read_decimal
from openinfusion.core.units import Quantity, Unit

CACHED = 2**17
TIME_TEXT = (
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
    r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"
)
_TIME = re.compile(TIME_TEXT, re.ASCII)
_NO_ZONE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?")
_TIME_WORDS = "a time such as 2026-03-31T14:05:00+01:00"
_MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a JSON value is not what a field holds."""

    faults: tuple[Fault, ...]


def read_value(part: Part, value: object, path: str) -> Any:  # noqa: ANN401 - whatever the field holds
    """Return the core value of a single JSON value, or a ``Misfit`` with everything that is wrong with it."""
    if part.form is Form.WORD:
        return _read_word(part, value, path)
    return _READERS[part.form](value, path)


def _misfit(path: str, found: str, expected: str) -> Misfit:
    return Misfit((Fault(path, found, expected),))


def shown(value: object) -> str:
    """Return a JSON value as a message shows it: its type, never a text that could name somebody."""
    if isinstance(value, str):
        return f"a text of {len(value)} characters" if value else "an empty text"
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "null")


def quoted(text: str) -> str:
    """Return a text of a field that never holds a name, cut to what a screen shows."""
    return repr(text) if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]!r}..."


def _read_text(value: object, path: str) -> object:
    return value if isinstance(value, str) else _misfit(path, shown(value), "a text")


def _read_word(part: Part, value: object, path: str) -> object:
    if not isinstance(value, str) or value not in part.words:
        found = quoted(value) if isinstance(value, str) else shown(value)
        return _misfit(path, found, f"one of {', '.join(part.words)}")
    return part.cls(value) if part.cls is not None and issubclass(part.cls, Enum) else value


def _read_decimal(value: object, path: str) -> object:
    if not isinstance(value, str):
        return _misfit(path, shown(value), 'a decimal as text in quotes, such as "0.5"')
    try:
        return read_decimal(value)
    except NumberFormatError as error:
        return _misfit(path, quoted(value), error.expected)


def _read_unit(value: object, path: str) -> Unit | Misfit:
    if not isinstance(value, str):
        return _misfit(path, shown(value), "a UCUM code such as ug/kg/min")
    try:
        return Unit.read(value)
    except UnknownUnitError as error:
        return _misfit(path, quoted(value), error.expected)


def _read_quantity(value: object, path: str) -> object:
    if not isinstance(value, dict):
        return _misfit(path, shown(value), 'an object such as {"value": "0.5", "unit": "mg/h"}')
    missing = tuple(
        Fault(f"{path}.{key}", "nothing", words)
        for key, words in (("value", "a decimal as text"), ("unit", "a UCUM code"))
        if key not in value
    )
    number = _read_decimal(value["value"], f"{path}.value") if "value" in value else None
    unit = _read_unit(value["unit"], f"{path}.unit") if "unit" in value else None
    found = missing + tuple(fault for one in (number, unit) if isinstance(one, Misfit) for fault in one.faults)
    return Misfit(found) if found else Quantity(number, unit)  # type: ignore[arg-type]


def _read_count(value: object, path: str) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        return _misfit(path, shown(value), "a whole number without quotes or a point")
    if abs(value) > LARGEST_COUNT:
        return _misfit(path, "a number beyond 64 bits", f"at most {LARGEST_COUNT}")
    return value


def _read_flag(value: object, path: str) -> object:
    return value if isinstance(value, bool) else _misfit(path, shown(value), "true or false, without quotes")


def _read_time(value: object, path: str) -> object:
    if not isinstance(value, str):
        return _misfit(path, shown(value), _TIME_WORDS)
    if _TIME.fullmatch(value) is None:
        found = f"{quoted(value)}, without its zone" if _NO_ZONE.fullmatch(value) else quoted(value)
        return _misfit(path, found, f"{_TIME_WORDS}, with at most six decimal places")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return _misfit(path, quoted(value), "a day that the calendar has")


_READERS: Mapping[Form, Callable[[object, str], object]] = {
    Form.TEXT: _read_text,
    Form.DECIMAL: _read_decimal,
    Form.COUNT: _read_count,
    Form.FLAG: _read_flag,
    Form.TIME: _read_time,
    Form.QUANTITY: _read_quantity,
}


@lru_cache(maxsize=CACHED)
def canonical_decimal(text: str) -> str | None:
    """Return the shortest spelling of a decimal, or ``None`` if it is none."""
    try:
        return decimal_text(read_decimal(text))
    except NumberFormatError:
        return None


@lru_cache(maxsize=4096)
def canonical_unit(text: str) -> str | None:
    """Return the UCUM code of a unit however it is spelt, or ``None`` if there is no such unit."""
    try:
        return Unit.read(text).code
    except UnknownUnitError:
        return None


@lru_cache(maxsize=CACHED)
def crosses(limit: str, attempted: tuple[str, str], bound: tuple[str, str]) -> bool:
    """Whether a canonical value and unit lies on the far side of the limit that it is said to have crossed."""
    tried, edge = (Quantity(read_decimal(value), Unit.read(unit)) for value, unit in (attempted, bound))
    if not tried.unit.measures_like(edge.unit):
        return False
    return tried < edge if limit in _LOW else edge < tried


_LOW = frozenset({Limit.HARD_MIN.value, Limit.SOFT_MIN.value})


_LIKE = {f"{group}_{name}": unit for group, units in MEASURES.items() for name, unit in units.items()}


@lru_cache(maxsize=4096)
def measures(column: str, code: str) -> bool:
    """Whether a unit measures what the values of this column must be measured in."""
    like = _LIKE.get(column)
    return like is None or Unit.read(code).measures_like(like)


@lru_cache(maxsize=4096)
def minutes_ahead(zone: str) -> int:
    """Return the minutes of ``Z`` or ``+01:00``."""
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes
