"""
The screens before anything is programmed: off, patient, care area, weight, what is put in, drug.

A page shows itself, and takes what is chosen or keyed. What it returns is why a key did nothing: the pump beeps.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from openinfusion.core.entry import Entry
from openinfusion.core.events import Kind
from openinfusion.core.library import Drug
from openinfusion.core.units import ML, Quantity
from openinfusion.pump.machine import display
from openinfusion.pump.machine.attempt import Purpose
from openinfusion.pump.machine.form import WEIGHT, Asked, read_keyed
from openinfusion.pump.machine.held import FEWEST_LETTERS, MOST_LETTERS, Found
from openinfusion.pump.machine.screen import Ask, Choice, Screen

if TYPE_CHECKING:
    from openinfusion.pump.machine.pump import Pump

Beep = str | None
BACK, CANCEL = Choice("back", "Back"), Choice("cancel", "Cancel")
NOT_OFFERED = "this screen does not offer that"


class Page:
    """A page without choices or values; every other page says what it takes."""

    def screen(self, pump: "Pump") -> Screen:
        """Return what the page shows."""
        raise NotImplementedError

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Take a choice."""
        return NOT_OFFERED

    def enter(self, pump: "Pump", text: str) -> Beep:
        """Take what was keyed."""
        return "this screen takes no value"

    def give_up(self, pump: "Pump") -> None:
        """Note what would be lost if this page were left now for good."""


class Off(Page):
    """A pump that is switched off."""

    def screen(self, pump: "Pump") -> Screen:
        """Show nothing."""
        return Screen(title="", choices=(Choice("power", "Power"),))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Take the power key and no other."""
        return "the pump is off"


class Keep(Page):
    """After switching on: the settings from before can be taken up again, right or wrong."""

    def screen(self, pump: "Pump") -> Screen:
        """Show what was running."""
        infusion = pump.channel.infusion
        lines = display.describe(infusion, pump) if infusion is not None else ()
        choices = (Choice("keep", "Keep these settings"), Choice("clear settings", "Clear them"))
        return Screen("Settings from before", ("An infusion was set when the pump was switched off.", *lines), choices)

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Keep the infusion, paused, or end it."""
        if choice == "keep":
            return pump.go_home()
        if choice == "clear settings":
            pump.channel.stop_all("settings cleared")
            return pump.go(Patient())
        return NOT_OFFERED


class Patient(Page):
    """Whether the pump is still with the same patient."""

    def screen(self, pump: "Pump") -> Screen:
        """Ask."""
        choices = (Choice("new patient", "New patient"), Choice("same patient", "Same patient"))
        return Screen("Patient", ("Is this pump for a new patient?",), choices)

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Forget the patient, or go on with care area and weight as they were."""
        if choice == "new patient":
            return pump.admit()
        return pump.go_home() if choice == "same patient" else NOT_OFFERED


class Areas(Page):
    """The care areas of the library."""

    def screen(self, pump: "Pump") -> Screen:
        """List them."""
        choices = tuple(
            Choice(area.id, display.short(area.name, pump)) for area in pump.slots.active.library.care_areas
        )
        return Screen("Care area", ("Where is the patient?",), choices)

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Take one; its profile is in force from now on."""
        area = pump.slots.active.area(choice)
        if area is None:
            return NOT_OFFERED
        pump.area = choice
        pump.note(Kind.CARE_AREA_CHOSEN, {"care_area": choice})
        return pump.go(Weight() if area.weight is not None and pump.weight is None else Home())


class Weight(Page):
    """The weight of the patient, for doses per kilogram."""

    def screen(self, pump: "Pump") -> Screen:
        """Ask for it."""
        return Screen("Weight", ("Key the weight of the patient.",), (Choice("skip", "Not now"),), Ask("weight", "kg"))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Leave it out; a drug that needs it will ask again."""
        return pump.go_home() if choice == "skip" else NOT_OFFERED

    def enter(self, pump: "Pump", text: str) -> Beep:
        """Take it; the limits of the care area speak when a programme needs it."""
        weight = read_keyed(text, WEIGHT)
        if not isinstance(weight, Quantity):
            return weight
        pump.weight = weight
        return pump.go_home()


class Home(Page):
    """Nothing runs; what is next."""

    def screen(self, pump: "Pump") -> Screen:
        """List what can be done."""
        choices = [Choice("drug", "Choose a drug")]
        if pump.area is not None and pump.slots.active.allows_basic_mode(pump.area):
            choices.append(Choice("basic", "Rate only, outside the library"))
        choices += [Choice("load", display.load_words(pump)), Choice("area", "Care area"), Choice("weight", "Weight")]
        if pump.slots.staged is not None:
            choices.append(Choice("update", f"Activate the new library {pump.slots.staged.name.version}"))
        return Screen("Ready to programme", display.patient_lines(pump), tuple(choices))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Go there."""
        if choice == "basic":
            return pump.begin_basic()
        if choice == "update":
            return pump.activate()
        pages = {"drug": Search(Purpose.NEW), "load": Load(), "area": Areas(), "weight": Weight()}
        page = pages.get(choice)
        return pump.go(page) if page is not None else NOT_OFFERED


class Load(Page):
    """The syringe or bag that is put in."""

    def __init__(self, back: Page | None = None) -> None:
        self.back = back

    def leave(self, pump: "Pump") -> Beep:
        """Go back to where it was asked for."""
        return pump.go(self.back) if self.back is not None else pump.go_home()

    def screen(self, pump: "Pump") -> Screen:
        """Ask for its volume."""
        if pump.model.takes_syringes:
            return Screen("Syringe", ("Key the volume in the syringe.",), (BACK,), Ask("volume", "mL", "50"))
        return Screen("Bag", ("Hang the bag and close the door.",), (Choice("bag", "Bag hung, door closed"), BACK))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Take a bag, whose volume the pump does not know."""
        if choice == "bag" and not pump.model.takes_syringes:
            pump.load(None)
            return self.leave(pump)
        return self.leave(pump) if choice == "back" else NOT_OFFERED

    def enter(self, pump: "Pump", text: str) -> Beep:
        """Take a syringe with so much in it."""
        if not pump.model.takes_syringes:
            return NOT_OFFERED
        volume = read_keyed(text, Asked("volume", "volume", ML, Quantity.of("50", ML)))
        if not isinstance(volume, Quantity):
            return volume
        beep = pump.load(volume)
        return beep if beep is not None else self.leave(pump)


class Search(Page):
    """Letters of a drug's name."""

    def __init__(self, purpose: Purpose) -> None:
        self.purpose = purpose
        self.missed: str | None = None

    def screen(self, pump: "Pump") -> Screen:
        """Ask for letters."""
        lines = [f"Key the first {FEWEST_LETTERS} letters of the drug."]
        if self.missed is not None:
            lines.append(f"No drug of this care area begins with {self.missed!r}.")
        return Screen("Drug", tuple(lines), (CANCEL,), Ask("letters", ""))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Give up."""
        return pump.go_home() if choice == "cancel" else NOT_OFFERED

    def enter(self, pump: "Pump", text: str) -> Beep:
        """Look for the drug in this care area."""
        letters = text.strip()
        if not (FEWEST_LETTERS <= len(letters) <= MOST_LETTERS and letters.isprintable()):
            return f"{FEWEST_LETTERS} to {MOST_LETTERS} letters"
        found = pump.search(letters, secondary=self.purpose is Purpose.SECONDARY)
        if not found:
            self.missed = letters
            pump.note(Kind.DRUG_NOT_FOUND, {"search": letters, "care_area": pump.area})
            return None
        return pump.go(Drugs(self.purpose, found))


class Drugs(Page):
    """The drugs that were found."""

    def __init__(self, purpose: Purpose, found: Found) -> None:
        self.purpose, self.found = purpose, found

    def screen(self, pump: "Pump") -> Screen:
        """List them, in Tall Man letters where the library has them."""
        choices = tuple(Choice(drug.id, display.short(drug.tall_man or drug.name, pump)) for drug, _ in self.found)
        return Screen("Drug", ("Which drug?",), (*choices, BACK))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Take one, and go on to its strengths and indications."""
        if choice == "back":
            return pump.go(Search(self.purpose))
        for drug, entries in self.found:
            if drug.id == choice:
                if len(entries) == 1:
                    return pump.begin(entries[0], self.purpose)
                return pump.go(Entries(self.purpose, drug, entries))
        return NOT_OFFERED


class Entries(Page):
    """The entries of a drug: indication and strength."""

    def __init__(self, purpose: Purpose, drug: Drug, entries: Sequence[Entry]) -> None:
        self.purpose, self.drug, self.entries = purpose, drug, entries

    def screen(self, pump: "Pump") -> Screen:
        """List them."""
        choices = tuple(Choice(entry.id, _entry_words(entry)) for entry in self.entries)
        return Screen(self.drug.tall_man or self.drug.name, ("Which one?",), (*choices, BACK))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Take one."""
        if choice == "back":
            return pump.go(Search(self.purpose))
        entry = next((entry for entry in self.entries if entry.id == choice), None)
        return pump.begin(entry, self.purpose) if entry is not None else NOT_OFFERED


def _entry_words(entry: Entry) -> str:
    strength = entry.concentration.text if entry.concentration is not None else None
    return ", ".join(part for part in (entry.therapy, entry.type.value, strength) if part)
