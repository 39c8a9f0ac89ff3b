"""A scenario played on the virtual pump, frame by frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from openinfusion.adapters.library_file import identity, read_library
from openinfusion.core.errors import AuthorError, FileAccessError
from openinfusion.core.events import Event, LibraryVersion
from openinfusion.core.units import Quantity
from openinfusion.pump.machine import Choice, Held, Note, Pump, Screen
from openinfusion.pump.models import find_model
from openinfusion.pump.records import PumpLabel, to_events
from openinfusion.pump.scenarios.acting import HANDS
from openinfusion.pump.scenarios.scenario import Run, Scenario, Step, Stock

PUMP = "TRAINING-1"
"""The number of the pump on which scenarios are played."""
ITSELF = "the pump"
_HOUR = 3600
_ROOM = 200
"""How long the choices of a screen may be in an error, in characters, with their labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """
    One moment of a played scenario: what was done, and what the pump shows after it.

    Attributes:
        at: seconds since the beginning.
        who: who acted; "the pump" where something happened by itself, empty where time only passed.
        did: what was done, in words.
        says: what was said, or is told to the reader.
        why: why it was done, or why it turned out as it did.
        screen: what the display shows now.
        beep: why the pump did not take it, or ``None``.
        notes: what the pump noted since the last frame.
        events: the same as records; those of an alert name their programme only in ``log_of``.
        given: what of the prescribed drug has really been given since the beginning.
        step: the step that it belongs to; ``None`` at the beginning and where time passes.
        place: the place of that step in its file.
        observed: the behaviours that were ticked so far.
        loaded: the containers that were put in or connected so far, in order.

    """

    at: Fraction
    who: str
    did: str
    screen: Screen
    says: str = ""
    why: str = ""
    beep: str | None = None
    notes: tuple[Note, ...] = ()
    events: tuple[Event, ...] = ()
    given: Quantity
    step: Step | None = None
    place: str = ""
    observed: tuple[str, ...] = ()
    loaded: tuple[Stock, ...] = ()


def play(scenario: Scenario, run: str, *, libraries: Path, tick: Fraction | None = None) -> Iterator[Frame]:
    """
    Play a run of a scenario; the first frame shows the pump before anything is done.

    Args:
        scenario: the scenario.
        run: the name of the run.
        libraries: the folder of the libraries; one that is not there is looked for beside the scenario.
        tick: a frame is also yielded whenever so many seconds have passed; without it only when something happens.

    Raises:
        AuthorError: no such run, or, while it is played, a step that the screen does not offer.
        FileAccessError: a library cannot be found.

    """
    chosen = scenario.run(run)
    if chosen is None:
        known = ", ".join(one.name for one in scenario.runs)
        raise AuthorError(where=scenario.place.name, found=f"the run {run!r}", expected=f"one of {known}")
    return Player(scenario, chosen, libraries).frames(tick)


def label_of(scenario: Scenario) -> PumpLabel:
    """Return what every record of a played scenario says of its pump."""
    return PumpLabel(number=PUMP, model=find_model(scenario.pump), start=scenario.start)


def log_of(scenario: Scenario, frames: Sequence[Frame]) -> tuple[Event, ...]:
    """Return the records of a played run, as its pump would hand them over afterwards."""
    return tuple(to_events((note for frame in frames for note in frame.notes), label_of(scenario)))


def find_library(name: str, scenario: Scenario, folder: Path) -> Path:
    """Return where a library lies: in the folder, or beside the scenario; raises FileAccessError."""
    for place in (folder, scenario.place.parent):
        if (place / name).is_file():
            return place / name
    found = f"no {name} in {folder} or beside the scenario"
    raise FileAccessError(where=scenario.place.name, found=found, expected="--libraries with the folder that has it")


def held(path: Path) -> Held:
    """Return a library as a pump holds it."""
    return _held(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _held(path: Path, changed: int) -> Held:  # noqa: ARG001 - a file that changed is read again
    library = read_library(path)
    about = library.library
    return Held(library, LibraryVersion(name=about.name, version=about.version, sha256=identity(library)))


class Player:
    """A pump and what stands around it: containers that truly hold what they hold, and time."""

    def __init__(self, scenario: Scenario, run: Run, libraries: Path) -> None:
        self.scenario, self.run, self.libraries = scenario, run, libraries
        self.label = label_of(scenario)
        self.notes: list[Note] = []
        self.pump = Pump(PUMP, self.label.model, self.library(run.library or scenario.library), tell=self.notes.append)
        self.loaded: list[Stock] = []
        self.moved: dict[str, Fraction] = {}
        self.observed: list[str] = []
        self.place = ""

    def library(self, name: str) -> Held:
        """Return a library of the scenario."""
        return held(find_library(name, self.scenario, self.libraries))

    def error(self, found: str, expected: str) -> AuthorError:
        """Return an error about the step that is being played."""
        where = f"{self.scenario.place.name}, {self.place}"
        return AuthorError(where=where, found=found, expected=expected)

    def frames(self, tick: Fraction | None) -> Iterator[Frame]:
        """Yield the frames."""
        yield self._frame("", "The pump before anything is done.")
        for place, step in self.scenario.steps_of(self.run):
            self.place = place
            yield from self._wait(step, tick)
            yield self._take(step)

    def _frame(self, who: str, did: str, *, step: Step | None = None, beep: str | None = None) -> Frame:
        notes, self.notes[:] = tuple(self.notes), ()
        return Frame(
            at=self.pump.now,
            who=who,
            did=did,
            says=step.says if step is not None else "",
            why=step.why if step is not None else "",
            screen=self.pump.screen(),
            beep=beep,
            notes=notes,
            events=tuple(to_events(notes, self.label)),
            given=self.given(),
            step=step,
            place=self.place if step is not None else "",
            observed=tuple(self.observed),
            loaded=tuple(self.loaded),
        )

    # --- The passing of time -----------------------------------------------------------------------------------------

    def _wait(self, step: Step, tick: Fraction | None) -> Iterator[Frame]:
        """Let time pass until a step, with a frame for each thing that happens by itself."""
        pump = self.pump
        to = step.at if step.at is not None else pump.now + (step.wait or 0)
        if to < pump.now:
            found = f"the second {float(step.at or 0):g}"
            raise self.error(found, f"a time from {float(pump.now):g} seconds on: time does not go back")
        while pump.now < to:
            due = pump.next_due()
            stops = [to, *([due] if due is not None else []), *([pump.now + tick] if tick is not None else [])]
            self._flow(min(stops))
            if self.notes:
                yield self._frame(ITSELF, "")
            elif pump.now < to and pump.now != due:
                yield self._frame("", "")

    def _flow(self, to: Fraction) -> None:
        """Let time pass in which nothing changes what flows, and count what leaves each container."""
        stream = self.pump.channel.stream
        if stream is not None:
            stock = self._stock(stream.infusion.source)
            volume = stream.rate * (to - self.pump.now) / _HOUR
            if stock is not None:
                self.moved[stock.id] = self.moved.get(stock.id, Fraction(0)) + volume
                if self.moved[stock.id] > stock.left.value:
                    raise self.error(
                        f"more than {stock.left} out of {stock.id}", "steps that give no more than it holds"
                    )
        self.pump.advance(to)

    def _stock(self, line: str) -> Stock | None:
        """Return the container that a line draws from: a secondary that is not open gives from the primary."""
        for wanted in (line, "primary"):
            for stock in reversed(self.loaded):
                if stock.line == wanted:
                    return stock
        return None

    def given(self) -> Quantity:
        """Return what of the prescribed drug has really been given."""
        about = self.scenario.prescription
        parts = [
            stock.amount_in(self.moved[stock.id]).to(about.unit).value
            for stock in self.scenario.stock
            if stock.drug == about.drug and stock.id in self.moved
        ]
        return Quantity(sum(parts, Fraction(0)), about.unit)

    # --- Steps -------------------------------------------------------------------------------------------------------

    def _take(self, step: Step) -> Frame:
        """Do what a step says."""
        self.observed += [name for name in step.observes if name not in self.observed]
        if step.act is None:
            return self._frame(step.who, "", step=step)
        did, beep = HANDS[step.act](self, step)
        if beep is not None and not step.may_beep:
            raise self.error(f"{step.act.value} {step.what!r}, at which the pump beeps: {beep}", self.offers())
        return self._frame(step.who, did, step=step, beep=beep)

    def chosen(self, text: str) -> Choice | None:
        """Return the choice that a text means: its id, or the beginning of its id or label if only one begins so."""
        wanted = text.casefold()
        choices = self.pump.screen().choices
        for choice in choices:
            if wanted in (choice.id.casefold(), choice.label.casefold()):
                return choice
        found = [c for c in choices if c.id.casefold().startswith(wanted) or c.label.casefold().startswith(wanted)]
        return found[0] if len(found) == 1 else None

    def offers(self) -> str:
        """Return what the screen offers, in words."""
        screen = self.pump.screen()
        parts = [f"{choice.id!r} ({choice.label})" for choice in screen.choices]
        if sum(map(len, parts)) > _ROOM:
            parts = [repr(choice.id) for choice in screen.choices]
        if screen.ask is not None:
            parts.append(f"a value for {screen.ask.what}" + (f" in {screen.ask.unit}" if screen.ask.unit else ""))
        return f"what the screen {screen.title!r} offers: {', '.join(parts) or 'nothing'}"
