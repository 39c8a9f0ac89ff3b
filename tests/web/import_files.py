"""Files that people hand in, made for tests: good ones, slips, and hostile ones."""

import io
import zipfile

from openpyxl import Workbook

PLAIN = (
    "Care area,Drug,Type,Amount,Amount unit,Volume,Volume unit,Dose unit,Dose soft max,Dose hard max\n"
    "Adult ICU,noradrenaline,continuous,4,mg,50,mL,mcg/kg/min,0.5,2\n"
    "Adult ICU,propofol,continuous,1000,mg,100,mL,mg/kg/h,4,10\n"
    "Ward 7,morphine,continuous,50,mg,50,mL,mg/h,5,10\n"
)


def plain(*changes: tuple[str, str]) -> bytes:
    """Return a table in our own layout, with texts changed."""
    text = PLAIN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode()


def workbook(rows: list[list[object]], sheet: str = "Library") -> bytes:
    """Return a workbook of one sheet."""
    book = Workbook()
    book.worksheets[0].title = sheet
    for row in rows:
        book.worksheets[0].append(row)
    return saved(book)


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def rows_of_plain() -> list[list[object]]:
    """Return the rows of the table in our own layout."""
    return [line.split(",") for line in PLAIN.splitlines()]


def with_part(name: str, content: bytes, *, instead: bool = False) -> bytes:
    """Return a good workbook with one part more, or one part instead."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(rows_of_plain()))) as good,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for item in good.namelist():
            if not (instead and item == name):
                made.writestr(item, good.read(item))
        made.writestr(name, content)
    return out.getvalue()
