"""The dose check where no table looks: what it derives beside a refusal, how it names a resolution, and its helpers."""

from fractions import Fraction

import pytest

from openinfusion.core.dosing import body_surface_area, check
from openinfusion.core.entry import Entry, EntryType, Mode
from openinfusion.core.errors import ProgrammeError, UnitMismatchError
from openinfusion.core.limits import Concentration, Limits, Pca
from openinfusion.core.programme import Decision, Finding, Parameter, Problem, Verdict
from openinfusion.core.units import Quantity, Unit
from tests.strategies import library_with, programme_on

Q = Quantity.read
MORPHINE = Entry(
    id="e",
    drug="d",
    care_area="a",
    type=EntryType.CONTINUOUS,
    concentration=Concentration(amount=Q("50 mg"), volume=Q("50 mL")),
    dose=Limits(unit=Unit.read("mg/h"), soft_max=Fraction(5)),
)


def checked(entry: Entry, mode: Mode = Mode.CONTINUOUS, *, step: str | None = None, **entered: str) -> Verdict:
    programme = programme_on(entry, mode, **{name: Q(text) for name, text in entered.items()})
    return check(programme, library_with(entry), rate_resolution=None if step is None else Q(step))


@pytest.mark.parametrize(
    "kg, cm, m2",
    [
        ("70", "170", "1.82"),
        ("72", "180", "1.9"),
        ("3.6", "50.625", "0.23"),
        ("3.6", "50.624", "0.22"),
        ("36", "100", "1"),
    ],
)
def test_mosteller_to_the_nearest_hundredth(kg: str, cm: str, m2: str) -> None:
    """An exact half goes up."""
    surface = body_surface_area(Quantity.of(kg, "kg"), Quantity.of(cm, "cm"))
    assert surface.value == Fraction(m2)
    assert surface.unit is Unit.read("m2")


def test_a_rate_that_cannot_be_delivered_is_shown_in_ml_per_hour() -> None:
    verdict = checked(MORPHINE, dose="0.04 mg/h", step="0.1 mL/h")
    finding = Finding(Parameter.RATE, attempted=Q("0.04 mL/h"), problem=Problem.NOT_DELIVERABLE)
    assert verdict.findings == (finding,)
    assert verdict.findings[0].attempted is not None
    assert verdict.findings[0].attempted.unit is Unit.read("mL/h")


def test_a_rate_resolution_that_is_none_is_the_callers_fault() -> None:
    """Not a clinical outcome: whoever asks with it must correct it."""
    with pytest.raises(UnitMismatchError):
        checked(MORPHINE, dose="1 mg/h", step="1 mg")
    with pytest.raises(ProgrammeError) as caught:
        checked(MORPHINE, dose="1 mg/h", step="0 mL/h")
    assert str(caught.value) == "rate resolution: found 0 mL/h; expected more than zero, such as 0.1 mL/h"
    with pytest.raises(ProgrammeError):
        checked(MORPHINE, dose="1 mg/h", step="-1 mL/h")


def test_a_small_resolution_is_a_resolution() -> None:
    verdict = checked(MORPHINE, dose="1.004 mg/h", step="0.01 mL/h")
    assert verdict.derived.rounded_rate == Q("1 mL/h")
    assert verdict.derived.rounded_dose == Q("1 mg/h")


def test_after_a_contradiction_no_dose_is_derived() -> None:
    """What was entered disagrees, so nothing says which dose to show in the entry's unit."""
    verdict = checked(MORPHINE, dose="100 micrograms/min", rate="7 mL/h")
    assert [finding.problem for finding in verdict.findings] == [Problem.DISAGREES]
    assert verdict.derived.dose is None


def test_a_problem_is_named_once() -> None:
    """Dose limits and rate limits both need the weight; one sentence says so."""
    per_kg = Limits(unit=Unit.read("mg/kg/h"), soft_max=Fraction(5))
    entry = Entry(
        id="e",
        drug="d",
        care_area="a",
        type=EntryType.CONTINUOUS,
        concentration=MORPHINE.concentration,
        dose=per_kg,
        rate=per_kg,
    )
    assert checked(entry, rate="1 mL/h").findings == (Finding(Parameter.WEIGHT, problem=Problem.MISSING),)


def test_a_dose_is_shown_as_entered_where_the_entry_names_no_unit() -> None:
    entry = Entry(
        id="e",
        drug="d",
        care_area="a",
        type=EntryType.CONTINUOUS,
        concentration=MORPHINE.concentration,
        rate=Limits(unit=Unit.read("mL/h"), soft_max=Fraction(5)),
    )
    assert checked(entry, dose="60 micrograms/min").derived.dose == Q("60 micrograms/min")
    assert checked(entry, rate="1 mL/h").derived.dose is None


def test_a_lockout_with_a_usual_value_alone_need_not_be_entered() -> None:
    """What limits nothing asks for nothing."""
    entry = Entry(
        id="e",
        drug="d",
        care_area="a",
        type=EntryType.PCA,
        concentration=MORPHINE.concentration,
        pca=Pca(
            dose=Limits(unit=Unit.read("mg"), hard_max=Fraction(2)),
            lockout=Limits(unit=Unit.read("min"), initial=Fraction(5)),
        ),
    )
    assert checked(entry, Mode.PCA, dose="1 mg").findings == ()


def test_a_value_held_through_the_concentration_counts_as_checked() -> None:
    """20 mL of 1 mg/mL held against limits in mg is a check, though nothing else of this entry is limited."""
    entry = Entry(
        id="e",
        drug="d",
        care_area="a",
        type=EntryType.PCA,
        concentration=MORPHINE.concentration,
        pca=Pca(
            dose=Limits(unit=Unit.read("mg")),
            accumulated=Limits(unit=Unit.read("mg"), hard_max=Fraction(30)),
            window=Q("4 h"),
        ),
    )
    assert checked(entry, Mode.PCA, dose="1 mg", accumulated="20 mL").decision is Decision.ACCEPT


def test_an_accumulated_dose_per_kg_needs_the_weight() -> None:
    """Limits per kg and an absolute value: both ways of asking."""
    entry = Entry(
        id="e",
        drug="d",
        care_area="a",
        type=EntryType.PCA,
        concentration=MORPHINE.concentration,
        pca=Pca(
            dose=Limits(unit=Unit.read("mg"), hard_max=Fraction(2)),
            accumulated=Limits(unit=Unit.read("mg/kg"), hard_max=Fraction(1, 2)),
            window=Q("4 h"),
        ),
    )
    assert checked(entry, Mode.PCA, dose="1 mg", accumulated="20 mg").findings == (
        Finding(Parameter.WEIGHT, problem=Problem.MISSING),
    )
    assert checked(entry, Mode.PCA, dose="1 mg", accumulated="20 mg", weight="40 kg").findings == ()
    (finding,) = checked(entry, Mode.PCA, dose="1 mg", accumulated="21 mg", weight="40 kg").findings
    assert finding.attempted == Q("0.525 mg/kg")


def test_a_care_area_volume_is_not_needed_for_an_open_ended_infusion() -> None:
    """Nothing says how much will run, so nothing is held against it."""
    assert checked(MORPHINE, dose="1 mg/h").derived.volume is None
    assert checked(MORPHINE, dose="1 mg/h").derived.duration is None


def test_the_finding_of_a_fixed_concentration_names_the_value_that_differs() -> None:
    (amount,) = checked(MORPHINE, dose="1 mg/h", amount="60 mg", diluent="50 mL").findings
    (volume,) = checked(MORPHINE, dose="1 mg/h", amount="50 mg", diluent="60 mL").findings
    assert (amount.attempted, volume.attempted) == (Q("60 mg"), Q("60 mL"))
