"""Rules about rates: what the pump can deliver, fluids, and the care area as a whole (group D)."""

from collections.abc import Iterator
from fractions import Fraction

from openinfusion.core.numbers import round_to, show_number
from openinfusion.core.review import scopes
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.rules_delivery import has_max
from openinfusion.core.review.survey import Area, Row, Survey
from openinfusion.core.units import ML, ML_PER_H, Quantity


def ml_per_h(rate: Fraction) -> str:
    """Return a number of mL/h for a sentence, to two decimal places, or four below 1 mL/h."""
    step = Fraction(1, 100) if rate > 1 else Fraction(1, 10_000)
    return str(Quantity(round_to(rate, step), ML_PER_H))


@rule(
    "D08",
    Severity.ERROR,
    scopes.INTERMITTENT,
    title="The minimum duration asks for a rate above the pump's maximum",
    reason="Such an infusion cannot be programmed, so it will be given outside the library.",
    remedy="Raise the minimum duration.",
    source="US community hospital library v66 (2024): 12 entries imply more than 999 mL/h",
    origin="L10, L012",
    hazard="DB-01",
    example={"entries.3.duration.hard_min": "5", "entries.3.duration.soft_min": "5"},
    thresholds=("pump_max_rate",),
)
def too_fast_for_pump(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the whole volume in the shortest time is faster than the care area's or the pump's maximum."""
    duration, concentration = row.entry.duration, row.entry.concentration
    if duration is None or concentration is None or concentration.volume is None:
        return
    shortest = next(
        (q for q in map(duration.quantity, ("soft_min", "hard_min")) if q is not None and q.value > 0), None
    )
    if shortest is None:
        return
    volume, maximum = concentration.volume.to(ML), max_rate(row, survey)
    rate = volume.value * 60 / (shortest.value * shortest.unit.scale)
    if rate > maximum:
        yield row.at(
            "duration", f"{volume} in {shortest} needs {ml_per_h(rate)}, above the maximum of {ml_per_h(maximum)}"
        )


def max_rate(row: Row, survey: Survey) -> Fraction:
    """Return the highest mL/h that the pumps of the area run at."""
    maximum = row.area.max_rate
    return survey.thresholds.pump_max_rate if maximum is None else maximum.to(ML_PER_H).value


@rule(
    "D09",
    Severity.WARNING,
    scopes.CONTINUOUS,
    title="The maximum dose asks for a rate above the pump's maximum",
    reason="A dose that the library allows but the pump cannot deliver is found out at the bedside.",
    remedy="Lower the maximum dose, raise the maximum rate, or use a stronger concentration.",
    source="US community hospital library v9: infusion times raised to stay within 999 mL/h",
    origin="L012",
    hazard="LC-02",
    example={"care_areas.0.max_rate": {"value": "5", "unit": "mL/h"}},
    thresholds=("pump_max_rate", "adult_weight"),
)
def dose_above_pump(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the maximum dose at the heaviest weight is faster than the pump's maximum."""
    limits = row.entry.dose
    name = "soft_max" if limits is None or limits.soft_max is not None else "hard_max"
    dose = limits.quantity(name) if limits else None
    rate = row.ml_per_h(dose, row.heaviest) if dose else None
    if dose is not None and rate is not None and rate > max_rate(row, survey):
        at = f" at {show_number(row.heaviest)} kg" if row.is_by_weight and row.heaviest else ""
        maximum = ml_per_h(max_rate(row, survey))
        yield row.at(f"dose.{name}", f"{dose}{at} needs {ml_per_h(rate)}, above the maximum of {maximum}")


@rule(
    "D10",
    Severity.WARNING,
    scopes.CONTINUOUS,
    title="The minimum dose is below what the pump can deliver",
    reason="Below about 0.1 mL/h a syringe pump delivers in fits and starts, and occlusion is found late.",
    remedy="Use a weaker concentration, or raise the minimum.",
    source="NPPG survey: below 0.1 mL/h is not infusable",
    origin="L013",
    hazard="LC-02",
    example={"entries.8.dose.soft_min": "0.5", "entries.8.dose.hard_min": "0.5"},
    thresholds=("pump_min_rate",),
)
def dose_below_pump(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the minimum dose at the lightest weight is slower than a pump delivers."""
    limits = row.entry.dose
    name = "hard_min" if limits is None or limits.soft_min is None else "soft_min"
    dose = limits.quantity(name) if limits else None
    rate = row.ml_per_h(dose, row.lightest) if dose and dose.value else None
    if dose is not None and rate is not None and rate < survey.thresholds.pump_min_rate:
        at = f" at {show_number(row.lightest)} kg" if row.is_by_weight and row.lightest else ""
        yield row.at(f"dose.{name}", f"{dose}{at} runs at {show_number(round_to(rate, Fraction(1, 1000)))} mL/h")


@rule(
    "D11",
    Severity.WARNING,
    scopes.FLUIDS,
    title="A fluid has no maximum rate",
    reason="A bag of fluid that runs in by mistake overloads a patient within the hour.",
    remedy="Set a maximum rate.",
    source="ISMP smart-pump summit draft 1.4-1.6: fluids are in the library too",
    origin="L14",
    hazard="LC-02",
    example={"entries.4.rate.soft_max": None, "entries.4.rate.hard_max": None},
)
def fluid_rate(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a maximum of rate or dose."""
    if not has_max(row.entry, "rate") and not has_max(row.entry, "dose"):
        yield row.at("rate", "no maximum rate")


@rule(
    "D12",
    Severity.WARNING,
    scopes.CONTINUOUS,
    title="The keep-vein-open rate is faster than the infusion",
    reason="When the volume is used up the pump goes on at the keep-vein-open rate, here with more drug than before.",
    remedy="Lower the care area's keep-vein-open rate, or use a weaker concentration.",
    source="proposal of this project",
    origin="L14",
    hazard="LC-02",
    example={"care_areas.0.kvo_rate": {"value": "5", "unit": "mL/h"}},
)
def kvo_too_fast(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if the area's keep-vein-open rate exceeds the rate of the upper usual dose at the heaviest weight."""
    kvo, limits = row.area.kvo_rate, row.entry.dose
    dose = (limits.quantity("usual_max") or limits.quantity("initial")) if limits else None
    rate = row.ml_per_h(dose, row.heaviest) if dose and dose.value else None
    if kvo is not None and rate is not None and kvo.to(ML_PER_H).value > rate:
        yield row.at("dose", f"keep-vein-open rate {kvo} is faster than {ml_per_h(rate)}, the rate of {dose}")


@rule(
    "D13",
    Severity.WARNING,
    scopes.AREAS,
    title="A care area sets no maximum rate",
    reason="Then only the pump's own fastest rate bounds an infusion without limits.",
    remedy="Set the maximum rate of the care area.",
    source="BD Alaris data-set report v12.1: a setting of every profile",
    origin="L14, L037",
    hazard="LC-02",
    example={"care_areas.1.max_rate": None},
)
def area_rate(area: Area, _: Survey) -> Iterator[Fault]:
    """Fire without a maximum rate."""
    if area.area.max_rate is None:
        yield area.at("max_rate", "no maximum rate")


@rule(
    "D14",
    Severity.ADVICE,
    scopes.AREAS,
    title="A care area sets no keep-vein-open rate",
    reason="What a pump does when the volume is used up should be chosen, not left to its factory setting.",
    remedy="Set the keep-vein-open rate of the care area.",
    source="BD Alaris data-set report v12.1 and Baxter Sigma Spectrum MDL 6.2 report: a setting of both",
    origin="L14",
    hazard="LC-02",
    example={"care_areas.1.kvo_rate": None},
)
def area_kvo(area: Area, _: Survey) -> Iterator[Fault]:
    """Fire without a keep-vein-open rate."""
    if area.area.kvo_rate is None:
        yield area.at("kvo_rate", "no keep-vein-open rate")


RULES = (
    too_fast_for_pump,
    dose_above_pump,
    dose_below_pump,
    fluid_rate,
    kvo_too_fast,
    area_rate,
    area_kvo,
)
