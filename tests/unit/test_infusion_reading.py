"""Reading past infusions: every row is used or counted once, and every fault has one clear message."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest

from openinfusion.adapters.infusions import (
    InfusionMapping,
    InfusionReading,
    load_infusion_mapping,
    read_infusions,
    shipped_infusion_mapping,
    shipped_infusion_mappings,
)
from openinfusion.adapters.infusions.cells import read_number
from openinfusion.core.errors import EncodingError, FileAccessError, MappingError, OpenInfusionError, TableError
from openinfusion.core.numbers import round_significant
from openinfusion.core.units import Quantity

HEADER = "infusion_id,start,end,care_area,drug,therapy,dose,dose_unit,rate_ml_per_h,amount,amount_unit,weight_kg,status"
TIMES = "2026-01-05T08:00:00,2026-01-05T10:00:00"
GOOD = f"I1,{TIMES},ICU,morphine,,2,mg/h,2,4,mg,70,finished"
MAPPING = """
format = "openinfusion-infusion-mapping"
format_version = 1
name = "test"
about = "a test"
item_table = "items.csv"
significant_digits = 6
time_format = "%d/%m/%Y %H:%M"
blanks = ["-"]

[csv]
delimiter = ";"

[columns]
start = "from"
end = "to"
item = "item"
dose = "rate"
dose_unit = "unit"
amount = "given"
amount_unit = "given unit"
weight = "kg"
status = "state"

[constants]
care_area = "icu"
weight_unit = "kg"

[status]
superseded = ["old"]

[[leave_out]]
column = "part"
values = ["carrier"]
reason = "carrier fluid"

[unit_spellings]
"mEq./hour" = "mEq/h"
"""
ITEMS = (
    "item,label,drug,not_mapped,mmol_per_meq\n"
    "1,Morphine,morphine,,\n2,Feed,,enteral feed,\n3,KCl,potassium chloride,,1\n\n4,Calcium,calcium,,0.5\n"
)


@pytest.fixture
def plain() -> InfusionMapping:
    return shipped_infusion_mapping("plain")


@pytest.fixture
def read(tmp_path: Path, plain: InfusionMapping) -> Callable[..., InfusionReading]:
    """Read rows under the header of the plain mapping."""

    def read_text(*rows: str, header: str = HEADER) -> InfusionReading:
        path = tmp_path / "infusions.csv"
        path.write_text("\n".join([header, *rows]), "utf-8")
        return read_infusions(path, plain)

    return read_text


@pytest.fixture
def mapping(tmp_path: Path) -> Callable[..., InfusionMapping]:
    """Load a mapping of items, after replacing some of its text."""

    def load(old: str = "", new: str = "", *, items: str = ITEMS) -> InfusionMapping:
        (tmp_path / "items.csv").write_text(items, "utf-8")
        path = tmp_path / "mapping.toml"
        path.write_text(MAPPING.replace(old, new) if old else MAPPING, "utf-8")
        return load_infusion_mapping(path)

    return load


def read_items(tmp_path: Path, mapping: InfusionMapping, *rows: str) -> InfusionReading:
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["from;to;item;rate;unit;given;given unit;kg;state;part", *rows]), "utf-8")
    return read_infusions(path, mapping)


def adds_up(reading: InfusionReading) -> bool:
    return reading.rows == len(reading.infusions) + sum(reading.excluded.values())


def test_a_good_row_becomes_an_infusion(read: Callable[..., InfusionReading]) -> None:
    """Values are exact and carry their units; the row is numbered as in the spreadsheet."""
    reading = read(GOOD)
    (one,) = reading.infusions
    assert (one.row, one.drug, one.care_area, one.therapy) == (2, "morphine", "ICU", None)
    assert (one.dose, one.rate, one.weight) == (
        Quantity.read("2 mg/h"), Quantity.read("2 mL/h"), Quantity.read("70 kg"),
    )  # fmt: skip
    assert (reading.identity_held, reading.identity_checked, reading.problems) == (1, 1, ())


@pytest.mark.parametrize(
    "row, excluded, fault",
    [
        (GOOD.replace("finished", "superseded"), "superseded by a later row", None),
        (f"I1,{TIMES},ICU,morphine,,,,,,,70,finished", "no dose and no rate (a push, or given at once)", None),
        (GOOD.replace(",2,mg/h,2,4", ",0,mg/h,0,0"), "a dose or rate of zero", None),
        (GOOD.replace(",4,mg", ",-4,mg"), "cannot be read, or is impossible", "amount: a negative amount"),
        (GOOD.replace("10:00", "08:00"), "cannot be read, or is impossible", "end: a length of zero"),
        (GOOD.replace("10:00", "07:00"), "cannot be read, or is impossible", "end: a length of negative"),
        (GOOD.replace("10:00:00", "10:00:00Z"), "cannot be read, or is impossible", "end: a zone on one of two times"),
        (GOOD.replace(",2,mg/h", ",two,mg/h"), "cannot be read, or is impossible", "dose: 'two'"),
        (GOOD.replace(",2,mg/h", ",-2,mg/h"), "cannot be read, or is impossible", "dose: a negative dose"),
        (GOOD.replace("mg/h", "furlongs"), "cannot be read, or is impossible", "dose: 'furlongs'"),
        (GOOD.replace("2,mg/h", "2,"), "cannot be read, or is impossible", "dose: a number without a unit"),
        (GOOD.replace("mg/h", "kg"), "cannot be read, or is impossible", "dose: the unit kg"),
        (GOOD.replace("2,mg/h", "3,mL/h"), "cannot be read, or is impossible", "dose: a second, different rate"),
        (GOOD.replace(",70,", ",0,"), "cannot be read, or is impossible", "weight_kg: 0 kg"),
        (GOOD.replace("ICU", ""), "cannot be read, or is impossible", "care_area: nothing"),
        (GOOD.replace("morphine", ""), "cannot be read, or is impossible", "drug: nothing"),
        (GOOD.replace("2026-01-05T08:00:00", ""), "cannot be read, or is impossible", "start: nothing"),
        (GOOD.replace("2026-01-05T08:00:00", "9434765919"), "cannot be read, or is impossible", None),
        (GOOD + ",more", "cannot be read, or is impossible", "row: 14 cells"),
    ],
)
def test_a_row_that_is_not_used_is_counted_once_and_explained(
    read: Callable[..., InfusionReading], row: str, excluded: str, fault: str | None
) -> None:
    """Rows read = used + left out, whatever is wrong; a text that could be somebody's number is never repeated."""
    reading = read(row, "", GOOD)
    assert reading.excluded == {excluded: 1}
    assert adds_up(reading)
    if fault is not None:
        assert list(reading.faults) == [fault]
        assert str(reading.problems[0]).startswith("row 2, ")
    assert "9434765919" not in " ".join(map(str, reading.problems))


@pytest.mark.parametrize(
    "amount, held",
    [("4", 1), ("4.04", 1), ("3.96", 1), ("4.05", 0), ("40", 0)],
)
def test_the_identity_is_checked_within_the_tolerance(
    read: Callable[..., InfusionReading], amount: str, held: int
) -> None:
    """Amount = dose x duration within 1 %, ends included; rows that do not keep it are used and listed."""
    reading = read(GOOD.replace(",4,mg", f",{amount},mg"))
    assert (reading.identity_held, reading.identity_checked) == (held, 1)
    assert reading.identity_failures == (() if held else (2,))
    assert len(reading.infusions) == 1


@pytest.mark.parametrize(
    "row, checked",
    [
        (GOOD.replace("2,mg/h", "1,mg/kg/h").replace(",4,mg,70", ",4,mg,2"), 1),
        (GOOD.replace("2,mg/h", "1,mg/kg/h").replace(",70,", ",,"), 0),
        (GOOD.replace("2,mg/h", "1,mg/m2/h"), 0),
        (GOOD.replace(",2,mg/h,2,4,mg", ",1,g,,1,g"), 1),
        (GOOD.replace(",4,mg", ",4,mL"), 1),
        (GOOD.replace(",4,mg", ",4,units"), 0),
        (GOOD.replace(",4,mg", ",,"), 0),
        (GOOD.replace("2,mg/h,2,4,mg", "2,mL/h,2,4,mL"), 1),
    ],
)
def test_the_identity_needs_a_dose_of_the_same_kind(
    read: Callable[..., InfusionReading], row: str, checked: int
) -> None:
    """A row that does not say enough is neither kept nor broken."""
    reading = read(row)
    assert (reading.identity_held, reading.identity_checked) == (checked, checked)


def test_optional_columns_may_be_absent(read: Callable[..., InfusionReading]) -> None:
    """The plain file may lack weight, amount and therapy, and may carry the strength."""
    header = "start,end,care_area,drug,dose,dose_unit,rate_ml_per_h,status,strength_amount,strength_amount_unit"
    reading = read(f"{TIMES},ICU,morphine,2,mg/h,,done,50,mg,50", header=header + ",strength_volume_ml")
    (one,) = reading.infusions
    assert one.strength is not None
    assert one.strength.text == "50 mg in 50 mL"


def test_items_are_mapped_or_counted_with_their_reason(tmp_path: Path, mapping: Callable[..., InfusionMapping]) -> None:
    """A drug, an item left out on purpose, an unknown one, a carrier; mEq become mmol only by the item's own factor."""
    row = "05/01/2026 08:00;05/01/2026 10:00;{};{};5;5;70;new;main"
    reading = read_items(
        tmp_path,
        mapping(),
        row.format("1", "199.999998;mL/h").replace(";5;5;", ";-;-;"),
        row.format("2", "20;mL/h").replace(";5;5;", ";;;"),
        row.format("9", "20;mL/h").replace(";5;5;", ";;;"),
        row.format("3", "20;mEq./hour").replace(";5;5;", ";40;mEq;"),
        row.format("4", "20;mEq./hour").replace(";5;5;", ";;;"),
        row.format("1", "2;mL/h").replace("main", "carrier").replace(";5;5;", ";;;"),
        row.format("1", "2;mL/h").replace("new", "old").replace(";5;5;", ";;;"),
        row.format("", "2;mL/h").replace(";5;5;", ";;;"),
    )
    assert [(one.drug, str(one.dose or one.rate)) for one in reading.infusions] == [
        ("morphine", "200 mL/h"),
        ("potassium chloride", "20 mmol/h"),
        ("calcium", "10 mmol/h"),
    ]
    assert (reading.rounded, reading.identity_held) == (1, 1)
    assert [(one.label, one.reason, one.rows) for one in reading.unmapped] == [
        ("Feed", "enteral feed", 1),
        ("", "not in the item table", 1),
    ]
    assert reading.excluded["carrier fluid"] == 1
    assert adds_up(reading)


def test_a_mapping_can_be_moved_to_another_care_area(mapping: Callable[..., InfusionMapping], tmp_path: Path) -> None:
    """A file that names no care area is read for whichever library area the user says."""
    row = "05/01/2026 08:00;05/01/2026 10:00;1;2;mg/h;;;70;new;main"
    reading = read_items(tmp_path, mapping().in_care_area("ward"), row)
    assert reading.infusions[0].care_area == "ward"
    bad = read_items(tmp_path, mapping(), row.replace("05/01/2026 08:00", "2026-01-05 08:00"))
    assert "a time written as %d/%m/%Y %H:%M" in str(bad.problems[0])


@pytest.mark.parametrize(
    "old, new, message",
    [
        ('format = "openinfusion-infusion-mapping"', 'format = "x"', "format: found 'x'"),
        ('name = "test"', "name = ", "Invalid value"),
        ("[csv]", "[cvs]", "unknown key 'cvs'"),
        ('start = "from"\n', "", "columns: found no start"),
        ('item = "item"', 'drug = "item"\nitem = "item"', "found drug and item"),
        ('item_table = "items.csv"', "", "the CSV file that lists the items"),
        ('item_table = "items.csv"', 'item_table = "../items.csv"', "a file in the same folder"),
        ('item_table = "items.csv"', "items = {}", "an inline table"),
        ('dose = "rate"\ndose_unit = "unit"\n', "", "no dose and no rate"),
        ('dose_unit = "unit"\n', "", "columns.dose: found no unit"),
        ("significant_digits = 6", "significant_digits = 1", "3 to 15"),
        ('blanks = ["-"]', 'optional = ["size"]', "found 'size'"),
        ('"mEq/h"', '"mEq/fortnight"', "unit_spellings.mEq./hour"),
        ('weight_unit = "kg"', 'weight_unit = "stone"', "constants.weight_unit"),
    ],
)
def test_a_wrong_mapping_names_its_key(
    mapping: Callable[..., InfusionMapping], old: str, new: str, message: str
) -> None:
    """One message with the place in the mapping, what stands there and what to write."""
    with pytest.raises(MappingError) as caught:
        mapping(old, new)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "items, message",
    [
        ("", "row 1"),
        ("item,drug\n", "item,label,drug,not_mapped,mmol_per_meq"),
        (ITEMS + "5,Both,drug,reason,\n", "row 7: found item '5'"),
        (ITEMS + "5,None,,,\n", "or why it has none"),
        (ITEMS + "1,Again,morphine,,\n", "item '1' again"),
        (ITEMS + "5,Short\n", "found 2 cells"),
        (ITEMS + "5,Half,drug,,half\n", "a plain decimal"),
        (ITEMS + "5,Nought,drug,,0\n", "above zero"),
    ],
)
def test_a_wrong_item_table_names_its_row(mapping: Callable[..., InfusionMapping], items: str, message: str) -> None:
    """Every item is a drug, or says why not."""
    with pytest.raises(MappingError) as caught:
        mapping(items=items)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "content, error, message",
    [
        (b"", TableError, "an empty file"),
        (b" \n ", TableError, "an empty file"),
        (b"start,end\n", TableError, "the column 'care_area'"),
        (HEADER.encode() + b",drug\n", TableError, "the column 'drug' twice"),
        (b"\xff\xfes\0t\0", EncodingError, "UTF-8"),
        (HEADER.encode() + b"\n\xe9", EncodingError, "byte 0xe9"),
        (HEADER.encode() + b"\n\0", TableError, "a zero byte"),
        (HEADER.encode() + b'\n"never closed', TableError, "damaged CSV"),
        (HEADER.encode() + b"\n" + b"9" * 200_000, TableError, "damaged CSV"),
    ],
)
def test_a_bad_file_gets_one_clear_error(
    tmp_path: Path, plain: InfusionMapping, content: bytes, error: type[OpenInfusionError], message: str
) -> None:
    """Never a traceback, never half a file."""
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(error) as caught:
        read_infusions(path, plain)
    assert message in str(caught.value)


def test_files_that_cannot_be_read_say_so(tmp_path: Path, plain: InfusionMapping) -> None:
    """An absent log, an absent mapping, a mapping in another code, a name that is not shipped."""
    with pytest.raises(FileAccessError):
        read_infusions(tmp_path / "absent.csv", plain)
    with pytest.raises(FileAccessError):
        load_infusion_mapping(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    with pytest.raises(MappingError, match="not UTF-8"):
        load_infusion_mapping(tmp_path / "latin.toml")
    with pytest.raises(MappingError, match="mimic-iii, plain, or a file"):
        shipped_infusion_mapping("absent")


def test_a_workbook_is_read_like_a_csv_file(tmp_path: Path, plain: InfusionMapping) -> None:
    """The first sheet, with the same mapping."""
    book = openpyxl.Workbook()
    for row in (HEADER, GOOD):
        book.worksheets[0].append(row.split(","))
    book.save(tmp_path / "log.xlsx")
    (one,) = read_infusions(tmp_path / "log.xlsx", plain).infusions
    assert str(one.dose) == "2 mg/h"


@pytest.mark.parametrize(
    "text, value",
    [
        ("1e-05", Fraction(1, 100_000)),
        ("2.5E+2", Fraction(250)),
        (".5", Fraction(1, 2)),
        ("+3", Fraction(3)),
        ("1.", Fraction(1)),
        ("0.1", Fraction(1, 10)),
    ],
)
def test_numbers_of_exports_are_read_exactly(text: str, value: Fraction) -> None:
    """Exponents and bare points occur in exports; no float comes between text and value."""
    assert read_number(text) == value


@pytest.mark.parametrize(
    "text", ["1e999", "1e1000000000", "1/3", "nan", "inf", "1,5", "٣", "0x10", "9" * 31, "1 2", ""]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    """Also an exponent that would fill the memory."""
    with pytest.raises(TableError):
        read_number(text)


@pytest.mark.parametrize(
    "value, shown",
    [
        ("199.999998", "200"),
        ("9.9999996", "10"),
        ("0.0748622337", "0.0748622"),
        ("0", "0"),
        ("-1.23456789", "-1.23457"),
    ],
)
def test_rounding_to_significant_digits(value: str, shown: str) -> None:
    """What a float of the source blurred becomes what was entered."""
    assert round_significant(Fraction(value), 6) == Fraction(shown)


@pytest.mark.parametrize("name", shipped_infusion_mappings())
def test_shipped_mappings_load(name: str) -> None:
    """Each is named as its file; each item of a table says which drug it is, or why it has none."""
    shipped = shipped_infusion_mapping(name)
    assert shipped.name == name
    assert all(bool(item.drug) is not bool(item.not_mapped) for item in shipped.items.values())
