"""The month at a glance: its figures, the funnel, and what moved since the month before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openinfusion.adapters.report.month import Figure, Level
from openinfusion.lake.answers import Answers, shown
from openinfusion.lake.month import FIGURES, funnel
from openinfusion.web.insight.pages import Opened

QUESTION = "alerts-per-100"
MOST_MOVED = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure, and the question that it answers."""

    figure: Figure
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A drug or care area whose alerts became more, or fewer, since the month before."""

    name: str
    value: str
    now: int
    before: int
    per_100: str
    per_100_before: str
    pattern: str = ""

    @property
    def more(self) -> int:
        """How many more alerts there were; below zero: fewer."""
        return self.now - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What the page shows."""

    figures: Sequence[Shown]
    funnel: Sequence[Level]
    drugs: Sequence[Moved]
    areas: Sequence[Moved]
    before: str

    @property
    def headlines(self) -> list[Shown]:
        """The figures for the head of the page."""
        return [one for one in self.figures if one.figure.is_headline]


def glance(told: Opened) -> Glance:
    """Return the month that was picked."""
    month, source = told.picked.month, told.standing.source.with_releases(told.picked.first, told.picked.month)
    now, before = source.answers(month, month), source.answers(month.back(1), month.back(1))
    name = month.back(1).words
    started = now.one("infusions", {"stage": "started"})
    has_any = started is not None and started["numerator"] > 0
    return Glance(
        figures=[Shown(one.figure(now, before, name), one.question) for one in FIGURES] if has_any else [],
        funnel=funnel(now),
        drugs=_moved(told, "drug", now=now, before=before),
        areas=_moved(told, "care_area", now=now, before=before),
        before=name,
    )


def _moved(told: Opened, by: str, *, now: Answers, before: Answers) -> list[Moved]:
    """Return where alerts moved most, either way."""
    rows, old = _by(now, by), _by(before, by)
    patterns = _patterns(now) if by == "drug" else {}
    made = [
        Moved(
            name=told.naming.of(by, value),
            value=value,
            now=_count(rows.get(value)),
            before=_count(old.get(value)),
            per_100=shown(rows.get(value), QUESTION),
            per_100_before=shown(old.get(value), QUESTION),
            pattern=patterns.get(value, ""),
        )
        for value in {*rows, *old}
    ]
    moved = [one for one in made if one.more]
    return sorted(moved, key=lambda one: (-abs(one.more), one.name))[:MOST_MOVED]


def _by(answers: Answers, by: str) -> dict[str, Mapping[str, Any]]:
    return {row[by]: row for row in answers.rows(QUESTION, by) if row[by] is not None}


def _count(row: Mapping[str, Any] | None) -> int:
    return row["numerator"] if row else 0


def _patterns(answers: Answers) -> dict[str, str]:
    """Return, for each drug, where the alerts of its care area with the most come from."""
    found: dict[str, tuple[int, str]] = {}
    for row in answers.rows("alert-sources"):
        if row["drug"] is not None and row["denominator"] > found.get(row["drug"], (0, ""))[0]:
            found[row["drug"]] = row["denominator"], row["pattern"]
    return {drug: pattern for drug, (_, pattern) in found.items()}
