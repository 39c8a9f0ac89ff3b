"""
What a pump allows: limits for one parameter, for a dose given on its own, for patient-controlled analgesia.

Part of the open drug library format: a field here is a key of the JSON document (see ``core.library``).
"""

from dataclasses import dataclass, fields
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Protocol

from openinfusion.core.errors import LibraryError
from openinfusion.core.numbers import show_number
from openinfusion.core.units import MINUTES, ML, Kind, PatientBasis, Quantity, TimeBasis, Unit, VolumeBasis


class Limit(Enum):
    """The four limits of a parameter; hard limits cannot be passed, soft limits can be overridden."""

    HARD_MIN = "hard_min"
    SOFT_MIN = "soft_min"
    SOFT_MAX = "soft_max"
    HARD_MAX = "hard_max"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    What an entry allows for one parameter; every limit is optional and inclusive (a value on a limit is inside it).

    ``usual_min`` to ``usual_max`` is the range that practice uses, ``initial`` what the pump offers first.

    Attributes:
        unit: what all values of this group are in.
        hard_min: the least that can be programmed; nobody can pass it.
        soft_min: below it the pump asks to confirm.
        soft_max: above it the pump asks to confirm.
        hard_max: the most that can be programmed; nobody can pass it.
        usual_min: the lower end of what practice uses; it limits nothing.
        usual_max: the upper end of what practice uses; it limits nothing.
        initial: the value that the pump offers first; it limits nothing.

    """

    unit: Unit
    hard_min: Fraction | None = None
    soft_min: Fraction | None = None
    soft_max: Fraction | None = None
    hard_max: Fraction | None = None
    usual_min: Fraction | None = None
    usual_max: Fraction | None = None
    initial: Fraction | None = None

    def __post_init__(self) -> None:
        """Refuse limits out of order, a usual range out of order, and negative values."""
        for values in (self.bounds, (self.usual_min, self.usual_max), (self.initial,)):
            if (fault := _fault(values)) is not None:
                found, expected = f"{self.describe()} ({fault})", _ORDER if fault == "out of order" else "zero or more"
                raise LibraryError(where="limits", found=found, expected=expected)

    def quantity(self, name: str) -> Quantity | None:
        """Return one of the values by the name of its field, with its unit."""
        value: Fraction | None = getattr(self, name)
        return None if value is None else Quantity(value, self.unit)

    @property
    def bounds(self) -> tuple[Fraction | None, Fraction | None, Fraction | None, Fraction | None]:
        """The four limits from the lowest to the highest, without their unit."""
        return (self.hard_min, self.soft_min, self.soft_max, self.hard_max)

    @property
    def is_empty(self) -> bool:
        """Whether no limit at all is set (a usual range or an initial value limits nothing)."""
        return self.hard_min is None and self.soft_min is None and self.soft_max is None and self.hard_max is None

    @property
    def usual(self) -> Fraction | None:
        """The dose to reason from: initial, else the middle of the usual range, else its only end."""
        if self.initial is not None:
            return self.initial
        ends = [v for v in (self.usual_min, self.usual_max) if v is not None]
        return sum(ends, Fraction(0)) / len(ends) if ends else None

    def describe(self) -> str:
        """Return the values that are set, in words: "soft max 0.5, hard max 1 micrograms/kg/min"."""
        names = [f.name for f in fields(self) if f.name != "unit" and getattr(self, f.name) is not None]
        shown = [f"{name.replace('_', ' ')} {show_number(getattr(self, name))}" for name in names]
        return f"{', '.join(shown) or 'no limit'} {self.unit.text}"


def _fault(values: tuple[Fraction | None, ...]) -> str | None:
    """Return what is wrong with values that must ascend from zero; in integers, since every limit passes here."""
    low, scale = 0, 1
    for value in values:
        if value is None:
            continue
        numerator, denominator = value.numerator, value.denominator
        if numerator * scale < low * denominator:
            return "negative" if numerator < 0 else "out of order"
        low, scale = numerator, denominator
    return None


_ORDER = "hard min <= soft min <= soft max <= hard max, and usual min <= usual max"


class Programmable(Protocol):
    """Anything with limits for the four parameters of a delivery: an entry itself, its bolus, its loading dose."""

    @property
    def dose(self) -> Limits | None:
        """Limits of the dose."""

    @property
    def rate(self) -> Limits | None:
        """Limits of the rate, in mL per time or as a dose per time."""

    @property
    def volume(self) -> Limits | None:
        """Limits of the volume to be infused."""

    @property
    def duration(self) -> Limits | None:
        """Limits of the time it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    The limits of one dose given on its own: a bolus or a loading dose.

    Attributes:
        dose: the amount of one dose, per kg or m2 where the unit says so.
        rate: how fast it runs, in mL per time or as a dose per time.
        volume: the volume of one dose, in mL.
        duration: the time over which it runs.

    """

    dose: Limits | None = None
    rate: Limits | None = None
    volume: Limits | None = None
    duration: Limits | None = None

    def __post_init__(self) -> None:
        """Refuse a parameter in a unit that cannot measure it."""
        check_dose_unit("dose", self.dose, is_rate=False)
        check_dose_unit("rate", self.rate, is_rate=True)
        check_unit_like("volume", self.volume, ML)
        check_unit_like("duration", self.duration, MINUTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pca:
    """
    Patient-controlled analgesia: demand dose, lockout, and the most that may accumulate within a window.

    The background infusion is the entry's own ``dose``.

    Attributes:
        dose: the demand dose.
        lockout: the time that must pass between two demand doses.
        accumulated: the most that may be given within the window.
        window: the time over which the accumulated dose is counted.
        bolus_counts: whether a clinician's bolus counts towards the accumulated dose.

    """

    dose: Limits
    lockout: Limits | None = None
    accumulated: Limits | None = None
    window: Quantity | None = None
    bolus_counts: bool = True

    def __post_init__(self) -> None:
        """Refuse a parameter in a unit that cannot measure it, and an accumulated limit without its window."""
        check_dose_unit("pca.dose", self.dose, is_rate=False)
        check_dose_unit("pca.accumulated", self.accumulated, is_rate=False)
        check_unit_like("pca.lockout", self.lockout, MINUTES)
        if (self.accumulated is None) != (self.window is None):
            raise LibraryError(where="pca", found="an accumulated limit or a window alone", expected="both, or neither")
        if self.window is not None and (self.window.unit.kind is not Kind.DURATION or self.window.value <= 0):
            raise LibraryError(where="pca.window", found=str(self.window), expected="a time above zero, such as 4 h")


def is_amount_of_drug(unit: Unit) -> bool:
    """Whether a unit counts drug to be put into a volume: mg, units/kg or kcal, but not mg/h, mg/mL, mL or kg."""
    is_plain = unit.time is TimeBasis.NONE and unit.volume is VolumeBasis.NONE
    return is_plain and unit.kind in _DOSED_KINDS and unit.kind is not Kind.VOLUME


@dataclass(frozen=True, kw_only=True)
class Concentration:
    """
    Amount of drug in a volume; *open* when either is left to the bedside, then ``limits`` bound what may be entered.

    ``amount`` may be per kg (a syringe made up by weight: 3 mg/kg in 50 mL).

    Attributes:
        amount: amount of drug, such as 2.5 mg; absent when the bedside enters it.
        volume: total volume, such as 50 mL; absent when the bedside enters it.
        limits: what may be entered where the concentration is open, such as mg/mL.

    """

    amount: Quantity | None = None
    volume: Quantity | None = None
    limits: Limits | None = None

    def __post_init__(self) -> None:
        """Refuse an amount that is a rate, a volume that is not one, and zero."""
        if self.amount is not None and not is_amount_of_drug(self.amount.unit):
            raise LibraryError(
                where="concentration.amount", found=self.amount.unit.text, expected="an amount such as mg"
            )
        if self.volume is not None and self.volume.unit.measures_like(ML) is False:
            raise LibraryError(where="concentration.volume", found=self.volume.unit.text, expected="mL")
        if self.limits is not None and not self.limits.unit.volume.value:
            raise LibraryError(
                where="concentration.limits", found=self.limits.unit.text, expected="a unit such as mg/mL"
            )
        for name, part in (("amount", self.amount), ("volume", self.volume)):
            if part is not None and part.value <= 0:
                raise LibraryError(where=f"concentration.{name}", found=str(part), expected="more than zero")

    @property
    def is_open(self) -> bool:
        """Whether the bedside must enter the amount, the volume or both."""
        return self.amount is None or self.volume is None

    @cached_property
    def strength(self) -> Fraction | None:
        """Base units of amount per mL (and per kg, for a syringe made up by weight), exactly; ``None`` when open."""
        if self.amount is None or self.volume is None:
            return None
        return self.amount.value * self.amount.unit.scale / (self.volume.value * self.volume.unit.scale)

    @cached_property
    def per_ml(self) -> Quantity | None:
        """The strength per mL in the unit of its amount; ``None`` when open, or when it depends on the patient."""
        if self.strength is None or self.amount is None or self.amount.unit.patient is not PatientBasis.NONE:
            return None
        unit = Unit.of(self.amount.unit.amount, volume=VolumeBasis.ML)
        return Quantity(self.strength / unit.scale, unit)

    @property
    def text(self) -> str:
        """The strength as clinicians say it: "2.5 mg in 50 mL", or "entered at the bedside"."""
        if self.amount is not None and self.volume is not None:
            return f"{self.amount} in {self.volume}"
        known = [str(part) for part in (self.amount, self.volume) if part is not None]
        return " ".join(["concentration entered at the bedside", *(f"({part} known)" for part in known)])


@dataclass(frozen=True, slots=True, kw_only=True)
class TitrationStep:
    """
    The largest single increase of a running infusion, as a factor of the value before it (2 means double).

    Attributes:
        factor: how many times the running value the new one may be without a confirmation.

    """

    factor: Fraction

    def __post_init__(self) -> None:
        """Refuse a factor that allows no increase."""
        if self.factor <= 1:
            raise LibraryError(where="titration_step.factor", found=show_number(self.factor), expected="more than 1")


def check_dose_unit(where: str, limits: Limits | None, *, is_rate: bool) -> None:
    """Refuse a dose or rate whose unit has a time where it must not, or lacks one where it must."""
    if limits is None:
        return
    unit = limits.unit
    if (unit.time is not TimeBasis.NONE) is not is_rate or unit.volume.value or unit.kind not in _DOSED_KINDS:
        expected = "a unit with a time, such as micrograms/kg/min" if is_rate else "a unit without a time, such as mg"
        raise LibraryError(where=f"{where}.unit", found=repr(unit.text), expected=expected)


def check_unit_like(where: str, limits: Limits | None, like: Unit) -> None:
    """Refuse a unit that does not measure what ``like`` measures."""
    if limits is not None and not limits.unit.measures_like(like):
        raise LibraryError(where=f"{where}.unit", found=repr(limits.unit.text), expected=f"{like.text} or the like")


_DOSED_KINDS = (Kind.MASS, Kind.INTERNATIONAL_UNIT, Kind.MOLE, Kind.EQUIVALENT, Kind.VOLUME, Kind.ENERGY)
