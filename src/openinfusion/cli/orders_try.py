"""`openinfusion orders try`: a prescribing system and a bench of virtual pumps, both on this machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeVar

import typer

from openinfusion.adapters.documents import refuse_to_overwrite
from openinfusion.adapters.hl7 import read_message
from openinfusion.adapters.hl7.orders import read_order
from openinfusion.adapters.hl7.reply import Sent as SentBy
from openinfusion.adapters.hl7.reply import acceptance, acknowledge
from openinfusion.adapters.open_library import open_library
from openinfusion.cli.console import say, say_json
from openinfusion.core.errors import AuthorError, OperatorError, SenderError
from openinfusion.core.orders import Order
from openinfusion.gateway.acknowledge import Refusal, read_header
from openinfusion.gateway.framing import Framer, frame
from openinfusion.gateway.mllp import Gateway
from openinfusion.gateway.order_bench import faults_of_orders
from openinfusion.gateway.order_desk import Told, is_order, refuse_damaged
from openinfusion.gateway.responder import Responder
from openinfusion.gateway.sending import read_messages
from openinfusion.gateway.settings import Limits, Listener, Nurse, OrderPump, OrdersPlace, SettingsError, read_settings
from openinfusion.gateway.store import Store

T = TypeVar("T")
HOST = "127.0.0.1"
_PATIENCE = 60.0
_LARGEST = 2**20
_MODELS = {"syringe pump": "halden-s2", "large-volume pump": "meridian-v7", None: "meridian-v7"}


@dataclass(slots=True)
class Ehr:
    """A prescribing system: it listens for replies and acknowledges each."""

    replies: dict[str, bytes] = field(default_factory=dict)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the replies of one connection."""
        framer = Framer(_LARGEST)
        number = 0
        with suppress(ConnectionError):
            while data := await reader.read(_LARGEST):
                for raw in framer.feed(data):
                    number += 1
                    message = read_message(raw)
                    about = message.first("MSA")
                    self.replies[about.value(2) if about is not None else ""] = raw
                    sent = SentBy(control_id=f"EHR-{len(self.replies)}-{number}", at=datetime.now(UTC))
                    writer.write(frame(acknowledge(message.header, sent)))
                    self.came.set()
        writer.close()

    async def wait_for(self, control_id: str) -> bytes:
        """Wait for the reply to an order."""
        while control_id not in self.replies:
            self.came.clear()
            await _patiently(self.came.wait(), "a reply")
        return self.replies[control_id]


async def _patiently(what: Awaitable[T], expected: str) -> T:
    """Wait, but not for ever: raises OperatorError."""
    try:
        return await asyncio.wait_for(what, _PATIENCE)
    except TimeoutError:
        raise OperatorError(where="orders try", found=f"nothing in {_PATIENCE:g} s", expected=expected) from None


def try_orders(
    files: Annotated[list[Path], typer.Argument(help="orders as HL7 messages (RGV^O15)")],
    *,
    library: Annotated[Path | None, typer.Option(help="the library in force on the pumps")] = None,
    area: Annotated[str | None, typer.Option(help="care area of the pumps; the first of the library")] = None,
    nurse: Annotated[Nurse, typer.Option(help="what the nurse does")] = "confirms",
    config: Annotated[Path | None, typer.Option(help="take the bench from these settings of a gateway")] = None,
    events: Annotated[Path | None, typer.Option(help="write what the pumps note to this event log (.jsonl)")] = None,
    as_sent: Annotated[
        bool, typer.Option("--as-sent", help="leave ORC-9 as it is; otherwise it is set to now")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
) -> None:
    """
    Play both ends: send orders to virtual pumps, and show acknowledgement, reply, nurse and pump for each.

    Each pump that an order names stands ready on the bench. Exit code 0 if every order was accepted, 1 otherwise.

    Example: openinfusion orders try examples/gateway/orders.hl7 --library examples/trust/library-1.1.0.json
    """
    refuse_to_overwrite(events, *files, library, config)
    messages = [message for file in files for message in read_messages(file)]
    _check_orders(messages)
    place = _place_of(config) if config is not None else _place_for(messages, library, area=area, nurse=nurse)
    place = replace(place, reply_host=HOST, reply_port=1, bench=None, events=events)
    if faults := tuple(faults_of_orders(place)):
        raise SettingsError(faults, where="orders try")
    if not as_sent:
        messages = [_placed_now(message) for message in messages]
    with TemporaryDirectory() as folder:
        rows = asyncio.run(_play(messages, place, Path(folder)))
    if as_json:
        say_json(rows)
    else:
        _show(rows)
    raise typer.Exit(0 if all(row["code"] == "AA" for row in rows) else 1)


def _check_orders(messages: Iterable[bytes]) -> None:
    """Refuse what would get no reply of its own: what is no order, and another order under a number that one has."""
    known: dict[tuple[bytes, bytes], bytes] = {}
    for number, message in enumerate(messages, start=1):
        header = read_header(message)
        if isinstance(header, Refusal):
            continue  # its acknowledgement says what is wrong
        if not is_order(header):
            found = header.kind.decode("ascii", "replace")
            raise SenderError(where=f"message {number}, MSH-9", found=repr(found), expected="an order (RGV^O15)")
        if known.setdefault((header.sender, header.control_id), message) != message:
            found = f"{header.control_id.decode('ascii', 'replace')!r} again, of another order"
            raise SenderError(where=f"message {number}, MSH-10", found=found, expected="a number of its own")


def _place_of(config: Path) -> OrdersPlace:
    place = read_settings(config).orders
    if place is None:
        raise AuthorError(where=str(config), found="no [orders]", expected="settings with a bench of pumps")
    return place


def _place_for(messages: Iterable[bytes], library: Path | None, *, area: str | None, nurse: Nurse) -> OrdersPlace:
    """Return a bench with a pump for every number that the orders name."""
    if library is None:
        raise OperatorError(where="orders try", found="no library", expected="--library FILE, or --config FILE")
    areas = [one.id for one in open_library(library, None).library.care_areas]
    if area is not None and area not in areas:
        raise OperatorError(where="--area", found=repr(area), expected=f"one of {', '.join(areas)}")
    care_area = area or next(iter(areas), None)
    pumps: dict[str, OrderPump] = {}
    for order in filter(None, (read_order(read_message(message)).order for message in messages)):
        if order.pump:
            made = OrderPump(order.pump, _MODELS[order.device], care_area, order.channel, nurse=nurse)
            pumps.setdefault(order.pump, made)
    return OrdersPlace(library, 1, tuple(pumps.values()) or (OrderPump("BENCH-1", "halden-s2", care_area),))


def _placed_now(message: bytes) -> bytes:
    """Return an order that the nurse confirmed just now: one in a file is always stale."""
    lines = message.split(b"\r")
    for number, line in enumerate(lines):
        fields = line.split(b"|")
        if line.startswith(b"ORC|") and len(fields) > 9 and fields[9]:  # noqa: PLR2004 - ORC-9
            fields[9] = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000").encode()
            lines[number] = b"|".join(fields)
    return b"\r".join(lines)


# --- Both ends --------------------------------------------------------------------------------------------------------


async def _play(messages: Sequence[bytes], place: OrdersPlace, folder: Path) -> list[dict[str, Any]]:
    """Send the orders one after the other, each after the reply to the one before."""
    ehr = Ehr()
    listening = await asyncio.start_server(ehr.serve, HOST, 0)
    place = replace(place, reply_port=listening.sockets[0].getsockname()[1])
    told: dict[bytes, Told] = {}
    try:
        async with _both(place, folder, told) as port:
            return [await _send(message, ehr, told, port=port) for message in messages]
    finally:
        listening.close()
        await listening.wait_closed()


@asynccontextmanager
async def _both(place: OrdersPlace, folder: Path, told: dict[bytes, Told]) -> AsyncIterator[int]:
    store = Store.open(folder / "orders.db")
    gateway = Gateway(store, Limits())
    gateway.examine = refuse_damaged
    responder = Responder(folder / "orders.db", place, told=lambda one: told.update({one.message.control_id: one}))
    try:
        gateway.start([Listener(port=0)])
        yield gateway.addresses[0][1]
    finally:
        await gateway.stop()
        await responder.close()
        store.close()


async def _send(message: bytes, ehr: Ehr, told: dict[bytes, Told], *, port: int) -> dict[str, Any]:
    """Send one order, and return what came of it."""
    acknowledgement = read_message(await _ask(message, port))
    about = acknowledgement.first("MSA")
    accepted, control_id = (about.value(1), about.value(2)) if about is not None else ("", "")
    row: dict[str, Any] = {"control_id": control_id, "acknowledged": accepted, "code": None, "errors": []}
    if accepted != "CA":
        return row | {"errors": [one.value(3, 2) for one in acknowledgement.all("ERR")]}
    await ehr.wait_for(control_id)
    known = told.get(control_id.encode())
    return row | _row(known) if known is not None else row


async def _ask(message: bytes, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    framer = Framer(_LARGEST)
    found: list[bytes] = []
    try:
        writer.write(frame(message))
        while not found and (data := await _patiently(reader.read(_LARGEST), "an acknowledgement")):
            found = framer.feed(data)
    finally:
        writer.close()
    return found[0] if found else b"MSH|^~\\&|\r"


def _row(told: Told) -> dict[str, Any]:
    answered = told.answered
    answer, screen, order = answered.answer, answered.screen, answered.order
    return {
        "order": order.id,
        "pump": order.pump,
        "ordered": _words(order),
        "code": acceptance(answer),
        "errors": [str(error) for error in answer.errors],
        "bedside": list(answer.for_bedside),
        "read": list(answered.read),
        "pump_shows": [] if screen is None else [f"{screen.title}: {screen.status}", *screen.lines],
    }


def _words(order: Order) -> str:
    step = order.first
    amounts = [str(one) for one in (step.dose or step.rate, step.volume, step.duration) if one is not None]
    return f"{order.kind.value}: {order.medication}, {', '.join(amounts)}"


def _show(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        say(f"{row['control_id']}  {row.get('ordered', 'no order that can be read')}")
        say(f"  acknowledged   {row['acknowledged']}")
        say(f"  reply          {'; '.join([row['code'] or 'none', *row['errors']])}")
        for name, label in (("bedside", "for bedside"), ("read", "nurse read"), ("pump_shows", "pump shows")):
            for number, line in enumerate(row.get(name, ())):
                say(f"  {label if not number else '':<14} {line}")
        say("")
    say("Virtual pumps. Not for clinical use.")
