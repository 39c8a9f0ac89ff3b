"""The hands at the pump: what each kind of step does, in words and in deed."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from openinfusion.core.events import Alarm, Kind
from openinfusion.core.numbers import decimal_text
from openinfusion.core.units import ML
from openinfusion.pump.scenarios.scenario import Act, Step

if TYPE_CHECKING:
    from openinfusion.pump.scenarios.playing import Player

Done = tuple[str, str | None]
"""What was done, in words, and why the pump did not take it."""


def _choose(player: "Player", step: Step) -> Done:
    choice = player.chosen(step.what)
    if choice is None and not step.may_beep:
        raise player.error(f"choose {step.what!r}", player.offers())
    words = f"chooses “{choice.label}”" if choice is not None else f"looks for “{step.what}”, which is not there"
    return words, player.pump.choose(choice.id if choice is not None else step.what)


def _enter(player: "Player", step: Step) -> Done:
    ask = player.pump.screen().ask
    if ask is None:
        if not step.may_beep:
            raise player.error(f"enter {step.what!r}", player.offers())
        return f"keys {step.what}", player.pump.enter(step.what)
    if not step.what:
        return f"takes what is offered for “{ask.what}”: {ask.offered or 'nothing'}", player.pump.enter("")
    has_unit = not ask.unit or not (step.what[-1].isdigit() or step.what[-1] == ".")
    keyed = step.what if has_unit else f"{step.what} {ask.unit}"
    return f"keys {keyed} for “{ask.what}”", player.pump.enter(step.what)


def _load(player: "Player", step: Step) -> Done:
    stock = player.scenario.container(step.what)
    if stock is None:
        known = ", ".join(repr(one.id) for one in player.scenario.stock)
        raise player.error(f"load {step.what!r}", f"a container of the stock: {known}")
    if stock.line == "secondary":
        player.loaded.append(stock)
        return f"connects and opens: {stock.label}", None
    pump, before = player.pump, len(player.notes)
    left = decimal_text(stock.left.to(ML).value)
    beep = pump.enter(left) if pump.model.takes_syringes else pump.choose("bag")
    if any(note.kind is Kind.CONTAINER_CHANGED for note in player.notes[before:]):
        player.loaded.append(stock)
    elif beep is None:
        raise player.error(f"load {step.what!r}", player.offers())
    return f"puts in: {stock.label}", beep


def _happens(player: "Player", step: Step) -> Done:
    try:
        alarm = Alarm(step.what)
    except ValueError:
        known = ", ".join(alarm.value for alarm in Alarm)
        raise player.error(f"happens {step.what!r}", f"one of {known}") from None
    player.pump.call(alarm)
    return f"{alarm.value.replace('_', ' ')}: the pump calls", None


def _power(player: "Player", step: Step) -> Done:  # noqa: ARG001 - every hand takes both
    words = "switches the pump off" if player.pump.is_on else "switches the pump on"
    return words, player.pump.choose("power")


def _clear(player: "Player", step: Step) -> Done:
    if not player.pump.calls.active and not step.may_beep:
        raise player.error("clear, and no alarm", player.offers())
    return "answers the alarm", player.pump.choose("clear")


def _plug(player: "Player", step: Step) -> Done:
    player.pump.plug(in_mains=step.what == "in")
    return "puts the plug in" if step.what == "in" else "pulls the plug", None


def _stage(player: "Player", step: Step) -> Done:
    library = player.library(step.what)
    return f"library {library.name.version} arrives at the pump", player.pump.stage(library)


def _move(player: "Player", step: Step) -> Done:
    player.pump.move(step.what)
    return f"the pump is now in {step.what}", None


HANDS: Mapping[Act, Callable[["Player", Step], Done]] = {
    Act.CHOOSE: _choose,
    Act.ENTER: _enter,
    Act.LOAD: _load,
    Act.HAPPENS: _happens,
    Act.POWER: _power,
    Act.CLEAR: _clear,
    Act.PLUG: _plug,
    Act.STAGE: _stage,
    Act.MOVE: _move,
}
