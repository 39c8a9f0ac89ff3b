"""Rules about how a dose is delivered: bolus, loading dose, duration (group D)."""

from collections.abc import Iterator
from fractions import Fraction

from openinfusion.core.library import Delivery, Entry
from openinfusion.core.numbers import round_to
from openinfusion.core.review import scopes
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.survey import Row, Survey
from openinfusion.core.units import ML, Kind, Quantity


def has_max(delivery: Delivery | Entry, name: str) -> bool:
    """Whether a group of limits has a soft or hard maximum."""
    limits = getattr(delivery, name)
    return limits is not None and not (limits.soft_max is None and limits.hard_max is None)


def has_min(delivery: Delivery | Entry, name: str) -> bool:
    """Whether a group of limits has a soft or hard minimum."""
    limits = getattr(delivery, name)
    return limits is not None and not (limits.soft_min is None and limits.hard_min is None)


@rule(
    "D01",
    Severity.WARNING,
    scopes.BOLUSES,
    title="A bolus has no maximum dose",
    reason="A bolus is given at once, so there is no time to notice a tenfold dose.",
    remedy="Set a maximum bolus dose, or disable the bolus.",
    source="HSIB 2020 3.2-3.7; US community hospital library v66 (2024): half the bolus entries lack one",
    origin="L07, L039, R26",
    hazard="US-03",
    example={"entries.1.bolus.dose": None},
)
def bolus_dose(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a maximum bolus dose; an error for a high-alert drug."""
    if row.entry.bolus and not has_max(row.entry.bolus, "dose"):
        yield row.at(
            "bolus.dose", "a bolus is allowed without a maximum dose", Severity.ERROR if row.is_high_alert else None
        )


@rule(
    "D02",
    Severity.WARNING,
    scopes.BOLUSES,
    title="A bolus has no maximum rate",
    reason="How fast a bolus enters decides its peak effect, and a pump's own fastest rate is a push.",
    remedy="Set a maximum bolus rate or a minimum duration.",
    source="BD Alaris data-set report v12.1: limits of the bolus rate; ISMP smart-pump guidelines 2020, section 2 †",
    origin="L07, L039, R26",
    hazard="US-03",
    example={"entries.1.bolus.rate": None},
)
def bolus_rate(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a maximum rate and without a minimum duration."""
    if (bolus := row.entry.bolus) and not has_max(bolus, "rate") and not has_min(bolus, "duration"):
        yield row.at("bolus.rate", "a bolus is allowed without a maximum rate or a minimum duration")


@rule(
    "D03",
    Severity.ADVICE,
    scopes.BOLUSES,
    title="A bolus from a fixed concentration has no maximum volume",
    reason="If the syringe is not what the pump believes, only a cap on the volume still holds.",
    remedy="Set a maximum bolus volume.",
    source="HSIB 2020 3.2-3.7; proposal of this project",
    origin="R26",
    hazard="LC-01",
    example={"entries.1.bolus.volume": None},
)
def bolus_volume(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a maximum volume; an open concentration has a rule of its own (C02)."""
    if (bolus := row.entry.bolus) and not row.is_open and not has_max(bolus, "volume"):
        yield row.at("bolus.volume", "a bolus is allowed without a maximum volume")


@rule(
    "D04",
    Severity.WARNING,
    scopes.BOLUSES,
    title="One bolus may empty much of the syringe",
    reason="In November 2018 three boluses emptied the whole syringe.",
    remedy="Lower the maximum bolus volume or dose.",
    source="HSIB 2020 3.2-3.7; proposal of this project",
    origin="R26",
    hazard="US-03",
    example={"entries.1.bolus.volume.hard_max": "40"},
    thresholds=("bolus_share",),
)
def bolus_share(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the largest bolus volume is more than a share of what the syringe or bag holds."""
    entry = row.entry
    if entry.bolus is None or entry.concentration is None or entry.concentration.volume is None:
        return
    largest, held = _largest_bolus(row, entry.bolus), entry.concentration.volume.to(ML).value
    if largest is not None and largest / held > survey.thresholds.bolus_share:
        volume, whole = Quantity(round_to(largest, Fraction(1, 100)), ML), Quantity(held, ML)
        yield row.at("bolus.volume", f"a bolus of up to {volume} is allowed from {whole}")


def _largest_bolus(row: Row, bolus: Delivery) -> Fraction | None:
    """Return the most mL of one bolus: by its volume limit, else by its largest absolute dose at a fixed strength."""
    for limits in (bolus.volume, bolus.dose):
        if limits is None or limits.unit.patient.value:
            continue
        top = limits.soft_max if limits.hard_max is None else limits.hard_max
        per_ml = Quantity.of(1, ML) if limits.unit.kind is Kind.VOLUME else row.strength
        if top is not None and per_ml is not None:
            return top * limits.unit.scale / (per_ml.value * per_ml.unit.scale)
    return None


@rule(
    "D05",
    Severity.WARNING,
    scopes.LOADINGS,
    title="A loading dose lacks limits of its own",
    reason="A loading dose is larger than the infusion after it, and the limits of the infusion do not apply to it.",
    remedy="Set a maximum loading dose, and a maximum rate or minimum duration.",
    source="ISMP smart-pump guidelines 2020, section 2 †",
    origin="L08",
    hazard="LC-02",
    example={"entries.9.loading": {"dose": {"unit": "mg", "hard_max": "80"}}},
)
def loading_limits(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for a loading dose without a maximum dose, or without a maximum rate or minimum duration."""
    loading = row.entry.loading
    if loading and not has_max(loading, "dose"):
        severity = Severity.ERROR if row.is_high_alert else None
        yield row.at("loading.dose", "a loading dose is allowed without a maximum", severity)
    if loading and not has_max(loading, "rate") and not has_min(loading, "duration"):
        yield row.at("loading.rate", "a loading dose is allowed without a maximum rate or a minimum duration")


@rule(
    "D06",
    Severity.WARNING,
    scopes.INTERMITTENT,
    title="An intermittent infusion may be given as a fast push",
    reason="Without a minimum duration or maximum rate a dose meant for an hour can run in minutes.",
    remedy="Set a minimum duration or a maximum rate.",
    source="ISMP smart-pump guidelines 2020, section 2 †; NHSGGC Therapeutics handbook (vancomycin)",
    origin="L09",
    hazard="LC-02",
    example={"entries.3.duration": None, "entries.3.rate": None},
)
def fast_push(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a minimum duration and without a maximum rate."""
    if not has_min(row.entry, "duration") and not has_max(row.entry, "rate"):
        yield row.at("duration", "neither a minimum duration nor a maximum rate")


@rule(
    "D07",
    Severity.ADVICE,
    scopes.INTERMITTENT,
    title="An intermittent infusion may run for ever",
    reason="A dose of an antibiotic that runs for a day instead of an hour does not treat.",
    remedy="Set a maximum duration.",
    source="ISMP smart-pump guidelines 2020, section 2 †",
    origin="L09",
    hazard="LC-02",
    example={"entries.3.duration.hard_max": None, "entries.3.duration.soft_max": None},
)
def endless(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a maximum duration."""
    if not has_max(row.entry, "duration"):
        yield row.at("duration", "no maximum duration")


@rule(
    "D15",
    Severity.WARNING,
    scopes.HIGH_ALERT,
    title="A high-alert drug may run as a secondary infusion",
    reason="Secondary infusions are set up wrongly in nearly half of tries: clamps, heights and backflow.",
    remedy="Do not allow the drug as a secondary infusion, or record why in decisions.",
    source="Trbovich 2010, PMC2975961: 55.6 % success †",
    origin="N07",
    hazard="US-06",
    example={"entries.0.secondary": "allowed"},
)
def secondary(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if secondary delivery is allowed or the only way, and no decision says why."""
    if row.entry.secondary != "not allowed" and not row.has_decision("secondary"):
        yield row.at("secondary", f"as a secondary infusion: {row.entry.secondary}")


@rule(
    "D16",
    Severity.ERROR,
    scopes.FIXED,
    title="A syringe pump is to hold more than a syringe does",
    reason="The entry cannot be set up as written, so somebody will set it up otherwise.",
    remedy="Correct the volume, or deliver the entry by a large-volume pump.",
    source="proposal of this project; the largest syringes hold 50 to 60 mL",
    origin="C12",
    hazard="LC-05",
    example={"entries.7.delivered_by": ["syringe pump"]},
    thresholds=("syringe_volume",),
)
def syringe_too_small(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the entry is for syringe pumps only and its volume exceeds the largest syringe."""
    concentration = row.entry.concentration
    volume = concentration.volume.to(ML) if concentration and concentration.volume else None
    if row.entry.delivered_by == ("syringe pump",) and volume and volume.value > survey.thresholds.syringe_volume:
        largest = Quantity(survey.thresholds.syringe_volume, ML)
        yield row.at("concentration.volume", f"{volume} for a syringe pump, whose largest syringe holds {largest}")


RULES = (
    bolus_dose,
    bolus_rate,
    bolus_volume,
    bolus_share,
    loading_limits,
    fast_push,
    endless,
    secondary,
    syringe_too_small,
)
