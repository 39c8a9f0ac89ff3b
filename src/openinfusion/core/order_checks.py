"""
What is wrong with an order before any library is asked: its own values, its time, its patient, and the pump.

Each check yields the reasons to refuse that it finds. They are asked in the order of ``CHECKS``; the first that finds
anything is the answer, since a pump that is off has no opinion on a dose.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from openinfusion.core.library import Library
from openinfusion.core.limits import is_amount_of_drug
from openinfusion.core.order_codes import OrderError, refusal
from openinfusion.core.order_parts import (
    Activity,
    Field,
    Link,
    Order,
    OrderKind,
    OrderRules,
    PumpSituation,
    Step,
    StepKind,
    is_flow,
)
from openinfusion.core.units import CM, KG, M2, MINUTES, ML, Kind, PatientBasis, Quantity, TimeBasis, Unit, VolumeBasis
from openinfusion.core.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An order as it arrives: the order, the library and pump that it meets, the moment, and the rules."""

    order: Order
    library: Library
    situation: PumpSituation
    at: datetime
    rules: OrderRules


Errors = Iterator[OrderError]
MISSING, INVALID, BAD_UNIT, STATE = 9003, 9004, 9008, 9017
_LINKS = {Link.UNKNOWN: 9001, Link.OFF: 9006, Link.OFFLINE: 9007, Link.NO_ANSWER: 9015}


def of_link(arrived: Arrived) -> Errors:
    """Yield why the pump cannot be reached."""
    if (code := _LINKS.get(arrived.situation.link)) is not None:
        yield refusal(code)


def of_presence(arrived: Arrived) -> Errors:
    """Yield what the order lacks of what this kind of order needs."""
    order, rules = arrived.order, arrived.rules
    needed = [
        (Field.ORDER_ID, bool(order.id)),
        (Field.MEDICATION, bool(order.medication.codes or order.medication.names)),
        (Field.PUMP, bool(order.pump) or not rules.needs_pump),
        (Field.PLACED_AT, order.placed_at is not None or rules.stale_after is None),
        (Field.OPERATOR, bool(order.operator) or not rules.needs_operator),
    ]
    is_syringe = (arrived.situation.kind or order.device) == "syringe pump"
    for step in order.steps:
        needed += list(_needed(order, step, is_syringe=is_syringe))
    # What is there and cannot be read is not missing.
    unread = {item.field for item in order.unread if item.code != MISSING}
    needed += [(item.field, False) for item in order.unread if item.code == MISSING]
    missing = [field for field, is_there in needed if not is_there and not unread & {field, _UNITS.get(field, field)}]
    if missing:
        yield refusal(MISSING, fields=missing)


_UNITS = {Field.RATE: Field.RATE_UNIT, Field.AMOUNT: Field.AMOUNT_UNIT, Field.DILUENT: Field.DILUENT_UNIT}


def _needed(order: Order, step: Step, *, is_syringe: bool) -> Iterator[tuple[Field, bool]]:
    """Yield what one step needs, and whether it is there."""
    has_rate, has_duration = step.rate is not None or step.dose is not None, step.duration is not None
    if step.kind is StepKind.DELAY:
        yield Field.DURATION, has_duration
    elif order.kind is OrderKind.BOLUS:
        yield Field.PARENT, bool(order.parent)
        by_amount = step.volume is not None or step.single_dose is not None
        yield Field.RATE, by_amount or has_rate
        yield Field.DURATION, by_amount or has_duration
    elif order.kind is OrderKind.CHANGE:
        yield Field.RATE, has_rate
    elif order.pca is not None:
        yield Field.DEMAND, order.pca.demand is not None
        yield Field.DOSE_LIMIT_TIME, order.pca.dose_limit is None or order.pca.window is not None
    else:
        yield Field.RATE, has_rate
        yield Field.DURATION, step.single_dose is None or has_duration
        yield Field.VOLUME, step.volume is not None or is_syringe or has_duration


def of_units(arrived: Arrived) -> Errors:
    """Yield units that cannot measure what they stand for."""
    wrong = [field for field, unit, measures in _units(arrived.order) if not measures(unit)]
    wrong += [item.field for item in arrived.order.unread if item.code == BAD_UNIT]
    details = {item.field: f"found {item.found}; expected {item.expected}" for item in arrived.order.unread}
    for field in dict.fromkeys(wrong):
        yield refusal(BAD_UNIT, details.get(field, ""), fields=[field])


def _units(order: Order) -> Iterator[tuple[Field, Unit, Callable[[Unit], bool]]]:
    """Yield every unit of an order with the test that it must pass."""
    for step in order.steps:
        yield from _present(
            (Field.RATE_UNIT, step.rate, lambda unit: is_flow(Quantity.of(1, unit))),
            (Field.RATE_UNIT, step.dose, _counts_drug),
            (Field.DURATION, step.duration, MINUTES.measures_like),
            (Field.AMOUNT_UNIT, step.amount, is_amount_of_drug),
            (Field.DILUENT_UNIT, step.diluent, ML.measures_like),
        )
    yield from _present(
        (Field.WEIGHT, order.weight, KG.measures_like),
        (Field.HEIGHT, order.height, CM.measures_like),
        (Field.SURFACE, order.body_surface_area, M2.measures_like),
        (Field.TOTAL_VOLUME, order.total_volume, ML.measures_like),
        (Field.CONTAINER, order.container, ML.measures_like),
    )
    if order.pca is not None:
        yield from _present(
            (Field.DEMAND, order.pca.demand, _is_single_dose),
            (Field.LOCKOUT, order.pca.lockout, MINUTES.measures_like),
            (Field.DOSE_LIMIT, order.pca.dose_limit, _is_single_dose),
            (Field.DOSE_LIMIT_TIME, order.pca.window, MINUTES.measures_like),
            (Field.LOADING, order.pca.loading, _is_single_dose),
            (Field.CLINICIAN, order.pca.clinician, _is_single_dose),
        )


_Held = tuple[Field, Quantity | None, Callable[[Unit], bool]]


def _present(*held: _Held) -> Iterator[tuple[Field, Unit, Callable[[Unit], bool]]]:
    return ((field, quantity.unit, test) for field, quantity, test in held if quantity is not None)


_NOT_DRUG = (Kind.WEIGHT, Kind.HEIGHT, Kind.AREA, Kind.DURATION, Kind.PERCENTAGE)


def _counts_drug(unit: Unit) -> bool:
    return unit.kind not in _NOT_DRUG and unit.volume is VolumeBasis.NONE


def _is_single_dose(unit: Unit) -> bool:
    return _counts_drug(unit) and unit.time is TimeBasis.NONE


def of_values(arrived: Arrived) -> Errors:
    """Yield values that no pump could obey: unreadable, zero or less, against each other, or not of this kind."""
    order = arrived.order
    wrong: dict[Field, str] = {}
    for item in (one for one in order.unread if one.code == INVALID):
        before = f"{wrong[item.field]}; " if item.field in wrong else ""
        wrong[item.field] = f"{before}found {item.found}; expected {item.expected}"
    for field, quantity in _numbers(order):
        if quantity.value <= 0:
            wrong.setdefault(field, f"found {quantity}; expected more than zero")
    for step in order.steps:
        if step.volume is not None and step.volume.unit is not ML:
            wrong.setdefault(Field.VOLUME, f"in {step.volume.unit}; expected mL")
    for field, why in _contradictions(arrived):
        wrong.setdefault(field, why)
    if wrong:
        # The words of the code name the field; of several, each detail says which it is about.
        named = list(wrong.values()) if len(wrong) == 1 else [f"{field.value}: {why}" for field, why in wrong.items()]
        yield refusal(INVALID, "; ".join(named), fields=wrong)


def _numbers(order: Order) -> Iterator[tuple[Field, Quantity]]:
    pca = order.pca
    named: list[tuple[Field, Quantity | None]] = [
        (Field.WEIGHT, order.weight),
        (Field.HEIGHT, order.height),
        (Field.SURFACE, order.body_surface_area),
        (Field.TOTAL_VOLUME, order.total_volume),
        (Field.CONTAINER, order.container),
    ]
    for step in order.steps:
        named += [(Field.VOLUME, step.volume), (Field.RATE, step.rate), (Field.RATE, step.dose)]
        named += [(Field.DURATION, step.duration), (Field.AMOUNT, step.amount), (Field.DILUENT, step.diluent)]
    if pca is not None:
        named += [(Field.DEMAND, pca.demand), (Field.LOCKOUT, pca.lockout), (Field.DOSE_LIMIT, pca.dose_limit)]
        named += [(Field.DOSE_LIMIT_TIME, pca.window), (Field.LOADING, pca.loading), (Field.CLINICIAN, pca.clinician)]
    return ((field, quantity) for field, quantity in named if quantity is not None)


def _contradictions(arrived: Arrived) -> Iterator[tuple[Field, str]]:
    order, step = arrived.order, arrived.order.first
    if order.kind is OrderKind.CHANGE:
        if step.volume is not None:
            yield Field.VOLUME, "a change of rate must not give a volume"
        if step.single_dose is not None:
            yield Field.RATE_UNIT, "a change gives a rate or a dose rate, not a dose"
    if order.kind in (OrderKind.CHANGE, OrderKind.BOLUS) and order.pca is not None:
        yield Field.DEMAND, "a change or a bolus gives no values of patient-controlled analgesia"
    if order.kind is OrderKind.NEW and order.pca is not None:
        yield from _beside_pca(step)
    holds, volume = order.container, step.volume
    if holds is not None and volume is not None and volume.unit is ML and holds < volume:
        yield Field.CONTAINER, f"{holds} hold less than the {volume} to be infused"
    kind, device = arrived.situation.kind, order.device
    if kind is not None and device is not None and kind != device:
        yield Field.DEVICE, f"ordered for a {device}; this is a {kind}"
    yield from _of_time(arrived)


def _beside_pca(step: Step) -> Iterator[tuple[Field, str]]:
    if step.single_dose is not None:
        yield Field.RATE, "a dose beside that of the patient"
    if step.dose is not None and step.rate is not None:
        yield Field.RATE, "two background rates"
    if step.duration is not None:
        yield Field.DURATION, "patient-controlled analgesia has no duration"


def _of_time(arrived: Arrived) -> Iterator[tuple[Field, str]]:
    placed_at = arrived.order.placed_at
    if placed_at is None:
        return
    if placed_at.tzinfo is None:
        yield Field.PLACED_AT, "a time without its zone"
    elif placed_at > arrived.at + arrived.rules.early_by and arrived.rules.stale_after is not None:
        yield Field.PLACED_AT, "a time in the future"


def of_steps(arrived: Arrived) -> Errors:
    """Yield why the steps of an order are no programme; a step that was lost on the way is a dose that was lost."""
    order = arrived.order
    if order.kind is not OrderKind.MULTISTEP:
        count = max(len(order.steps), order.total_steps or 1)
        if count != 1 or not order.steps:
            yield refusal(9041, f"{counted(len(order.steps), 'step')} of {count}; expected one", fields=[Field.STEP])
        elif order.steps[0].kind is not StepKind.CONTINUOUS:
            yield refusal(9041, f"a step of kind {order.steps[0].kind.value} alone", fields=[Field.STEP])
        return
    if (why := next(_why_no_programme(order), None)) is not None:
        yield refusal(9041, why, fields=[Field.STEP])


def _why_no_programme(order: Order) -> Iterator[str]:
    steps = order.steps
    if order.total_steps != len(steps) or not steps:
        yield f"{counted(len(steps), 'step')}; the order says {order.total_steps or 'not how many'}"
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        yield f"steps numbered {', '.join(str(step.number) for step in steps)}"
    if order.pca is not None or all(step.kind is StepKind.DELAY for step in steps):
        yield "nothing that steps could give"
    if any(step.kind is StepKind.LOADING for step in steps[1:]):
        yield "a loading dose after the first step"
    if any(step.medication not in (None, order.medication) for step in steps):
        yield "steps of different medicines"
    if len({(s.amount, s.diluent) for s in steps if s.kind is not StepKind.DELAY}) > 1:
        yield "steps of different strengths"
    if order.total_volume is not None and order.total_volume != total_of(order):
        yield f"the volumes of the steps do not add up to {order.total_volume}"


def total_of(order: Order) -> Quantity:
    """Return how much the steps of an order give together, as far as they say a volume; every one is in mL by now."""
    return Quantity(sum((step.volume.value for step in order.steps if step.volume is not None), Fraction(0)), ML)


def of_age(arrived: Arrived) -> Errors:
    """Yield whether an order is too old to be obeyed."""
    placed_at, limit = arrived.order.placed_at, arrived.rules.stale_after
    if placed_at is not None and limit is not None and arrived.at - placed_at > limit:
        minutes = int((arrived.at - placed_at).total_seconds() // 60)
        yield refusal(9022, f"confirmed {minutes} minutes ago; at most {int(limit.total_seconds() // 60)}")


def of_patient(arrived: Arrived) -> Errors:
    """Yield whether the pump knows another patient, or another weight; no identifier is ever shown."""
    order, situation = arrived.order, arrived.situation
    if not order.patient and arrived.rules.needs_patient:
        yield refusal(9031)
    elif order.patient and situation.patient is not None and order.patient != situation.patient:
        yield refusal(9012)
    if order.weight is not None and situation.weight is not None and order.weight != situation.weight:
        yield refusal(9011, f"ordered for {order.weight}; the pump knows {situation.weight}")


_ACTIVITIES = {
    Activity.ALARMING: 9033,
    Activity.DELAYED_START: 9032,
    Activity.PAUSED: 9017,
    Activity.STANDBY: 9017,
    Activity.NOT_KNOWN: 9017,
}


def of_activity(arrived: Arrived) -> Errors:
    """Yield why the pump cannot take an order now."""
    order, situation = arrived.order, arrived.situation
    starts = order.kind in (OrderKind.NEW, OrderKind.MULTISTEP)
    if (code := _ACTIVITIES.get(situation.activity)) is not None:
        yield refusal(code, f"the pump is {situation.activity.value}" if code == STATE else "")
    elif starts and situation.activity is Activity.INFUSING:
        yield from _beside(arrived)
    elif order.kind is OrderKind.CHANGE and situation.activity is Activity.IDLE:
        yield refusal(9017, "nothing runs that could be changed")
    if situation.lacks_set:
        yield refusal(9028)
    if situation.rejected_by_user:
        yield refusal(9023)


def _beside(arrived: Arrived) -> Errors:
    running = arrived.situation.running
    if not arrived.order.secondary:
        yield refusal(9002)
    elif running is None or not running.may_be_interrupted:
        yield refusal(9030, "" if running else "nobody knows what runs")


def of_offers(arrived: Arrived) -> Errors:
    """Yield whether the pump takes this kind of order at all."""
    kind, situation = arrived.order.kind, arrived.situation
    if kind is OrderKind.BOLUS and not situation.offers_bolus:
        yield refusal(9038)
    if kind is OrderKind.MULTISTEP and not situation.offers_multistep:
        yield refusal(9044)


def of_area(arrived: Arrived) -> Errors:
    """Yield why the care area of the pump is not the one in which to judge the order."""
    area, expected = arrived.situation.care_area, arrived.situation.expected_area
    if area is None:
        yield refusal(9029)
    elif area not in {known.id for known in arrived.library.care_areas}:
        yield refusal(9021, f"the library has no care area {area!r}")
    elif expected is not None and expected != area:
        yield refusal(9021, f"the pump is set to {area!r}; the patient's place is {expected!r}")


# Units before values: a number in a unit that measures something else says nothing.
CHECKS: tuple[Callable[[Arrived], Errors], ...] = (
    of_link,
    of_offers,
    of_units,
    of_values,
    of_presence,
    of_steps,
    of_age,
    of_patient,
    of_activity,
    of_area,
)


def lacks(order: Order, basis: PatientBasis) -> Iterator[OrderError]:
    """Yield which measure of the patient an order lacks for a dose per kg or per m2."""
    if basis is PatientBasis.KG:
        yield refusal(9019, fields=[Field.WEIGHT])
    elif order.weight is not None:
        yield refusal(9020, fields=[Field.HEIGHT])
    elif order.height is not None:
        yield refusal(9019, fields=[Field.WEIGHT])
    else:
        yield refusal(9027, fields=[Field.SURFACE])
