"""The command line as a user meets it: real processes, their output and exit codes."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cli_page
import pytest
from typer.testing import CliRunner

from openinfusion.cli.app import app
from tests.fleet_desk import Desk, small_library
from tests.functional.fleet_steps import prepare

ROOT = Path(__file__).resolve().parents[2]
FAULTY = "examples/trust/library-1.0.0.json"
MENDED = "examples/trust/library-1.1.0.json"
EXPORT = "examples/trust/vendor-export-2018.xlsx"
INFUSIONS = "examples/trust/infusions.csv"
NORADRENALINE = "adult-critical-care-a-general--noradrenaline--continuous--single-strength--4-mg-in-50-ml"


def run(
    *arguments: str, cwd: Path = ROOT, env: dict[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "openinfusion", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "500", **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_without_arguments_the_help_is_shown():
    done = run()
    assert "library" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_review_finds_the_fault_of_november_2018_and_says_why():
    done = run("library", "check", FAULTY, "--on", "2026-11-23")
    assert done.returncode == 1
    assert "C01 fentanyl" in done.stdout
    assert "Why  In November 2018" in done.stdout
    assert "Not for clinical use." in done.stdout


def test_review_of_the_mended_library_finds_no_error():
    assert run("library", "check", MENDED, "--on", "2026-11-23").returncode == 0


def test_review_as_json_is_for_machines():
    done = run("library", "check", FAULTY, "--on", "2026-11-23", "--json")
    found = json.loads(done.stdout)
    assert {"rule", "severity", "message", "place", "reason", "source", "hazard"} <= set(found["findings"][0])
    assert any(f["rule"] == "C01" for f in found["findings"])


def test_a_vendor_spreadsheet_is_reviewed_without_naming_its_layout():
    done = run("library", "check", EXPORT, "--json")
    assert done.returncode == 1
    assert any(f["rule"] == "C01" for f in json.loads(done.stdout)["findings"])


def test_thresholds_and_acceptances_come_from_files(tmp_path):
    strict = tmp_path / "thresholds.toml"
    strict.write_text('name_length = 70\nhard_max_over_usual = "100"\n')
    accepted = tmp_path / "accepted.toml"
    accepted.write_text(
        '[[accepted]]\nrule = "L12"\nitem = "nothing"\nreason = "example"\nby = "pharmacist"\nuntil = 2027-01-01\n'
    )
    done = run(
        "library", "check", MENDED, "--on", "2026-11-23", "--thresholds", str(strict), "--accepted", str(accepted)
    )
    assert "N08" not in done.stdout
    assert "Acceptance matches nothing: L12 nothing" in done.stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nonsense = 1\n", "found 'nonsense'"),
        ("hard_max_over_usual = 0\n", "more than zero"),
        ("[", "TOML"),
        ("a = " + "[" * 5000 + "]" * 5000, "recursion"),
        ("a = " + "9" * 5000, "4300 digits"),
    ],
    ids=["unknown", "zero", "cut", "deep", "long"],
)
def test_a_wrong_threshold_is_named(tmp_path, text, expected):
    path = tmp_path / "thresholds.toml"
    path.write_text(text)
    done = run("library", "check", MENDED, "--thresholds", str(path))
    assert done.returncode == 3
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_show_names_the_identity_and_every_care_area():
    done = run("library", "show", MENDED)
    assert re.search(r"Identity sha256:[0-9a-f]{64}", done.stdout)
    assert "Neonatal unit" in done.stdout


def test_show_lists_a_drug_and_draws_an_entry():
    listed = run("library", "show", MENDED, "--drug", "noradrenaline").stdout
    assert "4 mg in 50 mL" in listed
    assert NORADRENALINE in listed
    one = run("library", "show", MENDED, "--entry", NORADRENALINE).stdout
    assert "█" in one
    assert "micrograms/kg/min" in one


def test_show_as_json_is_the_entries():
    shown = json.loads(run("library", "show", MENDED, "--area", "neonatal", "--json").stdout)
    assert {entry["care_area"] for entry in shown["entries"]} == {"neonatal-unit"}


def test_convert_to_the_plain_layout_and_back_keeps_every_entry(tmp_path):
    table, back = tmp_path / "library.xlsx", tmp_path / "library.json"
    assert run("library", "convert", MENDED, str(table), "--to-mapping", "plain").returncode == 0
    assert run("library", "convert", str(table), str(back), "--mapping", "plain").returncode == 0
    before, after = json.loads((ROOT / MENDED).read_text()), json.loads(back.read_text())
    limits = [{e["id"]: (e.get("dose"), e.get("bolus"), e.get("rate")) for e in d["entries"]} for d in (before, after)]
    assert limits[0] == limits[1]


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_a_difference_is_written_in_three_forms(tmp_path, form):
    path = tmp_path / "difference"
    done = run("library", "diff", FAULTY, MENDED, "--format", form, "--output", str(path))
    assert done.returncode == 1
    text = path.read_text()
    assert "concentration fixed" in text.lower()
    assert "2.5 mg in 50 mL" in text
    if form == "json":
        assert json.loads(text)["counts"]["concentration fixed"] == 3
    if form == "html":
        assert "<script" not in text
        assert not re.search(r"(src|href)\s*=", text)


def test_a_mapping_that_reads_nothing_is_no_clean_bill_of_health():
    done = run("library", "check", EXPORT, "--mapping", "baxter")
    assert done.returncode == 4
    assert "another --mapping" in " ".join(done.stderr.split())


def test_a_row_that_cannot_be_read_is_never_passed_over(tmp_path):
    """Limits out of order in one row: the row is out of the library, and every command says so by its exit code."""
    table = tmp_path / "plain.csv"
    run("library", "convert", MENDED, str(table), "--to-mapping", "plain")
    lines = table.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    broken = [line.replace(",0.3,", ",1000000,") if "noradrenaline" in line else line for line in lines]
    assert broken != lines
    table.write_text("".join(broken), encoding="utf-8")
    check = run("library", "check", str(table), "--mapping", "plain")
    assert check.returncode == 1
    assert "NOT reviewed" in check.stdout
    convert = run("library", "convert", str(table), str(tmp_path / "l.json"), "--mapping", "plain")
    assert convert.returncode == 1
    assert "NOT in it" in convert.stdout


def test_a_name_that_nothing_matches_is_an_error_with_a_hint():
    done = run("library", "show", MENDED, "--drug", "noradenaline")
    assert done.returncode == 3
    assert "noradrenaline" in done.stderr


def test_a_library_does_not_differ_from_itself():
    done = run("library", "diff", MENDED, MENDED)
    assert done.returncode == 0
    assert "0 changes" in done.stdout


@pytest.mark.hazard("LC-05")
def test_read_back_finds_the_typing_errors_of_the_export():
    """A zero too many and a digit lost, planted in the vendor's export; HSIB 2020, 5.52."""
    done = run("library", "read-back", FAULTY, EXPORT, "--mapping", "alaris", "--json")
    assert done.returncode == 1
    found = {(d["drug"], d["field"], d["exported"]) for d in json.loads(done.stdout)["differences"]}
    assert found == {
        ("dopamine", "dose.hard_max", "360 micrograms/kg/min"),
        ("dopamine", "dose.soft_max", "8 micrograms/kg/min"),
    }


def test_injection_scores_a_library():
    done = run("library", "inject", MENDED)
    assert done.returncode == 0
    assert "10 times the usual dose" in done.stdout


@pytest.mark.parametrize(
    ("dose", "word", "code"),
    [
        ("0.1 micrograms/kg/min", "ACCEPT", 0),
        ("0.1 mcg/kg/min", "ACCEPT", 0),
        ("5 micrograms/kg/min", "CONFIRM", 10),
        ("500 micrograms/kg/min", "REFUSE", 11),
    ],
)
def test_one_programme_is_checked(dose, word, code):
    done = run("check", MENDED, "--entry", NORADRENALINE, "--dose", dose, "--weight", "70 kg")
    assert word in done.stdout
    assert done.returncode == code


def test_a_missing_weight_refuses_and_says_so():
    done = run("check", MENDED, "--entry", NORADRENALINE, "--dose", "0.1 micrograms/kg/min")
    assert done.returncode == 11
    assert "weight: needed for this programme, and not entered" in done.stdout


def test_a_verdict_as_json_is_exact():
    done = run("check", MENDED, "--entry", NORADRENALINE, "--dose", "0.1 ug/kg/min", "--weight", "70 kg", "--json")
    assert json.loads(done.stdout)["derived"]["rate"] == {"value": "5.25", "unit": "mL/h"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["check", MENDED], "both, or --stream"),
        (["check", MENDED, "--entry", "noradrenalin"], "--entry"),
        (["check", MENDED, "--entry", NORADRENALINE, "--dose", ".1 mg/h"], "--dose"),
        (["check", MENDED, "--entry", NORADRENALINE, "--dose", "1 MU/h"], "milliunits or units in full"),
        (["library", "show", "nowhere.json"], "nowhere.json"),
        (["library", "show", "examples"], "a folder"),
        (["library", "show", MENDED, "--entry", "x"], "--drug lists them"),
        (["library", "check", INFUSIONS], "--mapping"),
        (["library", "check", EXPORT, "--mapping", "nonsense"], "alaris"),
        (["library", "check", MENDED, "--on", "yesterday"], "2026-11-23"),
        (["replay", MENDED, INFUSIONS, "--mapping", "nonsense"], "mimic-iii"),
        (["replay", MENDED, EXPORT], "vendor-export-2018.xlsx"),
        (["demo", "--examples", "nowhere"], "no such folder"),
        (["demo", "--examples", "nowhere"], "--examples says where it is"),
        (["pump", "fleet", "year", "--examples", "nowhere"], "--examples says where it is"),
        (["pump", "play", "incident-1", "--libraries", "nowhere"], "--libraries"),
        (["library", "convert", MENDED, "/nowhere/at/all.json"], "/nowhere/at/all.json"),
    ],
)
def test_a_mistake_gets_one_message_and_no_traceback(arguments, expected):
    done = run(*arguments)
    assert done.returncode in (3, 4, 5)
    assert expected in " ".join(done.stderr.split())
    assert done.stderr.count("Error") == 1
    assert "Traceback" not in done.stderr


def test_a_fault_of_our_own_is_a_message_too(tmp_path):
    """Whatever raises, the user reads a sentence; the details are one variable away."""
    code = "import openinfusion.cli.app as a; a.app = lambda: 1 / 0; a.main()"
    quiet = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert quiet.returncode == 70
    assert "Traceback" not in quiet.stderr
    assert "OPENINFUSION_DEBUG=1" in quiet.stderr
    env = {**os.environ, "OPENINFUSION_DEBUG": "1"}
    loud = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert "ZeroDivisionError" in loud.stderr


def test_replay_counts_add_up_and_the_report_is_written(tmp_path):
    report = tmp_path / "report.html"
    done = run("replay", FAULTY, INFUSIONS, "--against", MENDED, "--html", str(report), "--json")
    assert done.returncode == 0
    result = json.loads(done.stdout)
    whole = result["all"]
    assert result["read"]["rows"] == result["read"]["infusions"] + sum(result["read"]["left_out"].values())
    assert whole["infusions"] == whole["checked"] + whole["ambiguous"] + whole["not_checked"]
    assert whole["with_alert"] == whole["soft"] + whole["hard"]
    assert "<svg" in report.read_text()


def test_piped_output_is_plain_text():
    done = run("library", "show", MENDED, "--drug", "fentanyl")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_pipe_of_another_encoding_gets_utf8(encoding):
    """A redirected stream of Windows has no sign for a number line."""
    done = subprocess.run(
        [sys.executable, "-m", "openinfusion", "library", "show", MENDED, "--entry", NORADRENALINE],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\u2550" in done.stdout.decode()


@pytest.mark.hazard("IT-04")
def test_a_stream_that_is_not_utf8_spoils_one_line_only():
    done = subprocess.run(
        [sys.executable, "-m", "openinfusion", "check", "--stream"],
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        input=b"\xff\nnot json\n",
        capture_output=True,
        check=False,
        timeout=120,
    )
    errors = [json.loads(line)["error"]["class"] for line in done.stdout.splitlines()]
    assert errors == ["EncodingError", "SyntaxFault"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_no_fault_of_ours():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "openinfusion", "library", "show", MENDED],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=120,
        )
    assert done.returncode == 5
    assert b"No space left on device" in done.stderr


@pytest.mark.hazard("IT-04")
def test_a_name_cannot_act_on_the_terminal(tmp_path):
    """An escape would clear the screen, a change of direction would turn the digits of a limit round."""
    path = tmp_path / "library.json"
    document = json.loads((ROOT / MENDED).read_bytes())
    document["drugs"][0]["name"] = "mor\x1b[2Jphine\u202e"
    for entry in document["entries"]:
        entry["drug"] = document["drugs"][0]["id"]
    path.write_text(json.dumps(document))
    for arguments in (["library", "show", "--drug", "mor"], ["library", "check", "--limit", "0"]):
        done = run(*arguments, str(path))
        assert "phine" in done.stdout
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout


def test_the_stream_answers_each_line_and_goes_on_after_a_bad_one():
    programme = {
        "care_area": "adult-critical-care-a-general",
        "entry": NORADRENALINE,
        "mode": "continuous",
        "dose": {"value": "0.1", "unit": "ug/kg/min"},
        "weight": {"value": "70", "unit": "kg"},
    }
    lines = [json.dumps({"id": "1", "library": MENDED, "programme": programme}), "not json"]
    done = run("check", "--stream", stdin="\n".join(lines))
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["decision"] == "accept"
    assert "error" in second


def test_the_demo_runs_from_spreadsheet_to_report(tmp_path):
    report = tmp_path / "report.html"
    done = run(
        "demo",
        "--no-web",
        "--report",
        str(report),
        "--month",
        str(tmp_path / "month.html"),
        env={"OPENINFUSION_SHARED_DATA": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    for words in (
        "479 entries made",
        "C01 fentanyl",
        "12 mL of 12 mL left  600 micrograms    25 micrograms",
        "openinfusion pump play incident-1 --compare",
        "concentration fixed",
        "would have alerted on",
    ):
        assert words in done.stdout
    assert report.exists()


def test_every_command_is_documented():
    """The reference page lists each command; each argument and option says what it means."""
    page = (ROOT / "docs/reference/cli.md").read_text()
    for name, command in cli_page.commands():
        assert f"## openinfusion {name}\n" in page
        for parameter in command.params:
            assert parameter.name == "help" or getattr(parameter, "help", None), f"{name} {parameter.name}"


ELSEWHERE = ("gateway mllp", "gateway devices serve", "serve", "demo")
"""What serves runs until it is told to stop; that and the demo have tests of their own."""
ENDING = [pair for pair in cli_page.commands() if pair[0] not in ELSEWHERE]


def before(*words: str) -> None:
    """Do what comes before an example, in this process: of each example the command alone is a real one."""
    made = CliRunner().invoke(app, words)
    assert made.exit_code == 0, (words, made.output, made.exception)


@pytest.fixture(scope="module")
def web_place(tmp_path_factory):
    """The web application's folder of the example trust, to be copied."""
    folder = tmp_path_factory.mktemp("web") / "web-data"
    assert run("web", "init", str(folder), "--example").returncode == 0
    return folder


@pytest.mark.parametrize(("name", "command"), ENDING, ids=lambda value: str(value).replace(" ", "-")[:24])
def test_the_example_in_the_help_of_each_command_runs(name, command, tmp_path, monkeypatch, request):
    _, found, example = (command.help or "").partition("Example: openinfusion ")
    assert found, f"{name} has no example"
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    if " LAKE" in example and not example.startswith("lake ingest"):
        assert run("lake", "ingest", "LAKE", "examples/events/every-kind.jsonl", cwd=tmp_path).returncode == 0
    if "gateway" in example and " pump-messages.db" in example and "--store" not in example:
        filled = ("gateway", "try", "examples/gateway/messages.hl7", "--store", "pump-messages.db")
        assert run(*filled, cwd=tmp_path).returncode in (0, 1)
    if "devices/gateway.toml" in example:
        before("gateway", "devices", "init", "devices", "--trees", "../authority", "--name", "localhost")
    if name.removeprefix("gateway devices ") in ("offer", "cancel", "deny", "retire", "re-enrol", "history"):
        known = ("urn:pump:acme:1", "--line", "st-elsewhere/adult", "--config", "devices/gateway.toml")
        before("gateway", "devices", "pump", *known)
    if name.startswith("web ") and name != "web init":
        shutil.copytree(request.getfixturevalue("web_place"), "build/web-data")
    if name == "web restore":
        assert run("web", "backup", "build/web-data", "build/web-data.tar.gz", cwd=tmp_path).returncode == 0
    if name == "gateway devices take-stick":
        prepare("status", tmp_path)
        (tmp_path / "stick" / "pumps").mkdir(parents=True)
    if name.startswith("fleet "):
        prepare(name.removeprefix("fleet "), tmp_path)
    if name.startswith("agent"):
        _make_agent(tmp_path, with_home=name != "agent init")
    quick = ("--attempts", "1") if name == "gateway send" else ()  # nobody listens
    done = run(*shlex.split(example), *quick, cwd=tmp_path)
    assert done.returncode in (0, 1, 10, 11, 12), done.stderr
    assert "Error" not in done.stderr


def _make_agent(folder, *, with_home):
    """Make a stick with a release, and set a pump up that may take it."""
    desk = Desk(folder / "stick")
    desk.release(small_library())
    desk.assign("bench", 1)
    if with_home:
        told = "--pump urn:pump:example:0001 --model example-syringe --hospital st-elsewhere --profile adult"
        library = ("--library", "examples/trust/library-1.0.0.json", "--trees", "stick")
        before("agent", "init", "pump-1", *shlex.split(told), *library)
