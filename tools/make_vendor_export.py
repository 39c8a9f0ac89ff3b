"""
Write the spreadsheet that the example trust's pump vendor exported in 2018, with two typing errors planted in it.

The file holds version 1.0.0 of the example library in the layout of a BD Alaris data-set report. Two values were
"typed wrongly", so that reading it back against the approved library has something to find (HSIB 2020, 5.52):
they are listed in ``TYPING_ERRORS`` and in ``examples/trust/README.md``.
"""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from openinfusion.adapters.library_file import read_library
from openinfusion.adapters.tables import shipped_mapping, write_table
from openinfusion.core.entry import Entry
from openinfusion.core.library import Library

TRUST = Path("examples/trust")
# Entry, parameter, limit, value as typed: a zero too many, and a digit lost.
TYPING_ERRORS = (
    ("adult-critical-care-a-general--dopamine--continuous--low-cardiac-output--200-mg-in-50-ml", "hard_max", "360"),
    ("children-s-ward--dopamine--continuous--before-transfer--200-mg-in-50-ml", "soft_max", "8"),
)


def typed(library: Library) -> Library:
    """Return the library as it was typed into the vendor's editor."""
    wrong = {entry_id: (limit, value) for entry_id, limit, value in TYPING_ERRORS}
    return replace(library, entries=tuple(_typed(entry, wrong.get(entry.id)) for entry in library.entries))


def _typed(entry: Entry, slip: tuple[str, str] | None) -> Entry:
    if slip is None or entry.dose is None:
        return entry
    limit, value = slip
    values: dict[str, Any] = {limit: Fraction(value)}
    return replace(entry, dose=replace(entry.dose, **values))


def main() -> None:
    """Write the spreadsheet; its bytes differ each time, its cells do not."""
    library = read_library(TRUST / "library-1.0.0.json")
    write_table(typed(library), TRUST / "vendor-export-2018.xlsx", shipped_mapping("alaris"))


if __name__ == "__main__":
    main()
