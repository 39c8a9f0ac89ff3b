"""Looking at the bytes of a file that a browser sent, before anything of it is kept: nothing in it is ever run."""

import io
import unicodedata
import zipfile
import zlib
from pathlib import PurePosixPath, PureWindowsPath

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from openinfusion.adapters.tables.sheets import MAX_PARTS, Grid
from openinfusion.core.errors import FileTooLargeError, TableError

MAX_BYTES = 10 * 2**20
MAX_UNPACKED = 64 * 2**20
MAX_ROWS = 20_000
MAX_COLUMNS = 1_000
LARGE = 2**17
TOO_LARGE = "openinfusion.upload_too_large"
_ENDINGS = (".xlsx", ".csv")
_LONGEST_NAME = 120
_ZIP = b"PK\x03\x04"
_EXPECTED = "a workbook of sheets alone: save it again as .xlsx (Excel workbook)"
# What stands in a package beside plain sheets, and what a person calls it; the start of the part's name.
_ACTIVE = {
    "xl/vbaproject": "macros",
    "xl/macrosheets": "macros",
    "xl/externallinks": "links to other workbooks",
    "xl/embeddings": "embedded files",
    "xl/activex": "ActiveX controls",
    "xl/ctrlprops": "form controls",
    "xl/connections": "connections to databases",
    "xl/querytables": "connections to databases",
    "xl/webextensions": "web extensions",
    "customui": "ribbon extensions",
}
_PLAIN = (".xml", ".rels", ".vml", ".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".bin")


class Bounded(FileUploadHandler):
    """Ends the receiving of a file that is too large, while it comes; the page then says so."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, _start: int) -> bytes | None:
        self._received += len(raw_data)
        if self._received > MAX_BYTES:
            if self.request is not None:
                self.request.META[TOO_LARGE] = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""


def plain_name(name: str) -> str:
    """Return what a person calls a file: without folders, without characters that do not show, of bounded length."""
    last = PureWindowsPath(PurePosixPath(name.replace("\0", "")).name).name
    shown = "".join(c for c in unicodedata.normalize("NFC", last) if c.isprintable()).strip() or "unnamed"
    stem, dot, ending = shown.rpartition(".")
    if not dot or len(ending) > len(_ENDINGS[0]):
        return shown[:_LONGEST_NAME]
    return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}"


def look_into(content: bytes, name: str) -> int:
    """
    Return how large a file is when unpacked.

    Raises:
        SenderError: it is empty, of another kind than its name says, or holds what is not plain sheets.
        FileTooLargeError: it is too large, packed or unpacked.

    """
    if len(content) > MAX_BYTES:
        raise FileTooLargeError(where=name, found=f"{len(content):,} bytes", expected=f"at most {MAX_BYTES:,}")
    if not content.strip():
        raise TableError(where=name, found="an empty file", expected="a table")
    if not name.lower().endswith(_ENDINGS):
        raise TableError(where=name, found="another kind of file", expected="a name that ends in .xlsx or .csv")
    if name.lower().endswith(".csv"):
        if content.startswith(_ZIP):
            raise TableError(where=name, found="a workbook or another zip file", expected="text, as .csv says")
        return len(content)
    if not content.startswith(_ZIP):
        raise TableError(where=name, found="no workbook", expected="a workbook, as .xlsx says, without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return _look_at_parts(package.infolist(), name)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, RuntimeError, NotImplementedError) as error:
        if isinstance(error, TableError):
            raise
        expected = "a workbook that Excel opens; send it again"
        raise TableError(where=name, found="a damaged workbook, or none", expected=expected) from error


def _look_at_parts(parts: list[zipfile.ZipInfo], name: str) -> int:
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MAX_UNPACKED or len(parts) > MAX_PARTS:
        found = f"{unpacked:,} bytes in {len(parts):,} parts when unpacked"
        raise FileTooLargeError(where=name, found=found, expected=f"at most {MAX_UNPACKED:,} in {MAX_PARTS:,}")
    names = [part.filename.replace("\\", "/").lower() for part in parts]
    if len(set(names)) != len(names):
        raise TableError(where=name, found="two parts of one name", expected=_EXPECTED)
    for part in names:
        if part.startswith("/") or ".." in part.split("/"):
            raise TableError(where=name, found="a part outside of the workbook", expected=_EXPECTED)
        if active := next((words for start, words in _ACTIVE.items() if part.startswith(start)), None):
            raise TableError(where=name, found=active, expected=_EXPECTED)
        if not part.endswith((*_PLAIN, "/")):
            raise TableError(where=name, found=f"a part that is no sheet ({part[:60]})", expected=_EXPECTED)
    return unpacked


def refuse_beyond(grids: tuple[Grid, ...], name: str) -> None:
    """Refuse a table with more rows or columns than any drug library has; raises TableError."""
    rows = sum(len(grid.cells) for grid in grids)
    if rows > MAX_ROWS:
        raise TableError(where=name, found=f"{rows:,} rows", expected=f"at most {MAX_ROWS:,} in all sheets")
    for grid in grids:
        columns = max((max(row) for row in grid.cells.values()), default=0)
        if columns > MAX_COLUMNS:
            place = f"{name}, sheet {grid.sheet!r}"
            raise TableError(where=place, found=f"{columns:,} columns", expected=f"at most {MAX_COLUMNS:,}")
        for cell in (cell for row in grid.cells.values() for cell in row.values()):
            if "\0" in cell.text:
                place = f"{name}, sheet {grid.sheet!r}, row {cell.row}, column {cell.letter}"
                raise TableError(where=place, found="a zero character", expected="text")
