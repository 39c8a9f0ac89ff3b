"""Make records of what is heard; their ids follow from what they say."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from openinfusion.adapters.events import to_row
from openinfusion.adapters.hl7.story.heard import Heard
from openinfusion.core.errors import EventError
from openinfusion.core.events import Event, Kind

PREFIX = "hl7-"
_NO_CONTENT = frozenset({"event_id", "received", "received_offset"})


@dataclass(slots=True)
class Maker:
    """The records made so far, and why others could not be made."""

    made: list[Event] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def make(self, kind: Kind, *heard: Heard, extra: dict[str, str] | None = None, **fields: Any) -> Event | None:  # noqa: ANN401
        """Make a record of what one or two messages say, at the moment of the last, once all of them had come."""
        last = heard[-1]
        told: dict[str, Any] = {
            name: next((value for one in reversed(heard) if (value := getattr(one, name)) is not None), None)
            for name in ("maker", "model", "software", "library", "ward", "care_area", "drug", "channel", "private")
        }
        note = {"hl7": extra} if extra else {}
        try:
            event = Event(
                event_id=PREFIX,
                kind=kind,
                pump=last.pump,
                at=last.at,
                received=max(one.received for one in heard),
                extra=note,
                **(told | fields),
            )
        except EventError as error:
            self.faults.extend(fault_words(error))
            return None
        event = replace(event, event_id=_id_of(event))
        self.made.append(event)
        return event


def _id_of(event: Event) -> str:
    """Return an id that only a record with the same content has; when it came is not content."""
    told = to_row(event).items()
    row = {name: value for name, value in told if name not in _NO_CONTENT and not name.startswith("private_")}
    text = json.dumps(row, sort_keys=True, default=_text)
    return PREFIX + blake2b(text.encode(), digest_size=12).hexdigest()


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def fault_words(error: EventError) -> tuple[str, ...]:
    """Return why a record could not be made, in words."""
    return tuple(f"{one.path}: found {one.found}; expected {one.expected}" for one in error.faults)


def void(event_id: str, *, pump: str, at: datetime, received: datetime | None) -> Event:
    """Return the record that takes one back which no longer follows from what is heard."""
    return Event(
        event_id=f"{event_id}-void",
        kind=Kind.RECORD_VOIDED,
        pump=pump,
        at=at,
        received=received,
        about=event_id,
        reason="another message tells it otherwise",
    )
