"""Rules about whom an entry is for: weight, population, body surface area (group W)."""

from collections.abc import Iterator
from fractions import Fraction

from openinfusion.core.library import Population
from openinfusion.core.numbers import show_number
from openinfusion.core.review import scopes
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.survey import LIMIT_WORDS, YOUNG, Area, Family, Part, Row, Survey, bounds_text
from openinfusion.core.units import KG, PatientBasis, Quantity


def missing_weights(area: Area) -> str | None:
    """Return which end of the patient weight is open, in words, or ``None``."""
    limits = area.area.weight
    bounds = (None,) * 4 if limits is None else limits.bounds
    missing = [words for words, ends in (("minimum", bounds[:2]), ("maximum", bounds[2:])) if ends == (None, None)]
    return " and no ".join(missing) or None


@rule(
    "W01",
    Severity.ERROR,
    scopes.AREAS,
    title="Doses by weight in an adult area without weight limits",
    reason="A weight typed in pounds or with a slipped point scales every dose that follows.",
    remedy="Set a minimum and a maximum patient weight for the care area.",
    source="ISMP smart-pump guidelines 2020, section 2 †; FDA infusion pump problem examples",
    origin="L11",
    hazard="LC-09",
    example={"care_areas.0.weight": None},
)
def weight_needed(area: Area, _: Survey) -> Iterator[Fault]:
    """Fire for an adult or obstetric area that doses by weight and leaves an end of the weight open."""
    count = sum(row.is_by_weight for row in area.rows)
    missing = missing_weights(area)
    if count and missing and area.area.population not in YOUNG:
        entries = "1 entry is" if count == 1 else f"{count} entries are"
        yield area.at("weight", f"{entries} dosed by weight, with no {missing}")


@rule(
    "W02",
    Severity.ERROR,
    scopes.AREAS,
    title="A paediatric or neonatal area has no weight limits",
    reason="Among children weight varies fiftyfold; without bounds an adult's weight is accepted.",
    remedy="Set a minimum and a maximum patient weight for the care area.",
    source="proposal of this project; FDA infusion pump problem examples",
    origin="R21",
    hazard="LC-09",
    example={"care_areas.2.weight": None},
)
def young_weight(area: Area, _: Survey) -> Iterator[Fault]:
    """Fire for a young area that leaves an end of the weight open."""
    missing = missing_weights(area)
    if missing and area.area.population in YOUNG:
        yield area.at("weight", f"no {missing} patient weight")


@rule(
    "W03",
    Severity.WARNING,
    scopes.AREAS,
    title="A weight limit can be overridden",
    reason="A weight outside soft bounds needs one more key press, and every dose per kg follows it.",
    remedy="Make the weight limits hard.",
    source="proposal of this project; FDA infusion pump problem examples",
    origin="R21, L11",
    hazard="LC-09",
    example={"care_areas.0.weight.hard_max": None},
)
def soft_weight(area: Area, _: Survey) -> Iterator[Fault]:
    """Fire if a weight bound is set, and only as a soft one."""
    limits = area.area.weight
    if limits is None:
        return
    for hard, soft in (("hard_min", "soft_min"), ("hard_max", "soft_max")):
        if getattr(limits, hard) is None and (bound := limits.quantity(soft)) is not None:
            yield area.at(f"weight.{hard}", f"{LIMIT_WORDS[soft]} {bound} can be overridden")


@rule(
    "W04",
    Severity.WARNING,
    scopes.AREAS,
    title="The weight limits do not fit the population",
    reason="A profile copied from another area keeps that area's weights.",
    remedy="Correct the weight limits, or the population of the care area.",
    source="US community hospital library v66 (2024): at most 7 kg in its nursery",
    origin="L11, L037",
    hazard="LC-09",
    example={"care_areas.2.weight.hard_max": "150"},
    thresholds=("neonatal_weight_max", "adult_weight_min", "weight_max"),
)
def odd_weight(area: Area, survey: Survey) -> Iterator[Fault]:
    """Fire for a neonatal maximum that is a child's, an adult minimum that is one, or a maximum that is nobody's."""
    limits = area.area.weight
    if limits is None:
        return
    numbers, population = survey.thresholds, area.area.population
    highest = numbers.neonatal_weight_max if population is Population.NEONATAL else numbers.weight_max
    lowest = Fraction(0) if population in YOUNG else numbers.adult_weight_min
    for name in ("hard_min", "hard_max"):
        weight = limits.quantity(name)
        if weight is None:
            continue
        kilograms = weight.to(KG).value
        if (name == "hard_max" and kilograms > highest) or (name == "hard_min" and kilograms < lowest):
            yield area.at(f"weight.{name}", f"{LIMIT_WORDS[name]} {weight} in a care area that is {population.value}")


@rule(
    "W05",
    Severity.WARNING,
    scopes.FAMILIES,
    title="A paediatric or neonatal entry has the limits of an adult one",
    reason="Identical limits mean that an adult entry was copied and nobody thought of the child.",
    remedy="Set limits for the population, or record in decisions why they agree.",
    source="HSIB 2020 5.55-5.57; proposal of this project",
    origin="L12, R21",
    hazard="LC-08",
    example={
        "entries.+": "entries.9",
        "entries.-1.id": "new",
        "entries.-1.care_area": "neonatal-unit",
    },
)
def adult_limits(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire at each dose in a young area whose four limits and unit are those of an adult entry of the drug."""
    adult = {_key(part): part for row in family.rows if not row.is_young for part in row.doses}
    for part in (part for row in family.rows if row.is_young for part in row.doses):
        copied = adult.get(_key(part))
        if copied is not None and not part.limits.is_empty and not part.row.has_decision(part.path):
            yield part.at("", f"{bounds_text(part.limits)}, just as {copied.row.words}")


def _key(part: Part) -> object:
    return (part.row.entry.type, part.path, part.limits.unit, part.limits.bounds)


@rule(
    "W06",
    Severity.WARNING,
    scopes.FAMILIES,
    title="A child may be given more than an adult",
    reason="A dose per kg without a cap passes the adult maximum in a heavy child.",
    remedy="Lower the limit per kg, or the weight limit of the care area.",
    source="US community hospital library v38: nicardipine",
    origin="L033",
    hazard="LC-09",
    example={
        "entries.+": "entries.9",
        "entries.-1.id": "new",
        "entries.-1.care_area": "neonatal-unit",
        "entries.-1.dose": {"unit": "mg/kg/h", "soft_min": "0.05", "soft_max": "4", "hard_max": "6"},
    },
)
def more_than_adult(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire if a young area's hard maximum per kg, at its highest weight, exceeds every adult absolute hard maximum."""
    adult = [part for row in family.rows if not row.is_young for part in row.doses]
    for part in (part for row in family.rows if row.is_young for part in row.doses):
        weight, most = part.row.heaviest, part.limits.quantity("hard_max")
        if weight is None or most is None or most.unit.patient is not PatientBasis.KG:
            continue
        given = Quantity(most.value * weight, most.unit.absolute())
        peers = [
            p.limits.quantity("hard_max")
            for p in adult
            if (p.row.entry.type, p.path) == (part.row.entry.type, part.path)
        ]
        known = [peer for peer in peers if peer is not None and peer.unit.measures_like(given.unit)]
        if known and given > max(known):
            at = f"{most} is {given.to(max(known).unit)} at {show_number(weight)} kg"
            what = f"{at}, more than the adult hard maximum of {max(known)}"
            yield part.at("hard_max", what)


@rule(
    "W07",
    Severity.WARNING,
    scopes.ENTRIES,
    title="Doses by body surface area without limits of it",
    reason="A body surface area typed wrong scales the dose of a cytotoxic drug.",
    remedy="Set a minimum and a maximum body surface area for the care area.",
    source="BD Alaris data-set report v12.1: maximum body surface area is a setting of every profile",
    origin="L11",
    hazard="LC-09",
    example={
        "entries.+": "entries.3",
        "entries.-1.id": "by-area",
        "entries.-1.therapy": "by body surface area",
        "entries.-1.dose": {"unit": "mg/m2", "soft_min": "200", "soft_max": "900", "hard_max": "1200"},
    },
)
def surface_needed(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for a dose per m2 in an area that does not limit body surface area."""
    part = next((part for part in row.parts if part.limits.unit.patient is PatientBasis.M2), None)
    limits = row.area.body_surface_area
    if part is not None and (limits is None or limits.is_empty):
        yield part.at("unit", f"in {part.limits.unit}, and {row.area.name} does not limit body surface area")


RULES = (weight_needed, young_weight, soft_weight, odd_weight, adult_limits, more_than_adult, surface_needed)
