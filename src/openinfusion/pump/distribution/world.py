"""A fleet in numbers: where each pump is, what it is like, and which ring of a plan it belongs to."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from openinfusion.fleet.rollout import Facts, Plan

BENCH_PUMPS = 5
NO_RING = -1
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Bools = NDArray[np.bool_]
Indexes = NDArray[np.intp]


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What pumps of one kind of place are like; ``fleet.toml`` says what each figure is."""

    name: str
    percent: Percent
    online_percent: Percent
    idle_minutes: int
    infusions: float
    ward_pumps: int
    is_stored: bool = False
    is_cut_off: bool = False


class Mishaps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong whatever the library; ``fleet.toml`` says what each figure is."""

    mended_after_days: float
    stale_hours: int
    restores_per_pump_day: float
    clock_wrong_percent: Percent
    failures_per_attempt: float


class Rounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people do by plan; ``fleet.toml`` says what each figure is."""

    store_after_hours: float


class Habits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What clinicians do whatever the library: events per infusion."""

    overrides: float
    hard_hits: float
    spread_of_days: float


class Pushed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The way of before."""

    accepted_per_day: float


class Assumptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is assumed of a fleet."""

    kinds: tuple[Kind, ...]
    faults: Mishaps
    rounds: Rounds
    clinical: Habits
    pushed: Pushed


def shipped_assumptions() -> Assumptions:
    """Return what stands in ``fleet.toml``."""
    text = files(__package__).joinpath("fleet.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Assumptions)


@dataclass(frozen=True, slots=True)
class World:
    """
    The pumps of a fleet; each array has one element for each pump.

    Attributes:
        assumed: what was assumed.
        kind: index of the pump's kind.
        ring: index of its ring in the plan, or ``NO_RING``.
        plan: the plan of roll-out.

    """

    assumed: Assumptions
    kind: NDArray[np.uint8]
    ring: NDArray[np.int8]
    plan: Plan

    @property
    def size(self) -> int:
        """How many pumps."""
        return len(self.kind)

    def of_kind(self, what: str) -> NDArray[np.float64]:
        """Return a figure of the kinds, one for each kind."""
        return np.array([getattr(kind, what) for kind in self.assumed.kinds], dtype=float)

    def facts(self) -> Iterator[Facts]:
        """Yield the facts of each pump, in order."""
        return _facts(self.kind, self.assumed, self.plan)

    def infusions_an_hour(self, which: Bools) -> float:
        """Return how many infusions are begun in an hour on these pumps, on average."""
        pace = self.of_kind("infusions") / 24
        return float(np.bincount(self.kind[which], minlength=len(pace)) @ pace)

    @property
    def is_stored(self) -> Bools:
        """Whether each pump is used only when it was fetched."""
        return np.asarray(self.of_kind("is_stored")[self.kind] > 0)

    @property
    def is_cut_off(self) -> Bools:
        """Whether each pump is out of reach until somebody mends that."""
        return np.asarray(self.of_kind("is_cut_off")[self.kind] > 0)


def make_world(plan: Plan, *, pumps: int, seed: int, assumed: Assumptions) -> World:
    """Return a fleet of so many pumps under a plan."""
    dice = np.random.default_rng([seed, 1])
    shares = np.array([kind.percent for kind in assumed.kinds], dtype=float)
    kind = dice.choice(len(shares), size=pumps, p=shares / shares.sum()).astype(np.uint8)
    # The bench of clinical engineering lies within reach all the time.
    kind[:BENCH_PUMPS] = 0
    names = [ring.name for ring in plan.rings]
    found = (plan.ring_of(facts) for facts in _facts(kind, assumed, plan))
    ring = np.fromiter((NO_RING if one is None else names.index(one.name) for one in found), np.int8, pumps)
    return World(assumed=assumed, kind=kind, ring=ring, plan=plan)


def _facts(kind: NDArray[np.uint8], assumed: Assumptions, plan: Plan) -> Iterator[Facts]:
    places = [0] * len(assumed.kinds)
    for number, of_kind in enumerate(kind.tolist()):
        like = assumed.kinds[of_kind]
        ward = f"{like.name}-{places[of_kind] // like.ward_pumps + 1}" if number >= BENCH_PUMPS else "workshop"
        places[of_kind] += number >= BENCH_PUMPS
        offer = plan.offers[number % len(plan.offers)]
        yield Facts(
            pump=f"urn:pump:example:{number:06}",
            hospital=offer.hospital,
            profile=offer.profile,
            model="synfuse-1",
            ward=ward,
        )
