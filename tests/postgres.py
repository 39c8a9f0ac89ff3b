"""A real PostgreSQL for tests: one for each process of tests, reached by a socket in a folder, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

_NUMBERS = count(1)
_SETTINGS = "-c listen_addresses= -c unix_socket_directories={folder} -c max_connections=50 -c shared_buffers=16MB"


def binaries() -> Path | None:
    """Return the folder of the programs of PostgreSQL, or ``None`` if it is not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = folders[-1] if folders else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _as_postgres(*words: object) -> None:
    """Run a program as a user that it accepts: it refuses to be root."""
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryFile() as output:  # a pipe would stay open as long as the server runs
        done = subprocess.run(list(map(str, words)), check=False, stdout=output, stderr=output, cwd="/", **user)  # type: ignore[call-overload]
        output.seek(0)
        assert done.returncode == 0, output.read().decode()


class PostgreSql:
    """A server; ``stop`` and ``start`` are for tests of what happens meanwhile."""

    def __init__(self, programs: Path, folder: Path, *, settings: str = "") -> None:
        self._programs = programs
        self._settings = f"{_SETTINGS.format(folder=folder)} {settings}"
        self.folder = folder
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        options = ("-A", "trust", "-U", "openinfusion", "-E", "UTF8", "--no-sync")
        _as_postgres(programs / "initdb", "-D", folder / "data", *options)
        self.start()

    def start(self) -> None:
        words = ("-D", self.folder / "data", "-o", self._settings, "-w", "-l", self.folder / "log", "start")
        _as_postgres(self._programs / "pg_ctl", *words)

    def stop(self, mode: str = "immediate") -> None:
        _as_postgres(self._programs / "pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop")

    def database(self, file: Path) -> Path:
        """Make a database, and write its address into a file."""
        name = f"tests{next(_NUMBERS)}"
        _as_postgres(self._programs / "createdb", "-h", self.folder, "-U", "openinfusion", name)
        file.write_text(f"postgresql://openinfusion@/{name}?host={self.folder}\n")
        return file


@contextmanager
def postgresql(*, settings: str = "") -> Iterator[PostgreSql]:
    """Run a server; ``settings`` are more words for it."""
    programs = binaries()
    assert programs is not None, "PostgreSQL is not installed: see make foreign"
    folder = Path(tempfile.mkdtemp(prefix="openinfusion-postgresql-"))
    server = PostgreSql(programs, folder, settings=settings)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server():
    """One PostgreSQL for all tests of a process."""
    with postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_file(request, tmp_path):
    """The file with the address of a PostgreSQL database, or ``None`` for SQLite: a test runs on both."""
    if request.param == "sqlite":
        return None
    return request.getfixturevalue("postgresql_server").database(tmp_path / "postgresql.address")
