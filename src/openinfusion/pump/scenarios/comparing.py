"""Two runs of a scenario side by side, moment by moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from openinfusion.adapters.events.story import sentence
from openinfusion.pump.machine import Screen
from openinfusion.pump.scenarios.playing import Frame

_SHOWN = ("strength", "dose", "rate", "volume")
"""What of a summary tells two libraries apart."""


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


def is_alike(pair: Pair) -> bool:
    """Whether both runs do and say the same, and the pump answers the same."""
    return pair.one is not None and pair.other is not None and _told(pair.one) == _told(pair.other)


def _told(moment: Moment) -> tuple[str, str, str]:
    return moment.frames[0].did, moment.frames[0].says, outcome(moment)


def outcome(moment: Moment) -> str:
    """Return how the pump answered, in words: why it beeped, what it noted, what it asks or shows."""
    first = moment.frames[0]
    parts = [f"the pump beeps: {first.beep}"] if first.beep is not None else []
    parts += [sentence(event) for frame in moment.frames for event in frame.events]
    return "; ".join(parts) or (_display(first.screen) if first.did else "")


def _display(screen: Screen) -> str:
    """Return what a screen asks, or what its summary says."""
    if screen.ask is not None:
        unit = f" in {screen.ask.unit}" if screen.ask.unit else ""
        return f"the pump asks for “{screen.ask.what}”{unit}"
    lines = [line for line in dict.fromkeys(screen.lines) if line.startswith(_SHOWN)]
    summary = f" ({', '.join(lines)})" if lines and screen.title.startswith("Confirm") else ""
    return f"the display says “{screen.title}”{summary}"
