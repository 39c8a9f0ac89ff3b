"""The report of a pump: what it runs, signed with its own key. This is the only proof there is."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from openinfusion.core.errors import SenderError

LONGEST_REPORT = 16_384
Level = Literal["pump-proven", "gateway-attested", "claimed"]
"""How surely something is known, the surest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """
    A library in a slot.

    Attributes:
        number: number of its release; 0 for the library of the factory.
        sha256: hash of its canonical bytes, read back from the slot; for the active library, from memory.
        length: how many bytes.
        since: when it was staged or activated, by the pump's clock.

    """

    number: int
    sha256: str
    length: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What the pump refused last: a code of ``fleet/agent``, the release where known, and when."""

    code: str
    at: datetime
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the pump is on the network; no patient, no bed."""

    ward: str | None = None
    access_point: str | None = None
    port: str | None = None
    dock: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEnd:
    """How far the pump's event log goes: its epoch, the last sequence number, and the hash of its chain."""

    epoch: int
    last_sequence: int
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Which metadata the pump trusts: versions of root and timestamp of both repositories."""

    releases_root: int
    releases_timestamp: int
    director_root: int
    director_timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What a pump says of itself.

    Attributes:
        pump: ``urn:pump:<maker>:<serial>``.
        model: its model.
        agent: version of its agent.
        epoch: rises whenever the agent lost its state.
        counter: rises with every report of an epoch.
        nonce: the server's, from the answer before; the first report has none and proves nothing yet.
        at: the pump's time; ``time_quality`` says how good it is.
        time_quality: "trusted" (signed time), "own" (its clock), "floor" (its clock was behind what it knows).
        floor: the earliest that it can be.
        active: the library in force.
        staged: the library that waits for the pump to be idle.
        previous: number of the release in the other slot, to go back to.
        loaded: SHA-256 over nonce and canonical bytes of the library as it is loaded (``proof_of``).
        state: what the pump does.
        trusts: versions of the metadata.
        refusal: what it refused last.
        place: where it is.
        battery: charge in per cent.
        log: how far its event log goes.
        level: "pump-proven", or "gateway-attested" where a gateway read it back from a pump without agent.

    """

    pump: str
    model: str
    agent: str
    epoch: int
    counter: int
    nonce: str
    at: datetime
    time_quality: Literal["trusted", "own", "floor"]
    floor: datetime
    active: Held
    staged: Held | None = None
    previous: int | None = None
    loaded: str
    state: Literal["idle", "infusing", "off"]
    trusts: Versions
    refusal: Refusal | None = None
    place: Place | None = None
    battery: int | None = None
    log: LogEnd | None = None
    level: Literal["pump-proven", "gateway-attested"] = "pump-proven"


def proof_of(library: bytes, nonce: str) -> str:
    """Return what shows that these bytes are loaded now: a hash over the server's nonce and them."""
    return hashlib.sha256(nonce.encode() + library).hexdigest()


def sign_report(report: Report, key: Ed25519PrivateKey) -> bytes:
    """Return a report as JSON with its signature, for the wire or a USB stick."""
    told = msgspec.to_builtins(report)
    return rfc8785.dumps({"report": told, "signature": key.sign(rfc8785.dumps(told)).hex()})


def read_report(data: bytes) -> tuple[Report, dict[str, Any], bytes]:
    """
    Return a report, what was signed, and its signature, neither of them checked.

    Raises:
        SenderError: it is not what a report looks like.

    """
    if len(data) > LONGEST_REPORT:
        raise SenderError(where="report", found=f"{len(data):,} bytes", expected=f"at most {LONGEST_REPORT:,}")
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
        told: dict[str, Any] = msgspec.json.decode(envelope.report)
        return msgspec.convert(told, Report), told, bytes.fromhex(envelope.signature)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise SenderError(where="report", found=str(error)[:200], expected="a signed report of a pump") from None


def is_signed(told: dict[str, Any], signature: bytes, key: Ed25519PublicKey) -> bool:
    """Whether what a report told was signed with the key of its pump."""
    try:
        key.verify(signature, rfc8785.dumps(told))
    except (InvalidSignature, rfc8785.CanonicalizationError):
        return False
    return True


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    report: msgspec.Raw
    signature: str
