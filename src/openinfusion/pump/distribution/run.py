"""A plan of roll-out on a fleet: what is decided each hour, what was done by when, and what people were left to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from openinfusion.fleet.rollout import Clinical, Course, Decision, RingCounts, Step, agree, begin, follow
from openinfusion.pump.distribution.days import STEPS_A_DAY, STEPS_AN_HOUR
from openinfusion.pump.distribution.items import Items
from openinfusion.pump.distribution.knowledge import NEVER, Server
from openinfusion.pump.distribution.life import Bad, Life
from openinfusion.pump.distribution.wards import Ward
from openinfusion.pump.distribution.world import World

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
AGREES_AFTER = timedelta(hours=2)
"""How long the second person takes to agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """
    What came of it.

    Attributes:
        world, life: the fleet, and its pumps at the end.
        course: how far the roll-out came.
        decisions: every decision that differs from the one before it.
        opened: the step in which each ring was opened.
        steps: how many steps were lived.
        items: the work items of its pumps.
        work: pumps that a work item was opened for, by cause.
        unaccounted: pumps past their deadline that are neither proven nor on the work list; none may be.

    """

    world: World
    life: Life
    course: Course
    decisions: tuple[Decision, ...]
    opened: tuple[int, ...]
    steps: int
    items: Items
    work: Mapping[str, int]
    unaccounted: int

    @property
    def began(self) -> datetime:
        """When the first ring was opened."""
        return START

    @property
    def visited(self) -> int:
        """How many pumps in stores somebody has come to with a stick."""
        return int(((self.life.visited_at != NEVER) & (self.life.visited_at < self.steps)).sum())


def simulate(
    world: World,
    *,
    days: int,
    seed: int,
    bad: Bad | None = None,
    server: Server | None = None,
    until: str | None = None,
) -> Ran:
    """
    Let a release go through a fleet.

    Args:
        world: the fleet and its plan.
        days: how long, unless it is stopped before.
        seed: the same seed gives the same course.
        bad: what is wrong with the release.
        server: what judges the reports; by default they are taken for true.
        until: end once this ring is opened.

    """
    life = Life(world, seed=seed, bad=bad or Bad(), server=server)
    run = _Run(life=life, course=begin(world.plan, by="the first person", at=START), seed=seed)
    run.offer()
    step = 0
    for step in range(days * STEPS_A_DAY):
        life.live(step)
        if step % STEPS_AN_HOUR == 0:
            run.decide(step)
        if run.course.halted or run.course.ring.name == until:
            break
    return run.ran(step + 1)


@dataclass(slots=True)
class _Run:
    life: Life
    course: Course
    seed: int
    decisions: list[Decision] = field(default_factory=list)
    opened: list[int] = field(default_factory=lambda: [0])
    pump_hours: NDArray[np.int64] = field(init=False)
    sizes: NDArray[np.int64] = field(init=False)
    wards: dict[int, Ward] = field(init=False)
    asked_at: datetime | None = None
    items: Items = field(init=False)
    rounds: np.random.Generator = field(init=False)
    work: dict[str, int] = field(default_factory=lambda: {"stale": 0, "missed": 0, "failed": 0})

    def __post_init__(self) -> None:
        world = self.life.world
        rings = world.plan.rings
        self.pump_hours = np.zeros(len(rings), dtype=np.int64)
        self.sizes = self.life.known.count(np.ones(world.size, dtype=bool))
        self.items = Items.of(world.size)
        self.rounds = np.random.default_rng([self.seed, 6])
        self.wards = {}
        for number, ring in enumerate(rings):
            if ring.is_canary:
                pace = self._pace(number, running_only=False)
                dice = np.random.default_rng([self.seed, 5, number])
                percent = self.life.bad.clinical_percent
                self.wards[number] = Ward(world.assumed.clinical, pace, percent, dice)

    def _pace(self, ring: int, *, running_only: bool) -> float:
        """Return how many infusions are begun in a day on the pumps of a ring."""
        world = self.life.world
        which = (world.ring == ring) & (self.life.runs if running_only else True)
        return 24 * world.infusions_an_hour(which)

    def offer(self) -> None:
        """List the release for the rings that are open."""
        rings = [self.course.is_offered(ring.name) for ring in self.life.world.plan.rings]
        ring = self.life.world.ring
        self.life.is_offered = np.asarray(np.array(rings)[ring] & (ring >= 0))
        self._go_round()
        opened = self.course.opened[-1]
        self.life.known.server.open(self.course.ring.name, at=opened, deadline=opened + self.course.ring.deadline)

    def _go_round(self) -> None:
        """Send somebody with a stick through the stores, for the pumps of the ring that was opened."""
        world, mean = self.life.world, self.life.world.assumed.rounds.store_after_hours * STEPS_AN_HOUR
        stored = np.flatnonzero(world.is_stored & (world.ring == len(self.opened) - 1))
        if mean:
            after = 1 + self.rounds.exponential(mean, len(stored)).astype(np.int32)
            self.life.visited_at[stored] = self.opened[-1] + after

    def decide(self, step: int) -> None:
        """Do what a server does each hour: count, decide, open work items."""
        at = START + timedelta(hours=step // STEPS_AN_HOUR)
        known = self.life.known
        self.pump_hours += known.count(known.seen_since != NEVER)
        for number, ward in self.wards.items():
            if step % STEPS_A_DAY == 0:
                ward.begin_day()
            ward.live(self._pace(number, running_only=True) / 24)
        self._open_items(step)
        known.server.pass_to(at)
        self.course, decision = follow(self.course, self._counts(step), at=at)
        self._note(decision)
        if decision.step is Step.ASK:
            self.asked_at = self.asked_at or at
            if at - self.asked_at >= AGREES_AFTER:
                self.course, self.asked_at = agree(self.course, by="the second person"), None
        if decision.step is Step.ADVANCE:
            self.opened.append(step)
            self.offer()

    def _note(self, decision: Decision) -> None:
        last = self.decisions[-1] if self.decisions else None
        if last is None or _kind(last) != _kind(decision):
            self.decisions.append(decision)

    def _counts(self, step: int) -> dict[str, RingCounts]:
        known, rings = self.life.known, self.life.world.plan.rings
        seen, current = known.count(known.seen_since != NEVER), known.count(known.is_proven)
        failed, back = known.count(known.has_failed & ~known.is_proven), known.count(known.is_back)
        counts = {}
        for number, opened in enumerate(self.opened):
            ring = rings[number]
            is_over = step - opened >= ring.deadline_days * STEPS_A_DAY
            ward = self.wards.get(number)
            counts[ring.name] = RingCounts(
                pumps=int(self.sizes[number]),
                seen=int(seen[number]),
                current=int(current[number]),
                failed={"any": int(failed[number])},
                back=int(back[number]),
                missed=int(self.sizes[number] - current[number]) if is_over else 0,
                restored=int(known.restored[number]),
                reverted=int(known.reverted[number]),
                pump_hours=int(self.pump_hours[number]),
                clinical=Clinical() if ward is None else ward.signal(),
            )
        return counts

    def _open_items(self, step: int) -> None:
        """Turn silence, failure and missed deadlines into work; who finds a dead port mends it."""
        known, heard_at = self.life.known, self.life.heard_at
        has_ring = self.life.world.ring >= 0
        self.items.close(np.where(self.items.is_silence, heard_at > self.items.opened, known.is_proven), step)
        self._open("failed", known.has_failed & ~known.is_proven, step)
        silence = step - heard_at >= self.life.world.assumed.faults.stale_hours * STEPS_AN_HOUR
        self._open("stale", has_ring & silence, step)
        for number, opened in enumerate(self.opened):
            if step - opened >= self.life.world.plan.rings[number].deadline_days * STEPS_A_DAY:
                self._open("missed", (self.life.world.ring == number) & ~known.is_proven, step)

    def _open(self, cause: str, which: NDArray[np.bool_], step: int) -> None:
        new = self.items.open(which, step, is_silence=cause == "stale")
        self.work[cause] += len(new)
        dead = new[self.life.days.is_cut_off[new]]
        mean = self.life.world.assumed.faults.mended_after_days * STEPS_A_DAY
        self.life.mended_at[dead] = step + 1 + self.life.dice.exponential(mean, len(dead)).astype(np.int32)

    def ran(self, steps: int) -> Ran:
        """Return what came of it."""
        known, plan = self.life.known, self.life.world.plan
        past = [n for n, opened in enumerate(self.opened) if steps - opened > plan.rings[n].deadline_days * STEPS_A_DAY]
        is_past = np.isin(self.life.world.ring, past)
        unaccounted = int((is_past & (known.proven_since == NEVER) & ~self.items.is_open).sum())
        return Ran(
            world=self.life.world,
            life=self.life,
            course=self.course,
            decisions=tuple(self.decisions),
            opened=tuple(self.opened),
            steps=steps,
            items=self.items,
            work=dict(self.work),
            unaccounted=unaccounted,
        )


def _kind(decision: Decision) -> tuple[object, ...]:
    return decision.step, decision.ring, tuple(reason.why for reason in decision.reasons)
