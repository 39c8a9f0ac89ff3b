"""Reports of pumps: judged by ``fleet/proof`` against what is durably remembered of each, in one transaction."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection

from openinfusion.core.errors import SenderError
from openinfusion.core.wording import moment
from openinfusion.fleet.proof import Doubt, Found, Outcome, Witness, keep, moved, recall, receive
from openinfusion.fleet.report import Report, proof_of, read_report
from openinfusion.gateway.devices import evidence, pumps
from openinfusion.gateway.devices.database import fact, set_fact
from openinfusion.gateway.devices.events import acknowledged
from openinfusion.gateway.devices.pumps import Known
from openinfusion.gateway.devices.questions import SLACK, Questions
from openinfusion.gateway.devices.trees import Trees

LARGE = 256 * 1024
"""A library of as many bytes is hashed before the transaction, in which all others wait."""
RESTORED = "database-restored"
_FORGOTTEN = "questions-forgotten"
_ORDINARY = {Found.FIRST_CONTACT, Found.REPEATED, Found.OVERTAKEN}


@dataclass(frozen=True, slots=True)
class Judged:
    """
    What came of a report.

    Attributes:
        ring: the ring that its pump is in.
        ack: how far the events of the pump's log are whole, where the report tells of a log.
        restored: how the report shows that the database is an older copy, if it does.

    """

    outcome: Outcome
    ring: str | None
    ack: int | None = None
    restored: str | None = None


@dataclass(frozen=True, slots=True)
class Hashed:
    """What ``proof_of`` returned for a library and a nonce."""

    library: bytes
    nonce: str
    proof: str

    def proof_of(self, library: bytes, nonce: str) -> str:
        """Return what ``proof_of`` does, without hashing again where that was done."""
        return self.proof if library is self.library and nonce == self.nonce else proof_of(library, nonce)


async def hash_ahead(data: bytes, trees: Trees) -> Hashed | None:
    """Hash what a report says that its pump has loaded, in a thread of its own, where that would take long."""
    return await asyncio.to_thread(_hash_ahead, data, trees) if trees.largest >= LARGE else None


def _hash_ahead(data: bytes, trees: Trees) -> Hashed | None:
    try:
        report, _, _ = read_report(data)
    except SenderError:
        return None
    library = trees.loaded(report.active.sha256)
    return None if library is None else Hashed(library, report.nonce, proof_of(library, report.nonce))


def judge(
    connection: Connection,
    urn: str,
    data: bytes,
    *,
    at: datetime,
    trees: Trees,
    questions: Questions | None = None,
    hashed: Hashed | None = None,
) -> Judged | None:
    """
    Judge a report, and remember what it proved; ``None`` if the pump is not known.

    Args:
        connection: in a transaction.
        urn: the pump that the report came for.
        data: the report as it came.
        at: when.
        trees: the releases that are known.
        questions: asks the next one, if the last was answered; ``None`` for a report that came on a stick, which proves
            what was and gets no answer.
        hashed: what was hashed for it ahead.

    """
    known = pumps.find(connection, urn)
    if known is None:
        return None
    witness = witness_of(known)
    outcome = receive(
        witness,
        data,
        at=at,
        next_nonce="" if questions is None else questions.ask(urn, at=at),
        loaded=trees.loaded,
        key=None if known.report_key is None else Ed25519PublicKey.from_public_bytes(known.report_key),
        key_holder=pumps.other_holder(connection, known),
        is_release=lambda number, sha256: trees.is_release(known.line, number, sha256),
        is_carried=questions is None,
        prove=proof_of if hashed is None else hashed.proof_of,
    )
    restored = None if questions is None else _restored(connection, outcome.report, witness, questions=questions)
    if restored is not None:
        forget_questions(connection, at=at)
        pumps.note(connection, "database", RESTORED, words=restored, at=at)
        again = judge(connection, urn, data, at=at, trees=trees, questions=questions, hashed=hashed)
        return again and replace(again, restored=restored)
    if outcome.witness != witness:
        pumps.keep_witness(connection, known.id, keep(outcome.witness))
        evidence.keep(connection, known.id, outcome, data=data, before=witness, at=at)
    for one in outcome.findings:
        if one.what not in _ORDINARY:
            pumps.note(connection, urn, one.what.value, words=str(one), at=at)
    log = None if outcome.report is None else outcome.report.log
    ack = None if log is None else acknowledged(connection, known.id, known.epochs + log.epoch)
    return Judged(outcome, known.ring, ack)


def _restored(connection: Connection, report: Report | None, witness: Witness, *, questions: Questions) -> str | None:
    """Return how a report shows that the database is an older copy; a question of ours shows it, whoever sends it."""
    asked = None if report is None else questions.asked(witness.pump, report.nonce)
    forgotten = fact(connection, _FORGOTTEN)
    moments = (
        witness.seen,
        witness.asked,
        None if witness.recheck is None else witness.recheck.asked,
        None if forgotten is None else datetime.fromisoformat(forgotten),
    )
    last = max([witness.enrolled, *(one for one in moments if one is not None)])
    if asked is None or asked <= last + SLACK:
        return None
    return (
        f"{witness.pump} answers a question of {moment(asked)}, and the database knows of none after {moment(last)}: "
        "it is an older copy. Every open question was taken back; pumps send again what it lacks of their events."
    )


def witness_of(known: Known) -> Witness:
    """Return what is remembered of a pump."""
    if known.witness is None:
        made = Witness(pump=known.urn, line=known.line, enrolled=known.anew or known.added)
    else:
        made = moved(recall(known.witness), known.line)
    is_gateways = known.gateway is not None
    return made if made.is_gateways == is_gateways else replace(made, is_gateways=is_gateways)


def shown_witness(known: Known) -> Witness:
    """Return what is remembered of a pump, as the view of the fleet counts it: a denied one is in doubt."""
    witness = witness_of(known)
    if known.denied is None or witness.doubt is not None:
        return witness
    return replace(witness, doubt=Doubt(Found.DENIED, known.denied, known.denied_why or ""))


def forget_questions(connection: Connection, *, at: datetime) -> int:
    """
    Take back every question that is open, to a refused report too, and return of how many pumps.

    After a restored backup a report that was already counted would answer one of them again.
    """
    open_ones = [one for one in pumps.every(connection) if one.witness is not None]
    for one in open_ones:
        pumps.keep_witness(connection, one.id, keep(replace(witness_of(one), nonce="", asked=None, recheck=None)))
    set_fact(connection, _FORGOTTEN, at.isoformat())
    return len(open_ones)
