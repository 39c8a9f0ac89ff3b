"""
Numbers with their units, as OBX-5 and OBX-6 say them.

A unit comes as an MDC triple, a UCUM triple, or both in either order; where both are there they must agree, or the
value is refused: a dose that is read a thousandfold is worse than none. A value keeps its text, because the digits
after the point say how exactly it was measured. Seconds and the like, which pumps never show, are read exactly as
fractions of the units that ``core`` knows.
"""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.leniency import Doubt, Leniency
from openinfusion.adapters.hl7.nomenclature import LONGEST_CACHED, units_by_code, units_by_name
from openinfusion.core.errors import NumberFormatError, UnknownUnitError
from openinfusion.core.numbers import is_plain_decimal, read_decimal
from openinfusion.core.units import (
    CM,
    GRAMS_OF_DRUG,
    GRAMS_OF_PATIENT,
    KG,
    M2,
    MINUTES,
    ML,
    ML_PER_H,
    Kind,
    Quantity,
    TimeBasis,
    Unit,
    VolumeBasis,
)

# Parts of UCUM codes that core does not know, as so many of one that it does.
_ATOMS = {
    "s": ("min", Fraction(1, 60)),
    "ms": ("min", Fraction(1, 60_000)),
    "d": ("h", Fraction(24)),
    "eq": ("meq", Fraction(1000)),
    "mol": ("mmol", Fraction(1000)),
    "umol": ("mmol", Fraction(1, 1000)),
    "M[iU]": ("[iU]", Fraction(10**6)),
    "u[iU]": ("m[iU]", Fraction(1, 1000)),
    "uL": ("mL", Fraction(1, 1000)),
    "cL": ("mL", Fraction(10)),
    "dL": ("mL", Fraction(100)),
    "m": ("cm", Fraction(100)),
}
_BASES = {"s": ("min", Fraction(60)), "dL": ("mL", Fraction(1, 100))}
# Counted, not measured: core has no unit for them, so the number stands with the UCUM code beside it.
_BARE = frozenset({"1", "%", "/h", "/min", "mA.h", "Mbit/s", "{unknown}", "mm[Hg]", "kPa", "By", "bit"})
_BARE_SPELLINGS = {"{unitless}": "1", "mmHg": "mm[Hg]", "mAh": "mA.h", "1/h": "/h", "per hour": "/h"}
_ODD_NUMBER = re.compile(r"\+?(-?)0*([0-9]*)\.?([0-9]*)")
_BRACKETS = re.compile(r"([^./()]+)/\(([^/()]+)\)")
_PER = re.compile(r"[A-Za-z]+-1|m-2")
_WITH_UNIT = re.compile(r"([+-]?[0-9.]+)\s*([A-Za-z%\u00b5\u03bc\[][^|^~]{0,30})")
_SAME = Fraction(1)


class ReadUnit(NamedTuple):
    """
    What OBX-6 says.

    Attributes:
        ucum: the unit in UCUM, or as sent where it is not known; empty where there is none.
        unit: the unit in which core counts it; ``None`` where core has none for it.
        factor: how many of ``unit`` one of ``ucum`` is.
        doubts: what was let pass.
        refused: why no value may be read with it, or ``None``.

    """

    ucum: str
    unit: Unit | None
    factor: Fraction
    doubts: tuple[Doubt, ...]
    refused: Leniency | None = None


class Measured(NamedTuple):
    """
    One number of a message.

    Attributes:
        text: the value as sent: its digits are significant.
        ucum: its unit in UCUM.
        number: the exact number; ``None`` where it was refused or is absent.
        quantity: the number in a unit of core; ``None`` where core has none for it.
        recorded: the same, where a record can hold it: with 18 digits and 18 decimal places at most.
        absent: why there is no number: a null flavour, or the code of the leniency that refused it.
        questionable: whether the sender marked it so.

    """

    text: str
    ucum: str = ""
    number: Fraction | None = None
    quantity: Quantity | None = None
    recorded: Quantity | None = None
    absent: str | None = None
    questionable: bool = False


class _Side(NamedTuple):
    ucum: str
    unit: Unit | None
    factor: Fraction
    doubts: tuple[Doubt, ...]
    is_known: bool = True
    is_torn: bool = False


def read_unit(text: str) -> ReadUnit:
    """Return the unit that the triples of OBX-6 mean."""
    return _cached_unit(text) if len(text) <= LONGEST_CACHED else _read_unit(text)


def _read_unit(text: str) -> ReadUnit:
    if not text.strip():
        return ReadUnit("", None, _SAME, (), Leniency.UNIT_MISSING)
    parts = text.split("^")
    mdc = ucum = None
    for start in (0, 3):
        code, name, system = ([*parts[start : start + 3], "", "", ""])[:3]
        if not (code.strip() or name.strip()):
            continue
        # A triple without a system is told by its look: MDC codes are numbers, their names begin with MDC.
        looks_mdc = "MDC" in (name.strip()[:3], code.strip()[:3]) or code.strip() in _mdc_codes()
        if system.strip().upper() == "MDC" or (not system.strip() and looks_mdc):
            mdc = mdc or _mdc_side(code.strip(), name.strip())
        else:
            ucum = ucum or _ucum_side(code, name)
    return _agreed(text, mdc, ucum)


@lru_cache(maxsize=1)
def _mdc_codes() -> frozenset[str]:
    return frozenset(map(str, units_by_code()))


def _agreed(text: str, mdc: _Side | None, ucum: _Side | None) -> ReadUnit:
    """Return what both sides say together: one where the other is silent, a refusal where they differ."""
    doubts = (*(mdc.doubts if mdc else ()), *(ucum.doubts if ucum else ()))
    known = [side for side in (mdc, ucum) if side is not None and side.is_known]
    if not known:
        return ReadUnit(text, None, _SAME, doubts, Leniency.UNIT_UNKNOWN)
    first, other = known[0], known[-1]
    if first.is_torn or _size(first) != _size(other):
        return ReadUnit(text, None, _SAME, doubts, Leniency.UNITS_DISAGREE)
    return ReadUnit(first.ucum, first.unit, first.factor, doubts)


def _size(side: _Side) -> object:
    return side.ucum if side.unit is None else (side.unit.measure, side.unit.scale * side.factor)


def _mdc_side(code: str, name: str) -> _Side:
    if code.startswith("MDC") and (name.isdigit() or not name):
        side = _mdc_side(name, code)
        return side._replace(doubts=(*side.doubts, Doubt(Leniency.CODE_EXCHANGED, shown(f"{code}^{name}"), "read so")))
    row = units_by_code().get(int(code)) if code in _mdc_codes() else None
    named = units_by_name().get(name)
    if row is None:
        doubt = Doubt(Leniency.UNIT_CODE_UNKNOWN, shown(f"{code}^{name}"), Leniency.UNIT_CODE_UNKNOWN.words)
        return _side(named.ucum, (doubt,)) if named else _Side(code, None, _SAME, (doubt,), is_known=False)
    side = _side(row.ucum, ())
    # A name of another unit may be the truth as well as the code: neither is believed.
    is_torn = named is not None and _size(_side(named.ucum, ())) != _size(side)
    return side._replace(is_torn=True) if is_torn else side


def _ucum_side(code: str, name: str) -> _Side:
    doubts: tuple[Doubt, ...] = ()
    text = code.strip()
    if text.isdigit() and text != "1" and name.strip():
        doubts = (Doubt(Leniency.UNIT_ORDER, shown(f"{code}^{name}"), f"read as {name.strip()}"),)
        text = name.strip()
    return _side(text or name.strip(), doubts)


@lru_cache(maxsize=1024)
def _side(text: str, doubts: tuple[Doubt, ...]) -> _Side:
    """Return a unit in UCUM, or in a spelling that gateways use for it."""
    bare = _BARE_SPELLINGS.get(text, text)
    if bare in _BARE:
        return _Side(bare, None, _SAME, doubts)
    head, *rest = _with_slashes(text).split("/")
    head, factor = _ATOMS.get(head, (head, _SAME))
    for at, part in enumerate(rest):
        rest[at], times = _BASES.get(part, (part, _SAME))
        factor *= times
    try:
        unit = Unit.read("/".join((head, *rest)))
    except UnknownUnitError:
        return _Side(text, None, _SAME, doubts, is_known=False)
    canonical = text if factor != _SAME else unit.code
    if text.replace("[IU]", "[iU]") != canonical:
        doubts = (*doubts, Doubt(Leniency.UNIT_ALIAS, shown(text), f"read as {canonical}"))
    return _Side(canonical, unit, factor, doubts)


def _with_slashes(text: str) -> str:
    """Return a unit of UCUM with slashes: ``ug.kg-1.min-1`` and ``ug/(kg.min)`` are ``ug/kg/min``."""
    match = _BRACKETS.fullmatch(text)
    if match is not None:
        return f"{match[1]}/{match[2].replace('.', '/')}"
    head, *rest = text.split(".")
    if rest and all(_PER.fullmatch(part) for part in rest):
        return "/".join((head, *("m2" if part == "m-2" else part[:-2] for part in rest)))
    return text


_cached_unit = lru_cache(maxsize=1024)(_read_unit)


def read_number(text: str) -> tuple[Fraction | None, tuple[Doubt, ...]]:
    """Return the exact number in a text, or ``None`` where it is none; never one that could be two."""
    try:
        return read_decimal(text), ()
    except NumberFormatError:
        pass
    bare = text.strip()
    match = _ODD_NUMBER.fullmatch(bare) if len(bare) <= LONGEST_CACHED else None
    if match is None or not any(c.isdigit() for c in bare):
        return None, (Doubt(Leniency.NUMBER, _number_shown(bare), "THE VALUE IS REFUSED"),)
    plain = f"{match[1]}{match[2] or '0'}{'.' if match[3] else ''}{match[3]}"
    try:
        return read_decimal(plain), (Doubt(Leniency.NUMBER_ODD, _number_shown(bare), f"read as {plain}"),)
    except NumberFormatError:
        return None, (Doubt(Leniency.NUMBER, _number_shown(bare), "THE VALUE IS REFUSED"),)


def _number_shown(text: str) -> str:
    """Return what may be shown of a value that should be a number: words could be about a person."""
    return shown(text) if len(text) < 24 and not re.search(r"[^-+0-9.,eE<>= ]", text) else "other text"  # noqa: PLR2004


class Reading(NamedTuple):
    """A measured value and what was let pass: of the number (OBX-5), and of the unit (OBX-6)."""

    measured: Measured
    of_number: tuple[Doubt, ...]
    of_unit: tuple[Doubt, ...]


def _is_dose(unit: Unit) -> bool:
    return unit.kind in _OF_DRUG and unit.time is TimeBasis.NONE and unit.volume is VolumeBasis.NONE


_OF_DRUG = frozenset({Kind.MASS, Kind.INTERNATIONAL_UNIT, Kind.MOLE, Kind.EQUIVALENT, Kind.VOLUME, Kind.ENERGY})
COUNT = "count"
_FITS: Mapping[str, Callable[[Unit], bool]] = {
    "volume": lambda unit: unit.measures_like(ML),
    "flow": lambda unit: unit.measures_like(ML_PER_H),
    "duration": lambda unit: unit.measures_like(MINUTES),
    "weight": lambda unit: unit.measures_like(KG),
    "height": lambda unit: unit.measures_like(CM),
    "area": lambda unit: unit.measures_like(M2),
    "dose": _is_dose,
    "dose rate": lambda unit: unit.kind in _OF_DRUG and unit.time is not TimeBasis.NONE,
    "concentration": lambda unit: unit.volume is not VolumeBasis.NONE,
}


def read_measured(value: str, unit: str, fit: str) -> Reading:
    """Return a number with its unit, which must measure what ``fit`` says; a ``count`` needs no unit."""
    if len(value) + len(unit) > LONGEST_CACHED:
        return _read_measured(value, unit, fit)
    return cached_measured(value, unit, fit)


def _read_measured(value: str, units: str, fit: str) -> Reading:
    number, doubts = read_number(value)
    told = read_unit(units)
    if number is None and (inside := _WITH_UNIT.fullmatch(value.strip())) is not None:
        number, doubts, told = _parted(value, inside, told)
    unit, why = told.unit, told.refused
    if fit == COUNT:
        why = None if why is Leniency.UNIT_MISSING else why
    elif why is None:
        if unit is GRAMS_OF_DRUG and fit == "weight":
            unit = GRAMS_OF_PATIENT
        why = None if unit is not None and _FITS[fit](unit) else Leniency.UNIT_UNFIT
    if why is not None:
        refused = Doubt(why, shown(units) if units else "nothing", "THE VALUE IS REFUSED")
        return Reading(Measured(value, told.ucum, absent=why.value), doubts, (*told.doubts, refused))
    if number is None:
        return Reading(Measured(value, told.ucum, absent=Leniency.NUMBER.value), doubts, told.doubts)
    quantity = Quantity(number * told.factor if told.factor is not _SAME else number, unit) if unit else None
    recorded = quantity if quantity is not None and is_plain_decimal(quantity.value) else None
    return Reading(Measured(value, told.ucum, number, quantity, recorded), doubts, told.doubts)


def _parted(value: str, inside: re.Match[str], told: ReadUnit) -> tuple[Fraction | None, tuple[Doubt, ...], ReadUnit]:
    """Return a number and the unit behind it in OBX-5; where OBX-6 tells one too, they must agree."""
    unit = read_unit(inside[2])
    number, of_number = read_number(inside[1])
    if unit.refused is not None or number is None:
        return None, (Doubt(Leniency.NUMBER, _number_shown(value.strip()), "THE VALUE IS REFUSED"),), told
    read = f"read as {inside[1]} in {unit.ucum}"
    doubts = (*of_number, Doubt(Leniency.UNIT_INSIDE, shown(value.strip()), read))
    if told.refused is Leniency.UNIT_MISSING:
        return number, (*doubts, *unit.doubts), unit
    if _size_of(told) == _size_of(unit):
        return number, doubts, told
    return number, doubts, told._replace(refused=told.refused or Leniency.UNITS_DISAGREE)


def _size_of(told: ReadUnit) -> object:
    return told.ucum if told.unit is None else (told.unit.measure, told.unit.scale * told.factor)


cached_measured = lru_cache(maxsize=16384)(_read_measured)
