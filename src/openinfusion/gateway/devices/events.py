"""
Events of pumps, kept as they came, each once: late, twice, overlapping, in any order.

A pump numbers its records, one more each time, and begins again in a new epoch when it lost its memory. It is told the
highest number below which nothing is missing, and may forget what is not above it. Another event under a number that
is taken is kept apart and found out, never in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, TypedDict

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update

from openinfusion.core.errors import SenderError
from openinfusion.gateway.devices.tables import event, lost, other_event, stream, to_microseconds

MOST_OTHERS = 100
"""How many events of a pump are kept whose number another one had taken; more are only counted."""
_STEP = 5000
_DENSE = 4
"""Where the numbers of a batch span no more than this many times their count, all between them are looked at."""
_FIRST_MISSING = 20
_Number = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    epoch: _Number
    events: list[msgspec.Raw]
    first: _Number = 1


class _Head(msgspec.Struct):
    sequence: _Number
    pump: str


_read_batch = msgspec.json.Decoder(_Batch).decode
_read_head = msgspec.json.Decoder(_Head).decode


@dataclass(frozen=True, slots=True)
class Batch:
    """
    Events of one pump.

    Attributes:
        epoch: which count of the pump its numbers belong to.
        first: the lowest number that the pump still has; what is below, and was never sent, is lost.
        numbers: the number of each event,
        raws: and its bytes.
        names: whose events they say they are.

    """

    epoch: int
    first: int
    numbers: tuple[int, ...]
    raws: tuple[bytes, ...]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kept:
    """
    What became of a batch.

    Attributes:
        ack: the highest number below which nothing is missing, in this epoch.
        new: events that were kept now.
        known: events that were kept before.
        other: numbers under which another event had been kept.
        missing: the first ranges of numbers that are missing between ``ack`` and the highest that came.
        lost: numbers that the pump said now that it no longer has.

    """

    ack: int
    new: int = 0
    known: int = 0
    other: tuple[int, ...] = ()
    missing: tuple[tuple[int, int], ...] = ()
    lost: tuple[int, int] | None = None


def read_batch(data: bytes, *, most: int) -> Batch:
    """
    Return the events in the body of a request.

    Raises:
        SenderError: it is no batch, or too long a one.

    """
    try:
        told = _read_batch(data)
        heads = [_read_head(one) for one in told.events]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        found = str(error)[:200].encode("ascii", "replace").decode()
        expected = '{"epoch": 1, "events": [...]}, each event a record of the open event log with pump and sequence'
        raise SenderError(where="events", found=found, expected=expected) from None
    if len(heads) > most:
        raise SenderError(where="events", found=f"{len(heads):,} events", expected=f"at most {most:,} in one request")
    raws = tuple(bytes(one) for one in told.events)
    return Batch(
        told.epoch, told.first, tuple(one.sequence for one in heads), raws, frozenset(one.pump for one in heads)
    )


_STREAM = select(stream.c.ack, stream.c.highest).where(
    (stream.c.pump == bindparam("whose")) & (stream.c.epoch == bindparam("count"))
)
_OF_EVENT = (event.c.pump == bindparam("whose")) & (event.c.epoch == bindparam("count"))
_TAKEN = select(event.c.sequence, event.c.digest).where(
    _OF_EVENT & event.c.sequence.between(bindparam("low"), bindparam("high"))
)
_TAKEN_OF = select(event.c.sequence, event.c.digest).where(
    _OF_EVENT & event.c.sequence.in_(bindparam("numbers", expanding=True))
)
_ABOVE = (
    select(event.c.sequence).where(_OF_EVENT & (event.c.sequence > bindparam("low"))).order_by(event.c.sequence)
).limit(bindparam("step"))
_MOVE = (
    update(stream)
    .where((stream.c.pump == bindparam("whose")) & (stream.c.epoch == bindparam("count")))
    .values(ack=bindparam("new_ack"), highest=bindparam("new_highest"))
)


def keep(connection: Connection, pump: int, batch: Batch, *, at: datetime, epochs: int = 0) -> Kept:
    """Keep events of a pump, by its number in the database; its epochs are counted on from ``epochs``."""
    counted = replace(batch, epoch=batch.epoch + epochs)
    return _Intake(connection, pump, counted, to_microseconds(at)).take()


def acknowledged(connection: Connection, pump: int, epoch: int) -> int:
    """Return how far the events of an epoch are whole."""
    row = connection.execute(_STREAM, {"whose": pump, "count": epoch}).first()
    return 0 if row is None else row[0]


class _Row(TypedDict):
    pump: int
    epoch: int
    sequence: int
    received: int
    digest: bytes
    raw: bytes


@dataclass(slots=True)
class _Intake:
    connection: Connection
    pump: int
    batch: Batch
    at: int
    known: int = 0
    other: list[int] = field(default_factory=list)

    @property
    def _whose(self) -> dict[str, int]:
        return {"whose": self.pump, "count": self.batch.epoch}

    def take(self) -> Kept:
        ack, highest = self._begin()
        rows = self._new_rows(highest)
        if rows:
            self.connection.execute(event.insert(), rows)
        top = max([highest, *(row["sequence"] for row in rows)])
        # A pump cannot have lost what it has not numbered: what is still to come must not count as known.
        first = min(self.batch.first, top + 1)
        gone = self._lose(ack, first)
        moved = self._contiguous(max(ack, first - 1))
        if (moved, top) != (ack, highest):
            self.connection.execute(_MOVE, {**self._whose, "new_ack": moved, "new_highest": max(top, moved)})
        missing: tuple[tuple[int, int], ...] = ()
        if moved < top:
            missing = missing_ranges(self.connection, self.pump, self.batch.epoch, ack=moved, is_whole=False)
        return Kept(moved, len(rows), self.known, tuple(self.other), missing, gone)

    def _begin(self) -> tuple[int, int]:
        row = self.connection.execute(_STREAM, self._whose).first()
        if row is not None:
            return row[0], row[1]
        self.connection.execute(stream.insert().values(pump=self.pump, epoch=self.batch.epoch, ack=0, highest=0))
        return 0, 0

    def _new_rows(self, highest: int) -> list[_Row]:
        """Return the rows of events whose number is free; count the others."""
        numbers = self.batch.numbers
        taken = self._taken(sorted({number for number in numbers if number <= highest}))
        rows: list[_Row] = []
        for number, raw in zip(numbers, self.batch.raws, strict=True):
            digest = blake2b(raw, digest_size=16).digest()
            before = taken.setdefault(number, digest)
            row = _Row(
                pump=self.pump, epoch=self.batch.epoch, sequence=number, received=self.at, digest=digest, raw=raw
            )
            if before is digest:
                rows.append(row)
            elif before == digest:
                self.known += 1
            else:
                self._keep_apart(row)
        return rows

    def _taken(self, numbers: list[int]) -> dict[int, bytes]:
        """Return the digests under numbers that are taken; a batch of few numbers far apart reads few."""
        if numbers and numbers[-1] - numbers[0] < _DENSE * len(numbers):
            between = {"low": numbers[0], "high": numbers[-1]}
            return {row[0]: row[1] for row in self.connection.execute(_TAKEN, {**self._whose, **between})}
        found: dict[int, bytes] = {}
        for start in range(0, len(numbers), _STEP):
            some = {**self._whose, "numbers": numbers[start : start + _STEP]}
            found |= {row[0]: row[1] for row in self.connection.execute(_TAKEN_OF, some)}
        return found

    def _keep_apart(self, row: _Row) -> None:
        self.other.append(row["sequence"])
        mine = other_event.c.pump == self.pump
        same = mine & (other_event.c.epoch == row["epoch"]) & (other_event.c.sequence == row["sequence"])
        same &= other_event.c.digest == row["digest"]
        how_many = [self.connection.scalar(select(func.count()).where(which)) or 0 for which in (same, mine)]
        if how_many[0] or how_many[1] >= MOST_OTHERS:
            return
        self.connection.execute(other_event.insert().values(**row))

    def _lose(self, ack: int, first: int) -> tuple[int, int] | None:
        """Note the numbers that the pump no longer has; those that came all the same are not missing."""
        if first <= ack + 1:
            return None
        gone = (ack + 1, first - 1)
        row = {"pump": self.pump, "epoch": self.batch.epoch, "first": gone[0], "last": gone[1], "received": self.at}
        self.connection.execute(lost.insert().values(**row))
        return gone

    def _contiguous(self, ack: int) -> int:
        """Return how far nothing is missing above a number."""
        step = len(self.batch.numbers) + 1
        while True:
            above = self.connection.execute(_ABOVE, {**self._whose, "low": ack, "step": step}).scalars().all()
            for number in above:
                if number != ack + 1:
                    return ack
                ack = number
            if len(above) < step:
                return ack
            step = _STEP


def missing_ranges(
    connection: Connection, pump: int, epoch: int, *, ack: int, last: int | None = None, is_whole: bool = True
) -> tuple[tuple[int, int], ...]:
    """
    Return the ranges of numbers that are missing above ``ack``, up to ``last`` or to the highest that came.

    Unless ``is_whole``, only those among the next few thousand events, and of them the first.
    """
    found: list[tuple[int, int]] = []
    at = ack
    while True:
        whose = {"whose": pump, "count": epoch, "low": at, "step": _STEP}
        above: Sequence[int] = connection.execute(_ABOVE, whose).scalars().all()
        for number in above:
            end = number if last is None else min(number, last + 1)
            if end > at + 1:
                found.append((at + 1, end - 1))
            at = end
            if last is not None and number > last:
                return tuple(found)
        if not is_whole:
            return tuple(found[:_FIRST_MISSING])
        if len(above) < _STEP:
            break
    if last is not None and at < last:
        found.append((at + 1, last))
    return tuple(found)
