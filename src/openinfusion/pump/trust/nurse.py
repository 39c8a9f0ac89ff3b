"""Staff who programme a pump: what they key, and how they answer what it says."""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from openinfusion.core.dosing import check
from openinfusion.core.entry import Mode
from openinfusion.core.events import Kind, Response
from openinfusion.core.limits import Limits
from openinfusion.core.numbers import decimal_text, round_to
from openinfusion.core.programme import Programme
from openinfusion.core.units import ML, Quantity
from openinfusion.pump.machine.held import FEWEST_LETTERS
from openinfusion.pump.machine.notes import Fields, Note
from openinfusion.pump.machine.pages import Drugs, Entries, Home, Page, Search
from openinfusion.pump.machine.programming import (
    Alert,
    Deliver,
    Form,
    NextStep,
    Problem,
    Ready,
    Summary,
    Unchecked,
)
from openinfusion.pump.machine.running import Running
from openinfusion.pump.trust.bedside import Bedside
from openinfusion.pump.trust.dice import Dice
from openinfusion.pump.trust.prescribing import Order, typed_value, with_value
from openinfusion.pump.trust.trust import Habit

TENTH = Fraction(1, 10)
SOFT = {Response.OVERRIDDEN: 0.78, Response.REPROGRAMMED: 0.02, Response.CANCELLED: 0.075, Response.UNKNOWN: 0.125}
SOFT_MISTAKEN = {
    Response.OVERRIDDEN: 0.25,
    Response.REPROGRAMMED: 0.42,
    Response.CANCELLED: 0.22,
    Response.UNKNOWN: 0.11,
}
HARD = {Response.REPROGRAMMED: 0.45, Response.CANCELLED: 0.40, Response.UNKNOWN: 0.15}
"""What staff do at an alert; together they give the shares of an English trust (66.3, 8.6, 12.9 and 12.2 %)."""
TRIES = 3
"""How often staff programme one infusion before they do without."""
COME_BACK = 0.6
"""How often staff who left a soft alert come back to the same programme."""


@dataclass(slots=True)
class Told:
    """What was planted on purpose, and in which record it stands."""

    rows: list[Fields] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Nurse:
    """
    Whoever is at the pump now.

    ``notes`` are those of the pump, ``told`` collects what was planted, ``words`` are the reasons that staff give.
    """

    bedside: Bedside
    dice: Dice
    habit: Habit
    words: dict[str, tuple[str, ...]]
    notes: list[Note]
    told: Told

    # --- Keys --------------------------------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        return self.bedside.pump.page

    def go_to(self, area: str) -> None:
        """Choose a care area, unless it is chosen."""
        pump = self.bedside.pump
        if pump.area == area:
            return
        if isinstance(self.page, Home):
            self.bedside.choose("area")
        self.bedside.choose(area)
        if pump.weight is None and not isinstance(self.page, Home):
            self.bedside.choose("skip")

    def weigh(self, weight: Quantity | None) -> None:
        """Key a weight, unless it is the one that the pump knows."""
        if weight is not None and weight != self.bedside.pump.weight:
            self.bedside.choose("weight")
            self.bedside.enter(keyed(weight, weight))

    def find(self, programme: Programme) -> None:
        """Search a drug by three letters and choose the entry."""
        library = self.bedside.pump.slots.active.library
        entry = library.find_entry(programme.entry)
        if entry is None:
            raise AssertionError("staff choose from what the pump offers")
        if not isinstance(self.page, Search):
            self.bedside.choose("drug")
        self.bedside.enter(library.drug(entry.drug).name[:FEWEST_LETTERS])
        page = self.page
        if isinstance(page, Drugs):
            self.bedside.choose(entry.drug)
        if isinstance(self.page, Entries):
            self.bedside.choose(programme.entry)

    def key(self, programme: Programme, volume: Quantity | None = None) -> None:
        """Key every value that the pump asks for; what was not ordered is taken as offered, or left out."""
        while isinstance(self.page, Form):
            asked = self.page.asked
            value: Quantity | None = getattr(programme, asked.name)
            if value is None and asked.name == "volume":
                value = volume
            if value is None:
                self.bedside.enter("")
            else:
                self.bedside.enter(keyed(value, Quantity(Fraction(1), asked.unit)))

    # --- Programming -------------------------------------------------------------------------------------------------

    def programme(self, order: Order, *, hours: float | None, steps: bool = False) -> Response | None:
        """
        Programme an infusion of the library; ``None`` means that it may start, else what became of the last alert.

        ``hours`` is the time that it is to run, where it is to end by itself; with ``steps`` it is to go on at half the
        rate.
        """
        attempt, is_mistaken = order.typed, order.mistake is not None
        must: Response | None = None
        self.begin(attempt)
        for _ in range(TRIES):
            self.bedside.wait(self.dice.between(15, 60))
            self.key(attempt, self.planned_volume(attempt, hours))
            self.confirm(attempt, steps=steps)
            if is_mistaken:
                self.tell_truth(order, attempt)
            response = self.answer(is_mistaken=is_mistaken, must=must)
            if response is Response.UNKNOWN and must is None and self.dice.chance(COME_BACK):
                must = Response.OVERRIDDEN
                self.begin(attempt)
            elif response is Response.REPROGRAMMED:
                attempt, is_mistaken = corrected(order, is_mistaken=is_mistaken), False
                if attempt.weight != self.bedside.pump.weight:
                    self.leave()
                    self.begin(attempt)
            else:
                return response
        self.leave()
        return Response.CANCELLED

    def confirm(self, programme: Programme, *, steps: bool) -> None:
        """Confirm what was keyed, or add a second step at half the rate first, where nothing speaks against it."""
        if not steps or programme.rate is None or programme.volume is None:
            self.bedside.choose("confirm")
            return
        self.bedside.choose("next step")
        if isinstance(self.page, NextStep):
            half = round_to(programme.rate.value / 2, TENTH)
            self.bedside.choose("next")
            self.key(replace(programme, rate=Quantity(max(half, TENTH), programme.rate.unit)))
            self.bedside.choose("confirm")

    def begin(self, programme: Programme) -> None:
        """Key the weight and choose the entry."""
        self.weigh(programme.weight)
        self.find(programme)

    def planned_volume(self, programme: Programme, hours: float | None) -> Quantity | None:
        """Return the volume after which an infusion is to end, if it is to end by itself."""
        if hours is None or programme.volume is not None or programme.mode is not Mode.CONTINUOUS:
            return None
        pump = self.bedside.pump
        rate = check(programme, pump.slots.active.library).derived.rate
        if rate is None:
            return None
        volume = max(round_to(rate.value * Fraction(round(hours * 100), 100), TENTH), TENTH)
        area = pump.slots.active.library.care_area(programme.care_area)
        most = pump.model.largest_volume if area.max_volume is None else area.max_volume.to(ML).value
        return Quantity(min(volume, most, pump.model.largest_volume), ML)

    def answer(self, *, is_mistaken: bool, must: Response | None = None) -> Response | None:
        """Answer every alert; ``None`` means that what was programmed takes effect, or waits for its start."""
        while True:
            page = self.page
            if isinstance(page, Alert):
                response = self.answer_one(page, is_mistaken=is_mistaken, must=must)
                if response is not Response.OVERRIDDEN:
                    return response
            elif isinstance(page, Unchecked):
                self.bedside.choose("confirm")
            elif isinstance(page, Problem):
                self.bedside.choose("cancel")
                return Response.CANCELLED
            else:
                return None

    def answer_one(self, page: Alert, *, is_mistaken: bool, must: Response | None) -> Response:
        """Answer one alert as staff do, or as they must."""
        dice, is_hard = self.dice, page.finding.is_hard
        response = dice.weighted(HARD if is_hard else SOFT_MISTAKEN if is_mistaken else SOFT)
        if must is not None and not is_hard:
            response = must
        if response is Response.UNKNOWN:
            self.bedside.wait(self.bedside.pump.model.unanswered + 60.0)
            return response
        is_quick = response is Response.OVERRIDDEN and dice.chance(self.habit.quick)
        seconds = dice.between(0.6, 2.0) if is_quick else 2.1 + dice.lognormal(median=6, spread=0.9)
        self.bedside.wait(min(seconds, 250.0))
        if response is Response.OVERRIDDEN:
            self.bedside.choose("override")
            self.give_reason()
        else:
            self.bedside.choose("reprogram" if response is Response.REPROGRAMMED else "cancel")
        return response

    def give_reason(self) -> None:
        """Say why, or nothing; what it was for may have come to its end meanwhile, and then the pump only beeps."""
        self.bedside.wait(1)
        if self.dice.chance(self.habit.reason):
            self.bedside.pump.enter(self.dice.one_of(self.words["override"]))
        else:
            self.bedside.pump.choose("none")

    def leave(self) -> None:
        """Give up what is being programmed."""
        if isinstance(self.page, Drugs | Entries):
            self.bedside.choose("back")
        if isinstance(self.page, Deliver | Form | NextStep | Ready | Search | Summary):
            self.bedside.choose("cancel")

    def attempt(self, choice: str, programme: Programme, *, stays: bool = False) -> None:
        """
        Programme a change, a bolus or a loading dose; it flows if nothing speaks against it.

        ``stays`` leaves an infusion that is ready where it is.
        """
        if isinstance(self.page, Running) and all(choice != one.id for one in self.page.choices(self.bedside.pump)):
            return
        self.bedside.choose(choice)
        self.key(programme)
        self.bedside.wait(2)
        if self.bedside.pump.choose("confirm") is not None:
            return  # what it was for came to its end while it was keyed
        if self.answer(is_mistaken=False) is None and isinstance(self.page, Deliver):
            self.bedside.choose("deliver")
        if not (stays and isinstance(self.page, Ready)):
            self.leave()

    # --- What was planted --------------------------------------------------------------------------------------------

    def tell_truth(self, order: Order, attempt: Programme) -> None:
        """Write down that what was just programmed was a mistake, of what kind and how far off."""
        note = next(note for note in reversed(self.notes) if note.kind is Kind.PROGRAMMED)
        meant, typed = typed_value(order.meant), typed_value(attempt)
        times = typed / meant if typed.unit.measures_like(meant.unit) else None
        self.told.rows.append(
            {
                "note": note,
                "pump": self.bedside.pump.number,
                "infusion": note.fields["infusion"],
                "mistake": order.mistake,
                "habit": self.habit.name,
                "entry_meant": order.meant.entry,
                "entry_typed": attempt.entry,
                "meant": str(meant),
                "typed": str(typed),
                "times": f"{float(times):.3g}" if times else "",
            }
        )


def keyed(value: Quantity, like: Quantity) -> str:
    """Return the keys pressed for a value on a screen that takes digits in a unit."""
    text = decimal_text(value.value)
    return text if value.unit is like.unit else f"{text} {value.unit.text}"


def corrected(order: Order, *, is_mistaken: bool) -> Programme:
    """Return what is typed after an alert: what was meant, or a value that the library takes."""
    if is_mistaken:
        return order.offer.nominal() if order.meant.entry != order.typed.entry else order.meant
    meant = order.meant
    limits, value = order.offer.limits, typed_value(meant)
    nearer = _inside(limits, value.to(limits.unit).value)
    nominal = order.offer.nominal()
    return replace(with_value(meant, Quantity(nearer, limits.unit)), duration=nominal.duration)


def _inside(limits: Limits, value: Fraction) -> Fraction:
    """Return the nearest value that no soft limit questions."""
    if limits.soft_max is not None and value > limits.soft_max:
        return limits.usual_max or limits.soft_max
    if limits.soft_min is not None and value < limits.soft_min:
        return limits.usual_min or limits.soft_min
    return value
