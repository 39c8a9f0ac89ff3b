"""
Make the worked example of the event log: one pump on one day, one record of every kind, and a copy with slips.

Synthetic: nothing here ever happened to anybody; not for clinical use.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openinfusion.adapters.events import record_lines, to_row, to_table
from openinfusion.adapters.events.header import header_line, header_to_json
from openinfusion.adapters.events.record import read_record
from openinfusion.adapters.library_file import identity, read_library
from openinfusion.core.events import EventLog

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = Path("examples", "events")
EVERY_KIND = FOLDER / "every-kind.jsonl"
WITH_SLIPS = FOLDER / "with-slips.jsonl"
Record = dict[str, Any]
HEADER = EventLog(organisation="example-trust", source="written by hand for the manual", purpose="example")


def _library(version: str) -> Record:
    library = read_library(REPOSITORY / f"examples/trust/library-{version}.json")
    return {"name": library.library.name, "version": version, "sha256": identity(library)}


def _quantity(text: str) -> Record:
    value, unit = text.split(" ")
    return {"value": value, "unit": unit}


def _programme(mode: str, **entered: str) -> Record:
    return {"mode": mode, **{name: _quantity(text) for name, text in entered.items()}}


OLD, NEW = _library("1.0.0"), _library("1.1.0")
_PUMP = {
    "pump": "SP-0417",
    "maker": "Example Pumps",
    "model": "Syringe 9",
    "software": "4.2.1",
    "clock_offset": "-2.5",
    "ward": "Critical care A",
}
_AREA = {"care_area": "adult-critical-care-a-general"}
_DRUG = {
    **_AREA,
    "entry": "adult-critical-care-a-general--noradrenaline--continuous--single-strength--4-mg-in-50-ml",
    "drug": "noradrenaline",
    "therapy": "single strength",
    "category": "medicine",
}
_INFUSION = {**_DRUG, "infusion": "417-88", "episode": "k3vq81", "channel": "1"}
_ALERT = {
    "parameter": "dose",
    "limit": "soft_max",
    "attempted": _quantity("0.8 ug/kg/min"),
    "bound": _quantity("0.5 ug/kg/min"),
}
_TRIED = _programme("continuous", dose="0.8 ug/kg/min", weight="72 kg", volume="18 mL")
_MEANT = _programme("continuous", dose="0.08 ug/kg/min", weight="72 kg", volume="18 mL")
_OCCLUDED = {**_INFUSION, "alarm": "occlusion_downstream"}
_MAGNESIUM = {**_AREA, "drug": "magnesium sulfate", "category": "medicine", "infusion": "417-89", "with_library": False}
_ANALGESIA = {
    "ward": "Theatre recovery",
    "care_area": "theatres",
    "entry": "theatres--morphine--pca--patient-controlled-analgesia--50-mg-in-50-ml",
    "drug": "morphine",
    "therapy": "patient-controlled analgesia",
    "category": "medicine",
    "infusion": "417-90",
    "with_library": True,
}


def _segment(status: str, rate: str, amounts: str, **told: str | int | bool) -> Record:
    """Return a delivery segment; amounts are its own, the infusion's, to be infused, and remaining, in mL."""
    names = ("volume", "total", "vtbi", "remaining")
    volumes = {name: _quantity(f"{amount} mL") for name, amount in zip(names, amounts.split(), strict=True)}
    return {
        "source": "primary",
        "status": status,
        "pattern": "continuous",
        "rate": _quantity(f"{rate} mL/h"),
        **volumes,
        **told,
    }


def _flow(status: str, dose: str, amounts: str, **told: str | bool) -> Record:
    """Return a segment of the noradrenaline infusion: 80 micrograms/mL for 72 kg, so 0.1 of its dose is 5.4 mL/h."""
    rates = {"0.08": "4.32", "0.1": "5.4"}
    return {**_segment(status, rates[dose], amounts, **told), "dose_rate": _quantity(f"{dose} ug/kg/min")}


def _steps(status: str, rate: str, amounts: str, **told: str | int) -> Record:
    return _segment(status, rate, amounts, **{"pattern": "multi-step", **told})


# When (local time), what, and what is told; the pump starts on the old library and meets the new one at noon.
# ``about`` is the kind of the record that it names, the first one.
_MORNING: tuple[tuple[str, str, Record], ...] = (
    ("07:58:10", "power_on", {}),
    ("07:58:12", "connection", {"connected": True, "network": "wifi"}),
    ("07:59:00", "power_source", {"power": "battery"}),
    ("08:01:30", "care_area_chosen", _AREA),
    ("08:01:55", "drug_not_found", {**_AREA, "search": "norad 16"}),
    ("08:02:10", "drug_chosen", _DRUG),
    (
        "08:02:25",
        "container_changed",
        {"channel": "1", "container": {"type": "syringe", "volume": _quantity("50 mL"), "size": _quantity("50 mL")}},
    ),
    ("08:02:50", "programmed", {**_INFUSION, "with_library": True, "programme": _TRIED}),
    ("08:02:51", "alert_raised", {**_INFUSION, "with_library": True, "alert": _ALERT}),
    (
        "08:02:58.4",
        "alert_answered",
        {
            **_INFUSION,
            "with_library": True,
            "alert": _ALERT,
            "about": "alert_raised",
            "response": "reprogrammed",
            "seconds": "7.4",
        },
    ),
    ("08:03:20", "programmed", {**_INFUSION, "with_library": True, "programme": _MEANT}),
    (
        "08:03:30",
        "started",
        {
            **_INFUSION,
            "with_library": True,
            "began": _flow("delivering", "0.08", "0 0 18 18"),
            "private": {"user": "nurse-17", "bed": "A4"},
        },
    ),
    (
        "08:40:00",
        "rate_changed",
        {
            **_INFUSION,
            "programme": {**_MEANT, "dose": _quantity("0.1 ug/kg/min"), "previous": _MEANT["dose"]},
            "ended": _flow("transitioning", "0.08", "2.628 2.628 18 15.372"),
            "began": _flow("delivering", "0.1", "0 2.628 18 15.372"),
        },
    ),
    (
        "09:10:00",
        "alarm_raised",
        {**_OCCLUDED, "ended": _flow("not delivering", "0.1", "2.7 5.328 18 12.672", because="alarm")},
    ),
    (
        "09:10:42",
        "alarm_cleared",
        {
            **_OCCLUDED,
            "about": "alarm_raised",
            "seconds": "42",
            "began": _flow("delivering", "0.1", "0 5.328 18 12.672"),
        },
    ),
    (
        "09:30:00",
        "paused",
        {**_INFUSION, "ended": _flow("not delivering", "0.1", "1.737 7.065 18 10.935", because="clinician")},
    ),
    ("09:31:15", "resumed", {**_INFUSION, "began": _flow("delivering", "0.1", "0 7.065 18 10.935")}),
    (
        "09:45:00",
        "bolus",
        {
            **_INFUSION,
            "programme": _programme("bolus", dose="20 ug", duration="1 min"),
            "ended": _flow("transitioning", "0.1", "1.2375 8.3025 18 9.6975"),
            "began": _segment("delivering", "15", "0 8.3025 0.25 0.25", source="clinician"),
        },
    ),
    (
        "09:46:00",
        "dose_ended",
        {
            **_INFUSION,
            "ended": _segment("transitioning", "15", "0.25 8.5525 0.25 0", source="clinician"),
            "began": _flow("delivering", "0.1", "0 8.5525 18 9.6975"),
        },
    ),
    (
        "11:33:45",
        "kvo",
        {
            **_INFUSION,
            "ended": _flow("transitioning", "0.1", "9.6975 18.25 18 0", complete=True),
            "began": _segment("kvo", "0.5", "0 18.25 0 0"),
        },
    ),
    (
        "11:39:45",
        "completed",
        {
            **_INFUSION,
            "delivered": {
                "volume": _quantity("18.3 mL"),
                "dose": _quantity("1464 ug"),
                "duration": _quantity("214.3 min"),
            },
            "ended": _segment("not delivering", "0.5", "0.05 18.3 0 0", because="clinician"),
        },
    ),
    ("11:55:00", "patient_changed", {"episode": "p08zzt"}),
    ("11:58:00", "library_staged", {"other_library": NEW}),
)
_AFTERNOON: tuple[tuple[str, str, Record], ...] = (
    ("12:00:00", "power_off", {}),
    ("12:04:00", "library_activated", {"other_library": OLD}),
    ("12:05:00", "location_changed", {"ward": "Theatre recovery"}),
    (
        "12:10:00",
        "loading",
        {
            **_MAGNESIUM,
            "programme": _programme("loading", dose="8 mmol", duration="20 min"),
            "began": _segment("delivering", "30", "0 0 10 10", source="loading"),
        },
    ),
    (
        "12:30:00",
        "dose_ended",
        {
            **_MAGNESIUM,
            "ended": _segment("transitioning", "30", "10 10 10 0", source="loading"),
            "began": _steps("delivering", "12", "0 10 3 3", step=1),
        },
    ),
    (
        "12:45:00",
        "step_changed",
        {
            **_MAGNESIUM,
            "ended": _steps("transitioning", "12", "3 13 3 0", step=1),
            "began": _steps("delivering", "6", "0 13 17 17", step=2),
        },
    ),
    (
        "12:55:00",
        "stopped",
        {
            **_MAGNESIUM,
            "delivered": {"volume": _quantity("14 mL")},
            "ended": _steps("not delivering", "6", "1 14 17 16", step=2, because="clinician"),
        },
    ),
    (
        "13:00:00",
        "library_rejected",
        {"other_library": {"name": "Theatre library", "version": "9"}, "reason": "signature"},
    ),
    ("13:05:00", "library_reverted", {"other_library": NEW}),
    ("14:00:00", "clock_changed", {"clock_before": "2026-03-30T12:59:57.5Z", "clock_offset": "0"}),
    ("14:20:00", "demand_refused", {**_ANALGESIA, "reason": "lockout"}),
    ("15:00:00", "log_gap", {}),
    ("15:10:00", "record_voided", {"about": "stopped", "reason": "written by a service test"}),
)
_DAY = (*_MORNING, *_AFTERNOON)
_FIRST = {kind: number for number, (_, kind, _) in reversed(tuple(enumerate(_DAY, start=1)))}
_LOST = 4


def records() -> Iterator[Record]:
    """Yield the records of the day as they are in the file."""
    for number, (time, kind, told) in enumerate(_DAY, start=1):
        is_new = _FIRST["library_activated"] <= number < _FIRST["library_reverted"]
        yield {
            "event_id": _event_id(number),
            "kind": kind,
            **_PUMP,
            "at": f"2026-03-30T{time}+01:00",
            "sequence": _sequence(number),
            "library": NEW if is_new else OLD,
            **told,
            **_others(kind, told),
        }


def _event_id(number: int) -> str:
    return f"SP-0417-{_sequence(number):06d}"


def _sequence(number: int) -> int:
    return number if number < _FIRST["log_gap"] else number + _LOST


def _others(kind: str, told: Record) -> Record:
    """Return what a record says of other records: the one that it is about, or those that are lost."""
    if kind == "log_gap":
        return {"first_lost": _FIRST[kind], "last_lost": _FIRST[kind] + _LOST - 1}
    return {"about": _event_id(_FIRST[told["about"]])} if "about" in told else {}


def build() -> dict[Path, bytes]:
    """Return the example files by their path."""
    lines = [_canonical(record) for record in records()]
    return {
        EVERY_KIND: b"".join((header_line(HEADER) + b"\n", *lines)),
        WITH_SLIPS: "".join(f"{json.dumps(one)}\n" for one in (header_to_json(HEADER), *_slips())).encode(),
    }


def _canonical(record: Record) -> bytes:
    reading = read_record(record)
    if reading.event is None:
        raise ValueError(f"{record['kind']}: {reading.faults}")
    return record_lines(to_table([to_row(reading.event)]))


def _slips() -> Iterator[Record]:
    """Yield records as exports get them wrong, and one of a kind of the future."""
    good = {record["kind"]: record for record in records()}
    yield good["power_on"]
    yield {**good["programmed"], "programme": {"mode": "continuous", "dose": {"value": 0.08, "unit": "ug/kg/mins/h"}}}
    yield {**good["started"], "at": "2026-03-30 08:03:31", "with_library": "yes"}
    yield {**good["alert_raised"], "alert": {**_ALERT, "attempted": _quantity("0.4 ug/kg/min")}, "infusion": None}
    yield {**good["completed"], "delivered": {"volume": _quantity("1,5 mL")}, "sequence": -1}
    yield {**good["power_on"], "kind": "door_opened", "event_id": "SP-0417-000050", "door": "left"}
