"""PostgreSQL lets many write at once, where SQLite lets one after the other: what they do to each other is the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import OperationalError

from openinfusion.web import worker

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("postgresql-place")


@pytest.fixture(scope="module")
def told(postgresql_server, tmp_path_factory):
    """What became of a busy place."""
    folder = tmp_path_factory.mktemp("busy")
    postgresql_server.database(folder / "database.secret")
    (folder / "web.toml").write_text('example = true\ndatabase = "database.secret"\n')
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "OPENINFUSION_WEB"))
    }
    command = [sys.executable, "-m", "tests.web.busy_place", str(folder), str(ROOT / "examples")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [environment.get("PYTHONPATH"), str(ROOT)]))
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_many_write_at_once_and_nothing_is_lost(told):
    """Nobody waits for somebody who waits for them, no two change requests have one number, and the record holds."""
    found = told["many_write"]
    assert set(found.pop("faults")) == {""}
    assert found == {"opened": 7, "numbers": 7, "said": 6}
    assert told["audit"] == []


def test_of_two_releases_at_once_the_second_undoes_nothing(told):
    """It is told that a version came since, instead of becoming one without what the first has changed."""
    found = told["two_release"]
    assert found["made"] == 1
    first, second = sorted(found["faults"])
    assert first == ""
    assert "came since" in second


def test_two_managers_cannot_leave_nobody(told):
    """Each was the other's reason why it may be ended."""
    found = told["two_managers_end_each_other"]
    assert found["left"] == 1
    assert "the last duty" in max(found["faults"])


def test_each_task_is_done_by_one_worker(told):
    """However many workers there are."""
    found = told["tasks_are_done_once"]
    assert set(found["faults"]) == {""}
    assert (found["states"], found["claims"], found["tasks"] >= 20) == (["SUCCESSFUL"], [1], True)


def test_the_worker_outlives_a_database_that_is_away():
    """It begins again when the database is back, and ends when its work does."""
    answers = [OperationalError("the connection is closed"), OperationalError("starting up"), None]

    def work():
        if (answer := answers.pop(0)) is not None:
            raise answer

    worker.work_on(work, pause=0)
    assert answers == []
