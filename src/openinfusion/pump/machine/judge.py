"""What a pump makes of a programme: what its library says, and how it would run it."""

from dataclasses import dataclass, replace
from fractions import Fraction

from openinfusion.core.dosing import check
from openinfusion.core.entry import Mode
from openinfusion.core.library import CareArea, Limit
from openinfusion.core.programme import Decision, Finding, Parameter, Programme, Verdict
from openinfusion.core.units import ML, ML_PER_H, Kind, PatientBasis, Quantity, TimeBasis
from openinfusion.pump.machine.flow import whole_drops
from openinfusion.pump.machine.held import Held
from openinfusion.pump.machine.model import PumpModel

_MAXIMA = (Limit.SOFT_MAX, Limit.HARD_MAX)


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
        return self.verdict.decision is Decision.REFUSE and bool(self.crossed or self.problem)

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
    volume = None if derived.volume is None else whole_drops(derived.volume)
    if problem is None and not is_refused:
        problem = _why_not_run(rate, volume, model, is_bolus=programme.mode is Mode.BOLUS)
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


def _why_not_run(
    rate: Quantity | None, volume: Fraction | None, model: PumpModel, *, is_bolus: bool = False
) -> str | None:
    why = None if rate is None else model.why_not_rate(rate.value)
    return model.why_not_volume(volume, is_bolus=is_bolus) if why is None and volume is not None else why


def _with_bolus_rate(programme: Programme, held: Held, *, model: PumpModel, area: CareArea) -> Programme:
    """Return a single dose with the rate at which the pump gives it, where nobody entered a rate or a time."""
    if programme.rate is not None or programme.duration is not None:
        return programme
    caps = [model.bolus_rate, *([area.max_rate.to(ML_PER_H).value] if area.max_rate else [])]
    rate = model.settable(min(caps))
    for _ in range(2):  # below a hard maximum it may still be above a soft one
        run = replace(programme, rate=Quantity(rate, ML_PER_H))
        for finding in check(run, held.library).findings:
            is_too_fast = finding.parameter is Parameter.RATE and finding.limit in _MAXIMA
            if is_too_fast and (times := finding.ratio) is not None:
                rate = min(rate, max(model.settable(rate / times), model.lowest_rate))
    return replace(programme, rate=Quantity(rate, ML_PER_H))


def judge_volume(programme: Programme, held: Held, model: PumpModel) -> Judged:
    """
    Return what a pump makes of a new volume: what runs was judged before, so that only too much of it is an alert.

    If it is too much, every limit that the programme crosses is told, as for any other programme.
    """
    found = judge(programme, held, model)
    is_dose = programme.mode is Mode.INTERMITTENT
    grows = (Parameter.VOLUME, Parameter.DURATION, *((Parameter.DOSE,) if is_dose else ()))
    is_too_much = any(one.limit in _MAXIMA and one.parameter in grows for one in found.crossed)
    volume = Fraction(0) if programme.volume is None else whole_drops(programme.volume)
    crossed = found.crossed if is_too_much else ()
    return replace(found, crossed=crossed, vtbi=volume, problem=model.why_not_volume(volume))


def judge_demand(programme: Programme, held: Held, model: PumpModel) -> Judged:
    """Return how a pump runs patient-controlled analgesia: the background as its rate, none where there is none."""
    found = replace(judge(programme, held, model), rate=Fraction(0), vtbi=None, dose_rate=None)
    if found.problem is not None or found.is_hard:
        return found
    problem = model.why_not_rate(demand_rate(found, held, model))
    background = programme.background
    if background is None or problem is not None:
        return replace(found, problem=problem)
    exact = moved(background, found)
    if exact is None:
        return replace(found, problem="a background needs a strength")
    rate = model.settable(exact)
    runs = Quantity(background.value * rate / exact, background.unit)
    return replace(found, rate=rate, dose_rate=runs, problem=model.why_not_rate(rate))


def demand_rate(found: Judged, held: Held, model: PumpModel) -> Fraction:
    """Return how fast a demand dose flows in mL/h: as a bolus, unless care area or entry are slower."""
    area, entry = held.library.care_area(found.programme.care_area), held.library.find_entry(found.programme.entry)
    limits = entry.rate if entry is not None else None
    caps = (area.max_rate, limits.quantity("hard_max") if limits is not None else None)
    flows = [moved(cap, found) for cap in caps if cap is not None]
    return model.settable(min([model.bolus_rate, *(flow for flow in flows if flow is not None)]))


def moved(dose: Quantity, found: Judged) -> Fraction | None:
    """Return what a dose moves in this patient: mL, or mL/h of a dose per time; ``None`` without a strength."""
    absolute = _for_patient(dose, found)
    unit, strength = absolute.unit, found.verdict.derived.concentration
    amount = absolute.value * unit.scale
    if unit.kind is not Kind.VOLUME:
        if strength is None:
            return None
        amount /= strength.value * strength.unit.scale
    return amount * (ML.per_base if unit.time is TimeBasis.NONE else ML_PER_H.per_base)


def _for_patient(dose: Quantity, found: Judged) -> Quantity:
    weight, surface = found.programme.weight, found.verdict.derived.body_surface_area
    measure = {PatientBasis.KG: weight, PatientBasis.M2: surface}.get(dose.unit.patient)
    return dose if measure is None else dose.for_patient(measure)


def demand_volume(found: Judged) -> Fraction:
    """Return the volume of one demand dose, in mL."""
    volume = found.verdict.derived.volume
    return Fraction(0) if volume is None else whole_drops(volume)
