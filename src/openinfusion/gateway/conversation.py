"""
One connection: bytes in, messages to the store, acknowledgements out in the order of the messages.

It never waits: what it needs to know later (the store, the clock) comes back to it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import Protocol, cast

from openinfusion.adapters.hl7.reader import LONGEST_SEGMENT
from openinfusion.gateway.acknowledge import (
    SEQUENCE,
    UNKNOWN,
    Header,
    Refusal,
    accept,
    put_off,
    read_header,
    refuse,
)
from openinfusion.gateway.commits import Tell
from openinfusion.gateway.framing import Framer, frame
from openinfusion.gateway.metrics import Metrics
from openinfusion.gateway.settings import Limits, Listener
from openinfusion.gateway.store import Arrival, Fate, Outcome
from openinfusion.gateway.warnings import Warnings

_OWN_ID_BYTES = 10  # as text the 20 characters that MSH-10 had in the oldest versions
_PATIENCE = 2.0
"""Seconds that a message may lack nothing but its last CR, and that a sender whom nobody reads any more may go on."""


class House(Protocol):
    """What a connection needs of the gateway."""

    limits: Limits
    metrics: Metrics
    warnings: Warnings
    is_holding: bool
    examine: Callable[[Header, bytes], tuple[str, bytes] | None]

    def submit(self, arrival: Arrival, tell: Tell) -> None:
        """Have a message stored, and hear what became of it."""

    def proved(self, conversation: "Conversation") -> None:
        """Hear that a connection has brought a message."""

    def ended(self, conversation: "Conversation") -> None:
        """Hear that a connection has ended."""


def _guess(data: bytes) -> str:
    """Return what bytes outside of frames look like, in words."""
    if data.startswith(b"\x16\x03"):
        return "the beginning of TLS to a port without"
    if data.split(b" ")[0] in (b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS"):
        return "HTTP"
    return "bytes outside of a frame"


class Answer:
    """The place of one answer in the order of a connection; ``None`` until it is known."""

    __slots__ = ("bytes", "header")

    def __init__(self, header: Header) -> None:
        self.header = header
        self.bytes: bytes | None = None


class Conversation(asyncio.Protocol):
    """
    One connection of a sender.

    Attributes:
        address: where it comes from.
        peer: its address and port.
        beginning: what makes the connection ready, TLS among it.

    """

    def __init__(self, house: House, listener: Listener, peer: tuple[str, int]) -> None:
        self.address = peer[0]
        self.peer = f"{peer[0]}:{peer[1]}"
        self._house = house
        self._listener = listener
        self._framer = Framer(house.limits.message_bytes)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._answers: deque[Answer] = deque()
        self._last = self._loop.time()
        self._begun: float | None = None
        self._blocked: float | None = None
        self._is_paused = False
        self._is_deaf = False
        self._ending: float | None = None
        self.beginning: asyncio.Task[object] | None = None

    # --- What asyncio tells -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._last = self._loop.time()
        self.mind_the_flow()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it ended changes nothing
        self._house.ended(self)

    def data_received(self, data: bytes) -> None:
        if self._ending is not None:
            return
        stray, cut_off, was_inside = self._framer.stray, self._framer.cut_off, self._framer.is_inside
        messages = self._framer.feed(data)
        counts = self._house.metrics.framing
        counts["stray bytes"] += self._framer.stray - stray
        counts["cut off"] += self._framer.cut_off - cut_off
        if self._framer.stray > stray:
            self._say_framing(f"{_guess(data)}: a message begins with 0x0B and ends with 0x1C 0x0D (MLLP)")
        if self._framer.cut_off > cut_off:
            self._say_framing("a message without an end (0x1C 0x0D) before the next one: not taken")
        now = self._loop.time()
        if not self._framer.is_inside:
            self._begun = None
        elif messages or not was_inside:
            self._begun = now
        for message in messages:
            self._last = now
            self._take(message)
        self._stop_if_hopeless()
        self.mind_the_flow()

    def _say_framing(self, what: str) -> None:
        self._house.warnings.say(f"framing: {what}", f"{self.peer} sent {what}")

    def eof_received(self) -> bool:
        """Keep the way out open as long as answers are owed; TLS cannot."""
        self._take_unfinished()
        if self._framer.is_inside and not self._framer.is_too_long:
            self._house.metrics.framing["cut off"] += 1
            self._say_framing("the beginning of a message and no more (no 0x1C 0x0D): not taken")
        self._end_soon()
        return bool(self._answers) and self._listener.tls is None

    def pause_writing(self) -> None:
        self._blocked = self._loop.time()
        self.mind_the_flow()

    def resume_writing(self) -> None:
        self._blocked = None
        self.mind_the_flow()

    # --- What the house tells -----------------------------------------------------------------------------------------

    def _told(self, answer: Answer, outcome: Outcome | None) -> None:
        """Hear what became of a message: kept now or before, or to be sent again later."""
        if outcome is None:
            answer.bytes = put_off(answer.header, at=datetime.now(UTC), own_id=token_hex(_OWN_ID_BYTES))
            self._house.metrics.answers["CE"] += 1
            self._house.metrics.refused["not storable"] += 1
            self._house.warnings.say("not storable", "messages cannot be stored now (is the disk full?): put off (CE)")
        else:
            answer.bytes = outcome.acknowledgement
            self._house.metrics.answers["CA"] += 1
            self._house.metrics.fates[outcome.fate] += 1
            if outcome.fate is Fate.CONFLICT:
                name, number = answer.header.sender_name, answer.header.control_id.decode("ascii", "replace")
                said = f"control id {number!r} of {name!r} came before with another message: both are kept and read"
                self._house.warnings.say("conflict", said)
        self._flush()

    def show_out(self, why: str) -> None:
        """Close at once."""
        self._ending = self._loop.time()
        self._house.metrics.connections[why] += 1
        if self._transport is not None:
            self._transport.abort()
        elif self.beginning is not None:
            self.beginning.cancel()

    def finish(self) -> None:
        """Read nothing further, and close once every answer that is owed is given."""
        self._is_deaf = True
        self._end_soon()

    def look_at_the_clock(self, now: float) -> None:
        """Close what has been silent, or slow, for too long."""
        limits = self._house.limits
        if self._is_late(self._begun, now, _PATIENCE):
            self._take_unfinished()
        if self._is_late(self._begun, now, limits.read_seconds) and not self._is_paused:
            self.show_out("ended: message too slow")
        elif self._is_late(self._blocked, now, limits.read_seconds):
            self.show_out("ended: answers not fetched")
        elif not self._answers and self._is_late(self._last, now, limits.idle_seconds):
            self.show_out("ended: idle")
        elif not self._answers and self._is_late(self._ending, now, _PATIENCE):
            self.show_out("ended: did not hang up")

    @staticmethod
    def _is_late(since: float | None, now: float, seconds: float) -> bool:
        return since is not None and now - since > seconds

    # --- Messages -----------------------------------------------------------------------------------------------------

    def _take_unfinished(self) -> None:
        message = self._framer.take_unfinished()
        if message is not None and self._ending is None:
            self._house.metrics.framing["no last CR"] += 1
            self._begun = None
            self._last = self._loop.time()
            self._take(message)

    def _take(self, message: bytes) -> None:
        """Have a message stored, or refuse it."""
        now = datetime.now(UTC)
        self._house.metrics.received[self._listener.name] += 1
        header = self._examine(message)
        if isinstance(header, Refusal):
            self._refuse(header, now)
            return
        self._house.proved(self)
        self._house.metrics.saw_message(header.sender_name, now)
        if (refused := self._house.examine(header, message)) is not None:
            self._answer_at_once(header, *refused)
            return
        acknowledgement = accept(header, at=now, own_id=token_hex(_OWN_ID_BYTES))
        about = (header.sender, header.control_id, message, now, self._listener.name, self.peer, acknowledgement)
        answer = Answer(header)
        self._answers.append(answer)
        self._house.submit(Arrival(*about), partial(self._told, answer))

    def _examine(self, message: bytes) -> Header | Refusal:
        header = read_header(message)
        if isinstance(header, Refusal):
            return header
        if header.is_acknowledgement:
            return Refusal("an answer", "an acknowledgement is not stored", UNKNOWN, header=header)
        if self._listener.senders and header.sender_name not in self._listener.senders:
            return Refusal("sender not known", "MSH 3 is no sender known here", UNKNOWN, "MSH^1^3", header)
        if len(message) > LONGEST_SEGMENT and max(map(len, message.splitlines())) > LONGEST_SEGMENT:
            return Refusal("segment too long", "a segment longer than that of any pump", SEQUENCE, header=header)
        if message.count(b"\r") + message.count(b"\n") > self._house.limits.segments:
            return Refusal("too many segments", "more segments than this gateway takes", SEQUENCE, header=header)
        return header

    def _refuse(self, refusal: Refusal, at: datetime) -> None:
        self._house.metrics.refused[refusal.reason] += 1
        self._house.warnings.say(refusal.reason, f"refused a message from {self.peer}: {refusal.text}")
        if refusal.header.is_acknowledgement:
            return  # answering an answer would never end
        self._answer_at_once(refusal.header, "CR", refuse(refusal, at=at, own_id=token_hex(_OWN_ID_BYTES)))

    def _answer_at_once(self, header: Header, code: str, text: bytes) -> None:
        answer = Answer(header)
        answer.bytes = text
        self._house.metrics.answers[code] += 1
        self._answers.append(answer)
        self._flush()

    def _stop_if_hopeless(self) -> None:
        """Listen no longer where nothing useful can come any more."""
        if self._framer.is_too_long:
            header = read_header(self._framer.head())
            known = header if isinstance(header, Header) else header.header
            # What still comes is dropped for a while: closing at once would take the answer back from the network.
            self._ending, self._begun = self._loop.time(), None
            self._refuse(
                Refusal("too long", "longer than this gateway takes", SEQUENCE, header=known), datetime.now(UTC)
            )
        elif self._framer.stray > self._house.limits.message_bytes:
            self.show_out("ended: no frames")

    # --- Flow ---------------------------------------------------------------------------------------------------------

    def mind_the_flow(self) -> None:
        """Read, or do not, as things are now."""
        is_full = len(self._answers) >= self._house.limits.unanswered
        pause = self._house.is_holding or is_full or self._blocked is not None or self._is_deaf
        if self._transport is None or pause is self._is_paused:
            return
        self._is_paused = pause
        if pause:
            self._transport.pause_reading()
        else:
            # What a sender could not send meanwhile was not its own slowness.
            self._begun = self._begun and self._loop.time()
            self._transport.resume_reading()

    def _flush(self) -> None:
        """Send the answers that are known, up to the first that is not."""
        ready: list[bytes] = []
        while self._answers and (known := self._answers[0].bytes) is not None:
            ready.append(frame(known))
            self._answers.popleft()
        if self._transport is None or self._transport.is_closing() or not ready:
            return
        self._transport.write(b"".join(ready))
        self.mind_the_flow()
        self._close_if_done()

    def _end_soon(self) -> None:
        self._ending = self._ending or self._loop.time()
        self.mind_the_flow()
        self._close_if_done()

    def _close_if_done(self) -> None:
        is_over = self._ending is not None and not self._framer.is_too_long
        if is_over and not self._answers and self._transport is not None:
            self._transport.close()
