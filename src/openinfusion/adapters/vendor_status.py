"""
What a vendor's server says of its pumps: a table of which library each has, read by a mapping file in TOML.

Nothing is dropped silently: every row is used, or stands among the problems with its row number and column. What is
read is a claim of the vendor's server about what it sent, or was told; it is no proof of what runs.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from openinfusion.adapters.documents import convert, read_bytes
from openinfusion.adapters.infusions.cells import read_time, shown
from openinfusion.adapters.infusions.table import read_rows
from openinfusion.core.errors import AuthorError, MappingError, TableError

FORMAT = "openinfusion-status-mapping"
MAX_BYTES = 2**20
_SERIAL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusColumns:
    """The header of the column that holds each part; ``seen`` is when the vendor's server heard of the pump last."""

    serial: str
    version: str
    seen: str
    library: str | None = None
    ward: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMapping:
    """
    What the columns of a table mean.

    Attributes:
        maker: the maker in the names of pumps, ``urn:pump:<maker>:<serial>``.
        seen_format: how times are written, as in ``strptime``; ISO 8601 where it is absent.
        zone: the time zone of times that name none.
        blanks: further texts that mean nothing, such as "N/A".

    """

    format: Literal["openinfusion-status-mapping"]
    format_version: Literal[1]
    name: str
    about: str
    maker: str
    columns: StatusColumns
    delimiter: Literal[",", ";", "\t"] = ","
    seen_format: str | None = None
    zone: str = "UTC"
    blanks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpStatus:
    """What the vendor's server says of one pump."""

    pump: str
    version: str
    seen: datetime
    library: str | None = None
    ward: str | None = None


@dataclass(frozen=True, slots=True)
class StatusProblem:
    """Why a row was left out."""

    row: int
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: found {self.found}; expected {self.expected}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReading:
    """What a table holds: rows read are the pumps and the problems together."""

    rows: int
    pumps: tuple[PumpStatus, ...]
    problems: tuple[StatusProblem, ...]


def read_status_mapping(path: Path) -> StatusMapping:
    """
    Return the mapping in a TOML file.

    Raises:
        OperatorError: the file cannot be read, or is too large.
        MappingError: with the key: not TOML, an unknown key, a wrong word, a zone that there is not.

    """
    try:
        value = tomllib.loads(read_bytes(path, limit=MAX_BYTES).decode("utf-8-sig"))
        mapping = convert(value, StatusMapping, where=path.name)
        ZoneInfo(mapping.zone)
    except AuthorError as error:
        raise MappingError(where=error.where, found=error.found, expected=error.expected) from error
    except ZoneInfoNotFoundError as error:
        raise MappingError(where=f"{path.name}, zone", found=str(error), expected="such as Europe/London") from error
    except (ValueError, RecursionError) as error:
        raise MappingError(where=path.name, found=str(error)[:120], expected="TOML in UTF-8") from error
    return mapping


def read_status(path: Path, mapping: StatusMapping) -> StatusReading:
    """
    Return what a table (CSV, or the first sheet of a workbook) says of pumps.

    Raises:
        OperatorError: the file cannot be read, or is too large.
        SenderError: it is damaged, empty, or lacks a column of the mapping.

    """
    rows = read_rows(path, mapping.delimiter)
    reader = _Reader(mapping, _places(next(rows)[1], mapping.columns, path.name))
    count, pumps, problems = 0, list[PumpStatus](), list[StatusProblem]()
    for number, row in rows:
        count += 1
        try:
            pumps.append(reader.read(row))
        except TableError as error:
            problems.append(StatusProblem(number, error.where, error.found, error.expected))
    return StatusReading(rows=count, pumps=tuple(pumps), problems=tuple(problems))


def _places(header: list[str], columns: StatusColumns, where: str) -> dict[str, int]:
    found = {cell.strip(): place for place, cell in enumerate(header)}
    places: dict[str, int] = {}
    for part, name in _headers(columns):
        if name not in found:
            raise TableError(where=f"{where}, header", found=f"no column {name!r}", expected=f"the column of {part}")
        places[part] = found[name]
    return places


def _headers(columns: StatusColumns) -> Iterator[tuple[str, str]]:
    for part in columns.__dataclass_fields__:
        name = getattr(columns, part)
        if name is not None:
            yield part, name


class _Reader:
    """Reads one row."""

    def __init__(self, mapping: StatusMapping, places: dict[str, int]) -> None:
        self._mapping = mapping
        self._places = places
        self._zone = ZoneInfo(mapping.zone)
        self._blanks = {"", *mapping.blanks}

    def read(self, row: list[str]) -> PumpStatus:
        """Return what a row says; raises TableError that names the column."""
        serial = self._needed(row, "serial")
        if not _SERIAL.fullmatch(serial):
            raise TableError(where="serial", found=shown(serial), expected="a serial number: letters, digits, . _ -")
        return PumpStatus(
            pump=f"urn:pump:{self._mapping.maker}:{serial}",
            version=self._needed(row, "version"),
            library=self._cell(row, "library"),
            ward=self._cell(row, "ward"),
            seen=self._seen(self._needed(row, "seen")),
        )

    def _seen(self, text: str) -> datetime:
        try:
            moment = read_time(text, self._mapping.seen_format)
            return (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC)
        except TableError as error:
            raise TableError(where="seen", found=error.found, expected=error.expected) from error
        except OverflowError as error:
            raise TableError(where="seen", found=shown(text), expected="a year that can be") from error

    def _needed(self, row: list[str], part: str) -> str:
        cell = self._cell(row, part)
        if cell is None:
            raise TableError(where=part, found="nothing", expected=f"a {part}")
        return cell

    def _cell(self, row: list[str], part: str) -> str | None:
        place = self._places.get(part)
        text = row[place].strip() if place is not None and place < len(row) else ""
        if len(text) > _LONGEST or not text.isprintable():
            raise TableError(where=part, found=f"{len(text):,} characters, or one that does not print", expected="text")
        return None if text in self._blanks else text
