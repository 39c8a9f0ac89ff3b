"""
Words of the open event log and words of IHE: one table for who reads messages, who writes them, and the documents.

What the nomenclature has no code for travels under names of our own, ``0^MDCX_OI_<COLUMN>^MDC``, one for each column of
the flat event table; ``CARRIED`` says which columns need none, because the standard has a place for them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from openinfusion.adapters.hl7.route import Transaction
from openinfusion.core.event_parts import Alarm, FlowSource, Kind, Pattern, Status, Stopped

Change = Literal["start", "stop", "complete"]
OWN = "MDCX_OI_"
OWN_EVENT = "MDCX_EVT_OI_"
START, STOP, COMPLETE = 197288, 197290, 197292
CHANGES: Mapping[int, Change] = MappingProxyType({START: "start", STOP: "stop", COMPLETE: "complete"})
COMMUNICATION, CLEARED, COUNTERS_CLEARED = 197294, 197296, 197306
PATIENT_CHANGE, PATIENT_ID_CHANGE, TIME_CHANGED = 197300, 197302, 197308
SOURCES: Mapping[FlowSource, str] = MappingProxyType(
    {
        "primary": "pump-source-info-primary",
        "secondary": "pump-source-info-secondary",
        "clinician": "pump-source-info-clinician",
        "loading": "pump-source-info-loading",
        "patient": "pump-source-info-pca",
    }
)
INFUSIONS: tuple[FlowSource, ...] = ("primary", "secondary")
STATUSES: Mapping[Status, str] = MappingProxyType(
    {
        "delivering": "pump-delivery-status-delivering",
        "kvo": "pump-delivery-status-kvo",
        "transitioning": "pump-delivery-status-transitioning",
        "not delivering": "pump-delivery-status-not-delivering",
    }
)
REASONS: Mapping[Stopped, str] = MappingProxyType(
    {
        "clinician": "pump-stopped-by-clinician",
        "standby": "pump-stopped-standby",
        "switching source": "pump-stopped-switching-source",
        "between doses": "pump-stopped-between-doses",
        "alarm": "pump-stopped-alarming",
        "powered off": "pump-stopped-powered-off",
        # IHE has no word for it: that everything was given is told by the event.
        "complete": "pump-stopped-not-specified",
        "not told": "pump-stopped-not-specified",
    }
)
PATTERNS: Mapping[Pattern, str] = MappingProxyType(
    {
        "continuous": "pump-program-delivery-mode-continuous",
        "multi-step": "pump-program-delivery-mode-multi-step",
        "multi-dosing": "pump-program-delivery-mode-multi-dosing",
        "ramp-taper": "pump-program-delivery-mode-ramp-taper",
    }
)
SOURCE_WORDS: Mapping[str, FlowSource] = MappingProxyType({word: source for source, word in SOURCES.items()})
STATUS_WORDS: Mapping[str, Status] = MappingProxyType({word: status for status, word in STATUSES.items()})
REASON_WORDS: Mapping[str, Stopped] = MappingProxyType({word: reason for reason, word in REASONS.items()})
PATTERN_WORDS: Mapping[str, Pattern] = MappingProxyType({word: pattern for pattern, word in PATTERNS.items()})
INFUSING, NOT_INFUSING = "pump-status-infusing", "pump-status-not-infusing"
ONLINE, OFFLINE = "comm-status-online", "comm-status-offline"
ON_MAINS, ON_BATTERY = "onMains", "onBattery"
ALARMS: Mapping[Alarm, int] = MappingProxyType(
    {
        Alarm.OCCLUSION_DOWNSTREAM: 196940,
        Alarm.OCCLUSION_UPSTREAM: 196940,
        Alarm.PRESSURE: 196940,
        Alarm.AIR: 197200,
        Alarm.NO_FLOW: 196950,
        Alarm.NEAR_END: 197334,
        Alarm.EMPTY: 196634,
        Alarm.KVO: 197332,
        Alarm.DOOR: 197084,
        Alarm.SYRINGE: 197218,
        Alarm.CALLBACK: 197330,
        Alarm.BATTERY_LOW: 196802,
        Alarm.BATTERY_DEPLETED: 197336,
        Alarm.FAULT: 196678,
        Alarm.OTHER: 197348,
    }
)
"""The code under which an alarm of the open event log is sent; its own word goes with it."""
ALARM_WORDS: Mapping[Alarm, str] = MappingProxyType({one: one.value.replace("_", " ") for one in Alarm})

TRANSACTIONS: Mapping[Kind, Transaction] = MappingProxyType(
    {
        **dict.fromkeys(Kind, Transaction.EVENT),
        **dict.fromkeys((Kind.ALARM_RAISED, Kind.ALARM_CLEARED), Transaction.ALERT),
        **dict.fromkeys(
            (
                *(Kind.LIBRARY_STAGED, Kind.LIBRARY_ACTIVATED, Kind.LIBRARY_REJECTED, Kind.LIBRARY_REVERTED),
                *(Kind.POWER_SOURCE, Kind.LOCATION_CHANGED),
            ),
            Transaction.MANAGEMENT,
        ),
    }
)
"""Which transaction tells a record of each kind."""
STANDARD_EVENTS: Mapping[Kind, int] = MappingProxyType(
    {
        Kind.CONNECTION: COMMUNICATION,
        Kind.PATIENT_CHANGED: PATIENT_CHANGE,
        Kind.CLOCK_CHANGED: TIME_CHANGED,
    }
)
"""Kinds that tell no delivery and have a code of IHE; the others are sent as ``0^MDCX_EVT_OI_<KIND>``."""

_SEGMENT = (
    *("source", "status", "pattern", "because", "complete", "step", "rate", "dose_rate", "volume", "total", "vtbi"),
    "remaining",
)
_ALWAYS = ("pump", "at", "at_offset", "ward", "private_patient", "private_bed")
_RUNS = ("library_name", "library_version", "model", "software")
CARRIED: Mapping[Transaction, tuple[str, ...]] = MappingProxyType(
    {
        Transaction.EVENT: (
            *(*_ALWAYS, *_RUNS, "private_user", "private_order"),
            *("drug", "care_area", "programme_weight", "programme_height", "programme_body_surface_area"),
            *(f"{part}_{name}" for part in ("ended", "began") for name in _SEGMENT),
            "connected",
        ),
        Transaction.ALERT: _ALWAYS,
        Transaction.MANAGEMENT: (*_ALWAYS, *_RUNS, "power"),
    }
)
"""Columns of the flat event table that a transaction has places for; all others go under names of our own."""

_SEGMENT_PLACES: Mapping[str, int | str] = MappingProxyType(
    {
        "source": "158016, and the channel of 68488",
        "status": 158005,
        "pattern": 158008,
        "because": 158006,
        "complete": "68487 = 197292",
        "step": 158032,
        "rate": 157784,
        "dose_rate": 157924,
        "volume": 157992,
        "total": "157993 of the infusion",
        "vtbi": 157884,
        "remaining": 157872,
    }
)
PLACES: Mapping[str, int | str] = MappingProxyType(
    {
        "pump": "OBX-18 of the pump",
        "at": "OBR-7",
        "ward": "PV1-3.1",
        "private_patient": "PID-3",
        "private_bed": "PV1-3.2, PV1-3.3",
        "private_user": "OBX-16 of the pump",
        "private_order": "OBR-2",
        "library_name": 184520,
        "library_version": 184517,
        "model": 67880,
        "software": 531975,
        "drug": "184514, else 184515, else OBR-4",
        "care_area": 184516,
        "programme_weight": 68063,
        "programme_height": 68060,
        "programme_body_surface_area": 188744,
        "connected": "MDC_COMM_STATUS",
        "power": "MDCX_DMC_ATTR_POWER_SOURCE",
        **{f"{part}_{name}": place for part in ("ended", "began") for name, place in _SEGMENT_PLACES.items()},
    }
)
"""Where the standard has a place for a column: the code of its OBX, or a field of another segment."""
