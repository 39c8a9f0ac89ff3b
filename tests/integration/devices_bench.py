"""A device API on one of its databases, signed trees, and pumps that report and tell events, for the tests."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from openinfusion.fleet.report import Held, Report, Versions, proof_of, sign_report
from openinfusion.gateway.device_settings import DeviceLimits, DevicesPlace
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.pumps import Told
from openinfusion.gateway.devices.questions import Questions
from openinfusion.gateway.devices.serving import Served, serving
from tests.fleet_desk import HOSPITAL, PROFILE, Desk, small_library

HOST = "127.0.0.1"
T = TypeVar("T")
LINE = f"{HOSPITAL}/{PROFILE}"
AT = datetime(2026, 11, 29, 8, tzinfo=UTC)
URN = "urn:pump:acme:P-1"
QUESTIONS = Questions(b"of a bench")


def make_trees(folder: Path) -> Desk:
    """Make trees with release 1, assigned to the ring "bench"."""
    desk = Desk(folder)
    desk.assign("bench", desk.release(small_library("1.0.0")))
    return desk


def make_place(folder: Path, trees: Path, **told: Any) -> DevicesPlace:
    """Return the settings of a device API that keeps what it knows in a folder."""
    (folder / "state").mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    if not (folder / "time.key").exists():
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "time.key").write_bytes(content)
    limits = DeviceLimits(requests_per_minute=1_000_000, burst=1_000_000)
    usual: dict[str, Any] = {"state": folder / "state", "time_key": folder / "time.key", "port": 0, "limits": limits}
    return DevicesPlace(trees=trees, **(usual | told))


def know(place: DevicesPlace, *known: "PumpOnBench", ring: str = "bench") -> None:
    """Let pumps be known."""
    database = Database.open(place.state, postgresql=place.postgresql)
    try:
        with database.transaction() as connection:
            for one in known:
                told = Told(line=LINE, ring=ring, report_key=one.key.public_key().public_bytes_raw())
                pumps.tell(connection, one.urn, told, at=AT)
    finally:
        database.close()


@dataclass
class PumpOnBench:
    """
    A pump as the server sees it.

    Attributes:
        library: the bytes that it has loaded, and their release.

    """

    urn: str = URN
    library: bytes = b"{}"
    number: int = 0
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    epoch: int = 1
    counter: int = 0
    nonce: str = ""

    @property
    def path(self) -> str:
        return f"/fleet/v1/pumps/{quote(self.urn, safe='')}"

    def report(self, **told: Any) -> bytes:
        """Return the next report, signed."""
        self.counter += 1
        active = Held(
            number=self.number, sha256=hashlib.sha256(self.library).hexdigest(), length=len(self.library), since=AT
        )
        made = Report(
            pump=self.urn,
            model="A1",
            agent="1.0",
            epoch=self.epoch,
            counter=self.counter,
            nonce=self.nonce,
            at=AT,
            time_quality="trusted",
            floor=AT,
            active=active,
            loaded=proof_of(self.library, self.nonce),
            state="idle",
            trusts=Versions(releases_root=1, releases_timestamp=1, director_root=1, director_timestamp=1),
        )
        return sign_report(replace(made, **told), self.key)

    def event(self, sequence: int, **told: Any) -> dict[str, Any]:
        """Return a record of its event log."""
        return {
            "event_id": f"{self.urn}-{self.epoch}-{sequence}",
            "kind": "pump_switched_on",
            "pump": self.urn,
            "at": "2026-11-29T08:00:00+00:00",
            "sequence": sequence,
            **told,
        }

    def events(self, *sequences: int, first: int | None = None, **told: Any) -> bytes:
        """Return the body of a request with events."""
        batch: dict[str, Any] = {"epoch": self.epoch, "events": [self.event(one, **told) for one in sequences]}
        return json.dumps(batch if first is None else {**batch, "first": first}).encode()


class Client:
    """Asks a server."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self.session = session
        self.base = base

    async def get(self, path: str, **options: Any) -> tuple[int, bytes]:
        async with self.session.get(self.base + path, **options) as found:
            return found.status, await found.read()

    async def post(self, path: str, data: bytes, **options: Any) -> tuple[int, Any]:
        async with self.session.post(self.base + path, data=data, **options) as found:
            return found.status, await found.json()

    async def report(self, pump: PumpOnBench, data: bytes | None = None) -> tuple[int, Any]:
        """Send a report, and remember the next nonce."""
        status, told = await self.post(f"{pump.path}/report", pump.report() if data is None else data)
        if "nonce" in told:
            pump.nonce = told["nonce"]
        return status, told

    async def events(self, pump: PumpOnBench, *sequences: int, **told: Any) -> tuple[int, Any]:
        return await self.post(f"{pump.path}/events", pump.events(*sequences, **told))


@asynccontextmanager
async def bench(place: DevicesPlace) -> AsyncIterator[tuple[Served, Client]]:
    """Serve, and have a client."""
    async with serving(place) as served, aiohttp.ClientSession() as session:
        yield served, Client(session, f"http://{HOST}:{served.port}")


def play(place: DevicesPlace, story: Callable[[Served, Client], Awaitable[T]]) -> T:
    """Have a story told with a server and a client."""

    async def run() -> T:
        async with bench(place) as (served, client):
            return await story(served, client)

    return asyncio.run(run())


async def never(_served: Served, _client: Client) -> None:
    """Where no server may come to serve."""
    raise AssertionError("it served")
