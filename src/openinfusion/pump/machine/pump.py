"""The virtual pump: power, patient, library slots, alarms, and the passing of time around one channel."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from openinfusion.core.entry import Entry, EntryType
from openinfusion.core.events import Alarm, Kind, Response
from openinfusion.core.units import Quantity
from openinfusion.pump.machine import display
from openinfusion.pump.machine.attempt import Attempt, Purpose
from openinfusion.pump.machine.battery import Battery
from openinfusion.pump.machine.calls import Calls
from openinfusion.pump.machine.channel import Channel, Due
from openinfusion.pump.machine.flow import Dose, Infusion
from openinfusion.pump.machine.held import Found, Held, for_line
from openinfusion.pump.machine.model import PumpModel
from openinfusion.pump.machine.notes import Fields, Memory, Note
from openinfusion.pump.machine.pages import Areas, Beep, Home, Off, Page, Patient
from openinfusion.pump.machine.power import Power
from openinfusion.pump.machine.programming import Alert, Deliver, Form, Ready
from openinfusion.pump.machine.running import Running
from openinfusion.pump.machine.screen import Screen
from openinfusion.pump.machine.slots import SelfTest, Slots
from openinfusion.pump.machine.state import State, state_of

ENDED = "its infusion has ended"
_NOTHING = Fraction(0)


class Pump:
    """
    One pump.

    Whoever drives it says what is done (``choose``, ``enter``, and the physical things) and lets time pass
    (``advance``). What it notes goes into its ``memory``. A key that does nothing returns why, and the pump beeps.
    """

    def __init__(
        self,
        number: str,
        model: PumpModel,
        held: Held,
        *,
        at: Fraction | int = 0,
        tell: Callable[[Note], None] | None = None,
        name_episode: Callable[[int], str] = "patient-{}".format,
        self_test: SelfTest | None = None,
    ) -> None:
        """
        Make a pump that is switched off, on mains, and has just been given its first library.

        Args:
            number: asset number or serial.
            model: what it can do.
            held: the library in its active slot.
            at: the moment, in seconds.
            tell: called with every note as it is made.
            name_episode: names the patients that it is used for, from their count.
            self_test: tests an activated library; a text is why it fails. Without it the pump tests whether it fits.

        """
        self.number, self.model = number, model
        self.now = Fraction(at)
        self.memory = Memory(model.memory, tell=tell)
        self.slots = Slots(model, held, self.note, self_test=self_test)
        self.calls = Calls(model, self.note)
        self.channel: Channel = Channel(self.note, lambda alarm: self.calls.call(alarm, self.channel))
        self.battery = Battery(model)
        self.page: Page = Off()
        self.alert: Alert | None = None
        self.ready: Ready | None = None
        self.area: str | None = None
        self.ward: str | None = None
        self.weight: Quantity | None = None
        self.episode: str | None = None
        self.beeped: str | None = None
        self._name_episode = name_episode
        self._patients = self._infusions = 0
        self._power = Power(self)

    def note(self, kind: Kind, known: Fields, **more: Any) -> Note:  # noqa: ANN401 - fields of a record
        """Note what happened; what every record of an infusion repeats comes first."""
        number = self.memory.written + 1
        made = Note(self.now, kind, number, self.slots.active.name, self.ward, {**known, **more})
        self.memory.keep(made)
        return made

    # --- Time --------------------------------------------------------------------------------------------------------

    def advance(self, to: Fraction | int) -> None:
        """
        Let time pass until a moment; what happens by itself meanwhile happens at its exact time.

        Raises:
            ValueError: the moment is before now.

        """
        if to < self.now:
            raise ValueError(f"time does not go back: from {self.now} to {to}")
        while (due := min(self._dues(), key=_seconds, default=None)) is not None:
            seconds = max(due[0], _NOTHING)
            if self.now + seconds > to:
                break
            self._pass(seconds)
            due[1]()
            self._settle()
        self._pass(to - self.now)

    def wait(self, seconds: Fraction | int) -> None:
        """Let so much time pass."""
        self.advance(self.now + seconds)

    def next_due(self) -> Fraction | None:
        """Return when something will happen by itself, if nobody does anything first; ``None`` if nothing will."""
        seconds = min((due[0] for due in self._dues()), default=None)
        return None if seconds is None else self.now + max(seconds, _NOTHING)

    def _pass(self, seconds: Fraction) -> None:
        self.channel.flow(seconds)
        self.battery.flow(seconds, is_on=self.is_on)
        self.now += seconds

    def _dues(self) -> Iterator[Due]:
        """Yield what will happen by itself: after how many seconds, and what."""
        if not self.is_on:
            return
        yield from self.channel.dues()
        yield from self.calls.dues(self.channel, self.now)
        if self.alert is not None:
            yield self.alert.raised[-1].at + self.model.unanswered - self.now, self._give_alert_up
        yield from self._power.dues()

    def _give_alert_up(self) -> None:
        """Leave an alert that nobody answers: the programme does not take effect."""
        if self.alert is not None:
            self.alert.answer(self, Response.UNKNOWN)
            self.go_home()

    def _settle(self) -> None:
        """After anything that happened: leave the page of an infusion that is no more, and follow the channel."""
        if isinstance(self.page, Running) and self.channel.infusion is None:
            self.go_home()
        self.calls.follow(self.channel, self.now, is_on=self.is_on)

    # --- What a person does ------------------------------------------------------------------------------------------

    @property
    def is_on(self) -> bool:
        """Whether the pump is switched on."""
        return not isinstance(self.page, Off)

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs, waits or is being programmed: only then may a library be activated."""
        return self.channel.infusion is None and isinstance(self.page, Off | Home | Areas | Patient)

    def choose(self, choice: str) -> Beep:
        """Take a choice of the screen, or what works on every screen: power, answering alarms, the patient's button."""
        infusion = self.channel.infusion
        if choice == "power":
            self.beeped = self._power.press()
        elif choice == "clear" and self.calls.active and self.is_on:
            self.calls.clear_all(self.now)
            self.beeped = None
        elif choice == "demand" and self.is_on and infusion is not None and infusion.demand is not None:
            self.beeped = self._demand(infusion)
        else:
            self.beeped = self.page.choose(self, choice)
        self._settle()
        return self.beeped

    def enter(self, text: str) -> Beep:
        """Take what was keyed."""
        self.beeped = self.page.enter(self, text)
        self._settle()
        return self.beeped

    def screen(self) -> Screen:
        """Return what the display shows."""
        return display.around(self.page.screen(self), self)

    def go(self, page: Page) -> Beep:
        """Show a page."""
        self.page = page
        return None

    def go_home(self) -> Beep:
        """Show the infusion, or what is next where there is none."""
        if self.channel.infusion is not None:
            return self.go(Running())
        return self.go(Home() if self.area is not None else Areas())

    # --- Patient, place, library -------------------------------------------------------------------------------------

    def plug(self, *, in_mains: bool) -> None:
        """Put the mains plug in, or pull it."""
        self._power.plug(in_mains=in_mains)

    def admit(self) -> Beep:
        """Take a new patient: area and weight are forgotten."""
        if self.channel.infusion is not None:
            return "end the infusion of this patient first"
        self.give_up("new patient")
        self._patients += 1
        self.episode = self._name_episode(self._patients)
        self.area = self.weight = None
        self.note(Kind.PATIENT_CHANGED, {"episode": self.episode})
        return self.go(Areas()) if self.is_on else None

    def move(self, ward: str) -> None:
        """Take the pump to another ward; a location system tells it so."""
        self.ward = ward
        self.note(Kind.LOCATION_CHANGED, {})

    def stage(self, held: Held) -> Beep:
        """Take a library into the slot that is not in force; it waits there until the pump is idle."""
        return self.slots.stage(held)

    def activate(self) -> Beep:
        """Bring the staged library into force, never while anything runs."""
        held = self.slots.staged
        if held is None:
            return "no library waits"
        if not self.is_idle:
            return "a library is activated only while nothing runs"
        self.slots.activate(held)
        self.area = None
        return self.go(Areas()) if self.is_on else None

    def revert(self, reason: str) -> Beep:
        """Go back to the library of the other slot, as a restored pump does."""
        held = self.slots.other
        if held is None or self.slots.is_staged:
            return "no other library to go back to"
        if not self.is_idle:
            return "a library is changed only while nothing runs"
        self.slots.revert(held, reason)
        self.area = None
        return self.go(Areas()) if self.is_on else None

    def call(self, alarm: Alarm) -> None:
        """Call for help: something happened to the line, the syringe, the door, or the pump itself."""
        if self.is_on:
            self.calls.call(alarm, self.channel)
            self._settle()

    # --- Programming -------------------------------------------------------------------------------------------------

    def search(self, letters: str, *, secondary: bool) -> Found:
        """Return the drugs of the care area that begin with these letters, as this kind of pump offers them."""
        if self.area is None:
            return ()
        found = self.slots.active.search(letters, area=self.area, kind=self.model.kind)
        return for_line(found, secondary=secondary)

    def begin(self, entry: Entry, purpose: Purpose) -> Beep:
        """Begin to programme an entry."""
        known = self._known(entry)
        chosen = ("episode", "category", "care_area", "entry", "drug", "therapy")
        self.note(Kind.DRUG_CHOSEN, {name: known[name] for name in chosen if name in known})
        return self.go(Form(Attempt.of_entry(entry, purpose=purpose, known=known, weight=self.weight)))

    def begin_basic(self) -> Beep:
        """Begin to programme a rate outside the library, where the care area allows that."""
        if self.area is None or not self.slots.active.allows_basic_mode(self.area):
            return "this care area does not allow infusions outside the library"
        return self.go(Form(Attempt.basic(area=self.area, known=self._known(None))))

    def begin_dose(self, infusion: Infusion, entry: Entry, purpose: Purpose) -> Beep:
        """Begin to programme another dose of the infusion: a change, a bolus, a loading dose."""
        known, weight = infusion.known, self.weight
        return self.go(Form(Attempt.of_entry(entry, purpose=purpose, known=known, weight=weight, of=infusion)))

    def _known(self, entry: Entry | None) -> Fields:
        """Return what every record of the next infusion repeats."""
        self._infusions += 1
        known: Fields = {"infusion": f"{self.number}-{self._infusions:05d}", "with_library": entry is not None}
        if self.episode is not None:
            known["episode"] = self.episode
        if entry is None:
            return known
        known["category"] = "fluid" if entry.type is EntryType.FLUID else "medicine"
        known |= {"care_area": entry.care_area, "entry": entry.id, "drug": entry.drug}
        return known | ({"therapy": entry.therapy} if entry.therapy else {})

    def tell_attempt(self, attempt: Attempt) -> Note:
        """Note what was programmed."""
        note = self.note(Kind.PROGRAMMED, attempt.known, programme=attempt.programme())
        attempt.told_in(note)
        return note

    def give_up(self, reason: str) -> None:
        """Leave what is being programmed: an alert on the screen is cancelled, and nothing stays untold."""
        if self.alert is not None:
            self.alert.answer(self, Response.CANCELLED, reason=reason)
        self.page.give_up(self)

    def tell_given_up(self, attempt: Attempt) -> None:
        """Note what was programmed, if an alert spoke of it and no other record says what it was."""
        if attempt.alerts:
            self.tell_attempt(attempt)

    def accept(self, attempt: Attempt, *, after: Page | None = None) -> Beep:
        """Let an attempt take effect, or wait for its start."""
        match attempt.purpose:
            case Purpose.NEW | Purpose.SECONDARY:
                attempt.steps = (*attempt.steps, attempt.step())
                return self.go(after or Ready(attempt))
            case Purpose.CHANGE | Purpose.VOLUME:
                return self._change(attempt)
            case Purpose.LOADING if self.ready is not None:
                ready, self.ready = self.ready, None
                ready.loading = attempt
                return self.go(ready)
            case _:
                return self.go(Deliver(attempt))

    def _change(self, attempt: Attempt) -> Beep:
        """Let a new dose or volume take effect, unless its infusion came to its end meanwhile."""
        infusion, is_volume = attempt.of, attempt.purpose is Purpose.VOLUME
        self.go_home()
        if infusion is None or infusion is not self.channel.infusion or (infusion.is_complete and not is_volume):
            (self.tell_given_up if is_volume else self.tell_attempt)(attempt)
            return ENDED
        step = attempt.changed_step(infusion)
        if is_volume and step.vtbi is not None:
            self.tell_given_up(attempt)
            self.channel.set_volume(infusion, step.vtbi)
        else:
            attempt.told_in(self.channel.change(infusion, attempt.programme(), step))
        return None

    # --- Running -----------------------------------------------------------------------------------------------------

    def start(self, ready: Ready) -> Beep:
        """Start what is ready, its loading dose first."""
        if self.channel.container is None:
            return "put a syringe in first" if self.model.takes_syringes else "hang a bag first"
        is_secondary = ready.attempt.purpose is Purpose.SECONDARY
        if is_secondary and self.channel.primary is None:
            return ENDED
        if (why := self.why_not_flow()) is not None:
            return why
        loading = None if ready.loading is None else Deliver(ready.loading).dose
        note = self.channel.start(ready.attempt.prepared(self.slots.active, self.model), loading=loading)
        if ready.loading is not None:
            ready.loading.told_in(note)
        return self.go(Running())

    def why_not_flow(self) -> str | None:
        """Return why nothing more can flow now, or ``None`` if it can."""
        stream = self.channel.stream
        if stream is not None and stream.dose is not None:
            return "a dose is being given"
        return "the syringe is empty" if self.channel.left == 0 else self.calls.why_not_start()

    def load(self, volume: Quantity | None) -> Beep:
        """Take a syringe with so much in it, or a bag whose volume the pump does not know."""
        if self.channel.is_flowing:
            return "pause the infusion first"
        container = self.model.container(volume)
        if isinstance(container, str):
            return container
        self.channel.load(container)
        for alarm in (Alarm.EMPTY, Alarm.NEAR_END):
            self.calls.clear(alarm, self.now)
        return None

    def state(self) -> State:
        """Return what the pump is doing, as one value: the same that its records tell."""
        return state_of(self)

    def give(self, attempt: Attempt, dose: Dose) -> Beep:
        """Give a single dose, if nothing stands in its way and its infusion did not end meanwhile."""
        infusion = attempt.of
        if infusion is None or infusion is not self.channel.infusion:
            self.tell_attempt(attempt)
            self.go_home()
            return ENDED
        if (why := self.why_not_flow()) is not None:
            return why
        infusion.count(self.now, dose)
        attempt.told_in(self.channel.give(infusion, dose))
        return self.go_home()

    def _demand(self, infusion: Infusion) -> Beep:
        """Take the press of the patient's button: a dose, or a refusal with its reason."""
        demand, why = infusion.demand, self.why_not_flow() or infusion.why_no_demand(self.now)
        if demand is None or why is not None:
            self.note(Kind.DEMAND_REFUSED, infusion.known, reason=why)
            return why
        infusion.count(self.now, demand.dose)
        self.channel.give(infusion, demand.dose, reason="patient demand")
        return None


def _seconds(due: Due) -> Fraction:
    return due[0]
