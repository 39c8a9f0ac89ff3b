"""
Read an order for a pump (PCD-03, RGV^O15) into the values of ``core.orders``.

Two questions are kept apart, as IHE keeps them apart: whether the message is one that can be read at all (its accept
acknowledgement), and what it orders (the reply). So a missing segment is a fault of syntax; a value that cannot be read
becomes part of the order, and refuses it with the code for it. Nothing that could change what a pump gives is dropped:
what this side cannot programme refuses the order, what is only unknown is noted.

Source: IHE Devices Technical Framework, volume 2, revision 10, PCD-03, and draft 11 for steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import NamedTuple

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.identity import read_patient
from openinfusion.adapters.hl7.leniency import Caution, Cautions
from openinfusion.adapters.hl7.order_values import (
    INVALID,
    MISSING,
    TYPE,
    Obx,
    Values,
    read_observations,
    word_of,
)
from openinfusion.adapters.hl7.route import Transaction, route
from openinfusion.adapters.hl7.text import Message, Segment
from openinfusion.adapters.hl7.times import header_clock, read_moment
from openinfusion.core.library import Route
from openinfusion.core.order_parts import PumpKind
from openinfusion.core.orders import Code, Field, Medication, Order, OrderKind, PcaOrder, Step, StepKind
from openinfusion.core.units import ML, Kind, PatientBasis, Quantity, TimeBasis

KINDS = {"RE": OrderKind.NEW, "XO": OrderKind.CHANGE, "CH": OrderKind.BOLUS}
_ROUTES = {
    "IV": Route.INTRAVENOUS,
    "EP": Route.EPIDURAL,
    "SC": Route.SUBCUTANEOUS,
    "IT": Route.INTRATHECAL,
    "NG": Route.ENTERAL,
    "GTT": Route.ENTERAL,
}
_CONTROL_ID, _TYPE = 10, 9


class Fault(NamedTuple):
    """Why a message is no order that can be read: a code of HL7 table 0357, its words, and the place."""

    code: str
    words: str
    place: str
    is_of_type: bool = False


@dataclass(frozen=True, slots=True)
class OrderReading:
    """
    What one message orders.

    Attributes:
        order: the order; ``None`` where the message is none that can be read.
        faults: why it is none; they refuse it in the accept acknowledgement.
        warnings: what was let pass.
        notes: what was not used, and older forms that were read.

    """

    order: Order | None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Caution, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Group:
    """One RXG with the TQ1, RXR and OBX that belong to it."""

    give: Segment
    times: list[Segment] = field(default_factory=list)
    routes: list[Segment] = field(default_factory=list)
    observations: list[Segment] = field(default_factory=list)


def read_order(message: Message, zone: tzinfo = UTC) -> OrderReading:
    """Return the order in a message; ``zone`` is that of a sender whose times tell none."""
    cautions = Cautions(list(message.warnings))
    transaction = route(message, cautions)
    groups = _groups(message)
    faults = tuple(_faults(message, transaction, groups))
    if faults:
        return OrderReading(None, faults, tuple(cautions.met))
    values = Values(cautions)
    order = _order(message, groups, values, zone=zone)
    return OrderReading(order, (), tuple(cautions.met), tuple(values.notes))


def _groups(message: Message) -> list[_Group]:
    """Return the steps of an order: each RXG with what follows it."""
    groups: list[_Group] = []
    for segment in message.segments:
        if segment.name == "RXG":
            groups.append(_Group(segment))
        elif groups:
            kept = {"TQ1": groups[-1].times, "RXR": groups[-1].routes, "OBX": groups[-1].observations}
            kept.get(segment.name, []).append(segment)
    return groups


def _faults(message: Message, transaction: Transaction, groups: list[_Group]) -> Iterator[Fault]:
    """Yield why a message is no order that can be read: its type, its segments, and what tells the kind of order."""
    header = message.header
    if transaction is not Transaction.ORDER:
        yield Fault("200", "Unsupported message type", header.place(_TYPE), is_of_type=True)
        return
    if not header.value(_CONTROL_ID).strip():
        yield Fault("101", "Required field missing", header.place(_CONTROL_ID))
    for name in ("PID", "ORC"):
        count = sum(1 for _ in message.all(name))
        if count != 1:
            yield Fault("100", "Segment sequence error", f"{name}, {count} of them; one expected")
    if not groups:
        yield Fault("100", "Segment sequence error", "RXG, none of them; one at least expected")
    for group in groups:
        if len(group.routes) != 1 or len(group.times) > 1:
            yield Fault("100", "Segment sequence error", f"RXR or TQ1 after RXG[{group.give.number}]")
    order = message.first("ORC")
    if order is not None and order.value(1).strip() not in KINDS:
        yield Fault("103", "Table value not found", order.place(1))


def _order(message: Message, groups: list[_Group], values: Values, *, zone: tzinfo) -> Order:
    common, first = message.first("ORC"), groups[0]
    assert common is not None  # noqa: S101 - no ORC is a fault of syntax
    kind = KINDS[common.value(1).strip()]
    _check_repetitions(common, groups, values)
    per_step = [read_observations(group.observations, values) for group in groups]
    all_obx = [obx for found in per_step for obx in found]
    steps = tuple(_step(group, found, values, kind=kind) for group, found in zip(groups, per_step, strict=True))
    total = values.count(all_obx, "158033", Field.STEP)
    if kind is OrderKind.NEW and (len(steps) > 1 or (total or 1) > 1 or steps[0].kind is not StepKind.CONTINUOUS):
        kind = OrderKind.MULTISTEP
    pump, channel = values.pump(all_obx)
    delivery = _delivery(groups, values)
    clock = header_clock(message.header.value(7), zone)
    placed_at = read_moment(common, 9, clock=clock, cautions=values.cautions)
    if placed_at is None and common.raw(9).strip():
        values.refuse(INVALID, Field.PLACED_AT, found="text that is no time", expected="YYYYMMDDHHMMSS+ZZZZ")
    _check_type(all_obx, kind, values)
    pca = _pca(all_obx, values, is_pca=delivery.is_pca)
    return Order(
        id=common.value(2).strip(),
        kind=kind,
        medication=_medication(first.give),
        steps=steps,
        pump=pump,
        channel=channel,
        placed_at=placed_at.at if placed_at is not None else None,
        operator=common.value(19).strip() or None,
        patient=read_patient(message.first("PID"), values.cautions),
        weight=values.measure(all_obx, "68063", Field.WEIGHT),
        height=values.measure(all_obx, "68060", Field.HEIGHT),
        body_surface_area=values.measure(all_obx, "188744", Field.SURFACE),
        route=delivery.route,
        device=delivery.device,
        secondary=delivery.secondary,
        pca=pca,
        parent=common.value(8, 1, subcomponent=1).strip() or None,
        total_steps=total,
        total_volume=_total_volume(groups, values),
        container=values.measure(all_obx, "157994", Field.CONTAINER),
        unread=tuple(values.unread),
    )


_ONCE = {
    "ORC": {1: Field.ORDER_TYPE, 2: Field.ORDER_ID, 8: Field.PARENT, 9: Field.PLACED_AT},
    "RXG": {1: Field.STEP, 4: Field.MEDICATION},
    "RXR": {1: Field.ROUTE, 3: Field.DEVICE, 4: Field.METHOD},
}


def _check_repetitions(common: Segment, groups: list[_Group], values: Values) -> None:
    """Refuse what is told twice in one field: to take the first would be to guess."""
    for segment in (common, *(one for group in groups for one in (group.give, *group.routes))):
        for number, about in _ONCE[segment.name].items():
            if len(segment.repetitions(number)) > 1:
                values.refuse(INVALID, about, found="several values", expected="one")


def _medication(give: Segment) -> Medication:
    """Return both triples of RXG-4: codes with their systems, and names."""
    parts = [part.strip() for part in [*give.components(4), *[""] * 6][:6]]
    codes = tuple(Code(parts[n], parts[n + 2]) for n in (0, 3) if parts[n])
    return Medication(codes, tuple(dict.fromkeys(parts[n] for n in (1, 4) if parts[n])))


def _step(group: _Group, found: list[Obx], values: Values, *, kind: OrderKind) -> Step:
    give = group.give
    volume = values.of_field(give, (5, 7), Field.VOLUME)
    given = values.of_field(give, (15, 16), Field.RATE, unit_field=Field.RATE_UNIT)
    rate = given if given is not None and _is_flow(given) else None
    dose = given if rate is None else None
    if kind is OrderKind.BOLUS and dose is not None and _is_volume(dose):
        volume, dose = values.same(volume, dose, Field.VOLUME), None
    told = values.measure(found, "157784", Field.RATE)
    number = give.value(1).strip()
    return Step(
        volume=volume,
        rate=values.same(rate, told, Field.RATE),
        dose=dose,
        duration=values.duration(group.times),
        amount=values.of_field(give, (17, 18), Field.AMOUNT, unit_field=Field.AMOUNT_UNIT),
        diluent=values.of_field(give, (23, 24), Field.DILUENT, unit_field=Field.DILUENT_UNIT),
        kind=values.step_kind(found),
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0,  # noqa: PLR2004
        medication=_medication(give),
        waits=values.waits(found),
    )


def _is_flow(quantity: Quantity) -> bool:
    unit = quantity.unit
    return unit.kind is Kind.VOLUME and unit.time is not TimeBasis.NONE and unit.patient is PatientBasis.NONE


def _is_volume(quantity: Quantity) -> bool:
    return quantity.unit.measures_like(ML)


def _total_volume(groups: list[_Group], values: Values) -> Quantity | None:
    """Return what draft 11 puts into RXG-32 and RXG-33 of every step; its text also says 31 and 32."""
    total: Quantity | None = None
    for group in groups:
        told = values.of_field(group.give, (32, 33), Field.TOTAL_VOLUME)
        total = values.same(total, told, Field.TOTAL_VOLUME)
    return total


_DEVICES: dict[str, PumpKind | None] = {
    **dict.fromkeys(("IVP", "LVP"), "large-volume pump"),
    "SYR": "syringe pump",
    "PCA": None,
    "": None,
}
_PLACES = {"IV": False, "IVPB": True, "": False}


class _Delivery(NamedTuple):
    """What RXR says: route, kind of pump, PCA, primary or secondary."""

    route: Route | None
    device: PumpKind | None
    secondary: bool
    is_pca: bool


def _delivery(groups: list[_Group], values: Values) -> _Delivery:
    """Return what the RXR of all steps say; they must say the same."""
    told = {tuple(word_of(group.routes[0], number) for number in (1, 3, 4)) for group in groups}
    if len(told) > 1:
        values.refuse(INVALID, Field.ROUTE, found="steps of different routes", expected="one route")
    route, device, place = min(told)
    for word, known, about in (
        (route, _ROUTES, Field.ROUTE),
        (device, _DEVICES, Field.DEVICE),
        (place, _PLACES, Field.METHOD),
    ):
        if word not in known:
            expected = ", ".join(filter(None, known))
            values.refuse(INVALID, about, found=shown(word) if word else "nothing", expected=expected)
    return _Delivery(_ROUTES.get(route), _DEVICES.get(device), _PLACES.get(place, False), device == "PCA")


_OF_PCA = ("157985", "157986", "157987", "157989", "158017")


def _pca(found: list[Obx], values: Values, *, is_pca: bool) -> PcaOrder | None:
    """Return the values of PCA, where RXR-3 or any of them says that it is one."""
    of_staff = values.measure(found, "158018", Field.LOADING), values.measure(found, "158019", Field.CLINICIAN)
    if not (is_pca or any(obx.key in _OF_PCA for obx in found)):
        for dose, about in zip(of_staff, (Field.LOADING, Field.CLINICIAN), strict=True):
            if dose is not None:
                values.refuse(INVALID, about, found=f"{dose}", expected="none: the order is not for PCA")
        return None
    by_amount = values.measure(found, "157985", Field.DOSE_LIMIT)
    by_volume = values.measure(found, "157986", Field.DOSE_LIMIT)
    return PcaOrder(
        demand=values.measure(found, "158017", Field.DEMAND),
        lockout=values.measure(found, "157989", Field.LOCKOUT),
        dose_limit=values.same(by_amount, by_volume, Field.DOSE_LIMIT),
        window=values.measure(found, "157987", Field.DOSE_LIMIT_TIME),
        loading=of_staff[0],
        clinician=of_staff[1],
    )


_TYPES = {
    OrderKind.NEW: (None, "continuous"),
    OrderKind.CHANGE: (None, "continuous"),
    OrderKind.BOLUS: ("clinician-dose",),
    OrderKind.MULTISTEP: (None, "continuous", "loading-dose"),
}


def _check_type(found: list[Obx], kind: OrderKind, values: Values) -> None:
    """Hold the type of the order against what ORC-1 says; a bolus must say it twice."""
    told = values.text(found, TYPE, Field.ORDER_TYPE)
    if told in _TYPES[kind]:
        return
    expected = _TYPES[kind][-1]
    if told is None:
        values.refuse(MISSING, Field.ORDER_TYPE, found="nothing", expected=str(expected))
    else:
        values.refuse(INVALID, Field.ORDER_TYPE, found=shown(told), expected=str(expected))
