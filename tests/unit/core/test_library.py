"""A library, its entries and their limits are checked at birth."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from fractions import Fraction

import pytest

from openinfusion.core.entry import Entry, EntryType, Mode
from openinfusion.core.errors import LibraryError
from openinfusion.core.library import About, Advisory, CareArea, Drug, Library, Population
from openinfusion.core.limits import Concentration, Delivery, Limits, Pca, TitrationStep, is_amount_of_drug
from openinfusion.core.naming import entry_id, slug
from openinfusion.core.units import GRAMS_OF_PATIENT, Quantity, Unit

Q, U = Quantity.read, Unit.read


def limits(unit: str, **values: int) -> Limits:
    given = {name: Fraction(value) for name, value in values.items()}
    return Limits(unit=U(unit), **given)


def entry(**parts: object) -> Entry:
    usual = {"id": "e", "drug": "d", "care_area": "a", "type": EntryType.CONTINUOUS}
    return Entry(**{**usual, **parts})  # type: ignore[arg-type]


STRENGTH = Concentration(amount=Q("50 mg"), volume=Q("50 mL"))


@pytest.mark.parametrize(
    "values, fault",
    [
        ({"hard_min": 2, "hard_max": 1}, "out of order"),
        ({"soft_min": 2, "soft_max": 1}, "out of order"),
        ({"hard_min": 2, "soft_min": 1}, "out of order"),
        ({"soft_max": 2, "hard_max": 1}, "out of order"),
        ({"usual_min": 2, "usual_max": 1}, "out of order"),
        ({"hard_min": -1}, "negative"),
        ({"usual_min": -1}, "negative"),
        ({"initial": -1}, "negative"),
    ],
)
def test_limits_out_of_order_or_negative_are_refused(values: dict[str, int], fault: str) -> None:
    with pytest.raises(LibraryError) as caught:
        limits("mg", **values)
    assert fault in caught.value.found


def test_limits_may_be_equal_or_zero() -> None:
    """A hard maximum on the soft one is legal (and a finding of review)."""
    made = limits("mg", hard_min=0, soft_min=0, soft_max=5, hard_max=5, usual_min=1, usual_max=1, initial=0)
    assert [value for value in made.bounds if value is not None] == [0, 0, 5, 5]
    assert made.quantity("soft_max") == Q("5 mg")
    assert limits("mg").quantity("soft_max") is None


def test_limits_are_empty_when_they_limit_nothing() -> None:
    assert limits("mg").is_empty
    assert limits("mg", usual_min=1, initial=2).is_empty
    assert not limits("mg", hard_min=0).is_empty


def test_the_dose_to_reason_from() -> None:
    assert limits("mg", usual_min=2, usual_max=4, initial=1).usual == 1
    assert limits("mg", usual_min=2, usual_max=4).usual == 3
    assert limits("mg", usual_min=2).usual == 2
    assert limits("mg", usual_max=4).usual == 4
    assert limits("mg", hard_max=4).usual is None


def test_limits_are_described_in_words() -> None:
    assert limits("mg/h", soft_max=5, hard_max=1000).describe() == "soft max 5, hard max 1,000 mg/h"
    assert limits("mg/h").describe() == "no limit mg/h"


@pytest.mark.parametrize(
    "make, where",
    [
        (lambda: Delivery(dose=limits("mg/h")), "dose.unit"),
        (lambda: Delivery(dose=limits("kg")), "dose.unit"),
        (lambda: Delivery(dose=limits("mg/mL")), "dose.unit"),
        (lambda: Delivery(rate=limits("mL")), "rate.unit"),
        (lambda: Delivery(volume=limits("mg")), "volume.unit"),
        (lambda: Delivery(duration=limits("mL")), "duration.unit"),
        (lambda: Pca(dose=limits("mg/h")), "pca.dose.unit"),
        (lambda: Pca(dose=limits("mg"), accumulated=limits("mg/h"), window=Q("4 h")), "pca.accumulated.unit"),
        (lambda: Pca(dose=limits("mg"), lockout=limits("mg")), "pca.lockout.unit"),
        (lambda: Pca(dose=limits("mg"), accumulated=limits("mg")), "pca"),
        (lambda: Pca(dose=limits("mg"), window=Q("4 h")), "pca"),
        (lambda: Pca(dose=limits("mg"), accumulated=limits("mg"), window=Q("4 mg")), "pca.window"),
        (lambda: Pca(dose=limits("mg"), accumulated=limits("mg"), window=Q("0 h")), "pca.window"),
        (lambda: Concentration(amount=Q("5 mg/h")), "concentration.amount"),
        (lambda: Concentration(amount=Q("5 mL")), "concentration.amount"),
        (lambda: Concentration(amount=Q("0 mg")), "concentration.amount"),
        (lambda: Concentration(volume=Q("5 mg")), "concentration.volume"),
        (lambda: Concentration(volume=Q("0 mL")), "concentration.volume"),
        (lambda: Concentration(limits=limits("mg")), "concentration.limits"),
        (lambda: TitrationStep(factor=Fraction(1)), "titration_step.factor"),
        (lambda: CareArea(id="a", name="a", population=Population.ADULT, weight=limits("cm")), "weight.unit"),
        (lambda: CareArea(id="a", name="a", population=Population.ADULT, height=limits("kg")), "height.unit"),
        (lambda: CareArea(id="a", name="a", population=Population.ADULT, max_rate=Q("5 mL")), "max_rate"),
        (lambda: CareArea(id="a", name="a", population=Population.ADULT, kvo_rate=Q("0 mL/h")), "kvo_rate"),
        (lambda: entry(dose=limits("mg"), concentration=STRENGTH), "dose.unit"),
        (lambda: entry(type=EntryType.INTERMITTENT, dose=limits("mg/h"), concentration=STRENGTH), "dose.unit"),
        (lambda: entry(type=EntryType.PCA), "pca"),
        (lambda: entry(pca=Pca(dose=limits("mg")), concentration=STRENGTH), "pca"),
        (lambda: entry(dose=limits("mg/h")), "concentration"),
        (lambda: entry(bolus=Delivery(dose=limits("mg"))), "concentration"),
        (lambda: entry(loading=Delivery(rate=limits("mg/h"))), "concentration"),
        (lambda: entry(dose=limits("units/h"), concentration=STRENGTH), "dose"),
        (lambda: entry(bolus=Delivery(rate=limits("mmol/h")), concentration=STRENGTH), "bolus.rate"),
        (
            lambda: entry(concentration=Concentration(amount=Q("5 mg"), limits=limits("units/mL"))),
            "concentration.limits",
        ),
    ],
)
def test_a_part_that_cannot_be_is_refused_with_its_place(make, where: str) -> None:
    with pytest.raises(LibraryError) as caught:
        make()
    assert caught.value.where == where


@pytest.mark.parametrize(
    "unit, counts",
    [("mg", True), ("units/kg", True), ("kcal", True), ("mg/h", False), ("mg/mL", False), ("mL", False), ("kg", False)],
)
def test_what_counts_drug(unit: str, counts: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_amount_of_drug(U(unit)) is counts


def test_an_entry_in_ml_needs_no_concentration() -> None:
    assert entry(dose=limits("mL/h", hard_max=5)).concentration is None
    assert entry(type=EntryType.FLUID, dose=limits("mL/kg/h")).concentration is None


def test_a_strength_per_ml_and_in_words() -> None:
    assert STRENGTH.per_ml == Q("1 mg/mL")
    assert STRENGTH.text == "50 mg in 50 mL"
    by_weight = Concentration(amount=Q("3 mg/kg"), volume=Q("50 mL"))
    assert (by_weight.per_ml, by_weight.is_open) == (None, False)
    half = Concentration(amount=Q("3 mg"))
    assert (half.is_open, half.strength, half.per_ml) == (True, None, None)
    assert half.text == "concentration entered at the bedside (3 mg known)"
    assert Concentration().text == "concentration entered at the bedside"
    assert Concentration(volume=Q("50 mL")).is_open


def test_an_entry_gives_the_limits_of_each_mode() -> None:
    bolus, loading = Delivery(dose=limits("mg")), Delivery(dose=limits("mg"))
    made = entry(concentration=STRENGTH, bolus=bolus, loading=loading)
    assert made.limits_for(Mode.BOLUS) is bolus
    assert made.limits_for(Mode.LOADING) is loading
    assert made.limits_for(Mode.CONTINUOUS) is made
    assert made.limits_for(Mode.PCA) is None
    assert entry().limits_for(Mode.BOLUS) is None


def test_all_limits_are_listed_with_their_paths() -> None:
    made = entry(
        type=EntryType.PCA,
        concentration=Concentration(limits=limits("mg/mL")),
        dose=limits("mg/h"),
        rate=limits("mL/h"),
        bolus=Delivery(dose=limits("mg"), volume=limits("mL")),
        loading=Delivery(duration=limits("min")),
        pca=Pca(dose=limits("mg"), lockout=limits("min"), accumulated=limits("mg"), window=Q("1 h")),
    )
    assert [path for path, _ in made.all_limits()] == [
        *("dose", "rate", "bolus.dose", "bolus.volume", "loading.duration"),
        *("pca.dose", "pca.lockout", "pca.accumulated", "concentration.limits"),
    ]

    assert list(entry().all_limits()) == []


AREA = CareArea(id="a", name="Critical care", population=Population.ADULT)
DRUG = Drug(id="d", name="morphine")
ABOUT = About(name="n", organisation="o", version="1")


def library(**parts: object) -> Library:
    usual = {"library": ABOUT, "drugs": (DRUG,), "care_areas": (AREA,), "entries": (entry(concentration=STRENGTH),)}
    return Library(**{**usual, **parts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "parts, where",
    [
        ({"drugs": (DRUG, DRUG)}, "drugs[1].id"),
        ({"care_areas": (AREA, AREA)}, "care_areas[1].id"),
        ({"entries": (entry(), entry())}, "entries[1].id"),
        ({"advisories": (Advisory(id="x", text="t"),) * 2}, "advisories[1].id"),
        ({"entries": (entry(drug="x"),)}, "entries[0].drug"),
        ({"entries": (entry(care_area="x"),)}, "entries[0].care_area"),
        ({"entries": (entry(), entry(id="f", advisories=("x",)))}, "entries[1].advisories"),
    ],
)
def test_a_library_refuses_double_ids_and_loose_ends(parts: dict[str, object], where: str) -> None:
    with pytest.raises(LibraryError) as caught:
        library(**parts)
    assert caught.value.where == where


def test_a_time_without_its_zone_is_no_time() -> None:
    with pytest.raises(LibraryError) as caught:
        About(name="n", organisation="o", version="1", valid_from=datetime(2026, 3, 31))  # noqa: DTZ001 - the fault
    assert (caught.value.where, caught.value.found) == ("valid_from", "2026-03-31T00:00:00")


@pytest.mark.hazard("PL-01")
def test_one_moment_in_two_zones_is_one_document() -> None:
    """Two files that mean the same have one identity, so the zone it was written in is not kept."""
    cet = timezone(timedelta(hours=1))
    made = About(name="n", organisation="o", version="1", valid_from=datetime(2026, 3, 31, 1, tzinfo=cet))
    assert made.valid_from is not None
    assert made.valid_from.isoformat() == "2026-03-31T00:00:00+00:00"


@pytest.mark.hazard("IT-04")
def test_a_time_before_all_time_is_no_time() -> None:
    ahead = timezone(timedelta(hours=14))
    with pytest.raises(LibraryError, match="the years 1 to 9999 of UTC"):
        About(name="n", organisation="o", version="1", valid_from=datetime(1, 1, 1, tzinfo=ahead))


@pytest.mark.hazard("LC-04")
def test_a_rate_must_count_what_the_concentration_counts() -> None:
    """Units per hour of a syringe in mg: no pump could convert it, and every programme would be refused."""
    per_hour = Limits(unit=Unit.read("units/h"), hard_max=Fraction(5))
    with pytest.raises(LibraryError) as caught:
        entry(concentration=STRENGTH, rate=per_hour)
    assert caught.value.where == "rate"
    assert entry(concentration=STRENGTH, rate=replace(per_hour, unit=Unit.read("mg/h"))).rate is not None


def test_a_library_finds_its_parts_and_describes_an_entry() -> None:
    note = Advisory(id="n", text="t")
    made = library(advisories=(note,), entries=(entry(therapy="sedation", concentration=STRENGTH, advisories=("n",)),))
    assert made.drug("d") is DRUG
    assert made.care_area("a") is AREA
    assert made.advisory("n") is note
    assert made.find_entry("e") is made.entries[0]
    assert made.find_entry("x") is None
    assert made.describe(made.entries[0]) == "morphine, Critical care, sedation, 50 mg in 50 mL"
    assert made.describe(entry()) == "morphine, Critical care"


def test_a_weight_in_g_weighs_the_patient() -> None:
    area = CareArea(id="a", name="a", population=Population.NEONATAL, weight=limits("g", hard_max=5000))
    assert area.weight is not None
    assert area.weight.unit is GRAMS_OF_PATIENT
    assert area.weight.quantity("hard_max") == Q("5 kg")


def test_ids_are_made_from_names() -> None:
    assert slug("Adult ICU", None, "Noradrenaline (base)", "") == "adult-icu--noradrenaline-base"
    assert slug("\u00b5g & \u03bcg", "5% glucose", "A+B", "caf\u00e9") == "ug-ug--5-percent-glucose--a-plus-b--cafe"
    assert slug("\u6f22", "x") == "x"
    assert slug(".-x.-") == "x"

    def made(therapy: str | None, concentration: Concentration | None) -> str:
        return entry_id(
            drug="Heparin",
            care_area="ICU",
            type_=EntryType.CONTINUOUS,
            therapy=therapy,
            concentration=concentration,
        )

    fixed = Concentration(amount=Q("20000 units"), volume=Q("20 mL"))
    assert made(None, fixed) == "icu--heparin--continuous--20000-units-in-20-ml"
    assert made(None, Concentration(amount=Q("5 mg"))) == "icu--heparin--continuous--open"
    assert made("DVT", None) == "icu--heparin--continuous--dvt"
