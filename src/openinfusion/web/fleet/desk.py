"""The work on pumps as rows: opened and closed by what pumps prove, taken on and noted by people; each is audited."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Permission, Role
from openinfusion.fleet.proof import Card, State
from openinfusion.fleet.proof.work import Task as ToDo
from openinfusion.fleet.proof.work import WorkList
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.audit import book
from openinfusion.web.fleet.models import Task, TaskNote
from openinfusion.web.fleet.watch import Held

_AT_ONCE = 50
"""Tasks that are opened or closed in one transaction, so that no page waits for long."""
_LONGEST_NOTE = 1000
_LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """Who does something, under which role, and when."""

    by: User
    role: Role | None
    at: datetime


def workers(organisation: Organisation) -> list[User]:
    """Return the people to whom work on pumps can be given: those who may see the pumps, by name."""
    found = User.objects.filter(held__organisation=organisation, held__ended_at=None, is_active=True).distinct()
    return [
        one
        for one in found.prefetch_related("held__organisation").order_by("name")
        if one.actor.role_for(Permission.SEE_FLEET, organisation=organisation.slug)
    ]


# --- By people --------------------------------------------------------------------------------------------------------


@transaction.atomic
def assign(organisation: Organisation, to_do: ToDo, person: User | None, *, doing: Doing) -> Task:
    """Give the work on a pump to a person, or to nobody."""
    task = _open_task(organisation, to_do, at=doing.at)
    before = task.assigned_to
    if before == person:
        return task
    task.assigned_to, task.assigned_at = person, doing.at if person else None
    task.save(update_fields=["assigned_to", "assigned_at"])
    book.write(
        "give work on a pump" if person else "give work on a pump to nobody",
        task.pump,
        by=doing.by,
        organisation=organisation,
        at=doing.at,
        role=doing.role.value if doing.role else "",
        before=before and before.pk,
        after=person and person.pk,
    )
    return task


@transaction.atomic
def note(organisation: Organisation, to_do: ToDo, text: str, *, doing: Doing) -> TaskNote:
    """
    Write something down about the work on a pump.

    Raises:
        ChangeControlError: it is empty, or too long.

    """
    said = text.strip()
    if not said or len(said) > _LONGEST_NOTE:
        found = f"{len(said):,} characters"
        raise ChangeControlError(where="note", found=found, expected=f"1 to {_LONGEST_NOTE:,} characters")
    task = _open_task(organisation, to_do, at=doing.at)
    made = TaskNote.objects.create(task=task, by=doing.by, at=doing.at, text=said)
    book.write(
        "note about a pump",
        task.pump,
        by=doing.by,
        organisation=organisation,
        at=doing.at,
        role=doing.role.value if doing.role else "",
        after=said,
    )
    return made


# --- By proof ---------------------------------------------------------------------------------------------------------


def keep_up(organisation: Organisation, held: Held, *, at: datetime) -> int:
    """Open a row for what there is to do, close those of pumps of which nothing is; return how many changed."""
    fleet = held.fleet(organisation.slug, at=at)
    if fleet.fault is not None:  # what cannot be read closes nothing
        return 0
    work = held.work(fleet, organisation.slug)
    todo = {one.pump: one for one in work.tasks}
    open_now = {task.pump: task for task in Task.objects.filter(organisation=organisation, closed_at=None)}
    new = [one for pump, one in todo.items() if pump not in open_now]
    over = [task for pump, task in open_now.items() if pump not in todo]
    for some in _some(new):
        with transaction.atomic():
            for one in some:
                _open_task(organisation, one, at=at)
    for some in _some(over):
        with transaction.atomic():
            for task in some:
                _close(task, held.card(task.pump), at=at)
    return len(new) + len(over)


def _some(items: list[Any]) -> list[list[Any]]:
    return [items[first : first + _AT_ONCE] for first in range(0, len(items), _AT_ONCE)]


def _open_task(organisation: Organisation, to_do: ToDo, *, at: datetime) -> Task:
    made, is_new = Task.objects.get_or_create(
        organisation=organisation,
        pump=to_do.pump,
        closed_at=None,
        defaults={
            "opened_at": to_do.opened,
            "state": to_do.standing.state.value,
            "words": str(to_do.standing)[:_LONGEST_WORDS],
            "ward": to_do.ward,
        },
    )
    if is_new:
        book.write(
            "open work on a pump",
            to_do.pump,
            by=None,
            organisation=organisation,
            at=at,
            after=[made.state, made.words],
            reason=made.words,
        )
    return made


def _close(task: Task, card: Card | None, *, at: datetime) -> None:
    proof = None if card is None else card.witness.proof
    if card is None:
        task.end = Task.End.RETIRED
    elif proof is not None and _is_proof_for(task, card):
        witness = card.witness
        task.end = Task.End.PROOF
        task.closed_by = {
            "number": proof.number,
            "sha256": proof.sha256,
            "as_of": proof.as_of.isoformat(),
            "level": proof.level,
            "epoch": witness.epoch,
            "counter": witness.counter,
        }
    else:
        task.end = Task.End.OTHERWISE
    task.closed_at = at
    task.save(update_fields=["closed_at", "end", "closed_by"])
    book.write(
        "close work on a pump",
        task.pump,
        by=None,
        organisation=task.organisation,
        at=at,
        before=task.state,
        after=task.closed_by or task.end,
        reason=str(Task.End(task.end).label),
    )


def _is_proof_for(task: Task, card: Card) -> bool:
    """
    Whether what a pump proved is what the work on it was for: that it runs what it shall.

    To be heard again is enough for one that was silent. Work also ends when a ring gets another release, or none.
    """
    proof = card.witness.proof
    is_here = card.ring[0].startswith(f"{task.organisation.slug}/")
    is_done = card.state is State.CURRENT or task.state == State.STALE.value
    return is_here and is_done and proof is not None and proof.as_of >= task.opened_at


def work_of(work: WorkList, pump: str) -> ToDo | None:
    """Return what is to do about one pump."""
    return next((one for one in work.tasks if one.pump == pump), None)
