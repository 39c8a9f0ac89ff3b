"""
Events as a flat table: one row a record, one column a value; the columns follow from the dataclass ``Event``.

A nested field becomes ``alert_limit``, a quantity two columns (``programme_dose`` as decimal text, exactly as it was,
and ``programme_dose_unit`` as a UCUM code), a time UTC microseconds (``at_offset`` keeps the zone of ``at`` in
minutes), an exact number decimal text, and what this version does not know JSON text in ``extra``.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any, get_args, get_type_hints

import polars as pl

from openinfusion.core.events import Event
from openinfusion.core.numbers import decimal_text
from openinfusion.core.units import Quantity

Row = dict[str, Any]
_TIME = pl.Datetime("us", "UTC")
_MINUTE = 60


def columns() -> dict[str, pl.DataType]:
    """Return every column of the table with its type, in the order of the format."""
    made: dict[str, pl.DataType] = {}
    for name, kind in _leaves(Event):
        if kind is Quantity:
            made |= {name: pl.String(), f"{name}_unit": pl.String()}
        else:
            made[name] = _TYPES.get(kind, pl.String())
        if name == "at":
            made["at_offset"] = pl.Int16()
    return made


_TYPES: Mapping[object, pl.DataType] = {int: pl.Int64(), bool: pl.Boolean(), datetime: _TIME}


@cache
def _leaves(cls: type, prefix: str = "") -> tuple[tuple[str, type], ...]:
    """Return the name of every value in a dataclass with its type, nested ones with their path."""
    hints = get_type_hints(cls)
    made: list[tuple[str, type]] = []
    for part in fields(cls):
        kind = _plain_type(hints[part.name])
        if is_dataclass(kind) and kind is not Quantity:
            made.extend(_leaves(kind, f"{prefix}{part.name}_"))
        else:
            made.append((prefix + part.name, kind))
    return tuple(made)


def _plain_type(hint: Any) -> type:  # noqa: ANN401 - any annotation
    """Return the one type that an optional field holds; texts of a list of words are text."""
    inner = [arg for arg in get_args(hint) if isinstance(arg, type) and arg is not type(None)]
    if isinstance(hint, type) and not get_args(hint):
        return hint
    return inner[0] if len(inner) == 1 and inner[0] is not str else str


def to_row(event: Event) -> Row:
    """Return an event as a row; columns that it does not speak of are left out."""
    row: Row = {"at_offset": _offset(event.at)}
    for part in fields(Event):
        value = getattr(event, part.name)
        if value is not None and value != {}:
            _put(row, part.name, value)
    return row


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset()
    return int(offset.total_seconds()) // _MINUTE if offset is not None else 0


def _put(row: Row, name: str, value: Any) -> None:  # noqa: ANN401 - whatever a field holds
    """Put a value under its name; a group puts each of its parts."""
    if isinstance(value, Quantity):
        row[name], row[f"{name}_unit"] = decimal_text(value.value), value.unit.code
    elif is_dataclass(value):
        for part in fields(value):
            inner = getattr(value, part.name)
            if inner is not None:
                _put(row, f"{name}_{part.name}", inner)
    else:
        row[name] = _plain(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a field holds
    """Return a single value as the table holds it."""
    convert: Callable[[Any], Any] | None = next((c for kind, c in _CONVERT if isinstance(value, kind)), None)
    return value if convert is None else convert(value)


_CONVERT: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: value.value),
    (Fraction, decimal_text),
    (datetime, lambda value: value.astimezone(UTC)),
    (Mapping, lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True)),
)


def to_table(rows: Iterable[Row]) -> pl.DataFrame:
    """Return rows as a table with every column."""
    held = list(rows)
    return pl.DataFrame({name: pl.Series(name, [row.get(name) for row in held], kind) for name, kind in columns().items()})
