"""The words around a virtual pump: a line that was typed, what is asked for and offered, a screen as text."""

import re
from dataclasses import dataclass
from fractions import Fraction
from textwrap import wrap

from rich.cells import cell_len

from openinfusion.cli.console import seen
from openinfusion.cli.pump_session import Action, Bar, Happens, Keyed, Take, Wait
from openinfusion.core.numbers import show_number
from openinfusion.pump.machine import Ask, Choice, Screen
from openinfusion.pump.machine.display import CLEAR

_WAYS_OUT = frozenset({"back", "cancel", "clear", "skip", "other way"})
WHAT_WORDS = {
    "letters": "first letters of the drug",
    "over": "time over which it is given",
    "in a volume of": "volume that holds the drug",
}
"""What is asked for, in words that say more than those of the display."""

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_NUMBER = re.compile(r"^\d+(?:\.\d+)?", re.ASCII)
_TIME = re.compile(r"(\d{1,6}) ?(?:(s|sec|second)|(min|minute)|(h|hour))s?", re.ASCII)
LONGEST_WAIT = 7 * 24 * 3600
WIDTH = 78


# --- A line that was typed -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quit:
    """The end."""


@dataclass(frozen=True, slots=True)
class Help:
    """What can be typed."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A line that nothing can be made of, and why."""

    why: str


Line = Action | Quit | Help | Unclear


def takes_digits(screen: Screen) -> bool:
    """Whether digits are a value here, and not the number of a choice."""
    return screen.ask is not None and bool(screen.ask.unit)


def types_first(screen: Screen) -> bool:
    """Whether a value is what the screen is about, and its choices only lead away, or to another value."""
    return screen.ask is not None and all(choice.id in _WAYS_OUT for choice in screen.choices)


def read_line(text: str, screen: Screen) -> Line:
    """
    Return what a typed line means on a screen.

    A number or the word of a choice takes it; where a value with a unit is asked for, a number is that value.
    """
    line = " ".join(text.split())
    word, _, rest = line.partition(" ")
    match word.casefold():
        case "quit" | "exit" | "q" if not rest:
            return Quit()
        case "help" | "?" if not rest:
            return Help()
        case "wait":
            return read_wait(rest)
        case "happens":
            return _read_happens(rest)
        case "power" if not rest:
            return Take("power")
    if (choice := _choice(line, screen)) is not None:
        return Take(choice.id)
    if screen.ask is not None:
        return Keyed(line)
    return Unclear("nothing typed" if not line else f"no choice of this screen is called {line!r}")


def read_wait(text: str) -> Wait | Unclear:
    """Return how long to wait: "10 min", "1 h", "30 s"."""
    found = _TIME.fullmatch(text.strip().casefold())
    if found is None:
        return Unclear("a time such as wait 10 min, wait 1 h or wait 30 s")
    unit = next(word for word in found.groups()[1:] if word)
    seconds = int(found[1]) * _SECONDS[unit[0]]
    return Wait(Fraction(seconds)) if seconds <= LONGEST_WAIT else Unclear("at most a week at once: wait 168 h")


def _read_happens(text: str) -> Happens | Unclear:
    word, _, volume = text.partition(" ")
    return Happens(word.casefold(), volume) if word else Unclear("what happens, such as happens occlusion")


def _choice(line: str, screen: Screen) -> Choice | None:
    """Return the choice that a line means, or ``None``."""
    if line.isascii() and line.isdigit() and not takes_digits(screen):
        return next((choice for mark, choice in numbered(screen) if mark == line), None)
    wanted = line.casefold()
    if not wanted:
        return None
    for choice in screen.choices:
        if wanted in (choice.id.casefold(), choice.label.casefold()):
            return choice
    if screen.ask is not None:
        return None
    begun = [choice for choice in screen.choices if choice.label.casefold().startswith(wanted)]
    return begun[0] if len(begun) == 1 else None


# --- A screen as text ------------------------------------------------------------------------------------------------


def numbered(screen: Screen) -> list[tuple[str, Choice]]:
    """
    Return the choices with what takes each: a number, or a dot where digits are a value.

    To answer an alarm is 0, so that no other choice changes its number in the moment in which an alarm begins.
    """
    if takes_digits(screen):
        return [("·", choice) for choice in screen.choices]
    alarm = [("0", choice) for choice in screen.choices if choice.id == CLEAR.id]
    others = [choice for choice in screen.choices if choice.id != CLEAR.id]
    return [*alarm, *((str(number), choice) for number, choice in enumerate(others, 1))]


def asked_words(ask: Ask) -> str:
    """Return what is asked for, as a question."""
    words = WHAT_WORDS.get(ask.what, ask.what)
    return f"{words[:1].upper()}{words[1:]}?"


def bar_text(bar: Bar, *, width: int) -> str:
    """Return a bar as characters."""
    full = int(bar.part * width)
    return f"{bar.name:<8}{'█' * full}{'░' * (width - full)} {bar.words}"


def offered_words(ask: Ask) -> str:
    """Return what is offered, with its unit once, and thousands grouped; what is keyed stays plain."""
    offered = _NUMBER.sub(lambda found: show_number(Fraction(found[0])), ask.offered or "")
    return f"{offered} {ask.unit}" if _NUMBER.fullmatch(ask.offered or "") else offered


def text_box(screen: Screen, *, clock: str = "", bars: tuple[Bar, ...] = (), width: int = WIDTH) -> str:
    """Return a screen as a box of text."""
    room = width - 4
    status = f"[{screen.status.upper()}]"
    rows = [*_row(screen.title or "(dark)", status, room)]
    rows += [f"!! ALARM: {alarm}" for alarm in screen.alarms]
    rows += [piece for line in screen.lines for piece in _folded(f"  {line}", room)]
    rows += [f"  {bar_text(bar, width=24)}" for bar in bars]
    if screen.ask is not None:
        offered = f" Enter alone: {offered_words(screen.ask)}." if screen.ask.offered is not None else ""
        unit = f" In {screen.ask.unit}." if screen.ask.unit else ""
        rows.append(f"  {asked_words(screen.ask)}{unit}{offered}")
    rule = "─" * (width - 2)
    choices = [piece for mark, choice in numbered(screen) for piece in _folded(f"{mark:>3}  {choice.label}", room)]
    foot = _folded(" | ".join(part for part in (screen.footer, clock) if part), room)
    parts = [part for part in (rows, choices, foot) if part]
    drawn = f"\n├{rule}┤\n".join("\n".join(_sided(row, room) for row in part) for part in parts)
    return f"┌{rule}┐\n{drawn}\n└{rule}┘"


def _row(left: str, right: str, room: int) -> list[str]:
    """Return a line with something at either end, or two lines where there is no room."""
    gap = room - cell_len(left) - cell_len(right)
    return [f"{left}{' ' * gap}{right}"] if gap > 0 else [*_folded(left, room), right]


def _folded(text: str, room: int) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    return wrap(text, room, subsequent_indent=indent, drop_whitespace=True, replace_whitespace=True) or [""]


def _sided(text: str, room: int) -> str:
    plain = seen(text).plain
    return f"│ {plain}{' ' * max(room - cell_len(plain), 0)} │"
