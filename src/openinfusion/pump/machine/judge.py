"""What a pump makes of a programme: what its library says, and how it would run it."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from openinfusion.core.dosing import check
from openinfusion.core.entry import Mode
from openinfusion.core.library import CareArea
from openinfusion.core.numbers import round_to
from openinfusion.core.programme import Decision, Finding, Parameter, Programme, Verdict
from openinfusion.core.units import ML, ML_PER_H, Quantity, TimeBasis
from openinfusion.pump.machine.flow import DROP
from openinfusion.pump.machine.held import Held
from openinfusion.pump.machine.model import PumpModel

_BY_TIME = (Mode.CONTINUOUS, Mode.FLUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """
    A programme with all that follows from it.

    Attributes:
        programme: what was entered.
        verdict: what the library says.
        crossed: the limits to alert about: the hard ones where there is one, else the soft ones.
        problem: why it cannot run at all, whatever anybody confirms; ``None`` if it can.
        rate: the rate at which it would run, in mL/h.
        vtbi: the volume after which it would end, in mL; ``None`` if it runs until it is stopped.
        dose_rate: the dose that the rate delivers.

    """

    programme: Programme
    verdict: Verdict
    crossed: tuple[Finding, ...] = ()
    problem: str | None = None
    rate: Fraction = Fraction(0)
    vtbi: Fraction | None = None
    dose_rate: Quantity | None = None

    @property
    def is_hard(self) -> bool:
        """Whether a limit was crossed that nobody can pass."""
        return self.verdict.decision is Decision.REFUSE

    @property
    def is_unchecked(self) -> bool:
        """Whether no limit looked at it."""
        return self.verdict.decision is Decision.NOT_CHECKED


def judge(programme: Programme, held: Held, model: PumpModel) -> Judged:
    """Return what a pump of a model makes of a programme under the library that it holds."""
    area = held.library.care_area(programme.care_area)
    if programme.mode in (Mode.BOLUS, Mode.LOADING):
        programme_run = _with_bolus_rate(programme, held, model=model, area=area)
    else:
        programme_run = programme
    verdict = check(programme_run, held.library)
    rate = _rate(verdict)
    step = model.step_at(rate) if rate is not None else None
    if step is not None and rate is not None and (rate / step).denominator != 1:
        verdict = check(programme_run, held.library, rate_resolution=Quantity(step, ML_PER_H))
    return _judged(programme, verdict, model)


def _judged(programme: Programme, verdict: Verdict, model: PumpModel) -> Judged:
    is_refused = verdict.decision is Decision.REFUSE
    findings = [f for f in verdict.findings if f.is_hard is is_refused]
    crossed = tuple(f for f in findings if f.limit is not None)
    problem = next((str(f) for f in findings if f.limit is None), None) if is_refused and not crossed else None
    derived = verdict.derived
    rate = derived.rounded_rate or derived.rate
    volume = None if derived.volume is None else round_to(derived.volume.to(ML).value, DROP)
    if problem is None and not is_refused:
        problem = _why_not_run(rate, volume, model)
    dose = derived.rounded_dose or derived.dose
    return Judged(
        programme=programme,
        verdict=verdict,
        crossed=crossed,
        problem=problem,
        rate=Fraction(0) if rate is None else rate.value,
        vtbi=volume,
        dose_rate=dose if dose is not None and dose.unit.time is not TimeBasis.NONE else None,
    )


def _rate(verdict: Verdict) -> Fraction | None:
    rate = verdict.derived.rate
    return None if rate is None else rate.value


def _why_not_run(rate: Quantity | None, volume: Fraction | None, model: PumpModel) -> str | None:
    if rate is not None and (why := model.why_not_rate(rate.value)) is not None:
        return why
    if volume is not None and not 0 < volume <= model.largest_volume:
        return f"a volume of {Quantity(volume, ML)}; this pump gives at most {Quantity(model.largest_volume, ML)}"
    return None


def _with_bolus_rate(programme: Programme, held: Held, *, model: PumpModel, area: CareArea) -> Programme:
    """Return a single dose with the rate at which the pump gives it, where nobody entered a rate or a time."""
    if programme.rate is not None or programme.duration is not None:
        return programme
    caps = [model.bolus_rate, *([area.max_rate.to(ML_PER_H).value] if area.max_rate else [])]
    rate = model.settable(min(caps))
    run = replace(programme, rate=Quantity(rate, ML_PER_H))
    for finding in check(run, held.library).findings:
        if finding.parameter is Parameter.RATE and finding.bound is not None and (times := finding.ratio) is not None:
            step = model.step_at(rate / times)
            rate = min(rate, max(floor(rate / times / step) * step, model.lowest_rate))
    return replace(programme, rate=Quantity(rate, ML_PER_H))


def judge_demand(programme: Programme, held: Held, model: PumpModel) -> Judged:
    """Return how a pump runs patient-controlled analgesia: the background as its rate, none where there is none."""
    found = judge(programme, held, model)
    background = programme.background
    if background is None or found.problem is not None or found.is_hard:
        return replace(found, rate=Fraction(0), vtbi=None, dose_rate=None)
    strength = found.verdict.derived.concentration
    if strength is None:
        return replace(found, problem="a background needs a strength")
    dose = background if programme.weight is None else _absolute(background, programme.weight)
    moved = dose.to(ML_PER_H) if dose.unit.measures_like(ML_PER_H) else _flow(dose, strength)
    rate = model.settable(moved.value)
    return replace(found, rate=rate, vtbi=None, dose_rate=background, problem=model.why_not_rate(rate))


def _absolute(dose: Quantity, weight: Quantity) -> Quantity:
    return dose.for_patient(weight) if dose.unit.patient.value == "/kg" else dose


def _flow(dose: Quantity, strength: Quantity) -> Quantity:
    """Return the rate that delivers a dose per time at a strength per mL."""
    per_minute = dose.value * dose.unit.scale / (strength.value * strength.unit.scale)
    return Quantity(per_minute * ML_PER_H.per_base, ML_PER_H)


def demand_volume(found: Judged) -> Fraction:
    """Return the volume of one demand dose, in mL."""
    volume = found.verdict.derived.volume
    return Fraction(0) if volume is None else round_to(volume.to(ML).value, DROP)
