"""Rules about open concentrations, because a wrong one there empties a syringe (group C, LC-01)."""

from collections.abc import Iterator
from fractions import Fraction

from openinfusion.core.library import Limits
from openinfusion.core.review import scopes
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.rules_delivery import has_max
from openinfusion.core.review.rules_limits import times
from openinfusion.core.review.survey import LIMIT_WORDS, Family, Row, Survey, bounds_text
from openinfusion.core.units import Quantity

_OPEN = {"amount": None, "volume": None}
_FENTANYL_OPEN = {
    "unit": "micrograms/mL",
    "hard_min": "25",
    "soft_min": "25",
    "soft_max": "100",
    "hard_max": "100",
}


def own_limits(row: Row) -> Limits | None:
    """Return what bounds an open concentration, if anything does."""
    return row.entry.concentration.limits if row.entry.concentration else None


def ends(limits: Limits | None) -> tuple[Fraction | None, Fraction | None]:
    """Return the lowest and the highest bound, hard before soft."""
    if limits is None:
        return None, None
    low = limits.soft_min if limits.hard_min is None else limits.hard_min
    return low, limits.soft_max if limits.hard_max is None else limits.hard_max


@rule(
    "C01",
    Severity.ERROR,
    scopes.OPEN,
    title="A concentration is entered at the bedside without bounds",
    reason="In November 2018 a strength entered too low made three boluses of fentanyl empty the whole syringe.",
    remedy="Fix the concentration, or set a lowest and a highest strength that may be entered.",
    source="HSIB 2020 3.2-3.7; BD Guardrails Editor v12.1.3 manual, 2023, requires both bounds",
    origin="R14, C01",
    hazard="LC-01",
    example={"entries.9.concentration.limits": None},
)
def open_without_bounds(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a lowest or without a highest strength that may be entered."""
    low, high = ends(own_limits(row))
    missing = [words for words, bound in (("lowest", low), ("highest", high)) if bound is None]
    if missing:
        yield row.at("concentration.limits", f"open concentration without a {' or a '.join(missing)} strength")


@rule(
    "C02",
    Severity.ERROR,
    scopes.OPEN,
    title="A bolus from an open concentration has no maximum volume",
    reason="The volume of a bolus is its dose over the strength entered, so a strength entered too low delivers more.",
    remedy="Set a maximum bolus volume, or fix the concentration.",
    source="HSIB 2020 3.2-3.7; proposal of this project",
    origin="R14, R26",
    hazard="LC-01",
    example={"entries.9.bolus": {"dose": {"unit": "mg", "hard_max": "40"}, "rate": {"unit": "mL/h", "hard_max": "60"}}},
)
def open_bolus(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for each bolus or loading dose without a maximum volume."""
    for name, delivery in row.given_once:
        if not has_max(delivery, "volume"):
            yield row.at(f"{name}.volume", f"open concentration and a {name} dose without a maximum volume")


@rule(
    "C03",
    Severity.WARNING,
    scopes.OPEN,
    title="The concentration of a high-alert drug is entered at the bedside",
    reason="Every entry at the bedside is a chance of a wrong strength, and with these drugs it is a wrong dose.",
    remedy="Agree one strength and fix it, or record in decisions why it stays open.",
    source="HSIB 2020 3.7; ISMP †; FDA Class I recall of the BD Alaris pump, 2020",
    origin="C02, L043",
    hazard="LC-01",
    example={"entries.1.concentration": {**_OPEN, "limits": _FENTANYL_OPEN}},
)
def open_high_alert(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for a high-alert drug with an open concentration; rule G13 speaks when a decision keeps it open."""
    if row.is_high_alert and not row.has_decision("concentration"):
        yield row.at(
            "concentration", f"high-alert drug with {row.entry.concentration and row.entry.concentration.text}"
        )


@rule(
    "C04",
    Severity.WARNING,
    scopes.OPEN,
    title="The bounds of an open concentration can be overridden",
    reason="A strength outside soft bounds needs one more key press, and the dose limits then protect nobody.",
    remedy="Make the bounds hard.",
    source="HSIB 2020 3.2-3.7; ISMP †; proposal of this project",
    origin="R14, C01",
    hazard="LC-01",
    example={"entries.9.concentration.limits.hard_max": None},
)
def soft_bounds(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if a bound is set, and only as a soft one."""
    limits = own_limits(row)
    if limits is None:
        return
    for hard, soft in (("hard_min", "soft_min"), ("hard_max", "soft_max")):
        if getattr(limits, hard) is None and (bound := limits.quantity(soft)) is not None:
            yield row.at(f"concentration.limits.{hard}", f"{LIMIT_WORDS[soft]} {bound} can be overridden")


@rule(
    "C05",
    Severity.WARNING,
    scopes.OPEN,
    title="The bounds of an open concentration are tenfold apart or more",
    reason="Then a strength entered wrong by a factor of ten can still lie inside them.",
    remedy="Narrow the bounds to the strengths in use.",
    source="HSIB 2020 3.2-3.7: about 24 times the intended dose",
    origin="R14",
    hazard="LC-01",
    example={"entries.9.concentration.limits.hard_min": "0.4", "entries.9.concentration.limits.soft_min": "0.4"},
    thresholds=("concentration_span",),
)
def wide_bounds(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the highest strength is at least so many times the lowest."""
    limits = own_limits(row)
    low, high = ends(limits)
    if limits and low and high is not None and high / low >= survey.thresholds.concentration_span:
        yield row.at(
            "concentration.limits",
            f"strengths from {Quantity(low, limits.unit)} to {Quantity(high, limits.unit)} may be "
            f"entered, {times(high / low)} apart",
        )


@rule(
    "C06",
    Severity.WARNING,
    scopes.FAMILIES,
    title="A drug is open in one place and fixed in another",
    reason="People who know the pump with a fixed strength do not expect to have to enter one.",
    remedy="Fix the concentration everywhere, or record in decisions why it stays open.",
    source="HSIB 2020 3.7: one unit differed, so the concentration was left open for all",
    origin="R17, C02",
    hazard="LC-01",
    example={
        "entries.+": "entries.9",
        "entries.-1.id": "new",
        "entries.-1.care_area": "ward",
        "entries.-1.concentration": {"amount": {"value": "100", "unit": "mg"}, "volume": {"value": "50", "unit": "mL"}},
    },
)
def open_and_fixed(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire at each open entry of a drug that has fixed ones too; an error for a high-alert drug."""
    fixed = [row for row in family.rows if row.strength is not None]
    if not fixed:
        return
    for row in family.rows:
        if row.is_open:
            severity = Severity.ERROR if row.is_high_alert else None
            yield row.at("concentration", f"open here, but fixed in {fixed[0].words}", severity)


@rule(
    "C11",
    Severity.ERROR,
    scopes.FAMILIES,
    title="The bounds of an open concentration exclude a standard strength",
    reason="In a live library five drugs had bounds a thousandfold off for two years, so every true strength alerted.",
    remedy="Correct the bounds; check their unit first.",
    source="US community hospital library v14 (2020): micrograms typed for milligrams in five drugs",
    origin="L010, C05",
    hazard="LC-04",
    example={
        "entries.+": "entries.9",
        "entries.-1.id": "new",
        "entries.-1.care_area": "ward",
        "entries.-1.concentration": {"amount": {"value": "1", "unit": "g"}, "volume": {"value": "50", "unit": "mL"}},
    },
)
def standard_excluded(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire if a fixed strength of the same drug lies outside the bounds of an open entry."""
    fixed = {row.strength: row for row in family.rows if row.strength is not None}
    for row in family.rows:
        limits = own_limits(row)
        if limits is None or not row.is_open:
            continue
        for strength, other in fixed.items():
            if _is_outside(strength, limits):
                what = f"bounds {bounds_text(limits)} exclude {strength.to(limits.unit)} of {other.words}"
                yield row.at("concentration.limits", what)


def _is_outside(strength: Quantity, limits: Limits) -> bool:
    """Whether a strength of the same kind of amount crosses the bounds."""
    if not strength.unit.measures_like(limits.unit):
        return False
    value, (low, high) = strength.to(limits.unit).value, ends(limits)
    return (low is not None and value < low) or (high is not None and value > high)


@rule(
    "C12",
    Severity.ADVICE,
    scopes.OPEN,
    title="Concentration bounds and doses are in different units of mass",
    reason="Bounds in mg/mL beside doses in micrograms invite a slip of a thousand when either is typed again.",
    remedy="Write both in the same unit, or check the bounds against a syringe label.",
    source="BD Guardrails Editor v12.1.3 manual, 2023, appendix A: bounds take the unit of the dose, not of the amount",
    origin="C05",
    hazard="LC-04",
    example={
        "entries.9.concentration.limits": {"unit": "micrograms/mL", "hard_min": "1000", "hard_max": "4000"},
    },
)
def bounds_in_other_unit(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if the amount in the bounds is not the amount in the entry's dose."""
    limits, dose = own_limits(row), row.entry.dose
    if (
        limits
        and dose
        and limits.unit.amount.kind is dose.unit.amount.kind
        and limits.unit.amount is not dose.unit.amount
    ):
        yield row.at("concentration.limits", f"bounds in {limits.unit}, doses in {dose.unit}")


@rule(
    "C13",
    Severity.ERROR,
    scopes.FIXED,
    title="A fixed concentration lies outside its own bounds",
    reason="One of the two was typed wrong, most often by a factor of a thousand.",
    remedy="Correct whichever is wrong; a fixed concentration needs no bounds.",
    source="BD Guardrails Editor v12.1.3 manual, 2023; US community hospital library v14 (2020)",
    origin="C05, L010",
    hazard="LC-04",
    example={"entries.0.concentration.limits": {"unit": "mg/mL", "hard_min": "80", "hard_max": "320"}},
)
def fixed_outside_bounds(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if a fixed strength crosses a bound that stands beside it."""
    limits, strength = own_limits(row), row.strength
    if limits is not None and strength is not None and _is_outside(strength, limits):
        yield row.at("concentration.limits", f"strength {row.strength} is outside {bounds_text(limits)}")


RULES = (
    open_without_bounds,
    open_bolus,
    open_high_alert,
    soft_bounds,
    wide_bounds,
    open_and_fixed,
    standard_excluded,
    bounds_in_other_unit,
    fixed_outside_bounds,
)
