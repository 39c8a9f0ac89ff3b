"""A file of orders: tables with their columns, messages one or many, and what in them cannot be read."""

from pathlib import Path

import openpyxl
import pytest

from openinfusion.adapters.orders_file import COLUMNS, read_orders
from openinfusion.adapters.orders_report import answer_words, groups_of, reconciliation_to_json
from openinfusion.core.errors import FileTooLargeError, SenderError, TableError
from openinfusion.core.library import Route
from openinfusion.core.order_reconciliation import Filed, Outcome, reconcile
from openinfusion.core.orders import Code, Field, Medication, OrderKind, PcaOrder, StepKind
from openinfusion.core.units import Quantity
from tests.order_words import LIBRARY, NOW
from tests.unit.hl7_orders.messages import DOPAMINE

Q = Quantity.read


def table(tmp_path: Path, *rows: dict[str, str], names: list[str] | None = None) -> Path:
    """A CSV of these rows; the columns are those that the rows use, unless said."""
    header = names or list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(header), *(",".join(f'"{row.get(name, "")}"' for name in header) for row in rows)]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


ROW = {
    "order_id": "RX-1",
    "drug_code": "108441005",
    "drug_code_system": "SCT",
    "drug_name": "dopamine",
    "care_area": "ward",
    "route": "intravenous central",
    "pump": "syringe pump",
    "secondary": "yes",
    "volume_ml": "250",
    "dose": "10",
    "dose_unit": "micrograms/kg/min",
    "duration_min": "90",
    "amount": "400",
    "amount_unit": "mg",
    "diluent_ml": "250",
    "weight_kg": "85.0",
    "height_cm": "170",
    "bsa_m2": "1.8",
    "therapy": "shock",
    "parent": "RX-0",
}


def unread(filed: Filed) -> list[tuple[int, Field]]:
    assert filed.order is not None
    return [(item.code, item.field) for item in filed.order.unread]


def test_a_row_is_an_order(tmp_path):
    """Every column has its place in the order; the row is named, the patient is not asked for."""
    (filed,) = read_orders(table(tmp_path, ROW))
    order = filed.order
    assert order is not None
    assert (filed.place, filed.care_area) == ("row 2", "ward")
    assert (order.id, order.kind, order.parent, order.therapy) == ("RX-1", OrderKind.NEW, "RX-0", "shock")
    assert order.medication == Medication((Code("108441005", "SCT"),), ("dopamine",))
    assert (order.route, order.device, order.secondary) == (Route.CENTRAL, "syringe pump", True)
    assert (order.weight, order.height, order.body_surface_area) == (Q("85 kg"), Q("170 cm"), Q("1.8 m2"))
    assert (order.first.volume, order.first.dose) == (Q("250 mL"), Q("10 micrograms/kg/min"))
    assert (order.first.duration, order.first.amount, order.first.diluent) == (Q("90 min"), Q("400 mg"), Q("250 mL"))
    assert order.unread == ()
    assert set(ROW) <= {column.name for column in COLUMNS}


def test_a_row_with_little_in_it_is_an_order_too(tmp_path):
    """What is missing is said by the answer; an order without a number is named by its row."""
    (filed,) = read_orders(table(tmp_path, {"drug_name": "saline", "rate_ml_per_h": "13.3"}))
    assert filed.order is not None
    assert (filed.order.id, filed.care_area) == ("row 2", None)
    assert filed.order.first.rate == Q("13.3 mL/h")
    (by_code,) = read_orders(table(tmp_path, {"drug_code": "1"}))
    assert by_code.order is not None
    assert by_code.order.medication == Medication((Code("1"),), ())


@pytest.mark.parametrize(
    "name, text, expected",
    [
        ("volume_ml", "2,5", (9004, Field.VOLUME)),
        ("volume_ml", "1e3", (9004, Field.VOLUME)),
        ("dose_unit", "furlongs", (9008, Field.RATE)),
        ("dose_unit", "", (9008, Field.RATE)),
        ("dose", "ten", (9004, Field.RATE)),
        ("kind", "recurring", (9004, Field.ORDER_TYPE)),
        ("route", "by hand", (9004, Field.ROUTE)),
        ("pump", "bicycle pump", (9004, Field.DEVICE)),
        ("secondary", "maybe", (9004, Field.METHOD)),
        ("steps", "three", (9004, Field.STEP)),
        ("step", "x", (9004, Field.STEP)),
        ("step_kind", "jump", (9004, Field.STEP)),
    ],
)
def test_a_cell_that_cannot_be_read_refuses_its_order(tmp_path, name, text, expected):
    """The rest of the file is read."""
    first, second = read_orders(table(tmp_path, {**ROW, name: text}, ROW))
    assert unread(first) == [expected]
    assert unread(second) == []


def test_rows_of_one_multistep_order_are_its_steps(tmp_path):
    """They must follow one another and share the number."""
    steps = [
        {"order_id": "RX-1", "kind": "multistep", "drug_name": "saline", "step": n, "steps": "2", "step_kind": kind}
        for n, kind in (("1", "loading-dose"), ("2", ""))
    ]
    first, other = read_orders(table(tmp_path, *steps, {**steps[0], "order_id": "RX-2"}))
    assert first.order is not None
    assert first.place == "rows 2 to 3"
    assert [(s.number, s.kind) for s in first.order.steps] == [(1, StepKind.LOADING), (2, StepKind.CONTINUOUS)]
    assert first.order.total_steps == 2
    assert other.place == "row 4"
    assert len(read_orders(table(tmp_path, *({**s, "order_id": ""} for s in steps)))) == 2


STEPS = [
    ROW | {"kind": "multistep", "order_id": "RX-1", "secondary": "", "duration_min": "", "parent": ""} | more
    for more in ({"step": "1", "steps": "2"}, {"step": "2", "steps": ""})
]


@pytest.mark.hazard("LC-01")
@pytest.mark.parametrize(
    "name, text, field",
    [
        ("drug_name", "morphine", Field.MEDICATION),
        ("drug_code", "73572009", Field.MEDICATION),
        ("care_area", "children", Field.STEP),
        ("therapy", "sedation", Field.STEP),
        ("route", "epidural", Field.ROUTE),
        ("pump", "large-volume pump", Field.DEVICE),
        ("secondary", "yes", Field.METHOD),
        ("weight_kg", "8.5", Field.WEIGHT),
        ("weight_kg", "abc", Field.WEIGHT),
        ("lockout_min", "5", Field.LOCKOUT),
        ("steps", "9", Field.STEP),
    ],
)
def test_a_further_step_that_says_another_thing_of_the_whole_order_refuses_it(tmp_path, name, text, field):
    """Another medicine, patient or pump in row 3 than in row 2: nobody knows which holds."""
    (filed,) = read_orders(table(tmp_path, STEPS[0], STEPS[1] | {name: text}))
    assert unread(filed) == [(9004, field)]
    (line,) = reconcile([filed], LIBRARY, at=NOW).lines
    assert not line.outcome.is_match
    assert f"{name} {text!r} in row 3" in answer_words(line)


def test_a_further_step_may_say_the_same_or_nothing(tmp_path):
    """The same number written otherwise, other capitals, or an empty cell."""
    silent = dict.fromkeys(("drug_code", "drug_name", "route", "pump", "weight_kg", "care_area"), "")
    for later in ({}, {"weight_kg": "85", "drug_name": "Dopamine", "steps": "2"}, silent):
        (filed,) = read_orders(table(tmp_path, STEPS[0], STEPS[1] | later))
        assert unread(filed) == []


def test_pca_is_told_by_its_columns(tmp_path):
    """The dose is that of the patient."""
    row = {"drug_name": "morphine", "dose": "1", "dose_unit": "mg", "lockout_min": "6", "dose_limit_h": "4"}
    (filed,) = read_orders(table(tmp_path, {**row, "dose_limit": "30", "dose_limit_unit": "mg"}))
    assert filed.order is not None
    expected = PcaOrder(demand=Q("1 mg"), lockout=Q("6 min"), dose_limit=Q("30 mg"), window=Q("4 h"))
    assert (filed.order.pca, filed.order.first.dose) == (expected, None)


@pytest.mark.parametrize(
    "content, words",
    [
        ("drug_name,wieght_kg\nx,1\n", "'wieght_kg'"),
        ("drug_name,drug_name\nx,1\n", "twice"),
        ("order_id\nx\n", "no medicine"),
        ("", "empty"),
    ],
)
def test_a_header_that_is_not_known_ends_the_reading(tmp_path, content, words):
    """A misspelt column would be a value that nobody asked about."""
    path = tmp_path / "orders.csv"
    path.write_text(content)
    with pytest.raises(TableError, match=words):
        read_orders(path)


def test_a_row_of_another_length_is_no_order(tmp_path):
    """It is named, and the rest is read."""
    path = tmp_path / "orders.csv"
    path.write_text("drug_name,volume_ml\nsaline\nsaline,5\n")
    bad, good = read_orders(path)
    assert (bad.order, bad.faults) == (None, ("1 cell; the header has 2",))
    assert good.order is not None


@pytest.mark.parametrize("frame", [(b"", b""), (b"\x0b", b"\x1c\r"), (b"", b"\n"), (b"\xef\xbb\xbf", b"\r\n\r\n")])
def test_messages_one_or_many(tmp_path, frame):
    """As a gateway stores them, or as an editor leaves them."""
    path = tmp_path / "orders.hl7"
    for count in (1, 3):
        path.write_bytes((frame[0] + DOPAMINE + frame[1]) * count)
        filed = read_orders(path)
        assert [one.place for one in filed] == [f"message {n + 1}" for n in range(count)]
        assert all(one.order is not None and one.order.id == "12345" for one in filed)


def test_a_message_that_is_no_order_is_named(tmp_path):
    """Damaged, or of another kind; the others are read."""
    path = tmp_path / "orders.hl7"
    other = DOPAMINE.replace(b"RGV^O15^RGV_O15", b"ORU^R42^ORU_R01").replace(b".1.6.1.3.1", b".1.6.4.10")
    path.write_bytes(DOPAMINE + other + b"MSH|" + b"x" * 70_000 + b"\r" + DOPAMINE)
    orders = read_orders(path)
    assert [one.order is not None for one in orders] == [True, False, False, True]
    assert orders[1].faults == ("Unsupported message type (MSH[1]-9)",)
    assert "longer" in orders[2].faults[0]


def test_a_table_that_speaks_of_msh_is_a_table(tmp_path):
    """Only a file that begins with a message is one of messages."""
    path = table(tmp_path, {"drug_name": "saline\nMSH|^~\\&|"})
    assert read_orders(path)[0].place == "row 2"
    damaged = tmp_path / "damaged.csv"
    damaged.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SenderError):
        read_orders(damaged)


def test_a_workbook_and_a_table_without_rows(tmp_path):
    """The first sheet is read as a table; no rows are no orders."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["drug_name", "volume_ml"])
    sheet.append(["saline", "500"])
    book.save(tmp_path / "orders.xlsx")
    (filed,) = read_orders(tmp_path / "orders.xlsx")
    assert filed.order is not None
    assert filed.order.first.volume == Q("500 mL")
    assert read_orders(table(tmp_path, names=["drug_name"])) == ()


def test_a_file_larger_than_any_is_not_read(tmp_path, monkeypatch):
    """Before a byte of it is parsed."""
    monkeypatch.setattr("openinfusion.adapters.orders_file.MAX_BYTES", 100)
    path = tmp_path / "orders.hl7"
    path.write_bytes(DOPAMINE)
    with pytest.raises(FileTooLargeError):
        read_orders(path)


def test_the_report_as_json_and_as_words(tmp_path):
    """Each order under its heading, with its answer; unreadable ones with their reason."""
    rows = [ROW | {"secondary": "", "therapy": "", "dose": "15.1", "duration_min": ""}, ROW, {**ROW, "drug_code": "?"}]
    filed = (*read_orders(table(tmp_path, *rows)), Filed("row 9", None, faults=("1 cells",)))
    made = reconcile(filed, LIBRARY, at=NOW)
    document = reconciliation_to_json(made)
    assert document["orders"] == 4
    assert document["all_matched"] is False
    assert document["lines"][0]["answer"]["accepted"] is True
    assert document["lines"][0]["answer"]["entry"] == "dopamine"
    assert document["lines"][1]["answer"]["errors"][0]["code"] == 9018
    assert document["lines"][3]["order"] is None
    words = [answer_words(line) for line in made.lines]
    assert words[0].startswith("accepted; the nurse confirms: dose 15.1 micrograms/kg/min is above the soft maximum")
    assert words[1].startswith("9018 ")
    assert words[3] == "1 cells"
    assert next(group.heading for group in groups_of(made)) == "matched"
    plain = reconcile(read_orders(table(tmp_path, rows[0] | {"dose": "10"})), LIBRARY, at=NOW)
    assert answer_words(plain.lines[0]) == "accepted"


PLAIN = ROW | dict.fromkeys(("secondary", "therapy", "duration_min", "parent"), "")


def told(tmp_path, *rows):
    """What is said of each row."""
    return reconcile(read_orders(table(tmp_path, *rows)), LIBRARY, at=NOW)


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"dose": "-50"}, "(dose): found -50 micrograms/kg/min; expected more than zero"),
        ({"dose": "", "dose_unit": "", "rate_ml_per_h": "0"}, "(rate_ml_per_h): found 0 mL/h; expected more than zero"),
        ({"weight_kg": "abc"}, "(weight_kg): found 'abc'; expected a plain decimal, as in 0.5"),
        ({"dose_unit": "furlongs"}, "(dose): found 'furlongs'"),
        ({"amount": ""}, "(amount"),
        (
            {"dose": "0", "volume_ml": "0"},
            "(volume_ml, dose): volume_ml: found 0 mL; expected more than zero; dose: found",
        ),
    ],
)
def test_an_answer_names_the_columns_of_the_table(tmp_path, changed, words):
    """A pharmacist with a spreadsheet has no RXG-15; of one field the name is said once."""
    made = told(tmp_path, PLAIN | changed)
    said = answer_words(made.lines[0])
    assert words in said
    for text in (said, str(reconciliation_to_json(made))):
        assert "RXG" not in text
        assert "OBX" not in text


def test_a_table_without_an_order_is_not_all_matched(tmp_path):
    made = reconcile(read_orders(table(tmp_path, names=["drug_name"])), LIBRARY, at=NOW)
    assert not made.is_all_matched


def test_two_orders_of_one_number_are_noted(tmp_path):
    """Also where both match: an answer to one would be taken for an answer to the other."""
    made = told(tmp_path, PLAIN, PLAIN | {"order_id": "RX-2"}, PLAIN | {"dose": "11"})
    notes = [line.notes for line in made.lines]
    assert notes == [
        ("number: row 4 has the same; each order needs its own",),
        (),
        ("number: row 2 has the same; each order needs its own",),
    ]


def test_a_code_and_a_name_of_two_medicines_are_told_as_that(tmp_path):
    """And never with the advice to make the one an alias of the other."""
    (line,) = told(tmp_path, PLAIN | {"drug_name": "fentanyl"}).lines
    assert line.outcome is Outcome.TWO_MEDICINES
    assert line.notes == ()
    assert "is dopamine; name 'fentanyl' is fentanyl" in answer_words(line)
    (unknown,) = told(tmp_path, PLAIN | {"drug_code": "", "drug_name": "dopamine 5%"}).lines
    assert "dopamine" in unknown.notes[0]


def test_how_many_would_be_refused_is_counted(tmp_path):
    made = told(tmp_path, PLAIN, PLAIN | {"order_id": "RX-2", "dose": "100"})
    assert (made.is_all_matched, made.refused, reconciliation_to_json(made)["refused"]) == (True, 1, 1)
