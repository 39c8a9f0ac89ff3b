"""Read the cells of one row into a record of paths, reporting every cell that cannot be read."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from openinfusion.adapters.tables.cells import is_blank, is_one_of, meaning, read_value
from openinfusion.adapters.tables.fields import STRENGTH, Holds, Kind, find_field
from openinfusion.adapters.tables.mapping import Column, TableMapping
from openinfusion.adapters.tables.reading import CellProblem, Consequence, Found, Record, problem
from openinfusion.adapters.tables.sheets import Cell
from openinfusion.core.errors import AuthorError, LibraryError

NO_CONCENTRATION = "none"
# Without these a row means another medicine, patient or strength, so it is not read at all.
_ESSENTIAL = frozenset(
    {"drug", "care_area", "type", "route", "therapy", "concentration.amount", "concentration.volume"}
)


@dataclass(slots=True)
class Row:
    """What one row says: values by path, whether it leaves the concentration open or has none, and its problems."""

    record: Record = field(default_factory=dict)
    opened: Cell | None = None
    without: bool = False
    problems: list[CellProblem] = field(default_factory=list)
    bad: dict[str, int] = field(default_factory=dict)

    @property
    def is_left_out(self) -> bool:
        return any(item.consequence is Consequence.ROW_LEFT_OUT for item in self.problems)


def read_cells(pairs: Iterator[tuple[Cell, Column]], holds: Holds, mapping: TableMapping) -> Row:
    """Return what the cells of a row say, each under the paths of its column."""
    row = Row()
    for cell, column in pairs:
        if column.ignore is None:
            _read_cell(row, (cell, column), holds=holds, mapping=mapping)
    _judge(row, holds)
    return row


def _read_cell(row: Row, pair: tuple[Cell, Column], *, holds: Holds, mapping: TableMapping) -> None:
    cell, column = pair
    if cell.fault is None and is_one_of(cell.text, column.open):
        row.opened = cell
        return
    if cell.fault is None and is_blank(cell.text, column, mapping):
        return
    if STRENGTH in column.fields and meaning(cell.text, column) == NO_CONCENTRATION:
        row.without = True
        return
    for path, per in column.targets:
        known = find_field(path, holds)
        if known is None:
            continue
        try:
            if cell.fault is not None:
                raise _fault(cell, known.kind)
            value = read_value(cell.text, column, known, per=per, mapping=mapping)
            _keep(row, path, Found(value, cell, column))
        except AuthorError as error:
            then = Consequence.ROW_LEFT_OUT if path in _ESSENTIAL else Consequence.VALUE_LEFT_OUT
            said = problem(cell, column.header, found=_whole(cell, error.found), expected=error.expected, then=then)
            row.problems.append(said)
            row.bad[path] = len(row.problems) - 1
            if known.kind is not Kind.UNIT:
                return


def _keep(row: Row, path: str, found: Found) -> None:
    """Keep a value; a second column for the same field adds to a list, and may not contradict anything else."""
    known = row.record.setdefault(path, found)
    if known is found or known.value == found.value:
        return
    if isinstance(known.value, tuple) and isinstance(found.value, tuple):
        row.record[path] = Found((*known.value, *found.value), known.cell, known.column)
        return
    raise LibraryError(
        where="cell", found=repr(found.cell.text), expected=f"{known.cell.text!r}, as in {known.cell.letter}"
    )


def _judge(row: Row, holds: Holds) -> None:
    """Leave the row out for a unit that cannot be read and is needed, and for a strength that is all there is."""
    needed = {known.unit_path for path in row.record if (known := find_field(path, holds)) is not None}
    for path, number in row.bad.items():
        if path.startswith(STRENGTH):
            is_needed = "concentration.amount" not in row.record and row.opened is None
        else:
            is_needed = path == "dose.unit" or path in needed
        if is_needed:
            row.problems[number] = replace(row.problems[number], consequence=Consequence.ROW_LEFT_OUT)


def _whole(cell: Cell, found: str) -> str:
    """Return what was found with the whole text of its cell."""
    text = cell.text.strip()[:80]
    return found if text in found else f"{text!r} ({found})"


def _fault(cell: Cell, kind: Kind) -> AuthorError:
    return AuthorError(where="cell", found=f"{cell.fault} ({cell.text[:40]!r})", expected=kind.value)
