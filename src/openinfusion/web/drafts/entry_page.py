"""What the page of an entry's form shows: the fields with what is said back, the findings, who else is there."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, get_args

from openinfusion.core.entry import EntryType, Route, Secondary
from openinfusion.core.library import Library
from openinfusion.core.review import Finding
from openinfusion.web.accounts.models import User
from openinfusion.web.changes.models import Change
from openinfusion.web.drafts import fields, keep
from openinfusion.web.drafts.checks import findings_of
from openinfusion.web.drafts.entry_form import FACTOR, Reading, row_numbers
from openinfusion.web.library.models import Part

BLANK_ROWS = 2


class Told(NamedTuple):
    """What stands under a field: what is wrong, what it is read as, what review finds."""

    path: str
    fault: str
    back: str
    findings: list[Finding]


class Choice(NamedTuple):
    """One of the answers that a field has."""

    value: str
    text: str


def places(said: Mapping[str, str]) -> list[str]:
    """Return every place of the page that something can be said at."""
    found = ["entry", *fields.CHOICES, *fields.TEXTS, FACTOR, *fields.QUANTITIES, "concentration", "concentration.is"]
    found += ["offers.bolus", "offers.loading", "offers.pca", "delivered_by", "advisories", "device_settings"]
    for group in fields.GROUPS:
        found += [group.path, *group.fields]
    for name, keys in (("sources", fields.SOURCE), ("decisions", fields.DECISION)):
        found += [f"{name}.{number}.{key}" for number in rows_shown(said, name) for key in keys]
    return found


def rows_shown(said: Mapping[str, str], name: str) -> list[int]:
    """Return the numbers of the rows of a list that the page shows: those in use, and a few to be filled in."""
    used = row_numbers(said, name)
    first = used[-1] + 1 if used else 0
    return [*used, *range(first, first + BLANK_ROWS)]


def told(change: Change, reading: Reading, *, at: datetime) -> dict[str, Told]:
    """Return what is said at each place of the page; what has no place of its own stands at the nearest, or on top."""
    there = {path: Told(path, "", reading.backs.get(path, ""), []) for path in places(reading.said)}
    for path, text in reading.faults.items():
        one = there[_nearest(path, there)]
        there[one.path] = one._replace(fault=text if not one.fault else f"{one.fault} {text}")
    if reading.content is not None:
        for path, found in findings_of(keep.draft_of(change), reading.content, at=at.date()).items():
            there[_nearest(path, there)].findings.extend(found)
    return there


def _nearest(path: str, there: Mapping[str, Told]) -> str:
    while path and path not in there:
        path = path.rpartition(".")[0]
    return path or "entry"


def choices(library: Library) -> dict[str, list[Choice]]:
    """Return the answers of each field that is chosen from a list."""
    return {
        "drug": [Choice(one.id, one.name) for one in sorted(library.drugs, key=lambda one: one.name)],
        "care_area": [Choice(one.id, one.name) for one in library.care_areas],
        "type": [Choice(one.value, "PCA" if one is EntryType.PCA else one.value) for one in EntryType],
        "route": [Choice(one.value, one.value) for one in Route],
        "secondary": [Choice(one, one) for one in get_args(Secondary)],
        "advisories": [Choice(one.id, one.name or one.text) for one in library.advisories],
        "spoken_of": [Choice(path, fields.words_of(path)) for path in fields.spoken_of()],
    }


def open_sections(said: Mapping[str, str], faulty: Iterable[str]) -> set[str]:
    """Return the groups of limits that are shown open: those with something in them, or something wrong."""
    paths = {*said, *faulty}
    return {group.path for group in fields.GROUPS if any(path.startswith(f"{group.path}.") for path in paths)}


def context_of(
    change: Change, item: str, reading: Reading, *, library: Library, by: User, at: datetime, seen: int
) -> dict[str, Any]:
    """Return what the template of the form needs, save for the organisation."""
    draft, said_at = keep.draft_of(change), told(change, reading, at=at)
    return {
        "change": change,
        "item": item,
        "said": reading.said,
        "reading": reading,
        "told": said_at,
        "seen": seen,
        "findings": sum(len(one.findings) for one in said_at.values()),
        "choices": choices(library),
        "fields": fields,
        "rows": {name: rows_shown(reading.said, name) for name in ("sources", "decisions")},
        "open": open_sections(reading.said, reading.faults),
        "others": keep.others_at(draft, Part.ENTRY, item, person=by, at=at),
    }
