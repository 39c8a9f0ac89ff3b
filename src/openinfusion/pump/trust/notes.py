"""What a pump would note, before it is numbered, stamped and written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from functools import lru_cache
from typing import Any

from openinfusion.core.events import Kind
from openinfusion.core.limits import Limit
from openinfusion.core.numbers import decimal_text, round_significant
from openinfusion.core.programme import Finding, Programme
from openinfusion.core.units import Quantity

Fields = dict[str, Any]
_ENTERED = tuple(f.name for f in fields(Programme) if f.name not in ("care_area", "entry", "mode"))
_EXACT_PLACES = 10**6
_LOW = (Limit.HARD_MIN, Limit.SOFT_MIN)


@dataclass(eq=False, slots=True)
class Note:
    """One thing that happened, at a true moment; ``fields`` are those of the record, ready for JSON."""

    at: float
    kind: Kind
    fields: Fields
    sequence: int = -1
    received: float = 0.0


@dataclass(slots=True)
class Notes:
    """Everything that one pump noted, and beside it what was planted on purpose."""

    all: list[Note] = field(default_factory=list)
    truth: list[Fields] = field(default_factory=list)

    def tell(self, at: float, kind: Kind, known: Mapping[str, Any], **more: Any) -> Note:  # noqa: ANN401 - JSON
        note = Note(round(at, 1), kind, {**known, **more})
        self.all.append(note)
        return note


@lru_cache(maxsize=65536)
def _text(value: Fraction) -> str:
    """Return the decimal of a value; of one with six places or less, which most are, without looking for more."""
    millionths, rest = divmod(value.numerator * _EXACT_PLACES, value.denominator)
    if rest:
        return decimal_text(value)
    whole, places = divmod(millionths, _EXACT_PLACES)
    return f"{whole}.{places:06d}".rstrip("0").rstrip(".") if places else str(whole)


def quantity_json(quantity: Quantity) -> Fields:
    return {"value": _text(quantity.value), "unit": quantity.unit.code}


def programme_json(programme: Programme) -> Fields:
    """Return what was entered as the record says it."""
    made: Fields = {"mode": programme.mode.value}
    for name in _ENTERED:
        quantity = getattr(programme, name)
        if quantity is not None:
            made[name] = quantity_json(quantity)
    return made


def alert_json(finding: Finding) -> Fields | None:
    """Return a limit that was crossed as the record says it, or ``None`` for a problem without a limit."""
    if finding.limit is None or finding.attempted is None or finding.bound is None:
        return None
    attempted = Quantity(_shown(finding), finding.attempted.unit)
    return {
        "parameter": finding.parameter.value,
        "limit": finding.limit.value,
        "attempted": quantity_json(attempted),
        "bound": quantity_json(finding.bound),
    }


def _shown(finding: Finding) -> Fraction:
    """Return the attempted value with as few digits as keep it beyond the limit that it crossed."""
    if finding.attempted is None or finding.bound is None:
        raise AssertionError("only a crossed limit is shown")
    value, bound = finding.attempted.value, finding.bound.to(finding.attempted.unit).value
    if _EXACT_PLACES % value.denominator == 0:
        return value
    for digits in range(4, 40):
        shown = round_significant(value, digits)
        if shown < bound if finding.limit in _LOW else bound < shown:
            return shown
    raise AssertionError("a value beyond a limit can be told from it")
