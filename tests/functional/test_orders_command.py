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
    command = [sys.executable, "-m", "openinfusion", "orders", "check", *arguments, "--library", LIBRARY]
    env = {**os.environ, "COLUMNS": "200"}
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
        "Matched, with other volumes",
        "NOT ALL MATCHED",
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


def test_an_area_that_the_library_lacks_is_the_operators_to_correct():
    """The message lists those that there are."""
    done = check(ORDERS, "--area", "surgery")
    assert done.returncode == 5
    assert "adult-ward" in done.stderr
