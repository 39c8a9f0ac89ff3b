"""
Hands at a pump: everything that is done to it, with its moment, so that the same can be done again.

A pump is deterministic: the same acts at the same moments give the same screens and notes. So what was done is all that
needs to be kept of a pump that must survive the end of its process.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, assert_never

from openinfusion.core.events import Alarm
from openinfusion.pump.machine import Pump
from openinfusion.pump.machine.pages import Page

What = Literal["choose", "enter", "wait", "call", "order"]


class LostError(Exception):
    """The pump shows a screen that was not expected: nothing that was not meant is keyed, and the order is refused."""


@dataclass(frozen=True, slots=True)
class Act:
    """
    One thing done at a pump.

    Attributes:
        at: the moment, in seconds of the pump's clock.
        what: a choice taken, a value keyed, time let pass, an alarm, or the order that an infusion came from.
        text: which.

    """

    at: Fraction
    what: What
    text: str


class Hands:
    """
    One pump and who acts on it.

    Attributes:
        pump: the pump.
        ordered: the order that each infusion was programmed from, by the name of the infusion.

    """

    def __init__(self, pump: Pump, *, tell: Callable[[Act], None] | None = None) -> None:
        self.pump = pump
        self.ordered: dict[str, str] = {}
        self._tell = tell

    @property
    def page(self) -> Page:
        """What the pump shows."""
        return self.pump.page

    def be_at(self, moment: Fraction) -> None:
        """Let time pass until a moment; one that has passed is now, for a clock may be set back."""
        if moment > self.pump.now:
            self.pump.advance(moment)

    def choose(self, *choices: str) -> None:
        """Take choices one after the other, each of which the screen must offer."""
        for choice in choices:
            self._must(Act(self.pump.now, "choose", choice))

    def enter(self, text: str) -> None:
        """Key a value, which the screen must take."""
        self._must(Act(self.pump.now, "enter", text))

    def wait(self, seconds: int | Fraction) -> None:
        """Let time pass."""
        self._must(Act(self.pump.now, "wait", str(seconds)))

    def call(self, alarm: Alarm) -> None:
        """Let something happen at which the pump calls for help."""
        self._must(Act(self.pump.now, "call", alarm.value))

    def name_order(self, order_id: str) -> None:
        """Note which order the infusion came from."""
        self._must(Act(self.pump.now, "order", order_id))

    def _must(self, act: Act) -> None:
        if self._tell is not None:
            self._tell(act)
        beep = self._do(act)
        if beep is not None:
            page = type(self.page).__name__
            raise LostError(f"the pump shows {page} and does not take {act.text!r}: {beep}")

    def do_again(self, acts: Iterable[Act]) -> None:
        """Do what was done before; what the pump did not take then it does not take now."""
        for act in acts:
            self.be_at(act.at)
            self._do(act)

    def _do(self, act: Act) -> str | None:
        pump = self.pump
        match act.what:
            case "choose":
                return pump.choose(act.text)
            case "enter":
                return pump.enter(act.text)
            case "wait":
                pump.wait(Fraction(act.text))
            case "call":
                pump.call(Alarm(act.text))
            case "order":
                infusion = pump.channel.infusion
                if infusion is not None:
                    self.ordered[infusion.id] = act.text
            case _:
                assert_never(act.what)
        return None
