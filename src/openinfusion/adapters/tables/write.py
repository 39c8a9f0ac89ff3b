"""Write a library in a vendor's layout, and say what the layout could not hold."""

import csv
import io
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet.worksheet import Worksheet

from openinfusion.adapters.documents import write_bytes
from openinfusion.adapters.tables.compare import Flat, flat_entry, flat_item
from openinfusion.adapters.tables.held import as_written, sheet_for
from openinfusion.adapters.tables.mapping import Column, Sheet, TableMapping
from openinfusion.adapters.tables.read import read_table
from openinfusion.adapters.tables.read_back import Comparison, ReadBackDifference
from openinfusion.adapters.tables.sheets import FORMULA_STARTS, MAX_CELL_TEXT
from openinfusion.adapters.tables.written import RowWriter
from openinfusion.core.errors import FileAccessError, MappingError
from openinfusion.core.library import CareArea, Library

_EXACT_DIGITS = 15
Line = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritten:
    """A value that the layout has no place for: whose it is, which field, and the value."""

    entry: str
    field: str
    value: str
    reason: str


def write_table(library: Library, path: Path, mapping: TableMapping) -> tuple[Unwritten, ...]:
    """
    Write a library as .xlsx or .csv in the layout of a mapping, and return what the file does not say.

    The file is read again and compared with the library in every field, so nothing can be missing without being told.
    That entries from a table count as not reviewed is not told each time.

    Raises:
        FileAccessError: the file cannot be written, or does not end in .xlsx or .csv.
        MappingError: the layout has more than one sheet and the file is a .csv.

    """
    sheets = _sheets(library, mapping)
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        write_bytes(path, workbook_bytes(sheets))
    elif suffix == ".csv":
        write_bytes(path, csv_bytes(sheets, mapping))
    else:
        raise FileAccessError(where=str(path), found=f"the ending {suffix!r}", expected=".xlsx or .csv")
    if not library.entries:
        return ()
    comparison = Comparison(library, read_table(path, mapping), mapping)
    return tuple(_unwritten(item) for item in comparison.differences(lambda *_: True) if item.approved != "none")


def _unwritten(item: ReadBackDifference) -> Unwritten:
    read = "" if item.exported == "none" else f"it would be read as {item.exported}"
    return Unwritten(
        entry=item.entry or item.care_area or item.drug,
        field=item.field,
        value=item.approved,
        reason=read or "the layout has no place for it",
    )


# --- Sheets as lines of text -----------------------------------------------------------------------------------------


def _sheets(library: Library, mapping: TableMapping) -> dict[str, list[Line]]:
    """Return each sheet's lines by its name; kinds of sheet that the mapping knows twice are written once."""
    sheets: dict[str, list[Line]] = {}
    seen: set[str] = set()
    for known in mapping.sheets:
        sheet = replace(known, columns=tuple(column for column in known.columns if column.written))
        if sheet.holds == "nothing" or (sheet.holds != "entries" and sheet.holds in seen):
            continue
        seen.add(sheet.holds)
        lines = _lines(library, sheet, mapping)
        sheets[_name(sheet)] = lines
    return sheets


def _name(sheet: Sheet) -> str:
    return next((name for name in sheet.names if "*" not in name), sheet.title or sheet.id)[:31]


def _lines(library: Library, sheet: Sheet, mapping: TableMapping) -> list[Line]:
    title = [[f"{sheet.title}: {library.library.name}"]] if sheet.title else []
    if sheet.holds == "entries":
        return [*title, *_header(sheet), *_entry_lines(library, sheet, mapping)]
    flats = _flats(library, sheet)
    columns = (*sheet.columns, *_further(flats, sheet))
    header = [[column.header for column in columns]]
    return [*title, *header, *(_line(RowWriter(flat, sheet, mapping), columns) for flat in flats)]


def _flats(library: Library, sheet: Sheet) -> list[Flat]:
    match sheet.holds:
        case "care areas":
            return [flat_item(area) for area in library.care_areas]
        case "drugs":
            return [flat_item(drug) for drug in library.drugs]
        case "advisories":
            return [{"name": item.text, **flat_item(item)} for item in library.advisories]
        case _:
            return [{"name": name} for name in sorted({entry.therapy for entry in library.entries if entry.therapy})]


def _further(flats: list[Flat], sheet: Sheet) -> tuple[Column, ...]:
    """Return a column for each device setting that the mapping does not list, if the sheet takes any."""
    if sheet.unlisted != "device settings":
        return ()
    listed = {path for column in sheet.columns for path in column.fields}
    paths = dict.fromkeys(path for flat in flats for path in flat if path.startswith("device_settings."))
    return tuple(
        Column(header=path.removeprefix("device_settings."), fields=(path,)) for path in paths if path not in listed
    )


def _header(sheet: Sheet) -> list[Line]:
    """Return the header, over as many rows as its longest stack."""
    stacks = [[part.strip() for part in column.header.split("|")] for column in sheet.columns]
    depth = max(len(stack) for stack in stacks)
    return [[stack[row] if row < len(stack) else "" for stack in stacks] for row in range(depth)]


def _entry_lines(library: Library, sheet: Sheet, mapping: TableMapping) -> list[Line]:
    lines: list[Line] = []
    for area in library.care_areas:
        if sheet.blocks:
            lines += [[f"Care Area: {area.name}"], *_settings(area, sheet, mapping)]
        for entry in library.entries:
            if entry.care_area == area.id and _is_on(sheet, sheet_for(entry, mapping)):
                own = {f"care_area.{path}": value for path, value in flat_item(area).items()}
                drug = {f"drug.{path}": value for path, value in flat_item(library.drug(entry.drug)).items()}
                flat = own | drug | as_written(flat_entry(entry, library), sheet)
                lines.append(_line(RowWriter(flat, sheet, mapping), sheet.columns))
    return lines


def _is_on(sheet: Sheet, known: Sheet | None) -> bool:
    return known is not None and known.id == sheet.id


def _line(writer: RowWriter, columns: tuple[Column, ...]) -> Line:
    return [writer.text(column) for column in columns]


def _settings(area: CareArea, sheet: Sheet, mapping: TableMapping) -> list[Line]:
    """Return the care area's settings as lines of a label and its value."""
    columns = sheet.blocks.settings if sheet.blocks else ()
    flat = flat_item(area)
    block = Sheet(id=sheet.id, holds="care areas", columns=columns)
    set_ones = [column for column in columns if column.fields[0] in flat]
    writer = RowWriter(flat, block, mapping)
    return [[f"{column.header}:", writer.text(column)] for column in set_ones]


# --- Files -----------------------------------------------------------------------------------------------------------


def workbook_bytes(sheets: dict[str, list[Line]]) -> bytes:
    """Return the sheets as an .xlsx workbook in which every text is a text, never a formula."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for row, line in enumerate(lines, start=1):
            for column, text in enumerate(line, start=1):
                if text:
                    _set_cell(sheet, (row, column), text)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _set_cell(sheet: Worksheet, place: tuple[int, int], text: str) -> None:
    """Set a number as a number, and every other text so that no spreadsheet takes it for a formula."""
    cell = sheet.cell(*place)
    number = _as_number(text)
    if number is not None:
        cell.value = number
        return
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)[:MAX_CELL_TEXT]
    cell.value = clean
    cell.data_type = "s"
    if clean.startswith(FORMULA_STARTS):
        cell.quotePrefix = True


def _as_number(text: str) -> Decimal | None:
    """Return a plain decimal that a spreadsheet keeps exactly; a longer one stays text."""
    if not text[:1].isdigit() or sum(c.isdigit() for c in text.lstrip("0.")) > _EXACT_DIGITS:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if str(format(number.normalize(), "f")) == text else None


def csv_bytes(sheets: dict[str, list[Line]], mapping: TableMapping) -> bytes:
    """Return the one sheet as CSV in which no spreadsheet runs a cell; raises MappingError where there are more."""
    if len(sheets) != 1:
        raise MappingError(
            where=f"mapping {mapping.name!r}", found=f"{len(sheets)} sheets", expected="one, for .csv; write an .xlsx"
        )
    (lines,) = sheets.values()
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=mapping.csv.delimiter or ",", lineterminator="\r\n")
    writer.writerows([_guarded(text) for text in line] for line in lines)
    text = stream.getvalue()
    try:
        return text.encode("utf-8-sig" if mapping.csv.encoding == "utf-8" else mapping.csv.encoding)
    except UnicodeEncodeError as error:
        found = f"{text[error.start]!r}, which {mapping.csv.encoding} does not have"
        raise MappingError(where=f"mapping {mapping.name!r}, csv.encoding", found=found, expected="utf-8") from error


def _guarded(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run; the reader takes it off again."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text
