"""
The list of high-alert medicines beside a lake, as a CSV file in UTF-8.

    drugs.csv    organisation, drug, high_alert (yes or no)
"""

import io
from pathlib import Path

import polars as pl

from openinfusion.adapters.documents import read_bytes
from openinfusion.core.errors import TableError

COLUMNS = ("organisation", "drug", "high_alert")
_WORDS = {"yes": True, "no": False}


def read_drugs(path: Path) -> pl.DataFrame:
    """Return which drugs an organisation calls high-alert; raises TableError with the place of the first fault."""
    try:
        table = pl.read_csv(io.BytesIO(read_bytes(path)), infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        raise TableError(where=str(path), found="no table", expected="CSV in UTF-8 with a header") from None
    for name in COLUMNS:
        if name not in table.columns:
            raise TableError(where=str(path), found=f"no column {name}", expected=f"columns {', '.join(COLUMNS)}")
    for row, cells in enumerate(table.select(COLUMNS).iter_rows(named=True), start=2):
        _check(cells, f"{path}, row {row}")
    return table.select("organisation", "drug", pl.col("high_alert").replace_strict(_WORDS, return_dtype=pl.Boolean))


def _check(cells: dict[str, str | None], where: str) -> None:
    for name, text in cells.items():
        if text is None:
            raise TableError(where=f"{where}, {name}", found="nothing", expected="a value")
    if cells["high_alert"] not in _WORDS:
        raise TableError(where=f"{where}, high_alert", found=repr(cells["high_alert"]), expected="yes or no")
