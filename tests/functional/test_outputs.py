"""No command writes over a file that it reads."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from openinfusion.cli.app import app
from openinfusion.core.errors import FileAccessError

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = str(ROOT / "examples/trust/library-1.1.0.json")


@pytest.mark.parametrize(
    "command",
    [
        "fhir write IN --out OUT",
        "fhir draft IN SP-0417-000009 --out OUT",
        "gateway write IN OUT",
        "library convert IN OUT",
        "library convert LIBRARY OUT --to-mapping IN",
        "library diff IN LIBRARY -o OUT",
        "library diff LIBRARY IN -o OUT",
        "events convert IN OUT --strip",
        "events from-infusions IN OUT --organisation trust",
        "events from-infusions OTHER OUT --organisation trust --mapping IN",
        "replay IN OTHER --html OUT",
        "replay LIBRARY IN --html OUT",
        "replay LIBRARY OTHER --against IN --html OUT",
        "what-if LAKE IN --html OUT",
        "what-if LAKE LIBRARY --against IN --html OUT",
        "report LAKE --month 2026-03 --register IN --html OUT",
        "ask override-rate LAKE --drugs IN --csv OUT",
        "orders try IN --events OUT",
        "pump try IN --events OUT",
        "demo --examples FOLDER --report OUT",
        "demo --examples FOLDER --month OUT",
    ],
)
def test_a_file_that_is_read_is_not_written_over(tmp_path, command):
    """Also where the two names of one file differ; the message says what to do, and the file stays as it was."""
    file, linked = tmp_path / "file.jsonl", tmp_path / "link.jsonl"
    file.write_bytes(b"kept")
    linked.symlink_to(file)
    words = {"IN": str(file), "OUT": str(linked), "LIBRARY": LIBRARY, "FOLDER": str(tmp_path)}
    done = CliRunner().invoke(app, [words.get(word, word) for word in command.split()])
    assert isinstance(done.exception, FileAccessError)
    assert (
        str(done.exception)
        == f"{linked}: found the file that is read, which would be lost; expected another file to write"
    )
    assert file.read_bytes() == b"kept"


def test_a_file_that_is_not_there_yet_is_written(tmp_path):
    out = tmp_path / "log.fhir.json"
    log = str(ROOT / "examples/events/every-kind.jsonl")
    for _ in range(2):
        assert CliRunner().invoke(app, ["fhir", "write", log, "--out", str(out)]).exit_code == 0
    assert out.read_bytes().startswith(b"{")
