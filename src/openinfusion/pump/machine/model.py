"""What a model of pump can do, as data: rates, volumes, display, memory, battery, and the largest library."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Literal

from openinfusion.core.event_parts import Container
from openinfusion.core.library import Library
from openinfusion.core.units import ML, ML_PER_H, Quantity

PumpKind = Literal["syringe pump", "large-volume pump"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateBand:
    """
    The step in which a rate can be set, up to a rate.

    Attributes:
        up_to: the fastest rate of the band, in mL/h.
        step: the step, in mL/h.

    """

    up_to: Fraction
    step: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """
    The largest library that a pump holds; ``None`` where its maker sets no bound.

    Attributes:
        care_areas: how many care areas (profiles).
        entries: how many entries in all.
        entries_per_area: how many entries in one care area.
        drugs: how many drugs.
        therapies: how many different therapies.
        advisories: how many advisories.

    """

    care_areas: int | None = None
    entries: int | None = None
    entries_per_area: int | None = None
    drugs: int | None = None
    therapies: int | None = None
    advisories: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpModel:
    """
    One model of pump. Rates are in mL/h, volumes in mL, times in seconds.

    Attributes:
        id: name of the model in files and commands.
        maker: who makes it.
        model: what it is called.
        kind: syringe pump or large-volume pump.
        software: version of its software.
        rates: the bands of rates that can be set, slowest first.
        lowest_rate: the slowest rate.
        bolus_rate: the rate of a bolus for which nothing says another.
        bolus_volume: the largest volume of one bolus, whatever the library says.
        hold_to_deliver: whether a bolus flows only while its key is held.
        largest_volume: the largest volume to be infused.
        syringes: sizes of the syringes that it takes; empty for a large-volume pump.
        name_characters: how many characters of a name its display shows.
        memory: how many records it keeps; older ones are overwritten.
        near_end: how long before the end it calls; zero: never.
        kvo_grace: how long it keeps the vein open before it calls.
        callback: how long a pause may last before it calls.
        unanswered: how long an alert waits for an answer.
        keeps_settings: how long after it was switched off its settings can be taken up again; zero: never.
        battery: how long a full battery lasts.
        battery_low: how long before it is empty the pump calls.
        capacity: the largest library that it holds.

    """

    id: str
    maker: str
    model: str
    kind: PumpKind
    software: str
    rates: tuple[RateBand, ...]
    lowest_rate: Fraction
    bolus_rate: Fraction
    bolus_volume: Fraction
    hold_to_deliver: bool
    largest_volume: Fraction
    syringes: tuple[Fraction, ...] = ()
    name_characters: int
    memory: int
    near_end: int
    kvo_grace: int
    callback: int
    unanswered: int
    keeps_settings: int
    battery: int
    battery_low: int
    capacity: Capacity

    @property
    def takes_syringes(self) -> bool:
        """Whether it is a syringe pump, which knows how much its container holds."""
        return bool(self.syringes)

    @property
    def fastest(self) -> Fraction:
        """The fastest rate that can be set, in mL/h."""
        return self.rates[-1].up_to

    def step_at(self, rate: Fraction) -> Fraction:
        """Return the step in which a rate near this one can be set, in mL/h; a band reaches up to the next one."""
        return next((band.step for band in self.rates if rate < band.up_to + band.step), self.rates[-1].step)

    def settable(self, rate: Fraction) -> Fraction:
        """Return the fastest rate that can be set and is not above this one, in mL/h."""
        step = self.step_at(rate)
        return min(floor(rate / step) * step, self.fastest)

    def why_not_rate(self, rate: Fraction) -> str | None:
        """Return why the pump cannot run at a rate, or ``None`` if it can."""
        slowest, fastest = Quantity(self.lowest_rate, ML_PER_H), Quantity(self.fastest, ML_PER_H)
        if self.lowest_rate <= rate <= self.fastest:
            return None
        return f"a rate of {Quantity(rate, ML_PER_H)}; this pump runs from {slowest} to {fastest}"

    def why_not_volume(self, volume: Fraction, *, is_bolus: bool = False) -> str | None:
        """Return why the pump cannot be set to give a volume in mL, or ``None`` if it can."""
        most, words = (self.bolus_volume, "in one bolus ") if is_bolus else (self.largest_volume, "")
        if 0 < volume <= most:
            return None
        return f"a volume of {Quantity(volume, ML)}; this pump gives {words}at most {Quantity(most, ML)}"

    def container(self, volume: Quantity | None) -> Container | str:
        """Return the syringe for a volume, or a bag where nobody says it; a text is why the pump cannot take it."""
        if volume is None:
            return "this pump takes a syringe" if self.takes_syringes else Container(type="bag")
        if not self.takes_syringes:
            return "this pump takes a bag"
        size = next((size for size in self.syringes if volume.to(ML).value <= size), None)
        if size is None:
            return f"at most {Quantity(self.syringes[-1], ML)}"
        return Container(type="syringe", volume=volume, size=Quantity(size, ML))

    def why_not_library(self, library: Library) -> str | None:
        """Return why the pump cannot hold a library, or ``None`` if it can."""
        per_area = [sum(e.care_area == area.id for e in library.entries) for area in library.care_areas]
        therapies = {entry.therapy for entry in library.entries if entry.therapy}
        most = self.capacity
        for noun, count, limit in (
            ("care areas", len(library.care_areas), most.care_areas),
            ("entries", len(library.entries), most.entries),
            ("entries in one care area", max(per_area, default=0), most.entries_per_area),
            ("drugs", len(library.drugs), most.drugs),
            ("therapies", len(therapies), most.therapies),
            ("advisories", len(library.advisories), most.advisories),
        ):
            if limit is not None and count > limit:
                return f"{count:,} {noun}; this pump holds {limit:,}"
        return None
