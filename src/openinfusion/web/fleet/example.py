"""
A small fleet for the example place: virtual pumps that signed real reports, judged as those of any pump.

Nothing of a state is written by hand. Each pump is enrolled with a key of its own, reports with questions of the server
answered, and what is shown follows from that: a dead port, a pump that lost its memory, one that refused, a clone.
Not for clinical use.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import Signer
from sqlalchemy import Connection

from openinfusion.adapters.library_file import read_library
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority import rings
from openinfusion.fleet.authority.keys import read_signer
from openinfusion.fleet.authority.listing import library_bytes, listing_of
from openinfusion.fleet.authority.online import refresh
from openinfusion.fleet.authority.proposals import sign
from openinfusion.fleet.authority.publishing import publish
from openinfusion.fleet.authority.releasing import Terms, propose_release
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trial import make_trial
from openinfusion.fleet.report import Held, LogEnd, Place, Refusal, Report, Versions, proof_of, sign_report
from openinfusion.gateway.devices import events, pumps
from openinfusion.gateway.devices.beginning import begin
from openinfusion.gateway.devices.clock import read_private_key
from openinfusion.gateway.devices.database import Database, set_fact
from openinfusion.gateway.devices.denials import deny
from openinfusion.gateway.devices.questions import Questions
from openinfusion.gateway.devices.reports import judge
from openinfusion.gateway.devices.trees import Trees

FOLDER, PORT = "fleet", 8443
HOSPITAL, PROFILE = "example-trust", "adult"
LINE = f"{HOSPITAL}/{PROFILE}"
FILES = ("library-1.0.0.json", "library-1.1.0.json")
_FIRST, _BENCH, _WARDS = timedelta(days=35), timedelta(days=8), timedelta(hours=30)
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_TRUSTED = Versions(releases_root=1, releases_timestamp=4, director_root=1, director_timestamp=6)
_MODELS = ("halden-s2", "halden-v1", "corvid-3")
_WARDS_OF: tuple[tuple[str, str, int], ...] = (
    ("clinical-engineering", "bench", 4),
    ("adult-critical-care-a", "canary", 10),
    ("adult-critical-care-b", "rest", 10),
    ("theatres", "rest", 12),
    ("ward-7", "rest", 9),
    ("ward-12", "rest", 8),
    ("equipment-library", "rest", 7),
)
"""Wards, the ring of their pumps, and how many there are."""


@dataclass
class Virtual:
    """
    A pump without a patient: a key, a memory, and what it has loaded.

    Attributes:
        kind: what becomes of it, by the stories of ``_fates``.

    """

    urn: str
    model: str
    ward: str
    port: str
    kind: str = "well"
    epoch: int = 1
    counter: int = 0
    nonce: str = ""
    records: int = 0
    runs: int = 1
    staged: int | None = None
    refusal: Refusal | None = None
    since: datetime | None = None
    heard: datetime | None = None
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def report(self, loaded: bytes, at: datetime, *, staged: bytes | None = None) -> bytes:
        """Return its next report, signed."""
        self.counter += 1
        held = self._held(self.runs, loaded, self.since or at)
        made = Report(
            pump=self.urn,
            model=self.model,
            agent="1.0",
            epoch=self.epoch,
            counter=self.counter,
            nonce=self.nonce,
            at=at - (timedelta(minutes=11) if self.kind == "slow-clock" else timedelta()),
            time_quality="own" if self.kind == "slow-clock" else "trusted",
            floor=at - _DAY,
            active=held,
            staged=self._held(self.staged, staged, at) if self.staged and staged else None,
            loaded=proof_of(loaded, self.nonce),
            state="infusing" if self.kind == "in-use" else "idle",
            trusts=_TRUSTED,
            refusal=self.refusal,
            place=Place(ward=self.ward, access_point=f"ap-{self.ward}", port=self.port, dock=None),
            battery=40 + self.counter * 7 % 60,
            log=LogEnd(
                epoch=self.epoch, last_sequence=max(self.records, 1), chain=sha256(self.urn.encode()).hexdigest()
            ),
        )
        return sign_report(made, self.key)

    def _held(self, number: int | None, library: bytes, since: datetime) -> Held:
        return Held(number=number or 0, sha256=_hash(library), length=len(library), since=since)

    def batch(self, kinds: tuple[str, ...], at: datetime, *, gap: int = 0) -> events.Batch:
        """Return records of its log; before the last of them some may be missing."""
        said = []
        for number, kind in enumerate(kinds):
            self.records += 1 + (gap if number == len(kinds) - 1 else 0)
            said.append(self._event(kind, at + timedelta(minutes=number)))
        body = json.dumps({"epoch": self.epoch, "events": said}).encode()
        return events.read_batch(body, most=100)

    def _event(self, kind: str, at: datetime) -> dict[str, Any]:
        told: dict[str, Any] = {
            "event_id": f"{self.urn}-{self.epoch}-{self.records}",
            "kind": kind,
            "pump": self.urn,
            "at": at.isoformat(),
            "model": self.model,
            "software": "4.2.1",
            "sequence": self.records,
            "ward": self.ward,
        }
        if kind == "connection":
            told |= {"connected": True, "network": "wired"}
        if kind.startswith("library"):
            told["library"] = {"name": "Example adult library", "version": f"release {self.runs}"}
        return told


@cache
def _hash(library: bytes) -> str:
    return sha256(library).hexdigest()


class Office:
    """The authority of the example, whose keys everybody may know."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.signers = {name: self._signer(name) for name in ("pharmacist", "safety-officer", "online")}

    def _signer(self, name: str) -> Signer:
        return read_signer(str(self.authority.folder / "keys" / f"{name}.pem"), lambda _: None)

    def release(self, file: Path, reason: str, at: datetime) -> int:
        terms = Terms(hospital=HOSPITAL, profile=PROFILE, reason=reason)
        proposal = propose_release(self.authority, read_library(file), terms, at=at)
        number = int(proposal.about()["number"])
        for name in ("pharmacist", "safety-officer"):
            sign(proposal, self.signers[name])
        publish(self.authority, proposal, self.signers["online"], at=at)
        return number

    def assign(self, ring: str, number: int, at: datetime) -> None:
        place = rings.Ring(hospital=HOSPITAL, profile=PROFILE, name=ring)
        rings.assign(self.authority, place, number, online=self.signers["online"], at=at)

    @cache  # noqa: B019 - lives as long as the office, which is a moment
    def library(self, number: int) -> bytes:
        return library_bytes(self.authority, listing_of(self.authority, HOSPITAL, PROFILE)[number])


class Server:
    """The server of the pumps as far as the example needs it: it judges reports and keeps events."""

    def __init__(self, connection: Connection, office: Office, questions: Questions) -> None:
        self.connection, self.office, self.questions = connection, office, questions
        self.trees = Trees(office.authority.folder)

    def hear(self, pump: Virtual, at: datetime) -> None:
        """Take a report of a pump; one that has no question yet gets one first."""
        self.trees.refresh()
        if pump.heard is None or at - pump.heard > _DAY / 2:
            pump.nonce = ""  # it was switched off meanwhile: its first report asks for a question
        pump.heard = at
        for _ in range(3):
            staged = self.office.library(pump.staged) if pump.staged else None
            data = pump.report(self.office.library(pump.runs), at, staged=staged)
            judged = judge(self.connection, pump.urn, data, at=at, trees=self.trees, questions=self.questions)
            if judged is None:
                return
            pump.nonce = judged.outcome.next_nonce
            if judged.outcome.is_proof:
                return

    def keep(self, pump: Virtual, kinds: tuple[str, ...], at: datetime, *, gap: int = 0) -> None:
        """Take records of the log of a pump."""
        known = pumps.find(self.connection, pump.urn)
        if known is not None:
            events.keep(self.connection, known.id, pump.batch(kinds, at, gap=gap), at=at)


def make(folder: Path, examples: Path, *, at: datetime) -> int:
    """
    Make the example fleet in the folder of a place, unless it is there, and return how many pumps it has.

    Raises:
        OperatorError: it cannot be written.

    """
    home = folder / FOLDER
    if home.exists():
        return 0
    home.mkdir(parents=True)
    make_trial(Authority(home / "authority"), hospital=HOSPITAL, profile=PROFILE, at=at - _FIRST)
    office = Office(home / "authority")
    config = begin(home, trees="authority", port=PORT)
    if not config.is_file():
        raise OperatorError(where=str(config), found="no file", expected="the settings of the device API")
    questions = Questions.of(read_private_key(home / "time.key"))
    database = Database.open(home / "state")
    try:
        with database.transaction() as connection:
            set_fact(connection, "life", "example")
            made = _play(Server(connection, office, questions), examples, at)
    finally:
        database.close()
    refresh(office.authority, office.signers["online"], at=at)
    return made


def _play(server: Server, examples: Path, at: datetime) -> int:
    """Let five weeks go by: a first release, a second for the bench, then for the wards, and what went wrong."""
    office, first, bench, wards = server.office, at - _FIRST, at - _BENCH, at - _WARDS
    one = office.release(examples / "trust" / FILES[0], "First library of the trust", first)
    for ring in ("bench", "canary", "rest"):
        office.assign(ring, one, first)
    fleet = list(_pumps())
    for number, (pump, ring) in enumerate(fleet):
        added = first + timedelta(minutes=7 * number)
        key = pump.key.public_key().public_bytes_raw()
        pumps.tell(server.connection, pump.urn, pumps.Told(line=LINE, ring=ring, report_key=key), at=added)
        if pump.kind != "never":
            pump.since = added + _HOUR
            server.hear(pump, added + _HOUR)
            server.keep(pump, ("power_on", "connection", "library_activated"), added + _HOUR)
    two = office.release(examples / "trust" / FILES[1], "Fentanyl by fixed concentration", bench - _HOUR)
    office.assign("bench", two, bench)
    office.assign("canary", two, bench + 3 * _DAY)
    office.assign("rest", two, wards)
    for number, (pump, ring) in enumerate(fleet):
        begun = {"bench": bench, "canary": bench + 3 * _DAY, "rest": wards}[ring]
        _live(server, pump, two, begun=begun, soon=timedelta(minutes=13 * number % 1300), at=at)
    _deny(server, fleet, at)
    return len(fleet)


def _live(server: Server, pump: Virtual, number: int, *, begun: datetime, soon: timedelta, at: datetime) -> None:
    """Let a pump take the release, or do what its story says instead."""
    last = at - timedelta(minutes=1 + soon // timedelta(minutes=90))
    if pump.kind in {"dead-port", "cupboard"}:
        away = timedelta(days=5, hours=2) if pump.kind == "dead-port" else timedelta(days=11)
        server.hear(pump, at - away - soon / 10)
    elif pump.kind in {"waits", "in-use"}:
        pump.staged = number if pump.kind == "in-use" else None
        server.hear(pump, last)
    elif pump.kind == "refuses":
        pump.refusal = Refusal(code="self-test", at=begun + _HOUR, number=number)
        server.hear(pump, last)
    elif pump.kind != "never":
        _take(server, pump, number, begun=begun, soon=soon, last=last)


def _take(server: Server, pump: Virtual, number: int, *, begun: datetime, soon: timedelta, last: datetime) -> None:
    pump.runs = number
    pump.since = min(begun + soon, last - timedelta(minutes=5))
    server.hear(pump, pump.since)
    server.keep(pump, ("library_staged", "library_activated"), pump.since, gap=3 if pump.kind == "gap" else 0)
    if pump.kind == "reverts":
        # Its battery was changed: the memory of its agent is gone, and with it the release.
        pump.epoch, pump.counter, pump.runs, pump.records = 2, 0, 1, 0
        server.keep(pump, ("power_on", "library_reverted"), last)
    elif pump.kind == "clone":
        server.hear(pump, last - _HOUR)
        # Another pump was made from a copy of it, with its key, and reports from where the copy was taken.
        pump.counter -= 2
    server.hear(pump, last)


def _deny(server: Server, fleet: list[tuple[Virtual, str]], at: datetime) -> None:
    for pump, _ in fleet:
        if pump.kind == "denied":
            deny(server.connection, pump.urn, reason="lost on the way to another hospital", at=at - 2 * _HOUR)


def _pumps() -> Iterator[tuple[Virtual, str]]:
    """Yield the pumps with their ring."""
    serial = 100
    for ward, ring, many in _WARDS_OF:
        for place in range(many):
            serial += 1
            port = f"{ward}-p{1 + place // 5}"
            model = _MODELS[(serial // 3) % len(_MODELS)]
            kind = _fates().get((ward, place), "well")
            yield Virtual(f"urn:pump:example:{serial:04d}", model, ward, port, kind), ring


def _fates() -> dict[tuple[str, int], str]:
    """Return what goes otherwise than well, by ward and place in it."""
    fates = {("ward-7", place): "dead-port" for place in range(5)}
    fates |= {("equipment-library", place): "cupboard" for place in (4, 5)}
    return fates | {
        ("ward-12", 2): "reverts",
        ("theatres", 3): "refuses",
        ("theatres", 7): "in-use",
        ("theatres", 8): "in-use",
        ("adult-critical-care-b", 1): "waits",
        ("adult-critical-care-b", 6): "clone",
        ("adult-critical-care-b", 8): "in-use",
        ("equipment-library", 6): "never",
        ("adult-critical-care-a", 4): "slow-clock",
        ("ward-12", 5): "gap",
        ("equipment-library", 1): "denied",
    }
