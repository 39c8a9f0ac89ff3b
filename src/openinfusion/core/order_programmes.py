"""
From an order and its entry to programmes, and from their verdicts to the codes of the answer.

A programme is what the pump would hold if the nurse pressed start; the dose engine judges it exactly as one that was
keyed. Every finding of the verdict has its code here, so that no refusal of the engine can get lost on the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from openinfusion.core.dosing import check
from openinfusion.core.library import CareArea, Entry, Library, Limit, Mode
from openinfusion.core.order_checks import Arrived, lacks, total_of
from openinfusion.core.order_codes import OrderError, refusal
from openinfusion.core.order_parts import Field, Order, PcaOrder, Step, StepKind
from openinfusion.core.programme import Finding, Parameter, Problem, Programme, Verdict
from openinfusion.core.units import MINUTES, PatientBasis, Quantity


@dataclass(frozen=True, slots=True)
class Judged:
    """
    One programme of an order and what the engine says of it.

    ``ordered`` is the duration that was ordered where volume and rate say it too; ``not_checked`` is what the nurse
    must know was not held against any limit.
    """

    programme: Programme
    verdict: Verdict
    ordered: Quantity | None = None
    not_checked: tuple[str, ...] = ()


def programmes_of(order: Order, entry: Entry) -> Iterator[tuple[Programme, Quantity | None]]:
    """Yield the programmes of an order; beside each the duration that was ordered where volume and rate say it too."""
    base = _base(order, entry)
    if order.pca is not None:
        yield from ((programme, None) for programme in _of_pca(order.pca, order.first, base))
        return
    for step in order.steps:
        if step.kind is not StepKind.DELAY:
            yield _of_step(step, base, Mode.LOADING if step.kind is StepKind.LOADING else base.mode)


def _base(order: Order, entry: Entry) -> Programme:
    """Return what all programmes of an order share: entry, patient, and the strength where the entry leaves it open."""
    own, step = entry.concentration, order.first
    is_open = own is not None and own.is_open
    return Programme(
        care_area=entry.care_area,
        entry=entry.id,
        mode=Mode(entry.type.value),
        amount=step.amount if is_open else None,
        diluent=step.diluent if is_open else None,
        weight=order.weight,
        height=order.height,
        body_surface_area=order.body_surface_area,
    )


def _of_step(step: Step, base: Programme, mode: Mode) -> tuple[Programme, Quantity | None]:
    # Whatever was ordered reaches the engine, which refuses what this mode cannot use: nothing is dropped on the way.
    by_time = mode in (Mode.CONTINUOUS, Mode.FLUID)
    as_rate = not by_time and step.rate is None and step.dose_rate is not None
    dose = None if as_rate else step.dose
    rate = step.dose_rate if as_rate else step.rate
    amount = step.volume if by_time else step.volume or step.single_dose
    is_told_twice = step.duration is not None and amount is not None and (step.rate or step.dose_rate) is not None
    duration = None if is_told_twice else step.duration
    programme = replace(base, mode=mode, dose=dose, rate=rate, volume=step.volume, duration=duration)
    return programme, step.duration if is_told_twice else None


def _of_pca(pca: PcaOrder, step: Step, base: Programme) -> Iterator[Programme]:
    yield replace(
        base,
        mode=Mode.PCA,
        dose=pca.demand,
        lockout=pca.lockout,
        accumulated=pca.dose_limit,
        background=step.dose_rate or step.rate,
    )
    if pca.loading is not None:
        yield replace(base, mode=Mode.LOADING, dose=pca.loading)
    if pca.clinician is not None:
        yield replace(base, mode=Mode.BOLUS, dose=pca.clinician)


def bolus_of(order: Order, entry: Entry) -> Programme:
    """Return the programme of a bolus; the strength is that which runs."""
    return _of_step(order.first, _base(order, entry), Mode.BOLUS)[0]


def judge(arrived: Arrived, entry: Entry) -> tuple[tuple[Judged, ...], tuple[OrderError, ...]]:
    """Return every programme of an order with its verdict, and all reasons to refuse them."""
    order, area = arrived.order, arrived.library.care_area(entry.care_area)
    judged = tuple(
        Judged(programme, ask(programme, arrived), ordered) for programme, ordered in programmes_of(order, entry)
    )
    errors = [error for one in judged for error in errors_of(one, arrived, entry)]
    errors += _beyond_verdicts(arrived, entry, area)
    return judged, tuple(dict.fromkeys(errors))


def ask(programme: Programme, arrived: Arrived) -> Verdict:
    """Return the word of the dose engine."""
    library: Library = arrived.library
    return check(programme, library, rate_resolution=arrived.situation.rate_resolution)


def errors_of(judged: Judged, arrived: Arrived, entry: Entry) -> Iterator[OrderError]:
    """Yield the code of everything in a verdict that refuses."""
    area = arrived.library.care_area(entry.care_area)
    asks = _Asks(arrived, entry, area, judged.programme)
    for finding in judged.verdict.findings:
        if finding.limit not in _SOFT:
            yield from (
                _of_limit(finding, asks) if finding.problem is None else _of_problem(finding.problem, finding, asks)
            )
    derived = judged.verdict.derived
    if judged.ordered is not None and derived.duration is not None:
        yield from _of_duration(judged.ordered, derived.duration, arrived)
    lowest = arrived.situation.lowest_rate
    if lowest is not None and derived.rate is not None and derived.rate < lowest:
        yield _out_of_range(Field.RATE, str(derived.rate), low=lowest, high=area.max_rate)


def _of_duration(ordered: Quantity, follows: Quantity, arrived: Arrived) -> Iterator[OrderError]:
    """Yield that a duration is another one than volume and rate make, beyond what rounding explains."""
    minutes, rules = ordered.to(MINUTES).value, arrived.rules
    if abs(minutes - follows.value) > min(rules.time_slack.to(MINUTES).value, rules.time_share * minutes):
        yield refusal(9004, f"{ordered} ordered; {follows} follow from volume and rate", fields=[Field.DURATION])


@dataclass(frozen=True, slots=True)
class _Asks:
    arrived: Arrived
    entry: Entry
    area: CareArea
    programme: Programme


_FIELDS = {
    Parameter.DOSE: Field.RATE,
    Parameter.RATE: Field.RATE,
    Parameter.VOLUME: Field.VOLUME,
    Parameter.DURATION: Field.DURATION,
    Parameter.CONCENTRATION: Field.AMOUNT,
    Parameter.WEIGHT: Field.WEIGHT,
    Parameter.HEIGHT: Field.HEIGHT,
    Parameter.BODY_SURFACE_AREA: Field.SURFACE,
    Parameter.LOCKOUT: Field.LOCKOUT,
    Parameter.ACCUMULATED: Field.DOSE_LIMIT,
    Parameter.BACKGROUND: Field.RATE,
    Parameter.STEP: Field.RATE,
    Parameter.PROGRAMME: Field.MEDICATION,
}
_PATIENT = {
    Parameter.WEIGHT: "weight",
    Parameter.HEIGHT: "height",
    Parameter.BODY_SURFACE_AREA: "body_surface_area",
}


def _of_limit(finding: Finding, asks: _Asks) -> Iterator[OrderError]:
    """Yield the code of a hard limit: of the patient, of the pumps of the care area, or of the entry."""
    field = _FIELDS[finding.parameter]
    if (name := _PATIENT.get(finding.parameter)) is not None:
        limits = getattr(asks.area, name)
        low, high = limits.quantity("hard_min"), limits.quantity("hard_max")
        yield _out_of_range(field, str(finding), low=low, high=high)
    elif finding.bound is not None and (finding.bound is asks.area.max_rate or finding.bound is asks.area.max_volume):
        yield refusal(9014, str(finding), fields=[field])
    else:
        yield refusal(9024, str(finding), fields=[field])


def _out_of_range(field: Field, detail: str, *, low: Quantity | None, high: Quantity | None) -> OrderError:
    allowed = f"{low if low is not None else 'no minimum'} to {high if high is not None else 'no maximum'}"
    return refusal(9005, detail, fields=[field], allowed=allowed)


_MISSING = {Parameter.LOCKOUT: 9025, Parameter.ACCUMULATED: 9026}


def _of_problem(problem: Problem, finding: Finding, asks: _Asks) -> Iterator[OrderError]:
    """Yield the code of a problem that ended the check; every problem of the engine is named here."""
    field = _FIELDS[finding.parameter]
    match problem:
        case Problem.MISSING:
            yield from _of_missing(finding, asks)
        case Problem.NOT_IN_LIBRARY:
            yield refusal(9010, str(finding))
        case Problem.MODE_NOT_OFFERED:
            yield _not_offered(finding, asks)
        case Problem.WRONG_UNIT:
            yield refusal(9008, str(finding), fields=[field])
        case Problem.FIXED:
            yield refusal(9018, str(finding), fields=[field])
        case Problem.NOT_DELIVERABLE:
            low = asks.arrived.situation.rate_resolution
            yield _out_of_range(field, str(finding), low=low, high=asks.area.max_rate)
        case Problem.NOT_POSITIVE | Problem.NOT_USED | Problem.DISAGREES:
            yield refusal(9004, str(finding), fields=[field])
        case Problem.NO_LIMITS:
            yield refusal(9016, str(finding))
        case _:
            assert_never(problem)


def _of_missing(finding: Finding, asks: _Asks) -> Iterator[OrderError]:
    if finding.parameter is Parameter.WEIGHT:
        yield from lacks(asks.arrived.order, PatientBasis.KG)
    elif finding.parameter is Parameter.BODY_SURFACE_AREA:
        yield from lacks(asks.arrived.order, PatientBasis.M2)
    else:
        field = _FIELDS[finding.parameter]
        yield refusal(_MISSING.get(finding.parameter, 9003), str(finding), fields=[field])


def _not_offered(finding: Finding, asks: _Asks) -> OrderError:
    """Return the code for a kind of dose that the entry does not offer."""
    if finding.parameter is Parameter.BACKGROUND:
        return refusal(9018, str(finding), fields=[Field.RATE])
    if asks.arrived.order.pca is not None:
        field = Field.LOADING if asks.programme.mode is Mode.LOADING else Field.CLINICIAN
        return refusal(9018, str(finding), fields=[field])
    return refusal(9042 if asks.programme.mode is Mode.LOADING else 9039, f"{asks.entry.id}: {finding}")


def _beyond_verdicts(arrived: Arrived, entry: Entry, area: CareArea) -> Iterator[OrderError]:
    """Yield what no single programme shows: all volumes together, and the window of a PCA."""
    order = arrived.order
    is_one_of_many = len(order.steps) > 1 or order.pca is not None
    total = total_of(order)
    if is_one_of_many and area.max_volume is not None and total > area.max_volume:
        yield refusal(9014, f"{total} together are above {area.max_volume}", fields=[Field.VOLUME])
    window = entry.pca.window if entry.pca is not None else None
    if order.pca is not None and window is not None and order.pca.window not in (None, window):
        detail = f"ordered per {order.pca.window}; the library counts per {window}"
        yield refusal(9018, detail, fields=[Field.DOSE_LIMIT_TIME])


def soft_words(judged: Judged) -> Iterator[str]:
    """Yield what the nurse must confirm at the pump: soft limits have no code."""
    return (str(finding) for finding in judged.verdict.findings if finding.limit in _SOFT)


_SOFT = (Limit.SOFT_MIN, Limit.SOFT_MAX)
