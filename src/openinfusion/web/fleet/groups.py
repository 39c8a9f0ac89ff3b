"""Pumps by ward, and why those that are not current are not: counted from the rows that pages show."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from openinfusion.fleet.proof import CAUSES, TASKS, Aim, Cause, Ring, State
from openinfusion.fleet.proof.work import NO_WARD, WorkList
from openinfusion.web.fleet.watch import Pump
from openinfusion.web.fleet.words import ORDER

FIELDS = ("state", "cause", "ward", "ring", "model", "number", "port")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """
    What a person asks to see; what is not said asks nothing.

    Attributes:
        said: values by the names of ``FIELDS``; a pump must have one of the values of each.
        words: parts of a name, all of which it must have.

    """

    said: Mapping[str, frozenset[str]]
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.said or self.words)

    def among(self, pumps: Iterable[Pump]) -> list[Pump]:
        """Return the pumps that are asked for."""
        if not self:
            return list(pumps)
        return [one for one in pumps if self._takes(one)]

    def _takes(self, pump: Pump) -> bool:
        fits = all(str(getattr(pump, name)) in wanted for name, wanted in self.said.items())
        return fits and all(word in pump.name.casefold() for word in self.words)

    def query(self) -> str:
        """Return it as the end of an address."""
        pairs = [(name, one) for name, values in self.said.items() for one in sorted(values)]
        return urlencode(pairs + ([("q", " ".join(self.words))] if self.words else []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Pumps that are in one state for one cause."""

    state: State
    cause: Cause
    pumps: int

    @property
    def words(self) -> str:
        """The cause, said after "the pump"."""
        return CAUSES[self.cause]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """
    A ward.

    Attributes:
        pumps: last believed there.
        counts: in each state, the gravest first.
        to_do: of which somebody has to do something.
        silent_places: ports and access points there at which several fell silent.

    """

    ward: str
    pumps: int
    counts: tuple[tuple[State, int], ...]
    to_do: int
    silent_places: tuple[str, ...]

    @property
    def worst(self) -> State:
        """The gravest state of a pump there."""
        return self.counts[0][0]

    @property
    def current(self) -> int:
        """How many are proven current."""
        return dict(self.counts).get(State.CURRENT, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A release on its way: of which line, to which ring, since when and until when, and how its pumps stand."""

    ring: Ring
    aim: Aim
    pumps: int
    current: int
    tasks: int

    @property
    def is_done(self) -> bool:
        """Whether every pump of the ring is proven current."""
        return self.current == self.pumps


def by_state(pumps: Iterable[Pump]) -> list[tuple[State, int]]:
    """Return how many pumps are in each state, the gravest first."""
    counted = Counter(one.state for one in pumps)
    return [(state, counted[state]) for state in ORDER if counted[state]]


def reasons(pumps: Iterable[Pump]) -> list[Reason]:
    """Return why pumps are not current, the gravest state first, the most pumps first."""
    counted = Counter((one.state, one.cause) for one in pumps if one.state is not State.CURRENT)
    made = [Reason(state=state, cause=cause, pumps=number) for (state, cause), number in counted.items()]
    return sorted(made, key=lambda one: (ORDER.index(one.state), -one.pumps, one.cause))


def tiles(pumps: Iterable[Pump], work: WorkList) -> list[Tile]:
    """Return the wards by name, pumps of no known ward last."""
    by_ward: defaultdict[str, list[Pump]] = defaultdict(list)
    for one in pumps:
        by_ward[one.ward].append(one)
    silent = {(place.kind, place.name) for place in work.places}
    found: defaultdict[str, set[str]] = defaultdict(set)
    for task in work.tasks:
        for kind, name in (("port", task.port), ("access point", task.access_point)):
            if task.is_silent and (kind, name) in silent:
                found[task.ward].add(f"{kind} {name}")
    return [
        Tile(
            ward=ward,
            pumps=len(among),
            counts=tuple(by_state(among)),
            to_do=sum(one.state in TASKS for one in among),
            silent_places=tuple(sorted(found[ward])),
        )
        for ward, among in sorted(by_ward.items(), key=lambda item: (item[0] == NO_WARD, item[0]))
    ]


def flights(pumps: Iterable[Pump], aims: Mapping[Ring, Aim]) -> list[Flight]:
    """Return the releases on their way, ring by ring, the newest assignment first."""
    by_ring: defaultdict[Ring, list[Pump]] = defaultdict(list)
    for one in pumps:
        by_ring[one.line, one.ring].append(one)
    made = [
        Flight(
            ring=ring,
            aim=aim,
            pumps=len(by_ring[ring]),
            current=sum(one.state is State.CURRENT for one in by_ring[ring]),
            tasks=sum(one.state in TASKS for one in by_ring[ring]),
        )
        for ring, aim in aims.items()
    ]
    return sorted(made, key=lambda one: (-one.aim.since.timestamp(), one.ring))
