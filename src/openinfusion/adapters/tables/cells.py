"""Read the text of one cell as what its column says it is: strict about values, tolerant of vendors' spellings."""

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from openinfusion.adapters.tables.fields import Field, Kind
from openinfusion.adapters.tables.headers import compact
from openinfusion.adapters.tables.mapping import Column, TableMapping
from openinfusion.core.errors import LibraryError, NumberFormatError, UnknownUnitError
from openinfusion.core.numbers import read_decimal
from openinfusion.core.units import MINUTES, TimeBasis, Unit, VolumeBasis

_DASHES = re.compile(r"[\s\-\u2010-\u2015\u2212_]+")
_NUMBER = re.compile(r"(?P<number>-?(?:\d[\d,]*(?:\.\d+)?|\.\d+))\s*(?P<unit>[^\d\s.,].*)?", re.DOTALL)
_GROUPED = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
_YES_NO = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with its unit if the cell itself gives one."""

    value: Fraction
    unit: Unit | None = None


Value = Number | Unit | bool | str | tuple[str, ...]


def word_key(text: str) -> str:
    """Return a word without case and with single blanks; any run of dashes is one dash, as "- -" and "--" mean one."""
    return "-" if text and _DASHES.fullmatch(text) else " ".join(text.casefold().split())


def is_one_of(text: str, words: tuple[str, ...]) -> bool:
    return word_key(text) in {word_key(word) for word in words}


def is_blank(text: str, column: Column, mapping: TableMapping) -> bool:
    """Whether the cell says "nothing" in this column."""
    return not text.strip() or is_one_of(text, (*column.blank, *mapping.blanks))


def meaning(text: str, column: Column) -> str | None:
    """Return what a word of the column means; "P or S", "P/S" differ, "Pump / Syringe" and "pump, syringe" do not."""
    said = compact(text) or word_key(text)
    return next((value for word, value in column.words.items() if (compact(word) or word_key(word)) == said), None)


def read_value(text: str, column: Column, field: Field, *, per: str | None, mapping: TableMapping) -> Value:
    """
    Return what a cell says.

    Raises:
        AuthorError: the text is not what the column holds; ``found`` and ``expected`` say how.

    """
    plain = meaning(text, column) or text.strip()
    match field.kind:
        case Kind.NUMBER:
            return _read_number(plain, column, mapping)
        case Kind.UNIT:
            return read_unit(plain, mapping, per=per, is_amount=column.reads == "amount of amount/time")
        case Kind.YES_NO:
            return _read_yes_no(plain)
        case Kind.WORD:
            return _read_word(plain, field)
        case Kind.LIST:
            return _read_list(plain, field)
        case Kind.DATE:
            return _read_date(plain)
        case Kind.TEXT:
            return plain


def _read_number(text: str, column: Column, mapping: TableMapping) -> Number:
    clock = _CLOCK.fullmatch(text)
    if clock is not None and column.reads == "hh:mm":
        return Number(int(clock[1]) * 60 + int(clock[2]) + Fraction(int(clock[3] or 0), 60), MINUTES)
    match = _NUMBER.fullmatch(text)
    if match is None:
        expected = "hh:mm, as in 01:30" if column.reads == "hh:mm" else "a number, as in 0.5"
        raise NumberFormatError(where="cell", found=repr(text), expected=expected)
    number = match["number"]
    if mapping.thousands and _GROUPED.fullmatch(number):
        number = number.replace(",", "")
    value = read_decimal(f"0{number}" if number.startswith(".") else number)
    unit = read_unit(match["unit"], mapping) if match["unit"] else None
    if column.reads == "hh:mm" and unit is None:
        found = f"{text!r}, which may be days, hours or minutes"
        raise NumberFormatError(where="cell", found=found, expected="hh:mm, as in 01:30")
    return Number(value, unit)


def read_unit(text: str, mapping: TableMapping, *, per: str | None = None, is_amount: bool = False) -> Unit:
    """Return the unit that a text means; ``per`` completes one that has no time or volume yet."""
    spelled = {compact(key): value for key, value in mapping.unit_spellings.items()}
    whole = spelled.get(compact(text), text.strip())
    head, *rest = whole.split("/")
    unit = Unit.read("/".join([spelled.get(compact(head), head), *rest]))
    if is_amount and unit.time is not TimeBasis.NONE:
        unit = Unit.of(unit.amount, patient=unit.patient)
    if per == "h" and unit.time is TimeBasis.NONE:
        return Unit.of(unit.amount, patient=unit.patient, time=TimeBasis.H)
    if per == "mL" and unit.volume is VolumeBasis.NONE:
        if unit.patient.value or unit.time.value:
            unit = Unit.of(unit.amount)
        return Unit.of(unit.amount, volume=VolumeBasis.ML)
    return unit


def _read_yes_no(text: str) -> bool:
    known = _YES_NO.get(word_key(text))
    if known is None:
        raise LibraryError(where="cell", found=repr(text), expected="Yes or No")
    return known


def _read_word(text: str, field: Field) -> str:
    known = {word_key(word): word for word in field.words}
    if (word := known.get(word_key(text))) is None:
        raise LibraryError(where="cell", found=repr(text), expected=f"one of {', '.join(field.words)}")
    return word


def _read_list(text: str, field: Field) -> tuple[str, ...]:
    """Return the items of a list; an advisory may contain a semicolon, so advisories are parted by line breaks only."""
    parts = re.split(r"\n" if field.path == "advisories" else r"[;\n]", text)
    items = tuple(part.strip() for part in parts if part.strip())
    return tuple(_read_word(item, field) for item in items) if field.words else items


def _read_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise LibraryError(where="cell", found=repr(text), expected="a date such as 2026-03-31") from error


def unit_of_number(number: Number, unit: Unit) -> Fraction:
    """Return the value in another unit of the same measure; raises UnknownUnitError if it is none."""
    if number.unit is None or number.unit is unit:
        return number.value
    if not number.unit.measures_like(unit):
        raise UnknownUnitError(where="cell", found=number.unit.text, expected=f"{unit.text}, as the rest of its group")
    return number.value * number.unit.scale / unit.scale
