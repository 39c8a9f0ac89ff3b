"""Pumps behind a gateway: each answers an order as a pump must, and runs what the nurse confirms."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

from openinfusion.core.order_codes import OrderError, refusal
from openinfusion.core.orders import (
    USUAL_RULES,
    Link,
    Medicines,
    Order,
    OrderAnswer,
    OrderKind,
    OrderRules,
    PumpSituation,
    StepKind,
    check_order,
)
from openinfusion.core.units import ML_PER_H, Quantity
from openinfusion.pump.bench.hands import Hands
from openinfusion.pump.bench.nurse import Bedside, Nurse, RefusedError
from openinfusion.pump.bench.situation import Around, situation_of
from openinfusion.pump.machine import PumpModel, Screen

_MILLISECOND = timedelta(milliseconds=1)
_HALF = _MILLISECOND / 2


@dataclass(frozen=True, slots=True)
class BenchPump:
    """One pump, what the gateway knows of it, and who stands beside it."""

    hands: Hands
    around: Around = field(default_factory=Around)
    nurse: Nurse = Nurse.CONFIRMS
    syringe: str = "50"


@dataclass(frozen=True, slots=True)
class Answered:
    """
    An order with its answer.

    Attributes:
        order: the order.
        answer: what the reply says.
        read: what the nurse read at the pump.
        screen: what the pump shows now; ``None`` if there is no such pump.

    """

    order: Order
    answer: OrderAnswer
    read: tuple[str, ...] = ()
    screen: Screen | None = None


class Bench:
    """
    Pumps by number, under one library.

    A nurse costs no time here: the clock of her pump runs ahead while she reads or waits, and is never set back.
    """

    def __init__(
        self, pumps: Mapping[str, BenchPump], medicines: Medicines, *, start: datetime, rules: OrderRules = USUAL_RULES
    ) -> None:
        """Take the pumps; ``start`` is the moment at which their clocks began."""
        self.pumps = dict(pumps)
        self.rules = rules
        self._medicines = medicines
        self._start = start

    def moment(self, at: datetime) -> Fraction:
        """Return a moment in seconds of the pumps' clocks, to the millisecond."""
        return Fraction((at - self._start + _HALF) // _MILLISECOND, 1000)

    def be_at(self, at: datetime) -> None:
        """Let time pass for every pump."""
        for pump in self.pumps.values():
            pump.hands.be_at(self.moment(at))

    def obey(self, order: Order, *, received: datetime, at: datetime) -> Answered:
        """
        Answer an order, and let its pump run it if everybody agrees.

        Its age is judged by when it was received. One that waited too long on this side is not obeyed any more either:
        its pump was not asked in time.
        """
        pump = self.pumps.get(order.pump or "")
        if pump is None:
            link = Link.UNKNOWN if order.pump else Link.CONNECTED
            return Answered(order, self._check(order, PumpSituation(link=link), received))
        pump.hands.be_at(self.moment(at))
        situation = self._situation(order, pump, waited_long=self._is_late(received, at))
        answer = self._check_at_rate(order, situation, pump.hands.pump.model, received=received)
        read: tuple[str, ...] = ()
        if answer.is_accepted and (why := _why_not_this_pump(order)) is not None:
            answer = replace(answer, errors=(why,))
        if answer.is_accepted:
            answer, read = _at_bedside(order, answer, pump)
        return Answered(order, answer, read, pump.hands.pump.screen())

    def _is_late(self, received: datetime, at: datetime) -> bool:
        limit = self.rules.stale_after
        return limit is not None and at - received > limit

    def _situation(self, order: Order, pump: BenchPump, *, waited_long: bool) -> PumpSituation:
        situation = situation_of(pump.hands, pump.around)
        if order.channel is not None and order.channel != pump.around.channel:
            return replace(situation, link=Link.UNKNOWN)
        return replace(situation, link=Link.NO_ANSWER) if waited_long else situation

    def _check(self, order: Order, situation: PumpSituation, received: datetime) -> OrderAnswer:
        library = self._medicines.library
        return check_order(order, library, situation, at=received, rules=self.rules, medicines=self._medicines)

    def _check_at_rate(
        self, order: Order, situation: PumpSituation, model: PumpModel, *, received: datetime
    ) -> OrderAnswer:
        """Ask again with the step in which the pump sets such a rate: only then is what it would run known."""
        answer = self._check(order, situation, received)
        rate = answer.verdict.derived.rate if answer.verdict is not None else None
        if rate is None or not answer.is_accepted:
            return answer
        step = model.step_at(rate.value)
        if (rate.value / step).denominator == 1:
            return answer
        return self._check(order, replace(situation, rate_resolution=Quantity(step, ML_PER_H)), received)


def _why_not_this_pump(order: Order) -> OrderError | None:
    """Return why no pump of the bench runs a kind of order that a library would allow."""
    if any(step.kind is StepKind.DELAY or step.waits for step in order.steps):
        return refusal(9044, "this pump has no delay, and no step that waits for the nurse")
    if order.pca is not None and order.pca.clinician is not None:
        return refusal(9017, "this pump takes a clinician's dose of PCA only when it is to be given")
    return None


def _at_bedside(order: Order, answer: OrderAnswer, pump: BenchPump) -> tuple[OrderAnswer, tuple[str, ...]]:
    """Put the programme into the pump; what nurse or pump say to it is the answer."""
    bedside = Bedside(pump.hands, pump.nurse, pump.syringe)
    expects = bool(answer.for_bedside)
    try:
        bedside.give(answer.programmes, order.kind, expects_alert=expects, secondary=order.secondary)
    except RefusedError as refused:
        return replace(answer, errors=(refused.error,)), tuple(bedside.read)
    pump.hands.name_order(order.parent if order.parent and order.kind is not OrderKind.NEW else order.id)
    return answer, tuple(bedside.read)
