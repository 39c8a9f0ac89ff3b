"""
What a clinician programmes, and what a check of it says, as values.

A ``Programme`` is what was entered; a ``Verdict`` is the decision with every ``Finding`` and all that was derived.
"""

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from openinfusion.core.library import Limit, Mode
from openinfusion.core.numbers import round_to, show_number
from openinfusion.core.units import GRAMS_OF_DRUG, GRAMS_OF_PATIENT, Quantity


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
    NOT_USED = "was entered, but this kind of dose does not use it"
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

    def __post_init__(self) -> None:
        """Read a weight in "g" as grams of patient: UCUM writes grams of drug and of patient alike."""
        if self.weight is not None and self.weight.unit is GRAMS_OF_DRUG:
            object.__setattr__(self, "weight", Quantity(self.weight.value, GRAMS_OF_PATIENT))


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
        shown = round_to(self.ratio, _HUNDREDTH) if self.ratio else 1
        times = f" ({show_number(Fraction(shown))} times the limit)" if shown > 1 else ""
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
