"""`openinfusion fhir` as a user meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOG = "examples/events/every-kind.jsonl"
OTHER = "examples/fhir/from-another-system.json"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "openinfusion", "fhir", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("release", ["R4", "R5"])
def test_a_log_is_written_and_read_back_without_a_flag(tmp_path, release):
    out = tmp_path / "log.fhir.json"
    assert run("write", LOG, "--release", release, "--out", str(out)).returncode == 0
    done = run("read", str(out))
    assert done.returncode == 0
    assert f"FHIR {release}" in done.stdout
    assert "5.4 mL/h" in done.stdout
    assert "Flagged" not in done.stdout


def test_the_faults_of_another_system_are_flagged_with_their_place():
    done = run("read", OTHER)
    assert done.returncode == 1
    assert "Bundle.entry[2].resource.dosage.rateQuantity" in done.stdout
    assert "THE VALUE IS NOT USED" in done.stdout


def test_json_is_for_machines():
    found = json.loads(run("read", OTHER, "--json").stdout)
    assert found["administrations"][0]["rate"] == {"value": "5.4", "unit": "mL/h", "shown": "5.4 mL/h"}
    assert {one["flag"] for one in found["flagged"]} == {"unit-unfit", "units-disagree"}


def test_a_draft_goes_to_the_screen_and_says_that_it_was_not_sent():
    done = run("draft", LOG, "SP-0417-000009", "SP-0417-000010")
    assert done.returncode == 0
    assert json.loads(done.stdout)["entry"][0]["resource"]["resourceType"] == "AdverseEvent"
    assert "not sent" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (("draft", LOG, "nowhere"), 5, "'nowhere'"),
        (("read", "README.md"), 4, "README.md"),
        (("read", "nowhere.json"), 5, "nowhere.json"),
        (("write", "README.md"), 4, "README.md"),
        (("write", LOG, "--out", "/nowhere/at/all.json"), 5, "/nowhere/at/all.json"),
    ],
)
def test_a_mistake_gets_one_message_and_the_code_of_who_must_act(arguments, code, words):
    done = run(*arguments)
    assert done.returncode == code
    assert words in " ".join(done.stderr.split())
    assert done.stderr.count("Error") == 1
    assert "Traceback" not in done.stderr


def test_a_log_with_slips_is_written_without_them_and_ends_with_one(tmp_path):
    done = run("write", "examples/events/with-slips.jsonl", "--out", str(tmp_path / "x.json"))
    assert done.returncode == 1
    assert "cannot be read" in done.stderr


def test_no_other_command_loads_the_models():
    code = (
        "import sys, openinfusion.cli.app; print([m for m in sys.modules if m.split('.')[0] in ('fhir', 'pydantic')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
