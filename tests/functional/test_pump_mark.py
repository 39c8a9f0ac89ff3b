"""`openinfusion pump mark`: a log is marked as the played run was; another log, two pumps, no file: in words."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openinfusion.cli.app import app
from openinfusion.core.errors import OperatorError, SenderError
from openinfusion.pump.scenarios import find_scenario

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(*arguments):
    return CliRunner().invoke(app, ["pump", *map(str, arguments)])


def played(tmp_path, name):
    log = tmp_path / "log.jsonl"
    run("play", "S02", "--run", name, "--libraries", EXAMPLES / "trust", "--events", log)
    return log


def test_a_log_is_marked_by_the_rule_of_its_scenario(tmp_path):
    made = run("mark", "S02", played(tmp_path, "trapped"))
    assert made.exit_code == 1
    assert "The run is not passed." in made.output


def test_what_an_assessor_saw_is_ticked_and_what_flowed_on_is_counted(tmp_path):
    """The played run passes: 51 minutes, and a behaviour that no pump sees."""
    log = played(tmp_path, "right")
    seen = [part for behaviour in find_scenario("S02").behaviours for part in ("--observed", behaviour.name)]
    assert run("mark", "S02", log, "--ended", "51 min").exit_code == 1
    assert run("mark", "S02", log, *seen).exit_code == 1
    made = run("mark", "S02", log, *seen, "--ended", "51 min")
    assert (made.exit_code, "The run is passed." in made.output) == (0, True), made.output


def test_records_of_two_pumps_are_no_log_of_one(tmp_path):
    log = played(tmp_path, "right")
    lines = log.read_text("utf-8").splitlines()
    other = json.loads(lines[-1]) | {"pump": "another", "event_id": "another-1"}
    log.write_text("\n".join([*lines, json.dumps(other)]) + "\n", "utf-8")
    with pytest.raises(SenderError, match="records of 2 pumps; expected the records of one pump"):
        raise run("mark", "S02", log).exception


def test_a_log_that_is_not_there_is_said(tmp_path):
    with pytest.raises(OperatorError, match="nowhere"):
        raise run("mark", "S02", tmp_path / "nowhere.jsonl").exception
