"""Rules about the library as a list: capacity of pumps, duplicates, unused and missing parts (group S)."""

from collections.abc import Iterator

from openinfusion.core.library import Entry, EntryType, Library, Route
from openinfusion.core.review import scopes
from openinfusion.core.review.facts import PUMPS
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.survey import Area, Family, Medicine, Notice, Survey, group, whole


@rule(
    "S01",
    Severity.WARNING,
    scopes.LIBRARY,
    title="The library does not fit a target pump",
    reason="What does not fit is left out when the library is typed into the vendor's editor.",
    remedy="Merge care areas, therapies or advisories, or take the pump out of target_pumps.",
    source="BD Guardrails Editor v12.1.3 manual, 2023; Baxter Sigma Spectrum MDL 6.2 report",
    origin="C12, N11",
    hazard="LC-07",
    example={
        f"care_areas.{'+' * (n + 1)}": {"id": f"area-{n}", "name": f"Ward {n}", "population": "adult"}
        for n in range(30)
    },
    thresholds=("target_pumps",),
)
def capacity(library: Library, survey: Survey) -> Iterator[Fault]:
    """Fire for each number that is above what a target pump holds."""
    counts = {
        "care_areas": len(library.care_areas),
        "entries": len(library.entries),
        "entries_in_area": max((len(area.rows) for area in survey.areas), default=0),
        "drugs": len(library.drugs),
        "therapies": len({entry.therapy for entry in library.entries if entry.therapy}),
        "advisories": len(library.advisories),
    }
    for pump in survey.thresholds.target_pumps:
        for name, count in counts.items():
            most: int | None = getattr(PUMPS[pump], name)
            if most is not None and count > most:
                words = name.replace("_", " ").replace("in area", "in one care area")
                yield whole(f"{count:,} {words}; {pump} holds {most:,}")


@rule(
    "S02",
    Severity.ERROR,
    scopes.FAMILIES,
    title="The same entry stands twice",
    reason="Which limits apply depends on the line that was touched.",
    remedy="Keep one of the two, or name the therapy of each.",
    source="US community hospital library: amiodarone",
    origin="L045",
    hazard="LC-02",
    example={"entries.+": "entries.9", "entries.-1.id": "again", "entries.-1.dose.hard_max": "35"},
)
def duplicate(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire at a later entry with the same area, type, route, therapy, concentration and use."""
    for rows in group(family.rows, [_identity(row.entry) for row in family.rows]):
        for row in rows[1:]:
            yield row.at("", f"the same as {rows[0].entry.id!r}, {rows[0].words}")


def _identity(entry: Entry) -> object:
    concentration = entry.concentration
    strength = (concentration.amount, concentration.volume) if concentration else None
    use = (entry.secondary, entry.delivered_by, entry.anaesthesia_only)
    return (entry.care_area, entry.type, entry.route, entry.therapy, strength, use)


@rule(
    "S03",
    Severity.WARNING,
    scopes.FAMILIES,
    title="A drug stands in two lists of one profile that the pump keeps apart",
    reason="BD Alaris does not take a drug as continuous and intermittent in one profile.",
    remedy="Keep one of the two, or take the pump out of target_pumps.",
    source="BD Guardrails Editor v12.1.3 manual, 2023",
    origin="N06",
    hazard="LC-07",
    example={
        "entries.+": "entries.9",
        "entries.-1.id": "once",
        "entries.-1.type": "intermittent",
        "entries.-1.dose": {"unit": "mg", "soft_min": "10", "soft_max": "80", "hard_max": "120"},
        "entries.-1.rate": {"unit": "mg/min", "hard_max": "4"},
        "entries.-1.concentration.amount": {"value": "80", "unit": "mg"},
        "entries.-1.concentration.volume": {"value": "40", "unit": "mL"},
    },
    thresholds=("target_pumps",),
)
def two_lists(family: Family, survey: Survey) -> Iterator[Fault]:
    """Fire once per care area for a drug that is both continuous and intermittent there, if such a pump is a target."""
    pumps = [p for p in survey.thresholds.target_pumps if PUMPS[p].one_list_per_drug]
    for rows in group(family.rows, [row.area.id for row in family.rows]):
        types = {row.entry.type: row for row in rows}
        if pumps and EntryType.CONTINUOUS in types and EntryType.INTERMITTENT in types:
            row = types[EntryType.INTERMITTENT]
            yield row.at(
                "type", f"intermittent here, and continuous in the same care area: {', '.join(pumps)} takes one"
            )


@rule(
    "S04",
    Severity.ADVICE,
    scopes.DRUGS,
    title="A drug is listed but has no entry",
    reason="A name without an entry is a gap, or a leftover that will mislead the next author.",
    remedy="Add the entries, or remove the drug.",
    source="HSIB 2020 5.57",
    origin="N09",
    hazard="LC-07",
    example={"drugs.+": {"id": "unused", "name": "paracetamol", "amount_kind": "mass"}},
)
def unused_drug(medicine: Medicine, survey: Survey) -> Iterator[Fault]:
    """Fire for a drug that no entry names."""
    if not survey.rows_of_drug(medicine.drug.id):
        yield medicine.at("", "no entry in any care area")


@rule(
    "S05",
    Severity.WARNING,
    scopes.AREAS,
    title="A care area has no entries",
    reason="Whoever chooses it finds nothing, and infuses without limits.",
    remedy="Add its entries, or remove the care area.",
    source="HSIB 2020 5.10, 5.57",
    origin="N11",
    hazard="LC-07",
    example={
        "care_areas.+": "care_areas.1",
        "care_areas.-1.id": "new-ward",
        "care_areas.-1.name": "New ward",
    },
)
def empty_area(area: Area, _: Survey) -> Iterator[Fault]:
    """Fire for a care area without a single entry."""
    if not area.rows:
        yield area.at("", "no entries")


@rule(
    "S06",
    Severity.ADVICE,
    scopes.ADVISORIES,
    title="An advisory is shown nowhere",
    reason="A warning that somebody wrote and no entry shows protects nobody.",
    remedy="Attach it to its entries, or remove it.",
    source="proposal of this project",
    origin="N08",
    hazard="LC-02",
    example={"entries.1.advisories": None},
)
def unused_advisory(notice: Notice, survey: Survey) -> Iterator[Fault]:
    """Fire for an advisory that no entry names."""
    if not any(notice.advisory.id in row.entry.advisories for row in survey.rows):
        yield notice.at("", "no entry shows it")


@rule(
    "S07",
    Severity.ADVICE,
    scopes.LIBRARY,
    title="A kind of infusion is missing from the library",
    reason="What the library leaves out is infused in basic mode, without limits.",
    remedy="Add the entries, or record that your pumps do not give this kind of infusion.",
    source="ISMP smart-pump summit draft 1.1-1.2",
    origin="G10",
    hazard="DB-01",
    example={"entries.4.type": "continuous"},
)
def missing_kind(library: Library, _: Survey) -> Iterator[Fault]:
    """Fire once, with the kinds that no entry has; an empty library is left to other rules."""
    types = {entry.type for entry in library.entries}
    missing = [words for kind, words in _KINDS.items() if kind not in types]
    if all(entry.bolus is None for entry in library.entries):
        missing.append("boluses")
    if all(entry.route not in (Route.EPIDURAL, Route.REGIONAL) for entry in library.entries):
        missing.append("epidural or regional blocks")
    if missing and library.entries:
        yield whole(f"no {', no '.join(missing)}", path="entries")


_KINDS = {
    EntryType.CONTINUOUS: "continuous infusions",
    EntryType.INTERMITTENT: "intermittent infusions",
    EntryType.FLUID: "fluids",
    EntryType.PCA: "PCA",
}


@rule(
    "S08",
    Severity.ADVICE,
    scopes.FAMILIES,
    title="A drug is missing from one area though all like it have it",
    reason="A drug that is not found is infused without limits, or under another drug's name.",
    remedy="Add the entry, or record that the area does not use the drug.",
    source="HSIB 2020 5.10, 5.57, 5.63",
    origin="N09",
    hazard="LC-07",
    example={
        "care_areas.+": "care_areas.1",
        "care_areas.-1.id": "surgery",
        "care_areas.-1.name": "Surgical ward",
        "entries.+": "entries.3",
        "entries.-1.id": "vancomycin-surgery",
        "entries.-1.care_area": "surgery",
    },
)
def missing_in_area(family: Family, survey: Survey) -> Iterator[Fault]:
    """Fire if all but one of three or more areas of one population, in use, have the drug."""
    mine = {row.area.id for row in family.rows}
    by_population: dict[object, list[Area]] = {}
    for area in survey.areas:
        if area.rows:
            by_population.setdefault(area.area.population, []).append(area)
    for areas in by_population.values():
        without = [area for area in areas if area.area.id not in mine]
        if len(without) == 1 and len(areas) > 2:  # noqa: PLR2004 - "all others" means at least two others
            yield without[0].at("", f"no entry for {family.drug.name}, which the other {len(areas) - 1} areas have")


RULES = (capacity, duplicate, two_lists, unused_drug, empty_area, unused_advisory, missing_kind, missing_in_area)
