"""
The drug library: what one organisation allows its pumps to give, as values that are checked at birth.

These dataclasses are the open drug library format, version 1: a field here is a key of the JSON document, a
quantity is ``{"value": "2.5", "unit": "mg"}`` and a decimal is text. ``docs/reference/library-format.md`` is made from
them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Literal, Protocol

from openinfusion.core.errors import LibraryError
from openinfusion.core.numbers import decimal_text, show_number
from openinfusion.core.units import (
    CM,
    KG,
    M2,
    MINUTES,
    ML,
    ML_PER_H,
    Kind,
    PatientBasis,
    Quantity,
    TimeBasis,
    Unit,
    VolumeBasis,
)

FORMAT = "openinfusion-library"
FORMAT_VERSION = 1


class Population(Enum):
    """Whom a care area looks after."""

    ADULT = "adult"
    PAEDIATRIC = "paediatric"
    NEONATAL = "neonatal"
    OBSTETRIC = "obstetric"


class Status(Enum):
    """Where a library version stands in its workflow."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    CHECKED = "checked"
    SAFETY_REVIEWED = "safety-reviewed"
    TESTED = "tested"
    APPROVED = "approved"
    RELEASED = "released"
    IMPLEMENTED = "implemented"
    CLOSED = "closed"


class EntryType(Enum):
    """What kind of infusion an entry programmes."""

    CONTINUOUS = "continuous"
    INTERMITTENT = "intermittent"
    FLUID = "fluid"
    PCA = "pca"


class Route(Enum):
    """How the infusion reaches the patient; plain "intravenous" leaves central or peripheral open."""

    INTRAVENOUS = "intravenous"
    CENTRAL = "intravenous central"
    PERIPHERAL = "intravenous peripheral"
    SUBCUTANEOUS = "subcutaneous"
    EPIDURAL = "epidural"
    INTRATHECAL = "intrathecal"
    REGIONAL = "regional block"
    ARTERIAL = "arterial"
    INTRAOSSEOUS = "intraosseous"
    ENTERAL = "enteral"
    OTHER = "other"


class Mode(Enum):
    """What a clinician programmes on an entry."""

    CONTINUOUS = "continuous"
    INTERMITTENT = "intermittent"
    FLUID = "fluid"
    PCA = "pca"
    BOLUS = "bolus"
    LOADING = "loading"


class Limit(Enum):
    """The four limits of a parameter; hard limits cannot be passed, soft limits can be overridden."""

    HARD_MIN = "hard_min"
    SOFT_MIN = "soft_min"
    SOFT_MAX = "soft_max"
    HARD_MAX = "hard_max"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    What an entry allows for one parameter; every limit is optional and inclusive (a value on a limit is inside it).

    ``usual_min`` to ``usual_max`` is the range that practice uses, ``initial`` what the pump offers first.

    Attributes:
        unit: what all values of this group are in.
        hard_min: the least that can be programmed; nobody can pass it.
        soft_min: below it the pump asks to confirm.
        soft_max: above it the pump asks to confirm.
        hard_max: the most that can be programmed; nobody can pass it.
        usual_min: the lower end of what practice uses; it limits nothing.
        usual_max: the upper end of what practice uses; it limits nothing.
        initial: the value that the pump offers first; it limits nothing.

    """

    unit: Unit
    hard_min: Fraction | None = None
    soft_min: Fraction | None = None
    soft_max: Fraction | None = None
    hard_max: Fraction | None = None
    usual_min: Fraction | None = None
    usual_max: Fraction | None = None
    initial: Fraction | None = None

    def __post_init__(self) -> None:
        """Refuse limits out of order, a usual range out of order, and negative values."""
        limits = [v for v in (self.hard_min, self.soft_min, self.soft_max, self.hard_max) if v is not None]
        usual = [v for v in (self.usual_min, self.usual_max) if v is not None]
        if limits != sorted(limits) or usual != sorted(usual):
            raise LibraryError(where="limits", found=f"{self.describe()} (out of order)", expected=_ORDER)
        if any(v < 0 for v in (*limits, *usual, self.initial or 0)):
            raise LibraryError(where="limits", found=f"{self.describe()} (negative)", expected="zero or more")

    def quantity(self, name: str) -> Quantity | None:
        """Return one of the values by the name of its field, with its unit."""
        value: Fraction | None = getattr(self, name)
        return None if value is None else Quantity(value, self.unit)

    @property
    def bounds(self) -> tuple[Fraction | None, Fraction | None, Fraction | None, Fraction | None]:
        """The four limits from the lowest to the highest, without their unit."""
        return (self.hard_min, self.soft_min, self.soft_max, self.hard_max)

    @property
    def is_empty(self) -> bool:
        """Whether no limit at all is set (a usual range or an initial value limits nothing)."""
        return self.bounds == (None, None, None, None)

    @property
    def usual(self) -> Fraction | None:
        """The dose to reason from: initial, else the middle of the usual range, else its only end."""
        if self.initial is not None:
            return self.initial
        ends = [v for v in (self.usual_min, self.usual_max) if v is not None]
        return sum(ends, Fraction(0)) / len(ends) if ends else None

    def describe(self) -> str:
        """Return the values that are set, in words: "soft max 0.5, hard max 1 micrograms/kg/min"."""
        names = [f.name for f in fields(self) if f.name != "unit" and getattr(self, f.name) is not None]
        shown = [f"{name.replace('_', ' ')} {show_number(getattr(self, name))}" for name in names]
        return f"{', '.join(shown) or 'no limit'} {self.unit.text}"


_ORDER = "hard min <= soft min <= soft max <= hard max, and usual min <= usual max"


class Programmable(Protocol):
    """Anything with limits for the four parameters of a delivery: an entry itself, its bolus, its loading dose."""

    @property
    def dose(self) -> Limits | None:
        """Limits of the dose."""

    @property
    def rate(self) -> Limits | None:
        """Limits of the rate, in mL per time or as a dose per time."""

    @property
    def volume(self) -> Limits | None:
        """Limits of the volume to be infused."""

    @property
    def duration(self) -> Limits | None:
        """Limits of the time it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    The limits of one dose given on its own: a bolus or a loading dose.

    Attributes:
        dose: the amount of one dose, per kg or m2 where the unit says so.
        rate: how fast it runs, in mL per time or as a dose per time.
        volume: the volume of one dose, in mL.
        duration: the time over which it runs.

    """

    dose: Limits | None = None
    rate: Limits | None = None
    volume: Limits | None = None
    duration: Limits | None = None

    def __post_init__(self) -> None:
        """Refuse a parameter in a unit that cannot measure it."""
        _check_unit("dose", self.dose, is_rate=False)
        _check_unit("rate", self.rate, is_rate=True)
        _check_exact_unit("volume", self.volume, ML)
        _check_exact_unit("duration", self.duration, MINUTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pca:
    """
    Patient-controlled analgesia: demand dose, lockout, and the most that may accumulate within a window.

    The background infusion is the entry's own ``dose``.

    Attributes:
        dose: the demand dose.
        lockout: the time that must pass between two demand doses.
        accumulated: the most that may be given within the window.
        window: the time over which the accumulated dose is counted.
        bolus_counts: whether a clinician's bolus counts towards the accumulated dose.

    """

    dose: Limits
    lockout: Limits | None = None
    accumulated: Limits | None = None
    window: Quantity | None = None
    bolus_counts: bool = True

    def __post_init__(self) -> None:
        """Refuse a parameter in a unit that cannot measure it, and an accumulated limit without its window."""
        _check_unit("pca.dose", self.dose, is_rate=False)
        _check_unit("pca.accumulated", self.accumulated, is_rate=False)
        _check_exact_unit("pca.lockout", self.lockout, MINUTES)
        if (self.accumulated is None) != (self.window is None):
            raise LibraryError(where="pca", found="an accumulated limit or a window alone", expected="both, or neither")
        if self.window is not None and (self.window.unit.kind is not Kind.DURATION or self.window.value <= 0):
            raise LibraryError(where="pca.window", found=str(self.window), expected="a time above zero, such as 4 h")


@dataclass(frozen=True, kw_only=True)
class Concentration:
    """
    Amount of drug in a volume; *open* when either is left to the bedside, then ``limits`` bound what may be entered.

    ``amount`` may be per kg (a syringe made up by weight: 3 mg/kg in 50 mL).

    Attributes:
        amount: amount of drug, such as 2.5 mg; absent when the bedside enters it.
        volume: total volume, such as 50 mL; absent when the bedside enters it.
        limits: what may be entered where the concentration is open, such as mg/mL.

    """

    amount: Quantity | None = None
    volume: Quantity | None = None
    limits: Limits | None = None

    def __post_init__(self) -> None:
        """Refuse an amount that is a rate, a volume that is not one, and zero."""
        if self.amount is not None and (self.amount.unit.time.value or self.amount.unit.volume.value):
            raise LibraryError(
                where="concentration.amount", found=self.amount.unit.text, expected="an amount such as mg"
            )
        if self.volume is not None and self.volume.unit.measures_like(ML) is False:
            raise LibraryError(where="concentration.volume", found=self.volume.unit.text, expected="mL")
        if self.limits is not None and not self.limits.unit.volume.value:
            raise LibraryError(
                where="concentration.limits", found=self.limits.unit.text, expected="a unit such as mg/mL"
            )
        for name, part in (("amount", self.amount), ("volume", self.volume)):
            if part is not None and part.value <= 0:
                raise LibraryError(where=f"concentration.{name}", found=str(part), expected="more than zero")

    @property
    def is_open(self) -> bool:
        """Whether the bedside must enter the amount, the volume or both."""
        return self.amount is None or self.volume is None

    @cached_property
    def strength(self) -> Fraction | None:
        """Base units of amount per mL (and per kg, for a syringe made up by weight), exactly; ``None`` when open."""
        if self.amount is None or self.volume is None:
            return None
        return self.amount.value * self.amount.unit.scale / (self.volume.value * self.volume.unit.scale)

    @cached_property
    def per_ml(self) -> Quantity | None:
        """The strength per mL in the unit of its amount; ``None`` when open, or when it depends on the patient."""
        if self.strength is None or self.amount is None or self.amount.unit.patient is not PatientBasis.NONE:
            return None
        unit = Unit.of(self.amount.unit.amount, volume=VolumeBasis.ML)
        return Quantity(self.strength / unit.scale, unit)

    @property
    def text(self) -> str:
        """The strength as clinicians say it: "2.5 mg in 50 mL", or "entered at the bedside"."""
        if self.amount is not None and self.volume is not None:
            return f"{self.amount} in {self.volume}"
        known = [str(part) for part in (self.amount, self.volume) if part is not None]
        return " ".join(["concentration entered at the bedside", *(f"({part} known)" for part in known)])


@dataclass(frozen=True, slots=True, kw_only=True)
class TitrationStep:
    """
    The largest single increase of a running infusion, as a factor of the value before it (2 means double).

    Attributes:
        factor: how many times the running value the new one may be without a confirmation.

    """

    factor: Fraction

    def __post_init__(self) -> None:
        """Refuse a factor that allows no increase."""
        if self.factor <= 1:
            raise LibraryError(where="titration_step.factor", found=show_number(self.factor), expected="more than 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """
    Where a value comes from; ``field`` is the path inside the entry, such as ``dose.hard_max``, or ``entry``.

    Attributes:
        field: the path inside the entry, such as dose.hard_max, or entry for all of it.
        citation: where the value is published or who decided it.
        invented_for_example: true where a value was made up for an example library.

    """

    field: str
    citation: str
    invented_for_example: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    A choice that somebody made on purpose, such as to set no hard maximum; ``by`` is a role, never a name.

    Attributes:
        field: the path inside the entry that was decided on.
        decision: what was decided, such as "no hard maximum".
        reason: why.
        by: the role or body that decided.
        decided_on: the day.

    """

    field: str
    decision: str
    reason: str
    by: str | None = None
    decided_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One row of a library, as pumps hold it: drug, care area, therapy, route and concentration, with its limits.

    Attributes:
        id: stable name of the row, unique in the library.
        drug: id of the drug.
        care_area: id of the care area.
        type: what kind of infusion it programmes.
        route: how it reaches the patient.
        therapy: the indication that distinguishes rows of one drug.
        concentration: fixed, open or half open; absent for fluids.
        dose: limits of the dose: per time when continuous, an amount when intermittent; the background of a PCA.
        rate: limits of the flow, in mL per time.
        volume: limits of the volume to be infused.
        duration: limits of the time it takes.
        bolus: limits of a clinician's bolus; absent when no bolus is offered.
        loading: limits of a loading dose; absent when none is offered.
        pca: limits of patient-controlled analgesia; for type pca only.
        titration_step: the largest single increase without a confirmation.
        secondary: whether it may run as a secondary (piggyback) infusion.
        delivered_by: the kinds of pump that offer the entry; empty means all.
        anaesthesia_only: whether it shows in anaesthesia mode only.
        advisories: ids of the texts shown when the entry is chosen.
        device_settings: settings of the pump that the engine does not judge, by their name.
        sources: where the values come from.
        rationale: why the entry is as it is.
        decisions: what was left out or kept on purpose.
        review_by: the day by which it must be reviewed again.
        unreviewed: true for a row that was imported and not yet approved here.

    """

    id: str
    drug: str
    care_area: str
    type: EntryType
    route: Route = Route.INTRAVENOUS
    therapy: str | None = None
    concentration: Concentration | None = None
    dose: Limits | None = None
    rate: Limits | None = None
    volume: Limits | None = None
    duration: Limits | None = None
    bolus: Delivery | None = None
    loading: Delivery | None = None
    pca: Pca | None = None
    titration_step: TitrationStep | None = None
    secondary: Literal["not allowed", "allowed", "only"] = "not allowed"
    delivered_by: tuple[Literal["large-volume pump", "syringe pump"], ...] = ()
    anaesthesia_only: bool = False
    advisories: tuple[str, ...] = ()
    device_settings: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    rationale: str | None = None
    decisions: tuple[Decision, ...] = ()
    review_by: date | None = None
    unreviewed: bool = False

    def __post_init__(self) -> None:
        """Refuse limits in units that cannot measure them, and parts that the entry's type does not have."""
        _check_unit("dose", self.dose, is_rate=self.type is not EntryType.INTERMITTENT)
        _check_unit("rate", self.rate, is_rate=True)
        _check_exact_unit("volume", self.volume, ML)
        _check_exact_unit("duration", self.duration, MINUTES)
        if (self.type is EntryType.PCA) != (self.pca is not None):
            raise LibraryError(
                where="pca", found=f"type {self.type.value}", expected="pca limits for type pca, and only then"
            )
        if self.concentration is None and (needy := self._first_dose_by_amount()):
            raise LibraryError(
                where="concentration",
                found="none",
                expected=f"a concentration, because {needy} is in an amount of drug (or say that it is open: {{}})",
            )
        self._check_kinds()

    def _doses(self) -> Iterable[tuple[str, Limits]]:
        """Yield every group of limits that counts drug, with its path."""
        parts = (
            ("dose", self.dose),
            ("bolus.dose", self.bolus.dose if self.bolus else None),
            ("bolus.rate", self.bolus.rate if self.bolus else None),
            ("loading.dose", self.loading.dose if self.loading else None),
            ("loading.rate", self.loading.rate if self.loading else None),
            ("pca.dose", self.pca.dose if self.pca else None),
            ("pca.accumulated", self.pca.accumulated if self.pca else None),
        )
        return ((path, limits) for path, limits in parts if limits is not None and limits.unit.kind is not Kind.VOLUME)

    def _first_dose_by_amount(self) -> str | None:
        return next((path for path, _ in self._doses()), None)

    def _check_kinds(self) -> None:
        """Refuse a dose and a concentration that count different kinds of amount: no pump can convert them."""
        conc = self.concentration
        if conc is None:
            return
        named = [("concentration.amount", conc.amount.unit)] if conc.amount else []
        named += [("concentration.limits", conc.limits.unit)] if conc.limits else []
        named += [(path, limits.unit) for path, limits in self._doses()]
        for path, unit in named[1:]:
            if unit.kind is not named[0][1].kind:
                raise LibraryError(
                    where=path,
                    found=f"{unit.text} beside {named[0][1].text} in {named[0][0]}",
                    expected=f"a unit of {named[0][1].kind.value}",
                )

    def limits_for(self, mode: Mode) -> Programmable | None:
        """Return the limits of what is programmed in this mode, or ``None`` if the entry does not offer it."""
        if mode is Mode.BOLUS:
            return self.bolus
        if mode is Mode.LOADING:
            return self.loading
        return self if mode.value == self.type.value else None

    def all_limits(self) -> Iterable[tuple[str, Limits]]:
        """Yield every group of limits of the entry with its path, such as ``("bolus.dose", ...)``."""
        for prefix, part in (("", self), ("bolus.", self.bolus), ("loading.", self.loading), ("pca.", self.pca)):
            for name in ("dose", "rate", "volume", "duration", "lockout", "accumulated"):
                limits: Limits | None = getattr(part, name, None)
                if limits is not None:
                    yield f"{prefix}{name}", limits
        if self.concentration is not None and self.concentration.limits is not None:
            yield "concentration.limits", self.concentration.limits


def _check_unit(where: str, limits: Limits | None, *, is_rate: bool) -> None:
    """Refuse a dose or rate whose unit has a time where it must not, or lacks one where it must."""
    if limits is None:
        return
    unit = limits.unit
    if (unit.time is not TimeBasis.NONE) is not is_rate or unit.volume.value or unit.kind not in _DOSED_KINDS:
        expected = "a unit with a time, such as micrograms/kg/min" if is_rate else "a unit without a time, such as mg"
        raise LibraryError(where=f"{where}.unit", found=repr(unit.text), expected=expected)


def _check_exact_unit(where: str, limits: Limits | None, like: Unit) -> None:
    if limits is not None and not limits.unit.measures_like(like):
        raise LibraryError(where=f"{where}.unit", found=repr(limits.unit.text), expected=f"{like.text} or the like")


_DOSED_KINDS = frozenset({Kind.MASS, Kind.INTERNATIONAL_UNIT, Kind.MOLE, Kind.EQUIVALENT, Kind.VOLUME, Kind.ENERGY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Drug:
    """
    One medicine or fluid of the master list.

    Attributes:
        id: stable name, unique in the library.
        name: generic name (rINN), lower case.
        tall_man: form with capitals that tells look-alikes apart.
        aliases: brand and other names, found by search.
        vtm: dm+d virtual therapeutic moiety code.
        amount_kind: the kind of amount that the drug is dosed in.
        high_alert: whether a slip is likely to do serious harm.
        drug_class: pharmacological class.

    """

    id: str
    name: str
    tall_man: str | None = None
    aliases: tuple[str, ...] = ()
    vtm: str | None = None
    amount_kind: Kind | None = None
    high_alert: bool = False
    drug_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CareArea:
    """
    A clinical setting with its own profile: whom it treats and what its pumps may do at most.

    Attributes:
        id: stable name, unique in the library.
        name: what staff call it.
        population: whom it treats.
        weight: which patient weights may be entered.
        height: which patient heights may be entered.
        body_surface_area: which body surface areas may be entered.
        max_rate: the fastest that its pumps may run.
        max_volume: the largest volume to be infused (VTBI).
        kvo_rate: the keep-vein-open rate after the end of an infusion.
        owner: the role that answers for the profile.
        device_settings: settings of the pumps that the engine does not judge, by their name.

    """

    id: str
    name: str
    population: Population
    weight: Limits | None = None
    height: Limits | None = None
    body_surface_area: Limits | None = None
    max_rate: Quantity | None = None
    max_volume: Quantity | None = None
    kvo_rate: Quantity | None = None
    owner: str | None = None
    device_settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse patient limits and pump settings in units that cannot measure them."""
        for name, limits, unit in (
            ("weight", self.weight, KG),
            ("height", self.height, CM),
            ("body_surface_area", self.body_surface_area, M2),
        ):
            _check_exact_unit(name, limits, unit)
        for name, setting, unit in (
            ("max_rate", self.max_rate, ML_PER_H),
            ("max_volume", self.max_volume, ML),
            ("kvo_rate", self.kvo_rate, ML_PER_H),
        ):
            if setting is not None and not setting.unit.measures_like(unit):
                raise LibraryError(where=name, found=str(setting), expected=f"a value in {unit.text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """
    A text that the pump shows when an entry is chosen.

    Attributes:
        id: stable name, unique in the library.
        text: what the pump shows.
        name: what the library's authors call it.

    """

    id: str
    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """
    The library version that this one was made from, named by its hash.

    Attributes:
        name: the parent's name.
        version: the parent's version.
        sha256: the parent's identity.

    """

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """
    What a library is called, whose it is, and where it stands.

    Attributes:
        name: name of the library.
        organisation: whose library it is.
        version: major.minor.patch: limits, strengths and units; new entries; texts.
        status: where it stands in the workflow.
        valid_from: when it may come into force, with its time zone.
        parent: the version that this one was made from.
        not_for_clinical_use: true for examples, drafts and tests; shown wherever the library is.

    """

    name: str
    organisation: str
    version: str
    status: Status = Status.DRAFT
    valid_from: datetime | None = None
    parent: Parent | None = None
    not_for_clinical_use: bool = True

    def __post_init__(self) -> None:
        """Refuse a time without its zone."""
        if self.valid_from is not None and self.valid_from.tzinfo is None:
            raise LibraryError(where="valid_from", found=self.valid_from.isoformat(), expected="a time with its zone")


@dataclass(frozen=True, kw_only=True)
class Library:
    """
    A whole drug library: the document that people review, sign and send to pumps.

    Attributes:
        format: names the format.
        format_version: names its version.
        library: what it is called and whose it is.
        drugs: the master list of medicines and fluids.
        care_areas: the settings that have a profile.
        advisories: the master list of texts.
        entries: the rows.

    """

    format: Literal["openinfusion-library"] = "openinfusion-library"
    format_version: Literal[1] = 1
    library: About
    drugs: tuple[Drug, ...] = ()
    care_areas: tuple[CareArea, ...] = ()
    advisories: tuple[Advisory, ...] = ()
    entries: tuple[Entry, ...] = ()

    def __post_init__(self) -> None:
        """Refuse ids that stand twice and references that lead nowhere."""
        for name in ("drugs", "care_areas", "advisories", "entries"):
            _check_unique(name, [item.id for item in getattr(self, name)])
        for number, entry in enumerate(self.entries):
            where = f"entries[{number}]"
            _check_known(f"{where}.drug", entry.drug, self._drugs)
            _check_known(f"{where}.care_area", entry.care_area, self._care_areas)
            for advisory in entry.advisories:
                _check_known(f"{where}.advisories", advisory, self._advisories)

    @cached_property
    def _drugs(self) -> dict[str, Drug]:
        return {drug.id: drug for drug in self.drugs}

    @cached_property
    def _care_areas(self) -> dict[str, CareArea]:
        return {area.id: area for area in self.care_areas}

    @cached_property
    def _advisories(self) -> dict[str, Advisory]:
        return {advisory.id: advisory for advisory in self.advisories}

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.entries}

    def drug(self, drug_id: str) -> Drug:
        """Return a drug of the master list; every entry's drug is there."""
        return self._drugs[drug_id]

    def care_area(self, area_id: str) -> CareArea:
        """Return a care area; every entry's area is there."""
        return self._care_areas[area_id]

    def advisory(self, advisory_id: str) -> Advisory:
        """Return an advisory; every entry's advisories are there."""
        return self._advisories[advisory_id]

    def find_entry(self, entry_id: str) -> Entry | None:
        """Return an entry, or ``None`` if this library does not have it."""
        return self._entries.get(entry_id)

    def describe(self, entry: Entry) -> str:
        """Return an entry in words: "fentanyl, Adult critical care, sedation, 2.5 mg in 50 mL"."""
        area = self.care_area(entry.care_area).name
        strength = entry.concentration.text if entry.concentration else None
        return ", ".join(part for part in (self.drug(entry.drug).name, area, entry.therapy, strength) if part)


def _check_unique(name: str, ids: list[str]) -> None:
    if len(set(ids)) == len(ids):
        return
    seen: set[str] = set()
    for number, item in enumerate(ids):
        if item in seen:
            raise LibraryError(
                where=f"{name}[{number}].id", found=f"{item!r} a second time", expected="an id of its own"
            )
        seen.add(item)


def _check_known(where: str, item: str, known: Mapping[str, object]) -> None:
    if item not in known:
        raise LibraryError(where=where, found=repr(item), expected="an id that the library defines")


def limit_text(value: Fraction | None) -> str:
    """Return a limit as exact decimal text, or "none" where none is set."""
    return "none" if value is None else decimal_text(value)
