"""Our own extensions back to the values that they hold: all of it, or nothing and a caution."""

from collections.abc import Hashable
from dataclasses import fields
from enum import Enum
from fractions import Fraction
from functools import cache
from types import NoneType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from openinfusion.adapters.fhir.amounts import ANYTHING, exact_number, read_quantity
from openinfusion.adapters.fhir.cautions import Cautions, Flag
from openinfusion.adapters.fhir.cursor import Cursor
from openinfusion.adapters.fhir.values import Context
from openinfusion.core.event_parts import Alert, Delivered, Programmed, Segment, segment_faults
from openinfusion.core.units import Quantity

T = TypeVar("T", Context, Programmed, Delivered, Segment, Alert)
_DAMAGED = object()


def read_group(here: Cursor, to: type[T], cautions: Cautions) -> T | None:
    """Return the value that an extension of ours holds, or ``None`` where there is none or a part cannot be read."""
    if not here:
        return None
    found: dict[str, Any] = {}
    inner = Cautions()
    for name, hint in _kinds(cast("Hashable", to)).items():
        told = here.extension(name)
        found[name] = _value(told, hint, inner) if told else None
    is_whole = _DAMAGED not in found.values() and not inner.met
    missing = [field.name for field in fields(to) if field.default is not None and found[field.name] is None]
    if not is_whole or missing:
        place = inner.met[0].place if inner.met else here.path
        cautions.add(
            Flag.EXTENSION, place, f"a part that is missing or cannot be read: {', '.join(missing) or 'a value'}"
        )
        return None
    return to(**found)


@cache
def _kinds(to: Hashable) -> dict[str, Any]:
    """Return what each field holds, besides nothing."""
    return {name: _without_none(hint) for name, hint in get_type_hints(to).items()}


def _without_none(hint: Any) -> Any:  # noqa: ANN401 - any annotation
    kinds = [one for one in get_args(hint) if one is not NoneType]
    return kinds[0] if NoneType in get_args(hint) else hint


def _value(here: Cursor, hint: Any, cautions: Cautions) -> object:  # noqa: ANN401 - any annotation
    """Return one value of an extension, or the mark of damage."""
    if hint is Quantity:
        return read_quantity(here.at("valueQuantity"), ANYTHING, cautions) or _DAMAGED
    if hint is bool:
        flag = here.at("valueBoolean").flag()
        return _DAMAGED if flag is None else flag
    if hint in (int, Fraction):
        number = exact_number(here.first("valueInteger", "valueDecimal"))
        if number is None or (hint is int and number.denominator != 1):
            return _DAMAGED
        return int(number) if hint is int else number
    text = here.at("valueString").text()
    if text is None:
        return _DAMAGED
    return _word(text, hint)


def _word(text: str, hint: Any) -> object:  # noqa: ANN401 - any annotation
    if get_origin(hint) is Literal:
        return text if text in get_args(hint) else _DAMAGED
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next((one for one in hint if one.value == text), _DAMAGED)
    return text


def read_segment(here: Cursor, which: str, cautions: Cautions) -> Segment | None:
    """Return a delivery segment that can be one."""
    segment = read_group(here, Segment, cautions)
    if segment is not None and any(segment_faults(which, segment)):
        cautions.add(Flag.EXTENSION, here.path, f"a segment that cannot have {which} so")
        return None
    return segment


def read_alert(here: Cursor, cautions: Cautions) -> Alert | None:
    """Return an alert whose two values can be compared."""
    alert = read_group(here, Alert, cautions)
    if alert is not None and not alert.attempted.unit.measures_like(alert.bound.unit):
        cautions.add(Flag.EXTENSION, here.path, f"{alert.attempted.unit.text} against {alert.bound.unit.text}")
        return None
    return alert
