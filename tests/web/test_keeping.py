"""Copies of a place: whole, taken while it is used, and read back, with an audit record in which no byte changed."""

import shutil
import sqlite3
import tarfile
from contextlib import closing

import pytest

from openinfusion.core.errors import OperatorError
from openinfusion.web import keeping, serving
from openinfusion.web.place import read_place
from tests.web.commands import last_line, run

pytestmark = pytest.mark.xdist_group("place")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A place with a few rows in its audit record, made by the commands themselves in a process of their own."""
    folder = tmp_path_factory.mktemp("made") / "place"
    for words in (
        ["init", folder],
        ["add-person", folder, "ann@example.org", "Ann Adams", "clinical_informatics", "Test Trust"],
        ["add-person", folder, "bo@example.org", "Bo Brown", "reader", "Test Trust"],
    ):
        done = run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    (folder / "files").mkdir()
    (folder / "files" / "export.xlsx").write_bytes(b"an upload")
    return folder


@pytest.fixture
def place(made, tmp_path):
    return shutil.copytree(made, tmp_path / "place")


def test_a_copy_comes_back_as_it_was(place, tmp_path):
    """Every row, the settings and the files; its audit record is verified against what was printed."""
    copy, again = tmp_path / "copy.tar.gz", tmp_path / "again"
    written = run("backup", place, copy)
    assert written.returncode == 0, written.stderr
    assert copy.stat().st_mode & 0o077 == 0
    done = run("restore", copy, again)
    assert done.returncode == 0, done.stdout + done.stderr
    assert last_line(done) == last_line(written)
    assert keeping._look_at(again / "web.sqlite3") == keeping._look_at(place / "web.sqlite3")
    assert (again / "files" / "export.xlsx").read_bytes() == b"an upload"
    assert run("verify-audit", again, "--anchor", last_line(written)).returncode == 0


@pytest.mark.parametrize("with_key", [False, True])
def test_the_secret_key_is_copied_only_when_asked_for(place, tmp_path, with_key):
    """A copy that lies about elsewhere lets nobody sign a session."""
    copy = tmp_path / "copy.tar.gz"
    keeping.backup(place, copy, with_key=with_key)
    with tarfile.open(copy) as archive:
        assert ("secret.key" in archive.getnames()) is with_key
    keeping.restore(copy, tmp_path / "again")
    assert (tmp_path / "again" / "secret.key").exists() is with_key


def test_a_copy_is_whole_while_somebody_writes(place, tmp_path):
    """What was not yet told as done is not in it."""
    with closing(sqlite3.connect(place / "web.sqlite3", isolation_level=None)) as other:
        (held,) = other.execute("SELECT count(*) FROM accounts_heldduty").fetchone()
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM accounts_heldduty")
        made = keeping.backup(place, tmp_path / "copy.tar.gz", with_key=False)
        other.execute("ROLLBACK")
    assert made.rows["accounts_heldduty"] == held > 0


def test_a_damaged_copy_is_refused(place, tmp_path):
    """Cut short, or of something else; the folder stays untouched."""
    copy = tmp_path / "copy.tar.gz"
    keeping.backup(place, copy, with_key=False)
    whole = copy.read_bytes()
    for content in (whole[: len(whole) // 2], b"no archive", b""):
        copy.write_bytes(content)
        with pytest.raises(OperatorError, match="a copy by web backup"):
            keeping.restore(copy, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_nothing_is_written_over(place, tmp_path):
    """Neither a file by a copy, nor a place by an older one."""
    copy = tmp_path / "copy.tar.gz"
    keeping.backup(place, copy, with_key=False)
    with pytest.raises(OperatorError, match="free"):
        keeping.backup(place, copy, with_key=False)
    with pytest.raises(OperatorError, match="in use"):
        keeping.restore(copy, place)
    with pytest.raises(OperatorError, match="no database"):
        keeping.backup(tmp_path / "nowhere", tmp_path / "other.tar.gz", with_key=False)


def test_a_changed_audit_record_ends_with_1_and_the_first_row(place):
    """As the command that a trust runs each night."""
    with closing(sqlite3.connect(place / "web.sqlite3")) as database:
        database.execute("DROP TRIGGER audit_no_UPDATE")
        database.execute("UPDATE audit_auditrow SET actor = '2' WHERE seq = 2")
        database.commit()
    done = run("verify-audit", place)
    assert done.returncode == 1
    assert "record 2: its bytes were changed" in done.stdout


def test_the_first_person_sets_a_password_by_a_link(made):
    """It is printed, since there may be no mail yet; a second time the duty is refused."""
    again = run("add-person", made, "cy@example.org", "Cy Clark", "reader", "Test Trust")
    assert again.returncode == 0, again.stderr
    assert "http://localhost:8000/account/password/reset/key/" in again.stdout.replace("\n", "")
    twice = run("add-person", made, "cy@example.org", "Cy Clark", "reader", "Test Trust")
    assert twice.returncode != 0
    assert "which they hold" in twice.stderr + twice.stdout


def test_an_example_is_made_in_a_new_folder_only(place):
    """Passwords that everybody knows never come into a place that is in use."""
    done = run("init", place, "--example")
    assert done.returncode == 5
    assert "no example" in done.stderr + done.stdout


def test_an_example_is_served_to_this_machine_alone(tmp_path):
    """At no address that others reach, by whatever setting."""
    (tmp_path / "web.toml").write_text("example = true\n")
    with pytest.raises(OperatorError, match="everybody knows"):
        serving.serve(tmp_path, host="0.0.0.0", port=1, workers=1)  # noqa: S104 - it is refused
    (tmp_path / "web.toml").write_text('example = true\norigin = "https://pumps.example.org"\n')
    with pytest.raises(OperatorError, match="everybody knows"):
        read_place(tmp_path)
