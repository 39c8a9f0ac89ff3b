"""What a pump notes, as records of the open event log: for one pump with a clock that is right, or as JSON at speed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any

from openinfusion.adapters.events.record import read_record
from openinfusion.core.errors import EventError
from openinfusion.core.events import Alarm, Container, Delivered, Event, LibraryVersion, Programmed, Response, Segment
from openinfusion.core.limits import Limit
from openinfusion.core.numbers import decimal_text, round_significant
from openinfusion.core.programme import Finding, Programme
from openinfusion.core.units import Quantity
from openinfusion.pump.machine.model import PumpModel
from openinfusion.pump.machine.notes import Note

Json = dict[str, Any]
_ENTERED = tuple(f.name for f in fields(Programme) if f.name not in ("care_area", "entry", "mode"))
_EXACT_PLACES = 10**6
_LOW = (Limit.HARD_MIN, Limit.SOFT_MIN)
_LEAST, _MOST = Fraction(1, 10**12), Fraction(10**15)
_MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpLabel:
    """What every record of a pump says of it, and when its second zero was."""

    number: str
    model: PumpModel
    start: datetime = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

    def at(self, seconds: Fraction) -> datetime:
        """Return a moment, to the millisecond."""
        return self.start + timedelta(milliseconds=round(seconds / _MILLISECOND))

    def event_id(self, note: Note) -> str:
        """Return the id of a note's record."""
        return f"{self.number}-{note.sequence:06d}"


def to_events(notes: Iterable[Note], label: PumpLabel) -> Iterator[Event]:
    """
    Yield notes as events of a pump whose clock is right.

    Raises:
        EventError: a note breaks a rule of the format; that is a fault of the pump.

    """
    for note in notes:
        record = to_record(note, label)
        reading = read_record(record)
        if reading.event is None:
            raise EventError(reading.faults, where=record["event_id"])
        yield reading.event


def to_record(note: Note, label: PumpLabel) -> Json:
    """Return a note as the JSON object of its record."""
    model = label.model
    record: Json = {
        "event_id": label.event_id(note),
        "kind": note.kind.value,
        "pump": label.number,
        "at": label.at(note.at).isoformat().replace("+00:00", "Z"),
        "maker": model.maker,
        "model": model.model,
        "software": model.software,
        "sequence": note.sequence,
        "library": library_json(note.library),
    }
    if note.ward is not None:
        record["ward"] = note.ward
    return record | fields_json(note, label.event_id)


def fields_json(note: Note, event_id: Callable[[Note], str]) -> Json:
    """Return what a note says beyond its pump and time; another note stands for the id of its record."""
    made: Json = {}
    for name, value in note.fields.items():
        if isinstance(value, Note):
            made[name] = event_id(value)
        elif value is not None:
            write = _WRITE.get(type(value))
            made[name] = value if write is None else write(value)
    return made


@lru_cache(maxsize=65536)
def number_text(value: Fraction) -> str:
    """Return the decimal of a value; of one with six places or less, which most are, without looking for more."""
    millionths, rest = divmod(value.numerator * _EXACT_PLACES, value.denominator)
    if rest or value < 0:
        return decimal_text(value)
    whole, places = divmod(millionths, _EXACT_PLACES)
    return f"{whole}.{places:06d}".rstrip("0").rstrip(".") if places else str(whole)


def quantity_json(quantity: Quantity) -> Json:
    """Return a quantity as a record says it."""
    return {"value": number_text(quantity.value), "unit": quantity.unit.code}


def library_json(name: LibraryVersion) -> Json:
    """Return a library as a record names it."""
    return {"name": name.name, "version": name.version, **({"sha256": name.sha256} if name.sha256 else {})}


def programme_json(programme: Programme | Programmed) -> Json:
    """Return what was entered as a record says it."""
    made: Json = {} if programme.mode is None else {"mode": programme.mode.value}
    for name in _ENTERED:
        quantity = getattr(programme, name)
        if quantity is not None:
            made[name] = quantity_json(quantity)
    return made


def alert_json(finding: Finding) -> Json:
    """Return a limit that was crossed as a record says it; raises ValueError for a problem without a limit."""
    if finding.limit is None or finding.attempted is None or finding.bound is None:
        raise ValueError("only a crossed limit is an alert")
    attempted = Quantity(_beyond(finding.attempted, finding.bound, finding.limit), finding.attempted.unit)
    return {
        "parameter": finding.parameter.value,
        "limit": finding.limit.value,
        "attempted": quantity_json(attempted),
        "bound": quantity_json(finding.bound),
    }


def _beyond(attempted: Quantity, limit: Quantity, which: Limit) -> Fraction:
    """Return an attempted value with few digits, beyond the limit that it crossed and within what a file holds."""
    value, bound = attempted.value, limit.to(attempted.unit).value
    if not _LEAST <= value <= _MOST:
        return max(_MOST, bound + 1) if value > _MOST else Fraction(0)
    if _EXACT_PLACES % value.denominator == 0:
        return value
    digits = 4
    while True:
        shown = round_significant(value, digits)
        if shown < bound if which in _LOW else bound < shown:
            return shown
        digits += 1


def _group_json(group: Segment | Delivered | Container) -> Json:
    made: Json = {}
    for name in group.__slots__:
        value = getattr(group, name)
        if value is not None:
            made[name] = quantity_json(value) if isinstance(value, Quantity) else value
    return made


def _seconds_text(value: Fraction) -> str:
    """Return seconds to the millisecond."""
    return number_text(Fraction(round(value * 1000), 1000))


def _word(value: Alarm | Response) -> str:
    word: str = value.value
    return word


_WRITE: Mapping[type, Callable[[Any], Any]] = {
    Fraction: _seconds_text,
    Programme: programme_json,
    Programmed: programme_json,
    Finding: alert_json,
    Segment: _group_json,
    Delivered: _group_json,
    Container: _group_json,
    LibraryVersion: library_json,
    Alarm: _word,
    Response: _word,
}
