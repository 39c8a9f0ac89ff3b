"""
Find a table's header and say what each column means.

Vendors print headers with uneven blanks and line breaks, stack them over several rows and merge cells over groups. So
texts are compared by their letters and digits, then by their words in any order, then without what stands in brackets.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from openinfusion.adapters.tables.fields import find_field
from openinfusion.adapters.tables.mapping import Column, HeaderWords, Sheet, all_headers
from openinfusion.adapters.tables.sheets import Grid
from openinfusion.core.errors import UnknownUnitError
from openinfusion.core.units import Unit

MAX_DEPTH = 6
SEARCHED_ROWS = 80
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
# What a header may say that names only a limit: whose limit it is stands above it, or to its left.
_LIMITS = {
    frozenset({"hard", "min"}): "hard_min",
    frozenset({"soft", "min"}): "soft_min",
    frozenset({"soft", "max"}): "soft_max",
    frozenset({"hard", "max"}): "hard_max",
    frozenset({"initial"}): "initial",
    frozenset({"starting"}): "initial",
}


@dataclass(frozen=True, slots=True)
class Header:
    """
    Where a header stands, what its columns mean, and the text above every column.

    ``own`` is what stands in the lowest row of the header alone, ``groups`` what stands above that.
    """

    first: int
    last: int
    columns: Mapping[int, Column]
    texts: Mapping[int, str]
    own: Mapping[int, str] = field(default_factory=dict)
    groups: Mapping[int, str] = field(default_factory=dict)


def compact(text: str) -> str:
    """Return the letters and digits of a text, without case: what is left when blanks and breaks do not count."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def without_brackets(text: str) -> str:
    return _BRACKETS.sub(" ", text)


class Headers:
    """The headers that a sheet's mapping knows, ready to be looked up."""

    def __init__(self, sheet: Sheet, words: HeaderWords) -> None:
        self.sheet = sheet
        self.words = words
        self._found: dict[str, Column | None] = {}

    @cached_property
    def _tables(self) -> tuple[dict[str, Column], dict[str, Column], dict[frozenset[str], Column]]:
        exact: dict[str, Column] = {}
        bare: dict[str, Column] = {}
        worded: dict[frozenset[str], Column] = {}
        unclear: set[frozenset[str]] = set()
        for column, header in all_headers(self.sheet):
            exact.setdefault(compact(header), column)
            bare.setdefault(compact(without_brackets(header)), column)
            words = self.words_of(header)
            if worded.setdefault(words, column) is not column:
                unclear.add(words)
        # Words that two columns share decide nothing: "Concentration Units" and "Concentration Limit Units".
        return exact, bare, {words: column for words, column in worded.items() if words not in unclear}

    def words_of(self, text: str) -> frozenset[str]:
        """Return the words of a header that tell, each in its usual form."""
        plain = unicodedata.normalize("NFKC", without_brackets(text)).casefold()
        usual = (self.words.same.get(word, word) for word in re.findall(r"[^\W_]+", plain))
        return frozenset(usual) - frozenset(self.words.ignored)

    @cached_property
    def all_words(self) -> frozenset[str]:
        """Every telling word of every header."""
        return frozenset().union(*(self.words_of(header) for _, header in all_headers(self.sheet)))

    def find(self, text: str) -> Column | None:
        """Return the column that a header means, or ``None``."""
        if text not in self._found:
            self._found[text] = self._find(text)
        return self._found[text]

    def _find(self, text: str) -> Column | None:
        exact, bare, worded = self._tables
        if not (key := compact(text)):
            return None
        column = exact.get(key) or bare.get(compact(without_brackets(text))) or worded.get(self.words_of(text))
        return None if column is None or _says_another_unit(text, column) else column

    def limit_of(self, text: str) -> str | None:
        """Return the limit that a header names without saying whose it is: "Soft Min" is ``soft_min``."""
        return _LIMITS.get(self.words_of(text))

    def column_of(self, path: str) -> Column | None:
        """Return the mapping's own column of a path."""
        mapped = (column for column in self.sheet.columns if not column.is_shared)
        return next((column for column in mapped if any(path == own for own, _ in column.targets)), None)

    def is_unit_word(self, text: str) -> bool:
        """Whether a header says only "unit", or nothing: then its neighbour tells whose unit it holds."""
        return self.words_of(text) <= {"unit", "units"}


def _says_another_unit(text: str, column: Column) -> bool:
    """Whether the header names a unit in brackets that is not the mapping's: pounds must not be read as kilograms."""
    if column.unit is None:
        return False
    for match in _BRACKETS.finditer(text):
        inner = (match[1] or match[2] or "").strip()
        if inner.casefold() in ("lb", "lbs", "pounds", "sec", "s"):
            return True
        try:
            if Unit.read(inner) is not column.unit and Unit.read(inner).code != column.unit.code:
                return True
        except UnknownUnitError:
            continue
    return False


def find_header(grid: Grid, sheet: Sheet, words: HeaderWords) -> Header | None:
    """Return the header that names the most columns of the mapping, with all that the sheet requires; else ``None``."""
    headers = Headers(sheet, words)
    best: tuple[int, int, Header] | None = None
    for first in list(grid.cells)[:SEARCHED_ROWS]:
        for depth in range(1, MAX_DEPTH + 1):
            found = header_at(grid, headers, (first, first + depth - 1))
            rank = (len(found.columns), -depth)
            if found.columns and (best is None or rank > best[:2]):
                best = (*rank, found)
    if best is None or not _has_required(best[2], sheet):
        return None
    return _with_neighbours(_with_groups(best[2], headers), headers)


def _has_required(header: Header, sheet: Sheet) -> bool:
    found = {path for column in header.columns.values() for path, _ in column.targets}
    return found.issuperset(sheet.required)


def header_at(grid: Grid, headers: Headers, rows: tuple[int, int]) -> Header:
    """Read the rows as one stacked header: the text above each column alone, then with more and more of its groups."""
    columns: dict[int, Column] = {}
    texts: dict[int, str] = {}
    lines = _lines(grid, rows)
    versions = [_stacked(lines)]
    width = max(versions[0], default=0)
    own = _stacked(lines[-1:])
    for depth in range(len(lines) - 1):
        _fill_right(lines[depth], lines[:depth], width)
        versions.append(_stacked(lines))
    for number, grouped in sorted(versions[-1].items()):
        texts[number] = versions[0].get(number) or grouped
        for candidate in dict.fromkeys(version.get(number, "") for version in versions):
            column = headers.find(candidate)
            if column is not None and column not in columns.values():
                columns[number] = column
                texts[number] = candidate
                break
    return Header(rows[0], rows[1], columns, texts, own, _stacked(lines[:-1]))


def _lines(grid: Grid, rows: tuple[int, int]) -> list[dict[int, str]]:
    """Return the texts of the header's rows by column."""
    numbers = range(rows[0], rows[1] + 1)
    widths = [max(grid.row(row)) for row in numbers if grid.row(row)]
    width = max([0, *widths, *(column for row, column in grid.corners if row in numbers)])
    return [dict(_line(grid, row, (rows[0], width))) for row in numbers]


def _stacked(lines: list[dict[int, str]]) -> dict[int, str]:
    """Return the text above each column, from top to bottom, without repeats."""
    stacked: dict[int, str] = {}
    for number in sorted({number for line in lines for number in line}):
        parts = [line[number] for line in lines if number in line]
        unique = [part for at, part in enumerate(parts) if at == 0 or part != parts[at - 1]]
        stacked[number] = " ".join(" ".join(unique).split())
    return stacked


def _line(grid: Grid, row: int, within: tuple[int, int]) -> Iterator[tuple[int, str]]:
    """Yield the texts of one header row; a merged cell speaks with the text of its corner inside the header."""
    first, width = within
    for column in range(1, width + 1):
        cell = grid.row(row).get(column)
        corner = grid.corners.get((row, column))
        if cell is None and corner is not None and corner[0] >= first:
            cell = grid.row(corner[0]).get(corner[1])
        if cell is not None:
            yield column, cell.text


def _fill_right(line: dict[int, str], above: list[dict[int, str]], width: int) -> None:
    """Carry a group's name to the right until the next name in its row, or a new group above it."""
    carried = ""
    tops = ["\n".join(upper.get(number, "") for upper in above) for number in range(width + 1)]
    for number in range(1, width + 1):
        if number in line:
            carried = line[number]
        elif above and tops[number] != tops[number - 1]:
            carried = ""
        if carried:
            line.setdefault(number, carried)


def _with_groups(header: Header, headers: Headers) -> Header:
    """
    Give "Units" and "Initial" the meaning that their place in a group of columns gives them.

    Under one group, "Units" is the unit of the quantity to its left, whatever the group and "Units" mean together.
    A limit that says not whose it is belongs to the limits to its left.
    """
    columns = dict(header.columns)
    for number in sorted(header.own):
        left, own = columns.get(number - 1), header.own[number]
        group = header.groups.get(number, "")
        path = None
        if headers.is_unit_word(own) and group and group == header.groups.get(number - 1):
            path = _unit_of(left, headers.sheet, of_quantity=True)
        elif number not in columns and header.texts.get(number) == own:
            path = _limit_beside(left, headers.limit_of(own))
        column = headers.column_of(path) if path else None
        if column is not None and column not in columns.values() and not _says_another_unit(own, column):
            columns[number] = column
    return replace(header, columns=columns)


def _limit_beside(left: Column | None, limit: str | None) -> str | None:
    """Return the path of a limit in the group of the column to its left."""
    for path, _ in left.targets if left else ():
        group, _, known = path.rpartition(".")
        if limit is not None and group and known in _LIMITS.values():
            return f"{group}.{limit}"
    return None


def _with_neighbours(header: Header, headers: Headers) -> Header:
    """Give a column headed "Unit", or not headed at all, the meaning "unit of its neighbour"."""
    columns = dict(header.columns)
    taken = {path for column in columns.values() for path, _ in column.targets if not column.is_shared}
    for own in taken:
        columns = {at: _without(column, own) for at, column in columns.items()}
    width = max(columns) + 1
    for number in range(1, width + 1):
        text = header.texts.get(number, "")
        is_copy = headers.find(text) is not None and number not in columns
        if number in columns or not (is_copy or headers.is_unit_word(text)):
            continue
        path = _unit_of(columns.get(number - 1), headers.sheet, of_quantity=True) or _unit_of(
            columns.get(number + 1), headers.sheet, of_quantity=False
        )
        if path is not None and path not in taken:
            columns = {at: _without(column, path) for at, column in columns.items()}
            columns[number] = Column(header=text or "(no header)", fields=(path,))
            taken.add(path)
    return replace(header, columns=columns)


def _without(column: Column, path: str) -> Column:
    """Return a column that serves several groups without one that has a column of its own."""
    if not column.is_shared:
        return column
    fields = tuple(field for field in column.fields if not field.startswith(path))
    return replace(column, fields=fields, shared=True, ignore=None if fields else "each group has its own unit column")


def _unit_of(column: Column | None, sheet: Sheet, *, of_quantity: bool) -> str | None:
    """Return the path of the unit of what a column holds: of a quantity (to its left), of limits (to its right)."""
    for path, _ in column.targets if column else ():
        known = find_field(path, sheet.holds)
        if known is not None and known.unit_path and (known.unit_path == f"{path}.unit") is of_quantity:
            return known.unit_path
    return None
