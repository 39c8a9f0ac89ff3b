"""
Many lines at once, for taking logs in: whole lines as bytes to a table, as fast as one process can.

Lines that fit the mirror are checked column by column. A line about which any check has the least doubt goes to
``record``, which alone decides; so both ways give the same verdict, and only one of them has to be right.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec
import polars as pl

from openinfusion.adapters.events.columns import columns, leaf_columns, to_table
from openinfusion.adapters.events.mirror import mirror
from openinfusion.adapters.events.record import LONGEST_LINE, read_line
from openinfusion.adapters.events.shape import UNTOLD, Form, Part, parts_of
from openinfusion.adapters.events.times import read_times
from openinfusion.adapters.events.values import canonical_decimal, canonical_unit, crosses, measures
from openinfusion.core.errors import Fault
from openinfusion.core.events import NEEDS, Event, EventLog

_ORDER = "__line"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is not a record of the format, and everything that is wrong with it."""

    line: int
    event_id: str | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """
    What some lines of a log say; lines read = accepted + unknown + rejected + blank.

    The table has a row for each record that is accepted or of an unknown kind, in the order of the lines.
    """

    table: pl.DataFrame
    rejected: list[Rejected]
    accepted: int
    unknown: int
    blank: int = 0

    @property
    def lines(self) -> int:
        """How many lines were read."""
        return self.accepted + self.unknown + len(self.rejected) + self.blank


def parse_lines(data: bytes, first_line: int, header: EventLog) -> Chunk:  # noqa: ARG001 - a later version may differ
    """Return the table of whole lines below a header, and what was rejected; pure, so that any process can do it."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    numbers, events, doubtful = _decode(lines, b"\\u" in data)
    sheet = _Sheet(events)
    sheet.fill()
    clean = pl.DataFrame(sheet.columns).with_columns(pl.Series(_ORDER, numbers, pl.Int64)).select(*columns(), _ORDER)
    if sheet.doubtful:
        doubtful += [numbers[row] for row in sheet.doubtful]
        clean = clean.filter(~pl.Series(range(len(events))).is_in(sorted(sheet.doubtful)))
    return _with_slow(clean, lines, sorted(doubtful), first_line=first_line)


def _with_slow(clean: pl.DataFrame, lines: Sequence[bytes], doubtful: Iterable[int], *, first_line: int) -> Chunk:
    """Return the chunk of the clean rows and of the lines in doubt, read one by one."""
    rows, places, rejected = [], [], []
    unknown = blank = 0
    for number in doubtful:
        if not lines[number].strip():
            blank += 1
            continue
        reading = read_line(lines[number])
        row = reading.to_row()
        if row is None:
            rejected.append(Rejected(first_line + number, reading.event_id, reading.faults))
            continue
        unknown += reading.unknown is not None
        rows.append(row)
        places.append(number)
    if rows:
        late = to_table(rows).with_columns(pl.Series(_ORDER, places, pl.Int64))
        clean = pl.concat([clean, late]).sort(_ORDER)
    table = clean.drop(_ORDER)
    return Chunk(table, rejected, accepted=len(table) - unknown, unknown=unknown, blank=blank)


Structs = list[Any]


@cache
def _decoder() -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(mirror()).decode


_encode = msgspec.json.Encoder().encode


def _decode(lines: Sequence[bytes], has_escapes: bool) -> tuple[list[int], Structs, list[int]]:  # noqa: FBT001
    """Return the records that fit the mirror with the numbers of their lines, and the numbers of all other lines."""
    decode = _decoder()
    numbers: list[int] = []
    events: Structs = []
    doubtful: list[int] = []
    for number, line in enumerate(lines):
        # An escape may spell a quote, a colon or half a character, all of which the checks below would not see.
        if len(line) > LONGEST_LINE or (has_escapes and b"\\u" in line):
            doubtful.append(number)
            continue
        try:
            events.append(decode(line))
            numbers.append(number)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            doubtful.append(number)
    return _without_repeats(lines, numbers, events, doubtful)


def _without_repeats(  # noqa: PLR0917 - the three lists of _decode
    lines: Sequence[bytes], numbers: list[int], events: Structs, doubtful: list[int]
) -> tuple[list[int], Structs, list[int]]:
    """
    Put lines that say a key twice among the doubtful ones.

    msgspec takes the last of two equal keys in silence. Written again, a record has as many colons as its line had,
    or fewer if a key was repeated (or null, which is why those lines get a second look).
    """
    held = sum(lines[number].count(b":") for number in numbers)
    if msgspec.json.Encoder().encode_lines(events).count(b":") == held:
        return numbers, events, doubtful
    kept_numbers, kept = [], []
    for number, event in zip(numbers, events, strict=True):
        colons = lines[number].count(b":")
        if _encode(event).count(b":") == colons or _encode(msgspec.json.decode(lines[number])).count(b":") == colons:
            kept_numbers.append(number)
            kept.append(event)
        else:
            doubtful.append(number)
    return kept_numbers, kept, doubtful


@dataclass(slots=True)
class _Sheet:
    """The columns of records that fit the mirror, and which rows the slow path must judge."""

    events: Structs
    columns: dict[str, pl.Series] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)

    def fill(self) -> None:
        """Fill every column, and doubt whatever breaks a rule of the format."""
        self._group(_Rows(self.events, range(len(self.events))), parts_of(Event), "")
        self.columns[UNTOLD] = pl.repeat(None, len(self.events), dtype=pl.String(), eager=True)
        self._doubt(range(len(self.events)), (not _has_needs(event) for event in self.events))
        self._doubt(range(len(self.events)), map(_is_odd, self.events))

    def _doubt(self, rows: Sequence[int], is_bad: Iterable[bool]) -> None:
        self.doubtful.update(row for row, bad in zip(rows, is_bad, strict=True) if bad)

    def _group(self, rows: "_Rows", parts: Sequence[Part], prefix: str) -> None:
        """Fill the columns of a group from the records that have it."""
        values = list(zip(*map(msgspec.structs.astuple, rows.structs), strict=True)) or [()] * len(parts)
        for part, column in zip(parts, values, strict=True):
            name = prefix + part.name
            if column.count(None) == len(column):
                self._empty(name, part)
            elif part.form in (Form.GROUP, Form.QUANTITY):
                inner = rows.having(column, len(self.events))
                if part.form is Form.GROUP:
                    self._group(inner, part.parts, f"{name}_")
                    self._judge_group(inner, part.name)
                else:
                    self._quantity(inner, name, prefix)
            else:
                self._single(rows, name, part, column)

    def _empty(self, name: str, part: Part) -> None:
        for inner in part.parts:
            self._empty(f"{name}_{inner.name}", inner)
        if part.form is not Form.GROUP:
            for column, kind in leaf_columns(name, part):
                self.columns[column] = pl.repeat(None, len(self.events), dtype=kind, eager=True)

    def _single(self, rows: "_Rows", name: str, part: Part, column: Sequence[Any]) -> None:  # noqa: PLR0917
        if part.form is Form.TIME:
            made, is_bad = read_times(column)
            self.doubtful.update(rows.at[row] for row in is_bad)
            for (column_name, _), series in zip(leaf_columns(name, part), made, strict=True):
                self.columns[column_name] = rows.spread(series)
            return
        if part.form is Form.DECIMAL:
            canonical = [None if one is None else canonical_decimal(one) for one in column]
            pairs = zip(column, canonical, strict=True)
            self._doubt(rows.at, (one is not None and not _is_plain_span(good, name) for one, good in pairs))
            column = canonical
        elif part.form is Form.TEXT and not "".join(filter(None, column)).isprintable():
            self._doubt(rows.at, (one is not None and not one.isprintable() for one in column))
        ((_, kind),) = leaf_columns(name, part)
        self.columns[name] = rows.spread(pl.Series(column, dtype=kind))

    def _quantity(self, rows: "_Rows", name: str, prefix: str) -> None:
        """Fill value and unit; a value below zero is doubted, and so is a unit that the field cannot have."""
        values = [canonical_decimal(quantity.value) for quantity in rows.structs]
        units = [canonical_unit(quantity.unit) for quantity in rows.structs]
        self._doubt(rows.at, (value is None or value < "0" for value in values))
        what = name.removeprefix("delivered_") if prefix == "delivered_" else ""
        self._doubt(rows.at, (unit is None or not measures(what, unit) for unit in units))
        self.columns[name] = rows.spread(pl.Series(values, dtype=pl.String))
        self.columns[f"{name}_unit"] = rows.spread(pl.Series(units, dtype=pl.String))

    def _judge_group(self, rows: "_Rows", name: str) -> None:
        if name == "alert":
            self._doubt(rows.at, (not _has_crossed(alert) for alert in rows.structs))
        elif name in _OPTIONAL:
            self._doubt(rows.at, (not any(_values(group)) for group in rows.structs))


def _is_plain_span(seconds: str | None, name: str) -> bool:
    """Whether a number of seconds is far from every limit of its rule."""
    if seconds is None or len(seconds) > _SHORT_SPAN:
        return False
    return name == "clock_offset" or seconds >= "0"


_SHORT_SPAN = 9
_values = msgspec.structs.astuple
_OPTIONAL = frozenset(
    part.name for part in parts_of(Event) if part.parts and not any(inner.required for inner in part.parts)
)


def _has_crossed(alert: Any) -> bool:  # noqa: ANN401 - the mirror of an alert
    """Whether an alert whose decimals and units are good crosses its limit; others are doubted already."""
    attempted, bound = (
        (canonical_decimal(one.value), canonical_unit(one.unit)) for one in (alert.attempted, alert.bound)
    )
    if None in (*attempted, *bound):
        return False
    return crosses(alert.limit, attempted, bound)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some of the records (or one group of each), the rows of the table that they belong to, and the way there."""

    structs: Structs
    at: Sequence[int]
    take: pl.Series | None = None

    def having(self, column: Sequence[Any], height: int) -> "_Rows":
        """Return the records where a column of this group holds something, as that something."""
        held = [(row, one) for row, one in zip(self.at, column, strict=True) if one is not None]
        take: list[int | None] = [None] * height
        for place, (row, _) in enumerate(held):
            take[row] = place
        return _Rows([one for _, one in held], [row for row, _ in held], pl.Series(take, dtype=pl.UInt32))

    def spread(self, series: pl.Series) -> pl.Series:
        """Return a series of these records as a column of the whole table."""
        return series if self.take is None else series.gather(self.take)


@cache
def _needs() -> dict[str, Callable[[Any], tuple[Any, ...]]]:
    return {kind.value: attrgetter("event_id", "pump", *names) for kind, names in NEEDS.items()}


def _has_needs(event: Any) -> bool:  # noqa: ANN401 - the mirror of an event
    return None not in _needs()[event.kind](event)


def _is_odd(event: Any) -> bool:  # noqa: ANN401 - the mirror of an event
    """Whether what this record says of other records or numbers may break a rule."""
    if event.event_id in (event.about, event.supersedes):
        return True
    return event.last_lost is not None and event.first_lost is not None and event.last_lost < event.first_lost
