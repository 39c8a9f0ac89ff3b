"""What was programmed on the entries of a library in a year: every value, exactly, with how often it was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import narwhals as nw
import polars as pl

from openinfusion.core.errors import OperatorError
from openinfusion.core.library import Entry, Library, Mode
from openinfusion.core.programme import Parameter
from openinfusion.core.units import Unit
from openinfusion.lake.engine import Engine
from openinfusion.lake.programmes import PROGRAMME_KINDS
from openinfusion.lake.store import Lake
from openinfusion.lake.tables import Frame
from openinfusion.lake.what_if import Attempts, attempts, caught
from openinfusion.lake.what_if_answer import Question, span_of

DAYS = 365
Counted = tuple[tuple[Fraction, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programmed:
    """
    What was programmed of one group of limits of one entry.

    Attributes:
        entry: the id of the entry.
        path: the group of limits, such as ``dose`` or ``pca.dose``.
        unit: what every value is in: that of the group; nothing in a unit that does not convert is among them.
        values: every value that was programmed, in rising order, with how often.
        practised: the same without what an alert made somebody change or give up.
        programmes: how many programmes there were on this entry in this mode; the rest cannot be held against limits.

    """

    entry: str
    path: str
    unit: Unit
    values: Counted
    practised: Counted
    programmes: int


@dataclass(frozen=True, slots=True)
class Practice:
    """What was programmed, where, and from when to when; ``purpose`` is that of the log."""

    organisation: str
    purpose: str
    first: datetime
    last: datetime
    lines: tuple[Programmed, ...]


def practice(lake: Lake, engine: Engine, library: Library, *, organisation: str, at: datetime) -> Practice:
    """
    Return what was programmed on every entry in the year before the last event.

    Args:
        lake: where the events are.
        engine: what reads them.
        library: whose entries and limits.
        organisation: whose events, by the name that the log has.
        at: when this is asked.

    Raises:
        OperatorError: the lake has no event of it.

    """
    snapshot = lake.snapshot()
    whose = _whose(lake, snapshot.files["organisation"].unique().to_list(), organisation)
    span = span_of(lake, snapshot, Question(draft=library, days=DAYS, organisation=whose, at=at))
    events = span.within(lake.events(engine, organisation=whose, months=span.months, snapshot=snapshot))
    lines = programmed_on(events, lake.shapes(), library, engine=engine)
    held = min(snapshot.files.filter(pl.col("organisation") == whose)["first"].to_list())
    return Practice(whose, lake.purpose, max(span.start, held), span.last, lines)


def programmed_on(events: Frame, shapes: pl.DataFrame, library: Library, *, engine: Engine) -> tuple[Programmed, ...]:
    """Return what was programmed of every group of limits of every entry."""
    entries, on = [entry.id for entry in library.entries], ["organisation", "event_id"]
    everything = attempts(events, shapes, library, engine=engine, entries=entries)
    kept = events.join(caught(events).select(*on).unique(), on=on, how="anti")
    practised = {one.key: one.values for one in attempts(kept, shapes, library, engine=engine, entries=entries)}
    numbers = _numbers(events, engine)
    own = {entry.id: entry for entry in library.entries}
    return tuple(
        Programmed(
            entry=one.entry,
            path=path,
            unit=one.limits.unit,
            values=one.values,
            practised=practised.get(one.key, ()),
            programmes=numbers[one.entry, one.mode],
        )
        for one in everything
        if (path := path_of(one, own[one.entry])) is not None
    )


def _whose(lake: Lake, held: Sequence[str], wanted: str) -> str:
    if wanted in held:
        return wanted
    found = f"events of {', '.join(sorted(held))}" if held else "no event"
    raise OperatorError(where=str(lake.path), found=found, expected=f"events of {wanted}")


def _numbers(events: Frame, engine: Engine) -> dict[tuple[str, str], int]:
    """Return how many programmes there were by entry and mode."""
    programmes = events.filter(nw.col("kind").is_in(PROGRAMME_KINDS) & ~nw.col("entry").is_null())
    counted = engine.collect(programmes.group_by("entry", "programme_mode").agg(number=nw.len()))
    return {(row["entry"], row["programme_mode"]): row["number"] for row in counted.iter_rows(named=True)}


def path_of(one: Attempts, entry: Entry) -> str | None:
    """Return the group of limits that attempts were held against; ``None`` where it was the care area's, not its."""
    if one.parameter is Parameter.CONCENTRATION:
        path = "concentration.limits"
    elif one.mode == Mode.PCA.value and one.parameter is Parameter.DOSE:
        path = "pca.dose"
    else:
        prefix = f"{one.mode}." if one.mode in _ADDED else ""
        path = f"{prefix}{one.parameter.value}"
    limits = dict(entry.all_limits()).get(path)
    is_its_own = limits is not None and (limits.unit, limits.bounds) == (one.limits.unit, one.limits.bounds)
    return path if is_its_own else None


_ADDED = (Mode.BOLUS.value, Mode.LOADING.value)


def quantile(values: Counted, share: Fraction) -> Fraction:
    """
    Return a value that was programmed, such that this share of all is at or below it (nearest rank).

    Raises:
        ValueError: there is none.

    """
    rank, seen = max(-(-share * number_of(values) // 1), 1), 0
    for value, count in values:
        seen += count
        if seen >= rank:
            return value
    raise ValueError("no values")


def number_of(values: Iterable[tuple[Fraction, int]]) -> int:
    """Return how many there are."""
    return sum(count for _, count in values)
