"""What a draft would have done with the programmes of the last 90 days: worked out beside, kept as evidence."""

import os
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_tasks import task

from openinfusion.core.errors import ChangeControlError, OpenInfusionError
from openinfusion.lake.engine import VARIABLE, engine_from
from openinfusion.lake.store import Lake
from openinfusion.lake.what_if_answer import DAYS, Question, what_if
from openinfusion.lake.what_if_tables import headline, to_json
from openinfusion.web.accounts.models import User
from openinfusion.web.audit import book
from openinfusion.web.changes.candidate import fingerprint
from openinfusion.web.changes.models import Change, Evidence
from openinfusion.web.library.becoming import document_of
from openinfusion.web.library.store import library_of

_BEGUN = 1


def why_no_replay(change: Change) -> str | None:
    """Return why a draft cannot be replayed here, or ``None`` if it can."""
    if settings.PLACE.lake is None:
        return "this place names no lake of events, so nothing can be replayed"
    return "the change has no draft" if change.draft is None else None


def ask_replay(change: Change, *, by: User, at: datetime) -> Evidence:
    """
    Have a draft replayed over the last 90 days of the lake, beside; what comes of it stays with the change.

    Raises:
        ChangeControlError: there is no lake, or no draft, or nothing was changed in it.

    """
    if (why := why_no_replay(change)) is not None or change.draft is None:
        raise ChangeControlError(where=change.reference, found="no replay", expected=why or "a draft")
    document_of(change.draft)
    with transaction.atomic():
        made = Evidence.objects.create(
            change=change,
            kind=Evidence.Kind.REPLAY,
            title=f"What the draft would have done in the last {DAYS} days",
            state=Evidence.State.ASKED,
            content={"draft": fingerprint(change.draft)},
            by=by,
            at=at,
        )
        book.write("ask for a replay", change.reference, by=by, organisation=change.organisation, at=at, after=made.pk)
    replay_later.enqueue(made.pk, at.isoformat())
    return made


@task()
def replay_later(evidence: int, at: str) -> None:
    """Replay a draft; a long task. What it cannot do is told with the evidence."""
    one = Evidence.objects.select_related("change__draft__base").get(pk=evidence)
    try:
        _replay(one, datetime.fromisoformat(at))
        one.state, one.done = Evidence.State.DONE, 100
    except OpenInfusionError as error:
        one.state = Evidence.State.FAILED
        one.content["headline"] = f"{error.where}: {error.found}; expected: {error.expected}"
    with transaction.atomic():
        one.save()
        book.write(
            "keep a replay",
            one.change.reference,
            by=None,
            organisation=one.change.organisation,
            at=timezone.now(),
            after=one.content,
        )


def _replay(one: Evidence, at: datetime) -> None:
    draft, lake = one.change.draft, settings.PLACE.lake
    if draft is None or lake is None:
        raise ChangeControlError(
            where=one.change.reference, found="no replay", expected=why_no_replay(one.change) or "a lake"
        )
    _tell(one, _BEGUN)
    whose = one.change.organisation
    called = settings.PLACE.name_in_lake(whose.slug, whose.name)
    question = Question(draft=document_of(draft), in_force=library_of(draft.base), organisation=called, at=at)
    with engine_from(os.environ.get(VARIABLE)) as engine:
        answer = what_if(Lake.open(lake), engine, question, tell=lambda done: _tell(one, done))
    one.content |= {"headline": headline(answer), "answer": to_json(answer), "sha256": book.digest(to_json(answer))}


def _tell(one: Evidence, done: int) -> None:
    """Say how far it is, for whoever looks meanwhile."""
    one.state, one.done = Evidence.State.WORKING, done
    one.save(update_fields=["state", "done"])
