"""
Write the sample vendor files of ``examples/vendor``: real layouts, invented values, not for clinical use.

Run from the repository's root: ``python tools/make_samples.py``. The same run always gives the same bytes.
"""

import csv
import io
import zipfile
from datetime import datetime, time
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

FOLDER = Path("examples/vendor")
NOTICE = "SAMPLE, NOT FOR CLINICAL USE"
MADE = datetime(2026, 1, 1)  # noqa: DTZ001 - workbook properties have no zone
Row = tuple[object, ...]

# --- Alaris ----------------------------------------------------------------------------------------------------------

_DRUG = ("Profile", "Drug Name", "Therapy")
_STRENGTH = (
    "Drug Amount  (- - = custom concentration)",
    "Drug Amount Units",
    "Diluent Volume  (- - = custom concentration)",
    "Diluent Volume Units",
    "Final Concentration",
    "Final Concentration Units",
)
_CONCENTRATION = (
    "Concentration Limit Units",
    "Concentration Limits Hard Min",
    "Concentration Limits Soft Min",
    "Concentration Limits Soft Max",
)
_DOSE = ("Dose Limits Soft Min", "Dose Limits Soft Max", "Dose Limits  Hard Max")
_BOLUS_RATE = "Bolus Admin Rate"
CONTINUOUS = (
    *_DRUG,
    *_STRENGTH,
    "Module Availability\n(Pump/Syringe)",
    "Dosing Units",
    *_DOSE,
    "Dose Limits Initial",
    "Bolus Units",
    "Bolus Dose Limits Soft Min",
    "Bolus Dose Limits Soft Max",
    "Bolus Dose Limits Hard Max",
    "Bolus Dose Limits Initial",
    f"{_BOLUS_RATE} Units",
    f"{_BOLUS_RATE}  Limits Soft Min",
    f"{_BOLUS_RATE}  Limits Soft Max",
    f"{_BOLUS_RATE}  Limits Hard Max",
    f"{_BOLUS_RATE}  Limits Initial",
    *_CONCENTRATION,
    "Clinical Advisory",
)
INTERMITTENT = (
    *_DRUG,
    *_STRENGTH,
    "Available As",
    "Dosing Units",
    "Duration Limits (hh:mm) Hard Min",
    "Duration Limits (hh:mm)  Soft Min",
    "Duration Limits (hh:mm) Soft Max",
    "Duration Limits (hh:mm) Initial",
    *_DOSE,
    *_CONCENTRATION,
    "Clinical Advisory",
)
FLUIDS = (
    "Profile",
    "Fluid Name",
    "Supports Secondary",
    "Rate Limits (mL/h) Soft Min",
    "Rate Limits (mL/h) Soft Max",
    "Rate Limits (mL/h) Hard Max",
    "Clinical Advisory",
)
PCA = (
    *_DRUG,
    *_STRENGTH,
    "Dosing Units",
    *(f"Max Accumulated Dose Limits {limit}" for limit in ("Soft Min", "Soft Max", "Hard Max", "Initial")),
    "Max Accumulated Dose Window (h)",
    *(f"PCA Dose Limits {limit}" for limit in ("Soft Min", "Soft Max", "Hard Max", "Initial")),
    *(f"Lockout Interval Limits (min) {limit}" for limit in ("Hard Min", "Soft Min", "Soft Max", "Initial")),
    *(f"Continuous Dose Limits {limit}" for limit in ("Soft Min", "Soft Max", "Hard Max", "Initial")),
    *(f"Bolus Dose Limits {limit}" for limit in ("Soft Min", "Soft Max", "Hard Max")),
    "Bolus Counts Toward Max Accumulated Dose",
    *(f"Loading Dose Limits {limit}" for limit in ("Soft Min", "Soft Max", "Hard Max", "Initial")),
    *_CONCENTRATION,
    "PCA Pause Supported",
    "Clinical Advisory",
)
_NA = "n/a"
_NO_BOLUS = (_NA,) * 10
_NO_CONC = (_NA,) * 4
_BOTH = "Pump/Syringe"
CONTINUOUS_ROWS: tuple[Row, ...] = (
    ("Adult ICU", "noradrenaline", _NA, 4, "mg", 50, "mL", 0.08, "mg/mL", "Pump/Syringe", "mcg/kg/min", 0.025, 0.5,
     1, 0.05, *_NO_BOLUS, *_NO_CONC, "Vasopressor: central line"),
    ("Adult ICU", "noradrenaline", _NA, 8, "mg", 50, "mL", 0.16, "mg/mL", "Pump/Syringe", "mcg/kg/min", 0.02,
     0.30000000000000004, 1, *_NO_BOLUS, *_NO_CONC, _NA, "Vasopressor: central line"),
    ("Adult ICU", "fentanyl", "sedation", "- -", "mcg", "- -", "mL", "- -", "mcg/mL", "Syringe", "mcg/h", 12.5, 200,
     400, 50, "mcg", 10, 50, 100, 25, "mL/h", _NA, 100, 200, _NA, "mcg/mL", 5, 10, 50, _NA),
    ("Adult ICU", "propofol", "sedation", 1000, "mg", 100, "mL", 10, "mg/mL", "Pump/Syringe", "mg/kg/h", 0.3, 4, 5,
     1, "mg/kg", 0.1, 0.5, 1, 0.25, "mg/min", 5, 40, 80, 20, *_NO_CONC, _NA),
    ("Adult ICU", "insulin, soluble", _NA, 50, "unit", 50, "mL", 1, "unit/mL", "Syringe", "unit/h", 0.1, 15, 25, 2,
     *_NO_BOLUS, *_NO_CONC, "Check glucose every hour"),
    ("Adult ICU", "aminophylline", _NA, 500, "mg", 500, "mL", 1, "mg/mL", "Pump", "mg/kg/h", 0.1, 0.7, 0.9, 0.5,
     *_NO_BOLUS, *_NO_CONC, _NA),
    ("Adult ICU", "doxapram", _NA, 15000, "mg", 275, "mL", 54.5455, "mg/mL", "Pump", "mg/min", 0.5, 4, _NA, 1.5,
     *_NO_BOLUS, *_NO_CONC, _NA),
    ("Adult ward", "potassium chloride", "peripheral", 40, "mmol", 1000, "mL", 0.04, "mmol/mL", "Pump", "mmol/h",
     _NA, 10, 20, *_NO_BOLUS, *_NO_CONC, _NA, "High-alert: second check"),
    ("Adult ward", "heparin", _NA, 20000, "unit", 20, "mL", 1000, "unit/mL", "Syringe", "unit/kg/h", 5, 25, 40, 18,
     "unit/kg", 10, 80, 100, 80, "unit/min", _NA, 1000, 2500, *_NO_CONC, _NA, "High-alert: second check"),
    ("NICU", "dinoprostone", "duct patency", 60, "mcg", 60, "mL", 1, "mcg/mL", "Syringe", "nanogram/kg/min", 5, 50,
     100, 10, *_NO_BOLUS, *_NO_CONC, _NA),
)  # fmt: skip
ANAESTHESIA_ROWS: tuple[Row, ...] = (
    ("Theatres", "remifentanil", "TIVA", 2, "mg", 40, "mL", 50, "mcg/mL", "Syringe", "mcg/kg/min", 0.02, 0.5, 2, 0.1,
     "mcg/kg", 0.1, 1, 1.5, 0.5, "mcg/kg/min", _NA, 2, 4, *_NO_CONC, _NA, _NA),
    ("Adult ICU", "No drugs exist in this section"),
    ("Adult ward", "No drugs exist in this section"),
)  # fmt: skip
INTERMITTENT_ROWS: tuple[Row, ...] = (
    ("Adult ward", "vancomycin", _NA, 1, "gram", 250, "mL", 4, "mg/mL", "Primary/Secondary", "gram", "01:40",
     "01:40", "04:00", "02:00", 0.25, 2, 2.5, *_NO_CONC, "Faster causes flushing"),
    ("Adult ward", "gentamicin", "once daily", "- -", "mg", 100, "mL", "- -", "mg/mL", "Secondary", "mg/kg", "0:20",
     "0:30", "1:00", time(0, 30), 1, 7, 8, "mg/mL", 0.4, 0.5, 10, _NA),
    ("Adult ICU", "magnesium sulfate", "arrhythmia", 8, "mmol", 50, "mL", 0.16, "mmol/mL", "Primary", "mmol",
     "00:10", time(0, 15), "06:00", "00:20", 2, 16, 20, *_NO_CONC, _NA),
    ("Adult ICU", "amphotericin, liposomal", _NA, "- -", "mg", "- -", "mL", "- -", "mg/mL", "Primary", "mg/kg",
     "00:30", "01:00", "02:00", _NA, 1, 3, 5, "mg/mL", 0.2, 0.2, 2, _NA),
    ("NICU", "No drugs exist in this section"),
)  # fmt: skip
FLUID_ROWS: tuple[Row, ...] = (
    ("Adult ward", "sodium chloride 0.9%", "Yes", 10, 250, 999, _NA),
    ("Adult ICU", "glucose 20%", "No", 5, 100, 250, "Check glucose every hour"),
    ("NICU", "glucose 10%", "No", 0.5, 20, 40, _NA),
)  # fmt: skip
PCA_ROWS: tuple[Row, ...] = (
    ("Adult ward", "morphine", "opioid naive", 50, "mg", 50, "mL", 1, "mg/mL", "mg", _NA, 20, 40, _NA, 4, 0.5, 2, 3,
     1, 3, 5, 15, 5, _NA, 1, 2, _NA, _NA, 2, 5, "Yes", _NA, 5, 10, *_NO_CONC, _NA, "Yes", _NA),
    ("Adult ICU", "No drugs exist in this section"),
)  # fmt: skip
SETTINGS: dict[str, tuple[Row, ...]] = {
    "PC Unit Config": (
        ("Profile", "Maximum Patient Weight (kg)", "Maximum BSA (m2)", "Limit Checking Mode", "Anesthesia Mode"),
        ("Adult ICU", 250, 3.5, "Soft and hard", "Off"),
        ("Adult ward", 250, 3.5, "Soft and hard", "Off"),
        ("NICU", 7, 0.4, "Soft and hard", "Off"),
        ("Theatres", 250, 3.5, "Soft and hard", "On"),
    ),
    "Pump Config": (
        ("Profile", "Maximum Rate (mL/h)", "Maximum VTBI (mL)", "KVO Rate (mL/h)", "Air-in-Line (µL)",
         "Occlusion Pressure (mmHg)", "Auto-Restart"),
        ("Adult ICU", 999, 3000, 5, 100, 525, "3 attempts"),
        ("Adult ward", 999, 3000, 10, 100, 525, "3 attempts"),
        ("NICU", 99.9, 250, 0.5, 50, 300, "Disabled"),
        ("Theatres", 999, 9999, 5, 100, 525, "3 attempts"),
    ),
    "Master Drug List": (
        ("Drug Name", "Aliases", "NDC"),
        ("noradrenaline", "norepinephrine", ""),
        ("fentanyl", "", ""),
        ("vancomycin", "", ""),
        ("dinoprostone", "prostaglandin E2", ""),
    ),
    "Clinical Advisory List": (
        ("Advisory Name", "Advisory Text"),
        ("Vasopressor: central line", "Give through a central line. Never stop suddenly."),
        ("Check glucose every hour", "Check blood glucose every hour while the infusion runs."),
        ("High-alert: second check", "A second person checks the programme before it starts."),
        ("Faster causes flushing", "No faster than 10 mg/min."),
    ),
    "Therapy List": (
        ("Therapy Name", ),
        ("sedation", ),
        ("TIVA", ),
        ("opioid naive", ),
        ("stepping down", ),
    ),
}  # fmt: skip


def alaris() -> Workbook:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, header, rows in (
        ("ContBolus Non-Anesth Drugs", CONTINUOUS, CONTINUOUS_ROWS),
        ("ContBolus Anesth Drugs", CONTINUOUS, ANAESTHESIA_ROWS),
        ("Intermittent Drugs", INTERMITTENT, INTERMITTENT_ROWS),
        ("Fluids", FLUIDS, FLUID_ROWS),
        ("PCA Drugs", PCA, PCA_ROWS),
    ):
        _fill(book.create_sheet(name), (header, *rows), title=f"{name}: {NOTICE}")
    for name, rows in SETTINGS.items():
        _fill(book.create_sheet(name), rows, title=f"{name}: {NOTICE}")
    return book


def _fill(sheet: Worksheet, rows: tuple[Row, ...], *, title: str) -> None:
    sheet.append([title])
    for row in rows:
        sheet.append([None if value == "" else value for value in row])


# --- Baxter ----------------------------------------------------------------------------------------------------------

_FOUR = ("Lower|Hard", "Lower|Soft", "Upper|Soft", "Upper|Hard")
_FIVE = ("Lower|Hard", "Lower|Soft", "Starting|", "Upper|Soft", "Upper|Hard")
# Each group of headers with the texts stacked below it; the last row of the four is the unit or blank.
STACK: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Drug", ("",)),
    ("Drug|Amount", ("",)),
    ("Diluent|(mL)", ("",)),
    ("Concentration", ("", *_FOUR)),
    ("Dose|Mode", ("",)),
    ("Rate", _FIVE),
    ("VTBI|(mL)", ("",)),
    ("Delivery|Bag", ("",)),
    ("Units|amount/time", ("",)),
    ("Bolus", _FIVE),
    ("Load", _FIVE),
    ("Secondary|Callback", ("",)),
    ("Single-Step|Rate Change", ("",)),
    ("Audio", ("",)),
    ("Bag Near|Empty", ("",)),
    ("Completion|Alarms", ("",)),
    ("Upstream|Occlusion", ("",)),
    ("KVO|(mL/hr)", ("",)),
    ("Delay|Run", ("",)),
    ("Advisory", ("",)),
)
_NO_BOLUS_ALLOWED = ("Bolus Not Allowed", "", "", "", "")
_NO_LOAD = ("Load Not Allowed", "", "", "", "")
_SET = ("Medium", "15 min", "On", "On", "1", "Yes")
BAXTER_ROWS: dict[str, tuple[Row, ...]] = {
    "Intensive Care": (
        ("Norepinephrine", "8 mg", 250, "0.032 mg/mL", *"----", "mcg/kg/min", 0.01, 0.02, 0.05, 1, 3, "-", "P", "-",
         *_NO_BOLUS_ALLOWED, *_NO_LOAD, "No", 2, *_SET, "Central line"),
        ("Midazolam", "100 mg", 100, "1 mg/mL", *"----", "mg/hr", 0.5, 1, 2, 10, 20, "-", "P", "mg/min", 0.5, 1, 2,
         4, 5, *_NO_LOAD, "No", 1.5, *_SET, "-"),
        ("Amiodarone", "600 mg", 250, "2.4 mg/mL", *"----", "mg/min", "-", 0.5, 1, 1, 2, "-", "P", "mg/min",
         *_NO_BOLUS_ALLOWED, 100, 150, 150, 150, 300, "No", "-", *_SET, "Use a filter"),
        ("Fentanyl", "-", "-", "-", "5 mcg/mL", "10 mcg/mL", "50 mcg/mL", "50 mcg/mL", "mcg/hr", 10, 25, 50, 200,
         300, "-", "P", "mcg/min", 10, 25, 50, 100, 100, *_NO_LOAD, "No", 2, *_SET, "-"),
        ("Insulin Regular", "100 units", 100, "1 units/mL", *"----", "units/hr", 0.1, 0.5, 2, 15, 25, "-", "P", "-",
         *_NO_BOLUS_ALLOWED, *_NO_LOAD, "No", 5, *_SET, "-"),
    ),
    "Medical Ward": (
        ("Vancomycin", "1 g", 250, "4 mg/mL", *"----", "mL/hr", "-", "-", 125, 250, 250, 250, "P or S", "-",
         *_NO_BOLUS_ALLOWED, *_NO_LOAD, "Yes", "-", *_SET, "-"),
        ("Sodium Chloride 0.9%", "-", 1000, "mL mode", *"----", "mL/hr", "-", 10, 100, 500, 999, 1000, "P", "-",
         *_NO_BOLUS_ALLOWED, *_NO_LOAD, "No", "-", *_SET, "-"),
    ),
}  # fmt: skip
AREA_SETTINGS: dict[str, tuple[str, ...]] = {
    "Intensive Care": ("30", "40", "150", "250"),
    "Medical Ward": ("30", "40", "180", "250"),
}


def baxter() -> Workbook:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Custom Report"
    for line in (
        ("Drug Library Custom Report", NOTICE),
        ("Library:", "Sample Hospital v14"),
        ("Printed:", "01/01/2026"),
    ):
        sheet.append(line)
    _stack(sheet, 5)
    for area, rows in BAXTER_ROWS.items():
        sheet.append([f"Care Area: {area}"])
        labels = ("Lower Hard", "Lower Soft", "Upper Soft", "Upper Hard")
        pairs = zip(labels, AREA_SETTINGS[area], strict=True)
        sheet.append([part for label, value in pairs for part in (f"Patient Weight {label} (kg):", int(value))])
        sheet.append(["Weight Confirmation:", "Yes", "Keypad Lock:", "On", "Pressure Default:", "Medium"])
        for row in rows:
            sheet.append([None if value == "" else value for value in row])
    return book


def _stack(sheet: Worksheet, first: int) -> None:
    """Write the header over four rows: group names on top, merged over their columns."""
    column = 1
    for group, parts in STACK:
        lines = group.split("|")
        for row, text in enumerate(lines):
            sheet.cell(first + row, column, text)
        if len(parts) > 1:
            sheet.merge_cells(start_row=first, start_column=column, end_row=first, end_column=column + len(parts) - 1)
        for part in parts:
            for row, text in enumerate(part.split("|")):
                if text:
                    sheet.cell(first + 2 + row, column, text)
            column += 1


# --- Plain -----------------------------------------------------------------------------------------------------------

PLAIN: tuple[Row, ...] = (
    ("Care area", "Population", "Drug", "Type", "Therapy", "Amount", "Amount unit", "Volume", "Volume unit",
     "Dose unit", "Dose hard min", "Dose soft min", "Dose soft max", "Dose hard max", "Advisory"),
    ("Adult ICU (sample, not for clinical use)", "adult", "noradrenaline", "continuous", "", "4", "mg", "50", "mL",
     "micrograms/kg/min", "", "0.02", "0.5", "1", "Central line only"),
    ("Adult ICU (sample, not for clinical use)", "adult", "fentanyl", "continuous", "sedation", "2.5", "mg", "50",
     "mL", "micrograms/h", "", "25", "200", "400", ""),
    ("NICU (sample, not for clinical use)", "neonatal", "morphine", "continuous", "", "2.5", "mg", "50", "mL",
     "micrograms/kg/h", "", "5", "20", "40", ""),
)  # fmt: skip


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "alaris-sample.xlsx").write_bytes(workbook_bytes(alaris()))
    (FOLDER / "baxter-sample.xlsx").write_bytes(workbook_bytes(baxter()))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(PLAIN)
    (FOLDER / "plain-sample.csv").write_text(text.getvalue(), "utf-8")
    print(f"wrote {FOLDER}/alaris-sample.xlsx, baxter-sample.xlsx, plain-sample.csv")


def workbook_bytes(book: Workbook) -> bytes:
    """Return the bytes of a workbook without the time of writing, so that two runs give the same file."""
    book.properties.creator = "OpenInfusion"
    book.properties.created = book.properties.modified = MADE
    raw, fixed = io.BytesIO(), io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as parts, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as package:
        for part in parts.infolist():
            content = parts.read(part)
            if part.filename == "docProps/core.xml":
                content = _without_time(content)
            package.writestr(zipfile.ZipInfo(part.filename, MADE.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


def _without_time(core: bytes) -> bytes:
    """Set the time of change, which openpyxl writes as now."""
    start, end = core.index(b"<dcterms:modified"), core.index(b"</dcterms:modified>")
    opening = core.index(b">", start) + 1
    return core[:opening] + b"2026-01-01T00:00:00Z" + core[end:]


if __name__ == "__main__":
    main()
