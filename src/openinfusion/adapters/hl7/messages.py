"""What each kind of message says: one class each, made of the parts in ``parts``."""

from dataclasses import dataclass, field
from typing import Literal

from openinfusion.adapters.hl7.identity import Coded, Entity
from openinfusion.adapters.hl7.leniency import Caution
from openinfusion.adapters.hl7.parts import Battery, Header, Network, Priority, Pump, PumpState, Spot
from openinfusion.adapters.hl7.text import Message
from openinfusion.adapters.hl7.times import Moment
from openinfusion.adapters.hl7.tree import Observation
from openinfusion.core.event_parts import Alarm, Private


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReport:
    """PCD-01: how pumps are at a moment, told again and again; one state for each OBR and module."""

    header: Header
    states: tuple[PumpState, ...]
    warnings: tuple[Caution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpEvent:
    """
    PCD-10: one thing that happened on one pump.

    Attributes:
        header: what MSH says.
        event: what happened: a code of ``MDC_EVT_PUMP_...``; ``None`` where the message does not tell.
        source: which part it happened to, such as "primary", by the path in 68488.
        state: the pump right after it.
        warnings: what was let pass.

    """

    header: Header
    event: Coded | None
    source: str | None
    state: PumpState
    warnings: tuple[Caution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMessage:
    """
    PCD-04 and PCD-05: a step in the life of an alarm.

    Attributes:
        header: what MSH says.
        pump: which pump.
        at: when.
        alarm: the code of the alarm.
        kind: what it is in the open event log; ``None`` where its code is in no table.
        text: what the screen says.
        phase: start, update, end and the like, as sent.
        state: inactive, active or latched.
        inactivation: audio-paused and the like.
        priority: as far as it is told in the letters of IHE.
        priority_text: as sent.
        type: physiological, technical or advisory.
        source: the part of the pump that it comes from.
        is_onset: whether this message begins the alarm's life.
        life: names the alarm's life: the same in all its messages from most senders.
        fallback: names it where the sender does not keep ``life``: number of the device and code of the alarm.
        private: patient, user and bed.
        others: OBX that no field is fed from.
        warnings: what was let pass.

    """

    header: Header
    pump: Pump
    at: Moment | None
    alarm: Coded | None
    kind: Alarm | None
    text: str | None
    phase: str | None
    state: str | None
    inactivation: tuple[str, ...]
    priority: Priority | None
    priority_text: str | None
    type: Literal["physiological", "technical", "advisory"] | None
    source: Coded | None
    is_onset: bool
    life: tuple[str, str] | None
    fallback: tuple[str, str]
    private: Private = field(repr=False)
    others: tuple[Observation, ...] = field(repr=False)
    warnings: tuple[Caution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceManagement:
    """PCD-15: what a pump runs and how it is: library, software, power, network, battery, place."""

    header: Header
    pump: Pump
    at: Moment | None
    subject: Coded | None
    network: Network | None
    battery: Battery | None
    spot: Spot | None
    private: Private = field(repr=False)
    others: tuple[Observation, ...] = field(repr=False)
    warnings: tuple[Caution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationReport:
    """PCD-16: where a pump, or the tag on it, is."""

    header: Header
    pump: Pump
    at: Moment | None
    spot: Spot
    private: Private = field(repr=False)
    warnings: tuple[Caution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One ERR: error code of HL7 (ERR-3), severity (ERR-4), code and words of IHE (ERR-5), extra words (ERR-5.9)."""

    condition: str
    severity: str
    code: str
    text: str
    more: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """
    ACK, or the reply to an order.

    Attributes:
        header: what MSH says.
        code: CA, CE, CR, AA, AE or AR.
        about: control id of the message that it answers.
        text: words of MSA-3.
        order: number of the order (ORC-2), in a reply.
        faults: what was wrong.
        warnings: what was let pass.

    """

    header: Header
    code: str
    about: str
    text: str
    order: Entity | None
    faults: tuple[Fault, ...]
    warnings: tuple[Caution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A message that is read elsewhere (an order), or nowhere; its segments are all there."""

    header: Header
    message: Message
    warnings: tuple[Caution, ...]


Meaning = DeviceReport | PumpEvent | AlertMessage | DeviceManagement | LocationReport | Acknowledgement | Other
