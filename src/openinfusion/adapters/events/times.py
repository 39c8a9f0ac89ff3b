"""Times of many records at once."""

from collections.abc import Sequence

import polars as pl

from openinfusion.adapters.events.columns import TIME
from openinfusion.adapters.events.values import TIME_TEXT, minutes_ahead
from openinfusion.core.events import FIRST_YEAR, LAST_YEAR

_SECONDS = 19


def read_times(texts: Sequence[str | None]) -> tuple[tuple[pl.Series, pl.Series], list[int]]:
    """Return times in UTC, their zones in minutes, and the places of texts that are no plain time in those years."""
    held = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    text = pl.col("text")
    is_whole = text.str.slice(_SECONDS, 1).is_in(["Z", "+", "-"])
    zone = text.str.slice(_SECONDS).str.replace(r"^\.\d+", "")
    made = held.select(
        good=text.str.contains(f"^{_ASCII_TEXT}$"),
        year=text.str.slice(0, 4).cast(pl.Int32, strict=False),
        local=text.str.slice(0, _SECONDS).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False),
        micros=pl.when(is_whole).then(0).otherwise(_micros(text)),
        zone=zone,
    )
    is_good = (made["good"] & made["local"].is_not_null() & made["year"].is_between(FIRST_YEAR, LAST_YEAR)).fill_null(
        value=False
    )
    ahead = [minutes_ahead(one) if good else None for one, good in zip(made["zone"], is_good, strict=True)]
    offset = pl.Series("offset", ahead, pl.Int16)
    moment = pl.col("local") + pl.duration(microseconds="micros", minutes=-pl.col("offset").cast(pl.Int64))
    utc = made.with_columns(offset).select(moment.dt.replace_time_zone("UTC").cast(TIME)).to_series()
    return (utc, offset), (held["text"].is_not_null() & ~is_good).arg_true().to_list()


_ASCII_TEXT = TIME_TEXT.replace(r"\d", "[0-9]")


def _micros(text: pl.Expr) -> pl.Expr:
    places = text.str.slice(_SECONDS + 1).str.extract("^([0-9]{1,6})")
    return places.str.pad_end(6, "0").cast(pl.Int64, strict=False)
