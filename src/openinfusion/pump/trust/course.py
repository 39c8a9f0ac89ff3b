"""The course of an infusion after its start: titrated, paused, alarmed, topped up, ended."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from openinfusion.core.entry import EntryType, Mode
from openinfusion.core.events import Alarm
from openinfusion.core.numbers import round_to
from openinfusion.core.programme import Programme
from openinfusion.core.units import MINUTES, ML, Quantity
from openinfusion.pump.machine.calls import STOPS_FLOW
from openinfusion.pump.machine.flow import Infusion, Status
from openinfusion.pump.machine.programming import Ready
from openinfusion.pump.trust.alarms import AGAIN, draw_alarms, draw_seconds
from openinfusion.pump.trust.bedside import HOUR
from openinfusion.pump.trust.dice import Dice, step_for
from openinfusion.pump.trust.menu import Menu
from openinfusion.pump.trust.nurse import TENTH, Nurse, keyed
from openinfusion.pump.trust.prescribing import Order, draw_order, typed_value, with_value

MOST_HOURS = 96.0
CONTINUOUS_HOURS, CONTINUOUS_SPREAD = 20.5, 0.95
CHANGES_PER_HOUR, OFTENER = 0.04, 7
"""How often a dose is titrated; oftener where the patient needs more than usual, who then alerts again."""
STOPPED_EARLY = {EntryType.CONTINUOUS: 0.5, EntryType.INTERMITTENT: 0.06, EntryType.FLUID: 0.25, EntryType.PCA: 0.8}
BOLUSED, LOADED, PIGGYBACK, STEPPED = 0.18, 0.3, 0.06, 0.01
"""Shares of infusions with a bolus, a loading dose, a secondary infusion on top, and a second step, where they can."""
TOP_UP = (0.1, 0.7)
"""Hours for which an infusion that ended is topped up, where nothing else says."""
SYRINGE = Fraction(50)
MOST_SYRINGES = 24
CHANGE_AT = 400.0
"""Seconds before a syringe is empty at which staff change it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to come of an infusion: how long it runs, whether it is stopped early, what the pump will call for."""

    hours: float
    is_early: bool
    alarms: tuple[Alarm, ...]

    @property
    def kvo_alarms(self) -> int:
        """How often its end goes unnoticed."""
        return self.alarms.count(Alarm.KVO)

    @property
    def ends_after(self) -> float | None:
        """In how many hours its volume is to be given, if it is to end by itself."""
        if self.kvo_alarms:
            return self.hours / (self.kvo_alarms + 1)
        return None if self.is_early else self.hours


def draw_plan(order: Order, *, hours: float, alarms: float, dice: Dice, given: float | None = None) -> Plan:
    """Return a plan; ``hours`` and ``alarms`` are how much more than usual a ward has of both."""
    kind = order.offer.entry.type
    planned = given if given is not None else _planned_hours(order, hours, dice)
    is_early = dice.chance(STOPPED_EARLY[kind])
    if is_early:
        planned *= dice.between(0.3, 1.0)
    return Plan(max(planned, 120 / HOUR), is_early, tuple(draw_alarms(planned, alarms, dice)))


def _planned_hours(order: Order, hours: float, dice: Dice) -> float:
    """Return how long it is to run: until the dose or the bag is in, or as long as such infusions run."""
    kind, typed = order.offer.entry.type, order.typed
    if kind is EntryType.INTERMITTENT and typed.duration is not None:
        return float(typed.duration.value) / 60
    if kind is EntryType.FLUID and typed.volume is not None and typed.rate is not None:
        return min(float(typed.volume.value / typed.rate.value), 24.0)
    if kind is EntryType.FLUID:
        return dice.between(2, 12)
    return min(dice.lognormal(median=CONTINUOUS_HOURS * hours, spread=CONTINUOUS_SPREAD), MOST_HOURS)


class Course:
    """One infusion as it runs, from its start to its end."""

    def __init__(self, nurse: Nurse, order: Order, plan: Plan, *, menu: Menu) -> None:
        self.nurse, self.order, self.plan, self.menu = nurse, order, plan, menu
        self.bedside, self.dice = nurse.bedside, nurse.dice
        self.kvo_alarms = plan.kvo_alarms
        self.syringes = 0
        self.ends = self.bedside.now + plan.hours * HOUR

    @property
    def infusion(self) -> Infusion | None:
        return self.bedside.pump.channel.infusion

    def run(self) -> None:
        """Let the infusion run its course."""
        for at, happening in self.happenings():
            self.go_on_until(at)
            if self.infusion is None:
                return
            happening()
        self.go_on_until(self.ends)
        if self.infusion is not None:
            self.end()

    def happenings(self) -> list[tuple[float, Callable[[], None]]]:
        """Return what happens while it runs, in order; the end of its volume comes by itself."""
        dice, start = self.dice, self.bedside.now
        made: list[tuple[float, Callable[[], None]]] = [
            (dice.between(start, self.ends), _told(self, alarm)) for alarm in self.plan.alarms if alarm is not Alarm.KVO
        ]
        infusion, entry = self.infusion, self.order.offer.entry
        if infusion is not None and infusion.entry is not None:
            if self.order.offer.mode is Mode.CONTINUOUS:
                often = CHANGES_PER_HOUR * (OFTENER if self.order.is_unusual else 1)
                changes = min(int(dice.exponential(self.plan.hours * often) + 0.5), 150)
                made += [(dice.between(start, self.ends), self.change) for _ in range(changes)]
            if entry.bolus is not None and dice.chance(BOLUSED):
                made += [(dice.between(start, self.ends), self.bolus) for _ in range(dice.geometric(1.6))]
            if self.order.offer.mode is Mode.PCA:
                made += [(dice.between(start, self.ends), self.demand) for _ in range(dice.whole(2, 6))]
            if entry.type is EntryType.FLUID and not self.bedside.pump.model.takes_syringes and dice.chance(PIGGYBACK):
                made.append((dice.between(start, self.ends), self.piggyback))
        return sorted(made, key=lambda one: one[0])

    # --- Until something happens -------------------------------------------------------------------------------------

    def go_on_until(self, at: float) -> None:
        """Let it flow, with a new syringe and a new volume in time, or not in time, until a moment."""
        bedside = self.bedside
        while self.infusion is not None:
            ends, empties = bedside.ends_in(), bedside.empties_in()
            if empties is not None and bedside.now + empties - CHANGE_AT < at and (ends is None or empties < ends):
                bedside.wait_until(max(bedside.now + empties - CHANGE_AT, bedside.now))
                self.change_syringe()
            elif ends is not None and bedside.now + ends <= at:
                bedside.wait(ends + 0.1)
                self.see_to_end()
            else:
                bedside.wait_until(at)
                if not self._dose_flows():
                    return
                at = bedside.now + 5

    def _dose_flows(self) -> bool:
        stream = self.bedside.pump.channel.stream
        return stream is not None and stream.dose is not None

    def see_to_end(self) -> None:
        """The volume has been given: top it up, or end it; now and then nobody comes before the pump calls."""
        infusion, bedside = self.infusion, self.bedside
        if infusion is None or not infusion.is_complete:
            return
        if self.kvo_alarms == 0:
            bedside.wait(self.dice.between(4, bedside.pump.model.kvo_grace - 8))
            self.end()
            return
        self.kvo_alarms -= 1
        bedside.wait(bedside.pump.model.kvo_grace + draw_seconds(self.dice))
        bedside.clear()
        left = (self.ends - bedside.now) / HOUR / (self.kvo_alarms + 1)
        is_last = self.kvo_alarms == 0 and self.order.offer.mode is not Mode.CONTINUOUS
        if is_last or (left <= 0 and self.kvo_alarms == 0):
            self.end()
        else:
            self.top_up(left if left > 0 else self.dice.between(*TOP_UP))

    def top_up(self, hours: float) -> None:
        """Key a new volume: for so many hours, or for longer where the infusion is to be stopped by hand."""
        infusion = self.infusion
        if infusion is None:
            return
        if self.kvo_alarms == 0 and self.plan.is_early:
            hours *= 1.5
        volume = round_to(infusion.now.rate * Fraction(round(hours * 1000), 1000), TENTH)
        most = self.bedside.pump.model.largest_volume
        self.bedside.choose("volume")
        self.bedside.enter(keyed(Quantity(min(max(volume, TENTH), most), ML), Quantity(TENTH, ML)))
        self.nurse.answer(is_mistaken=False)
        self.nurse.leave()

    def change_syringe(self) -> None:
        """Put a new syringe in before the old one is empty; after many, go over to another pump."""
        bedside = self.bedside
        self.syringes += 1
        if self.syringes > MOST_SYRINGES:
            self.end()
            return
        if self._dose_flows():
            bedside.wait((bedside.ends_in() or 0) + 0.1)
        if self.infusion is None or not bedside.pump.channel.is_flowing:
            self.go_again()
            return
        bedside.choose("pause")
        bedside.wait(self.dice.between(20, 80))
        self.go_again()

    def go_again(self) -> None:
        """Let a paused infusion flow again, with a full syringe if it takes one."""
        bedside = self.bedside
        if self.infusion is None or bedside.pump.channel.is_flowing:
            return
        bedside.clear()
        if bedside.pump.model.takes_syringes and (bedside.pump.channel.left or 0) < SYRINGE / 5:
            bedside.choose("load")
            bedside.enter(keyed(Quantity(SYRINGE, ML), Quantity(TENTH, ML)))
        if self.infusion.status is not Status.WAITING:
            bedside.choose("start")

    def end(self) -> None:
        """End the infusion, and the one on top of it."""
        bedside = self.bedside
        if self._dose_flows():
            bedside.wait((bedside.ends_in() or 0) + 0.1)
        while self.infusion is not None:
            bedside.clear()
            bedside.choose("stop")

    # --- What happens ------------------------------------------------------------------------------------------------

    def change(self) -> None:
        """Titrate: a little up or down within the usual range; a patient who needs more stays above it."""
        running = self._running()
        if running is None or not self.bedside.pump.channel.is_flowing:
            return
        now = typed_value(running)
        wanted = _titrated(self.order, now, self.dice)
        if wanted != now:
            self.nurse.attempt("change", with_value(running, wanted))

    def bolus(self) -> None:
        """Give a bolus within its usual range, as far as the entry offers it."""
        programme = self.single(Mode.BOLUS)
        if programme is not None:
            self.nurse.attempt("bolus", programme)

    def single(self, mode: Mode) -> Programme | None:
        """Return a bolus or a loading dose within its usual range, or ``None`` where the entry has none."""
        running = self._running() or self.order.typed
        limits = self.order.offer.entry.limits_for(mode)
        if limits is None or limits.dose is None:
            return None
        high = limits.dose.usual_max or limits.dose.soft_max or limits.dose.hard_max
        if high is None:
            return None
        dose = self.dice.within(limits.dose.usual_min or high / 2, high)
        minutes = limits.duration.usual if limits.duration and limits.duration.usual else None
        rate = limits.rate.usual_max if minutes is None and limits.rate else None
        return replace(
            running,
            mode=mode,
            dose=Quantity(dose, limits.dose.unit),
            rate=None if rate is None or limits.rate is None else Quantity(rate, limits.rate.unit),
            volume=None,
            duration=None if minutes is None else Quantity(minutes, MINUTES),
        )

    def piggyback(self) -> None:
        """Run a dose of an antibiotic, or the like, as a secondary infusion; the fluid goes on after it."""
        pump = self.bedside.pump
        infusion, weight = self.infusion, pump.weight
        offers = [offer for offer in self.menu.offers if offer.entry.secondary != "not allowed"]
        if infusion is None or infusion.is_complete or not pump.channel.is_flowing or not offers or weight is None:
            return
        order = draw_order(self.dice.one_of(offers), self.menu, weight=weight, dice=self.dice, unusual=0)
        if order.mistake is not None:
            return
        self.bedside.choose("secondary")
        self.nurse.find(order.typed)
        self.nurse.key(order.typed)
        self.bedside.choose("confirm")
        if self.nurse.answer(is_mistaken=False) is None and isinstance(self.nurse.page, Ready):
            self.bedside.choose("start")
        self.nurse.leave()

    def demand(self) -> None:
        """Press the patient's button."""
        if not self._dose_flows() and self.infusion is not None:
            self.bedside.pump.choose("demand")

    def _running(self) -> Programme | None:
        infusion = self.infusion
        programme = None if infusion is None else infusion.now.programme
        return programme if isinstance(programme, Programme) else None

    def pause(self) -> None:
        """Pause, and come back after the pump has called, once or twice."""
        bedside = self.bedside
        if not bedside.pump.channel.is_flowing:
            return
        bedside.choose("pause")
        for _ in range(2 if self.dice.chance(AGAIN) else 1):
            bedside.wait(bedside.pump.model.callback + draw_seconds(self.dice))
            bedside.clear()
        bedside.wait(1)
        self.go_again()

    def unplugged(self, *, dies: bool) -> None:
        """Run on a worn battery until somebody comes because it calls, or until it dies and the pump with it."""
        pump, bedside = self.bedside.pump, self.bedside
        pump.battery.charge = Fraction(pump.model.battery_low + 20)
        pump.plug(in_mains=False)
        if not dies:
            comes = 20 + min(max(draw_seconds(self.dice), 1), 1500)
            bedside.expect(bedside.now + comes, lambda: pump.plug(in_mains=True))
            return
        bedside.wait(float(pump.battery.charge) + self.dice.between(60, 900))
        pump.plug(in_mains=True)
        if not pump.is_on:
            bedside.choose("power")
            if self.infusion is not None:
                bedside.choose("keep")
                self.go_again()

    def alarm(self, alarm: Alarm) -> None:
        """Let the pump call, until somebody comes; what stopped is started again."""
        bedside = self.bedside
        bedside.pump.call(alarm)
        seconds = max(draw_seconds(self.dice), 1)
        if alarm in STOPS_FLOW:
            bedside.wait(seconds)
            bedside.clear()
            bedside.wait(1)
            self.go_again()
            return
        self.go_on_until(bedside.now + seconds)
        bedside.clear()


def _told(course: Course, alarm: Alarm) -> Callable[[], None]:
    if alarm is Alarm.CALLBACK:
        return course.pause
    if alarm in (Alarm.BATTERY_LOW, Alarm.BATTERY_DEPLETED):
        return lambda: course.unplugged(dies=alarm is Alarm.BATTERY_DEPLETED)
    return lambda: course.alarm(alarm)


def _titrated(order: Order, now: Quantity, dice: Dice) -> Quantity:
    usual = order.offer.usual
    value = now.to(usual.unit).value
    high, low = usual.usual_max or value, usual.usual_min or Fraction(0)
    if order.is_unusual and usual.soft_max is not None and value > usual.soft_max:
        low, high = usual.soft_max * Fraction(21, 20), (usual.hard_max or usual.soft_max * 3)
    step = step_for(high)
    moved = round_to(value * Fraction(dice.whole(80, 130), 100), step)
    return order.offer.value(min(max(moved, low, step), max(high, low)))
