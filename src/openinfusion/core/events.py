"""
The open event log, version 1: one record for each thing that happened on a pump, the same for every maker.

It answers recommendation R/2020/104 of the national investigation (an open standard format for event logs). A log is
JSON Lines: a header (``EventLog``), then one ``Event`` a line. Every record stands on its own: it names the pump, the
time and the library in force, and an answered alert repeats the alert, so that nothing must be looked up in a record
that may be lost. Patient and user stand apart (``Private``) and are never analysed.

``Kind`` is a closed list; ``NEEDS`` says what each kind must tell. ``faults`` finds everything that is wrong with a
record, which a reader reports; an ``Event`` that exists has no fault.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Literal

from openinfusion.core.errors import EventError, Fault
from openinfusion.core.event_parts import (
    FIRST_YEAR,
    FORMAT,
    LARGEST_COUNT,
    LAST_YEAR,
    LONGEST_NAME,
    STATUSES,
    Alarm,
    Alert,
    Container,
    Delivered,
    EventLog,
    Kind,
    LibraryVersion,
    Private,
    Programmed,
    Response,
    Segment,
    count_faults,
    segment_faults,
    text_fault,
    time_faults,
)
from openinfusion.core.library import Limit
from openinfusion.core.numbers import is_plain_decimal, show_number
from openinfusion.core.programme import Programme
from openinfusion.core.units import MINUTES, ML, ML_PER_H, Quantity, Unit

__all__ = [
    "FIRST_YEAR",
    "FORMAT",
    "LARGEST_COUNT",
    "LAST_YEAR",
    "LONGEST_NAME",
    "LONGEST_SPAN",
    "MEASURES",
    "NEEDS",
    "STATUSES",
    "Alarm",
    "Alert",
    "Container",
    "Delivered",
    "Event",
    "EventLog",
    "Kind",
    "LibraryVersion",
    "Private",
    "Programmed",
    "Response",
    "Segment",
    "faults",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    One thing that happened on one pump.

    Attributes:
        event_id: unique for ever; the same record sent again has the same id.
        kind: what happened.
        pump: asset number or serial of the pump, the same in every record of it.
        at: when, by the pump's clock, with its time zone.
        maker: who makes the pump.
        model: model of the pump.
        software: version of the pump's software.
        sequence: number that the pump gives each record, one more each time.
        received: when the record reached the system that wrote the log.
        clock_offset: seconds by which the pump's clock is ahead of true time, where known.
        library: the library in force.
        ward: where the pump is.
        care_area: id or name of the care area chosen.
        entry: id of the entry of the library.
        drug: id or name of the drug.
        therapy: the indication chosen.
        category: whether a medicine or a fluid runs; dose limits are expected of both, and counted apart.
        channel: channel or module of the pump.
        infusion: names one infusion on this pump, from its first programme to its end.
        episode: random token for one patient's time on pumps; never a hospital number.
        with_library: whether the dose limits judged it; false is basic mode, outside the library.
        programme: what was entered.
        alert: the limit that was crossed.
        response: what became of the alert.
        reason: reason given or coded: for an override, a stop, a rejection.
        seconds: how long it took to answer the alert, or the alarm to clear.
        delivered: what the infusion has delivered so far.
        ended: the delivery segment that this change ends.
        began: the delivery segment that this change begins.
        container: the syringe or bag that the pump was given.
        alarm: what the pump calls for.
        other_library: the library staged, rejected, or in force before.
        search: letters typed to find a drug.
        power: what the pump now runs on.
        connected: whether the pump now has a connection.
        network: kind of connection.
        clock_before: what the pump's clock said before it was changed.
        first_lost: first sequence number that is lost.
        last_lost: last sequence number that is lost.
        about: id of the record that this one answers, clears or voids; of an alert, the programme that it speaks of.
        supersedes: id of the record that this one replaces.
        private: what may identify a person.
        extra: fields of newer versions and of makers, kept as they came.

    """

    event_id: str
    kind: Kind
    pump: str
    at: datetime
    maker: str | None = None
    model: str | None = None
    software: str | None = None
    sequence: int | None = None
    received: datetime | None = None
    clock_offset: Fraction | None = None
    library: LibraryVersion | None = None
    ward: str | None = None
    care_area: str | None = None
    entry: str | None = None
    drug: str | None = None
    therapy: str | None = None
    category: Literal["medicine", "fluid"] | None = None
    channel: str | None = None
    infusion: str | None = None
    episode: str | None = None
    with_library: bool | None = None
    programme: Programmed | None = None
    alert: Alert | None = None
    response: Response | None = None
    reason: str | None = None
    seconds: Fraction | None = None
    delivered: Delivered | None = None
    ended: Segment | None = None
    began: Segment | None = None
    container: Container | None = None
    alarm: Alarm | None = None
    other_library: LibraryVersion | None = None
    search: str | None = None
    power: Literal["mains", "battery"] | None = None
    connected: bool | None = None
    network: Literal["wifi", "wired"] | None = None
    clock_before: datetime | None = None
    first_lost: int | None = None
    last_lost: int | None = None
    about: str | None = None
    supersedes: str | None = None
    private: Private | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a record with any fault; ``EventError.faults`` has them all."""
        if found := tuple(faults(self)):
            raise EventError(found)

    def to_programme(self) -> Programme | None:
        """Return what was entered as the engine checks it, or ``None`` where the log does not say on which entry."""
        entered = self.programme
        if entered is None or entered.mode is None or self.entry is None or self.care_area is None:
            return None
        return Programme(
            care_area=self.care_area,
            entry=self.entry,
            mode=entered.mode,
            dose=entered.dose,
            rate=entered.rate,
            volume=entered.volume,
            duration=entered.duration,
            amount=entered.amount,
            diluent=entered.diluent,
            weight=entered.weight,
            height=entered.height,
            body_surface_area=entered.body_surface_area,
            lockout=entered.lockout,
            accumulated=entered.accumulated,
            background=entered.background,
            previous=entered.previous,
        )


_PROGRAMME = ("infusion", "programme")
NEEDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.POWER_ON: (),
    Kind.POWER_OFF: (),
    Kind.POWER_SOURCE: ("power",),
    Kind.LIBRARY_STAGED: ("other_library",),
    Kind.LIBRARY_ACTIVATED: ("library",),
    Kind.LIBRARY_REJECTED: ("other_library", "reason"),
    Kind.LIBRARY_REVERTED: ("library", "other_library"),
    Kind.CARE_AREA_CHOSEN: ("care_area",),
    Kind.DRUG_CHOSEN: ("drug",),
    Kind.DRUG_NOT_FOUND: ("search",),
    Kind.PROGRAMMED: ("infusion", "programme", "with_library"),
    Kind.ALERT_RAISED: ("infusion", "alert"),
    Kind.ALERT_ANSWERED: ("infusion", "alert", "about", "response"),
    Kind.STARTED: ("infusion", "with_library"),
    Kind.RATE_CHANGED: _PROGRAMME,
    Kind.BOLUS: _PROGRAMME,
    Kind.LOADING: _PROGRAMME,
    Kind.DOSE_ENDED: ("infusion", "ended"),
    Kind.DEMAND_REFUSED: ("infusion", "reason"),
    Kind.STEP_CHANGED: ("infusion", "ended", "began"),
    Kind.PAUSED: ("infusion",),
    Kind.RESUMED: ("infusion",),
    Kind.COMPLETED: ("infusion", "delivered"),
    Kind.STOPPED: ("infusion", "delivered"),
    Kind.KVO: ("infusion",),
    Kind.CONTAINER_CHANGED: ("container",),
    Kind.ALARM_RAISED: ("alarm",),
    Kind.ALARM_CLEARED: ("alarm", "about"),
    Kind.PATIENT_CHANGED: (),
    Kind.LOCATION_CHANGED: ("ward",),
    Kind.CLOCK_CHANGED: ("clock_before",),
    Kind.CONNECTION: ("connected",),
    Kind.LOG_GAP: ("first_lost", "last_lost"),
    Kind.RECORD_VOIDED: ("about",),
}


def faults(event: Event) -> Iterator[Fault]:
    """Yield everything that is wrong with a record whose fields have the right types."""
    for name in NEEDS[event.kind]:
        if getattr(event, name) is None:
            yield Fault(name, "nothing", f"a value, because the kind is {event.kind.value}")
    for rule in _RULES:
        yield from rule(event)


LONGEST_SPAN = 100 * 365 * 24 * 60 * 60
"""Seconds of a century, as far as a pump's clock may be from the truth."""
_TEXTS = (
    *("event_id", "pump", "maker", "model", "software", "ward", "care_area", "entry", "drug", "therapy", "channel"),
    *("infusion", "episode", "reason", "search", "about", "supersedes"),
)
_SEGMENT = {"rate": ML_PER_H, **dict.fromkeys(("volume", "total", "vtbi", "remaining"), ML)}
MEASURES: Mapping[str, Mapping[str, Unit]] = {
    "delivered": {"volume": ML, "duration": MINUTES},
    "ended": _SEGMENT,
    "began": _SEGMENT,
    "container": {"volume": ML, "size": ML},
}
"""What the quantities of some groups must measure."""
_LIBRARY = ("name", "version", "sha256")
_GROUP_TEXTS = {"library": _LIBRARY, "other_library": _LIBRARY, "private": ("patient", "user", "bed", "order")}


def _texts(event: Event) -> Iterator[Fault]:
    for path, text in _texts_of(event):
        if text is not None and (fault := text_fault(path, text)) is not None:
            yield fault


def _texts_of(event: Event) -> Iterator[tuple[str, str | None]]:
    for name in _TEXTS:
        yield name, getattr(event, name)
    for name, inner in _GROUP_TEXTS.items():
        group = getattr(event, name)
        if group is not None:
            yield from ((f"{name}.{text}", getattr(group, text)) for text in inner)


def _groups(event: Event) -> Iterator[Fault]:
    for name in ("programme", "delivered", "private"):
        group = getattr(event, name)
        if group is not None and all(getattr(group, part) is None for part in group.__slots__):
            yield Fault(name, "an object without a value", "at least one value, or no such key")


def _times(event: Event) -> Iterator[Fault]:
    for name in ("at", "received", "clock_before"):
        moment: datetime | None = getattr(event, name)
        if moment is not None:
            yield from time_faults(name, moment)


def _counts(event: Event) -> Iterator[Fault]:
    for name in ("sequence", "first_lost", "last_lost", "seconds"):
        number = getattr(event, name)
        if number is not None:
            yield from count_faults(name, number)
    if event.first_lost is not None and event.last_lost is not None and event.last_lost < event.first_lost:
        yield Fault("last_lost", str(event.last_lost), f"{event.first_lost} or more, the first lost")


def _spans(event: Event) -> Iterator[Fault]:
    for name in ("clock_offset", "seconds"):
        seconds: Fraction | None = getattr(event, name)
        if seconds is not None and abs(seconds) > LONGEST_SPAN:
            yield Fault(name, "more than a century", f"at most {LONGEST_SPAN} seconds")


def _decimals(event: Event) -> Iterator[Fault]:
    """Find exact numbers that no file can hold, such as a third."""
    for path, number in _numbers_of(event):
        if not is_plain_decimal(number):
            yield Fault(path, show_number(number), "a plain decimal of at most 18 digits and 18 places")


def _numbers_of(event: Event) -> Iterator[tuple[str, Fraction]]:
    for name in ("clock_offset", "seconds"):
        if (number := getattr(event, name)) is not None:
            yield name, number
    for part in ("programme", "alert", *MEASURES):
        group = getattr(event, part)
        for name in group.__slots__ if group is not None else ():
            if isinstance(quantity := getattr(group, name), Quantity):
                yield f"{part}.{name}", quantity.value


def _alert(event: Event) -> Iterator[Fault]:
    alert = event.alert
    if alert is None:
        return
    attempted, bound = alert.attempted, alert.bound
    if not attempted.unit.measures_like(bound.unit):
        yield Fault("alert.bound", bound.unit.text, f"a unit that measures like {attempted.unit.text}")
        return
    is_low = alert.limit in (Limit.HARD_MIN, Limit.SOFT_MIN)
    if not (attempted < bound if is_low else bound < attempted):
        side = "below" if is_low else "above"
        yield Fault("alert.attempted", str(attempted), f"a value {side} the limit of {bound}")


def _not_negative(event: Event) -> Iterator[Fault]:
    for part in ("programme", *MEASURES):
        group = getattr(event, part)
        for name in group.__slots__ if group is not None else ():
            quantity = getattr(group, name)
            if isinstance(quantity, Quantity) and quantity.value < 0:
                yield Fault(f"{part}.{name}", str(quantity), "zero or more")


def _measures(event: Event) -> Iterator[Fault]:
    """Find volumes that are not in mL, rates that are not in mL/h, and times that are not times."""
    for part, measures in MEASURES.items():
        group = getattr(event, part)
        for name, like in measures.items() if group is not None else ():
            quantity: Quantity | None = getattr(group, name)
            if quantity is not None and not quantity.unit.measures_like(like):
                yield Fault(f"{part}.{name}", quantity.unit.text, f"{like.text} or the like")


def _segments(event: Event) -> Iterator[Fault]:
    """Find segments that cannot be, and those of which nobody knows to which infusion they belong."""
    told = [(part, segment) for part in STATUSES if (segment := getattr(event, part)) is not None]
    for part, segment in told:
        yield from segment_faults(part, segment)
    if told and event.infusion is None and "infusion" not in NEEDS[event.kind]:
        yield Fault("infusion", "nothing", "a value, because a delivery segment is told")


def _references(event: Event) -> Iterator[Fault]:
    for name in ("about", "supersedes"):
        if getattr(event, name) == event.event_id:
            yield Fault(name, "the record's own id", "the id of another record")


_RULES: tuple[Callable[[Event], Iterator[Fault]], ...] = (
    _texts,
    _groups,
    _times,
    _counts,
    _spans,
    _decimals,
    _alert,
    _not_negative,
    _measures,
    _segments,
    _references,
)
