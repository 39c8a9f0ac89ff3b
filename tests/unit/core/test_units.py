"""Units and quantities at their edges; the tables of spelling and display are in tests/spec."""

import copy
import pickle
from fractions import Fraction

import pytest

from openinfusion.core.errors import NumberFormatError, UnitMismatchError, UnknownUnitError
from openinfusion.core.units import (
    CM,
    GRAMS_OF_DRUG,
    GRAMS_OF_PATIENT,
    HOURS,
    KG,
    M2,
    MINUTES,
    ML,
    ML_PER_H,
    Kind,
    PatientBasis,
    Quantity,
    TimeBasis,
    Unit,
    VolumeBasis,
)
from tests.strategies import UNITS

Q = Quantity.read


def test_there_is_one_object_per_unit_however_it_is_made() -> None:
    """Identity is equality: by text, by code, by parts, without a basis, by copy and by pickle."""
    unit = Unit.read("micrograms/min")
    assert Unit.of(unit.amount, time=TimeBasis.MIN) is unit
    assert Unit.of(unit.amount, patient=PatientBasis.NONE, time=TimeBasis.MIN, volume=VolumeBasis.NONE) is unit
    assert Unit.read("ug/kg/min").absolute() is unit
    assert Unit.read("ug/m2/min").absolute() is unit
    assert Unit.from_ucum("ug/min") is unit
    assert copy.deepcopy(unit) is copy.copy(unit) is unit


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_a_unit_survives_a_pickle_as_itself(unit: Unit) -> None:
    assert pickle.loads(pickle.dumps(unit)) is unit  # noqa: S301 - our own bytes


def test_a_unit_cannot_change() -> None:
    with pytest.raises(AttributeError, match="a unit cannot change: scale"):
        ML.scale = Fraction(2)


def test_a_unit_is_shown_by_its_text() -> None:
    assert (str(ML_PER_H), repr(ML_PER_H)) == ("mL/h", "Unit('mL/h')")


@pytest.mark.parametrize(
    "text, scale",
    [
        ("nanograms", "1"),
        ("micrograms", "1000"),
        ("mg", "1000000"),
        ("g", "1000000000"),
        ("milliunits", "1"),
        ("units", "1000"),
        ("mmol", "1"),
        ("mEq", "1"),
        ("mL", "1"),
        ("L", "1000"),
        ("kcal", "1"),
        ("kg", "1000"),
        ("g (neonatal weight)", "1"),
        ("cm", "1"),
        ("m2", "1"),
        ("min", "1"),
        ("h", "60"),
        ("%", "1"),
        ("mL/min", "1"),
        ("mL/h", "1/60"),
        ("mL/24h", "1/1440"),
        ("micrograms/kg/h", "1000/60"),
        ("mg/mL", "1000000"),
        ("mg/L", "1000"),
        ("mmol/L", "1/1000"),
    ],
)
def test_the_size_of_a_unit_in_base_units(text: str, scale: str) -> None:
    assert Unit.read(text).scale == Fraction(*map(int, scale.split("/")))


SPELLINGS = """
    ng      | nanograms nanogram nanog NANOGRAMS
    ug      | micrograms microgram mcg MCG \u00b5g \u03bcg microg mcgs Mcg/
    mg      | milligram milligrams MG
    g       | gram grams gm GM
    m[iU]   | milliunits milliunit mU mu mIU m[IU] MILLIUNITS
    [iU]    | units unit U u IU iu [IU] Units
    mmol    | millimole millimoles MMOL
    meq     | mEq mEq. MEQ milliequivalent milliequivalents
    mL      | ml ML cc CC millilitre millilitres milliliter milliliters
    L       | l litre litres liter liters
    kcal    | kcal KCAL
    kg      | kilogram kilograms KG
    cm      | centimetre centimetres CM
    m2      | m\u00b2 M2
    min     | minute minutes mins MIN
    h       | hr hour hours hrs H
    mg/kg   | mg/kilogram mg/KG
    mg/m2   | mg/m\u00b2 mg/M2
    mg/min  | mg/minute
    mg/h    | mg/hr mg/hour mg/hrs
    mg/d    | mg/day mg/24h mg/24hr mg/D
    mg/mL   | mg/ml mg/ML mg/cc mg/millilitre
    mg/L    | mg/l mg/litre mg/liter
"""


@pytest.mark.parametrize(
    "code, spelling",
    [
        (line.partition("|")[0].strip(), spelling.rstrip("/"))
        for line in SPELLINGS.strip().splitlines()
        for spelling in line.partition("|")[2].split()
    ],
)
def test_every_spelling_of_vendor_files_is_read(code: str, spelling: str) -> None:
    """Each means exactly one unit, whatever its case where case cannot mislead."""
    assert Unit.read(spelling).code == code


def test_a_spelling_with_two_words_is_read() -> None:
    assert Unit.read("square metre") is Unit.read("square metres") is M2
    assert Unit.read("mg/24 h") is Unit.read("mg/24 hr") is Unit.read("mg/d")


def test_stored_words_do_not_change() -> None:
    """An enum's value is what files hold: changing one is a migration."""
    assert [kind.value for kind in Kind] == [
        *("mass", "international unit", "mole", "equivalent", "volume", "energy", "patient weight", "patient height"),
        *("body surface area", "duration", "percentage strength"),
    ]
    assert [basis.value for basis in PatientBasis] == ["", "/kg", "/m2"]
    assert [basis.value for basis in TimeBasis] == ["", "/min", "/h", "/24h"]
    assert [basis.value for basis in VolumeBasis] == ["", "/mL", "/L"]


def test_the_named_units() -> None:
    assert [unit.text for unit in (KG, CM, M2, ML, ML_PER_H, MINUTES, HOURS)] == [
        "kg",
        "cm",
        "m2",
        "mL",
        "mL/h",
        "min",
        "h",
    ]
    assert (GRAMS_OF_DRUG.kind, GRAMS_OF_PATIENT.kind) == (Kind.MASS, Kind.WEIGHT)
    assert GRAMS_OF_DRUG.code == GRAMS_OF_PATIENT.code == "g"


@pytest.mark.parametrize(
    "code, expected",
    [
        ("U/h", "the UCUM code [iU]/h"),
        ("U", "[iU] (U is an enzyme unit in UCUM)"),
        ("u", "[iU] (U is an enzyme unit in UCUM)"),
        ("mcg", "the UCUM code ug"),
        ("micrograms", "the UCUM code ug"),
        ("mg/24h", "the UCUM code mg/d"),
    ],
)
def test_ucum_is_read_strictly(code: str, expected: str) -> None:
    with pytest.raises(UnknownUnitError) as caught:
        Unit.from_ucum(code)
    assert (caught.value.where, caught.value.found, caught.value.expected) == ("UCUM code", repr(code), expected)


@pytest.mark.parametrize("code", ["[IU]/h", "[iU]/h", "m[IU]", "mg/kg/d", "meq/h", "mg/m2"])
def test_ucum_codes_are_read_and_written(code: str) -> None:
    assert Unit.from_ucum(code).code == code.replace("[IU]", "[iU]")


@pytest.mark.parametrize(
    "one, other, reason",
    [
        ("mg", "units", "one is mass, the other international unit"),
        ("mg/kg", "mg", "one is per kg, the other not per kg or m2"),
        ("mg/kg", "mg/m2", "one is per kg, the other per m2"),
        ("mg/h", "mg", "one is per time, the other not per time"),
        ("mg", "mg/h", "one is not per time, the other per time"),
        ("mg", "mg/mL", "one is not per volume, the other per volume"),
        ("mg/mL", "mg", "one is per volume, the other not per volume"),
        (
            "mg/kg/h",
            "mmol/h",
            "one is mass, the other mole; one is per kg, the other not per kg or m2",
        ),
    ],
)
def test_the_reason_why_two_units_do_not_convert(one: str, other: str, reason: str) -> None:
    """Every difference is named."""
    with pytest.raises(UnitMismatchError) as caught:
        Quantity.of(1, one).to(Unit.read(other))
    assert caught.value.found == f"{Unit.read(one).text} and {Unit.read(other).text}"
    assert caught.value.expected == f"units of one kind and basis ({reason})"
    assert Unit.read(one).why_not(Unit.read(one)) is None


def test_the_message_for_an_unknown_unit_says_what_to_write() -> None:
    with pytest.raises(UnknownUnitError) as caught:
        Unit.read("drops/min")
    assert str(caught.value) == (
        "unit: found 'drops/min'; expected a unit such as micrograms/kg/min, mg, units/h or mL/h"
    )
    with pytest.raises(UnknownUnitError, match="capital M may mean a million"):
        Unit.read("MU")


@pytest.mark.parametrize(
    "text", ["", " ", "/kg", "/", "mg//h", "mg/kg/m2", "mg/h/min", "mg/mL/L", "mL/L", "L/mL", "%/h"]
)
def test_a_unit_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UnknownUnitError):
        Unit.read(text)


@pytest.mark.parametrize("text", [" mg / kg / min ", "mg/min/kg", "mg per kg per min", "MG/KG/MIN", "mg/Kg/Minute"])
def test_spaces_case_and_order_of_bases_do_not_matter(text: str) -> None:
    assert Unit.read(text) is Unit.read("mg/kg/min")


def test_a_quantity_is_made_from_text_or_a_whole_number() -> None:
    assert Quantity.of("2.5", "mg") == Quantity(Fraction(5, 2), Unit.read("mg"))
    assert Quantity.of(2, ML) == Q("2 mL")
    assert Q("  2.5   mg ") == Q("2.5mg") == Quantity.of("2.5", "mg")


@pytest.mark.parametrize(
    "text, error",
    [
        ("mg", UnknownUnitError),
        ("", UnknownUnitError),
        ("5", UnknownUnitError),
        ("1,000 mg", NumberFormatError),
        ("5 foo", UnknownUnitError),
        ("1.2.3 mg", NumberFormatError),
    ],
)
def test_a_text_that_is_no_quantity_is_refused(text: str, error) -> None:
    with pytest.raises(error):
        Q(text)


def test_the_message_for_no_quantity_shows_one() -> None:
    with pytest.raises(UnknownUnitError) as caught:
        Q("ten mg")
    assert str(caught.value) == "quantity: found 'ten mg'; expected a number and a unit, as in 0.5 mg/h"


def test_a_dose_per_kg_or_m2_becomes_absolute_for_a_patient() -> None:
    assert Q("2 mg/kg/h").for_patient(Q("70 kg")) == Q("140 mg/h")
    assert Q("2 mg/kg/h").for_patient(Q("3500 g (neonatal weight)")) == Q("7 mg/h")
    assert Q("2 mg/m2").for_patient(Q("1.8 m2")) == Q("3.6 mg")
    assert Q("2 mg/kg/h").for_patient(Q("70 kg")).unit is Unit.read("mg/h")


def test_a_dose_for_a_patient_needs_its_own_measure() -> None:
    with pytest.raises(UnitMismatchError) as caught:
        Q("2 mg").for_patient(Q("70 kg"))
    assert str(caught.value) == "dose: found mg and kg; expected a dose per kg or per m2"
    with pytest.raises(UnitMismatchError):
        Q("2 mg/kg").for_patient(Q("1.8 m2"))
    with pytest.raises(UnitMismatchError):
        Q("2 mg/m2").for_patient(Q("70 kg"))


def test_quantities_compare_in_any_unit() -> None:
    assert Q("1 mg") == Q("1000 micrograms")
    assert Q("1 mg") != Q("1 mL")
    assert Q("1 mg") != 1
    assert Q("1 mg").__eq__(1) is NotImplemented
    assert Q("1 mg") < Q("1001 micrograms")
    assert not Q("1 mg") < Q("1000 micrograms")
    assert Q("1 mg") <= Q("1000 micrograms")
    assert Q("1 mg") > Q("999 micrograms")
    assert Q("3 mg") / Q("1500 micrograms") == 2
    assert len({Q("1 mg"), Q("1000 micrograms"), Q("1 mg/h"), Q("1 units")}) == 3
    assert hash(Q("1 mg")) == hash((Fraction(10**6), Unit.read("mg").measure))


def test_quantities_of_different_kinds_cannot_be_compared() -> None:
    with pytest.raises(UnitMismatchError):
        assert Q("1 mg") < Q("1 mL")
    with pytest.raises(UnitMismatchError):
        assert Q("1 mg") / Q("1 mL")


def test_conversion_to_its_own_unit_is_the_quantity_itself() -> None:
    dose = Q("1 mg")
    assert dose.to(Unit.read("mg")) is dose


@pytest.mark.parametrize(
    "written, shown",
    [
        ("1 mg", "1 mg"),
        ("1.5 mg", "1.5 mg"),
        ("0.999 mg", "999 micrograms"),
        ("0.001 mg", "1 microgram"),
        ("0.0015 mg", "1.5 micrograms"),
        ("0.0009 mg", "900 nanograms"),
        ("0.5 g/kg/h", "500 mg/kg/h"),
        ("0.5 nanograms", "0.5 nanograms"),
        ("0.5 units", "0.5 units"),
    ],
)
def test_a_mass_below_one_is_shown_in_a_smaller_unit(written: str, shown: str) -> None:
    """The largest unit in which it is at least one."""
    assert str(Q(written).without_small_decimals()) == shown


def test_text_for_files_is_exact() -> None:
    assert Q("1000 mcg").text() == "1000 micrograms"
    with pytest.raises(NumberFormatError):
        Quantity(Fraction(1, 3), ML).text()


@pytest.mark.parametrize("text", ["\u039cg", "\u039cG/KG/MIN", "\u039cg/h"])
def test_a_capital_of_the_micro_sign_is_refused(text: str) -> None:
    """It is what a spreadsheet's UPPER makes of micrograms, and is drawn exactly as the M of mg: a factor of 1,000."""
    with pytest.raises(UnknownUnitError, match="micrograms or mg in full"):
        Unit.read(text)


@pytest.mark.hazard("IT-04")
def test_a_unit_without_end_is_refused_at_once() -> None:
    """Searching a million spaces for "per" from each of them would take an hour."""
    endless = "mg" + " " * 10**6 + "h"
    for read, text in ((Unit.read, endless), (Quantity.read, f"5 {endless}\n"), (Quantity.read, f"5{endless}")):
        with pytest.raises(UnknownUnitError) as caught:
            read(text)
        assert len(str(caught.value)) < 500
    assert Unit.read("micrograms" + " " * 66 + "/min") is Unit.read("ug/min")  # 80 characters are still read


@pytest.mark.parametrize("text", ["lb", "LBS"])
def test_a_weight_in_pounds_is_told_to_be_in_kg(text: str) -> None:
    with pytest.raises(UnknownUnitError, match="kg: a weight in pounds is not read"):
        Unit.read(text)
