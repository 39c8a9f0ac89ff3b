"""`openinfusion orders check` as a pharmacist meets it: a real process, its words and its exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.unit.hl7_orders.messages import DOPAMINE

ROOT = Path(__file__).resolve().parents[2]
ORDERS = "examples/trust/orders.csv"
LIBRARY = "examples/trust/library-1.1.0.json"


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "openinfusion", "orders", "check", "--library", LIBRARY, *arguments]
    env = {**os.environ, "COLUMNS": "500"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_the_example_shows_every_kind_of_mismatch():
    """Each reason has its heading; what is near, and what differs in volume, is told."""
    done = check(ORDERS)
    assert done.returncode == 1, done.stderr
    for words in (
        "25 orders against Example trust library",
        "medicine not in the library",
        "medicine not in this care area",
        "another strength",
        "another route",
        "more diluent than the library: overfill?",
        "less diluent than the library",
        "dose or rate in another unit",
        "cannot be judged",
        "9024 Drug library hard limit exceeded",
        "the name holds 'meropenem'",
        "Matched, with something to look at",
        "NOT ALL MATCHED; 2 WOULD BE REFUSED",
        "Not for clinical use.",
    ):
        assert words in done.stdout, words


def test_the_same_as_json():
    """Counts, and one line an order."""
    document = json.loads(check(ORDERS, "--json").stdout)
    assert document["orders"] == 25
    assert document["counts"]["matched"] == 12
    assert sum(document["counts"].values()) == 25


def test_orders_that_all_match_end_with_zero(tmp_path):
    """Also where the care area comes from the command."""
    lines = (ROOT / ORDERS).read_text().splitlines()
    path = tmp_path / "matched.csv"
    path.write_text("\n".join(line.replace("Adult critical care A: general", "") for line in lines[:4]) + "\n")
    done = check(str(path), "--area", "Adult critical care A: general")
    assert done.returncode == 0, done.stdout
    assert "ALL MATCHED" in done.stdout


def test_messages_are_checked_without_showing_a_patient(tmp_path):
    """The dopamine of IHE's example is for a large-volume pump, and here it is given by syringe."""
    path = tmp_path / "orders.hl7"
    path.write_bytes(DOPAMINE)
    done = check(str(path))
    assert done.returncode == 1
    assert "not offered by this pump (large-volume pump)" in done.stdout
    assert "98765" not in done.stdout
    assert "Doe" not in done.stdout


def test_a_table_without_an_order_and_a_layout_that_is_not_known_are_told(tmp_path):
    """The message names the option that this command has."""
    path = tmp_path / "orders.csv"
    path.write_text("drug_name\n")
    done = check(str(path))
    assert (done.returncode, "NO ORDER" in done.stdout) == (1, True)
    done = check(ORDERS, "--library", ORDERS)
    assert done.returncode == 4
    assert "expected --library-mapping with one of" in " ".join(done.stderr.split())


def test_an_area_that_the_library_lacks_is_the_operators_to_correct():
    """The message lists those that there are."""
    done = check(ORDERS, "--area", "surgery")
    assert done.returncode == 5
    assert "adult-ward" in done.stderr


def try_out(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the try-out in a process of its own."""
    command = [sys.executable, "-m", "openinfusion", "orders", "try", "examples/gateway/orders.hl7", *arguments]
    env = {**os.environ, "COLUMNS": "500"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_the_try_out_shows_both_answers_the_nurse_and_the_pump(tmp_path: Path):
    """Six orders: a new one, a soft limit, a hard limit, a bolus, a second pump, and a pump that infuses already."""
    log = tmp_path / "events.jsonl"
    done = try_out("--library", LIBRARY, "--events", str(log))
    assert done.returncode == 1, done.stderr
    for words in (
        "acknowledged   CA",
        "reply          AA",
        "for bedside    dose 350 micrograms/h is above the soft maximum",
        "SOFT LIMIT: dose 350 micrograms/h",
        "AR; 9024 Drug library hard limit exceeded: dose 700 micrograms/h",
        "AR; 9002 Infuser/channel is currently infusing",
        "pump shows     fentaNYL: infusing",
        "Not for clinical use.",
    ):
        assert words in done.stdout
    assert '"kind":"bolus"' in log.read_text().replace(" ", "")


def test_the_try_out_for_machines_with_another_nurse():
    done = try_out("--library", LIBRARY, "--nurse", "refuses", "--json")
    rows = json.loads(done.stdout)
    assert [row["acknowledged"] for row in rows] == ["CA"] * 6
    assert rows[0]["errors"] == ["9023 Program rejected by user"]
    assert {row["code"] for row in rows} == {"AR"}
    stale = json.loads(try_out("--library", LIBRARY, "--as-sent", "--json").stdout)
    assert {row["errors"][0][:4] for row in stale} <= {"9022", "9004"}


def test_the_try_out_takes_the_bench_of_settings_and_says_what_is_wrong():
    assert json.loads(try_out("--config", "examples/gateway/bench.toml", "--json").stdout)[0]["code"] == "AA"
    for arguments, words in (
        (("--config", "examples/gateway/gateway.toml"), "found no [orders]"),
        ((), "found no library"),
        (("--library", LIBRARY, "--nurse", "sleeps"), "'confirms', 'refuses', 'waits'"),
        (("--library", LIBRARY, "--area", "moon"), "found 'moon'"),
    ):
        done = try_out(*arguments)
        assert done.returncode not in (0, 1, 70)
        assert words in " ".join(done.stderr.split())


def test_what_would_get_no_reply_of_its_own_is_refused_before_anything_is_sent(tmp_path):
    """A report among the orders, and two orders under one number: said with place, and not waited for."""
    one = (ROOT / "examples/gateway/orders.hl7").read_bytes().replace(b"\n", b"\r")
    report = (ROOT / "examples/gateway/messages.hl7").read_bytes()
    twice = one.replace(b"EX-2|", b"EX-1|", 1)
    for content, words in ((report, "MSH-9: found 'ORU"), (twice, "MSH-10: found 'EX-1' again")):
        path = tmp_path / "messages.hl7"
        path.write_bytes(content)
        command = [sys.executable, "-m", "openinfusion", "orders", "try", str(path), "--library", LIBRARY]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode not in (0, 1)
        assert words in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr
