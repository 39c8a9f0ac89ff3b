"""Bundles: everything that a log says in one file, and a draft of a report; their bytes, with exact decimals."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import msgspec

from openinfusion.adapters.documents import Json
from openinfusion.adapters.fhir.elements import meta, moment, without_nothing
from openinfusion.adapters.fhir.from_events import Made, Names, from_log
from openinfusion.adapters.fhir.names import Release
from openinfusion.adapters.fhir.validate import check_written
from openinfusion.adapters.fhir.values import Adverse, Concept, Purpose, Resource
from openinfusion.adapters.fhir.write import to_resource
from openinfusion.core.errors import OperatorError
from openinfusion.core.events import Event, EventLog

ACTUALITIES = ("potential", "actual")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def write_bundle(made: Made, release: Release, *, at: datetime | None = None) -> Json:
    """Return all that a log says as a Bundle of type collection, judged against the models of its release."""
    return _bundle((*made.devices, *made.metrics, *made.administrations, *made.issues), release, (made.purpose, at))


def _bundle(values: Iterable[Resource], release: Release, about: tuple[Purpose, datetime | None]) -> Json:
    purpose, at = about
    entries = [without_nothing({"fullUrl": one.url, "resource": to_resource(one, release)}) for one in values]
    made = without_nothing(
        {
            "resourceType": "Bundle",
            "meta": meta(purpose),
            "type": "collection",
            "timestamp": moment(at) if at is not None else None,
            "entry": entries,
        }
    )
    check_written(made, release)
    return made


def draft_bundle(
    log: tuple[EventLog, Iterable[Event]],
    chosen: Mapping[str, str],
    *,
    release: Release = Release.R4,
    actuality: str = "potential",
) -> Json:
    """
    Return the draft of a report about records of a log, with the pumps and the infusions concerned.

    ``chosen`` has the words for each record by its id. The draft is for a person to complete and to report; nothing
    sends it. It names no patient: the log names none, the token of the episode is left out, and what the log keeps
    apart as private is not read.

    Raises:
        OperatorError: no such record in the log, or none that counts.

    """
    header, events = log
    told = list(events)
    made = from_log(header, told)
    known = {event.event_id: event for event in told if event.event_id not in made.left_out}
    for record in chosen:
        if record not in known:
            raise OperatorError(where="event id", found=repr(record), expected="the id of a record of this log")
    about = sorted((known[record] for record in chosen), key=lambda event: event.at)
    names = Names(header.organisation)
    pumps = {names.url("pump", event.pump) for event in about}
    infusions = {names.url("infusion", e.pump, e.infusion) for e in about if e.infusion is not None}
    devices = [one for one in made.devices if one.url in pumps]
    # A draft travels further than an exchange between systems, so not even the token of an episode goes with it.
    given = [replace(one, episode=None) for one in made.administrations if one.url in infusions]
    adverse = Adverse(
        id=names.id("draft", *sorted(chosen)),
        url=names.url("draft", *sorted(chosen)),
        purpose=header.purpose,
        actuality=actuality,
        code=Concept(text="; ".join(chosen[event.event_id] for event in about)),
        at=about[0].at if about else None,
        suspects=tuple(str(one.url) for one in (*devices, *given)),
        records=tuple(event.event_id for event in about),
        is_draft=True,
    )
    return _bundle((adverse, *devices, *given), release, (header.purpose, None))


def to_bytes(document: Json) -> bytes:
    """Return a document as JSON that people can read, each decimal with exactly its digits."""
    return msgspec.json.format(_ENCODER.encode(document), indent=2) + b"\n"
