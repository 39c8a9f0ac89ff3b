"""
How bad a figure of the machinery is: pure functions of a value and its limit, which is data (``limits.toml``).

What cannot be read is red: nobody knows how it stands; so is what there ought to be and never was. What is not set up
here is neither good nor bad, and says so.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Literal


class Level(StrEnum):
    """How bad it is, the worst first."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    ABSENT = "not set up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """
    From when something is amber, and from when red.

    Attributes:
        what: it is called.
        unit: of the value and of both limits.
        worse: whether more is worse, or less.
        do: what to do about it.

    """

    what: str
    unit: str
    worse: Literal["above", "below"]
    amber: int
    red: int
    do: str

    def __str__(self) -> str:
        beyond = "more than" if self.worse == "above" else "fewer than" if "left" in self.unit else "less than"
        return f"amber at {beyond} {self.amber:,}, red at {beyond} {self.red:,} {self.unit}"

    def level(self, value: int) -> Level:
        """Return how bad a value is; one on a limit is not beyond it."""
        for level, edge in ((Level.RED, self.red), (Level.AMBER, self.amber)):
            if value > edge if self.worse == "above" else value < edge:
                return level
        return Level.GREEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """
    A figure of the machinery.

    Attributes:
        limit: the name of its limit.
        of: of which part, where there are several.
        value: in the unit of the limit; ``None`` where there is none.
        said: what is told beside it, such as the day on which something ends.
        fault: why it cannot be read, if so.
        lack: that there never was one, where there ought to be.

    """

    limit: str
    of: str = ""
    value: int | None = None
    said: str = ""
    fault: str | None = None
    lack: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A figure with its limit and how bad it is."""

    measure: Measure
    limit: Limit
    level: Level

    @property
    def shown(self) -> str:
        """The value in words."""
        if self.measure.fault is not None:
            return f"cannot be read: {self.measure.fault}"
        if self.measure.lack is not None:
            return self.measure.lack
        if self.measure.value is None:
            return self.measure.said or "not set up here"
        first, space, rest = self.limit.unit.partition(" ")
        one = first.removesuffix("s") if self.measure.value == 1 else first
        return f"{self.measure.value:,} {one}{space}{rest}"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "what": self.limit.what,
            "of": self.measure.of,
            "value": self.measure.value,
            "unit": self.limit.unit,
            "amber": self.limit.amber,
            "red": self.limit.red,
            "worse": self.limit.worse,
            "level": str(self.level),
            "said": self.measure.said,
            "fault": self.measure.fault or self.measure.lack,
            "do": self.limit.do if self.level in {Level.RED, Level.AMBER} else "",
        }


@cache
def limits() -> Mapping[str, Limit]:
    """Return the limits, by their names."""
    said = tomllib.loads((Path(__file__).parent / "limits.toml").read_text())
    return {name: Limit(**one) for name, one in said.items()}


def judge(measures: Iterable[Measure], known: Mapping[str, Limit]) -> list[Judged]:
    """Return the figures with how bad each is, the worst first, otherwise in their order."""
    made = [Judged(measure=one, limit=known[one.limit], level=_level(one, known[one.limit])) for one in measures]
    order = list(Level)
    return sorted(made, key=lambda one: order.index(one.level))


def _level(measure: Measure, limit: Limit) -> Level:
    if measure.fault is not None or measure.lack is not None:
        return Level.RED
    return Level.ABSENT if measure.value is None else limit.level(measure.value)


def worst(judged: Iterable[Judged]) -> Level:
    """Return how bad it is altogether."""
    order = list(Level)
    found = [one.level for one in judged if one.level is not Level.ABSENT]
    return min(found, key=order.index, default=Level.GREEN)
