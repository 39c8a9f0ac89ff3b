"""What the state of a pump rests on: the last report that proved something, as it was signed, and what ran before."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, literal, select, update

from openinfusion.core.errors import SenderError
from openinfusion.fleet.proof import Outcome, Proof, Witness
from openinfusion.fleet.report import Report, read_report
from openinfusion.gateway.devices.tables import chapter_report, from_microseconds, last_report, ran, to_microseconds

_KEEP = (
    update(last_report)
    .where(last_report.c.pump == bindparam("whose"))
    .values(at=bindparam("moment"), raw=bindparam("signed"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    The last report that proved something.

    Attributes:
        at: when it came.
        report: what it said; ``None`` where this version of the software cannot read it.
        raw: its bytes, with the signature.
        fault: why it cannot be read, if so.

    """

    at: datetime
    report: Report | None
    raw: bytes
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A release that a pump was proven to run: since when, which content, and how surely that was known."""

    since: datetime
    number: int
    sha256: str
    level: str


def keep(connection: Connection, pump: int, outcome: Outcome, *, data: bytes, before: Witness, at: datetime) -> None:
    """Keep a report that proved something of a pump, and the release where it is another than was proven before."""
    proof = outcome.witness.proof
    if not outcome.is_proof or proof is None:
        return
    moment = to_microseconds(at)
    if not connection.execute(_KEEP, {"whose": pump, "moment": moment, "signed": data}).rowcount:
        connection.execute(last_report.insert().values(pump=pump, at=moment, raw=data))
    if _runs(proof) is not None and _runs(proof) != _runs(before.proof):
        row = {"since": to_microseconds(proof.since), "number": proof.number, "sha256": proof.sha256}
        connection.execute(ran.delete().where((ran.c.pump == pump) & (ran.c.since == row["since"])))
        connection.execute(ran.insert().values(pump=pump, level=proof.level, **row))


def _runs(proof: Proof | None) -> tuple[int, str] | None:
    """Return what a proof shows that is loaded; nothing where it shows that something is wrong with that."""
    return None if proof is None or proof.fault is not None else (proof.number, proof.sha256)


def evidence_of(connection: Connection, pump: int) -> Evidence | None:
    """Return the last report of a pump that proved something, by its number in the database."""
    row = connection.execute(select(last_report).where(last_report.c.pump == pump)).first()
    if row is None:
        return None
    at = from_microseconds(row.at)
    try:
        report, _, _ = read_report(row.raw)
    except SenderError as error:  # a newer version of the software may have kept what this one cannot read
        return Evidence(at=at, report=None, raw=row.raw, fault=str(error))
    return Evidence(at=at, report=report, raw=row.raw)


def put_away(connection: Connection, pump: int, *, ended: datetime) -> None:
    """Keep the last report of a pump with the chapter that ends: it is evidence for nothing that comes after."""
    row = select(literal(pump), literal(to_microseconds(ended)), last_report.c.at, last_report.c.raw)
    columns = ("pump", "ended", "at", "raw")
    connection.execute(chapter_report.insert().from_select(columns, row.where(last_report.c.pump == pump)))
    connection.execute(last_report.delete().where(last_report.c.pump == pump))


def runs_of(connection: Connection, pump: int) -> list[Ran]:
    """Return the releases that a pump was proven to run, the newest first; none from before this was kept."""
    rows = connection.execute(select(ran).where(ran.c.pump == pump).order_by(ran.c.since.desc()))
    return [
        Ran(since=from_microseconds(row.since), number=row.number, sha256=row.sha256, level=row.level) for row in rows
    ]
