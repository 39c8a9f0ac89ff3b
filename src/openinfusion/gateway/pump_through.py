"""
From stored messages to events: whatever was stored can be read again, at any time, with a newer reader.

What was read is handed on before its place is noted. A process that is killed between the two hands it on again, so
``into`` must know what it has already; the lake does.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from openinfusion.core.errors import SenderError
from openinfusion.gateway.store import Store, Stored

T = TypeVar("T")
LAKE = "lake"
_BATCH = 500


@dataclass(slots=True)
class Replayed:
    """
    What was read.

    Attributes:
        messages: read, those at fault included.
        conflicts: how many of them came under a control id that another message had before. They are read like all
            others: senders begin their numbers anew, and what two messages say alike is told once.
        events: handed on.
        faults: messages that the reader refused, by its reason; they stay in the store.
        at_fault: the numbers of the first hundred of them.

    """

    messages: int = 0
    conflicts: int = 0
    events: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    at_fault: list[int] = field(default_factory=list)


def replay(
    store: Store,
    reader: Callable[[Stored], Iterable[T]],
    into: Callable[[Sequence[T]], None],
    *,
    name: str = LAKE,
    batch: int = _BATCH,
) -> Replayed:
    """
    Read what was stored since the last time and hand it on.

    Args:
        reader: makes events of a message; raises SenderError for one that it cannot read.
        into: keeps events durably, each once however often it is handed on; hears of every batch, also without any.
        name: of this reader's place; ``store.move(name, 0)`` lets it begin again.
        batch: how many messages are handed on at once.

    """
    told = Replayed()
    while messages := store.messages_after(store.position(name), limit=batch, conflicts=True):
        events = [event for message in messages for event in read_one(message, reader, told)]
        into(events)
        told.events += len(events)
        store.move(name, messages[-1].id)
    return told


def read_one(message: Stored, reader: Callable[[Stored], Iterable[T]], told: Replayed) -> list[T]:
    """Return the events of a message: all, or none if it is at fault."""
    told.messages += 1
    told.conflicts += message.conflict_of is not None
    if message.raw is None:
        return []
    try:
        return _read(message, reader)
    except SenderError as error:
        told.faults[f"found {error.found}; expected {error.expected}"] += 1
        if len(told.at_fault) < 100:  # noqa: PLR2004 - enough to look at
            told.at_fault.append(message.id)
        return []


def _read(message: Stored, reader: Callable[[Stored], Iterable[T]]) -> list[T]:
    if not message.is_sound:
        raise SenderError(where="", found="bytes that changed in the store", expected="the bytes that came")
    return list(reader(message))
