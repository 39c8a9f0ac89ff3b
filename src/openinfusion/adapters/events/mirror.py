"""
The records as msgspec reads them fastest: structs that mirror the core dataclasses, decimals, units and times as text.

A line that fits the mirror has the right keys, types, words and lengths; whatever does not is judged by ``record``.
"""

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from openinfusion.adapters.events.shape import Form, Part, parts_of
from openinfusion.core.events import LARGEST_COUNT, LONGEST_NAME, Event

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
# Longer ones are never good; so what is remembered of good and bad ones stays small.
_Short = Annotated[str, msgspec.Meta(max_length=80)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_COUNT)]
_TYPES: dict[Form, Any] = {
    Form.TEXT: _Text,
    Form.DECIMAL: _Short,
    Form.TIME: str,
    Form.COUNT: _Count,
    Form.FLAG: bool,
}
_SETTINGS: dict[str, Any] = {
    "forbid_unknown_fields": True,
    "kw_only": True,
    "omit_defaults": True,
    "gc": False,
    "eq": False,
}
_Quantity = msgspec.defstruct("Quantity", [("value", _Short), ("unit", _Short)], **_SETTINGS)


@cache
def mirror() -> type[msgspec.Struct]:
    """Return the struct of a whole record."""
    return _struct("Event", parts_of(Event))


def _struct(name: str, parts: Iterable[Part]) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, [_field(part) for part in parts], **_SETTINGS)


def _field(part: Part) -> Any:  # noqa: ANN401 - what defstruct takes
    kind = _type(part)
    return (part.name, kind) if part.required else (part.name, kind | None, None)


def _type(part: Part) -> Any:  # noqa: ANN401 - any annotation
    if part.form is Form.GROUP:
        return _struct(part.name, part.parts)
    if part.form is Form.QUANTITY:
        return _Quantity
    return Literal[part.words] if part.form is Form.WORD else _TYPES[part.form]
