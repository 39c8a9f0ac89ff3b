"""Overlays as files: read, write, adopt with the hash of the base compared. See ``docs/how-to``."""

from collections.abc import Callable
from dataclasses import MISSING, field, fields, make_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from openinfusion.adapters.documents import Json, canonical_bytes, convert, parse_json, read_bytes, write_bytes
from openinfusion.adapters.library_file import identity
from openinfusion.core.entry import Entry
from openinfusion.core.errors import FormatVersionError, OpenInfusionError, OverlayError
from openinfusion.core.library import Library
from openinfusion.core.overlay import FORMAT, Deviation, Overlay, Row, apply
from openinfusion.core.overlay_fields import LIMIT_NAMES, Setting, check_field
from openinfusion.core.units import Quantity

FORMAT_VERSION = 1
T = TypeVar("T")


def _document(of: type, **other: Any) -> Any:  # noqa: ANN401 - any annotation in, a class in which msgspec reads out
    """Return the class of what is written for a core class: the same keys, some of them of another type, unchecked."""
    hints = get_type_hints(of)
    keys = []
    for one in fields(of):
        default = field(default_factory=one.default_factory) if one.default_factory is not MISSING else one.default
        hint = other.get(one.name, hints[one.name])
        keys.append((one.name, hint) if default is MISSING else (one.name, hint, default))
    return make_dataclass(of.__name__, keys, kw_only=True, frozen=True)


# A deviation's values are of the type of the field in which it deviates, which only that field can tell.
_DEVIATION = _document(Deviation, national=Any, local=Any)
_ROW = _document(Row, deviations=tuple.__class_getitem__((_DEVIATION, ...)))
_OVERLAY = _document(Overlay, rows=tuple.__class_getitem__((_ROW, ...)))


def read_overlay(path: Path) -> Overlay:
    """
    Return the overlay in a file.

    Raises:
        OperatorError: the file cannot be read, or is too large.
        SenderError: the bytes are not UTF-8 or not JSON.
        AuthorError: the document breaks a rule; the message names the path inside it.

    """
    return overlay_from_bytes(read_bytes(path), where=path.name)


def overlay_from_bytes(content: bytes, *, where: str) -> Overlay:
    """Return the overlay in a document; raises SenderError or AuthorError as ``read_overlay`` does."""
    value = parse_json(content, where=where)
    _check_format(value, where)
    read = convert(value, _OVERLAY, where=where)
    rows = tuple(_row(row, where=f"{where}, $.rows[{number}]") for number, row in enumerate(read.rows))
    parts = {one.name: getattr(read, one.name) for one in fields(Overlay)}
    return _located(lambda: Overlay(**{**parts, "rows": rows}), where)


def _check_format(value: object, where: str) -> None:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise OverlayError(where=f"{where}, $.format", found="another document", expected=f'"format": "{FORMAT}"')
    version: Json | object = value.get("format_version")
    if isinstance(version, int) and not isinstance(version, bool) and version > FORMAT_VERSION:
        raise FormatVersionError(
            where=f"{where}, $.format_version",
            found=f"version {version}",
            expected=f"version {FORMAT_VERSION}: update OpenInfusion",
        )


def _row(read: Any, *, where: str) -> Row:  # noqa: ANN401 - a class made from Row
    deviations = tuple(
        _deviation(one, where=f"{where}.deviations[{number}]") for number, one in enumerate(read.deviations)
    )
    parts = {one.name: getattr(read, one.name) for one in fields(Row)}
    return _located(lambda: Row(**{**parts, "deviations": deviations}), where)


def _deviation(read: Any, *, where: str) -> Deviation:  # noqa: ANN401 - a class made from Deviation
    parts = {one.name: getattr(read, one.name) for one in fields(Deviation)}
    _located(lambda: check_field(read.field), where)
    values = {name: _setting(parts[name], read.field, where=f"{where}.{name}") for name in ("national", "local")}
    return _located(lambda: Deviation(**{**parts, **values}), where)


def _setting(value: Any, path: str, *, where: str) -> Setting:  # noqa: ANN401 - JSON is any value
    holder = _holder(path)
    found: Setting = convert({"value": value}, holder, where=where).value
    return found


@lru_cache(maxsize=128)
def _holder(path: str) -> Any:  # noqa: ANN401 - a class made for one type
    """Return a class that holds a value of the type that a field has: limits one by one are quantities."""
    hint: Any = Entry
    for name in path.split("."):
        if name in LIMIT_NAMES:
            hint = Quantity | None
            break
        part = next((one for one in (hint, *get_args(hint)) if isinstance(one, type) and one is not type(None)), hint)
        hint = get_type_hints(part)[name]
    return make_dataclass("Value", [("value", hint)])


def _located(make: Callable[[], T], where: str) -> T:
    """Return what is made; an error of core names the place in the document first."""
    try:
        return make()
    except OpenInfusionError as error:
        raise type(error)(where=f"{where}, {error.where}", found=error.found, expected=error.expected) from error


def write_overlay(overlay: Overlay, path: Path) -> None:
    """Write the canonical bytes of an overlay; raises FileAccessError."""
    write_bytes(path, canonical_bytes(overlay))


def adopt(base: Library, overlay: Overlay) -> Library:
    """
    Return the local library that follows from a base and an overlay; the base is the very one, by its hash.

    Raises:
        OverlayError: the base is another library, or the overlay does not fit it.

    """
    if (found := identity(base)) != overlay.base.sha256:
        expected = f"sha256:{overlay.base.sha256}, {overlay.base.name} {overlay.base.version}"
        raise OverlayError(where="base", found=f"sha256:{found}", expected=expected)
    return apply(base, overlay)
