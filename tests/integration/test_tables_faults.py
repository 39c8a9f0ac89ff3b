"""What cannot be read is reported with its place, and nothing else suffers."""

from pathlib import Path

import pytest
from openpyxl import load_workbook

from openinfusion.adapters.tables import Consequence, read_table
from openinfusion.adapters.tables.mapping import mapping_from_text
from openinfusion.core.errors import TableError
from openinfusion.core.units import Quantity
from tests.integration.table_files import (
    ALARIS,
    BAXTER,
    PLAIN,
    PLAIN_ROW,
    SAMPLES,
    plain_csv,
    said,
    with_cells,
    workbook,
)


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


def test_a_care_area_that_the_format_refuses(tmp_path: Path) -> None:
    """Settings out of order or in a strange unit are left out; the care area and its entries stay."""
    book = load_workbook(SAMPLES / "alaris-sample.xlsx")
    book["PC Unit Config"]["B3"], book["PC Unit Config"]["B4"] = -1, "250 mL"
    book["Pump Config"]["B5"] = "fast"
    book["Pump Config"]["A6"] = None
    book["Master Drug List"]["A3"] = "- -"
    book.save(tmp_path / "a.xlsx")
    reading = read_table(tmp_path / "a.xlsx", ALARIS)
    assert len(reading.library.entries) == 19
    areas = {area.name: area for area in reading.library.care_areas}
    assert (areas["Adult ICU"].weight, areas["NICU"].max_rate) == (None, None)
    assert "PC Unit Config, row 3, column B" in said(reading)
    assert "PC Unit Config, row 4, column B" in said(reading)
    assert "Pump Config, row 5, column B (Maximum Rate (mL/h)): found 'fast'" in said(reading)
    assert "Pump Config, row 6, column B: found 6 cells without a name" in said(reading)
