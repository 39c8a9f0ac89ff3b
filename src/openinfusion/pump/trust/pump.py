"""One pump's year: when it is used, by whom, when it takes up a release, and what it notes between infusions."""

from dataclasses import replace
from fractions import Fraction

from openinfusion.core.dosing import check
from openinfusion.core.entry import EntryType, Mode
from openinfusion.core.events import Kind
from openinfusion.core.units import Quantity
from openinfusion.lake.example.dice import Dice
from openinfusion.lake.example.infusion import Infusion, Scene, basic_programme
from openinfusion.lake.example.menu import Menu
from openinfusion.lake.example.notes import Fields, Notes
from openinfusion.lake.example.prescribing import (
    Order,
    draw_offer,
    draw_order,
    draw_weight,
)
from openinfusion.lake.example.trust import DAY, Pump, Trust, Update

HOUR = 3600.0
MEAN_GAP = 19.4 * HOUR
"""Hours between two infusions, before nights and weekends lengthen them."""
NIGHT, NIGHT_SHARE, WEEKEND_SHARE = 6, 0.55, 0.16
FIRST_SHARE, LAST_SHARE = 0.775, 0.895
"""Share of infusions with the library on the first and the last day, where a ward has no share of its own."""
MEDICINES, FLUIDS = 0.035, -0.085
"""How far the share lies from that for medicines and for fluids."""
NOT_FOUND = 0.035
"""Share of infusions of a drug that the library does not have (Howlett 2020: it covered 96.5 %)."""
NEW_PATIENT = 0.45
OUTLIER_DAY, OUTLIER_DAYS, OUTLIER_EPISODE = 45, 5, "outlier"
REJECTED, REVERTED = 0.012, 0.006
REJECTIONS = ("signature not valid", "no room for the library", "checksum differs")


class PumpYear:
    """The notes of one pump, from the day it comes into service to the end of the year."""

    def __init__(self, trust: Trust, pump: Pump) -> None:
        self.trust, self.pump = trust, pump
        self.dice = Dice(trust.settings.seed, "year", pump.number)
        self.notes = Notes()
        self.release = 0
        self.waiting = list(pump.updates)
        self.episode = self.dice.token(12)
        self.weight = self.draw_weight()
        self.ended = pump.in_service
        self.infusions = 0
        self.area: str | None = None
        self.ward = pump.ward.name
        self.busy = self.dice.lognormal(median=0.94, spread=0.35)
        self.told_stories: set[str] = set()

    def run(self) -> Notes:
        """Live the year through."""
        at = self.pump.in_service + self.dice.exponential(MEAN_GAP)
        last = self.trust.settings.last
        while at < last:
            self.prepare(at)
            self.ended = self.use(at)
            at = self.next_use()
        self.stage_rest(last)
        return self.notes

    def next_use(self) -> float:
        """Return when the pump is taken next: seldom at night, less often at weekends."""
        at = self.ended + 240 + self.dice.exponential(MEAN_GAP * self.busy)
        hour = at % DAY / HOUR
        if hour < NIGHT and self.dice.chance(NIGHT_SHARE):
            at += (NIGHT - hour + self.dice.between(0.5, 5)) * HOUR
        day = int(at // DAY + 3) % 7  # the epoch began on a Thursday; 5 and 6 are the weekend
        if day >= 5 and self.dice.chance(WEEKEND_SHARE):  # noqa: PLR2004
            at += (7 - day) * DAY
        return at

    def draw_weight(self) -> Quantity:
        library = self.trust.newest
        return draw_weight(library.care_area(self.pump.ward.care_area).population, self.dice)

    # --- Between infusions -------------------------------------------------------------------------------------------

    def prepare(self, at: float) -> None:
        """Tell what happens before the pump is used: updates, power, a new patient, another place."""
        self.update(at)
        dice = self.dice
        if at - self.ended > 3 * HOUR or self.area is None:
            self.restart(at - dice.between(60, 120))
        if dice.chance(0.03):
            self.notes.tell(at - 50, Kind.POWER_SOURCE, {"power": "battery"})
            self.notes.tell(at - 10, Kind.POWER_SOURCE, {"power": "mains"})
        if dice.chance(NEW_PATIENT):
            self.episode, self.weight = dice.token(12), self.draw_weight()
            self.notes.tell(at - 40, Kind.PATIENT_CHANGED, {"episode": self.episode})
        if dice.chance(0.004):
            self.notes.tell(at - 45, Kind.LOCATION_CHANGED, {"ward": self.ward})

    def restart(self, at: float) -> None:
        """Tell that the pump was switched off after its last use and is switched on now."""
        off = self.ended + 90 if self.ended + 90 < at else at - 20
        if self.area is not None:
            self.notes.tell(off, Kind.POWER_OFF, {})
        self.notes.tell(at, Kind.POWER_ON, {})
        self.choose_area(self.pump.ward.care_area, at + 15)

    def choose_area(self, area: str, at: float) -> None:
        self.area = area
        self.notes.tell(at, Kind.CARE_AREA_CHOSEN, {"care_area": area})

    def update(self, at: float) -> None:
        """Take up every release that is due, the newest last, while nothing runs."""
        due = sorted((u for u in self.waiting if u.due <= at - 240), key=lambda update: update.due)
        self.waiting = [u for u in self.waiting if u not in due]
        for update in due:
            if update.release > self.release:
                self.activate(update, max(update.due, self.ended + 120))

    def activate(self, update: Update, at: float) -> None:
        """Tell how a release was staged and taken up at a restart; a few are refused, a few go back."""
        before = {"other_library": self.trust.releases[self.release].name}
        after = self.trust.releases[update.release].name
        self.stage(update, after)
        self.notes.tell(at - 20, Kind.POWER_OFF, {})
        self.notes.tell(at - 5, Kind.POWER_ON, {})
        self.notes.tell(at, Kind.LIBRARY_ACTIVATED, {"library": after, **before})
        if self.dice.chance(REVERTED):
            back = {"library": before["other_library"], "other_library": after}
            self.notes.tell(at + 40, Kind.LIBRARY_REVERTED, back | {"reason": "self-test failed"})
            self.waiting.append(replace(update, due=at + self.dice.between(2, 6) * DAY))
        else:
            self.release = update.release
        self.area = None

    def stage(self, update: Update, name: dict[str, str]) -> None:
        if self.dice.chance(REJECTED):
            why = self.dice.one_of(REJECTIONS)
            self.notes.tell(update.staged - 600, Kind.LIBRARY_REJECTED, {"other_library": name, "reason": why})
        self.notes.tell(update.staged, Kind.LIBRARY_STAGED, {"other_library": name})

    def stage_rest(self, last: float) -> None:
        """Tell the releases that were staged and not yet taken up when the year ended."""
        for update in self.waiting:
            if update.staged < last and update.release > self.release:
                self.notes.tell(
                    update.staged, Kind.LIBRARY_STAGED, {"other_library": self.trust.releases[update.release].name}
                )

    # --- Infusions ---------------------------------------------------------------------------------------------------

    def use(self, at: float) -> float:
        """Tell one use of the pump; return when it ended."""
        if (story := self.story_at(at)) is not None:
            return story
        menu = self.trust.menu(self.release, self.pump.ward.care_area, self.pump.model.kind)
        offer = draw_offer(menu, self.pump.ward.types, self.dice)
        order = draw_order(offer, menu, weight=self.weight, dice=self.dice)
        if self.dice.chance(NOT_FOUND):
            self.search(at)
            return self.basic(order, at + 30)
        if not self.dice.chance(self.share_with_library(at, offer.entry.type)):
            return self.basic(order, at)
        return self.with_library(order, at)

    def share_with_library(self, at: float, kind: EntryType) -> float:
        """Return the probability that staff use the library: it rises over the year, and is lower for fluids."""
        settings = self.trust.settings
        passed = (at - settings.first) / (365 * DAY)
        share = self.pump.ward.with_library
        if share is None:
            share = FIRST_SHARE + (LAST_SHARE - FIRST_SHARE) * min(passed, 1.0)
        share += FLUIDS if kind is EntryType.FLUID else MEDICINES
        return min(share / (1 - NOT_FOUND), 1.0)

    def search(self, at: float) -> None:
        letters = self.dice.one_of(self.trust.words["search"])
        for tried in range(self.dice.whole(1, 2)):
            self.notes.tell(at + 10 * tried, Kind.DRUG_NOT_FOUND, {"search": letters, "care_area": self.area})

    def scene(self) -> Scene:
        return Scene(
            notes=self.notes,
            dice=self.dice,
            library=self.trust.releases[self.release].library,
            ward=self.pump.ward,
            words=self.trust.words,
            pump=self.pump.number,
        )

    def known(self, order: Order, *, with_library: bool) -> Fields:
        """Return what every record of the next infusion repeats."""
        self.infusions += 1
        entry = order.offer.entry
        category = "fluid" if entry.type is EntryType.FLUID else "medicine"
        known: Fields = {
            "infusion": f"{self.pump.number}-{self.infusions:05d}",
            "episode": self.episode,
            "category": category,
            "with_library": with_library,
        }
        if with_library:
            known |= {"care_area": entry.care_area, "entry": entry.id, "drug": entry.drug}
            known |= {"therapy": entry.therapy} if entry.therapy else {}
        return known

    def with_library(self, order: Order, at: float) -> float:
        """Tell an infusion under the library; one that a hard limit stops may go on under another profile."""
        entry = order.offer.entry
        infusion = Infusion(self.scene(), self.known(order, with_library=True), order)
        self.notes.tell(at, Kind.DRUG_CHOSEN, _chosen(infusion.known))
        ended, may_start, refused = infusion.programme(at)
        if may_start:
            return infusion.run(ended + self.dice.between(2, 20))
        if refused and order.mistake is None:
            return self.elsewhere(order, ended + 30)
        if refused or not self.dice.chance(0.5):
            return ended + 60
        again = draw_order(order.offer, self._menu(entry.care_area), weight=self.weight, dice=self.dice, unusual=0)
        return self.with_library(again, ended + 60) if again.mistake is None else ended + 60

    def _menu(self, area: str) -> Menu:
        return self.trust.menu(self.release, area, self.pump.model.kind)

    def elsewhere(self, order: Order, at: float) -> float:
        """Tell what follows a hard stop that is in the way of a right dose: another profile, or none at all."""
        entry = order.offer.entry
        others = [p.ward.care_area for p in self.trust.pumps if "critical-care" in p.ward.care_area]
        for area in dict.fromkeys(others):
            offer = self._menu(area).find(entry.drug)
            if area == entry.care_area or offer is None or not self.dice.chance(0.8):
                continue
            self.choose_area(area, at)
            other = draw_order(offer, self._menu(area), weight=self.weight, dice=self.dice, unusual=0)
            ended = self.with_library(replace(other, typed=other.meant, mistake=None), at + 10)
            self.area = None
            return ended
        return self.basic(order, at)

    def basic(self, order: Order, at: float) -> float:
        """Tell an infusion outside the library: nothing judges it."""
        infusion = Infusion(self.scene(), self.known(order, with_library=False), order)
        library = infusion.scene.library
        verdict = check(order.typed, library)
        typed, infusion.rate = basic_programme(verdict)
        told = infusion.tell(at + self.dice.between(10, 40), Kind.PROGRAMMED, programme=typed)
        if order.mistake is not None:
            infusion.tell_truth(told, order.typed)
        return infusion.run(told.at + self.dice.between(2, 20))

    # --- Planted stories ---------------------------------------------------------------------------------------------

    def story_at(self, at: float) -> float | None:
        """Tell this pump's part in a planted story when its day has come; ``None`` on any other day."""
        story = self.pump.story
        day = (at - self.trust.settings.first) / DAY
        if story is None or story in self.told_stories:
            return None
        if story == "outlier" and day >= OUTLIER_DAY:
            self.told_stories.add(story)
            return self.outlier(at)
        if story == "strength" and day >= 20 + self.dice.whole(0, 5):
            self.told_stories.add(story)
            return self.strength_typed_too_low(at)
        return None

    def outlier(self, at: float) -> float | None:
        """Tell the one patient whose dose is beyond the soft limit for days, and who alerts at every change."""
        menu = self._menu(self.pump.ward.care_area)
        offer = menu.find("noradrenaline")
        if offer is None or offer.usual.soft_max is None:
            return None
        self.episode = Dice(self.trust.settings.seed, OUTLIER_EPISODE).token(12)
        self.weight = Quantity(Fraction(84), self.weight.unit)
        self.notes.tell(at - 30, Kind.PATIENT_CHANGED, {"episode": self.episode})
        value = offer.value(offer.usual.soft_max * Fraction(11, 10))
        meant = offer.programme(value, weight=self.weight)
        order = Order(offer=offer, meant=meant, typed=meant, is_unusual=True)
        infusion = Infusion(self.scene(), self.known(order, with_library=True), order)
        self.notes.tell(at, Kind.DRUG_CHOSEN, _chosen(infusion.known))
        ended, may_start, _ = infusion.programme(at)
        while not may_start:
            ended, may_start, _ = infusion.programme(ended + 30)
        self.tell_story(infusion, "outlier patient: beyond the soft limit for days, as prescribed")
        return infusion.run(ended + 10, hours=OUTLIER_DAYS * 24.0 * 0.8)

    def strength_typed_too_low(self, at: float) -> float | None:
        """Tell the fault of November 2018: an open strength typed 25 times too low, and a bolus within its limits."""
        menu = self._menu(self.pump.ward.care_area)
        offer = menu.find("fentanyl")
        concentration = offer.entry.concentration if offer is not None else None
        if offer is None or concentration is None or not concentration.is_open:
            return None
        usual = Quantity.of("100", "micrograms/h")
        typed = replace(
            offer.programme(Quantity.of("25", "micrograms/h"), weight=self.weight),
            amount=Quantity.of("100", "micrograms"),
            diluent=Quantity.of("50", "mL"),
        )
        order = Order(offer=offer, meant=offer.programme(usual, weight=self.weight), typed=typed)
        infusion = Infusion(self.scene(), self.known(order, with_library=True), order)
        self.notes.tell(at, Kind.DRUG_CHOSEN, _chosen(infusion.known))
        ended, may_start, _ = infusion.programme(at)
        self.tell_story(infusion, "strength typed too low")
        if not may_start:
            return ended
        infusion.tell(ended + 5, Kind.STARTED)
        infusion.since = ended + 5
        infusion.settle(ended + 1800)
        bolus = replace(typed, mode=Mode.BOLUS, dose=Quantity.of("25", "micrograms"))
        infusion.attempt(bolus, ended + 1800, Kind.BOLUS)
        infusion.volume += Fraction(25, 2)
        return infusion.finish(ended + 2700, is_early=True)

    def tell_story(self, infusion: Infusion, words: str) -> None:
        told = next(n for n in reversed(self.notes.all) if n.kind is Kind.PROGRAMMED)
        order = replace(infusion.order, mistake=words)
        replace_order = Infusion(infusion.scene, infusion.known, order)
        replace_order.tell_truth(told, order.typed)


def _chosen(known: Fields) -> Fields:
    return {name: known[name] for name in ("episode", "care_area", "drug", "entry") if name in known}
