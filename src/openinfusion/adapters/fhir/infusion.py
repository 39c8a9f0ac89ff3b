"""
One infusion to its administrations: the infusion as a whole, then one for each stretch at one rate.

A delivery segment that the pump tells is what was delivered. Where a record of a start, a titration or a single dose
tells no segment, its programme gives the rate, and the part says that it was only programmed. Nothing is worked out
that no record tells: a part whose end is not known has none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from openinfusion.adapters.fhir.names import STOP
from openinfusion.adapters.fhir.values import Administration, Basis, Coding, Concept, Context, Purpose
from openinfusion.core.event_parts import Delivered, Kind, Programmed, Response, Segment
from openinfusion.core.events import Event
from openinfusion.core.units import Quantity, TimeBasis

_RUNS = frozenset({Kind.STARTED, Kind.RATE_CHANGED, Kind.RESUMED})
_DOSES = {Kind.BOLUS: "clinician", Kind.LOADING: "loading"}
_ENDS = {Kind.COMPLETED: "completed", Kind.STOPPED: "stopped"}
_FLOWS = frozenset({*_RUNS, *_DOSES, Kind.STEP_CHANGED, Kind.DOSE_ENDED, Kind.KVO})
_GOES_ON = frozenset({"between doses", "complete"})
"""Reasons of a pump to stand still that do not hold an infusion up."""
_NO_HALT = frozenset({None, *_GOES_ON})


class Naming(Protocol):
    """What gives ids and references."""

    def id(self, *parts: str) -> str:
        """Return the id of what these words name."""
        ...

    def url(self, *parts: str) -> str:
        """Return how others refer to it."""
        ...


def administrations_of(names: Naming, events: Sequence[Event], *, purpose: Purpose) -> Iterator[Administration]:
    """Yield what one infusion on one pump was: the whole, then its parts; nothing if it only was looked at."""
    if not any(e.programme or e.ended or e.began or e.kind in _FLOWS or e.kind in _ENDS for e in events):
        return
    pump, infusion = events[0].pump, events[0].infusion or ""
    parent = names.url("infusion", pump, infusion)
    shared = Administration(
        status="unknown", purpose=purpose, device=names.url("pump", pump), infusion=infusion, part="infusion"
    )
    whole = replace(shared, id=names.id("infusion", pump, infusion), url=parent)
    yield _whole(whole, events)
    yield from _Parts(names, replace(shared, part_of=parent)).of(events)


def _whole(blank: Administration, events: Sequence[Event]) -> Administration:
    status, reasons = _status(events)
    flowed = [event for event in events if event.kind in _FLOWS or event.began or event.ended]
    delivered = next((event.delivered for event in reversed(events) if event.delivered is not None), None)
    ending = next((event for event in reversed(events) if event.kind in _ENDS), None)
    start, end = _start(events), ending.at if ending is not None else None
    if not flowed and ending is None:
        start = end = events[0].at
    return replace(
        blank,
        status=status,
        medicine=_medicine(flowed or events) or _medicine(events),
        start=start,
        end=end,
        dose=_given(delivered),
        reasons=reasons,
        basis="delivered" if delivered is not None else None,
        record=events[0].event_id,
        episode=next((event.episode for event in events if event.episode is not None), None),
        delivered=delivered,
        context=_context(flowed[0] if flowed else events[-1]),
    )


def _start(events: Sequence[Event]) -> datetime | None:
    """Return when fluid first moved; ``None`` where the log begins in the middle of the infusion."""
    first = next((event for event in events if event.kind in _FLOWS or event.began or event.ended), None)
    if first is None or first.ended is not None:
        return None
    return first.at if first.kind is Kind.STARTED or first.kind in _DOSES else None


def _given(delivered: Delivered | None) -> Quantity | None:
    if delivered is None:
        return None
    return delivered.dose if delivered.dose is not None else delivered.volume


def _medicine(events: Sequence[Event]) -> Concept | None:
    drug = next((event.drug for event in events if event.drug is not None), None)
    return Concept(text=drug) if drug is not None else None


def _context(event: Event) -> Context | None:
    library = event.library
    made = Context(
        care_area=event.care_area,
        entry=event.entry,
        therapy=event.therapy,
        category=event.category,
        ward=event.ward,
        channel=event.channel,
        with_library=event.with_library,
        library_name=library.name if library else None,
        library_version=library.version if library else None,
        library_sha256=library.sha256 if library else None,
    )
    return made if made != Context() else None


def _status(events: Sequence[Event]) -> tuple[str, tuple[Concept, ...]]:
    """Return the status of an infusion as its last records leave it, and why."""
    status = "unknown"
    reasons: tuple[Concept, ...] = ()
    for event in events:
        halt = event.ended.because if event.ended is not None else None
        if event.kind in _ENDS:
            status, reasons = _ENDS[event.kind], _reasons(event)
        elif event.kind is Kind.PAUSED or (event.began is None and halt not in _NO_HALT):
            status, reasons = "on-hold", _reasons(event)
        elif event.kind in _FLOWS or event.began is not None:
            status, reasons = "in-progress", ()
    if status == "unknown" and events[-1].response is Response.CANCELLED:
        return "not-done", (Concept(text="the programme was given up after an alert"),)
    return status, reasons if status != "completed" else ()


def _reasons(event: Event) -> tuple[Concept, ...]:
    """Return why it stopped: what the pump says, and what a person gave as the reason."""
    because = event.ended.because if event.ended is not None else None
    told = (stop_concept(because),) if because is not None else ()
    return (*told, Concept(text=event.reason)) if event.reason is not None else told


def stop_concept(because: str) -> Concept:
    """Return why nothing flows, as the open event log says it."""
    return Concept(codings=(Coding(system=STOP, code=because.replace(" ", "-"), display=because),))


@dataclass(slots=True)
class _Parts:
    """The parts of one infusion while its records are read in order."""

    names: Naming
    blank: Administration
    made: list[Administration] = field(default_factory=list)
    flowing: Administration | None = None
    set_to: Administration | None = None
    programme: Programmed | None = None

    def of(self, events: Sequence[Event]) -> list[Administration]:
        """Return the parts, in the order in which they began."""
        for event in events:
            self.take(event)
        is_over = any(event.kind in _ENDS for event in events)
        self._leave(self.flowing, "unknown" if is_over else "in-progress")
        self._leave(self.set_to, "unknown" if is_over else "in-progress")
        return sorted(self.made, key=lambda part: part.start or part.end or events[0].at)

    def take(self, event: Event) -> None:
        """Read one record."""
        if event.kind is Kind.PROGRAMMED:
            self.programme = event.programme
        if event.ended is not None:
            self._end(event, event.ended)
        if event.began is not None:
            self._begin(event, event.began)
        elif event.ended is None:
            self._without_segment(event)

    def _part(self, event: Event, part: str, *, basis: Basis, at_end: bool = False) -> Administration:
        role = "ended" if at_end else "began"
        return replace(
            self.blank,
            id=self.names.id("part", event.event_id, role),
            url=self.names.url("part", event.event_id, role),
            medicine=_medicine((event,)),
            record=event.event_id,
            episode=event.episode,
            part=part,
            basis=basis,
            programmed=None if at_end else self._entered(event),
            context=_context(event),
        )

    def _entered(self, event: Event) -> Programmed | None:
        entered, self.programme = event.programme or self.programme, None
        return entered

    def _begin(self, event: Event, told: Segment) -> None:
        self._leave(self.flowing, "unknown")
        self._close_set(event)
        part = "kvo" if told.status == "kvo" else told.source
        made = self._part(event, part, basis="delivered")
        self.flowing = replace(made, status="in-progress", start=event.at, rate=told.rate, began=told)

    def _end(self, event: Event, told: Segment) -> None:
        open_ = self.flowing
        if open_ is not None and open_.began is not None and open_.began.source != told.source:
            self._leave(open_, "unknown")
            open_ = None
        if open_ is None:
            open_ = self._part(event, told.source, basis="delivered", at_end=True)
        self._close_set(event)
        is_cut = told.because is not None and told.because not in _GOES_ON and not told.complete
        rate = told.rate if told.rate is not None else open_.rate
        self.made.append(
            replace(
                open_,
                status="stopped" if is_cut else "completed",
                end=event.at,
                rate=rate,
                dose=told.volume,
                reasons=_reasons(event) if is_cut else (),
                ended=told,
            )
        )
        self.flowing = None

    def _without_segment(self, event: Event) -> None:
        """Read a record that tells no segment: what was programmed is all that is known."""
        if event.kind in _DOSES:
            part = self._part(event, _DOSES[event.kind], basis="programmed")
            self.made.append(replace(part, status="unknown", start=event.at, rate=rate_of(part.programmed)))
        elif event.kind in _RUNS and not (self.flowing and event.kind is not Kind.RATE_CHANGED):
            before = self.set_to.programmed if self.set_to is not None else None
            self._close_set(event)
            part = self._part(event, "primary", basis="programmed")
            entered = part.programmed or before
            self.set_to = replace(part, status="in-progress", start=event.at, programmed=entered, rate=rate_of(entered))
        elif event.kind is Kind.KVO:
            self._close_set(event)
            part = self._part(event, "kvo", basis="programmed")
            self.set_to = replace(part, status="in-progress", start=event.at, programmed=None)
        elif event.kind in _ENDS or event.kind is Kind.PAUSED:
            self._close_set(event, is_stop=event.kind is not Kind.COMPLETED)

    def _close_set(self, event: Event, *, is_stop: bool = False) -> None:
        if self.set_to is not None:
            status = "stopped" if is_stop else "completed"
            self.made.append(replace(self.set_to, status=status, end=event.at, reasons=_reasons(event) * is_stop))
            if event.kind is Kind.PAUSED and self.programme is None:
                # What is resumed is what was paused, unless something else is programmed meanwhile.
                self.programme = self.set_to.programmed
        self.set_to = None

    def _leave(self, part: Administration | None, status: str) -> None:
        if part is not None:
            self.made.append(replace(part, status=status))


def rate_of(entered: Programmed | None) -> Quantity | None:
    """Return the rate that a programme names: as volume per time, else as dose per time; ``None`` if it names none."""
    if entered is None or entered.rate is not None:
        return entered.rate if entered is not None else None
    dose = entered.dose
    return dose if dose is not None and dose.unit.time is not TimeBasis.NONE else None
