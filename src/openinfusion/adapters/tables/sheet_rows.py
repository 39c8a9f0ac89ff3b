"""Walk down a sheet of entries: preamble, titles of care areas, settings, notes, repeated headers, and the rows."""

from dataclasses import dataclass, field, replace

from openinfusion.adapters.tables.blocks import find_title, plain_title, read_settings, read_settings_table
from openinfusion.adapters.tables.cells import is_blank, word_key
from openinfusion.adapters.tables.headers import Header, Headers
from openinfusion.adapters.tables.layout import Layout
from openinfusion.adapters.tables.mapping import Column, Sheet, TableMapping
from openinfusion.adapters.tables.masters import Masters
from openinfusion.adapters.tables.reading import CellProblem, Consequence, Found, problem
from openinfusion.adapters.tables.rows import Row, read_cells
from openinfusion.adapters.tables.sheets import Cell
from openinfusion.core.naming import slug

# A row is one of the table if it says at least this many things besides naming the drug.
_FEWEST = 1
_FEWEST_HEADERS = 3
Pair = tuple[Cell, Column]


@dataclass(slots=True)
class Account:
    """What a sheet held besides its rows."""

    problems: list[CellProblem] = field(default_factory=list)
    preamble: list[Cell] = field(default_factory=list)
    data_rows: list[int] = field(default_factory=list)
    rows_read: int = 0
    note_rows: int = 0


def entry_rows(layout: Layout, mapping: TableMapping, masters: Masters) -> tuple[list[tuple[Row, Cell]], Account]:
    """Return the rows of a sheet, each with its first cell, and the account of the rest."""
    walk = _Walk(layout, mapping, masters)
    for number, cells in layout.grid.cells.items():
        left = tuple(cell for cell in cells.values() if cell not in walk.taken)
        if left:
            walk.step(number, left)
    walk.end_block()
    return list(walk.rows.values()), walk.account


class _Walk:
    """Goes down a sheet, knowing the care area whose block it is in and what to fill down."""

    def __init__(self, layout: Layout, mapping: TableMapping, masters: Masters) -> None:
        self.layout = layout
        self.mapping = mapping
        self.masters = masters
        self.account = Account()
        self.rows: dict[object, tuple[Row, Cell]] = {}
        self.area: Cell | None = None
        self.last: dict[str, Pair] = {}
        self.taken: set[Cell] = set()
        self.other_header: Cell | None = None
        self.headers = Headers(layout.sheet, mapping.header_words)
        blocks = layout.sheet.blocks
        labels = Sheet(id="settings", holds="care areas", columns=blocks.settings if blocks else ())
        self.labels = Headers(labels, mapping.header_words)
        below = layout.header.last if layout.header else 0
        rows = (tuple(cells.values()) for number, cells in layout.grid.cells.items() if number > below)
        self.has_worded_titles = blocks is not None and any(find_title(cells, blocks) for cells in rows)

    def step(self, number: int, cells: tuple[Cell, ...]) -> None:
        header, blocks = self.layout.header, self.layout.sheet.blocks
        is_above = header is None or number < header.first
        if header is not None and header.first <= number <= header.last:
            return
        title = find_title(cells, blocks) if blocks else None
        if title is not None:
            self._start_block(title.name, is_sure=True)
            self._add_settings(title.rest)
        elif self.area is not None and (table := read_settings_table(number, self.layout.grid, self.labels)):
            self._add_settings_table(*table)
        elif self.layout.is_note(cells):
            self._add_note(number)
        elif is_above:
            self._above(cells)
        elif self.layout.is_header_again(cells):
            self.other_header = None
        elif blocks is None or self._is_entry(number):
            self._add_row(number, cells)
        elif (name := self._plain_title(cells)) is not None:
            self._start_block(name, is_sure=len(cells) > 1)
            self._add_settings(cells[1:])
        else:
            self._add_settings(cells)

    def _plain_title(self, cells: tuple[Cell, ...]) -> Cell | None:
        """Return a care area's bare name; where others come in words, one without settings is the foot of a page."""
        header, blocks = self.layout.header, self.layout.sheet.blocks
        if header is None or blocks is None:
            return None
        name = plain_title(cells, blocks, header=header, labels=self.labels)
        if name is None or len(cells) > 1 or not self.has_worded_titles:
            return name
        following = next((number for number in self.layout.grid.cells if number > name.row), name.row)
        return name if self._is_labelled(following) else None

    def _above(self, cells: tuple[Cell, ...]) -> None:
        if self.area is not None:
            self._add_settings(cells)
        else:
            self.account.preamble += cells

    def _is_entry(self, number: int) -> bool:
        """Whether a row names a drug and says something of it; blank words say nothing."""
        pairs = [(cell, column) for cell, column in self.layout.pairs(number) if not self._is_blank(cell, column)]
        names_drug = any("drug" in column.fields and self._may_name_drug(cell.text) for cell, column in pairs)
        says = sum("drug" not in column.fields and column.ignore is None for _, column in pairs)
        dashes = sum(1 for _ in self.layout.pairs(number)) - len(pairs)
        return names_drug and (says >= _FEWEST or dashes > _FEWEST) and not self._is_labelled(number)

    def _may_name_drug(self, text: str) -> bool:
        """Whether a text is neither a number nor made of the words of settings: "Patient Weight" is no medicine."""
        words = self.labels.words_of(text)
        return any(word.isalpha() for word in words) and not words <= self.labels.all_words

    def _is_labelled(self, number: int) -> bool:
        cells = tuple(self.layout.grid.row(number).values())
        return any(True for _ in read_settings(cells, self.layout.grid, self.labels))

    def _is_blank(self, cell: Cell, column: Column) -> bool:
        return cell.fault is None and is_blank(cell.text, column, self.mapping)

    def _start_block(self, name: Cell, *, is_sure: bool) -> None:
        self.end_block()
        self.area = name
        if is_sure:
            self.masters.area(name.text, name)

    def end_block(self) -> None:
        """Report a lone text that no row followed: it was no care area."""
        if self.area is not None and slug(self.area.text) not in self.masters.areas:
            self._report_stray(self.area)

    def _report_stray(self, cell: Cell) -> None:
        expected = "a row of the table, a care area's title, or a setting that the mapping knows"
        found = cell.fault or repr(cell.text[:80])
        self.account.problems.append(problem(cell, "", found=found, expected=expected, then=Consequence.VALUE_LEFT_OUT))

    # --- Care areas --------------------------------------------------------------------------------------------------

    def _add_settings(self, cells: tuple[Cell, ...]) -> None:
        """Give the block's care area the settings that the cells say; report the cells that are no setting."""
        known: set[Cell] = set()
        for setting in read_settings(cells, self.layout.grid, self.labels):
            known.update(setting.taken)
            self.taken.update(setting.taken)
            self._add_setting(setting.value, setting.column)
        for cell in cells:
            if cell not in known and not self._is_blank(cell, Column(header="")):
                self._report_stray(cell)

    def _add_settings_table(self, header: Header, values: dict[int, Cell]) -> None:
        for row in range(header.first, header.last + 2):
            self.taken.update(self.layout.grid.row(row).values())
        for number, value in values.items():
            column = header.columns.get(number)
            if column is not None and not self._is_blank(value, column):
                self._add_setting(value, column)
            elif column is None:
                self._report_stray(value)

    def _add_setting(self, value: Cell, column: Column) -> None:
        if column.fields == ("name",):
            self._start_block(value, is_sure=True)
            return
        if self.area is None:
            return
        row = read_cells(iter([(value, column)]), "care areas", self.mapping)
        self.account.problems += row.problems
        area = self.masters.area(self.area.text, self.area)
        self.masters.add_parts(area, row.record)

    def _add_note(self, number: int) -> None:
        """Count a row that is only for people; the care area that it names exists all the same."""
        self.account.note_rows += 1
        for cell, column in self.layout.pairs(number):
            is_name = "care_area" in column.fields and not self._is_blank(cell, column)
            if is_name and not self.layout.is_note((cell,)):
                self.masters.area(cell.text.strip(), cell)

    # --- Rows --------------------------------------------------------------------------------------------------------

    def _is_other_header(self, cells: tuple[Cell, ...]) -> bool:
        """Whether a row is a header again, but not the same: its rows must not be read by the columns of the first."""
        named = sum(self.headers.find(cell.text) is not None for cell in cells)
        return named >= _FEWEST_HEADERS and named * 2 >= len(cells)

    def _add_row(self, number: int, cells: tuple[Cell, ...]) -> None:
        self.account.rows_read += 1
        self.other_header = cells[0] if self._is_other_header(cells) else self.other_header
        if self.other_header is not None:
            expected = f"the columns of the first header; row {self.other_header.row} names others"
            text = repr(cells[0].text[:80])
            left = problem(cells[0], "", found=text, expected=expected, then=Consequence.ROW_LEFT_OUT)
            self.account.problems.append(left)
            return
        self.account.data_rows.append(number)
        pairs = self._several(self._filled(list(self.layout.pairs(number))))
        row = read_cells(iter(pairs), "entries", self.mapping)
        if "care_area" not in row.record and self.area is not None:
            self.masters.area(self.area.text, self.area)
            row.record["care_area"] = Found(self.area.text, self.area, Column(header="(title)", fields=("care_area",)))
        key: object = number
        if self.layout.sheet.several is not None:
            key = tuple(sorted((path, str(found.value)) for path, found in row.record.items() if _names(path)))
        if key not in self.rows:
            self.rows[key] = (row, cells[0])
            return
        first = self.rows[key][0]
        for path, found in row.record.items():
            self._merge(first, path, found)
        first.problems += row.problems
        first.opened = first.opened or row.opened

    def _merge(self, first: Row, path: str, found: Found) -> None:
        known = first.record.setdefault(path, found)
        if known.value != found.value:
            said = problem(
                found.cell,
                found.column.header,
                found=repr(found.cell.text),
                expected=f"{known.cell.text!r}, as in row {known.cell.row} of the same entry",
                then=Consequence.ROW_LEFT_OUT,
            )
            first.problems.append(said)

    def _filled(self, pairs: list[Pair]) -> list[Pair]:
        """Fill the columns that are only written when they change, such as a drug's name over its strengths."""
        present = {column.header for cell, column in pairs if not self._is_blank(cell, column)}
        for header, pair in self.last.items():
            if header not in present:
                pairs.append(pair)
        for cell, column in pairs:
            if column.fill_down and not self._is_blank(cell, column):
                self.last[column.header] = (cell, column)
        return pairs

    def _several(self, pairs: list[Pair]) -> list[Pair]:
        """Say for which group of limits the row's ``*.`` columns are."""
        several = self.layout.sheet.several
        if several is None or self.layout.header is None:
            return pairs
        groups = {word_key(word): group for word, group in several.groups.items()}
        word = next((cell for cell, column in pairs if column.header == several.header), None)
        group = groups.get(word_key(word.text)) if word is not None else None
        if word is not None and group is None:
            expected = f"one of {', '.join(several.groups)}"
            self.account.problems.append(
                problem(word, several.header, found=repr(word.text), expected=expected, then=Consequence.VALUE_LEFT_OUT)
            )
        kept = [(cell, column) for cell, column in pairs if column.header != several.header]
        return [
            (cell, replace(column, fields=tuple(path.replace("*", group or "", 1) for path in column.fields)))
            for cell, column in kept
        ]


def _names(path: str) -> bool:
    """Whether a path is part of what makes rows one entry."""
    return path in ("drug", "care_area", "type", "therapy", "route") or path.startswith("concentration.")
