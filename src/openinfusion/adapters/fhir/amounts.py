"""Quantities, rates and times of other systems: read exactly, or flagged and not used."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from openinfusion.adapters.fhir.cautions import Cautions, Flag
from openinfusion.adapters.fhir.cursor import Cursor
from openinfusion.adapters.fhir.names import UCUM
from openinfusion.adapters.fhir.units import Scaled, from_ucum, from_words
from openinfusion.adapters.flags import shown
from openinfusion.core.event_parts import FIRST_YEAR, LAST_YEAR
from openinfusion.core.units import HOURS, MINUTES, Kind, Quantity, TimeBasis, Unit, VolumeBasis

_MOST_DIGITS = 40
_AMOUNTS = frozenset({Kind.MASS, Kind.INTERNATIONAL_UNIT, Kind.MOLE, Kind.EQUIVALENT, Kind.VOLUME, Kind.ENERGY})
_PARTIAL = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?)?)?")
_WHOLE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})")

# What is shown although it cannot be read: too short for a number of a person, and plainly meant as a date.
_NEARLY_NUMBER = re.compile(r"[-+0-9.,][-+0-9.,eE ]{0,8}")
_NEARLY_TIME = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ][0-9:.]{1,16} ?(Z|[+-][0-9:]{2,6})?)?")


class Fit(NamedTuple):
    """What a quantity must measure, in words and as a rule."""

    words: str
    rule: Callable[[Unit], bool]


RATE = Fit(
    "volume or dose per time",
    lambda unit: unit.kind in _AMOUNTS and unit.time is not TimeBasis.NONE and unit.volume is VolumeBasis.NONE,
)
DOSE = Fit(
    "an amount of a drug or a volume",
    lambda unit: unit.kind in _AMOUNTS and unit.time is TimeBasis.NONE and unit.volume is VolumeBasis.NONE,
)
DURATION = Fit("a time", lambda unit: unit.kind is Kind.DURATION)
ANYTHING = Fit("anything that pumps count", lambda _: True)


def read_quantity(here: Cursor, fit: Fit, cautions: Cautions) -> Quantity | None:
    """Return a Quantity that measures what it must, or ``None`` with the reason among the cautions."""
    if not here:
        return None
    number = _number(here, cautions)
    unit = read_unit(here, cautions)
    if number is None or unit is None:
        return None
    if not fit.rule(unit.unit):
        cautions.add(Flag.UNIT_UNFIT, here.path, f"{unit.unit.text} where {fit.words} belongs")
        return None
    if number < 0:
        cautions.add(Flag.NEGATIVE, here.path, "a value below zero")
        return None
    return Quantity(number * unit.factor, unit.unit)


def _number(here: Cursor, cautions: Cautions) -> Fraction | None:
    if (comparator := here.at("comparator")).value is not None:
        cautions.add(Flag.COMPARATOR, comparator.path, shown(str(comparator.value)))
        return None
    value = here.at("value")
    if not value:
        cautions.add(Flag.ABSENT, value.path, "no number")
        return None
    number = exact_number(value)
    if number is None:
        cautions.add(Flag.NUMBER, value.path, _no_number(value))
    return number


def _no_number(here: Cursor) -> str:
    """Return what stands where a number belongs; a text that may name a person is not shown."""
    if here.number() is not None:
        return f"a number beyond {_MOST_DIGITS} digits"
    text = here.text() or ""
    if _NEARLY_NUMBER.fullmatch(text):
        return f"the text {shown(text)}"
    return f"a text of {len(text)} characters" if isinstance(here.value, str) else "no number and no text"


def exact_number(here: Cursor) -> Fraction | None:
    """Return the number here exactly, or ``None`` where there is none or it is too long to mean anything."""
    number = here.number()
    if number is None:
        return None
    held = Decimal(number)
    digits = len(held.as_tuple().digits)
    return Fraction(held) if digits <= _MOST_DIGITS and abs(held.adjusted()) <= _MOST_DIGITS else None


def read_unit(here: Cursor, cautions: Cautions) -> Scaled | None:
    """Return the unit of a Quantity: by its code in UCUM, else by its words; ``None`` where it must not be used."""
    system, code, words = here.at("system"), here.at("code"), here.at("unit")
    if code.text() and (system.value is None or system.value == UCUM):
        return _by_code(here, cautions)
    if words.text() is None:
        flag = Flag.UNIT_UNKNOWN if code.text() else Flag.UNIT_MISSING
        cautions.add(flag, here.path, f"the code {shown(str(code.value))} of another system" if code else "no unit")
        return None
    unit = from_words(str(words.value))
    flag = Flag.UNIT_TEXT if unit is not None else Flag.UNIT_UNKNOWN
    cautions.add(flag, words.path, shown(str(words.value)))
    return unit


def _by_code(here: Cursor, cautions: Cautions) -> Scaled | None:
    code, words = str(here.at("code").value), here.at("unit").text()
    unit = from_ucum(code)
    if unit is None:
        cautions.add(Flag.UNIT_UNKNOWN, here.at("code").path, shown(code))
        return None
    if here.at("system").value is None:
        cautions.add(Flag.UNIT_SYSTEM, here.path, shown(code))
    if words is None or words.strip() == code:
        return unit
    said = from_words(words)
    if said is None:
        cautions.add(Flag.UNIT_WORDS, here.at("unit").path, shown(words))
    elif not _is_same(unit, said):
        cautions.add(Flag.UNITS_DISAGREE, here.path, f"the code {shown(code)} and the words {shown(words)}")
        return None
    return unit


def _is_same(one: Scaled, other: Scaled) -> bool:
    return one.unit.measures_like(other.unit) and one.unit.scale * one.factor == other.unit.scale * other.factor


def read_rate(dosage: Cursor, cautions: Cautions) -> Quantity | None:
    """Return the rate of a dosage, from either form of it; two that differ are not used."""
    single, ratio = dosage.at("rateQuantity"), dosage.at("rateRatio")
    found = [read_quantity(single, RATE, cautions)] if single else []
    found += [_read_ratio(ratio, cautions)] if ratio else []
    if not found:
        return None
    if found[0] != found[-1]:
        cautions.add(Flag.TWO_RATES, dosage.path, "rateQuantity and rateRatio that differ, or one that cannot be read")
        return None
    return found[0]


def _read_ratio(here: Cursor, cautions: Cautions) -> Quantity | None:
    over = read_quantity(here.at("numerator"), DOSE, cautions)
    under = read_quantity(here.at("denominator"), DURATION, cautions)
    if over is None or under is None or not under.value:
        cautions.add(Flag.RATIO, here.path, "a part that is missing, zero, or flagged")
        return None
    time = TimeBasis.H if under.unit is HOURS else TimeBasis.MIN
    unit = Unit.of(over.unit.amount, patient=over.unit.patient, time=time)
    return Quantity(over.value / under.to(HOURS if time is TimeBasis.H else MINUTES).value, unit)


def read_moment(here: Cursor, cautions: Cautions) -> datetime | None:
    """Return a dateTime that is a moment, or ``None``: a day is no moment, and a time without a zone is many."""
    if not here:
        return None
    text = here.text() or ""
    if _WHOLE.fullmatch(text):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is not None and FIRST_YEAR <= at.year <= LAST_YEAR:
            return at
    elif _PARTIAL.fullmatch(text):
        cautions.add(Flag.TIME_PARTIAL, here.path, shown(text))
        return None
    found = shown(text) if _NEARLY_TIME.fullmatch(text) else f"{len(text)} characters that are no time"
    cautions.add(Flag.TIME_UNREADABLE, here.path, found if isinstance(here.value, str) else "a value that is no text")
    return None


class Span(NamedTuple):
    """When something began and ended."""

    start: datetime | None
    end: datetime | None


def read_time(here: Cursor, names: tuple[str, ...], cautions: Cautions) -> Span:
    """Return the time of an element that is a dateTime or a Period; ``names`` are the ways in which it is spelled."""
    at = here.first(*(f"{name}DateTime" for name in names))
    if at:
        moment = read_moment(at, cautions)
        return Span(moment, moment)
    told = here.first(*(f"{name}Period" for name in names))
    start, end = read_moment(told.at("start"), cautions), read_moment(told.at("end"), cautions)
    if start is not None and end is not None and end < start:
        cautions.add(Flag.TIME_ORDER, told.path, "an end before the start")
        return Span(None, None)
    return Span(start, end)
