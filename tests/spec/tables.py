"""
Read the text tables in which the rules are written, and turn them into libraries, programmes and expected words.

A table has a line of names, a rule of dashes and one line per row; "|" parts the columns. An empty cell is nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.core.library import Library, Limit, Mode
from openinfusion.core.programme import Finding, Programme, Verdict
from openinfusion.core.units import Quantity

Row = Mapping[str, str]
LIMITS = ("hard min", "soft min", "soft max", "hard max")
MEASURES = ("weight", "height", "body surface area")
ENTERED = (
    *("dose", "rate", "volume", "duration", "amount", "diluent", *MEASURES),
    *("lockout", "accumulated", "background", "previous"),
)
DERIVED = (
    *("dose", "rate", "volume", "duration", "concentration", "body surface area", "rounded rate", "rounded dose"),
)
_SIDE = {
    Limit.HARD_MIN: "below hard min",
    Limit.SOFT_MIN: "below soft min",
    Limit.SOFT_MAX: "above soft max",
    Limit.HARD_MAX: "above hard max",
}


@dataclass(frozen=True, kw_only=True)
class Table:
    """One rule: its sentence, why it is so, the cases, and what is the same in all of them."""

    rule: str
    why: str
    cases: str
    given: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Specification:
    """A page of rules about one thing, with the library that its tables are checked against."""

    title: str
    words: str
    entries: str
    tables: tuple[Table, ...]
    care_areas: str = ""
    hazards: tuple[str, ...] = ()


def read_table(text: str) -> list[dict[str, str]]:
    """The rows of a text table, by column name; a row with another number of cells is a mistake in the table."""
    lines = [line for line in text.splitlines() if line.strip() and not set(line.strip()) <= set("-+")]
    names, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [dict(zip(names, row, strict=True)) for row in rows]


def library_of(specification: Specification) -> Library:
    """The library that the tables of entries and care areas describe, made through the open format."""
    areas = [_area(row) for row in read_table(specification.care_areas)] if specification.care_areas else []
    areas = areas or [{"id": "ward", "name": "Ward", "population": "adult"}]
    entries: dict[str, dict[str, object]] = {}
    name = ""
    for row in read_table(specification.entries):
        name = row["entry"] or name
        entry = entries.setdefault(name, _entry(name, row, str(areas[0]["id"])))
        if row["parameter"]:
            _put(entry, row["parameter"], _limits(row, ""))
    document = {
        "format": "openinfusion-library",
        "format_version": 1,
        "library": {"name": specification.title, "organisation": "specification", "version": "1"},
        "drugs": [{"id": "drug", "name": "drug"}],
        "care_areas": areas,
        "entries": list(entries.values()),
    }
    return library_from_bytes(json.dumps(document).encode(), where=specification.title)


def _area(row: Row) -> dict[str, object]:
    area: dict[str, object] = {"id": row["care area"], "name": row["care area"], "population": "adult"}
    for measure in MEASURES:
        limits = _limits({**row, "unit": row.get(f"{measure} unit", "")}, f"{measure} ")
        if limits["unit"]:
            area[measure.replace(" ", "_")] = limits
    for name in ("max rate", "max volume"):
        if row.get(name):
            area[name.replace(" ", "_")] = _quantity(row[name])
    return area


def _entry(name: str, row: Row, area: str) -> dict[str, object]:
    kind = row.get("type") or "continuous"
    entry: dict[str, object] = {"id": name, "drug": "drug", "care_area": area, "type": kind}
    strength = row.get("concentration", "")
    if strength == "open":
        entry["concentration"] = {}
    elif strength:
        parts = zip(("amount", "volume"), strength.split(" in "), strict=True)
        entry["concentration"] = {part: _quantity(text) for part, text in parts if not text.startswith("any ")}
    if row.get("step"):
        entry["titration_step"] = {"factor": row["step"]}
    if row.get("window"):
        _put(entry, "pca.window", _quantity(row["window"]))
    return entry


def _put(entry: dict[str, object], path: str, value: object) -> None:
    """Set a value by its path, such as ``pca.dose``."""
    *parents, last = path.split(".")
    for parent in parents:
        inner = entry.setdefault(parent, {})
        assert isinstance(inner, dict)
        entry = inner
    entry[last] = value


def _limits(row: Row, prefix: str) -> dict[str, str]:
    given = {name.replace(" ", "_"): row[prefix + name] for name in LIMITS if row.get(prefix + name)}
    return {"unit": row["unit"], **given}


def _quantity(text: str) -> dict[str, str]:
    value, _, unit = text.partition(" ")
    return {"value": value, "unit": unit}


def programme_of(row: Row) -> Programme:
    """What the row says was entered."""
    programme = Programme(
        care_area=row.get("care area") or "ward", entry=row["entry"], mode=Mode(row.get("mode") or "continuous")
    )
    for name in ENTERED:
        if row.get(name):
            changed: dict[str, Any] = {name.replace(" ", "_"): Quantity.read(row[name])}
            programme = replace(programme, **changed)
    return programme


def pump_step(row: Row) -> Quantity | None:
    """The rate resolution that the row asks for, if any."""
    return Quantity.read(row["pump step"]) if row.get("pump step") else None


def words_of(finding: Finding) -> str:
    """A finding in the words of the tables: "dose above hard max", "weight: missing"."""
    if finding.limit is None:
        return f"{finding.parameter.value}: {finding.problem.name.lower().replace('_', ' ') if finding.problem else ''}"
    return f"{finding.parameter.value} {_SIDE[finding.limit]}{' by rounding' if finding.by_rounding else ''}"


def answer_of(verdict: Verdict, row: Row) -> dict[str, str]:
    """What the verdict says, in the columns that the row has an expectation for."""
    said = {"decision": verdict.decision.value, "findings": ", ".join(map(words_of, verdict.findings))}
    for name in DERIVED:
        quantity: Quantity | None = getattr(verdict.derived, name.replace(" ", "_"))
        said[f"= {name}"] = "" if quantity is None else str(quantity)
    return {name: said[name] for name in row if name in said}


def expected_of(row: Row) -> dict[str, str]:
    """
    What the row expects, by column.

    A problem such as "weight: missing" ends the check; what an engine had derived by then is its own affair, so a
    derived value that the row leaves blank is not expected.
    """
    ends_early = ":" in row["findings"]
    expected = {name: text for name, text in row.items() if name in ("decision", "findings") or name.startswith("= ")}
    return {name: text for name, text in expected.items() if text or not (ends_early and name.startswith("= "))}
