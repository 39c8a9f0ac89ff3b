"""
The form of an entry: from its content to what stands in the fields, and back by way of core.

Every value carries its unit in the field. So a changed unit converts exactly instead of giving old numbers a new
meaning, and a field taken from another person's form means what it meant there.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from openinfusion.core.errors import AuthorError
from openinfusion.core.limits import Limits
from openinfusion.core.numbers import decimal_text
from openinfusion.core.units import Quantity, Unit
from openinfusion.web.drafts.fields import (
    BOUNDS,
    CHOICES,
    DECISION,
    DEFAULTS,
    GROUPS,
    QUANTITIES,
    SOURCE,
    TEXTS,
    TICKS,
    VALUES,
    words_of,
)
from openinfusion.web.drafts.typed import in_words, number_back, read_number, read_typed, read_unit, said_back
from openinfusion.web.library.items import read_item
from openinfusion.web.library.models import Part

Said = Mapping[str, str]
Json = Any
FACTOR = "titration_step.factor"
LONGEST_TEXT = 4_000
_WHERE = re.compile(r"\$\.?(.*)$")
_INDEX = re.compile(r"\[(\d+)\]")


@dataclass
class Reading:
    """What a form says: its content if it is an entry, what is wrong by field, what each field is read as."""

    said: dict[str, str]
    content: Json = None
    faults: dict[str, str] = field(default_factory=dict)
    backs: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> list[dict[str, str]]:
        """What is wrong, each with its field, for the summary of errors."""
        return [{"text": f"{words_of(path)}: {text}", "href": f"#id_{path}"} for path, text in self.faults.items()]


# --- To the form -----------------------------------------------------------------------------------------------------


def form_of(content: Json) -> dict[str, str]:
    """Return what stands in the fields for an entry."""
    said: dict[str, str] = {name: content.get(name) or DEFAULTS.get(name, "") for name in (*TEXTS, *CHOICES)}
    for group in GROUPS:
        said |= limits_said(group.path, _at(content, group.path))
    for path in QUANTITIES:
        quantity = _at(content, path)
        said[path] = Quantity.of(quantity["value"], quantity["unit"]).text() if quantity else ""
    said[FACTOR] = _at(content, FACTOR) or ""
    said |= {path: "on" for path, default in TICKS.items() if _ticked(content, path, default=default)}
    said |= {f"offers.{part}": "on" for part in ("bolus", "loading", "pca") if part in content}
    said["concentration.is"] = _kind_of(content)
    for name in ("delivered_by", "advisories"):
        said |= {f"{name}.{one}": str(number) for number, one in enumerate(content.get(name, ()))}
    said["device_settings"] = "\n".join(f"{k} = {v}" for k, v in sorted(content.get("device_settings", {}).items()))
    for name, keys in (("sources", SOURCE), ("decisions", DECISION)):
        for number, row in enumerate(content.get(name, ())):
            said |= {f"{name}.{number}.{key}": _text(row[key]) for key in keys if row.get(key)}
    return {key: value for key, value in said.items() if value}


def _text(value: object) -> str:
    return "on" if value is True else str(value)


def limits_said(path: str, limits: Json) -> dict[str, str]:
    if not limits:
        return {}
    unit = Unit.read(limits["unit"])
    said = {f"{path}.unit": unit.text}
    for name in VALUES:
        if name in limits:
            said[f"{path}.{name}"] = Quantity.of(limits[name], unit).text()
    return said


def _kind_of(content: Json) -> str:
    concentration = content.get("concentration")
    if concentration is None:
        return "none"
    return "fixed" if "amount" in concentration and "volume" in concentration else "open"


def _ticked(content: Json, path: str, *, default: bool) -> bool:
    value = _at(content, path)
    return default if value is None else bool(value)


def _at(content: Json, path: str) -> Json:
    for key in path.split("."):
        if not isinstance(content, dict):
            return None
        content = content.get(key)
    return content


# --- From the form ---------------------------------------------------------------------------------------------------


def read_form(item: str, said: Said) -> Reading:
    """Return what a form says; its content is there only if all of it is an entry of the format."""
    reading = Reading({key: value for key, value in said.items() if value})
    content: dict[str, Json] = {"id": item}
    for name in (*TEXTS, *CHOICES):
        if text := said.get(name, "").strip():
            content[name] = text
    _read_parts(content, reading)
    for name in ("delivered_by", "advisories"):
        content[name] = _ticked_in(said, name)
    content["device_settings"] = read_settings(reading)
    content["sources"] = list(_rows(reading, "sources", SOURCE))
    content["decisions"] = list(_rows(reading, "decisions", DECISION))
    check_lengths(reading)
    if not reading.faults:
        _judge(content, reading)
    return reading


def _judge(content: Json, reading: Reading) -> None:
    """Let core say whether it is an entry, and find the field that it speaks of."""
    try:
        read_item(Part.ENTRY, content["id"], content)
    except AuthorError as error:
        reading.faults[field_of(error.where)] = in_words(error)
    else:
        reading.content = content


def field_of(where: str) -> str:
    match = _WHERE.search(where)
    return _INDEX.sub(r".\1", match[1]) if match and match[1] else "entry"


def _read_parts(content: dict[str, Json], reading: Reading) -> None:
    said = reading.said
    for group in GROUPS:
        if (limits := read_limits(group.path, reading)) is not None:
            _put(content, group.path, limits)
    for path in QUANTITIES:
        if (quantity := _read_quantity(path, reading)) is not None:
            _put(content, path, {"value": decimal_text(quantity.value), "unit": quantity.unit.text})
    if text := said.get(FACTOR):
        _read_factor(text, content, reading)
    for path in ("anaesthesia_only", "unreviewed"):
        content[path] = bool(said.get(path))
    for part in ("bolus", "loading", "pca"):
        _settle_part(part, content, reading)
    if "pca" in content:
        content["pca"]["bolus_counts"] = bool(said.get("pca.bolus_counts"))
    _settle_concentration(content, reading)


def _settle_part(part: str, content: dict[str, Json], reading: Reading) -> None:
    """A part is offered where somebody said so; values under a part that is not offered are a contradiction."""
    if reading.said.get(f"offers.{part}"):
        content.setdefault(part, {})
    elif part in content:
        reading.faults[f"offers.{part}"] = (
            "There are values below, but the pump does not offer it: tick it or clear them."
        )


def _settle_concentration(content: dict[str, Json], reading: Reading) -> None:
    kind, given = reading.said.get("concentration.is", "none"), content.get("concentration", {})
    is_whole = "amount" in given and "volume" in given
    read = not any(path.startswith("concentration.") for path in reading.faults)
    if kind == "none" and given:
        reading.faults["concentration.is"] = "There are values below, but no concentration: choose fixed or open."
    elif kind == "fixed" and not is_whole and read:
        missing = "concentration.volume" if "amount" in given else "concentration.amount"
        reading.faults[missing] = "A fixed concentration has an amount and a volume, such as 50 mg in 50 mL."
    elif kind == "open" and is_whole:
        reading.faults["concentration.is"] = (
            "Amount and volume are both given, so it is fixed: choose fixed, or clear one."
        )
    elif kind == "open":
        content.setdefault("concentration", {})


def read_limits(path: str, reading: Reading) -> Json:
    """Return one group of limits as JSON, or nothing where its fields are empty or wrong."""
    said = {name: reading.said.get(f"{path}.{name}", "") for name in ("unit", *VALUES)}
    if not any(said.values()):
        return None
    try:
        unit = _unit_of(said)
    except AuthorError as error:
        reading.faults[f"{path}.unit"] = in_words(error)
        return None
    values = {}
    for name in VALUES:
        if (
            said[name]
            and (quantity := read_value(f"{path}.{name}", said[name], reading=reading, unit=unit)) is not None
        ):
            values[name] = quantity.value
    try:
        Limits(unit=unit, **values)
    except AuthorError as error:
        name, text = _disorder(values, unit, error)
        reading.faults[f"{path}.{name}"] = text
        return None
    reading.backs[f"{path}.unit"] = unit.text
    return {"unit": unit.text, **{name: decimal_text(value) for name, value in values.items()}}


def _unit_of(said: Mapping[str, str]) -> Unit:
    """Return the unit of a group: the one that was said, else that of its first value."""
    if said["unit"]:
        return read_unit(said["unit"])
    first = next(text for text in said.values() if text)
    return read_typed(first).unit


def _disorder(values: Mapping[str, Any], unit: Unit, error: AuthorError) -> tuple[str, str]:
    """Return the field that is wrong in a group that core refused, and why, in words."""
    if negative := next((name for name, value in values.items() if value < 0), None):
        return negative, in_words(error)
    for names in (BOUNDS, ("usual_min", "usual_max")):
        there = [name for name in names if name in values]
        for low, high in pairwise(there):
            if values[low] > values[high]:
                mine, other = (said_back(Quantity(values[name], unit)) for name in (low, high))
                return low, (
                    f"The {VALUES[low].lower()} of {mine} is above the {VALUES[high].lower()} of {other}; "
                    "it must be that or less."
                )
    return "unit", in_words(error)


def _read_quantity(path: str, reading: Reading) -> Quantity | None:
    text = reading.said.get(path, "")
    return read_value(path, text, reading=reading, unit=None) if text else None


def read_value(path: str, text: str, *, reading: Reading, unit: Unit | None) -> Quantity | None:
    try:
        quantity = read_typed(text, unit=unit)
    except AuthorError as error:
        reading.faults[path] = in_words(error)
        return None
    reading.backs[path] = said_back(quantity)
    return quantity


def _read_factor(text: str, content: dict[str, Json], reading: Reading) -> None:
    try:
        factor = read_number(text)
    except AuthorError as error:
        reading.faults[FACTOR] = in_words(error)
        return
    reading.backs[FACTOR] = f"to {number_back(factor)} times the running value at most"
    content["titration_step"] = {"factor": decimal_text(factor)}


def _put(content: dict[str, Json], path: str, value: Json) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
    content[name] = value


# --- Lists -----------------------------------------------------------------------------------------------------------


def _ticked_in(said: Said, name: str) -> list[str]:
    """Return what is ticked in a list, those that were there before first and in their order."""
    ticked = [(value, key.partition(".")[2]) for key, value in said.items() if key.startswith(f"{name}.") and value]
    return [one for _, one in sorted(ticked, key=lambda pair: (not pair[0].isdecimal(), pair[0].zfill(6), pair[1]))]


def read_settings(reading: Reading) -> dict[str, str]:
    """Return the settings of the pump, one a line as "name = value"."""
    settings = {}
    for line in reading.said.get("device_settings", "").splitlines():
        name, equals, value = (part.strip() for part in line.partition("="))
        if line.strip() and not (name and equals):
            reading.faults["device_settings"] = f"Found {line!r}; expected a line such as: alarm volume = 4."
        elif line.strip():
            settings[name] = value
    return settings


def row_numbers(said: Said, name: str) -> list[int]:
    """Return the numbers of the rows of a list that have something in them."""
    pattern = re.compile(rf"{name}\.([0-9]{{1,4}})\.[a-z_]+")
    found = {int(match[1]) for key, value in said.items() if value and (match := pattern.fullmatch(key))}
    return sorted(found)


def _rows(reading: Reading, name: str, keys: tuple[str, ...]) -> Iterable[dict[str, Json]]:
    needed = ("field", "citation") if name == "sources" else ("field", "decision", "reason")
    for number in row_numbers(reading.said, name):
        said = {key: reading.said.get(f"{name}.{number}.{key}", "").strip() for key in keys}
        if not any(text for key, text in said.items() if key != "field"):
            continue
        for key in needed:
            if not said[key]:
                reading.faults[f"{name}.{number}.{key}"] = "Fill this in, or clear the whole row."
        row: dict[str, Json] = {key: text for key, text in said.items() if text}
        if row.get("invented_for_example"):
            row["invented_for_example"] = True
        yield row


def check_lengths(reading: Reading) -> None:
    for path, text in reading.said.items():
        if len(text) > LONGEST_TEXT:
            reading.faults[path] = f"This is {len(text):,} characters long; at most {LONGEST_TEXT:,} are kept."
