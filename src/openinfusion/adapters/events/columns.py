"""
Events as a flat table: one row a record, one column a value; the columns follow from the dataclass ``Event``.

A nested field becomes ``alert_limit``, a quantity two columns (``programme_dose`` as decimal text, exactly as it was,
and ``programme_dose_unit`` as a UCUM code), a time UTC microseconds and its zone in minutes (``at`` and
``at_offset``), an exact number decimal text, and what this version does not know JSON text in ``extra``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from functools import cache
from typing import Any

import polars as pl

from openinfusion.adapters.documents import Json
from openinfusion.adapters.events.shape import UNTOLD, Form, Part, parts_of
from openinfusion.core.events import Event
from openinfusion.core.numbers import decimal_text

Row = dict[str, Any]
TIME = pl.Datetime("us", "UTC")
_MINUTE = timedelta(minutes=1)
_TYPES: Mapping[Form, pl.DataType] = {Form.COUNT: pl.Int64(), Form.FLAG: pl.Boolean(), Form.TIME: TIME}


def columns() -> dict[str, pl.DataType]:
    """Return every column of the table with its type, in the order of the format."""
    return dict(_columns())


@cache
def _columns() -> tuple[tuple[str, pl.DataType], ...]:
    made = [column for name, part in leaves() for column in leaf_columns(name, part)]
    return (*made, (UNTOLD, pl.String()))


@cache
def leaves() -> tuple[tuple[str, Part], ...]:
    """Return every single value of a record by the name of its column, nested ones with their path."""
    return tuple(_leaves(parts_of(Event), ""))


def _leaves(parts: Iterable[Part], prefix: str) -> Iterator[tuple[str, Part]]:
    for part in parts:
        if part.form is Form.GROUP:
            yield from _leaves(part.parts, f"{prefix}{part.name}_")
        else:
            yield prefix + part.name, part


def leaf_columns(name: str, part: Part) -> tuple[tuple[str, pl.DataType], ...]:
    """Return the column or the two columns that hold one value."""
    own = (name, _TYPES.get(part.form, pl.String()))
    if part.form is Form.QUANTITY:
        return own, (f"{name}_unit", pl.String())
    return (own, (f"{name}_offset", pl.Int16())) if part.form is Form.TIME else (own,)


def to_row(event: Event) -> Row:
    """Return an event as a row; columns that it does not speak of are left out."""
    row: Row = {}
    _put_group(row, event, parts_of(Event), "")
    if event.extra:
        row[UNTOLD] = extra_text(event.extra)
    return row


def extra_text(extra: Mapping[str, object]) -> str:
    """Return what this version does not know as the table holds it."""
    return json.dumps(extra, ensure_ascii=False, sort_keys=True, allow_nan=False)


# A group is whatever dataclass holds the parts; a row, whatever its columns hold.
def _put_group(row: Row, group: object, parts: Iterable[Part], prefix: str) -> None:  # noqa: PLR0917
    for part in parts:
        value = getattr(group, part.name)
        if value is not None:
            _put(row, prefix + part.name, part, value)


def _put(row: Row, name: str, part: Part, value: Any) -> None:  # noqa: ANN401, PLR0917 - whatever a field holds
    """Put a value under its name; a group puts each of its parts."""
    match part.form:
        case Form.GROUP:
            _put_group(row, value, part.parts, f"{name}_")
        case Form.QUANTITY:
            row[name], row[f"{name}_unit"] = decimal_text(value.value), value.unit.code
        case Form.DECIMAL:
            row[name] = decimal_text(value)
        case Form.TIME:
            row[name], row[f"{name}_offset"] = value.astimezone(UTC), value.utcoffset() // _MINUTE
        case Form.WORD:
            row[name] = value.value if isinstance(value, Enum) else value
        case Form.TEXT | Form.COUNT | Form.FLAG:
            row[name] = value


def record_from_row(row: Row) -> Json:
    """Return a row as the record of a file: the inverse of the table, for kinds known and unknown."""
    record = _take_group(row, parts_of(Event), "")
    if row.get(UNTOLD):
        _lay_over(record, _read_extra(row[UNTOLD]))
    return record


def _read_extra(text: str) -> Json:
    """Return the column ``extra`` as an object; what somebody else's tool broke is kept as its text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {UNTOLD: text}


def _take_group(row: Row, parts: Iterable[Part], prefix: str) -> Json:
    taken = ((part.name, _take(row, prefix + part.name, part)) for part in parts)
    return {name: value for name, value in taken if value is not None}


def _take(row: Row, name: str, part: Part) -> Any:  # noqa: ANN401 - JSON is any value
    if part.form is Form.GROUP:
        return _take_group(row, part.parts, f"{name}_") or None
    value = row.get(name)
    if value is None:
        return None
    if part.form is Form.QUANTITY:
        return {"value": value, "unit": row.get(f"{name}_unit")}
    return time_text(value, row.get(f"{name}_offset") or 0) if part.form is Form.TIME else value


def time_text(moment: datetime, offset: int) -> str:
    """Return a moment as a file writes it, in the zone that is so many minutes ahead of UTC."""
    return moment.astimezone(timezone(offset * _MINUTE)).isoformat().replace("+00:00", "Z")


def _lay_over(record: Json, extra: Json) -> None:
    """Put what this version does not know back to its place; what it does know stands."""
    for key, value in extra.items():
        known = record.setdefault(key, value)
        if known is not value and isinstance(known, dict) and isinstance(value, dict):
            _lay_over(known, value)


def to_table(rows: Iterable[Row]) -> pl.DataFrame:
    """Return rows as a table with every column."""
    held = list(rows)
    return pl.DataFrame({name: pl.Series(name, [row.get(name) for row in held], kind) for name, kind in _columns()})
