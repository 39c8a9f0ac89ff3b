"""
From what is heard of one pump to its records, whatever the order in which the messages came.

``tell`` is a function of the set of what is heard: late, repeated and shuffled messages give the same story. A record
that a sender tells whole is joined from its messages. Of all other senders a stop in transition and the start that
follows it are one change (a titration, a bolus out of a running infusion and its end, the step, the vein kept open);
ids of infusions and of records follow from what they say. What is missing is said in ``extra`` and never made up.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from openinfusion.adapters.events import event_from_row
from openinfusion.adapters.hl7.story.delivering import Deliveries
from openinfusion.adapters.hl7.story.heard import Heard, What
from openinfusion.adapters.hl7.story.making import Maker, fault_words
from openinfusion.adapters.hl7.story.own import MOMENTS, moment_columns
from openinfusion.adapters.hl7.story.states import Alarms, Claims
from openinfusion.core.errors import EventError
from openinfusion.core.events import Event

_ORDER = {what: number for number, what in enumerate(What)}


class Story(NamedTuple):
    """
    What is told of one pump.

    Attributes:
        events: its records, in the order in which they happened.
        waiting: messages that tell nothing until another one comes.
        faults: why a record could not be made, in words.

    """

    events: tuple[Event, ...]
    waiting: int = 0
    faults: tuple[str, ...] = ()


def tell(heard: Iterable[Heard]) -> Story:
    """Return the records that follow from everything that is heard of one pump, or of one record told whole."""
    every = sorted(_once(heard), key=_when)
    whole = [one for one in every if one.record is not None]
    return _join(whole) if whole else _fold(every)


def _once(heard: Iterable[Heard]) -> Iterable[Heard]:
    """Return each thing that is said once, as it was sent first and came first."""
    first: dict[Heard, Heard] = {}
    for one in heard:
        # Of a record in two messages each is another part of it, whatever else they say.
        key = one.key if one.record is not None else ""
        bare = one._replace(received=one.at, sent=None, key=key, record=None)
        known = first.get(bare)
        if known is None:
            first[bare] = one
            continue
        received = min(one.received, known.received)
        sent = min(filter(None, (one.sent, known.sent)), default=None)
        first[bare] = known._replace(received=received, sent=sent, key=min(one.key, known.key))
    return first.values()


def _when(one: Heard) -> tuple[Any, ...]:
    return one.at, one.sent or one.at, _ORDER[one.what], one.key


# --- Records told whole -----------------------------------------------------------------------------------------------


def _join(parts: list[Heard]) -> Story:
    """Return the one record that these messages tell, once all of it is there."""
    row: dict[str, Any] = {}
    for part in parts:
        row.update(part.record or {})
    is_whole = parts[0].of == 1 or {"ended_source", "began_source"} <= row.keys()
    if not is_whole:
        return Story((), waiting=1)
    if "received" not in row:
        row |= moment_columns("received", max(part.received for part in parts))
    odd = [name for name in MOMENTS if isinstance(row.get(name), str)]
    if odd:
        return Story((), faults=tuple(f"{name}: found no time; expected a time with its zone" for name in odd))
    try:
        return Story((event_from_row(row),))
    except EventError as error:
        return Story((), faults=fault_words(error))


# --- What follows from messages of the standard -----------------------------------------------------------------------


def _fold(every: list[Heard]) -> Story:
    maker = Maker()
    deliveries, claims, alarms = Deliveries(maker), Claims(maker), Alarms(maker)
    listeners: Mapping[What, Callable[[Heard], None]] = {
        What.STOP: deliveries.end,
        What.COMPLETE: deliveries.end,
        What.START: deliveries.begin,
        What.CLEARED: deliveries.clear,
        What.REPORT: deliveries.report,
        What.ALARM: alarms.begin,
        What.ALARM_GOES_ON: alarms.go_on,
        What.ALARM_END: alarms.end,
        What.PATIENT: claims.patient,
    }
    for one in every:
        claims.hear(one)
        listen = listeners.get(one.what)
        if listen is not None:
            listen(one)
    waiting = deliveries.waiting + alarms.waiting
    events = sorted(maker.made, key=attrgetter("at"))
    return Story(tuple(events), waiting, tuple(maker.faults))
