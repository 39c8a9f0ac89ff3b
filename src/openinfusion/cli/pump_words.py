"""The words around a virtual pump: what to do next, what an alarm means, a line that was typed, a screen as text."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from textwrap import wrap

from rich.cells import cell_len

from openinfusion.cli.console import seen
from openinfusion.cli.pump_session import Action, Bar, Happens, Keyed, Session, Take, Wait
from openinfusion.core.entry import Mode
from openinfusion.core.limits import Limits
from openinfusion.core.numbers import show_number
from openinfusion.pump.machine import Ask, Choice, Screen
from openinfusion.pump.machine.calls import STOPS_FLOW
from openinfusion.pump.machine.display import CLEAR
from openinfusion.pump.machine.held import FEWEST_LETTERS
from openinfusion.pump.machine.pages import Search
from openinfusion.pump.machine.programming import Form

ALARMS = {
    "occlusion downstream": "The line to the patient is blocked. Look for a clamp or a kink and free it.",
    "occlusion upstream": "The line from the bag is blocked. Open its clamp.",
    "pressure": "The pressure in the line is high.",
    "air": "There is air in the line. Remove it.",
    "no flow": "Nothing flows.",
    "near end": "It will soon be empty. Have the next one ready.",
    "empty": "There is nothing left to give. Put a new one in, or end the infusion.",
    "keeping the vein open": "The volume has been given.",
    "kvo": "The volume has been given; a trickle keeps the vein open.",
    "door": "The door is open. Close it.",
    "syringe": "The syringe is loose. Put it back in its clamp.",
    "callback": "It has been paused for a while, and calls so that nobody forgets it.",
    "battery low": "The battery is nearly empty. Put the plug in.",
    "battery depleted": "The battery is empty. Put the plug in.",
    "fault": "The pump has found a fault in itself.",
}
"""What an alarm means, by its words on the display."""

_WAYS_BACK = frozenset({"back", "cancel", "clear", "skip"})
_WHAT = {
    "letters": "first letters of the drug",
    "over": "time over which it is given",
    "in a volume of": "volume that holds the drug",
}
_PREFERRED = ("noradrenaline", "morphine", "paracetamol", "propofol", "caffeine")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_TIME = re.compile(r"(\d{1,6}) ?(?:(s|sec|second)|(min|minute)|(h|hour))s?", re.ASCII)
_MOST_NEAR = 8
LONGEST_WAIT = 7 * 24 * 3600
WIDTH = 78


@dataclass(frozen=True, slots=True)
class Medium:
    """How things are done where these words are read: choosing, answering an alarm, time, and what happens."""

    choose: str
    answer: str
    time: str
    happens: str


# --- What to do next -------------------------------------------------------------------------------------------------


def hint(session: Session, medium: Medium) -> str:
    """Return what to do next, in plain words, for somebody who has never seen the pump."""
    screen = session.screen
    if screen.alarms:
        return _alarm_hint(screen, medium)
    if screen.ask is not None:
        return _ask_hint(session, screen)
    ids = {choice.id for choice in screen.choices}
    words = next((words for choice, is_so, words in _NEXT if choice in ids and is_so(session)), None)
    if words is None:
        words = _title_hint(screen.title)
    said = words.format(choose=medium.choose, time=medium.time, happens=medium.happens, put=_put(session))
    return f"{said[:1].upper()}{said[1:]}"


def _alarm_hint(screen: Screen, medium: Medium) -> str:
    stops = {alarm.value.replace("_", " ") for alarm in STOPS_FLOW}
    first = [alarm for alarm in screen.alarms if alarm in stops] or screen.alarms
    told = " ".join(ALARMS.get(alarm, f"{alarm.capitalize()}.") for alarm in first)
    return f"Alarm. {told} Then answer the alarm ({medium.answer}) and go on from there."


def _put(session: Session) -> str:
    return "put a syringe in" if session.model.takes_syringes else "hang a bag"


def _title_hint(title: str) -> str:
    return {
        "Care area": "Choose where the patient is: the limits for doses depend on it.",
        "Drug": "Choose the drug.",
    }.get(title, "Choose one: they differ in what they are for, or in strength.")


def _always(_: Session) -> bool:
    return True


def _is_hard(session: Session) -> bool:
    return session.screen.title.startswith("HARD")


def _status(word: str) -> Callable[[Session], bool]:
    return lambda session: session.screen.status == word


def _has_nothing_in(session: Session) -> bool:
    return session.pump.channel.container is None


def _is_ready_without(session: Session) -> bool:
    return session.screen.title == "Ready to start"


def _is_empty(session: Session) -> bool:
    return session.pump.channel.left == 0


def _is_unchecked(session: Session) -> bool:
    return session.screen.title == "No limit was checked"


_NEXT: tuple[tuple[str, Callable[[Session], bool], str], ...] = (
    ("power", _always, "The pump is off. Choose Power to switch it on: {choose}."),
    ("keep", _always, "The pump remembers what it did before. Keep it only if it is right for this patient."),
    ("new patient", _always, "Say whether it is another patient: area and weight are then asked anew."),
    ("override", _always, "A limit warns you. If in doubt, choose Change a value. Override asks you for a reason."),
    ("reprogram", _is_hard, "Too far: nobody can override this limit. Choose Change a value."),
    ("reprogram", _always, "The pump cannot run this. Choose Change a value."),
    ("drug", _has_nothing_in, "Choose a drug now; or {put} first, as you like. Nothing flows yet."),
    ("drug", _always, "Choose a drug. (Rate only: no limit would look at the dose.)"),
    ("bag", _always, "Choose Bag hung, door closed."),
    ("next", _always, "Choose Next step to key how it goes on."),
    ("deliver", _always, "Choose it, and the dose flows at once. Cancel gives nothing."),
    ("load", _is_ready_without, "First {put}; then choose Start."),
    ("confirm", _is_unchecked, "Nothing watches this dose. Be twice as sure, or change a value."),
    ("confirm", _always, "Read every line. All as you want it? Choose Confirm: the limits then look at it."),
    ("start", _status("ready"), "Choose Start: from then on it flows to the patient."),
    ("release", _always, "The dose is being given, and ends by itself. {time}."),
    ("wake", _always, "The pump stands by. Choose End standby to go on."),
    ("demand", _status("waiting for a demand"), "It waits for the patient's button: choose it to press it. {time}."),
    ("pause", _status("keeping the vein open"), "All is given; a trickle keeps the vein open. End the infusion."),
    ("pause", _always, "It runs. {time}; {happens}; or choose something."),
    ("start", _is_empty, "It is empty. {put}, then choose Start; or end the infusion."),
    ("start", _always, "Nothing flows. Choose Start to go on, or End the infusion."),
)
"""What is said where a choice is offered and something is so; the first that fits."""


def _ask_hint(session: Session, screen: Screen) -> str:
    ask = screen.ask
    if ask is None:
        return ""
    if ask.what == "letters":
        page = session.pump.page
        missed = page.missed if isinstance(page, Search) else None
        return _letters_hint(session.drugs(), missed)
    if not ask.unit:
        return f"Choose a reason, or type {ask.what} in words and press Enter."
    words = f"Type the {_WHAT.get(ask.what, ask.what)} in {ask.unit} and press Enter."
    if ask.offered == "left out":
        words += " Enter alone leaves it out" + (
            ": it then runs until somebody stops it." if ask.what.startswith("volume") else "."
        )
    elif ask.offered is not None:
        words += f" Enter alone takes {offered_words(ask)}."
    usual = usual_range(session)
    return f"{words} {usual}" if usual else words


def _letters_hint(drugs: tuple[str, ...], missed: str | None) -> str:
    if missed is not None:
        return _missed_hint(drugs, missed)
    words = f"Type the first {FEWEST_LETTERS} letters of the drug, or more, and press Enter"
    known = [name for name in _PREFERRED if name in drugs][:2] or drugs[:2]
    shown = " or ".join(f"{name[:FEWEST_LETTERS]} for {name}" for name in known)
    return f"{words}: {shown}. This care area has {len(drugs)}." if shown else f"{words}."


def _missed_hint(drugs: tuple[str, ...], missed: str) -> str:
    """Return what there is under the letter with which a search began that found nothing."""
    letter = missed[:1].casefold()
    near = [name for name in drugs if name.casefold().startswith(letter)]
    if not near:
        return f"This care area has no drug with {letter}. Try other letters, or choose Cancel and another care area."
    shown = ", ".join(near[:_MOST_NEAR]) + (", ..." if len(near) > _MOST_NEAR else "")
    return f"With {letter} this care area has: {shown}. Type {FEWEST_LETTERS} letters of one, or choose Cancel."


def usual_range(session: Session) -> str:
    """Return what the library says is usual for the value that is asked for, or nothing."""
    limits = _limits_asked(session)
    if limits is None:
        return ""
    for word, low, high in (("Usual", limits.usual_min, limits.usual_max), ("Expected", *limits.bounds[1:3])):
        if low is not None and high is not None:
            ends = show_number(low) if low == high else f"{show_number(low)} to {show_number(high)}"
            return f"{word} here: {ends} {limits.unit.text}."
    return ""


def _limits_asked(session: Session) -> Limits | None:
    """Return the limits of the value that is asked for, as far as the library has them."""
    page, pump = session.pump.page, session.pump
    ask = session.screen.ask
    if ask is not None and ask.what.startswith("weight"):
        area = pump.slots.active.area(pump.area) if pump.area else None
        return area.weight if area is not None else None
    if not isinstance(page, Form) or page.attempt.entry is None or page.attempt.mode is None:
        return None
    entry, mode, name = page.attempt.entry, page.attempt.mode, page.asked.name
    if mode is Mode.PCA and name != "background":
        holder: object = entry.pca
    else:
        holder, name = entry.limits_for(mode), "dose" if name == "background" else name
    found = getattr(holder, name, None)
    return found if isinstance(found, Limits) else None


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
    """Whether a value is what the screen is about, and its choices only lead away."""
    return screen.ask is not None and all(choice.id in _WAYS_BACK for choice in screen.choices)


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
    words = _WHAT.get(ask.what, ask.what)
    return f"{words[:1].upper()}{words[1:]}?"


def bar_text(bar: Bar, *, width: int) -> str:
    """Return a bar as characters."""
    full = int(bar.part * width)
    return f"{bar.name:<8}{'█' * full}{'░' * (width - full)} {bar.words}"


def offered_words(ask: Ask) -> str:
    """Return what is offered, with its unit once."""
    offered = ask.offered or ""
    return f"{offered} {ask.unit}" if offered.replace(".", "").replace(",", "").isdigit() else offered


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
