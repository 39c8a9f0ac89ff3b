"""`openinfusion ask`, as somebody at a terminal sees it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openinfusion.cli.app import app
from openinfusion.core.errors import OperatorError, TableError
from openinfusion.lake.drug_list import read_drugs
from openinfusion.lake.questions import QUESTIONS
from tests.integration.lake_logs import record, take_in, write_log


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two infusions: one with the library in the ICU, one in basic mode, nobody knows where."""
    folder = tmp_path_factory.mktemp("asked")
    started = {"kind": "started", "category": "medicine", "drug": "KCl"}
    records = [
        record(1, infusion="i1", with_library=True, care_area="icu", **started),
        record(2, infusion="i2", with_library=False, **started),
    ]
    take_in(folder / "lake", write_log(folder / "log.jsonl", records))
    return folder / "lake"


def ask(*words: str) -> str:
    """What the command prints."""
    done = CliRunner().invoke(app, ["ask", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_question_is_listed():
    """With its name, as text and for machines."""
    assert [one["id"] for one in json.loads(ask("--list", "--json"))] == list(QUESTIONS)
    assert all(name in ask("--list") for name in QUESTIONS)


def test_an_answer_is_printed_with_its_definition_and_counts(lake: Path):
    told = ask("basic-mode", str(lake), "--by", "care_area")

    assert QUESTIONS["basic-mode"].definition in told
    rows = [line.split() for line in told.splitlines()[-3:-1]]
    assert rows[0] == ["icu", "0.0", "%", "0", "1", "1", "of", "1", "0", "of", "1"]
    assert rows[1] == ["not", "known", "100.0", "%", "1", "1", "1", "of", "1", "1", "of", "1"]
    assert told.splitlines()[-1] == "Not for clinical use."


def test_an_answer_for_machines(lake: Path, tmp_path: Path):
    """JSON and CSV have every column; a week is a date, and what is not known is null."""
    told = json.loads(ask("override-rate", str(lake), "--json"))
    assert told["question"]["id"] == "override-rate"
    assert told["rows"][0] | {"numerator": 0, "denominator": 0, "value": None} == told["rows"][0]

    weekly = json.loads(ask("basic-mode", str(lake), "--by", "week", "--json"))
    assert [row["week"] for row in weekly["rows"]] == ["2026-01-26"]

    ask("basic-mode", str(lake), "--csv", str(tmp_path / "answer.csv"))
    assert (tmp_path / "answer.csv").read_text("utf-8").splitlines()[1].startswith("1,2,0.5,")


def test_registers_are_taken_along(lake: Path, tmp_path: Path):
    pumps = tmp_path / "pumps.csv"
    pumps.write_text("organisation,pump,in_service_from\ntrust,pump-1,2026-01-01\ntrust,pump-9,2026-01-01\n", "utf-8")

    told = json.loads(ask("log-coverage", str(lake), "--register", str(pumps), "--json"))

    row = told["rows"][0]
    assert (row["numerator"], row["denominator"], row["unmapped"], row["unmapped_of"]) == (1, 2, 1, 2)


@pytest.mark.parametrize("words", [(), ("nonsense",), ("basic-mode",), ("basic-mode", "/absent")])
def test_what_is_missing_is_named(words: tuple[str, ...]):
    with pytest.raises(OperatorError, match=r"QUESTION|LAKE|/absent"):
        ask(*words)


def test_a_list_of_drugs_is_read(tmp_path: Path):
    path = tmp_path / "drugs.csv"
    path.write_text("organisation,drug,high_alert\ntrust,KCl,yes\ntrust,saline,no\n", "utf-8")
    assert read_drugs(path).rows() == [("trust", "KCl", True), ("trust", "saline", False)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("organisation,drug\ntrust,KCl\n", "no column high_alert"),
        ("organisation,drug,high_alert\ntrust,KCl,maybe\n", "row 2, high_alert: found 'maybe'; expected yes or no"),
        ("organisation,drug,high_alert\ntrust,,yes\n", "row 2, drug: found nothing"),
        ("", "no table"),
    ],
)
def test_a_faulty_list_of_drugs_names_the_place(tmp_path: Path, text: str, message: str):
    path = tmp_path / "drugs.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(TableError, match=message):
        read_drugs(path)
