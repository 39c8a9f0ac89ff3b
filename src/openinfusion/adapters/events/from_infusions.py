"""
Past infusions as records of the open event log, so that what any record system kept can be asked and replayed.

Each infusion becomes three records: programmed, started, completed. A record system does not say on which entry it
ran, so the replay finds every entry that fits, as that of past infusions does; nor whether a library judged it, so
``with_library`` is false. Its times are taken as UTC where they have no zone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from openinfusion.adapters.infusions import InfusionReading
from openinfusion.core import units
from openinfusion.core.events import Delivered, Event, Kind, Programmed
from openinfusion.core.infusions import Infusion
from openinfusion.core.naming import slug

PUMP = "not recorded"


def events_of(reading: InfusionReading) -> Iterator[Event]:
    """Yield the records of each infusion; the same file gives the same ids each time."""
    source = slug(reading.source)
    for infusion in reading.infusions:
        yield from _records(infusion, f"{source}-{infusion.row}")


def _records(infusion: Infusion, name: str) -> Iterator[Event]:
    moments = {Kind.PROGRAMMED: infusion.start, Kind.STARTED: infusion.start, Kind.COMPLETED: infusion.end}
    for kind, moment in moments.items():
        yield Event(
            event_id=f"{name}-{kind.value}",
            kind=kind,
            pump=PUMP,
            at=_in_utc(moment),
            drug=infusion.drug,
            care_area=infusion.care_area,
            therapy=infusion.therapy,
            infusion=name,
            with_library=False,
            programme=_programme(infusion) if kind is not Kind.COMPLETED else None,
            delivered=_delivered(infusion) if kind is Kind.COMPLETED else None,
        )


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _programme(infusion: Infusion) -> Programmed:
    strength = infusion.strength
    return Programmed(
        dose=infusion.dose,
        rate=infusion.rate,
        duration=infusion.duration,
        weight=infusion.weight,
        amount=strength.amount if strength is not None else None,
        diluent=strength.volume if strength is not None else None,
    )


def _delivered(infusion: Infusion) -> Delivered:
    amount = infusion.amount
    is_volume = amount is not None and amount.unit.kind is units.Kind.VOLUME
    return Delivered(
        volume=amount if is_volume else None,
        dose=None if is_volume else amount,
        duration=infusion.duration,
    )
