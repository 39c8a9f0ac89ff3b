"""Rules about single values of a limit or a range: outside, meaningless, lost by rounding (group L)."""

from collections.abc import Iterator
from fractions import Fraction

from openinfusion.core.library import Limits
from openinfusion.core.numbers import decimal_text, round_to, show_number
from openinfusion.core.review import scopes
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.rules_limits import times
from openinfusion.core.review.survey import LIMIT_WORDS, Part, Row, Survey
from openinfusion.core.units import Quantity


@rule(
    "L11",
    Severity.WARNING,
    scopes.LIMITS,
    title="The usual range lies outside the soft limits",
    reason="Either practice or the limits are wrong, and every ordinary programme alerts.",
    remedy="Correct the range or the limits.",
    source="HSIB 2020 5.51-5.57",
    origin="R13",
    hazard="LC-03",
    example={"entries.0.dose.usual_max": "0.8"},
)
def usual_outside(part: Part, _: Survey) -> Iterator[Fault]:
    """Fire for each end of the usual range that the limits would alert on."""
    for name in ("usual_min", "usual_max"):
        if (crossed := outside(part, name)) is not None:
            yield part.at(name, crossed)


@rule(
    "L12",
    Severity.ERROR,
    scopes.LIMITS,
    title="The value that the pump offers first is outside the limits",
    reason="The pump would alert on its own suggestion; in live libraries every start dose lies inside.",
    remedy="Correct the initial value or the limits.",
    source="US community hospital library, Alaris and Baxter: 227 of 227 start doses obey",
    origin="L04, L002",
    hazard="LC-02",
    example={"entries.0.dose.initial": "0.7"},
)
def initial_outside(part: Part, _: Survey) -> Iterator[Fault]:
    """Fire if the initial value crosses a limit."""
    if (crossed := outside(part, "initial")) is not None:
        yield part.at("initial", crossed)


def outside(part: Part, name: str) -> str | None:
    """Return how a value of a group crosses the innermost limit of that group, or ``None``."""
    limits = part.limits
    value: Fraction | None = getattr(limits, name)
    if value is None:
        return None
    low = "soft_min" if limits.soft_min is not None else "hard_min"
    high = "soft_max" if limits.soft_max is not None else "hard_max"
    bottom: Fraction | None = getattr(limits, low)
    top: Fraction | None = getattr(limits, high)
    words = name.replace("_", " ") if name != "initial" else "initial value"
    if bottom is not None and value < bottom:
        return f"{words} {part.shown(name)} is below the {LIMIT_WORDS[low]} of {part.shown(low)}"
    if top is not None and value > top:
        return f"{words} {part.shown(name)} is above the {LIMIT_WORDS[high]} of {part.shown(high)}"
    return None


@rule(
    "L13",
    Severity.WARNING,
    scopes.DOSES,
    title="A minimum is so low that it limits nothing",
    reason="A filler such as 0.0001 looks like a limit and hides that nobody decided on one.",
    remedy="Set a minimum from practice, or remove it and record why.",
    source="proposal of this project; BD Guardrails Editor v12.1.3 manual, 2023: 0.0001 is the least a field takes",
    origin="L027",
    hazard="LC-02",
    example={"entries.0.dose.hard_min": "0.00001"},
    thresholds=("sentinel",),
)
def sentinel_min(part: Part, survey: Survey) -> Iterator[Fault]:
    """Fire if a minimum is less than a thousandth of the lower usual dose."""
    usual = part.lower_usual
    for name in ("hard_min", "soft_min"):
        value: Fraction | None = getattr(part.limits, name)
        if usual and value and usual / value > survey.thresholds.sentinel:
            lower = Quantity(usual, part.limits.unit)
            yield part.at(
                name,
                f"{LIMIT_WORDS[name]} {part.shown(name)} is {times(usual / value)} below the usual dose of {lower}",
            )


@rule(
    "L14",
    Severity.WARNING,
    scopes.LIMITS,
    title="A maximum is a filler such as 9999",
    reason="All nines is what somebody types to get past a field; it stops nothing.",
    remedy="Set a maximum from practice, or remove it and record why.",
    source="BD Guardrails Editor v12.1.3 manual, 2023: 99,999 is the most a field takes; proposal of this project",
    origin="L027",
    hazard="LC-02",
    example={"entries.3.dose.soft_max": None, "entries.3.dose.hard_max": "9999"},
)
def filler_max(part: Part, _: Survey) -> Iterator[Fault]:
    """Fire if a maximum is written with three or more nines and nothing else; 999 mL/h is a pump's own maximum."""
    if part.path.endswith("rate"):
        return
    for name in ("soft_max", "hard_max"):
        value: Fraction | None = getattr(part.limits, name)
        digits = decimal_text(value).replace(".", "") if value is not None else ""
        if set(digits) == {"9"} and len(digits) >= 3:  # noqa: PLR2004 - 9 and 99 are plausible doses
            yield part.at(name, f"{LIMIT_WORDS[name]} {part.shown(name)} looks like a filler")


@rule(
    "L15",
    Severity.WARNING,
    scopes.LIMITS,
    title="A limit of zero stands for no limit",
    reason="A zero maximum refuses every dose, and a zero minimum limits nothing: zero was meant as unset.",
    remedy="Remove the limit.",
    source="VMFH PCA library (github pharmot/multipurpose-calculator): 0 for not set",
    origin="L028",
    hazard="LC-05",
    example={"entries.3.dose.soft_min": "0", "entries.3.dose.hard_min": None},
)
def zero_limit(part: Part, _: Survey) -> Iterator[Fault]:
    """Fire for each limit of zero; an error for a maximum, which refuses every dose."""
    for name, words in LIMIT_WORDS.items():
        if getattr(part.limits, name) == 0:
            severity = Severity.ERROR if name.endswith("max") else None
            yield part.at(name, f"{words} is {part.shown(name)}", severity)


@rule(
    "L17",
    Severity.WARNING,
    scopes.CONTINUOUS,
    title="Rounding the pump's rate makes a usual dose alert",
    reason="0.5 mg/min became 0.498 after rounding and alerted, so a hospital moved its limit to 0.49.",
    remedy="Move the limit by more than the rounding, or choose a strength that gives a finer rate.",
    source="US community hospital library: amiodarone 0.49 for 0.5 mg/min",
    origin="L014, R27",
    hazard="LC-03",
    example={
        "entries.9.concentration": {"amount": {"value": "75", "unit": "mg"}, "volume": {"value": "50", "unit": "mL"}},
        "entries.9.dose.soft_min": "5",
    },
    thresholds=("rate_resolution",),
)
def alert_by_rounding(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if a usual dose inside the soft limits falls outside once its rate is rounded as the pump rounds it."""
    limits = row.entry.dose
    seen = set()
    for name in ("initial", "usual_min", "usual_max"):
        dose = limits.quantity(name) if limits else None
        rate = row.ml_per_h(dose, None) if dose else None
        if limits is None or dose is None or not rate or dose in seen:
            continue
        seen.add(dose)
        rounded = round_to(rate, survey.thresholds.rate_resolution)
        given = Quantity(dose.value * rounded / rate, dose.unit)
        if (crossed := _crossed(dose.value, given.value, limits)) is not None:
            what = f"{dose} runs at {show_number(rounded)} mL/h and gives {given}"
            yield row.at(f"dose.{name}", f"{what}, beyond the {LIMIT_WORDS[crossed]} of {limits.quantity(crossed)}")


def _crossed(before: Fraction, after: Fraction, limits: Limits) -> str | None:
    """Return the soft limit that lies between a dose inside it and what rounding makes of that dose."""
    if limits.soft_min is not None and after < limits.soft_min <= before:
        return "soft_min"
    if limits.soft_max is not None and before <= limits.soft_max < after:
        return "soft_max"
    return None


RULES = (
    usual_outside,
    initial_outside,
    sentinel_min,
    filler_max,
    zero_limit,
    alert_by_rounding,
)
