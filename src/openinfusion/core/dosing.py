"""
Check what a clinician programmed against a drug library, exactly.

``check`` derives what follows from the programme (rate from dose or the reverse, volume, duration) and returns a
``Verdict``: every finding and one decision. Nothing here raises for a clinical outcome and nothing guesses: what is
not known refuses the programme and says why. The rules in words and as tables: ``docs/reference/dosing.md``.

Inside, everything is a ``Fraction`` of base units (see ``Unit.scale``): amount, mL, minutes, kg, m2. One number joins
them: the *factor* of a unit is what one of it moves, in mL or mL/min, for this patient at this strength.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TypeVar

from openinfusion.core.errors import ProgrammeError
from openinfusion.core.holding import Held
from openinfusion.core.library import CareArea, Concentration, Entry, Library, Limit, Limits, Mode, Programmable
from openinfusion.core.limits import is_amount_of_drug
from openinfusion.core.numbers import round_to
from openinfusion.core.programme import Decision, Derived, Finding, Parameter, Problem, Programme, Verdict
from openinfusion.core.units import (
    CM,
    KG,
    M2,
    MINUTES,
    ML,
    ML_PER_H,
    Kind,
    PatientBasis,
    Quantity,
    TimeBasis,
    Unit,
    VolumeBasis,
)


def check(programme: Programme, library: Library, *, rate_resolution: Quantity | None = None) -> Verdict:
    """
    Return what the library says about a programme.

    Args:
        programme: what was entered.
        library: the library in force.
        rate_resolution: smallest step of the pump's rate, such as 0.1 mL/h; when given, the rounded rate and the dose
            that it delivers are derived beside the exact ones, and both are held against the limits.

    Raises:
        UnitMismatchError: the rate resolution is not in mL per time.
        ProgrammeError: the rate resolution is not above zero.

    """
    step = None if rate_resolution is None else _rate_step(rate_resolution)
    run = begin(programme, library, Check)
    if isinstance(run, Verdict):
        return run
    run.run()
    if step is not None and not run.is_refused_early:
        run.hold_rounded(step)
    return conclude(run.findings, run.derived(), is_checked=run.is_checked)


def begin(programme: Programme, library: Library, kind: "type[SomeCheck]") -> "SomeCheck | Verdict":
    """Return a check of a programme on its entry, ready to run, or the verdict where there is nothing to check."""
    entry = library.find_entry(programme.entry)
    if entry is None or entry.care_area != programme.care_area:
        return Verdict(Decision.NOT_CHECKED, (Finding(Parameter.PROGRAMME, problem=Problem.NOT_IN_LIBRARY),))
    limits = entry.limits_for(programme.mode)
    if limits is None:
        return Verdict(Decision.REFUSE, (Finding(Parameter.PROGRAMME, problem=Problem.MODE_NOT_OFFERED),))
    return kind(programme, entry, area=library.care_area(entry.care_area), limits=limits)


def conclude(found: Sequence[Finding], derived: Derived, *, is_checked: bool) -> Verdict:
    """Return the decision that the findings make, hard ones first, with what was derived."""
    findings = tuple(sorted(found, key=lambda finding: not finding.is_hard))
    if any(finding.is_hard for finding in findings):
        decision = Decision.REFUSE
    elif not is_checked:
        # Said even beside a soft finding, such as of the weight: to confirm that is not to have checked the dose.
        decision = Decision.NOT_CHECKED
        findings = (*findings, Finding(Parameter.PROGRAMME, problem=Problem.NO_LIMITS))
    else:
        decision = Decision.CONFIRM if findings else Decision.ACCEPT
    return Verdict(decision, findings, derived)


def _rate_step(resolution: Quantity) -> Fraction:
    """Return the smallest step of a pump's rate in mL per minute."""
    if resolution.to(ML_PER_H).value <= 0:
        raise ProgrammeError(
            where="rate resolution", found=str(resolution), expected="more than zero, such as 0.1 mL/h"
        )
    return resolution.value * resolution.unit.scale


def body_surface_area(weight: Quantity, height: Quantity) -> Quantity:
    """
    Return the body surface area by Mosteller's formula, sqrt(cm x kg / 3600), rounded to the nearest 0.01 m2.

    The rounding is part of the definition here, so that the result is exact and the same everywhere; it is computed
    with integers. Source: Mosteller RD, N Engl J Med 1987;317:1098.
    """
    square = weight.to(KG).value * height.to(CM).value / 3600
    # Twice the hundredths, rounded down; adding one and halving gives the nearest hundredth, a half upwards.
    doubled = isqrt(40000 * square.numerator // square.denominator)
    return Quantity(Fraction((doubled + 1) // 2, 100), M2)


SomeCheck = TypeVar("SomeCheck", bound="Check")
_ONE = Fraction(1)
# Tuples, because asking a set hashes the enum member, which costs more than the rest of the question.
_BY_TIME = (Mode.CONTINUOUS, Mode.FLUID)
_PCA_ONLY = (Parameter.LOCKOUT, Parameter.ACCUMULATED, Parameter.BACKGROUND)
_ENTERED: tuple[tuple[str, Parameter, Kind | None], ...] = (
    ("dose", Parameter.DOSE, None),
    ("rate", Parameter.RATE, None),
    ("volume", Parameter.VOLUME, Kind.VOLUME),
    ("duration", Parameter.DURATION, Kind.DURATION),
    ("weight", Parameter.WEIGHT, Kind.WEIGHT),
    ("height", Parameter.HEIGHT, Kind.HEIGHT),
    ("body_surface_area", Parameter.BODY_SURFACE_AREA, Kind.AREA),
    ("amount", Parameter.CONCENTRATION, None),
    ("diluent", Parameter.CONCENTRATION, Kind.VOLUME),
    ("lockout", Parameter.LOCKOUT, Kind.DURATION),
    ("accumulated", Parameter.ACCUMULATED, None),
    ("background", Parameter.BACKGROUND, None),
    ("previous", Parameter.STEP, None),
)


@dataclass(slots=True)
class _Flow:
    """What the pump would move, in base units: mL per minute, mL, minutes; ``None`` where nothing says."""

    rate: Fraction | None = None
    volume: Fraction | None = None
    duration: Fraction | None = None

    def complete(self) -> None:
        """Derive the third of rate, volume and duration from the other two."""
        if self.duration is None and self.volume is not None and self.rate is not None:
            self.duration = self.volume / self.rate
        elif self.volume is None and self.rate is not None and self.duration is not None:
            self.volume = self.rate * self.duration
        elif self.rate is None and self.volume is not None and self.duration is not None:
            self.rate = self.volume / self.duration

    @property
    def contradicts_itself(self) -> bool:
        """Whether all three are known and the volume is not rate times duration."""
        if self.rate is None or self.volume is None or self.duration is None:
            return False
        return self.volume != self.rate * self.duration


class Check(Held):
    """One run of ``check``: what is known so far, and what was found."""

    def __init__(self, programme: Programme, entry: Entry, *, area: CareArea, limits: Programmable) -> None:
        super().__init__()
        self.programme = programme
        self.entry = entry
        self.area = area
        self.limits = limits
        self.weight: Fraction | None = None
        self.surface: Fraction | None = None
        self.strength: Fraction | None = None
        self.strength_kind: Kind | None = None
        self.flow = _Flow()
        self.rounded: _Flow | None = None

    def run(self) -> None:
        """Read what was entered, derive what follows, and hold it against the limits, until a problem ends it."""
        self.read_entered()
        for settle in (self.settle_patient, self.settle_strength, self.settle_flow, self.hold_all):
            if not self.is_refused_early:
                settle()

    def read_entered(self) -> None:
        """Refuse values that are not above zero, or in a unit that cannot measure what they are for."""
        for name, parameter, kind in _ENTERED:
            quantity: Quantity | None = getattr(self.programme, name)
            if quantity is None:
                continue
            if parameter in _PCA_ONLY and self.programme.mode is not Mode.PCA:
                self.refuse(parameter, Problem.NOT_USED, quantity)
            elif quantity.value.numerator <= 0:
                self.refuse(parameter, Problem.NOT_POSITIVE, quantity)
            elif kind is not None and (quantity.unit.kind is not kind or not _stands_alone(quantity.unit)):
                self.refuse(parameter, Problem.WRONG_UNIT, quantity)

    def settle_patient(self) -> None:
        """Take weight and body surface area, and hold them against what the care area allows."""
        weight, height = self.programme.weight, self.programme.height
        surface = self.programme.body_surface_area
        if surface is None and weight is not None and height is not None:
            surface = body_surface_area(weight, height)
            if surface.value == 0:  # a few grams or millimetres: it rounds to 0.00 m2, and nothing can be divided by it
                self.refuse(Parameter.BODY_SURFACE_AREA, Problem.NOT_POSITIVE, surface)
        self.weight = None if weight is None else weight.to(KG).value
        self.surface = None if surface is None else surface.value
        for parameter, quantity, limits in (
            (Parameter.WEIGHT, weight, self.area.weight),
            (Parameter.HEIGHT, height, self.area.height),
            (Parameter.BODY_SURFACE_AREA, surface, self.area.body_surface_area),
        ):
            if quantity is not None and limits is not None:
                self.hold(parameter, quantity.to(limits.unit).value, limits)

    def settle_strength(self) -> None:
        """Take the entry's own strength, or what the bedside entered, and hold it against its limits."""
        own = self.entry.concentration
        if own is None:
            if (entered := self.programme.amount or self.programme.diluent) is not None:
                self.refuse(Parameter.CONCENTRATION, Problem.NOT_USED, entered)
            return
        amount, volume = own.amount or self.programme.amount, own.volume or self.programme.diluent
        if amount is None or volume is None:
            self.refuse(Parameter.CONCENTRATION, Problem.MISSING)
        elif _differs(own.amount, self.programme.amount):
            self.refuse(Parameter.CONCENTRATION, Problem.FIXED, self.programme.amount)
        elif _differs(own.volume, self.programme.diluent):
            self.refuse(Parameter.CONCENTRATION, Problem.FIXED, self.programme.diluent)
        elif own.amount is None and not is_amount_of_drug(amount.unit):
            self.refuse(Parameter.CONCENTRATION, Problem.WRONG_UNIT, amount)
        elif (measure := self.measure_of(amount.unit)) is not None:
            self.strength_kind = amount.unit.kind
            strength = own.strength or Concentration(amount=amount, volume=volume).strength
            self.strength = strength if strength is None or measure is _ONE else strength * measure
            if own.limits is not None:
                self.hold_strength(own.limits, amount)

    def hold_strength(self, limits: Limits, amount: Quantity) -> None:
        """Hold a strength against the limits of an open concentration."""
        if limits.unit.kind is not self.strength_kind or self.strength is None:
            self.refuse(Parameter.CONCENTRATION, Problem.WRONG_UNIT, amount)
        else:
            self.hold(Parameter.CONCENTRATION, self.strength / limits.unit.scale, limits)

    def measure_of(self, unit: Unit) -> Fraction | None:
        """Return what one of a unit is multiplied by for this patient: kg, m2 or 1; refuse if it was not entered."""
        if unit.patient is PatientBasis.NONE:
            return _ONE
        by_weight = unit.patient is PatientBasis.KG
        measure = self.weight if by_weight else self.surface
        if measure is None:
            self.refuse(Parameter.WEIGHT if by_weight else Parameter.BODY_SURFACE_AREA, Problem.MISSING)
        return measure

    def factor(self, unit: Unit, parameter: Parameter, attempted: Quantity | None = None) -> Fraction | None:
        """Return what one of ``unit`` moves, in mL or mL/min; refuse if patient or strength do not say."""
        measure = self.measure_of(unit)
        if measure is None:
            return None
        moved = unit.scale if measure is _ONE else unit.scale * measure
        if unit.kind is Kind.VOLUME or (unit.kind is Kind.DURATION and parameter is Parameter.DURATION):
            return moved
        if self.strength is None or unit.kind is not self.strength_kind:
            self.refuse(parameter, Problem.WRONG_UNIT, attempted)
            return None
        return moved / self.strength

    def settle_flow(self) -> None:
        """Derive rate, volume and duration from what was entered; refuse what is too little or disagrees."""
        by_time = self.programme.mode in _BY_TIME
        self.agree("rate" if by_time else "volume", "dose", Parameter.DOSE)
        self.agree("rate", "rate", Parameter.RATE)
        self.agree("volume", "volume", Parameter.VOLUME)
        self.agree("duration", "duration", Parameter.DURATION)
        if self.is_refused_early:
            return
        self.flow.complete()
        if self.flow.contradicts_itself:
            self.refuse(Parameter.DURATION, Problem.DISAGREES, self.programme.duration)
        elif (self.flow.rate if by_time else self.flow.volume) is None:
            self.refuse(Parameter.DOSE, Problem.MISSING)

    def agree(self, part: str, name: str, parameter: Parameter) -> None:
        """Turn an entered value into a part of the flow; refuse it if another value already says otherwise."""
        quantity: Quantity | None = getattr(self.programme, name)
        if quantity is None:
            return
        unit = quantity.unit
        if (unit.time is not TimeBasis.NONE) is not (part == "rate") or unit.volume is not VolumeBasis.NONE:
            self.refuse(parameter, Problem.WRONG_UNIT, quantity)
            return
        factor = self.factor(unit, parameter, quantity)
        if factor is None:
            return
        known: Fraction | None = getattr(self.flow, part)
        moved = quantity.value * factor
        if known is not None and known != moved:
            self.refuse(parameter, Problem.DISAGREES, quantity)
        setattr(self.flow, part, moved)

    def hold_all(self) -> None:
        """Hold what was entered and derived against every limit of the entry and the care area."""
        self.hold_flow(self.flow, by_rounding=False)
        if self.entry.pca is not None and self.programme.mode is Mode.PCA:
            self.hold_entered(Parameter.LOCKOUT, self.programme.lockout, self.entry.pca.lockout)
            self.hold_entered(Parameter.ACCUMULATED, self.programme.accumulated, self.entry.pca.accumulated)
            if self.programme.background is not None:
                self.hold_background(self.programme.background)
        if self.entry.titration_step is not None and self.programme.previous is not None:
            self.hold_step(self.programme.previous, self.entry.titration_step.factor)

    def hold_flow(self, flow: _Flow, *, by_rounding: bool) -> None:
        """Hold one flow, exact or rounded, against the limits of dose, rate, volume and duration."""
        limits, area = self.limits, self.area
        is_open_ended = self.programme.mode in _BY_TIME
        dose = self.dose_limits
        for parameter, held, moved, entered in (
            (Parameter.DOSE, dose, flow.rate if is_open_ended else flow.volume, self.programme.dose),
            (Parameter.RATE, limits.rate, flow.rate, self.programme.rate),
            (Parameter.VOLUME, limits.volume, flow.volume, self.programme.volume),
            (Parameter.DURATION, limits.duration, flow.duration, self.programme.duration),
        ):
            if held is None:
                continue
            if moved is None:
                # An infusion may run until it is stopped; a dose may not leave open what its entry limits.
                if not (is_open_ended or held.is_empty):
                    self.refuse(parameter, Problem.MISSING)
            elif not by_rounding and entered is not None and entered.unit.measures_like(held.unit):
                self.hold(parameter, entered.to(held.unit).value, held, of_entry=True)
            elif (factor := self.factor(held.unit, parameter)) is not None:
                self.hold(parameter, moved / factor, held, of_entry=True, by_rounding=by_rounding)
        self.hold_maximum(Parameter.RATE, area.max_rate, flow.rate, by_rounding=by_rounding)
        self.hold_maximum(Parameter.VOLUME, area.max_volume, flow.volume, by_rounding=by_rounding)

    @property
    def dose_limits(self) -> Limits | None:
        """The limits of the programmed dose; for PCA the demand dose, since the entry's own dose is the background."""
        return self.entry.pca.dose if self.entry.pca and self.programme.mode is Mode.PCA else self.limits.dose

    def hold_entered(self, parameter: Parameter, entered: Quantity | None, limits: Limits | None) -> None:
        """Hold a value that is only entered, never derived; a limit without its value refuses the programme."""
        if limits is None:
            return
        if entered is None:
            if not limits.is_empty:
                self.refuse(parameter, Problem.MISSING)
        elif entered.unit.measure[2:] != limits.unit.measure[2:]:
            # One is per time or per volume and the other is not: 5 mg/mL is no accumulated dose.
            self.refuse(parameter, Problem.WRONG_UNIT, entered)
        elif parameter is Parameter.LOCKOUT:
            self.hold(parameter, entered.to(limits.unit).value, limits, of_entry=True)
        else:
            # Also where both are per kg: without the weight no pump can give it, nor count it.
            mine, theirs = self.factor(entered.unit, parameter, entered), self.factor(limits.unit, parameter, entered)
            if mine is not None and theirs is not None:
                self.hold(parameter, entered.value * mine / theirs, limits, of_entry=True)

    def hold_background(self, background: Quantity) -> None:
        """
        Hold the background of a PCA against the entry's own dose, and its flow against what the area's pumps may do.

        An entry without a dose of its own offers no background.
        """
        if self.entry.dose is None:
            self.refuse(Parameter.BACKGROUND, Problem.MODE_NOT_OFFERED, background)
            return
        self.hold_entered(Parameter.BACKGROUND, background, self.entry.dose)
        if not self.is_refused_early:
            factor = self.factor(background.unit, Parameter.BACKGROUND, background)
            flow = factor and background.value * factor
            self.hold_maximum(Parameter.BACKGROUND, self.area.max_rate, flow, by_rounding=False)

    def hold_step(self, previous: Quantity, factor: Fraction) -> None:
        """Ask to confirm an increase above the titration step; a decrease is never held up."""
        now = next(
            (q for q in (self.programme.dose, self.programme.rate) if q and q.unit.measures_like(previous.unit)), None
        )
        if now is None:
            self.refuse(Parameter.STEP, Problem.WRONG_UNIT, previous)
        else:
            self.hold_increase(now, previous, factor)

    def hold_increase(self, now: Quantity, previous: Quantity, factor: Fraction) -> None:
        """Hold what is asked for against so many times what runs."""
        if now / previous > factor:
            bound = Quantity(previous.value * factor, previous.unit).to(now.unit)
            self.findings.append(Finding(Parameter.STEP, Limit.SOFT_MAX, now, bound))

    def hold_rounded(self, step: Fraction) -> None:
        """Round the rate to what the pump can run at, and hold what that delivers against the same limits."""
        if self.flow.rate is None:
            return
        rate = round_to(self.flow.rate, step)
        if rate == 0:
            attempted = Quantity(self.flow.rate / ML_PER_H.scale, ML_PER_H)
            self.refuse(Parameter.RATE, Problem.NOT_DELIVERABLE, attempted)
            return
        duration = None if self.flow.volume is None else self.flow.volume / rate
        self.rounded = _Flow(rate, self.flow.volume, duration)
        self.hold_flow(self.rounded, by_rounding=True)

    def derived(self) -> Derived:
        """Return what follows from the programme, in the units that a screen shows."""
        flow = self.flow
        return Derived(
            dose=self.dose_shown(flow),
            rate=_in(ML_PER_H, flow.rate),
            volume=_in(ML, flow.volume),
            duration=_in(MINUTES, flow.duration),
            concentration=self.strength_shown(),
            body_surface_area=_in(M2, self.surface),
            rounded_rate=_in(ML_PER_H, self.rounded.rate) if self.rounded else None,
            rounded_dose=self.dose_shown(self.rounded) if self.rounded else None,
        )

    def dose_shown(self, flow: _Flow) -> Quantity | None:
        """Return the dose of a flow in the unit of the entry's limits, or of what was entered, if either says one."""
        entered = self.programme.dose
        unit = self.dose_limits.unit if self.dose_limits else entered.unit if entered else None
        if unit is None:
            return None
        if entered is not None and entered.unit is unit and flow is self.flow:
            return entered
        moved = flow.volume if unit.time is TimeBasis.NONE else flow.rate
        factor = None if moved is None or self.is_refused_early else self.factor(unit, Parameter.DOSE)
        return None if moved is None or factor is None else Quantity(moved / factor, unit)

    def strength_shown(self) -> Quantity | None:
        """Return the strength per mL in the unit of the amount that makes it up."""
        own = self.entry.concentration
        if own is not None and own.per_ml is not None:
            return own.per_ml
        amount = (own.amount if own else None) or self.programme.amount
        if amount is None or self.strength is None:
            return None
        return _in(Unit.of(amount.unit.amount, volume=VolumeBasis.ML), self.strength)


def _stands_alone(unit: Unit) -> bool:
    return unit.time is TimeBasis.NONE and unit.patient is PatientBasis.NONE and unit.volume is VolumeBasis.NONE


def _differs(own: Quantity | None, entered: Quantity | None) -> bool:
    """Whether the bedside entered another value than the one that the entry fixes."""
    return own is not None and entered is not None and own != entered


def _in(unit: Unit, base: Fraction | None) -> Quantity | None:
    """Return a number of base units as a quantity in ``unit``."""
    return None if base is None else Quantity(base * unit.per_base, unit)
