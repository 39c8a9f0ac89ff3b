"""
What kind of change a change is: its class, the version it makes, the areas it touches, the values to be checked.

All of it is computed from a difference between two libraries; nobody lowers a class by hand.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum

from openinfusion.core.difference import NO_CONCENTRATION, Change, ChangeKind, Difference
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.library import CareArea, Entry, Library, Limits
from openinfusion.core.numbers import decimal_text


class ChangeClass(Enum):
    """How grave a change is, from the least to the gravest; of several the gravest counts. The value is stored."""

    TEXT = "text"
    TIGHTEN = "tighten"
    NEW_ENTRY = "new_entry"
    DELETE = "delete"
    STRUCTURE = "structure"
    LOOSEN = "loosen"
    STRENGTH = "strength"

    @property
    def words(self) -> str:
        """What a screen says."""
        return _WORDS[self]

    @property
    def gravity(self) -> int:
        """How grave, counted from 0."""
        return _GRAVITY[self]


_GRAVITY = {change_class: number for number, change_class in enumerate(ChangeClass)}
_WORDS = {
    ChangeClass.TEXT: "texts and names only",
    ChangeClass.TIGHTEN: "limits tightened",
    ChangeClass.NEW_ENTRY: "new entries",
    ChangeClass.DELETE: "entries removed",
    ChangeClass.STRUCTURE: "drug, patients, route, type or settings changed",
    ChangeClass.LOOSEN: "limits loosened",
    ChangeClass.STRENGTH: "strength or units changed",
}
_NONE = "none"
_SEVERAL = frozenset({"delivered_by", "advisories"})
# What a delegated panel may approve for the committee; everything else goes the whole way.
DELEGABLE = frozenset({ChangeClass.TEXT, ChangeClass.TIGHTEN})

CLASS_OF: Mapping[ChangeKind, ChangeClass] = {
    ChangeKind.CONCENTRATION_OPENED: ChangeClass.STRENGTH,
    ChangeKind.LIMIT_REMOVED: ChangeClass.LOOSEN,
    ChangeKind.LIMIT_WIDENED: ChangeClass.LOOSEN,
    ChangeKind.UNIT_CHANGED: ChangeClass.STRENGTH,
    ChangeKind.STRENGTH_CHANGED: ChangeClass.STRENGTH,
    ChangeKind.DRUG_CHANGED: ChangeClass.STRUCTURE,
    ChangeKind.DOSE_OFFERED: ChangeClass.LOOSEN,
    ChangeKind.SAFEGUARD_LIFTED: ChangeClass.LOOSEN,
    ChangeKind.ENTRY_REMOVED: ChangeClass.DELETE,
    ChangeKind.ENTRY_ADDED: ChangeClass.NEW_ENTRY,
    ChangeKind.CARE_AREA_ADDED: ChangeClass.STRUCTURE,
    ChangeKind.CARE_AREA_REMOVED: ChangeClass.DELETE,
    ChangeKind.DRUG_ADDED: ChangeClass.NEW_ENTRY,
    ChangeKind.DRUG_REMOVED: ChangeClass.DELETE,
    ChangeKind.CONCENTRATION_FIXED: ChangeClass.STRENGTH,
    ChangeKind.LIMIT_TIGHTENED: ChangeClass.TIGHTEN,
    ChangeKind.LIMIT_SET: ChangeClass.TIGHTEN,
    # What the pump offers first is given as it stands if nobody looks, so it is no mere text.
    ChangeKind.INITIAL_CHANGED: ChangeClass.LOOSEN,
    ChangeKind.USUAL_CHANGED: ChangeClass.TIGHTEN,
    ChangeKind.NAME_CHANGED: ChangeClass.TEXT,
    # Some settings are the pump's own, and nothing here knows which way they act.
    ChangeKind.SETTING_CHANGED: ChangeClass.STRUCTURE,
    ChangeKind.TEXT_CHANGED: ChangeClass.TEXT,
}
# Which number of a version a class raises: 0 limits, strengths and units, 1 new entries, 2 texts.
_RAISES = {ChangeClass.TEXT: 2, ChangeClass.NEW_ENTRY: 1}
_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")


def class_of(changes: Iterable[Change]) -> ChangeClass | None:
    """Return the gravest class of some changes; ``None`` where there are none."""
    classes = [CLASS_OF[change.kind] for change in changes]
    return max(classes, key=lambda each: each.gravity, default=None)


def classify(difference: Difference) -> ChangeClass:
    """
    Return the class of a difference between two libraries.

    Raises:
        ChangeControlError: nothing differs, so there is nothing to request.

    """
    found = class_of(difference.changes)
    if found is None:
        raise ChangeControlError(where="difference", found="no change", expected="at least one change")
    return found


def next_version(version: str, difference: Difference) -> str:
    """
    Return the version that a difference makes of a library: "1.4.2" becomes "2.0.0", "1.5.0" or "1.4.3".

    Raises:
        ChangeControlError: the version is not major.minor.patch, or nothing differs.

    """
    classify(difference)
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ChangeControlError(where="version", found=repr(version), expected="major.minor.patch, such as 1.4.2")
    raised = min(_RAISES.get(CLASS_OF[change.kind], 0) for change in difference.changes)
    numbers = [int(number) for number in match.groups()]
    return ".".join(str(n + 1 if place == raised else n if place < raised else 0) for place, n in enumerate(numbers))


def areas_affected(changes: Iterable[Change], *, old: Library, new: Library) -> tuple[str, ...]:
    """Return the ids of all care areas that the changes reach: of a drug or a text, every area that uses it."""
    found: dict[str, None] = {}
    for change in changes:
        found |= dict.fromkeys(area for library in (old, new) for area in _areas_of(change, library))
    return tuple(sorted(found))


def _areas_of(change: Change, library: Library) -> Iterable[str]:
    if change.entry is not None:
        entry = library.find_entry(change.entry)
        return () if entry is None else (entry.care_area,)
    if change.care_area is not None:
        return (area.id for area in library.care_areas if area.name == change.care_area)
    if change.drug is not None:
        return (entry.care_area for entry in library.entries if library.drug(entry.drug).name == change.drug)
    # A text is told by its words alone, so it reaches every area that shows texts.
    return (entry.care_area for entry in library.entries if entry.advisories)


def row_of(change: Change) -> str | None:
    """Return what a change's values are kept under: the id of its entry, or the name of its care area."""
    return change.entry if change.entry is not None else change.care_area


def has_values(change: Change) -> bool:
    """Whether a change leaves values in the new library that a second pharmacist must work out again."""
    return row_of(change) is not None and CLASS_OF[change.kind] not in (ChangeClass.TEXT, ChangeClass.DELETE)


def values_to_check(changes: Iterable[Change], new: Library) -> Mapping[str, str]:
    """
    Return every value of each row that the changes touch, by "row path", as exact text with its unit.

    The whole row, not only the field that changed: a strength that was changed makes every other limit mean
    something else (LC-01). What is no number, or is no longer there ("none"), is asked as the change says it. That an
    entry counts as reviewed stands in no source: whoever says so has its values worked out.
    """
    changes = [change for change in changes if has_values(change)]
    rows = {row_of(change) for change in changes}
    values: dict[str, str] = {}
    for entry in new.entries:
        if entry.id in rows:
            values |= {f"{entry.id} {path}": text for path, text in _values_of_entry(entry)}
    for area in new.care_areas:
        if any(change.entry is None and change.care_area == area.name for change in changes):
            values |= {f"{area.name} {path}": text for path, text in _values_of_area(area)}
    for change in changes:
        path = "" if change.field == "unreviewed" else change.field
        key = f"{row_of(change)} {path}"
        if not any(known == key or known.startswith(f"{key}." if path else key) for known in values):
            values[key if path else f"{key}limits"] = _said(change) if path else _NONE
    return values


def _said(change: Change) -> str:
    """Return what a change leaves, as it is compared: several in one order, and "none" where nothing is left."""
    if change.after is None or (change.field == "concentration" and change.after == NO_CONCENTRATION):
        return _NONE
    return "; ".join(sorted(change.after.split("; "))) if change.field in _SEVERAL else change.after


def _values_of_entry(entry: Entry) -> Iterable[tuple[str, str]]:
    if (strength := entry.concentration) is not None:
        parts = (part.text() if part is not None else "any" for part in (strength.amount, strength.volume))
        yield "concentration", " in ".join(parts)
    for path, limits in entry.all_limits():
        yield from _values_of_limits(path, limits)
    if entry.pca is not None and entry.pca.window is not None:
        yield "pca.window", entry.pca.window.text()
    if entry.titration_step is not None:
        yield "titration_step", decimal_text(entry.titration_step.factor)


def _values_of_area(area: CareArea) -> Iterable[tuple[str, str]]:
    for name in ("weight", "height", "body_surface_area"):
        limits: Limits | None = getattr(area, name)
        if limits is not None:
            yield from _values_of_limits(name, limits)
    for name in ("max_rate", "max_volume", "kvo_rate"):
        if (setting := getattr(area, name)) is not None:
            yield name, setting.text()


def _values_of_limits(path: str, limits: Limits) -> Iterable[tuple[str, str]]:
    for name in ("hard_min", "soft_min", "soft_max", "hard_max", "usual_min", "usual_max", "initial"):
        if (quantity := limits.quantity(name)) is not None:
            yield f"{path}.{name}", quantity.text()
