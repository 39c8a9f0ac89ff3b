"""The work list: pumps of which somebody has to do something, by ward, and the places where several fell silent."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from openinfusion.core.wording import counted
from openinfusion.fleet.proof.register import TASKS, Card, Register, Ring
from openinfusion.fleet.proof.states import Cause, Standing, State
from openinfusion.fleet.report import Level

MANY = 3
"""So many pumps that fell silent at one port or access point are a sign of the place, not of the pumps."""
NO_WARD = "not known"
SILENT = frozenset({Cause.SILENT, Cause.NEVER_PROVEN, Cause.NOT_SEEN_SINCE})
"""Causes of pumps that are not heard."""
TO_DO: dict[Cause, str] = {
    Cause.WHICH_PUMP: "Take it out of use. Look for its twin, or the copy that it was restored from; then settle it.",
    Cause.DENIED: "Find it, or retire it if it is gone; a new key or the end of the denial brings it back.",
    Cause.WHAT_IT_RUNS: "Take it out of use until it proves a release again; have it serviced if it does not.",
    Cause.OTHER_CONTENT: "Take it out of use, and tell the safety officer: content was not what was released.",
    Cause.RUNS_RECALLED: "Change it for another pump, and keep it near the network until it proves another release.",
    Cause.WENT_BACK: "Keep it near the network until it has the release again; ask what was done to it.",
    Cause.LOST_STATE: "Keep it near the network until it has the release again; look at its battery.",
    Cause.REFUSED_IT: "Look up the code of the refusal.",
    Cause.SILENT: "Find it, connect it to mains and network, and look at port and access point.",
    Cause.NEVER_PROVEN: "Find it, connect it to mains and network; see whether its agent was set up.",
    Cause.NOT_SEEN_SINCE: "Find it, connect it to mains and network, and look at port and access point.",
    Cause.WAITS_TO_BE_IDLE: "It is in use: let it finish, or change it for another pump.",
    Cause.NOT_TAKEN_YET: "It is heard and does not take the release: ask clinical engineering.",
}
"""What to do, by the cause."""
# The most urgent first: a pump that may run anything, one that runs what was recalled, one that went back, one that
# could not, one that was not seen.
URGENCY = (State.SUSPECT, State.RECALLED, State.REVERTED, State.FAILED, State.MISSED, State.STALE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """
    A pump of which somebody has to do something.

    Attributes:
        pump, model, ring: which.
        standing: how it stands, and why.
        opened: since when there is something to do.
        seen: when it was last believed.
        ward, access_point, port, dock: where that was.

    """

    pump: str
    model: str
    ring: Ring
    standing: Standing
    opened: datetime
    seen: datetime | None
    ward: str
    access_point: str
    port: str
    dock: str

    @property
    def to_do(self) -> str:
        """What to do."""
        return TO_DO.get(self.standing.cause, "Ask clinical engineering.")

    @property
    def is_silent(self) -> bool:
        """Whether it is not heard."""
        return self.standing.cause in SILENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A port or access point at which several pumps were last seen before they fell silent."""

    kind: Literal["port", "access point"]
    name: str
    silent: int
    pumps: int
    since: datetime

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.silent} of the {self.pumps} pumps last seen there are silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """
    What has to be done at a time.

    Attributes:
        at: when.
        pumps: pumps of the register.
        states: how many are in each state.
        tasks: by ward, the most urgent and the oldest first.
        places: where several fell silent, the most first.

    """

    at: datetime
    pumps: int
    states: Counter[State]
    tasks: tuple[Task, ...]
    places: tuple[Place, ...]

    def wards(self) -> Iterator[tuple[str, list[Task]]]:
        """Yield each ward with its tasks."""
        by_ward: defaultdict[str, list[Task]] = defaultdict(list)
        for task in self.tasks:
            by_ward[task.ward].append(task)
        yield from sorted(by_ward.items(), key=lambda item: (item[0] == NO_WARD, item[0]))


def work_list(register: Register, *, at: datetime, rings: Collection[Ring] | None = None) -> WorkList:
    """
    Return what has to be done; call ``register.advance`` first, so that silence counts until now.

    Args:
        register: the pumps.
        at: now.
        rings: whose pumps count; all if not said.

    """
    cards = [card for card in register if rings is None or card.ring in rings]
    tasks = [_task(card, register.standing(card.witness.pump, at=at)) for card in cards if card.state in TASKS]
    tasks.sort(key=lambda task: (task.ward, URGENCY.index(task.standing.state), task.opened, task.pump))
    return WorkList(
        at=at, pumps=len(cards), states=register.counts(rings), tasks=tuple(tasks), places=_places(cards, tasks)
    )


def _task(card: Card, standing: Standing) -> Task:
    witness, place = card.witness, card.witness.place
    return Task(
        pump=witness.pump,
        model=witness.model,
        ring=card.ring,
        standing=standing,
        opened=card.opened or standing.since,
        seen=witness.seen,
        ward=(place and place.ward) or NO_WARD,
        access_point=(place and place.access_point) or "",
        port=(place and place.port) or "",
        dock=(place and place.dock) or "",
    )


def _places(cards: Iterable[Card], tasks: Iterable[Task]) -> tuple[Place, ...]:
    silent: defaultdict[tuple[Literal["port", "access point"], str], list[datetime]] = defaultdict(list)
    for task in tasks:
        if task.is_silent and task.seen is not None:
            for key in _where(task.port, task.access_point):
                silent[key].append(task.seen)
    everyone = Counter(
        key
        for card in cards
        if (place := card.witness.place) is not None
        for key in _where(place.port, place.access_point)
    )
    found = [
        Place(kind=key[0], name=key[1], silent=len(seen), pumps=everyone[key], since=max(seen))
        for key, seen in silent.items()
        if len(seen) >= MANY
    ]
    return tuple(sorted(found, key=lambda place: (-place.silent, place.kind, place.name)))


def _where(port: str | None, access_point: str | None) -> Iterator[tuple[Literal["port", "access point"], str]]:
    if port:
        yield "port", port
    if access_point:
        yield "access point", access_point


# --- For machines -----------------------------------------------------------------------------------------------------


def to_json(work: WorkList) -> dict[str, Any]:
    """Return it as JSON values; ages are in whole hours."""
    return {
        "at": work.at.isoformat(),
        "pumps": work.pumps,
        "states": {str(state): work.states[state] for state in State},
        "places": [
            {"kind": one.kind, "name": one.name, "silent": one.silent, "pumps": one.pumps, "since": _iso(one.since)}
            for one in work.places
        ],
        "tasks": [_task_json(task, work.at) for task in work.tasks],
    }


def _task_json(task: Task, at: datetime) -> dict[str, Any]:
    standing = task.standing
    level: Level | None = standing.level
    return {
        "pump": task.pump,
        "model": task.model,
        "line": task.ring[0],
        "ring": task.ring[1],
        "state": str(standing.state),
        "cause": str(standing.cause),
        "words": str(standing),
        "to_do": task.to_do,
        "level": level,
        "opened": _iso(task.opened),
        "age_hours": hours(at - task.opened),
        "seen": _iso(task.seen),
        "ward": task.ward,
        "access_point": task.access_point,
        "port": task.port,
        "dock": task.dock,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def hours(span: timedelta) -> int:
    """Return the whole hours of a span."""
    return span // timedelta(hours=1)


def show_age(span: timedelta) -> str:
    """Return a span for a reader: whole hours up to two days, then whole days."""
    whole = hours(span)
    number, unit = (whole, "hour") if whole < 48 else (whole // 24, "day")  # noqa: PLR2004 - two days
    return counted(number, unit)
