"""The web application's tests on PostgreSQL: the same tests, in a process of their own whose place names a server."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.postgres import binaries, postgresql
from tests.reliability import is_thorough

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "tests" / "web"
ELSEWHERE = {
    "test_at_the_same_moment.py": "starts a server of its own, in every run",
    "test_demo.py": "starts the demo, which makes a place of its own in SQLite",
    "test_keeping.py": "copies of SQLite; test_keeping_postgresql.py makes those of PostgreSQL",
    "test_keeping_postgresql.py": "starts a server of its own, in every run",
    "test_pump_proof.py": "asks the database of the device API, of each kind, in every run",
    "test_typed.py": "asks no database",
}
"""Tests that are not run here, and why; nor are browser stories, which serve a place of their own."""
EACH_ROLE = "asks the same pages once more for each role, duty or hostile text"
FIGURES = "reads the lake; what the database keeps of it is in test_insight_doing.py and test_insight_triage.py"
RELIABILITY = {
    "test_hostile.py": EACH_ROLE,
    "test_imports_hostile.py": "reads hostile files; what the database keeps of a file is in test_imports.py",
    "test_insight_counting.py": FIGURES,
    "test_insight_figures.py": FIGURES,
    "test_references.py": EACH_ROLE,
    "test_roles_and_routes.py": EACH_ROLE,
}
"""Tests that are run here with the tests of reliability alone (make reliability), and why they may wait."""
QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
"""What a server may leave out whose data nobody wants back."""
WRITTEN = "SELECT n_tup_ins > 0 FROM pg_stat_user_tables WHERE relname = 'audit_auditrow'"
"""Whether rows of the audit were ever written there; those of a test are gone with it."""
FAILED = 1


def chosen() -> list[str]:
    found = sorted(path.name for path in WEB.glob("test_*.py"))
    left_out = ELSEWHERE if is_thorough() else ELSEWHERE | RELIABILITY
    return [name for name in found if name not in left_out and not name.startswith("test_browser_")]


@pytest.fixture
def place(tmp_path):
    """The folder of a place whose settings name a database of a server of its own."""
    if binaries() is None:
        pytest.fail("PostgreSQL is not installed, so that nothing is known of the web application on it: make foreign")
    with postgresql(settings=QUICK) as server:
        server.database(tmp_path / "database.secret")
        (tmp_path / "web.toml").write_text('example = true\ndatabase = "database.secret"\n')
        yield tmp_path


def run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run tests of the web application with the settings of a place."""
    inherited = ("PYTEST", "COV_", "DJANGO", "OPENINFUSION_WEB")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(inherited)}
    options = ("-q", "-p", "no:benchmark", "-p", "no:cacheprovider", "--no-cov", "--tb=short", "--reuse-db")
    command = [sys.executable, "-m", "pytest", *options, *words]
    environment["OPENINFUSION_WEB"] = str(place)
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.reliability
@pytest.mark.parametrize("half", [pytest.param(n, marks=pytest.mark.xdist_group(f"postgresql-{n}")) for n in (0, 1)])
def test_the_web_application_passes_the_same_tests_on_postgresql(place, half):
    """In two halves, so that two processes share them; the database that stays shows that they ran there."""
    done = run(place, *(str(WEB / name) for name in chosen()[half::2]))
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    address = (place / "database.secret").read_text().strip()
    name = address.rpartition("/tests")[2].partition("?")[0]
    with psycopg.connect(address.replace(f"/tests{name}?", f"/test_tests{name}?")) as connection:
        assert connection.execute(WRITTEN).fetchone() == (True,)


def test_a_failure_there_is_a_failure_here(place, tmp_path):
    """A test that only SQLite passes, planted to see that this bites."""
    planted = tmp_path / "test_planted.py"
    planted.write_text(
        "from django.db import connection\n\n\ndef test_planted(db):\n    assert connection.vendor == 'sqlite'\n"
    )
    done = run(place, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(planted))
    assert done.returncode == FAILED, done.stdout + done.stderr
    assert "assert 'postgresql' == 'sqlite'" in done.stdout


def test_whatever_is_left_out_is_there():
    """No name of a file that was renamed keeps its tests from PostgreSQL."""
    assert set(ELSEWHERE | RELIABILITY) <= {path.name for path in WEB.glob("test_*.py")}
    assert len(chosen()) > len(ELSEWHERE)
