"""The events of pumps, read into a lake: each record of the open event log, once, as the pump told it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from openinfusion.adapters.events import parse_lines
from openinfusion.core.events import EventLog
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.tables import cursor, event
from openinfusion.gateway.settings import LakePlace
from openinfusion.lake.ingest import CONFLICT, refusal_row
from openinfusion.lake.intake import prepare
from openinfusion.lake.store import Lake
from openinfusion.lake.write import Taken, Writer

BATCH = 20_000


@dataclass(slots=True)
class Drained:
    """What was read: events, those that are no record of the format, and what the lake kept."""

    events: int = 0
    rejected: int = 0
    taken: Taken = field(default_factory=Taken)


def drain(database: Database, place: LakePlace) -> Drained:
    """
    Read the events that came since the last time into a lake, which is made if it is absent.

    Raises:
        OperatorError: another process writes to the lake, or it is for another purpose.

    """
    lake, name = Lake.create(place.folder, place.purpose), f"lake {place.folder.resolve()}"
    header = EventLog(organisation=place.organisation, purpose=place.purpose)
    done = Drained()
    with Writer(lake) as writer:
        for last, lines, numbers in _batches(database, name):
            chunk = parse_lines(b"\n".join(lines), 1, header)
            taken, conflicts = writer.take(prepare(chunk.table, place.organisation))
            refused = [refusal_row(numbers[one.line - 1], one.event_id, one.faults) for one in chunk.rejected]
            refused += [refusal_row(0, event_id, (CONFLICT,)) for _, event_id in conflicts]
            if refused:
                whose: dict[str, Any] = {"file": "device API", "organisation": place.organisation}
                writer.reject([whose | row for row in refused])
            done.events += len(lines)
            done.rejected += len(chunk.rejected)
            done.taken += taken
            with database.transaction() as connection:
                _move(connection, name, last)
    return done


def _batches(database: Database, name: str) -> Iterator[tuple[int, list[bytes], list[int]]]:
    """
    Yield the events that were not read, in the order in which they came: the last number, lines, sequences.

    Nothing is passed over: one transaction at a time writes, so none below a number that can be seen is still to come.
    """
    with database.transaction(is_reading=True) as connection:
        position = connection.scalar(select(cursor.c.position).where(cursor.c.name == name)) or 0
    while True:
        columns = (event.c.id, event.c.sequence, event.c.raw, event.c.received)
        unread = select(*columns).where(event.c.id > position).order_by(event.c.id).limit(BATCH)
        with database.transaction(is_reading=True) as connection:
            rows = connection.execute(unread).all()
        if not rows:
            return
        position = rows[-1].id
        yield position, [_one_line(row.raw) for row in rows], [row.sequence for row in rows]


def _one_line(raw: bytes) -> bytes:
    """Return a record as one line, which a pump may have sent on several."""
    return msgspec.json.format(raw, indent=-1) if b"\n" in raw or b"\r" in raw else raw


def _move(connection: Connection, name: str, position: int) -> None:
    moved = connection.execute(cursor.update().where(cursor.c.name == name).values(position=position))
    if not moved.rowcount:
        connection.execute(cursor.insert().values(name=name, position=position))
