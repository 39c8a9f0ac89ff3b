"""What a pump and its gateway know when an order arrives, read from the pump itself."""

from dataclasses import dataclass, field
from fractions import Fraction

from openinfusion.core.orders import Activity, Link, PumpSituation, Running
from openinfusion.core.units import ML, ML_PER_H, Quantity
from openinfusion.pump.bench.hands import Hands
from openinfusion.pump.machine import Infusion, Pump, Status
from openinfusion.pump.machine.pages import Areas, Home
from openinfusion.pump.machine.running import Running as RunningPage


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """
    What the gateway knows of a pump beyond what the pump says.

    Attributes:
        link: whether it can be reached; a pump that is off tells so itself.
        channel: the name of its channel, where orders may name one.
        patient: the patient that it was associated with.
        expected_area: the care area of the patient's place.
        has_set: whether a syringe, or a bag with its tubing, is at hand.

    """

    link: Link = Link.CONNECTED
    channel: str | None = None
    patient: str | None = field(default=None, repr=False)
    expected_area: str | None = None
    has_set: bool = True


_OF_STATUS = {
    Status.INFUSING: Activity.INFUSING,
    Status.KVO: Activity.INFUSING,
    Status.WAITING: Activity.INFUSING,
    Status.HELD: Activity.INFUSING,
    Status.PAUSED: Activity.PAUSED,
    Status.STANDBY: Activity.STANDBY,
}


def situation_of(hands: Hands, around: Around) -> PumpSituation:
    """Return the situation of a pump, as it is now."""
    pump = hands.pump
    infusion = pump.channel.infusion
    return PumpSituation(
        link=_link(pump, around),
        activity=_activity(pump),
        kind=pump.model.kind,
        care_area=pump.area,
        expected_area=around.expected_area,
        patient=around.patient,
        weight=pump.weight,
        running=None if infusion is None else _running(infusion, hands),
        left=_left(pump, infusion),
        lacks_set=not around.has_set,
        lowest_rate=Quantity(pump.model.lowest_rate, ML_PER_H),
    )


def _link(pump: Pump, around: Around) -> Link:
    return Link.OFF if around.link is Link.CONNECTED and not pump.is_on else around.link


def _activity(pump: Pump) -> Activity:
    """Return what the pump is doing; a screen on which somebody programmes leaves it not known."""
    infusion = pump.channel.infusion
    if pump.calls.active:
        return Activity.ALARMING
    if not isinstance(pump.page, Home | Areas | RunningPage):
        return Activity.NOT_KNOWN
    return Activity.IDLE if infusion is None else _OF_STATUS[infusion.status]


def _running(infusion: Infusion, hands: Hands) -> Running:
    programme = infusion.now.programme
    return Running(
        order_id=hands.ordered.get(infusion.id),
        entry=infusion.entry.id if infusion.entry is not None else None,
        dose=programme.dose or programme.rate,
        amount=programme.amount,
        diluent=programme.diluent,
        may_be_interrupted=infusion.source == "primary" and not hands.pump.model.takes_syringes,
    )


def _left(pump: Pump, infusion: Infusion | None) -> Quantity | None:
    """Return what is left: a syringe tells it; of a bag the pump knows what it has still to give."""
    if pump.model.takes_syringes or infusion is None or infusion.now.vtbi is None:
        return pump.channel.volume_left()
    return Quantity(max(infusion.now.vtbi - infusion.given, Fraction(0)), ML)
