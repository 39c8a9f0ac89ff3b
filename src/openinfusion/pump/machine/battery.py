"""The battery of a pump: it runs down off the mains and charges on it, second for second."""

from fractions import Fraction

from openinfusion.pump.machine.model import PumpModel


class Battery:
    """How long the pump can still run without mains, in seconds."""

    def __init__(self, model: PumpModel) -> None:
        self._full = Fraction(model.battery)
        self._low = Fraction(model.battery_low)
        self.charge = self._full
        self.on_mains = True
        self.is_low_told = False

    def flow(self, seconds: Fraction, *, is_on: bool) -> None:
        """Let time pass."""
        if self.on_mains:
            self.charge = min(self.charge + seconds, self._full)
        elif is_on:
            self.charge = max(self.charge - seconds, Fraction(0))

    def plug(self, *, in_mains: bool) -> None:
        """Put the plug in, or pull it."""
        self.on_mains, self.is_low_told = in_mains, False

    def until_low(self) -> Fraction | None:
        """Return in how many seconds it will be low; ``None`` if it will not, or has been told."""
        return None if self.on_mains or self.is_low_told else self.charge - self._low

    def until_empty(self) -> Fraction | None:
        """Return in how many seconds it will be empty; ``None`` on mains."""
        return None if self.on_mains else self.charge
