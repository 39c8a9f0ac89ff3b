"""`openinfusion agent` as whoever sets a pump up meets it, and as the conformance suite for TUF clients calls it."""

import contextlib
import fcntl
import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler
from io import StringIO
from pathlib import Path

import pytest

from openinfusion.cli import main
from openinfusion.fleet.report import read_report
from tests.fleet_attacker import HOST, Mirror, served
from tests.fleet_desk import HOSPITAL, PROFILE, Desk, small_library

pytestmark = pytest.mark.allow_hosts([HOST])
ROOT = Path(__file__).resolve().parents[2]
TARGET = f"pharmacy/{HOSPITAL}/{PROFILE}/1.json"


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments, cwd):
    """Run a command as its process does, from the words of its line to its exit code, but in this process."""
    out, err, code = StringIO(), StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(cwd), redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["openinfusion", "agent", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path / "stick")
    made.release(small_library())
    made.assign("bench", 1)
    return made


@pytest.fixture
def pump(tmp_path, desk):
    """A pump that was set up."""
    told = f"init pump --pump urn:pump:example:0001 --model m --hospital {HOSPITAL} --profile {PROFILE} --trees stick"
    done = run(*shlex.split(told), "--library", ROOT / "examples/trust/library-1.0.0.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "the server must know pump/key.pub" in done.stdout
    assert (tmp_path / "pump" / "key.pub").exists()
    return tmp_path / "pump"


def test_from_a_stick_to_the_library_in_force(tmp_path, pump):
    done = run("run", "pump", "--stick", "stick", cwd=tmp_path)
    assert done.stdout.splitlines() == ["update: staged, release 1", "library: waits, release 1"], done.stderr
    assert run("activate", "pump", cwd=tmp_path).stdout == "library: activated, release 1\n"

    told = json.loads(run("status", "pump", "--json", cwd=tmp_path).stdout)
    assert (told["in force"]["number"], told["previous"]["number"], told["never_below"]) == (1, 0, 1)
    status = run("status", "pump", cwd=tmp_path)
    assert (status.returncode, status.stdout.count("  whole")) == (0, 2)
    (report,) = (tmp_path / "stick" / "pumps").rglob("report-*.json")
    staged = read_report(report.read_bytes())[0].staged
    assert staged is not None
    assert staged.number == 1


def test_it_says_what_it_refuses_and_why(tmp_path, pump, desk):
    mirror = Mirror(desk, tmp_path / "old")
    desk.refresh()
    run("run", "pump", "--stick", "stick", cwd=tmp_path)
    done = run("run", "pump", "--stick", "old", "--json", cwd=tmp_path)

    assert json.loads(done.stdout)["update"]["refusal"]["code"] == "metadata-rolled-back"
    assert "refused last: metadata-rolled-back" in run("status", "pump", cwd=tmp_path).stdout
    assert mirror.folder.exists()


def test_a_pump_in_use_keeps_its_library(tmp_path, pump):
    run("run", "pump", "--stick", "stick", cwd=tmp_path)
    with (pump / "in-use").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run("activate", "pump", cwd=tmp_path).stdout.startswith("library: waits")


def test_one_agent_alone_works_in_a_home(tmp_path, pump):
    with (pump / "agent.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run("run", "pump", "--stick", "stick", cwd=tmp_path)
        assert done.returncode == 5
        assert "another agent" in done.stderr
        assert run("activate", "pump", cwd=tmp_path).stdout == "the agent that runs there was told\n"
    assert (pump / "fresh").exists()


def test_the_process_goes_on_without_a_server_until_it_is_told_to_end(tmp_path, pump):
    command = [sys.executable, "-m", "openinfusion", "agent", "run", "pump", "--server", f"http://{HOST}:9"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 1, "by its last poll"
    assert lines[0].startswith("update: refused (no-answer)")
    assert lines[1].startswith("to do: See to the network")
    assert lines[2] == "library: nothing new, release 0\n"
    assert lines[3].startswith("report: ")


@pytest.mark.parametrize(
    "arguments",
    ["run nowhere --stick stick", "run pump", "run pump --stick stick --server http://127.0.0.1:9", "status nowhere"],
)
def test_what_cannot_be_done_is_said_in_words(tmp_path, pump, arguments):
    done = run(*arguments.split(), cwd=tmp_path)

    assert done.returncode == 5
    assert "Traceback" not in done.stderr


def test_a_pump_is_set_up_once(tmp_path, pump):
    key = (pump / "key.pem").read_bytes()
    told = f"init pump --pump urn:pump:example:0002 --model m --hospital {HOSPITAL} --profile {PROFILE} --trees stick"
    assert (
        run(*shlex.split(told), "--library", ROOT / "examples/trust/library-1.0.0.json", cwd=tmp_path).returncode == 5
    )
    assert (pump / "key.pem").read_bytes() == key
    assert (pump / "key.pem").stat().st_mode & 0o077 == 0


# --- What is damaged, and what a server says --------------------------------------------------------------------------


def test_status_hashes_the_slots_and_says_which_is_damaged_and_how(tmp_path, pump):
    run("run", "pump", "--stick", "stick", cwd=tmp_path)
    run("activate", "pump", cwd=tmp_path)
    (pump / "slots" / "b" / "library.json").write_bytes(b"bits rot")
    label = json.loads((pump / "slots" / "b" / "label.json").read_bytes())

    done = run("status", "pump", cwd=tmp_path)
    found, expected = (
        hashlib.sha256(b"bits rot").hexdigest()[:12],
        f"{label['length']:,} bytes of {label['sha256'][:12]}",
    )
    assert done.returncode == 1
    assert f"damaged: slot b, release 1: found library.json: 8 bytes, {found}; expected the {expected}\n" in done.stdout
    told = run("status", "pump", "--json", cwd=tmp_path)
    assert told.returncode == 1
    assert [one["where"] for one in json.loads(told.stdout)["damage"]] == ["slot b, release 1"]


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("slots/a/label.json", "label.json: No such file"),
        ("slots/a/library.json", "library.json: No such file"),
        ("slots/switch.json", "switch.json: found No such file"),
        ("key.pem", "key.pem: found No such file"),
    ],
)
def test_status_says_what_is_gone(tmp_path, pump, file, found):
    (pump / file).unlink()
    done = run("status", "pump", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, "")
    assert found in done.stdout


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"", "an empty file"), (b"\0" * 400, "400 bytes of nothing"), (b'{"epoch":', "9 bytes that cannot be read")],
)
def test_a_damaged_memory_is_named_and_never_guessed(tmp_path, pump, content, found):
    (pump / "memory.json").write_bytes(content)
    for command in ("status pump", "run pump --stick stick"):
        done = run(*command.split(), cwd=tmp_path)
        assert (done.returncode, done.stderr) == (1, "")
        assert f"pump/memory.json: found {found}" in done.stdout
        assert "counts its reports anew" in done.stdout
    assert run("status", "pump", cwd=tmp_path).returncode == 0, "it was told, and begun anew"


def test_damage_that_a_poll_finds_is_shown(tmp_path, pump):
    run("run", "pump", "--stick", "stick", cwd=tmp_path)
    (pump / "slots" / "b" / "library.json").write_bytes(b"bits rot")
    done = run("run", "pump", "--stick", "stick", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stdout.splitlines()[:2][0] == "update: staged, release 1"
    assert done.stdout.splitlines()[1].startswith(
        "damaged (slot-damaged): slot b, release 1: found library.json: 8 bytes"
    )
    assert done.stdout.splitlines()[2].startswith("to do: Have the disk of the pump tested")


def test_a_library_that_gives_way_at_the_start_is_shown(tmp_path, pump):
    run("run", "pump", "--stick", "stick", cwd=tmp_path)
    run("activate", "pump", cwd=tmp_path)
    (pump / "slots" / "b" / "library.json").write_bytes(b"bits rot")
    done = run("run", "pump", "--stick", "stick", "--json", cwd=tmp_path)

    told = json.loads(done.stdout)["start"]
    assert done.returncode == 1
    assert told["refusal"]["code"] == "slot-damaged"
    assert "release 0 of the other slot passed its self-test and is in force" in told["refusal"]["words"]


class Says(SimpleHTTPRequestHandler):
    """A server that answers every report alike."""

    status, answer = 503, b""

    def log_message(self, format, *args):  # noqa: A002 - the name is that of the library
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)


REFUSED = b'{"refused": {"where": "TLS", "found": "no certificate", "expected": "one of ours"}}'
JUDGED = (
    b'{"nonce": "n", "poll_seconds": 60, "ring": "bench", "findings": [{"code": "c", "words": "a counter that fell"}]}'
)


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (
            401,
            REFUSED,
            "(401: it does not know who asks: see the certificate of this pump (--certificate)); it says: TLS",
        ),
        (403, REFUSED, "(403: it does not let whoever asks speak for this pump); it says: TLS: found no certificate"),
        (404, b"<html>", "(404: it does not know this pump, or is no server of pumps); it gives no reason"),
        (503, REFUSED, "(503: it takes nothing at present; the agent comes again); it says: TLS: found no certificate"),
        (418, b"\xff" * 9, "(418: it does not answer as a server of pumps does); it gives no reason"),
        (409, JUDGED, "report: the server did not accept it: a counter that fell"),
        (409, b"[" * 60_000, "report: the server did not accept it: it gives no reason"),
        (200, b"hello", "report: the server's answer is not one of a server of pumps"),
    ],
)
def test_a_report_that_is_not_taken_is_told_with_the_reason_of_the_server(tmp_path, pump, status, answer, said):
    with served(tmp_path, type("Server", (Says,), {"status": status, "answer": answer})) as base:
        done = run("run", "pump", "--server", base, "--once", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, "")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("report: ")][:1]
    assert said in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("run pump --stick nowhere", "nowhere: found nothing"),
        ("run pump --stick pump/key.pub", "pump/key.pub: found a file"),
        ("run pump --stick pump", "pump: found no folder releases/metadata"),
        ("run pump/key.pub --stick stick", "pump/key.pub: found no pump.json"),
        ("status stick", "stick: found no pump.json; expected the folder of a pump that 'agent init' set up"),
        ("run pump --server fleet.example", "--server: found 'fleet.example'"),
        ("run pump --server https://127.0.0.1:9 --ca nowhere.pem", "nowhere.pem: found No such file"),
    ],
)
def test_what_is_of_the_wrong_kind_is_named(tmp_path, pump, arguments, said):
    done = run(*arguments.split(), cwd=tmp_path)

    assert (done.returncode, done.stdout) == (5, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"--pump": "pump 1"}, "found 'pump 1'; expected urn:pump:"),
        ({"--trees": "nowhere"}, "nowhere: found nothing"),
        ({"--trees": "stick/releases"}, "stick/releases: found no folder releases/metadata"),
        ({"--trees": "junk"}, "junk/releases/metadata/1.root.json: found an empty, damaged or foreign file"),
        ({"--hospital": "St E"}, "hospital: found 'St E'"),
        ({"--library": "stick"}, "stick: found a folder"),
        ({"--time-key": "junk/releases/metadata/1.root.json"}, "expected an Ed25519 public key"),
    ],
)
def test_a_pump_is_not_set_up_by_halves(tmp_path, desk, change, said):
    for name in ("releases", "director"):
        (tmp_path / "junk" / name / "metadata").mkdir(parents=True)
        (tmp_path / "junk" / name / "metadata" / "1.root.json").write_bytes(b"hello")
    usual = {"--pump": "urn:pump:example:1", "--model": "m", "--hospital": HOSPITAL, "--profile": PROFILE}
    files = {"--trees": "stick", "--library": str(ROOT / "examples/trust/library-1.0.0.json")}
    done = run("init", "new", *(word for pair in (usual | files | change).items() for word in pair), cwd=tmp_path)

    assert done.returncode in (4, 5)
    assert said in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (
            "director/metadata/timestamp.json",
            None,
            "director, timestamp.json: found no file 'director/metadata/timestamp",
        ),
        ("director/metadata/timestamp.json", b"", "director, timestamp.json: found an empty, damaged or foreign file"),
        (
            "releases/metadata/timestamp.json",
            b"hello",
            "releases, timestamp.json: found an empty, damaged or foreign file",
        ),
        (
            "releases/metadata/timestamp.json",
            b"[]",
            "releases, timestamp.json: found an empty, damaged or foreign file",
        ),
    ],
)
def test_a_file_of_a_stick_that_cannot_be_used_is_named(tmp_path, pump, file, content, said):
    (tmp_path / "stick" / file).unlink()
    if content is not None:
        (tmp_path / "stick" / file).write_bytes(content)
    done = run("run", "pump", "--stick", "stick", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, "")
    assert said in done.stdout
    assert "\nto do: " in done.stdout


# --- The protocol of the conformance suite ----------------------------------------------------------------------------


class Client:
    """The agent as a client of one repository, called as the suite calls it."""

    def __init__(self, folder, root):
        self.folder = folder
        (folder / "initial_root.json").write_bytes(root)
        (folder / "metadata").mkdir()
        assert self._call("--metadata-dir", "metadata", "init", "initial_root.json") == 0

    def _call(self, *arguments):
        self.done = run("tuf", *arguments, cwd=self.folder)
        assert "Traceback" not in self.done.stderr
        return self.done.returncode

    def refresh(self, base):
        return self._call("--metadata-url", f"{base}/releases/metadata", "--metadata-dir", "metadata", "refresh")

    def download(self, base, target=TARGET):
        places = ("--metadata-url", f"{base}/releases/metadata", "--metadata-dir", "metadata")
        targets = ("--target-base-url", f"{base}/releases/targets", "--target-dir", "targets")
        return self._call(*places, "--target-name", target, *targets, "download")

    def downloaded(self):
        return [path.read_bytes() for path in (self.folder / "targets").rglob("*") if path.is_file()]


@pytest.fixture
def client(tmp_path, desk):
    (tmp_path / "client").mkdir()
    return Client(tmp_path / "client", desk.trusted_roots()["releases"])


def test_the_suite_finds_metadata_under_names_without_version_and_the_target(client, desk):
    """The next root answers 404; it asks for nothing that it has."""
    with served(desk.authority.folder) as base:
        assert client.refresh(base) == 0
        names = {path.name for path in (client.folder / "metadata").iterdir()}
        assert {"root.json", "timestamp.json", "snapshot.json", "targets.json"} <= names
        for _ in range(2):
            assert client.download(base) == 0
            assert client.downloaded() == [desk.library(1)]
        assert client.download(base, "pharmacy/other.json") == 1


def test_the_suite_sees_a_rollback_refused(client, desk, tmp_path):
    old = Mirror(desk, tmp_path / "old")
    desk.refresh()
    with served(desk.authority.folder) as base:
        assert client.refresh(base) == 0
    with served(old.folder) as base:
        assert client.refresh(base) == 1
    assert "must be >=" in client.done.stderr


def test_the_suite_sees_expired_metadata_refused(tmp_path):
    old = Desk(tmp_path / "stick", at=datetime.now(UTC) - timedelta(days=8))
    old.release(small_library())
    (tmp_path / "client").mkdir()
    client = Client(tmp_path / "client", old.trusted_roots()["releases"])
    with served(old.authority.folder) as base:
        assert client.refresh(base) == 1
    assert "expired" in client.done.stderr


def test_the_suite_sees_a_wrong_hash_refused_and_nothing_written(client, desk, tmp_path):
    evil = Mirror(desk, tmp_path / "evil")
    evil.library_file(1).write_bytes(b"x" * evil.listed(1).length)
    with served(evil.folder) as base:
        assert client.download(base) == 1
    assert not list((client.folder / "targets").iterdir())


def test_the_suite_sees_new_roots_followed_one_by_one(client, desk):
    for _ in range(3):
        desk.change_trust(desk.trust)
    with served(desk.authority.folder) as base:
        assert client.download(base) == 0
    root = json.loads((client.folder / "metadata" / "root.json").read_bytes())
    assert root["signed"]["version"] == 4
