"""
Find the entries on which a past infusion may have run, without guessing.

A record seldom says everything that a pump knew. Every entry that fits what it says is a *candidate*; entries that
the record cannot tell apart and that limit alike are one candidate. Where the strength is not known, rate, volume and
concentration are not known either, and only dose, weight and (for a single dose) duration can be held against limits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from openinfusion.core.infusions import Infusion
from openinfusion.core.library import Concentration, Entry, EntryType, Library, Mode
from openinfusion.core.programme import Parameter
from openinfusion.core.units import KG, ML, ML_PER_H, Kind, PatientBasis, Quantity, TimeBasis, Unit


class Unchecked(Enum):
    """Why an infusion could not be held against the library; the value is the reason in words."""

    DRUG = "the drug is not in the library"
    CARE_AREA = "the care area is not in the library"
    NOT_HERE = "the drug is not in the library of this care area"
    THERAPY = "no entry of the drug here is for this therapy"
    UNIT = "no entry of the drug here counts in a comparable unit"
    STRENGTH_UNKNOWN = "a rate in mL/h says no dose while the strength is not known"
    STRENGTH = "no entry of the drug here has the strength that the record gives, or that its dose and rate imply"
    WEIGHT = "weight missing: the dose or its limit is per kg or per m2"
    NO_LIMIT = "the entry has no limit that can be held against what the record says"


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    One entry, or several that limit alike, on which an infusion may have run.

    ``entry`` stands for all in ``entries``; ``known`` are the parameters that the record speaks of; ``amount`` in
    ``diluent`` completes an open concentration (where its strength is not known, with a stand-in that cancels out of
    every known parameter).
    """

    entry: Entry
    entries: tuple[str, ...]
    known: frozenset[Parameter]
    amount: Quantity | None = None
    diluent: Quantity | None = None

    @property
    def mode(self) -> Mode:
        """What was programmed: the entry's own kind of infusion."""
        return Mode(self.entry.type.value)


# A logged rate is rounded to what a pump shows: 0.1 mL/h, or 1 % where a record keeps three digits.
RATE_STEP = Fraction(1, 10)
RATE_SHARE = Fraction(1, 100)
_PATIENT = frozenset({Parameter.WEIGHT, Parameter.BODY_SURFACE_AREA})
_KNOWN_BY_DOSE = _PATIENT | {Parameter.DOSE}
_KNOWN_BY_SINGLE_DOSE = _KNOWN_BY_DOSE | {Parameter.DURATION}
_KNOWN_BY_RATE = _PATIENT | {Parameter.DOSE, Parameter.RATE}
_ALL = frozenset(Parameter)
_ONE_ML = Quantity(Fraction(1), ML)


class Candidates:
    """The entries of one library, ready to be looked up by what a record says."""

    def __init__(self, library: Library) -> None:
        """Index the library by every word for its drugs and care areas."""
        self._drugs = {
            word.casefold(): drug.id
            for drug in reversed(library.drugs)
            for word in (*drug.aliases, *((drug.tall_man,) if drug.tall_man else ()), drug.name, drug.id)
        }
        self._areas = {word.casefold(): a.id for a in reversed(library.care_areas) for word in (a.name, a.id)}
        self._entries: dict[tuple[str, str], list[Entry]] = {}
        for entry in library.entries:
            self._entries.setdefault((entry.drug, entry.care_area), []).append(entry)
        self._fitting: dict[tuple[object, ...], tuple[Entry, ...] | Unchecked] = {}
        self._merged: dict[tuple[object, ...], tuple[Candidate, ...]] = {}

    def drug_id(self, word: str) -> str | None:
        """Return the id of the drug with this id, name, Tall Man form or alias."""
        return self._drugs.get(word.casefold())

    def area_id(self, word: str) -> str | None:
        """Return the id of the care area with this id or name."""
        return self._areas.get(word.casefold())

    def find(self, infusion: Infusion) -> tuple[Candidate, ...] | Unchecked:
        """Return every candidate of an infusion, at least one, or why there is none."""
        unit = _programmed_unit(infusion)
        has_strength = infusion.strength is not None
        key = (infusion.drug, infusion.care_area, infusion.therapy, unit, has_strength)
        fitting = self._fitting.get(key)
        if fitting is None:
            fitting = self._fitting[key] = self._find_fitting(infusion, unit)
        if isinstance(fitting, Unchecked):
            return fitting
        strength = known_strength(infusion)
        if strength is not None:
            return self._of_strength(infusion, fitting, strength)
        if key not in self._merged:
            self._merged[key] = tuple(_merge(fitting, unit))
        return self._merged[key]

    def _find_fitting(self, infusion: Infusion, unit: Unit) -> tuple[Entry, ...] | Unchecked:
        drug, area = self.drug_id(infusion.drug), self.area_id(infusion.care_area)
        if drug is None:
            return Unchecked.DRUG
        if area is None:
            return Unchecked.CARE_AREA
        here = self._entries.get((drug, area), [])
        if not here:
            return Unchecked.NOT_HERE
        here = _for_therapy(here, infusion.therapy)
        if not here:
            return Unchecked.THERAPY
        if infusion.dose is not None:
            return _counting(here, unit) or Unchecked.UNIT
        if infusion.strength is not None:
            return tuple(entry for entry in here if entry.type is not EntryType.PCA) or Unchecked.UNIT
        by_volume = tuple(entry for entry in here if _counts_volume(entry))
        return by_volume or Unchecked.STRENGTH_UNKNOWN

    def _of_strength(
        self, infusion: Infusion, fitting: Iterable[Entry], strength: "Strength"
    ) -> tuple[Candidate, ...] | Unchecked:
        """Return the entries of the strength that the record gives or implies, and those that leave it open."""
        weight = infusion.weight.to(KG).value if infusion.weight is not None else None
        found = [
            Candidate(entry, (entry.id,), _ALL, *_completion(entry.concentration, strength.amount))
            for entry in fitting
            if strength.fits(entry, weight)
        ]
        return tuple(found) or Unchecked.STRENGTH


def _programmed_unit(infusion: Infusion) -> Unit:
    programmed = infusion.rate if infusion.dose is None else infusion.dose
    return ML_PER_H if programmed is None else programmed.unit


def _for_therapy(entries: list[Entry], therapy: str | None) -> list[Entry]:
    """Return the entries for a therapy, or else those that are for any; all where the record names none."""
    if therapy is None:
        return entries
    named = [e for e in entries if e.therapy is not None and e.therapy.casefold() == therapy.casefold()]
    return named or [e for e in entries if e.therapy is None]


def _counting(entries: list[Entry], unit: Unit) -> tuple[Entry, ...]:
    """
    Return the entries on which a dose in this unit can be programmed.

    An entry that counts the same way (mg/h, micrograms/min) comes before one that would need a weight to convert.
    """
    types = _SINGLE if unit.time is TimeBasis.NONE else _RUNNING
    fitting = [entry for entry in entries if entry.type in types and _kind_of(entry) is unit.kind]
    alike = [entry for entry in fitting if entry.dose is None or entry.dose.unit.measures_like(unit)]
    return tuple(alike or fitting)


_SINGLE = frozenset({EntryType.INTERMITTENT})
_RUNNING = frozenset({EntryType.CONTINUOUS, EntryType.FLUID})


def _kind_of(entry: Entry) -> Kind | None:
    """Return what an entry counts: the kind of its dose, else of its concentration."""
    own = entry.concentration
    units = (entry.dose, own.amount if own else None, own.limits if own else None)
    return next((part.unit.kind for part in units if part is not None), None)


def _counts_volume(entry: Entry) -> bool:
    """Whether a rate in mL/h says all that the entry limits: a fluid, or a drug without any strength."""
    if entry.type not in _RUNNING or (entry.type is EntryType.CONTINUOUS and entry.concentration is not None):
        return False
    return entry.dose is None or entry.dose.unit.kind is Kind.VOLUME


def _merge(entries: tuple[Entry, ...], unit: Unit) -> Iterable[Candidate]:
    """Yield one candidate for all entries that limit alike in what is known without a strength."""
    alike: dict[tuple[object, ...], list[Entry]] = {}
    by_rate = unit.kind is Kind.VOLUME
    for entry in entries:
        other = entry.rate if by_rate else entry.duration if entry.type is EntryType.INTERMITTENT else None
        key = (entry.type, entry.dose, other, _patient_basis(entry.concentration))
        alike.setdefault(key, []).append(entry)
    for group in alike.values():
        first = group[0]
        single = first.type is EntryType.INTERMITTENT
        known = _KNOWN_BY_RATE if by_rate else _KNOWN_BY_SINGLE_DOSE if single else _KNOWN_BY_DOSE
        stand_in = Quantity(Fraction(1), Unit.of(_amount_unit(first, unit).amount))
        yield Candidate(first, tuple(e.id for e in group), known, *_completion(first.concentration, stand_in))


def _patient_basis(own: Concentration | None) -> PatientBasis:
    """Return what a strength is made up by: a syringe of 3 mg/kg in 50 mL needs the weight before anything else."""
    return own.amount.unit.patient if own is not None and own.amount is not None else PatientBasis.NONE


def _amount_unit(entry: Entry, unit: Unit) -> Unit:
    """Return a unit of the kind that an entry counts, for the stand-in strength."""
    own = entry.concentration
    if unit.kind is Kind.VOLUME and own is not None and own.limits is not None:
        return own.limits.unit
    return unit


def _completion(own: Concentration | None, amount: Quantity) -> tuple[Quantity | None, Quantity | None]:
    """Return the amount and diluent that an open concentration still needs to reach ``amount`` per mL."""
    if own is None or not own.is_open:
        return None, None
    if own.amount is not None:
        share = own.amount / amount if own.amount.unit.measures_like(amount.unit) else Fraction(1)
        return None, Quantity(share, ML)
    volume = own.volume.to(ML) if own.volume is not None else _ONE_ML
    return Quantity(amount.value * volume.value, amount.unit), None if own.volume is not None else volume


@dataclass(frozen=True, slots=True)
class Strength:
    """
    The strength of an infusion: an amount of drug per mL; ``slack`` is how far it may be off, as a share.

    A strength that the record gives is exact; one implied by dose and rate is as good as the rate was rounded.
    """

    amount: Quantity
    slack: Fraction = Fraction(0)

    def fits(self, entry: Entry, weight: Fraction | None) -> bool:
        """Whether an entry has this strength, or leaves it to the bedside; one without any strength fits all."""
        own = entry.concentration
        if own is None:
            return True
        if _kind_of(entry) is not self.amount.unit.kind:
            return False
        per_patient = _patient_basis(own)
        if own.strength is None:
            return per_patient is PatientBasis.NONE
        measure = {PatientBasis.NONE: Fraction(1), PatientBasis.KG: weight, PatientBasis.M2: None}[per_patient]
        if measure is None:
            return False
        ratio = self.amount.value * self.amount.unit.scale / (own.strength * measure)
        return abs(ratio - 1) <= self.slack


def known_strength(infusion: Infusion) -> Strength | None:
    """Return the strength that a record gives, or that its dose and rate imply together."""
    given = infusion.strength
    if given is not None and given.per_ml is not None:
        return Strength(Quantity(given.per_ml.value, Unit.of(given.per_ml.unit.amount)))
    dose, rate = _absolute(infusion.dose, infusion.weight), _absolute(infusion.rate, infusion.weight)
    if dose is None or rate is None:
        return None
    moved = rate.value * rate.unit.scale
    if dose.unit.time is TimeBasis.NONE:
        moved *= infusion.duration.value
    unit = Unit.of(dose.unit.amount)
    amount = Quantity(dose.value * dose.unit.scale / moved / unit.scale, unit)
    return Strength(amount, max(RATE_SHARE, RATE_STEP / 2 / rate.to(ML_PER_H).value))


def _absolute(quantity: Quantity | None, weight: Quantity | None) -> Quantity | None:
    """Return a dose or rate without its patient basis, or ``None`` if the record does not say enough."""
    if quantity is None or quantity.unit.patient is PatientBasis.NONE:
        return quantity
    by_weight = quantity.unit.patient is PatientBasis.KG and weight is not None
    return quantity.for_patient(weight) if by_weight and weight is not None else None
