"""Decide which sheet of a file is which sheet of the mapping, and where its header stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch

from openinfusion.adapters.tables.blocks import is_header_again
from openinfusion.adapters.tables.cells import word_key
from openinfusion.adapters.tables.headers import Header, compact, find_header
from openinfusion.adapters.tables.mapping import Column, Sheet, TableMapping
from openinfusion.adapters.tables.sheets import Cell, Grid
from openinfusion.core.errors import TableError

TITLE_ROWS = 3
_NUMBER = re.compile(r"[\d.,]*\d(\s|$)")
_ORDER = {"advisories": 0, "drugs": 1, "therapies": 2, "care areas": 3, "entries": 4, "nothing": 5}


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet of the file, what the mapping says of it, and its header."""

    grid: Grid
    sheet: Sheet
    header: Header | None

    def pairs(self, row: int) -> Iterator[tuple[Cell, Column]]:
        """Yield the cells of a row that have a meaning; a cell merged downwards speaks for each of its rows."""
        for number, column in self.header.columns.items() if self.header else ():
            cell = self.grid.row(row).get(number)
            corner = self.grid.corners.get((row, number))
            if (
                cell is None
                and corner is not None
                and corner[1] == number
                and self.header
                and corner[0] > self.header.last
            ):
                cell = self.grid.row(corner[0]).get(number)
            if cell is not None:
                yield cell, column

    def missing(self, *paths: str) -> str | None:
        """Return the header of the first of these paths that the mapping has a column for and the sheet has not."""
        columns = self.header.columns.values() if self.header else ()
        there = {path for column in columns for path, _ in column.targets}
        known = {path for column in self.sheet.columns for path, _ in column.targets}
        return next((_header_of(path, self.sheet) for path in paths if path in known - there), None)

    def is_note(self, cells: tuple[Cell, ...]) -> bool:
        """Whether a row only says something to people, such as "No drugs exist in this section"."""
        return any(fnmatch(word_key(cell.text), word_key(note)) for cell in cells for note in self.sheet.notes)

    def is_header_again(self, cells: tuple[Cell, ...]) -> bool:
        return self.header is not None and is_header_again(cells, self.header, self.grid)


def lay_out(grids: tuple[Grid, ...], mapping: TableMapping, *, where: str) -> tuple[list[Layout], list[Grid]]:
    """
    Return the sheets that the mapping knows, in the order to read them, and the others.

    Raises:
        TableError: no sheet holds entries, or one that is named in the mapping lacks a column that it needs.

    """
    found, unknown = [], []
    for grid in grids:
        if not grid.cells:
            continue
        layout = _by_name(grid, mapping, where) or _by_header(grid, mapping)
        if layout is None:
            unknown.append(grid)
        else:
            found.append(layout)
    if not any(layout.sheet.holds == "entries" for layout in found):
        raise TableError(where=where, found=_seen(grids), expected=_wanted(mapping))
    return sorted(found, key=lambda layout: _ORDER[layout.sheet.holds]), unknown


def _by_name(grid: Grid, mapping: TableMapping, where: str) -> Layout | None:
    for sheet in mapping.sheets:
        if not (_is_named(grid, sheet) or _is_titled(grid, sheet)):
            continue
        if sheet.holds == "nothing":
            return Layout(grid, sheet, None)
        layout = _laid_out(grid, sheet, mapping)
        if layout is not None or sheet.holds != "entries":
            return layout
        bare = Layout(grid, sheet, None)
        rows = [tuple(cells.values()) for cells in grid.cells.values()]
        notes = [cells for cells in rows if bare.is_note(cells)]
        if notes and not any(_holds_numbers(cells) for cells in rows if cells not in notes):
            return bare
        needed = ", ".join(_header_of(path, sheet) for path in sheet.required)
        raise TableError(
            where=f"{where}, sheet {grid.sheet!r}",
            found="no header row with these columns",
            expected=f"the columns {needed} (or their names as `also` in the mapping)",
        )
    return None


def _holds_numbers(cells: tuple[Cell, ...]) -> bool:
    """Whether a row says numbers beside something else, as a row of a table does and a title or header does not."""
    return len(cells) > 1 and any(_NUMBER.match(cell.text.strip()) for cell in cells)


def _laid_out(grid: Grid, sheet: Sheet, mapping: TableMapping) -> Layout | None:
    """Return the sheet with its header; settings may run down the first column instead of along the top."""
    grids = (grid, grid.turned()) if sheet.holds == "care areas" else (grid,)
    found = [
        Layout(one, sheet, header)
        for one in grids
        if (header := find_header(one, sheet, mapping.header_words)) is not None
    ]
    return max(found, key=_matched, default=None)


def _by_header(grid: Grid, mapping: TableMapping) -> Layout | None:
    """Return the mapping's sheet of entries whose columns the file has most of: half of its headers at the least."""
    found = [
        layout
        for sheet in mapping.sheets
        if sheet.holds == "entries" and (layout := _laid_out(grid, sheet, mapping)) is not None
    ]
    best = max(found, key=_matched, default=None)
    if best is None or best.header is None or _matched(best) * 2 < len(best.header.texts):
        return None
    return best


def _matched(layout: Layout) -> int:
    return len(layout.header.columns) if layout.header else 0


def _is_named(grid: Grid, sheet: Sheet) -> bool:
    name = compact(grid.sheet)
    return any(fnmatch(name, "*".join(compact(part) for part in pattern.split("*"))) for pattern in sheet.names)


def _is_titled(grid: Grid, sheet: Sheet) -> bool:
    first = [cell.text for row in list(grid.cells)[:TITLE_ROWS] for cell in grid.cells[row].values()]
    return any(fnmatch(word_key(text), word_key(title)) for text in first for title in sheet.titles)


def _header_of(path: str, sheet: Sheet) -> str:
    return next((repr(column.header) for column in sheet.columns if path in column.fields), path)


def _seen(grids: tuple[Grid, ...]) -> str:
    return "the sheets " + ", ".join(repr(grid.sheet) for grid in grids[:10])


def _wanted(mapping: TableMapping) -> str:
    sheets = (sheet for sheet in mapping.sheets if sheet.holds == "entries")
    wanted = []
    for sheet in sheets:
        columns = ", ".join(_header_of(path, sheet) for path in sheet.required)
        wanted.append(f"{' or '.join(map(repr, sheet.names)) or sheet.id} with the columns {columns}")
    return f"a table laid out as the mapping {mapping.name!r} says: " + "; ".join(wanted)
