"""Sources are compared, and a decision re-opens a hazard, as the tables say."""

import re
from datetime import date
from fractions import Fraction

import pytest

from openinfusion.core.consensus import (
    MISSING,
    Choice,
    Control,
    ControlStatus,
    Decision,
    Origin,
    Preference,
    SourceKind,
    Statement,
    blocks_release,
    compare,
    discrepancy,
    reopened,
)
from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Delivery,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Pca,
    Population,
)
from openinfusion.core.units import ML, Quantity, Unit
from tests.spec import consensus
from tests.spec.tables import read_table

pytestmark = pytest.mark.hazard("LC-01")

NATIONAL = Origin(kind=SourceKind.NATIONAL_GUIDELINE, citation="ICS/FICM v2.2")
LOCAL = Origin(kind=SourceKind.LOCAL_GUIDELINE, citation="Guideline 12")


def value(text):
    """A cell of the table as a value."""
    if text == "missing":
        return MISSING
    if text.startswith('"'):
        return text.strip('"')
    if match := re.fullmatch(r"open (\S+) to (\S+) (\S+)", text):
        low, high, unit = match.groups()
        return Concentration(limits=Limits(unit=Unit.read(unit), hard_min=Fraction(low), hard_max=Fraction(high)))
    if text.startswith("open"):
        amount = text.removeprefix("open").strip()
        return Concentration(amount=Quantity.read(amount) if amount else None)
    if " in " in text:
        amount, volume = text.split(" in ")
        return Concentration(amount=Quantity.read(amount), volume=Quantity.read(volume))
    if match := re.fullmatch(r"(\S+) to (\S+) (\S+)", text):
        low, high, unit = match.groups()
        return Limits(unit=Unit.read(unit), usual_min=Fraction(low), usual_max=Fraction(high))
    return Quantity.read(text)


def statement(value_, origin):
    return Statement(drug="drug", care_area="ward", attribute="attribute", value=value_, origin=origin)


@pytest.mark.parametrize("row", read_table(consensus.CLASSES), ids=lambda row: f"{row['one']} / {row['other']}")
def test_two_values_have_one_class_from_either_side(row):
    """The table of classes, for two values and for the two sources that state them."""
    one, other = value(row["one"]), value(row["other"])
    assert compare(one, other).value == compare(other, one).value == row["class"]
    found = discrepancy([statement(one, NATIONAL), statement(other, LOCAL)])
    assert found.kind.value == row["class"]
    assert found.is_missing_nationally is (row["one"] == "missing")


def limits(unit, **bounds):
    return Limits(unit=Unit.read(unit), **{name: Fraction(bound) for name, bound in bounds.items()})


BOUNDS = {
    "low": {"hard_min": "25"},
    "high": {"hard_max": "100"},
    "softlow": {"soft_min": "25"},
    "zerolow": {"hard_min": "0"},
}
CAPS = {"cap": {"hard_max": "3"}, "softcap": {"soft_max": "3"}}


def library(cell):
    """The smallest library whose entry of fentanyl has what the cell says."""
    words = cell.split()
    bounds = {name: bound for word in words for name, bound in BOUNDS.get(word, {}).items()}
    caps = {name: bound for word in words for name, bound in CAPS.get(word, {}).items()}
    volume = limits("mL", **caps) if caps else None
    strength = value("2.5 mg in 50 mL") if "fixed" in words else Concentration()
    if bounds:
        strength = Concentration(limits=limits("micrograms/mL", **bounds))
    entry = Entry(
        id="open-fentanyl",
        drug="fentanyl",
        care_area="critical-care",
        type=EntryType.PCA if "pca" in words else EntryType.CONTINUOUS,
        concentration=strength,
        bolus=None if {"nobolus", "pca"} & set(words) else Delivery(dose=limits("ug", hard_max="100"), volume=volume),
        loading=Delivery(dose=limits("ug", hard_max="100")) if "loading" in words else None,
        pca=Pca(dose=limits("ug", hard_max="20")) if "pca" in words else None,
    )
    areas = [] if "elsewhere" in words else ["critical-care"]
    return Library(
        library=About(name="Example", organisation="Trust", version="1"),
        drugs=(Drug(id="fentanyl", name="fentanyl"),),
        care_areas=tuple(CareArea(id=area, name=area, population=Population.ADULT) for area in areas),
        entries=(entry,) if areas and words != ["none"] else (),
    )


def control(cell):
    kind, status = cell.upper().split()
    said = ControlStatus[status]
    return Control(preference=Preference[kind], text="bounds and a cap", status=said, evidence="test record 7")


@pytest.mark.parametrize("row", read_table(consensus.NOVEMBER_2018), ids=lambda row: row["open entry"] or row["choice"])
def test_a_strength_that_is_not_standardised_blocks_until_the_library_shows_another_control(row):
    """November 2018: the decision re-opens LC-01, and a control that is only said to be there does not lift it."""
    decision = Decision(
        drug="fentanyl",
        attribute="concentration",
        areas=("critical-care",),
        choice=Choice(row["choice"]),
        value=value(row["value"]) if row["value"] else None,
        rationale="One unit uses another strength.",
        by="Medication committee",
        decided_on=date(2018, 10, 1),
        review_on=date(2019, 10, 1),
    )
    hazard = reopened(decision)
    if hazard is None:
        assert row["outcome"] == "not reopened"
        return
    assert (hazard.hazard, hazard.drug, hazard.areas) == ("LC-01", "fentanyl", ("critical-care",))
    assert "One unit uses another strength." in hazard.because
    controls = (control(row["control"]),) if row["control"] else ()
    hazard = type(hazard)(
        hazard=hazard.hazard, drug=hazard.drug, areas=hazard.areas, because=hazard.because, controls=controls
    )
    why = blocks_release(hazard, library(row["open entry"]))
    if row["outcome"] == "released":
        assert why is None
    else:
        assert why is not None
        assert row["outcome"] in why
        assert why.startswith("LC-01 is open for fentanyl in critical-care: ")


def test_the_unit_of_a_cap_is_millilitres():
    """The words of the tables are read as meant."""
    entry = library("low high cap").entries[0]
    assert entry.bolus is not None
    assert entry.bolus.volume is not None
    assert entry.bolus.volume.unit is ML
