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
_TRIED = _programme("continuous", dose="0.8 ug/kg/min", weight="72 kg", volume="50 mL")
_MEANT = _programme("continuous", dose="0.08 ug/kg/min", weight="72 kg", volume="50 mL")
_OCCLUDED = {**_INFUSION, "alarm": "occlusion_downstream"}
# When (local time), what, and what is told; the pump starts on the old library and meets the new one at noon.
_DAY: tuple[tuple[str, str, Record], ...] = (
    ("07:58:10", "power_on", {}),
    ("07:58:12", "connection", {"connected": True, "network": "wifi"}),
    ("07:59:00", "power_source", {"power": "battery"}),
    ("08:01:30", "care_area_chosen", _AREA),
    ("08:01:55", "drug_not_found", {**_AREA, "search": "norad 16"}),
    ("08:02:10", "drug_chosen", _DRUG),
    ("08:02:50", "programmed", {**_INFUSION, "with_library": True, "programme": _TRIED}),
    ("08:02:51", "alert_raised", {**_INFUSION, "with_library": True, "alert": _ALERT}),
    (
        "08:02:58.4",
        "alert_answered",
        {
            **_INFUSION,
            "with_library": True,
            "alert": _ALERT,
            "about": "SP-0417-000008",
            "response": "reprogrammed",
            "seconds": "7.4",
        },
    ),
    ("08:03:20", "programmed", {**_INFUSION, "with_library": True, "programme": _MEANT}),
    ("08:03:31", "started", {**_INFUSION, "with_library": True, "private": {"user": "nurse-17", "bed": "A4"}}),
    (
        "08:40:00",
        "rate_changed",
        {**_INFUSION, "programme": {**_MEANT, "dose": _quantity("0.1 ug/kg/min"), "previous": _MEANT["dose"]}},
    ),
    ("09:10:00", "alarm_raised", _OCCLUDED),
    ("09:10:42", "alarm_cleared", {**_OCCLUDED, "about": "SP-0417-000013", "seconds": "42"}),
    ("09:30:00", "paused", _INFUSION),
    ("09:31:15", "resumed", _INFUSION),
    ("09:45:00", "bolus", {**_INFUSION, "programme": _programme("bolus", dose="20 ug", duration="1 min")}),
    ("11:20:00", "kvo", _INFUSION),
    (
        "11:40:00",
        "completed",
        {
            **_INFUSION,
            "delivered": {
                "volume": _quantity("17.5 mL"),
                "dose": _quantity("1400 ug"),
                "duration": _quantity("215 min"),
            },
        },
    ),
    ("11:55:00", "patient_changed", {"episode": "p08zzt"}),
    ("11:58:00", "library_staged", {"other_library": NEW}),
    ("12:00:00", "power_off", {}),
    ("12:04:00", "library_activated", {"other_library": OLD}),
    ("12:05:00", "location_changed", {"ward": "Theatre recovery"}),
    (
        "12:10:00",
        "loading",
        {
            **_AREA,
            "drug": "magnesium sulfate",
            "category": "medicine",
            "infusion": "417-89",
            "with_library": False,
            "programme": _programme("loading", dose="8 mmol", duration="20 min"),
        },
    ),
    (
        "12:31:00",
        "stopped",
        {**_AREA, "drug": "magnesium sulfate", "infusion": "417-89", "delivered": {"volume": _quantity("10 mL")}},
    ),
    (
        "13:00:00",
        "library_rejected",
        {"other_library": {"name": "Theatre library", "version": "9"}, "reason": "signature"},
    ),
    ("13:05:00", "library_reverted", {"other_library": NEW}),
    ("14:00:00", "clock_changed", {"clock_before": "2026-03-30T12:59:57.5Z", "clock_offset": "0"}),
    ("15:00:00", "log_gap", {"first_lost": 31, "last_lost": 34}),
    ("15:10:00", "record_voided", {"about": "SP-0417-000026", "reason": "written by a service test"}),
)
_ACTIVATED, _REVERTED = 23, 28


def records() -> Iterator[Record]:
    """Yield the records of the day as they are in the file."""
    for number, (time, kind, told) in enumerate(_DAY, start=1):
        in_force = NEW if _ACTIVATED <= number < _REVERTED else OLD
        sequence = number if number < len(_DAY) - 1 else number + 4
        yield {
            "event_id": f"SP-0417-{sequence:06d}",
            "kind": kind,
            **_PUMP,
            "at": f"2026-03-30T{time}+01:00",
            "sequence": sequence,
            "library": in_force,
            **told,
        }


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
    yield {**good["power_on"], "kind": "door_opened", "event_id": "SP-0417-000040", "door": "left"}
