"""A pump that signs reports and a server that judges them, for the tests of fleet/proof: no network, no clock."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openinfusion.fleet.proof import Outcome, Witness, receive
from openinfusion.fleet.report import Held, Place, Refusal, Report, Versions, proof_of, sign_report

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LINE = "st-example/adult"
LIBRARIES = {number: f'{{"library": "content {number}", "not_for_clinical_use": true}}'.encode() for number in range(9)}
SHA256 = {number: hashlib.sha256(data).hexdigest() for number, data in LIBRARIES.items()}
_BY_HASH = {SHA256[number]: data for number, data in LIBRARIES.items()}
_TRUSTS = Versions(releases_root=1, releases_timestamp=1, director_root=1, director_timestamp=1)


def loaded(sha256: str) -> bytes | None:
    """Return the bytes of a known release; release 0, of the factory, is not known."""
    return None if sha256 == SHA256[0] else _BY_HASH.get(sha256)


def is_release(number: int, sha256: str) -> bool:
    """Whether a number has the content of a hash."""
    return SHA256.get(number) == sha256


def key_of(pump: str) -> Ed25519PrivateKey:
    """Return the key of a pump, the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(pump.encode()).digest())


@dataclass(kw_only=True)
class BenchPump:
    """What a pump keeps; ``copied`` makes a clone of it, and a copy taken earlier is what it is restored from."""

    urn: str = "urn:pump:acme:1"
    epoch: int = 1
    counter: int = 0
    nonce: str = ""
    number: int = 0
    staged: int | None = None
    refusal: Refusal | None = None
    place: Place | None = None
    at: datetime = START
    more: dict[str, Any] = field(default_factory=dict)

    def report(self, **changed: Any) -> bytes:
        """Return its next report, signed; what is given replaces what it would say."""
        self.counter += 1
        said = Report(
            pump=self.urn,
            model="Example 1",
            agent="1.0",
            epoch=self.epoch,
            counter=self.counter,
            nonce=self.nonce,
            at=self.at,
            time_quality="trusted",
            floor=START,
            active=self.held(self.number),
            staged=None if self.staged is None else self.held(self.staged),
            loaded=proof_of(LIBRARIES[self.number], self.nonce),
            state="idle",
            trusts=_TRUSTS,
            refusal=self.refusal,
            place=self.place,
        )
        return sign_report(replace(said, **{**self.more, **changed}), key_of(self.urn))

    def held(self, number: int) -> Held:
        """Return a release as a slot holds it."""
        return Held(number=number, sha256=SHA256[number], length=len(LIBRARIES[number]), since=self.at)

    def copied(self) -> "BenchPump":
        """Return a pump with all that this one keeps, its key among it."""
        return replace(self)


@dataclass(kw_only=True)
class Server:
    """What a server does around ``receive``: it keeps the witness, hands out nonces, and has a clock to turn."""

    witness: Witness
    at: datetime = START
    nonces: Callable[[], str] = field(default_factory=lambda: map("nonce-{}".format, count(1)).__next__)

    def take(self, data: bytes, **how: Any) -> Outcome:
        """Judge a report that came."""
        known: dict[str, Any] = {"loaded": loaded, "is_release": is_release, **how}
        outcome = receive(self.witness, data, at=self.at, next_nonce=self.nonces(), **known)
        self.witness = outcome.witness
        return outcome

    def poll(self, pump: BenchPump, **changed: Any) -> Outcome:
        """Let a pump report, and tell it the next question."""
        pump.at = self.at
        outcome = self.take(pump.report(**changed))
        pump.nonce = outcome.next_nonce
        return outcome

    def turn(self, span: timedelta) -> None:
        """Let time pass."""
        self.at += span


def enrolled(pump: BenchPump, **changed: Any) -> Server:
    """Return a server that knows the key of a pump, and nothing else of it."""
    key = key_of(pump.urn).public_key().public_bytes_raw()
    return Server(witness=Witness(pump=pump.urn, line=LINE, enrolled=START, key=key, **changed))


def acquainted(number: int = 3, **changed: Any) -> tuple[BenchPump, Server]:
    """Return a pump and a server after the first contact and one proof that it runs a release."""
    pump = BenchPump(number=number, **changed)
    server = enrolled(pump)
    server.poll(pump)
    server.turn(MINUTE)
    assert server.poll(pump).is_proof
    server.turn(MINUTE)
    return pump, server


def found(outcome: Outcome) -> list[str]:
    """Return what was found, by its codes."""
    return [str(one.what) for one in outcome.findings]
