"""Rules about patient-controlled analgesia (group P)."""

from collections.abc import Iterator
from fractions import Fraction

from openinfusion.core.library import Limits
from openinfusion.core.numbers import round_to
from openinfusion.core.review import scopes
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.survey import Row, Survey
from openinfusion.core.units import Quantity, TimeBasis


def top(limits: Limits | None) -> Fraction | None:
    """Return the highest limit in base units, hard before soft."""
    if limits is None:
        return None
    value = limits.soft_max if limits.hard_max is None else limits.hard_max
    return None if value is None else value * limits.unit.scale


def bottom(limits: Limits | None) -> Fraction | None:
    """Return the lowest limit in base units, hard before soft."""
    if limits is None:
        return None
    value = limits.soft_min if limits.hard_min is None else limits.hard_min
    return None if value is None else value * limits.unit.scale


@rule(
    "P01",
    Severity.ERROR,
    scopes.PCA,
    title="PCA has no minimum lockout",
    reason="The lockout is what keeps demands from adding up before the last one has worked.",
    remedy="Set a hard minimum lockout.",
    source="ISMP smart-pump guidelines 2020, section 2 †",
    origin="L13",
    hazard="LC-02",
    example={"entries.5.pca.lockout.hard_min": None, "entries.5.pca.lockout.soft_min": None},
)
def no_lockout(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a minimum lockout above zero."""
    if row.entry.pca and not bottom(row.entry.pca.lockout):
        yield row.at("pca.lockout", "no minimum lockout")


@rule(
    "P02",
    Severity.ERROR,
    scopes.PCA,
    title="PCA has no limit of accumulated dose",
    reason="Demands, background and boluses add up; only a limit within a window sees their sum.",
    remedy="Set the accumulated limit and its window.",
    source="ISMP smart-pump guidelines 2020, section 2 †; VMFH PCA library (github pharmot/multipurpose-calculator)",
    origin="L13, L029",
    hazard="LC-02",
    example={"entries.5.pca.accumulated": None, "entries.5.pca.window": None},
)
def no_accumulated(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a maximum of accumulated dose."""
    if row.entry.pca and top(row.entry.pca.accumulated) is None:
        yield row.at("pca.accumulated", "no maximum accumulated dose")


@rule(
    "P03",
    Severity.WARNING,
    scopes.PCA,
    title="Clinician boluses do not count towards the accumulated dose",
    reason="Two sources of the same opioid then each stay within limits while their sum does not.",
    remedy="Count boluses towards the accumulated limit.",
    source="BD Alaris data-set report v12.1: whether a bolus counts is a field; ISMP 2020 †",
    origin="L13",
    hazard="LC-02",
    example={
        "entries.5.bolus": {
            "dose": {"unit": "mg", "hard_max": "3"},
            "rate": {"unit": "mL/h", "hard_max": "100"},
            "volume": {"unit": "mL", "hard_max": "3"},
        },
        "entries.5.pca.bolus_counts": False,
    },
)
def bolus_not_counted(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if a bolus or loading dose is allowed and not counted."""
    entry = row.entry
    if entry.pca and not entry.pca.bolus_counts and (entry.bolus or entry.loading):
        yield row.at("pca.bolus_counts", "boluses are allowed and do not count towards the accumulated dose")


@rule(
    "P04",
    Severity.WARNING,
    scopes.PCA,
    title="The accumulated limit can never be reached",
    reason="If every allowed demand together stays below it, the limit protects against nothing.",
    remedy="Lower the accumulated limit, or shorten its window.",
    source="VMFH PCA library (github pharmot/multipurpose-calculator): hydromorphone",
    origin="L029",
    hazard="LC-02",
    example={"entries.5.pca.accumulated.hard_max": "500"},
)
def accumulated_too_high(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if the largest demands at the shortest lockout, with the background, cannot exceed the accumulated limit."""
    pca = row.entry.pca
    if pca is None or pca.accumulated is None or pca.window is None:
        return
    limit, demand, lockout = top(pca.accumulated), top(pca.dose), bottom(pca.lockout)
    is_alike = pca.accumulated.unit.measures_like(pca.dose.unit)
    if not limit or not demand or not lockout or not is_alike:
        return
    window = pca.window.value * pca.window.unit.scale
    reachable = window / lockout * demand + window * _background(row)
    if limit > reachable:
        unit = pca.accumulated.unit
        shown = Quantity(round_to(reachable / unit.scale, Fraction(1, 100)), unit)
        most = Quantity(limit / unit.scale, unit)
        yield row.at("pca.accumulated", f"{most} in {pca.window} is allowed, but demands can add up to {shown} at most")


def _background(row: Row) -> Fraction:
    """Return the highest background infusion in base units per minute, as far as it counts like the demand dose."""
    pca, dose = row.entry.pca, row.entry.dose
    if pca is None or dose is None or dose.unit.time is TimeBasis.NONE or dose.unit.kind is not pca.dose.unit.kind:
        return Fraction(0)
    return top(dose) or Fraction(0) if dose.unit.patient is pca.dose.unit.patient else Fraction(0)


@rule(
    "P05",
    Severity.ADVICE,
    scopes.PCA,
    title="PCA allows a background infusion",
    reason="A background runs on while an opioid-naive patient sleeps and no longer asks for more.",
    remedy="Remove the background limits where patients are opioid-naive, or record in decisions why they stay.",
    source="usual practice in the United Kingdom †",
    origin="L030",
    hazard="LC-02",
    example={"entries.5.dose": {"unit": "mg/h", "soft_min": "0.5", "soft_max": "1", "hard_max": "2"}},
)
def background(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if a background dose above zero is allowed and no decision says why."""
    if row.entry.dose is not None and top(row.entry.dose) != 0 and not row.has_decision("dose"):
        yield row.at("dose", f"a background infusion is allowed: {row.entry.dose.describe()}")


RULES = (no_lockout, no_accumulated, bolus_not_counted, accumulated_too_high, background)
