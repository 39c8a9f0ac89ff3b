"""
The course of a roll-out: from ring to ring on proof, and to a halt on doubt. Pure: it is given what is known, and when.

``follow`` is asked whenever a report changed something, and at least hourly. What it returns is data: the course to
keep, and a decision with its reasons. What the director lists for a ring follows from the course (``is_offered``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.rollout.counts import RingCounts
from openinfusion.fleet.rollout.plan import Halt, Plan, Ring
from openinfusion.fleet.rollout.reasons import Reason, Why, percent
from openinfusion.fleet.rollout.signals import has_signal, why_halt


class Step(StrEnum):
    """What a decision comes to."""

    WAIT = "wait"
    ASK = "ask"
    ADVANCE = "advance"
    HALT = "halt"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """
    How far a roll-out is.

    Attributes:
        plan: what it follows.
        begun_by: who began it.
        opened: when each ring so far was opened; the last one is open to be proven.
        enough_since: since when the open ring has had enough proven pumps, without a break.
        agreed_by: who agreed that the next ring may be opened.
        halted: why nothing more is offered, or empty.
        is_done: whether the last ring has been proven.

    """

    plan: Plan
    begun_by: str
    opened: tuple[datetime, ...]
    enough_since: datetime | None = None
    agreed_by: str | None = None
    halted: tuple[Reason, ...] = ()
    is_done: bool = False

    @property
    def ring(self) -> Ring:
        """The ring that is open to be proven."""
        return self.plan.rings[len(self.opened) - 1]

    @property
    def next_ring(self) -> Ring | None:
        """The ring after it, if any."""
        after = len(self.opened)
        return self.plan.rings[after] if after < len(self.plan.rings) else None

    def is_offered(self, ring: str) -> bool:
        """Whether the director lists the release for a ring: nothing is listed anew while it is halted."""
        return not self.halted and ring in [one.name for one in self.plan.rings[: len(self.opened)]]

    def deadline(self, ring: str) -> datetime | None:
        """Return when a pump of a ring that proved nothing is missed; ``None`` while the ring is not open."""
        for one, opened in zip(self.plan.rings, self.opened, strict=False):
            if one.name == ring:
                return opened + one.deadline
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided of a ring, when, and why."""

    step: Step
    ring: str
    at: datetime
    reasons: tuple[Reason, ...]
    next_ring: str | None = None


def begin(plan: Plan, *, by: str, at: datetime) -> Course:
    """Return the course with its first ring open."""
    return Course(plan=plan, begun_by=by, opened=(at,))


def follow(course: Course, counts: Mapping[str, RingCounts], *, at: datetime) -> tuple[Course, Decision]:
    """
    Decide what is next.

    Args:
        course: how far it is.
        counts: how each open ring stands, by its name; rings proven before can still stop the roll-out.
        at: now.

    """
    if course.halted:
        return course, _decision(course, Step.HALT, course.halted, at=at)
    if course.is_done:
        reason = _enough(course.ring, counts.get(course.ring.name, RingCounts()))
        return course, _decision(course, Step.DONE, (reason,), at=at)
    reasons = tuple(_why_halt(course, counts))
    if reasons:
        course = replace(course, halted=reasons)
        return course, _decision(course, Step.HALT, reasons, at=at)
    known = counts.get(course.ring.name, RingCounts())
    waits = tuple(_why_wait(course.ring, known, course.plan.halt))
    enough_since = None if waits else course.enough_since or at
    agreed_by = None if waits else course.agreed_by
    course = replace(course, enough_since=enough_since, agreed_by=agreed_by)
    if enough_since is None and at < course.opened[-1] + course.ring.deadline:
        return course, _decision(course, Step.WAIT, waits, at=at)
    if enough_since is None:
        words = f"{course.ring.name}: not proven within {course.ring.deadline_days} days"
        reasons = (Reason(Why.OVERDUE, words), *waits, *_missed(known))
        course = replace(course, halted=reasons)
        return course, _decision(course, Step.HALT, reasons, at=at)
    return _proven(course, known, enough_since, at=at)


def _proven(course: Course, known: RingCounts, since: datetime, *, at: datetime) -> tuple[Course, Decision]:
    """Decide for a ring that has had enough proven pumps since a moment."""
    ring = course.ring
    reasons = (_enough(ring, known), *_missed(known))
    if at - since < ring.soak:
        words = f"that held for {_hours(at - since)}; it must hold for {ring.soak_hours} h"
        return course, _decision(course, Step.WAIT, (Reason(Why.SOAK, words), *reasons), at=at)
    if course.next_ring is None:
        return replace(course, is_done=True), _decision(course, Step.DONE, reasons, at=at)
    if ring.asks_second_person and course.agreed_by is None:
        words = f"a second person must agree before {course.next_ring.name}; {course.begun_by} began it and may not"
        return course, _decision(course, Step.ASK, (Reason(Why.SECOND_PERSON, words), *reasons), at=at)
    decision = _decision(course, Step.ADVANCE, reasons, at=at)
    return replace(course, opened=(*course.opened, at), enough_since=None, agreed_by=None), decision


def _decision(course: Course, step: Step, reasons: tuple[Reason, ...], *, at: datetime) -> Decision:
    after = course.next_ring.name if step in (Step.ADVANCE, Step.ASK) and course.next_ring else None
    return Decision(step=step, ring=course.ring.name, at=at, reasons=reasons, next_ring=after)


def _why_halt(course: Course, counts: Mapping[str, RingCounts]) -> Iterator[Reason]:
    for ring in course.plan.rings[: len(course.opened)]:
        known = counts.get(ring.name)
        for reason in why_halt(course.plan.halt, ring, known) if known else ():
            yield Reason(reason.why, f"{ring.name}: {reason}")


def _why_wait(ring: Ring, known: RingCounts, halt: Halt) -> Iterator[Reason]:
    """Yield what is missing before a ring has enough proven pumps."""
    if known.current < ring.at_least:
        words = f"{known.current:,} of {known.pumps:,} pumps proven; fewer than {ring.at_least} show nothing"
        yield Reason(Why.TOO_FEW, words)
    if known.current * 100 < ring.percent * known.seen:
        words = f"{percent(known.current, known.seen)} of the pumps seen are proven; {ring.percent} % are asked"
        yield Reason(Why.NOT_ENOUGH, words)
    if known.back:
        yield Reason(
            Why.PUMPS_BACK,
            f"pumps that went back, had not lost their state, and still stand so: {known.back:,}; none may",
        )
    if ring.is_canary and not has_signal(halt, known):
        now, before = known.clinical.overrides, known.clinical.overrides_before
        words = f"{now.out_of:,} infusions under the release, {before.out_of:,} in the 28 days before"
        yield Reason(Why.NO_SIGNAL, f"{words}; fewer than {halt.infusions} of either show nothing")


def _enough(ring: Ring, known: RingCounts) -> Reason:
    words = f"{percent(known.current, known.seen)} of the pumps seen are proven, {ring.percent} % are asked"
    return Reason(Why.PROVEN, f"{words}; {known.pumps - known.seen:,} of {known.pumps:,} were not seen")


def _missed(known: RingCounts) -> Iterator[Reason]:
    if known.missed:
        words = f"{known.missed:,} pumps were not proven before the deadline: each is on the work list"
        yield Reason(Why.MISSED, words)


def _hours(span: timedelta) -> str:
    return f"{span // timedelta(hours=1)} h"


# --- What persons do --------------------------------------------------------------------------------------------------


def agree(course: Course, *, by: str) -> Course:
    """
    Return it with a second person's word that the next ring may be opened.

    Raises:
        OperatorError: it is the person who began, or nothing is to be agreed to.

    """
    if not by.strip():
        raise OperatorError(where="roll-out", found="no name", expected="the name of whoever agrees")
    if same_person(by, course.begun_by):
        raise OperatorError(where="roll-out", found=f"{by}, who began it", expected="another person to agree")
    if course.halted or course.enough_since is None or not course.ring.asks_second_person:
        found = "a halt" if course.halted else f"{course.ring.name}, which asks for no agreement now"
        raise OperatorError(where="roll-out", found=found, expected="a ring that is proven and asks for agreement")
    return replace(course, agreed_by=by)


def stop(course: Course, *, by: str, reason: str) -> Course:
    """Return it halted; anyone who may see a roll-out may stop it."""
    return replace(course, halted=(*course.halted, Reason(Why.BY_A_PERSON, f"stopped by {by}: {reason}")))


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person, however they are typed."""
    return one.strip().casefold() == other.strip().casefold()
