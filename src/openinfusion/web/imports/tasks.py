"""What is done beside the pages: files that are large are read by the worker, with progress."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django_tasks import task
from django_tasks.base import Task

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.review import Severity, review
from openinfusion.web.imports.drafting import compare_with
from openinfusion.web.imports.leases import MOST, beating, claim, is_silent, take_back
from openinfusion.web.imports.models import Upload
from openinfusion.web.imports.read_backs import compare
from openinfusion.web.imports.reading import guarded, read_with, recognise
from openinfusion.web.imports.receiving import LARGE, look_into
from openinfusion.web.imports.store import content_of, layouts
from openinfusion.web.library.models import DrugLibrary
from openinfusion.web.library.store import draft_library, library_of


@task()
def recognise_file(upload: int) -> None:
    """Find the layout of a file and read it."""
    _work(upload, ["recognise_file", upload], lambda one: recognise(one, at=timezone.now()))


@task()
def read_file(upload: int, layout: str) -> None:
    """Read a file with a layout that somebody chose."""
    _work(
        upload,
        ["read_file", upload, layout],
        lambda one: read_with(one, (layout, layouts(one.organisation)[layout]), at=timezone.now()),
    )


@task()
def compare_onto(upload: int, library: int, takes_out: bool) -> None:  # noqa: FBT001 - JSON has positions only
    """Find what a library would be by a file."""
    _work(
        upload,
        ["compare_onto", upload, library, takes_out],
        lambda one: compare_with(one, one.organisation.libraries.get(pk=library), takes_out=takes_out),
    )


def _work(number: int, work: list[Any], do: Callable[[Upload], None]) -> None:
    """Do what a file waits for, unless somebody else does, or it waits for something else by now."""
    if not claim(number, timezone.now(), work=work):
        return
    with beating(number):
        one = Upload.objects.select_related("organisation", "handed_in_by").get(pk=number)
        guarded(one, lambda: do(one))
        _compare_read_back(one)
        if one.state == Upload.State.WAITING:
            one.state, one.progress = Upload.State.READ, ""
            one.save(update_fields=["state", "progress"])


def _compare_read_back(upload: Upload) -> None:
    """Compare what was read with its version, where the file is an export to be read back."""
    if upload.purpose == Upload.Purpose.READ_BACK and upload.state == Upload.State.READ:
        guarded(upload, lambda: compare(upload.read_back, at=timezone.now()))


@task()
def review_made(upload: int) -> None:
    """Review what a file became, and keep how many findings it has."""
    one = Upload.objects.defer("library", "merged").get(pk=upload)
    if one.made_version is not None:
        found = review(library_of(one.made_version), at=timezone.localdate())
    elif one.made_draft is not None:
        found = review(draft_library(one.made_draft), at=timezone.localdate(), parent=library_of(one.made_draft.base))
    else:
        return
    one.account["review"] = {severity.value: found.count(severity) for severity in Severity}
    one.save(update_fields=["account"])


def is_large(upload: Upload) -> bool:
    """Whether a file is read beside, and not while the page is waited for."""
    return look_into(content_of(upload), upload.name) > LARGE


def begin(upload: Upload) -> None:
    """Have a file's layout found."""
    _ask(upload, ["recognise_file", upload.pk], "Waiting for its turn")


def begin_onto(upload: Upload, library: DrugLibrary, *, takes_out: bool) -> None:
    """Have a file compared with the newest version of a library."""
    _ask(upload, ["compare_onto", upload.pk, library.pk, takes_out], f"Comparing it with {library.name}")


def begin_with(upload: Upload, layout: str) -> None:
    """Have a file read with a layout that was chosen."""
    _ask(upload, ["read_file", upload.pk, layout], f"Reading it by the layout {layout}")


def _ask(upload: Upload, work: list[Any], progress: str) -> None:
    """
    Have something done with a file: at once where it is small, else by the worker.

    Raises:
        ChangeControlError: something else became of it since it was looked at, or was asked of it.

    """
    asked: dict[str, Any] = {"state": Upload.State.WAITING, "progress": progress, "problem": None, "work": work}
    asked |= {"asked_at": timezone.now(), "beat_at": None, "tries": 0}
    same = Upload.objects.filter(pk=upload.pk, state=upload.state, asked_at=upload.asked_at)
    if not same.update(**asked):
        found = "a file of which something was made, or asked, since you saw it"
        raise ChangeControlError(where=upload.name, found=found, expected="a look at what it is now")
    for name, value in asked.items():
        setattr(upload, name, value)
    _run(upload, work, beside=is_large(upload))


def _run(upload: Upload, work: list[Any], *, beside: bool) -> None:
    name, *said = work
    known: dict[str, Task[..., None]] = {
        "recognise_file": recognise_file,
        "read_file": read_file,
        "compare_onto": compare_onto,
    }
    asked = known[name]
    asked.enqueue(*said) if beside else asked.call(*said)
    upload.refresh_from_db(fields=["state", "progress", "problem"])


def look_after(upload: Upload, at: datetime) -> None:
    """Have the work on a file taken up anew where its worker died, and tell that it failed where it did so often."""
    if not is_silent(upload, at) or not take_back(upload, at):
        return
    if upload.tries < MOST:
        _run(upload, upload.work, beside=True)
        return
    upload.state, upload.progress = Upload.State.REFUSED, ""
    found = f"a reading that was broken off {MOST} times, with no reason given"
    expected = "another try, or a look by whoever runs OpenInfusion; nothing was changed"
    upload.problem = {"where": upload.name, "found": found, "expected": expected}
    upload.save(update_fields=["state", "progress", "problem"])
