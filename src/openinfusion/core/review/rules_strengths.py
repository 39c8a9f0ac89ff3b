"""Rules about fixed strengths: how many, how alike, how far apart (group C)."""

from collections.abc import Iterator
from itertools import combinations

from openinfusion.core.library import EntryType, Population
from openinfusion.core.review import scopes
from openinfusion.core.review.facts import NATIONAL_STRENGTHS
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.rules_limits import times
from openinfusion.core.review.survey import Family, Pair, Row, Survey, group


@rule(
    "C07",
    Severity.WARNING,
    scopes.FAMILIES,
    title="One care area has many strengths of a drug",
    reason="Each further strength is a further chance to choose the wrong line on the pump.",
    remedy="Remove the strengths that are not needed.",
    source="ISMP smart-pump guidelines 2020, section 2 †",
    origin="C03",
    hazard="LC-01",
    example={
        "entries.+": "entries.0",
        "entries.-1.id": "double",
        "entries.-1.therapy": "double strength",
        "entries.-1.concentration.amount.value": "8",
    },
    settings={"strengths_in_area": 1},
    thresholds=("strengths_in_area",),
)
def many_strengths(family: Family, survey: Survey) -> Iterator[Fault]:
    """Fire if one area holds more strengths of a drug than policy allows; the bags of an intermittent dose are many."""
    running = [row for row in family.rows if row.entry.type is not EntryType.INTERMITTENT]
    for rows in group(running, [row.area.id for row in running]):
        strengths = list(dict.fromkeys(row.strength for row in rows if row.strength is not None))
        if len(strengths) > survey.thresholds.strengths_in_area:
            shown = "; ".join(map(str, strengths))
            yield rows[0].at("concentration", f"{len(strengths)} strengths in {rows[0].area.name}: {shown}")


@rule(
    "C08",
    Severity.ERROR,
    scopes.FAMILIES,
    title="Two strengths stand side by side with nothing to tell them apart",
    reason="Two lines with the same name and different strengths are chosen by luck.",
    remedy="Name the therapy of each, or keep one strength.",
    source="proposal of this project",
    origin="R16",
    hazard="LC-01",
    example={"entries.+": "entries.0", "entries.-1.id": "double", "entries.-1.concentration.amount.value": "8"},
)
def undistinguished(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire at later strengths with the same area, type, route and therapy and no rationale; intermittent bags aside."""
    running = [row for row in family.rows if row.entry.type is not EntryType.INTERMITTENT]
    keys = [(r.area.id, r.entry.type, r.entry.route, r.entry.therapy, r.entry.anaesthesia_only) for r in running]
    for rows in group(running, keys):
        first = rows[0]
        for row in rows[1:]:
            differs = row.strength != first.strength
            if differs and not (row.entry.rationale or row.has_decision("concentration")):
                yield row.at("concentration", f"same name and place as {first.words}")


@rule(
    "C09",
    Severity.WARNING,
    scopes.FAMILIES,
    title="A drug has different strengths in different care areas",
    reason="A syringe that moves with its patient, or a nurse who moves, meets the other strength.",
    remedy="Standardise the strength, or record the discrepancy and its reason in decisions.",
    source="HSIB 2020 3.7; medinfogalway.ie: dexmedetomidine 10 and 4 micrograms/mL",
    origin="R17, L017",
    hazard="LC-01",
    example={
        "entries.+": "entries.0",
        "entries.-1.id": "ward-noradrenaline",
        "entries.-1.care_area": "ward",
        "entries.-1.concentration.amount.value": "8",
    },
)
def strengths_differ(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire if areas of like patients share no common strength, and no decision says why."""
    kinds = [(row.entry.type, row.entry.route, row.is_young) for row in family.rows]
    for rows in group(family.rows, kinds):
        fixed = [row for row in rows if row.strength is not None and not row.has_decision("concentration")]
        areas = group(fixed, [row.area.id for row in fixed])
        for first, second in combinations(areas, 2):
            if {row.strength for row in first}.isdisjoint(row.strength for row in second):
                yield second[0].at(
                    "concentration",
                    f"{second[0].strength_words} here, {first[0].strength_words} in {first[0].area.name}",
                )


@rule(
    "C10",
    Severity.WARNING,
    scopes.FAMILIES,
    title="Two strengths of a drug differ exactly tenfold",
    reason="Strengths a decimal point apart look alike and hide the slip of ten that limits should stop.",
    remedy="Choose another strength, or keep only one of them.",
    source="neonatal calculator (github kingsgambita/infusions-in-JQM): midazolam 1.5 and 15 mg/kg",
    origin="L018",
    hazard="LC-01",
    example={
        "entries.+": "entries.2",
        "entries.-1.id": "weak-insulin",
        "entries.-1.concentration.amount.value": "5",
        "entries.-1.therapy": "weak",
    },
)
def tenfold_strengths(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire at the stronger of two strengths with a ratio of exactly 10, 100 or 1,000."""
    strengths = {row.strength: row for row in family.rows if row.strength is not None}
    for one, other in combinations(strengths, 2):
        low, high = sorted((one, other)) if one.unit.measures_like(other.unit) else (one, one)
        if high / low in (10, 100, 1000):
            what = f"{high} is {times(high / low)} the {low} of {strengths[low].words}"
            yield strengths[high].at("concentration", what)


@rule(
    "C14",
    Severity.ADVICE,
    scopes.LOOK_ALIKES,
    title="Two look-alike drugs have the same strength in one care area",
    reason="When strength and unit agree, nothing on the pump shows that the wrong drug of the pair was chosen.",
    remedy="Give the two different strengths, as ASHP did on purpose for adrenaline and noradrenaline.",
    source="ASHP Standardize 4 Safety v1.01, 2016; VMFH PCA library: hydromorphone",
    origin="L031",
    hazard="LC-06",
    example={
        "drugs.+": "drugs.0",
        "drugs.-1.id": "adrenaline",
        "drugs.-1.name": "adrenaline",
        "entries.+": "entries.0",
        "entries.-1.id": "adrenaline",
        "entries.-1.drug": "adrenaline",
    },
)
def alike_in_strength(pair: Pair, _: Survey) -> Iterator[Fault]:
    """Fire once for a pair on the look-alike list that shares a fixed strength."""
    strengths = {row.strength: row for row in pair.first if row.strength is not None}
    row = next((row for row in pair.second if row.strength in strengths), None)
    if row is not None:
        yield row.at("concentration", f"{row.strength_words}, as {pair.first[0].drug.name} in the same care area")


@rule(
    "C15",
    Severity.ADVICE,
    scopes.FIXED,
    title="A strength is not on the national list",
    reason="Nine in ten units adopted the national strengths; one of your own cannot be bought ready-made.",
    remedy="Use a national strength, or record the reason in decisions.",
    source="ICS/FICM Medication Concentrations in Adult Critical Care Areas v2.2 (2016), as far as read",
    origin="L042, C04",
    hazard="LC-01",
    example={"entries.0.concentration.amount.value": "5"},
    thresholds=("critical_care_words",),
)
def not_national(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire in adult critical care for a drug on the list with a strength that is not."""
    if row.area.population is not Population.ADULT or not survey.is_critical_care(row.area):
        return
    for name, strengths in NATIONAL_STRENGTHS.items():
        if row.is_a(name) and row.strength not in strengths and not row.has_decision("concentration"):
            shown = ", ".join(str(strength) for strength in strengths)
            own = row.strength and row.strength.to(strengths[0].unit)
            yield row.at("concentration", f"{own}; the national list has {shown}")


RULES = (
    many_strengths,
    undistinguished,
    strengths_differ,
    tenfold_strengths,
    alike_in_strength,
    not_national,
)
