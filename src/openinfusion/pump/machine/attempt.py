"""Something being programmed: what is asked, what has been keyed, and what takes effect in the end."""

from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction

from openinfusion.core.entry import Entry, EntryType, Mode
from openinfusion.core.events import Programmed
from openinfusion.core.programme import Parameter, Programme
from openinfusion.core.units import MINUTES, ML_PER_H, Quantity
from openinfusion.pump.machine.flow import Demand, Dose, Infusion, Step, told, whole_drops
from openinfusion.pump.machine.form import BASIC, VOLUME, WEIGHT, Asked, asked, other_way
from openinfusion.pump.machine.held import Held
from openinfusion.pump.machine.judge import Judged, demand_rate, demand_volume, judge, judge_demand, judge_volume, moved
from openinfusion.pump.machine.model import PumpModel
from openinfusion.pump.machine.notes import Fields, Note


class Purpose(Enum):
    """What an attempt is for; the value is the title of its screens."""

    NEW = "new infusion"
    SECONDARY = "secondary infusion"
    CHANGE = "change of dose"
    VOLUME = "new volume"
    BOLUS = "bolus"
    LOADING = "loading dose"

    @property
    def is_infusion(self) -> bool:
        """Whether an infusion of its own comes of it."""
        return self in (Purpose.NEW, Purpose.SECONDARY)


@dataclass(slots=True, eq=False, kw_only=True)
class Attempt:
    """
    Something being programmed.

    Attributes:
        purpose: what it is for.
        area: the care area.
        known: what every record of it repeats.
        asks: the values that are asked for, in order.
        entry: the entry of the library; ``None`` in basic mode.
        mode: what kind of dose; ``None`` in basic mode.
        weight: of the patient, where it was keyed before.
        values: what has been keyed, by the name of its field.
        place: which value is asked for now.
        steps: steps that are ready, before the one being programmed.
        of: the infusion that it changes, or gives a dose on top of.
        judged: what the pump made of it, once it was confirmed.
        alerts: alerts that were raised about it, until a record says what it was.

    """

    purpose: Purpose
    area: str
    known: Fields
    asks: tuple[Asked, ...]
    entry: Entry | None = None
    mode: Mode | None = None
    weight: Quantity | None = None
    values: dict[str, Quantity] = field(default_factory=dict)
    place: int = 0
    steps: tuple[Step, ...] = ()
    of: Infusion | None = None
    judged: Judged | None = None
    alerts: list[Note] = field(default_factory=list)

    @classmethod
    def of_entry(
        cls, entry: Entry, *, purpose: Purpose, known: Fields, weight: Quantity | None, of: Infusion | None = None
    ) -> "Attempt":
        """Return an attempt on an entry, with nothing keyed yet."""
        modes = {Purpose.BOLUS: Mode.BOLUS, Purpose.LOADING: Mode.LOADING}
        mode = modes.get(purpose, Mode(entry.type.value))
        asks = asked(entry, mode, knows_weight=weight is not None)
        made = cls(purpose=purpose, area=entry.care_area, known=known, asks=asks, entry=entry, mode=mode, of=of)
        made.weight = weight
        if of is not None:
            made.inherit(of)
        return made

    @classmethod
    def basic(cls, *, area: str, known: Fields, of: Infusion | None = None) -> "Attempt":
        """Return an attempt outside the library: rate and volume, and nothing judges it."""
        purpose = Purpose.NEW if of is None else Purpose.CHANGE
        return cls(purpose=purpose, area=area, known=known, asks=BASIC if of is None else BASIC[:1], of=of)

    @classmethod
    def of_volume(cls, infusion: Infusion, volume: Quantity) -> "Attempt":
        """Return an attempt to give so much more of an infusion, at the dose or rate that it runs at."""
        running = infusion.now.programme
        made = cls(purpose=Purpose.VOLUME, area="", known=infusion.known, asks=(VOLUME,), of=infusion)
        made.entry, made.mode = infusion.entry, running.mode
        made.inherit(infusion)
        values = {"dose": running.dose, "rate": running.rate}
        if running.mode is Mode.INTERMITTENT:
            values = {"rate": Quantity(infusion.now.rate, ML_PER_H)}
        made.values |= {name: value for name, value in values.items() if value is not None}
        made.values["volume"] = volume
        return made

    def inherit(self, infusion: Infusion) -> None:
        """Take over what was keyed for the infusion and does not change: strength, weight, volume."""
        running = infusion.now.programme
        for name in ("amount", "diluent", "weight", "height", "body_surface_area"):
            value: Quantity | None = getattr(running, name)
            if value is not None:
                self.values[name] = value
        if self.purpose is Purpose.CHANGE:
            self.asks = tuple(one for one in self.asks if one.name in ("dose", "rate"))
        else:
            self.asks = tuple(one for one in self.asks if one.name not in self.values)

    @property
    def other_way(self) -> Asked | None:
        """What can be keyed instead of the value that is asked for now: the rate for the dose, or the dose."""
        if self.entry is None or self.purpose in (Purpose.BOLUS, Purpose.LOADING):
            return None
        return other_way(self.entry, self.asks[self.place])

    def swap(self, other: Asked) -> None:
        """Ask for another value instead of the present one."""
        self.values.pop(self.asks[self.place].name, None)
        self.asks = (*self.asks[: self.place], other, *self.asks[self.place + 1 :])

    @property
    def can_have_steps(self) -> bool:
        """Whether it may go on at another rate by itself."""
        is_open_ended = self.entry is not None and self.entry.type in (EntryType.CONTINUOUS, EntryType.FLUID)
        return is_open_ended and self.purpose is Purpose.NEW

    def programme(self) -> Programme | Programmed:
        """Return what was entered."""
        if self.entry is None or self.mode is None:
            return Programmed(rate=self.values.get("rate"), volume=self.values.get("volume"))
        weight = {} if self.weight is None else {"weight": self.weight}
        made = Programme(care_area=self.entry.care_area, entry=self.entry.id, mode=self.mode, **(weight | self.values))
        if self.purpose is not Purpose.CHANGE or self.of is None:
            return made
        return replace(made, previous=_running_as(self.of.now, is_dose=made.dose is not None))

    def judge(self, held: Held, model: PumpModel) -> Judged | None:
        """Hold it against the library; ``None`` in basic mode, where nothing does."""
        programme = self.programme()
        if isinstance(programme, Programmed):
            return None
        if self.purpose is Purpose.VOLUME:
            self.judged = judge_volume(programme, held, model)
        else:
            self.judged = (judge_demand if programme.mode is Mode.PCA else judge)(programme, held, model)
        return self.judged

    @property
    def is_unchecked(self) -> bool:
        """Whether no limit looked at it, and somebody must be told so."""
        return self.purpose is not Purpose.VOLUME and self.judged is not None and self.judged.is_unchecked

    def told_in(self, note: Note) -> None:
        """Let the alerts about it name the record that says what it was."""
        for raised in self.alerts:
            raised.fields["about"] = note
        self.alerts.clear()

    def step(self) -> Step:
        """Return what is to flow."""
        programme = self.programme()
        if self.judged is None:
            rate = self.values["rate"].to(ML_PER_H).value
            vtbi = whole_drops(self.values["volume"]) if "volume" in self.values else None
            return Step(programme=programme, rate=rate, vtbi=vtbi)
        judged = self.judged
        if isinstance(programme, Programme) and programme.previous is not None:
            programme = replace(programme, previous=None)
        vtbi = None if self.mode is Mode.PCA else judged.vtbi
        dose_rate = None if judged.dose_rate is None else told(judged.dose_rate)
        return Step(programme=programme, rate=judged.rate, vtbi=vtbi, dose_rate=dose_rate)

    def changed_step(self, infusion: Infusion) -> Step:
        """Return what is to flow after a change: another dose for the same volume, or another volume of the same."""
        step = self.step()
        if self.purpose is Purpose.VOLUME:
            return replace(infusion.now, vtbi=step.vtbi)
        return replace(step, vtbi=infusion.now.vtbi)

    def strength(self) -> Quantity | None:
        """Return the amount of drug per mL as the pump was told, if it counts drug."""
        return self.judged.verdict.derived.concentration if self.judged is not None else None

    def why_not_basic(self, model: PumpModel) -> str | None:
        """Return why the pump cannot run what was keyed outside the library, or ``None`` if it can."""
        step = self.step()
        if (why := model.why_not_rate(step.rate)) is not None:
            return why
        if model.settable(step.rate) != step.rate:
            return f"this pump sets such rates in steps of {Quantity(model.step_at(step.rate), ML_PER_H)}"
        return None if step.vtbi is None else model.why_not_volume(step.vtbi)

    def again(self) -> None:
        """Begin again with the first value, or with the weight if that was the fault; what was keyed is offered."""
        self.place = 0
        crossed = self.judged.crossed if self.judged is not None else ()
        is_weight = any(finding.parameter is Parameter.WEIGHT for finding in crossed)
        asks = (WEIGHT, *self.asks) if is_weight and all(one.name != "weight" for one in self.asks) else self.asks
        self.asks = tuple(replace(one, offered=self.values.get(one.name, one.offered)) for one in asks)

    def prepared(self, held: Held, model: PumpModel) -> Infusion:
        """Return the infusion that it becomes when it is started; without a settable rate the vein is not kept open."""
        area = held.area(self.area)
        asked = area.kvo_rate.to(ML_PER_H).value if area is not None and area.kvo_rate is not None else Fraction(0)
        kvo = model.settable(asked)
        return Infusion(
            id=self.known["infusion"],
            known=self.known,
            source="secondary" if self.purpose is Purpose.SECONDARY else "primary",
            steps=self.steps,
            entry=self.entry,
            strength=self.strength(),
            kvo=None if self.mode is Mode.PCA or kvo < model.lowest_rate else kvo,
            demand=self.demand(held, model),
        )

    def demand(self, held: Held, model: PumpModel) -> Demand | None:
        """Return what the patient's button gives; ``None`` but for patient-controlled analgesia."""
        pca = self.entry.pca if self.entry is not None else None
        programme = self.programme()
        if pca is None or self.judged is None or not isinstance(programme, Programme):
            return None
        rate = demand_rate(self.judged, held, model)
        dose = Dose(source="patient", programme=programme, volume=demand_volume(self.judged), rate=rate)
        return Demand(
            dose=dose,
            lockout=_seconds(programme.lockout),
            window=_seconds(pca.window),
            most=None if programme.accumulated is None else moved(programme.accumulated, self.judged),
            counts_boluses=pca.bolus_counts,
        )


def _running_as(step: Step, *, is_dose: bool) -> Quantity | None:
    """Return what runs as a dose or as a rate, as it was keyed or, where the other was keyed, as the pump runs it."""
    if is_dose:
        return step.programme.dose or step.dose_rate
    return step.programme.rate or Quantity(step.rate, ML_PER_H)


def _seconds(time: Quantity | None) -> Fraction:
    return Fraction(0) if time is None else time.to(MINUTES).value * 60
