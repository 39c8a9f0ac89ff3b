"""
What the lake makes of a table of events before it keeps them: columns that questions need, and a digest of each record.

What may identify a person (``private_*``) ends here: no file of the lake has a column for it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl

from openinfusion.adapters.events.columns import columns
from openinfusion.core.events import Alert, Kind
from openinfusion.core.limits import Limit
from openinfusion.core.numbers import read_decimal
from openinfusion.core.programme import Parameter
from openinfusion.core.units import MINUTES, Quantity
from openinfusion.lake.derived import DERIVED
from openinfusion.lake.ids import Hashes, Words, hash_ids
from openinfusion.lake.programmes import PROGRAMME_COLUMNS, SCALES, programme_columns

PRIVATE = "private_"
FOLDERS = ("organisation", "month")
MICRO, MILLI, SECONDS_A_MINUTE = 10**6, 10**3, 60
LARGEST = 2**63 - 1
KEPT: Mapping[str, pl.DataType] = {
    # Version of the lake that a record came with; a record keeps it when files are merged.
    "taken": pl.Int64(),
    # Id of the record that this one voids.
    "voids": pl.String(),
    # Id of the record that voided or replaced this one, once the lake was compacted.
    "voided_by": pl.String(),
    # 64 bits that tell this record from another one under the same id.
    "digest": pl.Int64(),
}
"""What the lake keeps for itself."""


def event_columns() -> dict[str, pl.DataType]:
    """Return the columns that questions may ask for."""
    open_columns = {name: kind for name, kind in columns().items() if not name.startswith(PRIVATE)}
    return {**DERIVED, **open_columns}


def stored_columns() -> dict[str, pl.DataType]:
    """Return the columns of the lake's files, those with statistics in the log first."""
    every = {**event_columns(), **KEPT}
    first = (*FOLDERS, "moment", "taken", "voids", "voided_by", "supersedes")
    return {name: every[name] for name in dict.fromkeys((*first, *every))}


@dataclass(frozen=True, slots=True)
class Intake:
    """
    Events ready to be kept, in the order of their lines, the hashes of their ids, and the shapes of programmes.

    A column of which no event says anything is left out, here and in the files: readers see it as empty.
    """

    table: pl.DataFrame
    hashes: Hashes
    shapes: pl.DataFrame


def prepare(table: pl.DataFrame, organisation: str) -> Intake:
    """Return a table of events of one organisation as the lake keeps it, but for what only the writer knows."""
    table = table.drop(name for name in table.columns if name.startswith(PRIVATE))
    table = table.with_columns(organisation=pl.lit(organisation))
    digest = digests(table.drop("event_id"))
    made, shapes = _with_programmes(table)
    made = made.with_columns(_moments(table)).with_columns(
        pl.col("moment").dt.strftime("%Y-%m").alias("month"),
        _mapped(table, ("seconds",), _milliseconds).alias("milliseconds"),
        _mapped(table, ("delivered_duration", "delivered_duration_unit"), _seconds).alias("ran_seconds"),
        _mapped(table, _ALERT, _ratio).alias("ratio_thousandths"),
        pl.when(pl.col("kind") == Kind.RECORD_VOIDED.value).then("about").alias("voids"),
        pl.Series("digest", digest.view(np.int64)),
    )
    told = [name for name in stored_columns() if name in made.columns and made[name].null_count() < made.height]
    return Intake(made.select(told), hash_ids(table["event_id"], digest), shapes)


def _with_programmes(table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a table with the columns of ``lake.programmes``, and the shapes; most events have no programme."""
    has_programme = pl.any_horizontal(pl.col(PROGRAMME_COLUMNS[2:]).is_not_null())
    made, shapes = programme_columns(table.with_row_index("row").filter(has_programme))
    numbers = made.select("row", "shape", *(scale.column for scale in SCALES.values()))
    return table.with_row_index("row").join(numbers, on="row", how="left", maintain_order="left").drop("row"), shapes


def digests(table: pl.DataFrame) -> Words:
    """Return 64 bits of a digest of each row: of every value that is there, under the name of its column."""
    total = np.zeros(table.height, dtype=np.uint64)
    for column in table.get_columns():
        if column.null_count() < table.height:
            is_told = column.is_not_null().to_numpy()
            total += np.where(is_told, _mix(_words(column) ^ _word(column.name)), np.uint64(0))
    return _mix(total)


def _words(column: pl.Series) -> Words:
    """Return a value as 64 bits: a number as it stands, of a text its digest."""
    if column.dtype != pl.String:
        return column.to_physical().cast(pl.Int64).fill_null(0).to_numpy().view(np.uint64)
    texts = column.unique().drop_nulls()
    words = pl.Series([_word(text) for text in texts.to_list()], dtype=pl.UInt64)
    return column.replace_strict(texts, words, default=0, return_dtype=pl.UInt64).to_numpy()


@lru_cache(maxsize=2**16)
def _word(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little"))


def _mix(words: Words) -> Words:
    """Return words in which every bit depends on every bit of the given ones (the finaliser of SplitMix64)."""
    words = words ^ (words >> np.uint64(30))
    words = words * np.uint64(0xBF58476D1CE4E5B9)
    words = words ^ (words >> np.uint64(27))
    words = words * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _moments(table: pl.DataFrame) -> pl.Series:
    """Return when each event happened by true time; where no offset is known the pump's clock is taken for true."""
    ahead = _mapped(table, ("clock_offset",), _microseconds)
    micros = table["at"].to_physical() - ahead.fill_null(0)
    return micros.cast(pl.Datetime("us", "UTC")).alias("moment")


def _mapped(table: pl.DataFrame, names: Sequence[str], convert: Callable[..., int | None]) -> pl.Series:
    """Return whole numbers that follow from some columns; each combination is converted once."""
    if table[names[0]].null_count() == table.height:
        return pl.Series([None] * table.height, dtype=pl.Int64)
    unique = table.select(names).unique().drop_nulls()
    numbers = pl.Series("number", [_kept(convert(*row)) for row in unique.iter_rows()], pl.Int64)
    return table.select(names).join(unique.with_columns(numbers), on=names, how="left", maintain_order="left")["number"]


def _kept(number: int | None) -> int | None:
    return number if number is not None and abs(number) <= LARGEST else None


def _microseconds(seconds: str) -> int:
    return (read_decimal(seconds) * MICRO).__floor__()


def _milliseconds(seconds: str) -> int:
    return (read_decimal(seconds) * MILLI).__floor__()


def _seconds(value: str, unit: str) -> int:
    return (Quantity.of(value, unit).to(MINUTES).value * SECONDS_A_MINUTE).__floor__()


_ALERT = (
    "alert_limit",
    "alert_parameter",
    "alert_attempted",
    "alert_attempted_unit",
    "alert_bound",
    "alert_bound_unit",
)


def _ratio(*row: Any) -> int | None:  # noqa: ANN401 - the columns of an alert
    limit, parameter, attempted, attempted_unit, bound, bound_unit = row
    alert = Alert(
        parameter=Parameter(parameter),
        limit=Limit(limit),
        attempted=Quantity.of(attempted, attempted_unit),
        bound=Quantity.of(bound, bound_unit),
    )
    ratio: Fraction | None = alert.ratio
    return None if ratio is None else (ratio * MILLI).__floor__()


@cache
def empty_table() -> pl.DataFrame:
    """Return a table of the lake without a row."""
    return pl.DataFrame(schema=stored_columns())
