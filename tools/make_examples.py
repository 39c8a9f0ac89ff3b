"""
Make the example trust's files from its tables: ``python tools/make_examples.py [--check]``.

``examples/trust/source`` describes the library as it should be, in tables that a pharmacist can edit, and the faults
that version 1.0.0 had. Not for clinical use: values without a citation are invented.
"""

import csv
import hashlib
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import TypeVar, cast

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Decision,
    Delivery,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Parent,
    Pca,
    Population,
    Route,
    Source,
    Status,
    TitrationStep,
)
from openinfusion.core.naming import entry_id, slug
from openinfusion.core.numbers import read_decimal
from openinfusion.core.units import HOURS, KG, M2, ML, ML_PER_H, Kind, Quantity, Unit

REPOSITORY = Path(__file__).resolve().parent.parent
TRUST = Path("examples", "trust")
VALUES = ("hard_min", "soft_min", "soft_max", "hard_max", "usual_min", "usual_max", "initial")
Row = Mapping[str, str]
Part = TypeVar("Part", Entry, Delivery, Limits)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The source tables, read but not yet understood."""

    about: Mapping[str, object]
    drugs: list[Row]
    care_areas: list[Row]
    regimens: list[Row]
    limits: list[Row]
    decisions: list[Row]
    citations: Mapping[str, str]
    faults: list[Mapping[str, object]]

    @property
    def invented(self) -> str:
        return str(self.about["invented"])


def read_tables(folder: Path) -> Tables:
    def table(name: str) -> list[Row]:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def settings(name: str) -> dict[str, object]:
        return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))

    return Tables(
        about=settings("library"),
        drugs=table("drugs"),
        care_areas=table("care_areas"),
        regimens=table("regimens"),
        limits=table("limits"),
        decisions=table("decisions"),
        citations={row["key"]: row["citation"] for row in table("citations")},
        faults=cast("list[Mapping[str, object]]", settings("faults")["faults"]),
    )


# Cells


def words(cell: str) -> list[str]:
    """Return the parts of a cell that lists several, parted by ";"."""
    return [part for text in cell.split(";") if (part := text.strip())]


def number(cell: str) -> Fraction | None:
    return read_decimal(cell) if cell else None


def quantity(cell: str, unit: Unit) -> Quantity | None:
    return Quantity.of(cell, unit) if cell else None


def limits_from(row: Row, unit: Unit, *, names: Mapping[str, str] | None = None) -> Limits | None:
    """Return the limits in a row; ``names`` says which column holds which limit where the names differ."""
    columns = names or {name: name for name in VALUES}
    values = {name: number(row[column]) for name, column in columns.items()}
    return Limits(unit=unit, **values) if any(v is not None for v in values.values()) else None


# Master lists


def drug_from(row: Row) -> Drug:
    return Drug(
        id=slug(row["name"]),
        name=row["name"],
        tall_man=row["tall_man"] or None,
        aliases=tuple(words(row["aliases"])),
        amount_kind=Kind(row["amount_kind"]),
        high_alert=row["high_alert"] == "yes",
        drug_class=row["drug_class"],
    )


def care_area_from(row: Row) -> CareArea:
    four = ("hard_min", "soft_min", "soft_max", "hard_max")
    return CareArea(
        id=slug(row["name"]),
        name=row["name"],
        population=Population(row["population"]),
        weight=limits_from(row, KG, names={name: f"weight_{name}_kg" for name in four}),
        body_surface_area=limits_from(row, M2, names={name: f"bsa_{name}_m2" for name in four}),
        max_rate=quantity(row["max_rate_ml_per_h"], ML_PER_H),
        max_volume=quantity(row["max_volume_ml"], ML),
        kvo_rate=quantity(row["kvo_rate_ml_per_h"], ML_PER_H),
        device_settings={"basic mode": mode} if (mode := row["basic_mode"]) else {},
        owner=row["owner"],
    )


# Entries


def concentration_from(row: Row) -> Concentration | None:
    if not row["amount"]:
        return None
    return Concentration(
        amount=Quantity.of(row["amount"], row["amount_unit"]), volume=Quantity.of(row["volume_ml"], ML)
    )


def delivery_from(parts: Mapping[str, Limits], prefix: str) -> Delivery | None:
    names = ("dose", "rate", "volume", "duration")
    found = {name: parts[f"{prefix}.{name}"] for name in names if f"{prefix}.{name}" in parts}
    return Delivery(**found) if found else None


def pca_from(parts: Mapping[str, Limits], window_h: str) -> Pca | None:
    if "pca.dose" not in parts:
        return None
    return Pca(
        dose=parts["pca.dose"],
        lockout=parts.get("pca.lockout"),
        accumulated=parts.get("pca.accumulated"),
        window=quantity(window_h, HOURS),
    )


def sources_from(regimen: Row, rows: Iterable[Row], tables: Tables) -> Iterator[Source]:
    """Yield a source for every cited value, and for each group of limits one that covers what is left."""
    if regimen["amount"]:
        key = regimen["concentration_source"]
        citation = tables.citations[key] if key else tables.invented
        yield Source(field="concentration", citation=citation, invented_for_example=not key)
    if regimen["titration_factor"]:
        yield Source(field="titration_step", citation=tables.invented, invented_for_example=True)
    for row in rows:
        cited = dict(item.split("=") for item in words(row["cited"]))
        for name, key in cited.items():
            yield Source(field=f"{row['path']}.{name}", citation=tables.citations[key])
        if any(row[name] and name not in cited for name in VALUES):
            yield Source(field=row["path"], citation=tables.invented, invented_for_example=True)


def decisions_from(regimen: Row, parts: Mapping[str, Limits], tables: Tables) -> Iterator[Decision]:
    """Yield the decisions on a regimen; one on "*" holds wherever that limit of a group is not set."""
    for row in tables.decisions:
        group, _, name = row["field"].rpartition(".")
        if row["regimens"] == "*":
            applies = group in parts and getattr(parts[group], name) is None
        else:
            applies = regimen["regimen"] in words(row["regimens"])
        if applies:
            yield Decision(
                field=row["field"],
                decision=row["decision"],
                reason=row["reason"],
                by=row["by"],
                decided_on=date.fromisoformat(row["decided_on"]),
            )


def entry_from(regimen: Row, area: CareArea, tables: Tables) -> Entry:
    rows = [row for row in tables.limits if row["regimen"] == regimen["regimen"]]
    parts = {row["path"]: found for row in rows if (found := limits_from(row, Unit.read(row["unit"])))}
    entry = Entry(
        id="",
        drug=slug(regimen["drug"]),
        care_area=area.id,
        type=EntryType(regimen["type"]),
        route=Route(regimen["route"]),
        therapy=regimen["therapy"],
        concentration=concentration_from(regimen),
        dose=parts.get("dose"),
        rate=parts.get("rate"),
        volume=parts.get("volume"),
        duration=parts.get("duration"),
        bolus=delivery_from(parts, "bolus"),
        loading=delivery_from(parts, "loading"),
        pca=pca_from(parts, regimen["window_h"]),
        titration_step=TitrationStep(factor=read_decimal(factor)) if (factor := regimen["titration_factor"]) else None,
        # The words are those of the format; a wrong one does not survive reading the library back.
        secondary=regimen["secondary"] or "not allowed",  # type: ignore[arg-type]
        delivered_by=tuple(words(regimen["pump"])),  # type: ignore[arg-type]
        anaesthesia_only=regimen["anaesthesia_only"] == "yes",
        sources=tuple(sources_from(regimen, rows, tables)),
        rationale=regimen["rationale"] or None,
        decisions=tuple(decisions_from(regimen, parts, tables)),
        review_by=date.fromisoformat(regimen["review_by"]),
    )
    return named(entry, drug=regimen["drug"], area=area)


def named(entry: Entry, *, drug: str, area: CareArea) -> Entry:
    """Return the entry with the id that its area, drug, type, therapy and strength give it."""
    id_ = entry_id(
        drug=drug, care_area=area.name, type_=entry.type, therapy=entry.therapy, concentration=entry.concentration
    )
    return replace(entry, id=id_)


# Faults

ABSENT = "absent"


def with_faults(entry: Entry, changes: Mapping[str, str]) -> Entry:
    """Return the entry as it was with a fault; what speaks for a value that was absent goes with it."""
    for path, text in changes.items():
        entry = changed(entry, path.split("."), text)
        if text == ABSENT:
            entry = replace(
                entry,
                sources=tuple(s for s in entry.sources if not f"{s.field}.".startswith(f"{path}.")),
                decisions=tuple(d for d in entry.decisions if not f"{d.field}.".startswith(f"{path}.")),
            )
    return entry


def changed(part: Part, path: list[str], text: str) -> Part:
    head, *rest = path
    value = changed(getattr(part, head), rest, text) if rest else _value_from(head, text)
    return replace(part, **{head: value})  # type: ignore[arg-type]


def _value_from(name: str, text: str) -> object:
    if text == ABSENT:
        return Concentration() if name == "concentration" else None
    if name == "unit":
        return Unit.read(text)
    return date.fromisoformat(text) if name == "review_by" else read_decimal(text)


def faults_in(version: str, tables: Tables) -> dict[tuple[str, str], Mapping[str, str]]:
    """Return the changes that a version has against the tables, by regimen and key of the care area."""
    return {
        (str(fault["regimen"]), str(fault["area"])): cast("Mapping[str, str]", fault["changes"])
        for fault in tables.faults
        if "mended" not in fault or _order(version) < _order(str(fault["mended"]))
    }


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


# The library


def library_from(tables: Tables, version: Mapping[str, str], parent: Parent | None) -> Library:
    areas = {row["key"]: care_area_from(row) for row in tables.care_areas}
    faults = faults_in(version["version"], tables)
    entries = []
    for regimen in tables.regimens:
        for key in words(regimen["areas"]):
            entry = entry_from(regimen, areas[key], tables)
            changes = faults.get((regimen["regimen"], key), {})
            entries.append(named(with_faults(entry, changes), drug=regimen["drug"], area=areas[key]))
    return Library(
        library=About(
            name=str(tables.about["name"]),
            organisation=str(tables.about["organisation"]),
            version=version["version"],
            status=Status.APPROVED,
            valid_from=datetime.fromisoformat(version["valid_from"]),
            parent=parent,
            not_for_clinical_use=True,
        ),
        drugs=tuple(drug_from(row) for row in sorted(tables.drugs, key=lambda row: row["name"].casefold())),
        care_areas=tuple(areas.values()),
        entries=tuple(sorted(entries, key=lambda entry: entry.id)),
    )


def build() -> dict[Path, bytes]:
    """Return every generated file by its path from the root of the repository."""
    tables = read_tables(REPOSITORY / TRUST / "source")
    files: dict[Path, bytes] = {}
    parent = None
    for version in cast("list[Mapping[str, str]]", tables.about["versions"]):
        library = library_from(tables, version, parent)
        content = canonical_bytes(library)
        files[TRUST / f"library-{version['version']}.json"] = content
        about = library.library
        parent = Parent(name=about.name, version=about.version, sha256=hashlib.sha256(content).hexdigest())
    return files


def main() -> int:
    """Write the files; with ``--check`` only say which are not what the tables give."""
    stale = [path for path, content in build().items() if _current(path) != content]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path} is not current: run python tools/make_examples.py")
        return 1 if stale else 0
    for path, content in build().items():
        (REPOSITORY / path).write_bytes(content)
    print(f"{len(stale)} files written")
    return 0


def _current(path: Path) -> bytes | None:
    return (REPOSITORY / path).read_bytes() if (REPOSITORY / path).exists() else None


if __name__ == "__main__":
    sys.exit(main())
