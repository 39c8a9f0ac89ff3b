"""Vendors' files as they come: whole, odd, and faulty."""

from datetime import time, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from openpyxl import Workbook

from openinfusion.adapters.tables import read_table
from openinfusion.adapters.tables.mapping import mapping_from_text
from openinfusion.core.library import EntryType, Population
from openinfusion.core.units import Quantity
from tests.integration.table_files import (
    ALARIS,
    BAXTER,
    PLAIN,
    PLAIN_HEADER,
    PLAIN_ROW,
    SAMPLES,
    bounds,
    said,
    workbook,
)

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


@pytest.mark.parametrize(
    "rows",
    [
        [("ICU", "Patient Weight Upper Hard (kg):", 200, "Keypad Lock: On")],
        [("Care Area", "Patient Weight Upper Hard (kg)", "Keypad Lock"), ("ICU", 200, "On")],
        [("Care Area", "ICU"), ("Patient Weight Upper Hard", "200 kg"), ("Keypad Lock", "On")],
        [("ICU",), ("", "Patient Weight Upper Hard (kg) = ", "200"), ("", "Keypad Lock:", "On")],
        [("CARE AREA - ICU",), ("Patient Weight Upper Hard: 200 kg\nKeypad Lock: On",)],
    ],
)
def test_ways_to_announce_a_care_area(tmp_path: Path, rows) -> None:
    """The name and its settings in one row, as a small table, as pairs, or in one cell; always of the right area."""
    first = [("Care Area: Ward",), ("Saline", "mL/hr", 100)]
    path = workbook(
        tmp_path / "b.xlsx",
        {"x": [("Drug", "Dose Mode", "Rate Upper Soft"), *first, *rows, ("Saline", "mL/hr", 200)]},
    )
    reading = read_table(path, BAXTER)
    assert [entry.care_area for entry in reading.library.entries] == ["ward", "icu"]
    assert bounds(reading.library.care_area("icu").weight) == (None, None, None, 200)
    assert reading.library.care_area("icu").device_settings == {"Keypad lock": "On"}
    assert reading.library.care_area("ward").weight is None
    assert all("population" in str(problem) for problem in reading.problems)


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
