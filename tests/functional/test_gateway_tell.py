"""`openinfusion gateway write|send|events|replay` as somebody with a log and no pump meets them."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOG = "examples/events/every-kind.jsonl"


def run(*arguments: object, code: int = 0) -> str:
    command = [sys.executable, "-m", "openinfusion", "gateway", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def records(text):
    return {one["event_id"]: one for one in map(json.loads, text.splitlines()) if "event_id" in one}


def test_a_log_goes_out_as_messages_and_comes_back_as_the_same_records(tmp_path):
    """Also the pump and the reports that say nothing new."""
    assert "records are" in run("write", LOG, tmp_path / "m.hl7", "--reports")
    assert b"|P|2.6" not in (tmp_path / "m.hl7").read_bytes()
    run("try", tmp_path / "m.hl7", "--store", tmp_path / "s.db")
    ours = records((ROOT / LOG).read_text())
    theirs = records(run("events", tmp_path / "s.db", "--json", "--limit", 1000))
    assert ours.keys() == theirs.keys()
    assert all(
        theirs[name]["kind"] == one["kind"] and theirs[name]["pump"] == one["pump"] for name, one in ours.items()
    )


def test_replay_takes_its_lake_from_the_settings(tmp_path):
    run("try", "examples/gateway/messages.hl7", "--store", tmp_path / "s.db")
    settings = tmp_path / "gateway.toml"
    settings.write_text(
        """
        listeners = [{}]
        [store]
        path = "s.db"
        [lake]
        folder = "lake"
        organisation = "Example Trust"
        purpose = "example"
        """
    )
    assert "3 events told" in run("replay", "--config", settings)
    assert (tmp_path / "lake" / "lake.json").exists()
    assert "expected STORE LAKE --organisation NAME" in " ".join(run("replay", tmp_path / "s.db", code=5).split())


def test_a_zone_that_is_none_is_refused(tmp_path):
    run("try", "examples/gateway/messages.hl7", "--store", tmp_path / "s.db")
    assert "Europe/London" in run("events", tmp_path / "s.db", "--zone", "Mars/Base", code=5)


def test_a_library_that_a_pump_names_in_part_is_shown_without_what_it_left_out(tmp_path):
    """The example pump tells a version only; one pump is a pump."""
    run("try", "examples/gateway/messages.hl7", "--store", tmp_path / "s.db")
    events = run("events", tmp_path / "s.db")
    assert "Example adult 1.1.0" in events
    assert "not told" not in events
    assert "1 pump. What a pump claims" in run("pumps", tmp_path / "s.db")
