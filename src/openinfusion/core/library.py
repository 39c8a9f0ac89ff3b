"""
The drug library: what one organisation allows its pumps to give, as values that are checked at birth.

These dataclasses are the open drug library format, version 1: a field here is a key of the JSON document, a
quantity is ``{"value": "2.5", "unit": "mg"}`` and a decimal is text. ``docs/reference/library-format.md`` is made from
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import Literal

from openinfusion.core.entry import Decision, Entry, EntryType, Mode, Route, Source
from openinfusion.core.errors import LibraryError
from openinfusion.core.limits import (
    Concentration,
    Delivery,
    Limit,
    Limits,
    Pca,
    Programmable,
    TitrationStep,
    check_unit_like,
    is_amount_of_drug,
)
from openinfusion.core.units import CM, GRAMS_OF_DRUG, GRAMS_OF_PATIENT, KG, M2, ML, ML_PER_H, Kind, Quantity

# The parts of the format are defined in ``core.entry`` and ``core.limits``; this module is where others find them all.
__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "About",
    "Advisory",
    "CareArea",
    "Concentration",
    "Decision",
    "Delivery",
    "Drug",
    "Entry",
    "EntryType",
    "Library",
    "Limit",
    "Limits",
    "Mode",
    "Parent",
    "Pca",
    "Population",
    "Programmable",
    "Route",
    "Source",
    "Status",
    "TitrationStep",
    "is_amount_of_drug",
]

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
        """Refuse patient limits and pump settings in units that cannot measure them; "g" here weighs the patient."""
        if self.weight is not None and self.weight.unit is GRAMS_OF_DRUG:
            object.__setattr__(self, "weight", replace(self.weight, unit=GRAMS_OF_PATIENT))
        for name, limits, unit in (
            ("weight", self.weight, KG),
            ("height", self.height, CM),
            ("body_surface_area", self.body_surface_area, M2),
        ):
            check_unit_like(name, limits, unit)
        for name, setting, unit in (
            ("max_rate", self.max_rate, ML_PER_H),
            ("max_volume", self.max_volume, ML),
            ("kvo_rate", self.kvo_rate, ML_PER_H),
        ):
            if setting is not None and not setting.unit.measures_like(unit):
                raise LibraryError(where=name, found=str(setting), expected=f"a value in {unit.text}")
            if setting is not None and setting.value <= 0:
                raise LibraryError(where=name, found=str(setting), expected="more than zero")


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
        """Refuse a time without its zone; keep it in UTC, since one moment written in two zones is one document."""
        if self.valid_from is None:
            return
        if self.valid_from.tzinfo is None:
            raise LibraryError(where="valid_from", found=self.valid_from.isoformat(), expected="a time with its zone")
        try:
            object.__setattr__(self, "valid_from", self.valid_from.astimezone(UTC))
        except OverflowError as error:
            raise LibraryError(
                where="valid_from", found=self.valid_from.isoformat(), expected="a time in the years 1 to 9999 of UTC"
            ) from error


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
    first = {item: n for n, item in reversed(list(enumerate(ids)))}
    number, item = next((n, item) for n, item in enumerate(ids) if first[item] != n)
    raise LibraryError(where=f"{name}[{number}].id", found=f"{item!r} a second time", expected="an id of its own")


def _check_known(where: str, item: str, known: Mapping[str, object]) -> None:
    if item not in known:
        raise LibraryError(where=where, found=repr(item), expected="an id that the library defines")
