"""Work beside the pages: ``python -m openinfusion.web.worker JOB``. It outlives a database that is away for a while."""

import logging
import os
import sys
import time
from collections.abc import Callable

import django
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connections

PAUSE = 5
TASKS = "db_worker"
JOBS: dict[str, dict[str, float]] = {TASKS: {"interval": 0.5, "verbosity": 0}, "watch_fleet": {}}
_log = logging.getLogger("openinfusion.web")


def work_on(work: Callable[[], object], *, pause: float = PAUSE) -> None:
    """Do some work until it ends by itself; when the database goes away, wait and begin it again."""
    while True:
        try:
            work()
        except (InterfaceError, OperationalError) as error:
            _log.warning("long tasks wait for the database: %s", str(error).strip().partition("\n")[0])
            connections.close_all()
            time.sleep(pause)
        else:
            return


def main(job: str) -> None:
    """Do long tasks (``db_worker``), or watch the fleet (``watch_fleet``), until ended by a signal."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openinfusion.web.settings")
    django.setup()
    work_on(lambda: _work(job))


def _work(job: str) -> None:
    if job == TASKS:
        from openinfusion.web.insight import tasks  # noqa: PLC0415 - models can be named only once Django is ready

        tasks.begin()
    call_command(job, **JOBS[job])


if __name__ == "__main__":
    main(sys.argv[1])
