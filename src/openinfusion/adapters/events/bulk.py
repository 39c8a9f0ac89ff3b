"""
Many lines at once, for taking logs in: whole lines as bytes to a table, as fast as one process can.

Lines that fit the mirror are checked column by column. A line about which any check has the least doubt goes to
``record``, which alone decides; so both ways give the same verdict, and only one of them has to be right.
"""

import itertools
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
from openinfusion.adapters.events.shape import Form, Part, parts_of
from openinfusion.adapters.events.times import read_times
from openinfusion.adapters.events.values import canonical_decimal, canonical_unit, crosses, measures
from openinfusion.core.errors import Fault
from openinfusion.core.events import NEEDS, STATUSES, Event, EventLog

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
    clean = sheet.table().with_columns(pl.Series(_ORDER, numbers, pl.Int64))
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


Columns = dict[str, pl.Series]


@dataclass(slots=True)
class _Sheet:
    """The columns of records that fit the mirror, and which rows the slow path must judge."""

    events: Structs
    doubtful: set[int] = field(default_factory=set)

    def table(self) -> pl.DataFrame:
        """Return the table of the records; doubt whatever breaks a rule of the format."""
        rows = range(len(self.events))
        made = self._group(_Rows(self.events, rows), parts_of(Event), "")
        self._doubt(rows, (not _has_needs(event) for event in self.events))
        self._doubt(rows, map(_is_odd, self.events))
        told = pl.DataFrame(made or {"event_id": pl.Series(dtype=pl.String)})
        return told.select(
            pl.col(name) if name in told.columns else pl.lit(None, kind).alias(name) for name, kind in columns().items()
        )

    def _doubt(self, rows: Sequence[int], is_bad: Iterable[bool]) -> None:
        self.doubtful.update(row for row, bad in zip(rows, is_bad, strict=True) if bad)

    def _group(self, rows: "_Rows", parts: Sequence[Part], prefix: str) -> Columns:
        """Return the columns that a group fills, as high as there are records that have it."""
        made: Columns = {}
        for part, column in zip(parts, zip(*map(_values, rows.structs), strict=True), strict=bool(rows.structs)):
            if column.count(None) == len(column):
                continue
            name = prefix + part.name
            if part.form is Form.GROUP:
                inner = rows.having(column)
                self._judge_group(inner, part.name)
                made |= inner.spread(self._group(inner, part.parts, f"{name}_"))
            elif part.form is Form.QUANTITY:
                inner = rows.having(column)
                made |= inner.spread(self._quantity(inner, name))
            else:
                made |= self._single(rows, name, part, column)
        return made

    def _single(self, rows: "_Rows", name: str, part: Part, column: Sequence[Any]) -> Columns:  # noqa: PLR0917
        if part.form is Form.TIME:
            made, is_bad = read_times(column)
            self.doubtful.update(rows.at[row] for row in is_bad)
            return {name: series for (name, _), series in zip(leaf_columns(name, part), made, strict=True)}
        if part.form is Form.DECIMAL:
            column = self._mapped(rows, column, lambda text: _plain_span(text, name))
        elif part.form is Form.TEXT and not "".join(filter(None, column)).isprintable():
            self._doubt(rows.at, (one is not None and not one.isprintable() for one in column))
        ((_, kind),) = leaf_columns(name, part)
        return {name: pl.Series(column, dtype=kind)}

    def _quantity(self, rows: "_Rows", name: str) -> Columns:
        """Return value and unit; a value below zero is doubted, and so is a unit that the field cannot have."""
        values, units = zip(*map(_values, rows.structs), strict=True)
        amounts = self._mapped(rows, values, _plain_amount)
        codes = self._mapped(rows, units, lambda text: _plain_unit(text, name))
        return {name: pl.Series(amounts, dtype=pl.String), f"{name}_unit": pl.Series(codes, dtype=pl.String)}

    def _mapped(
        self, rows: "_Rows", texts: Sequence[str | None], to_plain: Callable[[str], str | None]
    ) -> Sequence[str | None]:
        """Return texts in their canonical form; those that have none are doubted. Most texts are there many times."""
        forms = {text: None if text is None else to_plain(text) for text in set(texts)}
        if any(form is None and text is not None for text, form in forms.items()):
            self._doubt(rows.at, (text is not None and forms[text] is None for text in texts))
        return list(map(forms.__getitem__, texts))

    def _judge_group(self, rows: "_Rows", name: str) -> None:
        if name == "alert":
            self._doubt(rows.at, (not _has_crossed(alert) for alert in rows.structs))
        elif name in STATUSES:
            self._doubt(rows.at, (not _ends_or_begins(segment, name) for segment in rows.structs))
        elif name in _OPTIONAL:
            self._doubt(rows.at, (not any(_values(group)) for group in rows.structs))


def _plain_amount(text: str) -> str | None:
    """Return the canonical form of a decimal of zero or more, else ``None``."""
    made = canonical_decimal(text)
    return made if made is not None and made >= "0" else None


def _plain_unit(text: str, column: str) -> str | None:
    """Return the canonical form of a unit that the values of this column may have, else ``None``."""
    code = canonical_unit(text)
    return code if code is not None and measures(column, code) else None


def _plain_span(text: str, name: str) -> str | None:
    """Return the canonical form of a number of seconds that is far from every limit of its rule, else ``None``."""
    made = canonical_decimal(text)
    if made is None or len(made) > _SHORT_SPAN:
        return None
    return made if name == "clock_offset" or made >= "0" else None


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


def _ends_or_begins(segment: Any, name: str) -> bool:  # noqa: ANN401 - the mirror of a segment
    """Whether a segment has a status that it can have here, and a reason where it needs one."""
    return segment.status in STATUSES[name] and (segment.because is None) is (segment.status != "not delivering")


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some of the records (or one group of each), the rows of the table that they belong to, and the way there."""

    structs: Structs
    at: Sequence[int]
    take: pl.Series | None = None

    def having(self, column: Sequence[Any]) -> "_Rows":
        """Return the records where a column of this group holds something, as that something."""
        if None not in column:
            return _Rows(list(column), self.at)
        held = [(row, one) for row, one in zip(self.at, column, strict=True) if one is not None]
        places = itertools.count()
        take = [None if one is None else next(places) for one in column]
        return _Rows([one for _, one in held], [row for row, _ in held], pl.Series(take, dtype=pl.UInt32))

    def spread(self, made: Columns) -> Columns:
        """Return columns of these records as columns of those that they were taken from."""
        if self.take is None or not made:
            return made
        return pl.DataFrame(made).select(pl.all().gather(self.take)).to_dict()


@cache
def _needs() -> dict[str, Callable[[Any], tuple[Any, ...]]]:
    return {kind.value: attrgetter("event_id", "pump", *names) for kind, names in NEEDS.items()}


def _has_needs(event: Any) -> bool:  # noqa: ANN401 - the mirror of an event
    return None not in _needs()[event.kind](event)


def _is_odd(event: Any) -> bool:  # noqa: ANN401 - the mirror of an event
    """Whether what this record says of other records or numbers may break a rule."""
    if event.event_id in (event.about, event.supersedes):
        return True
    if event.infusion is None and not (event.ended is None and event.began is None):
        return True
    return event.last_lost is not None and event.first_lost is not None and event.last_lost < event.first_lost
