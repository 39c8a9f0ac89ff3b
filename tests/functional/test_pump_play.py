"""The command that plays a scenario: told, marked, listed, laid side by side, written."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openinfusion.adapters.events import read_events
from openinfusion.cli.app import app
from openinfusion.cli.pump_play import tell
from openinfusion.core.errors import OperatorError
from openinfusion.pump.scenarios import find_scenario, play

TRUST = Path(__file__).resolve().parents[2] / "examples" / "trust"


def run(*words):
    return CliRunner().invoke(app, ["pump", "play", *words])


def expected(name):
    return [pattern.kind.value for pattern in find_scenario(name).runs[0].expected]


@pytest.mark.parametrize(("name", "code", "says"), [("right", 0, "is passed"), ("trapped", 1, "is not passed")])
def test_the_exit_code_says_whether_the_run_passed(name, code, says):
    done = run("S12", "--run", name, "--libraries", str(TRUST))
    assert done.exit_code == code
    assert says in done.output
    assert "not for clinical use" in done.output


def test_a_run_is_told_moment_by_moment():
    """Who did what, the screen as a box, what was noted, what was truly given."""
    text = "\n".join(tell(play(find_scenario("incident-1"), "2018", libraries=TRUST)))
    for words in (
        "nurse: keys 100 micrograms for “amount of drug”",
        "│ SOFT LIMIT",
        "19:01:16  the pump: by itself",
        "* alarm: empty",
        "!! ALARM: empty",
        "truly given so far: 2,500 micrograms",
    ):
        assert words in text, words


def test_the_first_run_is_played_unless_another_is_named():
    assert "Run 'right'" in run("s06", "--libraries", str(TRUST)).output


def test_scenarios_are_listed():
    listed = run("--list").output
    assert all(f"S{number:02d}" in listed for number in range(1, 17))
    assert len(json.loads(run("--list", "--json").output)) == 19


def test_json_holds_frames_and_marks():
    told = json.loads(run("S01", "--json", "--libraries", str(TRUST)).output)
    assert told["passed"] is True
    assert told["not_for_clinical_use"] is True
    assert told["frames"][-1]["given"] == {"value": "21.6", "unit": "mg"}
    kinds = [event["kind"] for frame in told["frames"] for event in frame["events"]]
    assert kinds == expected("S01")


def test_the_log_of_a_run_is_marked_as_training(tmp_path):
    path = tmp_path / "run.jsonl"
    assert run("S06", "--libraries", str(TRUST), "--events", str(path)).exit_code == 0
    reader = read_events(path)
    assert reader.header.purpose == "training"
    assert [line.event.kind.value for line in reader if line.event] == expected("S06")


def test_two_runs_are_laid_side_by_side():
    told = run("incident-1", "--compare", "--libraries", str(TRUST))
    assert told.exit_code == 0
    for words in ("2018: 1.0.0", "mended: 1.1.0", "the pump beeps", "now:", "then:", "600 micrograms"):
        assert words in told.output, words


def test_a_scenario_must_be_named():
    assert isinstance(run().exception, OperatorError)


def test_goal_traps_and_rule_are_told_before_the_run():
    told = run("S10", "--libraries", str(TRUST)).output
    places = [told.index(words) for words in ("Goal: ", "Trap: ", "Passed when:", "  - truly given: ", "┌")]
    assert places == sorted(places)


def test_two_runs_are_chosen_by_the_comparison_itself():
    error = run("incident-1", "--compare", "--run", "2018").exception
    assert isinstance(error, OperatorError)
    assert "--run" in str(error)


def test_a_place_that_cannot_be_written_is_told_before_playing(tmp_path):
    done = run("S06", "--libraries", str(TRUST), "--events", str(tmp_path / "nowhere" / "run.jsonl"))
    assert done.exit_code != 0
    assert "Run 'right'" not in done.output
