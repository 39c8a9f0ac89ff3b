"""The record that a sender tells whole: what stands under names of our own, and in the places of the standard."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from openinfusion.adapters.events import Form, leaves
from openinfusion.adapters.hl7.leniency import Cautions
from openinfusion.adapters.hl7.text import Segment
from openinfusion.adapters.hl7.times import Clock, read_moment
from openinfusion.adapters.hl7.tree import UNIT, VALUE, Observation
from openinfusion.adapters.hl7.units import read_unit
from openinfusion.adapters.hl7.vocabulary import OWN
from openinfusion.core.numbers import decimal_text
from openinfusion.core.units import Quantity

MOMENTS = tuple(name for name, part in leaves() if part.form is Form.TIME)
"""Columns of moments; each has its zone in a column of its own."""
_MINUTE = timedelta(minutes=1)
_UTC = Clock(UTC, "of the header")


class Own(NamedTuple):
    """Columns of a record that stand under names of our own, and how many messages tell the record."""

    row: dict[str, Any]
    of: int


def own_record(others: Iterable[Observation]) -> Own | None:
    """Return what stands under names of our own; ``None`` where the sender tells no whole record."""
    row: dict[str, Any] = {}
    of = 1
    for observation in others:
        name = observation.meant.named.name
        if not name.startswith(OWN):
            continue
        column = name.removeprefix(OWN).lower()
        text = observation.segment.value(VALUE)
        if column == "messages":
            of = int(text) if text in ("1", "2") else 1
        else:
            row.update(_columns(column, text, observation.segment))
    return Own(row, of) if "event_id" in row else None


@cache
def _forms() -> Mapping[str, Form]:
    return {name: part.form for name, part in leaves()}


def _columns(column: str, text: str, segment: Segment) -> dict[str, Any]:
    """Return the column or columns of one value; what does not fit stays text, and the record is then refused."""
    form = _forms().get(column)
    if form is Form.QUANTITY:
        return {column: text, f"{column}_unit": read_unit(segment.raw(UNIT)).ucum}
    if form is Form.COUNT:
        return {column: int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text}  # noqa: PLR2004
    if form is Form.FLAG:
        return {column: {"Y": True, "N": False}.get(text, text)}
    if form is Form.TIME:
        moment = read_moment(segment, VALUE, clock=_UTC, cautions=Cautions([]))
        return moment_columns(column, moment.at) if moment is not None else {column: text}
    return {column: text}


def moment_columns(column: str, at: datetime) -> dict[str, Any]:
    """Return a moment as the two columns of the flat table."""
    return {column: at.astimezone(UTC), f"{column}_offset": (at.utcoffset() or timedelta()) // _MINUTE}


def group_columns(prefix: str, group: object) -> Iterator[tuple[str, Any]]:
    """Yield the columns of a group of values, such as a delivery segment."""
    for name in group.__slots__:  # type: ignore[attr-defined]  # every group of a record is a slotted dataclass
        value = getattr(group, name)
        if isinstance(value, Quantity):
            yield f"{prefix}_{name}", decimal_text(value.value)
            yield f"{prefix}_{name}_unit", value.unit.code
        elif value is not None:
            yield f"{prefix}_{name}", value
