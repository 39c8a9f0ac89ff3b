"""What the server knows of each pump, and what it found that a person should look at."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, or_, select, update

from openinfusion.core.errors import OperatorError
from openinfusion.gateway.devices.tables import (
    changed,
    chapter,
    denied,
    finding,
    from_microseconds,
    pump,
    retired,
    to_microseconds,
)

LONGEST_WORDS = 500
_RE_ENROL = "openinfusion gateway devices re-enrol, which begins its proof anew"


@dataclass(frozen=True, slots=True)
class Known:
    """
    A pump that the server knows.

    Attributes:
        id: its number in the database.
        urn: ``urn:pump:<maker>:<serial>``.
        line: hospital and profile whose releases it takes: ``<hospital>/<profile>``.
        added: since when it is known.
        ring: the ring of the roll-out that it is in.
        gateway: the gateway that reports for it, where it cannot do so itself.
        report_key: the public Ed25519 key of its reports, 32 bytes.
        witness: what its reports have proved so far, as ``fleet/proof`` writes it.
        seen: when it was last heard of.
        attributes: what its update client says of it, as JSON; a claim.
        anew: since when it was enrolled anew, if it was.
        epochs: its epochs of events are counted on from here: a new memory begins with 1.
        denied, denied_why: since when it, or its gateway, may do nothing, and why.
        retired: since when it is gone.

    """

    id: int
    urn: str
    line: str
    added: datetime
    ring: str | None
    gateway: str | None
    report_key: bytes | None
    witness: bytes | None
    seen: datetime | None
    attributes: str | None
    anew: datetime | None
    epochs: int
    denied: datetime | None
    denied_why: str | None
    retired: datetime | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should look at: whose it is, what, since when, until when, how often."""

    who: str
    code: str
    first: datetime
    last: datetime
    times: int
    words: str


_CHAPTERS, _DENIED = chapter.c.pump == pump.c.id, denied.c.name.in_((pump.c.urn, pump.c.gateway))
_COLUMNS = (
    *(pump.c[name] for name in Known.__dataclass_fields__ if name in pump.c),
    select(func.max(chapter.c.ended)).where(_CHAPTERS).scalar_subquery().label("anew"),
    select(func.coalesce(func.max(chapter.c.epochs), 0)).where(_CHAPTERS).scalar_subquery().label("epochs"),
    select(func.min(denied.c.since)).where(_DENIED).scalar_subquery().label("denied"),
    select(func.min(denied.c.reason)).where(_DENIED).scalar_subquery().label("denied_why"),
    select(retired.c.since).where(retired.c.pump == pump.c.id).scalar_subquery().label("retired"),
)
_MOMENTS = ("added", "seen", "anew", "denied", "retired")
_OTHER_HOLDER = select(pump.c.urn).where((pump.c.report_key == bindparam("key")) & (pump.c.urn != bindparam("urn")))
_BY_URN = select(*_COLUMNS).where(pump.c.urn == bindparam("urn"))
_WITNESS = update(pump).where(pump.c.id == bindparam("whose")).values(witness=bindparam("proved"))
_SEEN = update(pump).where(pump.c.urn == bindparam("whose")).values(seen=bindparam("at"))
_UNMARK = changed.delete().where(changed.c.pump == bindparam("whose"))


def find(connection: Connection, urn: str) -> Known | None:
    """Return a pump, or ``None`` if it is not known."""
    row = connection.execute(_BY_URN, {"urn": urn}).first()
    return _known(row) if row else None


def every(connection: Connection) -> list[Known]:
    """Return all pumps that were not retired, in the order of their names."""
    in_service = pump.c.id.not_in(select(retired.c.pump))
    return [_known(row) for row in connection.execute(select(*_COLUMNS).where(in_service).order_by(pump.c.urn))]


def mark(connection: Connection, numbers: Iterable[int]) -> None:
    """Note that something of these pumps changed, for whoever watches; in the transaction that changes it."""
    if marked := list(numbers):
        connection.execute(_UNMARK, [{"whose": number} for number in marked])
        connection.execute(changed.insert(), [{"pump": number} for number in marked])


def mark_named(connection: Connection, name: str) -> None:
    """Note that something changed of the pump of a name, or of every pump of a gateway."""
    found = select(pump.c.id).where(or_(pump.c.urn == name, pump.c.gateway == name)).order_by(pump.c.id)
    mark(connection, connection.execute(found).scalars().all())


def last_change(connection: Connection) -> int:
    """Return the number of the last change; 0 where there was none."""
    return connection.scalar(select(func.max(changed.c.number))) or 0


def changed_since(connection: Connection, number: int) -> list[Known]:
    """Return the pumps of which something changed after the change of a number, also those that were retired since."""
    among = select(changed.c.pump).where(changed.c.number > number)
    return [_known(row) for row in connection.execute(select(*_COLUMNS).where(pump.c.id.in_(among)))]


def _known(row: Row[Any]) -> Known:
    told = row._asdict()
    told |= {name: None if told[name] is None else from_microseconds(told[name]) for name in _MOMENTS}
    return Known(**told)


def other_holder(connection: Connection, known: Known) -> str | None:
    """Return another pump that the key of a pump is known for; a gateway's key is that of many."""
    if known.report_key is None or known.gateway is not None:
        return None
    found: str | None = connection.scalar(_OTHER_HOLDER, {"key": known.report_key, "urn": known.urn})
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an operator says of a pump; what is ``None`` stays as it is."""

    line: str | None = None
    ring: str | None = None
    gateway: str | None = None
    report_key: bytes | None = None


def tell(connection: Connection, urn: str, told: Told, *, at: datetime) -> None:
    """
    Let a pump be known, or change what is known of it.

    Raises:
        OperatorError: a new pump without hospital and profile, a retired one, or a key that is not its first one.

    """
    values = {name: value for name, value in asdict(told).items() if value is not None}
    known = find(connection, urn)
    _must_fit(connection, told.report_key, known)
    if known is not None:
        if values:
            connection.execute(update(pump).where(pump.c.urn == urn).values(**values))
    elif told.line is None:
        raise OperatorError(where=urn, found="a new pump", expected="hospital and profile whose releases it takes")
    else:
        connection.execute(pump.insert().values(urn=urn, added=to_microseconds(at), **values))
    mark_named(connection, urn)


def _must_fit(connection: Connection, key: bytes | None, known: Known | None) -> None:
    if known is not None and known.retired is not None:
        raise OperatorError(where=known.urn, found="a pump that was retired", expected=_RE_ENROL)
    if key is None:
        return
    if known is not None and known.report_key not in (None, key):
        raise OperatorError(where="--report-key", found="another key than the one it has", expected=_RE_ENROL)
    ended = select(pump.c.urn).join(chapter, chapter.c.pump == pump.c.id).where(chapter.c.report_key == key)
    if (whose := connection.scalar(ended)) is not None:
        found = f"a key that ended when {whose} was enrolled anew"
        raise OperatorError(where="--report-key", found=found, expected="a new key")


def keep_witness(connection: Connection, number: int, witness: bytes) -> None:
    """Keep what the reports of a pump have proved."""
    connection.execute(_WITNESS, {"whose": number, "proved": witness})
    mark(connection, (number,))


def keep_seen(connection: Connection, seen: Mapping[str, datetime]) -> None:
    """Keep when pumps were last heard of."""
    if seen:
        rows = [{"whose": urn, "at": to_microseconds(at)} for urn, at in sorted(seen.items())]
        connection.execute(_SEEN, rows)


def note(connection: Connection, who: str, code: str, *, words: str, at: datetime) -> None:
    """Note a finding; one of the same kind about the same pump is counted."""
    moment, said = to_microseconds(at), words[:LONGEST_WORDS]
    which = (finding.c.who == who) & (finding.c.code == code)
    again = update(finding).where(which).values(last=moment, times=finding.c.times + 1, words=said)
    if not connection.execute(again).rowcount:
        row = {"who": who, "code": code, "first": moment, "last": moment, "times": 1, "words": said}
        connection.execute(finding.insert().values(**row))


def findings(connection: Connection, who: str | None = None) -> list[Finding]:
    """Return all findings, or those about one, the newest first."""
    asked = select(finding).order_by(finding.c.last.desc(), finding.c.who, finding.c.code)
    rows = connection.execute(asked if who is None else asked.where(finding.c.who == who))
    return [
        Finding(row.who, row.code, from_microseconds(row.first), from_microseconds(row.last), row.times, row.words)
        for row in rows
    ]
