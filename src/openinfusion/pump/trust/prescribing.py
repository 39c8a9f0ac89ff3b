"""
What is prescribed, and what is typed: mostly the same.

How often and how a programme goes wrong follows published observations (``MISTAKES``); the engine, and nothing here,
decides what the pump says to it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from openinfusion.core.dosing import check
from openinfusion.core.entry import EntryType, Mode
from openinfusion.core.library import Limits, Population
from openinfusion.core.numbers import round_significant, round_to
from openinfusion.core.programme import Decision, Programme
from openinfusion.core.units import KG, PatientBasis, Quantity
from openinfusion.pump.trust.dice import Dice, step_for
from openinfusion.pump.trust.menu import ADULT_WEIGHT, Menu, Offer

MISTAKEN = 0.019
"""Share of programmes with a programming error: 1.6 % were observed (Howlett 2020); some change nothing."""
MISTAKES: dict[str, float] = {
    # Most errors stay inside the limits: a dose that is out of date, the weight of the last patient.
    "superseded dose": 48,
    "weight of another patient": 18,
    "half": 8,
    "double": 12,
    "drug beside it in the list": 6,
    "fivefold": 2.5,
    # Tenfold errors, by whatever slip, are 3.8 % of medication errors reported (Doherty 2012); most are too much
    # (WPSU 2017-18: 22 of 25).
    "tenfold": 6,
    "tenth": 0.5,
    # Of tenfold incidents 20 % were mg for mg/kg and 16 % a unit slipped (WPSU 2017-18).
    "per kg left out": 1.2,
    "thousandfold": 0.35,
    # Named cases: 800 mg/250 mL programmed as 200 mg/250 mL; 20 mL/h for 250 mL/h; 200 for 1,300 units/h.
    "strength of another syringe": 1.5,
    "a digit left out": 1.5,
    "per minute for per hour": 0.3,
}
FACTORS = {
    "half": "1/2",
    "double": "2",
    "fivefold": "5",
    "tenfold": "10",
    "tenth": "1/10",
    "thousandfold": "1000",
    "a digit left out": "2/25",
    "per minute for per hour": "60",
}
UNUSUAL = 0.016
"""Share of programmes that are right, and beyond a soft limit nevertheless."""
TOO_MUCH, TOO_FAST = 0.7, 0.25
TAKES_INITIAL = 0.4
"""How often staff take the value that the pump offers first."""
REDRAWN = 6
_QUESTIONED = (Decision.CONFIRM, Decision.REFUSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What was meant and what was typed on an offer.

    ``mistake`` is the kind of error, if there is one; an order that is unusual is beyond a soft limit, and right.
    """

    offer: Offer
    meant: Programme
    typed: Programme
    mistake: str | None = None
    is_unusual: bool = False


def draw_weight(population: Population, dice: Dice) -> Quantity:
    """Return the weight of a patient, to the tenth of a kilogram."""
    low, high = ADULT_WEIGHT[population]
    middle = (dice.share() + dice.share()) / 2
    return Quantity(Fraction(round((low + (high - low) * middle) * 10), 10), KG)


def draw_offer(menu: Menu, types: dict[str, float], dice: Dice) -> Offer:
    """Return what is run next: a type of infusion that the ward runs, and a drug of it."""
    shares = {kind: types.get(kind.value, 0) for kind in menu.by_type}
    kind = dice.weighted(shares) if any(shares.values()) else next(iter(menu.by_type))
    return menu.offers[dice.weighted(menu.by_type[kind])]


def draw_order(
    offer: Offer,
    menu: Menu,
    *,
    weight: Quantity,
    dice: Dice,
    unusual: float = UNUSUAL,
    mistaken_times: float = 1.0,
) -> Order:
    """Return an order within the usual range, or sometimes beyond a soft limit, typed as meant or with an error."""
    is_unusual = dice.chance(unusual)
    meant = _unusual(offer, weight, dice) if is_unusual else _usual(offer, menu, weight=weight, dice=dice)
    order = Order(offer=offer, meant=meant, typed=meant, is_unusual=is_unusual)
    return mistaken(order, menu, dice) if dice.chance(MISTAKEN * mistaken_times) else order


def _usual(offer: Offer, menu: Menu, *, weight: Quantity, dice: Dice) -> Programme:
    """Return a programme as practice has it: dose, time and weight together within every limit, where they can be."""
    meant = offer.programme(_usual_value(offer, dice), weight=weight, duration=_minutes(offer, dice))
    for _ in range(REDRAWN):
        if check(meant, menu.newest).decision not in _QUESTIONED:
            break
        meant = offer.programme(_usual_value(offer, dice), weight=weight, duration=_minutes(offer, dice))
    return meant


def _unusual(offer: Offer, weight: Quantity, dice: Dice) -> Programme:
    minutes = _minutes(offer, dice)
    if minutes is not None and dice.chance(TOO_FAST):
        return offer.programme(_usual_value(offer, dice), weight=weight, duration=_hurried(offer, minutes))
    return offer.programme(_unusual_value(offer, dice), weight=weight, duration=minutes)


def typed_value(programme: Programme) -> Quantity:
    """Return the dose of a programme, or the rate where there is none."""
    value = programme.dose or programme.rate
    if value is None:
        raise AssertionError("an offer is typed as a dose or a rate")
    return value


def with_value(programme: Programme, value: Quantity) -> Programme:
    return replace(programme, dose=value) if programme.dose is not None else replace(programme, rate=value)


def _usual_value(offer: Offer, dice: Dice) -> Quantity:
    initial = offer.limits.initial
    if initial is not None and dice.chance(TAKES_INITIAL):
        return Quantity(initial, offer.limits.unit)
    high = offer.usual.usual_max or Fraction(1)
    low = offer.usual.usual_min
    return offer.value(dice.within(high / 4 if low is None else low, high))


def _unusual_value(offer: Offer, dice: Dice) -> Quantity:
    """Return a value beyond a soft limit of the newest library, within its hard one."""
    usual = offer.usual
    if usual.soft_max is not None and (usual.soft_min is None or dice.chance(TOO_MUCH)):
        return offer.value(_above(usual, usual.soft_max, dice))
    if usual.soft_min is not None:
        low = usual.hard_min or usual.soft_min / 4
        value = round_significant(usual.soft_min * Fraction(dice.whole(40, 95), 100), 2)
        return offer.value(max(low, value))
    return _usual_value(offer, dice)


def _above(limits: Limits, soft_max: Fraction, dice: Dice) -> Fraction:
    times = 1 + Fraction(int(dice.exponential(25)) + 2, 100)
    step = step_for(soft_max)
    value = max(round_to(soft_max * times, step), soft_max + step)
    return value if limits.hard_max is None else min(value, limits.hard_max)


def _minutes(offer: Offer, dice: Dice) -> Fraction | None:
    """Return the time over which a single dose is to run; other infusions run until they are stopped."""
    if offer.mode is not Mode.INTERMITTENT:
        return None
    limits = offer.duration
    if limits is None or limits.usual_max is None:
        return Fraction(60)
    return dice.within(limits.usual_min or limits.usual_max, limits.usual_max)


def _hurried(offer: Offer, minutes: Fraction) -> Fraction:
    """Return a time shorter than the soft minimum, where there is one."""
    limits = offer.duration
    if limits is None or limits.soft_min is None:
        return minutes
    least = limits.hard_min if limits.hard_min is not None else limits.soft_min / 2
    return max(least, round_to(limits.soft_min * Fraction(4, 5), Fraction(1)))


def mistaken(order: Order, menu: Menu, dice: Dice) -> Order:
    """Return the order typed with an error; one that this order cannot have becomes a superseded dose."""
    kind = dice.weighted(MISTAKES)
    if kind == "drug beside it in the list":
        beside = _beside(order.offer, menu, dice)
        if beside is not None:
            typed = beside.programme(
                typed_value(order.meant),
                weight=order.meant.weight or Quantity(Fraction(1), KG),
                duration=order.meant.duration.value if order.meant.duration else None,
            )
            return replace(order, offer=beside, typed=typed, mistake=kind)
    slipped = _SLIPS.get(kind, _multiplied)(order, kind, dice)
    typed = slipped or _superseded(order, kind, dice)
    kind = "superseded dose" if slipped is None else kind
    return replace(order, typed=typed, mistake=kind) if typed != order.meant else order


def _beside(offer: Offer, menu: Menu, dice: Dice) -> Offer | None:
    """Return another drug of the list on which the same numbers can be typed."""
    alike = [
        other
        for other in menu.offers
        if other.entry.drug != offer.entry.drug
        and other.mode is offer.mode
        and other.name == offer.name
        and other.limits.unit is offer.limits.unit
    ]
    return dice.one_of(alike) if alike and offer.entry.type is not EntryType.PCA else None


def _superseded(order: Order, kind: str, dice: Dice) -> Programme:  # noqa: ARG001 - one shape for every slip
    return with_value(order.meant, _usual_value(order.offer, dice))


def _other_weight(order: Order, kind: str, dice: Dice) -> Programme | None:  # noqa: ARG001
    if typed_value(order.meant).unit.patient is PatientBasis.NONE:
        return None
    return replace(order.meant, weight=draw_weight(order.offer.population, dice))


def _per_kg_left_out(order: Order, kind: str, dice: Dice) -> Programme | None:  # noqa: ARG001
    value, weight = typed_value(order.meant), order.meant.weight
    if value.unit.patient is PatientBasis.NONE or weight is None:
        return None
    return with_value(order.meant, Quantity(value.value * weight.value, value.unit))


def _multiplied(order: Order, kind: str, dice: Dice) -> Programme | None:  # noqa: ARG001
    if kind not in FACTORS:
        return None
    value = typed_value(order.meant)
    return with_value(order.meant, Quantity(value.value * Fraction(FACTORS[kind]), value.unit))


def _other_strength(order: Order, kind: str, dice: Dice) -> Programme | None:  # noqa: ARG001
    """Key a quarter of the amount of drug, where the pump asks for it."""
    amount = order.meant.amount
    return None if amount is None else replace(order.meant, amount=Quantity(amount.value / 4, amount.unit))


_SLIPS: dict[str, Callable[[Order, str, Dice], Programme | None]] = {
    "superseded dose": _superseded,
    "weight of another patient": _other_weight,
    "per kg left out": _per_kg_left_out,
    "strength of another syringe": _other_strength,
}
