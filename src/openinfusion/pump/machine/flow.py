"""What flows: infusions, the streams they make, and the delivery segments that records tell; all volumes exact."""

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from math import floor

from openinfusion.core.entry import Entry
from openinfusion.core.event_parts import FlowSource, Stopped
from openinfusion.core.events import Delivered, Programmed, Segment
from openinfusion.core.numbers import is_plain_decimal, round_significant, round_to
from openinfusion.core.programme import Programme
from openinfusion.core.units import MINUTES, ML, ML_PER_H, Quantity, Unit
from openinfusion.pump.machine.notes import Fields

HOUR = 3600
DROP = Fraction(1, 10**6)
"""In mL: records count volumes in millionths; the pump itself counts without rounding."""
_DIGITS = 8
_SMALLEST = Fraction(1, 10**18)
_HUNDREDTH = Fraction(1, 100)


class Status(Enum):
    """What an infusion is doing; the value is the word on the display."""

    INFUSING = "infusing"
    KVO = "keeping the vein open"
    PAUSED = "paused"
    STANDBY = "standby"
    WAITING = "waiting for a demand"
    HELD = "waits for the secondary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an infusion: how fast (mL/h), how much (mL; ``None`` until it is stopped), and which dose that is."""

    programme: Programme | Programmed
    rate: Fraction
    vtbi: Fraction | None = None
    dose_rate: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """A single dose on top of an infusion: a clinician's bolus, a loading dose, a demand dose; mL and mL/h."""

    source: FlowSource
    programme: Programme
    volume: Fraction
    rate: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """
    What a patient's button gives: so much, not before the lockout has passed, and no more than so much in a window.

    Attributes:
        dose: the demand dose.
        lockout: seconds between two demand doses.
        window: seconds within which doses add up; zero where nothing counts them.
        most: the most that may be given within the window, in mL.
        counts_boluses: whether a clinician's bolus adds to it.

    """

    dose: Dose
    lockout: Fraction
    window: Fraction = Fraction(0)
    most: Fraction | None = None
    counts_boluses: bool = True


@dataclass(slots=True, eq=False, kw_only=True)
class Infusion:
    """
    One infusion on one pump, from its programme to its end.

    Attributes:
        id: its name.
        known: what every record of it repeats.
        source: primary or secondary.
        entry: the entry of the library, or ``None`` in basic mode.
        steps: what it is to do, in order; one step unless it is multi-step.
        strength: amount of drug per mL as the pump was told; ``None`` where it does not count drug.
        kvo: the keep-vein-open rate after its end in mL/h; ``None`` where there is none.
        step: the place of the step that runs.
        status: what it does.
        given: volume of this step given so far, in mL.
        total: volume given since its start in mL, single doses included.
        logged: the same, as the records count it.
        ran: how long it moved fluid, in seconds.
        is_complete: whether its whole volume was given.
        demand: what the patient's button gives; ``None`` but for patient-controlled analgesia.
        demanded_at: when it gave something last.
        counted: when doses were given that add up, and their volumes in mL.

    """

    id: str
    known: Fields
    source: FlowSource
    steps: tuple[Step, ...]
    entry: Entry | None = None
    strength: Quantity | None = None
    kvo: Fraction | None = None
    step: int = 0
    status: Status = Status.PAUSED
    given: Fraction = Fraction(0)
    total: Fraction = Fraction(0)
    logged: Fraction = Fraction(0)
    ran: Fraction = Fraction(0)
    is_complete: bool = False
    demand: Demand | None = None
    demanded_at: Fraction | None = None
    counted: list[tuple[Fraction, Fraction]] = field(default_factory=list)

    @property
    def now(self) -> Step:
        """The step that runs."""
        return self.steps[self.step]

    def why_no_demand(self, at: Fraction) -> str | None:
        """Return why the patient's button gives nothing now, or ``None`` if it gives a dose."""
        demand = self.demand
        if demand is None:
            return "no patient-controlled analgesia is set"
        if self.status not in (Status.WAITING, Status.INFUSING):
            return "not running"
        if self.demanded_at is not None and at - self.demanded_at < demand.lockout:
            return "lockout"
        self.counted = [(then, volume) for then, volume in self.counted if then > at - demand.window]
        given = sum((volume for _, volume in self.counted), demand.dose.volume)
        return "accumulated limit" if demand.most is not None and given > demand.most else None

    def count(self, at: Fraction, dose: Dose) -> None:
        """Count a dose that is given now."""
        if self.demand is None:
            return
        if dose.source == "patient":
            self.demanded_at = at
        if dose.source == "patient" or self.demand.counts_boluses:
            self.counted.append((at, dose.volume))

    def delivered(self) -> Delivered:
        """Return what it has given so far, as records say it."""
        dose = None
        if self.strength is not None:
            amount = Quantity(self.logged * self.strength.value, Unit.of(self.strength.unit.amount))
            dose = told(amount)
        minutes = Quantity(round_to(self.ran / 60, _HUNDREDTH), MINUTES)
        return Delivered(volume=Quantity(self.logged, ML), dose=dose, duration=minutes)


@dataclass(slots=True, eq=False, kw_only=True)
class Stream:
    """
    What flows, or is to flow again: one source at one rate.

    Attributes:
        infusion: the infusion that it belongs to.
        source: where it flows from.
        rate: how fast, in mL/h.
        vtbi: the volume that it is to give, in mL.
        given: how much of that it has given.
        is_kvo: whether it only keeps the vein open.
        dose_rate: the dose that it delivers.
        dose: the single dose that it gives, if it does.
        begun_at: what records counted as given when its segment began.
        segment: its segment, as it began.

    """

    infusion: Infusion
    source: FlowSource
    rate: Fraction
    vtbi: Fraction | None = None
    given: Fraction = Fraction(0)
    is_kvo: bool = False
    dose_rate: Quantity | None = None
    dose: Dose | None = None
    begun_at: Fraction = Fraction(0)
    segment: Segment | None = None

    @classmethod
    def of_step(cls, infusion: Infusion) -> "Stream":
        """Return what an infusion makes flow at its present step."""
        step = infusion.now
        return cls(
            infusion=infusion,
            source=infusion.source,
            rate=step.rate,
            vtbi=step.vtbi,
            given=infusion.given,
            dose_rate=step.dose_rate,
        )

    @classmethod
    def of_dose(cls, infusion: Infusion, dose: Dose) -> "Stream":
        """Return what a single dose makes flow."""
        return cls(infusion=infusion, source=dose.source, rate=dose.rate, vtbi=dose.volume, dose=dose)

    @classmethod
    def of_kvo(cls, infusion: Infusion) -> "Stream":
        """Return what keeps the vein open after an infusion: never faster than it ran."""
        rate = min(infusion.kvo or infusion.now.rate, infusion.now.rate)
        return cls(infusion=infusion, source=infusion.source, rate=rate, is_kvo=True)

    def seconds_until(self, volume: Fraction) -> Fraction:
        """Return how long it takes to give so much more."""
        return volume * HOUR / self.rate

    def seconds_left(self) -> Fraction | None:
        """Return how long it takes to give all that it is to give, or ``None`` if it flows until it is stopped."""
        return None if self.vtbi is None else self.seconds_until(self.vtbi - self.given)

    def flow(self, seconds: Fraction) -> Fraction:
        """Let it flow for so long; return the volume that it moved, in mL."""
        moved = self.rate * seconds / HOUR
        infusion = self.infusion
        self.given += moved
        infusion.total += moved
        infusion.ran += seconds
        if self.dose is None and not self.is_kvo:
            infusion.given = self.given
        return moved

    def begin(self) -> Segment:
        """Begin a segment; return what the record says of it."""
        self.begun_at = round_to(self.given, DROP)
        self.segment = self._segment("kvo" if self.is_kvo else "delivering", Fraction(0))
        return self.segment

    def end(self, because: Stopped | None, *, is_complete: bool = False) -> Segment:
        """End the segment, for a reason or, without one, in transition; return what the record says of it."""
        volume = round_to(self.given, DROP) - self.begun_at
        self.infusion.logged += volume
        status = "transitioning" if because is None else "not delivering"
        return self._segment(status, volume, because, is_complete=is_complete)

    def _segment(
        self, status: str, volume: Fraction, because: Stopped | None = None, *, is_complete: bool = False
    ) -> Segment:
        infusion = self.infusion
        vtbi = Fraction(0) if self.is_kvo else self.vtbi
        is_multi = len(infusion.steps) > 1 and self.dose is None
        return Segment(
            source=self.source,
            status=status,  # type: ignore[arg-type] # one of the four words
            pattern="multi-step" if is_multi else "continuous",
            because=because,
            complete=True if is_complete else None,
            step=infusion.step + 1 if is_multi else None,
            rate=Quantity(self.rate, ML_PER_H),
            dose_rate=None if self.is_kvo else self.dose_rate,
            volume=Quantity(volume, ML),
            total=Quantity(infusion.logged, ML),
            vtbi=None if vtbi is None else Quantity(vtbi, ML),
            remaining=None if vtbi is None else Quantity(max(vtbi - round_to(self.given, DROP), Fraction(0)), ML),
        )


def told(quantity: Quantity) -> Quantity | None:
    """Return a quantity as a record can hold it: exactly, or to eight digits; ``None`` if it is out of all bounds."""
    if is_plain_decimal(quantity.value):
        return quantity
    rounded = round_to(round_significant(quantity.value, _DIGITS), _SMALLEST)
    return Quantity(rounded, quantity.unit) if is_plain_decimal(rounded) else None


def whole_drops(volume: Quantity) -> Fraction:
    """Return a volume in mL as a pump gives it: never more than was asked for, which may be a hard limit."""
    return floor(volume.to(ML).value / DROP) * DROP
