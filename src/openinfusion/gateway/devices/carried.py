"""What a USB stick brought home from pumps that no network reaches: reports and events, taken as often as they come."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import Connection

from openinfusion.adapters.documents import read_bytes
from openinfusion.core.errors import FileTooLargeError, OperatorError, SenderError
from openinfusion.fleet.report import LONGEST_REPORT
from openinfusion.gateway.devices import events, pumps
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.names import check_pump, serial_of
from openinfusion.gateway.devices.pumps import Known
from openinfusion.gateway.devices.reports import judge
from openinfusion.gateway.devices.trees import Trees

_REPORT = re.compile(r"report-(\d{1,16})-(\d{1,16})\.json")
_EVENTS = re.compile(r"events-(\d{1,16})-(\d{1,16})-\d{1,16}\.json")
_LARGEST_BATCH = 16 * 2**20
_MOST_EVENTS = 100_000


@dataclass(slots=True)
class Carried:
    """
    What came from one pump.

    Attributes:
        proofs: reports that showed something new of what it ran.
        found: what was found in reports, by code.
        new: events that were kept now,
        known: and before.
        trouble: files that could not be taken, and why.

    """

    pump: str
    proofs: int = 0
    found: Counter[str] = field(default_factory=Counter)
    new: int = 0
    known: int = 0
    trouble: list[str] = field(default_factory=list)


def take_stick(database: Database, trees: Trees, stick: Path, *, at: datetime) -> list[Carried]:
    """
    Take what is on a stick, whole files each by itself; the stick is not changed, and may be taken again.

    Raises:
        OperatorError: it is no stick that pumps wrote on, or nothing can be stored.

    """
    folder = stick / "pumps"
    if not folder.is_dir():
        raise OperatorError(where=str(stick), found="no folder pumps", expected="a stick that pumps wrote on")
    return [_take(database, trees, one, at=at) for one in sorted(folder.iterdir()) if one.is_dir()]


def _take(database: Database, trees: Trees, folder: Path, *, at: datetime) -> Carried:
    made = Carried(unquote(folder.name))
    try:
        check_pump(made.pump)
        for path in _in_order(folder, _REPORT):
            with _noting_trouble(made, path):
                _take_report(made, path, database, trees=trees, at=at)
        for path in _in_order(folder, _EVENTS):
            with _noting_trouble(made, path):
                _take_events(made, path, database, at=at)
    except SenderError as error:
        made.trouble.append(str(error))
    return made


def _in_order(folder: Path, kind: re.Pattern[str]) -> Iterator[Path]:
    """Yield files of one kind in the order in which the pump wrote them."""
    named = [(tuple(map(int, match.groups())), one) for one in folder.iterdir() if (match := kind.fullmatch(one.name))]
    yield from (one for _, one in sorted(named))


@contextmanager
def _noting_trouble(made: Carried, path: Path) -> Iterator[None]:
    """Note why a file cannot be taken, and go on with the next; what the operator must mend is raised."""
    try:
        yield
    except (SenderError, FileTooLargeError) as error:
        made.trouble.append(f"{path.name}: {error}")


def _take_report(made: Carried, path: Path, database: Database, *, trees: Trees, at: datetime) -> None:
    data = read_bytes(path, limit=LONGEST_REPORT)
    with database.transaction() as connection:
        _must_be_in_service(connection, made.pump)
        judged = judge(connection, made.pump, data, at=at, trees=trees)
    if judged is None:
        raise _unknown(made.pump)
    made.proofs += judged.outcome.is_proof
    made.found.update(one.what.value for one in judged.outcome.findings)


def _take_events(made: Carried, path: Path, database: Database, *, at: datetime) -> None:
    batch = events.read_batch(read_bytes(path, limit=_LARGEST_BATCH), most=_MOST_EVENTS)
    if strangers := batch.names - {made.pump, serial_of(made.pump)}:
        raise SenderError(where="events", found=repr(min(strangers)[:80]), expected=f"events of {made.pump}")
    with database.transaction() as connection:
        known = _must_be_in_service(connection, made.pump)
        kept = events.keep(connection, known.id, batch, at=at, epochs=known.epochs)
    made.new += kept.new
    made.known += kept.known


def _must_be_in_service(connection: Connection, pump: str) -> Known:
    known = pumps.find(connection, pump)
    if known is None:
        raise _unknown(pump)
    if known.denied is not None:
        found = f"a pump that was denied on {known.denied:%d-%b-%Y}"
        raise SenderError(where=pump, found=found, expected="one that may act; nothing of it was taken")
    return known


def _unknown(pump: str) -> SenderError:
    return SenderError(where=pump, found="a pump that is not known", expected="one that is")
