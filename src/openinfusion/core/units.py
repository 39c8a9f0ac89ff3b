"""
Units of dose, rate, concentration and patient measure, and quantities that carry one.

A unit is an amount (micrograms, units, mL), optionally per patient measure (/kg, /m2), per time (/min, /h, /24h) or
per volume (/mL, /L). Units convert exactly within the same kind and bases; anything else is an error that says which
two. Display follows the NHS rules (micrograms, nanograms and units in full); UCUM is for wires and files.

Sources: UCUM 2.1; NHS Common User Interface *Medication Line*; ISMP list of error-prone abbreviations.
"""

import re
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cache, lru_cache, total_ordering
from typing import Self

from openinfusion.core.errors import UnitMismatchError, UnknownUnitError
from openinfusion.core.numbers import decimal_text, read_decimal, show_number


class Kind(Enum):
    """What an amount measures; amounts of different kinds never convert."""

    MASS = "mass"
    INTERNATIONAL_UNIT = "international unit"
    MOLE = "mole"
    EQUIVALENT = "equivalent"
    VOLUME = "volume"
    ENERGY = "energy"
    WEIGHT = "patient weight"
    HEIGHT = "patient height"
    AREA = "body surface area"
    DURATION = "duration"
    PERCENTAGE = "percentage strength"


class PatientBasis(Enum):
    """The patient measure that a dose is multiplied by; the value is the suffix of the unit."""

    NONE = ""
    KG = "/kg"
    M2 = "/m2"


class TimeBasis(Enum):
    """The time that a rate is counted over; the value is the suffix on screen."""

    NONE = ""
    MIN = "/min"
    H = "/h"
    DAY = "/24h"


class VolumeBasis(Enum):
    """The volume that a concentration is counted in; the value is the suffix of the unit."""

    NONE = ""
    ML = "/mL"
    L = "/L"


@dataclass(frozen=True, slots=True)
class Amount:
    """One row of the table of amounts: UCUM code, display text, kind, size in the kind's base, other spellings."""

    code: str
    text: str
    kind: Kind
    size: int
    spellings: tuple[str, ...] = ()


_AMOUNTS = (
    Amount("ng", "nanograms", Kind.MASS, 1, ("nanogram", "nanog")),
    Amount("ug", "micrograms", Kind.MASS, 10**3, ("microgram", "mcg", "\u00b5g", "\u03bcg", "microg", "mcgs")),
    Amount("mg", "mg", Kind.MASS, 10**6, ("milligram", "milligrams")),
    Amount("g", "g", Kind.MASS, 10**9, ("gram", "grams", "gm")),
    Amount("m[iU]", "milliunits", Kind.INTERNATIONAL_UNIT, 1, ("milliunit", "mU", "mu", "mIU", "m[IU]")),
    Amount("[iU]", "units", Kind.INTERNATIONAL_UNIT, 10**3, ("unit", "U", "u", "IU", "iu", "[IU]")),
    Amount("mmol", "mmol", Kind.MOLE, 1, ("millimole", "millimoles")),
    Amount("meq", "mEq", Kind.EQUIVALENT, 1, ("mEq.", "milliequivalent", "milliequivalents")),
    Amount("mL", "mL", Kind.VOLUME, 1, ("ml", "cc", "millilitre", "millilitres", "milliliter", "milliliters")),
    Amount("L", "L", Kind.VOLUME, 10**3, ("l", "litre", "litres", "liter", "liters")),
    Amount("kcal", "kcal", Kind.ENERGY, 1),
    Amount("kg", "kg", Kind.WEIGHT, 10**3, ("kilogram", "kilograms")),
    Amount("g", "g (neonatal weight)", Kind.WEIGHT, 1),
    Amount("cm", "cm", Kind.HEIGHT, 1, ("centimetre", "centimetres")),
    Amount("m2", "m2", Kind.AREA, 1, ("m\u00b2", "square metre", "square metres")),
    Amount("min", "min", Kind.DURATION, 1, ("minute", "minutes", "mins")),
    Amount("h", "h", Kind.DURATION, 60, ("hr", "hour", "hours", "hrs")),
    Amount("%", "%", Kind.PERCENTAGE, 1),
)
_PATIENT_SPELLINGS = {
    "kg": PatientBasis.KG,
    "kilogram": PatientBasis.KG,
    "m2": PatientBasis.M2,
    "m\u00b2": PatientBasis.M2,
}
_TIME_SPELLINGS = {
    **dict.fromkeys(("min", "minute"), TimeBasis.MIN),
    **dict.fromkeys(("h", "hr", "hour", "hrs"), TimeBasis.H),
    **dict.fromkeys(("d", "day", "24h", "24 h", "24hr", "24 hr"), TimeBasis.DAY),
}
_VOLUME_SPELLINGS = {
    **dict.fromkeys(("mL", "ml", "cc", "millilitre"), VolumeBasis.ML),
    **dict.fromkeys(("L", "l", "litre", "liter"), VolumeBasis.L),
}
# Upper case is read where it can only mean one thing. "MU" may be milliunits or a million units: a factor of 10^9.
_AMBIGUOUS_CASE = frozenset({"mu", "miu", "m[iu]"})
# Capital "\u00b5" is drawn exactly as the Latin M: what upper-casing made of micrograms reads as mg to everybody else.
_CAPITAL_MU = "\u039c"
# No unit is longer; a hostile file's text without end would otherwise be searched for "per" again from every space.
_LONGEST_UNIT = 80
_POUNDS = frozenset({"lb", "lbs", "pound", "pounds"})
_MINUTES = {TimeBasis.NONE: 1, TimeBasis.MIN: 1, TimeBasis.H: 60, TimeBasis.DAY: 1440}
_MILLILITRES = {VolumeBasis.NONE: 1, VolumeBasis.ML: 1, VolumeBasis.L: 1000}
_SINGULAR = {"nanograms": "nanogram", "micrograms": "microgram", "milliunits": "milliunit", "units": "unit"}


def _by_spelling() -> dict[str, Amount]:
    """Return every spelling of every amount; the first amount that claims a spelling keeps it."""
    table: dict[str, Amount] = {}
    for amount in _AMOUNTS:
        for spelling in (amount.code, amount.text, *amount.spellings):
            table.setdefault(spelling, amount)
    return table


_SPELLINGS = _by_spelling()
_FOLDED = {k.casefold(): v for k, v in reversed(_SPELLINGS.items()) if k.casefold() not in _AMBIGUOUS_CASE}


class Unit:
    """
    One unit of measure; there is one object per unit, made by ``Unit.of``, so identity is equality.

    ``scale`` is the exact size of one of this unit in base units: nanogram, milliunit, mmol, mEq, mL, kcal, gram of
    weight, cm, m2, minute; per minute where there is a time, per mL where there is a volume. ``per_base`` is its
    reciprocal: how many of this unit one base unit is.
    """

    # A plain class, because readers of dataclasses would otherwise look for its fields inside a document.
    __slots__ = ("amount", "patient", "per_base", "scale", "time", "volume")
    amount: Amount
    patient: PatientBasis
    time: TimeBasis
    volume: VolumeBasis
    scale: Fraction
    per_base: Fraction

    def __init__(self, amount: Amount, *, patient: PatientBasis, time: TimeBasis, volume: VolumeBasis) -> None:
        """Make a unit; only ``Unit.of`` calls this."""
        scale = Fraction(amount.size, _MINUTES[time] * _MILLILITRES[volume])
        parts = {"amount": amount, "patient": patient, "time": time, "volume": volume}
        for name, value in {**parts, "scale": scale, "per_base": 1 / scale}.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse every change: a unit is shared by all quantities that carry it."""
        raise AttributeError(f"a unit cannot change: {name}")

    @staticmethod
    def of(
        amount: Amount,
        *,
        patient: PatientBasis = PatientBasis.NONE,
        time: TimeBasis = TimeBasis.NONE,
        volume: VolumeBasis = VolumeBasis.NONE,
    ) -> "Unit":
        """Return the one unit with this amount and these bases."""
        return _the_unit(amount, patient, time, volume)

    @staticmethod
    @lru_cache(maxsize=4096)
    def read(text: str) -> "Unit":
        """
        Return the unit that ``text`` means: UCUM, display text, or a spelling seen in vendor files.

        Raises:
            UnknownUnitError: the text is no such unit, or could mean two.

        """
        if len(text) > _LONGEST_UNIT or _CAPITAL_MU in text:
            raise UnknownUnitError(where="unit", found=repr(text), expected=_unit_hint(text))
        head, *rest = [part.strip() for part in re.sub(r"\s+per\s+", "/", text.strip()).split("/")]
        amount = _SPELLINGS.get(head) or _FOLDED.get(head.casefold())
        if amount is None:
            raise UnknownUnitError(where="unit", found=repr(text), expected=_unit_hint(head))
        return _with_bases(amount, rest, text)

    @staticmethod
    def from_ucum(code: str) -> "Unit":
        """
        Return the unit with this UCUM code, and no other spelling of it.

        Raises:
            UnknownUnitError: not the UCUM code of a unit that pumps use. ``U`` is an enzyme unit in UCUM, not ``[iU]``.

        """
        unit = Unit.read(code) if code not in ("U", "u") else None
        if unit is None or code not in (unit.code, unit.code.replace("[iU]", "[IU]")):
            expected = "[iU] (U is an enzyme unit in UCUM)" if unit is None else f"the UCUM code {unit.code}"
            raise UnknownUnitError(where="UCUM code", found=repr(code), expected=expected)
        return unit

    @property
    def code(self) -> str:
        """The UCUM code, such as ``ug/kg/min``."""
        time = "/d" if self.time is TimeBasis.DAY else self.time.value
        return f"{self.amount.code}{self.patient.value}{time}{self.volume.value}"

    @property
    def text(self) -> str:
        """What a screen shows, such as "micrograms/kg/min"."""
        return f"{self.amount.text}{self.patient.value}{self.time.value}{self.volume.value}"

    @property
    def kind(self) -> Kind:
        """What the amount measures."""
        return self.amount.kind

    def measures_like(self, other: "Unit") -> bool:
        """Whether quantities in the two units can be converted into each other without a patient or a drug."""
        return self is other or self.measure == other.measure

    @property
    def measure(self) -> tuple[Kind, PatientBasis, bool, bool]:
        """What the unit measures: kind, patient basis, whether per time, whether per volume."""
        is_rate, is_concentration = self.time is not TimeBasis.NONE, self.volume is not VolumeBasis.NONE
        return (self.amount.kind, self.patient, is_rate, is_concentration)

    def why_not(self, other: "Unit") -> str | None:
        """Return why the two units do not convert, or ``None`` if they do."""
        pairs = (
            (self.kind.value, other.kind.value),
            (_per(self.patient.value), _per(other.patient.value)),
            ("per time" if self.time.value else "not per time", "per time" if other.time.value else "not per time"),
            (
                "per volume" if self.volume.value else "not per volume",
                "per volume" if other.volume.value else "not per volume",
            ),
        )
        reasons = [f"one is {mine}, the other {theirs}" for mine, theirs in pairs if mine != theirs]
        return "; ".join(reasons) or None

    def absolute(self) -> "Unit":
        """Return this unit without its patient basis: micrograms/kg/min gives micrograms/min."""
        return Unit.of(self.amount, time=self.time, volume=self.volume)

    def __str__(self) -> str:
        """Return what a screen shows."""
        return self.text

    def __repr__(self) -> str:
        """Return a short form for developers."""
        return f"Unit({self.text!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Unpickle and copy to the one object there is."""
        return (Unit.read, (self.text,))


@cache  # by position, because a cache takes the same keyword given and left out for two different calls
def _the_unit(amount: Amount, patient: PatientBasis, time: TimeBasis, volume: VolumeBasis, /) -> Unit:  # noqa: PLR0917
    return Unit(amount, patient=patient, time=time, volume=volume)


def _per(suffix: str) -> str:
    return f"per {suffix[1:]}" if suffix else "not per kg or m2"


def _unit_hint(head: str) -> str:
    if head.casefold() in _AMBIGUOUS_CASE:
        return "milliunits or units in full (capital M may mean a million)"
    if _CAPITAL_MU in head:
        return "micrograms or mg in full (a Greek capital letter looks like the M of mg)"
    if head.casefold() in _POUNDS:
        return "kg: a weight in pounds is not read"
    return "a unit such as micrograms/kg/min, mg, units/h or mL/h"


def _with_bases(amount: Amount, parts: list[str], text: str) -> Unit:
    """Return the unit of an amount followed by at most one patient basis and one time or volume basis."""
    patient, time, volume = PatientBasis.NONE, TimeBasis.NONE, VolumeBasis.NONE
    for part in parts:
        lower = part.lower()
        if lower in _PATIENT_SPELLINGS and patient is PatientBasis.NONE:
            patient = _PATIENT_SPELLINGS[lower]
        elif lower in _TIME_SPELLINGS and time is TimeBasis.NONE:
            time = _TIME_SPELLINGS[lower]
        elif (part in _VOLUME_SPELLINGS or lower in _VOLUME_SPELLINGS) and volume is VolumeBasis.NONE:
            volume = _VOLUME_SPELLINGS.get(part) or _VOLUME_SPELLINGS[lower]
        else:
            raise UnknownUnitError(
                where="unit", found=repr(text), expected=f"kg, m2, min, h, 24h or mL instead of {part!r}"
            )
    if amount.kind not in _TAKES_BASES and (patient.value or time.value or volume.value):
        raise UnknownUnitError(where="unit", found=repr(text), expected=f"{amount.text} alone")
    if volume.value and (time.value or patient.value or amount.kind in (Kind.VOLUME, Kind.ENERGY)):
        raise UnknownUnitError(where="unit", found=repr(text), expected="a concentration such as mg/mL")
    return Unit.of(amount, patient=patient, time=time, volume=volume)


_TAKES_BASES = frozenset({Kind.MASS, Kind.INTERNATIONAL_UNIT, Kind.MOLE, Kind.EQUIVALENT, Kind.VOLUME, Kind.ENERGY})

KG = Unit.read("kg")
GRAMS_OF_DRUG = Unit.read("g")
GRAMS_OF_PATIENT = Unit.read("g (neonatal weight)")
CM = Unit.read("cm")
M2 = Unit.read("m2")
ML = Unit.read("mL")
ML_PER_H = Unit.read("mL/h")
MINUTES = Unit.read("min")
HOURS = Unit.read("h")
_NUMBER_AND_UNIT = re.compile(r"(-?[0-9.,]+)\s*([^\s0-9.,].*)")


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """
    An exact value with its unit; equal quantities are equal in any unit (1 mg is 1,000 micrograms).

    Attributes:
        value: the number of units.
        unit: the unit.

    """

    value: Fraction
    unit: Unit

    @classmethod
    def of(cls, value: str | int, unit: str | Unit) -> Self:
        """Return a quantity from decimal text and a unit: ``Quantity.of("0.5", "micrograms/kg/min")``."""
        number = Fraction(value) if isinstance(value, int) else read_decimal(value)
        return cls(number, unit if isinstance(unit, Unit) else Unit.read(unit))

    @classmethod
    def read(cls, text: str) -> Self:
        """
        Return the quantity in a text such as "0.5 micrograms/kg/min" or "600 mg".

        Raises:
            NumberFormatError: no plain decimal comes first.
            UnknownUnitError: no known unit follows it.

        """
        match = _NUMBER_AND_UNIT.fullmatch(text.strip())
        if match is None:
            raise UnknownUnitError(where="quantity", found=repr(text), expected="a number and a unit, as in 0.5 mg/h")
        return cls.of(match[1], match[2])

    def to(self, unit: Unit) -> "Quantity":
        """
        Return the same quantity in another unit, exactly.

        Raises:
            UnitMismatchError: the units differ in kind or basis; from per kg to absolute use ``for_patient``.

        """
        if unit is self.unit:
            return self
        if not self.unit.measures_like(unit):
            raise UnitMismatchError(
                where="conversion",
                found=f"{self.unit.text} and {unit.text}",
                expected=f"units of one kind and basis ({self.unit.why_not(unit)})",
            )
        return Quantity(self.value * self.unit.scale / unit.scale, unit)

    def for_patient(self, measure: "Quantity") -> "Quantity":
        """
        Return the absolute amount of a dose per kg or per m2 for a patient of this weight or body surface area.

        Raises:
            UnitMismatchError: the dose is not per that measure.

        """
        basis = {PatientBasis.KG: KG, PatientBasis.M2: M2}.get(self.unit.patient)
        if basis is None:
            raise UnitMismatchError(
                where="dose", found=f"{self.unit.text} and {measure.unit.text}", expected="a dose per kg or per m2"
            )
        return Quantity(self.value * measure.to(basis).value, self.unit.absolute())

    def __eq__(self, other: object) -> bool:
        """Whether both are the same amount of the same kind, in whatever unit."""
        if not isinstance(other, Quantity):
            return NotImplemented
        return self.unit.measures_like(other.unit) and self.value * self.unit.scale == other.value * other.unit.scale

    def __lt__(self, other: "Quantity") -> bool:
        """
        Whether this is less than the other.

        Raises:
            UnitMismatchError: the two cannot be compared.

        """
        return self.value < other.to(self.unit).value

    def __hash__(self) -> int:
        """Hash alike what is equal."""
        return hash((self.value * self.unit.scale, self.unit.measure))

    def __truediv__(self, other: "Quantity") -> Fraction:
        """Return how many times ``other`` this is; raises UnitMismatchError if they cannot be compared."""
        return self.value / other.to(self.unit).value

    def without_small_decimals(self) -> "Quantity":
        """Return a mass below 1 in the largest unit where it is 1 or more: 80 micrograms for 0.08 mg (MEDi-014)."""
        unit = self.unit
        if self.value >= 1 or unit.kind is not Kind.MASS:
            return self
        for amount in reversed([a for a in _AMOUNTS if a.kind is Kind.MASS]):
            shown = self.to(Unit.of(amount, patient=unit.patient, time=unit.time, volume=unit.volume))
            if shown.value >= 1:
                return shown
        return self

    def text(self) -> str:
        """Return the exact decimal and display unit without grouping, for files: ``0.5 micrograms/kg/min``."""
        return f"{decimal_text(self.value)} {self.unit.text}"

    def __str__(self) -> str:
        """Return what a screen shows: grouped thousands, a space, the unit in full, singular for one."""
        amount = self.unit.amount.text
        unit = self.unit.text
        if self.value == 1 and amount in _SINGULAR:
            unit = _SINGULAR[amount] + unit[len(amount) :]
        return f"{show_number(self.value)} {unit}"
