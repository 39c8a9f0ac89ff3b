"""What the tests of tables share: small files, and how to look at what was read."""

import csv
import io
from pathlib import Path

from openpyxl import Workbook

from openinfusion.adapters.tables import TableReading, shipped_mapping

SAMPLES = Path(__file__).resolve().parents[2] / "examples" / "vendor"
ALARIS = shipped_mapping("alaris")
BAXTER = shipped_mapping("baxter")
PLAIN = shipped_mapping("plain")
PLAIN_HEADER = ("Care area", "Population", "Drug", "Type", "Amount", "Amount unit", "Volume", "Volume unit",
                "Dose unit", "Dose soft min", "Dose soft max", "Dose hard max")  # fmt: skip
PLAIN_ROW = ("ICU", "adult", "fentanyl", "continuous", "2.5", "mg", "50", "mL", "micrograms/h", "25", "200", "400")


def workbook(path: Path, sheets: dict[str, list[tuple[object, ...]]]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def plain_csv(path: Path, *rows: tuple[str, ...], header: tuple[str, ...] = PLAIN_HEADER) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    path.write_text(text.getvalue(), "utf-8")
    return path


def with_cells(**cells: str) -> tuple[str, ...]:
    """A plain row with other texts in the columns named by letter."""
    row = list(PLAIN_ROW)
    for letter, text in cells.items():
        row[ord(letter) - ord("A")] = text
    return tuple(row)


def bounds(limits):
    """The four limits, which are there."""
    assert limits is not None
    return limits.bounds


def said(reading: TableReading) -> str:
    return "\n".join(str(problem) for problem in reading.problems)
