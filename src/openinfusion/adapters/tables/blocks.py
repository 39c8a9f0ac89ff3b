"""Care areas as blocks of rows: a title row, labelled settings somewhere below it, then the rows of the area."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from openinfusion.adapters.tables.headers import Header, Headers, header_at
from openinfusion.adapters.tables.mapping import Blocks, Column
from openinfusion.adapters.tables.sheets import Cell, Grid

_TABLE_DEPTHS = (2, 3, 4)
_PARTS = re.compile(r"[\n;]")


@dataclass(frozen=True, slots=True)
class Title:
    """The title of a block, and the cells of its row that still say something else."""

    name: Cell
    rest: tuple[Cell, ...]


def find_title(cells: tuple[Cell, ...], blocks: Blocks) -> Title | None:
    """Return the care area that a row of cells announces, or ``None``."""
    for number, cell in enumerate(cells):
        for pattern in blocks.title:
            match = re.fullmatch(pattern, cell.text.strip(), re.DOTALL)
            if match is None:
                continue
            if match["name"].strip():
                return Title(_part(cell, match["name"]), (*cells[:number], *cells[number + 1 :]))
            if number + 1 < len(cells):
                return Title(cells[number + 1], (*cells[:number], *cells[number + 2 :]))
    return None


def plain_title(cells: tuple[Cell, ...], blocks: Blocks, *, header: Header, labels: Headers) -> Cell | None:
    """Return a title that is only a name in the first column: alone in its row, or before labelled settings."""
    first = cells[0]
    if not blocks.lone_cell_is_title or first.column > min(header.columns) or not _is_value(first, labels):
        return None
    if labels.words_of(first.text) & labels.all_words:
        return None  # "Patient Weight" before its limits is no care area
    rest = cells[1:]
    return first if not rest or not _is_value(rest[0], labels) else None


def is_header_again(cells: tuple[Cell, ...], header: Header, grid: Grid) -> bool:
    """Whether a row below the header repeats one of its rows, as reports do on each printed page."""
    for row in range(header.first, header.last + 1):
        above = grid.row(row)
        same = [cell for cell in cells if (known := above.get(cell.column)) and known.text.split() == cell.text.split()]
        if len(same) == len(cells) and len(above) == len(cells):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Setting:
    """A labelled value."""

    column: Column
    value: Cell
    taken: tuple[Cell, ...]


def read_settings(cells: tuple[Cell, ...], grid: Grid, headers: Headers) -> Iterator[Setting]:
    """Yield the settings that a row of cells says: "label: value", a label beside its value, or one above it."""
    taken: set[Cell] = set()
    for number, cell in enumerate(cells):
        if cell in taken:
            continue
        inline = tuple(_inline(cell, headers))
        if inline:
            yield from inline
            continue
        column = headers.find(cell.text.rstrip(" :="))
        if column is None:
            continue
        right = cells[number + 1] if number + 1 < len(cells) else None
        below = grid.row(cell.row + 1).get(cell.column)
        value = right if right is not None and _is_value(right, headers) else below
        if value is not None and _is_value(value, headers):
            taken.add(value)
            yield Setting(column, value, (cell, value))


def read_settings_table(first: int, grid: Grid, headers: Headers) -> tuple[Header, dict[int, Cell]] | None:
    """Return a small table of settings with stacked labels ("Patient Weight" over "Lower Hard"), if one starts here."""
    tables = (header_at(grid, headers, (first, first + depth - 1)) for depth in _TABLE_DEPTHS)
    for header in sorted(tables, key=lambda table: -len(table.columns)):
        values = grid.row(header.last + 1)
        is_stacked = any(header.texts[number] != header.own.get(number) for number in header.columns)
        numbers = sum(number in values for number in header.columns)
        labels = [cell for row in range(header.first, header.last + 1) for cell in grid.row(row).values()]
        is_pure = all(headers.words_of(cell.text) <= headers.all_words | {"kg"} for cell in labels)
        if is_stacked and is_pure and numbers > 1 and all(_is_value(cell, headers) for cell in values.values()):
            return header, dict(values)
    return None


def _inline(cell: Cell, headers: Headers) -> Iterator[Setting]:
    for part in _PARTS.split(cell.text):
        label, colon, text = part.partition(":")
        column = headers.find(label)
        if colon and text.strip() and column is not None:
            yield Setting(column, _part(cell, text), (cell,))


def _is_value(cell: Cell, headers: Headers) -> bool:
    return headers.find(cell.text.rstrip(" :=")) is None and not any(_inline(cell, headers))


def _part(cell: Cell, text: str) -> Cell:
    return Cell(cell.sheet, cell.row, cell.column, text.strip(), cell.fault)
