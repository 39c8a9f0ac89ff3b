"""The screens while there is an infusion: running, paused, keeping the vein open, standby, a new volume."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from openinfusion.core.entry import Mode
from openinfusion.core.units import ML, Quantity
from openinfusion.pump.machine import display
from openinfusion.pump.machine.attempt import Attempt, Purpose
from openinfusion.pump.machine.flow import Infusion, Status
from openinfusion.pump.machine.form import Asked, read_keyed
from openinfusion.pump.machine.pages import BACK, NOT_OFFERED, Beep, Load, Page, Search
from openinfusion.pump.machine.programming import Form, Summary
from openinfusion.pump.machine.screen import Ask, Choice, Screen

if TYPE_CHECKING:
    from openinfusion.pump.machine.pump import Pump

_CHANGED_BY_DOSE = (Mode.CONTINUOUS, Mode.FLUID, None)


class Running(Page):
    """The infusion, whatever it does."""

    def screen(self, pump: "Pump") -> Screen:
        """Show what flows and what can be done."""
        infusion = pump.channel.infusion
        lines = display.describe(infusion, pump) if infusion is not None else ()
        return Screen(display.infusion_title(pump), lines, tuple(self.choices(pump)))

    def choices(self, pump: "Pump") -> list[Choice]:
        """Return what can be done now."""
        infusion, stream = pump.channel.infusion, pump.channel.stream
        if infusion is None:
            return []
        if infusion.status is Status.STANDBY:
            return [Choice("wake", "End standby")]
        if stream is not None and stream.dose is not None:
            words = "Release" if pump.model.hold_to_deliver else "Stop the dose"
            return [Choice("release", words), Choice("pause", "Pause everything")]
        flows = stream is not None
        made = [Choice("pause", "Pause")] if flows else []
        if not flows and infusion.status is Status.WAITING:
            made = [Choice("pause", "Pause")]
        elif not flows:
            made = [Choice("start", "Start")]
        made += self._doses(pump, infusion)
        if not flows:
            made += [Choice("load", display.load_words(pump)), Choice("standby", "Standby")]
        return [*made, Choice("stop", "End the infusion")]

    def _doses(self, pump: "Pump", infusion: Infusion) -> list[Choice]:
        made = []
        entry = infusion.entry
        if _mode(infusion) in _CHANGED_BY_DOSE and len(infusion.steps) == 1 and not infusion.is_complete:
            is_dose = entry is not None and infusion.now.programme.dose is not None
            made.append(Choice("change", "Change the dose" if is_dose else "Change the rate"))
        if infusion.now.vtbi is not None and len(infusion.steps) == 1:
            made.append(Choice("volume", "Set a new volume"))
        if entry is not None and entry.bolus is not None:
            made.append(Choice("bolus", "Bolus"))
        if _mode(infusion) is Mode.PCA:
            made.append(Choice("demand", "(the patient's button)"))
        if infusion is pump.channel.primary and not pump.model.takes_syringes:
            made.append(Choice("secondary", "Secondary infusion"))
        return made

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Do it."""
        infusion = pump.channel.infusion
        if infusion is None or all(choice != offered.id for offered in self.choices(pump)):
            return NOT_OFFERED
        return _KEYS[choice](pump, infusion)


def _mode(infusion: Infusion) -> Mode | None:
    return infusion.now.programme.mode


class Volume(Page):
    """A new volume to be infused, counted from now on."""

    asked = Asked("volume", "volume to be infused", ML)

    def __init__(self, infusion: Infusion) -> None:
        self.infusion = infusion

    def screen(self, pump: "Pump") -> Screen:
        """Ask for it."""
        return Screen("New volume", ("Key the volume to be infused from now on.",), (BACK,), Ask("volume", "mL"))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Leave it as it is."""
        return pump.go_home() if choice == "back" else NOT_OFFERED

    def enter(self, pump: "Pump", text: str) -> Beep:
        """Take it."""
        volume = read_keyed(text, self.asked)
        if not isinstance(volume, Quantity):
            return volume
        return Summary(Attempt.of_volume(self.infusion, volume)).confirm(pump)


def _flow_again(pump: "Pump", infusion: Infusion) -> Beep:
    why = pump.why_not_flow()
    if why is None:
        pump.channel.resume()
    return why


def _wake(pump: "Pump", infusion: Infusion) -> Beep:
    infusion.status = Status.PAUSED
    return None


def _stop(pump: "Pump", infusion: Infusion) -> Beep:
    pump.channel.stop()
    return pump.go_home()


def _change(pump: "Pump", infusion: Infusion) -> Beep:
    if infusion.entry is not None:
        return pump.begin_dose(infusion, infusion.entry, Purpose.CHANGE)
    return pump.go(Form(Attempt.basic(area=pump.area or "", known=infusion.known, of=infusion)))


def _bolus(pump: "Pump", infusion: Infusion) -> Beep:
    if infusion.entry is None:
        return NOT_OFFERED
    return pump.begin_dose(infusion, infusion.entry, Purpose.BOLUS)


_KEYS: Mapping[str, Callable[["Pump", Infusion], Beep]] = {
    "pause": lambda pump, _: pump.channel.pause("clinician"),
    "standby": lambda pump, _: pump.channel.pause("standby", reason="standby"),
    "start": _flow_again,
    "wake": _wake,
    "stop": _stop,
    "release": lambda pump, _: pump.channel.release(),
    "change": _change,
    "volume": lambda pump, infusion: pump.go(Volume(infusion)),
    "bolus": _bolus,
    "load": lambda pump, _: pump.go(Load()),
    "secondary": lambda pump, _: pump.go(Search(Purpose.SECONDARY)),
}
