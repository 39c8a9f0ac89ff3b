"""What a pump is doing, as one value: to compare, and to check that its records tell the same."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from openinfusion.core.events import Alarm, Event, Kind, LibraryVersion, Segment
from openinfusion.core.units import ML, Quantity

if TYPE_CHECKING:
    from openinfusion.pump.machine.pump import Pump

NOTHING = Quantity(Fraction(0), ML)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """
    What a pump is doing, as far as its records tell.

    Attributes:
        is_on: whether it is switched on.
        library: the library in force.
        staged: the library that waits.
        care_area: the care area chosen.
        infusions: the infusions that were started and not ended, by name, each with the volume that it has given.
        flowing: the segment that flows, as it began.
        alarms: what it calls for.
        unanswered: how many alerts wait for an answer.

    """

    is_on: bool = False
    library: LibraryVersion | None = None
    staged: LibraryVersion | None = None
    care_area: str | None = None
    infusions: tuple[tuple[str, Quantity], ...] = ()
    flowing: Segment | None = None
    alarms: frozenset[Alarm] = frozenset()
    unanswered: int = 0


def replayed(events: Iterable[Event]) -> State:
    """Return the state of a pump that wrote these events, from nothing else."""
    state = State()
    for event in events:
        state = _after(state, event)
    return state


def _after(state: State, event: Event) -> State:
    """Return the state after one event."""
    changes: dict[str, Any] = {"infusions": _infusions(state, event)}
    if event.library is not None:
        changes["library"] = event.library
    if event.ended is not None or event.began is not None:
        changes["flowing"] = event.began
    if (change := _CHANGES.get(event.kind)) is not None:
        changes |= change(state, event)
    return replace(state, **changes)


_CHANGES: Mapping[Kind, Callable[[State, Event], dict[str, Any]]] = {
    Kind.POWER_ON: lambda _, __: {"is_on": True},
    Kind.POWER_OFF: lambda _, __: {"is_on": False},
    Kind.LIBRARY_STAGED: lambda _, event: {"staged": event.other_library},
    Kind.LIBRARY_ACTIVATED: lambda _, __: {"staged": None, "care_area": None},
    Kind.LIBRARY_REVERTED: lambda _, __: {"staged": None, "care_area": None},
    Kind.CARE_AREA_CHOSEN: lambda _, event: {"care_area": event.care_area},
    Kind.PATIENT_CHANGED: lambda _, __: {"care_area": None},
    Kind.ALERT_RAISED: lambda state, _: {"unanswered": state.unanswered + 1},
    Kind.ALERT_ANSWERED: lambda state, _: {"unanswered": state.unanswered - 1},
    Kind.ALARM_RAISED: lambda state, event: {"alarms": state.alarms | {event.alarm}},
    Kind.ALARM_CLEARED: lambda state, event: {"alarms": state.alarms - {event.alarm}},
}


def _infusions(state: State, event: Event) -> tuple[tuple[str, Quantity], ...]:
    held = dict(state.infusions)
    name = event.infusion
    if name is None:
        return state.infusions
    if event.kind is Kind.STARTED:
        held[name] = NOTHING
    for segment in (event.ended, event.began):
        if segment is not None and segment.total is not None and name in held:
            held[name] = segment.total
    if event.kind in (Kind.COMPLETED, Kind.STOPPED):
        held.pop(name, None)
    return tuple(held.items())


def state_of(pump: "Pump") -> State:
    """Return what a pump is doing."""
    channel, slots = pump.channel, pump.slots
    held = [infusion for infusion in (channel.primary, channel.secondary) if infusion is not None]
    return State(
        is_on=pump.is_on,
        library=slots.active.name,
        staged=slots.staged.name if slots.staged is not None else None,
        care_area=pump.area,
        infusions=tuple((infusion.id, Quantity(infusion.logged, ML)) for infusion in held),
        flowing=channel.stream.segment if channel.stream is not None else None,
        alarms=frozenset(pump.calls.active),
        unanswered=int(pump.alert is not None),
    )
