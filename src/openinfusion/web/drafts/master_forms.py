"""The forms of drugs, care areas and advisories: from their content to the fields, and back by way of core."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from openinfusion.core.errors import AuthorError
from openinfusion.core.library import Population
from openinfusion.core.numbers import decimal_text
from openinfusion.core.units import Kind, Quantity
from openinfusion.web.drafts.entry_form import (
    Reading,
    check_lengths,
    field_of,
    limits_said,
    read_limits,
    read_settings,
    read_value,
)
from openinfusion.web.drafts.fields import Group
from openinfusion.web.drafts.typed import in_words
from openinfusion.web.library.items import read_item
from openinfusion.web.library.models import Part

Json = Any


class Field(NamedTuple):
    """One field: its key in the format, what it is called, how it is filled in, and a hint or its choices."""

    key: str
    words: str
    kind: str
    hint: str = ""
    choices: tuple[str, ...] = ()


class Master(NamedTuple):
    """One kind of item besides entries: its names and its fields."""

    part: Part
    one: str
    many: str
    fields: tuple[Field, ...]


_AMOUNTS = tuple(kind.value for kind in Kind if kind not in (Kind.WEIGHT, Kind.HEIGHT, Kind.AREA, Kind.DURATION))
MASTERS: Mapping[str, Master] = {
    "drugs": Master(
        Part.DRUG,
        "drug",
        "drugs",
        (
            Field("name", "Generic name (rINN)", "line", "Lower case"),
            Field("tall_man", "Tall Man form", "line", "Capitals that tell look-alikes apart"),
            Field("aliases", "Brand and other names", "lines", "One a line"),
            Field("vtm", "dm+d code", "line"),
            Field("amount_kind", "Dosed in an amount of", "choice", choices=_AMOUNTS),
            Field("high_alert", "High-alert: a slip is likely to do serious harm", "tick"),
            Field("drug_class", "Pharmacological class", "line"),
        ),
    ),
    "care-areas": Master(
        Part.CARE_AREA,
        "care area",
        "care areas",
        (
            Field("name", "Name", "line"),
            Field("population", "Whom it treats", "choice", choices=tuple(one.value for one in Population)),
            Field("owner", "Role that answers for it", "line"),
            Field("max_rate", "Fastest rate of its pumps", "quantity", "Such as 1,200 mL/h"),
            Field("max_volume", "Largest volume to be infused", "quantity", "Such as 2,000 mL"),
            Field("kvo_rate", "Keep-vein-open rate", "quantity", "Such as 1 mL/h"),
            Field("weight", "Patient weights that may be entered", "limits", "kg"),
            Field("height", "Patient heights that may be entered", "limits", "cm"),
            Field("body_surface_area", "Body surface areas that may be entered", "limits", "m2"),
            Field("device_settings", "Settings of the pumps", "settings", "One a line, such as: alarm volume = 4"),
        ),
    ),
    "advisories": Master(
        Part.ADVISORY,
        "advisory",
        "advisories",
        (
            Field("name", "Name", "line", "What the library's authors call it"),
            Field("text", "What the pump shows", "text"),
        ),
    ),
}


def group_of(field: Field) -> Group:
    """Return the group of limits that a field is."""
    return Group(field.key, field.words, field.hint)


def form_of(master: Master, content: Json) -> dict[str, str]:
    """Return what stands in the fields for an item."""
    said: dict[str, str] = {}
    for field in master.fields:
        value = content.get(field.key)
        if value:
            said |= limits_said(field.key, value) if field.kind == "limits" else {field.key: _SHOWN[field.kind](value)}
    return said


_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "line": str,
    "text": str,
    "choice": str,
    "lines": "\n".join,
    "tick": lambda _value: "on",
    "quantity": lambda value: Quantity.of(value["value"], value["unit"]).text(),
    "settings": lambda value: "\n".join(f"{key} = {one}" for key, one in sorted(value.items())),
}


def read_form(master: Master, item: str, said: Mapping[str, str]) -> Reading:
    """Return what a form says; its content is there only if all of it is an item of the format."""
    reading = Reading({key: value for key, value in said.items() if value})
    content: dict[str, Json] = {"id": item}
    for field in master.fields:
        value = _READ[field.kind](field.key, reading)
        if value is not None:
            content[field.key] = value
    check_lengths(reading)
    if not reading.faults:
        try:
            read_item(master.part, item, content)
        except AuthorError as error:
            reading.faults[field_of(error.where)] = in_words(error)
        else:
            reading.content = content
    return reading


def _line(key: str, reading: Reading) -> str | None:
    return reading.said.get(key, "").strip() or None


def _lines(key: str, reading: Reading) -> list[str]:
    return [line.strip() for line in reading.said.get(key, "").splitlines() if line.strip()]


def _quantity(key: str, reading: Reading) -> Json:
    text = reading.said.get(key, "")
    quantity = read_value(key, text, reading=reading, unit=None) if text else None
    return None if quantity is None else {"value": decimal_text(quantity.value), "unit": quantity.unit.text}


_READ: Mapping[str, Callable[[str, Reading], Json]] = {
    "line": _line,
    "text": _line,
    "choice": _line,
    "lines": _lines,
    "tick": lambda key, reading: bool(reading.said.get(key)),
    "quantity": _quantity,
    "limits": read_limits,
    "settings": lambda _key, reading: read_settings(reading),
}
