"""
Work on a file that a worker may die over.

Whoever works on a file says so again and again while they do; what nobody has said for a while is taken up anew, and
after some tries it is told to have failed. Two workers never work on one file at once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import F, Q
from django.utils import timezone

from openinfusion.web.imports.models import Upload

EVERY = timedelta(seconds=5)
SILENT = timedelta(minutes=1)
# For so long a file may wait for its turn before it is asked for again: what asked for it may have died too.
QUEUED = timedelta(minutes=10)
MOST = 3


def claim(number: int, at: datetime, *, work: list[Any]) -> bool:
    """Whether the work on a file is now ours: it waits for it, and nobody else has said lately that they do it."""
    free = Q(beat_at=None) | Q(beat_at__lt=at - SILENT)
    waiting = Upload.objects.filter(free, pk=number, state=Upload.State.WAITING, work=work)
    return bool(waiting.update(beat_at=at, tries=F("tries") + 1))


@contextmanager
def beating(number: int) -> Iterator[None]:
    """Say again and again that a file is worked on, from beside the work."""
    done = threading.Event()
    beat = threading.Thread(target=_beat, args=(number, done), daemon=True)
    beat.start()
    try:
        yield
    finally:
        done.set()
        beat.join()


def _beat(number: int, done: threading.Event) -> None:
    try:
        while not done.wait(EVERY.total_seconds()):
            try:
                Upload.objects.filter(pk=number).update(beat_at=timezone.now())
            except DatabaseError:  # held by the work itself; the next beat comes soon
                continue
    finally:
        connection.close()


def is_silent(upload: Upload, at: datetime) -> bool:
    """Whether a file waits for somebody who seems to have died."""
    since, bound = (upload.beat_at, SILENT) if upload.beat_at else (upload.asked_at, QUEUED)
    return upload.state == Upload.State.WAITING and at - since > bound


def take_back(upload: Upload, at: datetime) -> bool:
    """Whether the work on a silent file is now ours to ask for again; of many who look at once, one gets it."""
    same = Upload.objects.filter(pk=upload.pk, state=Upload.State.WAITING)
    same = same.filter(asked_at=upload.asked_at, beat_at=upload.beat_at)
    return bool(same.update(asked_at=at, beat_at=None))
