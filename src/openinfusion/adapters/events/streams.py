"""The bytes of a log whatever it is packed in, a piece at a time; a packed file is told by its first bytes."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard

from openinfusion.core.errors import Fault, FileAccessError, SenderError

PIECE = 2**18
PARQUET = b"PAR1"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
# Few packed bytes at a time: a thousand of them can unpack to no more than 32 MB.
_PACKED_PIECE = 2**10
_LONGEST_MAGIC = 4
_ANY_GZIP = 31
Source = Path | BinaryIO


class DamagedError(SenderError):
    """A packed file ends too early or is damaged; everything before that line was read."""

    def __init__(self, *, name: str, line: int, found: str) -> None:
        """Keep the line and the fault for those who report them with the others."""
        expected = "the whole file: ask its sender to send it again"
        super().__init__(where=f"{name}, line {line}", found=found, expected=expected)
        self.line = line
        self.fault = Fault("$", found, expected)


class BrokenPackingError(Exception):
    """What is packed here cannot be unpacked; whoever counts lines turns it into a ``DamagedError``."""


def name_of(source: Source) -> str:
    """Return what to call a source in a message."""
    return source.name if isinstance(source, Path) else "standard input"


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """Open a file by its path; what is open already stays so. Raises FileAccessError."""
    if not isinstance(source, Path):
        yield source
        return
    try:
        file = source.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "a path that cannot be used"
        raise FileAccessError(where=str(source), found=reason, expected="a file that can be read") from error
    with file:
        yield file


def unpacked(file: BinaryIO) -> Iterator[bytes]:
    """
    Yield the bytes of a log in pieces of bounded size.

    Raises:
        BrokenPackingError: after everything before the damage.
        FileAccessError: the file cannot be read on.

    """
    first = _read(file, _LONGEST_MAGIC)
    packed = _packed(file, first)
    if first.startswith(_GZIP):
        yield from _gunzip(packed)
    elif first == _ZSTD:
        yield from _unzstd(packed)
    else:
        yield first
        while piece := _read(file, PIECE):
            yield piece


def _packed(file: BinaryIO, first: bytes) -> Iterator[bytes]:
    yield first
    while piece := _read(file, _PACKED_PIECE):
        yield piece


def _read(file: BinaryIO, size: int) -> bytes:
    try:
        return file.read(size)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "an error"
        name = str(getattr(file, "name", "input"))
        raise FileAccessError(where=name, found=reason, expected="a file that can be read") from error


def _gunzip(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip, one member after another; zeros after the last are padding."""
    member = zlib.decompressobj(_ANY_GZIP)
    begun = False
    for piece in packed:
        waiting = piece
        while waiting:
            if not begun and not waiting.strip(b"\0"):
                break
            begun = True
            try:
                made = member.decompress(waiting, PIECE)
            except zlib.error as error:
                raise BrokenPackingError("gzip data that is damaged") from error
            if made:
                yield made
            waiting = member.unconsumed_tail
            if member.eof:
                waiting, begun, member = member.unused_data, False, zlib.decompressobj(_ANY_GZIP)
    if begun:
        raise BrokenPackingError("gzip data that ends too early")


def _unzstd(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack Zstandard, one frame after another."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=2**27)
    frame = unpacker.decompressobj()
    begun = False
    for piece in packed:
        waiting = piece
        while waiting:
            begun = True
            try:
                made = frame.decompress(waiting)
            except zstandard.ZstdError as error:
                raise BrokenPackingError("Zstandard data that is damaged") from error
            if made:
                yield made
            waiting = b""
            if frame.eof:
                waiting, begun, frame = frame.unused_data, False, unpacker.decompressobj()
    if begun:
        raise BrokenPackingError("Zstandard data that ends too early")
