"""What time it is for a pump whose clock may be years wrong."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

Quality = Literal["trusted", "own", "floor"]


class Clock(Protocol):
    """The two clocks of a pump."""

    def now(self) -> datetime:
        """Return what the pump believes the time to be, with its offset from UTC; it may be wrong, and may jump."""

    def elapsed(self) -> timedelta:
        """Return the time since some moment; it never jumps and never goes back."""


class SystemClock:
    """The clocks of the machine that the agent runs on."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic())


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """
    A moment that has passed for certain, because somebody signed it.

    Attributes:
        source: "releases", "director" or "time".
        at: the moment.
        keys: who could sign it then. Keys that were stolen can lift a floor into the future; once the root names
            others, the floor no longer holds.

    """

    source: str
    at: datetime
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """The time by which metadata is judged and reports are dated, how good it is, and the earliest it can be."""

    at: datetime
    quality: Quality
    floor: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """A time that the server signed, and what the steady clock said when it came."""

    at: datetime
    elapsed: timedelta


def heard_again(before: Heard | None, at: datetime, elapsed: timedelta) -> Heard:
    """Return a time that was heard now; never less than one that was heard before, carried on."""
    return Heard(at if before is None else max(at, before.at + (elapsed - before.elapsed)), elapsed)


def moment_of(clock: Clock, floors: Iterable[Floor], *, made: datetime, heard: Heard | None) -> Moment:
    """
    Return what time it is: the signed time carried on, else the pump's clock, and never before the floor.

    ``made`` is when the pump was set up: no floor is earlier.
    """
    floor = max((made, *(one.at for one in floors)))
    if heard is not None:
        return Moment(max(heard.at + (clock.elapsed() - heard.elapsed), floor), "trusted", floor)
    own = clock.now()
    return Moment(floor, "floor", floor) if own < floor else Moment(own, "own", floor)
