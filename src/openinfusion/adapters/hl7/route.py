"""
Which transaction a message is.

IHE says: by the number (OID) in MSH-21 and nothing else. Real gateways send their own numbers, only a name, a blank
before it, or the number of another transaction. So the number is asked first, then the trigger of MSH-9, then the
content; where a trigger that only one transaction has speaks against the number, the trigger holds. Some send their
alarms with the trigger of an event of delivery, or the other way round: there the content holds, for else an alarm or a
start would be lost.
"""

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.leniency import Cautions, Doubt, Leniency
from openinfusion.adapters.hl7.nomenclature import LONGEST_CACHED
from openinfusion.adapters.hl7.text import USUAL, Message, Segment

PROFILE = 21


class Transaction(Enum):
    """What a message is for; the value is what IHE calls it."""

    REPORT = "PCD-01"
    ORDER = "PCD-03"
    ORDER_REPLY = "PCD-03 reply"
    ALERT = "PCD-04"
    ALERT_STATUS = "PCD-05"
    EVENT = "PCD-10"
    MANAGEMENT = "PCD-15"
    LOCATION = "PCD-16"
    ACKNOWLEDGEMENT = "ACK"
    OTHER = "other"


_IHE = "1.3.6.1.4.1.19376.1.6."
OIDS: Mapping[str, Transaction] = MappingProxyType(
    {
        f"{_IHE}1.1.1": Transaction.REPORT,
        f"{_IHE}1.3.1": Transaction.ORDER,
        f"{_IHE}1.3.2": Transaction.ORDER_REPLY,
        f"{_IHE}1.4.1": Transaction.ALERT,
        f"{_IHE}1.5.1": Transaction.ALERT_STATUS,
        f"{_IHE}4.10": Transaction.EVENT,
        f"{_IHE}4.15": Transaction.MANAGEMENT,
        f"{_IHE}1.15.1": Transaction.MANAGEMENT,
    }
)
VARIANTS: Mapping[str, Transaction] = MappingProxyType(
    {
        f"{_IHE}4.1": Transaction.REPORT,
        f"{_IHE}4.4": Transaction.ALERT,
        f"{_IHE}4.4.1": Transaction.ALERT,
        f"{_IHE}1.10.1": Transaction.EVENT,
    }
)
TRIGGERS: Mapping[str, Transaction] = MappingProxyType(
    {
        "O15": Transaction.ORDER,
        "O16": Transaction.ORDER_REPLY,
        "R40": Transaction.ALERT,
        "R41": Transaction.ALERT_STATUS,
        "R42": Transaction.EVENT,
    }
)
_NAMES = (
    (re.compile(r"PCD_?0?10\b|IPEC"), Transaction.EVENT),
    (re.compile(r"PCD_?0?15\b|MEM_?DMC"), Transaction.MANAGEMENT),
    (re.compile(r"PCD_?0?16\b|MEM_?LS"), Transaction.LOCATION),
    (re.compile(r"PCD_?0?05\b"), Transaction.ALERT_STATUS),
    (re.compile(r"PCD_?0?04\b|ACM"), Transaction.ALERT),
    (re.compile(r"PCD_?0?03\b|PIV"), Transaction.ORDER),
    (re.compile(r"PCD_?0?01\b|DEC|ORU_?R01"), Transaction.REPORT),
)
_MANAGEMENT = re.compile(r"69135\b|MDC_OBS_MEM\b|MDCX_EVT_POWER_CHG\b")

_ALARM = (b"|196616^", b"MDC_EVT_ALARM")
_OF_ALARM = (b"|68481^", b"|68482^", b"_EVENT_PHASE", b"_ALARM_STATE")
_DELIVERY = re.compile(rb"MDC_EVT_PUMP_DELIV_|\|(?:197288|197290|197292)\^")


class _Told(NamedTuple):
    """What MSH-9 and MSH-21 tell: kind, the one transaction of the trigger, that of the profile, what was let pass."""

    kind: str
    certain: Transaction | None
    profile: Transaction | None
    doubts: tuple[Doubt, ...]


def route(message: Message, cautions: Cautions) -> Transaction:
    """Return which transaction a message is, and note where it had to be guessed from."""
    header = message.header
    kind, profile = header.raw(9), header.raw(PROFILE)
    is_usual = message.separators is USUAL and len(kind) + len(profile) <= LONGEST_CACHED
    told = _cached_told(kind, profile) if is_usual else _told(*(_in_usual(header, n) for n in (9, PROFILE)))
    if told.kind == "ACK":
        return Transaction.ACKNOWLEDGEMENT
    cautions.place(told.doubts, header.place(PROFILE))
    profile_says = told.profile
    if told.kind != "ORU" and told.certain is None:
        return profile_says or Transaction.OTHER
    content = None if told.certain else _content(message, has_profile=profile_says is not None)
    found = told.certain or content or profile_says or Transaction.REPORT
    held = _held(message.raw, found)
    if found is Transaction.REPORT and b"|196616^" in message.raw:
        cautions.add(Leniency.ALARM_IN_REPORT, "OBX", found="MDC_EVT_ALARM", taken="kept as it came")
    if held is not found:
        cautions.add(Leniency.TRIGGER_OTHER, header.place(9), found=found.value, taken=f"read as {held.value}")
        return held
    if profile_says is not None and profile_says is not found and not _go_together(profile_says, found):
        taken = f"read as {found.value}"
        cautions.add(Leniency.PROFILE_OTHER, header.place(PROFILE), found=profile_says.value, taken=taken)
    return found


def _held(raw: bytes, said: Transaction) -> Transaction:
    """Return alarm or event by what a message holds, where it holds nothing of what it says it is."""
    if said is Transaction.EVENT and not _tells_event(raw):
        return Transaction.ALERT if any(mark in raw for mark in _ALARM) else said
    if said is Transaction.ALERT and _tells_event(raw) and not any(mark in raw for mark in (*_ALARM, *_OF_ALARM)):
        return Transaction.EVENT if _DELIVERY.search(raw) else said
    return said


def _tells_event(raw: bytes) -> bool:
    return b"MDC_ATTR_EVT_COND" in raw or b"68487^" in raw


def _in_usual(header: Segment, number: int) -> str:
    """Return a field of MSH in the usual separators."""
    return "~".join("^".join(header.components(number, n + 1)) for n in range(len(header.repetitions(number))))


def _told(message_type: str, profile: str) -> _Told:
    kind, trigger, *_ = [part.strip().upper() for part in (*message_type.split("^"), "", "")]
    certain = TRIGGERS.get(trigger) or {"RGV": Transaction.ORDER, "RRG": Transaction.ORDER_REPLY}.get(kind)
    doubts: list[Doubt] = []
    return _Told(kind, certain, _profile(profile, doubts), tuple(doubts))


_cached_told = lru_cache(maxsize=512)(_told)


def _go_together(profile: Transaction, found: Transaction) -> bool:
    """Whether a reply carries the profile of what it replies to."""
    return {profile, found} == {Transaction.ORDER, Transaction.ORDER_REPLY}


def _profile(raw: str, doubts: list[Doubt]) -> Transaction | None:
    """Return the transaction that MSH-21 tells, by number or else by name."""
    entities = [[*repetition.split("^"), "", "", ""] for repetition in raw.split("~")]
    for _, _, sent, *_ in entities:
        number = sent.strip()
        found = OIDS.get(number) or VARIANTS.get(number)
        if found is None:
            continue
        if number != sent:
            doubts.append(Doubt(Leniency.BLANKS, f"blanks around {number}", "removed"))
        if number in VARIANTS:
            doubts.append(Doubt(Leniency.OID_VARIANT, number, f"read as {found.value}"))
        return found
    name, _, number, *_ = entities[0]
    for pattern, found in _NAMES:
        if not number.strip() and pattern.search(name.upper()):
            doubts.append(Doubt(Leniency.PROFILE_NAME, shown(name), f"read as {found.value}"))
            return found
    words = Leniency.PROFILE_MISSING.words.partition(": ")[2]
    doubts.append(Doubt(Leniency.PROFILE_MISSING, "a profile that is not known" if raw else "nothing", words))
    return None


def _content(message: Message, *, has_profile: bool) -> Transaction | None:
    """Return what an ORU^R01 is by what it holds; an OBR that says device management is believed in any case."""
    if any(_MANAGEMENT.search(obr.raw(4)) for obr in message.all("OBR")):
        return Transaction.MANAGEMENT
    if has_profile:
        return None
    raw = message.raw
    if b"MDC_MOC_" in raw:
        return Transaction.MANAGEMENT
    if b"MDCX_LS_ATTR_" in raw:
        return Transaction.LOCATION
    if _tells_event(raw):
        return Transaction.EVENT
    return Transaction.ALERT if b"|196616^" in raw else None
