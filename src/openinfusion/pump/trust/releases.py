"""
The releases of a year: the two libraries of the example trust and the small ones between them.

Version 1.0.0 is in force on the first day and 1.1.0 mends it; each of the others moves a few soft limits, as real ones
do. One of them has a fault of its own (``NUISANCE``), which is found and mended two releases later.
"""

import hashlib
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.core.events import LibraryVersion
from openinfusion.core.library import Entry, Library, Limits, Parent
from openinfusion.pump.machine import Held
from openinfusion.pump.trust.dice import Dice

DAY = 86_400.0
INTERVAL = 28.8
"""Mean days between two releases (Hsu 2019)."""
MENDED_AT, FAULTY_FROM, FAULTY_TO = 4, 6, 8
"""Which release of the year is 1.1.0, and between which ones the nuisance lives."""
NUISANCE_DRUG, NUISANCE_AREA, NUISANCE_SOFT_MAX = "piperacillin-with-tazobactam", "adult-ward", Fraction(4)
"""A soft maximum of 4 g where 6 g was meant, and the usual dose is 4.5 g: every dose alerts."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A library version and the moment from which pumps may have it; the first was there before the year began."""

    library: Library
    content: bytes
    sha256: str
    released_at: float

    @cached_property
    def held(self) -> Held:
        """How a pump holds it."""
        about = self.library.library
        return Held(self.library, LibraryVersion(name=about.name, version=about.version, sha256=self.sha256))


def plan_releases(faulty: Library, mended: Library, *, first: float, days: int, dice: Dice) -> tuple[Release, ...]:
    """Return the library in force on the first day and every release of the period."""
    made = [_release(faulty, at=first - 40 * DAY)]
    day = INTERVAL * dice.between(0.3, 0.6)
    while day < days:
        number = len(made)
        library = mended if number == MENDED_AT else _next(made[-1].library, number, dice)
        made.append(_release(_dated(library, made[-1], number), at=first + (int(day) + 0.375) * DAY))
        day += INTERVAL * dice.between(0.75, 1.25)
    return tuple(made)


def _release(library: Library, *, at: float) -> Release:
    content = canonical_bytes(library)
    return Release(library=library, content=content, sha256=hashlib.sha256(content).hexdigest(), released_at=at)


def _dated(library: Library, before: Release, number: int) -> Library:
    """Return a library that may come into force when it is released, and names the one before it as its parent."""
    if number == MENDED_AT:
        about = replace(library.library, valid_from=None)
    else:
        major, minor, patch = before.library.library.version.split(".")
        older = before.library.library
        parent = Parent(name=older.name, version=older.version, sha256=before.sha256)
        about = replace(older, version=f"{major}.{minor}.{int(patch) + 1}", valid_from=None, parent=parent)
    return replace(library, library=about)


def _next(library: Library, number: int, dice: Dice) -> Library:
    """Return a library with a few soft maxima a tenth wider, and the nuisance put in or taken out."""
    chosen = {dice.whole(0, len(library.entries) - 1) for _ in range(dice.whole(2, 5))}
    entries = [_widened(entry) if place in chosen else entry for place, entry in enumerate(library.entries)]
    if number == FAULTY_FROM:
        entries = [_with_soft_max(e, NUISANCE_SOFT_MAX) if is_nuisance(e) else e for e in entries]
    elif number == FAULTY_TO:
        entries = [_with_soft_max(e, Fraction(6)) if is_nuisance(e) else e for e in entries]
    return replace(library, entries=tuple(entries))


def is_nuisance(entry: Entry) -> bool:
    return entry.drug == NUISANCE_DRUG and entry.care_area == NUISANCE_AREA


def _widened(entry: Entry) -> Entry:
    dose = entry.dose
    if dose is None or dose.soft_max is None or is_nuisance(entry):
        return entry
    wider = dose.soft_max * Fraction(11, 10)
    return entry if dose.hard_max is not None and wider >= dose.hard_max else _with_soft_max(entry, wider)


def _with_soft_max(entry: Entry, value: Fraction) -> Entry:
    limits: Limits | None = entry.dose
    return entry if limits is None else replace(entry, dose=replace(limits, soft_max=value))
