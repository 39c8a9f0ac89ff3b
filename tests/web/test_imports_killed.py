"""A worker that is killed while it reads a file: somebody takes the file up anew, and nobody waits for ever."""

import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from openinfusion.core.errors import ChangeControlError
from openinfusion.web import serving
from openinfusion.web.imports import leases, tasks
from openinfusion.web.imports.drafting import forget_onto
from openinfusion.web.imports.models import Upload
from tests.web.import_files import plain
from tests.web.own_place import OwnPlace
from tests.web.test_imports import HERE, newest

LATER = leases.SILENT + timedelta(seconds=1)
# Read from a pipe that nobody writes into, a file keeps its worker for as long as a test wants.
BEGIN = """
import os, sys
from pathlib import Path
import django
django.setup()
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.imports import tasks
from openinfusion.web.imports.drafting import forget_onto
from openinfusion.web.imports.models import Upload
from openinfusion.web.imports.store import hand_in
where = Organisation.objects.create(slug="a-trust", name="A Trust")
by = User.objects.create_user("ann@example.org", None, name="Ann")
content = Path(sys.argv[1]).read_bytes()
one = hand_in(where, content, "library.csv", purpose=Upload.Purpose.LIBRARY, by=by, at=timezone.now())
tasks.is_large = lambda upload: True
tasks.begin(one)
kept = Path(settings.STORAGES["default"]["OPTIONS"]["location"]) / one.kept
kept.rename(kept.with_suffix(".whole"))
os.mkfifo(kept)
print(kept)
"""
LOOK = """
import sys
from datetime import timedelta
import django
django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openinfusion.web.imports.drafting import forget_onto
from openinfusion.web.imports.models import Upload
from openinfusion.web.imports.tasks import look_after
one = Upload.objects.get()
look_after(one, timezone.now() + timedelta(seconds=float(sys.argv[1])))
one = Upload.objects.get()
print(one.state, one.tries, one.beat_at is not None)
"""


def worker(place, *words):
    command = [sys.executable, "-m", "openinfusion.web.manage", "db_worker", "--interval", "0.1", "--no-startup-delay"]
    return subprocess.Popen([*command, *words], env=place.environment, stderr=subprocess.PIPE, text=True)


def test_a_file_whose_worker_was_killed_is_read_by_the_next(tmp_path):
    """
    Given a worker that is killed in the middle of a reading.

    When somebody looks before the worker could be thought dead, then nothing is done twice;
    when somebody looks later, then the next worker reads the file to its end.
    """
    place = OwnPlace(tmp_path / "place")
    (tmp_path / "library.csv").write_bytes(plain())
    kept = Path(place.run("-c", BEGIN, str(tmp_path / "library.csv")))
    first = worker(place)
    while place.run("-c", LOOK, "0") != "waiting 1 True":
        assert first.poll() is None, first.stderr.read()
        time.sleep(0.2)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    kept.unlink()
    kept.with_suffix(".whole").rename(kept)
    assert place.run("-c", LOOK, "1") == "waiting 1 True"
    assert place.run("-c", LOOK, str(LATER.total_seconds())) == "waiting 1 False"
    second = worker(place, "--batch")
    second.communicate()
    assert place.run("-c", LOOK, "0") == "read 2 True"


@pytest.fixture
def waiting(signed_in, monkeypatch):
    """A file whose worker has begun, and says nothing more."""
    monkeypatch.setattr(tasks, "_run", lambda *_said, **_named: None)
    signed_in("author").post(HERE, {"file": SimpleUploadedFile("library.csv", plain())})
    state = {"state": Upload.State.WAITING, "beat_at": timezone.now(), "tries": 1}
    Upload.objects.filter(pk=newest().pk).update(**state)
    return newest()


def test_work_is_one_worker_s_at_a_time(waiting):
    """Whoever comes while another says that they work gets nothing; after a silence one of two gets it."""
    now = timezone.now()
    assert not leases.claim(waiting.pk, now, work=waiting.work)
    assert leases.claim(waiting.pk, now + LATER, work=waiting.work)
    assert not leases.claim(waiting.pk, now + LATER, work=waiting.work)
    other = newest()
    assert leases.take_back(other, now)
    assert not leases.take_back(other, now)


@pytest.mark.parametrize("state", [Upload.State.READ, Upload.State.MADE, Upload.State.REFUSED])
def test_what_was_read_is_never_taken_up_anew(waiting, state):
    """However long ago a worker spoke of it."""
    Upload.objects.update(state=state)
    assert not leases.claim(waiting.pk, timezone.now() + LATER, work=waiting.work)
    tasks.look_after(newest(), timezone.now() + LATER)
    assert newest().state == state


def test_nothing_is_asked_of_a_file_that_became_something_meanwhile(waiting):
    """Two look at a file that was read; one makes a library of it, and the other's wish undoes nothing."""
    Upload.objects.update(state=Upload.State.READ)
    mine, base = newest(), newest().base
    Upload.objects.update(state=Upload.State.MADE)
    for ask in (lambda: tasks.begin(mine), lambda: tasks.begin_with(mine, "canonical")):
        with pytest.raises(ChangeControlError, match="since you saw it"):
            ask()
    forget_onto(mine)
    assert (newest().state, newest().base) == (Upload.State.MADE, base)
    Upload.objects.update(state=Upload.State.REFUSED)
    one, other = newest(), newest()
    tasks.begin_with(one, "canonical")
    with pytest.raises(ChangeControlError, match="since you saw it"):
        tasks.begin_with(other, "another")
    assert newest().work == ["read_file", waiting.pk, "canonical"]


def test_a_task_of_before_does_not_do_what_is_asked_for_now(waiting):
    """Work that was queued twice finds the file waiting for something else: it leaves it to whom it was asked of."""
    Upload.objects.update(work=["read_file", waiting.pk, "canonical"], beat_at=None)
    tasks.recognise_file.call(waiting.pk)
    tasks.read_file.call(waiting.pk, "another")
    assert (newest().state, newest().beat_at) == (Upload.State.WAITING, None)
    assert leases.claim(waiting.pk, timezone.now(), work=["read_file", waiting.pk, "canonical"])


def test_a_file_that_nobody_took_up_is_asked_for_again(waiting):
    """What should have queued it may have died before it did; ten minutes in a queue are nothing strange."""
    Upload.objects.update(beat_at=None)
    one = newest()
    assert not leases.is_silent(one, one.asked_at + leases.QUEUED)
    assert leases.is_silent(one, one.asked_at + leases.QUEUED + timedelta(seconds=1))


def test_after_three_workers_it_is_told_and_may_be_read_again(waiting, signed_in, monkeypatch):
    """Given a file that three workers died over, then its page says so, and a button tries once more."""
    Upload.objects.update(tries=leases.MOST, beat_at=timezone.now() - LATER)
    page = signed_in("author").get(f"{HERE}/{waiting.pk}").content.decode()
    assert "broken off 3 times" in page
    assert newest().state == Upload.State.REFUSED
    monkeypatch.undo()
    answer = signed_in("author").post(f"{HERE}/{waiting.pk}/again", follow=True)
    assert "3 entries will be made" in answer.content.decode()
    assert newest().tries == 1


def test_a_worker_that_dies_is_followed_by_another(tmp_path, monkeypatch):
    """As the application is served."""
    begun = []

    def begin(command, env):
        begun.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env=env))
        return begun[-1]

    monkeypatch.setattr(serving, "subprocess", type("Those", (), {"Popen": staticmethod(begin)}))
    with serving.working(tmp_path):
        begun[0].kill()
        while len(begun) < 2:
            time.sleep(0.1)
    assert [one.wait() for one in begun] == [-signal.SIGKILL, -signal.SIGTERM]
