"""A file of past infusions as a header and numbered rows of text, from CSV or from the first sheet of a workbook."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from openinfusion.adapters.documents import read_bytes
from openinfusion.adapters.tables.sheets import read_sheets
from openinfusion.core.errors import EncodingError, TableError

MAX_BYTES = 256 * 2**20
Rows = Iterator[tuple[int, list[str]]]


def read_rows(path: Path, delimiter: str) -> Rows:
    """
    Yield every row with its number, blank ones left out; the first is the header.

    Raises:
        OperatorError: the file cannot be read, or is too large.
        SenderError: not UTF-8, damaged, or empty.

    """
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        yield from _sheet_rows(path)
        return
    content = read_bytes(path, limit=MAX_BYTES)
    if not content.strip():
        raise TableError(where=path.name, found="an empty file", expected="a table with a header")
    yield from _csv_rows(_decoded(content, path.name), path.name, delimiter)


def _sheet_rows(path: Path) -> Rows:
    grid = read_sheets(path)[0]
    width = max(max(row) for row in grid.cells.values() if row)
    for number, row in sorted(grid.cells.items()):
        yield number, [row[column].text if column in row else "" for column in range(1, width + 1)]


def _decoded(content: bytes, name: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{content[error.start]:02x}"
        expected = "UTF-8 (in Excel: CSV UTF-8)"
        raise EncodingError(where=f"{name}, byte {error.start}", found=found, expected=expected) from error
    if "\0" in text:
        raise TableError(where=name, found="a zero byte", expected="text")
    return text


def _csv_rows(text: str, name: str, delimiter: str) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, row in enumerate(reader, start=1):
            if any(cell.strip() for cell in row):
                yield number, row
    except csv.Error as error:
        where = f"{name}, line {reader.line_num}"
        raise TableError(where=where, found=f"damaged CSV ({error})", expected="quotes in pairs") from error
