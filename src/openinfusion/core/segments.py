"""
What a log says of delivery, as messages of IHE PCD-10 tell it, and whether it adds up.

``changes`` reads one record: the end of a delivery segment is a stop or a completion, a beginning is a start.
``delivery_faults`` holds the records of one pump against the rules of IHE for them. Source: IHE Devices Technical
Framework, Infusion Pump Event Communication.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Literal, NamedTuple

from openinfusion.core.errors import Fault
from openinfusion.core.event_parts import FlowSource, Pattern, Segment, Status, Stopped
from openinfusion.core.events import Event, Kind
from openinfusion.core.units import ML, ML_PER_H, Quantity, Unit

_SECONDS_AN_HOUR = 3600
_INFUSIONS = ("primary", "secondary")
_NO_VOLUME = Quantity(Fraction(0), ML)
_NO_FLOW = Quantity(Fraction(0), ML_PER_H)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    One change of delivery as a message tells it; what the record does not tell is ``None``.

    Attributes:
        event: a start, a stop, or a stop because the volume to be infused has been given.
        at: when, by the pump's clock.
        pump: which pump.
        infusion: which infusion on it.
        infusing: whether fluid moves at that moment; in transition it does.
        flow: how fast it moves then, in mL/h.
        source: what flows or flowed.
        status: what becomes of the fluid.
        because: why it no longer flows.
        pattern: how the rate follows from the programme.
        step: which step of a multi-step programme.
        rate: the rate of the segment, in mL/h.
        dose_rate: the dose that the rate delivers.
        vtbi: the volume to be infused by this source, in mL.
        segment: delivered in the segment, in mL.
        cumulative: delivered by the source so far, in mL; for an infusion with the single doses on top of it.
        source_total: delivered by the infusion so far, in mL.
        remaining: what the source has not given yet, in mL.
        seconds_remaining: how long that takes at the rate; zero where nothing remains or the vein is kept open.

    """

    event: Literal["start", "stop", "complete"]
    at: datetime
    pump: str
    infusion: str
    infusing: bool
    flow: Quantity | None
    source: FlowSource
    status: Status
    because: Stopped | None
    pattern: Pattern
    step: int | None
    rate: Quantity | None
    dose_rate: Quantity | None
    vtbi: Quantity | None
    segment: Quantity | None
    cumulative: Quantity | None
    source_total: Quantity | None
    remaining: Quantity | None
    seconds_remaining: Fraction | None


def changes(event: Event) -> tuple[Change, ...]:
    """Return what a record says of delivery: the end of a segment first, then the beginning of the next."""
    made = []
    if event.ended is not None:
        made.append(_change(event, event.ended, "complete" if event.ended.complete else "stop"))
    if event.began is not None:
        made.append(_change(event, event.began, "start"))
    return tuple(made)


def _change(event: Event, told: Segment, what: Literal["start", "stop", "complete"]) -> Change:
    is_infusing = told.status != "not delivering"
    total, vtbi, remaining = (_in(one, ML) for one in (told.total, told.vtbi, told.remaining))
    return Change(
        event=what,
        at=event.at,
        pump=event.pump,
        # A record that tells a segment names its infusion; ``core.events`` holds it to that.
        infusion=event.infusion or "",
        infusing=is_infusing,
        flow=_in(told.rate, ML_PER_H) if is_infusing else _NO_FLOW,
        source=told.source,
        status=told.status,
        because=told.because,
        pattern=told.pattern or "continuous",
        step=told.step,
        rate=_in(told.rate, ML_PER_H),
        dose_rate=told.dose_rate,
        vtbi=vtbi,
        segment=_in(told.volume, ML),
        cumulative=total if told.source in _INFUSIONS else _given(vtbi, remaining),
        source_total=total,
        remaining=remaining,
        seconds_remaining=_seconds_remaining(told),
    )


def _in(quantity: Quantity | None, unit: Unit) -> Quantity | None:
    return None if quantity is None else quantity.to(unit)


def _given(vtbi: Quantity | None, remaining: Quantity | None) -> Quantity | None:
    return None if vtbi is None or remaining is None else Quantity(vtbi.value - remaining.value, ML)


def _seconds_remaining(told: Segment) -> Fraction | None:
    if told.status == "kvo" or told.remaining == _NO_VOLUME:
        return Fraction(0)
    if told.remaining is None or told.rate is None or told.rate == _NO_FLOW:
        return None
    return told.remaining.to(ML).value / told.rate.to(ML_PER_H).value * _SECONDS_AN_HOUR


def delivery_faults(events: Iterable[Event]) -> Iterator[str]:
    """
    Yield what does not add up in what the records of one pump, in the order of their numbers, say of delivery.

    Each channel of the pump is judged by itself. A log may begin in the middle of an infusion, and what happened while
    records are missing is not known: nothing is expected of the first that is seen after that. What a record says is
    taken as true from there on, so that a fault is not said again for every record after it.
    """
    known = _Known()
    last: int | None = None
    for event in events:
        if _is_after_gap(event, last):
            known = _Known()
        last = event.sequence
        record = event.event_id if event.sequence is None else str(event.sequence)
        for fault in known.take(event):
            yield f"{event.pump}, record {record}: {fault.path}: found {fault.found}, expected {fault.expected}"


def _is_after_gap(event: Event, last: int | None) -> bool:
    if event.kind is Kind.LOG_GAP:
        return True
    return last is not None and event.sequence is not None and event.sequence != last + 1


class _Flow(NamedTuple):
    """What flows: of which infusion, from which source."""

    infusion: str
    source: FlowSource

    def __str__(self) -> str:
        """Return the words for it."""
        return f"the {self.source} segment of infusion {self.infusion}"


@dataclass(frozen=True, slots=True)
class _Meter:
    """What one source is to give, at which step, and what it has given of that, in mL; ``None`` is not known."""

    given: Fraction | None
    vtbi: Fraction | None = None
    step: int | None = None

    @property
    def is_done(self) -> bool:
        return self.vtbi is not None and self.given is not None and self.given >= self.vtbi


@dataclass(slots=True)
class _Infusion:
    """What is known of one infusion: its total in mL, ``None`` if it began before the first record, and its sources."""

    total: Fraction | None = None
    is_whole: bool = False
    meters: dict[FlowSource, _Meter] = field(default_factory=dict)

    def meter(self, source: FlowSource) -> _Meter:
        """Return the meter of a source; a new one has given nothing, if the infusion is known from its start."""
        return self.meters.get(source, _Meter(Fraction(0) if self.is_whole else None))

    def end(self, told: Segment) -> Iterator[Fault]:
        """Count a segment that has ended, and yield totals that differ."""
        volume, meter = _millilitres(told.volume), self.meter(told.source)
        yield from self._add("ended.total", told.total, volume)
        if meter.vtbi is not None and meter.vtbi != _millilitres(told.vtbi):
            yield Fault("ended.vtbi", _words(_millilitres(told.vtbi)), f"{_words(meter.vtbi)}, as it began")
        yield from self._settle("ended.remaining", told, (_sum(meter.given, volume),))

    def begin(self, told: Segment, *, goes_on: bool) -> Iterator[Fault]:
        """
        Hold a beginning against what its infusion and its source have given.

        A volume to be infused may start anew: another one, that of another step or of another single dose, one that
        was given in full, and where nothing flowed before, because the same volume may have been set again.
        """
        meter = self.meter(told.source)
        if told.volume is not None and told.volume != _NO_VOLUME:
            yield Fault("began.volume", str(told.volume), "0 mL")
        if told.status == "kvo" and told.vtbi is not None and told.vtbi != _NO_VOLUME:
            yield Fault("began.vtbi", str(told.vtbi), "0 mL, because the vein is only kept open")
        yield from self._add("began.total", told.total, Fraction(0))
        is_other = (meter.vtbi, meter.step) != (_millilitres(told.vtbi), told.step)
        may_renew = is_other or meter.is_done or told.source not in _INFUSIONS or not goes_on
        yield from self._settle("began.remaining", told, (meter.given, Fraction(0)) if may_renew else (meter.given,))

    def _add(self, path: str, told: Quantity | None, volume: Fraction | None) -> Iterator[Fault]:
        found, expected = _millilitres(told), _sum(self.total, volume)
        if found is not None and expected is not None and found != expected:
            yield Fault(path, _words(found), f"{_words(expected)}, the sum of the segments")
        self.total = expected if found is None else found

    def _settle(self, path: str, told: Segment, given: tuple[Fraction | None, ...]) -> Iterator[Fault]:
        """Find what remains among what may have been given; where nothing fits, take the record's word for it."""
        vtbi, found = _millilitres(told.vtbi), _millilitres(told.remaining)
        settled = given[0] if len(given) == 1 else None
        if vtbi is not None and found is not None:
            fitting = {max(vtbi - one, Fraction(0)): one for one in given if one is not None}
            if given[0] is not None and found not in fitting:
                yield Fault(path, _words(found), " or ".join(map(_words, fitting)))
            settled = fitting.get(found, vtbi - found)
        self.meters[told.source] = _Meter(settled, vtbi, told.step)


@dataclass(slots=True)
class _Known:
    """What the records so far say; a channel that none of them spoke of is absent, one where nothing flows ``None``."""

    flows: dict[str | None, _Flow | None] = field(default_factory=dict)
    infusions: dict[str, _Infusion] = field(default_factory=dict)

    def take(self, event: Event) -> Iterator[Fault]:
        """Yield what does not fit what is known, and know it from there on."""
        is_start = event.kind is Kind.STARTED
        if event.infusion is None or not (is_start or event.ended or event.began):
            return
        infusion = self._infusion(event.infusion, is_start=is_start)
        yield from _passage_faults(event)
        if event.ended is not None:
            yield from self._end(event.channel, _Flow(event.infusion, event.ended.source))
            yield from infusion.end(event.ended)
        if event.began is not None:
            yield from self._begin(event.channel, _Flow(event.infusion, event.began.source))
            yield from infusion.begin(event.began, goes_on=event.ended is not None)

    def _infusion(self, name: str, *, is_start: bool) -> _Infusion:
        new = _Infusion(total=Fraction(0), is_whole=True) if is_start else _Infusion()
        return self.infusions.setdefault(name, new)

    def _end(self, channel: str | None, told: _Flow) -> Iterator[Fault]:
        flow = self.flows.get(channel, told)
        if flow != told:
            yield Fault("ended", str(told), "nothing, because nothing flows" if flow is None else str(flow))
        self.flows[channel] = None

    def _begin(self, channel: str | None, told: _Flow) -> Iterator[Fault]:
        flow = self.flows.get(channel)
        if flow is not None:
            yield Fault("began", str(told), f"the end of {flow} first")
        self.flows[channel] = told


def _passage_faults(event: Event) -> Iterator[Fault]:
    """Find transitions to nothing or between two infusions, and beginnings in the record of a stop."""
    ended, began = event.ended, event.began
    if ended is None:
        return
    if ended.status == "not delivering":
        if began is not None:
            yield Fault("began", f"a {began.source} segment", "nothing in this record, because delivery has stopped")
    elif began is None:
        yield Fault("began", "nothing", f"what follows the {ended.source} segment at once, as it is transitioning")
    elif {ended.source, began.source} == set(_INFUSIONS):
        found = f"a {began.source} segment in transition from a {ended.source} one"
        yield Fault("began", found, "a stop, and a start in the next record")


def _millilitres(quantity: Quantity | None) -> Fraction | None:
    return None if quantity is None else quantity.to(ML).value


def _sum(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return None if one is None or other is None else one + other


def _words(volume: Fraction | None) -> str:
    return "nothing" if volume is None else Quantity(volume, ML).text()
