"""Read the cells of one row into a record of paths, reporting every cell that cannot be read."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from openinfusion.adapters.tables.cells import is_blank, is_one_of, read_value, word_key
from openinfusion.adapters.tables.fields import STRENGTH, Holds, Kind, find_field
from openinfusion.adapters.tables.mapping import Column, TableMapping
from openinfusion.adapters.tables.reading import CellProblem, Consequence, Found, Record, problem
from openinfusion.adapters.tables.sheets import Cell
from openinfusion.core.errors import AuthorError

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

    @property
    def is_left_out(self) -> bool:
        return any(item.consequence is Consequence.ROW_LEFT_OUT for item in self.problems)


def read_cells(pairs: Iterator[tuple[Cell, Column]], holds: Holds, mapping: TableMapping) -> Row:
    """Return what the cells of a row say, each under the paths of its column."""
    row = Row()
    for cell, column in pairs:
        if column.ignore is None:
            _read_cell(row, (cell, column), holds=holds, mapping=mapping)
    return row


def _read_cell(row: Row, pair: tuple[Cell, Column], *, holds: Holds, mapping: TableMapping) -> None:
    cell, column = pair
    if cell.fault is None and is_one_of(cell.text, column.open):
        row.opened = cell
        return
    if cell.fault is None and is_blank(cell.text, column, mapping):
        return
    if _words(column).get(word_key(cell.text)) == NO_CONCENTRATION and STRENGTH in column.fields:
        row.without = True
        return
    for path, per in column.targets:
        known = find_field(path, holds)
        if known is None:
            continue
        try:
            if cell.fault is not None:
                raise _fault(cell, known.kind)
            row.record[path] = Found(read_value(cell.text, column, known, per=per, mapping=mapping), cell, column)
        except AuthorError as error:
            then = Consequence.ROW_LEFT_OUT if _is_essential(path, known.kind) else Consequence.VALUE_LEFT_OUT
            row.problems.append(
                problem(cell, column.header, found=_whole(cell, error.found), expected=error.expected, then=then)
            )
            return


def _whole(cell: Cell, found: str) -> str:
    """Return what was found with the whole text of its cell."""
    text = cell.text.strip()[:80]
    return found if text in found else f"{text!r} ({found})"


def _words(column: Column) -> dict[str, str]:
    return {word_key(key): value for key, value in column.words.items()}


def _fault(cell: Cell, kind: Kind) -> AuthorError:
    return AuthorError(where="cell", found=f"{cell.fault} ({cell.text[:40]!r})", expected=kind.value)


def _is_essential(path: str, kind: Kind) -> bool:
    """Whether the row cannot be read without this value: what it is about, its strength, and the units of its doses."""
    return path in _ESSENTIAL or (kind is Kind.UNIT and not path.startswith(STRENGTH))
