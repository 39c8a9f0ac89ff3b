"""Ask a lake what a draft library would have done: over which days, for whom, and beside which library in force."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import narwhals as nw

from openinfusion.core.errors import OperatorError
from openinfusion.core.library import Library, Limits
from openinfusion.lake.calendar import Month
from openinfusion.lake.engine import Engine
from openinfusion.lake.replay import Replayed, replay_lake
from openinfusion.lake.store import Lake, Snapshot
from openinfusion.lake.tables import Frame
from openinfusion.lake.what_if import (
    FEWEST,
    Attempts,
    Catches,
    LimitUse,
    Suggestion,
    attempts,
    catches,
    change_of,
    limit_uses,
    limits_held,
    suggest,
)

DAYS = 90
MOST = 12
# How far an answer is, in percent, after each of its parts: about as long as each takes over a year of a trust.
_FOUND, _REPLAYED, _LAID_SIDE_BY_SIDE = 10, 60, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    What is asked.

    Attributes:
        draft: the library that nobody runs yet.
        in_force: the library to compare it with.
        days: how many days, counted back from the last event, where no dates are given.
        first: the first day (UTC).
        last: the last day (UTC).
        organisation: whose programmes; all that the lake holds if it is not given.
        entries: entries to look at whatever they did.
        most: how many more entries to look at, of those that changed most, alerted most and never alerted.
        at: when the question is asked.

    """

    draft: Library
    in_force: Library | None = None
    days: int = DAYS
    first: date | None = None
    last: date | None = None
    organisation: str | None = None
    entries: tuple[str, ...] = ()
    most: int = MOST
    at: datetime

    def __post_init__(self) -> None:
        """Refuse days in the wrong order and entries that neither library has."""
        if self.first is not None and self.last is not None and self.last < self.first:
            raise OperatorError(where="--to", found=str(self.last), expected=f"{self.first} or later")
        for entry in self.entries:
            if all(library.find_entry(entry) is None for library in self.libraries):
                raise OperatorError(where="--entry", found=repr(entry), expected="the id of an entry of the library")

    @property
    def libraries(self) -> tuple[Library, ...]:
        """The libraries to replay, the draft last."""
        return (self.draft,) if self.in_force is None else (self.in_force, self.draft)


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is asked about: from ``start`` to just before ``stop``."""

    start: datetime
    stop: datetime

    @property
    def last(self) -> datetime:
        """The last moment inside."""
        return self.stop - _INSTANT

    @property
    def months(self) -> list[str]:
        """The months that it touches, as the folders of the lake are named."""
        first, last = Month(self.start.year, self.start.month), Month(self.last.year, self.last.month)
        return [str(last.back(n)) for n in range(last.since(first), -1, -1)]

    def within(self, events: Frame) -> Frame:
        """Return the events inside."""
        moment = nw.col("moment")
        return events.filter((moment >= nw.lit(self.start)) & (moment < nw.lit(self.stop)))


_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Line:
    """What was attempted of one parameter of one entry, its limits in both libraries, and a suggestion if any."""

    attempts: Attempts
    in_force: Limits | None
    suggestion: Suggestion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What came out; ``lines`` are those of the entries that were looked at, in the order of their interest."""

    question: Question
    purpose: str
    span: Span
    organisations: tuple[str, ...]
    replayed: Replayed
    catches: Catches
    uses: tuple[LimitUse, ...]
    lines: tuple[Line, ...]

    @property
    def draft(self) -> int:
        """Where the draft stands among the libraries."""
        return len(self.replayed.libraries) - 1

    @property
    def is_example(self) -> bool:
        """Whether nothing of this may guide the treatment of a patient."""
        libraries = self.question.libraries
        return self.purpose != "clinical" or any(one.library.not_for_clinical_use for one in libraries)

    @property
    def suggestions(self) -> list[Suggestion]:
        """Every suggestion, the one that changes most first."""
        found = [line.suggestion for line in self.lines if line.suggestion is not None]
        return sorted(found, key=lambda one: (-abs(one.alerts_now - one.alerts_then), -one.attempts, one.entry))


def what_if(lake: Lake, engine: Engine, question: Question, *, tell: Callable[[int], None] = lambda _: None) -> WhatIf:
    """
    Return what the libraries would have done with the programmes of a lake.

    ``tell`` is called with how far it is, in percent, for whoever waits.

    Raises:
        OperatorError: the lake has no event, or none of this organisation.

    """
    snapshot = lake.snapshot()
    organisations = _organisations(lake, snapshot, question.organisation)
    span = span_of(lake, snapshot, question)
    events = span.within(lake.events(engine, organisation=question.organisation, months=span.months, snapshot=snapshot))
    shapes = lake.shapes()
    by = ("organisation",) if len(organisations) > 1 else ()
    tell(_FOUND)
    replayed = replay_lake(events, shapes, question.libraries, engine=engine, by=by)
    tell(_REPLAYED)
    uses = tuple(limit_uses(replayed, len(question.libraries) - 1))
    entries = interesting(replayed, uses, question)
    found = attempts(events, shapes, question.draft, engine=engine, entries=entries)
    before = limits_held(shapes, question.in_force, entries) if question.in_force is not None else {}
    tell(_LAID_SIDE_BY_SIDE)
    ordered = sorted(found, key=lambda one: entries.index(one.entry))
    lines = tuple(Line(one, before.get(one.key), suggest(one)) for one in ordered)
    return WhatIf(
        question=question,
        purpose=lake.purpose,
        span=span,
        organisations=organisations,
        replayed=replayed,
        catches=catches(events, shapes, question.libraries, engine=engine),
        uses=uses,
        lines=lines,
    )


def _organisations(lake: Lake, snapshot: Snapshot, wanted: str | None) -> tuple[str, ...]:
    """Return whose events are asked about."""
    held = sorted(snapshot.files["organisation"].unique().to_list())
    if not held:
        raise OperatorError(where=str(lake.path), found="no event", expected="a lake that has taken event logs in")
    if wanted is not None and wanted not in held:
        raise OperatorError(where="--organisation", found=repr(wanted), expected=f"one of {', '.join(held)}")
    return tuple(held) if wanted is None else (wanted,)


def span_of(lake: Lake, snapshot: Snapshot, question: Question) -> Span:
    """
    Return the days that are asked about: those given, or so many back from the last event.

    A pump whose clock is ahead must not move the days of all others, so that clinical events never end in the future.
    """
    files = snapshot.files
    if question.organisation is not None:
        files = files.filter(files["organisation"] == question.organisation)
    last: datetime = max(files["last"].to_list())
    stop = (min(last, question.at) if lake.purpose == "clinical" else last) + _INSTANT
    if question.last is not None:
        stop = _midnight(question.last) + timedelta(days=1)
    start = _midnight(question.first) if question.first is not None else stop - timedelta(days=question.days)
    if start >= stop:
        raise OperatorError(where="--from", found=str(question.first), expected=f"a day before {stop.date()}")
    return Span(start, stop)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def interesting(replayed: Replayed, uses: Iterable[LimitUse], question: Question) -> list[str]:
    """Return the entries to look at: those asked for, those that changed most, that alert most, that never do."""
    draft = len(replayed.libraries) - 1
    changed = _most_counted(
        (group.entry, group.number) for group in replayed.groups if draft and change_of(group) is not None
    )
    tested = [use for use in uses if use.tested >= FEWEST]
    alerting = _most_counted((use.entry, use.crossed) for use in uses if use.crossed)
    idle = _most_counted((use.entry, use.tested) for use in tested if not use.crossed)
    chosen = [entry for found in (changed, alerting, idle) for entry in found[: question.most]]
    return list(dict.fromkeys((*question.entries, *chosen)))


def _most_counted(counted: Iterable[tuple[str | None, int]]) -> list[str]:
    totals: dict[str, int] = {}
    for entry, number in counted:
        if entry:
            totals[entry] = totals.get(entry, 0) + number
    return sorted(totals, key=lambda entry: (-totals[entry], entry))


def entries_of(lines: Iterable[Line]) -> Iterator[str]:
    """Yield the entries of lines, each once, in their order."""
    return iter(dict.fromkeys(line.attempts.entry for line in lines))
