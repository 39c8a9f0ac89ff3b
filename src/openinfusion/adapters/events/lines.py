"""Blocks of whole lines from the bytes of a log, with their numbers, in constant memory."""

from collections.abc import Iterator
from typing import NamedTuple

from openinfusion.adapters.events.header import read_header
from openinfusion.adapters.events.parquet import is_parquet, parquet_header, parquet_lines
from openinfusion.adapters.events.record import LONGEST_LINE
from openinfusion.adapters.events.streams import (
    PARQUET,
    BrokenPackingError,
    DamagedError,
    Source,
    name_of,
    opened,
    unpacked,
)
from openinfusion.core.errors import SenderError
from openinfusion.core.events import EventLog

BLOCK = 2**22


class Block(NamedTuple):
    """Whole lines, and the number of the first of them in the file."""

    data: bytes
    first_line: int


class Log:
    """
    A log that has been opened: its header, and the blocks of lines below it, which can be taken once.

    Raises:
        FileAccessError: the file cannot be read.
        FormatVersionError: the log is of a newer major version.
        SenderError: it is no event log, or damaged before its first line ends.

    """

    def __init__(self, source: Source, *, size: int = BLOCK) -> None:
        """Open a log and read its header."""
        self.name = name_of(source)
        if is_parquet(source):
            self.header: EventLog = parquet_header(source)
            self.blocks: Iterator[Block] = _numbered(parquet_lines(source), self.name)
            return
        blocks = _blocks(source, size, name=self.name)
        first = next(blocks, None)
        if first is not None and first.data.startswith(PARQUET):
            raise SenderError(where=self.name, found="Parquet through a pipe", expected="the path of a Parquet file")
        line, _, rest = (first.data if first else b"").partition(b"\n")
        self.header = read_header(line, self.name)
        self.blocks = _after(rest, blocks)


def split_lines(source: Source, size: int = BLOCK) -> Iterator[Block]:
    """
    Yield the lines below the header of a log in blocks of about ``size`` bytes, each with the number of its first line.

    A line longer than any record can be is cut short, so that whoever parses it can say so. A Parquet log is yielded
    as the lines that it would have as text.

    Raises:
        DamagedError: after everything that could be unpacked; otherwise as ``Log`` does.

    """
    return Log(source, size=size).blocks


def _after(rest: bytes, blocks: Iterator[Block]) -> Iterator[Block]:
    if rest:
        yield Block(rest, 2)
    yield from blocks


def _blocks(source: Source, size: int, *, name: str) -> Iterator[Block]:
    """Yield blocks from the first line on; at damage, the whole lines before it and then the error."""
    line = 1
    held = _Held(size)
    try:
        with opened(source) as file:
            for piece in unpacked(file):
                if data := held.add(piece):
                    yield Block(data, line)
                    line += data.count(b"\n")
    except BrokenPackingError as error:
        data = held.whole_lines()
        if data:
            yield Block(data, line)
        raise DamagedError(name=name, line=line + data.count(b"\n"), found=str(error)) from error
    if data := held.rest():
        yield Block(data, line)


class _Held:
    """Bytes that wait for the end of their line; of an endless line only so much as shows that it is too long."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pieces: list[bytes] = []
        self._length = 0
        self._skips = False

    def add(self, piece: bytes) -> bytes:
        """Take a piece and return a block of whole lines, or nothing yet."""
        if self._skips:
            end = piece.find(b"\n")
            if end < 0:
                return b""
            piece, self._skips = piece[end:], False
        self._hold(piece)
        if self._length < self._size:
            return b""
        data = self.whole_lines()
        if self._length > LONGEST_LINE:
            cut, self._skips = self.rest()[: LONGEST_LINE + 1], True
            self._hold(cut)
        return data

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._length += len(piece)

    def rest(self) -> bytes:
        """Return all that is held, and hold nothing."""
        data = b"".join(self._pieces)
        self._pieces, self._length = [], 0
        return data

    def whole_lines(self) -> bytes:
        """Return the whole lines that are held, and keep what comes after them."""
        data = self.rest()
        cut = data.rfind(b"\n") + 1
        self._hold(data[cut:])
        return data[:cut]


def _numbered(blocks: Iterator[bytes], name: str) -> Iterator[Block]:
    """Yield blocks made of the rows of a table; the first row counts as line 2, below the header."""
    line = 2
    try:
        for data in blocks:
            yield Block(data, line)
            line += data.count(b"\n")
    except SenderError as error:
        raise DamagedError(name=name, line=line, found=error.found) from error
