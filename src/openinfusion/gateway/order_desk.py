"""
Where orders are answered: stored messages in, replies that are owed out; one thread uses it.

An order is acknowledged by the gateway once it is stored; from then on its reply is owed. It is answered here in the
order of arrival, and the answer stands in the book before anybody hears of it. The cursor of the store moves past an
order once its reply was delivered or given up.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from pathlib import Path
from secrets import token_hex

from openinfusion.adapters.hl7 import Message, read_message
from openinfusion.adapters.hl7.orders import read_order
from openinfusion.adapters.hl7.reply import Sent, accept_code, acknowledge, reply
from openinfusion.core.errors import FileAccessError, OperatorError, SenderError
from openinfusion.core.order_codes import refusal
from openinfusion.core.orders import Order, OrderAnswer
from openinfusion.gateway.acknowledge import WRONG, Header, Refusal, read_header, refuse
from openinfusion.gateway.order_bench import Parts, make_bench, read_held
from openinfusion.gateway.order_book import Book, Reply, State
from openinfusion.gateway.order_events import EventFile
from openinfusion.gateway.settings import OrdersPlace
from openinfusion.gateway.store import Store, Stored
from openinfusion.pump.bench.bench import Answered
from openinfusion.pump.bench.hands import Act
from openinfusion.pump.machine import Note
from openinfusion.pump.records import PumpLabel, to_events

CURSOR = "orders"
_BATCH = 100
_OWN_ID_BYTES = 9
_log = logging.getLogger("openinfusion.gateway")


@dataclass(frozen=True, slots=True)
class Told:
    """An order that was answered: the message, the answer, and the reply that is owed."""

    message: Stored
    answered: Answered
    reply: Reply


def is_order(header: Header) -> bool:
    """Whether a message says that it is an order for a pump (RGV^O15)."""
    return header.kind.split(header.marks[1:2])[:2] == [b"RGV", b"O15"]


def refuse_damaged(header: Header, raw: bytes) -> tuple[str, bytes] | None:
    """Return the answer (CE or CR) to an order that cannot be read; ``None`` for all that may be stored."""
    if not is_order(header):
        return None
    own_id, now = token_hex(_OWN_ID_BYTES), datetime.now(UTC)
    try:
        message = read_message(raw)
    except SenderError as error:
        text = f"found {error.found}, expected {error.expected}"
        return "CR", refuse(Refusal("no order", text, WRONG, header=header), at=now, own_id=own_id)
    faults = read_order(message).faults
    if not faults:
        return None
    return accept_code(faults), acknowledge(message.header, Sent(control_id=own_id, at=now), faults)


def reply_id(message: Stored) -> str:
    """Return the control id of the reply to an order: the same, however often and by whichever process it is made."""
    digest = blake2b(digest_size=9)
    for part in (message.sender, message.control_id):
        digest.update(len(part).to_bytes(4, "big") + part)
    return f"R{digest.hexdigest()}"


class Desk:
    """Answers orders with a bench of virtual pumps."""

    def __init__(
        self, store: Path, place: OrdersPlace, *, clock: Callable[[], datetime], told: Callable[[Told], None]
    ) -> None:
        """
        Set the bench up, or as it was before.

        Args:
            store: the store of messages.
            place: what the bench is told.
            clock: tells the time.
            told: hears of every order that is answered.

        Raises:
            OperatorError: files or pumps that cannot be used as the settings say.

        """
        self._clock, self._told = clock, told
        self._acts: list[tuple[str, Act]] = []
        self._notes: list[tuple[str, Note]] = []
        held = read_held(place)
        parts = Parts(
            place, held, lambda pump, act: self._acts.append((pump, act)), lambda *note: self._notes.append(note)
        )
        with ExitStack() as opened:
            self._book = Book.open(place.bench or store.with_name(f"{store.name}.bench"))
            opened.callback(self._book.close)
            self._store = Store.open(store)
            opened.callback(self._store.close)
            start = self._begin(parts)
            self._labels = {
                number: PumpLabel(number=number, model=pump.hands.pump.model, start=start)
                for number, pump in self._bench.pumps.items()
            }
            organisation = held.library.library.organisation
            self._events = EventFile(place.events, organisation) if place.events is not None else None
            self._read = max(self._store.position(CURSOR), self._book.last())
            self._write_events()
            opened.pop_all()

    def _begin(self, parts: Parts) -> datetime:
        """Make the bench, and return when its clocks began."""
        made_of = _made_of(parts)
        before = self._book.begun()
        if before is None:
            now = self._clock()
            start = now.replace(microsecond=now.microsecond // 1000 * 1000)
            self._bench = make_bench(parts, start=start)
            self._book.begin(start, made_of, self._acts)
            self._acts.clear()
            return start
        start, known = before
        if known != made_of:
            raise OperatorError(
                where="orders.bench",
                found="the book of a bench with other pumps, states or another library",
                expected="the same as then, or another file in bench and in events",
            )
        self._bench = make_bench(parts, start=start, done=self._book.acts())
        return start

    def close(self) -> None:
        """Close what is open."""
        self._store.close()
        self._book.close()

    # --- Answering ----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Answer what has come since the last look, and let time pass for the pumps."""
        while batch := self._store.messages_after(self._read, limit=_BATCH):
            for message in batch:
                self._answer(message)
                self._read = message.id
            self._move()
        self._bench.be_at(self._clock())
        self._write_events()

    def _answer(self, message: Stored) -> None:
        if message.raw is None or not _is_of_orders(message.raw):
            return
        if not message.is_sound:
            _log.warning("message %d is not obeyed: its bytes changed in the store", message.id)
            return
        control_id = reply_id(message)
        if self._book.knows(control_id):
            return
        try:
            read = read_message(message.raw)
        except SenderError as error:
            _log.warning("message %d cannot be read: %s", message.id, error)
            return
        order = read_order(read).order
        if order is None:
            # It came before orders were answered here: one that cannot be read is refused at the door.
            _log.warning("message %d is no order that can be read: not answered", message.id)
            return
        now = self._clock()
        answered = self._obey(order, message.received, now)
        made = Reply(message.id, control_id, _reply_bytes(read, answered, Sent(control_id=control_id, at=now)))
        self._book.keep(made, self._acts)
        self._acts.clear()
        self._told(Told(message, answered, made))

    def _obey(self, order: Order, received: datetime, now: datetime) -> Answered:
        try:
            return self._bench.obey(order, received=received, at=now)
        except Exception:  # noqa: BLE001 - one order must not end the answers to all others
            # A fault of this software: the sender is told that nothing may be relied on, and the others are served.
            _log.exception("an order could not be answered")
            error = refusal(9016, "a fault of the bench: look at the pump")
            return Answered(order, OrderAnswer(order_id=order.id, errors=(error,)))

    def _write_events(self) -> None:
        if self._events is None or not self._notes:
            self._notes.clear()
            return
        try:
            events = (event for pump, note in self._notes for event in to_events([note], self._labels[pump]))
            self._events.append(events)
        except FileAccessError as error:
            # The answers stand in the book; the records follow once there is room.
            _log.warning("no event is written now: %s", error)
        else:
            self._notes.clear()

    # --- Replies ------------------------------------------------------------------------------------------------------

    def owed(self) -> list[Reply]:
        """Return the replies that are owed, the oldest first."""
        return self._book.owed()

    def settle(self, reply: Reply, state: State) -> None:
        """Note what became of a reply, and move the cursor past what is settled."""
        self._book.settle(reply.message, state)
        self._move()

    def _move(self) -> None:
        owed = self._book.owed()
        position = owed[0].message - 1 if owed else self._read
        if position != self._store.position(CURSOR):
            self._store.move(CURSOR, position)


def _is_of_orders(raw: bytes) -> bool:
    header = read_header(raw)
    return isinstance(header, Header) and is_order(header)


def _reply_bytes(message: Message, answered: Answered, sent: Sent) -> bytes:
    return reply(message.header, answered.answer, sent, kind=answered.order.kind)


def _made_of(parts: Parts) -> str:
    """Return what identifies a bench: its library, and its pumps as they were set up."""
    lines: Iterable[tuple[object, ...]] = (
        (one.number, one.model, one.care_area, one.weight, one.state, one.syringe_ml) for one in parts.place.pumps
    )
    return sha256(repr((astuple(parts.held.name), *lines)).encode()).hexdigest()
