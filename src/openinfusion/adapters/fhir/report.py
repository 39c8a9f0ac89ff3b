"""A reading as JSON for machines and as rows for people."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from fractions import Fraction

from openinfusion.adapters.documents import Json
from openinfusion.adapters.fhir.read import Reading
from openinfusion.adapters.fhir.values import Administration
from openinfusion.core.numbers import decimal_text, is_plain_decimal
from openinfusion.core.units import Quantity
from openinfusion.core.wording import moment


def reading_to_json(reading: Reading) -> Json:
    """Return what was understood and what was flagged; what is absent is left out."""
    groups: Mapping[str, tuple[object, ...]] = {
        "administrations": reading.administrations,
        "devices": reading.devices,
        "metrics": reading.metrics,
        "issues": reading.issues,
        "adverse_events": reading.adverse,
    }
    flagged = [
        {"flag": c.flag.value, "place": c.place, "found": c.found, "what": c.flag.words} for c in reading.cautions
    ]
    made: Json = {name: [_plain(one) for one in group] for name, group in groups.items()}
    return {
        "release": reading.release.value,
        **made,
        "passed_over": dict(reading.passed_over),
        "flagged": flagged,
    }


def _plain(value: object) -> object:
    """Return a value as JSON; a number without a finite decimal stays a fraction, because rounding would change it."""
    match value:
        case Quantity():
            return {"value": _number(value.value), "unit": value.unit.code, "shown": str(value)}
        case Fraction():
            return _number(value)
        case Enum():
            return value.value
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case tuple():
            return [_plain(one) for one in value]
        case _ if is_dataclass(value):
            told = {field.name: getattr(value, field.name) for field in fields(value)}
            return {name: _plain(one) for name, one in told.items() if one is not None and one != ()}
        case _:
            return value


def _number(value: Fraction) -> str:
    return decimal_text(value) if is_plain_decimal(value) else str(value)


def administration_row(given: Administration) -> tuple[str, ...]:
    """Return an administration as a row: what, status, medicine, when, rate, dose, and whether it is clinical."""
    kind = given.part or ("part" if given.part_of is not None else "")
    # Where only a moment is told, nobody says that it ended then.
    ended = given.end if given.end != given.start else None
    start, end = (moment(at) if at is not None else "" for at in (given.start, ended))
    rate, dose = (str(one) if one is not None else "" for one in (given.rate, given.dose))
    status = ": ".join([given.status, *(str(reason) for reason in given.reasons[:1])])
    basis = " (programmed)" if given.basis == "programmed" and rate else ""
    return (kind, status, str(given.medicine or ""), start, end, f"{rate}{basis}", dose, given.purpose)


ADMINISTRATION_COLUMNS = ("part", "status", "medicine", "start", "end", "rate", "dose", "purpose")
