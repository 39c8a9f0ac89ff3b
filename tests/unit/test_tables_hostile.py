"""Damaged, disguised and dangerous files: one clear error each, and never a traceback."""

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from openinfusion.adapters.tables import read_table, shipped_mapping
from openinfusion.adapters.tables import sheets as sheets_module
from openinfusion.adapters.tables.sheets import read_sheets
from openinfusion.core.errors import EncodingError, FileAccessError, FileTooLargeError, OpenInfusionError, TableError

SHEET = "xl/worksheets/sheet1.xml"


def book_bytes(text="hello"):
    book = Workbook()
    book.worksheets[0]["A1"] = text
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def changed(part: str, change, name: str | None = None) -> bytes:
    """A good workbook with one part changed, or a further one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book_bytes())) as good, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad:
        for item in good.namelist():
            content = good.read(item)
            bad.writestr(item, change(content) if item == part else content)
        if name:
            bad.writestr(name, change(b""))
    return out.getvalue()


def bomb(_: bytes) -> bytes:
    return b"0" * (sheets_module.MAX_UNPACKED + 1)


def merged(_: bytes) -> bytes:
    return _.replace(
        b"</sheetData>", b'</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    )


def doctype(content: bytes) -> bytes:
    return b'<!DOCTYPE x [<!ENTITY a "b">]>' + content


def far_doctype(content: bytes) -> bytes:
    return b"<!-- " + b"x" * 5000 + b" -->" + doctype(content)


BAD: dict[str, tuple[bytes, type[OpenInfusionError]]] = {
    "empty.xlsx": (b"", TableError),
    "blank.csv": (b"  \r\n \t", TableError),
    "text.xlsx": (b"a,b\n1,2\n", TableError),
    "zip.csv": (book_bytes(), TableError),
    "old.xls.xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, TableError),
    "truncated.xlsx": (book_bytes()[:2000], TableError),
    "magic.xlsx": (b"PK\x03\x04" + b"x" * 100, TableError),
    "not-a-book.xlsx": (changed("[Content_Types].xml", lambda _: b"<x/>"), TableError),
    "no-xml.xlsx": (changed("xl/workbook.xml", lambda _: b"<workbook"), TableError),
    "cut-sheet.xlsx": (changed(SHEET, lambda content: content[:200]), TableError),
    "doctype.xlsx": (changed(SHEET, doctype), TableError),
    "far-doctype.xlsx": (changed(SHEET, far_doctype), TableError),
    "wide-xml.xlsx": (changed(SHEET, lambda content: content.decode().encode("utf-16")), TableError),
    "merged.xlsx": (changed(SHEET, merged), FileTooLargeError),
    "nothing.xlsx": (book_bytes(None), TableError),
    "blanks.xlsx": (book_bytes("   "), TableError),
    "latin.csv": ("Care area,Drug\nl\u00e9vo,x\n".encode("latin-1"), EncodingError),
    "utf16.csv": ("Care area,Drug\n".encode("utf-16"), EncodingError),
    "zero.csv": (b"Care area,Drug\n\0,x\n", TableError),
    "quotes.csv": (b'Care area,Drug\n"open,x\n', TableError),
    "field.csv": (b"Care area," + b"x" * 200_000, TableError),
    "columns.csv": (b"Care area" + b"," * 2_000_000, TableError),
    "two.csv": (b"a,b;c\n1,2;3\n", TableError),
    "other.csv": (b"colour,size\nred,3\n", TableError),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_clear_error(tmp_path: Path, name) -> None:
    """Each has an error of its own class that names the file."""
    content, error = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=name.split(".")[0]):
        read_table(tmp_path / name, shipped_mapping("plain"))


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch) -> None:
    """The size is counted while it is unpacked, whatever the file claims."""
    monkeypatch.setattr(sheets_module, "MAX_UNPACKED", 2**20)
    (tmp_path / "bomb.xlsx").write_bytes(changed(SHEET, bomb))
    with pytest.raises(FileTooLargeError, match="when unpacked"):
        read_sheets(tmp_path / "bomb.xlsx")


def test_too_many_cells(tmp_path: Path, monkeypatch) -> None:
    """Cells are counted before they become objects."""
    monkeypatch.setattr(sheets_module, "MAX_CELLS", 10)
    (tmp_path / "a.csv").write_text("a,b\n" * 10, "utf-8")
    book = Workbook()
    for _ in range(10):
        book.worksheets[0].append([1, 2])
    book.save(tmp_path / "a.xlsx")
    for name in ("a.csv", "a.xlsx"):
        with pytest.raises(FileTooLargeError, match="at most 10 cells"):
            read_sheets(tmp_path / name)


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch) -> None:
    """Its size is enough to refuse it."""
    monkeypatch.setattr(sheets_module, "MAX_FILE", 3)
    (tmp_path / "a.csv").write_text("a,b,c", "utf-8")
    with pytest.raises(FileTooLargeError):
        read_sheets(tmp_path / "a.csv")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Neither is a folder a table."""
    for path in (tmp_path / "none.xlsx", tmp_path):
        with pytest.raises(FileAccessError):
            read_sheets(path)


def test_a_stray_cell_in_the_last_row(tmp_path: Path) -> None:
    """One cell far away does not make a million rows."""
    book = Workbook()
    book.worksheets[0]["XFD1048576"] = "far"
    book.worksheets[0]["A1"] = "near"
    book.save(tmp_path / "far.xlsx")
    (grid,) = read_sheets(tmp_path / "far.xlsx")
    assert [cell.text for cells in grid.cells.values() for cell in cells.values()] == ["near", "far"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.5000000000000001e-2, "0.025"),
        (0.30000000000000004, "0.3"),
        (0.1 + 0.7, "0.8"),
        (1e-7, "0.0000001"),
        (54.5455, "54.5455"),
        (999999999999999.0, "999999999999999"),
        (12, "12"),
        (True, "Yes"),
    ],
)
def test_numbers_of_a_workbook(tmp_path: Path, value, text) -> None:
    """Binary noise is gone: 15 significant digits, as Excel shows."""
    (tmp_path / "n.xlsx").write_bytes(book_bytes(value))
    (grid,) = read_sheets(tmp_path / "n.xlsx")
    assert grid.row(1)[1].text == text


def test_code_page_1252_only_if_declared(tmp_path: Path) -> None:
    """A guess between code pages would change a micro sign."""
    (tmp_path / "c.csv").write_bytes("dose;\u00b5g/h\n".encode("cp1252"))
    with pytest.raises(EncodingError, match="cp1252"):
        read_sheets(tmp_path / "c.csv")
    (grid,) = read_sheets(tmp_path / "c.csv", encoding="cp1252")
    assert grid.row(1)[2].text == "\u00b5g/h"
