"""`openinfusion events` as its users meet it."""

import gzip
import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from openinfusion.adapters.events import read_events
from openinfusion.cli import main
from tests.event_records import EVERY_KIND, HEADER_LINE, WITH_SLIPS, example_records

MIB = 2**20


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["openinfusion", "events", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return run


def test_a_clean_log_has_no_violation(run):
    code, out, _ = run("validate", EVERY_KIND)
    assert code == 0
    assert "No violation. 36 lines read: 36 accepted, 0 rejected" in out
    assert "1 pump, 30-Mar-2026" in out
    assert re.search(r"programmed +2\n", out)


def test_every_violation_has_line_path_finding_and_expectation(run):
    """And a summary, with what this version does not know."""
    code, out, _ = run("validate", WITH_SLIPS)
    assert code == 1
    assert re.search(r"line 3 +programme\.dose\.value +found a number; expected a decimal as text in quotes", out)
    assert "8 violations in 4 lines. 6 lines read: 1 accepted, 4 rejected, 1 of unknown kinds kept, 0 blank" in out
    assert re.search(r"door_opened +1\n", out)
    assert re.search(r"door +1\n", out)


def test_most_bounds_what_is_shown_not_what_is_counted(run):
    _, out, _ = run("validate", WITH_SLIPS, "--most", 2)
    assert out.count("\nline ") == 2
    assert "... and 6 more; --most 0 shows all." in out
    assert "8 violations" in out


def test_json_is_one_document(run):
    code, out, _ = run("validate", WITH_SLIPS, "--json", "--most", "3")
    made = json.loads(out)
    assert code == 1
    assert made["header"]["organisation"] == "example-trust"
    assert [one["line"] for one in made["violations"]] == [3, 3, 4]
    assert set(made["violations"][0]) == {"line", "event_id", "path", "found", "expected"}
    assert made["summary"]["lines_read"] == 6
    assert made["summary"]["unknown_kinds"] == {"door_opened": 1}
    assert made["summary"]["unknown_fields"] == {"door": 1}
    code, out, _ = run("validate", EVERY_KIND, "--json")
    assert (code, json.loads(out)["violations"]) == (0, [])


def test_a_file_that_is_no_log_ends_in_one_message(run, tmp_path):
    (tmp_path / "x").write_text("hello")
    for arguments in (
        ("validate", tmp_path / "x"),
        ("show", tmp_path / "x"),
        ("convert", tmp_path / "x", tmp_path / "y.jsonl"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (4, "")
        assert err.count("Error  ") == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "x"]


def test_convert_and_back_gives_the_same_bytes(run, tmp_path):
    for name in ("a.parquet", "b.jsonl.zst", "c.jsonl.gz", "d.jsonl"):
        source = max(tmp_path.iterdir(), default=EVERY_KIND)
        assert run("convert", source, tmp_path / name)[0] == 0
    assert (tmp_path / "d.jsonl").read_bytes() == EVERY_KIND.read_bytes()


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_strip_leaves_nothing_private(run, tmp_path, suffix):
    """Neither the fields that are known, nor unknown ones in the same object, nor what did not fit."""
    base = example_records()[0]
    records = [
        {**base, "private": {"patient": "secret", "bed": "secret"}},
        {**base, "private": {"patient": "secret", "mother": "secret"}, "new": 1},
        {**base, "kind": "door_opened", "private": {"patient": ["secret"]}},
        {**base, "kind": "door_opened", "private": "secret"},
    ]
    log, out = tmp_path / "log.jsonl", tmp_path / f"out{suffix}"
    log.write_text("\n".join((HEADER_LINE, *map(json.dumps, records))))
    assert run("convert", log, out, "--strip")[0] == 0
    assert b"secret" not in out.read_bytes()
    assert [line.event is not None for line in read_events(out)] == [True, True, False, False]
    (second,) = [line.event for line in read_events(out) if line.event][1:]
    assert second.extra == {"new": 1}


def test_what_cannot_be_converted_is_said(run, tmp_path):
    """The other records are written, and the exit code tells."""
    code, _, err = run("convert", WITH_SLIPS, tmp_path / "out.parquet")
    assert code == 1
    assert "line 6" in err
    assert "wrote 2 records" in err
    assert "4 lines rejected" in err
    assert len(list(read_events(tmp_path / "out.parquet"))) == 2


def test_damage_is_a_violation_of_the_line_where_it_begins(run, tmp_path):
    log = tmp_path / "log.jsonl.gz"
    log.write_bytes(gzip.compress(EVERY_KIND.read_bytes())[:-9])
    code, out, _ = run("validate", log)
    assert code == 1
    assert re.search(r"line \d+ +\$ +found gzip data that ends too early; expected the whole file", out)
    assert re.search(r"\d+ lines? read: \d+ accepted, 1 rejected", out)


def test_show_tells_the_story_in_words(run):
    code, out, _ = run("show", EVERY_KIND)
    assert code == 0
    assert len(out.splitlines()) == len(example_records())
    assert (
        "30-Mar-2026 08:02:51  SP-0417  alert: dose 0.8 micrograms/kg/min is above the soft maximum of"
        " 0.5 micrograms/kg/min\n"
    ) in out
    assert "30-Mar-2026 08:02:25  SP-0417  syringe of 50 mL put in\n" in out
    assert "dose of noradrenaline ended; delivered 0.25 mL\n" in out
    assert "a demand dose of morphine was refused (reason: lockout)\n" in out
    assert "completed noradrenaline; delivered 1,464 micrograms, 18.3 mL, 214.3 min\n" in out


def test_show_can_keep_to_one_infusion(run):
    _, out, _ = run("show", EVERY_KIND, "--infusion", "417-89")
    assert [line.split("  ")[2].split()[0] for line in out.splitlines()] == ["loading", "dose", "next", "stopped"]
    assert run("show", EVERY_KIND, "--pump", "other")[1] == ""
    assert len(run("show", EVERY_KIND, "--pump", "SP-0417")[1].splitlines()) == len(example_records())
    _, out, err = run("show", WITH_SLIPS)
    assert len(out.splitlines()) == 2
    assert "4 lines cannot be read" in err


def peak_memory(*arguments: object, standard_input: Path | None = None) -> int:
    """The most memory that one run of the command took, in bytes."""
    code = (
        "import resource, sys; from openinfusion.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "events", *map(str, arguments)]
    with (standard_input or Path("/dev/null")).open("rb") as file:
        ended = subprocess.run(command, check=True, capture_output=True, text=True, stdin=file)
    return int(ended.stderr.split()[-1]) * (1024 if sys.platform == "linux" else 1)


@pytest.mark.skipif(not hasattr(resource, "getrusage"), reason="never: only Unix tells the peak of memory")
def test_memory_does_not_grow_with_the_log(tmp_path):
    """Ten times the rows, faulty ones among them, through a pipe, take no noticeably more memory."""
    small, large = tmp_path / "small.jsonl", tmp_path / "large.jsonl"
    lines = [*map(json.dumps, example_records()), '{"event_id": "x"}']
    for path, times in ((small, 250), (large, 2500)):
        with path.open("w") as file:
            file.write(HEADER_LINE + "\n")
            for _ in range(times):
                file.write("\n".join(lines) + "\n")
    assert large.stat().st_size > 40 * MIB
    least = peak_memory("validate", small)
    assert peak_memory("validate", "-", "--json", "--most", "0", standard_input=large) - least < 32 * MIB
