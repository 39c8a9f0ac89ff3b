"""Watch a pump from outside: what must hold after every step, computed from the library and not by the pump."""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from pump_bench import NUMBER, Bench

from openinfusion.core.entry import Entry, EntryType
from openinfusion.core.events import Event, Kind
from openinfusion.core.limits import Limits
from openinfusion.core.programme import Programme
from openinfusion.core.segments import _Known, delivery_faults
from openinfusion.core.units import Quantity
from openinfusion.pump.machine import Infusion
from openinfusion.pump.machine.calls import STOPS_FLOW
from openinfusion.pump.machine.flow import Stream
from openinfusion.pump.machine.state import State, _after
from openinfusion.pump.records import PumpLabel, to_events

# In micrograms, units, mL and hours: by hand, so that a fault of our own units cannot hide a fault of the pump.
AMOUNTS: dict[str, int | Fraction] = {
    "ng": Fraction(1, 1000),
    "ug": 1,
    "mg": 1000,
    "g": 10**6,
    "[iU]": 1,
    "mL": 1,
    "L": 1000,
    "ul": Fraction(1, 1000),
}
TIMES: dict[str, int | Fraction] = {"s": Fraction(1, 3600), "min": Fraction(1, 60), "h": 1, "d": 24}
IDLE_SCREENS = ("", "Patient", "Care area", "Ready to programme")
"""Titles of the screens on which nothing is being programmed."""
HAIR = Fraction(1, 10**5)


def read(quantity: Quantity, patient: Programme) -> tuple[Fraction, str, bool]:
    """Return a quantity as plain number, whether it counts drug or volume, and whether it is per hour."""
    amount, *bases = quantity.unit.code.split("/")
    value = quantity.value * Fraction(AMOUNTS[amount])
    is_per_time = False
    for basis in bases:
        if basis == "kg":
            weight = patient.weight
            assert weight is not None
            value *= weight.value * (Fraction(1, 1000) if weight.unit.code == "g" else 1)
        elif basis in TIMES:
            value /= Fraction(TIMES[basis])
            is_per_time = True
    return value, "volume" if amount in ("mL", "L") else "drug", is_per_time


def strength_of(entry: Entry, programme: Programme) -> Fraction | None:
    """Return the drug in one mL."""
    if entry.concentration is None:
        return None
    amount = entry.concentration.amount or programme.amount
    volume = entry.concentration.volume or programme.diluent
    assert amount is not None
    assert volume is not None
    return read(amount, programme)[0] / read(volume, programme)[0]


def most(limits: Limits | None, infusion: Infusion, programme: Programme) -> Fraction | None:
    """Return a hard maximum in mL or mL/h; ``None`` where there is none."""
    hard = None if limits is None else limits.quantity("hard_max")
    if infusion.entry is None or hard is None:
        return None
    value, counts, _ = read(hard, programme)
    strength = strength_of(infusion.entry, programme)
    if counts == "volume":
        return value
    assert strength is not None
    return value / strength


@dataclass
class Watch:
    """What has been seen of a pump so far."""

    bench: Bench
    seen: int = 0
    events: list[Event] = field(default_factory=list)
    state: State = field(default_factory=State)
    known: _Known = field(default_factory=_Known)
    infusions: dict[str, Infusion] = field(default_factory=dict)
    put_in: Fraction | None = None
    given_before: Fraction = Fraction(0)
    container: object = None
    at: Fraction = Fraction(0)
    open_alerts: set[str] = field(default_factory=set)
    was_idle: bool = True

    def __post_init__(self) -> None:
        self.label = PumpLabel(number=NUMBER, model=self.bench.model)

    def before(self) -> None:
        """Remember what matters of the moment before a step."""
        pump = self.bench.pump
        self.was_idle = pump.channel.infusion is None and pump.screen().title in IDLE_SCREENS

    def look(self) -> None:
        """Hold what the pump did and is doing against everything that must be true."""
        self.hold_records()
        self.hold_flow()
        self.hold_volumes()
        pump = self.bench.pump
        assert pump.now >= self.at, "time went back"
        self.at = pump.now
        assert self.state == pump.state(), "the records tell another state"
        assert pump.screen().title or not pump.is_on

    # --- What it noted -----------------------------------------------------------------------------------------------

    def hold_records(self) -> None:
        """Read each new note as a record and hold it against those before it."""
        notes = self.bench.notes[self.seen :]
        self.seen = len(self.bench.notes)
        for event in to_events(notes, self.label):
            self.hold_libraries(event)
            self.hold_alerts(event)
            faults = list(self.known.take(event))
            assert not faults, f"{event.event_id}: {faults}"
            assert event.sequence == len(self.events) + 1
            self.state = _after(self.state, event)
            self.events.append(event)
        assert len(self.open_alerts) == self.state.unanswered == int(self.bench.pump.alert is not None)

    def hold_libraries(self, event: Event) -> None:
        """Nothing may run, wait or be programmed while a library comes into force."""
        if event.kind in (Kind.LIBRARY_ACTIVATED, Kind.LIBRARY_REVERTED):
            assert self.state.flowing is None
            assert not self.state.infusions, "a library came into force while an infusion ran or waited"
            assert self.was_idle or not self.state.is_on or self.events[-1].kind is not Kind.PROGRAMMED
            is_restarted = any(one.kind is Kind.POWER_ON for one in self.events[-3:])
            assert self.was_idle or is_restarted, "a library came into force while something was programmed"

    def hold_alerts(self, event: Event) -> None:
        """Every alert has one answer, and no more."""
        if event.kind is Kind.ALERT_RAISED:
            self.open_alerts.add(event.event_id)
        if event.kind is Kind.ALERT_ANSWERED:
            assert event.about in self.open_alerts, "an answer to no alert, or a second one"
            self.open_alerts.remove(event.about)
            is_hard = event.alert is not None and event.alert.limit.value.startswith("hard")
            assert not (is_hard and event.response is not None and event.response.value == "overridden")

    # --- What it does ------------------------------------------------------------------------------------------------

    def hold_flow(self) -> None:
        """Hold what flows against the hard limits of its entry and care area, and the model's rates."""
        pump = self.bench.pump
        for infusion in (pump.channel.primary, pump.channel.secondary):
            if infusion is not None:
                self.infusions[infusion.id] = infusion
        stream = pump.channel.stream
        if stream is None:
            return
        assert pump.is_on
        assert pump.channel.container is not None
        assert not STOPS_FLOW & pump.calls.active.keys(), "it flows in spite of an alarm"
        assert pump.model.lowest_rate <= stream.rate <= pump.model.fastest
        assert any((stream.rate / band.step).denominator == 1 for band in pump.model.rates)
        assert stream.vtbi is None or 0 <= stream.given <= stream.vtbi, "more than the volume to be infused"
        if stream.infusion.entry is not None:
            self.hold_limits(stream, stream.infusion.entry)

    def hold_limits(self, stream: Stream, entry: Entry) -> None:
        """Hold a stream of an entry against its hard limits."""
        infusion, area = stream.infusion, self.bench.pump.slots.active.area(entry.care_area)
        assert area is not None
        programme = infusion.now.programme if stream.dose is None else stream.dose.programme
        assert isinstance(programme, Programme)
        rates: list[Limits | None]
        volumes: list[Limits | None]
        if stream.dose is None:
            by_time = entry.type is not EntryType.INTERMITTENT
            rates = [entry.rate, entry.dose if by_time else None]
            volumes = [entry.volume, None if by_time else entry.dose]
        elif stream.dose.source == "patient":
            assert entry.pca is not None
            rates, volumes = [entry.rate], [entry.pca.dose]
            self.hold_demand(stream, programme, entry)
        else:
            delivery = entry.loading if stream.dose.source == "loading" else entry.bolus
            assert delivery is not None, "a dose that the entry does not offer"
            rates, volumes = [delivery.rate], [delivery.volume, delivery.dose]
        bounds = [most(one, infusion, programme) for one in rates]
        bounds.append(None if area.max_rate is None else read(area.max_rate, programme)[0])
        assert all(bound is None or stream.rate <= bound for bound in bounds), "faster than a hard limit"
        bounds = [most(one, infusion, programme) for one in volumes]
        bounds.append(None if area.max_volume is None else read(area.max_volume, programme)[0])
        assert all(bound is None or (stream.vtbi or 0) <= bound for bound in bounds), "more than a hard limit"

    def hold_demand(self, stream: Stream, programme: Programme, entry: Entry) -> None:
        """Hold a demand dose against lockout and accumulated dose, from what the records say was begun."""
        pca, infusion = entry.pca, stream.infusion
        assert pca is not None
        assert pca.window is not None
        assert programme.lockout is not None
        assert programme.accumulated is not None
        begun = [
            (one.at.timestamp(), one.began.source, one.began.vtbi.value)
            for one in self.events
            if one.kind is Kind.BOLUS and one.infusion == infusion.id and one.began and one.began.vtbi
        ]
        demands = [at for at, source, _ in begun if source == "patient"]
        lockout = float(read_hours(programme.lockout)) * 3600
        assert all(later - one >= lockout - 0.01 for one, later in pairwise(demands)), "lockout"
        first = begun[-1][0] - float(read_hours(pca.window)) * 3600
        counted = ("patient", "clinician") if pca.bolus_counts else ("patient",)
        given = sum(volume for at, source, volume in begun if source in counted and at > first + 0.01)
        strength = strength_of(entry, programme)
        assert strength is not None
        assert given * strength <= read(programme.accumulated, programme)[0] or begun[-1][1] != "patient", "accumulated"

    def hold_volumes(self) -> None:
        """What was put in is given or left, exactly; what the records count is that to the drop."""
        channel = self.bench.pump.channel
        given = sum((infusion.total for infusion in self.infusions.values()), Fraction(0))
        if channel.container is not self.container:
            self.container, self.put_in, self.given_before = channel.container, channel.left, given
            volume = None if channel.container is None else channel.container.volume
            assert channel.left == (None if volume is None else volume.value)
        if channel.left is not None and self.put_in is not None:
            assert channel.left >= 0, "less than nothing is left"
            assert self.put_in == channel.left + given - self.given_before, "a volume is lost"
        for infusion in self.infusions.values():
            if channel.stream is None or channel.stream.infusion is not infusion:
                assert abs(infusion.total - infusion.logged) < HAIR, "the records count another volume"

    def end(self) -> None:
        """Judge all of the records once more, as somebody does who gets only the log."""
        events = list(to_events(self.bench.notes, self.label))
        assert list(delivery_faults(events)) == []
        kinds = [event.kind for event in events]
        waits = int(self.bench.pump.alert is not None)
        assert kinds.count(Kind.ALERT_RAISED) - kinds.count(Kind.ALERT_ANSWERED) == waits


def read_hours(time: Quantity) -> Fraction:
    """Return a time in hours."""
    return time.value * Fraction(TIMES[time.unit.code])
