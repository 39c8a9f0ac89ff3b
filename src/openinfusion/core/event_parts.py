"""
What the records of the open event log are made of: the words, the header, and the objects inside a record.

Part of the event log format: a field here is a key of the file (see ``core.events``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from fractions import Fraction
from typing import Literal

from openinfusion.core.errors import EventError, Fault
from openinfusion.core.library import Limit, Mode
from openinfusion.core.programme import Parameter
from openinfusion.core.units import GRAMS_OF_DRUG, GRAMS_OF_PATIENT, Quantity

FORMAT: Literal["openinfusion-events"] = "openinfusion-events"
LONGEST_NAME = 200
FIRST_YEAR, LAST_YEAR = 1900, 2299
LARGEST_COUNT = 2**63 - 1


class Kind(Enum):
    """What happened; the value is the word in the file."""

    POWER_ON = "power_on"
    POWER_OFF = "power_off"
    POWER_SOURCE = "power_source"
    LIBRARY_STAGED = "library_staged"
    LIBRARY_ACTIVATED = "library_activated"
    LIBRARY_REJECTED = "library_rejected"
    LIBRARY_REVERTED = "library_reverted"
    CARE_AREA_CHOSEN = "care_area_chosen"
    DRUG_CHOSEN = "drug_chosen"
    DRUG_NOT_FOUND = "drug_not_found"
    PROGRAMMED = "programmed"
    ALERT_RAISED = "alert_raised"
    ALERT_ANSWERED = "alert_answered"
    STARTED = "started"
    RATE_CHANGED = "rate_changed"
    BOLUS = "bolus"
    LOADING = "loading"
    DOSE_ENDED = "dose_ended"
    DEMAND_REFUSED = "demand_refused"
    STEP_CHANGED = "step_changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    COMPLETED = "completed"
    STOPPED = "stopped"
    KVO = "kvo"
    CONTAINER_CHANGED = "container_changed"
    ALARM_RAISED = "alarm_raised"
    ALARM_CLEARED = "alarm_cleared"
    PATIENT_CHANGED = "patient_changed"
    LOCATION_CHANGED = "location_changed"
    CLOCK_CHANGED = "clock_changed"
    CONNECTION = "connection"
    LOG_GAP = "log_gap"
    RECORD_VOIDED = "record_voided"


class Response(Enum):
    """What became of an alert."""

    OVERRIDDEN = "overridden"
    REPROGRAMMED = "reprogrammed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Alarm(Enum):
    """What a pump calls for help about; an alarm is operational, an alert is the dose limits speaking."""

    OCCLUSION_DOWNSTREAM = "occlusion_downstream"
    OCCLUSION_UPSTREAM = "occlusion_upstream"
    PRESSURE = "pressure"
    AIR = "air"
    NO_FLOW = "no_flow"
    NEAR_END = "near_end"
    EMPTY = "empty"
    KVO = "kvo"
    DOOR = "door"
    SYRINGE = "syringe"
    CALLBACK = "callback"
    BATTERY_LOW = "battery_low"
    BATTERY_DEPLETED = "battery_depleted"
    FAULT = "fault"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLog:
    """
    The first line of a log: what it is and whose.

    Attributes:
        format: names the format.
        format_version: major and minor version; a newer minor version adds optional fields, a newer major is refused.
        organisation: whose pumps these are; every event belongs to it.
        source: what wrote the log, such as a gateway or an export of a maker.
        made_at: when it was written.
        purpose: why the events exist; those of tests, training and examples are never mixed with clinical ones.
        extra: keys of a newer minor version, kept as they came.

    """

    format: Literal["openinfusion-events"] = FORMAT
    format_version: str = "1.1"
    organisation: str
    source: str | None = None
    made_at: datetime | None = None
    purpose: Literal["clinical", "test", "training", "example"] = "clinical"
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a header with any fault; ``EventError.faults`` has them all."""
        texts = [text_fault("organisation", self.organisation)]
        if self.source is not None:
            texts.append(text_fault("source", self.source))
        found = [fault for fault in texts if fault is not None]
        if self.made_at is not None:
            found.extend(time_faults("made_at", self.made_at))
        if found:
            raise EventError(found, where="header")


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryVersion:
    """
    A library as a pump names it.

    Attributes:
        name: name of the library.
        version: its version.
        sha256: its identity, where the pump can tell.

    """

    name: str
    version: str
    sha256: str | None = None


NOT_TOLD = "not told"
"""What stands for the name or the version of a library where a pump tells only the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programmed:
    """
    What was entered at the pump, and no more: what the pump derived from it is left out.

    Attributes:
        mode: what kind of dose; absent where the log does not tell.
        dose: amount, or amount per time.
        rate: volume per time, as entered.
        volume: volume to be infused (VTBI), as entered.
        duration: time to take, as entered.
        amount: amount of drug, where the strength is entered.
        diluent: volume that the amount is in, where the strength is entered.
        weight: of the patient.
        height: of the patient.
        body_surface_area: of the patient.
        lockout: time between two demand doses.
        accumulated: most that may be given within the window.
        background: continuous dose under patient-controlled analgesia.
        previous: dose or rate that ran before this change.

    """

    mode: Mode | None = None
    dose: Quantity | None = None
    rate: Quantity | None = None
    volume: Quantity | None = None
    duration: Quantity | None = None
    amount: Quantity | None = None
    diluent: Quantity | None = None
    weight: Quantity | None = None
    height: Quantity | None = None
    body_surface_area: Quantity | None = None
    lockout: Quantity | None = None
    accumulated: Quantity | None = None
    background: Quantity | None = None
    previous: Quantity | None = None

    def __post_init__(self) -> None:
        """Read a weight in "g" as grams of patient: UCUM writes grams of drug and of patient alike."""
        if self.weight is not None and self.weight.unit is GRAMS_OF_DRUG:
            object.__setattr__(self, "weight", Quantity(self.weight.value, GRAMS_OF_PATIENT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """
    One limit that an attempt crossed.

    Attributes:
        parameter: what was attempted.
        limit: which limit it crossed.
        attempted: the value attempted.
        bound: the value of the limit.

    """

    parameter: Parameter
    limit: Limit
    attempted: Quantity
    bound: Quantity

    @property
    def ratio(self) -> Fraction | None:
        """Times the limit: attempted / limit above a maximum, limit / attempted below a minimum."""
        over, under = self.attempted, self.bound
        if self.limit in (Limit.HARD_MIN, Limit.SOFT_MIN):
            over, under = under, over
        return over / under if under.value else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """
    What an infusion has delivered since it started.

    Attributes:
        volume: in all.
        dose: in all, as an amount of drug.
        duration: time that the pump moved fluid.

    """

    volume: Quantity | None = None
    dose: Quantity | None = None
    duration: Quantity | None = None


FlowSource = Literal["primary", "secondary", "clinician", "loading", "patient"]
"""What can flow through a pump, one at a time: an infusion, or a single dose on top of it."""
Stopped = Literal[
    "clinician", "standby", "switching source", "between doses", "alarm", "complete", "powered off", "not told"
]
"""Why nothing flows any more; "not told" where the pump gives no reason."""
Status = Literal["delivering", "kvo", "transitioning", "not delivering"]
"""What becomes of the fluid: it begins to flow, it flows on as another segment, or it stops."""
STATUSES: Mapping[str, tuple[Status, ...]] = {
    "ended": ("transitioning", "not delivering"),
    "began": ("delivering", "kvo"),
}
"""Which of them an end can have, and which a beginning."""
Pattern = Literal["continuous", "multi-step", "multi-dosing", "ramp-taper"]
"""How a rate follows from the programme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """
    A delivery segment: what flows from one source at one rate, from its beginning to the next change.

    One record tells one change: the segment that it ends, the one that it begins, or both (a titration, a bolus out of
    a running infusion). Each stands on its own, with all that a message of IHE PCD-10 says of it.

    Attributes:
        source: what flows: the primary or secondary infusion, or a single dose on top of it.
        status: where it begins, delivering or kvo; where it ends, transitioning if fluid goes on, else not delivering.
        pattern: how the rate follows from the programme; continuous where it is absent.
        because: why nothing flows any more; told where the status is not delivering, and only there.
        complete: true where the infusion has given all that it was to give; a step or a single dose only ends.
        step: which step of a multi-step programme.
        rate: the rate at which it flows, as the pump runs it.
        dose_rate: the dose that the rate delivers, where the pump counts doses.
        volume: delivered in this segment; zero where it begins.
        total: delivered by the infusion so far, single doses on top of it included.
        vtbi: the volume to be infused by this source, or by this step of it; absent where it runs until it is stopped.
        remaining: what of that has not been given yet.

    """

    source: FlowSource
    status: Status
    pattern: Pattern | None = None
    because: Stopped | None = None
    complete: bool | None = None
    step: int | None = None
    rate: Quantity | None = None
    dose_rate: Quantity | None = None
    volume: Quantity | None = None
    total: Quantity | None = None
    vtbi: Quantity | None = None
    remaining: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """
    The syringe or bag that a pump was given.

    Attributes:
        type: what it is.
        volume: what the pump takes it to hold.
        size: what it can hold, by its maker.

    """

    type: Literal["syringe", "bag"]
    volume: Quantity | None = None
    size: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """
    What may identify a person; it is stripped before anything is analysed or shared.

    Attributes:
        patient: identifier of the patient.
        user: identifier of whoever used the pump.
        bed: bed space.
        order: number of the order or prescription.

    """

    patient: str | None = None
    user: str | None = None
    bed: str | None = None
    order: str | None = None


def text_fault(path: str, text: str) -> Fault | None:
    """Return why a text cannot be a name, or ``None`` if it can."""
    if text and len(text) <= LONGEST_NAME and text.isprintable():
        return None
    found = "an empty text" if not text else f"{len(text)} characters, or one that does not print"
    return Fault(path, found, f"1 to {LONGEST_NAME} printable characters")


def time_faults(path: str, moment: datetime) -> Iterator[Fault]:
    """Yield what is wrong with a time: no zone, or a year that no pump can mean."""
    if moment.tzinfo is None:
        yield Fault(path, "a time without its zone", "a time such as 2026-03-31T14:05:00+01:00")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        yield Fault(path, f"the year {moment.year}", f"a year from {FIRST_YEAR} to {LAST_YEAR}")


def count_faults(path: str, number: Fraction | int) -> Iterator[Fault]:
    """Yield what is wrong with a count or a span: below zero, or a whole number that no table holds."""
    if number < 0:
        yield Fault(path, "a value below zero", "zero or more")
    if isinstance(number, int) and number > LARGEST_COUNT:
        yield Fault(path, "a number beyond 64 bits", f"at most {LARGEST_COUNT}")


def segment_faults(path: str, segment: Segment) -> Iterator[Fault]:
    """Yield what is wrong with a segment: it begins as others end, or it ends without its reason."""
    if segment.status not in STATUSES[path]:
        yield Fault(f"{path}.status", f"{segment.status!r}", " or ".join(STATUSES[path]))
    if (segment.because is None) is (segment.status == "not delivering"):
        found = "nothing" if segment.because is None else f"{segment.because!r}"
        yield Fault(f"{path}.because", found, "a reason if it is not delivering, and only then")
    if segment.step is not None:
        yield from count_faults(f"{path}.step", segment.step)
