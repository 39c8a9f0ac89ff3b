"""
One record of the open event log as one or two messages, and how a pump is as a report (PCD-01).

A change of delivery is what IHE makes of it: the end of a segment is a stop or a completion, its beginning a start
(PCD-10), so that a titration is two messages. Alarms go out as PCD-04, library, power and place as PCD-15, everything
else as PCD-10 with an event of our own. Whatever the standard has a place for stands there; the rest of the record goes
along under names of our own (``vocabulary``), so that a reader who knows them gets the record back whole.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta, timezone
from typing import Any

from openinfusion.adapters.events import UNTOLD, Form, leaves, to_row
from openinfusion.adapters.hl7.route import Transaction
from openinfusion.adapters.hl7.text import encode
from openinfusion.adapters.hl7.vocabulary import (
    ALARM_WORDS,
    ALARMS,
    CARRIED,
    CHANGES,
    INFUSING,
    INFUSIONS,
    NOT_INFUSING,
    OFFLINE,
    ON_BATTERY,
    ON_MAINS,
    ONLINE,
    OWN,
    OWN_EVENT,
    PATTERNS,
    REASONS,
    SOURCES,
    STANDARD_EVENTS,
    STATUSES,
    TRANSACTIONS,
)
from openinfusion.adapters.hl7.write.lines import Lines, Sending, code_of, moment_text
from openinfusion.core.event_parts import FlowSource, Kind, Private
from openinfusion.core.events import Event
from openinfusion.core.segments import Change, changes
from openinfusion.core.units import MINUTES, Quantity, Unit

PUMP, MODULE, DELIVERY, SOURCE, OTHER = "1.0.0.0", "1.1.0.0", "1.1.1.0", "1.1.2.0", "1.1.3.0"
_NODES: Mapping[FlowSource, int] = {
    "primary": 70071,
    "secondary": 70075,
    "clinician": 70079,
    "loading": 70083,
    "patient": 70059,
}
_LABELS: Mapping[FlowSource, str] = {
    "primary": "Primary",
    "secondary": "Secondary",
    "clinician": "Clinician dose",
    "loading": "Loading dose",
    "patient": "Patient dose",
}
_EVENT_CODES = {change: code for code, change in CHANGES.items()}
_UNKNOWN_DRUG = "999999^Medication Unknown"
_LONGEST_CONTROL_ID = 199
Row = dict[str, Any]


def write_record(event: Event, sending: Sending) -> tuple[bytes, ...]:
    """Return the messages that tell a record: two for a change that ends one segment and begins another, else one."""
    row = to_row(event)
    told = changes(event)
    transaction = TRANSACTIONS[event.kind]
    if told:
        return tuple(
            _event(event, row, sending=sending, change=change, of=(number, len(told)))
            for number, change in enumerate(told, start=1)
        )
    write: Callable[..., bytes] = _alarm if transaction is Transaction.ALERT else _event
    return (write(event, row, sending=sending),)


def write_report(event: Event, sending: Sending) -> bytes | None:
    """Return how a pump is after a record that tells of delivery, as a report (PCD-01); it holds no event."""
    told = changes(event)
    if not told:
        return None
    lines = Lines(sending, Transaction.REPORT, _control_id(event, "report"))
    _head(lines, event, what=_medication(event))
    _runs(lines, event)
    _delivery(lines, event, told[-1])
    return lines.bytes()


def _control_id(event: Event, part: str) -> str:
    return f"{event.event_id}-{part}"[-_LONGEST_CONTROL_ID:]


def _medication(event: Event) -> str:
    return f"{encode(event.drug)}^{encode(event.drug)}" if event.drug else _UNKNOWN_DRUG


def _head(lines: Lines, event: Event, *, what: str, parent: str | None = None) -> None:
    private = event.private or Private()
    lines.person(private.patient, event.ward, private.bed)
    lines.order(event.event_id, placer=private.order, what=what, at=event.at, parent=parent)
    if lines.transaction is not Transaction.ALERT:
        lines.node(69985, PUMP, user=private.user, device=lines.sending.sender.number(event.pump))


def _runs(lines: Lines, event: Event) -> None:
    """Write which library, model and software the pump runs."""
    library = event.library
    told = (
        (184517, library and library.version),
        (184520, library and library.name),
        (67880, event.model),
        (531975, event.software),
    )
    for code, text in told:
        if text:
            lines.text(code, PUMP, text)


def _event(
    event: Event, row: Row, *, sending: Sending, change: Change | None = None, of: tuple[int, int] = (1, 1)
) -> bytes:
    """Write a PCD-10, or a PCD-15 for what is no event of delivery and tells how the pump is."""
    transaction = TRANSACTIONS[event.kind] if change is None else Transaction.EVENT
    lines = Lines(sending, transaction, _control_id(event, str(of[0])))
    is_management = transaction is Transaction.MANAGEMENT
    _head(lines, event, what=code_of(69135) if is_management else _medication(event))
    _runs(lines, event)
    if is_management:
        if event.power is not None:
            lines.text("MDCX_DMC_ATTR_POWER_SOURCE", PUMP, ON_MAINS if event.power == "mains" else ON_BATTERY)
    else:
        lines.coded(68487, PUMP, _event_code(event, change))
        if event.connected is not None:
            lines.word("MDC_COMM_STATUS", PUMP, ONLINE if event.connected else OFFLINE)
        lines.text(68488, PUMP, PUMP if change is None else SOURCE)
    _own(lines, row, of=of, transaction=transaction)
    if change is not None:
        _delivery(lines, event, change)
    elif not is_management and _tells_source(event):
        lines.node(69986, MODULE)
        lines.node(_NODES["primary"], SOURCE)
        _source_attributes(lines, event)
    return lines.bytes()


def _event_code(event: Event, change: Change | None) -> str:
    if change is not None:
        return code_of(_EVENT_CODES[change.event])
    standard = STANDARD_EVENTS.get(event.kind)
    return code_of(standard) if standard is not None else f"0^{OWN_EVENT}{event.kind.value.upper()}^MDC"


def _tells_source(event: Event) -> bool:
    programme = event.programme
    measured = programme and (programme.weight or programme.height or programme.body_surface_area)
    return bool(event.drug or event.care_area or measured)


def _delivery(lines: Lines, event: Event, change: Change) -> None:
    """Write what flows, and the source that it is about; of a single dose also the total of the infusion."""
    lines.node(69986, MODULE)
    lines.node(70067, DELIVERY)
    lines.word(184519, DELIVERY, INFUSING if change.infusing else NOT_INFUSING)
    if change.flow is not None:
        lines.amount(158014, DELIVERY, change.flow)
    lines.word(158016, DELIVERY, SOURCES[change.source])
    lines.node(_NODES[change.source], SOURCE)
    _source(lines, change)
    _source_attributes(lines, event)
    if change.source not in INFUSIONS and change.source_total is not None:
        lines.node(_NODES["primary"], OTHER)
        lines.amount(157993, OTHER, change.source_total)


def _source(lines: Lines, change: Change) -> None:
    lines.word(158005, SOURCE, STATUSES[change.status])
    if change.because is not None:
        lines.word(158006, SOURCE, REASONS[change.because])
    lines.word(158008, SOURCE, PATTERNS[change.pattern])
    lines.text(158012, SOURCE, _LABELS[change.source])
    amounts = (
        (157784, change.rate),
        (157924, change.dose_rate),
        (157884, change.vtbi),
        (157992, change.segment),
        (157993, change.cumulative),
        (157872, change.remaining),
        (157916, _minutes(change)),
    )
    for code, quantity in amounts:
        if quantity is not None:
            lines.amount(code, SOURCE, quantity)
    if change.step is not None:
        lines.text(158032, SOURCE, str(change.step), kind="NM")


def _minutes(change: Change) -> Quantity | None:
    """Return the time remaining in whole minutes, as IHE's own example has it."""
    seconds = change.seconds_remaining
    return None if seconds is None else Quantity.of(round(seconds / 60), MINUTES)


def _source_attributes(lines: Lines, event: Event) -> None:
    if event.drug:
        lines.text(184514, SOURCE, event.drug)
        lines.text(184515, SOURCE, event.drug)
    if event.care_area:
        lines.text(184516, SOURCE, event.care_area)
    programme = event.programme
    if programme is None:
        return
    for code, quantity in ((68063, programme.weight), (68060, programme.height), (188744, programme.body_surface_area)):
        if quantity is not None:
            lines.amount(code, SOURCE, quantity)


def _alarm(event: Event, row: Row, *, sending: Sending) -> bytes:
    """Write a PCD-04: an alarm that begins, or one that ends and names the record with which it began."""
    lines = Lines(sending, Transaction.ALERT, _control_id(event, "1"))
    is_onset = event.kind is Kind.ALARM_RAISED
    _head(lines, event, what=code_of(196616), parent=None if is_onset else event.about)
    if event.alarm is None:  # pragma: no cover - such a record cannot be made
        raise ValueError("an alarm without its word")
    device = lines.sending.sender.number(event.pump)
    word = ALARM_WORDS[event.alarm]
    lines.facet(196616, 1, f"{code_of(ALARMS[event.alarm])}^^^^^^{word}", kind="CWE", device=device)
    lines.facet(68480, 2, code_of(69985), kind="CWE", device=device)
    lines.facet(68481, 3, "start" if is_onset else "end")
    lines.facet(68482, 4, "active" if is_onset else "inactive")
    lines.facet(68483, 5, "enabled")
    _own(lines, row, of=(1, 1), transaction=Transaction.ALERT)
    return lines.bytes()


def _own(lines: Lines, row: Row, *, of: tuple[int, int], transaction: Transaction) -> None:
    """Write what the standard has no place for, or cannot hold exactly, and of how many messages this is one."""
    carried = frozenset(CARRIED[transaction])
    lines.text(f"{OWN}MESSAGES", PUMP, str(of[1]), kind="NM")
    for name, part in leaves():
        value = row.get(name)
        if value is None or (name in carried and _is_plain(value)):
            continue
        own = f"{OWN}{name.upper()}"
        if part.form is Form.QUANTITY:
            lines.amount(own, PUMP, Quantity.of(value, Unit.from_ucum(row[f"{name}_unit"])))
        elif part.form in (Form.COUNT, Form.DECIMAL):
            lines.text(own, PUMP, str(value), kind="NM")
        elif part.form is Form.FLAG:
            lines.text(own, PUMP, "Y" if value else "N")
        elif part.form is Form.TIME:
            zone = timezone(timedelta(minutes=row[f"{name}_offset"]))
            lines.text(own, PUMP, moment_text(value.astimezone(zone)), kind="DTM")
        else:
            lines.text(own, PUMP, value)
    if UNTOLD in row:
        lines.text(f"{OWN}{UNTOLD.upper()}", PUMP, row[UNTOLD])


def _is_plain(value: object) -> bool:
    """Whether a place of the standard gives a value back as it is: blanks around it, say, would be lost."""
    if not isinstance(value, str):
        return True
    is_word = value not in _AMBIGUOUS and "unknown" not in value.casefold()
    return is_word and value == value.strip() and "=" not in value


# No number of an order, no patient, and two reasons for which IHE has one word.
_AMBIGUOUS = frozenset({"0", '""', "complete", "not told"})
