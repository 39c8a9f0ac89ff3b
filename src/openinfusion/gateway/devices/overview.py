"""What the server knows of every pump, for a person: what it is proven to run, and how far its events came."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.enrolment import certificate_ends
from openinfusion.gateway.devices.events import missing_ranges
from openinfusion.gateway.devices.reports import shown_witness
from openinfusion.gateway.devices.tables import lost, stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """How far the events of one epoch came, which numbers are missing, and which the pump no longer has."""

    epoch: int
    ack: int
    highest: int
    missing: tuple[tuple[int, int], ...]
    lost: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """
    One pump.

    Attributes:
        number: the release that it is proven to run.
        level: how surely that is known.
        anew: since when it was enrolled anew: nothing from before counts.
        seen: when it was last heard of, by the network or by a stick.

    """

    pump: str
    line: str
    ring: str | None
    number: int | None
    level: str | None
    as_of: datetime | None
    doubt: str | None
    anew: datetime | None
    seen: datetime | None
    certificate_ends: datetime | None
    streams: tuple[Stream, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        told = asdict(self)
        return {name: one.isoformat() if isinstance(one, datetime) else one for name, one in told.items()}

    def to_row(self) -> tuple[object, ...]:
        """Return it as a row of a table."""
        last = self.streams[-1] if self.streams else None
        missing = [pair for one in self.streams for pair in (*one.missing, *one.lost)]
        ranges = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in missing[:3])
        more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""  # noqa: PLR2004 - as many as fit
        when = (_when(self.as_of, ""), _when(self.seen, "never"), _when(self.certificate_ends, "none given"))
        return self.pump, self.line, self.ring or "", self._proven, *when, last.ack if last else 0, ranges + more

    @property
    def _proven(self) -> str:
        if self.number is not None:
            return f"{self.number} ({self.doubt or self.level})"
        since = f"none since it was enrolled anew {self.anew:%d-%b-%Y}" if self.anew else "none"
        return f"{since} ({self.doubt})" if self.doubt else since


def _when(moment: datetime | None, otherwise: str) -> str:
    return f"{moment:%d-%b-%Y %H:%M}" if moment else otherwise


def overview(connection: Connection) -> list[Overview]:
    """Return all pumps that were not retired, in the order of their names."""
    streams = _streams(connection)
    ends = certificate_ends(connection)
    return [_of(one, tuple(streams.get(one.id, ())), ends.get(one.urn)) for one in pumps.every(connection)]


def overview_of(connection: Connection, known: pumps.Known) -> Overview:
    """Return one pump."""
    streams = _streams(connection, known.id).get(known.id, [])
    return _of(known, tuple(streams), certificate_ends(connection, known.urn).get(known.urn))


def _streams(connection: Connection, pump: int | None = None) -> dict[int, list[Stream]]:
    streams: dict[int, list[Stream]] = {}
    asked = select(stream).order_by(stream.c.pump, stream.c.epoch)
    for row in connection.execute(asked if pump is None else asked.where(stream.c.pump == pump)):
        made = Stream(
            epoch=row.epoch,
            ack=row.ack,
            highest=row.highest,
            missing=missing_ranges(connection, row.pump, row.epoch, ack=row.ack) if row.ack < row.highest else (),
            lost=_lost(connection, row.pump, row.epoch),
        )
        streams.setdefault(row.pump, []).append(made)
    return streams


def _lost(connection: Connection, pump: int, epoch: int) -> tuple[tuple[int, int], ...]:
    """Return the numbers that the pump said it no longer has, without those that came all the same."""
    found: list[tuple[int, int]] = []
    which = (lost.c.pump == pump) & (lost.c.epoch == epoch)
    for row in connection.execute(select(lost.c.first, lost.c.last).where(which).order_by(lost.c.first)).all():
        found += missing_ranges(connection, pump, epoch, ack=row.first - 1, last=row.last)
    return tuple(found)


def _of(known: pumps.Known, streams: tuple[Stream, ...], ends: datetime | None) -> Overview:
    witness = shown_witness(known)
    proof, doubt = witness.proof, witness.doubt
    return Overview(
        pump=known.urn,
        line=known.line,
        ring=known.ring,
        number=proof.number if proof else None,
        level=proof.level if proof else None,
        as_of=proof.as_of if proof else None,
        doubt=doubt.what.value if doubt else proof.fault.value if proof and proof.fault else None,
        anew=known.anew,
        seen=max((one for one in (known.seen, witness.seen) if one is not None), default=None),
        certificate_ends=ends,
        streams=streams,
    )
