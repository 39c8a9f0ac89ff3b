"""
The library as rules look at it: rows with their drug and area at hand, families of siblings, and every text.

Everything is indexed once per review, so that a rule is a short function over its own subjects.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import combinations

from openinfusion.core.library import (
    Advisory,
    CareArea,
    Delivery,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Population,
)
from openinfusion.core.numbers import show_number
from openinfusion.core.review.facts import LOOK_ALIKE, is_named, is_on_high_alert_list
from openinfusion.core.review.finding import Fault, Place, Severity
from openinfusion.core.review.thresholds import Thresholds
from openinfusion.core.units import Kind, PatientBasis, Quantity

_ML_PER_H = 60
_is_listed = lru_cache(maxsize=4096)(is_on_high_alert_list)
_is_named = lru_cache(maxsize=65536)(is_named)
YOUNG = frozenset({Population.PAEDIATRIC, Population.NEONATAL})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entry with its drug and care area."""

    number: int
    entry: Entry
    drug: Drug
    area: CareArea

    def at(self, path: str, message: str, severity: Severity | None = None) -> Fault:
        """Return a fault at a path inside this entry."""
        return Fault(self.place(path), message, severity)

    def place(self, path: str = "") -> Place:
        """Return a place inside this entry, by path and in words."""
        concentration = self.entry.concentration
        return Place(
            path=f"entries[{self.number}]" + (f".{path}" if path else ""),
            item=self.entry.id,
            drug=self.drug.name,
            care_area=self.area.name,
            therapy=self.entry.therapy,
            strength=concentration.text if concentration else None,
        )

    @cached_property
    def words(self) -> str:
        """The entry in a few words without its drug: "Adult critical care, sedation, 2.5 mg in 50 mL"."""
        concentration = self.entry.concentration
        parts = (self.area.name, self.entry.therapy, concentration.text if concentration else None)
        return ", ".join(part for part in parts if part)

    @cached_property
    def is_high_alert(self) -> bool:
        """Whether the library flags the drug, or the ISMP list names it: a forgotten flag must not silence rules."""
        return self.drug.high_alert or _is_listed(self.drug.name)

    @property
    def is_open(self) -> bool:
        """Whether the concentration is entered at the bedside."""
        return self.entry.concentration is not None and self.entry.concentration.is_open

    @property
    def strength(self) -> Quantity | None:
        """The fixed strength per mL; ``None`` when open, per kg, or absent."""
        return self.entry.concentration.per_ml if self.entry.concentration else None

    @property
    def strength_words(self) -> str:
        """The fixed strength as a screen shows it: 30 mg/mL, not 0.03 g/mL."""
        return str(self.strength.without_small_decimals()) if self.strength else "no fixed strength"

    @property
    def is_young(self) -> bool:
        """Whether the area treats children or neonates."""
        return self.area.population in YOUNG

    @cached_property
    def parts(self) -> tuple["Part", ...]:
        """Every group of limits of the entry."""
        return tuple(Part(self, path, limits) for path, limits in self.entry.all_limits())

    @cached_property
    def doses(self) -> tuple["Part", ...]:
        """What the entry limits as a dose in each mode; the rate, where that is what a fluid is given by."""
        paths = ["dose", "bolus.dose", "loading.dose", "pca.dose"]
        if self.entry.type is EntryType.FLUID and self.entry.dose is None:
            paths.append("rate")
        return tuple(part for part in self.parts if part.path in paths)

    @property
    def is_by_weight(self) -> bool:
        """Whether any dose of the entry, or its syringe, is counted per kg."""
        amount = self.entry.concentration.amount if self.entry.concentration else None
        units = [part.limits.unit for part in self.parts] + ([amount.unit] if amount else [])
        return any(unit.patient is PatientBasis.KG for unit in units)

    @property
    def given_once(self) -> Iterator[tuple[str, Delivery]]:
        """The bolus and the loading dose, where the entry has them."""
        for name, delivery in (("bolus", self.entry.bolus), ("loading", self.entry.loading)):
            if delivery is not None:
                yield name, delivery

    def is_a(self, medicine: str) -> bool:
        """Whether the drug's name says this medicine."""
        return _is_named(self.drug.name, medicine)

    def has_decision(self, path: str) -> bool:
        """Whether somebody recorded a decision about a field of the entry, or about the group it belongs to."""
        return any(path == d.field or path.startswith(f"{d.field}.") for d in self.entry.decisions)

    def ml_per_h(self, dose: Quantity, weight: Fraction | None) -> Fraction | None:
        """
        Return the rate of a dose per time at a fixed strength, exactly, for a weight in kg.

        ``None`` if it cannot be known: an open concentration, a body surface area, or no weight.
        """
        amount = dose.value * dose.unit.scale * _ML_PER_H
        if dose.unit.kind is Kind.VOLUME:
            return _for_patient(amount, dose.unit.patient, weight)
        concentration = self.entry.concentration
        if concentration is None or concentration.strength is None or concentration.amount is None:
            return None
        needed = _for_patient(amount, dose.unit.patient, weight)
        per_ml = _for_patient(concentration.strength, concentration.amount.unit.patient, weight)
        return None if needed is None or per_ml is None else needed / per_ml

    @cached_property
    def lightest(self) -> Fraction | None:
        """The lowest weight in kg that the area allows or expects."""
        return _weight(self.area, "hard_min", "soft_min")

    @cached_property
    def heaviest(self) -> Fraction | None:
        """The highest weight in kg that the area allows or expects."""
        return _weight(self.area, "hard_max", "soft_max")


def _weight(area: CareArea, *names: str) -> Fraction | None:
    if area.weight is None:
        return None
    found = next((q for q in map(area.weight.quantity, names) if q is not None), None)
    return None if found is None else found.value * found.unit.scale / 1000


def _for_patient(amount: Fraction, basis: PatientBasis, weight: Fraction | None) -> Fraction | None:
    if basis is PatientBasis.NONE:
        return amount
    return amount * weight if basis is PatientBasis.KG and weight is not None else None


@dataclass(frozen=True, slots=True)
class Part:
    """One group of limits of an entry, with its path inside the entry."""

    row: Row
    path: str
    limits: Limits

    def at(self, name: str, message: str, severity: Severity | None = None) -> Fault:
        """Return a fault at one value of this group."""
        return self.row.at(f"{self.path}.{name}" if name else self.path, message, severity)

    def shown(self, name: str) -> str:
        """Return one value as a screen shows it; only ask for a value that is set."""
        return str(self.limits.quantity(name))

    @property
    def lower_usual(self) -> Fraction | None:
        """The lowest dose in ordinary use."""
        return self.limits.usual_min or self.limits.initial or self.limits.usual_max

    @property
    def top(self) -> Fraction | None:
        """The highest limit, hard before soft."""
        return self.limits.soft_max if self.limits.hard_max is None else self.limits.hard_max

    @property
    def bottom(self) -> Fraction | None:
        """The lowest limit, hard before soft."""
        return self.limits.soft_min if self.limits.hard_min is None else self.limits.hard_min


@dataclass(frozen=True, slots=True)
class Family:
    """All entries of one drug, when there are at least two."""

    drug: Drug
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The entries of two look-alike drugs in one pick list."""

    names: tuple[str, str]
    first: tuple[Row, ...]
    second: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """Two drugs that stand in one pick list: the first entries of both in the first such area, and how many areas."""

    first: Row
    second: Row
    areas: int


@dataclass(frozen=True, slots=True)
class Area:
    """A care area with its entries."""

    number: int
    area: CareArea
    rows: tuple[Row, ...]

    def rows_of(self, medicine: str) -> tuple[Row, ...]:
        """Return the area's entries of one medicine, by its name."""
        return tuple(row for row in self.rows if row.is_a(medicine))

    def at(self, path: str, message: str, severity: Severity | None = None) -> Fault:
        """Return a fault at a path inside this care area."""
        where = f"care_areas[{self.number}]" + (f".{path}" if path else "")
        return Fault(Place(path=where, item=self.area.id, care_area=self.area.name), message, severity)


@dataclass(frozen=True, slots=True)
class Medicine:
    """A drug of the master list with its place in it."""

    number: int
    drug: Drug

    def at(self, path: str, message: str, severity: Severity | None = None) -> Fault:
        """Return a fault at a path inside this drug."""
        where = f"drugs[{self.number}]" + (f".{path}" if path else "")
        return Fault(Place(path=where, item=self.drug.id, drug=self.drug.name), message, severity)


@dataclass(frozen=True, slots=True)
class Notice:
    """An advisory with its place in the list."""

    number: int
    advisory: Advisory

    def at(self, path: str, message: str, severity: Severity | None = None) -> Fault:
        """Return a fault at a path inside this advisory."""
        words = self.advisory.name or self.advisory.text.strip() or self.advisory.id
        where = f"advisories[{self.number}]" + (f".{path}" if path else "")
        return Fault(
            Place(path=where, item=self.advisory.id, advisory=words),
            message,
            severity,
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A text that a pump shows: a name, a therapy or an advisory."""

    owner: Row | Area | Medicine | Notice
    path: str
    words: str

    def at(self, message: str) -> Fault:
        """Return a fault about this text."""
        return self.owner.at(self.path, message)


def whole(message: str, path: str = "library") -> Fault:
    """Return a fault of the library as a whole."""
    return Fault(Place(path=path), message)


def rows_of(library: Library) -> tuple[Row, ...]:
    """Return every entry with its drug and care area, in the order of the document."""
    return tuple(
        Row(number=number, entry=entry, drug=library.drug(entry.drug), area=library.care_area(entry.care_area))
        for number, entry in enumerate(library.entries)
    )


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A library with all its indexes, and what to hold it against."""

    library: Library
    at: date
    thresholds: Thresholds = field(default_factory=Thresholds)
    parent: Library | None = None

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every entry in the order of the document."""
        return rows_of(self.library)

    @cached_property
    def doses(self) -> tuple[Part, ...]:
        """Every group of limits that is a dose, in the order of the document."""
        return tuple(part for row in self.rows for part in row.doses)

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """The drugs with at least two entries."""
        return tuple(Family(rows[0].drug, rows) for rows in self._by_drug.values() if len(rows) > 1)

    @cached_property
    def _by_drug(self) -> Mapping[str, tuple[Row, ...]]:
        return {rows[0].drug.id: rows for rows in group(self.rows, [row.drug.id for row in self.rows])}

    def rows_of_drug(self, drug: str) -> tuple[Row, ...]:
        """Return the entries of a drug by its id."""
        return self._by_drug.get(drug, ())

    @cached_property
    def areas(self) -> tuple[Area, ...]:
        """Every care area with its entries."""
        rows: dict[str, list[Row]] = {area.id: [] for area in self.library.care_areas}
        for row in self.rows:
            rows[row.area.id].append(row)
        return tuple(Area(n, area, tuple(rows[area.id])) for n, area in enumerate(self.library.care_areas))

    @cached_property
    def medicines(self) -> tuple[Medicine, ...]:
        """Every drug of the master list."""
        return tuple(Medicine(number, drug) for number, drug in enumerate(self.library.drugs))

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """Every advisory."""
        return tuple(Notice(number, advisory) for number, advisory in enumerate(self.library.advisories))

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Every text that a pump shows."""
        return tuple(
            [Text(m, "name", m.drug.name) for m in self.medicines]
            + [Text(a, "name", a.area.name) for a in self.areas]
            + [Text(r, "therapy", r.entry.therapy) for r in self.rows if r.entry.therapy]
            + [Text(n, "text", n.advisory.text) for n in self.notices]
        )

    @cached_property
    def look_alikes(self) -> tuple[Pair, ...]:
        """For each area, the pairs of the look-alike list that stand in one pick list."""
        pairs = []
        for area in self.areas:
            for first, second in LOOK_ALIKE:
                ones, others = area.rows_of(first), area.rows_of(second)
                if ones and others and ones[0].drug is not others[0].drug:
                    pairs.append(Pair((first, second), ones, others))
        return tuple(pairs)

    @cached_property
    def neighbours(self) -> tuple[Beside, ...]:
        """Every two drugs that some pick list shows, once each, whatever the number of areas."""
        found: dict[tuple[str, str], tuple[Row, Row]] = {}
        counts: dict[tuple[str, str], int] = {}
        for area in self.areas:
            firsts = {row.drug.id: row for row in reversed(area.rows)}
            for one, other in combinations(sorted(firsts), 2):
                counts[one, other] = counts.get((one, other), 0) + 1
                found.setdefault((one, other), (firsts[one], firsts[other]))
        return tuple(Beside(*rows, counts[pair]) for pair, rows in found.items())

    def is_critical_care(self, area: CareArea) -> bool:
        """Whether patients of this area are monitored continuously, as its name says."""
        name = area.name.casefold()
        return any(word in name for word in self.thresholds.critical_care_words)

    @cached_property
    def parent_entries(self) -> Mapping[str, Entry]:
        """The entries of the library that this one was made from, by id; empty without a parent."""
        return {} if self.parent is None else {entry.id: entry for entry in self.parent.entries}


LIMIT_WORDS = {
    "hard_min": "hard minimum",
    "soft_min": "soft minimum",
    "soft_max": "soft maximum",
    "hard_max": "hard maximum",
}


def bounds_text(limits: Limits) -> str:
    """Return the limits that are set, without the usual range: "soft minimum 2, hard maximum 20 mg/h"."""
    named = ((words, limits.quantity(name)) for name, words in LIMIT_WORDS.items())
    shown = [f"{words} {show_number(bound.value)}" for words, bound in named if bound is not None]
    return f"{', '.join(shown)} {limits.unit.text}"


def group(rows: Sequence[Row], keys: Sequence[object]) -> tuple[tuple[Row, ...], ...]:
    """Return rows with equal keys together, in the order in which each key comes first."""
    groups: dict[object, list[Row]] = {}
    for row, key in zip(rows, keys, strict=True):
        groups.setdefault(key, []).append(row)
    return tuple(tuple(rows) for rows in groups.values())
