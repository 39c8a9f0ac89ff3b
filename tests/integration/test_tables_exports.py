"""Exports spelled and laid out in other ways than the samples: each comes from a fault that a trial import found."""

from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from openinfusion.adapters.tables import TableReading, read_table
from openinfusion.adapters.tables.headers import Headers
from openinfusion.adapters.tables.reading import Consequence
from openinfusion.core.errors import TableError
from openinfusion.core.library import Entry
from openinfusion.core.units import Quantity
from tests.integration.table_files import ALARIS, BAXTER, SAMPLES, bounds, said, workbook

CONTINUOUS = "ContBolus Non-Anesth Drugs"
STRENGTH = ("Drug Amount", "Drug Amount Units", "Diluent Volume")
Rows = list[tuple[object, ...]]


def only_entry(reading: TableReading) -> Entry:
    (entry,) = reading.library.entries
    return entry


def read(tmp_path: Path, sheets: dict[str, Rows], mapping=ALARIS) -> TableReading:
    return read_table(workbook(tmp_path / "export.xlsx", sheets), mapping)


# --- Headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sheet", "header", "field"),
    [
        ("continuous", "Dose Limits Lower Soft Limit", "dose.soft_min"),
        ("continuous", "Dose Limits\nUpper Hard Limit ", "dose.hard_max"),
        ("continuous", "Dose Limits Initial Value", "dose.initial"),
        ("continuous", "Bolus Limits Hard Min", "bolus.dose.hard_min"),
        ("continuous", "Drug Amt UOM", "concentration.amount.unit"),
        ("continuous", "Standard Concentration Drug Amount", "concentration.amount"),
        ("intermittent", "Duration hh:mm Hard Min", "duration.hard_min"),
        ("fluids", "Secondary supported?", "secondary"),
        ("fluids", "Infusion Rate Limits (mL/hr) Soft Max", "rate.soft_max"),
        ("pca", "Max Accumulated Dose Time Window (hr)", "pca.window"),
        ("pca", "Max Accumulated Dose Limits Time Range (h)", "pca.window"),
        ("pca", "Lock-out Interval Hard Min", "pca.lockout.hard_min"),
        ("pca", "Continuous Dose Units", "dose.unit"),
        ("pca", "Included in Max Accumulated Dose", "pca.bolus_counts"),
    ],
)
def test_headers_spelled_otherwise(sheet, header, field) -> None:
    """Other spellings of the known columns are known."""
    (known,) = [one for one in ALARIS.sheets if one.id == sheet]
    found = Headers(known, ALARIS.header_words).find(header)
    assert found is not None
    assert field in [path for path, _ in found.targets]


def test_initial_belongs_to_the_group_above_it(tmp_path: Path) -> None:
    """An initial duration is no initial dose, though both are headed "Initial Value"."""
    rows: Rows = [
        ("Intermittent Drugs",),
        (*[None] * 5, "Duration Limits (hh:mm)", None, None, "Dose Limits"),
        ("Profile", "Drug Name", *STRENGTH, "Hard Min", "Initial Value", "Dosing Units", "Soft Max"),
        ("ICU", "vancomycin", 1, "gram", 250, "1:00", "2:00", "gram", 2),
        ("ICU", "gentamicin", 80, "mg", 100, "0:20", 0.0208333, "mg", 400),
    ]
    reading = read(tmp_path, {"Intermittent Drugs": rows})
    vancomycin, gentamicin = reading.library.entries
    assert vancomycin.duration is not None
    assert vancomycin.duration.initial == 120
    assert vancomycin.dose is not None
    assert vancomycin.dose.initial is None
    assert gentamicin.dose is not None
    assert gentamicin.dose.initial is None
    assert "'0.0208333', which may be days, hours or minutes" in said(reading)


def test_a_limit_alone_belongs_to_the_limits_to_its_left(tmp_path: Path) -> None:
    """Only the first header of a group may name it."""
    head = ("Profile", "Drug Name", *STRENGTH, "Dosing Units", "Dose Limits  Soft Min", "  Soft   Max", "Hard Max")
    bolus = ("Initial Value", "Bolus Units", "Bolus Limits Soft Max", "Hard Max")
    row = ("ICU", "fentanyl", 2500, "mcg", 50, "mcg/h", 10, 100, 200, 25, "mcg", 50, 100)
    entry = only_entry(read(tmp_path, {CONTINUOUS: [("A title",), (*head, *bolus), row]}))
    assert bounds(entry.dose) == (None, 10, 100, 200)
    assert entry.dose is not None
    assert entry.dose.initial == 25
    assert entry.bolus is not None
    assert bounds(entry.bolus.dose) == (None, None, 50, 100)


def test_a_limit_alone_after_something_else_is_listed(tmp_path: Path) -> None:
    """Whose limit it is must not be guessed."""
    head = ("Profile", "Drug Name", *STRENGTH, "Dosing Units", "Soft Max", "Dose Limits Hard Max")
    reading = read(tmp_path, {CONTINUOUS: [head, ("ICU", "fentanyl", 2500, "mcg", 50, "mcg/h", 100, 200)]})
    assert [column.header for column in reading.unknown_columns] == ["Soft Max"]
    assert bounds(only_entry(reading).dose) == (None, None, None, 200)


def test_a_limit_that_is_named_in_full_elsewhere(tmp_path: Path) -> None:
    """A limit alone, or one in another unit, does not take the place of one that says whose it is."""
    head = ("Profile", "Fluid Name", "Rate Limits (mL/h) Soft Min", "Hard Max", "Initial (kg)", "Rate Hard Max (mL/h)")
    reading = read(tmp_path, {"Fluids": [head, ("ICU", "saline", 10, 1, 2, 999)]})
    assert bounds(only_entry(reading).rate) == (None, 10, None, 999)
    assert [column.header for column in reading.unknown_columns] == ["Hard Max", "Initial (kg)"]


@pytest.mark.parametrize("group", ["Concentration", "Standard Concentration"])
def test_units_in_a_group_belong_to_what_is_left_of_them(tmp_path: Path, group) -> None:
    """Three columns headed "Units" under one group are the units of amount, volume and strength."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = CONTINUOUS
    sheet.append((None, None, group, *[None] * 5, None, "Dose Limits"))
    names = ("Drug Amount", "Units", "Diluent Volume", "Units", "Final Concentration", "Units")
    sheet.append(("Profile", "Drug Name", *names, "Dosing Units", "Soft Max"))
    sheet.append(("ICU", "doxapram", 15000, "mg", 275, "mL", 54.5455, "mg/mL", "mg/min", 4))
    sheet.merge_cells("C1:H1")
    book.save(tmp_path / "a.xlsx")
    reading = read_table(tmp_path / "a.xlsx", ALARIS)
    conc = only_entry(reading).concentration
    assert conc is not None
    assert (conc.amount, conc.volume) == (Quantity.of("15000", "mg"), Quantity.of("275", "mL"))
    assert not reading.unknown_columns


def test_the_background_of_a_pca_in_a_unit_of_its_own(tmp_path: Path) -> None:
    """A unit column of the continuous dose comes before the unit of all doses: else mcg would be read as mg."""
    book = load_workbook(SAMPLES / "alaris-sample.xlsx")
    sheet = book["PCA Drugs"]
    columns = {cell.value: cell.column for cell in sheet[2]}
    new = sheet.max_column + 1
    sheet.cell(2, new).value = "Continuous Dose Units"
    row = next(row for row in range(3, sheet.max_row + 1) if isinstance(sheet.cell(row, 4).value, int | float))
    sheet.cell(row, new).value = "mcg/h"
    assert "Dosing Units" in columns
    book.save(tmp_path / "a.xlsx")
    reading = read_table(tmp_path / "a.xlsx", ALARIS)
    (pca,) = [entry for entry in reading.library.entries if entry.pca]
    assert pca.dose is not None
    assert pca.dose.unit.code == "ug/h"
    assert pca.pca is not None
    assert pca.pca.dose.unit.code == "mg"


# --- What must not vanish --------------------------------------------------------------------------------------------


def test_a_sheet_with_notes_and_rows_needs_its_header(tmp_path: Path) -> None:
    """One profile without drugs does not make a sheet of drugs an empty one."""
    rows: Rows = [
        ("Intermittent Drugs",),
        ("Profile", "Item", "Quantity", "Measure"),
        ("NICU", "No drugs exist in this section"),
        ("ICU", "vancomycin", 1, "gram"),
    ]
    with pytest.raises(TableError, match="Intermittent Drugs"):
        read(tmp_path, {"Intermittent Drugs": rows})


def test_an_unknown_sheet_is_a_problem(tmp_path: Path) -> None:
    """A sheet that nobody knows may hold drugs: it is reported by name and place."""
    book = load_workbook(SAMPLES / "alaris-sample.xlsx")
    book.create_sheet("Analgesia")["A1"] = "morphine"
    book.save(tmp_path / "a.xlsx")
    problems = read_table(tmp_path / "a.xlsx", ALARIS).problems
    (lost,) = [problem for problem in problems if problem.consequence is Consequence.SHEET_LEFT_OUT]
    assert (lost.sheet, lost.row, lost.column) == ("Analgesia", 1, "A")


def test_a_missing_column_of_amounts_opens_no_strength(tmp_path: Path) -> None:
    """A row without a column for its amount is left out: its strength is not known, and not left to the bedside."""
    head = ("Profile", "Drug Name", "Quantity of drug", "Dosing Units", "Dose Limits Soft Max")
    reading = read(tmp_path, {CONTINUOUS: [head, ("ICU", "heparin", 25000, "unit/h", 2000)]})
    assert not reading.library.entries
    assert "expected the column 'Drug Amount" in said(reading)


def test_a_second_header_with_other_columns(tmp_path: Path) -> None:
    """Rows below a header that turns columns around are left out: a hard limit must not be read as a soft one."""
    head = ("Profile", "Fluid Name", "Rate Limits (mL/h) Soft Max", "Rate Limits (mL/h) Hard Max")
    turned = (*head[:2], head[3], head[2])
    rows: Rows = [head, ("ICU", "saline", 100, 200), turned, ("NICU", "saline", 20, 10), head, ("Ward", "saline", 5, 9)]
    reading = read(tmp_path, {"Fluids": rows})
    assert [entry.care_area for entry in reading.library.entries] == ["icu", "ward"]
    assert said(reading).count("row 3 names others; row left out") == 2


# --- Cells -----------------------------------------------------------------------------------------------------------


def test_a_day_in_a_clock_format(tmp_path: Path) -> None:
    """Excel shows a whole day in h:mm as midnight; it is 24 hours. A true date stays a date."""
    head = (
        "Profile",
        "Drug Name",
        *STRENGTH,
        "Duration Limits (hh:mm) Soft Max",
        "Dosing Units",
        "Dose Limits Soft Max",
    )
    row = ("ICU", "phenytoin", 1000, "mg", 250, 1.0, "mg", 1500)
    path = workbook(tmp_path / "a.xlsx", {"Intermittent Drugs": [head, row]})
    book = load_workbook(path)
    cell = book["Intermittent Drugs"]["F2"]
    cell.number_format = "h:mm"
    book.save(path)
    entry = only_entry(read_table(path, ALARIS))
    assert entry.duration is not None
    assert entry.duration.soft_max == 24 * 60
    cell.value, cell.number_format = datetime(2024, 5, 1), "yyyy-mm-dd"  # noqa: DTZ001
    book.save(path)
    assert "'2024-05-01'" in said(read_table(path, ALARIS))


# --- Care areas of a Baxter report -----------------------------------------------------------------------------------

BAXTER_HEAD = (
    "Drug",
    "Drug Amount",
    "Diluent (mL)",
    "Dose Mode",
    "Rate Lower Hard",
    "Rate Upper Soft",
    "Rate Upper Hard",
)
BAXTER_ROW = ("dopamine", "400 mg", 250, "mcg/kg/min", 1, 20, 30)


@pytest.mark.parametrize(
    "stack",
    [
        [
            ("Patient Weight (kg)", None, None, None, "Weight Confirmation", "Keypad Lock"),
            ("Lower Hard", "Lower Soft", "Upper Soft", "Upper Hard"),
        ],
        [
            ("Patient Weight Limits (kg)", None, None, None, "Weight", "Keypad"),
            ("Lower", None, "Upper", None, "Confirmation", "Lock"),
            ("Hard", "Soft", "Soft", "Hard"),
        ],
    ],
)
def test_weight_limits_under_stacked_labels(tmp_path: Path, stack) -> None:
    """Labels stacked over a row of values are settings of the care area, not medicines."""
    rows: Rows = [BAXTER_HEAD, ("Care Area: ICU",), *stack, (25, 40, 150, 300, "Yes", "Auto"), BAXTER_ROW]
    reading = read(tmp_path, {"Custom Report": rows}, BAXTER)
    assert [drug.name for drug in reading.library.drugs] == ["dopamine"]
    (area,) = reading.library.care_areas
    assert bounds(area.weight) == (25, 40, 150, 300)
    assert area.device_settings == {"Weight confirmation": "Yes", "Keypad lock": "Auto"}


def test_a_value_under_no_label_is_reported(tmp_path: Path) -> None:
    """What stands in a row of settings beyond their labels is no row of the table and not lost."""
    stack: Rows = [("Patient Weight (kg)",), ("Lower Hard", "Upper Hard"), (25, 300, None, "extra")]
    rows: Rows = [BAXTER_HEAD, ("Care Area: ICU",), *stack, BAXTER_ROW]
    reading = read(tmp_path, {"Custom Report": rows}, BAXTER)
    assert len(reading.library.entries) == 1
    assert "'extra'" in said(reading)


def test_labels_without_values_make_no_medicine(tmp_path: Path) -> None:
    """Words of settings and bare numbers in the column of drugs are reported, not read as drugs."""
    rows: Rows = [BAXTER_HEAD, ("Care Area: ICU",), ("Patient Weight", "kg", 3), ("25", "40", 7), BAXTER_ROW]
    reading = read(tmp_path, {"Custom Report": rows}, BAXTER)
    assert [drug.name for drug in reading.library.drugs] == ["dopamine"]
    assert "'Patient Weight'" in said(reading)
    assert "'25'" in said(reading)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Dose Units", "dose.unit"),
        ("Bolus Starting Value", "bolus.dose.initial"),
        ("Single-Step Rate Change (factor 1.01-5)", "titration_step.factor"),
        ("Single Step Rate Change Factor", "titration_step.factor"),
        ("Delivery Bag P/S", "secondary"),
        ("KVO mL/hr", "device_settings.KVO rate (mL/h)"),
    ],
)
def test_baxter_headers_spelled_otherwise(header, field) -> None:
    """Other spellings of the known columns are known."""
    found = Headers(BAXTER.sheets[0], BAXTER.header_words).find(header)
    assert found is not None
    assert field in found.fields


@pytest.mark.parametrize("foot", ["General Hospital", "Page 2 of 9", "Printed 1 May", "heparin"])
def test_the_foot_of_a_page_is_no_care_area(tmp_path: Path, foot) -> None:
    """Where titles say "Care Area", a text alone between two rows does not move the second to another area."""
    second = ("dobutamine", *BAXTER_ROW[1:])
    rows: Rows = [BAXTER_HEAD, ("Care Area: ICU",), BAXTER_ROW, (foot,), second]
    reading = read(tmp_path, {"Custom Report": rows}, BAXTER)
    assert [entry.care_area for entry in reading.library.entries] == ["icu", "icu"]
    assert (repr(foot) in said(reading)) is (foot in ("General Hospital", "heparin"))
