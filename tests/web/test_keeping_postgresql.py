"""Copies of a place on PostgreSQL: of one moment, while it is used, into an empty database, with words for faults."""

import shutil
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from openinfusion.core.errors import OperatorError
from openinfusion.web import keeping, keeping_postgresql
from openinfusion.web.postgresql import read_address
from tests.web.commands import last_line, run

pytestmark = pytest.mark.xdist_group("postgresql-place")
ADDRESS = "database.secret"
SPOKEN, WRITTEN = "a pass:w@rd", "a%20pass%3Aw%40rd"


@pytest.fixture(scope="module")
def empty(postgresql_server, tmp_path_factory):
    """Return a function that makes a folder whose settings name an empty database, reached with a password."""

    def made():
        folder = tmp_path_factory.mktemp("place")
        parts = read_address(postgresql_server.database(folder / ADDRESS))
        host, name = parts["host"], parts["dbname"]
        (folder / ADDRESS).write_text(f"postgresql://openinfusion:{WRITTEN}@/{name}?host={host}\n")
        (folder / "web.toml").write_text(f'database = "{ADDRESS}"\n')
        return folder

    return made


@pytest.fixture(scope="module")
def place(empty):
    """A place with a few rows in its audit record and an upload."""
    folder = empty()
    for words in (
        ["init", folder],
        ["add-person", folder, "ann@example.org", "Ann Adams", "clinical_informatics", "Test Trust"],
    ):
        done = run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    (folder / "files").mkdir()
    (folder / "files" / "export.xlsx").write_bytes(b"an upload")
    return folder


@contextmanager
def connected(folder):
    with psycopg.connect(make_conninfo(**read_address(folder / ADDRESS))) as connection:
        yield connection


def test_a_copy_comes_back_as_it_was(place, empty, tmp_path):
    """Every row and file; its audit record is verified against what was printed, and still refuses changes."""
    copy, again = tmp_path / "copy.tar.gz", empty()
    written = keeping.backup(place, copy, with_key=False)
    assert written.anchor.startswith(f"{written.rows['audit_auditrow']}:")
    assert copy.stat().st_mode & 0o077 == 0
    done = run("restore", copy, again)  # ends with verify-audit against the anchor
    assert done.returncode == 0, done.stdout + done.stderr
    assert last_line(done) == written.anchor
    assert (again / "files" / "export.xlsx").read_bytes() == b"an upload"
    with connected(again) as connection, pytest.raises(psycopg.errors.RaiseException, match="only added to"):
        connection.execute("DELETE FROM audit_auditrow")
    more = run("add-person", again, "cy@example.org", "Cy Clark", "reader", "Test Trust")
    assert more.returncode == 0, more.stdout + more.stderr  # its numbers go on where they were


def test_a_copy_is_of_one_moment_while_somebody_writes(place, empty, tmp_path, monkeypatch):
    """A row that is kept after the copy began is in no part of it: neither in the dump nor in its anchor and counts."""
    dump, run_program = tmp_path / "dump", keeping_postgresql._run

    def run_while_somebody_writes(*words):
        with connected(place) as connection:
            connection.execute(
                "INSERT INTO accounts_organisation (name, slug, is_national) VALUES ('Late', 'late', false)"
            )
        run_program(*words)

    monkeypatch.setattr(keeping_postgresql, "_run", run_while_somebody_writes)
    rows, anchor = keeping_postgresql.copy(place / ADDRESS, dump)
    monkeypatch.undo()
    with connected(place) as connection:
        assert connection.execute("SELECT count(*) FROM accounts_organisation").fetchone() == (2,)
        connection.execute("DELETE FROM accounts_organisation WHERE slug = 'late'")
    assert rows["accounts_organisation"] == 1
    keeping_postgresql.take_back(empty() / ADDRESS, dump, rows=rows, anchor=anchor)  # which counts again


def test_what_is_in_use_is_not_written_over(place, empty, tmp_path):
    """Neither a database with anything in it, nor files; both stay as they were."""
    copy = tmp_path / "copy.tar.gz"
    keeping.backup(place, copy, with_key=False)
    with pytest.raises(OperatorError, match="in use"):
        keeping.restore(copy, place)
    again = empty()
    with connected(again) as connection:
        connection.execute("CREATE TABLE other (a integer)")
    with pytest.raises(OperatorError, match="a database in use"):
        keeping.restore(copy, again)
    with connected(again) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (1,)
        connection.execute("DROP TABLE other")
    (again / "files").mkdir()
    with pytest.raises(OperatorError, match=r"web\.toml alone"):
        keeping.restore(copy, again)


def test_a_copy_with_other_rows_than_were_counted_is_told(place, empty, tmp_path):
    """Whoever changes the dump, or what is said of it, is found out."""
    dump = tmp_path / "dump"
    rows, anchor = keeping_postgresql.copy(place / ADDRESS, dump)
    with pytest.raises(OperatorError, match="other rows"):
        keeping_postgresql.take_back(empty() / ADDRESS, dump, rows=rows | {"accounts_organisation": 2}, anchor=anchor)
    dump.write_bytes(dump.read_bytes()[:5000])
    target = empty()
    with pytest.raises(OperatorError, match="pg_restore"):
        keeping_postgresql.take_back(target / ADDRESS, dump, rows=rows, anchor=anchor)
    with connected(target) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_nothing_to_copy_is_told(empty, tmp_path):
    """An empty database is no place; one that nobody prepared has no audit record to verify."""
    folder = empty()
    with pytest.raises(OperatorError, match="openinfusion web init"):
        keeping.backup(folder, tmp_path / "copy.tar.gz", with_key=False)
    assert not (tmp_path / "copy.tar.gz").exists()
    done = run("verify-audit", folder)
    assert done.returncode == 5
    assert "openinfusion web init" in done.stdout + done.stderr


@pytest.fixture
def silent(tmp_path):
    """A folder whose settings name a server that does not answer."""
    folder = tmp_path / "silent"
    folder.mkdir()
    (folder / "web.toml").write_text(f'database = "{ADDRESS}"\n')
    (folder / ADDRESS).write_text(f"postgresql://me:hush@/none?host={tmp_path}")
    return folder


@pytest.mark.parametrize("command", ["init", "verify-audit"])
def test_a_server_that_does_not_answer_is_told_without_its_password(silent, command):
    """In words, by the exit code of what an operator must mend."""
    done = run(command, silent)
    said = (done.stdout + done.stderr).replace("\n", " ")
    assert done.returncode == 5, said
    assert "answers" in said
    assert "hush" not in said
    assert "Traceback" not in said


def test_nothing_is_copied_from_or_to_a_server_that_does_not_answer(place, silent, tmp_path):
    """Nor is a file left that somebody takes for a copy."""
    with pytest.raises(OperatorError, match="a database that answers") as raised:
        keeping.backup(silent, tmp_path / "copy.tar.gz", with_key=False)
    assert "hush" not in str(raised.value)
    assert not (tmp_path / "copy.tar.gz").exists()
    keeping.backup(place, tmp_path / "copy.tar.gz", with_key=False)
    with pytest.raises(OperatorError, match="a database that answers"):
        keeping.restore(tmp_path / "copy.tar.gz", silent)
    assert not (silent / "files").exists()


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("mysql://me:hush@h/n", "another beginning"),
        ("postgresql://me:hush@[/n", "cannot be read"),
        ("postgresql://me:hush@h", "without the name of a database"),
        ("$NOT_SET_HERE", "not in the environment"),
        (None, "No such file"),
    ],
)
def test_an_address_that_is_none_is_told(tmp_path, address, found):
    """With the file, and what is wrong; what stands in it may be a password."""
    if address is not None:
        (tmp_path / ADDRESS).write_text(address)
    with pytest.raises(OperatorError, match=found) as raised:
        read_address(tmp_path / ADDRESS)
    assert str(tmp_path / ADDRESS) in str(raised.value)
    assert "hush" not in str(raised.value)


def test_an_address_may_stand_in_the_environment(tmp_path, monkeypatch):
    """Its parts come out as they are meant: percent signs read, options kept."""
    (tmp_path / ADDRESS).write_text("$DATABASE_OF_PLACE\n")
    monkeypatch.setenv("DATABASE_OF_PLACE", f"postgresql://me:{WRITTEN}@db.example.org:5433/pumps?sslmode=require")
    assert read_address(tmp_path / ADDRESS) == {
        "connect_timeout": "10",
        "user": "me",
        "password": SPOKEN,
        "host": "db.example.org",
        "port": "5433",
        "dbname": "pumps",
        "sslmode": "require",
    }


def test_no_password_stands_among_the_words_of_a_program(place, tmp_path, monkeypatch):
    """Everybody on a machine sees which programs run with which words."""
    seen = tmp_path / "seen"
    (tmp_path / "pg_dump").write_text(f'#!/bin/sh\necho "$@" > {seen}\necho "$PGPASSWORD" >> {seen}\n')
    (tmp_path / "pg_dump").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    keeping_postgresql._run("pg_dump", place / ADDRESS)
    words, password = seen.read_text().splitlines()
    assert "pass" not in words
    assert password == SPOKEN


def test_a_missing_program_is_told(place, tmp_path, monkeypatch):
    """The clients of PostgreSQL are packages of their own."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match="the clients of PostgreSQL"):
        keeping.backup(place, tmp_path / "copy.tar.gz", with_key=False)
    assert not list(tmp_path.iterdir())
    assert shutil.which("pg_dump") is None
