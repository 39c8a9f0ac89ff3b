"""
Values to resources of one release, as JSON.

R4 and R5 name some elements differently, and wrap some references; ``Shape`` is every such difference that these
resources meet, in one place. What no element holds stands in extensions of our own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from openinfusion.adapters.documents import Json
from openinfusion.adapters.fhir.elements import (
    absent,
    coding,
    concept,
    extension,
    listed,
    meta,
    moment,
    period,
    quantity,
    subject,
    to_decimal,
    value_of,
    without_nothing,
)
from openinfusion.adapters.fhir.names import (
    ALERT,
    ANSWER,
    ASSET,
    BASIS,
    BEGAN,
    CONTEXT,
    DELIVERED,
    DRAFT,
    DRAFT_CODE,
    DRAFT_WORDS,
    ENDED,
    INFUSION,
    PART,
    PART_WORDS,
    PROGRAMMED,
    REASON,
    RECORD,
    SECONDS,
    UCUM,
    VERSIONS,
    Release,
)
from openinfusion.adapters.fhir.values import Administration, Adverse, Concept, Device, Issue, Metric, Resource


@dataclass(frozen=True, slots=True)
class Shape:
    """What R4 and R5 do differently with the same thing."""

    given: str
    medicine: Callable[[Json], Json]
    device: Callable[[Json], Json]
    is_listed: bool
    issue_subject: str
    metric_device: tuple[str, ...]
    event_code: str
    event_date: str
    suspect: str


def _bare(value: Json) -> Json:
    return value


SHAPES: Mapping[Release, Shape] = MappingProxyType(
    {
        Release.R4: Shape(
            given="effective",
            medicine=lambda made: {"medicationCodeableConcept": made},
            device=_bare,
            is_listed=False,
            issue_subject="patient",
            metric_device=("source", "parent"),
            event_code="event",
            event_date="date",
            suspect="instance",
        ),
        Release.R5: Shape(
            # FHIR R5 itself spells the element with one r.
            given="occurence",
            medicine=lambda made: {"medication": {"concept": made}},
            device=lambda made: {"reference": made},
            is_listed=True,
            issue_subject="subject",
            metric_device=("device",),
            event_code="code",
            event_date="occurrenceDateTime",
            suspect="instanceReference",
        ),
    }
)


def to_resource(value: Resource, release: Release) -> Json:
    """Return a value as a resource of a release."""
    shape = SHAPES[release]
    match value:
        case Administration():
            made = _administration(value, shape)
        case Device():
            made = _device(value, shape)
        case Metric():
            made = _metric(value, shape)
        case Issue():
            made = _issue(value, shape)
        case Adverse():
            made = _adverse(value, shape)
        case _:
            raise TypeError(f"no resource for {type(value).__name__}")
    return without_nothing({"resourceType": made.pop("resourceType"), "id": value.id, **made})


def _administration(value: Administration, shape: Shape) -> Json:
    category = _part(value.part)
    return {
        "resourceType": "MedicationAdministration",
        "meta": meta(value.purpose),
        "extension": listed(
            [
                extension(CONTEXT, value.context),
                extension(PROGRAMMED, value.programmed),
                extension(DELIVERED, value.delivered),
                extension(BEGAN, value.began),
                extension(ENDED, value.ended),
                {"url": BASIS, **value_of(value.basis)} if value.basis is not None else None,
            ]
        ),
        "identifier": listed([_identifier(INFUSION, value.infusion), _identifier(RECORD, value.record)]),
        "partOf": [{"reference": value.part_of}] if value.part_of is not None else None,
        "status": value.status,
        "statusReason": [concept(reason) for reason in value.reasons],
        "category": [category] if category is not None and shape.is_listed else category,
        **shape.medicine(_medicine(value.medicine)),
        "subject": subject(value.episode),
        **_time(shape.given, value.start, value.end),
        "device": [shape.device({"reference": value.device})] if value.device is not None else None,
        "dosage": _dosage(value),
    }


def _time(given: str, start: datetime | None, end: datetime | None) -> Json:
    if start is not None and start == end:
        return {f"{given}DateTime": moment(start)}
    return {f"{given}Period": period(start, end)}


def _part(part: str | None) -> Json | None:
    return None if part is None else {"coding": [coding(PART, part, PART_WORDS[part])]}


def _medicine(medicine: Concept | None) -> Json:
    return concept(medicine) if medicine is not None else {"extension": [absent("unknown")]}


def _identifier(system: str, value: str | None) -> Json | None:
    return None if value is None else {"system": system, "value": value}


def _dosage(value: Administration) -> Json | None:
    """Return the dosage; FHIR allows none without a dose or a rate."""
    if value.rate is None and value.dose is None:
        return None
    words = listed(
        [
            {"text": str(value.rate)} if value.rate is not None else None,
            {"text": f"{value.dose} delivered"} if value.dose is not None else None,
        ]
    )
    text = ", ".join(str(one["text"]) for one in words)
    return without_nothing(
        {
            "text": f"programmed: {text}" if value.basis == "programmed" else text,
            "dose": quantity(value.dose) if value.dose is not None else None,
            "rateQuantity": quantity(value.rate) if value.rate is not None else None,
        }
    )


def _device(value: Device, shape: Shape) -> Json:
    # R5 has lists where R4 has one.
    kind = {"text": "infusion pump"}
    return {
        "resourceType": "Device",
        "meta": meta(value.purpose),
        "identifier": listed([_identifier(ASSET, value.asset)]),
        "manufacturer": value.maker,
        "serialNumber": value.serial,
        "modelNumber": value.model,
        "type": [kind] if shape.is_listed else kind,
        "version": [
            {"type": {"coding": [coding(term.system, term.code, term.display)]}, "value": told}
            for term in VERSIONS
            if (told := getattr(value, term.field)) is not None
        ],
    }


def _metric(value: Metric, shape: Shape) -> Json:
    device = {"reference": value.device} if value.device is not None else None
    return {
        "resourceType": "DeviceMetric",
        "meta": meta(value.purpose),
        "type": concept(value.type),
        "unit": {"coding": [coding(UCUM, value.unit, value.unit)]} if value.unit is not None else None,
        **dict.fromkeys(shape.metric_device, device),
        "category": value.category,
    }


def _issue(value: Issue, shape: Shape) -> Json:
    return {
        "resourceType": "DetectedIssue",
        "meta": meta(value.purpose),
        "extension": listed([_alert(value)]),
        "identifier": listed([_identifier(RECORD, value.record)]),
        "status": value.status,
        "code": concept(value.code) if value.code is not None else None,
        "severity": value.severity,
        shape.issue_subject: subject(value.episode),
        "identifiedDateTime": moment(value.at) if value.at is not None else None,
        "author": {"reference": value.device} if value.device is not None else None,
        "implicated": [{"reference": one} for one in value.implicated],
        "detail": value.text,
        "mitigation": listed([_answer(value), *({"action": concept(one)} for one in value.actions)]),
    }


def _alert(value: Issue) -> Json | None:
    return extension(ALERT, value.alert)


def _answer(value: Issue) -> Json | None:
    if value.response is None:
        return None
    word = value.response.value
    told = listed(
        [
            {"url": SECONDS, "valueDecimal": to_decimal(value.seconds)} if value.seconds is not None else None,
            {"url": REASON, "valueString": value.reason} if value.reason is not None else None,
        ]
    )
    text = word if value.reason is None else f"{word}: {value.reason}"
    return without_nothing(
        {
            "extension": told,
            "action": {"coding": [coding(ANSWER, word, word)], "text": text},
            "date": moment(value.answered) if value.answered is not None else None,
        }
    )


def _adverse(value: Adverse, shape: Shape) -> Json:
    draft = (coding(DRAFT, DRAFT_CODE, DRAFT_WORDS),) if value.is_draft else ()
    records = listed(_identifier(RECORD, one) for one in value.records)
    made: Json = {
        "resourceType": "AdverseEvent",
        "meta": meta(value.purpose, *draft),
        # R4 has room for one identifier only, so the records stand in extensions there.
        "extension": [] if shape.is_listed else [{"url": RECORD, "valueString": one} for one in value.records],
        "actuality": value.actuality,
        shape.event_code: concept(value.code) if value.code is not None else None,
        "subject": subject(value.episode),
        shape.event_date: moment(value.at) if value.at is not None else None,
        "suspectEntity": [{shape.suspect: {"reference": one}} for one in value.suspects],
    }
    return made | {"identifier": records, "status": "in-progress"} if shape.is_listed else made
