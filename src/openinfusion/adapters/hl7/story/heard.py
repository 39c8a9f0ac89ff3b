"""What one message says of one pump, ready to be joined with what others say."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Literal, NamedTuple

from openinfusion.core.event_parts import Alarm, FlowSource, LibraryVersion, Private, Programmed, Segment


class What(Enum):
    """What a message says happened, or was so."""

    STOP = "stop"
    COMPLETE = "complete"
    START = "start"
    CLEARED = "cleared"
    REPORT = "report"
    ALARM = "alarm"
    ALARM_GOES_ON = "alarm goes on"
    ALARM_END = "alarm end"
    PATIENT = "patient"
    CLAIM = "claim"
    RECORD = "record"

    __hash__ = object.__hash__


class Heard(NamedTuple):
    """
    What one message says of one pump.

    Attributes:
        what: what it says.
        pump: which pump.
        at: when, by the pump's clock.
        received: when the message came.
        key: names the message: where two say the same, one of them is left out.
        sent: when it was sent; of what happened at one moment, the order of sending is the surest.
        channel: module of the pump, where it has an id of its own.
        maker: who makes the pump.
        model: model of the pump.
        software: version of its software.
        library: the library that it claims to run.
        ward: where it is.
        power: what it runs on.
        connected: whether it has a connection.
        care_area: the care area chosen.
        drug: the drug, by its name in the pump, else as the order names it.
        with_library: whether drug or care area come from the library.
        source: what flows, or flowed.
        segment: the delivery segment that ends or begins; of a report the one that runs, ``None`` if nothing does.
        programme: what the source is programmed to give.
        alarm: what the pump calls for.
        text: its words, where its code says too little.
        life: what all messages about one alarm have in common.
        fallback: the same, for senders that do not keep ``life``.
        private: what may identify a person.
        record: columns of a record that the sender tells whole (``vocabulary``), or this message's share of them.
        of: how many messages tell that record.

    """

    what: What
    pump: str
    at: datetime
    received: datetime
    key: str
    sent: datetime | None = None
    channel: str | None = None
    maker: str | None = None
    model: str | None = None
    software: str | None = None
    library: LibraryVersion | None = None
    ward: str | None = None
    power: Literal["mains", "battery"] | None = None
    connected: bool | None = None
    care_area: str | None = None
    drug: str | None = None
    with_library: bool = False
    source: FlowSource | None = None
    segment: Segment | None = None
    programme: Programmed | None = None
    alarm: Alarm | None = None
    text: str | None = None
    life: str | None = None
    fallback: str | None = None
    private: Private | None = None
    record: Mapping[str, Any] | None = None
    of: int = 1

    @property
    def story(self) -> str:
        """What must be told together: one record that is told whole, else everything of the pump."""
        return str(self.record["event_id"]) if self.record is not None else ""

    def without_person(self) -> "Heard":
        """Return the same without whatever may identify a person."""
        record = self.record
        if record is not None:
            record = {name: value for name, value in record.items() if not name.startswith("private_")}
        return self._replace(private=None, record=record)

    def __repr__(self) -> str:
        """Show all but whoever may be identified."""
        shown = (f"{name}={getattr(self, name)!r}" for name in self._fields if name not in ("private", "record"))
        return f"Heard({', '.join(shown)})"
