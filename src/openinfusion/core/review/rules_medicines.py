"""Rules for particular medicines: potassium, insulin, heparin, vasoactive drugs, published maxima (group M)."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from openinfusion.core.library import EntryType, Route
from openinfusion.core.numbers import round_to
from openinfusion.core.review import scopes
from openinfusion.core.review.facts import (
    COUNTED_IN_UNITS,
    FASTEST,
    PERIPHERAL,
    PUMPS,
    SALTS,
    STRONGEST,
    STRONGEST_IN_UNITS,
    VASOACTIVE,
    is_on_high_alert_list,
    is_premixed,
    plain,
)
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import Scope, rule
from openinfusion.core.review.rules_delivery import has_max
from openinfusion.core.review.survey import LIMIT_WORDS, Medicine, Part, Row, Survey
from openinfusion.core.units import MINUTES, Kind, Quantity, Unit

MMOL_PER_H = Unit.read("mmol/h")
POTASSIUM: Scope[Row] = Scope("entries of potassium", lambda s: (row for row in s.rows if row.is_a("potassium")))
POTASSIUM_FLUIDS: Scope[Row] = Scope(
    "fluids with potassium", lambda s: (r for r in s.rows if r.is_a("potassium") and r.entry.type is EntryType.FLUID)
)
VASOACTIVES: Scope[Row] = Scope(
    "continuous entries of vasoactive drugs",
    lambda s: (r for r in s.rows if r.entry.type is EntryType.CONTINUOUS and any(map(r.is_a, VASOACTIVE))),
)


def known(row: Row, table: Mapping[str, Quantity]) -> Quantity | None:
    """Return what a table of facts says about the drug of an entry, or ``None``."""
    return next((value for name, value in table.items() if row.is_a(name)), None)


def exceeds(strength: Quantity | None, most: Quantity | None) -> bool:
    """Whether a strength is above another of the same kind; False where either is unknown."""
    if strength is None or most is None or not strength.unit.measures_like(most.unit):
        return False
    return strength > most


@rule(
    "M01",
    Severity.WARNING,
    scopes.DRUGS,
    title="A drug on the high-alert list is not flagged as high-alert",
    reason="The flag decides which alerts and reports treat the drug as dangerous.",
    remedy="Set high_alert, or record why your own list differs.",
    source="ISMP List of High-Alert Medications in Acute Care Settings 2018 and survey 2003",
    origin="L003, L01",
    hazard="LC-02",
    example={"drugs.0.high_alert": None},
)
def unflagged(medicine: Medicine, _: Survey) -> Iterator[Fault]:
    """Fire for a drug that the list names and the library does not flag."""
    if not medicine.drug.high_alert and is_on_high_alert_list(medicine.drug.name):
        yield medicine.at("high_alert", "on the ISMP list of high-alert medications, but not flagged")


@rule(
    "M02",
    Severity.ERROR,
    scopes.DRUGS,
    title="A drug that is counted in units is counted by mass",
    reason="Insulin, heparin and oxytocin are prescribed and labelled in units; a mass is a transcription error.",
    remedy="Correct the kind of amount, and the units of every entry of the drug.",
    source="proposal of this project; insulin 10 mg in 50 mL in published text (Dutch)",
    origin="L009",
    hazard="LC-04",
    example={"drugs.2.amount_kind": "mass", "entries.2.dose.unit": "mg/h", "entries.2.concentration.amount.unit": "mg"},
)
def not_in_units(medicine: Medicine, survey: Survey) -> Iterator[Fault]:
    """Fire if the drug list, or an entry, counts such a drug by anything but units."""
    words = COUNTED_IN_UNITS.intersection(plain(medicine.drug.name).split())
    if not words:
        return
    if medicine.drug.amount_kind not in (None, Kind.INTERNATIONAL_UNIT):
        yield medicine.at("amount_kind", f"{min(words)} is counted in units, not by {medicine.drug.amount_kind.value}")
    for row in survey.rows_of_drug(medicine.drug.id):
        part = next((p for p in row.doses if p.limits.unit.kind not in (Kind.INTERNATIONAL_UNIT, Kind.VOLUME)), None)
        if part is not None:
            yield part.at("unit", f"{min(words)} is counted in units, not in {part.limits.unit}")


def _mmol_per_h(part: Part, name: str) -> Quantity | None:
    """Return a limit of a potassium rate as mmol/h for the heaviest patient of the area, if it can be known."""
    limit = part.limits.quantity(name)
    if limit is None or limit.unit.kind is not Kind.MOLE or not limit.unit.time.value:
        return None
    if limit.unit.patient.value:
        weight = part.row.heaviest
        return None if weight is None or part.row.is_young else Quantity(limit.value * weight, limit.unit.absolute())
    return limit.to(MMOL_PER_H)


@rule(
    "M03",
    Severity.ERROR,
    POTASSIUM,
    title="Potassium may run faster than is given anywhere",
    reason="Potassium above 20 mmol/h stops the heart within minutes.",
    remedy="Lower the hard maximum.",
    source="NHS Highland hypokalaemia guideline; UCLH 2010, quoted by Leeds",
    origin="L020",
    hazard="LC-02",
    example={"entries.7.dose.hard_max": "25"},
    thresholds=("potassium_monitored",),
)
def potassium_fast(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the hard maximum, or a lone soft maximum, is above the fastest rate."""
    most = Quantity(survey.thresholds.potassium_monitored, MMOL_PER_H)
    for part in row.doses:
        name = "soft_max" if part.limits.hard_max is None else "hard_max"
        rate = _mmol_per_h(part, name)
        if rate is not None and rate > most:
            yield part.at(name, f"{LIMIT_WORDS[name]} {rate} of potassium is above {most}")


@rule(
    "M04",
    Severity.ERROR,
    POTASSIUM,
    title="Potassium outside critical care may run faster than without monitoring",
    reason="Above 10 mmol/h potassium needs a continuous electrocardiogram, which a ward does not have.",
    remedy="Lower the soft maximum, or keep the entry to monitored areas.",
    source="NHS Highland hypokalaemia guideline",
    origin="L020",
    hazard="LC-02",
    example={"entries.7.care_area": "ward"},
    thresholds=("potassium_ward", "critical_care_words"),
)
def potassium_ward(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the soft maximum outside critical care is above the ward rate."""
    if survey.is_critical_care(row.area):
        return
    most = Quantity(survey.thresholds.potassium_ward, MMOL_PER_H)
    for part in row.doses:
        rate = _mmol_per_h(part, "soft_max")
        if rate is not None and rate > most:
            yield part.at("soft_max", f"soft maximum {rate} of potassium in {row.area.name}, where {most} is the most")


@rule(
    "M05",
    Severity.ERROR,
    POTASSIUM,
    title="Strong potassium is allowed outside critical care",
    reason="Choosing strong potassium by mistake is a never event; it is kept where it is needed.",
    remedy="Remove the entry from this care area, or use a ready-made bag of up to 40 mmol/L.",
    source="NPSA 2002, quoted in UKMi Q&A 186.5; NHS Highland hypokalaemia guideline",
    origin="L021",
    hazard="LC-02",
    example={"entries.7.care_area": "ward", "entries.7.dose.soft_max": "9", "entries.7.dose.usual_max": "9"},
    thresholds=("potassium_strength", "critical_care_words"),
)
def potassium_strong(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the strength outside critical care is above the limit, or is open."""
    if survey.is_critical_care(row.area):
        return
    most = Quantity(survey.thresholds.potassium_strength, Unit.read("mmol/L"))
    if row.strength is not None and exceeds(row.strength, most):
        yield row.at("concentration", f"{row.strength.to(most.unit)} is above {most}")
    elif row.is_open:
        yield row.at("concentration", f"potassium of any strength may be entered; {most} is the most")


@rule(
    "M06",
    Severity.ERROR,
    POTASSIUM_FLUIDS,
    title="A fluid with potassium has no hard maximum rate",
    reason="A bag of fluid with potassium run in as fast as plain fluid is an overdose of potassium.",
    remedy="Set a hard maximum rate.",
    source="proposal of this project",
    origin="L14",
    hazard="LC-02",
    example={
        "drugs.4.name": "potassium chloride 0.15% in sodium chloride 0.9%",
        "entries.4.rate.hard_max": None,
    },
)
def potassium_fluid(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a hard maximum of rate or dose."""
    groups = [limits for limits in (row.entry.rate, row.entry.dose) if limits is not None]
    if all(limits.hard_max is None for limits in groups):
        yield row.at("rate.hard_max", "a fluid with potassium without a hard maximum rate")


@rule(
    "M07",
    Severity.WARNING,
    scopes.INTERMITTENT,
    title="A dose may run faster than published",
    reason="Vancomycin in under its time causes flushing and collapse; magnesium stops breathing.",
    remedy="Raise the minimum duration, or set a maximum rate.",
    source="edren.org, NHSGGC Therapeutics handbook (vancomycin); SmPC, emc 3539 (magnesium)",
    origin="L022, L09",
    hazard="LC-02",
    example={"entries.3.rate": None},
)
def faster_than_published(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if the soft maximum dose in the minimum duration beats the table, and no maximum rate stops it."""
    most, entry = known(row, FASTEST), row.entry
    if most is None or entry.dose is None or has_max(entry, "rate"):
        return
    dose = entry.dose.quantity("soft_max") or entry.dose.quantity("hard_max")
    limits = entry.duration
    shortest = (limits.quantity("soft_min") or limits.quantity("hard_min")) if limits else None
    if dose is None or shortest is None or not shortest.value or not dose.unit.measures_like(Unit.read("mg")):
        return
    rate = Quantity(dose.to(Unit.read("mg")).value / shortest.to(MINUTES).value, Unit.read("mg/min"))
    if rate > most:
        shown = Quantity(round_to(rate.value, Fraction(1, 100)), rate.unit)
        yield row.at("duration", f"{dose} in {shortest} is {shown}, faster than {most}")


@rule(
    "M08",
    Severity.WARNING,
    scopes.FIXED,
    title="A strength is above any published one",
    reason="A solution stronger than published irritates veins, or was typed wrong.",
    remedy="Check the amount and the volume against the source.",
    source="MIMS, NHS Lothian renal (vancomycin); emc 3539 (magnesium); ICS/FICM v2.2, 2016 (amiodarone)",
    origin="L022",
    hazard="LC-01",
    example={"entries.3.concentration.volume.value": "50"},
)
def stronger_than_published(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for a drug of the table with a strength above it."""
    most = known(row, STRONGEST)
    if most is not None and row.strength is not None and exceeds(row.strength, most):
        yield row.at("concentration", f"{row.strength.to(most.unit)} is above {most}")


@rule(
    "M09",
    Severity.ERROR,
    scopes.FIXED,
    title="A central-line strength is entered as peripheral",
    reason="Above these strengths the drug destroys tissue when a cannula fails.",
    remedy="Use the central route, or a weaker solution.",
    source="ICS/FICM v2.2, 2016, central only; ASHP Standardize 4 Safety 2016; NHS Highland (potassium)",
    origin="L019",
    hazard="LC-01",
    example={"entries.0.route": "intravenous peripheral"},
)
def too_strong_for_vein(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for a peripheral entry above the published peripheral strength of its drug."""
    most = known(row, PERIPHERAL)
    if row.entry.route is Route.PERIPHERAL and most and row.strength and exceeds(row.strength, most):
        yield row.at("route", f"{row.strength.to(most.unit)} by a peripheral vein; {most} is the most")


@rule(
    "M10",
    Severity.ERROR,
    scopes.FIXED,
    title="Insulin or heparin is stronger than any infusion in use",
    reason="A strength of a vial in place of the infusion gives a tenfold or hundredfold dose.",
    remedy="Check the amount and the volume against the source.",
    source="NHS Ayrshire & Arran and NHS Lothian (heparin); UK prescribing sheet (insulin 1 unit/mL)",
    origin="L044",
    hazard="LC-01",
    example={"entries.2.concentration.amount.value": "500"},
)
def strong_units(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire above 1 unit/mL of insulin or 1,000 units/mL of heparin."""
    most = known(row, STRONGEST_IN_UNITS)
    if most is not None and row.strength is not None and exceeds(row.strength, most):
        yield row.at("concentration", f"{row.strength.to(most.unit)} is above {most}")


@rule(
    "M11",
    Severity.ADVICE,
    scopes.DRUGS,
    title="The salt or base is not stated",
    reason="40 mg/L of noradrenaline base is 80 mg/L of tartrate, and calcium chloride is three times the gluconate.",
    remedy="State the salt or base in the name or an alias.",
    source="SmPC of noradrenaline: 40 mg/L base is 80 mg/L tartrate; SmPC, emc 3539 (magnesium)",
    origin="L032",
    hazard="LC-04",
    example={"drugs.0.name": "noradrenaline"},
)
def salt_not_stated(medicine: Medicine, _: Survey) -> Iterator[Fault]:
    """Fire for a drug of the table whose names contain none of its salts."""
    drug = medicine.drug
    words = {word for name in (drug.name, *drug.aliases) for word in plain(name).split()}
    for name, salts in SALTS.items():
        if name in plain(drug.name).split() and words.isdisjoint(salts) and not is_premixed(drug.name):
            yield medicine.at("name", f"{drug.name}: is it {' or '.join(salts)}?")


@rule(
    "M12",
    Severity.ADVICE,
    VASOACTIVES,
    title="A vasoactive drug with several therapies starts at a dose of its own",
    reason="The preset dose of one protocol is accepted under another; a hospital removed such presets.",
    remedy="Remove the initial value, or record why it suits every therapy.",
    source="US community hospital library v56: start doses of dopamine and dobutamine removed",
    origin="L038",
    hazard="US-01",
    example={"entries.+": "entries.0", "entries.-1.id": "spinal", "entries.-1.therapy": "spinal injury"},
)
def preset_start(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the drug has two or more therapies in the area and this one presets its dose."""
    others = {r.entry.therapy for r in survey.rows_of_drug(row.drug.id) if r.area is row.area}
    if len(others) > 1 and row.entry.dose is not None and (start := row.entry.dose.quantity("initial")) is not None:
        yield row.at("dose.initial", f"starts at {start}, one of {len(others)} therapies")


@rule(
    "M13",
    Severity.ADVICE,
    VASOACTIVES,
    title="A titrated drug has no limit on a single step",
    reason="A dose raised from 0.1 to 1.0 in one step lies within limits and is still ten times the dose before.",
    remedy="Set a titration step where the pump supports it.",
    source="Baxter Sigma Spectrum MDL 6.2 report: single-step rate change",
    origin="L15",
    hazard="US-02",
    example={"entries.0.titration_step": None},
    thresholds=("target_pumps",),
)
def no_step(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire without a titration step, if a target pump can limit steps."""
    if row.entry.titration_step is None and any(PUMPS[pump].limits_steps for pump in survey.thresholds.target_pumps):
        factor = row.entry.dose and row.entry.dose.quantity("hard_max")
        yield row.at("titration_step", f"any increase up to {factor or 'any dose'} in one step")


RULES = (
    unflagged,
    not_in_units,
    potassium_fast,
    potassium_ward,
    potassium_strong,
    potassium_fluid,
    faster_than_published,
    stronger_than_published,
    too_strong_for_vein,
    strong_units,
    salt_not_stated,
    preset_start,
    no_step,
)
