"""
Compare a vendor's export with the approved library, field by field.

A library is typed into the vendor's editor by hand. HSIB found errors of typing that nobody noticed (report 2020/21,
5.52); reading the editor's own export back and comparing every value is what finds them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from openinfusion.adapters.tables.compare import Flat, Matcher, Pair, flat_entry, flat_item, is_same, show_plain
from openinfusion.adapters.tables.held import (
    as_held,
    fits,
    held_by_entries,
    held_by_items,
    holds_type,
    keeps_settings,
    sheet_for,
)
from openinfusion.adapters.tables.mapping import TableMapping
from openinfusion.adapters.tables.read import read_table
from openinfusion.adapters.tables.reading import CellProblem, TableReading
from openinfusion.adapters.tables.sheets import Cell
from openinfusion.core.library import CareArea, Entry, Library
from openinfusion.core.naming import slug

Chosen = Callable[[str], bool]


class DifferenceKind(Enum):
    """What a difference between the approved library and the export is."""

    VALUE = "another value"
    NEAR = "another value in a near match"
    NOT_EXPORTED = "not in the export"
    NOT_APPROVED = "not in the approved library"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBackDifference:
    """One thing on which the export and the approved library do not agree, with its place in the export."""

    kind: DifferenceKind
    drug: str
    care_area: str
    entry: str
    field: str
    approved: str
    exported: str
    sheet: str = ""
    row: int = 0
    column: str = ""

    def __str__(self) -> str:
        """Return the difference as one line."""
        place = f" ({self.sheet}, row {self.row}, column {self.column})" if self.sheet else ""
        about = self.entry or self.care_area or self.drug
        return f"{about}: {self.field}: approved {self.approved}, exported {self.exported}{place}; {self.kind.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """A field that the layout has no place for, and how many entries or care areas have it."""

    field: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """Every difference, what could not be compared, and the cells of the export that could not be read."""

    differences: tuple[ReadBackDifference, ...]
    not_compared: tuple[NotCompared, ...]
    problems: tuple[CellProblem, ...]
    entries_compared: int

    @property
    def agrees(self) -> bool:
        return not self.differences


def read_back(approved: Library, path: Path, mapping: TableMapping) -> ReadBack:
    """
    Return where a vendor's export differs from the approved library, in every field that the layout can hold.

    Raises:
        OperatorError: the file cannot be read, or is too large.
        SenderError: the file is damaged, or not laid out as the mapping says.

    """
    return compare_reading(approved, read_table(path, mapping), mapping)


def compare_reading(approved: Library, reading: TableReading, mapping: TableMapping) -> ReadBack:
    """Return where a table that was read differs from the approved library."""
    comparison = Comparison(approved, reading, mapping)
    differences = tuple(comparison.differences(comparison.is_held))
    return ReadBack(
        differences=differences,
        not_compared=comparison.not_compared(),
        problems=reading.problems,
        entries_compared=len(comparison.matched.pairs),
    )


class Comparison:
    """The approved library beside what a table holds."""

    def __init__(self, approved: Library, reading: TableReading, mapping: TableMapping) -> None:
        self.approved = approved
        self.reading = reading
        self.mapping = mapping
        self.matcher = Matcher(approved, reading.library, with_type=holds_type(mapping))
        self.matched = self.matcher.matched()
        self._held = {sheet.id: held_by_entries(sheet, mapping) for sheet in mapping.sheets}
        self._of_areas = held_by_items(mapping, "care areas")
        self._of_drugs = held_by_items(mapping, "drugs")

    def is_held(self, entry: Entry | None, path: str, kind: str = "entry") -> bool:
        """Whether the layout has a place for a path of an entry, care area or drug."""
        if kind == "care area":
            return path in self._of_areas or (path.startswith("device_settings.") and keeps_settings(self.mapping))
        if kind == "drug":
            return path in self._of_drugs
        sheet = sheet_for(entry, self.mapping) if entry else None
        if entry is None or sheet is None or path not in self._held[sheet.id]:
            return False
        return fits(path, self._seen(entry, self.approved), sheet)

    def differences(self, chosen: Callable[[Entry | None, str, str], bool]) -> Iterator[ReadBackDifference]:
        """Yield the differences in the chosen paths."""
        for pair in self.matched.pairs:
            yield from self.between(pair, lambda path, pair=pair: chosen(pair.mine, path, "entry"))  # type: ignore[misc]
        for entry in self.matched.only_mine:
            yield self._alone(entry, self.approved, DifferenceKind.NOT_EXPORTED)
        for entry in self.matched.only_theirs:
            yield self._alone(entry, self.reading.library, DifferenceKind.NOT_APPROVED)
        yield from self._areas(lambda path: chosen(None, path, "care area"))
        yield from self._drugs(lambda path: chosen(None, path, "drug"))

    def not_compared(self) -> tuple[NotCompared, ...]:
        """Return the fields that approved entries and care areas have and the layout cannot hold."""
        counts: dict[str, int] = {}
        for entry in self.approved.entries:
            for path in self._seen(entry, self.approved):
                if path not in _MARKS and not self.is_held(entry, path):
                    counts[path] = counts.get(path, 0) + 1
        for kind, items in (("care area", self.approved.care_areas), ("drug", self.approved.drugs)):
            for item in items:
                for path, value in flat_item(item).items():
                    if path != "name" and value is not False and not self.is_held(None, path, kind):
                        counts[f"{kind}: {path}"] = counts.get(f"{kind}: {path}", 0) + 1
        return tuple(NotCompared(field=path, times=times) for path, times in sorted(counts.items()))

    def _seen(self, entry: Entry, library: Library) -> Flat:
        """Return an entry as the layout sees it."""
        sheet = sheet_for(entry, self.mapping)
        flat = flat_entry(entry, library)
        return as_held(flat, sheet) if sheet else flat

    # --- Entries -----------------------------------------------------------------------------------------------------

    def between(self, pair: Pair, chosen: Chosen) -> Iterator[ReadBackDifference]:
        """Yield what differs in two entries taken for one: in the chosen paths, and in those that the table says."""
        mine, theirs = self._seen(pair.mine, self.approved), self._seen(pair.theirs, self.reading.library)
        same_drug = self.matcher.drug_id(pair.theirs, self.reading.library) == pair.mine.drug
        origins = self.reading.origins.get(pair.theirs.id, {})
        for path in sorted(mine.keys() | theirs.keys()):
            if is_same(mine.get(path), theirs.get(path)) or not (chosen(path) or path in origins):
                continue
            if (path == "drug" and same_drug) or (
                path in ("care_area", "therapy") and _is_one_name(path, mine, theirs)
            ):
                continue
            difference = ReadBackDifference(
                kind=DifferenceKind.NEAR if pair.is_near else DifferenceKind.VALUE,
                drug=str(mine["drug"]),
                care_area=str(mine["care_area"]),
                entry=self.approved.describe(pair.mine),
                field=path,
                approved=show_plain(mine.get(path)),
                exported=show_plain(theirs.get(path)),
            )
            yield _at(difference, _near(origins, path))

    def _alone(self, entry: Entry, library: Library, kind: DifferenceKind) -> ReadBackDifference:
        is_mine = kind is DifferenceKind.NOT_EXPORTED
        said = library.describe(entry)
        origins = {} if is_mine else self.reading.origins.get(entry.id, {})
        difference = ReadBackDifference(
            kind=kind,
            drug=library.drug(entry.drug).name,
            care_area=library.care_area(entry.care_area).name,
            entry=said,
            field="entry",
            approved="yes" if is_mine else "none",
            exported="none" if is_mine else "yes",
        )
        return _at(difference, _near(origins, "drug"))

    # --- Care areas and drugs ----------------------------------------------------------------------------------------

    def _areas(self, chosen: Chosen) -> Iterator[ReadBackDifference]:
        theirs = {slug(area.name): area for area in self.reading.library.care_areas}
        for area in self.approved.care_areas:
            other = theirs.pop(slug(area.name), None)
            if other is None:
                yield _area_difference(area, "care area", ("yes", "none"), kind=DifferenceKind.NOT_EXPORTED)
                continue
            mine, found = flat_item(area), flat_item(other)
            origins = self.reading.care_area_origins.get(other.id, {})
            for path in sorted(mine.keys() | found.keys()):
                if path != "name" and chosen(path) and not is_same(mine.get(path), found.get(path)):
                    values = show_plain(mine.get(path)), show_plain(found.get(path))
                    place = _near(origins, path)
                    yield _area_difference(area, path, values, kind=DifferenceKind.VALUE, place=place)
        for area in theirs.values():
            cell = self.reading.care_area_origins.get(area.id, {}).get("name")
            yield _area_difference(area, "care area", ("none", "yes"), kind=DifferenceKind.NOT_APPROVED, place=cell)

    def _drugs(self, chosen: Chosen) -> Iterator[ReadBackDifference]:
        theirs = {slug(drug.name): drug for drug in self.reading.library.drugs}
        for drug in self.approved.drugs:
            other = theirs.get(slug(drug.name))
            mine, found = flat_item(drug), flat_item(other) if other else {}
            for path in sorted(mine.keys() | found.keys()) if other else ():
                if path != "name" and chosen(path) and not is_same(mine.get(path), found.get(path)):
                    yield ReadBackDifference(
                        kind=DifferenceKind.VALUE,
                        drug=drug.name,
                        care_area="",
                        entry="",
                        field=f"drug.{path}",
                        approved=show_plain(mine.get(path)),
                        exported=show_plain(found.get(path)),
                    )


_NAMES = frozenset({"care_area", "therapy"})
_MARKS = frozenset({"type", "concentration", "bolus", "loading", "route", "secondary", "anaesthesia_only"})


def _is_one_name(path: str, mine: Flat, theirs: Flat) -> bool:
    return slug(str(mine.get(path, ""))) == slug(str(theirs.get(path, "")))


def _near(origins: Mapping[str, Cell], path: str) -> Cell | None:
    """Return the cell that said a path, or one beside it, so that a value that is missing has a place too."""
    group = path.rpartition(".")[0]
    beside = (cell for key, cell in origins.items() if group and key.startswith(f"{group}."))
    return origins.get(path) or next(beside, None) or origins.get("drug")


def _at(difference: ReadBackDifference, cell: Cell | None) -> ReadBackDifference:
    return difference if cell is None else replace(difference, sheet=cell.sheet, row=cell.row, column=cell.letter)


def _area_difference(
    area: CareArea, path: str, values: tuple[str, str], *, kind: DifferenceKind, place: Cell | None = None
) -> ReadBackDifference:
    difference = ReadBackDifference(
        kind=kind, drug="", care_area=area.name, entry="", field=path, approved=values[0], exported=values[1]
    )
    return _at(difference, place)
