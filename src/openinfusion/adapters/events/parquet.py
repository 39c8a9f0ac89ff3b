"""Logs as Parquet: the flat table, its header as JSON in the metadata of the file."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeGuard

import msgspec
import polars as pl
from polars.io.plugins import register_io_source

from openinfusion.adapters.documents import Json, parse_json
from openinfusion.adapters.events.columns import columns, record_from_row
from openinfusion.adapters.events.header import header_from_json, header_line
from openinfusion.adapters.events.streams import PARQUET, Source, name_of, opened
from openinfusion.core.errors import FileAccessError, OpenInfusionError, SenderError
from openinfusion.core.events import EventLog

HEADER_KEY = "openinfusion-events"
_ROWS = 5_000
_ROWS_A_GROUP = 20_000
# A panic of the engine is no ``Exception``; a damaged file must not end in one.
_ENGINE_FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError)


def is_parquet(source: Source) -> TypeGuard[Path]:
    """Whether a file is a Parquet log; what comes through a pipe never is."""
    if not isinstance(source, Path):
        return False
    with opened(source) as file:
        try:
            return file.read(len(PARQUET)) == PARQUET
        except OSError as error:
            raise FileAccessError(
                where=str(source), found=error.strerror or "an error", expected="a file that can be read"
            ) from error


def parquet_header(source: Path) -> EventLog:
    """Return the header of a Parquet log; raises SenderError if it has none, or is not the table of this format."""
    name = name_of(source)
    try:
        held = pl.read_parquet_metadata(source).get(HEADER_KEY)
        schema = pl.read_parquet_schema(source)
    except _ENGINE_FAULTS as error:
        raise _damaged(name) from error
    if held is None:
        raise SenderError(
            where=name, found="a Parquet file without a header", expected=f"JSON under {HEADER_KEY!r} in its metadata"
        )
    for column, kind in columns().items():
        if schema.get(column, kind) not in (kind, pl.Null()):
            raise SenderError(
                where=f"{name}, column {column}", found=str(schema[column]), expected=f"{kind} (see 'events convert')"
            )
    where = f"{name}, header"
    return header_from_json(parse_json(held.encode(), where=where), where=where)


def parquet_lines(source: Path) -> Iterator[bytes]:
    """Yield the rows of a Parquet log as blocks of the lines that they would be as text."""
    for table in parquet_tables(source):
        yield record_lines(table)


def parquet_tables(source: Path) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet log in batches."""
    batches = iter(pl.scan_parquet(source).collect_batches(chunk_size=_ROWS))
    while True:
        try:
            table = next(batches, None)
        except _ENGINE_FAULTS as error:
            raise _damaged(name_of(source)) from error
        if table is None:
            return
        yield from table.iter_slices(_ROWS)


def record_lines(table: pl.DataFrame) -> bytes:
    """Return rows as the lines that they are in a text file."""
    others = [name for name in table.columns if name not in columns()]
    return b"".join(_encode(_record(row, others)) + b"\n" for row in table.iter_rows(named=True))


_encode = msgspec.json.Encoder().encode


def _record(row: dict[str, Any], others: Iterable[str]) -> Json:
    """Return a row as a record; a column of a newer version is a key that this one does not know."""
    record = record_from_row(row)
    for name in others:
        value = row[name]
        if value is not None:
            record.setdefault(name, value if isinstance(value, str | int | float | bool) else str(value))
    return record


def write_parquet(path: Path, header: EventLog, tables: Iterable[pl.DataFrame]) -> None:
    """Write tables to one Parquet file as they come, in constant memory."""
    raised: list[OpenInfusionError] = []

    def batches(_columns: Any, _where: Any, _rows: Any, _size: Any) -> Iterator[pl.DataFrame]:  # noqa: ANN401
        try:
            yield from tables
        except OpenInfusionError as error:
            raised.append(error)
            raise

    source = register_io_source(batches, schema=columns())
    metadata = {HEADER_KEY: header_line(header).decode()}
    try:
        source.sink_parquet(
            path, compression="zstd", row_group_size=_ROWS_A_GROUP, metadata=metadata, engine="streaming"
        )
    except _ENGINE_FAULTS as error:
        if raised:
            raise raised[0] from error
        reason = getattr(error, "strerror", None) or "a file that cannot be written"
        raise FileAccessError(where=str(path), found=reason, expected="a folder that can be written") from error


def _damaged(name: str) -> SenderError:
    return SenderError(where=name, found="a Parquet file that is damaged", expected="the whole file, sent again")
