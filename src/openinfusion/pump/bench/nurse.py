"""The nurse at a pump of the bench: she reads what an order would make the pump do, and confirms it, or not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from openinfusion.core.entry import Mode
from openinfusion.core.order_codes import OrderError, refusal
from openinfusion.core.orders import OrderKind
from openinfusion.core.programme import Programme
from openinfusion.core.units import ML
from openinfusion.pump.bench.hands import Hands, LostError
from openinfusion.pump.bench.keying import find_entry, key, why_not_held
from openinfusion.pump.machine.pages import Areas, Home, Load
from openinfusion.pump.machine.programming import REASONS, Alert, Deliver, NextStep, Problem, Unchecked
from openinfusion.pump.machine.running import Running

READS = 5
"""Seconds that reading a screen takes her."""
_MOST_SCREENS = 8


class Nurse(Enum):
    """What she does with a programme that an order put into the pump."""

    CONFIRMS = "confirms"
    REFUSES = "refuses"
    WAITS = "waits"


class RefusedError(Exception):
    """The programme did not take effect; ``error`` is the code for the reply."""

    def __init__(self, error: OrderError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class Bedside:
    """
    A programme at the bedside, from the order until it flows.

    Attributes:
        hands: the pump.
        nurse: what the nurse does.
        syringe: the volume of the syringe that she puts in; of a bag the pump does not know it.
        read: what she read at the pump that was to be confirmed.

    """

    hands: Hands
    nurse: Nurse
    syringe: str
    read: list[str] = field(default_factory=list)

    def give(self, programmes: Sequence[Programme], kind: OrderKind, *, expects_alert: bool, secondary: bool) -> None:
        """
        Put an order into the pump and let the nurse decide.

        Raises:
            RefusedError: it does not flow, and the pump is as it was.

        """
        try:
            match kind:
                case OrderKind.CHANGE:
                    self.change(programmes[0])
                case OrderKind.BOLUS:
                    self.bolus(programmes[0], expects_alert=expects_alert)
                case OrderKind.NEW | OrderKind.MULTISTEP:
                    self.infuse(programmes, expects_alert=expects_alert, secondary=secondary)
        except LostError as error:
            raise RefusedError(refusal(9017, str(error))) from error
        finally:
            self.leave()

    def infuse(self, programmes: Sequence[Programme], *, expects_alert: bool, secondary: bool) -> None:
        """Programme an infusion with its steps, and its loading dose first; then start it."""
        loading = [one for one in programmes if one.mode is Mode.LOADING]
        steps = [one for one in programmes if one.mode is not Mode.LOADING]
        if secondary:
            self.hands.choose("secondary")
        self.weigh(steps[0])
        find_entry(self.hands, steps[0])
        for number, step in enumerate(steps):
            self.hold(step)
            if number == 0:
                self.decide(expects_alert=expects_alert)
            self.confirm("next step" if number + 1 < len(steps) else "confirm")
            if isinstance(self.hands.page, NextStep):
                self.hands.choose("next")
        for dose in loading:
            self.hands.choose("loading")
            self.hold(dose)
            self.confirm("confirm")
        self.decide(expects_alert=False)
        if not secondary:
            self.put_in()
        self.hands.choose("start")

    def change(self, programme: Programme) -> None:
        """Change dose or rate; it takes effect once it is confirmed, so she decides before."""
        self.hands.choose("change")
        self.hold(programme)
        self.decide(expects_alert=False)
        self.confirm("confirm")

    def bolus(self, programme: Programme, *, expects_alert: bool) -> None:
        """Give a bolus on top of what runs."""
        self.hands.choose("bolus")
        self.hold(programme)
        self.decide(expects_alert=expects_alert)
        self.confirm("confirm")
        self.decide(expects_alert=False)
        if not isinstance(self.hands.page, Deliver):
            raise LostError(f"the pump shows {type(self.hands.page).__name__}; expected its bolus")
        self.hands.choose("deliver")

    # --- Screen by screen --------------------------------------------------------------------------------------------

    def weigh(self, programme: Programme) -> None:
        """Let the pump know the patient's weight, where the order says it and the pump does not know it."""
        weight = programme.weight
        if weight is not None and self.hands.pump.weight is None and isinstance(self.hands.page, Home):
            self.hands.choose("weight")
            self.hands.enter(str(weight))

    def hold(self, programme: Programme) -> None:
        """Key a programme and see that the pump holds exactly that."""
        key(self.hands, programme)
        if (why := why_not_held(self.hands, programme)) is not None:
            raise RefusedError(refusal(9017, why))
        self.read += [line for line in self.hands.pump.screen().lines if line not in self.read]

    def decide(self, *, expects_alert: bool) -> None:
        """Let her refuse or wait here, unless the pump is about to show her an alert."""
        if self.nurse is Nurse.CONFIRMS or expects_alert:
            self.hands.wait(READS)
            return
        if self.nurse is Nurse.WAITS:
            self.hands.wait(self.hands.pump.model.unanswered)
        self.hands.choose("cancel")
        raise self.said_no()

    def said_no(self) -> RefusedError:
        """Return what the reply says of a nurse who did not confirm."""
        return RefusedError(refusal(9015 if self.nurse is Nurse.WAITS else 9023))

    def confirm(self, choice: str) -> None:
        """Confirm what was keyed, and let her answer what the pump says to it."""
        self.hands.choose(choice)
        while isinstance(page := self.hands.page, Alert | Problem | Unchecked):
            if isinstance(page, Alert):
                self.answer(page)
                continue
            words = page.words if isinstance(page, Problem) else "no limit was checked"
            self.hands.choose("cancel")
            raise RefusedError(refusal(9017 if isinstance(page, Problem) else 9016, words))

    def answer(self, alert: Alert) -> None:
        """Override a soft limit with a reason, or not; a hard one is the end of it."""
        self.read.append(f"{'HARD' if alert.finding.is_hard else 'SOFT'} LIMIT: {alert.finding}")
        if alert.finding.is_hard:
            words = str(alert.finding)
            self.hands.choose("cancel")
            raise RefusedError(refusal(9024, words))
        if self.nurse is Nurse.WAITS:
            self.hands.wait(self.hands.pump.model.unanswered)
            raise self.said_no()
        self.hands.wait(READS)
        if self.nurse is Nurse.REFUSES:
            self.hands.choose("cancel")
            raise self.said_no()
        self.hands.choose("override", REASONS[0])

    def put_in(self) -> None:
        """Put in the syringe, or hang the bag, that the order is for."""
        self.hands.choose("load")
        if not isinstance(self.hands.page, Load):
            raise LostError(f"the pump shows {type(self.hands.page).__name__}; expected its syringe or bag")
        if self.hands.pump.model.takes_syringes:
            self.hands.enter(f"{self.syringe} {ML.text}")
        else:
            self.hands.choose("bag")

    def leave(self) -> None:
        """Give up whatever is still being programmed: the pump shows again what it showed before."""
        for _ in range(_MOST_SCREENS):
            if isinstance(self.hands.page, Home | Areas | Running):
                return
            offered = {choice.id for choice in self.hands.pump.screen().choices}
            self.hands.choose(next(one for one in ("cancel", "back", "skip") if one in offered))
        raise AssertionError("every screen of programming can be left")
