"""One page of the records behind a figure, in words; without the right to detail, neither which pump nor when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.utils import timezone

from openinfusion.adapters.report.tables import NONE
from openinfusion.lake.behind import DETAIL, behind
from openinfusion.lake.kept import name_of
from openinfusion.lake.month import Source, stretch
from openinfusion.lake.questions import Question
from openinfusion.web.insight.pages import Opened
from openinfusion.web.insight.words import attempted, header, limit_of, times, week

COUNTED = ("numerator", "denominator")
_ALWAYS = ("drug", "care_area", "model", "library_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of records: the words over the columns, the cells, and how many records there are in all."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: int
    page: int
    counted: str
    sums: Mapping[str, int]


def records(
    told: Opened, asked: Question, *, keys: Mapping[str, str], counted: str, page: int, size: int, detail: bool
) -> Listed:
    """Return a page of the records that the numerator, or the denominator, of a figure counts."""
    counted = counted if counted in COUNTED else COUNTED[0]
    table = picked(records_of(told, asked), dict(told.picked.only) | dict(keys))
    sums = {name: int(table[name].sum()) for name in COUNTED}
    mine = table.filter(pl.col(counted) > 0)
    if not detail:
        mine = mine.with_columns(pl.col("moment").dt.truncate("1w")).sort("moment", *_ALWAYS, nulls_last=True)
    last = max(1, -(-mine.height // size))
    page = min(max(page, 1), last)
    shown = mine.slice((page - 1) * size, size)
    made = [_cells(told, row, detail=detail) for row in shown.iter_rows(named=True)]
    return Listed(
        header=list(made[0]) if made else [],
        rows=[list(one.values()) for one in made],
        total=mine.height,
        page=page,
        counted=counted,
        sums=sums,
    )


def records_of(told: Opened, asked: Question) -> pl.DataFrame:
    """Return every record that a figure of the month counts, kept once for whoever asks."""
    month = told.picked.month
    source: Source = told.standing.only({}).source.with_releases(told.picked.first, month)

    def make() -> pl.DataFrame:
        return behind(source.answers(month, month), asked.id)

    name = f"behind.{name_of(asked.id, (), released=source.released)}"
    return make() if source.shelf is None else source.shelf.answer(name, stretch(month, month), make)


def picked(table: pl.DataFrame, wanted: Mapping[str, str]) -> pl.DataFrame:
    """Return the records that a filter picks."""
    for name, value in wanted.items():
        if name in table.columns:
            table = table.filter(pl.col(name).cast(pl.String) == value)
    return table


def _cells(told: Opened, row: Mapping[str, Any], *, detail: bool) -> dict[str, str]:
    """Return a record as cells, by the words over their columns."""
    when = {"when": f"{timezone.localtime(row['moment']):%d-%b-%Y %H:%M:%S}"} if detail else {"week of": week(row)}
    cells = when | {header(name): told.naming.of(name, row[name]) for name in _ALWAYS if name in row}
    if row.get("kind") is not None:
        cells["what"] = row["kind"].replace("_", " ")
    if "alert_limit" in row:
        cells |= {"attempted": attempted(row), "limit": limit_of(row), "times the limit": times(row)}
    for name in ("outcome", "alarm"):
        if name in row:
            cells[name] = NONE if row[name] is None else str(row[name]).replace("_", " ")
    if detail:
        cells |= {name: NONE if row[name] is None else str(row[name]) for name in DETAIL if name != "moment"}
    return cells
