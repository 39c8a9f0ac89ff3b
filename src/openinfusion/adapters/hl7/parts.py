"""
What messages of pumps say, as values: the parts that all kinds of messages share.

Words of enumerations are kept as IHE prints them (``pump-delivery-status-kvo``); what they mean for the open event log
is the matter of the mapping. Whatever may identify a person is in ``private`` and nowhere else. What is made for every
message is a named tuple, because a frozen dataclass of thirty fields takes four times as long to make.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

from openinfusion.adapters.hl7.identity import Coded, Entity, Place
from openinfusion.adapters.hl7.route import Transaction
from openinfusion.adapters.hl7.times import Moment
from openinfusion.adapters.hl7.tree import Observation
from openinfusion.adapters.hl7.units import Measured
from openinfusion.core.event_parts import FlowSource, Private

NOTHING: Mapping[str, str] = MappingProxyType({})
NO_MORE: Mapping[str, Measured | str] = MappingProxyType({})
Purpose = Literal["clinical", "test", "training"]
Priority = Literal["high", "medium", "low", "none"]


class Header(NamedTuple):
    """
    What MSH says.

    Attributes:
        transaction: what the message is for.
        control_id: MSH-10; unique for each sender.
        sender: MSH-3.
        facility: MSH-4, often the maker.
        sent: MSH-7; buffered messages are sent long after what they tell.
        purpose: test and training data must never be counted as clinical.
        version: MSH-12.
        accept: MSH-15, whether an accept acknowledgement is wanted.
        application: MSH-16, whether an application acknowledgement is wanted.

    """

    transaction: Transaction
    control_id: str
    sender: Entity | None
    facility: str
    sent: Moment | None
    purpose: Purpose
    version: str
    accept: str
    application: str


class Pump(NamedTuple):
    """
    Which pump speaks, what it runs and where it is.

    Attributes:
        device: the pump (OBX-18 of its MDS, else of its module).
        module: the module, where it has an id of its own.
        kind: name of the device node, such as MDC_DEV_PUMP_INFUS_LVP_MDS.
        maker: maker, where told.
        model: model.
        system_id: the pump's own id (67972).
        library_name: name of the library in force, as the pump claims.
        library_version: its version.
        rack_library_name: name of the library of the rack.
        rack_library_version: its version.
        software: version of the pump's software.
        versions: all versions that it tells, by name.
        power: what it runs on.
        power_state: whether it is on, as sent.
        connection: communication status, as sent.
        ward: where it is, by its own network, else by PV1.
        facility: in which hospital.
        pillar: rack and slot, as sent.

    """

    device: Entity | None = None
    module: Entity | None = None
    kind: str | None = None
    maker: str | None = None
    model: str | None = None
    system_id: str | None = None
    library_name: str | None = None
    library_version: str | None = None
    rack_library_name: str | None = None
    rack_library_version: str | None = None
    software: str | None = None
    versions: Mapping[str, str] = NOTHING
    power: Literal["mains", "battery"] | None = None
    power_state: str | None = None
    connection: str | None = None
    ward: str | None = None
    facility: str | None = None
    pillar: str | None = None


class Delivery(NamedTuple):
    """
    What flows at the moment: status, actual flow, sources active and enabled, total of the pump.

    Words are those of IHE: ``pump-status-infusing``, ``pump-source-info-primary``.
    """

    infusing: str | None = None
    flow: Measured | None = None
    active: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    pump_total: Measured | None = None


class Source(NamedTuple):
    """
    What one source is programmed to give and has given.

    Attributes:
        kind: which source; ``None`` where the message does not tell (trees of before 2013).
        label: what the pump calls it.
        status: delivery status.
        reason: why it does not deliver.
        mode: how the rate follows from the programme.
        completion: what happens at the end.
        program_status: status of the programme.
        drug: name of the drug.
        drug_id: id of the drug in the library.
        care_area: care area chosen.
        rate: rate as programmed.
        rate_setting: rate as set, where told apart.
        dose_rate: dose rate as programmed.
        vtbi: volume to be infused.
        remaining: what of it has not been given.
        segment: volume of this delivery segment.
        total: volume of the infusion so far.
        method_total: volume given by this method.
        delivered: volume delivered, where told without saying since when.
        time_remaining: time to the end.
        time_programmed: time as programmed.
        concentration: concentration of the drug.
        weight: weight of the patient.
        height: height of the patient.
        body_surface_area: of the patient.
        dose_to_give: amount of drug to be infused.
        dose_remaining: what of it has not been given.
        dose_total: amount of drug so far.
        dose_delivered: amount of drug, where told without saying since when.
        dose_segment: amount of drug in this segment.
        more: limits of PCA, steps, targets and the relay, by the names in the decoder table.

    """

    kind: FlowSource | None = None
    label: str | None = None
    status: str | None = None
    reason: str | None = None
    mode: str | None = None
    completion: str | None = None
    program_status: str | None = None
    drug: str | None = None
    drug_id: str | None = None
    care_area: str | None = None
    rate: Measured | None = None
    rate_setting: Measured | None = None
    dose_rate: Measured | None = None
    vtbi: Measured | None = None
    remaining: Measured | None = None
    segment: Measured | None = None
    total: Measured | None = None
    method_total: Measured | None = None
    delivered: Measured | None = None
    time_remaining: Measured | None = None
    time_programmed: Measured | None = None
    concentration: Measured | None = None
    weight: Measured | None = None
    height: Measured | None = None
    body_surface_area: Measured | None = None
    dose_to_give: Measured | None = None
    dose_remaining: Measured | None = None
    dose_total: Measured | None = None
    dose_delivered: Measured | None = None
    dose_segment: Measured | None = None
    more: Mapping[str, Measured | str] = NO_MORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Syringe:
    """The syringe: its size by its maker, what is left in it, its type, its maker."""

    size: Measured | None = None
    volume: Measured | None = None
    type: str | None = None
    maker: str | None = None


class PumpState(NamedTuple):
    """
    One pump, or one module of it, as one OBR tells it.

    Attributes:
        pump: which pump.
        at: when it was so, by the pump's clock.
        until: end of the interval, where one is told.
        order: number of the order (OBR-2), where known.
        filler: number that the pump's side gave (OBR-3).
        parent: number of the order that a bolus belongs to (OBR-29).
        medication: what OBR-4 says is infused; ``None`` where it says that it is not known.
        delivery: what flows.
        sources: what each source gives, in the order of the message.
        syringe: the syringe, where there is one.
        condition: a condition told beside the state (B. Braun: near end).
        private: patient, user, bed and order.
        others: OBX that no field is fed from, with their text.

    """

    pump: Pump
    at: Moment | None
    until: Moment | None = None
    order: Entity | None = None
    filler: Entity | None = None
    parent: Entity | None = None
    medication: Coded | None = None
    delivery: Delivery = Delivery()
    sources: tuple[Source, ...] = ()
    syringe: Syringe | None = None
    condition: Coded | None = None
    private: Private = Private()
    others: tuple[Observation, ...] = ()

    def __repr__(self) -> str:
        """Show all but whoever may be identified."""
        shown = (f"{name}={getattr(self, name)!r}" for name in self._fields if name not in ("private", "others"))
        return f"PumpState({', '.join(shown)})"

    def source(self, kind: FlowSource | None) -> Source | None:
        """Return the source of this kind, or ``None``."""
        return next((source for source in self.sources if source.kind == kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The pump's network: state, addresses, name, strength in percent, speed."""

    state: str | None = None
    address: str | None = None
    mac: str | None = None
    name: str | None = None
    strength: Measured | None = None
    speed: Measured | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """The pump's battery: state, time left, charge in percent, capacity."""

    state: str | None = None
    time_left: Measured | None = None
    charge: Measured | None = None
    capacity: Measured | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a thing is: its name, places from the closest known outwards, distances in cm; when, and by which tag."""

    name: str | None = None
    places: tuple[Place, ...] = ()
    x: Measured | None = None
    y: Measured | None = None
    z: Measured | None = None
    at: Moment | None = None
    tag: Entity | None = None
