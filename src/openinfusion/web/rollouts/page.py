"""What the page of a roll-out shows of it: its rings with what must be proven and what was, in words and figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from openinfusion.core.wording import counted
from openinfusion.fleet.authority.recalls import recalled_numbers
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.rollout import Course, Offer, Plan, Ring, RingCounts, Step
from openinfusion.fleet.rollout.chance import Rate
from openinfusion.fleet.rollout.course_file import Word
from openinfusion.fleet.rollout.reasons import percent

STEPS = {
    Step.WAIT: "waits",
    Step.ASK: "asks for a second person",
    Step.ADVANCE: "opens the next ring",
    Step.HALT: "halted",
    Step.DONE: "done",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RingRow:
    """
    A ring: whose pumps it takes, what they must prove, and how it stands by the last look of the office.

    Attributes:
        opened: when; ``None`` while it is not open.
        is_open: whether it is the one that is open to be proven.
        counts: how it stood; ``None`` before the office looked at it.

    """

    ring: Ring
    opened: datetime | None
    deadline: datetime | None
    is_open: bool
    counts: RingCounts | None

    @property
    def who(self) -> str:
        """Which pumps, in words."""
        return who_of(self.ring)

    @property
    def proven(self) -> str:
        """How many are proven, of those that were seen since it was opened."""
        return "–" if self.counts is None else percent(self.counts.current, self.counts.seen)


def who_of(ring: Ring) -> str:
    """Return in words which pumps a ring takes, of those that no ring before it takes."""
    who = ring.who
    lists = (("ward", who.wards), ("model", who.models), ("hospital", who.hospitals), ("profile", who.profiles))
    said = [f"{counted(len(names), what).partition(' ')[2]} {', '.join(names)}" for what, names in lists if names]
    if who.percent < 100:  # noqa: PLR2004 - all of them
        said.insert(0, f"{who.percent} % of the pumps")
    return "; ".join(said) or "everyone else"


def asks_of(ring: Ring) -> list[str]:
    """Return what a ring asks for before the next one is opened."""
    said = [
        f"{ring.percent} % of the pumps seen, at least {ring.at_least}",
        f"holding for {ring.soak_hours}\N{NO-BREAK SPACE}h",
    ]
    said.append(f"within {counted(ring.deadline_days, 'day')}")
    said += ["clinicians meet its limits as often as before"] if ring.is_canary else []
    return said + (["a second person agrees"] if ring.asks_second_person else [])


def rings_of(plan: Plan, course: Course | None, word: Word | None) -> list[RingRow]:
    """Return the rings of a plan in their order, with how each stands."""
    opened = course.opened if course else ()
    return [
        RingRow(
            ring=ring,
            opened=opened[n] if n < len(opened) else None,
            deadline=course.deadline(ring.name) if course else None,
            is_open=course is not None and n == len(opened) - 1 and not course.is_done and not course.halted,
            counts=word.rings.get(ring.name) if word else None,
        )
        for n, ring in enumerate(plan.rings)
    ]


Clinical = tuple[str, str, str, str, str]


def clinical_of(rows: list[RingRow]) -> list[Clinical]:
    """Return the clinical signal of each canary: ring, what, now, before, others."""
    return [
        (row.ring.name, what, str(now), str(before), str(others) if others.out_of else "–")
        for row in rows
        if row.ring.is_canary and row.counts is not None
        for what, now, before, others in _signal(row.counts)
    ]


def _signal(counts: RingCounts) -> Iterator[tuple[str, Rate, Rate, Rate]]:
    seen = counts.clinical
    yield "overrides of soft limits", seen.overrides, seen.overrides_before, seen.overrides_others
    yield "attempts beyond hard limits", seen.hard_hits, seen.hard_hits_before, seen.hard_hits_others


Stands = Literal["written", "goes on", "asks", "halted", "done", "unreadable"]


def stands_at(course: Course | None) -> Stands:
    """Return how a roll-out stands, in a word."""
    if course is None:
        return "written"
    if course.halted:
        return "halted"
    if course.is_done:
        return "done"
    asks = course.enough_since is not None and course.ring.asks_second_person and course.agreed_by is None
    return "asks" if asks and course.next_ring is not None else "goes on"


def recalled_in(plan: Plan, authority: Authority) -> list[Offer]:
    """Return the releases of a plan that the authority has recalled; its files are read where it published anew."""
    stamp = authority.stamp()
    return [one for one in plan.offers if one.number in _recalled(authority, stamp, one.hospital, one.profile)]


@lru_cache(maxsize=100)
def _recalled(authority: Authority, _stamp: object, hospital: str, profile: str) -> frozenset[int]:
    return frozenset(recalled_numbers(authority, hospital, profile))
