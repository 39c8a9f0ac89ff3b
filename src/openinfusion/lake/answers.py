"""Answers of named questions, in the words and numbers of a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from openinfusion.adapters.report.month import Definition, Figure
from openinfusion.adapters.report.tables import NONE
from openinfusion.core.numbers import round_to
from openinfusion.lake.engine import Engine
from openinfusion.lake.questions import QUESTIONS, Question
from openinfusion.lake.tables import Tables

Row = Mapping[str, Any]
SHARE, COUNT = "share", "count"
TENTH, HUNDREDTH = Fraction(1, 10), Fraction(1, 100)
NOT_KNOWN = "not known"


class Answers:
    """The answers of one stretch of time; each question is run once for each way of parting it."""

    def __init__(self, engine: Engine, tables: Tables) -> None:
        self.engine = engine
        self.tables = tables
        self._held: dict[tuple[str, tuple[str, ...]], list[Row]] = {}

    def rows(self, question: str, *by: str) -> list[Row]:
        """Return the rows of an answer; which comes first says nothing."""
        if (question, by) not in self._held:
            lazy = QUESTIONS[question].ask(self.tables, by)
            self._held[question, by] = list(self.engine.collect(lazy).iter_rows(named=True))
        return self._held[question, by]

    def one(self, question: str, keys: Mapping[str, Any] | None = None) -> Row | None:
        """Return the row for these keys of a question, or ``None`` where there is none."""
        wanted = dict(keys or {})
        return next((row for row in self.rows(question) if all(row[k] == v for k, v in wanted.items())), None)


def exact(row: Row | None, question: Question) -> Fraction | None:
    """Return the value of an answer, divided exactly: its counts are whole numbers."""
    if row is None or row["value"] is None:
        return None
    if question.unit == SHARE:
        return Fraction(row["numerator"], row["denominator"])
    return Fraction(row["value"]).limit_denominator(10**9)


def show_value(value: Fraction | None, unit: str) -> str:
    """Return a value as a reader sees it: a share in per cent, another number with one place, or two below one."""
    if value is None:
        return NOT_KNOWN
    return f"{_number(value, unit)} %" if unit == SHARE else _number(value, unit)


def _number(value: Fraction, unit: str) -> str:
    places = 0 if unit == COUNT else 1 if unit == SHARE or abs(value) >= 1 else 2
    return f"{float(_rounded(value, unit)):,.{places}f}"


def _rounded(value: Fraction, unit: str) -> Fraction:
    if unit == COUNT:
        return value
    if unit == SHARE:
        return round_to(value * 100, TENTH)
    return round_to(value, HUNDREDTH if abs(value) < 1 else TENTH)


def change_words(now: Fraction | None, before: Fraction | None, *, unit: str, month: str) -> str:
    """Return in words what changed since the month before; what is equal as shown has not changed."""
    if now is None:
        return NOT_KNOWN
    if before is None:
        return f"not known for {month}"
    difference = _rounded(now, unit) - _rounded(before, unit)
    if not difference:
        return f"as in {month}"
    way = "up" if difference > 0 else "down"
    by = abs(difference) / 100 if unit == SHARE else abs(difference)
    points = " percentage points" if unit == SHARE else ""
    return f"{way} {_number(by, unit)}{points} from {show_value(before, unit)}"


@dataclass(frozen=True, slots=True)
class Told:
    """A figure of the report: the question and the row of it, its name, what it counts and in what units (``per``)."""

    question: str
    name: str
    noun: str
    keys: tuple[tuple[str, str], ...] = ()
    is_headline: bool = False
    is_count: bool = False
    per: int = 1

    def figure(self, now: Answers, before: Answers, month: str) -> Figure:
        """Return the figure of both months; ``month`` is the one before, in words."""
        question = QUESTIONS[self.question]
        unit = COUNT if self.is_count else question.unit
        row = now.one(self.question, dict(self.keys))
        values = [self.value(answers) for answers in (now, before)]
        return Figure(
            name=self.name,
            now=show_value(values[0], unit),
            before=show_value(values[1], unit),
            change=change_words(values[0], values[1], unit=unit, month=month),
            counted=counted(row, self.noun, is_share=question.unit == SHARE, per=self.per),
            is_headline=self.is_headline,
        )

    def value(self, answers: Answers) -> Fraction | None:
        """Return what is shown: the value, or for a count its numerator."""
        row = answers.one(self.question, dict(self.keys))
        if self.is_count:
            return None if row is None or row["value"] is None else Fraction(row["numerator"])
        return exact(row, QUESTIONS[self.question])


def counted(row: Row | None, noun: str, *, is_share: bool = True, per: int = 1) -> str:
    """Return what was counted, of or in how many; ``per`` turns small units into those of the noun."""
    if row is None or row["denominator"] is None or row["numerator"] is None:
        return NOT_KNOWN
    some, whole = (f"{row[name] // per:,}" for name in ("numerator", "denominator"))
    return f"{some} {'of' if is_share else 'in'} {whole} {noun}"


def definition(question: str, row: Row | None, *, is_part: bool = False) -> Definition:
    """Return the definition of a question with what this answer rests on; of a part, the whole it shares."""
    asked = QUESTIONS[question]
    if row is None:
        return Definition(words=asked.definition, numerator=asked.numerator, denominator=asked.denominator)
    return Definition(
        words=asked.definition,
        numerator=asked.numerator if is_part else f"{asked.numerator} ({_count(row['numerator'])})",
        denominator=f"{asked.denominator} ({_count(row['denominator'])})",
        coverage=_part(row, "covered", "coverage_of", words=asked.coverage),
        unmapped=_part(row, "unmapped", "unmapped_of", words=asked.unmapped),
    )


def _count(value: int | None) -> str:
    return NOT_KNOWN if value is None else f"{value:,}"


def _part(row: Row, part: str, whole: str, *, words: str) -> str:
    some, of = row[part], row[whole]
    if some is None or not of:
        return f"{NOT_KNOWN} ({words})"
    return f"{show_value(Fraction(some, of), SHARE)}, {some:,} of {of:,} ({words})"


def shown(row: Row | None, question: str) -> str:
    """Return the value of a row as a cell, a dash where there is none."""
    value = exact(row, QUESTIONS[question])
    return NONE if value is None else show_value(value, QUESTIONS[question].unit)


def most_first(rows: Sequence[Row], *, by: str, least: int = 1) -> list[Row]:
    """Return rows with the largest numerator first, ties by name; those under ``least`` are left out."""
    kept = [row for row in rows if (row["numerator"] or 0) >= least]
    return sorted(kept, key=lambda row: (-row["numerator"], str(row[by] or "")))
