"""
What a message of a pump says.

``read_meaning`` takes any message that ``read_message`` gives, finds out which transaction it is and returns its values
in a class of their own, with everything that was let pass on the way. It raises nothing: what cannot be read is absent
and said.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import Any

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.alerts import read_alert
from openinfusion.adapters.hl7.collect import Told, collect, has_test_flag, read_value
from openinfusion.adapters.hl7.identity import (
    Coded,
    Entity,
    Place,
    private,
    read_coded,
    read_entity,
    read_patient,
    read_place,
    read_visit,
)
from openinfusion.adapters.hl7.leniency import Cautions, Leniency
from openinfusion.adapters.hl7.messages import (
    Acknowledgement,
    DeviceManagement,
    DeviceReport,
    Fault,
    LocationReport,
    Meaning,
    Other,
    PumpEvent,
)
from openinfusion.adapters.hl7.parts import Battery, Header, Network, Pump, Purpose, Spot
from openinfusion.adapters.hl7.route import Transaction, route
from openinfusion.adapters.hl7.shape import shape_of
from openinfusion.adapters.hl7.states import Context, Person, occurred, pump_of, pump_states
from openinfusion.adapters.hl7.text import Message, Segment
from openinfusion.adapters.hl7.times import Moment, header_clock, read_moment
from openinfusion.adapters.hl7.tree import DEVICE, TIME, VALUE, Panel, read_panels

_PURPOSES: Mapping[str, Purpose] = {"D": "test", "T": "training"}
_LONGEST_ID = 200


def read_meaning(message: Message, *, zone: tzinfo = UTC) -> Meaning:
    """Return what a message says; ``zone`` is assumed for times that have none, where MSH-7 has none either."""
    cautions = Cautions(list(message.warnings))
    header_segment = message.header
    raw_time = header_segment.raw(7)
    clock = header_clock(raw_time, zone)
    if header_segment.raw(10) != header_segment.raw(10).strip():
        cautions.add(Leniency.BLANKS, header_segment.place(10), found="blanks around the control id")
    sent = read_moment(header_segment, 7, clock=clock, cautions=cautions)
    transaction = route(message, cautions)
    if transaction in (Transaction.ACKNOWLEDGEMENT, Transaction.ORDER_REPLY):
        return _acknowledgement(message, _header(message, transaction, sent=sent, is_test=False), cautions)
    read = _READERS.get(transaction)
    if read is None:
        header = _header(message, transaction, sent=sent, is_test=False)
        return Other(header=header, message=message, warnings=tuple(cautions.met))
    persons = _persons(message, cautions)
    context = Context(clock, persons[0], sent, cautions)
    told = [(panel, collect(panel, cautions)) for panel in read_panels(message, cautions)] or [_nothing(cautions)]
    is_test = any(has_test_flag(panel) for panel, _ in told)
    header = _header(message, transaction, sent=sent, is_test=is_test)
    if header.purpose != "clinical":
        found = header.purpose if header_segment.raw(11)[:1] in _PURPOSES else "DEMO or TEST in OBX-8"
        cautions.add(Leniency.TEST_DATA, header_segment.place(11), found=found)
    if len(persons) > 1 and transaction is Transaction.REPORT:
        return _report_of_several(header, told, [context._replace(person=person) for person in persons])
    return read(header, told, context)


def _persons(message: Message, cautions: Cautions) -> list[Person]:
    """Return whom a message is about; where it tells of several patients, whom each of its OBR is about."""
    patients = [segment for segment in message.segments if segment.name == "PID"]
    if len(patients) < 2:  # noqa: PLR2004 - one patient, or none
        return [Person(read_patient(patients[0] if patients else None, cautions), read_visit(message.first("PV1")))]
    cautions.add(Leniency.SEVERAL_PATIENTS, "PID[2]", found=f"{len(patients)} PID")
    pid = pv1 = None
    persons = []
    for segment in message.segments:
        if segment.name == "PID":
            pid, pv1 = segment, None
        elif segment.name == "PV1":
            pv1 = segment
        elif segment.name == "OBR":
            persons.append(Person(read_patient(pid, cautions), read_visit(pv1)))
    return persons or [Person(None, None)]


def _nothing(cautions: Cautions) -> tuple[Panel, Told]:
    cautions.add(Leniency.TOO_FEW, "OBR", found="no OBR and no OBX")
    panel = Panel(None, [], [], shape_of((), is_small=True))
    return panel, collect(panel, cautions)


def _header(message: Message, transaction: Transaction, *, sent: Moment | None, is_test: bool) -> Header:
    segment = message.header
    told = _PURPOSES.get(segment.value(11).strip()[:1].upper(), "clinical")
    return Header(
        transaction=transaction,
        control_id=segment.value(10).strip()[:_LONGEST_ID],
        sender=_sender(segment),
        facility=segment.value(4),
        sent=sent,
        purpose="test" if is_test and told == "clinical" else told,
        version=segment.value(12),
        accept=segment.raw(15),
        application=segment.raw(16),
    )


def _sender(segment: Segment) -> Entity | None:
    """Return MSH-3: name, number and its kind; a sender has no namespace beside its name."""
    found = read_entity(segment, segment.raw(3))
    return Entity(found.id, "", found.namespace, found.universal) if found is not None else None


_Told = list[tuple[Panel, Told]]


def _report(header: Header, told: _Told, context: Context) -> Meaning:
    states = tuple(state for panel, one in told for state in pump_states(panel, one, context))
    return DeviceReport(header=header, states=states, warnings=tuple(context.cautions.met))


def _report_of_several(header: Header, told: _Told, contexts: list[Context]) -> Meaning:
    """Return a report on several patients: each OBR is of the one before it; what has no OBR is of nobody."""
    nobody = contexts[0]._replace(person=_NOBODY)
    each = zip(told, [*contexts, *[nobody] * len(told)], strict=False)
    states = tuple(state for (panel, one), context in each for state in pump_states(panel, one, context))
    return DeviceReport(header=header, states=states, warnings=tuple(nobody.cautions.met))


_NOBODY = Person(None, None)


def _event(header: Header, told: _Told, context: Context) -> Meaning:
    panel, first = _first(told, context)
    values = next((group.pump for group in first.groups.values() if "event" in group.pump), {})
    event = values.get("event")
    if event is not None and event.is_two:
        # A start that may be a stop is neither.
        event = Coded(event.code, event.name, event.text, None)
    if event is None or event.term is None:
        found = "no code of an event" if event is None else shown(event.name or event.code or event.text)
        context.cautions.add(Leniency.TOO_FEW, "OBX", found=found)
    state = pump_states(panel, first, context)[0]
    source = _event_source(panel, values.get("event_source"))
    return PumpEvent(
        header=header, event=event, source=source, state=state, warnings=tuple(context.cautions.met)
    )  # fmt: skip


def _event_source(panel: Panel, path: str | None) -> str | None:
    """Return the kind of the device node that a path points to."""
    key = (path or "").strip()
    while key.endswith(".0"):
        key = key[:-2]
    return next((node.kind.value for node in panel.nodes if key and node.key == key), None)


def _first(told: _Told, context: Context) -> tuple[Panel, Told]:
    """Return what the first OBR tells; a message of one event, one alarm or one pump has no other."""
    if len(told) > 1:
        context.cautions.add(Leniency.MORE_THAN_ONE, "OBR[2]", found=f"{len(told)} OBR")
    return told[0]


def _alert(header: Header, told: _Told, context: Context) -> Meaning:
    panel, first = _first(told, context)
    return read_alert(header, panel, told=first, context=context)


def _management(header: Header, told: _Told, context: Context) -> Meaning:
    panel, first = _first(told, context)
    obr, cautions = panel.obr, context.cautions
    head, pump = _pump(panel, first, context)
    at = occurred(panel, head, context)
    return DeviceManagement(
        header=header,
        pump=pump,
        at=at,
        subject=read_coded(obr, 4, cautions) if obr is not None and obr.raw(4) else None,
        network=Network(**first.network) if first.network else None,
        battery=Battery(**first.battery) if first.battery else None,
        spot=_spot(first, context) if first.location else None,
        private=private(context.person.patient, context.person.place, user=None, order=None),
        others=first.others,
        warnings=tuple(cautions.met),
    )


def _pump(panel: Panel, told: Told, context: Context) -> tuple[Any, Pump]:
    """Return the node and the pump of an OBR; where no OBX names a device, OBR-3 does."""
    head = next(iter(told.groups), None)
    values = told.groups[head].pump if told.groups else {}
    pump = pump_of(panel, values, head=head, context=context)
    if pump.device is None and panel.obr is not None:
        pump = pump._replace(device=read_entity(panel.obr, panel.obr.raw(3)))
    return head, pump


def _location(header: Header, told: _Told, context: Context) -> Meaning:
    panel, first = _first(told, context)
    _, pump = _pump(panel, first, context)
    spot = _spot(first, context)
    at = spot.at or occurred(panel, None, context)
    held = private(context.person.patient, context.person.place, user=None, order=None)
    return LocationReport(
        header=header, pump=pump, at=at, spot=spot, private=held, warnings=tuple(context.cautions.met)
    )  # fmt: skip


def _spot(told: Told, context: Context) -> Spot:
    """Return where a thing is, by the OBX of a location system."""
    values: dict[str, Any] = {}
    places: list[Place] = []
    for observation in told.location:
        segment, metric = observation.segment, observation.meant.metric
        if metric is None:
            continue
        if metric.field == "place":
            places.extend(
                read_place(segment.components(VALUE, n)) for n in range(1, len(segment.repetitions(VALUE)) + 1)
            )
            continue
        value = read_value(segment, observation.meant, context.cautions)
        if value is not None:
            values[metric.field] = value
    told_places = sorted((place for place in places if any(place)), key=lambda place: -place.depth)
    return Spot(places=tuple(told_places), at=_spot_time(told, context), tag=_tag(told), **values)


def _spot_time(told: Told, context: Context) -> Moment | None:
    for observation in told.location:
        segment = observation.segment
        if segment.raw(TIME):
            return read_moment(segment, TIME, clock=context.clock, cautions=context.cautions)
    return None


def _tag(told: Told) -> Entity | None:
    tags = (read_entity(o.segment, o.segment.raw(DEVICE)) for o in told.location)
    return next((tag for tag in tags if tag is not None), None)


def _acknowledgement(message: Message, header: Header, cautions: Cautions) -> Acknowledgement:
    msa, orc = message.first("MSA"), message.first("ORC")
    if msa is None:
        cautions.add(Leniency.TOO_FEW, "MSA", found="no MSA")
    return Acknowledgement(
        header=header,
        code=msa.value(1).strip() if msa else "",
        about=msa.value(2).strip() if msa else "",
        text=msa.value(3).strip() if msa else "",
        order=read_entity(orc, orc.raw(2)) if orc else None,
        faults=tuple(map(_fault, message.all("ERR"))),
        warnings=tuple(cautions.met),
    )


def _fault(segment: Segment) -> Fault:
    return Fault(
        condition=segment.value(3).strip(),
        severity=segment.value(4).strip(),
        code=segment.value(5).strip(),
        text=segment.value(5, 2).strip(),
        more=segment.value(5, 9).strip(),
    )


_READERS: Mapping[Transaction, Callable[[Header, _Told, Context], Meaning]] = {
    Transaction.REPORT: _report,
    Transaction.EVENT: _event,
    Transaction.ALERT: _alert,
    Transaction.ALERT_STATUS: _alert,
    Transaction.MANAGEMENT: _management,
    Transaction.LOCATION: _location,
}
