"""What reading a table gave: the library, and an account of every cell that did not simply become a field."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from openinfusion.adapters.tables.cells import Value
from openinfusion.adapters.tables.mapping import Column
from openinfusion.adapters.tables.sheets import Cell
from openinfusion.core.library import Library


class Consequence(StrEnum):
    """What became of what the cell says."""

    ROW_LEFT_OUT = "row left out"
    VALUE_LEFT_OUT = "value left out"
    SHEET_LEFT_OUT = "sheet left out"
    KEPT = "kept"


class Assumption(StrEnum):
    """What was assumed where a cell was kept though it does not say all, or not the same as its neighbours."""

    POPULATION = "whom a care area treats is assumed from its name"
    PRINTED_STRENGTH = "a strength without amount and volume is read as so much in 1 mL or 1 L"
    OTHER_STRENGTH = "the printed strength is not what amount and volume give; amount and volume are kept"
    OPEN_STRENGTH = "a strength that is left blank is read as entered at the bedside"
    TWICE = "a row like one before it is kept as a second entry"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellProblem:
    """
    One cell that a pharmacist should look at: where, what stands there, what was expected, and what was done.

    ``assumption`` says what was assumed, where the consequence is that everything was kept.
    """

    sheet: str
    row: int
    column: str
    header: str
    found: str
    expected: str
    consequence: Consequence
    assumption: Assumption | None = None

    def __str__(self) -> str:
        """Return the problem as one line."""
        header = f" ({self.header})" if self.header else ""
        place = f"{self.sheet}, row {self.row}, column {self.column}{header}"
        return f"{place}: found {self.found}; expected {self.expected}; {self.consequence.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedColumn:
    """A column that was not read, with the number of cells in it and, if it is known, the reason."""

    sheet: str
    column: str
    header: str
    cells: int
    reason: str | None = None

    def __str__(self) -> str:
        """Return the column with its sheet and header."""
        return f"{self.sheet}, column {self.column} ({self.header})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSheet:
    """A sheet that was not read, with the reason if it is known."""

    sheet: str
    cells: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A value with the cell that said so."""

    value: Value
    cell: Cell
    column: Column


Record = dict[str, Found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows with something in them, and what became of them."""

    rows_read: int = 0
    entries_made: int = 0
    rows_left_out: int = 0
    note_rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReading:
    """
    A library read from a table; what could not be read is listed, never dropped.

    ``origins`` says for each entry id which cell gave which path; ``care_area_origins`` the same for care areas.
    ``preamble`` holds the texts above the tables.
    """

    library: Library
    problems: tuple[CellProblem, ...] = ()
    counts: Counts = field(default_factory=Counts)
    unknown_columns: tuple[ListedColumn, ...] = ()
    ignored_columns: tuple[ListedColumn, ...] = ()
    unknown_sheets: tuple[ListedSheet, ...] = ()
    ignored_sheets: tuple[ListedSheet, ...] = ()
    preamble: tuple[Cell, ...] = ()
    origins: Mapping[str, Mapping[str, Cell]] = field(default_factory=dict)
    care_area_origins: Mapping[str, Mapping[str, Cell]] = field(default_factory=dict)

    @property
    def rows_read(self) -> int:
        return self.counts.rows_read


def problem(cell: Cell, header: str, *, found: str, expected: str, then: Consequence) -> CellProblem:
    return CellProblem(
        sheet=cell.sheet,
        row=cell.row,
        column=cell.letter,
        header=" ".join(header.split()),
        found=found,
        expected=expected,
        consequence=then,
    )


def assumed(cell: Cell, header: str, assumption: Assumption, *, found: str, expected: str) -> CellProblem:
    made = problem(cell, header, found=found, expected=expected, then=Consequence.KEPT)
    return replace(made, assumption=assumption)
