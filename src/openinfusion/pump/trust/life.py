"""One pump's year: where it is, when it is used, by whom, when it takes up a release, and what happens meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from openinfusion.core.dosing import check
from openinfusion.core.entry import EntryType, Mode
from openinfusion.core.events import Kind
from openinfusion.core.library import Library
from openinfusion.core.numbers import round_to
from openinfusion.core.programme import Programme
from openinfusion.core.units import ML, ML_PER_H, Quantity
from openinfusion.pump.machine import Pump as Machine
from openinfusion.pump.machine.notes import Fields, Note
from openinfusion.pump.machine.pages import Patient
from openinfusion.pump.machine.programming import Ready
from openinfusion.pump.trust.bedside import DAY, HOUR, Bedside, LostError
from openinfusion.pump.trust.course import LOADED, STEPPED, SYRINGE, Course, Plan, draw_plan
from openinfusion.pump.trust.dice import Dice
from openinfusion.pump.trust.log import PumpLog
from openinfusion.pump.trust.menu import Menu
from openinfusion.pump.trust.nurse import TENTH, Nurse, Told, keyed
from openinfusion.pump.trust.prescribing import Order, draw_offer, draw_order, draw_weight
from openinfusion.pump.trust.stories import tell_story
from openinfusion.pump.trust.trust import Pump, Trust, Update

MEAN_GAP = 18.7 * HOUR
"""Hours between two infusions, before nights and weekends lengthen them."""
NIGHT, NIGHT_SHARE, WEEKEND_SHARE = 6, 0.55, 0.16
FIRST_SHARE, LAST_SHARE = 0.755, 0.878
"""Share of infusions with the library on the first and the last day, where a ward has no share of its own."""
MEDICINES, FLUIDS = 0.035, -0.085
"""How far the share lies from that for medicines and for fluids."""
NOT_FOUND = 0.035
"""Share of infusions of a drug that the library does not have (Howlett 2020: it covered 96.5 %)."""
NEW_PATIENT = 0.45
TRANSPORTED = 0.03
REJECTED, REVERTED = 0.012, 0.006
CORRECTED, VOIDED = 0.005, 0.008
"""Shares of ends whose record is replaced, and of patients whose record is declared void."""
REJECTIONS = ("signature not valid", "no room for the library", "checksum differs")
RESTORED = 1e-4 / DAY
"""Batteries changed, after which a pump is found with its older library, for each second of a pump (fleet.md 7)."""


class PumpLife:
    """One pump, from the day it comes into service to the end of the year."""

    def __init__(self, trust: Trust, pump: Pump) -> None:
        self.trust, self.about = trust, pump
        self.dice = Dice(trust.settings.seed, "year", pump.number)
        self.notes: list[Note] = []
        self.told = Told()
        self.ward = pump.ward
        self.machine = Machine(
            pump.number,
            pump.model,
            trust.releases[0].held,
            at=Fraction(round(pump.in_service)),
            tell=self._note,
            name_episode=lambda _: self.dice.token(12),
            self_test=self._self_test,
        )
        self.machine.ward = pump.ward.name
        self.bedside = Bedside(self.machine)
        self.weight: Quantity | None = None
        self.busy = self.dice.lognormal(median=0.94, spread=0.35) / pump.where.busy
        self.moves_at = pump.in_service + self.dice.exponential(pump.where.moves * DAY)
        self.told_stories: set[str] = set()
        self.lost: set[int] = set()
        self.lost_ways: list[str] = []
        self.sent = 0
        self.log = PumpLog(trust, pump)
        self._expect_connections()
        for sync in self.log.clock.syncs:
            self.bedside.expect(sync, _setting(self, sync))
        for update in pump.updates:
            self.bedside.expect(update.staged, _staging(self, update))
        self._expect_restores()

    def run(self) -> None:
        """Live the year through."""
        at = self.about.in_service + self.dice.exponential(MEAN_GAP * self.busy)
        last = self.trust.settings.last
        while at < last:
            self.bedside.wait_until(at)
            try:
                self.prepare()
                self.use()
            except LostError as lost:
                self.find_back(str(lost))
            at = self.next_use()
        self.bedside.wait_until(last)

    def find_back(self, why: str) -> None:
        """Give up a use in which staff met a screen that they did not expect, and keep why."""
        self.lost_ways.append(why)
        if self.machine.alert is not None:
            self.machine.choose("cancel")
        self.machine.choose("clear")
        self.machine.channel.stop_all("given up")
        if self.machine.is_on:
            self.machine.go_home()

    def next_use(self) -> float:
        """Return when the pump is taken next: seldom at night, less often at weekends."""
        at = self.bedside.now + 240 + self.dice.exponential(MEAN_GAP * self.busy)
        hour = at % DAY / HOUR
        if hour < NIGHT and self.dice.chance(NIGHT_SHARE):
            at += (NIGHT - hour + self.dice.between(0.5, 5)) * HOUR
        day = int(at // DAY + 3) % 7  # the epoch began on a Thursday; 5 and 6 are the weekend
        if day >= 5 and self.dice.chance(WEEKEND_SHARE):  # noqa: PLR2004
            at += (7 - day) * DAY
        if at - self.bedside.now > 3 * HOUR and self.machine.is_on:
            self.bedside.wait(90)
            self.bedside.choose("power")
        return at

    # --- The log -----------------------------------------------------------------------------------------------------

    def _note(self, note: Note) -> None:
        """Keep a note; a few are replaced later, or declared void."""
        self.notes.append(note)
        if note.kind is Kind.COMPLETED and "supersedes" not in note.fields and self.dice.chance(CORRECTED):
            self.bedside.expect(float(note.at) + 600, _replacing(self, note))
        elif note.kind is Kind.PATIENT_CHANGED and self.dice.chance(VOIDED):
            self.bedside.expect(float(note.at) + 900, _voiding(self, note))

    def _expect_connections(self) -> None:
        for start, back in self.log.offline:
            self.bedside.expect(start, self.disconnect)
            if back < self.trust.settings.last:
                self.bedside.expect(back, self.connect)

    def disconnect(self) -> None:
        """Lose the connection: from now on the pump's own memory must hold what it notes."""
        self.sent = self.machine.memory.written
        self.machine.note(Kind.CONNECTION, {}, connected=False, network="wifi")

    def connect(self) -> None:
        """Have a connection again; what the memory could not hold is lost, and said."""
        _, gap = self.machine.memory.after(self.sent)
        self.machine.note(Kind.CONNECTION, {}, connected=True, network="wifi")
        if gap is not None:
            self.lost.update(range(gap[0], gap[1] + 1))
            self.machine.note(Kind.LOG_GAP, {}, first_lost=gap[0], last_lost=gap[1])

    # --- Libraries ---------------------------------------------------------------------------------------------------

    @property
    def release(self) -> int:
        """The place of the release that the pump runs."""
        return self.trust.place_of(self.machine.slots.active)

    def _self_test(self, library: Library) -> str | None:  # noqa: ARG002 - what a self-test takes
        return "checksum differs" if self.dice.chance(REVERTED) else None

    def stage(self, update: Update) -> None:
        """Take a release that has reached the pump, unless it has a newer one by now."""
        if update.release <= self.release:
            return
        held = self.trust.releases[update.release].held
        if self.dice.chance(REJECTED):
            self.machine.note(Kind.LIBRARY_REJECTED, {}, other_library=held.name, reason=self.dice.one_of(REJECTIONS))
            self.bedside.expect(self.bedside.now + 600, _staging(self, update))
            return
        waiting = self.machine.slots.staged
        if waiting is None or self.trust.place_of(waiting) < update.release:
            self.machine.stage(held)

    def _expect_restores(self) -> None:
        at = self.about.in_service
        while (at := at + self.dice.exponential(1 / RESTORED)) < self.trust.settings.last:
            self.bedside.expect(at, self.restore)

    def restore(self) -> None:
        """Change the battery of a pump that stands idle: it comes back with the library from before."""
        newest = self.release
        if self.machine.revert("restored after a change of battery") is None:
            again = Update(release=newest, staged=self.bedside.now + self.dice.between(1, 6) * DAY)
            self.bedside.expect(again.staged, _staging(self, again))

    # --- Between infusions -------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Do what comes before the pump is used: another place, power, patient, a syringe or a bag."""
        machine, bedside = self.machine, self.bedside
        if self.about.story is None and bedside.now >= self.moves_at:
            self.move()
        is_new = self.dice.chance(NEW_PATIENT) or self.weight is None
        if not machine.is_on:
            bedside.choose("power")
            bedside.wait(self.dice.between(20, 60))
            if isinstance(machine.page, Patient):
                bedside.choose("new patient" if is_new else "same patient")
            elif is_new:
                machine.admit()
        elif is_new:
            machine.admit()
            machine.go_home()
        if self.dice.chance(TRANSPORTED):
            machine.plug(in_mains=False)
            bedside.wait(self.dice.between(200, 1800))
            machine.plug(in_mains=True)
        if is_new:
            self.weight = self.draw_weight()
        self.load()

    def load(self) -> None:
        """Put in what is to be given."""
        is_syringe = self.machine.model.takes_syringes
        self.machine.load(Quantity(SYRINGE, ML) if is_syringe else None)

    def move(self) -> None:
        """Take the pump to another ward of those that share theirs."""
        self.moves_at = self.bedside.now + self.dice.exponential(self.about.where.moves * DAY)
        others = [ward for ward in self.trust.wards if ward.shares == self.ward.shares and ward != self.ward]
        if others:
            self.ward = self.dice.weighted({ward: ward.pumps for ward in others})
            self.weight = None
            self.machine.move(self.ward.name)

    def draw_weight(self) -> Quantity:
        """Return the weight of the next patient."""
        library = self.trust.newest
        return draw_weight(library.care_area(self.ward.care_area).population, self.dice)

    # --- Infusions ---------------------------------------------------------------------------------------------------

    def nurse(self) -> Nurse:
        """Return who is on duty: staff differ in their habits."""
        habit = self.dice.weighted({habit: habit.share for habit in self.trust.habits})
        return Nurse(self.bedside, self.dice, habit, self.trust.words, self.notes, self.told)

    def menu(self, area: str) -> Menu:
        """Return what this pump offers in a care area now."""
        return self.trust.menu(self.release, area, self.machine.model.kind)

    def use(self) -> None:
        """Use the pump once."""
        if tell_story(self):
            return
        nurse, area = self.nurse(), self.ward.care_area
        nurse.go_to(area)
        menu = self.menu(area)
        offer = draw_offer(menu, self.ward.types, self.dice)
        weight = self.weight or self.draw_weight()
        order = draw_order(offer, menu, weight=weight, dice=self.dice, mistaken_times=nurse.habit.mistakes)
        is_found = not self.dice.chance(NOT_FOUND)
        may_do_without = self.machine.slots.active.allows_basic_mode(area)
        if not is_found and may_do_without:
            self.search(nurse)
        uses_library = is_found and self.dice.chance(self.share_with_library(offer.entry.type))
        if uses_library or not may_do_without:
            self.with_library(nurse, order)
        else:
            self.basic(nurse, order)

    def share_with_library(self, kind: EntryType) -> float:
        """Return the probability that staff use the library: it rises over the year, and is lower for fluids."""
        settings = self.trust.settings
        passed = (self.bedside.now - settings.first) / (365 * DAY)
        share = self.ward.with_library
        if share is None:
            share = FIRST_SHARE + (LAST_SHARE - FIRST_SHARE) * min(passed, 1.0)
        share += FLUIDS if kind is EntryType.FLUID else MEDICINES
        return min(share / (1 - NOT_FOUND), 1.0)

    def search(self, nurse: Nurse) -> None:
        """Look for a drug that the library does not have, once or twice."""
        letters = self.dice.one_of(self.trust.words["search"])
        self.bedside.choose("drug")
        for _ in range(self.dice.whole(1, 2)):
            self.machine.enter(letters)
            self.bedside.wait(10)
        nurse.leave()

    def with_library(self, nurse: Nurse, order: Order, *, again: bool = True) -> None:
        """Give an infusion under the library; one that a hard limit stops may go on under another profile."""
        plan = draw_plan(order, hours=self.ward.hours, alarms=self.ward.alarms, dice=self.dice)
        steps = order.offer.entry.type is EntryType.FLUID and not plan.kvo_alarms and self.dice.chance(STEPPED)
        response = nurse.programme(order, hours=plan.ends_after, steps=steps)
        if response is None:
            self.start(nurse, order, plan)
            return
        refused = self._was_refused()
        if refused and order.mistake is None:
            self.elsewhere(nurse, order)
        elif not refused and again and self.dice.chance(0.5):
            area = order.offer.entry.care_area
            weight = order.meant.weight or self.draw_weight()
            other = draw_order(order.offer, self.menu(area), weight=weight, dice=self.dice, unusual=0)
            self.bedside.wait(60)
            if other.mistake is None:
                self.with_library(nurse, other, again=False)

    def _was_refused(self) -> bool:
        """Whether a hard limit stood in the way of the last attempt."""
        raised = next((note for note in reversed(self.notes) if note.kind is Kind.ALERT_RAISED), None)
        return raised is not None and raised.fields["alert"].is_hard

    def start(self, nurse: Nurse, order: Order, plan: Plan) -> None:
        """Start what is ready, with its loading dose if it has one, and let it run its course."""
        course = Course(nurse, order, plan, menu=self.menu(self.ward.care_area))
        page = nurse.page
        entry = page.attempt.entry if isinstance(page, Ready) else None
        if entry is not None and entry.loading is not None and self.dice.chance(LOADED):
            programme = course.single(Mode.LOADING)
            if programme is not None:
                nurse.attempt("loading", programme, stays=True)
        if not isinstance(nurse.page, Ready):
            nurse.leave()
            return
        self.bedside.wait(self.dice.between(2, 20))
        self.bedside.choose("start")
        course.ends = self.bedside.now + plan.hours * HOUR
        course.run()

    def elsewhere(self, nurse: Nurse, order: Order) -> None:
        """Do what follows a hard stop that is in the way of a right dose: another profile, or none at all."""
        entry = order.offer.entry
        areas = [ward.care_area for ward in self.trust.wards if "critical-care" in ward.care_area]
        for area in dict.fromkeys(areas):
            offer = self.menu(area).find(entry.drug)
            if area == entry.care_area or offer is None or not self.dice.chance(0.8):
                continue
            self.bedside.wait(30)
            nurse.go_to(area)
            weight = order.meant.weight or self.draw_weight()
            other = draw_order(offer, self.menu(area), weight=weight, dice=self.dice, unusual=0)
            self.with_library(nurse, replace(other, typed=other.meant, mistake=None), again=False)
            return
        if self.machine.slots.active.allows_basic_mode(self.ward.care_area):
            self.basic(nurse, order)

    def basic(self, nurse: Nurse, order: Order) -> None:
        """Give an infusion outside the library: nothing judges it."""
        rate, volume = basic_values(order.typed, self.machine)
        self.bedside.wait(self.dice.between(10, 40))
        self.bedside.choose("basic")
        plan = draw_plan(order, hours=self.ward.hours, alarms=self.ward.alarms, dice=self.dice)
        ends = plan.ends_after
        if ends is not None and order.offer.mode is Mode.CONTINUOUS:
            volume = max(round_to(rate * Fraction(round(ends * 100), 100), TENTH), TENTH)
        volume = min(volume, self.machine.model.largest_volume)
        self.bedside.enter(keyed(Quantity(rate, ML_PER_H), Quantity(rate, ML_PER_H)))
        self.bedside.enter(keyed(Quantity(volume, ML), Quantity(volume, ML)))
        self.bedside.choose("confirm")
        if order.mistake is not None:
            nurse.tell_truth(order, order.typed)
        self.start(nurse, order, plan)


def basic_values(programme: Programme, machine: Machine) -> tuple[Fraction, Fraction]:
    """Return the rate and the volume that are typed without the library for a programme, as the pump can run them."""
    derived = check(programme, machine.slots.active.library).derived
    rate = derived.rate.value if derived.rate is not None else Fraction(60)
    rate = min(max(rate, TENTH), machine.model.fastest)
    step = max(machine.model.step_at(rate), TENTH)
    volume = derived.volume.value if derived.volume is not None else SYRINGE
    return max(round_to(rate, step), step), max(round_to(volume, TENTH), TENTH)


def _staging(life: PumpLife, update: Update) -> Callable[[], None]:
    return lambda: life.stage(update)


def _setting(life: PumpLife, at: float) -> Callable[[], None]:
    before = life.log.clock.stamp(at, before=True)
    return lambda: _noted(life, Kind.CLOCK_CHANGED, clock_before=before)


def _replacing(life: PumpLife, note: Note) -> Callable[[], None]:
    known = {name: value for name, value in note.fields.items() if name not in ("ended", "began")}
    return lambda: _noted(life, note.kind, known, supersedes=note)


def _voiding(life: PumpLife, note: Note) -> Callable[[], None]:
    return lambda: _noted(life, Kind.RECORD_VOIDED, about=note, reason="wrong patient")


def _noted(life: PumpLife, kind: Kind, known: Fields | None = None, **more: object) -> None:
    life.machine.note(kind, known or {}, **more)
