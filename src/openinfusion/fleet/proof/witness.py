"""What is remembered of one pump so that its next report can be judged: small, durable, never taken from a claim."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from sys import intern

import msgspec

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.proof.findings import Found
from openinfusion.fleet.report import Level, Place

NOBODY = b""
_NO_FLOOR = (-1, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """
    What the last report that counted has shown.

    Attributes:
        number: the release in force; 0 is the library of the factory, or one that nobody released.
        sha256: hash of its canonical bytes.
        since: when the pump was first proven to run it, without another one between; time of the server.
        as_of: of when the proof is: now for a report that came by the network, earlier for one that was carried.
        level: how surely it is known; only claimed where the bytes of the library are not known here.
        fault: what puts in doubt what it runs; another good proof settles it.
        fault_since: when that was found first.
        staged: number of the release that waits for the pump to be idle.
        staged_since: when it was first told.
        is_idle: whether nothing ran on the pump.
        after_loss: the agent had lost its state when it first proved this release, as after a change of the battery.

    """

    number: int
    sha256: str
    since: datetime
    as_of: datetime
    level: Level
    fault: Found | None = None
    fault_since: datetime | None = None
    staged: int | None = None
    staged_since: datetime | None = None
    is_idle: bool = True
    after_loss: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why it is not sure which pump speaks, since when, and what that report said; a person settles it."""

    what: Found
    since: datetime
    about: str


@dataclass(frozen=True, slots=True)
class Refused:
    """What the pump refused last: its code and release, and when the server was first told."""

    code: str
    number: int | None
    told: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """
    The question for whoever sent a report that was refused: it stays open whatever others report meanwhile.

    Attributes:
        nonce: the question.
        asked: when it was asked.
        epoch, counter: of the last report that counted then; no honest answer carries the same or less.

    """

    nonce: str
    asked: datetime
    epoch: int
    counter: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """
    What is remembered of one pump.

    Attributes:
        pump: ``urn:pump:<maker>:<serial>``.
        line: hospital and profile whose releases it takes, as ``hospital/profile``; numbers rise within a line.
        enrolled: since when it is known.
        key: its public Ed25519 key, 32 bytes; empty before it is known.
        is_gateways: the key is a gateway's, which speaks for a pump without an agent: at most gateway-attested.
        epoch, counter: of the last report that counted; -1 before there is one.
        floor: the highest epoch and counter that counted before a person settled a doubt.
        digest: of that report, so that the same bytes are known again.
        nonce: the question that is open; empty before there is one.
        asked: when it was asked.
        recheck: the question for whoever sent a report that was refused.
        high_water: the highest release that it was proven to run.
        model: its model, as it says.
        proof: what the last report that counted has shown.
        doubt: why it is not sure which pump speaks.
        refused: what the pump refused last.
        place: where it was on the network when it was last believed.
        seen: when it was last believed.

    """

    pump: str
    line: str
    enrolled: datetime
    key: bytes = NOBODY
    is_gateways: bool = False
    epoch: int = -1
    counter: int = -1
    floor: tuple[int, int] = _NO_FLOOR
    digest: bytes = b""
    nonce: str = ""
    asked: datetime | None = None
    recheck: Recheck | None = None
    high_water: int = 0
    model: str = ""
    proof: Proof | None = None
    doubt: Doubt | None = None
    refused: Refused | None = None
    place: Place | None = field(default=None)
    seen: datetime | None = None


def settled(witness: Witness) -> Witness:
    """
    Return it after a person has found out which pump speaks: the next fresh report of its key counts.

    Who did so and why belongs into the audit of the caller. The high-water mark stays: going back is found. So does
    how far its reports had come: an older one on a stick proves nothing again.
    """
    floor = max(witness.floor, (witness.epoch, witness.counter))
    return replace(witness, doubt=None, recheck=None, epoch=-1, counter=-1, digest=b"", floor=floor)


def moved(witness: Witness, line: str) -> Witness:
    """Return it for a pump that takes releases of another hospital or profile from now on: their numbers begin anew."""
    if line == witness.line:
        return witness
    return replace(witness, line=intern(line), high_water=0, proof=None, refused=None)


def keep(witness: Witness) -> bytes:
    """Return it as JSON, to be stored."""
    return msgspec.json.encode(witness)


def recall(data: bytes) -> Witness:
    """
    Return what ``keep`` stored.

    Raises:
        OperatorError: it is damaged.

    """
    try:
        return shared(msgspec.json.decode(data, type=Witness))
    except msgspec.DecodeError as error:
        raise OperatorError(where="witness", found=str(error)[:200], expected="what was stored of a pump") from None


def shared(witness: Witness) -> Witness:
    """Return it with what many pumps have in common, and moments that are the same, held once in memory."""
    proof, place, seen, asked = witness.proof, witness.place, witness.seen, witness.asked
    if proof is not None:
        seen = proof.as_of if seen == proof.as_of else seen
        asked = proof.as_of if asked == proof.as_of else asked
    return replace(
        witness,
        seen=seen,
        asked=asked,
        floor=_NO_FLOOR if witness.floor == _NO_FLOOR else witness.floor,
        line=intern(witness.line),
        model=intern(witness.model),
        proof=proof and replace(proof, sha256=intern(proof.sha256)),
        place=place and _shared_place(place),
    )


def _shared_place(place: Place) -> Place:
    parts = (place.ward, place.access_point, place.port, place.dock)
    ward, access_point, port, dock = (None if part is None else intern(part) for part in parts)
    return Place(ward=ward, access_point=access_point, port=port, dock=dock)
