"""Orders, and a prescribing system that answers as a test wants it, for the tests of the bench."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hl7
from hl7apy.parser import parse_message

from openinfusion.gateway.framing import Framer, frame
from openinfusion.gateway.mllp import Gateway
from openinfusion.gateway.order_desk import Told, refuse_damaged
from openinfusion.gateway.responder import Responder
from openinfusion.gateway.settings import Limits, Listener, OrderPump, OrdersPlace
from openinfusion.gateway.store import Store
from tests.unit.gateway.bench import HOST, Wire, wire

LIBRARY = Path(__file__).resolve().parents[2] / "examples" / "trust" / "library-1.1.0.json"
AREA = "adult-critical-care-a-general"
SYRINGE = OrderPump("P1", "halden-s2", AREA)
BAG = OrderPump("P2", "meridian-v7", AREA)
ML = "mL^mL^UCUM"


@dataclass(frozen=True)
class Ordered:
    """An order for fentanyl on P1; a test changes what it is about."""

    number: str = "1"
    kind: str = "RE"
    id: str = "RX1"
    parent: str = ""
    drug: str = "fentanyl^fentanyl"
    volume: str = "50"
    rate: str = "100"
    unit: str = "ug/h^ug/h^UCUM"
    amount: str = "2.5"
    amount_unit: str = "mg^mg^UCUM"
    diluent: str = "50"
    pump: str = "P1"
    device: str = "SYR"
    place: str = "IV"
    minutes_ago: int = 0
    patient: str = "SECRET-1"
    extra: tuple[str, ...] = ()

    def raw(self) -> bytes:
        at = (datetime.now(UTC) - timedelta(minutes=self.minutes_ago)).strftime("%Y%m%d%H%M%S+0000")
        give = [""] * 25
        give[1], give[4] = "1", self.drug
        for value, place, unit, unit_place in (
            (self.volume, 5, ML, 7),
            (self.rate, 15, self.unit, 16),
            (self.amount, 17, self.amount_unit, 18),
            (self.diluent, 23, ML, 24),
        ):
            if value:
                give[place], give[unit_place] = value, unit
        lines = (
            f"MSH|^~\\&|EHR|WARD|BENCH|B|{at}||RGV^O15^RGV_O15|{self.number}|P|2.6|||AL|AL||UNICODE UTF-8",
            f"PID|||{self.patient}^^^T^PI||SECRET^NAME",
            f"ORC|{self.kind}|{self.id}||||||{self.parent}|{at}||||||||||NURSE-SECRET",
            "|".join(["RXG", *give[1:]]).rstrip("|"),
            f"RXR|^IV^HL70162||^{self.device}^HL70164|^{self.place}^HL70165",
            f"OBX|1||69986^MDC_DEV_PUMP_INFUS_VMD^MDC||||||||X|||||||{self.pump}^^0000000000000001^EUI-64",
            *self.extra,
        )
        return ("\r".join(lines) + "\r").encode()


SALINE = Ordered(
    drug="sodium-chloride-0.9-percent^sodium chloride 0.9%",
    volume="500",
    rate="125",
    unit="mL/h^mL/h^UCUM",
    amount="",
    diluent="",
    pump="P2",
    device="IVP",
)
BOLUS = Ordered(
    number="B1",
    kind="CH",
    id="RX2",
    parent="RX1",
    volume="",
    rate="50",
    unit="ug^ug^UCUM",
    extra=("OBX|2|ST|0^MDC_INFUS_ORDER_TYPE^MDC||^clinician-dose", "OBX|3|NM|157784^MDC_FLOW_FLUID_PUMP^MDC||60|mL/h"),
)


def change(rate: str, number: str = "X1", **changes: str) -> Ordered:
    """An order to change the rate of the fentanyl that runs."""
    return replace(Ordered(number=number, kind="XO", volume="", rate=rate), **changes)  # type: ignore[arg-type]


def weight(kg: str) -> str:
    """The OBX of a weight."""
    return f"OBX|2|NM|68063^MDC_ATTR_PT_WEIGHT^MDC||{kg}|kg^kg^UCUM"


Answer = Callable[[bytes, int], bytes | None]


def acknowledge(raw: bytes, _: int, code: str = "CA") -> bytes:
    """The accept acknowledgement of a reply."""
    return f"MSH|^~\\&|EHR|||||||ACK^O16^ACK|E1|P|2.6\rMSA|{code}|{control_id(raw)}\r".encode()


def control_id(raw: bytes) -> str:
    return raw.split(b"|", 10)[9].decode()


def code_of(raw: bytes) -> tuple[str, str]:
    """MSA-1 of a reply, and the first code of IHE in it; both independent readers must read it."""
    message = hl7.parse(raw.decode())
    parsed = parse_message(raw.decode(), find_groups=False)
    assert str(message.segment("MSH")[9]) == "RRG^O16^RRG_O16"
    assert parsed.msh.msh_15.value == "AL"
    assert parsed.msh.msh_16.value == "NE"
    said = str(message.segment("MSA")[1])
    assert parsed.msa.msa_1.value == said
    errors = [] if said == "AA" else message.segments("ERR")
    return said, str(errors[0][5][0][0]) if errors else ""


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what changes is another thread's, or a log
            await asyncio.sleep(0.01)


@dataclass
class Ehr:
    """A prescribing system: what it was told, and how it answers."""

    answer: Answer = acknowledge
    came: list[bytes] = field(default_factory=list)
    port: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer(2**20)
        with suppress(ConnectionError):
            while data := await reader.read(2**16):
                for raw in framer.feed(data):
                    self.came.append(raw)
                    answer = self.answer(raw, len(self.came))
                    if answer is not None:
                        writer.write(frame(answer))
                        await writer.drain()
                    self.news.set()
        writer.close()

    async def told(self, number: int) -> list[bytes]:
        """Wait for so many replies in all."""
        async with asyncio.timeout(30):
            while len(self.came) < number:
                self.news.clear()
                await self.news.wait()
        return self.came

    @asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Ehr"]:
        server = await asyncio.start_server(self.serve, HOST, self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await asyncio.sleep(0)


@dataclass
class Bench:
    """A gateway with pumps behind it, and a connection to it."""

    line: Wire
    responder: Responder
    told: list[Told]

    async def send(self, *orders: Ordered | bytes) -> list[bytes]:
        """Send orders; return their accept acknowledgements."""
        await self.line.send(*(one if isinstance(one, bytes) else one.raw() for one in orders))
        return await self.line.answers(len(orders))


def place(port: int, *pumps: OrderPump, **more: object) -> OrdersPlace:
    """Settings of a bench that tries quickly again."""
    known = {"reply_first_wait_seconds": 0.02, "reply_longest_wait_seconds": 0.1, "reply_patience_seconds": 5.0}
    return OrdersPlace(LIBRARY, port, pumps or (SYRINGE, BAG), **(known | more))  # type: ignore[arg-type]


@asynccontextmanager
async def bench(folder: Path, settings: OrdersPlace) -> AsyncIterator[Bench]:
    """Run a gateway with a bench."""
    store = Store.open(folder / "a.db")
    made = Gateway(store, Limits())
    made.examine = refuse_damaged
    told: list[Told] = []
    responder = Responder(folder / "a.db", settings, told=told.append)
    try:
        made.start([Listener(port=0)])
        async with wire(made.addresses[0][1]) as line:
            yield Bench(line, responder, told)
    finally:
        await made.stop()
        await responder.close()
        store.close()
