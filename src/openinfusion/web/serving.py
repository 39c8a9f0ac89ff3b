"""Starting the web application: its folder, its static files, its server, and the worker of long tasks beside it."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import django
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError
from granian import Granian
from granian.constants import Interfaces

from openinfusion.core.errors import OperatorError
from openinfusion.web.place import VARIABLE, is_this_machine, read_place

FIRST_PAUSE, LONGEST_PAUSE = 1, 60
"""Seconds before a job that died is begun again: longer each time, unless it worked for a while."""
_log = logging.getLogger("openinfusion.web")
EXAMPLE = """# The example trust: everybody knows its passwords, so that it is served to this machine alone.
example = true
devices = "fleet/gateway.toml"
"""


def begin(folder: Path) -> None:
    """
    Make Django ready for a folder; once in a process.

    Raises:
        OperatorError: the settings in the folder are not right.

    """
    read_place(folder)
    os.environ[VARIABLE] = str(folder.resolve())
    os.environ["DJANGO_SETTINGS_MODULE"] = "openinfusion.web.settings"
    django.setup()


def mark_as_example(folder: Path) -> None:
    """
    Say in the settings of a new folder that it is an example: its passwords are known to everybody.

    Raises:
        OperatorError: the folder is a place already, and no example.

    """
    if read_place(folder).is_example:
        return
    if folder.exists() and any(folder.iterdir()):
        raise OperatorError(
            where=str(folder), found="a place that is no example", expected="a new folder for the example"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "web.toml").write_text(EXAMPLE)


@contextmanager
def answering(folder: Path) -> Iterator[None]:
    """
    Say in words that the database of a folder does not answer, or does not hold or allow what is asked of it.

    Raises:
        OperatorError: so it is.

    """
    try:
        yield
    except (OperationalError, ProgrammingError) as error:
        found = str(error).strip().partition("\n")[0]
        expected = "one that answers, brought up to date by: openinfusion web init"
        raise OperatorError(where=f"the database of {folder}", found=found, expected=expected) from error


def prepare(folder: Path) -> None:
    """
    Bring the database and the static files of a folder up to this version of the software.

    Raises:
        OperatorError: the database does not answer, or the design system is missing.

    """
    begin(folder)
    with answering(folder):
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
    vendor = Path(__file__).parent / "design/static/vendor"
    if not (vendor / "nhsuk-frontend.min.css").exists():
        raise OperatorError(
            where=str(vendor), found="no design system", expected="the set-up of README.md: make fetches it once"
        )
    call_command("collectstatic", interactive=False, verbosity=0)


@contextmanager
def working(folder: Path) -> Iterator[None]:
    """Have long tasks done beside, and the fleet watched where there is one, by processes on the same database."""
    jobs = ["db_worker"] if read_place(folder).devices is None else ["db_worker", "watch_fleet"]
    with ExitStack() as beside:
        for job in jobs:
            beside.enter_context(_beside(job, folder))
        yield


@contextmanager
def _beside(job: str, folder: Path) -> Iterator[None]:
    """Have a job done by a process of its own; one that dies is followed by another."""
    command = [sys.executable, "-m", "openinfusion.web.worker", job]
    environment = os.environ | {VARIABLE: str(folder.resolve())}
    is_over = threading.Event()
    worker, begun, pause = subprocess.Popen(command, env=environment), monotonic(), FIRST_PAUSE  # noqa: S603 - our own

    def follow() -> None:
        nonlocal worker, begun, pause
        while not is_over.wait(1):
            if worker.poll() is None:
                continue
            pause = FIRST_PAUSE if monotonic() - begun > LONGEST_PAUSE else min(2 * pause, LONGEST_PAUSE)
            _log.error("%s ended with %s; it is begun again in %s seconds", job, worker.returncode, pause)
            if not is_over.wait(pause):
                worker, begun = subprocess.Popen(command, env=environment), monotonic()  # noqa: S603 - our own

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        yield
    finally:
        is_over.set()
        follower.join()
        worker.terminate()
        try:
            worker.wait(10)
        except subprocess.TimeoutExpired:
            worker.kill()


def serve(folder: Path, *, host: str, port: int, workers: int) -> None:
    """
    Serve until ended by a signal.

    Raises:
        OperatorError: others would reach an example place.

    """
    if read_place(folder).is_example and not is_this_machine(host):
        raise OperatorError(
            where=f"{folder}, at {host}",
            found="an example place, whose passwords everybody knows",
            expected="an address of this machine (127.0.0.1), or a place of your own: openinfusion web init FOLDER",
        )
    prepare(folder)
    with working(folder):
        Granian(
            "openinfusion.web.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=workers,
            blocking_threads=4,
            log_access=False,
        ).serve()
