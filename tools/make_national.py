"""
Make the example national library and the overlay with which the example trust adopts it.

``python tools/generate.py`` writes them. Values come from the tables of the example trust (``make_examples``);
``examples/national/national.toml`` says which regimens are national and where a version differs. Not for clinical use.
"""

import hashlib
import tomllib
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import make_examples
from make_examples import REPOSITORY, TRUST, care_area_from, drug_from, entry_from, read_tables, with_faults

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.core.library import About, Library, Parent, Status
from openinfusion.core.naming import slug
from openinfusion.core.overlay import Approval, Deviation, Overlay, ReasonCode, Row, RowState
from openinfusion.core.overlay_fields import NEEDS_HAZARD
from openinfusion.core.overlay_proposal import overlay_of

NATIONAL = Path("examples", "national")
FOLLOWS = {
    "adult-critical-care-a-general": "adult-critical-care",
    "adult-critical-care-b-cardiac": "adult-critical-care",
    "adult-critical-care-c-neuro": "adult-critical-care",
    "children-s-ward": "children",
}
COMMITTEE = "Medication committee"


def library_from(said: dict[str, Any], version: dict[str, Any], parent: Parent | None) -> Library:
    """Return one version of the national library; an id does not name the strength, so that it outlives it."""
    tables = read_tables(REPOSITORY / TRUST / "source")
    areas = {
        r["key"]: care_area_from({**r, "name": said["areas"][r["key"]]})
        for r in tables.care_areas
        if r["key"] in said["areas"]
    }
    places = dict.fromkeys(said["adult"], "critical-care-a") | dict.fromkeys(said["children"], "children")
    entries = []
    for regimen in tables.regimens:
        key = places.get(regimen["regimen"])
        if key is None or regimen["regimen"] in version["without"]:
            continue
        area = areas[key]
        entry = with_faults(entry_from(regimen, area, tables), version.get("changes", {}).get(regimen["regimen"], {}))
        entries.append(replace(entry, id=slug(area.name, regimen["drug"], regimen["type"], regimen["therapy"])))
    used = {entry.drug for entry in entries}
    return Library(
        library=About(
            name=said["name"],
            organisation=said["organisation"],
            version=version["version"],
            status=Status.APPROVED,
            valid_from=datetime.fromisoformat(version["valid_from"]),
            parent=parent,
        ),
        drugs=tuple(drug for row in tables.drugs if (drug := drug_from(row)).id in used),
        care_areas=tuple(areas.values()),
        entries=tuple(sorted(entries, key=lambda entry: entry.id)),
    )


def overlay_from(base: Library, sha256: str, local: Library) -> Overlay:
    """Return the overlay of the example trust, with every deviation decided on and every row approved."""
    proposed = overlay_of(base, local, sha256=sha256, areas=FOLLOWS)
    return replace(proposed, rows=tuple(map(_decided, proposed.rows)))


def _decided(row: Row) -> Row:
    if row.state is RowState.NOT_USED:
        return replace(row, reason=ReasonCode.FORMULARY, unresolved=None)
    deviations = tuple(map(_with_reason, row.deviations))
    return replace(row, deviations=deviations, approved=Approval(by=COMMITTEE, on=date(2026, 11, 3)))


def _with_reason(one: Deviation) -> Deviation:
    return replace(
        one,
        reason=ReasonCode.STOCK if one.field == "concentration" else ReasonCode.FORMULARY,
        approver=COMMITTEE,
        hazard="LC-01" if one.field == "concentration" else "LC-02" if one.direction in NEEDS_HAZARD else None,
        review_on=date(2027, 6, 30),
    )


def build() -> dict[Path, bytes]:
    """Return every generated file by its path from the root of the repository."""
    said = tomllib.loads((REPOSITORY / NATIONAL / "national.toml").read_text(encoding="utf-8"))
    files: dict[Path, bytes] = {}
    parent = None
    for version in said["versions"]:
        library = library_from(said, version, parent)
        content = canonical_bytes(library)
        files[NATIONAL / f"library-{version['version']}.json"] = content
        digest = hashlib.sha256(content).hexdigest()
        if parent is None:
            newest = make_examples.build()[TRUST / "library-1.1.0.json"]
            local = library_from_bytes(newest, where="library-1.1.0.json")
            files[NATIONAL / "overlay-example-trust.json"] = canonical_bytes(overlay_from(library, digest, local))
        parent = Parent(name=said["name"], version=version["version"], sha256=digest)
    return files
