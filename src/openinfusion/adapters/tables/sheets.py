"""
Spreadsheets and CSV files as grids of text cells that know their sheet, row and column.

A number that the file stores as binary floating point becomes the decimal with at most 15 significant digits, which
is what Excel itself shows: ``2.5000000000000001E-2`` is 0.025 and ``0.30000000000000004`` is 0.3. Macros never run, and
of a formula only the stored result is read.
"""

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path, PurePath

import openpyxl
from openpyxl.cell.cell import Cell as ExcelCell
from openpyxl.cell.cell import MergedCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet

from openinfusion.adapters.documents import read_bytes
from openinfusion.core.errors import EncodingError, FileTooLargeError, TableError

MAX_FILE = 32 * 2**20
MAX_UNPACKED = 128 * 2**20
MAX_PARTS = 2000
MAX_CELLS = 1_000_000
MAX_CELL_TEXT = 32_767
MAX_COLUMNS = 16_384
_AT_MOST_COLUMNS = f"at most {MAX_COLUMNS:,}, as a spreadsheet has"
# A text that starts like this is a formula to a spreadsheet; the apostrophe says that it is text.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Excel counts days from here, truly until February 1900 ends.
_DAY_ZERO = datetime(1899, 12, 31)  # noqa: DTZ001 - spreadsheets have no time zones
_FALSE_FROM = datetime(1900, 3, 1)  # noqa: DTZ001 - as above
_QUOTED = re.compile(r"'+[=+\-@\t\r]")
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"
# What openpyxl and the modules below it raise on damaged files.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    InvalidFileException,
    LookupError,
    OSError,
    RecursionError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that is not blank; ``fault`` says why its text cannot be trusted, if so."""

    sheet: str
    row: int
    column: int
    text: str
    fault: str | None = None

    @property
    def letter(self) -> str:
        return get_column_letter(self.column)


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet: its cells by row and column, and for each merged cell the corner that speaks for it."""

    sheet: str
    cells: Mapping[int, Mapping[int, Cell]]
    corners: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def row(self, number: int) -> Mapping[int, Cell]:
        return self.cells.get(number, {})

    def turned(self) -> "Grid":
        """Return the grid with rows and columns exchanged; each cell still knows its true place."""
        cells: dict[int, dict[int, Cell]] = {}
        for row, columns in self.cells.items():
            for column, cell in columns.items():
                cells.setdefault(column, {})[row] = cell
        corners = {(c, r): (b, a) for (r, c), (a, b) in self.corners.items()}
        return Grid(self.sheet, dict(sorted(cells.items())), corners)


def read_sheets(path: Path, *, encoding: str = "utf-8", delimiter: str | None = None) -> tuple[Grid, ...]:
    """
    Return the sheets of a workbook (.xlsx, .xlsm), or the one sheet of a CSV file.

    Raises:
        OperatorError: the file cannot be read, or is too large (also when unpacked).
        SenderError: the file is damaged, encrypted, empty, or not what its name says.

    """
    return sheets_from_bytes(read_bytes(path, limit=MAX_FILE), path.name, encoding=encoding, delimiter=delimiter)


def sheets_from_bytes(
    content: bytes, name: str, *, encoding: str = "utf-8", delimiter: str | None = None
) -> tuple[Grid, ...]:
    """Return the sheets in the bytes of a file with this name; raises SenderError or OperatorError as above."""
    suffix = PurePath(name).suffix
    is_workbook = suffix.lower() in (".xlsx", ".xlsm", ".xltx", ".xltm")
    if not content.strip():
        raise TableError(where=name, found="an empty file", expected="a table")
    if content.startswith(_OLD_OR_ENCRYPTED):
        found = "an old .xls workbook, or one with a password"
        raise TableError(where=name, found=found, expected="an .xlsx workbook without a password")
    if content.startswith(_ZIP) is not is_workbook:
        found = "text" if is_workbook else "a workbook or another zip file"
        raise TableError(where=name, found=found, expected=f"what the name says: {suffix or 'no ending'}")
    grids = _workbook_grids(content, name) if is_workbook else (_csv_grid(content, name, (encoding, delimiter)),)
    if not any(grid.cells for grid in grids):
        raise TableError(where=name, found="no cell with a value", expected="a table")
    return grids


# --- Workbooks -------------------------------------------------------------------------------------------------------


def _workbook_grids(content: bytes, name: str) -> tuple[Grid, ...]:
    try:
        has_formulas = _check_package(content, name)
        book = _load(content, values=True)
        formulas = _load(content, values=False) if has_formulas else None
        return tuple(_sheet_grid(sheet, formulas) for sheet in book.worksheets)
    except _DAMAGE as error:
        if isinstance(error, TableError):
            raise
        found = "a damaged workbook, or none"
        raise TableError(where=name, found=found, expected="a workbook that Excel opens; send it again") from error


def _check_package(content: bytes, name: str) -> bool:
    """Refuse zip bombs, document type declarations and too many cells; return whether any sheet holds formulas."""
    has_formulas, unpacked, cells = False, 0, 0
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = package.infolist()
        if sum(part.file_size for part in parts) > MAX_UNPACKED or len(parts) > MAX_PARTS:
            raise _too_large(name, f"at most {MAX_UNPACKED // 2**20} MiB when unpacked")
        for part in parts:
            if part.flag_bits & 1:
                raise TableError(where=name, found="an encrypted workbook", expected="one without a password")
            with package.open(part) as stream:
                # The size that a zip file states may be a lie, so the bytes are counted as they come.
                text = stream.read(MAX_UNPACKED - unpacked + 1)
            unpacked += len(text)
            if unpacked > MAX_UNPACKED:
                raise _too_large(name, f"at most {MAX_UNPACKED // 2**20} MiB when unpacked")
            _refuse_document_type(text, f"{name}, {part.filename}")
            if part.filename.lower().startswith("xl/worksheets/"):
                cells += len(re.findall(rb"<(?:\w+:)?c[ >]", text)) + _merged_cells(text)
                has_formulas = has_formulas or re.search(rb"<(?:\w+:)?f[ >/]", text) is not None
    if cells > MAX_CELLS:
        raise _too_large(name, f"at most {MAX_CELLS:,} cells")
    return has_formulas


def _refuse_document_type(part: bytes, where: str) -> None:
    """Refuse what may hold entities without end, wherever it stands, and codes in which it could not be seen."""
    is_xml = where.lower().endswith((".xml", ".rels", ".vml"))
    if is_xml and b"\0" in part:
        raise TableError(where=where, found="XML in UTF-16, UTF-32 or none", expected="plain sheet XML in UTF-8")
    if is_xml and (b"<!DOCTYPE" in part or b"<!ENTITY" in part):
        raise TableError(where=where, found="a document type", expected="plain sheet XML")


def _merged_cells(sheet: bytes) -> int:
    """Return how many cells the merged blocks of a sheet cover: openpyxl makes an object of each."""
    blocks = re.findall(rb"<(?:\w+:)?mergeCell\s[^>]*ref=[\"']([A-Z0-9:$]+)", sheet)
    sizes = (CellRange(block.decode()).size for block in blocks)
    return sum(size["rows"] * size["columns"] for size in sizes)


def _too_large(name: str, expected: str) -> FileTooLargeError:
    return FileTooLargeError(where=name, found="a larger workbook", expected=expected)


def _load(content: bytes, *, values: bool) -> Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and validations that it does not keep
        return openpyxl.load_workbook(io.BytesIO(content), data_only=values, keep_links=False)


def _sheet_grid(sheet: Worksheet, formulas: Workbook | None) -> Grid:
    cells: dict[int, dict[int, Cell]] = {}
    # Not `iter_rows`: it makes every cell of the rectangle, and one stray cell in the last row makes that enormous.
    for cell in sorted(sheet._cells.values(), key=lambda cell: (cell.row, cell.column)):  # noqa: SLF001
        if isinstance(cell, MergedCell):
            continue
        made = _cell(sheet.title, cell)
        if made is None and formulas is not None:
            made = _formula_without_value(sheet.title, cell, formulas)
        if made is not None:
            cells.setdefault(made.row, {})[made.column] = made
    corners = {
        (row, column): (block.min_row, block.min_col)
        for block in sheet.merged_cells.ranges
        if block.size["rows"] * block.size["columns"] <= MAX_PARTS
        for row in range(block.min_row, block.max_row + 1)
        for column in range(block.min_col, block.max_col + 1)
    }
    return Grid(sheet.title, cells, corners)


def _cell(sheet: str, cell: ExcelCell) -> Cell | None:
    value = cell.value
    if value is None:
        return None
    fault = "an error value" if cell.data_type == "e" else None
    text = _text(value, cell.number_format or "")
    if text is None:
        text, fault = str(value), "a number that no pump can hold"
    return Cell(sheet, cell.row, cell.column, text, fault) if text.strip() else None


def _formula_without_value(sheet: str, cell: ExcelCell, formulas: Workbook) -> Cell | None:
    written = formulas[sheet].cell(cell.row, cell.column)
    if written.data_type != "f":
        return None
    return Cell(sheet, cell.row, cell.column, str(written.value), "a formula without a stored result")


def _text(value: object, number_format: str) -> str | None:
    """Return a cell's value as text; ``None`` if it is not a finite number."""
    match value:
        case bool():
            return "Yes" if value else "No"
        case int() | float():
            return _number_text(value, is_percent="%" in number_format)
        case timedelta():
            return _clock_text(round(value.total_seconds()))
        case time():
            return _clock_text(value.hour * 3600 + value.minute * 60 + value.second + round(value.microsecond / 10**6))
        case datetime() if _is_span(value, number_format):
            return _clock_text(round((value - _DAY_ZERO).total_seconds()))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case date() | datetime():
            return value.isoformat()
        case _:
            return str(value)


def _is_span(value: datetime, number_format: str) -> bool:
    """Whether a date is a span of a day or more in a clock format: Excel counts days from the start of 1900."""
    shown = number_format.casefold()
    return value < _FALSE_FROM and "h" in shown and "y" not in shown and "d" not in shown


def _number_text(value: float, *, is_percent: bool) -> str | None:
    number = Decimal(value) if isinstance(value, int) else Decimal(format(value, ".15g"))
    if not number.is_finite():
        return None
    shown = number * 100 if is_percent else number
    text = format(shown.normalize(), "f")
    return f"{text}%" if is_percent else text


def _clock_text(seconds: int) -> str:
    """Return a time of day or a span as h:mm, or h:mm:ss where it has seconds."""
    text = f"{seconds // 3600}:{seconds % 3600 // 60:02}"
    return f"{text}:{seconds % 60:02}" if seconds % 60 else text


# --- CSV -------------------------------------------------------------------------------------------------------------


def _csv_grid(content: bytes, name: str, dialect: tuple[str, str | None]) -> Grid:
    encoding, delimiter = dialect
    text = _decoded(content, name, encoding)
    separator = delimiter or _sniffed(text, name)
    sheet = PurePath(name).stem
    cells: dict[int, dict[int, Cell]] = {}
    count = 0
    for number, row in enumerate(_rows(text, separator, name), start=1):
        if len(row) > MAX_COLUMNS:
            raise TableError(where=f"{name}, row {number}", found=f"{len(row):,} columns", expected=_AT_MOST_COLUMNS)
        for column, value in enumerate(row, start=1):
            if value.strip():
                shown = value[1:] if _QUOTED.match(value) else value
                cells.setdefault(number, {})[column] = Cell(sheet, number, column, shown)
                count += 1
        if count > MAX_CELLS:
            raise _too_large(name, f"at most {MAX_CELLS:,} cells")
    return Grid(sheet, cells)


def _decoded(content: bytes, name: str, encoding: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise EncodingError(where=name, found="UTF-16 text", expected="UTF-8 (in Excel: CSV UTF-8)")
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise EncodingError(
            where=f"{name}, byte {error.start}",
            found=f"byte 0x{content[error.start]:02x}",
            expected='UTF-8, or encoding = "cp1252" under [csv] in the mapping if the file is in that code',
        ) from error
    if "\0" in text:
        raise TableError(where=name, found="a zero byte", expected="text")
    return text


def _rows(text: str, separator: str, name: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise TableError(
            where=f"{name}, line {reader.line_num}", found=f"damaged CSV ({error})", expected="quotes in pairs"
        ) from error


def _sniffed(text: str, name: str) -> str:
    """Return the separator that splits the most; two that split alike are an error, because a guess moves columns."""
    sample = "".join(islice(io.StringIO(text), 200))
    widths = {}
    for separator in (",", ";", "\t"):
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
        try:
            counts = sorted(len(row) for row in reader if row)
        except csv.Error as error:
            raise TableError(where=name, found=f"damaged CSV ({error})", expected="quotes in pairs") from error
        widths[separator] = counts[len(counts) // 2] if counts else 0
    best = max(widths.values())
    winners = [separator for separator, width in widths.items() if width == best]
    if best > 1 and len(winners) > 1:
        raise TableError(
            where=name, found="more than one possible separator", expected="delimiter under [csv] in the mapping"
        )
    return winners[0]
