"""
What several people do at the same moment in a place on PostgreSQL: ``python -m tests.web.busy_place FOLDER EXAMPLES``.

A process of its own, since each thread has a connection of its own and what they write is kept. Prints JSON: what came
of each thread, in words, and how the place stands afterwards.
"""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Barrier, Thread
from unittest import mock

from openinfusion.web import serving

serving.begin(Path(sys.argv[1]))

from dataclasses import replace  # noqa: E402 - models can be named only once Django is ready

from django.core.management import call_command  # noqa: E402 - as before
from django.db import connections  # noqa: E402 - as before
from django.utils import timezone  # noqa: E402 - as before
from django_tasks_db.models import DBTaskResult  # noqa: E402 - as before

from openinfusion.adapters.library_file import identity  # noqa: E402 - as before
from openinfusion.core.change_request import Trigger, Urgency  # noqa: E402 - as before
from openinfusion.core.gates import Facts  # noqa: E402 - as before
from openinfusion.core.governance import Record  # noqa: E402 - as before
from openinfusion.core.roles import Role  # noqa: E402 - as before
from openinfusion.core.stages import Stage  # noqa: E402 - as before
from openinfusion.web import example  # noqa: E402 - as before
from openinfusion.web.accounts.models import HeldDuty, User  # noqa: E402 - as before
from openinfusion.web.audit.verifying import audit_faults  # noqa: E402 - as before
from openinfusion.web.changes import release as releasing  # noqa: E402 - as before
from openinfusion.web.changes.desk import do, open_change, take_in_draft  # noqa: E402 - as before
from openinfusion.web.changes.models import Change  # noqa: E402 - as before
from openinfusion.web.changes.saying import say  # noqa: E402 - as before
from openinfusion.web.drafts.keep import Edit, save  # noqa: E402 - as before
from openinfusion.web.library.becoming import document_of  # noqa: E402 - as before
from openinfusion.web.library.compared import compare_later  # noqa: E402 - as before
from openinfusion.web.library.models import DrugLibrary, Part, Span  # noqa: E402 - as before
from openinfusion.web.people import duties  # noqa: E402 - as before


def together(works: Iterable[Callable[[], object]]) -> list[str]:
    """Do all of it at the same moment, each in a thread with a connection; return the fault of each, or nothing."""
    works = list(works)
    barrier, said = Barrier(len(works)), ["nobody came"] * len(works)

    def one(number: int, work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
            said[number] = ""
        except Exception as error:  # noqa: BLE001 - it is told
            said[number] = f"{type(error).__name__}: {error}"
        finally:
            connections.close_all()

    threads = [Thread(target=one, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def person(name: str) -> User:
    return User.objects.get(email=f"{name}@example.org")


def opened(title: str) -> Change:
    library = DrugLibrary.objects.get(slug=example.LIBRARY)
    at = timezone.now()
    return open_change(library, title=title, trigger=Trigger.OTHER, urgency=Urgency.ROUTINE, by=person("author"), at=at)


def many_write() -> dict[str, object]:
    """Some open change requests while others say something at one: all of it is kept, and no two have one number."""
    about = opened("Said about")
    openers = [lambda: opened("At once")] * 6
    sayers = [lambda: say(about, "So it is.", by=person("reader"), at=timezone.now())] * 6
    faults = together([work for pair in zip(openers, sayers, strict=True) for work in pair])
    numbers = list(Change.objects.values_list("reference", flat=True))
    return {"faults": faults, "opened": len(numbers), "numbers": len(set(numbers)), "said": about.comments.count()}


def edited(number: int) -> Change:
    """Return a change request whose draft changes one entry."""
    change = opened(f"Change {number}")
    span = Span.objects.at(change.draft.base).filter(part=Part.ENTRY).order_by("item")[number]
    edit = Edit(part=Part.ENTRY, item=span.item, content=span.content | {"rationale": f"Reason {number}"}, seen=0)
    save(change, [edit], what="edit", by=person("author"), at=timezone.now())
    return take_in_draft(change, by=person("author"), at=timezone.now())


def signed(change: Change, to: Stage, *, by: User, at: object, **_rest: object) -> Change:
    """In place of every step and signature before: what is asked here is only what two releases do to each other."""
    return do(change, "released", lambda request, _actor: replace(request, stage=to), by=by, at=at)


def two_release() -> dict[str, object]:
    """Two change requests on the same version are released at once: the second would undo the first."""
    changes = [edited(0), edited(1)]

    def work(change: Change) -> Callable[[], object]:
        facts = Facts(library=identity(document_of(change.draft)))
        said = {"record": Record(reason="a test"), "facts": facts, "shown": None}
        return lambda: releasing.release(change, by=person("author"), at=timezone.now(), **said)

    before = DrugLibrary.objects.get(slug=example.LIBRARY).versions.count()
    with mock.patch.object(releasing, "move", signed):
        faults = together([work(one) for one in changes])
    return {"faults": faults, "made": DrugLibrary.objects.get(slug=example.LIBRARY).versions.count() - before}


def two_managers_end_each_other() -> dict[str, object]:
    """Whoever gives duties ends the duty of the other, both at once: one of them stays."""
    one, other = person("informatics"), person("reader")
    role = Role.CLINICAL_INFORMATICS.value
    first = HeldDuty.objects.get(user=one, role=role)
    second = HeldDuty.objects.create(user=other, organisation=first.organisation, role=role)
    faults = together(
        [
            lambda: duties.end(first, by=other, at=timezone.now(), reason="a test"),
            lambda: duties.end(second, by=one, at=timezone.now(), reason="a test"),
        ]
    )
    left = HeldDuty.objects.filter(organisation=first.organisation, role=role, ended_at=None).count()
    return {"faults": faults, "left": left}


def tasks_are_done_once() -> dict[str, object]:
    """Several workers take what waits: each task is claimed by one of them."""
    old, new = DrugLibrary.objects.get(slug=example.LIBRARY).versions.order_by("number")[:2]
    for _ in range(20):
        compare_later.enqueue(old.pk, new.pk)
    with mock.patch("signal.signal"):  # which is for the main thread alone
        worker = lambda: call_command("db_worker", batch=True, startup_delay=False, verbosity=0, interval=0.1)  # noqa: E731 - one use
        faults = together([worker] * 3)
    rows = DBTaskResult.objects.all()
    return {
        "faults": faults,
        "states": sorted({one.status for one in rows}),
        "claims": sorted({len(one.worker_ids) for one in rows}),
        "tasks": rows.count(),
    }


def main() -> None:
    call_command("migrate", verbosity=0)
    example.fill(Path(sys.argv[2]))
    told = {one.__name__: one() for one in (many_write, two_release, two_managers_end_each_other, tasks_are_done_once)}
    sys.stdout.write(json.dumps(told | {"audit": audit_faults()[1]}))


if __name__ == "__main__":
    main()
