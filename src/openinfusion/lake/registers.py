"""
The registers beside a lake: pumps in service and libraries released, as CSV files in UTF-8.

    pumps.csv      organisation, pump, in_service_from; model, ward, in_service_to may be absent or empty
    releases.csv   organisation, library_version, released_at; library_name may be absent or empty
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from openinfusion.adapters.documents import read_bytes
from openinfusion.core.errors import TableError

_TIME = pl.Datetime("us", "UTC")
PUMPS: Mapping[str, pl.DataType] = {
    "organisation": pl.String(),
    "pump": pl.String(),
    "model": pl.String(),
    "ward": pl.String(),
    "in_service_from": _TIME,
    "in_service_to": _TIME,
}
RELEASES: Mapping[str, pl.DataType] = {
    "organisation": pl.String(),
    "library_name": pl.String(),
    "library_version": pl.String(),
    "released_at": _TIME,
}
_NEEDED = ("organisation", "pump", "in_service_from", "library_version", "released_at")
_WRITTEN = "a date such as 2026-03-31, or a time such as 2026-03-31T14:05:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """What is known beside the events (``drugs``: which ones are high-alert); ``None`` is not known."""

    pumps: pl.DataFrame | None = None
    releases: pl.DataFrame | None = None
    drugs: pl.DataFrame | None = None


def read_pumps(path: Path) -> pl.DataFrame:
    """Return the pumps in service."""
    return _read(path, PUMPS)


def read_releases(path: Path) -> pl.DataFrame:
    """Return the libraries released."""
    return _read(path, RELEASES)


def _read(path: Path, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return the columns of a register; raises TableError with the place of the first cell that cannot be read."""
    try:
        table = pl.read_csv(io.BytesIO(read_bytes(path)), infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        raise TableError(where=str(path), found="no table", expected="CSV in UTF-8 with a header") from None
    missing = [name for name in columns if name in _NEEDED and name not in table.columns]
    if missing:
        raise TableError(where=str(path), found=f"no column {missing[0]}", expected=f"columns {', '.join(columns)}")
    kept = table.select(
        (pl.col(name) if name in table.columns else pl.lit(None, pl.String()).alias(name)) for name in columns
    )
    for name in _NEEDED:
        if name in columns and kept[name].null_count():
            row = kept[name].is_null().arg_max() or 0
            raise TableError(where=f"{path}, row {row + 2}, {name}", found="nothing", expected="a value")
    return kept.with_columns(_times(kept[name], path) for name, kind in columns.items() if kind == _TIME)


def _times(column: pl.Series, path: Path) -> pl.Series:
    """Return dates (midnight UTC) and times with their zone as moments."""
    text = (
        pl.when(pl.col(column.name).str.len_chars() == len("2026-03-31"))
        .then(pl.col(column.name) + "T00:00:00Z")
        .otherwise(pl.col(column.name))
    )
    read = (
        column.to_frame().select(text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)).to_series()
    )
    wrong = read.is_null() & column.is_not_null()
    if wrong.any():
        row = wrong.arg_max() or 0
        raise TableError(where=f"{path}, row {row + 2}, {column.name}", found=repr(column[row]), expected=_WRITTEN)
    return read
