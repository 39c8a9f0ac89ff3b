"""The power key, the mains plug and the battery, and what becomes of the settings while a pump is off."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from openinfusion.core.events import Alarm, Kind
from openinfusion.pump.machine.channel import Due
from openinfusion.pump.machine.flow import Status
from openinfusion.pump.machine.pages import Areas, Beep, Keep, Off, Patient

if TYPE_CHECKING:
    from openinfusion.pump.machine.pump import Pump


class Power:
    """The power of a pump: on or off, and since when."""

    def __init__(self, pump: "Pump") -> None:
        self._pump = pump
        self._off_since: Fraction | None = None

    def press(self) -> Beep:
        """Take the power key."""
        pump = self._pump
        if pump.is_on:
            self.switch_off()
        elif pump.battery.until_empty() == 0:
            return "the battery is empty"
        else:
            self._switch_on()
        return None

    def switch_off(self) -> None:
        """Stop what flows, answer what waits for an answer, forget the settings if the model does not keep them."""
        pump = self._pump
        pump.give_up("switched off")
        infusion = pump.channel.infusion
        if infusion is not None and (pump.channel.is_flowing or infusion.status is not Status.PAUSED):
            pump.channel.pause("powered off", reason="switched off")
        pump.calls.clear_all(pump.now)
        if not pump.model.keeps_settings:
            pump.channel.stop_all("switched off")
        pump.note(Kind.POWER_OFF, {})
        self._off_since = pump.now
        pump.page = Off()

    def _switch_on(self) -> None:
        pump = self._pump
        pump.page = Areas()
        pump.battery.is_low_told = False
        pump.note(Kind.POWER_ON, {})
        if self._off_since is not None and pump.now - self._off_since > pump.model.keeps_settings:
            pump.channel.stop_all("settings no longer kept")
        if pump.channel.infusion is not None:
            pump.page = Keep()
            return
        if pump.slots.staged is not None:
            pump.activate()
        knows_somebody = pump.episode is not None or pump.area is not None or pump.weight is not None
        pump.page = Patient() if knows_somebody else Areas()

    def plug(self, *, in_mains: bool) -> None:
        """Put the plug in, or pull it."""
        pump = self._pump
        if in_mains is pump.battery.on_mains:
            return
        pump.battery.plug(in_mains=in_mains)
        if pump.is_on:
            pump.note(Kind.POWER_SOURCE, {}, power="mains" if in_mains else "battery")
            pump.calls.clear(Alarm.BATTERY_LOW, pump.now)

    def dues(self) -> Iterator[Due]:
        """Yield what the battery brings: after how many seconds, and what."""
        battery = self._pump.battery
        for seconds, happens in ((battery.until_low(), self._low), (battery.until_empty(), self._empty)):
            if seconds is not None:
                yield seconds, happens

    def _low(self) -> None:
        self._pump.battery.is_low_told = True
        self._pump.call(Alarm.BATTERY_LOW)

    def _empty(self) -> None:
        self._pump.call(Alarm.BATTERY_DEPLETED)
        self.switch_off()
