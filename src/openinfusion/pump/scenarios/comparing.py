"""Two runs of a scenario side by side, moment by moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from openinfusion.pump.scenarios.playing import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """
    One step of a run, and what happened by itself after it.

    Attributes:
        name: its name in every run, or what was done.
        frames: the frame of the step first.

    """

    name: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """
    The same moment in two runs; ``None`` in the run that does not come to it.

    Attributes:
        name: its name.
        one: the moment in the first run.
        other: the moment in the second run.

    """

    name: str
    one: Moment | None
    other: Moment | None


def moments(frames: Iterable[Frame]) -> tuple[Moment, ...]:
    """Return the moments of a run; what happens before its first step is left out."""
    made: list[list[Frame]] = []
    for frame in frames:
        if frame.step is not None:
            made.append([frame])
        elif made:
            made[-1].append(frame)
    return tuple(Moment(name=_name(group[0]), frames=tuple(group)) for group in made)


def _name(frame: Frame) -> str:
    named = frame.step.id if frame.step is not None else None
    return named or frame.did or frame.says


def compare(one: Iterable[Frame], other: Iterable[Frame]) -> tuple[Pair, ...]:
    """Return two runs side by side, in order; moments of the same name stand together."""
    return tuple(_pairs(moments(one), moments(other)))


def _pairs(one: tuple[Moment, ...], other: tuple[Moment, ...]) -> Iterator[Pair]:
    matcher = SequenceMatcher(None, [m.name for m in one], [m.name for m in other], autojunk=False)
    for tag, from_one, to_one, from_other, to_other in matcher.get_opcodes():
        mine, theirs = one[from_one:to_one], other[from_other:to_other]
        if tag == "equal":
            yield from (Pair(name=a.name, one=a, other=b) for a, b in zip(mine, theirs, strict=True))
        else:
            yield from (Pair(name=moment.name, one=moment, other=None) for moment in mine)
            yield from (Pair(name=moment.name, one=None, other=moment) for moment in theirs)
