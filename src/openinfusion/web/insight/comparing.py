"""Before and after each release, and pump models on the same drugs and care areas; with numbers and intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from openinfusion.adapters.report.spc_chart import Note
from openinfusion.core.intervals import Interval, of_rate, of_share, sigmas
from openinfusion.lake.answers import SHARE, Answers, shown
from openinfusion.lake.questions import QUESTIONS
from openinfusion.web.insight.pages import Opened

RELEASE_QUESTIONS = ("alerts-per-100", "override-rate", "quick-override", "hard-limit-infusions", "library-coverage")
MODEL_QUESTIONS = ("alert-rate", "override-rate", "alarms-per-infusion", "long-alarms", "basic-mode")
FEWEST = 30
MOST = 40
_SHARES = {name for name in (*RELEASE_QUESTIONS, *MODEL_QUESTIONS) if QUESTIONS[name].unit == SHARE}
_SCALES = {"alerts-per-100": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A value with what it rests on, and how far chance may have moved it."""

    value: str
    counted: str
    interval: str
    bounds: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One question before and after a release; ``says`` whether more than chance lies between."""

    question: str
    title: str
    before: Cell
    after: Cell
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release, and the one before it, each on the infusions that ran on it."""

    version: str
    before: str
    on: date
    pairs: Sequence[Pair]


def releases(told: Opened) -> list[Release]:
    """Return each release of the year beside the one before, the newest first."""
    first, month = told.picked.first, told.picked.month
    source = told.standing.source.with_releases(first, month)
    answers = source.answers(first, month)
    known = source.notes()
    rows = {name: _by(answers, name, "library_version") for name in RELEASE_QUESTIONS}
    z = sigmas(max(1, len(known) - 1) * len(RELEASE_QUESTIONS))
    made = [_release((old, new), rows, z) for old, new in pairwise(known)]
    ran = {version for one in rows.values() for version in one}
    return [one for one in reversed(made) if one.version in ran and one.before in ran]


def _release(both: tuple[Note, Note], rows: Mapping[str, Mapping[str, Any]], z: float) -> Release:
    before, after = (one.words for one in both)
    pairs = []
    for name, found in rows.items():
        cells = [_cell(name, found.get(version), z) for version in (before, after)]
        pairs.append(
            Pair(
                question=name,
                title=QUESTIONS[name].title,
                before=cells[0],
                after=cells[1],
                says=_says(cells[0].bounds, cells[1].bounds),
            )
        )
    return Release(version=after, before=before, on=both[1].on, pairs=pairs)


def _says(before: Interval | None, after: Interval | None) -> str:
    if before is None or after is None:
        return "too few to tell"
    if before.meets(after):
        return "no more than chance"
    return "higher" if after.low > before.high else "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One drug in one care area on several models; ``differs`` names models whose intervals do not meet."""

    drug: str
    area: str
    cells: Sequence[Cell | None]
    differs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """A question on the drugs and care areas that several models, or makers, share; nothing is ranked."""

    by: str
    names: Sequence[str]
    rows: Sequence[Compared]
    more: int


def models(told: Opened, question: str, by: str) -> Models:
    """Return a question by model (or maker) on the same drugs and care areas, where each has enough to tell."""
    answers = told.standing.source.answers(told.picked.first, told.picked.month)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in answers.rows(question, by, "drug", "care_area"):
        if None not in (row[by], row["drug"], row["care_area"]) and (row["denominator"] or 0) >= FEWEST:
            found.setdefault((row["drug"], row["care_area"]), {})[row[by]] = row
    shared = {key: rows for key, rows in found.items() if len(rows) > 1}
    names = sorted({name for rows in shared.values() for name in rows})
    z = sigmas(max(1, sum(len(rows) * (len(rows) - 1) // 2 for rows in shared.values())))
    made = [_compared(told, key, rows, names=names, question=question, z=z) for key, rows in shared.items()]
    made.sort(key=lambda one: (not one.differs, one.drug, one.area))
    return Models(by=by, names=names, rows=made[:MOST], more=max(0, len(made) - MOST))


def _compared(
    told: Opened, key: tuple[str, str], rows: Mapping[str, Any], *, names: Sequence[str], question: str, z: float
) -> Compared:
    cells = {name: _cell(question, rows[name], z) for name in names if name in rows}
    bounds = {name: one.bounds for name, one in cells.items() if one.bounds is not None}
    apart = [
        f"{one} and {other}"
        for number, one in enumerate(bounds)
        for other in list(bounds)[number + 1 :]
        if not bounds[one].meets(bounds[other])
    ]
    return Compared(
        drug=told.naming.of("drug", key[0]),
        area=told.naming.of("care_area", key[1]),
        cells=[cells.get(name) for name in names],
        differs="; ".join(apart),
    )


def _by(answers: Answers, question: str, by: str) -> dict[str, Any]:
    return {row[by]: row for row in answers.rows(question, by) if row[by] is not None}


def _cell(question: str, row: Mapping[str, Any] | None, z: float) -> Cell:
    if row is None or not row["denominator"]:
        return Cell(value="–", counted="", interval="")
    some, whole = row["numerator"], row["denominator"]
    bounds = None
    if whole >= FEWEST:
        bounds = of_share(some, whole, z=z) if question in _SHARES else of_rate(some, whole, z=z)
    return Cell(
        value=shown(row, question),
        counted=f"{some:,} of {whole:,}" if question in _SHARES else f"{some:,} in {whole:,}",
        interval=_interval(question, bounds),
        bounds=bounds,
    )


def _interval(question: str, bounds: Interval | None) -> str:
    if bounds is None:
        return "too few"
    scale = 100 if question in _SHARES else _SCALES.get(question, 1)
    mark = " %" if question in _SHARES else ""
    return f"{bounds.low * scale:.1f} to {bounds.high * scale:.1f}{mark}"
