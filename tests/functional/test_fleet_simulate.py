"""`openinfusion fleet simulate` as somebody with a plan and no pumps meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAN = "examples/fleet/rollout.toml"


def run(*arguments: object, code: int = 0) -> str:
    command = [sys.executable, "-m", "openinfusion", "fleet", "simulate", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_good_release_goes_through_and_every_decision_has_its_reason():
    told = json.loads(run(PLAN, "--pumps", 1000, "--days", 12, "--json"))
    assert told["halted"] == []
    assert told["decisions"][-1]["step"] == "done"
    assert all(reason["words"] for one in told["decisions"] for reason in one["reasons"])
    week = next(row for row in told["reached"] if row["hours"] == 168)
    assert week["proven"] + week["on_work_list"] == week["pumps"]
    assert told["unaccounted"] == 0
    words = run(PLAN, "--pumps", 1000, "--days", 12)
    assert "not for clinical use" in words
    assert "a second person must agree before quarter" in words


@pytest.mark.parametrize(
    "fault", [("--failing-percent", 4), ("--clinical-percent", 400), ("--reverting-per-day", 0.05)]
)
def test_a_bad_release_is_stopped_and_the_command_says_so(fault):
    words = run(PLAN, "--pumps", 1000, "--days", 12, *fault, code=1)
    assert "halt" in words
    assert "quarter  wait" not in words


def test_a_plan_with_a_fault_is_refused_with_its_place(tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text((ROOT / PLAN).read_text("utf-8").replace("percent = 25", "percent = 250"), "utf-8")
    assert "Expected `int` <= 100" in run(plan, code=3)
    assert "found" in run(tmp_path / "none.toml", code=5)
