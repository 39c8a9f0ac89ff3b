"""Logs record by record: read, written, and turned from a table into events and back."""

import gzip
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl
import zstandard

from openinfusion.adapters.events.columns import Row, record_from_row, to_row, to_table
from openinfusion.adapters.events.header import header_line
from openinfusion.adapters.events.lines import Log
from openinfusion.adapters.events.parquet import record_lines, write_parquet
from openinfusion.adapters.events.record import read_line, read_record
from openinfusion.adapters.events.streams import DamagedError, Source
from openinfusion.core.errors import EventError, Fault, FileAccessError
from openinfusion.core.events import Event, EventLog

_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log: an event, or the text of a record of an unknown kind, or faults."""

    number: int
    event: Event | None = None
    unknown: str | None = None
    faults: tuple[Fault, ...] = ()
    event_id: str | None = None


class LogReader:
    """
    The lines of a log, once, one by one, in constant memory.

    Blank lines are not yielded but counted. When the last line has been taken,
    ``lines_read`` = ``accepted`` + ``rejected`` + ``unknown`` + ``blank``.
    """

    def __init__(self, source: Source) -> None:
        """Open a log; raises as ``Log`` does."""
        self._log = Log(source)
        self.header = self._log.header
        self.accepted = self.rejected = self.unknown = self.blank = 0
        self.unknown_kinds: Counter[str] = Counter()

    @property
    def lines_read(self) -> int:
        """How many lines below the header were read so far."""
        return self.accepted + self.rejected + self.unknown + self.blank

    def __iter__(self) -> Iterator[Line]:
        """Yield every line but blank ones; damage to a packed file is the fault of the last line."""
        try:
            for block in self._log.blocks:
                for number, text in enumerate(_lines(block.data), block.first_line):
                    if text.strip():
                        yield self._read(number, text)
                    else:
                        self.blank += 1
        except DamagedError as error:
            self.rejected += 1
            yield Line(error.line, faults=(error.fault,))

    def _read(self, number: int, text: bytes) -> Line:
        reading = read_line(text)
        if reading.event is not None:
            self.accepted += 1
            return Line(number, event=reading.event, event_id=reading.event_id)
        if reading.unknown is not None:
            self.unknown += 1
            self.unknown_kinds[reading.unknown["kind"]] += 1
            return Line(number, unknown=text.decode().strip(), event_id=reading.event_id)
        self.rejected += 1
        return Line(number, faults=reading.faults, event_id=reading.event_id)


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def read_events(source: Source) -> LogReader:
    """Open a log, plain or packed or Parquet, told by its first bytes; raises as ``Log`` does."""
    return LogReader(source)


def event_from_row(row: Row) -> Event:
    """Return the event of a row; raises EventError if it is none, or of a kind that this version does not know."""
    reading = read_record(record_from_row(row))
    if reading.event is None:
        unknown = Fault("kind", "a kind of a newer version", "a kind that this version knows")
        raise EventError(reading.faults or (unknown,), where="row")
    return reading.event


def table_to_events(table: pl.DataFrame) -> Iterator[Event]:
    """Yield the events of a table; raises EventError as ``event_from_row`` does."""
    return map(event_from_row, table.iter_rows(named=True))


def events_to_tables(events: Iterable[Event | str]) -> Iterator[pl.DataFrame]:
    """Yield events, and the texts of records of unknown kinds, as tables of bounded height."""
    rest = iter(events)
    while held := list(islice(rest, _BATCH)):
        yield to_table(to_row(one) if isinstance(one, Event) else _unknown_row(one) for one in held)


def _unknown_row(text: str) -> Row:
    reading = read_line(text.encode())
    row = reading.to_row()
    if row is None:
        raise EventError(reading.faults, where="record")
    return row


def write_events(path: Path, header: EventLog, events: Iterable[Event | str]) -> None:
    """
    Write a log; the suffix says how: .jsonl, .jsonl.gz, .jsonl.zst or .parquet.

    A text among the events is the record of an unknown kind, as ``Line.unknown`` has it.

    Raises:
        FileAccessError: another suffix, or a place that may not be written.

    """
    write_tables(path, header, events_to_tables(events))


def write_tables(path: Path, header: EventLog, tables: Iterable[pl.DataFrame]) -> None:
    """Write a log from its tables; raises as ``write_events`` does."""
    if path.name.endswith(".parquet"):
        write_parquet(path, header, tables)
        return
    opener = next((opener for suffix, opener in _OPENERS.items() if path.name.endswith(suffix)), None)
    if opener is None:
        raise FileAccessError(where=str(path), found="another suffix", expected=f"{', '.join(_OPENERS)} or .parquet")
    try:
        with opener(path) as file:
            file.write(header_line(header) + b"\n")
            for table in tables:
                file.write(record_lines(table))
    except OSError as error:
        raise FileAccessError(
            where=str(path), found=error.strerror or "an error", expected="a folder that can be written"
        ) from error


def _plain(path: Path) -> BinaryIO:
    return path.open("wb")


def _gzip(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(path, "wb", compresslevel=6, mtime=0))


def _zstd(path: Path) -> BinaryIO:
    return cast("BinaryIO", zstandard.open(path, "wb"))


_OPENERS: dict[str, Callable[[Path], BinaryIO]] = {".jsonl": _plain, ".jsonl.gz": _gzip, ".jsonl.zst": _zstd}
