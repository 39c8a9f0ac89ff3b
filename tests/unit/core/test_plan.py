"""A plan says what a check would say, before the numbers are known; where it cannot, there is none."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from openinfusion.core.dosing import check
from openinfusion.core.entry import Entry, EntryType, Mode
from openinfusion.core.library import Limit, Limits
from openinfusion.core.limits import Concentration
from openinfusion.core.plan import Held, Term, UndeterminedError, plan
from openinfusion.core.programme import Decision, Parameter, Programme
from openinfusion.core.units import Quantity, Unit
from tests.strategies import library_with, programme_on

X = Term(Fraction(2), {"dose": 1})
Y = Term(Fraction(3), {"weight": 1})
LIMITS = Limits(unit=Unit.read("ug/kg/min"), hard_min=Fraction(1, 10), soft_max=Fraction(1, 2), hard_max=Fraction(1))
STRENGTH = Concentration(amount=Quantity.of("4", "mg"), volume=Quantity.of("50", "mL"))
ENTRY = Entry(id="e", drug="drug-0", care_area="area-0", type=EntryType.CONTINUOUS, concentration=STRENGTH, dose=LIMITS)
LIBRARY = library_with(ENTRY)
WEIGHT = Quantity.of("70", "kg")


def by_rate(**more: Quantity) -> Programme:
    return programme_on(ENTRY, rate=Quantity.of("1", "mL/h"), weight=WEIGHT, **more)  # type: ignore[arg-type]


def test_terms_multiply_and_divide_by_numbers_and_terms() -> None:
    """Factors multiply, powers add, and an input that cancels is gone."""
    made = 5 * X / Y * Fraction(3, 2)
    assert (made.factor, made.powers) == (Fraction(5), (("dose", 1), ("weight", -1)))
    assert (X / X).powers == ()
    assert (1 / made).powers == (("dose", -1), ("weight", 1))
    assert made.value({"dose": Fraction(7), "weight": Fraction(70)}) == Fraction(1, 2)


def test_a_number_that_is_not_known_decides_nothing() -> None:
    """Whatever would need the number refuses, so that no plan can rest on a mistake."""
    unknowns: list[Callable[[], object]] = [
        lambda: X < Y,
        lambda: X >= 1,
        lambda: X == Y,
        lambda: X == 2,
        lambda: X + 1,
        lambda: 1 - X,
        lambda: X // 2,
        lambda: -X,
        lambda: X**2,
        lambda: float(X),
        lambda: round(X),
        lambda: math.floor(X),
        lambda: X.denominator,
    ]
    for unknown in unknowns:
        with pytest.raises(UndeterminedError):
            unknown()


def test_terms_of_the_same_inputs_are_equal_or_not() -> None:
    """Of the same inputs, the factors decide; equal terms have one hash, and every term is true."""
    assert Term(Fraction(2), {"dose": 1}) == X
    assert hash(Term(Fraction(2), {"dose": 1})) == hash(X)
    assert X / 2 != X
    assert X


def test_a_rate_is_held_against_the_limits_of_the_dose() -> None:
    """4 mg in 50 mL is 80 micrograms/mL; a rate in mL/h gives 80/60 micrograms/min for each, over the weight."""
    made = plan(by_rate(), LIBRARY)
    assert made is not None
    assert made.held == (
        Held(
            Parameter.DOSE,
            Term(Fraction(80, 60), {"rate": 1, "weight": -1}),
            LIMITS.unit,
            ((Limit.HARD_MIN, Fraction(1, 10)), (Limit.SOFT_MAX, Fraction(1, 2)), (Limit.HARD_MAX, Fraction(1))),
        ),
    )


@pytest.mark.parametrize("rate", ["5", "5.25", "26.25", "26.26", "52.5", "52.51"])
def test_a_plan_gives_the_verdict_of_the_check(rate: str) -> None:
    """On a limit and a hair beyond it; also where the limits crossed are told from outside."""
    programme = replace(by_rate(), rate=Quantity.of(rate, "mL/h"))
    made = plan(by_rate(), LIBRARY)
    assert made is not None
    inputs = {"rate": Fraction(rate), "weight": Fraction(70)}
    assert made.verdict(inputs) == check(programme, LIBRARY)
    told = [held.crossed(inputs) for held in made.held]
    assert made.verdict(inputs, told) == check(programme, LIBRARY)


def test_a_hard_limit_hides_the_soft_one_beside_it() -> None:
    """A dose beyond both is never offered an override."""
    made = plan(by_rate(), LIBRARY)
    assert made is not None
    ones = {"rate": Fraction(1), "weight": Fraction(1)}
    verdict = made.verdict(ones, [frozenset({Limit.SOFT_MAX, Limit.HARD_MAX})])
    assert [finding.limit for finding in verdict.findings] == [Limit.HARD_MAX]
    assert verdict.decision is Decision.REFUSE


def test_the_shape_alone_can_settle_it() -> None:
    """An unknown entry and a mode that is not offered need no number."""
    for programme in (replace(by_rate(), entry="gone"), replace(by_rate(), mode=Mode.BOLUS)):
        made = plan(programme, LIBRARY)
        assert made is not None
        assert made.verdict({}) == check(programme, LIBRARY)


def test_a_certain_problem_keeps_the_value_attempted() -> None:
    """A dose in units on an entry that counts mass is refused whatever its number; the finding names that number."""
    programme = programme_on(ENTRY, dose=Quantity.of("7", "units/h"))
    made = plan(programme, LIBRARY)
    assert made is not None
    assert made.verdict({"dose": Fraction(7)}) == check(programme, LIBRARY)


def test_there_is_no_plan_where_two_values_may_disagree() -> None:
    """Dose and rate entered together agree or not by their numbers alone."""
    assert plan(by_rate(dose=Quantity.of("0.3", "ug/kg/min")), LIBRARY) is None


def test_there_is_no_plan_for_an_area_from_a_height() -> None:
    """A body surface area from weight and height is rounded, which no product is."""
    per_area = replace(ENTRY, dose=Limits(unit=Unit.read("mg/m2/h"), hard_max=Fraction(9)))
    assert plan(by_rate(height=Quantity.of("170", "cm")), library_with(per_area)) is None
