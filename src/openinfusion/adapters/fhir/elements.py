"""Pieces of a resource as JSON: quantities, times, concepts, references, and our own values as extensions."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction

from openinfusion.adapters.documents import Json
from openinfusion.adapters.fhir.names import ABSENT, ACT_REASON, EPISODE, PURPOSE, TEST_CODE, UCUM
from openinfusion.adapters.fhir.values import Concept, Context, Purpose
from openinfusion.core.event_parts import Alert, Delivered, Programmed, Segment
from openinfusion.core.numbers import decimal_text
from openinfusion.core.units import GRAMS_OF_PATIENT, Quantity

LARGEST_INTEGER = 2**31 - 1


def to_decimal(value: Fraction) -> Decimal:
    """Return exactly this number; raises NumberFormatError if it has no finite decimal."""
    return Decimal(decimal_text(value))


def quantity(value: Quantity) -> Json:
    """Return a Quantity: the unit in the words of the NHS, and its code in UCUM."""
    words = "g" if value.unit is GRAMS_OF_PATIENT else value.unit.text
    return {"value": to_decimal(value.value), "unit": words, "system": UCUM, "code": value.unit.code}


def moment(at: datetime) -> str:
    """Return a dateTime with its zone."""
    return at.isoformat().replace("+00:00", "Z")


def period(start: datetime | None, end: datetime | None) -> Json:
    """Return a Period; one of which neither end is known says so."""
    made = {name: moment(at) for name, at in (("start", start), ("end", end)) if at is not None}
    return made or {"extension": [absent("unknown")]}


def absent(why: str) -> Json:
    """Return the extension that says why there is no value."""
    return {"url": ABSENT, "valueCode": why}


def concept(value: Concept) -> Json:
    """Return a CodeableConcept."""
    codings = [without_nothing({"system": c.system, "code": c.code, "display": c.display}) for c in value.codings]
    return without_nothing({"coding": codings or None, "text": value.text})


def coding(system: str, code: str, display: str) -> Json:
    """Return one Coding."""
    return {"system": system, "code": code, "display": display}


def subject(episode: str | None) -> Json:
    """Return the subject that FHIR requires: the episode's token, or that it is left out on purpose."""
    if episode is None:
        return {"extension": [absent("masked")], "display": "left out: an event log names no patient"}
    words = "random token of the event log, not a number of a patient"
    return {"type": "Patient", "identifier": {"system": EPISODE, "value": episode}, "display": words}


def meta(purpose: Purpose, *tags: Json) -> Json | None:
    """Return the label that keeps what is not clinical apart, and further tags; ``None`` if there is nothing to say."""
    if purpose == "clinical":
        return {"tag": list(tags)} if tags else None
    label = coding(ACT_REASON, TEST_CODE, "test health data")
    return {"security": [label], "tag": [coding(PURPOSE, purpose, f"{purpose}: not for clinical use"), *tags]}


def extension(url: str, group: Context | Programmed | Delivered | Segment | Alert | None) -> Json | None:
    """Return a group of values as an extension that holds one for each; ``None`` if there is nothing to hold."""
    if group is None:
        return None
    inner = [_inner(part.name, value) for part in fields(group) if (value := getattr(group, part.name)) is not None]
    return {"url": url, "extension": inner} if inner else None


def _inner(name: str, value: object) -> Json:
    return {"url": name, **value_of(value)}


def value_of(value: object) -> Json:
    """Return a value under the key that says its type, as an extension holds it."""
    match value:
        case Quantity():
            return {"valueQuantity": quantity(value)}
        case bool():
            return {"valueBoolean": value}
        case int():
            return {"valueInteger": value} if value <= LARGEST_INTEGER else {"valueDecimal": Decimal(value)}
        case Fraction():
            return {"valueDecimal": to_decimal(value)}
        case Enum():
            return {"valueString": value.value}
        case _:
            return {"valueString": str(value)}


def without_nothing(made: Json) -> Json:
    """Return an object without the keys that hold nothing: FHIR has no null, and no empty list."""
    return {key: value for key, value in made.items() if value is not None and value != []}


def listed(found: Iterable[Json | None]) -> list[Json]:
    """Return what there is."""
    return [one for one in found if one is not None]
