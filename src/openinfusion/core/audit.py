"""
The audit record: a chain of acts, each with the hash of the one before, so that no byte of it changes unseen.

A record's hash is SHA-256 over all its other fields in one unambiguous encoding: each as its name, its length in bytes
and its bytes, so that no two records can be encoded alike. A chain alone cannot show that its end was cut off or that
all of it was written anew: for that an anchor (number and hash of a record) is kept somewhere else.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from openinfusion.core.errors import ChangeControlError

FIRST = 1
NO_HASH = "0" * 64
_HASHED = ("seq", "utc", "actor", "role", "action", "object", "before_hash", "after_hash", "reason", "prev_hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """
    One act.

    Attributes:
        seq: its number; the first is 1 and none is left out.
        utc: when, as ISO 8601 text in UTC, kept as it was hashed.
        actor: the account that acted; never a patient's.
        role: the role in which it acted.
        action: what was done.
        object: what it was done to.
        before_hash: SHA-256 of the object before; empty where there was none.
        after_hash: SHA-256 of the object afterwards; empty where there is none.
        reason: why, in the person's own words.
        prev_hash: the hash of the record before; zeros for the first.
        hash: SHA-256 over all the other fields.

    """

    seq: int
    utc: str
    actor: str
    role: str
    action: str
    object: str
    before_hash: str
    after_hash: str
    reason: str
    prev_hash: str
    hash: str = ""

    def computed_hash(self) -> str:
        """Return the hash that the other fields give."""
        digest = hashlib.sha256()
        for name in _HASHED:
            value = str(getattr(self, name)).encode("utf-8", "surrogatepass")
            digest.update(f"{name}:{len(value)}:".encode())
            digest.update(value)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What is kept elsewhere of a chain: the number and the hash of one of its records."""

    seq: int
    hash: str


class FaultKind(Enum):
    """What is wrong with a chain."""

    CHANGED = "its bytes were changed"
    GAP = "records before it are missing"
    OUT_OF_ORDER = "it stands in the wrong place or twice"
    NOT_LINKED = "it does not follow from the record before"
    NO_HEAD = "the beginning is missing"
    NO_TAIL = "the end is missing"
    OTHER_CHAIN = "it is not the record that was anchored"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFault:
    """One thing wrong with a chain: the number of the record where it shows, and what it is."""

    seq: int
    kind: FaultKind

    def __str__(self) -> str:
        """Return the fault in words."""
        return f"record {self.seq:,}: {self.kind.value}"


def append(
    previous: AuditRecord | None,
    *,
    at: datetime,
    actor: str,
    role: str,
    action: str,
    subject: str,
    before_hash: str = "",
    after_hash: str = "",
    reason: str = "",
) -> AuditRecord:
    """
    Return the record that follows ``previous`` (``None`` begins a chain).

    Raises:
        ChangeControlError: the time has no zone, or nobody, nothing or no action is named.

    """
    if at.tzinfo is None:
        raise ChangeControlError(where="audit record, utc", found=at.isoformat(), expected="a time with its zone")
    for name, text in (("actor", actor), ("action", action), ("object", subject)):
        if not text.strip():
            raise ChangeControlError(where=f"audit record, {name}", found="nothing", expected="a text")
    record = AuditRecord(
        seq=previous.seq + 1 if previous else FIRST,
        utc=at.astimezone(UTC).isoformat(),
        actor=actor,
        role=role,
        action=action,
        object=subject,
        before_hash=before_hash,
        after_hash=after_hash,
        reason=reason,
        prev_hash=previous.hash if previous else NO_HASH,
    )
    return replace(record, hash=record.computed_hash())


def anchor_of(record: AuditRecord) -> Anchor:
    """Return what to keep elsewhere of a record."""
    return Anchor(seq=record.seq, hash=record.hash)


def verify(records: Sequence[AuditRecord], *, anchor: Anchor | None = None) -> tuple[ChainFault, ...]:
    """
    Return everything that is wrong with a whole chain, in its order; nothing means that it is as it was written.

    The first fault names the first record whose bytes changed, or where one is missing or misplaced. Without an anchor
    a cut end, and a chain that was written anew from some record on, cannot be seen.
    """
    faults = [*_faults(records)]
    if anchor is not None:
        faults += _anchor_faults(records, anchor)
    return tuple(faults)


def _faults(records: Sequence[AuditRecord]) -> Iterable[ChainFault]:
    expected, prev_hash = FIRST, NO_HASH
    for record in records:
        kind = _fault_of(record, expected=expected, prev_hash=prev_hash)
        # A number whose bytes may be changed says nothing: its place does.
        seq = expected if kind is FaultKind.CHANGED else record.seq
        if kind is not None:
            yield ChainFault(seq=seq, kind=kind)
        expected, prev_hash = seq + 1, record.hash


def _fault_of(record: AuditRecord, *, expected: int, prev_hash: str) -> FaultKind | None:
    """Return the first thing wrong with a record: its own bytes come before its place, since they say its place."""
    if record.hash != record.computed_hash():
        return FaultKind.CHANGED
    if record.seq > expected:
        return FaultKind.NO_HEAD if expected == FIRST else FaultKind.GAP
    if record.seq < expected:
        return FaultKind.OUT_OF_ORDER
    return FaultKind.NOT_LINKED if record.prev_hash != prev_hash else None


def _anchor_faults(records: Sequence[AuditRecord], anchor: Anchor) -> Iterable[ChainFault]:
    anchored = [record for record in records if record.seq == anchor.seq]
    if not anchored:
        yield ChainFault(seq=anchor.seq, kind=FaultKind.NO_TAIL)
    elif any(record.hash != anchor.hash for record in anchored):
        yield ChainFault(seq=anchor.seq, kind=FaultKind.OTHER_CHAIN)
