"""What a record is held against: a kind, and what some of its fields must be."""

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from fractions import Fraction
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from openinfusion.core.errors import AuthorError, OpenInfusionError
from openinfusion.core.events import Event, Kind
from openinfusion.core.numbers import read_decimal, show_number
from openinfusion.core.units import Quantity
from openinfusion.pump.scenarios.scenario import Pattern, Wanted, of_event

ANY = "*"
_COMPARED: Mapping[str, Callable[[Any, Any], object]] = {
    "at most": operator.le,
    "at least": operator.ge,
    "more than": operator.gt,
    "less than": operator.lt,
    "other than": operator.ne,
}
_OWN = ("kind", "tolerance", "why")


@contextmanager
def refused(where: str) -> Iterator[None]:
    """Turn whatever core refuses inside into an error at a place of the file."""
    try:
        yield
    except OpenInfusionError as error:
        raise AuthorError(where=where, found=error.found, expected=error.expected) from error


def read_pattern(raw: Mapping[str, Any], where: str) -> Pattern:
    """Return a pattern from a table of the file; raises AuthorError for a kind, a field or a value that cannot be."""
    kind = raw.get("kind")
    known = [one.value for one in Kind]
    if kind not in known:
        raise AuthorError(where=f"{where}.kind", found=repr(kind), expected=f"one of {', '.join(known)}")
    wanted = [_wanted(path, value, f"{where}.{path}") for path, value in _flat(raw) if path not in _OWN]
    return Pattern(
        kind=Kind(kind),
        wanted=tuple(wanted),
        tolerance=_share(raw.get("tolerance"), f"{where}.tolerance"),
        why=str(raw.get("why", "")),
    )


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _share(text: object, where: str) -> Fraction:
    if text is None:
        return Fraction(0)
    number, sign, rest = str(text).partition("%")
    with refused(where):
        share = read_decimal(number.strip()) / 100
    if not sign or rest or not 0 <= share < 1:
        raise AuthorError(where=where, found=repr(text), expected="a share such as 1 %")
    return share


def _wanted(path: str, value: object, where: str) -> Wanted:
    kind = _type_of(path, where)
    if value == ANY:
        return Wanted(path=path, how="told")
    text = str(value)
    for how in _COMPARED:
        if text.startswith(f"{how} "):
            return Wanted(path=path, how=how, value=_value(kind, text.removeprefix(f"{how} "), where))  # type: ignore[arg-type]
    return Wanted(path=path, how="is", value=_value(kind, value, where))


def _type_of(path: str, where: str) -> Any:  # noqa: ANN401 - any type
    """Return the type of a field of an event."""
    kind: Any = Event
    for name in path.split("."):
        known = [one.name for one in fields(kind)] if is_dataclass(kind) and kind is not Quantity else []
        if name not in known:
            expected = f"one of {', '.join(known)}" if known else f"a field without {name!r} below it"
            raise AuthorError(where=where, found=f"the unknown field {path!r} of a record", expected=expected)
        kind = _without_none(get_type_hints(kind)[name])
    if (is_dataclass(kind) and kind is not Quantity) or kind is datetime or get_origin(kind) is Mapping:
        raise AuthorError(where=where, found=f"the field {path!r}", expected="a field with one value, not a time")
    return kind


def _without_none(hint: Any) -> Any:  # noqa: ANN401 - any annotation
    if get_origin(hint) in (Union, UnionType):
        kept = [one for one in get_args(hint) if one is not type(None)]
        return kept[0] if len(kept) == 1 else hint
    return hint


def _value(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401 - a value of any type
    """Return a value of the file as the field holds it."""
    if kind is bool or isinstance(value, bool):
        if kind is not bool or not isinstance(value, bool):
            raise AuthorError(where=where, found=repr(value), expected="true or false, where the field is that")
        return value
    if kind is Quantity:
        with refused(where):
            return Quantity.read(str(value))
    if kind in (int, Fraction):
        with refused(where):
            return read_decimal(str(value))
    words = _words_of(kind)
    if words is not None and value not in words:
        raise AuthorError(where=where, found=repr(value), expected=f"one of {', '.join(words)}")
    return str(value)


def _words_of(kind: Any) -> list[str] | None:  # noqa: ANN401 - any type
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(one.value) for one in kind]
    return [str(one) for one in get_args(kind)] if get_origin(kind) is Literal else None


def matches(event: Event, pattern: Pattern) -> bool:
    """Whether a record is one that a pattern looks for."""
    return event.kind is pattern.kind and all(_suits(event, one, pattern.tolerance) for one in pattern.wanted)


def _suits(event: Event, wanted: Wanted, tolerance: Fraction) -> bool:
    found = of_event(event, wanted.path)
    if found is None or wanted.how == "told":
        return found is not None
    if isinstance(found, Enum):
        found = found.value
    if isinstance(found, Quantity) and not found.unit.measures_like(wanted.value.unit):
        return False
    if wanted.how == "is":
        return _is(found, wanted.value, tolerance)
    return bool(_COMPARED[wanted.how](found, wanted.value))


def _is(found: Any, value: Any, tolerance: Fraction) -> bool:  # noqa: ANN401 - values of any one type
    if not tolerance or isinstance(found, str | bool):
        return bool(found == value)
    if isinstance(found, Quantity):
        found, value = found.value, value.to(found.unit).value
    return bool(abs(found - value) <= tolerance * abs(value))


def in_words(pattern: Pattern) -> str:
    """Return what a pattern looks for, in words."""
    parts = [_part_words(one, pattern.tolerance) for one in pattern.wanted]
    return ": ".join(
        one for one in (_KINDS.get(pattern.kind, pattern.kind.value.replace("_", " ")), ", ".join(parts)) if one
    )


def _part_words(wanted: Wanted, tolerance: Fraction) -> str:
    name = _NAMES.get(wanted.path, wanted.path.rpartition(".")[2].replace("_", " "))
    if wanted.how == "told":
        return f"any {name}"
    if wanted.path == "with_library":
        return "inside the library" if wanted.value else "outside the library"
    value = _shown(wanted.value)
    if wanted.path == "alarm":
        return value
    is_near = wanted.how == "is" and tolerance and not isinstance(wanted.value, str | bool)
    near = f" within {show_number(tolerance * 100)} %" if is_near else ""
    how = "" if wanted.how == "is" else f"{wanted.how} "
    return f"{name} {how}{value}{near}"


def _shown(value: object) -> str:
    if isinstance(value, Fraction):
        return show_number(value)
    return str(value).replace("_", " ")


_KINDS = {
    Kind.CONTAINER_CHANGED: "container put in",
    Kind.POWER_ON: "switched on",
    Kind.POWER_OFF: "switched off",
    Kind.POWER_SOURCE: "power changed",
    Kind.RATE_CHANGED: "dose or rate changed",
    Kind.DOSE_ENDED: "single dose ended",
    Kind.ALARM_RAISED: "alarm",
    Kind.ALERT_RAISED: "alert",
    Kind.LIBRARY_STAGED: "library arrived",
}
_NAMES = {
    "ended.volume": "volume",
    "container.volume": "volume",
    "ended.because": "stopped by",
    "library.version": "library",
    "other_library.version": "library",
}
