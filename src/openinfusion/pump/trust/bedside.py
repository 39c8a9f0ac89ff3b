"""A pump at the bedside: hands that key at a moment, while things happen to the pump in their own time."""

from collections.abc import Callable
from fractions import Fraction

from openinfusion.pump.machine import Pump

HOUR = 3600.0
DAY = 86_400.0
_TENTHS = 10
Happening = Callable[[], None]


class LostError(Exception):
    """Staff met a screen that they did not expect: a fault of this simulation, told and counted, never hidden."""


class Bedside:
    """
    One pump and what is going to happen to it without anybody at the bedside, such as an update or a move.

    Moments are seconds of the epoch as ``float``, since they are drawn by chance; the pump gets them as exact tenths.
    """

    def __init__(self, pump: Pump) -> None:
        self.pump = pump
        self._coming: list[tuple[float, int, Happening]] = []

    def expect(self, at: float, happening: Happening) -> None:
        """Let something happen at a moment, or as soon as the pump gets there."""
        self._coming.append((at, len(self._coming), happening))
        self._coming.sort(key=lambda one: one[:2], reverse=True)

    def wait_until(self, at: float) -> None:
        """Let time pass, with all that happens meanwhile; a moment that has passed is now."""
        while self._coming and self._coming[-1][0] <= at:
            due, _, happening = self._coming.pop()
            self._advance(due)
            happening()
        self._advance(at)

    def _advance(self, at: float) -> None:
        moment = Fraction(round(at * _TENTHS), _TENTHS)
        if moment > self.pump.now:
            self.pump.advance(moment)

    @property
    def now(self) -> float:
        return float(self.pump.now)

    def wait(self, seconds: float) -> None:
        self.wait_until(self.now + seconds)

    def choose(self, *choices: str) -> None:
        """Take choices one after the other, each of which the screen must offer."""
        for choice in choices:
            self._must(self.pump.choose(choice), choice)

    def clear(self) -> None:
        """Answer whatever the pump calls for."""
        if self.pump.calls.active:
            self.choose("clear")

    def enter(self, text: str) -> None:
        """Key a value, which the screen must take."""
        self._must(self.pump.enter(text), text)

    def _must(self, beep: str | None, what: str) -> None:
        if beep is not None:
            page = type(self.pump.page).__name__
            raise LostError(f"pump {self.pump.number} on {page} does not take {what!r}: {beep}")

    def ends_in(self) -> float | None:
        """Return in how many seconds what flows ends by itself, if it does."""
        stream = self.pump.channel.stream
        left = None if stream is None else stream.seconds_left()
        return None if left is None else float(left)

    def empties_in(self) -> float | None:
        """Return in how many seconds the syringe will be empty, if it will."""
        stream, left = self.pump.channel.stream, self.pump.channel.left
        return None if stream is None or left is None else float(stream.seconds_until(left))
