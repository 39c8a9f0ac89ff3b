"""
From what a message means to what is heard of its pumps.

A record that its sender tells whole is put together from the places of the standard and the names of our own; of all
other messages only what the standard says is heard, and what it does not say stays open.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from openinfusion.adapters.hl7.identity import Entity
from openinfusion.adapters.hl7.messages import (
    AlertMessage,
    DeviceManagement,
    DeviceReport,
    LocationReport,
    Meaning,
    PumpEvent,
)
from openinfusion.adapters.hl7.parts import Pump, PumpState, Source
from openinfusion.adapters.hl7.story.flowing import change_of, flowing, programmed
from openinfusion.adapters.hl7.story.heard import Heard, What
from openinfusion.adapters.hl7.story.own import group_columns, moment_columns, own_record
from openinfusion.adapters.hl7.times import Moment
from openinfusion.adapters.hl7.vocabulary import (
    CHANGES,
    CLEARED,
    INFUSING,
    OFFLINE,
    PATIENT_CHANGE,
    PATIENT_ID_CHANGE,
    SOURCE_WORDS,
)
from openinfusion.core.event_parts import LONGEST_NAME, NOT_TOLD, Alarm, LibraryVersion, Private

_SOURCES: frozenset[str] = frozenset(SOURCE_WORDS.values())
_CHANGES: Mapping[int, What] = {code: What(change) for code, change in CHANGES.items()}
_ENDS = frozenset({"end", "inactivate", "reset", "stop"})
_SOUNDS = frozenset({"start", "start_only", "tpoint", "present", "continue", "update", "escalate", "deescalate"})
_NOBODY = Private()
# How the names of what is no pump begin: monitors, meters, analysers, ventilators.
_NO_PUMPS = ("MDC_DEV_MON", "MDC_DEV_METER", "MDC_DEV_ANALY", "MDC_DEV_SYS_PT_VENT", "MDC_DEV_VENT", "MDC_DEV_ECG")


def hear(meaning: Meaning, *, received: datetime, key: str) -> tuple[Heard, ...]:
    """
    Return what a message says of each of its pumps; nothing where it names none, or tells no time.

    ``received`` is when the message came, ``key`` names it.
    """
    listen: Callable[..., Iterator[Heard]] | None = _LISTEN.get(type(meaning))
    return tuple(listen(meaning, received, key)) if listen is not None else ()


def _name(text: str | None) -> str | None:
    """Return a text as a name that a record can hold."""
    if text is None or text.isprintable():
        return text[:LONGEST_NAME] if text else None
    return "".join(c if c.isprintable() else " " for c in text).strip()[:LONGEST_NAME] or None


def _number(device: Entity | None) -> str | None:
    return _name(device.id or device.universal) if device is not None else None


def _is_pump(pump: Pump) -> bool:
    """Whether a device is a pump, or may be one: the gateways of alarms speak for monitors and ventilators as well."""
    return pump.kind is None or not pump.kind.startswith(_NO_PUMPS)


def _pump_fields(pump: Pump) -> dict[str, Any]:
    """Return what a pump says of itself."""
    return {
        "channel": _number(pump.module),
        "maker": _name(pump.maker),
        "model": _name(pump.model),
        "software": _name(pump.software),
        "library": _library(pump.library_name, pump.library_version),
        "ward": _name(pump.ward),
        "power": pump.power,
        "connected": None if pump.connection is None else pump.connection != OFFLINE,
    }


@lru_cache(maxsize=1024)
def _library(name: str | None, version: str | None) -> LibraryVersion | None:
    if name is None and version is None:
        return None
    return LibraryVersion(name=_name(name) or NOT_TOLD, version=_name(version) or NOT_TOLD)


def _sent(moment: Moment | None) -> datetime | None:
    return moment.at if moment is not None else None


def _private(private: Private) -> Private | None:
    return private if private != _NOBODY else None


# --- Reports and events -----------------------------------------------------------------------------------------------


def _reports(meaning: DeviceReport, received: datetime, key: str) -> Iterator[Heard]:
    for state in meaning.states:
        pump = _number(state.pump.device)
        if pump is None or state.at is None or not _is_pump(state.pump):
            continue
        about, source = flowing(state, None)
        segment = None
        if about is not None and source is not None and state.delivery.infusing == INFUSING:
            segment = change_of("start", about, source, state=state)
        yield Heard(
            What.REPORT,
            pump,
            state.at.at,
            received,
            key,
            sent=_sent(meaning.header.sent),
            **_pump_fields(state.pump),
            **_source_fields(state, source),
            source=about,
            segment=segment,
            private=_private(state.private),
        )


def _events(meaning: PumpEvent, received: datetime, key: str) -> Iterator[Heard]:
    state = meaning.state
    pump = _number(state.pump.device)
    if pump is None or state.at is None:
        return
    term = meaning.event.term if meaning.event is not None else None
    code = term.code if term is not None else 0
    own = own_record(state.others)
    change = CHANGES.get(code)
    told = meaning.source if meaning.source in _SOURCES else None
    about, source = flowing(state, told)  # type: ignore[arg-type]  # one of _SOURCES
    segment = None
    if change is not None and about is not None:
        segment = change_of(change, about, source or Source(), state=state)
    heard = Heard(
        _CHANGES.get(code) or _OTHER_EVENTS.get(code, What.CLAIM),
        pump,
        state.at.at,
        received,
        key,
        sent=_sent(meaning.header.sent),
        **_pump_fields(state.pump),
        **_source_fields(state, source),
        source=about,
        segment=segment,
        private=_private(state.private),
    )
    yield heard if own is None else _whole(heard, own.row, of=own.of, has_ended=change not in (None, "start"))


_OTHER_EVENTS: Mapping[int, What] = {
    CLEARED: What.CLEARED,
    PATIENT_CHANGE: What.PATIENT,
    PATIENT_ID_CHANGE: What.PATIENT,
}


def _source_fields(state: PumpState, source: Source | None) -> dict[str, Any]:
    """Return drug, care area and programme; the drug by its name in the pump, else as OBR-4 has it."""
    medication = state.medication
    ordered = _name(medication.text or medication.name) if medication is not None else None
    if source is None:
        return {"drug": ordered}
    area, drug = _name(source.care_area), _name(source.drug)
    return {
        "care_area": area,
        "drug": drug or _name(source.drug_id) or ordered,
        "with_library": area is not None or source.drug_id is not None or drug is not None,
        "programme": programmed(source),
    }


# --- Alarms, device management, places --------------------------------------------------------------------------------


def _alerts(meaning: AlertMessage, received: datetime, key: str) -> Iterator[Heard]:
    pump = _number(meaning.pump.device)
    if pump is None or meaning.at is None or not _is_pump(meaning.pump):
        return
    is_end = meaning.phase in _ENDS or (meaning.state == "inactive" and meaning.phase not in _SOUNDS)
    goes_on = What.ALARM if meaning.is_onset else What.ALARM_GOES_ON
    heard = Heard(
        What.ALARM_END if is_end else goes_on,
        pump,
        meaning.at.at,
        received,
        key,
        sent=_sent(meaning.header.sent),
        **_pump_fields(meaning.pump),
        alarm=meaning.kind or Alarm.OTHER,
        text=_name(meaning.text),
        life="\n".join(meaning.life) if meaning.life else None,
        fallback="\n".join(meaning.fallback),
        private=_private(meaning.private),
    )
    own = own_record(meaning.others)
    yield heard if own is None else _whole(heard, own.row, of=own.of)


def _managements(meaning: DeviceManagement, received: datetime, key: str) -> Iterator[Heard]:
    pump = _number(meaning.pump.device)
    if pump is None or meaning.at is None:
        return
    fields = _pump_fields(meaning.pump)
    if meaning.spot is not None and meaning.spot.places:
        fields["ward"] = _name(meaning.spot.places[0].unit) or fields["ward"]
    heard = Heard(
        What.CLAIM,
        pump,
        meaning.at.at,
        received,
        key,
        sent=_sent(meaning.header.sent),
        **fields,
        private=_private(meaning.private),
    )
    own = own_record(meaning.others)
    yield heard if own is None else _whole(heard, own.row, of=own.of)


def _locations(meaning: LocationReport, received: datetime, key: str) -> Iterator[Heard]:
    pump = _number(meaning.pump.device or meaning.spot.tag)
    ward = _name(next((place.unit for place in meaning.spot.places if place.unit), None))
    if pump is None or meaning.at is None or ward is None:
        return
    fields = {**_pump_fields(meaning.pump), "ward": ward}
    yield Heard(What.CLAIM, pump, meaning.at.at, received, key, sent=_sent(meaning.header.sent), **fields)


# --- Records told whole -----------------------------------------------------------------------------------------------


def _whole(heard: Heard, own: dict[str, Any], *, of: int, has_ended: bool = False) -> Heard:
    """Return a record that is told whole, or this message's share of it: what is our own holds against the standard."""
    row = dict(_standard(heard, has_ended=has_ended)) | own
    return heard._replace(what=What.RECORD, record=row, of=of)


def _standard(heard: Heard, *, has_ended: bool) -> Iterator[tuple[str, Any]]:
    yield from (("pump", heard.pump), *moment_columns("at", heard.at).items())
    for name in ("model", "software", "ward", "drug", "care_area", "power", "connected", "maker"):
        value = getattr(heard, name)
        if value is not None:
            yield name, value
    if heard.library is not None:
        yield from group_columns("library", heard.library)
    if heard.private is not None:
        yield from group_columns("private", heard.private)
    if heard.programme is not None:
        measures = ("programme_weight", "programme_height", "programme_body_surface_area")
        yield from (one for one in group_columns("programme", heard.programme) if one[0].startswith(measures))
    if heard.segment is not None:
        yield from group_columns("ended" if has_ended else "began", heard.segment)


_LISTEN: Mapping[type, Callable[..., Iterator[Heard]]] = {
    DeviceReport: _reports,
    PumpEvent: _events,
    AlertMessage: _alerts,
    DeviceManagement: _managements,
    LocationReport: _locations,
}
