"""
Check what a clinician programmed against a drug library, exactly.

``check`` derives what follows from the programme (rate from dose or the reverse, volume, duration) and returns a
``Verdict``: every finding and one decision. Nothing here raises for a clinical outcome, nothing guesses: what is not
known refuses the programme and says why. Rules and tables: ``docs/reference/dosing.md``; vectors: ``conformance/``.

Internally everything is a ``Fraction`` of base units (see ``Unit.scale``): amount, mL, minutes, kg, m2.
"""

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from math import isqrt

from openinfusion.core.library import CareArea, Concentration, Entry, EntryType, Library, Limit, Limits, Mode, Programmable
from openinfusion.core.numbers import round_to, show_number
from openinfusion.core.units import CM, KG, M2, MINUTES, ML, ML_PER_H, Kind, PatientBasis, Quantity, TimeBasis, Unit


class Decision(Enum):
    """What a pump does with a programme."""

    ACCEPT = "accept"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    NOT_CHECKED = "not checked"


class Parameter(Enum):
    """What a finding speaks of; the value is the word for it."""

    DOSE = "dose"
    RATE = "rate"
    VOLUME = "volume"
    DURATION = "duration"
    CONCENTRATION = "concentration"
    WEIGHT = "weight"
    HEIGHT = "height"
    BODY_SURFACE_AREA = "body surface area"
    LOCKOUT = "lockout"
    ACCUMULATED = "accumulated dose"
    BACKGROUND = "background dose"
    STEP = "titration step"
    PROGRAMME = "programme"


class Problem(Enum):
    """Why a programme is refused or not checked without any limit being crossed; the value is the reason in words."""

    NOT_IN_LIBRARY = "the library has no such entry in this care area"
    NO_LIMITS = "the entry sets no limit for anything that was programmed"
    MODE_NOT_OFFERED = "the entry does not offer this kind of dose"
    MISSING = "needed for this programme, and not entered"
    NOT_POSITIVE = "must be more than zero"
    WRONG_UNIT = "is in a unit that this entry cannot use"
    DISAGREES = "disagrees with the other values entered"
    FIXED = "differs from the entry's fixed concentration"
    NOT_DELIVERABLE = "rounds to zero at the pump's rate resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """
    What a clinician entered at the pump, in any unit of the right kind.

    ``amount`` and ``diluent`` are the concentration where the entry leaves it open: amount of drug in that volume.
    ``previous`` is the dose or rate that runs before a change, for the titration step.
    """

    care_area: str
    entry: str
    mode: Mode
    dose: Quantity | None = None
    rate: Quantity | None = None
    volume: Quantity | None = None
    duration: Quantity | None = None
    amount: Quantity | None = None
    diluent: Quantity | None = None
    weight: Quantity | None = None
    height: Quantity | None = None
    body_surface_area: Quantity | None = None
    lockout: Quantity | None = None
    accumulated: Quantity | None = None
    background: Quantity | None = None
    previous: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that a programme meets: a limit that was crossed, or a problem that stops the check.

    ``by_rounding`` marks a limit that only the value rounded to the pump's rate resolution crosses.
    """

    parameter: Parameter
    limit: Limit | None = None
    attempted: Quantity | None = None
    bound: Quantity | None = None
    problem: Problem | None = None
    by_rounding: bool = False

    @property
    def ratio(self) -> Fraction | None:
        """Times the limit: attempted / limit above a maximum, limit / attempted below a minimum."""
        if self.attempted is None or self.bound is None:
            return None
        over, under = self.attempted, self.bound
        if self.limit in (Limit.HARD_MIN, Limit.SOFT_MIN):
            over, under = under, over
        return over / under if under.value else None

    @property
    def is_hard(self) -> bool:
        """Whether this finding alone refuses the programme."""
        if self.limit is not None:
            return self.limit in (Limit.HARD_MIN, Limit.HARD_MAX)
        return self.problem not in (Problem.NOT_IN_LIBRARY, Problem.NO_LIMITS)

    def __str__(self) -> str:
        """Return the finding as one sentence: "dose 250 micrograms is above the hard maximum of 100 micrograms"."""
        value = f" {self.attempted}" if self.attempted is not None else ""
        if self.limit is None or self.bound is None:
            return f"{self.parameter.value}{value}: {self.problem.value if self.problem else ''}"
        side, name = _LIMIT_WORDS[self.limit]
        times = f" ({show_number(round_to(self.ratio, _HUNDREDTH))} times the limit)" if self.ratio else ""
        rounded = ", by rounding to the pump's rate" if self.by_rounding else ""
        return f"{self.parameter.value}{value} is {side} the {name} of {self.bound}{times}{rounded}"


_HUNDREDTH = Fraction(1, 100)
_LIMIT_WORDS = {
    Limit.HARD_MIN: ("below", "hard minimum"),
    Limit.SOFT_MIN: ("below", "soft minimum"),
    Limit.SOFT_MAX: ("above", "soft maximum"),
    Limit.HARD_MAX: ("above", "hard maximum"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """
    What follows from a programme, exactly; ``None`` where it does not follow.

    ``rounded_rate`` and ``rounded_dose`` are what a pump of the asked rate resolution would deliver.
    """

    dose: Quantity | None = None
    rate: Quantity | None = None
    volume: Quantity | None = None
    duration: Quantity | None = None
    concentration: Quantity | None = None
    body_surface_area: Quantity | None = None
    rounded_rate: Quantity | None = None
    rounded_dose: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one check: the decision, the findings (hard ones first), and what was derived."""

    decision: Decision
    findings: tuple[Finding, ...] = ()
    derived: Derived = field(default_factory=Derived)


def check(programme: Programme, library: Library, *, rate_resolution: Quantity | None = None) -> Verdict:
    """
    Return what the library says about a programme.

    Args:
        programme: what was entered.
        library: the library in force.
        rate_resolution: smallest step of the pump's rate, such as 0.1 mL/h; when given, the rounded rate and the dose
            that it delivers are derived beside the exact ones and both are held against the limits.

    """
    entry = library.find_entry(programme.entry)
    if entry is None or entry.care_area != programme.care_area:
        return Verdict(Decision.NOT_CHECKED, (Finding(Parameter.PROGRAMME, problem=Problem.NOT_IN_LIBRARY),))
    limits = entry.limits_for(programme.mode)
    if limits is None:
        return Verdict(Decision.REFUSE, (Finding(Parameter.PROGRAMME, problem=Problem.MODE_NOT_OFFERED),))
    run = _Check(programme, entry, library.care_area(entry.care_area), limits)
    run.patient()
    run.strength()
    if not run.findings:
        run.flow()
    if not run.has_problem:
        run.hold_against_limits()
        run.hold_rounded(rate_resolution)
    return run.verdict()


def body_surface_area(weight: Quantity, height: Quantity) -> Quantity:
    """
    Return the body surface area by Mosteller's formula, sqrt(cm x kg / 3600), rounded to the nearest 0.01 m2.

    The rounding is part of the definition here, so that the result is exact and the same everywhere; it is computed
    with integers. Source: Mosteller RD, N Engl J Med 1987;317:1098.
    """
    square = weight.to(KG).value * height.to(CM).value / 3600
    # The nearest hundredth of sqrt(q) is floor(sqrt(4 * 10^4 * q) + 1) // 2, and floor(sqrt) of a fraction is isqrt.
    doubled = isqrt(40000 * square.numerator // square.denominator)
    return Quantity(Fraction((doubled + 1) // 2, 100), M2)


def concentration_of(amount: Quantity, volume: Quantity) -> Quantity:
    """Return the strength per mL of an amount of drug in a volume, exactly: 2.5 mg in 50 mL is 0.05 mg/mL."""
    return Quantity(amount.value / volume.to(ML).value, Unit.read(f"{amount.unit.code}/mL"))


_POSITIVE = (
    (Parameter.DOSE, "dose"),
    (Parameter.RATE, "rate"),
    (Parameter.VOLUME, "volume"),
    (Parameter.DURATION, "duration"),
    (Parameter.CONCENTRATION, "amount"),
    (Parameter.CONCENTRATION, "diluent"),
    (Parameter.WEIGHT, "weight"),
    (Parameter.HEIGHT, "height"),
    (Parameter.BODY_SURFACE_AREA, "body_surface_area"),
    (Parameter.LOCKOUT, "lockout"),
    (Parameter.ACCUMULATED, "accumulated"),
    (Parameter.BACKGROUND, "background"),
    (Parameter.STEP, "previous"),
)
_COUNTED_BY_TIME = frozenset({Mode.CONTINUOUS, Mode.FLUID})


@dataclass(slots=True)
class _Flow:
    """What the pump would move, in base units: mL per minute, mL, minutes; ``None`` where nothing says."""

    rate: Fraction | None
    volume: Fraction | None
    duration: Fraction | None


class _Check:
    """One run of ``check``: what is known so far, and what was found."""

    __slots__ = ("area", "checked", "entry", "findings", "flow", "has_problem", "limits", "programme", "rounded", "surface", "unit", "weight", "strength")

    def __init__(self, programme: Programme, entry: Entry, area: CareArea, limits: Programmable) -> None:
        self.programme = programme
        self.entry = entry
        self.area = area
        self.limits = limits
        self.findings: list[Finding] = []
        self.has_problem = False
        self.checked = False
        self.weight: Fraction | None = None
        self.surface: Fraction | None = None
        self.strength: Fraction | None = None
        self.flow = _Flow(None, None, None)
        self.rounded: _Flow | None = None
