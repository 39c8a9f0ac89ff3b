"""
Read the worked examples of the questions: about ten events by hand, and the answer worked out by hand.

Times are days of January 2026 (5 January is a Monday): "05 09:00" or "05 09:00:30". A cell that is empty is nothing;
a column that the table leaves out has the value of ``ALWAYS``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from openinfusion.adapters.events.columns import columns
from openinfusion.lake.derived import DERIVED
from openinfusion.lake.engine import Engine
from openinfusion.lake.questions import QUESTIONS
from openinfusion.lake.tables import Tables
from tests.spec.tables import read_table

MOMENT = pl.Datetime("us", "UTC")
# Every column that a question may read: the flat event, and what the lake adds.
EVENTS: Mapping[str, pl.DataType] = {**columns(), **DERIVED}
PUMPS: Mapping[str, pl.DataType] = {
    **dict.fromkeys(("organisation", "pump", "model"), pl.String()),
    **dict.fromkeys(("in_service_from", "in_service_to"), MOMENT),
}
RELEASES: Mapping[str, pl.DataType] = {
    **dict.fromkeys(("organisation", "library_name", "library_version"), pl.String()),
    "released_at": MOMENT,
}
DRUGS: Mapping[str, pl.DataType] = {"organisation": pl.String(), "drug": pl.String(), "high_alert": pl.Boolean()}
WEEKS: Mapping[str, pl.DataType] = {"week": pl.Date()}
ALWAYS = {"organisation": "trust", "pump": "P1", "model": "M1", "library_name": "adult", "library_version": "1"}
NAMES = {
    "at": "moment",
    "area": "care_area",
    "library": "library_version",
    "limit": "alert_limit",
    "times": "ratio_thousandths",
    "seconds": "milliseconds",
    "ran": "ran_seconds",
    "from": "in_service_from",
    "to": "in_service_to",
    "released": "released_at",
}
_WORDS = {"yes": True, "no": False}
SHOWN_PLACES = 4


@dataclass(frozen=True, kw_only=True)
class Worked:
    """One question by hand: the events, why the answer is what it is, and the answer."""

    question: str
    rule: str
    why: str
    events: str
    expected: str
    by: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    pumps: str | None = None
    releases: str | None = None
    drugs: str | None = None
    weeks: str | None = None


def tables_of(worked: Worked, engine: Engine) -> Tables:
    """The tables that an example describes, on an engine."""
    always = {**ALWAYS, **worked.given}
    rows = [{**always, "event_id": f"e{n}", **row} for n, row in enumerate(read_table(worked.events), start=1)]
    frames: Mapping[str, tuple[str | None, Mapping[str, pl.DataType]]] = {
        "pumps": (worked.pumps, PUMPS),
        "releases": (worked.releases, RELEASES),
        "drugs": (worked.drugs, DRUGS),
        "weeks": (worked.weeks, WEEKS),
    }
    registers = {
        name: _frame([{**ALWAYS, **row} for row in read_table(text)], schema)
        for name, (text, schema) in frames.items()
        if text is not None
    }
    return make_tables(engine, _frame(rows, EVENTS), **registers)


def make_tables(engine: Engine, events: pl.DataFrame, **registers: pl.DataFrame) -> Tables:
    """Small tables on an engine."""
    return Tables(events=engine.table(events), **{name: engine.table(frame) for name, frame in registers.items()})


def _frame(rows: list[dict[str, str]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    known = [{NAMES.get(name, name): text for name, text in row.items()} for row in rows]
    return pl.DataFrame(
        {
            name: pl.Series(name, [_value(row.get(name, ""), name, kind) for row in known], kind)
            for name, kind in schema.items()
        }
    )


def _value(text: str, name: str, kind: pl.DataType) -> Any:
    if not text:
        return None
    if kind == MOMENT:
        return _moment(text)
    if kind == pl.Boolean():
        return _WORDS[text]
    if kind == pl.Date():
        return date(2026, 1, int(text))
    if kind == pl.Int64():
        scale = 1000 if name in ("ratio_thousandths", "milliseconds") else 1
        return int(Decimal(text) * scale)
    return text


def _moment(text: str) -> datetime:
    day, _, time = text.partition(" ")
    hours, minutes, seconds = (*(int(part) for part in (time or "00:00").split(":")), 0)[:3]
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(
        days=int(day) - 1, hours=hours, minutes=minutes, seconds=seconds
    )


def answer_of(worked: Worked, engine: Engine) -> list[dict[str, str]]:
    """What an engine answers, in the columns and the words of the expected table."""
    question = QUESTIONS[worked.question]
    answer = engine.collect(question.ask(tables_of(worked, engine), worked.by))
    names = list(read_table(worked.expected)[0])
    rows = [{name: _said(row, name) for name in names} for row in answer.to_dicts()]
    return sorted(rows, key=lambda row: list(row.values()))


def expected_of(worked: Worked) -> list[dict[str, str]]:
    """What the example expects, in the same order as ``answer_of``."""
    return sorted(read_table(worked.expected), key=lambda row: list(row.values()))


def _said(row: Mapping[str, Any], name: str) -> str:
    """A cell in words: "covered" and "unmapped" say part and whole, a week its Monday."""
    if name in ("covered", "unmapped"):
        return f"{row[name]}/{row['coverage_of' if name == 'covered' else 'unmapped_of']}"
    value = row[name] if name in row else row[NAMES[name]]
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{round(value, SHOWN_PLACES):g}"
    return f"{value:%d}" if isinstance(value, date) else str(value)
