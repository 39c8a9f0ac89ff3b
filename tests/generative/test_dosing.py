"""The dose-limit engine keeps its promises for every limit, unit, weight and concentration."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from openinfusion.core.dosing import body_surface_area, check
from openinfusion.core.entry import Entry, EntryType, Mode
from openinfusion.core.library import CareArea, Library, Population
from openinfusion.core.limits import Concentration, Limit, Limits
from openinfusion.core.programme import Decision, Parameter, Programme
from openinfusion.core.units import ML_PER_H, Kind, PatientBasis, Quantity, TimeBasis, Unit
from tests.strategies import (
    HAIR,
    UNITS,
    amounts,
    library_with,
    limits_in,
    millilitres,
    numbers,
    programme_on,
    units_like,
)

SEVERITY = {Decision.ACCEPT: 0, Decision.CONFIRM: 1, Decision.REFUSE: 2}
DOSE_RATES = [u for u in UNITS if u.kind is Kind.MASS and u.time is not TimeBasis.NONE]
KILOGRAMS = Quantity.read("61.7 kg")
SQUARE_METRES = Quantity.read("1.73 m2")


def dosed_in(unit: Unit, limits: Limits) -> Entry:
    """A continuous entry of 3 mg in 7 mL, whose dose has these limits."""
    strength = Concentration(amount=Quantity.read("3 mg"), volume=Quantity.read("7 mL"))
    kind = strength if unit.kind is Kind.MASS else None
    return Entry(id="e", drug="d", care_area="a", type=EntryType.CONTINUOUS, concentration=kind, dose=limits)


def programme(entry: Entry, **entered: Quantity) -> Programme:
    return programme_on(entry, **entered, weight=KILOGRAMS, body_surface_area=SQUARE_METRES)  # type: ignore[arg-type]


limited = st.sampled_from(DOSE_RATES).flatmap(lambda unit: limits_in(unit, full=True))


@pytest.mark.hazard("LC-02")
@given(st.data(), limited, st.sampled_from(Limit))
def test_exact_at_every_limit_in_any_unit(data: st.DataObject, limits: Limits, limit: Limit):
    """On a limit is inside it, one part in 10^12 beyond is outside, in every unit of the same measure."""
    edge = limits.quantity(limit.value)
    assert edge is not None
    entry = dosed_in(limits.unit, limits)
    library = library_with(entry)
    outwards = -1 if limit in (Limit.HARD_MIN, Limit.SOFT_MIN) else 1
    unit = data.draw(units_like(limits.unit))
    for scale, is_crossed in ((1 - outwards * HAIR, False), (Fraction(1), False), (1 + outwards * HAIR, True)):
        dose = Quantity(edge.value * scale, edge.unit).to(unit)
        found = check(programme(entry, dose=dose), library).findings
        assert (limit in {finding.limit for finding in found}) is is_crossed


@pytest.mark.hazard("LC-02")
@given(st.data(), limited, numbers, numbers)
def test_more_drug_is_never_milder_nor_less_drug(data: st.DataObject, limits: Limits, one: Fraction, other: Fraction):
    """Above the minima more drug never gets a milder verdict; below the maxima less drug never does."""
    little, much = sorted([one, other])
    entry = dosed_in(limits.unit, limits)
    library = library_with(entry)
    unit = data.draw(units_like(limits.unit))
    said = [
        SEVERITY[check(programme(entry, dose=Quantity(dose, limits.unit).to(unit)), library).decision]
        for dose in (little, much)
    ]
    if limits.soft_min is not None and little >= limits.soft_min:
        assert said[0] <= said[1]
    if limits.soft_max is not None and much <= limits.soft_max:
        assert said[0] >= said[1]


@pytest.mark.hazard("US-01")
@given(limited, numbers, st.data())
def test_dose_to_rate_to_dose_is_the_same_dose(limits: Limits, dose: Fraction, data: st.DataObject):
    """The rate that follows from a dose, entered as a rate, gives that dose and that verdict again."""
    entry = dosed_in(limits.unit, limits)
    library = library_with(entry)
    by_dose = check(programme(entry, dose=Quantity(dose, limits.unit)), library)
    rate = by_dose.derived.rate
    assert rate is not None
    by_rate = check(programme(entry, rate=rate.to(data.draw(units_like(ML_PER_H)))), library)
    assert by_rate.derived.dose == by_dose.derived.dose == Quantity(dose, limits.unit)
    assert (by_rate.decision, by_rate.findings) == (by_dose.decision, by_dose.findings)


@given(limited, amounts(Kind.MASS), millilitres, numbers)
def test_an_open_concentration_behaves_like_the_same_fixed_one(
    limits: Limits, amount: Quantity, volume: Quantity, dose: Fraction
):
    """Whether the entry or the bedside says it, the strength is the strength."""
    fixed = Entry(
        id="e",
        drug="d",
        care_area="a",
        type=EntryType.CONTINUOUS,
        concentration=Concentration(amount=amount, volume=volume),
        dose=limits,
    )
    by_hand = Entry(
        id="e",
        drug="d",
        care_area="a",
        type=EntryType.CONTINUOUS,
        concentration=Concentration(),
        dose=limits,
    )
    entered = Quantity(dose, limits.unit)
    one = check(programme(fixed, dose=entered), library_with(fixed))
    other = check(programme(by_hand, dose=entered, amount=amount, diluent=volume), library_with(by_hand))
    assert (one.decision, one.findings, one.derived) == (other.decision, other.findings, other.derived)


@pytest.mark.hazard("LC-09")
@given(limited, numbers)
def test_a_dose_per_kg_or_m2_without_the_patient_is_refused(limits: Limits, dose: Fraction):
    """Never accepted, never assumed."""
    assume(limits.unit.patient is not PatientBasis.NONE)
    entry = dosed_in(limits.unit, limits)
    verdict = check(programme_on(entry, dose=Quantity(dose, limits.unit)), library_with(entry))
    assert verdict.decision is Decision.REFUSE
    assert verdict.findings[0].parameter in (Parameter.WEIGHT, Parameter.BODY_SURFACE_AREA)


@given(limited, numbers, st.integers(1, 1000))
def test_rounding_moves_the_rate_by_half_a_step_at_most(limits: Limits, dose: Fraction, step: int):
    """The rounded rate is a multiple of the step, nearest to the exact one; the exact values do not change."""
    entry = dosed_in(limits.unit, limits)
    library, entered = library_with(entry), programme(entry, dose=Quantity(dose, limits.unit))
    resolution = Quantity(Fraction(step, 100), ML_PER_H)
    plain, asked = check(entered, library), check(entered, library, rate_resolution=resolution)
    exact, rounded = plain.derived.rate, asked.derived.rounded_rate
    assert exact is not None
    assert plain.derived.rounded_rate is None
    assert asked.derived.rate == exact
    if rounded is not None:
        assert (rounded / resolution).denominator == 1
        assert abs(rounded.value - exact.value) <= resolution.value / 2
    exactly = [finding for finding in asked.findings if not finding.by_rounding and finding.limit is not None]
    assert exactly == list(plain.findings)


@given(numbers, numbers)
def test_the_body_surface_area_is_the_nearest_hundredth(kg: Fraction, cm: Fraction):
    """Mosteller's square root lies within half a hundredth of the answer."""
    surface = body_surface_area(Quantity(kg, Unit.read("kg")), Quantity(cm, Unit.read("cm"))).value
    square = kg * cm / 3600
    assert (surface * 100).denominator == 1
    assert max(surface - Fraction(1, 200), Fraction(0)) ** 2 <= square < (surface + Fraction(1, 200)) ** 2


@given(limits=limits_in(Unit.read("kg"), full=True), weight=numbers)
def test_weight_limits_of_the_care_area_hold_for_every_weight(limits: Limits, weight: Fraction):
    """In kg or in grams, the same finding."""
    area = CareArea(id="area-0", name="a", population=Population.ADULT, weight=limits)
    entry = Entry(
        id="e", drug="d", care_area="a", type=EntryType.FLUID, rate=Limits(unit=ML_PER_H, hard_max=Fraction(9))
    )
    library: Library = library_with(entry, area)
    said = []
    for unit, scale in (("kg", 1), ("g", 1000)):
        entered = Quantity(weight * scale, Unit.read(unit))
        said.append(
            check(programme_on(entry, Mode.FLUID, rate=Quantity.read("5 mL/h"), weight=entered), library).findings
        )
    assert said[0] == said[1]
