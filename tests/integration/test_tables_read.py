"""Vendors' files as they come: whole, odd, and faulty."""

import csv
import io
from datetime import time, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from openinfusion.adapters.tables import Consequence, TableReading, read_table, shipped_mapping
from openinfusion.adapters.tables.mapping import mapping_from_text
from openinfusion.core.errors import TableError
from openinfusion.core.library import EntryType, Population
from openinfusion.core.units import Quantity

SAMPLES = Path(__file__).resolve().parents[2] / "examples" / "vendor"
ALARIS = shipped_mapping("alaris")
BAXTER = shipped_mapping("baxter")
PLAIN = shipped_mapping("plain")
PLAIN_HEADER = ("Care area", "Population", "Drug", "Type", "Amount", "Amount unit", "Volume", "Volume unit",
                "Dose unit", "Dose soft min", "Dose soft max", "Dose hard max")  # fmt: skip
PLAIN_ROW = ("ICU", "adult", "fentanyl", "continuous", "2.5", "mg", "50", "mL", "micrograms/h", "25", "200", "400")


def workbook(path: Path, sheets: dict[str, list[tuple[object, ...]]]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def plain_csv(path: Path, *rows: tuple[str, ...], header: tuple[str, ...] = PLAIN_HEADER) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    path.write_text(text.getvalue(), "utf-8")
    return path


def with_cells(**cells: str) -> tuple[str, ...]:
    """A plain row with other texts in the columns named by letter."""
    row = list(PLAIN_ROW)
    for letter, text in cells.items():
        row[ord(letter) - ord("A")] = text
    return tuple(row)


def bounds(limits):
    """The four limits, which are there."""
    assert limits is not None
    return limits.bounds


def said(reading: TableReading) -> str:
    return "\n".join(str(problem) for problem in reading.problems)


# --- The samples -----------------------------------------------------------------------------------------------------


def test_the_alaris_sample() -> None:
    """Every row becomes an entry, with the values that stand there."""
    reading = read_table(SAMPLES / "alaris-sample.xlsx", ALARIS)
    assert (reading.counts.rows_read, reading.counts.entries_made, reading.counts.note_rows) == (19, 19, 4)
    assert not reading.unknown_columns
    assert not reading.unknown_sheets
    by_id = {entry.id: entry for entry in reading.library.entries}
    noradrenaline = by_id["adult-icu--noradrenaline--continuous--4-mg-in-50-ml"]
    assert noradrenaline.dose is not None
    assert noradrenaline.dose.quantity("soft_min") == Quantity.of("0.025", "micrograms/kg/min")
    assert noradrenaline.advisories == ("vasopressor-central-line",)
    second = by_id["adult-icu--noradrenaline--continuous--8-mg-in-50-ml"]
    assert second.dose is not None
    assert second.dose.soft_max == Fraction(3, 10)
    vancomycin = by_id["adult-ward--vancomycin--intermittent--1-g-in-250-ml"]
    assert vancomycin.duration is not None
    assert bounds(vancomycin.duration) == (100, 100, 240, None)
    assert vancomycin.secondary == "allowed"
    fentanyl = by_id["adult-icu--fentanyl--continuous--sedation--open"]
    assert fentanyl.concentration is not None
    assert fentanyl.concentration.is_open
    assert fentanyl.concentration.limits is not None
    assert fentanyl.concentration.limits.unit.code == "ug/mL"
    assert all(entry.unreviewed for entry in reading.library.entries)
    assert reading.library.library.not_for_clinical_use


def test_the_alaris_care_areas() -> None:
    """Settings of a profile come from two sheets; what has no field is a device setting by its name."""
    areas = {area.name: area for area in read_table(SAMPLES / "alaris-sample.xlsx", ALARIS).library.care_areas}
    nicu = areas["NICU"]
    assert nicu.population is Population.NEONATAL
    assert nicu.weight is not None
    assert nicu.weight.hard_max == 7
    assert (nicu.max_rate, nicu.kvo_rate) == (Quantity.of("99.9", "mL/h"), Quantity.of("0.5", "mL/h"))
    assert nicu.device_settings["Auto-Restart"] == "Disabled"


def test_the_pca_sheet() -> None:
    """One dosing unit serves all doses; the background is per hour; the window belongs to the accumulated dose."""
    library = read_table(SAMPLES / "alaris-sample.xlsx", ALARIS).library
    (morphine,) = [entry for entry in library.entries if entry.type is EntryType.PCA]
    assert morphine.pca is not None
    assert morphine.pca.window == Quantity.of("4", "h")
    assert morphine.pca.accumulated is not None
    assert morphine.pca.accumulated.hard_max == 40
    assert morphine.pca.lockout is not None
    assert bounds(morphine.pca.lockout) == (3, 5, 15, None)
    assert morphine.dose is not None
    assert morphine.dose.unit.code == "mg/h"


def test_the_baxter_sample() -> None:
    """Blocks, a header over four rows, amounts with their unit in one cell, modes in mL/hr as rates."""
    reading = read_table(SAMPLES / "baxter-sample.xlsx", BAXTER)
    assert (reading.counts.rows_read, reading.counts.entries_made) == (7, 7)
    assert not reading.unknown_columns
    assert all("population" in str(problem) for problem in reading.problems)
    by_drug = {reading.library.drug(entry.drug).name: entry for entry in reading.library.entries}
    noradrenaline = by_drug["Norepinephrine"]
    assert noradrenaline.dose is not None
    assert bounds(noradrenaline.dose) == (Fraction(1, 100), Fraction(1, 50), 1, 3)
    assert noradrenaline.titration_step is not None
    assert noradrenaline.bolus is None
    assert by_drug["Vancomycin"].dose is None
    rate = by_drug["Vancomycin"].rate
    assert rate is not None
    assert bounds(rate) == (None, None, 250, 250)
    assert rate.unit.code == "mL/h"
    assert by_drug["Vancomycin"].secondary == "allowed"
    assert by_drug["Sodium Chloride 0.9%"].type is EntryType.FLUID
    assert by_drug["Sodium Chloride 0.9%"].concentration is None
    area = reading.library.care_area("intensive-care")
    assert area.weight is not None
    assert bounds(area.weight) == (30, 40, 150, 250)
    assert area.device_settings == {"Weight confirmation": "Yes", "Keypad lock": "On", "Pressure default": "Medium"}


def test_the_plain_sample() -> None:
    """Our own layout."""
    reading = read_table(SAMPLES / "plain-sample.csv", PLAIN)
    assert len(reading.library.entries) == 3
    assert not reading.problems


# --- Odd layouts that are all right ----------------------------------------------------------------------------------


def test_merged_and_stacked_headers(tmp_path: Path) -> None:
    """Group names merged over their columns, the limits below, and columns in any order."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "ContBolus Non-Anesth Drugs"
    sheet.append(["Continuous drugs"])
    sheet.append(["Profile", "Drug Name", "Drug Amount", None, "Diluent\nVolume", None, "Dosing Units", "Dose Limits"])
    sheet.append([None] * 7 + ["Soft Min", "Soft Max", "Hard Max"])
    sheet.append(["ICU", "fentanyl", 2500, "mcg", 50, "mL", "mcg/h", 25, 200, 400])
    for block in ("A2:A3", "B2:B3", "C2:D3", "E2:F3", "G2:G3", "H2:J2"):
        sheet.merge_cells(block)
    book.save(tmp_path / "merged.xlsx")
    reading = read_table(tmp_path / "merged.xlsx", ALARIS)
    (entry,) = reading.library.entries
    assert entry.dose is not None
    assert bounds(entry.dose) == (None, 25, 200, 400)
    assert entry.concentration is not None
    assert entry.concentration.amount == Quantity.of("2.5", "mg")
    assert not reading.unknown_columns


def test_stacked_headers_without_merging(tmp_path: Path) -> None:
    """A group's name stands only above its first column; it counts for the blank cells to its right."""
    path = workbook(
        tmp_path / "b.xlsx",
        {
            "Custom Report": [
                ("Report",),
                ("", "", "", "", "", "Rate", "", "", "", ""),
                ("", "Drug", "", "", "Dose", "Lower", "Lower", "", "Upper", "Upper"),
                ("Drug", "Amount", "Diluent", "Conc.", "Mode", "Hard", "Soft", "Starting", "Soft", "Hard"),
                ("", "", "(mL)"),
                ("ICU",),
                ("Fentanyl", "2500 mcg", 50, "50 mcg/mL", "mcg/hr", 10, 25, 50, 200, 400),
            ]
        },
    )
    (entry,) = read_table(path, BAXTER).library.entries
    assert entry.dose is not None
    assert bounds(entry.dose) == (10, 25, 200, 400)
    assert entry.dose.initial == 50
    assert entry.care_area == "icu"


def test_a_header_in_each_block(tmp_path: Path) -> None:
    """Some reports print the header again below each care area's title."""
    header = ("Drug", "Drug Amount", "Diluent (mL)", "Dose Mode", "Rate Upper Soft")
    path = workbook(
        tmp_path / "b.xlsx",
        {
            "x": [
                ("Care Area: ICU",),
                header,
                ("Fentanyl", "2500 mcg", 50, "mcg/hr", 200),
                ("Care Area:", "Ward"),
                ("Patient Weight", "Lower Hard: 30 kg; Patient Weight Upper Hard: 200 kg"),
                header,
                ("Heparin", "20,000 units", 20, "units/hr", 2000),
                ("Page 1 of 1",),
            ]
        },
    )
    reading = read_table(path, BAXTER)
    assert [entry.care_area for entry in reading.library.entries] == ["icu", "ward"]
    assert reading.counts.note_rows == 1
    weight = reading.library.care_area("ward").weight
    assert weight is not None
    assert weight.hard_max == 200


def test_settings_that_run_down(tmp_path: Path) -> None:
    """A settings sheet may have its profiles along the top."""
    path = workbook(
        tmp_path / "a.xlsx",
        {
            "Fluids": [("Fluids",), ("Profile", "Fluid Name", "Rate Soft Max"), ("ICU", "saline", 500)],
            "Pump Config": [("Profile", "ICU", "Ward"), ("Maximum Rate (mL/h)", 999, 500), ("KVO Rate (mL/h)", 5, 2)],
        },
    )
    areas = {area.id: area for area in read_table(path, ALARIS).library.care_areas}
    assert areas["ward"].max_rate == Quantity.of("500", "mL/h")
    assert areas["icu"].kvo_rate == Quantity.of("5", "mL/h")


def test_times_of_excel(tmp_path: Path) -> None:
    """Durations are text, times of day or spans."""
    limits = [f"Duration Limits (hh:mm) {limit}" for limit in ("Hard Min", "Soft Min", "Soft Max")]
    header = ("Profile", "Drug Name", "Drug Amount", "Drug Amount Units", "Diluent Volume", "Dosing Units", *limits)
    row = ("ICU", "vancomycin", 1, "gram", 250, "gram", time(0, 30), "0:45", timedelta(hours=25, minutes=30))
    (entry,) = read_table(workbook(tmp_path / "a.xlsx", {"Intermittent Drugs": [header, row]}), ALARIS).library.entries
    assert entry.duration is not None
    assert bounds(entry.duration) == (30, 45, 1530, None)


def test_csv_dialects(tmp_path: Path) -> None:
    """A byte order mark, semicolons and tabs are all right."""
    text = "\r\n".join(";".join(row) for row in (PLAIN_HEADER, PLAIN_ROW))
    for name, content in {
        "bom.csv": b"\xef\xbb\xbf" + text.encode(),
        "tab.tsv": text.replace(";", "\t").encode(),
        "comma.csv": text.replace(";", ",").encode(),
    }.items():
        (tmp_path / name).write_bytes(content)
        assert len(read_table(tmp_path / name, PLAIN).library.entries) == 1


def test_several_rows_make_one_entry(tmp_path: Path) -> None:
    """A layout with a row for each parameter: the column says which limits the row holds."""
    mapping = mapping_from_text(
        """
format = "openinfusion-table-mapping"
format_version = 1
name = "long"
about = "one row per parameter"
[[sheets]]
id = "long"
holds = "entries"
required = ["drug", "care_area"]
constants = { type = "continuous" }
several = { header = "Parameter", groups = { "Dose rate" = "dose", "Bolus" = "bolus.dose" } }
[sheets.columns]
"Area" = { field = "care_area", fill_down = true }
"Drug" = { field = "drug", fill_down = true }
"Amount" = { field = "concentration.amount", fill_down = true }
"Volume" = { field = "concentration.volume", unit = "mL", fill_down = true }
"Parameter" = "rationale"
"Unit" = "*.unit"
"Soft max" = "*.soft_max"
"Hard max" = "*.hard_max"
""",
        where="long.toml",
    )
    rows = [
        ("Area", "Drug", "Amount", "Volume", "Parameter", "Unit", "Soft max", "Hard max"),
        ("ICU", "propofol", "1 g", "100", "Dose rate", "mg/kg/h", "4", "5"),
        ("", "", "", "", "Bolus", "mg/kg", "0.5", "1"),
        ("", "fentanyl", "2.5 mg", "50", "Dose rate", "mcg/h", "200", "400"),
        ("", "", "", "", "Drip", "mcg/h", "200", "400"),
    ]
    (tmp_path / "long.csv").write_text("\n".join(",".join(row) for row in rows), "utf-8")
    reading = read_table(tmp_path / "long.csv", mapping)
    propofol, *_ = reading.library.entries
    assert propofol.dose is not None
    assert propofol.dose.hard_max == 5
    assert propofol.bolus is not None
    assert propofol.bolus.dose is not None
    assert propofol.bolus.dose.hard_max == 1
    assert "Drip" in said(reading)


# --- What cannot be read is reported, with its place -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "place", "found", "entries"),
    [
        ({"K": "20o"}, "row 3, column K (Dose soft max)", "'20o'", 2),
        ({"K": "1,5"}, "row 3, column K", "'1,5'", 2),
        ({"E": "2,5"}, "row 3, column E (Amount)", "'2,5'", 1),
        ({"I": "mcg/kg/fortnight"}, "row 3, column I (Dose unit)", "fortnight", 1),
        ({"I": ""}, "row 3, column J", "without a unit", 1),
        ({"I": "mL/min/kg/h"}, "row 3, column I", "mL/min/kg/h", 1),
        ({"K": "500"}, "row 3, column I", "out of order", 1),
        ({"I": "mmol/h"}, "row 3, column", "mmol/h beside mg", 1),
        ({"D": "continous"}, "row 3, column D (Type)", "'continous'", 1),
        ({"C": ""}, "row 3, column A", "no drug", 1),
        ({"A": ""}, "row 3, column", "no care area", 1),
        ({"E": "0"}, "row 3, column E", "0 mg", 1),
        ({"J": "-5"}, "row 3, column", "negative", 1),
        ({"L": "400 mg"}, "row 3, column L", "mg", 1),
        ({"B": "geriatric"}, "row 3, column B (Population)", "geriatric", 2),
        ({"A": "ICU", "B": "neonatal"}, "row 3, column B", "after 'adult'", 2),
    ],
)
def test_a_faulty_cell_is_reported(tmp_path: Path, cells, place, found, entries) -> None:
    """The message names sheet, row, column and header; other rows are read as if nothing had happened."""
    other = {"A": "Ward"} if "A" not in cells and "B" in cells else {}
    path = plain_csv(tmp_path / "t.csv", PLAIN_ROW, with_cells(C="alfentanil") if "C" not in cells else PLAIN_ROW)
    path = plain_csv(tmp_path / "t.csv", PLAIN_ROW, with_cells(**{"C": "alfentanil", **cells, **other}))
    reading = read_table(path, PLAIN)
    assert len(reading.library.entries) == entries
    assert place in said(reading)
    assert found in said(reading)


def test_duplicates_are_kept_and_noted(tmp_path: Path) -> None:
    """The same drug, area, therapy and strength twice: both are kept, each with an id of its own."""
    reading = read_table(plain_csv(tmp_path / "t.csv", PLAIN_ROW, with_cells(L="500"), with_cells(L="600")), PLAIN)
    ids = [entry.id for entry in reading.library.entries]
    assert ids == [ids[0], f"{ids[0]}-2", f"{ids[0]}-3"]
    assert said(reading).count("a row like one before it") == 2


def test_unknown_columns_and_sheets_are_listed(tmp_path: Path) -> None:
    """What the mapping does not know is listed with the number of cells in it."""
    book = load_workbook(SAMPLES / "alaris-sample.xlsx")
    fluids = book["Fluids"]
    fluids["H2"], fluids["H3"] = "Colour", "blue"
    fluids["I4"] = "stray"
    book.create_sheet("Notes")["B2"] = "call Bob"
    book.save(tmp_path / "a.xlsx")
    reading = read_table(tmp_path / "a.xlsx", ALARIS)
    assert [(c.sheet, c.column, c.header, c.cells) for c in reading.unknown_columns] == [
        ("Fluids", "H", "Colour", 1),
        ("Fluids", "I", "(no header)", 1),
    ]
    assert [(s.sheet, s.cells) for s in reading.unknown_sheets] == [("Notes", 1)]
    assert [c.header for c in reading.ignored_columns] == ["NDC"]


def test_a_wrong_final_concentration_is_noted(tmp_path: Path) -> None:
    """Amount and volume are kept, and the disagreement is told."""
    book = load_workbook(SAMPLES / "alaris-sample.xlsx")
    book["ContBolus Non-Anesth Drugs"]["H3"] = 0.8
    book.save(tmp_path / "a.xlsx")
    reading = read_table(tmp_path / "a.xlsx", ALARIS)
    assert len(reading.library.entries) == 19
    assert "row 3, column H (Final Concentration): found 0.8 mg/mL; expected 0.08 mg/mL" in said(reading)


def test_cells_that_cannot_be_trusted(tmp_path: Path) -> None:
    """An error value and a formula without a stored result are not read as something else, or as blank."""
    book = load_workbook(SAMPLES / "alaris-sample.xlsx")
    sheet = book["ContBolus Non-Anesth Drugs"]
    sheet["M3"] = "=1+1"
    sheet["N4"] = "#DIV/0!"
    sheet["O5"] = True
    book.save(tmp_path / "a.xlsx")
    reading = read_table(tmp_path / "a.xlsx", ALARIS)
    assert "row 3, column M" in said(reading)
    assert "a formula without a stored result" in said(reading)
    assert "row 4, column N" in said(reading)
    assert "an error value" in said(reading)
    assert "row 5, column O" in said(reading)
    assert [p.consequence for p in reading.problems if p.column in "MNO"] == [Consequence.VALUE_LEFT_OUT] * 3


def test_a_lone_text_is_not_lost(tmp_path: Path) -> None:
    """A remark at the end of a report is no care area, and is reported."""
    book = load_workbook(SAMPLES / "baxter-sample.xlsx")
    book.worksheets[0].append(["Checked by nobody"])
    book.save(tmp_path / "b.xlsx")
    reading = read_table(tmp_path / "b.xlsx", BAXTER)
    assert "'Checked by nobody'" in said(reading)
    assert len(reading.library.care_areas) == 2


def test_baxter_limits_of_an_open_concentration_need_a_unit(tmp_path: Path) -> None:
    """Bare numbers take the unit of the row's own concentration; without one the row is left out."""
    header = (
        "Drug",
        "Drug Amount",
        "Diluent (mL)",
        "Concentration",
        "Concentration Upper Hard",
        "Dose Mode",
        "Rate Upper Soft",
    )
    path = workbook(
        tmp_path / "b.xlsx",
        {
            "Custom Report": [
                header,
                ("Care Area: ICU",),
                ("Fentanyl", "100 mcg", 10, "10 mcg/mL", 20, "mcg/hr", 200),
                ("Ketamine", "-", "-", "-", 20, "mg/hr", 20),
            ]
        },
    )
    reading = read_table(path, BAXTER)
    (fentanyl,) = reading.library.entries
    assert fentanyl.concentration is not None
    assert fentanyl.concentration.limits is not None
    assert fentanyl.concentration.limits.quantity("hard_max") == Quantity.of("20", "mcg/mL")
    assert "20 without a unit" in said(reading)


def test_a_sheet_without_its_columns(tmp_path: Path) -> None:
    """A named sheet that lacks a column it needs is not read as if it were empty."""
    path = workbook(tmp_path / "a.xlsx", {"Fluids": [("Profile", "Rate"), ("ICU", 5)]})
    with pytest.raises(TableError, match="'Fluid Name'"):
        read_table(path, ALARIS)
    path = workbook(tmp_path / "b.xlsx", {"Sheet": [("Hello", "world")]})
    with pytest.raises(TableError, match="laid out as the mapping 'baxter'"):
        read_table(path, BAXTER)


def test_an_alaris_sheet_without_drugs(tmp_path: Path) -> None:
    """A section that only says that it has no drugs is no error."""
    path = workbook(
        tmp_path / "a.xlsx",
        {
            "Fluids": [("Profile", "Fluid Name", "Rate Soft Max"), ("ICU", "saline", 500)],
            "PCA Drugs": [("PCA Drugs",), ("No drugs exist in this section",)],
        },
    )
    reading = read_table(path, ALARIS)
    assert reading.counts.note_rows == 1
    assert len(reading.library.entries) == 1


BAXTER_HEADER = ("Drug", "Drug Amount", "Diluent (mL)", "Concentration", "Dose Mode", "Rate Upper Soft",
                 "Units amount/time", "Bolus Upper Hard", "Load Upper Hard")  # fmt: skip


@pytest.mark.parametrize(
    ("row", "entries", "words"),
    [
        (("A", "1 mg", 10, "0.1 mg/mL", "mg/hr", 5, "mg / min", 2, "Load Not Allowed"), 1, ""),
        (("A", "1 mg", 10, "0.1 mg/mL", "mg/hr", 5, "puffs/min", "Bolus Not Allowed", "-"), 1, "puffs"),
        (("A", "1 mg", 10, "0.1 mg/mL", "mg/hr", 5, "puffs/min", 2, "-"), 0, "puffs"),
        (("A", "1 mg", 10, "0.1 mg/mL", "mg/hr", 5, "-", 2, "-"), 0, "2 without a unit"),
        (("A", "1 mg", 10, "0.1 mg/mL", "puffs/hr", 5, "-", "-", "-"), 0, "puffs/hr"),
        (("A", "1 mg", 10, "0.2 mg/mL", "mg/hr", 5, "-", "-", "-"), 1, "expected 0.1 mg/mL"),
        (("A", "-", "-", "0.1 mg/mL", "mg/hr", 5, "-", "-", "-"), 1, "read as in 1 mL"),
        (("A", "-", "-", "a tenth", "mg/hr", 5, "-", "-", "-"), 0, "a tenth"),
        (("A", "-", "-", "-", "mg/hr", 5, "-", "-", "-"), 1, "read as entered at the bedside"),
        (("A", "1 mg", 10, "0.1 mg/mL", "mg/hr", "5 mcg/hr", "-", "-", "-"), 1, ""),
        (("A", "1 mg", 10, "0.1 mg/mL", "mg", "5", "-", "-", "-"), 1, ""),
        (("A", "1 mg", 10, "0.1 mg/mL", "units/hr", "5", "-", "-", "-"), 0, "units"),
    ],
)
def test_baxter_rows(tmp_path: Path, row, entries, words) -> None:
    """What makes a row wrong leaves it out; what does not matter to it is only reported."""
    path = workbook(tmp_path / "b.xlsx", {"Custom Report": [BAXTER_HEADER, ("Care Area: ICU",), row]})
    reading = read_table(path, BAXTER)
    assert len(reading.library.entries) == entries
    assert words in said(reading)
    assert reading.counts.rows_left_out == 1 - entries


def test_a_unit_column_of_its_own_comes_first(tmp_path: Path) -> None:
    """Where a group has its own column of units, the shared one does not speak for it."""
    header = (*BAXTER_HEADER[:8], "Load Units", "Load Upper Hard")
    row = ("A", "1 mg", 10, "0.1 mg/mL", "mg/hr", 5, "mg/min", 2, "mcg/min", 300)
    path = workbook(tmp_path / "b.xlsx", {"Custom Report": [header, ("Care Area: ICU",), row]})
    (entry,) = read_table(path, BAXTER).library.entries
    assert entry.loading is not None
    assert entry.loading.dose is not None
    assert entry.loading.dose.quantity("hard_max") == Quantity.of("0.3", "mg")


def test_two_columns_may_not_contradict(tmp_path: Path) -> None:
    """The same field twice is read once if both agree; lists are joined; a contradiction leaves the row out."""
    mapping = mapping_from_text(
        """
format = "openinfusion-table-mapping"
format_version = 1
name = "twice"
about = "one field in two columns"
[[sheets]]
id = "twice"
holds = "entries"
required = ["drug", "care_area"]
constants = { type = "fluid" }
[sheets.columns]
"Area" = "care_area"
"Drug" = "drug"
"Name again" = "drug"
"Alias 1" = "drug.aliases"
"Alias 2" = "drug.aliases"
"Max (mL/h)" = { field = "rate.soft_max", unit = "mL/h" }
""",
        where="twice.toml",
    )
    rows = (
        "Area,Drug,Name again,Alias 1,Alias 2,Max (mL/h)",
        "ICU,saline,saline,NaCl,salt,9",
        "ICU,saline,glucose,,,9",
    )
    (tmp_path / "t.csv").write_text("\n".join(rows), "utf-8")
    reading = read_table(tmp_path / "t.csv", mapping)
    assert reading.library.drugs[0].aliases == ("NaCl", "salt")
    assert (reading.counts.entries_made, reading.counts.rows_left_out) == (1, 1)
    assert "row 3, column C (Name again): found 'glucose'; expected 'saline', as in B; row left out" in said(reading)
