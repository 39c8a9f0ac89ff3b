"""Pumps in service and out of it: retired, or enrolled anew with another key; what was known of them stays."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from openinfusion.core.errors import OperatorError
from openinfusion.core.wording import counted
from openinfusion.fleet.proof import recall
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.denials import allow, deny
from openinfusion.gateway.devices.evidence import put_away
from openinfusion.gateway.devices.pumps import Known
from openinfusion.gateway.devices.tables import (
    certificate,
    chapter,
    denied,
    from_microseconds,
    pump,
    retired,
    stream,
    to_microseconds,
)


def must_be_known(connection: Connection, urn: str) -> Known:
    """Return a pump; raises OperatorError where it is not known."""
    known = pumps.find(connection, urn)
    if known is None:
        raise OperatorError(where=urn, found="a pump that is not known", expected="openinfusion gateway devices pump")
    return known


def retire(connection: Connection, urn: str, *, reason: str, at: datetime) -> None:
    """
    Take a pump out of service for good: it may do nothing, and is counted nowhere; its history stays.

    Raises:
        OperatorError: it is not known, or retired.

    """
    known = must_be_known(connection, urn)
    if known.retired is not None:
        raise OperatorError(where=urn, found=f"retired since {known.retired:%d-%b-%Y}", expected="a pump in service")
    deny(connection, urn, reason=reason, at=at)
    connection.execute(retired.insert().values(pump=known.id, since=to_microseconds(at), reason=reason))
    pumps.mark(connection, (known.id,))
    pumps.note(connection, urn, "retired", words=reason, at=at)


def enrol_anew(connection: Connection, urn: str, *, reason: str, at: datetime, report_key: bytes | None = None) -> int:
    """
    Begin with a pump anew, after it was repaired or its key was lost, and return how many certificates that ended.

    What its old key proved is kept and counts no more; the certificates given to it count for nothing, nor do others
    for their keys; it is in service, also if it was denied or retired. Without ``report_key`` it has none yet.

    Raises:
        OperatorError: it is not known, or the key was one before.

    """
    known = must_be_known(connection, urn)
    if report_key is not None and report_key == known.report_key:
        raise OperatorError(where="--report-key", found="the key that it has", expected="a new key")
    highest = select(func.max(stream.c.epoch)).where(stream.c.pump == known.id)
    epochs = max(connection.scalar(highest) or 0, known.epochs)
    why = f"{reason} ({_out_of_service(connection, known)})" if known.denied else reason
    row = {"pump": known.id, "ended": to_microseconds(at), "reason": why, "epochs": epochs}
    connection.execute(chapter.insert().values(**row, report_key=known.report_key, witness=known.witness))
    connection.execute(update(pump).where(pump.c.id == known.id).values(report_key=None, witness=None))
    put_away(connection, known.id, ended=at)
    if report_key is not None:
        pumps.tell(connection, urn, pumps.Told(report_key=report_key), at=at)
    serials = connection.execute(select(certificate.c.serial).where(certificate.c.urn == urn)).scalars().all()
    for serial in serials:
        deny(connection, serial, reason=f"enrolled anew: {reason}", at=at)
    allow(connection, urn)
    connection.execute(retired.delete().where(retired.c.pump == known.id))
    pumps.mark(connection, (known.id,))
    pumps.note(connection, urn, "enrolled-anew", words=reason, at=at)
    return len(serials)


def _out_of_service(connection: Connection, known: Known) -> str:
    """Return since when a pump was out of service, and why: what brings it back ends that, and keeps it."""
    gone = connection.execute(select(retired).where(retired.c.pump == known.id)).first()
    if gone is not None:
        return f"retired since {from_microseconds(gone.since):%d-%b-%Y}: {gone.reason}"
    return f"denied since {known.denied:%d-%b-%Y}: {known.denied_why}"


# --- History ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that was decided of a pump: when, what, why."""

    at: datetime
    what: str
    reason: str


def history(connection: Connection, urn: str) -> list[Turn]:
    """
    Return what was decided of a pump, the oldest first, and what it was proven to run until then.

    Raises:
        OperatorError: it is not known.

    """
    known = must_be_known(connection, urn)
    turns = [Turn(known.added, "known", known.line)]
    rows = connection.execute(select(chapter).where(chapter.c.pump == known.id).order_by(chapter.c.ended))
    turns += [Turn(from_microseconds(row.ended), f"enrolled anew; {_proven(row.witness)}", row.reason) for row in rows]
    gone = connection.execute(select(retired).where(retired.c.pump == known.id)).first()
    no_more = connection.execute(select(denied).where(denied.c.name == urn)).first()
    if no_more is not None and gone is None:
        turns.append(Turn(from_microseconds(no_more.since), "denied", no_more.reason))
    if gone is not None:
        turns.append(Turn(from_microseconds(gone.since), f"retired; {_proven(known.witness)}", gone.reason))
    given = connection.execute(select(certificate).where(certificate.c.urn == urn)).all()
    turns += [Turn(from_microseconds(row.begins), f"certificate {row.serial}", "given") for row in given]
    return sorted(turns, key=lambda one: one.at)


def _proven(witness: bytes | None) -> str:
    proof = None if witness is None else recall(witness).proof
    if proof is None:
        return "nothing was proven until then"
    return f"until then proven: release {proof.number}, last on {proof.as_of:%d-%b-%Y %H:%M}"


def said_of_retired(connection: Connection) -> str:
    """Return how many pumps were retired, as a sentence after the count of the others; nothing where none was."""
    number = connection.scalar(select(func.count()).select_from(retired)) or 0
    return f" {counted(number, 'pump')} retired, not listed." if number else ""
