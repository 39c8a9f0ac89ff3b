"""From the values of one OBR to the picture of a pump."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from openinfusion.adapters.hl7.collect import Group, Told, Values
from openinfusion.adapters.hl7.identity import Entity, Place, private, read_coded, read_entity
from openinfusion.adapters.hl7.leniency import Cautions, Leniency
from openinfusion.adapters.hl7.metrics import NodeKind
from openinfusion.adapters.hl7.parts import NO_MORE, NOTHING, Delivery, Pump, PumpState, Source, Syringe
from openinfusion.adapters.hl7.text import Segment
from openinfusion.adapters.hl7.times import Clock, Moment, read_moment
from openinfusion.adapters.hl7.tree import DEVICE, TIME, USER, Node, Panel
from openinfusion.core.event_parts import FlowSource

_KINDS: Mapping[NodeKind, FlowSource] = {
    NodeKind.PRIMARY: "primary",
    NodeKind.SECONDARY: "secondary",
    NodeKind.CLINICIAN: "clinician",
    NodeKind.LOADING: "loading",
    NodeKind.PATIENT: "patient",
}
# What senders put into OBR-4 where nothing is infused or nobody knows what: "unknown", "monitoring of patient".
_NO_DRUG = frozenset({"999999", "182777000"})
_NAMED_MODEL = re.compile(r"(\w+)=(.*?)(?=\s+\w+=|$)")
_WARD_AND_FACILITY = 4
_OF_PUMP = ("system_id", "library_name", "rack_library_name", "rack_library_version", "power_state", "connection")
_MAINS = frozenset({"onmains", "onmains(0)", "ac", "mains"})
_BATTERY = frozenset({"onbattery", "onbattery(1)", "dc", "battery"})


class Person(NamedTuple):
    """Who lies where, as PID and PV1 of the message say."""

    patient: str | None
    place: Place | None


class Context(NamedTuple):
    """What holds for a whole message: its clock, its patient, the time of sending, and what was let pass."""

    clock: Clock
    person: Person
    sent: Moment | None
    cautions: Cautions


def pump_states(panel: Panel, told: Told, context: Context) -> tuple[PumpState, ...]:
    """Return a state for each module that the OBR tells about; one at least."""
    heads = [node for node in told.groups if node is None or not _has_inner(node, told.groups)] or [None]
    return tuple(_state(panel, told, head=head, context=context) for head in heads)


def _has_inner(node: Node, groups: Mapping[Node | None, Group]) -> bool:
    return any(other is not None and other is not node and node in other.up() for other in groups)


def _state(panel: Panel, told: Told, *, head: Node | None, context: Context) -> PumpState:
    group = _merged(told, head)
    obr, cautions = panel.obr, context.cautions
    order = _number(obr, 2)
    medication = read_coded(obr, 4, cautions) if obr is not None and obr.raw(4) else None
    is_known = (
        medication is not None and medication.code not in _NO_DRUG and obr is not None and obr.value(4, 3) != "MDC"
    )
    return PumpState(
        pump=pump_of(panel, group.pump, head=head, context=context),
        at=occurred(panel, head, context),
        until=read_moment(obr, 8, clock=context.clock, cautions=cautions) if obr else None,
        order=order,
        filler=_number(obr, 3),
        parent=parent_of(obr),
        medication=medication if is_known else None,
        delivery=Delivery(**group.delivery),
        sources=_sources(group),
        syringe=Syringe(**group.syringe) if group.syringe else None,
        condition=group.pump.get("condition"),
        private=private(context.person.patient, context.person.place, user=_user(panel), order=order and order.id),
        others=told.others,
    )


def _merged(told: Told, head: Node | None) -> Group:
    """Return what a module tells, with what the pump and the rack around it tell for all their modules."""
    chain = [told.groups[node] for node in (head.up() if head else (None,)) if node in told.groups]
    if len(chain) == 1:
        return chain[0]
    merged = Group({}, {}, {}, {}, {}, {}, {})
    for group in reversed(chain):
        for name in Group.__slots__:
            getattr(merged, name).update(getattr(group, name))
    return merged


def _sources(group: Group) -> tuple[Source, ...]:
    if not (group.loose or group.loose_more):
        if not group.more:
            return tuple(Source(kind=_KINDS.get(node.kind), **values) for node, values in group.sources.items())
    elif len(group.sources) == 1:
        # One source, and values beside it: trees of before 2013 put the rate on the delivery, the drug on the source.
        node = next(iter(group.sources))
        group.sources[node] = {**group.loose, **group.sources[node]}
        group.more[node] = {**group.loose_more, **group.more.get(node, {})}
    nodes = dict.fromkeys([*group.sources, *group.more])
    made = [
        Source(kind=_KINDS.get(node.kind), more=group.more.get(node, NO_MORE), **group.sources.get(node, {}))
        for node in nodes
    ]
    if (group.loose or group.loose_more) and len(group.sources) != 1:
        made.append(Source(more=group.loose_more, **group.loose))
    return tuple(made)


def pump_of(panel: Panel, values: Values, *, head: Node | None, context: Context) -> Pump:
    """Return which pump speaks, what it runs and where it is."""
    outer = head.parent if head is not None and head.kind is NodeKind.MODULE else head
    told = outer or next(iter(panel.nodes), None)
    device = _device(told) or _any_device(panel) or _system_entity(values)
    module = _own_device(head) if head is not None and head is not outer else None
    has_versions = "firmware" in values or "software" in values
    versions = {**values.get("firmware", NOTHING), **values.get("software", NOTHING)} if has_versions else NOTHING
    maker, model = _model(values.get("model"))
    ward, facility = _ward(panel, context)
    return Pump(
        device=device,
        module=module if module != device else None,
        kind=told.refid if told is not None else None,
        maker=maker,
        model=model,
        library_version=values.get("library_version") or versions.get("Drug Library"),
        software=versions.get("Infuser Software")
        or next((v for k, v in versions.items() if k != "Drug Library"), None),
        versions=versions,
        power=_power(values),
        ward=ward,
        facility=facility,
        pillar=values.get("pillar_assembly") or values.get("pillar"),
        **{name: values[name] for name in _OF_PUMP if name in values},
    )


def _own_device(node: Node | None) -> Entity | None:
    return read_entity(node.segment, node.segment.raw(DEVICE)) if node is not None else None


def _device(node: Node | None) -> Entity | None:
    """Return the id of a device node, or of the one around it."""
    for one in node.up() if node is not None else ():
        found = _own_device(one)
        if found is not None:
            return found
    return None


def _any_device(panel: Panel) -> Entity | None:
    """Return the first id of a device that any OBX gives: alarms put it on their source, the tag on the place."""
    tags = {entry.at for entry in panel.shape.locations}
    names = (segment for at, segment in enumerate(panel.segments) if at not in tags and segment.raw(DEVICE))
    return next((found for one in names if (found := read_entity(one, one.raw(DEVICE))) and found.id), None)


def _system_entity(values: Values) -> Entity | None:
    return Entity(values["system_id"]) if values.get("system_id") else None


def _model(text: str | None) -> tuple[str | None, str | None]:
    """Return maker and model; Smiths writes both into one text."""
    pairs = dict(_NAMED_MODEL.findall(text)) if text and len(text) < 500 and "=" in text else {}  # noqa: PLR2004
    return pairs.get("manufacturer"), pairs.get("model", text)


def _power(values: Values) -> Literal["mains", "battery"] | None:
    """Return what the pump runs on, in whichever of four ways it says so."""
    pairs = values.get("power_pairs") or NOTHING
    for told in (values.get("power_status"), values.get("power_source"), pairs.get("PowerSource")):
        word = (told or "").replace(" ", "").casefold()
        if word in _MAINS or word in _BATTERY:
            return "mains" if word in _MAINS else "battery"
    return None


def _ward(panel: Panel, context: Context) -> tuple[str | None, str | None]:
    """Return ward and hospital: by the pump's own network (B. Braun: repetitions of OBX-18), else by PV1."""
    for segment in panel.segments:
        if len(segment.fields) > DEVICE and segment.separators.repetition in segment.fields[DEVICE]:
            ward, facility = _told_ward(segment)
            if ward or facility:
                context.cautions.add(Leniency.LOCATION_IN_DEVICE, segment.place(DEVICE), found="repetitions")
                return ward or None, facility or None
    place = context.person.place
    return (place.unit or None, place.facility or None) if place else (None, None)


def _told_ward(segment: Segment) -> tuple[str, str]:
    """Return ward and hospital of an OBX-18; over more than four repetitions one name is spread, and no hospital."""
    count = len(segment.repetitions(DEVICE))
    parts = [segment.value(DEVICE, repetition=number).strip() for number in range(1, count + 1)]
    if count > _WARD_AND_FACILITY:
        return " ".join(filter(None, parts[2:])), ""
    _, _, ward, facility = [*parts, "", "", ""][:4]
    return ward, facility


def occurred(panel: Panel, head: Node | None, context: Context) -> Moment | None:
    """Return when it was so: OBX-14 of the device, else OBR-7; Smiths writes OBR-6 and OBX-7 instead."""
    cautions, clock = context.cautions, context.clock
    if panel.obr is not None and panel.obr.raw(7) and (head is None or head.inherited(TIME) is None):
        found = read_moment(panel.obr, 7, clock=clock, cautions=cautions)
        if found is not None:
            return found
    for segment, number, elsewhere in _times(panel, head):
        found = read_moment(segment, number, clock=clock, cautions=cautions)
        if found is not None:
            if elsewhere:
                cautions.add(Leniency.TIME_ELSEWHERE, segment.place(number), found="the time of the occurrence")
            return found
    if context.sent is not None:
        where = panel.obr.place(7) if panel.obr is not None else "OBR"
        cautions.add(Leniency.TIME_FROM_HEADER, where, found="no time")
    return context.sent


def _times(panel: Panel, head: Node | None) -> Iterator[tuple[Segment, int, bool]]:
    """Yield where the time may stand, the surest place first, and whether that is where it should not be."""
    inherited = head.inherited(TIME) if head is not None else None
    if inherited is not None:
        yield inherited[1], TIME, False
    obr = panel.obr
    if obr is not None:
        if inherited is not None and obr.raw(7):
            yield obr, 7, False
        if obr.raw(6):
            yield obr, 6, True
    for number in (TIME, 7):
        for segment in panel.segments:
            raw = segment.raw(number)
            if raw[:2] in ("19", "20") and len(raw) >= 12:  # noqa: PLR2004 - a reference range is no time
                yield segment, number, number != TIME
                break


def _user(panel: Panel) -> str | None:
    told = (node.segment for node in panel.nodes if len(node.segment.fields) > USER)
    return next((user for segment in told if (user := segment.value(USER))), None)


def _number(obr: Segment | None, field: int) -> Entity | None:
    """Return the number of an order; "0" is what B. Braun sends where there is none."""
    found = read_entity(obr, obr.raw(field)) if obr is not None else None
    return found if found is not None and found.id not in ("", "0") else None


def parent_of(obr: Segment | None) -> Entity | None:
    """Return what OBR-29 points to: its second component, with the parts of an id as subcomponents."""
    raw = obr.raw(29) if obr is not None else ""
    if obr is None or not raw:
        return None
    parts = [[obr.value(29, component, subcomponent=n).strip() for n in range(1, 5)] for component in (2, 1)]
    found = next((part for part in parts if any(part)), None)
    return Entity(*found) if found else None
