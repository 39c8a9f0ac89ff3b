"""What people do with a roll-out: each act is signed and audited, and is in the course by the rules of the office."""

import hashlib
import shlex
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from openinfusion.core.errors import ChangeControlError, OperatorError
from openinfusion.core.roles import Permission
from openinfusion.fleet.authority.trees import write_whole
from openinfusion.fleet.rollout import Course, Offer, Plan, agree, begin, read_plan, stop
from openinfusion.fleet.rollout.course import same_person
from openinfusion.fleet.rollout.course_file import Word, alone, last_word, read_course
from openinfusion.fleet.rollout.kept import keep_course, mark_of
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.accounts.signing import Evidence
from openinfusion.web.audit import book
from openinfusion.web.rollouts.models import Rollout, Said

PATIENCE = timedelta(seconds=5)
"""So long a page waits for the office to have decided."""
EVERY = 60
_LOOK_AGAIN = "to look at the page again, and to decide on what it shows then"
RIGHTS = {
    Said.What.BEGIN: Permission.IMPLEMENT,
    Said.What.AGREE: Permission.RELEASE,
    Said.What.STOP: Permission.SEE_FLEET,
    Said.What.RECALL: Permission.ROLL_BACK,
}
"""Who may say what; whoever sees a roll-out may stop it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who signs, under which role, when, and how they showed that it is they."""

    by: User
    role: str
    at: datetime
    evidence: Evidence


def file_of(rollout: Rollout) -> Path:
    """Return the file that its course is kept in, once it has begun."""
    folder: Path = settings.PLACE.folder / "rollouts" / rollout.organisation.slug
    return folder / f"{rollout.slug}.json"


def course_of(rollout: Rollout) -> Course | None:
    """Return how far it is, or ``None`` before it has begun."""
    file = file_of(rollout)
    return read_course(file) if file.exists() else None


def word_for(rollout: Rollout) -> Word | None:
    """Return what the office said last."""
    return last_word(file_of(rollout))


def plan_of(rollout: Rollout) -> Plan:
    """Return the plan as it was written."""
    return read_plan(rollout.plan.encode(), where=rollout.name)


def command_of(rollout: Rollout) -> str:
    """Return what whoever holds the key of the office types, so that it decides."""
    said = ["openinfusion", "fleet", "follow", str(file_of(rollout).resolve())]
    said += ["--config", str(settings.PLACE.devices)]
    said += ["--lake", str(settings.PLACE.lake)] if settings.PLACE.lake else []
    return shlex.join([*said, "--every", str(EVERY)])


# --- The plan ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def write_plan(
    organisation: Organisation, rollout: Rollout | None, text: str, *, plan: Plan, by: User, at: datetime, role: str
) -> Rollout:
    """
    Keep a plan, new or instead of what it was.

    Raises:
        ChangeControlError: it has begun, or another roll-out has its name.

    """
    slug = slugify(plan.name)[:60].strip("-") or "roll-out"
    if rollout is not None:
        rollout = Rollout.objects.select_for_update().get(pk=rollout.pk)
    if rollout is not None and course_of(rollout) is not None:
        raise ChangeControlError(where=rollout.name, found="a roll-out that has begun", expected="one that has not")
    before = rollout.plan if rollout else None
    if rollout is None:
        if slug == "new" or organisation.rollouts.filter(slug=slug).exists():
            raise ChangeControlError(where="name", found=f"a roll-out called {plan.name}", expected="another name")
        rollout = Rollout(organisation=organisation, slug=slug)
    rollout.name, rollout.plan, rollout.written_by, rollout.written_at = plan.name, text, by, at
    rollout.save()
    book.write(
        "write the plan of a roll-out",
        rollout.slug,
        by=by,
        organisation=organisation,
        at=at,
        role=role,
        before=before,
        after=text,
        reason=plan.reason,
    )
    return rollout


# --- What people say of it --------------------------------------------------------------------------------------------


@contextmanager
def _turn(rollout: Rollout) -> Iterator[Path]:
    """Wait until the office has decided, and only then begin to write: no row is locked while one waits for a file."""
    file = file_of(rollout)
    file.parent.mkdir(parents=True, exist_ok=True)
    with alone(file, patience=PATIENCE), transaction.atomic():
        yield file


def plan_mark(rollout: Rollout) -> str:
    """Return what whoever begins it begins, as a digest of the plan."""
    return hashlib.sha256(rollout.plan.encode()).hexdigest()


def begin_it(rollout: Rollout, *, shown: str, signed: Signed) -> None:
    """
    Begin it: its first ring is opened when the office looks.

    Raises:
        ChangeControlError: it has begun, or its plan is no more the one that was shown.

    """
    with _turn(rollout) as file:
        now = Rollout.objects.select_for_update().get(pk=rollout.pk)
        if file.exists():
            raise ChangeControlError(where=now.name, found="a roll-out that has begun", expected="one that has not")
        if shown != plan_mark(now):
            raise ChangeControlError(where=now.name, found="another plan than was shown", expected=_LOOK_AGAIN)
        plan = plan_of(now)
        _keep(now, Said.What.BEGIN, plan.reason, signed=signed, after=now.plan)
        write_whole(file, keep_course(begin(plan, by=signed.by.name, at=signed.at)))


def why_not_agree(
    rollout: Rollout, course: Course | None, person: User, *, shown: str | None = None
) -> tuple[str, str] | None:
    """
    Return why somebody cannot agree that the next ring be opened, found and expected, or ``None`` if they can.

    Who agrees does so to what was ``shown`` to them: a roll-out that went on since then is another.
    """
    if rollout.said.filter(what=Said.What.BEGIN, by=person).exists():
        return f"{person.name}, who began it", "another person to agree"
    if course is None:
        return "a plan that has not begun", "a roll-out that goes on"
    try:
        agree(course, by=person.name)
    except OperatorError as error:
        return error.found, error.expected
    if shown is not None and shown != mark_of(course):
        return f"a roll-out that is otherwise than was shown: {course.ring.name} is open", _LOOK_AGAIN
    return None


def agree_to_next(rollout: Rollout, *, shown: str, signed: Signed) -> None:
    """Let a second person agree that the next ring be opened; raises ChangeControlError where it is not theirs to."""
    with _turn(rollout) as file:
        course = read_course(file)
        if (why := why_not_agree(rollout, course, signed.by, shown=shown)) is not None:
            raise ChangeControlError(where=rollout.name, found=why[0], expected=why[1])
        opens = course.next_ring.name if course.next_ring else "none"
        _keep(rollout, Said.What.AGREE, f"{opens}, after {course.ring.name}", signed=signed)
        write_whole(file, keep_course(agree(course, by=signed.by.name)))


def stop_it(rollout: Rollout, reason: str, *, signed: Signed) -> None:
    """Halt it: the office lists the release for no ring any more; pumps that have it keep it."""
    with _turn(rollout) as file:
        _keep(rollout, Said.What.STOP, reason, signed=signed)
        write_whole(file, keep_course(stop(read_course(file), by=signed.by.name, reason=reason)))


def ask_recall(rollout: Rollout, reason: str, *, signed: Signed) -> None:
    """
    Ask for the release to be taken back; the first who asks halts the roll-out, and a second person must ask too.

    Raises:
        ChangeControlError: the same person asked already.

    """
    with _turn(rollout) as file:
        if signed.by in asked_recall(rollout):
            raise ChangeControlError(
                where=rollout.name, found="who asked already", expected="another person to ask too"
            )
        _keep(rollout, Said.What.RECALL, reason, signed=signed)
        course = read_course(file)
        if not course.halted:
            why = f"a recall was asked for: {reason}"
            write_whole(file, keep_course(stop(course, by=signed.by.name, reason=why)))


def _keep(rollout: Rollout, what: Said.What, reason: str, *, signed: Signed, after: str = "") -> Said:
    row = Said.objects.create(
        rollout=rollout, what=what, by=signed.by, at=signed.at, reason=reason, shown_by=signed.evidence.method
    )
    book.write(
        f"roll-out: {what.label}",
        rollout.slug,
        by=signed.by,
        organisation=rollout.organisation,
        at=signed.at,
        role=signed.role,
        after=after or {"said": row.pk, "shown by": signed.evidence.method},
        reason=reason,
    )
    return row


def asked_recall(rollout: Rollout) -> list[User]:
    """Return who asked for the release to be taken back, in their order, each once."""
    return list({one.by: None for one in rollout.said.filter(what=Said.What.RECALL).select_related("by")})


def recall_commands(rollout: Rollout, authority: Path, *, recalled: Collection[Offer]) -> list[str]:
    """
    Return what whoever holds the key types to take back the releases that are not yet ``recalled``.

    Empty until two persons asked for it. Two of one name are two persons: each is told by the address of the account.
    """
    asked = asked_recall(rollout)
    if len(asked) < 2:  # noqa: PLR2004 - two persons
        return []
    two = asked[:2]
    names = [one.name for one in two]
    if same_person(*names):
        names = [f"{one.name} ({one.email})" for one in two]
    reason = rollout.said.filter(what=Said.What.RECALL).values_list("reason", flat=True)[0]
    said = []
    for one in plan_of(rollout).offers:
        if one in recalled:
            continue
        parts = ["openinfusion", "fleet", "recall", str(one.number), "--hospital", one.hospital]
        parts += ["--profile", one.profile, "--by", names[0], "--by", names[1], "--reason", reason]
        parts += ["--authority", str(authority.resolve())]
        said.append(shlex.join(parts))
    return said
