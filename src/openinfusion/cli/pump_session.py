"""A virtual pump in somebody's hands: what they do, what happens to it, what it shows and what it has noted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from math import ceil
from pathlib import Path

from openinfusion.adapters.events import write_events
from openinfusion.adapters.events.story import sentence
from openinfusion.adapters.library_file import identity
from openinfusion.core.event_parts import LONGEST_NAME
from openinfusion.core.events import Alarm, Event, EventLog, Kind, LibraryVersion
from openinfusion.core.library import Library
from openinfusion.core.numbers import round_to, show_number
from openinfusion.core.units import ML, ML_PER_H, Quantity
from openinfusion.pump.machine import Choice, Held, Note, Pump, PumpModel, Screen
from openinfusion.pump.machine.display import infusion_title, show_duration
from openinfusion.pump.machine.flow import Infusion
from openinfusion.pump.machine.form import Asked, read_keyed
from openinfusion.pump.records import PumpLabel, to_events

NUMBER = "TRY-1"
SOURCE = "OpenInfusion virtual pump"
BUTTON_WORDS = "The patient presses the button"
SYRINGE, BAG = "syringe pump", "large-volume pump"
_FULL_SYRINGE = Quantity.of("50", ML)
_TENTH = Fraction(1, 10)
_NEEDS_FLOW = frozenset({Alarm.OCCLUSION_DOWNSTREAM, Alarm.OCCLUSION_UPSTREAM, Alarm.AIR, Alarm.EMPTY})


@dataclass(frozen=True, slots=True)
class Take:
    """A choice of the screen, or one of the hard keys "power" and "clear", is pressed."""

    choice: str


@dataclass(frozen=True, slots=True)
class Keyed:
    """A value is keyed; nothing takes what is offered."""

    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes, in seconds."""

    seconds: Fraction


@dataclass(frozen=True, slots=True)
class Happens:
    """Something happens to the pump; a new syringe comes with its volume."""

    word: str
    volume: str = ""


Action = Take | Keyed | Wait | Happens


@dataclass(frozen=True, slots=True)
class Happening:
    """
    Something that can happen to a pump.

    Attributes:
        word: its name when it is typed.
        label: its words in a menu.
        told: what is said when it has happened.
        alarm: what the pump then calls for, if it notices.
        kinds: the kinds of pump that it happens to.
        undone: what is said where the pump cannot notice: it then does not happen.

    """

    word: str
    label: str
    told: str
    alarm: Alarm | None = None
    kinds: tuple[str, ...] = (SYRINGE, BAG)
    undone: str = ""


HAPPENINGS = (
    Happening(
        "occlusion",
        "The line to the patient is blocked (clamp, kink)",
        "The line to the patient is blocked.",
        Alarm.OCCLUSION_DOWNSTREAM,
        undone="nothing was blocked",
    ),
    Happening(
        "upstream",
        "The line from the bag is blocked",
        "The line from the bag is blocked.",
        Alarm.OCCLUSION_UPSTREAM,
        (BAG,),
        "nothing was blocked",
    ),
    Happening("air", "Air gets into the line", "There is air in the line.", Alarm.AIR, (BAG,), "no air got in"),
    Happening(
        "door", "Somebody opens the door of the pump", "The door is open.", Alarm.DOOR, (BAG,), "the door stays closed"
    ),
    Happening(
        "loose",
        "The syringe comes loose in its clamp",
        "The syringe is loose.",
        Alarm.SYRINGE,
        (SYRINGE,),
        "the syringe stays in its clamp",
    ),
    Happening(
        "empty",
        "It runs empty sooner than the pump thinks",
        "There is nothing left to give.",
        Alarm.EMPTY,
        undone="nothing was emptied",
    ),
    Happening("plug", "Pull the mains plug, or put it back", ""),
    Happening("new", "Put a new syringe in", "A new syringe is in.", None, (SYRINGE,)),
    Happening("new", "Hang a new bag", "A new bag hangs.", None, (BAG,)),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """How far something has got: its name, the part of the whole, and the two in words."""

    name: str
    part: Fraction
    words: str


class Session:
    """One pump, from power on, with everything that it notes."""

    def __init__(self, library: Library, model: PumpModel) -> None:
        about = library.library
        name = LibraryVersion(name=about.name, version=about.version, sha256=identity(library))
        self.library, self.model = library, model
        self.label = PumpLabel(number=NUMBER, model=model)
        self.notes: list[Note] = []
        self.pump = Pump(NUMBER, model, Held(library, name), tell=self.notes.append)
        self.said: str | None = None
        self._beep: str | None = None
        self._told: list[tuple[datetime, str]] = []

    # --- What is done ------------------------------------------------------------------------------------------------

    def do(self, action: Action) -> None:
        """Let somebody do something, or let something happen; ``said`` is what there is to say about it."""
        self.said = self._beep = None
        noted = len(self.notes)
        match action:
            case Take(choice):
                self.pump.choose(choice)
                self._beep = self._beeped()
            case Keyed(text):
                self.pump.enter(text)
                self._beep = self._beeped()
            case Wait(seconds):
                self.said = self._wait(seconds)
            case Happens(word, volume):
                self.said = self._happen(word, volume)
        if any(note.kind is Kind.CONTAINER_CHANGED for note in self.notes[noted:]):
            self._end_cause()

    def _beeped(self) -> str | None:
        """Return why the last key did nothing; a button that gives nothing yet says for how long."""
        beep, infusion = self.pump.beeped, self.pump.channel.infusion
        if beep is None or infusion is None or infusion.demand is None:
            return beep
        until = {"lockout": _lockout_ends, "accumulated limit": _window_ends}.get(beep)
        at = until(infusion) if until is not None else None
        return beep if at is None else f"{beep}: the next dose can be given in {_exact_time(at - self.pump.now)}"

    def _end_cause(self) -> None:
        """Let the alarms end whose cause is gone: a new syringe is not loose, and a bag hangs behind a closed door."""
        self.pump.calls.clear(Alarm.SYRINGE if self.model.takes_syringes else Alarm.DOOR, self.pump.now)

    def question(self, action: object) -> str | None:
        """Return what is to be asked before something is done that ends or stops an infusion; ``None``: nothing."""
        channel = self.pump.channel
        infusion, stream = channel.infusion, channel.stream
        if infusion is None or not isinstance(action, Take) or not self.pump.is_on:
            return None
        name = infusion_title(self.pump)
        now = f"is {infusion.status.value}" if stream is None else f"runs at {Quantity(stream.rate, ML_PER_H)}"
        match action.choice:
            case "power":
                return f"Switch the pump off? {name} {now}."
            case "stop" if any(choice.id == "stop" for choice in self.screen.choices):
                primary = " The primary then stays paused." if infusion is channel.secondary else ""
                return f"End the infusion? {name} {now}.{primary}"
        return None

    def _wait(self, seconds: Fraction) -> str:
        waits = self.pump.alert is not None
        self.pump.wait(seconds)
        said = f"{_time(seconds)} passed; it is {self.clock:%H:%M:%S}."
        if waits and self.pump.alert is None:
            minutes = _time(Fraction(self.model.unanswered))
            return f"{said} Nobody answered the alert for {minutes}: the pump gave the programme up."
        return said

    def tick(self, seconds: Fraction) -> None:
        """Let time pass by itself, without a word about it."""
        said = self._wait(seconds)
        if "gave the programme up" in said:
            self.said, self._beep = said, None

    def _happen(self, word: str, volume: str) -> str:
        found = next((one for one in self.happenings() if one.word == word), None)
        if found is None:
            words = ", ".join(one.word for one in self.happenings())
            return f"A {self.model.kind} does not notice {word!r}. What can happen: {words}."
        if word == "plug":
            on_mains = not self.pump.battery.on_mains
            self.pump.plug(in_mains=on_mains)
            return "The plug is in: it runs on mains." if on_mains else "The plug is out: it runs on its battery."
        if word == "new":
            return self._new_container(found, volume)
        return self._alarm(found)

    def _alarm(self, happening: Happening) -> str:
        alarm = happening.alarm
        if alarm is None or not self.pump.is_on:
            return f"The pump is off and would not notice: {happening.undone}."
        if alarm in _NEEDS_FLOW and not self.pump.channel.is_flowing:
            return f"Nothing flows, so the pump would not notice: {happening.undone}."
        self.pump.call(alarm)
        return happening.told

    def _new_container(self, happening: Happening, volume: str) -> str:
        quantity = None
        if self.model.takes_syringes:
            read = read_keyed(volume, Asked("volume", "volume of the syringe", ML, _FULL_SYRINGE))
            if not isinstance(read, Quantity):
                return f"No new syringe: {read}."
            quantity = read
        why = self.pump.load(quantity)
        if why is not None:
            return f"Not yet: {why}."
        return happening.told if quantity is None else f"A new syringe with {quantity} is in."

    # --- What there is to see ----------------------------------------------------------------------------------------

    @property
    def screen(self) -> Screen:
        """What the pump shows; of a beep and what was said, only what came last."""
        screen = self.pump.screen()
        choices = tuple(
            replace(choice, label=BUTTON_WORDS) if choice.id == "demand" else choice for choice in screen.choices
        )
        return replace(screen, choices=choices, beep=self._beep)

    @property
    def shown(self) -> Screen:
        """What the pump shows, with the names in full that its display cuts."""
        screen = self.screen
        areas, drugs = self.library.care_areas, self.library.drugs
        names = {area.id: area.name for area in areas} | {drug.id: drug.name for drug in drugs}
        cut = [names[choice.id] for choice in screen.choices if _is_cut(choice, names)]
        return replace(screen, lines=(*screen.lines, "In full, the names that end with …:", *cut)) if cut else screen

    @property
    def clock(self) -> datetime:
        """What the clock of the pump says."""
        return self.label.at(self.pump.now)

    @property
    def holds_from_before(self) -> bool:
        """Whether a syringe or bag is in that was put in before the patient was changed."""
        kinds = [note.kind for note in self.notes if note.kind in (Kind.CONTAINER_CHANGED, Kind.PATIENT_CHANGED)]
        return kinds[-1:] == [Kind.PATIENT_CHANGED] and self.pump.channel.container is not None

    def happenings(self) -> tuple[Happening, ...]:
        """Return what can happen to this kind of pump."""
        return tuple(one for one in HAPPENINGS if self.model.kind in one.kinds)

    def bars(self) -> tuple[Bar, ...]:
        """Return how far what flows has got, and what is left in the syringe."""
        channel = self.pump.channel
        infusion, stream = channel.infusion, channel.stream
        bars: list[Bar] = []
        if not self.pump.is_on:
            return ()
        if stream is not None and stream.dose is not None and stream.vtbi:
            bars.append(_bar("dose", stream.given, stream.vtbi))
        elif infusion is not None and infusion.now.vtbi:
            bars.append(_bar("given", infusion.given, infusion.now.vtbi))
        size = channel.container.size if channel.container is not None else None
        if channel.left is not None and size is not None:
            bars.append(_bar("syringe", channel.left, size.to(ML).value))
        return tuple(bars)

    def drugs(self) -> tuple[str, ...]:
        """Return the names of the drugs that can be chosen here."""
        return tuple(drug.name for drug, _ in self.pump.search("", secondary=False))

    def events(self) -> list[Event]:
        """Return everything that the pump noted, as records."""
        return list(to_events(self.notes, self.label))

    def told(self) -> list[tuple[datetime, str]]:
        """Return everything that the pump noted, as times and sentences; each is put into words once."""
        for event in to_events(self.notes[len(self._told) :], self.label):
            self._told.append((event.at, sentence(self._named(event))))
        return self._told

    def _named(self, event: Event) -> Event:
        """Return an event that names drug and care area as the display does, not by their ids."""
        drug = self.library.drug(event.drug).name if event.drug else None
        area = self.library.care_area(event.care_area).name if event.care_area else None
        return replace(event, drug=_told_name(drug, event.drug), care_area=_told_name(area, event.care_area))

    def write(self, path: Path) -> None:
        """Write what was noted as an event log of training; raises FileAccessError."""
        header = EventLog(organisation=self.library.library.organisation, source=SOURCE, purpose="training")
        write_events(path, header, self.events())


def _told_name(name: str | None, id_: str | None) -> str | None:
    """Return a name, or the id where no record may hold the name: it may turn the direction of reading."""
    return name if name is not None and name.isprintable() and len(name) <= LONGEST_NAME else id_


def _time(seconds: Fraction) -> str:
    return show_duration(seconds).removesuffix(" 0 min")


def _exact_time(seconds: Fraction) -> str:
    """Return a time to the second: "4 min 30 s"; a part of a second counts as a whole one."""
    minutes, rest = divmod(ceil(seconds), 60)
    parts = (f"{minutes} min" if minutes else "", f"{rest} s" if rest or not minutes else "")
    return " ".join(part for part in parts if part)


def _lockout_ends(infusion: Infusion) -> Fraction | None:
    if infusion.demand is None or infusion.demanded_at is None:
        return None
    return infusion.demanded_at + infusion.demand.lockout


def _window_ends(infusion: Infusion) -> Fraction | None:
    """Return when enough has left the window for another dose, if ever."""
    demand = infusion.demand
    if demand is None or demand.most is None:
        return None
    given = sum((volume for _, volume in infusion.counted), demand.dose.volume)
    for then, volume in sorted(infusion.counted):
        given -= volume
        if given <= demand.most:
            return then + demand.window
    return None


def _is_cut(choice: Choice, names: Mapping[str, str]) -> bool:
    return choice.label.endswith("…") and choice.id in names


def _bar(name: str, value: Fraction, whole: Fraction) -> Bar:
    shown = show_number(Fraction(round(value * 10), 10))
    return Bar(name, min(value / whole, Fraction(1)), f"{shown} of {Quantity(round_to(whole, _TENTH), ML)}")
