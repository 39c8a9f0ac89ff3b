"""Findings in numbers and in words."""

from fractions import Fraction

import pytest

from openinfusion.core.limits import Limit
from openinfusion.core.programme import Finding, Parameter, Problem
from openinfusion.core.units import Quantity

Q = Quantity.read


@pytest.mark.parametrize(
    "limit, attempted, bound, ratio, words",
    [
        (
            Limit.HARD_MAX,
            "250 micrograms",
            "100 micrograms",
            "2.5",
            "dose 250 micrograms is above the hard maximum of 100 micrograms (2.5 times the limit)",
        ),
        (
            Limit.SOFT_MAX,
            "2 mg",
            "1500 micrograms",
            "4/3",
            "dose 2 mg is above the soft maximum of 1,500 micrograms (1.33 times the limit)",
        ),
        (Limit.SOFT_MIN, "1 mg", "2 mg", "2", "dose 1 mg is below the soft minimum of 2 mg (2 times the limit)"),
        (Limit.HARD_MIN, "1 mg", "1.001 mg", "1.001", "dose 1 mg is below the hard minimum of 1.001 mg"),
        (
            Limit.HARD_MAX,
            "1.005 mg",
            "1 mg",
            "1.005",
            "dose 1.005 mg is above the hard maximum of 1 mg (1.01 times the limit)",
        ),
    ],
)
def test_a_limit_that_was_crossed(limit: Limit, attempted: str, bound: str, ratio: str, words: str) -> None:
    finding = Finding(Parameter.DOSE, limit, Q(attempted), Q(bound))
    assert finding.ratio == Fraction(ratio)
    assert str(finding) == words
    assert finding.is_hard is limit.value.startswith("hard")


def test_a_limit_of_zero_has_no_ratio() -> None:
    finding = Finding(Parameter.DOSE, Limit.HARD_MAX, Q("1 mg"), Q("0 mg"))
    assert finding.ratio is None
    assert str(finding) == "dose 1 mg is above the hard maximum of 0 mg"


def test_a_finding_by_rounding_says_so() -> None:
    finding = Finding(Parameter.RATE, Limit.HARD_MAX, Q("2 mL/h"), Q("1 mL/h"), by_rounding=True)
    assert str(finding).endswith("(2 times the limit), by rounding to the pump's rate")


@pytest.mark.parametrize("problem", Problem)
def test_a_problem_says_its_reason_and_refuses_unless_nothing_was_checked(problem: Problem) -> None:
    finding = Finding(Parameter.WEIGHT, problem=problem)
    assert str(finding) == f"weight: {problem.value}"
    assert finding.ratio is None
    assert finding.is_hard is (problem not in (Problem.NOT_IN_LIBRARY, Problem.NO_LIMITS))
    assert str(Finding(Parameter.DOSE, attempted=Q("1 mg"), problem=problem)) == f"dose 1 mg: {problem.value}"
