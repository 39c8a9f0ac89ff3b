"""What a pump asks for on an entry, one value after the other, in the units of the library."""

from collections.abc import Iterator
from dataclasses import dataclass

from openinfusion.core.entry import Entry, EntryType, Mode
from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.limits import Limits, Programmable
from openinfusion.core.units import (
    GRAMS_OF_DRUG,
    GRAMS_OF_PATIENT,
    KG,
    M2,
    MINUTES,
    ML,
    ML_PER_H,
    Kind,
    PatientBasis,
    Quantity,
    Unit,
    VolumeBasis,
)

MG = Unit.read("mg")
MOST_DIGITS = 9
"""What a pump takes for one value; units such as m2 may have one of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """
    One value that must or may be keyed.

    Attributes:
        name: the field of the programme.
        what: its name on the display.
        unit: the unit in which digits are taken.
        offered: what the pump offers first; an empty entry takes it.
        is_optional: whether it can be left out.

    """

    name: str
    what: str
    unit: Unit
    offered: Quantity | None = None
    is_optional: bool = False


WEIGHT = Asked("weight", "weight of the patient", KG)
RATE = Asked("rate", "rate", ML_PER_H)
VOLUME = Asked("volume", "volume to be infused", ML)
BASIC = (RATE, VOLUME)
"""What an infusion outside the library asks for."""


def asked(entry: Entry, mode: Mode, *, knows_weight: bool = False) -> tuple[Asked, ...]:
    """Return what is asked for to programme an entry in one of its modes, in order."""
    limits = entry.limits_for(mode)
    if limits is None:
        return ()
    own = () if mode in (Mode.BOLUS, Mode.LOADING) else tuple(_strength(entry))
    return (*own, *_patient(entry, limits, knows_weight=knows_weight), *_values(entry, mode, limits))


def other_way(entry: Entry, now: Asked) -> Asked | None:
    """Return the other way to key what is asked for: a rate for a dose per time, and back; ``None``: there is none."""
    if entry.type is not EntryType.CONTINUOUS or entry.dose is None:
        return None
    return {"dose": RATE, "rate": _value("dose", "dose", entry.dose)}.get(now.name)


def _strength(entry: Entry) -> Iterator[Asked]:
    """Yield what the bedside must say of the strength, where the entry leaves it open."""
    conc = entry.concentration
    if conc is None:
        return
    if conc.amount is None:
        yield Asked("amount", "amount of drug", _amount_unit(entry))
    if conc.volume is None:
        yield Asked("diluent", "in a volume of", ML)


def _amount_unit(entry: Entry) -> Unit:
    limits = entry.concentration.limits if entry.concentration else None
    unit = limits.unit if limits else next((held.unit for _, held in entry.all_limits()), MG)
    return MG if unit.kind is Kind.MASS and limits is None else Unit.of(unit.amount)


def _patient(entry: Entry, limits: Programmable, *, knows_weight: bool) -> Iterator[Asked]:
    """Yield the measures of the patient that the doses of the entry count by."""
    named = (limits.dose, limits.rate, entry.pca.dose if entry.pca else None, entry.dose)
    bases = {held.unit.patient for held in named if held is not None}
    if entry.concentration is not None and entry.concentration.amount is not None:
        bases.add(entry.concentration.amount.unit.patient)
    if PatientBasis.KG in bases and not knows_weight:
        yield WEIGHT
    if PatientBasis.M2 in bases:
        yield Asked("body_surface_area", "body surface area", M2)


def _values(entry: Entry, mode: Mode, limits: Programmable) -> Iterator[Asked]:
    if mode is Mode.PCA and entry.pca is not None:
        yield _value("dose", "demand dose", entry.pca.dose)
        if entry.pca.lockout is not None:
            yield _value("lockout", "lockout", entry.pca.lockout)
        if entry.pca.accumulated is not None:
            yield _value("accumulated", f"most within {entry.pca.window}", entry.pca.accumulated)
        if entry.dose is not None:
            yield _value("background", "background dose", entry.dose, is_optional=True)
        return
    if limits.dose is not None:
        yield _value("dose", "dose", limits.dose)
    elif mode in (Mode.BOLUS, Mode.LOADING):
        yield _value("volume", "volume", limits.volume or Limits(unit=ML))
    else:
        yield _value("rate", "rate", limits.rate or Limits(unit=ML_PER_H))
    yield from _rest(entry, mode, limits)


def _rest(entry: Entry, mode: Mode, limits: Programmable) -> Iterator[Asked]:
    """Yield the time or the volume that ends it."""
    if mode is Mode.INTERMITTENT:
        yield _value("duration", "over", limits.duration or Limits(unit=MINUTES))
    elif mode in (Mode.BOLUS, Mode.LOADING):
        if limits.duration is not None:
            yield _value("duration", "over", limits.duration)
        elif limits.rate is not None:
            yield _value("rate", "rate", limits.rate, is_optional=True)
    else:
        is_optional = entry.type is EntryType.CONTINUOUS
        yield Asked("volume", VOLUME.what, ML, is_optional=is_optional)


def _value(name: str, what: str, limits: Limits, *, is_optional: bool = False) -> Asked:
    offered = limits.initial
    if offered is None and name in ("lockout", "accumulated", "duration", "rate"):
        offered = limits.usual_max
    quantity = None if offered is None else Quantity(offered, limits.unit)
    return Asked(name, what, limits.unit, quantity, is_optional)


def read_keyed(text: str, asked_for: Asked) -> Quantity | str | None:
    """
    Return the value of what was keyed: digits in the unit of the screen, or a value with a unit of its own.

    A text is why the pump does not take it; ``None`` is an optional value that is left out.
    """
    keyed = text.strip()
    if not keyed:
        if asked_for.offered is not None:
            return asked_for.offered
        return None if asked_for.is_optional else f"{asked_for.what}: a number is needed"
    if sum(map(str.isdigit, keyed)) > MOST_DIGITS:
        return f"{asked_for.what}: at most {MOST_DIGITS} digits"
    try:
        is_number = keyed[-1].isdigit() or keyed[-1] == "."
        quantity = Quantity.of(keyed, asked_for.unit) if is_number else Quantity.read(keyed)
    except OpenInfusionError as error:
        return f"{asked_for.what}: {error.expected}"
    if not _suits(quantity.unit, asked_for.unit):
        return f"{asked_for.what}: a value in {asked_for.unit.text}"
    if quantity.unit is GRAMS_OF_DRUG and asked_for.unit is KG:  # the same letter weighs drug and patient
        quantity = Quantity(quantity.value, GRAMS_OF_PATIENT)
    return quantity if quantity.value > 0 else f"{asked_for.what}: more than zero"


def _suits(unit: Unit, like: Unit) -> bool:
    if unit.measures_like(like):
        return True
    is_grams = like is KG and unit.amount.code == "g"
    return is_grams and unit.volume is VolumeBasis.NONE and unit.patient is PatientBasis.NONE
