"""
Past infusions as records of the open event log, so that what any record system kept can be asked and replayed.

Each infusion becomes three records: programmed, started, completed. A record system does not say on which entry it
ran, so the replay finds every entry that fits, as that of past infusions does; nor whether a library judged it, so
``with_library`` is false. Its times are taken as UTC where they have no zone.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil

from openinfusion.adapters.infusions import InfusionReading
from openinfusion.core import units
from openinfusion.core.errors import EventError
from openinfusion.core.events import Delivered, Event, Kind, Programmed
from openinfusion.core.infusions import Infusion
from openinfusion.core.naming import slug
from openinfusion.core.numbers import is_plain_decimal
from openinfusion.core.units import MINUTES, Quantity

PUMP = "not recorded"
_FINEST = 10**10


class PastInfusions(Iterable[Event]):
    """
    The records of the infusions of a file; the same file gives the same ids each time.

    An infusion that the format cannot hold does not stop the others: once all were taken, ``unwritten`` has its row and
    the reason.
    """

    def __init__(self, reading: InfusionReading) -> None:
        self.reading = reading
        self.unwritten: dict[int, str] = {}

    def __iter__(self) -> Iterator[Event]:
        source = slug(self.reading.source)
        for infusion in self.reading.infusions:
            try:
                records = list(_records(infusion, f"{source}-{infusion.row}"))
            except EventError as error:
                self.unwritten[infusion.row] = "; ".join(f"{fault.path}: {fault.found}" for fault in error.faults)
            else:
                yield from records


def events_of(reading: InfusionReading) -> PastInfusions:
    """Return the records of each infusion, to be taken one by one."""
    return PastInfusions(reading)


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
        duration=_duration(infusion),
        weight=infusion.weight,
        amount=strength.amount if strength is not None else None,
        diluent=strength.volume if strength is not None else None,
    )


def _delivered(infusion: Infusion) -> Delivered:
    """Return what it gave; an amount that some software worked out to 20 places is left out, as nothing rests on it."""
    amount = infusion.amount
    if amount is None or not is_plain_decimal(amount.value):
        return Delivered(duration=_duration(infusion))
    is_volume = amount.unit.kind is units.Kind.VOLUME
    return Delivered(
        volume=amount if is_volume else None, dose=None if is_volume else amount, duration=_duration(infusion)
    )


def _duration(infusion: Infusion) -> Quantity:
    """
    Return how long it ran, in minutes.

    Twenty seconds are no finite decimal of a minute. The next one above with ten places is less than a microsecond
    away, so that the replay, which counts whole microseconds, has the very length again.
    """
    value = infusion.duration.value
    return Quantity(value if is_plain_decimal(value) else Fraction(ceil(value * _FINEST), _FINEST), MINUTES)
