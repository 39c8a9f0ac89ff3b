"""What is done beside the pages: a lake that has grown is counted, and views are mailed on their day."""

from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.utils import timezone
from django_tasks import default_task_backend, task

from openinfusion.core.errors import OpenInfusionError
from openinfusion.lake.kept import About, count_on, counting, give_up, is_there, keep, look_at, newest, show
from openinfusion.lake.store import Lake
from openinfusion.web.insight.mail import send_due
from openinfusion.web.insight.standing import basis_of_place, kept_in, lake_of_place, registers_of_place
from openinfusion.web.insight.warming import warm

EVERY = timedelta(minutes=5)
"""How often the lake is looked at."""
REST = timedelta(hours=1)
"""A lake that grows all day is counted anew once an hour at most: that takes minutes, and other tasks wait for none."""
_LAST = -50
SLICE = 20.0
"""Seconds of counting, after which whatever else waits has its turn."""


@task()
def look_after() -> None:
    """Count what the lake has that no page shows yet, mail what is due, and come back later."""
    at = timezone.now()
    is_done = True
    try:
        if settings.PLACE.lake is not None:
            is_done = count(at)
        if is_done:
            send_due(at)
    finally:
        # A fault that nobody foresaw ends this look, and says so in the log of tasks; it never ends the looking.
        come_back(at + EVERY if is_done else at)


def count(at: datetime) -> bool:
    """Count a slice of a version that is not shown yet; whether nothing is left to be counted."""
    try:
        lake, folder = lake_of_place(), kept_in()
        about = _to_count(lake, folder, at)
        if about is None:
            return True
        keep(folder, about)
        until = monotonic() + SLICE
        is_whole = warm(about, lake, is_time_up=lambda: monotonic() > until)
        if not is_whole:
            count_on(folder, about)
        elif counting(folder) is not None or newest(folder) != about:
            show(folder, about)
    except OpenInfusionError:
        # The page says what is wrong with the lake; the next look may find it mended.
        return True
    return is_whole


def _to_count(lake: Lake, folder: Path, at: datetime) -> About | None:
    """
    Return the version to be counted, or ``None`` where the one that is shown is not old enough.

    One that was begun is counted to its end first: a lake that grows with every slice would never be counted else.
    """
    by, begun, shown = basis_of_place(lake), counting(folder), newest(folder)
    if begun is not None and begun.basis == by and is_there(lake, begun):
        return begun
    give_up(folder)
    found = look_at(lake, registers_of_place(), at=at)
    if shown is None or shown.basis != by:
        return found
    if shown.fingerprint == found.fingerprint:
        return shown
    if not is_there(lake, shown):
        # Files of the version that pages show were deleted: what is not kept of it can no longer be asked.
        show(folder, found)
        return found
    return found if at - shown.looked_at >= REST else None


def come_back(at: datetime) -> None:
    """Have the lake looked at again, unless that waits already; a queue that does all at once never comes back."""
    if default_task_backend.supports_defer and not _waiting().exists():
        look_after.using(run_after=at, priority=_LAST).enqueue()


def begin() -> None:
    """Have the lake looked after from now on."""
    come_back(timezone.now())


def _waiting() -> Any:  # noqa: ANN401 - rows of the queue
    from django_tasks_db.models import DBTaskResult  # noqa: PLC0415 - the queue of this place may be no database

    return DBTaskResult.objects.filter(task_path=look_after.module_path, status="READY")
