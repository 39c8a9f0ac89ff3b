"""The event log of a pump as its agent sends it: what is not acknowledged yet, in order, each record as it stands."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from openinfusion.fleet.report import LogEnd

MOST = 500
"""How many records go in one request or one file,"""
MOST_BYTES = 512 * 2**10
"""and how many bytes of them. A longer line is damaged."""
_Number = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class _Head(msgspec.Struct):
    sequence: _Number
    pump: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Records without a gap between them: the count of the log, the numbers of the first and the last, and the body."""

    epoch: int
    first: int
    last: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Record:
    """A record of the log, and at which byte of the file its line begins."""

    sequence: int
    line: bytes
    begins: int

    @property
    def ends(self) -> int:
        return self.begins + len(self.line) + 1


class EventLog:
    """
    A file of the open event log, which the pump writes and the agent only reads; a line not yet ended is left.

    It is read on from the record that was read last, as long as that still stands where it stood: a long log is not
    read from its start for each batch.

    A damaged line is passed over, and the records behind it go on. ``epoch`` is the pump's count: it rises when the
    pump lost its log and numbers from 1 again. Every method raises OSError where the file is there and cannot be read.
    """

    def __init__(self, path: Path, *, epoch: int = 1) -> None:
        self._path, self._epoch = path, epoch
        self._sent: _Record | None = None
        self._end: tuple[_Record | None, str] = None, ""

    def end(self) -> LogEnd | None:
        """Return how far the log goes, with a hash in which every record is linked to the one before."""
        last, chain = self._end
        if not self._stands(last):
            last, chain = None, ""
        for record in self._records(last):
            last = record
            chain = hashlib.sha256(chain.encode() + record.line).hexdigest()
        self._end = last, chain
        return None if last is None else LogEnd(epoch=self._epoch, last_sequence=last.sequence, chain=chain)

    def after(self, acknowledged: int, *, is_confirmed: bool = False) -> Batch | None:
        """
        Return the next records after a number, ``None`` where there are none.

        ``is_confirmed`` says that the server acknowledged just now up to that number: then, and only then, the numbers
        between it and the next record are given up as lost, for a server put back to a backup may lack more.
        """
        chosen: list[bytes] = []
        first = last = size = 0
        sent = self._sent
        is_next = sent is not None and sent.sequence == acknowledged and self._stands(sent)
        for record in self._records(sent if is_next else None):
            if record.sequence <= acknowledged:
                continue
            size += len(record.line) + 1
            if chosen and (len(chosen) == MOST or size > MOST_BYTES or record.sequence != last + 1):
                break
            first, last = first or record.sequence, record.sequence
            chosen.append(record.line)
            self._sent = record
        if not chosen:
            return None
        held = b'"first":%d,' % first if is_confirmed and first > acknowledged + 1 else b""
        body = b'{"epoch":%d,%s"events":[%s]}' % (self._epoch, held, b",".join(chosen))
        return Batch(self._epoch, first, last, body)

    def _stands(self, record: _Record | None) -> bool:
        """Whether a record that was read still stands where it stood: the log was not begun anew."""
        if record is None:
            return False
        try:
            with self._path.open("rb") as file:
                file.seek(record.begins)
                return file.read(len(record.line) + 1) == record.line + b"\n"
        except FileNotFoundError:
            return False

    def _records(self, after: _Record | None) -> Iterator[_Record]:
        """Yield records, rising; after a gap only once a higher number follows, or the number is damage."""
        last = 0 if after is None else after.sequence
        waits: _Record | None = None
        for record in self._readable(0 if after is None else after.ends):
            if waits is not None and last < waits.sequence < record.sequence:
                last = waits.sequence
                yield waits
            waits = None
            if record.sequence == last + 1:
                last = record.sequence
                yield record
            elif record.sequence > last:
                waits = record

    def _readable(self, begins: int) -> Iterator[_Record]:
        for at, line in self._lines(begins):
            try:
                line.decode()  # msgspec passes over what no field asks for
                yield _Record(msgspec.json.decode(line, type=_Head).sequence, line, at)
            except (msgspec.DecodeError, ValueError, RecursionError):
                continue

    def _lines(self, begins: int) -> Iterator[tuple[int, bytes]]:
        """Yield the lines that have ended, none longer than goes into a batch, each with where it begins."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return  # nothing was written yet
        with file:
            file.seek(begins)
            is_whole = True
            while piece := file.readline(MOST_BYTES):
                is_ended = piece.endswith(b"\n")
                if is_whole and is_ended:
                    yield begins, piece[:-1]
                is_whole = is_ended
                begins += len(piece)


def acknowledged_in(answer: bytes) -> int | None:
    """Return how far a server has the events, by its answer; ``None`` where it says nothing that can be understood."""
    try:
        return msgspec.json.decode(answer, type=_Ack).ack
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


class _Ack(msgspec.Struct):
    ack: Annotated[int, msgspec.Meta(ge=0)]
