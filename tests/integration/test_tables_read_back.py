"""Typing errors in a vendor's editor are found by reading its export back (HSIB 2020/21, 5.52)."""

from fractions import Fraction
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from openinfusion.adapters.tables import ReadBack, read_back, read_table, shipped_mapping, write_table
from openinfusion.adapters.tables.read_back import DifferenceKind
from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Population,
)
from openinfusion.core.units import Quantity, Unit

SAMPLES = Path(__file__).resolve().parents[2] / "examples" / "vendor"
ALARIS = shipped_mapping("alaris")
BAXTER = shipped_mapping("baxter")
CONTINUOUS = "ContBolus Non-Anesth Drugs"


@pytest.fixture
def approved():
    return read_table(SAMPLES / "alaris-sample.xlsx", ALARIS).library


@pytest.fixture
def export() -> Workbook:
    return load_workbook(SAMPLES / "alaris-sample.xlsx")


def compared(approved, book: Workbook, folder: Path) -> ReadBack:
    book.save(folder / "export.xlsx")
    return read_back(approved, folder / "export.xlsx", ALARIS)


def test_a_true_export_agrees(approved) -> None:
    """No difference, and the fields that this layout has no place for are named."""
    result = read_back(approved, SAMPLES / "alaris-sample.xlsx", ALARIS)
    assert result.agrees
    assert result.entries_compared == 19
    assert [(item.field, item.times) for item in result.not_compared] == [("care area: population", 4)]


@pytest.mark.parametrize(
    ("cell", "typed", "field", "old", "new", "kind"),
    [
        ("L3", 0.25, "dose.soft_min", "0.025 micrograms/kg/min", "0.25 micrograms/kg/min", DifferenceKind.VALUE),
        ("N3", "n/a", "dose.hard_max", "1 microgram/kg/min", "none", DifferenceKind.VALUE),
        ("K3", "mcg/kg/h", "dose.unit", "micrograms/kg/min", "micrograms/kg/h", DifferenceKind.VALUE),
        ("AD3", "n/a", "advisories", "Give through a central line. Never stop suddenly.", "none", DifferenceKind.VALUE),
        ("J3", "Pump", "delivered_by", "large-volume pump; syringe pump", "large-volume pump", DifferenceKind.VALUE),
        ("D3", 40, "concentration.amount", "4 mg", "40 mg", DifferenceKind.NEAR),
        ("F4", 500, "concentration.volume", "50 mL", "500 mL", DifferenceKind.NEAR),
        ("C5", "sedatoin", "therapy", "sedation", "sedatoin", DifferenceKind.NEAR),
        ("B6", "propofil", "drug", "propofol", "propofil", DifferenceKind.NEAR),
        ("D5", 2500, "concentration.amount", "none", "2,500 micrograms", DifferenceKind.NEAR),
    ],
)
def test_a_planted_error_is_found(approved, export, tmp_path: Path, cell, typed, field, old, new, kind) -> None:
    """One wrong cell is one difference in that field, with its place; nothing else is said to differ."""
    export[CONTINUOUS][cell] = typed
    result = compared(approved, export, tmp_path)
    (difference,) = [item for item in result.differences if item.field == field]
    assert (difference.approved, difference.exported, difference.kind) == (old, new, kind)
    assert difference.sheet == CONTINUOUS
    assert difference.row == int("".join(filter(str.isdigit, cell)))
    assert {item.entry for item in result.differences} == {difference.entry}


def test_a_wrong_unit_shows_in_every_limit(approved, export, tmp_path: Path) -> None:
    """Mg for micrograms: the unit differs, and every limit a thousandfold."""
    export[CONTINUOUS]["K3"] = "mg/kg/min"
    fields = [item.field for item in compared(approved, export, tmp_path).differences]
    assert fields == ["dose.hard_max", "dose.initial", "dose.soft_max", "dose.soft_min", "dose.unit"]


def test_the_same_amount_in_another_unit_is_one_difference(approved, export, tmp_path: Path) -> None:
    """4,000 micrograms is 4 mg, but it is not what was approved."""
    sheet = export[CONTINUOUS]
    sheet["D3"], sheet["E3"] = 4000, "mcg"
    (difference,) = compared(approved, export, tmp_path).differences
    assert (difference.field, difference.kind) == ("concentration.amount.unit", DifferenceKind.VALUE)


def test_missing_and_further_entries(approved, export, tmp_path: Path) -> None:
    """An entry that was forgotten, and one that nobody approved."""
    sheet = export[CONTINUOUS]
    sheet.delete_rows(7)
    for column, value in enumerate(("Theatres", "ketamine", "n/a", 200, "mg", 50, "mL"), start=1):
        sheet.cell(20, column, value)
    sheet["K20"] = "mg/h"
    result = compared(approved, export, tmp_path)
    assert [(item.kind, item.drug) for item in result.differences] == [
        (DifferenceKind.NOT_EXPORTED, "insulin, soluble"),
        (DifferenceKind.NOT_APPROVED, "ketamine"),
    ]
    assert (result.differences[1].row, result.differences[1].column) == (20, "B")


def test_an_unreadable_cell_is_a_difference_and_a_problem(approved, export, tmp_path: Path) -> None:
    """A limit that cannot be read counts as none: an error in the export never looks like agreement."""
    export[CONTINUOUS]["N3"] = "l.0"
    result = compared(approved, export, tmp_path)
    assert [item.field for item in result.differences] == ["dose.hard_max"]
    assert any(problem.column == "N" for problem in result.problems)


def test_an_alias_is_the_same_drug(approved, export, tmp_path: Path) -> None:
    """The vendor's list may call noradrenaline norepinephrine."""
    for row in (3, 4):
        export[CONTINUOUS].cell(row, 2).value = "Norepinephrine"
    assert compared(approved, export, tmp_path).agrees


def test_settings_of_a_care_area(approved, export, tmp_path: Path) -> None:
    """A patient's largest weight is typed in by hand as well."""
    export["PC Unit Config"]["B5"] = 70
    (difference,) = compared(approved, export, tmp_path).differences
    assert (difference.care_area, difference.field) == ("NICU", "weight.hard_max")
    assert (difference.approved, difference.exported) == ("7 kg", "70 kg")
    assert (difference.sheet, difference.row, difference.column) == ("PC Unit Config", 5, "B")
    assert "NICU: weight.hard_max: approved 7 kg, exported 70 kg" in str(difference)


def test_what_the_layout_cannot_hold_is_not_compared(approved, tmp_path: Path) -> None:
    """An Alaris library in the Baxter layout: therapies, durations and modules are listed, not reported as errors."""
    write_table(approved, tmp_path / "b.xlsx", BAXTER)
    result = read_back(approved, tmp_path / "b.xlsx", BAXTER)
    listed = {item.field for item in result.not_compared}
    assert {"therapy", "delivered_by", "duration.hard_min", "bolus.rate.soft_max"} <= listed
    assert {item.drug for item in result.differences if item.kind is not DifferenceKind.VALUE} == {"morphine"}


def entry_of(area: str, rate: Limits, *, dose: Limits | None = None) -> Entry:
    type_ = EntryType.CONTINUOUS if dose else EntryType.FLUID
    strength = Concentration(amount=Quantity.of("4", "mg"), volume=Quantity.of("250", "mL")) if dose else None
    return Entry(id=area, drug="d", care_area=area, type=type_, dose=dose, rate=rate, concentration=strength)


def test_a_value_that_fits_no_column_is_not_compared(tmp_path: Path) -> None:
    """A fluid's column is in mL/h, so mL/kg/h has no place; one column of limits holds no rate beside a dose."""
    dose = Limits(unit=Unit.read("mg/h"), soft_max=Fraction(5))
    nine = Limits(unit=Unit.read("mL/h"), soft_max=Fraction(9))
    library = Library(
        library=About(name="x", organisation="y", version="1"),
        drugs=(Drug(id="d", name="drug"),),
        care_areas=tuple(CareArea(id=area, name=area, population=Population.ADULT) for area in ("a", "b", "c")),
        entries=(
            entry_of("a", Limits(unit=Unit.read("mL/kg/h"), soft_max=Fraction(5))),
            entry_of("b", nine, dose=dose),
            entry_of("c", nine),
        ),
    )
    unwritten = write_table(library, tmp_path / "a.xlsx", ALARIS)
    assert [(item.entry[:7], item.field) for item in unwritten] == [
        ("drug, a", "rate.soft_max"),
        ("drug, a", "rate.unit"),
        ("drug, b", "rate.soft_max"),
        ("drug, b", "rate.unit"),
    ]
    result = read_back(library, tmp_path / "a.xlsx", ALARIS)
    assert result.agrees
    assert {item.field: item.times for item in result.not_compared}["rate.soft_max"] == 2
