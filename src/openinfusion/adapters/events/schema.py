"""The JSON Schema (2020-12) of the event log: its header and its records, from the shape of the core dataclasses."""

from collections.abc import Iterable
from typing import Any

from openinfusion.adapters.documents import Json
from openinfusion.adapters.events.header import MAJOR
from openinfusion.adapters.events.shape import Form, Part, parts_of
from openinfusion.adapters.events.values import TIME_TEXT
from openinfusion.adapters.schema import DIALECT, split_docstring
from openinfusion.core.events import LARGEST_COUNT, LONGEST_NAME, NEEDS, STATUSES, Event, EventLog, Kind
from openinfusion.core.numbers import PLAIN_DECIMAL

EVENTS_ID = f"urn:openinfusion:events:{MAJOR}"
_NULL: Json = {"type": "null"}
_TEXT: Json = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_NAME,
    "pattern": "^[^\\u0000-\\u001f\\u007f]*$",
}
_DECIMAL: Json = {"type": "string", "pattern": f"^{PLAIN_DECIMAL}$"}
_FORMS: dict[Form, Json] = {
    Form.TEXT: _TEXT,
    Form.DECIMAL: _DECIMAL,
    Form.TIME: {"type": "string", "pattern": f"^{TIME_TEXT}$".replace(r"\d", "[0-9]"), "format": "date-time"},
    Form.COUNT: {"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT},
    Form.FLAG: {"type": "boolean"},
    Form.QUANTITY: {"$ref": "#/$defs/Quantity"},
}
_QUANTITY: Json = {
    "description": "An exact value with its unit.",
    "type": "object",
    "properties": {
        "value": {**_DECIMAL, "description": "an exact decimal as text, such as 0.5"},
        "unit": {
            "type": "string",
            "minLength": 1,
            "maxLength": 80,
            "description": "a UCUM code; display text and vendor spellings are read, never written",
            "examples": ["ug/kg/min", "[iU]/h", "mL"],
        },
    },
    "required": ["value", "unit"],
}
_ALWAYS = ("event_id", "kind", "pump", "at")


def events_schema() -> Json:
    """
    Return the schema of one line: a header or a record. Keys that it does not name are allowed, and kept by readers.

    A record of a kind that it does not list needs ``event_id``, ``pump`` and ``at``, and may hold whatever it likes.
    """
    groups = {part.cls: part for cls in (EventLog, Event) for part in parts_of(cls) if part.cls and part.parts}
    return {
        "$schema": DIALECT,
        "$id": EVENTS_ID,
        "title": f"OpenInfusion event log, format version {MAJOR}: one line",
        "anyOf": [{"$ref": "#/$defs/EventLog"}, {"$ref": "#/$defs/Event"}],
        "$defs": {
            "EventLog": _header(),
            "Event": _any_event(),
            "KnownEvent": _known_event(),
            **{cls.__name__: _object(cls, part.parts) for cls, part in groups.items()},
            "Quantity": _QUANTITY,
        },
    }


def _header() -> Json:
    made = _object(EventLog, parts_of(EventLog))
    version = {"type": "string", "pattern": f"^{MAJOR}\\.[0-9]{{1,9}}$"}
    made["properties"]["format_version"] |= version
    return made | {"required": ["format", "format_version", "organisation"]}


def _any_event() -> Json:
    """Return what every record must have, and the way to the rules of the kinds that are known."""
    properties = {part.name: _FORMS.get(part.form, _TEXT) for part in parts_of(Event) if part.name in _ALWAYS}
    kinds = [kind.value for kind in Kind]
    return {
        "description": "One record. Those of kinds that this version does not know are counted and kept.",
        "type": "object",
        "properties": properties,
        "required": list(_ALWAYS),
        "if": {"properties": {"kind": {"enum": kinds}}},
        "then": {"$ref": "#/$defs/KnownEvent"},
    }


def _known_event() -> Json:
    made = _object(Event, parts_of(Event))
    kinds = [_rule(kind, needs) for kind, needs in NEEDS.items() if needs]
    return made | {"allOf": [*kinds, {"if": {"anyOf": [_told(part) for part in STATUSES]}, "then": _told("infusion")}]}


def _rule(kind: Kind, needs: Iterable[str]) -> Json:
    return {"if": {"properties": {"kind": {"const": kind.value}}}, "then": _told(*needs)}


def _told(*names: str) -> Json:
    """Return the rule that a record tells these fields."""
    return {"required": list(names), "properties": {name: {"not": _NULL} for name in names}}


def _object(cls: type, parts: tuple[Part, ...]) -> Json:
    words, meanings = split_docstring(cls.__doc__ or "")
    required = [part.name for part in parts if part.required]
    made: Json = {
        "description": " ".join(words.split()),
        "type": "object",
        "properties": {part.name: _property(part, meanings[part.name]) for part in parts},
    }
    return made | ({"required": required} if required else {"minProperties": 1})


def _property(part: Part, meaning: str) -> Json:
    held: Any = _FORMS.get(part.form)
    if part.form is Form.WORD:
        held = {"enum": list(part.words)}
    elif part.form is Form.GROUP and part.cls is not None:
        held = {"$ref": f"#/$defs/{part.cls.__name__}"}
    # ``null`` says the same as no such key.
    return {"description": meaning, **held} if part.required else {"description": meaning, "anyOf": [held, _NULL]}
