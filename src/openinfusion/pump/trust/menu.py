"""What a pump offers in a care area, and how often staff take it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from openinfusion.core.dosing import check
from openinfusion.core.entry import Entry, EntryType, Mode
from openinfusion.core.library import Concentration, Library, Limits, Population
from openinfusion.core.programme import Problem, Programme
from openinfusion.core.units import KG, MINUTES, ML, Quantity

ADULT_WEIGHT = {
    Population.ADULT: (45, 120),
    Population.OBSTETRIC: (55, 110),
    Population.PAEDIATRIC: (4, 45),
    Population.NEONATAL: (1, 4),
}
"""Lightest and heaviest patient in kg."""
Strength = tuple[Quantity | None, Quantity | None]


@dataclass(frozen=True)
class Offer:
    """One entry as staff use it: what they type, within which usual range, and in which strength."""

    entry: Entry
    name: str
    usual: Limits
    duration: Limits | None
    volume: Limits | None
    strength: Strength
    population: Population

    @property
    def mode(self) -> Mode:
        return Mode(self.entry.type.value)

    @cached_property
    def limits(self) -> Limits:
        """The limits of what is typed, in the unit of the pump's own entry."""
        return _typed(self.entry)[1] or self.usual

    def value(self, amount: Fraction) -> Quantity:
        """Return what staff meant, in the unit in which this pump asks for it."""
        return Quantity(amount, self.usual.unit).to(self.limits.unit)

    def programme(self, value: Quantity, *, weight: Quantity, duration: Fraction | None = None) -> Programme:
        """Return a programme of this entry with everything that it asks for."""
        amount, diluent = self.strength
        pca = self.entry.pca
        return Programme(
            care_area=self.entry.care_area,
            entry=self.entry.id,
            mode=self.mode,
            dose=value if self.name == "dose" else None,
            rate=value if self.name == "rate" else None,
            volume=_fluid_volume(self.volume) if self.mode is Mode.FLUID else None,
            duration=None if duration is None else Quantity(duration, MINUTES),
            amount=amount,
            diluent=diluent,
            weight=weight,
            lockout=_usual(pca.lockout) if pca else None,
            accumulated=_usual(pca.accumulated) if pca else None,
        )

    def nominal(self) -> Programme:
        """Return the programme that nobody would question."""
        weight = Quantity(Fraction(sum(ADULT_WEIGHT[self.population]), 2), KG)
        minutes = self.duration.usual if self.duration and self.mode is Mode.INTERMITTENT else None
        return self.programme(self.value(self.usual.usual or Fraction(1)), weight=weight, duration=minutes)


@dataclass(frozen=True)
class Menu:
    """The offers of a care area by the type of infusion, each with its weight."""

    by_type: Mapping[EntryType, dict[int, float]]
    offers: tuple[Offer, ...]
    newest: Library

    @classmethod
    def of(cls, library: Library, newest: Library, *, area: str, kind: str, popularity: Mapping[str, float]) -> "Menu":
        offers = tuple(_offers(library, newest, area=area, kind=kind))
        by_type: dict[EntryType, dict[int, float]] = {}
        for place, offer in enumerate(offers):
            by_type.setdefault(offer.entry.type, {})[place] = popularity.get(offer.entry.drug, 1.0)
        return cls(by_type, offers, newest)

    def find(self, drug: str) -> Offer | None:
        """Return the first offer of a drug by continuous infusion, if any."""
        return next((o for o in self.offers if o.entry.drug == drug and o.mode is Mode.CONTINUOUS), None)


def _offers(library: Library, newest: Library, *, area: str, kind: str) -> Iterator[Offer]:
    right = {_key(entry): entry for entry in newest.entries}
    for entry in library.entries:
        if entry.care_area != area or entry.anaesthesia_only or (entry.delivered_by and kind not in entry.delivered_by):
            continue
        meant = newest.find_entry(entry.id) or right.get(_key(entry), entry)
        offer = _offer(entry, meant, library)
        if offer is not None and _is_programmable(offer, library):
            yield offer


def _key(entry: Entry) -> tuple[object, ...]:
    return (entry.care_area, entry.drug, entry.type, entry.therapy)


def _typed(entry: Entry) -> tuple[str, Limits | None]:
    """Return what staff type on an entry, dose or rate, with its limits."""
    if entry.pca is not None:
        return "dose", entry.pca.dose
    return ("dose", entry.dose) if entry.dose is not None else ("rate", entry.rate)


def _offer(entry: Entry, meant: Entry, library: Library) -> Offer | None:
    name, usual = _typed(meant)
    if usual is None or usual.usual is None or usual.usual_max is None:
        return None
    return Offer(
        entry=entry,
        name=name,
        usual=usual,
        duration=meant.duration,
        volume=meant.volume,
        strength=_strength(entry.concentration, meant.concentration),
        population=library.care_area(entry.care_area).population,
    )


def _strength(own: Concentration | None, meant: Concentration | None) -> Strength:
    """Return what the bedside must enter: nothing where the entry fixes the strength."""
    if own is None or not own.is_open or meant is None:
        return None, None
    return meant.amount if own.amount is None else None, meant.volume if own.volume is None else None


def _is_programmable(offer: Offer, library: Library) -> bool:
    """Whether the nominal programme meets nothing worse than a limit."""
    findings = check(offer.nominal(), library).findings
    return not any(f.problem not in (None, Problem.NO_LIMITS) for f in findings)


def _usual(limits: Limits | None) -> Quantity | None:
    if limits is None:
        return None
    value = limits.usual or limits.soft_max or limits.hard_max
    return None if value is None else Quantity(value, limits.unit)


def _fluid_volume(limits: Limits | None) -> Quantity:
    most = limits.usual_max if limits is not None and limits.usual_max is not None else Fraction(50)
    return Quantity(most, ML)
