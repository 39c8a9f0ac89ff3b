"""A sender for test benches: messages over MLLP, each again under its own control id until it is acknowledged."""

import asyncio
import random
import re
import ssl
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import perf_counter

from openinfusion.adapters.documents import read_bytes
from openinfusion.core.errors import SenderError
from openinfusion.gateway.acknowledge import Header, read_header
from openinfusion.gateway.framing import START, Framer, frame

_LARGEST_FILE = 2**30
_LARGEST_ANSWER = 2**16
_LONGEST_REASON = 200
_READ = 2**16
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 5.0
_START_OF_MESSAGE = re.compile(rb"(?:\A|(?<=[\r\n]))MSH(?=[^A-Za-z0-9\s])")
_LINE_END = re.compile(rb"\r\n|\n")
_ACCEPTED = (b"CA", b"AA")
_NOT_NOW = (b"CE", b"AE")
_CODES = (*_ACCEPTED, *_NOT_NOW, b"CR", b"AR")


@dataclass(frozen=True, slots=True)
class Way:
    """
    Where to send to, and how.

    Attributes:
        tls: with it the connection is encrypted.
        connections: open at once, each with one message under way.
        rate: messages a second in all; ``None`` for as many as are acknowledged.
        patience: seconds to wait for a connection and for an answer.
        attempts: how often a message is sent before it is given up.

    """

    host: str = "127.0.0.1"
    port: int = 2575
    tls: ssl.SSLContext | None = None
    connections: int = 1
    rate: float | None = None
    patience: float = 10.0
    attempts: int = 8


@dataclass(slots=True)
class Sent:
    """
    What became of the messages.

    Attributes:
        counts: acknowledged, refused, given up, and what was met on the way: put off, connection lost, ...
        latencies: seconds from a message to its acknowledgement, of those that were acknowledged.
        seconds: from the first message to the last answer.
        trouble: what went wrong last, in words.

    """

    counts: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    trouble: str = ""

    def latency(self, share: float) -> float | None:
        """Return the latency that this share of the messages did not exceed; ``None`` without any."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


# --- Messages from files ----------------------------------------------------------------------------------------------


def read_messages(path: Path) -> list[bytes]:
    """Return the messages of a file, bare or in frames; their segments end with CR, as they must on the wire."""
    content = read_bytes(path, limit=_LARGEST_FILE)
    found = Framer(len(content)).feed(content) if START in content else _split(content)
    if not found:
        raise SenderError(where=str(path), found="no message", expected="HL7 v2 messages that begin with MSH")
    return [_LINE_END.sub(b"\r", message).strip(b"\r ") + b"\r" for message in found]


def _split(content: bytes) -> list[bytes]:
    starts = [found.start() for found in _START_OF_MESSAGE.finditer(content)]
    return [content[start:end] for start, end in pairwise([*starts, len(content)])]


def repeated(messages: Iterable[bytes], times: int) -> Iterator[bytes]:
    """Yield messages so many times; from the second time on each has a control id of its own, ``ID.2``, ``ID.3``."""
    known = list(messages)
    yield from known
    for number in range(2, times + 1):
        yield from (_renumbered(message, number) for message in known)


def _renumbered(message: bytes, number: int) -> bytes:
    head, end, rest = message.partition(b"\r")
    fields = head.split(message[3:4])
    fields[9:10] = [fields[9] + b".%d" % number] if len(fields) > 9 else []  # noqa: PLR2004 - MSH-10
    return message[3:4].join(fields) + end + rest


# --- Sending ----------------------------------------------------------------------------------------------------------


async def send(messages: Iterable[bytes], way: Way, *, told: Callable[[bytes], None] | None = None) -> Sent:
    """Send messages and wait for every answer; ``told`` hears of each message once it is acknowledged."""
    sent = Sent()
    waiting = iter(messages)
    pace = _Pace(way.rate)
    begun = perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(way.connections):
            group.create_task(_Sender(way, sent, told).send_all(waiting, pace))
    sent.seconds = perf_counter() - begun
    return sent


class _Pace:
    """Spreads messages evenly over time."""

    def __init__(self, rate: float | None) -> None:
        self._step = 1 / rate if rate else 0.0
        self._next = perf_counter()

    async def keep(self) -> None:
        if self._step:
            due = self._next = max(self._next + self._step, perf_counter() - 1)
            await asyncio.sleep(max(0.0, due - perf_counter()))


class _Sender:
    """One connection; it is made again when it is lost."""

    def __init__(self, way: Way, sent: Sent, told: Callable[[bytes], None] | None) -> None:
        self._way = way
        self._sent = sent
        self._told = told
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._framer = Framer(_LARGEST_ANSWER)
        self._reason = ""

    async def send_all(self, messages: Iterator[bytes], pace: _Pace) -> None:
        try:
            for message in messages:
                await pace.keep()
                self._sent.counts[await self._deliver(message)] += 1
        finally:
            self._hang_up()

    async def _deliver(self, message: bytes) -> str:
        """Send a message until somebody takes it or refuses it, or patience ends."""
        found = read_header(message)
        header = found if isinstance(found, Header) else found.header
        if header.is_acknowledgement:
            return "not sent: an answer itself"
        for attempt in range(self._way.attempts):
            if attempt:
                longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)
                await asyncio.sleep(longest * random.uniform(0.5, 1))  # noqa: S311 - so that not all come back at once
            code = await self._try(message, header.control_id)
            if code in _ACCEPTED:
                if self._told is not None:
                    self._told(message)
                return "acknowledged"
            if code is not None and code not in _NOT_NOW:
                name = header.control_id.decode("ascii", "replace")
                self._sent.trouble = f"message {name!r} was refused: {self._reason or 'no reason given'}"
                return "refused"
        return "given up"

    async def _try(self, message: bytes, control_id: bytes) -> bytes | None:
        """Send a message once and return the code of its answer; ``None`` if none came."""
        begun = perf_counter()
        try:
            async with asyncio.timeout(self._way.patience):
                code = await self._ask(message, control_id)
        except (OSError, EOFError) as error:
            self._lost(error)
            return None
        if code in _ACCEPTED:
            self._sent.latencies.append(perf_counter() - begun)
        elif code in _NOT_NOW:
            self._sent.counts["put off"] += 1
        return code

    async def _ask(self, message: bytes, control_id: bytes) -> bytes:
        if self._streams is None:
            way = self._way
            self._streams = await asyncio.open_connection(way.host, way.port, ssl=way.tls)
            self._framer = Framer(_LARGEST_ANSWER)
        reader, writer = self._streams
        writer.write(frame(message))
        while True:
            data = await reader.read(_READ)
            if not data:
                raise EOFError
            for answer in self._framer.feed(data):
                code, about, self._reason = _read_answer(answer)
                if code not in _CODES:
                    self._sent.counts["answers that are none"] += 1
                elif about in (control_id, b""):
                    return code
                else:
                    self._sent.counts["answers to something else"] += 1

    def _lost(self, error: Exception) -> None:
        if isinstance(error, TimeoutError):
            how = "no answer in time"
        else:
            how = "no connection" if self._streams is None else "connection lost"
        self._sent.counts[how] += 1
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
        if how == "connection lost" and not self._sent.latencies:
            reason = reason or "before any answer; TLS, or a certificate, may be wanted there, or its absence"
        self._sent.trouble = f"{how}: {reason}" if reason else how
        self._hang_up()

    def _hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


def _read_answer(answer: bytes) -> tuple[bytes, bytes, str]:
    """Return MSA-1 and MSA-2, and in words why it says no: the first text in ERR-8, else MSA-3."""
    fields = {line[:3]: [*line.split(line[3:4]), *[b""] * 9] for line in reversed(answer.splitlines()) if line[:3]}
    said, error = fields.get(b"MSA", [b""] * 9), fields.get(b"ERR", [b""] * 9)
    words = (error[8] or said[3]).decode("utf-8", "replace")
    return said[1], said[2], "".join(one for one in words if one.isprintable())[:_LONGEST_REASON]
