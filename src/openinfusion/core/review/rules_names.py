"""Rules about names: what a clinician chooses from (group N)."""

from collections.abc import Iterator

from openinfusion.core.library import Library
from openinfusion.core.review import names, scopes
from openinfusion.core.review.facts import SHORT_NAMES, plain
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.survey import Beside, Medicine, Pair, Part, Row, Survey, bounds_text
from openinfusion.core.units import Quantity

_ADRENALINE = {
    "drugs.+": "drugs.0",
    "drugs.-1.id": "adrenaline",
    "drugs.-1.name": "adrenaline",
    "entries.+": "entries.0",
    "entries.-1.id": "adrenaline",
    "entries.-1.drug": "adrenaline",
}


@rule(
    "N01",
    Severity.WARNING,
    scopes.LOOK_ALIKES,
    title="The pump cannot tell two look-alike drugs apart",
    reason="With one unit and overlapping limits, the wrong drug of the pair is accepted without an alert.",
    remedy="Separate the two: Tall Man letters, other strengths, or narrower limits by therapy.",
    source="BMC Pediatr 2022, s12887-022-03183-8: 24 % of mix-ups alerted",
    origin="R18, N02, L025",
    hazard="LC-06",
    example=_ADRENALINE,
)
def look_alike(pair: Pair, _: Survey) -> Iterator[Fault]:
    """Fire if both drugs of a pair have a dose in the same measure with limits that overlap."""
    for part in (part for row in pair.second for part in row.doses):
        peers = [p for row in pair.first for p in row.doses if p.path == part.path and overlaps(p, part)]
        if peers:
            first, second = pair.names
            tall = f"{_tall_man(peers[0].row, first, second)} and {_tall_man(part.row, second, first)}"
            other = f"{peers[0].row.drug.name} in the same pick list, {bounds_text(peers[0].limits)}"
            yield part.at("", f"limits overlap with {other}; Tall Man: {tall}")
            return


def _tall_man(row: Row, name: str, against: str) -> str:
    """Return the form that the library records, else a proposal that says that it is one."""
    return row.drug.tall_man or f"{names.mid_tall_man(name, against)} (proposed by the MID method)"


def overlaps(one: Part, other: Part) -> bool:
    """Whether some dose lies within the soft limits of both."""
    if not one.limits.unit.measures_like(other.limits.unit):
        return False
    lows = [_end(part, "soft_min", "hard_min") for part in (one, other)]
    highs = [_end(part, "soft_max", "hard_max") for part in (one, other)]
    low, high = [q for q in lows if q is not None], [q for q in highs if q is not None]
    return not low or not high or max(low) <= min(high)


def _end(part: Part, soft: str, hard: str) -> Quantity | None:
    return part.limits.quantity(soft) or part.limits.quantity(hard)


@rule(
    "N02",
    Severity.ADVICE,
    scopes.PICK_LISTS,
    title="Two names in one pick list are easily confused",
    reason="Names that begin alike or differ by a letter or two are next to each other on the pump.",
    remedy="Use Tall Man letters, or make the list ask for more letters.",
    source="ISMP †; NHS CUI Medication Line MEDi-012, MEDi-025",
    origin="R18, N02, L025",
    hazard="LC-06",
    example={
        "drugs.+": "drugs.3",
        "drugs.-1.id": "vancocin",
        "drugs.-1.name": "vancocin",
        "drugs.-1.vtm": None,
        "entries.+": "entries.3",
        "entries.-1.id": "vancocin",
        "entries.-1.drug": "vancocin",
    },
    thresholds=("name_distance", "name_start"),
)
def similar_names(pair: Beside, survey: Survey) -> Iterator[Fault]:
    """Fire once for two drugs of a pick list whose names are alike, however many areas show both."""
    first, second, numbers = pair.first.drug.name, pair.second.drug.name, survey.thresholds
    one, other = first.casefold(), second.casefold()
    if one != other and names.are_alike(one, other, letters=numbers.name_distance, start=numbers.name_start):
        where = pair.first.area.name if pair.areas == 1 else f"{pair.areas} care areas"
        yield pair.second.at("drug", f"{second} stands beside {first} in {where}")


@rule(
    "N03",
    Severity.WARNING,
    scopes.DRUGS,
    title="Tall Man letters differ from the approved list",
    reason="Letters raised in another place than everywhere else confuse instead of helping.",
    remedy="Write the form of the approved list.",
    source="proposal of this project: no list is mandated in the United Kingdom, so yours is a setting",
    origin="R19, N01",
    hazard="LC-06",
    example={"drugs.1.tall_man": "FENtanyl"},
    settings={"tall_man": {"fentanyl": "fentaNYL"}},
    thresholds=("tall_man",),
)
def tall_man(medicine: Medicine, survey: Survey) -> Iterator[Fault]:
    """Fire if the list has the drug and the library writes it otherwise, or not at all."""
    approved = survey.thresholds.tall_man.get(medicine.drug.name.casefold())
    if approved is not None and medicine.drug.tall_man != approved:
        yield medicine.at(
            "tall_man", f"{medicine.drug.tall_man or 'no Tall Man form'}; the approved form is {approved}"
        )


@rule(
    "N04",
    Severity.ERROR,
    scopes.DRUGS,
    title="The Tall Man form is another name",
    reason="A Tall Man form changes capitals only; here the pump shows a different drug.",
    remedy="Correct the Tall Man form.",
    source="NHS CUI Medication Line MEDi-012",
    origin="N01",
    hazard="LC-06",
    example={"drugs.1.tall_man": "ALFentanil"},
)
def tall_man_differs(medicine: Medicine, _: Survey) -> Iterator[Fault]:
    """Fire if the form differs from the name by more than capitals."""
    drug = medicine.drug
    if drug.tall_man is not None and drug.tall_man.casefold() != drug.name.casefold():
        yield medicine.at("tall_man", f"{drug.tall_man} is not {drug.name} in other capitals")


@rule(
    "N08",
    Severity.WARNING,
    scopes.DRUGS,
    title="A name is longer than the pump shows",
    reason="A name that is cut loses what sets it apart: 'epidural w/o fentany'.",
    remedy="Shorten the name, and check it on the pump.",
    source="NHS CUI Medication Line MEDi-012, MEDi-025",
    origin="R07, C12, L026",
    hazard="LC-06",
    example={"drugs.3.name": "vancomycin hydrochloride for infusion"},
    thresholds=("name_length",),
)
def long_name(medicine: Medicine, survey: Survey) -> Iterator[Fault]:
    """Fire if the name has more characters than the pump shows."""
    name, most = medicine.drug.name, survey.thresholds.name_length
    if len(name) > most:
        yield medicine.at("name", f"{len(name)} characters, shown as {name[:most]!r}")


@rule(
    "N09",
    Severity.ERROR,
    scopes.LIBRARY,
    title="Two names become one when the pump cuts them",
    reason="Two lines that read the same are two drugs.",
    remedy="Put what differs at the front of both names.",
    source="NHS CUI Medication Line MEDi-025",
    origin="R07, L026",
    hazard="LC-06",
    example={
        "drugs.0.name": "local anaesthetic for epidural with fentanyl",
        "drugs.1.name": "local anaesthetic for epidural without fentanyl",
        "drugs.0.tall_man": None,
        "drugs.1.tall_man": None,
    },
    thresholds=("name_length",),
)
def cut_alike(_: Library, survey: Survey) -> Iterator[Fault]:
    """Fire at each later drug whose name agrees with an earlier one as far as the pump shows it."""
    most, seen = survey.thresholds.name_length, dict[str, str]()
    for medicine in survey.medicines:
        name = medicine.drug.name
        first = seen.setdefault(name[:most].casefold(), name)
        if first.casefold() != name.casefold():
            yield medicine.at("name", f"{name!r} and {first!r} are both shown as {name[:most]!r}")


@rule(
    "N10",
    Severity.ERROR,
    scopes.DRUGS,
    title="A drug name is abbreviated",
    reason="MS is morphine or magnesium sulfate, AZT is two drugs: names are written in full.",
    remedy="Write the generic name in full; keep the short form as an alias.",
    source="NHS CUI Medication Line MEDi-022; ISMP error-prone abbreviations \u2020",
    origin="R08, L023",
    hazard="LC-06",
    example={"drugs.5.name": "KCl"},
)
def short_name(medicine: Medicine, _: Survey) -> Iterator[Fault]:
    """Fire if a word of the name is a known short form."""
    found = next((word for word in plain(medicine.drug.name).split() if word in SHORT_NAMES), None)
    if found is not None:
        yield medicine.at("name", f"{medicine.drug.name!r} is abbreviated")


@rule(
    "N11",
    Severity.WARNING,
    scopes.LIBRARY,
    title="One medicine stands twice in the drug list",
    reason="Limits changed under one name stay as they were under the other.",
    remedy="Keep one of the two, with the other name as an alias.",
    source="proposal of this project",
    origin="N03",
    hazard="LC-06",
    example={"drugs.5.aliases": ["vancomycin"]},
)
def stands_twice(_: Library, survey: Survey) -> Iterator[Fault]:
    """Fire at a later drug that shares a name or an alias, with an earlier one."""
    seen: dict[str, Medicine] = {}
    for medicine in survey.medicines:
        drug = medicine.drug
        keys = dict.fromkeys(plain(name) for name in (drug.name, *drug.aliases))
        known = next((seen[key] for key in keys if key in seen), None)
        if known is not None:
            yield medicine.at("name", f"{drug.name} shares a name with {known.drug.name}")
        seen.update({key: medicine for key in keys if key not in seen})


RULES = (
    look_alike,
    similar_names,
    tall_man,
    tall_man_differs,
    long_name,
    cut_alike,
    short_name,
    stands_twice,
)
