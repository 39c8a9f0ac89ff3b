"""Rules about units, and about siblings that should agree once their units are converted (group U)."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from openinfusion.core.library import EntryType
from openinfusion.core.numbers import show_number
from openinfusion.core.review import scopes
from openinfusion.core.review.facts import DOSED_PER_MINUTE
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.rules_limits import times
from openinfusion.core.review.survey import Family, Part, Row, Survey, bounds_text
from openinfusion.core.units import Kind, PatientBasis, Quantity, TimeBasis, Unit

_GRAVE = frozenset({60, 1000})
_SLIPS = (10, 24, 60, 1000)


def siblings(family: Family) -> Iterator[tuple[Part, ...]]:
    """Yield the doses of a drug that are given in the same manner: same type, same mode."""
    parts = [part for row in family.rows for part in row.doses]
    groups: dict[tuple[EntryType, str], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.row.entry.type, part.path), []).append(part)
    yield from (tuple(found) for found in groups.values() if len(found) > 1)


@rule(
    "U01",
    Severity.WARNING,
    scopes.FAMILIES,
    title="Siblings differ by 10, 24, 60 or 1,000 once converted",
    reason="Those factors are a decimal point, day for hour, hour for minute, milligrams for micrograms.",
    remedy="Check both entries against their source.",
    source="US community hospital library v66 (2024): bivalirudin; earlier versions: pancuronium",
    origin="L006, R20",
    hazard="LC-04",
    example={
        "entries.+": "entries.9",
        "entries.-1.id": "new",
        "entries.-1.care_area": "ward",
        "entries.-1.dose": {"unit": "mg/h", "soft_min": "20", "soft_max": "150", "hard_max": "200"},
    },
    thresholds=("slip_tolerance",),
)
def slip_between_siblings(family: Family, survey: Survey) -> Iterator[Fault]:
    """Fire once for each two values a slip apart, at the rarer of the two; 60 and 1,000 are errors."""
    for parts in siblings(family):
        tops: dict[Quantity, list[Part]] = {}
        for part in parts:
            if part.top:
                tops.setdefault(Quantity(part.top, part.limits.unit), []).append(part)
        for one, other in combinations(tops, 2):
            slip = _slip(one, other, survey.thresholds.slip_tolerance)
            if slip is None or one.value == other.value:
                continue
            low, high = sorted((one, other))
            odd, usual = (low, high) if len(tops[low]) < len(tops[high]) else (high, low)
            part, peer = tops[odd][0], tops[usual][0]
            severity = Severity.ERROR if slip in _GRAVE else None
            ratio = times(odd / usual) if odd > usual else f"{times(usual / odd)} below"
            what = f"maximum {odd} is {ratio} the {usual} of {peer.row.words}"
            yield part.at("", f"{what}, close to a factor of {slip:,}", severity)


def _slip(one: Quantity, other: Quantity, tolerance: Fraction) -> int | None:
    """Return the slip that two maxima are apart by, within the tolerance, or ``None``."""
    if not one.unit.measures_like(other.unit):
        return None
    ratio = one / other
    ratio = ratio if ratio > 1 else 1 / ratio
    return next((slip for slip in _SLIPS if abs(ratio / slip - 1) <= tolerance), None)


@rule(
    "U02",
    Severity.ERROR,
    scopes.FAMILIES,
    title="Siblings have the same digits in different units",
    reason="The same numbers in micrograms/kg/h and in mg/kg/h are one of them a thousandfold wrong.",
    remedy="Check both entries against their source.",
    source="US community hospital library v66 (2024): bivalirudin",
    origin="L007",
    hazard="LC-04",
    example={
        "entries.+": "entries.9",
        "entries.-1.id": "new",
        "entries.-1.care_area": "ward",
        "entries.-1.dose.unit": "mg/min",
    },
)
def same_digits(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire at the rarer unit when all limits of two siblings agree in digits and their units do not."""
    for parts in siblings(family):
        alike: dict[object, list[Part]] = {}
        for part in parts:
            if not part.limits.is_empty:
                alike.setdefault(part.limits.bounds, []).append(part)
        for found in alike.values():
            by_unit: dict[Unit, list[Part]] = {}
            for part in found:
                by_unit.setdefault(part.limits.unit, []).append(part)
            ranked = sorted(by_unit.values(), key=len)
            for odd in ranked[:-1]:
                peer = ranked[-1][0]
                yield odd[0].at("unit", f"{bounds_text(odd[0].limits)}, but in {peer.limits.unit} in {peer.row.words}")


@rule(
    "U03",
    Severity.ERROR,
    scopes.FAMILIES,
    title="A dose per kg and an absolute dose of one drug disagree",
    reason="At one weight both should allow about the same; insulin by weight once allowed 17 times the plain entry.",
    remedy="Check whether a dose per kg was typed as absolute, or the reverse.",
    source="US community hospital library: insulin (v49-v58), nicardipine (v38)",
    origin="L008",
    hazard="LC-04",
    example={
        "entries.+": "entries.2",
        "entries.-1.id": "by-weight",
        "entries.-1.therapy": "by weight",
        "entries.-1.dose": {"unit": "units/kg/h", "soft_min": "0.1", "soft_max": "5", "hard_max": "6"},
    },
    thresholds=("per_kg_disagreement", "adult_weight"),
)
def per_kg_disagrees(family: Family, survey: Survey) -> Iterator[Fault]:
    """Fire at the first entry per kg whose maximum at the reference weight is far from an absolute sibling's."""
    for parts in siblings(family):
        by_weight = [p for p in parts if p.limits.unit.patient is PatientBasis.KG and p.top]
        absolute = [p for p in parts if p.limits.unit.patient is PatientBasis.NONE and p.top]
        for part in by_weight:
            weight = part.row.heaviest if part.row.is_young else survey.thresholds.adult_weight
            peers = [p for p in absolute if p.row.area.population is part.row.area.population]
            found = next((p for p in peers if _apart(part, p, weight) > survey.thresholds.per_kg_disagreement), None)
            if found is not None and weight is not None:
                what = f"maximum {_top(part)} at {show_number(weight)} kg is {times(_apart(part, found, weight))} apart"
                yield part.at("", f"{what} from {_top(found)} of {found.row.words}")
                break


def _top(part: Part) -> Quantity:
    return Quantity(part.top or Fraction(0), part.limits.unit)


def _apart(part: Part, absolute: Part, weight: Fraction | None) -> Fraction:
    """Return how many times one maximum is the other at this weight; 0 where they cannot be compared."""
    unit = part.limits.unit.absolute()
    if weight is None or not unit.measures_like(absolute.limits.unit):
        return Fraction(0)
    ratio = Quantity((part.top or 0) * weight, unit) / _top(absolute)
    return ratio if ratio > 1 else 1 / ratio


@rule(
    "U04",
    Severity.WARNING,
    scopes.FAMILIES,
    title="A drug is dosed in different units in different care areas",
    reason="A nurse who moves between areas reads the number she knows in a unit that she does not expect.",
    remedy="Agree on one unit, or record the reason in decisions.",
    source="NHS CUI Medication Line MEDi-014; ISMP smart-pump guidelines 2020, section 2 †",
    origin="C06, L016, R04",
    hazard="LC-04",
    example={
        "entries.+": "entries.9",
        "entries.-1.id": "new",
        "entries.-1.care_area": "ward",
        "entries.-1.dose": {"unit": "micrograms/kg/h", "soft_min": "30", "soft_max": "200", "hard_max": "300"},
    },
)
def units_differ(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire at the first entry of each further unit in another area of like patients, unless decided."""
    for parts in siblings(family):
        for alike in ([p for p in parts if p.row.is_young is young] for young in (False, True)):
            seen: dict[Unit, Part] = {}
            for part in alike:
                first = seen.setdefault(part.limits.unit, part)
                others = [
                    p
                    for p in seen.values()
                    if p.row.area is not part.row.area and p.limits.unit is not first.limits.unit
                ]
                if first is part and others and not part.row.has_decision(part.path):
                    peer = others[0]
                    yield part.at("unit", f"{part.limits.unit} here, {peer.limits.unit} in {peer.row.area.name}")


@rule(
    "U05",
    Severity.WARNING,
    scopes.FAMILIES,
    title="One care area holds a drug in two sizes of one unit",
    reason="The same drug in mg and in g on one pick list is a factor of a thousand between two lines.",
    remedy="Keep one of the two.",
    source="US community hospital library v66 (2024): 46 drugs stand twice, in mg and in gram",
    origin="C07",
    hazard="LC-04",
    example={
        "entries.+": "entries.3",
        "entries.-1.id": "grams",
        "entries.-1.therapy": "in grams",
        "entries.-1.dose": {"unit": "g", "soft_min": "0.5", "soft_max": "1.7", "hard_max": "2.5"},
    },
)
def two_sizes(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire at the second unit of one measure in one area."""
    for parts in siblings(family):
        seen: dict[object, Part] = {}
        for part in parts:
            unit = part.limits.unit
            first = seen.setdefault((part.row.area.id, unit.kind, unit.patient), part)
            if first.limits.unit.amount is not unit.amount:
                yield part.at("unit", f"{unit} here, {first.limits.unit} in {first.row.words}")


@rule(
    "U06",
    Severity.ADVICE,
    scopes.DOSES,
    title="A dose reads better in a smaller unit",
    reason="Decimal points are lost in reading: 0.05 mg is written 50 micrograms.",
    remedy="Use micrograms below 1 mg, and nanograms below 1 microgram where pumps allow it.",
    source="NHS CUI Medication Line MEDi-014; BNF: below 1 mg in micrograms",
    origin="R04, L024",
    hazard="US-02",
    example={"entries.9.dose": {"unit": "mg/h", "soft_min": "0.05", "soft_max": "0.3", "hard_max": "0.5"}},
)
def smaller_unit(part: Part, _: Survey) -> Iterator[Fault]:
    """Fire if every limit of a dose in mg or g is below one."""
    unit = part.limits.unit
    values = [value for value in part.limits.bounds if value]
    if unit.amount.code in ("mg", "g") and values and max(values) < 1:
        code = {"mg": "ug", "g": "mg"}[unit.amount.code]
        smaller = Unit.of(Unit.read(code).amount, patient=unit.patient, time=unit.time)
        name = next(n for n in ("hard_max", "soft_max", "soft_min", "hard_min") if getattr(part.limits, n))
        value = Quantity(getattr(part.limits, name), unit)
        yield part.at("unit", f"{value} reads better as {value.to(smaller)}")


@rule(
    "U07",
    Severity.ERROR,
    scopes.ENTRIES,
    title="An amount is in milliequivalents",
    reason="British products are labelled in mmol; a milliequivalent of calcium or magnesium is half a mmol.",
    remedy="Write the entry in mmol.",
    source="proposal of this project; NHS Highland hypokalaemia guideline counts in mmol",
    origin="L020",
    hazard="LC-04",
    example={
        "entries.7.concentration.amount.unit": "mEq",
        "entries.7.dose.unit": "mEq/h",
        "drugs.5.amount_kind": "equivalent",
    },
)
def milliequivalents(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if any limit or the concentration counts equivalents."""
    amount = row.entry.concentration.amount if row.entry.concentration else None
    places = [("concentration.amount", amount.unit)] if amount else []
    places += [(part.path, part.limits.unit) for part in row.parts]
    path = next((path for path, unit in places if unit.kind is Kind.EQUIVALENT), None)
    if path is not None:
        yield row.at(path, "in mEq")


@rule(
    "U08",
    Severity.ADVICE,
    scopes.CONTINUOUS,
    title="A drug dosed per minute is entered per hour",
    reason="Reference works give it per minute, so a number carried over is wrong by sixty.",
    remedy="Enter it per minute, or record the reason in decisions.",
    source="proposal of this project; vasopressin is published per minute and per hour",
    origin="L041",
    hazard="LC-04",
    example={
        "entries.0.dose": {"unit": "micrograms/kg/h", "soft_min": "2", "soft_max": "36", "hard_max": "60"},
    },
)
def per_hour(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for a drug of the list with a dose per hour or per day."""
    dose = row.entry.dose
    if dose is None or dose.unit.kind is Kind.VOLUME or dose.unit.time is TimeBasis.MIN:
        return
    if any(row.is_a(name) for name in DOSED_PER_MINUTE) and not row.has_decision("dose"):
        yield row.at("dose.unit", f"in {dose.unit}; reference works give it per minute")


@rule(
    "U09",
    Severity.WARNING,
    scopes.ENTRIES,
    title="A medicine is programmed in mL/h only",
    reason="A rate hides the dose: adrenaline at 0-20 mL/h over three strengths is a silent fourfold range.",
    remedy="Give the entry a dose with its limits.",
    source="ISMP smart-pump guidelines 2020, section 2 †; UK prescribing sheet: adrenaline 0-20 mL/h",
    origin="C09, L015, R11",
    hazard="LC-02",
    example={"entries.9.dose": {"unit": "mL/h", "soft_min": "2", "soft_max": "8", "hard_max": "15"}},
)
def ml_per_h_only(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for an entry with a drug amount, not a fluid, that limits no dose by amount; an error if high-alert."""
    if row.entry.type is EntryType.FLUID or (row.entry.concentration is None and not row.is_high_alert):
        return
    if not any(part.limits.unit.kind is not Kind.VOLUME for part in row.doses):
        yield row.at("dose", "limits count mL only, not drug", Severity.ERROR if row.is_high_alert else None)


@rule(
    "U10",
    Severity.ERROR,
    scopes.ENTRIES,
    title="An entry counts its drug in another kind of amount than the drug list says",
    reason="Insulin in mg or magnesium in mmol beside grams cannot be compared or converted by any pump.",
    remedy="Correct the entry, or the kind of amount in the drug list.",
    source="proposal of this project",
    origin="R20, L009",
    hazard="LC-04",
    example={"drugs.3.amount_kind": "mole"},
)
def other_kind(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if a dose or the concentration is not of the drug's kind of amount."""
    kind = row.drug.amount_kind
    amount = row.entry.concentration.amount if row.entry.concentration else None
    places = [("concentration.amount", amount.unit)] if amount else []
    places += [(part.path, part.limits.unit) for part in row.doses if part.limits.unit.kind is not Kind.VOLUME]
    wrong = next(((path, unit) for path, unit in places if kind is not None and unit.kind is not kind), None)
    if kind is not None and wrong is not None:
        yield row.at(wrong[0], f"in {wrong[1]}, but the drug list counts it by {kind.value}")


RULES = (
    slip_between_siblings,
    same_digits,
    per_kg_disagrees,
    units_differ,
    two_sizes,
    smaller_unit,
    milliequivalents,
    per_hour,
    ml_per_h_only,
    other_kind,
)
