"""
Frames of MLLP, read from bytes that may be cut anywhere: ``0x0B`` message ``0x1C 0x0D``.

A message ends at ``0x1C`` that is followed by CR, LF or the start of the next one; any other ``0x1C`` is part of it, so
that nothing is taken for whole that may have been cut. Source: HL7 v2.6 implementation guide, appendix C (MLLP).
"""

import re

START = b"\x0b"
END = b"\x1c"
TAIL = b"\x1c\r"
_HEAD = 4096
_END_OR_NEW = re.compile(rb"\x1c[\r\n\x0b]|\x0bMSH")
_LINE_ENDS = b"\r\n"


def frame(message: bytes) -> bytes:
    """Return a message as it goes over the wire."""
    return START + message + TAIL


class Framer:
    """
    What came over one connection, and the messages in it.

    Attributes:
        stray: bytes between frames that were none of their business; line ends are let pass.
        cut_off: messages whose end never came, because the next one began.
        is_inside: whether a message has begun and not ended.
        is_too_long: whether the message that has begun is longer than the limit; nothing more is read then.

    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0
        self.stray = 0
        self.cut_off = 0
        self.is_inside = False
        self.is_too_long = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that these bytes complete; at most the limit and these bytes are held."""
        self._buffer += data
        found: list[bytes] = []
        while not self.is_too_long and (self.is_inside or self._begin()):
            message = self._take()
            if message is None:
                break
            found.append(message)
        return found

    def head(self) -> bytes:
        """Return how the message that has begun starts, to know whom to answer if it is too long."""
        return bytes(self._buffer[:_HEAD])

    def take_unfinished(self) -> bytes | None:
        """Return the message if all that it lacks is the CR after its end: some senders never send one."""
        if not self.is_inside or not self._buffer.endswith(END):
            return None
        message = bytes(self._buffer[:-1])
        self._leave(len(self._buffer))
        return message

    def _begin(self) -> bool:
        """Go to the start of the next frame; what stands before it is counted and dropped."""
        start = self._buffer.find(START)
        before = self._buffer[:start] if start >= 0 else self._buffer
        self.stray += len(before.translate(None, _LINE_ENDS))
        self.is_inside = start >= 0
        del self._buffer[: start + 1 if start >= 0 else len(self._buffer)]
        self._searched = 0
        return self.is_inside

    def _take(self) -> bytes | None:
        """Return the message that has begun, or ``None`` if its end has not come yet."""
        while (found := _END_OR_NEW.search(self._buffer, self._searched)) is not None:
            if found[0].startswith(END):
                return self._end_at(found.start(), is_new=found[0].endswith(START))
            self.cut_off += 1
            del self._buffer[: found.start() + 1]
            self._searched = 0
        # The three bytes before may be the beginning of a mark.
        self._searched = max(0, len(self._buffer) - 3)
        self.is_too_long = len(self._buffer) > self._limit
        return None

    def _end_at(self, end: int, *, is_new: bool) -> bytes | None:
        if end > self._limit:
            self.is_too_long = True
            return None
        message = bytes(self._buffer[:end])
        self._leave(end + 1 if is_new else end + 2)
        return message

    def _leave(self, end: int) -> None:
        del self._buffer[:end]
        self._searched = 0
        self.is_inside = False
