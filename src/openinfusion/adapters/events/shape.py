"""
The shape of a record, read once from the core dataclasses: every field by name, with what its value looks like.

Reader, writer, table, JSON Schema and data dictionary all follow from here, and here follows from ``core.events``.
"""

from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from openinfusion.core.units import Quantity

UNTOLD = "extra"
"""The field of ``Event`` that holds what this version does not know; no key of the file has this meaning."""


class Form(Enum):
    """What the value of a field looks like; the value is the words for it."""

    TEXT = "text"
    WORD = "a word of the list"
    DECIMAL = "decimal text"
    COUNT = "whole number"
    FLAG = "true or false"
    TIME = "time with zone"
    QUANTITY = "quantity"
    GROUP = "object"


@dataclass(frozen=True, slots=True)
class Part:
    """One field: its name, its form, whether its object must have it; its words, or the parts of its group."""

    name: str
    form: Form
    required: bool
    words: tuple[str, ...] = ()
    cls: type | None = None
    parts: tuple["Part", ...] = ()


_FORMS = {str: Form.TEXT, Fraction: Form.DECIMAL, int: Form.COUNT, bool: Form.FLAG, datetime: Form.TIME}


@cache
def parts_of(cls: type) -> tuple[Part, ...]:
    """Return the fields of a record or of one of its groups, in the order of the format."""
    hints = get_type_hints(cls)
    return tuple(
        _part(field.name, hints[field.name], required=field.default is MISSING)
        for field in fields(cls)
        if field.name != UNTOLD
    )


def _part(name: str, hint: Any, *, required: bool) -> Part:  # noqa: ANN401 - any annotation
    """Return one field; ``None`` beside a type only says that the field may be absent."""
    held = _held(hint)
    if get_origin(held) is Literal:
        return Part(name, Form.WORD, required=required, words=get_args(held), cls=str)
    if issubclass(held, Enum):
        return Part(name, Form.WORD, required=required, words=tuple(one.value for one in held), cls=held)
    if held is Quantity:
        return Part(name, Form.QUANTITY, required=required, cls=held)
    if isinstance(held, type) and is_dataclass(held):
        return Part(name, Form.GROUP, required=required, cls=held, parts=parts_of(held))
    return Part(name, _FORMS[held], required=required, cls=held)


def _held(hint: Any) -> Any:  # noqa: ANN401 - any annotation
    if isinstance(hint, type) or get_origin(hint) is Literal:
        return hint
    return next(arg for arg in get_args(hint) if arg is not type(None))
