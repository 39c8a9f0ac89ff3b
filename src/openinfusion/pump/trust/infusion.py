"""The life of one infusion, told as notes: chosen, programmed, alerted, started, changed, alarmed, ended."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from openinfusion.core.dosing import check
from openinfusion.core.entry import EntryType, Mode
from openinfusion.core.events import Kind, Response
from openinfusion.core.library import Library
from openinfusion.core.limits import Limits
from openinfusion.core.numbers import round_significant, round_to
from openinfusion.core.programme import Decision, Programme, Verdict
from openinfusion.core.units import MINUTES, ML, ML_PER_H, Quantity, Unit
from openinfusion.lake.example.alarms import draw_alarms, tell_alarm
from openinfusion.lake.example.dice import Dice, step_for
from openinfusion.lake.example.menu import Offer
from openinfusion.lake.example.notes import Fields, Note, Notes, alert_json, programme_json, quantity_json
from openinfusion.lake.example.prescribing import Order, typed_value, with_value
from openinfusion.lake.example.trust import Ward

HOUR = 3600.0
SOFT = {Response.OVERRIDDEN: 0.78, Response.REPROGRAMMED: 0.02, Response.CANCELLED: 0.085, Response.UNKNOWN: 0.115}
SOFT_MISTAKEN = {
    Response.OVERRIDDEN: 0.25,
    Response.REPROGRAMMED: 0.42,
    Response.CANCELLED: 0.22,
    Response.UNKNOWN: 0.11,
}
HARD = {Response.REPROGRAMMED: 0.45, Response.CANCELLED: 0.40, Response.UNKNOWN: 0.15}
"""What staff do at an alert; together they give the shares of an English trust (66.3, 8.6, 12.9 and 12.2 %)."""
QUICK = 0.22
"""Share of overrides that are habit: within two seconds."""
REASON_GIVEN = 0.45
MOST_HOURS = 96.0
CONTINUOUS_HOURS, CONTINUOUS_SPREAD = 20.5, 0.95
CHANGES_PER_HOUR, OFTENER = 0.04, 7
"""How often a dose is titrated; oftener where the patient needs more than usual, who then alerts again."""
STOPPED_EARLY = {EntryType.CONTINUOUS: 0.5, EntryType.INTERMITTENT: 0.06, EntryType.FLUID: 0.25, EntryType.PCA: 0.8}


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and under which library an infusion runs, and whose luck it has."""

    notes: Notes
    dice: Dice
    library: Library
    ward: Ward
    words: dict[str, tuple[str, ...]]
    pump: str


@dataclass(slots=True)
class Infusion:
    """One infusion on one pump; ``known`` is what every record of it repeats."""

    scene: Scene
    known: Fields
    order: Order
    rate: Fraction = Fraction(0)
    volume: Fraction = Fraction(0)
    ran: Fraction = Fraction(0)
    since: float = 0.0
    running: Programme | None = None
    strength: Quantity | None = None
    alerts: list[Note] = field(default_factory=list)

    def tell(self, at: float, kind: Kind, **more: Any) -> Note:  # noqa: ANN401 - JSON
        return self.scene.notes.tell(at, kind, self.known, **more)

    # --- Programming -------------------------------------------------------------------------------------------------

    def programme(self, at: float) -> tuple[float, bool, bool]:
        """Tell every attempt; return when it ended, whether the infusion may start, and whether a hard limit held."""
        attempt, is_mistaken, refused = self.order.typed, self.order.mistake is not None, False
        for _ in range(3):
            at += self.scene.dice.between(15, 60)
            told = self.tell(at, Kind.PROGRAMMED, with_library=True, programme=programme_json(attempt))
            if is_mistaken:
                self.tell_truth(told, attempt)
            verdict = check(attempt, self.scene.library)
            response, at = self.answer(verdict, at, is_mistaken=is_mistaken)
            self.name_programme(told)
            refused |= verdict.decision is Decision.REFUSE
            if response is None:
                self.take(attempt, verdict)
                return at, True, refused
            if response is not Response.REPROGRAMMED:
                return at, False, refused
            attempt, is_mistaken = self.corrected(is_mistaken=is_mistaken), False
        return at, False, refused

    def answer(self, verdict: Verdict, at: float, *, is_mistaken: bool) -> tuple[Response | None, float]:
        """Tell the alerts of a verdict with their answers; ``None`` means that the programme takes effect."""
        is_hard = verdict.decision is Decision.REFUSE
        crossed = [a for f in verdict.findings if f.is_hard is is_hard and (a := alert_json(f)) is not None]
        if not crossed:
            return (Response.CANCELLED if is_hard else None), at
        dice = self.scene.dice
        response = dice.weighted(HARD if is_hard else SOFT_MISTAKEN if is_mistaken else SOFT)
        for alert in crossed:
            at = self.tell_alert(alert, response, at)
        if response is Response.OVERRIDDEN or (response is Response.UNKNOWN and not is_hard and dice.chance(0.6)):
            return None, at
        return response, at

    def tell_alert(self, alert: Fields, response: Response, at: float) -> float:
        """Tell one alert and its answer; return when it was answered."""
        dice = self.scene.dice
        raised = self.tell(at + 0.3, Kind.ALERT_RAISED, alert=alert)
        self.alerts.append(raised)
        is_quick = response is Response.OVERRIDDEN and dice.chance(QUICK)
        seconds = dice.between(0.6, 2.0) if is_quick else 2.1 + dice.lognormal(median=6, spread=0.9)
        seconds = round(min(seconds, 300.0), 1)
        if response is Response.UNKNOWN and dice.chance(0.5):
            return raised.at + seconds  # the answer was never recorded
        more: Fields = {} if response is Response.UNKNOWN else {"seconds": str(seconds)}
        if response is Response.OVERRIDDEN and dice.chance(REASON_GIVEN):
            more["reason"] = dice.one_of(self.scene.words["override"])
        self.tell(
            raised.at + seconds,
            Kind.ALERT_ANSWERED,
            alert=alert,
            about=raised,
            response=response.value,
            **more,
        )
        return raised.at + seconds

    def name_programme(self, told: Note) -> None:
        """Let the alerts of an attempt say of which programme they speak."""
        for raised in self.alerts:
            raised.fields["about"] = told
        self.alerts.clear()

    def corrected(self, *, is_mistaken: bool) -> Programme:
        """Return what is typed after an alert: what was meant, or a value that the library takes."""
        if is_mistaken:
            if self.order.meant.entry != self.order.typed.entry:
                return self.order.offer.nominal()
            return self.order.meant
        meant = self.order.meant
        limits, value = self.order.offer.limits, typed_value(meant)
        nearer = _inside(limits, value.to(limits.unit).value)
        nominal = self.order.offer.nominal()
        return replace(with_value(meant, Quantity(nearer, limits.unit)), duration=nominal.duration)

    def tell_truth(self, told: Note, attempt: Programme) -> None:
        meant, typed = typed_value(self.order.meant), typed_value(attempt)
        times = typed / meant if typed.unit.measures_like(meant.unit) else None
        self.scene.notes.truth.append(
            {
                "note": told,
                "pump": self.scene.pump,
                "infusion": self.known["infusion"],
                "mistake": self.order.mistake,
                "entry_meant": self.order.meant.entry,
                "entry_typed": attempt.entry,
                "meant": str(meant),
                "typed": str(typed),
                "times": f"{float(times):.3g}" if times else "",
            }
        )

    def take(self, attempt: Programme, verdict: Verdict) -> None:
        """Take what a programme sets: the flow, and the strength by which doses are counted."""
        self.running = attempt
        derived = verdict.derived
        self.rate = derived.rate.value if derived.rate is not None else Fraction(0)
        self.strength = derived.concentration

    # --- Running -----------------------------------------------------------------------------------------------------

    def run(self, at: float, *, hours: float | None = None) -> float:
        """Tell the infusion from its start to its end, planned or given; return when it ended."""
        self.since = at
        self.tell(at, Kind.STARTED)
        hours = self.planned_hours() if hours is None else hours
        is_early = self.scene.dice.chance(STOPPED_EARLY[self.order.offer.entry.type])
        if is_early:
            hours *= self.scene.dice.between(0.3, 1.0)
        end = at + max(hours * HOUR, 120.0)
        for due, happening in self.happenings(at, end):
            now = max(due, self.since + 5)
            self.settle(now)
            self.since = max(now, happening(self, now))
        return self.finish(max(end, self.since + 5), is_early=is_early)

    def planned_hours(self) -> float:
        """Return how long it is to run: until the dose or the bag is in, or as long as such infusions run."""
        order, dice = self.order, self.scene.dice
        kind = order.offer.entry.type
        if kind is EntryType.INTERMITTENT and order.typed.duration is not None:
            return float(order.typed.duration.value) / 60
        if kind is EntryType.FLUID and order.typed.volume is not None and self.rate:
            return min(float(order.typed.volume.value / self.rate), 24.0)
        if kind is EntryType.FLUID:
            return dice.between(2, 12)
        median = CONTINUOUS_HOURS * self.scene.ward.hours
        return min(dice.lognormal(median=median, spread=CONTINUOUS_SPREAD), MOST_HOURS)

    def happenings(self, at: float, end: float) -> list[tuple[float, Any]]:
        """Return what happens during the infusion, in order."""
        dice = self.scene.dice
        hours = (end - at) / HOUR
        made: list[tuple[float, Any]] = [
            (dice.between(at, end), tell_alarm(alarm)) for alarm in draw_alarms(hours, self.scene.ward.alarms, dice)
        ]
        entry, mode = self.order.offer.entry, self.order.offer.mode
        if self.running is None:
            return sorted(made, key=lambda happening: happening[0])
        if mode is Mode.CONTINUOUS:
            often = CHANGES_PER_HOUR * (OFTENER if self.order.is_unusual else 1)
            changes = int(dice.exponential(hours * often) + 0.5)
            made += [(dice.between(at, end), Infusion.change) for _ in range(min(changes, 150))]
        if entry.bolus is not None and dice.chance(0.18):
            made += [(dice.between(at, end), Infusion.bolus) for _ in range(dice.geometric(1.6))]
        if entry.loading is not None and dice.chance(0.3):
            made.append((at + 30, Infusion.loading))
        if mode is Mode.PCA:
            made += [(dice.between(at, end), Infusion.demand) for _ in range(dice.whole(2, 6))]
        return sorted(made, key=lambda happening: happening[0])

    def settle(self, now: float) -> None:
        """Count what ran since the last change."""
        seconds = Fraction(round((now - self.since) * 10), 10)
        self.volume += self.rate * seconds / 3600
        self.ran += seconds
        self.since = now

    def delivered(self) -> Fields:
        made = {
            "volume": quantity_json(Quantity(round_to(self.volume, Fraction(1, 100)), ML)),
            "duration": quantity_json(Quantity(round_to(self.ran / 60, Fraction(1, 100)), MINUTES)),
        }
        if self.strength is not None:
            amount = round_significant(self.volume * self.strength.value, 6) if self.volume else Fraction(0)
            made["dose"] = quantity_json(Quantity(amount, Unit.of(self.strength.unit.amount)))
        return made

    def finish(self, end: float, *, is_early: bool) -> float:
        self.settle(end)
        if is_early:
            reason = {"reason": self.scene.dice.one_of(self.scene.words["stop"])} if self.scene.dice.chance(0.4) else {}
            self.tell(end, Kind.STOPPED, delivered=self.delivered(), **reason)
        else:
            self.tell(end, Kind.COMPLETED, delivered=self.delivered())
        return end

    def change(self, at: float) -> float:
        """Titrate: a little up or down within the usual range; a patient who needs more stays above it."""
        running, offer, dice = self.running, self.order.offer, self.scene.dice
        if running is None:
            return at
        now = typed_value(running)
        wanted = _titrated(offer, now, dice=dice, is_unusual=self.order.is_unusual)
        if wanted == now:
            return at
        return self.attempt(with_value(replace(running, previous=now), wanted), at, Kind.RATE_CHANGED)

    def attempt(self, programme: Programme, at: float, kind: Kind) -> float:
        """
        Tell an attempt while the infusion runs, once: under its kind where it takes effect, else as programmed.

        Staff who are asked to confirm a change do so, or leave it.
        """
        verdict = check(programme, self.scene.library)
        place = len(self.scene.notes.all)
        response, answered = self.answer(verdict, at + 0.1, is_mistaken=False)
        if response is None:
            self.name_programme(self.tell(answered + 0.1, kind, programme=programme_json(programme)))
            if kind is Kind.RATE_CHANGED:
                self.settle(answered + 0.1)
                self.take(replace(programme, previous=None), verdict)
            return answered + 0.2
        note = self.tell(at, Kind.PROGRAMMED, with_library=True, programme=programme_json(programme))
        self.scene.notes.all.insert(place, self.scene.notes.all.pop())
        self.name_programme(note)
        return max(note.at, answered) + 0.2

    def bolus(self, at: float) -> float:
        return self._single(at, Mode.BOLUS, Kind.BOLUS)

    def loading(self, at: float) -> float:
        return self._single(at, Mode.LOADING, Kind.LOADING)

    def _single(self, at: float, mode: Mode, kind: Kind) -> float:
        """Give a bolus or a loading dose within its usual range, as far as the entry offers it."""
        limits = self.order.offer.entry.limits_for(mode)
        if limits is None or limits.dose is None or self.running is None:
            return at
        dice = self.scene.dice
        high = limits.dose.usual_max or limits.dose.soft_max or limits.dose.hard_max
        if high is None:
            return at
        dose = dice.within(limits.dose.usual_min or high / 2, high)
        minutes = limits.duration.usual if limits.duration and limits.duration.usual else None
        rate = limits.rate.usual_max if minutes is None and limits.rate else None
        given = replace(
            self.running,
            mode=mode,
            dose=Quantity(dose, limits.dose.unit),
            rate=None if rate is None or limits.rate is None else Quantity(rate, limits.rate.unit),
            volume=None,
            duration=None if minutes is None else Quantity(minutes, MINUTES),
        )
        return self.attempt(given, at, kind)

    def demand(self, at: float) -> float:
        """Give a demand dose of patient-controlled analgesia: the patient asks, the programme stands."""
        if self.running is not None:
            self.tell(at, Kind.BOLUS, programme=programme_json(self.running), reason="patient demand")
        return at + 20


def _inside(limits: Limits, value: Fraction) -> Fraction:
    """Return the nearest value that no soft limit questions."""
    if limits.soft_max is not None and value > limits.soft_max:
        return limits.usual_max or limits.soft_max
    if limits.soft_min is not None and value < limits.soft_min:
        return limits.usual_min or limits.soft_min
    return value


def _titrated(offer: Offer, now: Quantity, *, dice: Dice, is_unusual: bool) -> Quantity:
    usual = offer.usual
    value = now.to(usual.unit).value
    high, low = usual.usual_max or value, usual.usual_min or Fraction(0)
    if is_unusual and usual.soft_max is not None and value > usual.soft_max:
        low, high = usual.soft_max * Fraction(21, 20), (usual.hard_max or usual.soft_max * 3)
    step = step_for(high)
    moved = round_to(value * Fraction(dice.whole(80, 130), 100), step)
    return offer.value(min(max(moved, low, step), max(high, low)))


def basic_programme(verdict: Verdict) -> tuple[Fields, Fraction]:
    """Return what is typed without the library: a rate and a volume; and the rate."""
    rate = verdict.derived.rate.value if verdict.derived.rate is not None else Fraction(60)
    rate = max(round_to(rate, Fraction(1, 10)), Fraction(1, 10))
    volume = verdict.derived.volume.value if verdict.derived.volume is not None else Fraction(50)
    volume = max(round_to(volume, Fraction(1, 10)), Fraction(1, 10))
    typed = {"rate": quantity_json(Quantity(rate, ML_PER_H)), "volume": quantity_json(Quantity(volume, ML))}
    return typed, rate
