"""
Error injection: what a library would stop, warn of, or let through, if somebody slipped.

Every entry is programmed at its usual dose and then wrongly, through ``dosing.check``: multiples, a tenth, weights
mixed up, the neighbouring drug of the pick list, a wrong strength. In the manner of a neonatal unit that did so by
hand (BMC Pediatr 2022, s12887-022-03183-8: 73 % of multiples and 24 % of mix-ups alerted) and of
two live libraries of a US community hospital (a tenfold dose blocked in 44 and 55 %, silent in 23 and 33 %).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from openinfusion.core.dosing import check
from openinfusion.core.injection_score import (
    EntryScore,
    InjectionScore,
    NotTried,
    Outcome,
    Slip,
    SlipScore,
    Tally,
    Trial,
    gravity,
    score_entries,
    tally,
)
from openinfusion.core.library import CareArea, Concentration, Library, Limits, Mode, Population
from openinfusion.core.numbers import round_to
from openinfusion.core.programme import Decision, Programme
from openinfusion.core.review.survey import Row, rows_of
from openinfusion.core.units import KG, M2, ML, PatientBasis, Quantity, Unit, VolumeBasis

__all__ = [
    "REFERENCE_SURFACE",
    "REFERENCE_WEIGHT",
    "EntryScore",
    "InjectionScore",
    "NotTried",
    "Outcome",
    "Slip",
    "SlipScore",
    "Tally",
    "Trial",
    "inject",
    "reference_surface",
    "reference_weight",
]

# The patient that errors are injected with, by population; used for nothing else. The adult is the one at which
# doses per kg and absolute doses are compared (threshold ``adult_weight``); the others are round numbers of ours.
REFERENCE_WEIGHT = {
    Population.ADULT: Quantity.of(70, KG),
    Population.OBSTETRIC: Quantity.of(75, KG),
    Population.PAEDIATRIC: Quantity.of(20, KG),
    Population.NEONATAL: Quantity.of(3, KG),
}
REFERENCE_SURFACE = {
    Population.ADULT: Quantity.of("1.8", M2),
    Population.OBSTETRIC: Quantity.of("1.8", M2),
    Population.PAEDIATRIC: Quantity.of("0.8", M2),
    Population.NEONATAL: Quantity.of("0.2", M2),
}
_POUNDS_IN_KG = 1 / Fraction("0.45359237")
_SHOWN_STEP = Fraction(1, 1000)


_MULTIPLES = {
    Slip.USUAL: Fraction(1),
    Slip.DOUBLE: Fraction(2),
    Slip.FIVE: Fraction(5),
    Slip.TEN: Fraction(10),
    Slip.SIXTY: Fraction(60),
    Slip.THOUSAND: Fraction(1000),
    Slip.TENTH: Fraction(1, 10),
}
_OUTCOMES = {
    Decision.REFUSE: Outcome.BLOCKED,
    Decision.CONFIRM: Outcome.WARNED,
    Decision.ACCEPT: Outcome.SILENT,
    Decision.NOT_CHECKED: Outcome.SILENT,
}


def inject(library: Library) -> InjectionScore:
    """Return what a library would stop, warn of and let through; entries without a usual dose are listed."""
    intents: list[_Intent] = []
    not_tried: list[NotTried] = []
    for row in rows_of(library):
        for mode in _modes(row):
            found = _intent(library, row, mode)
            if isinstance(found, _Intent):
                intents.append(found)
            else:
                not_tried.append(NotTried(entry=row.entry.id, mode=mode, reason=found))
    trials = [trial for intent in intents for trial in _trials(library, intent)]
    trials += [_try(library, intent, wrong) for intent, wrong in _neighbours(intents)]
    return InjectionScore(
        usual=tally(trial for trial in trials if not trial.is_error),
        errors=tally(trial for trial in trials if trial.is_error),
        by_slip=tuple(SlipScore(slip=slip, tally=tally(t for t in trials if t.slip is slip)) for slip in Slip),
        by_entry=score_entries(trials),
        worst=tuple(sorted((trial for trial in trials if trial.is_grave), key=gravity)),
        not_tried=tuple(not_tried),
    )


# What was meant


@dataclass(frozen=True, slots=True)
class _Intent:
    """A correct programme: the entry, and its usual dose (or rate) as the value that slips will change."""

    row: Row
    name: str
    programme: Programme

    @property
    def value(self) -> Quantity:
        """The usual dose or rate."""
        value: Quantity = getattr(self.programme, self.name)
        return value


def _with(programme: Programme, name: str, value: Quantity) -> Programme:
    """Return a programme with another dose or rate."""
    return replace(programme, dose=value) if name == "dose" else replace(programme, rate=value)


def _modes(row: Row) -> Iterator[Mode]:
    yield Mode(row.entry.type.value)
    yield from (Mode(name) for name, _ in row.given_once)


def _intent(library: Library, row: Row, mode: Mode) -> _Intent | str:
    """Return the correct programme of one mode of an entry, or why there is none."""
    named = _usual(row, mode)
    if named is None:
        return "no usual dose is recorded"
    name, value = named
    programme = _completed(Programme(care_area=row.area.id, entry=row.entry.id, mode=mode), row)
    intent = _Intent(row, name, _with(programme, name, value))
    problem = next((f for f in check(intent.programme, library).findings if f.problem and f.is_hard), None)
    return intent if problem is None else f"the usual dose cannot be programmed: {problem}"


def _usual(row: Row, mode: Mode) -> tuple[str, Quantity] | None:
    """Return what is programmed in a mode, "dose" or "rate", with its usual value."""
    part = row.entry.limits_for(mode)
    dose = row.entry.pca.dose if mode is Mode.PCA and row.entry.pca else part.dose if part else None
    for name, limits in (("dose", dose), ("rate", part.rate if part and mode in _BY_TIME else None)):
        if limits is not None and limits.usual:
            return name, Quantity(limits.usual, limits.unit)
    return None


_BY_TIME = frozenset({Mode.CONTINUOUS, Mode.FLUID})


def _completed(programme: Programme, row: Row) -> Programme:
    """Return a programme with all that its entry asks for besides the dose: patient, strength, duration, lockout."""
    entry, part = row.entry, row.entry.limits_for(programme.mode)
    if entry.pca is not None and programme.mode is Mode.PCA:
        lockout, accumulated = _typical(entry.pca.lockout), _typical(entry.pca.accumulated)
        programme = replace(programme, lockout=lockout, accumulated=accumulated)
    elif part is not None and programme.mode not in _BY_TIME:
        duration = _typical(part.duration)
        rate = _typical(part.rate) if duration is None else None
        programme = replace(programme, duration=duration, rate=rate)
    if entry.concentration is not None and entry.concentration.is_open:
        amount, diluent = _made_up(entry.concentration, row)
        programme = replace(programme, amount=amount, diluent=diluent)
    bases = {limits.unit.patient for _, limits in entry.all_limits()}
    weight = reference_weight(row.area) if row.is_by_weight else None
    surface = reference_surface(row.area) if PatientBasis.M2 in bases else None
    return replace(programme, weight=weight, body_surface_area=surface)


def _typical(limits: Limits | None) -> Quantity | None:
    """Return the usual value of a group of limits, else the middle of its limits, else the only limit."""
    if limits is None:
        return None
    low = limits.hard_min if limits.soft_min is None else limits.soft_min
    high = limits.hard_max if limits.soft_max is None else limits.soft_max
    ends = [end for end in (low, high) if end]
    value = limits.usual or (sum(ends) / Fraction(len(ends)) if ends else None)
    return None if value is None else Quantity(value, limits.unit)


def _made_up(concentration: Concentration, row: Row) -> tuple[Quantity, Quantity]:
    """
    Return what the bedside would enter for an open concentration: the middle of its bounds, else 1 of its unit per mL.

    Limits of a dose do not depend on the strength, so any strength inside the bounds shows what they catch.
    """
    typical = _typical(concentration.limits)
    counted = next((part.limits.unit for part in row.parts if part.limits.unit.kind is not ML.kind), ML)
    unit = concentration.amount.unit if concentration.amount else typical.unit if typical else counted
    per_ml = Quantity(Fraction(1), Unit.of(unit.amount, volume=VolumeBasis.ML)) if typical is None else typical
    if concentration.amount is not None:
        millilitres = concentration.amount.value * unit.scale / (per_ml.value * per_ml.unit.scale)
        if unit.patient is PatientBasis.KG:
            millilitres *= reference_weight(row.area).to(KG).value
        return concentration.amount, Quantity(millilitres, ML)
    volume = concentration.volume or Quantity.of(50, ML)
    amount = per_ml.value * per_ml.unit.scale * volume.to(ML).value
    plain = Unit.of(unit.amount)
    return Quantity(amount / plain.scale, plain), volume


def reference_weight(area: CareArea) -> Quantity:
    """Return the weight for error injection: that of the population, else the middle of what the area allows."""
    return _inside(REFERENCE_WEIGHT[area.population], area.weight)


def reference_surface(area: CareArea) -> Quantity:
    """Return the body surface area for error injection, in the same manner."""
    return _inside(REFERENCE_SURFACE[area.population], area.body_surface_area)


def _inside(reference: Quantity, limits: Limits | None) -> Quantity:
    """Return a reference value if soft and hard limits allow it, else the middle of the limits."""
    if limits is None:
        return reference
    value = reference.to(limits.unit).value
    below = any(low is not None and value < low for low in limits.bounds[:2])
    above = any(high is not None and value > high for high in limits.bounds[2:])
    return _typical(limits) or reference if below or above else reference


# What went wrong


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A programme with a slip in it, and how many times the intended amount the patient would get."""

    slip: Slip
    programme: Programme
    times: Fraction | None
    under: Row


def _trials(library: Library, intent: _Intent) -> Iterator[Trial]:
    for wrong in (*_multiples(intent), *_weights(intent), *_strengths(intent)):
        yield _try(library, intent, wrong)


def _try(library: Library, intent: _Intent, wrong: _Wrong) -> Trial:
    row = intent.row
    programmed: Quantity = getattr(wrong.programme, intent.name)
    return Trial(
        entry=row.entry.id,
        under=wrong.under.entry.id,
        mode=intent.programme.mode,
        slip=wrong.slip,
        outcome=_OUTCOMES[check(wrong.programme, library).decision],
        times=None if wrong.times is None else round_to(wrong.times, _SHOWN_STEP),
        drug=row.drug.name,
        care_area=row.area.name,
        high_alert=row.is_high_alert,
        programmed=f"{programmed} under {wrong.under.drug.name}" if wrong.under is not row else str(programmed),
    )


def _scaled(intent: _Intent, factor: Fraction) -> Programme:
    return _with(intent.programme, intent.name, Quantity(intent.value.value * factor, intent.value.unit))


def _multiples(intent: _Intent) -> Iterator[_Wrong]:
    for slip, factor in _MULTIPLES.items():
        yield _Wrong(slip, _scaled(intent, factor), factor, intent.row)


def _weights(intent: _Intent) -> Iterator[_Wrong]:
    """Yield the weight typed in pounds, and the dose of one basis typed as the other."""
    programme, row = intent.programme, intent.row
    kilograms = (programme.weight or reference_weight(row.area)).to(KG).value
    basis = intent.value.unit.patient
    if programme.weight is not None:
        pounds = replace(programme, weight=Quantity(kilograms * _POUNDS_IN_KG, KG))
        yield _Wrong(Slip.POUNDS, pounds, _POUNDS_IN_KG, row)
    if basis is PatientBasis.KG:
        yield _Wrong(Slip.ABSOLUTE_AS_PER_KG, _scaled(intent, kilograms), kilograms, row)
    elif basis is PatientBasis.NONE and intent.value.unit.kind is not ML.kind:
        yield _Wrong(Slip.PER_KG_AS_ABSOLUTE, _scaled(intent, 1 / kilograms), 1 / kilograms, row)


def _strengths(intent: _Intent) -> Iterator[_Wrong]:
    """Yield a strength typed ten times too low, which gives ten times the dose, and the reverse."""
    amount, concentration = intent.programme.amount, intent.row.entry.concentration
    if amount is None or concentration is None:
        return
    for slip, factor in ((Slip.STRENGTH_TOO_LOW, Fraction(1, 10)), (Slip.STRENGTH_TOO_HIGH, Fraction(10))):
        if concentration.amount is None:
            typed = replace(intent.programme, amount=Quantity(amount.value * factor, amount.unit))
        else:
            diluent = intent.programme.diluent or Quantity.of(1, ML)
            typed = replace(intent.programme, diluent=Quantity(diluent.value / factor, diluent.unit))
        yield _Wrong(slip, typed, 1 / factor, intent.row)


def _neighbours(intents: Sequence[_Intent]) -> Iterator[tuple[_Intent, _Wrong]]:
    """Yield each intent with the same dose typed under the next drug of its pick list, else under the one before."""
    lists: dict[tuple[str, Mode], list[_Intent]] = {}
    for intent in intents:
        lists.setdefault((intent.row.area.id, intent.programme.mode), []).append(intent)
    for listed in lists.values():
        drugs: dict[str, list[_Intent]] = {}
        for intent in sorted(listed, key=lambda intent: intent.row.drug.name.casefold()):
            drugs.setdefault(intent.row.drug.id, []).append(intent)
        order = list(drugs)
        for place, drug in enumerate(order):
            beside = [
                other for near in (place + 1, place - 1) if 0 <= near < len(order) for other in drugs[order[near]]
            ]
            for intent in drugs[drug]:
                under = next((other for other in beside if _is_compatible(intent, other)), None)
                if under is not None:
                    typed = _with(under.programme, under.name, intent.value)
                    yield intent, _Wrong(Slip.NEIGHBOUR, typed, None, under.row)


def _is_compatible(intent: _Intent, other: _Intent) -> bool:
    return intent.name == other.name and intent.value.unit.measures_like(other.value.unit)
