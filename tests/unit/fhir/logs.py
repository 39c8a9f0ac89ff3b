"""Short logs for the tests of FHIR, and the way there and back."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from openinfusion.adapters.events import read_events
from openinfusion.adapters.fhir import Made, Reading, Release, from_log, read_bundle, to_bytes, write_bundle
from openinfusion.core.event_parts import Delivered, Programmed, Segment
from openinfusion.core.events import Event, EventLog, Kind
from openinfusion.core.library import Mode
from openinfusion.core.units import Quantity
from tests.event_records import EVERY_KIND

HEADER = EventLog(organisation="Example trust (not for clinical use)", purpose="test")
BEGAN = datetime(2026, 3, 30, 8, 0, tzinfo=UTC)


def q(text: str) -> Quantity:
    return Quantity.read(text)


def event(kind: Kind, minute: int, **told: Any) -> Event:
    """One record of one infusion of fentanyl, so many minutes after eight."""
    at = BEGAN + timedelta(minutes=minute)
    given = {"event_id": f"E-{minute:04d}-{kind.value}", "infusion": "i-1", "drug": "fentanyl", **told}
    if kind is Kind.STARTED:
        given.setdefault("with_library", True)
    return Event(kind=kind, pump="P-1", at=at, **given)


def dose(text: str, mode: Mode = Mode.CONTINUOUS, **others: Quantity) -> Programmed:
    return Programmed(mode=mode, dose=q(text), **others)


def flow(rate: str, **others: Any) -> Segment:
    return Segment(source="primary", status="delivering", rate=q(rate), volume=q("0 mL"), **others)


def halt(rate: str, volume: str, because: Any = "clinician", **others: Any) -> Segment:
    status: Any = "transitioning" if because is None else "not delivering"
    return Segment(source="primary", status=status, because=because, rate=q(rate), volume=q(volume), **others)


def given(volume: str) -> Delivered:
    return Delivered(volume=q(volume))


def example_log() -> tuple[EventLog, list[Event]]:
    """The worked example: one record of every kind."""
    reader = read_events(EVERY_KIND)
    return reader.header, [line.event for line in reader if line.event is not None]


def there_and_back(made: Made, release: Release) -> Reading:
    """What is read of what was written; nothing of it is flagged."""
    reading = read_bundle(to_bytes(write_bundle(made, release)))
    assert reading.cautions == ()
    assert reading.release is release
    return reading


def made_of(*events: Event, header: EventLog = HEADER) -> Made:
    return from_log(header, events)


def resources(made: Made, release: Release, kind: str) -> list[dict[str, Any]]:
    """The resources of one type, as they stand in the file, decimals exact."""
    document = json.loads(to_bytes(write_bundle(made, release)), parse_float=Decimal)
    return [e["resource"] for e in document["entry"] if e["resource"]["resourceType"] == kind]


def resource(**changed: Any) -> bytes:
    """One MedicationAdministration of R4 as another system may send it, not for clinical use."""
    held = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": {"text": "example, not for clinical use"},
        "subject": {"display": "nobody"},
        "effectivePeriod": {"start": "2026-03-30T08:00:00Z", "end": "2026-03-30T09:00:00Z"},
        **changed,
    }
    return json.dumps({key: value for key, value in held.items() if value is not None}).encode()


def ucum(value: object, code: str, unit: str | None = None) -> dict[str, object]:
    """A Quantity with its code in UCUM."""
    made = {"value": value, "system": "http://unitsofmeasure.org", "code": code}
    return made if unit is None else made | {"unit": unit}
