"""The JSON Schema (2020-12) of the open formats, made from the core dataclasses that define them."""

import inspect
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

import msgspec

from openinfusion.adapters.documents import Json
from openinfusion.core import entry, library, limits
from openinfusion.core.library import Library
from openinfusion.core.numbers import PLAIN_DECIMAL
from openinfusion.core.units import Unit

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LIBRARY_ID = "urn:openinfusion:library:1"


def library_schema() -> Json:
    """Return the JSON Schema of the drug library format; unknown keys are errors in it, as they are in the reader."""
    (root,), parts = msgspec.json.schema_components([Library], schema_hook=_text_schema, ref_template="#/$defs/{name}")
    for part in parts.values():
        if "properties" in part:
            part["additionalProperties"] = False
            _describe(part)
    return {
        "$schema": DIALECT,
        "$id": LIBRARY_ID,
        "title": "OpenInfusion drug library, format version 1",
        **root,
        "$defs": dict(sorted(parts.items())),
    }


def _describe(part: Json) -> None:
    """Move what the class says of each attribute to that property."""
    words, meanings = split_docstring(part["description"])
    part["description"] = " ".join(words.split())
    for name, meaning in meanings.items():
        part["properties"][name] = {**part["properties"][name], "description": meaning}


def _text_schema(kind: type) -> Json:
    """Return how a decimal or a unit is written: as text."""
    if kind is Fraction:
        description = "an exact decimal as text, such as 0.5; no exponent, no comma, a zero before the point"
        return {"type": "string", "pattern": f"^{PLAIN_DECIMAL}$", "description": description}
    if kind is Unit:
        description = "a UCUM code such as ug/kg/min; display text and vendor spellings are read, never written"
        return {"type": "string", "minLength": 1, "description": description, "examples": ["ug/kg/min", "[iU]/h", "mL"]}
    raise TypeError(f"no JSON form for {kind}")


def format_page() -> str:
    """Return the page that describes the library format, object by object, from the dataclasses themselves."""
    parts = [_HEAD]
    for cls in _documented():
        words, meanings = split_docstring(cls.__doc__ or "")
        parts.append(f"## {cls.__name__}\n\n{words}\n")
        if issubclass(cls, Enum):
            parts.append(", ".join(f"`{member.value}`" for member in cls) + "\n")
        else:
            rows = [
                f"| `{f.name}` | {_type_words(f.type)} | {_default_words(f)} | {meanings[f.name]} |"
                for f in fields(cls)  # type: ignore[arg-type]
            ]
            parts.append("| key | value | when absent | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def split_docstring(text: str) -> tuple[str, dict[str, str]]:
    """Return what a class says of itself, and what it says of each attribute."""
    words, _, attributes = inspect.cleandoc(text).partition("\n\nAttributes:\n")
    pairs = (line.strip().split(": ", 1) for line in attributes.splitlines() if line.strip())
    return words.replace("``", "`"), dict(pairs)


_HEAD = """# The open drug library format, version 1

*Generated from `openinfusion.core.library`; do not edit.* The machine-readable form is
[`library.schema.json`](library.schema.json) (JSON Schema 2020-12).

- One JSON document in one file, UTF-8. Numbers that matter are **text**, exact decimals: `"0.5"`, never `0.5`.
- A **quantity** is `{"value": "2.5", "unit": "mg"}`; the unit is a UCUM code.
- **Limits** are inclusive: a value on a limit is inside it. Absent means that no such limit is set.
- The **canonical bytes** leave out what is absent, empty or the default, write decimals in their shortest form, and
  follow RFC 8785. Their SHA-256 is the library's **identity**: pumps, reports and signatures name it.
- An unknown key is an error, and a newer `format_version` is refused: a reader that skips what it does not know would
  skip a limit.
- Read leniently, written strictly: `0.50` is read and written as `0.5`, `mcg/kg/min` as `ug/kg/min`.

The document is a **Library**; the other objects are its parts.
"""


def _documented() -> list[type]:
    """Return the dataclasses and enums of the library format, the document itself first."""
    own = [c for module in (library, entry, limits) for _, c in inspect.getmembers(module, inspect.isclass)]
    shown = {c for c in own if is_dataclass(c) or (issubclass(c, Enum) and c.__name__ not in ("Mode", "Limit"))}
    return sorted(
        (c for c in shown if c.__module__.startswith("openinfusion.")), key=lambda c: (c is not Library, c.__name__)
    )


def _type_words(hint: Any) -> str:  # noqa: ANN401 - any annotation
    text = hint.__name__ if isinstance(hint, type) else str(hint)
    for name, words in (
        ("openinfusion.core.library.", ""),
        ("openinfusion.core.entry.", ""),
        ("openinfusion.core.limits.", ""),
        ("openinfusion.core.units.", ""),
        ("fractions.Fraction", "decimal text"),
        ("Fraction", "decimal text"),
        ("datetime.date", "date"),
        ("datetime.datetime", "time with zone"),
        ("collections.abc.Mapping[str, str]", "object of texts"),
        ("typing.", ""),
        (" | None", ""),
        ("str", "text"),
        ("bool", "true or false"),
        ("Literal", "one of "),
    ):
        text = text.replace(name, words)
    return f"list of {text[6:-6]}" if text.startswith("tuple[") else text


def _default_words(field: Any) -> str:  # noqa: ANN401 - dataclasses.Field is generic
    if field.default is MISSING and field.default_factory is MISSING:
        return "**required**"
    default = field.default
    if default is MISSING or default in (None, ()):
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return f"`{default.value if isinstance(default, Enum) else default}`"
