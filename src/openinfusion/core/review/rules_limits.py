"""Rules about the limits of a dose: missing, too wide, too tight (group L)."""

from collections.abc import Iterator
from fractions import Fraction

from openinfusion.core.numbers import round_to, show_number
from openinfusion.core.review import scopes
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.survey import Part, Row, Survey

_TENTH = Fraction(1, 10)


def times(ratio: Fraction) -> str:
    """Return a ratio to one decimal place for a sentence: "12.5 times"."""
    return f"{show_number(round_to(ratio, _TENTH))} times"


@rule(
    "L01",
    Severity.ERROR,
    scopes.HIGH_ALERT_DOSES,
    title="A high-alert drug has no hard maximum",
    reason="Without a hard maximum a tenfold or hundredfold slip can be overridden, and these drugs harm most.",
    remedy="Set a hard maximum, or record in decisions why there is none.",
    source="ISMP, Safety considerations and challenges when using smart infusion pumps",
    origin="L01, L003, R13",
    hazard="LC-02",
    example={"entries.0.dose.hard_max": None},
)
def no_hard_max(part: Part, _: Survey) -> Iterator[Fault]:
    """Fire without a hard maximum; mere advice once somebody has recorded why."""
    if part.limits.hard_max is not None:
        return
    if part.row.has_decision(f"{part.path}.hard_max"):
        yield part.at("hard_max", "no hard maximum, by a recorded decision: is it still right?", Severity.ADVICE)
    else:
        soft = f"; the soft maximum of {part.shown('soft_max')} can be overridden" if part.limits.soft_max else ""
        yield part.at("hard_max", f"no hard maximum{soft}")


@rule(
    "L02",
    Severity.WARNING,
    scopes.OTHER_DOSES,
    title="A drug that is not high-alert has no maximum at all",
    reason="A dose without any upper limit is delivered whatever was typed.",
    remedy="Set a soft or hard maximum, or record in decisions why there is none.",
    source="ISMP smart-pump guidelines 2020, section 2 †",
    origin="L02",
    hazard="LC-02",
    example={"entries.3.dose.soft_max": None, "entries.3.dose.hard_max": None},
)
def no_max(part: Part, _: Survey) -> Iterator[Fault]:
    """Fire without soft and hard maximum, unless a decision about either says why."""
    decided = part.row.has_decision(f"{part.path}.hard_max") or part.row.has_decision(f"{part.path}.soft_max")
    if part.top is None and not decided:
        yield part.at("", "neither a soft nor a hard maximum")


@rule(
    "L03",
    Severity.ERROR,
    scopes.ENTRIES,
    title="An entry limits nothing",
    reason="An entry without limits looks like protection on the pump and gives none.",
    remedy="Set limits for what the entry programmes, or remove the entry.",
    source="HSIB 2020 5.51",
    origin="L02, R13",
    hazard="LC-02",
    example={"entries.3.dose": None, "entries.3.rate": None, "entries.3.duration": None},
)
def limits_nothing(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire if nothing that the entry itself programmes is limited; bounds of a strength or a bolus are not that."""
    own = (part for part in row.parts if part.path.partition(".")[0] not in ("concentration", "bolus", "loading"))
    if all(part.limits.is_empty for part in own):
        yield row.at("", "no limit is set for dose, rate, volume or duration")


@rule(
    "L04",
    Severity.ADVICE,
    scopes.DOSES,
    title="A dose has no minimum",
    reason="An underdose of a vital infusion, such as a missing digit, passes unseen without a minimum.",
    remedy="Set a soft minimum, or record in decisions why there is none.",
    source="ISMP smart-pump guidelines 2020, section 2 †",
    origin="L02",
    hazard="LC-02",
    example={"entries.0.dose.soft_min": None, "entries.0.dose.hard_min": None},
)
def no_min(part: Part, _: Survey) -> Iterator[Fault]:
    """Fire without soft and hard minimum, unless decided."""
    decided = part.row.has_decision(f"{part.path}.soft_min") or part.row.has_decision(f"{part.path}.hard_min")
    if part.bottom is None and not decided:
        yield part.at("", "neither a soft nor a hard minimum")


@rule(
    "L05",
    Severity.WARNING,
    scopes.DOSES,
    title="A tenfold slip stays below the hard maximum",
    reason="A misplaced decimal point multiplies by ten; a hard maximum beyond that does not stop it.",
    remedy="Lower the hard maximum to less than ten times the usual dose.",
    source="BMC Pediatr 2022, s12887-022-03183-8; CHI+MED number entry, 2013 †",
    origin="L03, R15, L034",
    hazard="US-02",
    example={"entries.0.dose.hard_max": "5"},
    thresholds=("hard_max_over_usual",),
)
def hard_max_far(part: Part, survey: Survey) -> Iterator[Fault]:
    """Fire if the hard maximum is more than so many times the usual, else the initial dose, else the soft maximum."""
    hard = part.limits.hard_max
    reference = next((name for name in _USUAL if getattr(part.limits, name)), None)
    if hard is None or reference is None:
        return
    ratio = hard / getattr(part.limits, reference)
    if ratio > survey.thresholds.hard_max_over_usual:
        what = f"hard maximum {part.shown('hard_max')} is {times(ratio)} {_USUAL[reference]} {part.shown(reference)}"
        yield part.at("hard_max", what)


_USUAL = {
    "usual_max": "the upper usual dose of",
    "initial": "the initial dose of",
    "soft_max": "the soft maximum of",
}


@rule(
    "L06",
    Severity.WARNING,
    scopes.DOSES,
    title="A doubled dose stays below the soft maximum",
    reason="Twice the usual dose is the commonest error that a soft limit can show, and here it is silent.",
    remedy="Lower the soft maximum to less than twice the upper usual dose.",
    source="BMC Pediatr 2022, s12887-022-03183-8: 2x, 5x and 10x errors",
    origin="L03, L034",
    hazard="LC-02",
    example={"entries.0.dose.soft_max": "0.9"},
    thresholds=("soft_max_over_usual",),
)
def soft_max_far(part: Part, survey: Survey) -> Iterator[Fault]:
    """Fire if the soft maximum is at least so many times the upper usual dose; a start dose is no usual one."""
    soft, usual = part.limits.soft_max, part.limits.usual_max
    if soft is None or not usual or soft / usual < survey.thresholds.soft_max_over_usual:
        return
    what = f"{times(soft / usual)} the upper usual dose of {part.shown('usual_max')}"
    yield part.at("soft_max", f"soft maximum {part.shown('soft_max')} is {what}")


@rule(
    "L07",
    Severity.ADVICE,
    scopes.DOSES,
    title="A soft maximum alerts in ordinary use",
    reason="Alerts at ordinary doses teach people to override without reading.",
    remedy="Correct the usual range, raise the soft maximum, or record in decisions that it is a true ceiling.",
    source="Hsu 2019, J Patient Saf 15:e8; ISMP †",
    origin="R15",
    hazard="LC-03",
    example={"entries.0.dose.soft_max": "0.41"},
    thresholds=("soft_max_nuisance",),
)
def soft_max_near(part: Part, survey: Survey) -> Iterator[Fault]:
    """Fire if the soft maximum is at or just above the end of the usual range, and nobody recorded that it must be."""
    soft, usual = part.limits.soft_max, part.limits.usual_max
    decided = part.row.has_decision(f"{part.path}.soft_max")
    if decided or not soft or not usual or not 1 <= soft / usual < survey.thresholds.soft_max_nuisance:
        return
    yield part.at(
        "soft_max",
        f"soft maximum {part.shown('soft_max')} is only {show_number(round_to(soft / usual, _TENTH / 10))} "
        f"times the upper usual dose of {part.shown('usual_max')}",
    )


@rule(
    "L08",
    Severity.WARNING,
    scopes.DOSES,
    title="Hard and soft maximum are the same, or nearly",
    reason="The soft alert is never seen, or only in a band too narrow to mean anything.",
    remedy="Lower the soft maximum, or remove it on purpose and record why.",
    source="US community hospital library v66 (2024); 42 % of pairs in the same hospital's Baxter library v14 (2017)",
    origin="L05, L004, L005",
    hazard="LC-02",
    example={"entries.0.dose.soft_max": "0.6", "entries.0.dose.hard_max": "0.6"},
    thresholds=("soft_band",),
)
def no_soft_band(part: Part, survey: Survey) -> Iterator[Fault]:
    """Fire if the hard maximum is within a few hundredths of the soft maximum."""
    soft, hard = part.limits.soft_max, part.limits.hard_max
    if not soft or hard is None or hard / soft > survey.thresholds.soft_band:
        return
    words = "equals" if hard == soft else "is barely above"
    yield part.at(
        "hard_max", f"hard maximum {part.shown('hard_max')} {words} the soft maximum {part.shown('soft_max')}"
    )


@rule(
    "L09",
    Severity.ADVICE,
    scopes.DOSES,
    title="The hard maximum is far above the soft maximum",
    reason="In live libraries nine in ten hard maxima lie within about three times the soft maximum; a wider gap is "
    "often a slip.",
    remedy="Check the hard maximum, or say in rationale why the gap is wide.",
    source="US community hospital library v66 (2024): median 1.5, 90th centile 2.7",
    origin="L004",
    hazard="LC-02",
    example={"entries.0.dose.hard_max": "2"},
    thresholds=("hard_over_soft",),
)
def wide_soft_band(part: Part, survey: Survey) -> Iterator[Fault]:
    """Fire if the hard maximum is more than so many times the soft maximum."""
    soft, hard = part.limits.soft_max, part.limits.hard_max
    if not soft or hard is None or hard / soft <= survey.thresholds.hard_over_soft:
        return
    yield part.at(
        "hard_max",
        f"hard maximum {part.shown('hard_max')} is {times(hard / soft)} the soft maximum {part.shown('soft_max')}",
    )


@rule(
    "L10",
    Severity.WARNING,
    scopes.DOSES,
    title="The soft limits are so wide apart that they limit nothing",
    reason="Between limits more than a hundredfold apart a tenfold slip fits in either direction.",
    remedy="Split the entry by therapy, each with limits of its own.",
    source="US community hospital library v66 (2024): 48 entries; proposal of this project",
    origin="L06, L027",
    hazard="LC-02",
    example={"entries.0.dose.hard_min": None, "entries.0.dose.soft_min": "0.005"},
    thresholds=("soft_span",),
)
def soft_span(part: Part, survey: Survey) -> Iterator[Fault]:
    """Fire if the soft maximum is more than so many times the soft minimum."""
    low, high = part.limits.soft_min, part.limits.soft_max
    if not low or high is None or high / low <= survey.thresholds.soft_span:
        return
    yield part.at(
        "", f"soft maximum {part.shown('soft_max')} is {times(high / low)} the soft minimum {part.shown('soft_min')}"
    )


@rule(
    "L16",
    Severity.ADVICE,
    scopes.OTHER_DOSES,
    title="A soft maximum stands alone, and no decision says why",
    reason="A soft maximum can be overridden at any dose; the missing hard maximum should be a choice, not a gap.",
    remedy="Set a hard maximum, or record in decisions why there is none.",
    source="proposal of this project: a missing limit must be a recorded choice",
    origin="R13",
    hazard="LC-02",
    example={"entries.3.dose.hard_max": None},
)
def soft_max_alone(part: Part, _: Survey) -> Iterator[Fault]:
    """Fire for a drug that is not high-alert with a soft but no hard maximum."""
    limits = part.limits
    if limits.hard_max is None and limits.soft_max is not None and not part.row.has_decision(f"{part.path}.hard_max"):
        yield part.at("hard_max", f"soft maximum {part.shown('soft_max')} without a hard maximum")


RULES = (
    no_hard_max,
    no_max,
    limits_nothing,
    no_min,
    hard_max_far,
    soft_max_far,
    soft_max_near,
    no_soft_band,
    wide_soft_band,
    soft_span,
    soft_max_alone,
)
