"""
Read JSON documents into core dataclasses and write them back, with the place of every fault.

The dataclasses of ``core`` are the only definition of a format; msgspec converts to them and ``rfc8785`` writes the
canonical bytes. What both leave open is closed here: duplicate keys, NaN, unknown keys, depth and size.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
import rfc8785

from openinfusion.core.errors import (
    AuthorError,
    EncodingError,
    FileAccessError,
    FileTooLargeError,
    LibraryError,
    OpenInfusionError,
    SyntaxFault,
)
from openinfusion.core.numbers import decimal_text, read_decimal
from openinfusion.core.units import Unit

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 64
T = TypeVar("T")
Json = dict[str, Any]


def read_bytes(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """
    Return the bytes of a file no larger than ``limit``.

    Raises:
        FileAccessError: the file is absent, is a folder, or may not be read.
        FileTooLargeError: the file is larger; it is not read at all.

    """
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise FileAccessError(where=str(path), found="a folder", expected="a file")
        if size > limit:
            raise FileTooLargeError(where=str(path), found=f"{size:,} bytes", expected=f"at most {limit:,} bytes")
        # A pipe or a device has no size, so what comes out of it is bounded as well.
        with path.open("rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise FileTooLargeError(where=str(path), found="data without end", expected=f"at most {limit:,} bytes")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "a path that cannot be used"
        raise FileAccessError(where=str(path), found=reason, expected="a file that can be read") from error
    return content


def refuse_to_overwrite(target: Path | None, *sources: Path | str | None) -> None:
    """
    Refuse to write over a file that is read: what was read would be gone. What is ``None``, or is not there, is none.

    Raises:
        FileAccessError: the file to be written is one of the others, by whatever name.

    """
    for source in sources:
        if target is not None and source is not None and _is_one_file(target, Path(source)):
            raise FileAccessError(
                where=str(target), found="the file that is read, which would be lost", expected="another file to write"
            )


def _is_one_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False  # one of them is not there, or no path; whoever opens it says so


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; raises FileAccessError if its folder is absent or may not be written."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FileAccessError(
            where=str(path), found=error.strerror or "an error", expected="a folder that can be written"
        ) from error


def parse_json(content: bytes, *, where: str, exact: bool = False) -> Any:  # noqa: ANN401 - JSON is any value
    """
    Return the JSON value of UTF-8 bytes; with ``exact``, a number with a point or an exponent is a ``Decimal``.

    Raises:
        EncodingError: the bytes are not UTF-8.
        SyntaxFault: not JSON, NaN or infinity, a key twice in one object, half a character, or nested too deeply.

    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EncodingError(
            where=f"{where}, byte {error.start}", found=f"byte 0x{content[error.start]:02x}", expected="text in UTF-8"
        ) from error
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
        obj = dict(pairs)
        if len(obj) != len(pairs):
            counts = Counter(key for key, _ in pairs)
            key = next(key for key, count in counts.items() if count > 1)
            twice.append(key)
            return {_TWICE: key}
        return obj

    try:
        value = json.loads(
            text, object_pairs_hook=unique, parse_constant=_refuse_constant, parse_float=Decimal if exact else None
        )
    except json.JSONDecodeError as error:
        place = f"{where}, line {error.lineno}, column {error.colno}"
        raise SyntaxFault(
            where=place, found=_shown(text[error.pos : error.pos + 1]), expected=_json_hint(error)
        ) from error
    except RecursionError as error:
        raise SyntaxFault(
            where=f"{where}, {_too_deep_at(text)}",
            found="brackets inside brackets",
            expected=f"a depth of at most {MAX_DEPTH}",
        ) from error
    except ValueError as error:
        raise SyntaxFault(where=where, found=str(error)[:80], expected="plain numbers of usual length") from error
    if twice:
        path, key = next((place, item[_TWICE]) for place, item in _places(value) if _is_twice(item))
        raise SyntaxFault(where=f"{where}, {path}", found=f"the key {key!r} twice", expected="each key once")
    if _HALF.search(text) and (halved := next((place for place, item in _places(value) if _has_half(item)), None)):
        raise SyntaxFault(where=f"{where}, {halved}", found="half a character", expected="surrogates in pairs")
    return value


_TWICE = object()
# One half of a surrogate pair, which JSON can spell and UTF-8 cannot carry.
_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def _is_twice(item: object) -> bool:
    return isinstance(item, dict) and _TWICE in item


def _has_half(item: object) -> bool:
    """Whether a text, or a key of an object, has half a surrogate pair."""
    texts = [item] if isinstance(item, str) else item if isinstance(item, dict) else ()
    return any("\ud800" <= c <= "\udfff" for text in texts for c in text)


def _places(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON is any value
    """Yield every value of a document with its path, in order; without recursion, for it may be deep."""
    waiting = [("$", value)]
    while waiting:
        path, item = waiting.pop()
        yield path, item
        if isinstance(item, dict):
            inner = [(f"{path}.{key}", one) for key, one in item.items()]
        else:
            inner = [(f"{path}[{n}]", one) for n, one in enumerate(item)] if isinstance(item, list) else []
        waiting.extend(reversed(inner))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name}, which is not JSON")


def _shown(text: str) -> str:
    return repr(text) if text else "the end of the file"


# Where the parser says what it found instead of what it expected.
_HINTS = {
    "Extra data": "the end of the file after one document (JSON)",
    "Unterminated string": "a closing quote of the text that begins here (JSON)",
    "Invalid control character": r"texts without control characters: \n for a new line (JSON)",
    r"Invalid \u": r"four hexadecimal digits after \u (JSON)",
    r"Invalid \escape": r"an escape that JSON knows, such as \n",
}


def _json_hint(error: json.JSONDecodeError) -> str:
    if known := next((words for said, words in _HINTS.items() if error.msg.startswith(said)), None):
        return known
    hint = error.msg.removeprefix("Expecting ")
    return hint[0].lower() + hint[1:] + " (JSON)"


def _too_deep_at(text: str) -> str:
    """Return the line and column where the depth passes the limit; brackets inside strings do not count."""
    depth = 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > MAX_DEPTH:
            line = text.count("\n", 0, match.start()) + 1
            return f"line {line}, column {match.start() - text.rfind(chr(10), 0, match.start())}"
    return "somewhere"


def convert(value: Any, to: type[T], *, where: str) -> T:  # noqa: ANN401 - JSON is any value
    """
    Return a JSON value as the core dataclass ``to``.

    Raises:
        AuthorError: with the path inside the document: an unknown key, a wrong type, unit or number, or a broken rule.

    """
    fault = _unknown_key(value, to)
    if fault is not None:
        path, key, known = fault
        raise LibraryError(where=f"{where}, ${path}", found=f"the unknown key {key!r}", expected=f"one of {known}")
    try:
        return msgspec.convert(value, to, dec_hook=_from_text)
    except msgspec.ValidationError as error:
        raise _located(error, where) from error


def _from_text(to: type, value: object) -> object:
    """Return a decimal or a unit from its text; msgspec calls this for types that it does not know."""
    if not isinstance(value, str):
        kind = {bool: "true or false", int: "a JSON number", float: "a JSON number", list: "a list", dict: "an object"}
        found = kind.get(type(value), "nothing (null)")
        raise LibraryError(where="value", found=found, expected='text in quotes, such as "0.5"')
    return read_decimal(value) if to is Fraction else Unit.read(value)


_AT = re.compile(r" - at `(?:key in )?(.*)`$", re.DOTALL)
_WORDS = (
    (re.compile(r"Object missing required field `(.*)`"), r"no \1", "this key, which every document has"),
    (re.compile(r"Expected `(.*)`, got `(.*)`"), r"a value of type \2", r"\1"),
    (re.compile(r"Invalid enum value (.*)"), r"\1", "one of the words that the format lists"),
    (re.compile(r"Invalid (.*)"), r"an invalid \1", "a date such as 2026-03-31, or a time with its zone"),
)


def _located(error: msgspec.ValidationError, where: str) -> AuthorError:
    """Return an error of ours with the path inside the document, keeping our own words where we raised it."""
    at = _AT.search(str(error))
    path = at[1] if at else "$"
    cause = error.__cause__
    if isinstance(cause, OpenInfusionError):
        inner = _below(path, cause.where)
        kind = type(cause) if isinstance(cause, AuthorError) else LibraryError
        return kind(where=f"{where}, {path}{inner}", found=cause.found, expected=cause.expected)
    message = _AT.sub("", str(error))
    for pattern, found, expected in _WORDS:
        if (match := pattern.fullmatch(message)) is not None:
            return LibraryError(where=f"{where}, {path}", found=match.expand(found), expected=match.expand(expected))
    return LibraryError(where=f"{where}, {path}", found=message, expected="what the format describes")


def _below(path: str, place: str) -> str:
    """Return what a place named by core adds to the path of the object that core refused."""
    if place in ("value", "number", "unit", "limits") or path.endswith(f".{place}"):
        return ""
    first, _, rest = place.partition(".")
    return f".{rest}" if rest and path.endswith(f".{first}") else f".{place}"


@lru_cache(maxsize=256)
def _keys(to: type) -> tuple[frozenset[str], dict[str, type]]:
    """Return the keys of a dataclass, and the dataclass under each key that holds one (directly or in a list)."""
    hints = get_type_hints(to)
    inner = {f.name: found for f in fields(to) if (found := _dataclass_in(hints[f.name])) is not None}
    return frozenset(f.name for f in fields(to)), inner


def _dataclass_in(hint: Any) -> type | None:  # noqa: ANN401 - any annotation
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    return next((found for arg in get_args(hint) if (found := _dataclass_in(arg))), None)


def _unknown_key(value: Any, to: type) -> tuple[str, str, str] | None:  # noqa: ANN401 - JSON is any value
    """Return the first key that the dataclass does not have: path below ``value``, key, known keys."""
    if not isinstance(value, dict):
        return None
    keys, inner = _keys(to)
    if not keys.issuperset(value):
        return "", next(key for key in value if key not in keys), ", ".join(sorted(keys))
    for key, part in inner.items():
        item = value.get(key)
        for number, one in enumerate(item if isinstance(item, list) else (item,)):
            if (fault := _unknown_key(one, part)) is not None:
                place = f".{key}[{number}]" if isinstance(item, list) else f".{key}"
                return (place + fault[0], *fault[1:])
    return None


def to_json(value: Any) -> Any:  # noqa: ANN401 - any core value; one return per type
    """Return a core value as JSON: decimals and units as text; what is absent, empty or the default is left out."""
    if is_dataclass(value):
        return {f.name: to_json(v) for f in fields(value) if not _is_default(f, v := getattr(value, f.name))}
    if isinstance(value, Fraction):
        return decimal_text(value)
    if isinstance(value, Unit):
        return value.code
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value


_ALWAYS_WRITTEN = frozenset({"format", "format_version", "not_for_clinical_use", "status"})


def _is_default(field: Any, value: object) -> bool:  # noqa: ANN401 - dataclasses.Field is generic
    if field.name in _ALWAYS_WRITTEN:
        return False
    if field.default_factory is not MISSING:
        return not value
    return field.default is not MISSING and value == field.default


def canonical_bytes(value: object) -> bytes:
    """Return the RFC 8785 bytes of a core value: one document, one sequence of bytes."""
    return rfc8785.dumps(to_json(value))
