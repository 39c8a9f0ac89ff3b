"""
An order for a pump, what the pump's side knows, and what is asked of both: values only.

An ``Order`` is what a nurse confirmed at the bedside and a prescribing system sent, whatever it was written in; a
``PumpSituation`` is what the pump and its gateway know when it arrives. ``None`` means that nobody said.

Source: IHE Devices Technical Framework, volume 2, revision 10, PCD-03.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from fractions import Fraction
from typing import Literal

from openinfusion.core.library import Route
from openinfusion.core.units import (
    GRAMS_OF_DRUG,
    GRAMS_OF_PATIENT,
    KG,
    MINUTES,
    ML_PER_H,
    PatientBasis,
    Quantity,
    TimeBasis,
)

PumpKind = Literal["large-volume pump", "syringe pump"]


class OrderKind(Enum):
    """What an order asks for: a new bag or syringe, another rate, a bolus, or steps one after the other."""

    NEW = "new"
    CHANGE = "change"
    BOLUS = "bolus"
    MULTISTEP = "multistep"


class StepKind(Enum):
    """What one step of an order is."""

    CONTINUOUS = "continuous"
    LOADING = "loading-dose"
    DELAY = "delay"


class Field(Enum):
    """What a pump may find fault with; the value names it as a reply does, with its place in the message."""

    ORDER_ID = "Placer Order Number (ORC-2)"
    PARENT = "Parent Order (ORC-8)"
    PLACED_AT = "Date/Time of Transaction (ORC-9)"
    OPERATOR = "Action By (ORC-19)"
    MEDICATION = "Give Code (RXG-4)"
    VOLUME = "Give Amount Minimum (RXG-5)"
    RATE = "Give Rate Amount (RXG-15)"
    RATE_UNIT = "Give Rate Units (RXG-16)"
    AMOUNT = "Give Strength (RXG-17)"
    AMOUNT_UNIT = "Give Strength Units (RXG-18)"
    DILUENT = "Give Strength Volume (RXG-23)"
    DILUENT_UNIT = "Give Strength Volume Units (RXG-24)"
    TOTAL_VOLUME = "Give Total Volume (RXG-32)"
    DURATION = "Occurrence Duration (TQ1-13)"
    ROUTE = "Route (RXR-1)"
    DEVICE = "Administration Device (RXR-3)"
    METHOD = "Administration Method (RXR-4)"
    PUMP = "Pump ID (OBX-18)"
    WEIGHT = "Patient Weight (OBX 68063)"
    HEIGHT = "Patient Height (OBX 68060)"
    SURFACE = "Patient BSA (OBX 188744)"
    DEMAND = "Patient Dose (OBX 158017)"
    LOCKOUT = "Lockout Interval (OBX 157989)"
    DOSE_LIMIT = "Dose Limit (OBX 157985)"
    DOSE_LIMIT_TIME = "Dose Limit Time Period (OBX 157987)"
    LOADING = "Loading Dose (OBX 158018)"
    CLINICIAN = "Clinician Dose (OBX 158019)"
    INTERMITTENT = "Intermittent Dose (OBX 158023)"
    CONTAINER = "Container Volume (OBX 157994)"
    ORDER_TYPE = "Order Type (OBX MDC_INFUS_ORDER_TYPE)"
    STEP = "Step (RXG-1, OBX 158037)"
    OBSERVATION = "Observation Identifier (OBX-3)"


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a medicine and the system that it is said to be of; empty where none is said."""

    value: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class Medication:
    """What is to be given, as ordered: every code and every name that the order gives for it."""

    codes: tuple[Code, ...] = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it for a reader: "Dopamine (code 1234)"."""
        codes = ", ".join(code.value for code in self.codes)
        names = ", ".join(self.names)
        return f"{names} (code {codes})" if names and codes else names or f"code {codes or 'none'}"


@dataclass(frozen=True, slots=True)
class Unread:
    """A value of an order that cannot be read, or cannot be obeyed: the code for it, its place, what was expected."""

    code: int
    field: Field
    found: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One step of an order; every order but a multistep one has one.

    ``rate`` is in mL per time; ``dose`` is a dose, or a dose rate where its unit has a time. A bolus gives its dose in
    ``dose`` or its volume in ``volume``. ``medication`` is what a step after the first names. A step that
    ``waits`` begins when the nurse confirms it.
    """

    volume: Quantity | None = None
    rate: Quantity | None = None
    dose: Quantity | None = None
    duration: Quantity | None = None
    amount: Quantity | None = None
    diluent: Quantity | None = None
    kind: StepKind = StepKind.CONTINUOUS
    number: int = 1
    medication: Medication | None = None
    waits: bool = False

    @property
    def dose_rate(self) -> Quantity | None:
        """The dose, where it is per time."""
        return self.dose if self.dose is not None and self.dose.unit.time is not TimeBasis.NONE else None

    @property
    def single_dose(self) -> Quantity | None:
        """The dose, where it is an amount given once."""
        return self.dose if self.dose is not None and self.dose.unit.time is TimeBasis.NONE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PcaOrder:
    """The values of patient-controlled analgesia: what a press gives, how often, how much, and doses given by staff."""

    demand: Quantity | None = None
    lockout: Quantity | None = None
    dose_limit: Quantity | None = None
    window: Quantity | None = None
    loading: Quantity | None = None
    clinician: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    An order for one pump.

    Attributes:
        id: the number that the prescribing system gave it.
        kind: what it asks for.
        medication: what is to be given.
        steps: how; one step, or several for a multistep order.
        pump: the pump that it is for.
        channel: the channel of the pump.
        placed_at: when the nurse confirmed it, with its zone.
        operator: who confirmed it.
        patient: for whom; never shown in a message.
        weight: the patient's weight.
        height: the patient's height.
        body_surface_area: the patient's body surface area.
        route: how it reaches the patient; plain "intravenous" leaves central or peripheral open.
        device: the kind of pump that the order means.
        secondary: whether it runs as a secondary (piggyback) infusion.
        therapy: the indication, where the system says one.
        pca: the values of patient-controlled analgesia; absent for everything else.
        parent: the order that a bolus belongs to.
        total_steps: how many steps the order says that it has.
        total_volume: how much all steps are said to give together.
        container: how much the bag or syringe holds.
        unread: what could not be read.

    """

    id: str
    kind: OrderKind
    medication: Medication
    steps: tuple[Step, ...]
    pump: str | None = None
    channel: str | None = None
    placed_at: datetime | None = None
    operator: str | None = field(default=None, repr=False)
    patient: str | None = field(default=None, repr=False)
    weight: Quantity | None = None
    height: Quantity | None = None
    body_surface_area: Quantity | None = None
    route: Route | None = None
    device: PumpKind | None = None
    secondary: bool = False
    therapy: str | None = None
    pca: PcaOrder | None = None
    parent: str | None = None
    total_steps: int | None = None
    total_volume: Quantity | None = None
    container: Quantity | None = None
    unread: tuple[Unread, ...] = ()

    def __post_init__(self) -> None:
        """Read a weight in "g" as grams of patient: UCUM writes grams of drug and of patient alike."""
        if self.weight is not None and self.weight.unit is GRAMS_OF_DRUG:
            object.__setattr__(self, "weight", Quantity(self.weight.value, GRAMS_OF_PATIENT))

    @property
    def first(self) -> Step:
        """What stands for the whole order: its first continuous step, or else the first that gives something."""
        for kind in (StepKind.CONTINUOUS, StepKind.LOADING):
            for step in self.steps:
                if step.kind is kind:
                    return step
        return Step()

    def measure(self, basis: PatientBasis) -> Fraction | None:
        """Return what an amount per kg or per m2 is multiplied by for this patient; ``None`` if the order lacks it."""
        if basis is PatientBasis.NONE:
            return Fraction(1)
        if basis is PatientBasis.KG:
            return self.weight.to(KG).value if self.weight is not None else None
        return self.body_surface_area.value if self.body_surface_area is not None else None


class Link(Enum):
    """How far the pump can be reached; the value is the word for it."""

    UNKNOWN = "unknown pump or channel"
    OFF = "powered off"
    OFFLINE = "offline"
    NO_ANSWER = "did not answer in time"
    CONNECTED = "connected"


class Activity(Enum):
    """What the pump is doing; the value is the word for it."""

    IDLE = "idle"
    INFUSING = "infusing"
    ALARMING = "alarming"
    PAUSED = "paused"
    STANDBY = "in standby"
    DELAYED_START = "in delayed start"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """
    What the pump gives now.

    Attributes:
        order_id: the order that it was programmed from; absent when a nurse keyed it.
        entry: the entry of the library on which it runs; absent outside the library.
        dose: the dose rate or rate that it runs at.
        amount: the drug in its container, where the entry leaves that open.
        diluent: the volume of its container, where the entry leaves that open.
        may_be_interrupted: whether a secondary infusion may hold it up.

    """

    order_id: str | None = None
    entry: str | None = None
    dose: Quantity | None = None
    amount: Quantity | None = None
    diluent: Quantity | None = None
    may_be_interrupted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpSituation:
    """
    What the pump and its gateway know when an order arrives.

    Attributes:
        link: how far the pump can be reached.
        activity: what it is doing.
        kind: what kind of pump it is.
        care_area: the care area that it is set to; absent when none was chosen.
        expected_area: the care area of the patient's place, where the gateway knows it.
        patient: the patient that the pump knows; absent when it knows none.
        weight: the weight that the pump knows.
        running: what it gives now.
        left: the volume left in the container.
        lacks_set: whether its tubing, cassette or syringe is not in place.
        in_anaesthesia_mode: whether it shows the entries of anaesthesia mode.
        offers_bolus: whether it can be programmed with a bolus.
        offers_multistep: whether it can be programmed with steps.
        lowest_rate: the slowest that it can run.
        rate_resolution: the smallest step of its rate.
        rejected_by_user: whether the nurse refused the programme at the pump.

    """

    link: Link
    activity: Activity = Activity.NOT_KNOWN
    kind: PumpKind | None = None
    care_area: str | None = None
    expected_area: str | None = None
    patient: str | None = field(default=None, repr=False)
    weight: Quantity | None = None
    running: Running | None = None
    left: Quantity | None = None
    lacks_set: bool = False
    in_anaesthesia_mode: bool = False
    offers_bolus: bool = True
    offers_multistep: bool = True
    lowest_rate: Quantity | None = None
    rate_resolution: Quantity | None = None
    rejected_by_user: bool = False


_ONE_MINUTE = Quantity.of(1, MINUTES)
_A_FIFTIETH = Fraction(1, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRules:
    """
    What a trust asks of an order.

    Attributes:
        stale_after: how old an order may be; ``None`` asks no time at all.
        early_by: how far ahead of our clock the sender's clock may be.
        needs_patient: whether an order must say for whom.
        needs_operator: whether an order must say who confirmed it.
        needs_pump: whether an order must say for which pump.
        converts_units: whether a unit that converts exactly (mg/h for micrograms/h) is taken for the library's.
        time_slack: how far a duration may be off where volume and rate say it too: systems round it.
        time_share: the same as a share of the duration; both must hold, or a bolus of seconds could run twice as fast.

    """

    stale_after: timedelta | None = timedelta(minutes=10)
    early_by: timedelta = timedelta(minutes=1)
    needs_patient: bool = True
    needs_operator: bool = True
    needs_pump: bool = True
    converts_units: bool = False
    time_slack: Quantity = _ONE_MINUTE
    time_share: Fraction = _A_FIFTIETH


USUAL_RULES = OrderRules()


def is_flow(quantity: Quantity) -> bool:
    """Whether a quantity is a plain flow such as mL/h, which every pump knows without drug or patient."""
    return quantity.unit.measures_like(ML_PER_H)
