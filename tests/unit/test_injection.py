"""Error injection on small libraries with numbers worked out by hand."""

from fractions import Fraction

import pytest

from openinfusion.core.injection import (
    InjectionScore,
    Outcome,
    Slip,
    Tally,
    Trial,
    inject,
    reference_surface,
    reference_weight,
)
from openinfusion.core.library import Mode
from openinfusion.core.units import Quantity
from tests.unit.review_examples import library

# One furosemide entry: usual 10 mg/h, soft 5 to 15, hard 1 to 60 mg/h, fixed at 2 mg/mL.
ONE = {
    "entries": [
        {
            "id": "f",
            "drug": "furosemide",
            "care_area": "ward",
            "type": "continuous",
            "concentration": {"amount": {"value": "100", "unit": "mg"}, "volume": {"value": "50", "unit": "mL"}},
            "dose": {
                "unit": "mg/h",
                "hard_min": "1",
                "soft_min": "5",
                "soft_max": "15",
                "hard_max": "60",
                "initial": "10",
            },
        }
    ]
}
SECOND = {"entries.+": "entries.0", "entries.-1.id": "g"}
BLOCKED, WARNED, SILENT = Outcome.BLOCKED, Outcome.WARNED, Outcome.SILENT


def score(changes=None) -> InjectionScore:
    return inject(library({**ONE, **(changes or {})}))


def outcomes(result: InjectionScore, entry: str = "f") -> dict[Slip, Outcome]:
    (found,) = [one for one in result.by_entry if one.entry == entry]
    return {trial.slip: trial.outcome for trial in found.trials}


def trial(result: InjectionScore, slip: Slip, entry: str = "f") -> Trial:
    (found,) = [t for one in result.by_entry for t in one.trials if t.slip is slip and t.entry == entry]
    return found


@pytest.mark.hazard("LC-02")
def test_multiples_of_the_usual_dose() -> None:
    """10 mg/h is fine; 20 and 50 cross the soft maximum of 15, 100 the hard maximum of 60; 1 is on the hard minimum."""
    result = score()
    assert outcomes(result) == {
        Slip.USUAL: SILENT,
        Slip.DOUBLE: WARNED,
        Slip.FIVE: WARNED,
        Slip.TEN: BLOCKED,
        Slip.SIXTY: BLOCKED,
        Slip.THOUSAND: BLOCKED,
        Slip.TENTH: WARNED,
        Slip.PER_KG_AS_ABSOLUTE: BLOCKED,
    }
    assert result.usual == Tally(blocked=0, warned=0, silent=1, tried=1)
    assert result.errors == Tally(blocked=4, warned=3, silent=0, tried=7)
    assert str(result.errors) == "blocked 4, warned 3, silent 0 of 7"
    assert result.of(Slip.NEIGHBOUR).tried == 0
    assert result.not_tried == ()
    assert result.worst == ()


def test_shares_have_their_denominator() -> None:
    """Nothing tried is no share, not a share of nought."""
    result = score()
    assert result.errors.share(BLOCKED) == Fraction(4, 7)
    assert result.errors.share(WARNED) == Fraction(3, 7)
    assert result.errors.share(SILENT) == 0
    assert result.of(Slip.NEIGHBOUR).share(SILENT) is None


def test_an_alert_at_the_usual_dose_is_a_false_one() -> None:
    """A correct programme that alerts is counted apart from the errors."""
    result = score({"entries.0.dose.soft_max": "9"})
    assert result.usual == Tally(blocked=0, warned=1, silent=0, tried=1)
    assert result.by_entry[0].false_alerts == 1
    assert not trial(result, Slip.USUAL).is_error


@pytest.mark.hazard("LC-02")
def test_the_worst_are_silent_at_ten_times_and_high_alert_first() -> None:
    """Without limits everything is silent; the largest dose of the most dangerous drug stands first."""
    open_ended = {"unit": "mg/h", "initial": "10"}
    result = score(
        {
            "entries.0.dose": open_ended,
            **SECOND,
            "entries.1.drug": "morphine",
            "entries.1.dose": open_ended,
            "care_areas.1.max_rate": None,
        }
    )
    assert [(t.drug, t.times) for t in result.worst] == [
        ("morphine", Fraction(1000)),
        ("morphine", Fraction(60)),
        ("morphine", Fraction(10)),
        ("furosemide", Fraction(1000)),
        ("furosemide", Fraction(60)),
        ("furosemide", Fraction(10)),
    ]
    assert [t.high_alert for t in result.worst] == [True] * 3 + [False] * 3
    assert trial(result, Slip.TEN).programmed == "100 mg/h"


@pytest.mark.hazard("LC-09")
def test_weight_in_pounds_is_caught_only_by_weight_limits() -> None:
    """70 kg typed as 154 kg gives 2.205 times the dose; the dose per kg looks right."""
    by_weight = {"entries.0.dose.unit": "mg/kg/h", "care_areas.1.max_rate": None}
    result = score(by_weight)
    pounds = trial(result, Slip.POUNDS)
    assert (pounds.outcome, pounds.times) == (SILENT, Fraction("2.205"))
    limited = {"care_areas.1.weight": {"unit": "kg", "hard_max": "150"}}
    assert trial(score({**by_weight, **limited}), Slip.POUNDS).outcome is BLOCKED


@pytest.mark.hazard("LC-04")
def test_a_dose_for_the_whole_patient_typed_per_kg_and_the_reverse() -> None:
    """700 mg/kg/h for 10 mg/kg/h at 70 kg; 10 mg/h divided by 70."""
    result = score({"entries.0.dose.unit": "mg/kg/h", "care_areas.1.max_rate": None})
    confused = trial(result, Slip.ABSOLUTE_AS_PER_KG)
    assert (confused.outcome, confused.times, confused.programmed) == (BLOCKED, Fraction(70), "700 mg/kg/h")
    assert Slip.PER_KG_AS_ABSOLUTE not in outcomes(result)
    divided = trial(score(), Slip.PER_KG_AS_ABSOLUTE)
    assert (divided.outcome, divided.times) == (BLOCKED, Fraction("0.014"))


@pytest.mark.hazard("LC-06")
def test_the_neighbour_in_the_pick_list() -> None:
    """Furosemide 10 mg/h under morphine (hard maximum 8) is blocked; morphine 2 mg/h under furosemide warns."""
    dose = {"unit": "mg/h", "soft_max": "5", "hard_max": "8", "initial": "2"}
    result = score({**SECOND, "entries.1.drug": "morphine", "entries.1.dose": dose})
    wrong = trial(result, Slip.NEIGHBOUR)
    assert (wrong.outcome, wrong.under, wrong.times) == (BLOCKED, "g", None)
    assert wrong.programmed == "10 mg/h under morphine"
    assert not wrong.is_grave
    assert trial(result, Slip.NEIGHBOUR, "g").outcome is WARNED
    assert result.of(Slip.NEIGHBOUR) == Tally(blocked=1, warned=1, silent=0, tried=2)


@pytest.mark.parametrize(
    "other",
    [
        {"entries.1.drug": "morphine", "entries.1.dose.unit": "mg/kg/h"},
        {"entries.1.drug": "morphine", "entries.1.care_area": "critical-care"},
        {"entries.1.therapy": "second"},
        {
            "entries.1.drug": "sodium-chloride",
            "entries.1.type": "fluid",
            "entries.1.dose": None,
            "entries.1.concentration": None,
            "entries.1.rate": {"unit": "mL/h", "initial": "100"},
        },
    ],
    ids=["another measure", "another care area", "the same drug", "another type"],
)
def test_no_neighbour_where_the_dose_could_not_be_typed(other) -> None:
    """Only another drug of the same list and measure can be mistaken in this way."""
    assert score({**SECOND, **other}).of(Slip.NEIGHBOUR).tried == 0


OPEN = {"limits": {"unit": "mg/mL", "hard_min": "1", "soft_min": "1", "soft_max": "4", "hard_max": "4"}}


@pytest.mark.hazard("LC-01")
def test_a_wrong_strength_is_caught_only_by_its_bounds() -> None:
    """2.5 mg/mL typed as 0.25 gives ten times the dose: blocked by bounds of 1 to 4, silent without any."""
    bounded = score({"entries.0.concentration": OPEN})
    assert outcomes(bounded)[Slip.USUAL] is SILENT
    low, high = trial(bounded, Slip.STRENGTH_TOO_LOW), trial(bounded, Slip.STRENGTH_TOO_HIGH)
    assert (low.outcome, low.times) == (BLOCKED, Fraction(10))
    assert (high.outcome, high.times) == (BLOCKED, Fraction(1, 10))
    unbounded = score({"entries.0.concentration": {}})
    assert trial(unbounded, Slip.STRENGTH_TOO_LOW).outcome is SILENT
    assert [t.slip for t in unbounded.worst] == [Slip.STRENGTH_TOO_LOW]


@pytest.mark.parametrize(
    "concentration",
    [
        {"amount": {"value": "100", "unit": "mg"}},
        {"amount": {"value": "100", "unit": "mg"}, **OPEN},
        {"volume": {"value": "50", "unit": "mL"}},
        {"volume": {"value": "50", "unit": "mL"}, **OPEN},
        {"limits": {"unit": "g/L", "hard_min": "1", "hard_max": "4"}},
        {"limits": {"unit": "mg/mL"}},
        {"amount": {"value": "2", "unit": "mg/kg"}, **OPEN},
    ],
    ids=[
        "amount known",
        "amount and bounds",
        "volume known",
        "volume and bounds",
        "per litre",
        "empty bounds",
        "by weight",
    ],
)
@pytest.mark.hazard("LC-01")
def test_an_open_concentration_is_made_up_inside_its_bounds(concentration) -> None:
    """Whatever the entry leaves open, the correct programme passes and a tenfold strength meets the bounds, if any."""
    result = score({"entries.0.concentration": concentration})
    assert outcomes(result)[Slip.USUAL] is SILENT
    has_bounds = "hard_min" in concentration.get("limits", {})
    assert trial(result, Slip.STRENGTH_TOO_LOW).outcome is (BLOCKED if has_bounds else SILENT)
    assert trial(result, Slip.STRENGTH_TOO_HIGH).outcome is (BLOCKED if has_bounds else SILENT)


def test_what_cannot_be_tried_is_listed_with_its_reason() -> None:
    """An entry that is left out must not look as if it had passed."""
    result = score(
        {
            "entries.0.dose.initial": None,
            **SECOND,
            "entries.1.type": "intermittent",
            "entries.1.dose": {"unit": "mg", "initial": "40"},
            "entries.1.duration": None,
            "entries.1.rate": {"unit": "mL/h", "initial": "10"},
            "entries.1.bolus": {"dose": {"unit": "mg", "initial": "10"}, "volume": {"unit": "mL", "hard_max": "9"}},
            "entries.1.loading": {"rate": {"unit": "mL/h", "hard_max": "9"}},
        }
    )
    assert [(one.entry, one.mode, one.reason) for one in result.not_tried] == [
        ("f", Mode.CONTINUOUS, "no usual dose is recorded"),
        ("g", Mode.LOADING, "no usual dose is recorded"),
    ]
    assert [one.entry for one in result.by_entry] == ["g"]


def test_a_usual_dose_that_cannot_be_programmed_is_not_tried() -> None:
    """A duration limit that nothing fills makes the correct programme impossible, so errors would say nothing."""
    dose, duration = {"unit": "mg", "initial": "40"}, {"unit": "min", "hard_min": "0"}
    result = score({"entries.0.type": "intermittent", "entries.0.dose": dose, "entries.0.duration": duration})
    (one,) = result.not_tried
    assert one.reason.startswith("the usual dose cannot be programmed: duration")


def test_the_sound_library_as_a_whole() -> None:
    """Every type of infusion is tried, with lockout, duration, rate and patient filled in; no usual dose alerts."""
    result = inject(library())
    assert result.usual == Tally(blocked=0, warned=0, silent=11, tried=11)
    assert result.not_tried == ()
    assert result.worst == ()
    assert result.of(Slip.TEN) == Tally(blocked=9, warned=2, silent=0, tried=11)
    assert sum(one.tally.tried for one in result.by_slip) == result.usual.tried + result.errors.tried
    assert sum(one.errors.tried for one in result.by_entry) == result.errors.tried


@pytest.mark.parametrize(
    "number, weight, expected",
    [
        (0, None, "70 kg"),
        (2, None, "3 kg"),
        (0, {"unit": "kg", "hard_min": "70", "hard_max": "70"}, "70 kg"),
        (0, {"unit": "kg", "soft_min": "80", "soft_max": "100"}, "90 kg"),
        (0, {"unit": "kg", "hard_max": "60"}, "60 kg"),
        (0, {"unit": "kg"}, "70 kg"),
    ],
)
def test_the_reference_patient_fits_the_care_area(number, weight, expected) -> None:
    """The weight of the population, unless the area would refuse it: then the middle of what it allows."""
    area = library({f"care_areas.{number}.weight": weight}).care_areas[number]
    assert reference_weight(area) == Quantity.read(expected)


def test_doses_by_body_surface_area_have_a_reference_too() -> None:
    """Populations have a body surface area; the entry is programmed with it."""
    areas = library({"care_areas.1.population": "paediatric"}).care_areas
    assert [str(reference_surface(area)) for area in areas] == ["1.8 m2", "0.8 m2", "0.2 m2"]
    result = score({"entries.0.dose.unit": "mg/m2/h"})
    assert outcomes(result)[Slip.USUAL] is SILENT
    assert Slip.PER_KG_AS_ABSOLUTE not in outcomes(result)
