"""Read a vendor's table into a library, with an account of everything that did not simply become a field."""

from dataclasses import replace
from pathlib import Path, PurePath

from openinfusion.adapters.tables.cells import is_blank
from openinfusion.adapters.tables.entries import EntryMaker
from openinfusion.adapters.tables.layout import Layout, lay_out
from openinfusion.adapters.tables.mapping import Column, TableMapping
from openinfusion.adapters.tables.masters import Masters
from openinfusion.adapters.tables.reading import (
    CellProblem,
    Consequence,
    Counts,
    ListedColumn,
    ListedSheet,
    TableReading,
    problem,
)
from openinfusion.adapters.tables.rows import Row, read_cells
from openinfusion.adapters.tables.sheet_rows import entry_rows
from openinfusion.adapters.tables.sheets import Cell, Grid, read_sheets
from openinfusion.core.library import About, Library
from openinfusion.core.naming import slug


def read_table(path: Path, mapping: TableMapping) -> TableReading:
    """
    Return the library in a vendor's file, as a draft that nobody has reviewed.

    Raises:
        OperatorError: the file cannot be read, or is too large.
        SenderError: the file is damaged, or has no sheet with the columns that the mapping needs.

    """
    grids = read_sheets(path, encoding=mapping.csv.encoding, delimiter=mapping.csv.delimiter)
    return read_grids(grids, mapping, name=path.name)


def read_grids(grids: tuple[Grid, ...], mapping: TableMapping, *, name: str) -> TableReading:
    """Return the library in the sheets of the file ``name``; raises TableError where no sheet has the columns."""
    layouts, unknown = lay_out(grids, mapping, where=name)
    reader = _Reader(mapping)
    for layout in layouts:
        reader.read(layout)
    return reader.reading(PurePath(name).stem, unknown)


class _Reader:
    """Reads sheet after sheet and keeps the account."""

    def __init__(self, mapping: TableMapping) -> None:
        self.mapping = mapping
        self.masters = Masters(mapping)
        self.maker = EntryMaker(mapping, self.masters)
        self.problems: list[CellProblem] = []
        self.columns: list[ListedColumn] = []
        self.sheets: list[ListedSheet] = []
        self.preamble: list[Cell] = []
        self.counts = Counts()
        self.therapies: dict[str, tuple[Cell, str]] = {}

    def read(self, layout: Layout) -> None:
        if layout.sheet.holds == "nothing":
            self.sheets.append(_listed(layout.grid, layout.sheet.reason))
            return
        if layout.sheet.holds == "entries":
            self._read_entries(layout)
        else:
            self._read_list(layout)

    def _read_entries(self, layout: Layout) -> None:
        before = len(self.maker.problems)
        rows, account = entry_rows(layout, self.mapping, self.masters)
        missing = layout.missing("concentration.amount", "concentration.volume")
        made = sum(self.maker.add(row, layout.sheet, first, missing=missing) for row, first in rows)
        self.problems += [*account.problems, *self.maker.problems[before:]]
        self.preamble += account.preamble
        self.counts = Counts(
            rows_read=self.counts.rows_read + account.rows_read,
            entries_made=self.counts.entries_made + made,
            rows_left_out=self.counts.rows_left_out + len(rows) - made,
            note_rows=self.counts.note_rows + account.note_rows,
        )
        self._list_columns(layout, account.data_rows)

    # --- Lists of drugs, advisories, therapies and care areas --------------------------------------------------------

    def _read_list(self, layout: Layout) -> None:
        if layout.header is None:
            return
        full = _with_unlisted(layout) if layout.sheet.unlisted == "device settings" else layout
        data_rows = [row for row in full.grid.cells if row > layout.header.last]
        for row in data_rows:
            cells = tuple(full.grid.cells[row].values())
            if full.is_note(cells) or full.is_header_again(cells):
                continue
            read = read_cells(full.pairs(row), full.sheet.holds, self.mapping)
            self.problems += read.problems
            self._add_item(read, full, cells)
        self.preamble += [
            cell for row, line in full.grid.cells.items() if row < layout.header.first for cell in line.values()
        ]
        self._list_columns(full, data_rows)

    def _add_item(self, read: Row, layout: Layout, cells: tuple[Cell, ...]) -> None:
        named = read.record.get("name") or read.record.get("text")
        if named is None or not slug(str(named.value)):
            found = f"{len(cells)} cells without a name"
            self.problems.append(problem(cells[0], "", found=found, expected="a name", then=Consequence.ROW_LEFT_OUT))
            return
        name = str(named.value)
        parts = {path: found for path, found in read.record.items() if path != "name"}
        match layout.sheet.holds:
            case "drugs":
                self.masters.add_parts(self.masters.drug(name), parts, kind="drug")
            case "care areas":
                self.masters.add_parts(self.masters.area(name, named.cell), parts)
            case "advisories":
                self.masters.add_advisory({"name": name, "text": str(parts["text"].value if "text" in parts else name)})
            case _:
                self.therapies[slug(name)] = (named.cell, name)

    # --- The account -------------------------------------------------------------------------------------------------

    def _list_columns(self, layout: Layout, data_rows: list[int]) -> None:
        """List the columns that were not read: those that the mapping ignores, and those that it does not know."""
        header = layout.header
        if header is None:
            return
        counts: dict[int, int] = dict.fromkeys(header.texts, 0)
        for row in data_rows:
            for number, cell in layout.grid.row(row).items():
                known = header.columns.get(number) or Column(header="")
                counts[number] = counts.get(number, 0) + (not is_blank(cell.text, known, self.mapping))
        corner = next(iter(next(iter(layout.grid.cells.values())).values()))
        for number, count in sorted(counts.items()):
            column = header.columns.get(number)
            if column is not None and column.ignore is None:
                continue
            text = header.texts.get(number, "(no header)")
            place = Cell(layout.grid.sheet, header.last, number, "")
            letter = place.letter if corner.sheet else ""
            reason = column.ignore if column else None
            self.columns.append(
                ListedColumn(sheet=layout.grid.sheet, column=letter, header=text, cells=count, reason=reason)
            )

    def reading(self, name: str, unknown: list[Grid]) -> TableReading:
        library = Library(
            library=About(name=name, organisation=self.mapping.organisation, version="imported"),
            drugs=self.masters.made_drugs(),
            care_areas=self.masters.made_areas(),
            advisories=self.masters.made_advisories(),
            entries=tuple(self.maker.entries),
        )
        return TableReading(
            library=library,
            problems=(
                *map(_unknown_sheet, unknown),
                *self.problems,
                *self.masters.problems,
                *self._unused_therapies(),
            ),
            counts=self.counts,
            unknown_columns=tuple(column for column in self.columns if column.reason is None),
            ignored_columns=tuple(column for column in self.columns if column.reason is not None),
            unknown_sheets=tuple(_listed(grid, None) for grid in unknown),
            ignored_sheets=tuple(self.sheets),
            preamble=tuple(self.preamble),
            origins=self.maker.origins,
            care_area_origins={area.id: self.masters.cells.get(area.id, {}) for area in library.care_areas},
        )

    def _unused_therapies(self) -> list[CellProblem]:
        used = {slug(entry.therapy) for entry in self.maker.entries if entry.therapy}
        return [
            problem(
                cell,
                "",
                found=f"therapy {name!r}, which no entry has",
                expected="an entry: the format has no list of therapies",
                then=Consequence.VALUE_LEFT_OUT,
            )
            for key, (cell, name) in self.therapies.items()
            if key not in used
        ]


def _with_unlisted(layout: Layout) -> Layout:
    """Return the layout with every column that the mapping does not list as a device setting by its name."""
    if layout.header is None:
        return layout
    columns = dict(layout.header.columns)
    for number, text in layout.header.texts.items():
        columns.setdefault(number, Column(header=text, fields=(f"device_settings.{text}",)))
    return replace(layout, header=replace(layout.header, columns=columns))


def _unknown_sheet(grid: Grid) -> CellProblem:
    """Report a sheet that nothing was read from: a list of unknown columns does not show that drugs may stand there."""
    first = next(iter(next(iter(grid.cells.values())).values()))
    found = f"a sheet of {len(grid.cells)} rows that the mapping does not know"
    expected = "one of its sheets, by name or by header; check that no drugs stand here"
    return problem(first, "", found=found, expected=expected, then=Consequence.SHEET_LEFT_OUT)


def _listed(grid: Grid, reason: str | None) -> ListedSheet:
    return ListedSheet(sheet=grid.sheet, cells=sum(len(cells) for cells in grid.cells.values()), reason=reason)
