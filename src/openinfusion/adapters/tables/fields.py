"""
What a column of a table may mean: the paths of the open format, read from the dataclasses that define it.

``dose.soft_min`` is the soft minimum of an entry's dose and ``dose.unit`` its unit; a quantity such as
``concentration.amount`` has its unit in ``concentration.amount.unit``. A column that has no path here has no place in
the format, and a mapping must say why it is ignored.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from openinfusion.core.library import Advisory, CareArea, Drug, Entry
from openinfusion.core.units import Quantity, Unit


class Kind(Enum):
    """How the text of a cell is read."""

    NUMBER = "a number"
    UNIT = "a unit"
    YES_NO = "yes or no"
    WORD = "one of a few words"
    TEXT = "text"
    LIST = "texts parted by semicolons"
    DATE = "a date"


@dataclass(frozen=True, slots=True)
class Field:
    """One path: how its cell is read, where its unit stands, which words it may hold."""

    path: str
    kind: Kind
    unit_path: str | None = None
    words: tuple[str, ...] = ()


SETTINGS = "device_settings."
STRENGTH = "concentration.strength"
# A printed strength ("6 mg/mL") is no key of the format: amount and volume are the truth, and this is checked by them.
_PRINTED_STRENGTH = (Field(STRENGTH, Kind.NUMBER, f"{STRENGTH}.unit"), Field(f"{STRENGTH}.unit", Kind.UNIT))
Holds = Literal["entries", "care areas", "drugs", "advisories", "therapies", "nothing"]


@lru_cache
def known_fields(holds: Holds) -> dict[str, Field]:
    """Return every path that a sheet of this kind may fill in."""
    return {f.path: f for f in _all_fields(holds) if f.path != "id"}


def _all_fields(holds: Holds) -> list[Field]:
    match holds:
        case "entries":
            of_drug = (f for f in _paths(Drug, "drug.") if f.path not in ("drug.id", "drug.name"))
            of_area = (f for f in _paths(CareArea, "care_area.") if f.path not in ("care_area.id", "care_area.name"))
            return [*_paths(Entry, ""), *of_drug, *of_area, *_PRINTED_STRENGTH]
        case "care areas":
            return list(_paths(CareArea, ""))
        case "drugs":
            return list(_paths(Drug, ""))
        case "advisories":
            return list(_paths(Advisory, ""))
        case "therapies":
            return [Field("name", Kind.TEXT)]
        case "nothing":
            return []


def find_field(path: str, holds: Holds) -> Field | None:
    """Return the field of a path, or ``None``; any ``device_settings.<name>`` is a field."""
    known = known_fields(holds).get(path)
    if known is None and holds in ("entries", "care areas") and _setting(path):
        return Field(path, Kind.TEXT)
    return known


def _setting(path: str) -> str | None:
    head, found, name = path.partition(SETTINGS)
    return name if found and head in ("", "care_area.") else None


def _paths(to: Any, prefix: str) -> Iterator[Field]:  # noqa: ANN401 - any dataclass
    hints = get_type_hints(to)
    for item in fields(to):
        yield from _leaf(f"{prefix}{item.name}", _without_none(hints[item.name]), prefix)


def _without_none(hint: Any) -> Any:  # noqa: ANN401 - any annotation
    args = [arg for arg in get_args(hint) if arg is not type(None)]
    return args[0] if type(None) in get_args(hint) and len(args) == 1 else hint


def _leaf(path: str, hint: Any, prefix: str) -> Iterator[Field]:  # noqa: ANN401 - any annotation
    if hint is Quantity:
        yield Field(path, Kind.NUMBER, f"{path}.unit")
        yield Field(f"{path}.unit", Kind.UNIT)
    elif is_dataclass(hint):
        yield from _paths(hint, f"{path}.")
    elif hint is Fraction:
        yield Field(path, Kind.NUMBER, None if path == "titration_step.factor" else f"{prefix}unit")
    elif get_origin(hint) is Literal:
        yield Field(path, Kind.WORD, words=get_args(hint))
    elif isinstance(hint, type) and issubclass(hint, Enum):
        yield Field(path, Kind.WORD, words=tuple(str(word.value) for word in hint))
    elif get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if not is_dataclass(item):
            yield Field(path, Kind.LIST, words=get_args(item) if get_origin(item) is Literal else ())
    elif (kind := {Unit: Kind.UNIT, bool: Kind.YES_NO, str: Kind.TEXT, date: Kind.DATE}.get(hint)) is not None:
        yield Field(path, kind)
