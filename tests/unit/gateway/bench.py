"""Messages, and both ends of a wire, for the tests of the gateway."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from openinfusion.gateway.framing import Framer, frame
from openinfusion.gateway.mllp import Gateway
from openinfusion.gateway.settings import Limits, Listener
from openinfusion.gateway.store import Arrival, Store

HOST = "127.0.0.1"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def message(control_id: str = "1", *, sender: str = "PUMPS^0012^EUI-64", text: str = "a", header: str = "") -> bytes:
    """Return a message as a pump's gateway would send it."""
    msh = (
        header or f"MSH|^~\\&|{sender}|MAKER|EPMA|TRUST|20260302090000+0000||ORU^R42^ORU_R01|{control_id}|P|2.6|||AL|NE"
    )
    return f"{msh}\rPID|||SECRET-1||SECRET^NAME\rOBR|1|||D^Drug\rOBX|1|ST|1^X^MDC|1.0.0.1|{text}\r".encode()


def arrival(control_id: str = "1", *, text: str = "a", sender: str = "PUMPS", answer: str | None = None) -> Arrival:
    """Return what the store is handed; its answer tells how often the message came."""
    raw = message(control_id, text=text, sender=sender)
    acknowledgement = (answer or f"answer to {control_id}").encode()
    return Arrival(sender.encode(), control_id.encode(), raw, START, "mllp", f"{HOST}:1", acknowledgement)


def held(path: Path) -> list[tuple[str, str]]:
    """Return sender and control id of every message in a store that is sound."""
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = database.execute("SELECT sender, control_id FROM message").fetchall()
    database.close()
    return [(sender.decode(), control_id.decode()) for sender, control_id in rows]


@asynccontextmanager
async def gateway(path: Path, limits: Limits | None = None, listener: Listener | None = None) -> AsyncIterator[Gateway]:
    """Run a gateway at a free port, and stop it in order."""
    store = Store.open(path)
    made = Gateway(store, limits or Limits())
    try:
        made.start([listener or Listener(port=0)])
        yield made
    finally:
        await made.stop()
        store.close()


def port_of(made: Gateway) -> int:
    """Return the port of its first listener."""
    return made.addresses[0][1]


class Wire:
    """A connection on which a test says whatever it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._framer = Framer(2**20)
        self._answers: list[bytes] = []

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    def stop_fetching(self) -> None:
        """Leave what the other side says in the network."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()

    async def send(self, *messages: bytes) -> None:
        await self.say(*map(frame, messages))

    async def answers(self, number: int, *, seconds: float = 20) -> list[bytes]:
        """Return the next answers; fewer if the other side hangs up."""
        async with asyncio.timeout(seconds):
            while len(self._answers) < number and (data := await self.reader.read(2**16)):
                self._answers += self._framer.feed(data)
        found, self._answers = self._answers[:number], self._answers[number:]
        return found

    async def is_closed(self, *, seconds: float = 20) -> bool:
        """Whether the other side hangs up within some seconds; what it says first is dropped."""
        try:
            async with asyncio.timeout(seconds):
                while await self.reader.read(2**16):
                    pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True


@asynccontextmanager
async def wire(port: int, *, host: str = HOST, **options: object) -> AsyncIterator[Wire]:
    """Connect, and hang up at the end."""
    reader, writer = await asyncio.open_connection(host, port, **options)  # type: ignore[arg-type]
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


def msa(answer: bytes) -> tuple[str, str]:
    """Return code and control id of an answer."""
    line = next(line for line in answer.decode("latin-1").split("\r") if line.startswith("MSA"))
    return (*line.split(line[3]), "")[1], (*line.split(line[3]), "", "")[2]


def codes(answers: Iterable[bytes]) -> list[str]:
    """Return the codes of answers."""
    return [msa(answer)[0] for answer in answers]
