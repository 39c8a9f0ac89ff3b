"""Reading a file that was handed in: which layout it has, and then row by row what it says."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import zstandard
from django.db import transaction

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.adapters.tables import CellProblem, Consequence, TableMapping, TableReading
from openinfusion.adapters.tables.layout import lay_out
from openinfusion.adapters.tables.mapping import mapping_from_text
from openinfusion.adapters.tables.read import read_grids
from openinfusion.adapters.tables.sheets import Grid, sheets_from_bytes
from openinfusion.core.errors import OpenInfusionError, TableError
from openinfusion.core.library import Library
from openinfusion.core.wording import counted
from openinfusion.web.imports.account import account_of, kind_of
from openinfusion.web.imports.models import Upload, UploadRow
from openinfusion.web.imports.receiving import refuse_beyond
from openinfusion.web.imports.store import content_of, layouts, tell_audit

MAX_MARKS = 50_000
SHOWN_ROWS = 40
LONGEST_NAME = 120
LONGEST_ID = 240
_LONGEST_CELL = 400
Dialect = tuple[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """How well one layout fits a file: the evidence on which a person chooses."""

    name: str
    about: str = ""
    entries: int = 0
    rows_left_out: int = 0
    columns_known: int = 0
    columns: int = 0
    fault: str = ""


class Handed:
    """A file in memory: its sheets are read once for each way of writing text."""

    def __init__(self, upload: Upload) -> None:
        self.name = upload.name
        self._content = content_of(upload)
        self._grids: dict[Dialect, tuple[Grid, ...]] = {}

    def grids(self, mapping: TableMapping | None = None) -> tuple[Grid, ...]:
        """Return the sheets; raises SenderError or OperatorError."""
        dialect: Dialect = (mapping.csv.encoding, mapping.csv.delimiter) if mapping else ("utf-8", None)
        if dialect not in self._grids:
            grids = sheets_from_bytes(self._content, self.name, encoding=dialect[0], delimiter=dialect[1])
            refuse_beyond(grids, self.name)
            self._grids[dialect] = grids
        return self._grids[dialect]

    def read(self, mapping: TableMapping) -> TableReading:
        """Return what the sheets say; raises TableError where no sheet has the columns."""
        return read_grids(self.grids(mapping), mapping, name=self.name)


def recognise(upload: Upload, *, at: datetime) -> None:
    """Find the layout of a file by trying each; where just one fits, read the file with it."""
    handed = Handed(upload)
    texts = layouts(upload.organisation)
    found: list[Candidate] = []
    readings: dict[str, tuple[TableMapping, TableReading]] = {}
    faults: list[OpenInfusionError] = []
    for number, (name, text) in enumerate(texts.items(), start=1):
        tell(upload, f"Looking at its layout: {name} ({number} of {len(texts)})")
        mapping = mapping_from_text(text, where=name)
        try:
            reading = handed.read(mapping)
        except OpenInfusionError as error:
            found.append(Candidate(name=name, about=mapping.about, fault=str(error)))
            faults.append(error)
            continue
        found.append(_candidate(name, mapping, (handed, reading)))
        if reading.library.entries:
            readings[name] = mapping, reading
    if len(faults) == len(found) and len({(one.found, one.expected) for one in faults}) == 1:
        raise faults[0]  # damaged in the same way, whatever the layout
    upload.candidates = [asdict(one) for one in sorted(found, key=lambda one: (-one.entries, one.rows_left_out))]
    upload.sheets = list(_shown(handed))
    upload.state, upload.progress = Upload.State.UNMAPPED, ""
    upload.save(update_fields=["candidates", "sheets", "state", "progress"])
    if len(readings) == 1:
        (name,) = readings
        keep(upload, (handed, readings[name][1]), layout=(name, texts[name]), at=at)


def read_with(upload: Upload, layout: tuple[str, str], *, at: datetime) -> None:
    """Read a file with one layout, by its name and text; raises AuthorError, SenderError or OperatorError."""
    name, text = layout
    handed = Handed(upload)
    mapping = mapping_from_text(text, where=name)
    if not upload.sheets:
        upload.sheets = list(_shown(handed))
        upload.save(update_fields=["sheets"])
    reading = handed.read(mapping)
    if not reading.library.entries:
        found = f"{counted(reading.rows_read, 'row')} and not one entry that this layout can read"
        raise TableError(where=upload.name, found=found, expected="another layout")
    keep(upload, (handed, reading), layout=layout, at=at)


def _candidate(name: str, mapping: TableMapping, read: tuple[Handed, TableReading]) -> Candidate:
    handed, reading = read
    laid_out, _ = lay_out(handed.grids(mapping), mapping, where=handed.name)
    headers = [one.header for one in laid_out if one.header is not None]
    return Candidate(
        name=name,
        about=mapping.about,
        entries=len(reading.library.entries),
        rows_left_out=len(_rows_with(reading, Consequence.ROW_LEFT_OUT)),
        columns_known=sum(len(header.columns) for header in headers),
        columns=sum(len(header.texts) for header in headers),
        fault="" if reading.library.entries else "no entries",
    )


def _shown(handed: Handed) -> Iterator[dict[str, Any]]:
    """Yield the beginning of each sheet, from which a person tells what its columns mean."""
    for grid in handed.grids():
        first = list(grid.cells.items())[:SHOWN_ROWS]
        rows = {row: {n: cell.text[:_LONGEST_CELL] for n, cell in cells.items()} for row, cells in first}
        corners = [[*place, *corner] for place, corner in grid.corners.items() if place[0] in rows]
        yield {"name": grid.sheet, "count": len(grid.cells), "rows": rows, "corners": corners}


# --- Keeping what was read -------------------------------------------------------------------------------------------


def tell(upload: Upload, progress: str) -> None:
    """Say how far the reading has come, to whoever waits for it."""
    Upload.objects.filter(pk=upload.pk).update(progress=progress)


@transaction.atomic
def keep(upload: Upload, read: tuple[Handed, TableReading], *, layout: tuple[str, str], at: datetime) -> None:
    """Keep what was read, every row with what is wrong with it; raises TableError where nearly everything is."""
    handed, reading = read
    if len(reading.problems) > MAX_MARKS:
        found = f"{len(reading.problems):,} cells that cannot be read"
        raise TableError(where=upload.name, found=found, expected=f"at most {MAX_MARKS:,}: another layout")
    _refuse_long_names(upload, reading.library)
    name, text = layout
    upload.mapping_name, upload.mapping_text = name, text
    upload.mapping_sha256 = hashlib.sha256(text.encode()).hexdigest()
    upload.library = zstandard.compress(canonical_bytes(reading.library), 9)
    upload.account = account_of(reading)
    upload.state, upload.progress, upload.problem = Upload.State.READ, "", None
    upload.merged = upload.onto = upload.base = None
    upload.save()
    mapping = mapping_from_text(text, where=name)
    upload.rows.all().delete()
    UploadRow.objects.bulk_create(_rows(upload, handed.grids(mapping), reading), batch_size=500)
    told = f"{upload.name} by the layout {name} (SHA-256 {upload.mapping_sha256}): {upload.account['sentence']}"
    tell_audit("import.read", upload, by=upload.handed_in_by, at=at, after=upload.account, reason=told)


def _refuse_long_names(upload: Upload, library: Library) -> None:
    named = [*(drug.id for drug in library.drugs), *(area.id for area in library.care_areas)]
    limits = (LONGEST_NAME, named), (LONGEST_ID, [entry.id for entry in library.entries])
    for most, ids in limits:
        for one in ids:
            if len(one) > most:
                found = f"names that make an id of {len(one)} characters ({one[:60]} ...)"
                raise TableError(where=upload.name, found=found, expected=f"shorter names: at most {most}")


def _rows(upload: Upload, grids: tuple[Grid, ...], reading: TableReading) -> Iterator[UploadRow]:
    marks: dict[tuple[str, int], list[CellProblem]] = defaultdict(list)
    for one in reading.problems:
        marks[one.sheet, one.row].append(one)
    becomes = _becomes(reading)
    position = 0
    for grid in grids:
        for number, cells in grid.cells.items():
            position += 1
            mine = marks.get((grid.sheet, number), [])
            yield UploadRow(
                upload=upload,
                position=position,
                sheet=grid.sheet[:120],
                row=number,
                cells=[[cell.letter, cell.text[:_LONGEST_CELL]] for cell in cells.values()],
                becomes=becomes.get((grid.sheet, number), "")[:300],
                marks=[_mark(one) for one in mine],
                is_marked=bool(mine),
                kinds=_barred(mine),
            )


def _barred(problems: list[CellProblem]) -> str:
    """Return the kinds of what is wrong with a row, each between bars, so that one is found and no part of one."""
    kinds = dict.fromkeys(map(kind_of, problems))
    return f"|{'|'.join(kinds)}|" if kinds else ""


def _becomes(reading: TableReading) -> dict[tuple[str, int], str]:
    """Return for each row the entry that it gave."""
    made: dict[tuple[str, int], str] = {}
    for entry in reading.library.entries:
        said = reading.library.describe(entry)
        for cell in reading.origins.get(entry.id, {}).values():
            made.setdefault((cell.sheet, cell.row), said)
    return made


def _mark(one: CellProblem) -> dict[str, str]:
    return {
        "column": one.column,
        "header": one.header[:_LONGEST_CELL],
        "found": one.found[:_LONGEST_CELL],
        "expected": one.expected[:_LONGEST_CELL],
        "consequence": one.consequence.value,
        "assumption": one.assumption.value if one.assumption else "",
    }


def _rows_with(reading: TableReading, consequence: Consequence) -> Counter[tuple[str, int]]:
    return Counter((one.sheet, one.row) for one in reading.problems if one.consequence is consequence)


def library_read(upload: Upload) -> Library:
    """Return the library that was read from a file."""
    content = Upload.objects.values_list("library", flat=True).get(pk=upload.pk)
    return library_from_bytes(zstandard.decompress(bytes(content or b""), max_output_size=2**30), where=upload.name)


def guarded(upload: Upload, work: Callable[[], None]) -> None:
    """Do the work; what goes wrong is kept as the reason why the file was refused, in words."""
    try:
        work()
    except OpenInfusionError as error:
        upload.state, upload.progress = Upload.State.REFUSED, ""
        upload.problem = {"where": error.where, "found": error.found, "expected": error.expected}
        upload.save(update_fields=["state", "progress", "problem"])
    except Exception:
        upload.state, upload.progress = Upload.State.REFUSED, ""
        expected = "a look by whoever runs OpenInfusion; nothing was changed"
        upload.problem = {"where": upload.name, "found": "a fault in OpenInfusion itself", "expected": expected}
        upload.save(update_fields=["state", "progress", "problem"])
        raise
