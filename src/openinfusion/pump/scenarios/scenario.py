"""A scenario: a task at a pump, how it should go, the trap that design made likely, and what counts as passed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from openinfusion.core.event_parts import FlowSource
from openinfusion.core.events import Event, Kind
from openinfusion.core.units import Quantity, Unit


class Act(Enum):
    """What somebody does, or what happens; the value is the key in the file."""

    CHOOSE = "choose"
    ENTER = "enter"
    LOAD = "load"
    HAPPENS = "happens"
    POWER = "power"
    CLEAR = "clear"
    PLUG = "plug"
    STAGE = "stage"
    MOVE = "move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One step of a run: time passes, then somebody does one thing at the most, and says or shows something.

    Attributes:
        who: who acts.
        id: name of the moment, the same in every run that comes to it; runs are compared by it.
        at: the second at which it happens, counted from the beginning; ``None``: at once, or after ``wait``.
        wait: seconds that pass before it.
        act: what is done; ``None`` where time only passes, or somebody only speaks.
        what: the choice, the digits, the container, the alarm, the library, the ward.
        says: what is said, or told to the reader.
        why: why it is done, or why it turns out as it does.
        observes: names of the behaviours that an assessor ticks here.
        may_beep: whether it is part of the story that the pump does not take it.

    """

    who: str
    id: str | None = None
    at: Fraction | None = None
    wait: Fraction | None = None
    act: Act | None = None
    what: str = ""
    says: str = ""
    why: str = ""
    observes: tuple[str, ...] = ()
    may_beep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """
    A syringe or bag at the bedside. Amount in volume is its true strength, whatever the pump is told.

    Attributes:
        id: its name in the steps.
        drug: what it truly holds, as the library calls it.
        label: what its label says.
        volume: what it was made up to.
        amount: drug in that volume; ``None`` for a fluid, which is counted in mL.
        left: what it holds now.
        line: whether it hangs on the line of the primary or of the secondary infusion.

    """

    id: str
    drug: str
    label: str
    volume: Quantity
    left: Quantity
    amount: Quantity | None = None
    line: Literal["primary", "secondary"] = "primary"

    @property
    def strength(self) -> Quantity:
        """Amount per mL; for a fluid, mL per mL is one."""
        amount = self.amount if self.amount is not None else self.volume
        return Quantity(amount.value / self.volume.value, amount.unit)

    def amount_in(self, millilitres: Fraction) -> Quantity:
        """Return what so many mL of it hold."""
        strength = self.strength
        return Quantity(strength.value * millilitres, strength.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """
    Whom it is about: never anybody real.

    Attributes:
        words: who it is, in words.
        weight: weight, where the task needs it.

    """

    words: str
    weight: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescription:
    """
    What is prescribed.

    Attributes:
        words: the prescription as it stands on the chart.
        drug: the drug, as the library calls it.
        unit: the unit in which what was really given is counted.

    """

    words: str
    drug: str
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """
    What may go wrong, and what in the design of pump, library or work makes that likely.

    Attributes:
        what: what may go wrong.
        why: why it is likely.

    """

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """
    What an assessor watches for.

    Attributes:
        name: its name.
        words: what is seen or heard.
        seen_by: whether a pump can tell, or only a person.

    """

    name: str
    words: str
    seen_by: Literal["pump", "assessor"] = "assessor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What one field of a record must be.

    Attributes:
        path: the field, with a dot between a group and its part: "programme.dose".
        how: how the value is compared; "told" takes any value.
        value: the value, of the field's own type.

    """

    path: str
    how: Literal["is", "at most", "at least", "more than", "less than", "other than", "told"]
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """
    A record that is looked for.

    Attributes:
        kind: its kind.
        wanted: what its fields must be.
        tolerance: by which share a value may differ from one that it "is".
        why: why it matters.

    """

    kind: Kind
    wanted: tuple[Wanted, ...] = ()
    tolerance: Fraction = Fraction(0)
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """
    How much drug the patient must really be given, reckoned from volumes and the true strength.

    Attributes:
        at_least: no less than this.
        at_most: no more than this.
        drug: the drug; ``None`` for the one prescribed.
        source: counts what flowed from one source only, such as a clinician's bolus; ``None`` for all.
        why: why it matters.

    """

    at_least: Quantity | None = None
    at_most: Quantity | None = None
    drug: str | None = None
    source: FlowSource | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRule:
    """
    What counts as passed.

    Attributes:
        must: records that must be there, in this order.
        must_not: records that must not be there.
        delivered: what must really have been given.
        observed: behaviours that must have been seen.
        longest_gap: how many seconds nothing may flow between the first start and the last end; ``None``: any time.

    """

    must: tuple[Pattern, ...] = ()
    must_not: tuple[Pattern, ...] = ()
    delivered: tuple[Given, ...] = ()
    observed: tuple[str, ...] = ()
    longest_gap: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    One way in which the scenario goes.

    Attributes:
        name: "right", "trapped", or another.
        title: what happens, in a line.
        passes: whether it passes.
        steps: what is done.
        expected: the records that it gives, all of them and in order.
        library: the library in force, where it is not the scenario's.

    """

    name: str
    title: str
    passes: bool
    steps: tuple[Step, ...]
    expected: tuple[Pattern, ...] = ()
    library: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """
    A scenario.

    Attributes:
        id: its name.
        title: the task in a line.
        role: for whom it is.
        area: the care area, as the library calls it.
        pump: the model of pump.
        library: file of the library in force.
        patient: whom it is about.
        prescription: what is prescribed.
        stock: what is at the bedside.
        actor: who does the task.
        goal: what it is to achieve.
        precondition: what holds before it.
        extensions: other ways in which it may go.
        traps: what may go wrong, and why that is likely by design.
        behaviours: what an assessor watches for.
        rule: what counts as passed.
        runs: ways in which it goes.
        prepare: steps before each run: what was done before the task begins.
        hazards: hazards that it is about, by their id in a hazard log.
        source: where it comes from.
        reported: what the source says.
        assumed: what a model needs and the source does not say.
        start: the moment at which the clock of the pump begins.
        place: the file that it was read from.

    """

    id: str
    title: str
    role: str
    area: str
    pump: str
    library: str
    patient: Patient
    prescription: Prescription
    stock: tuple[Stock, ...]
    actor: str
    goal: str
    precondition: str
    extensions: tuple[str, ...]
    traps: tuple[Trap, ...]
    behaviours: tuple[Behaviour, ...]
    rule: PassRule
    runs: tuple[Run, ...]
    prepare: tuple[Step, ...]
    hazards: tuple[str, ...]
    source: str
    start: datetime
    place: Path
    reported: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    def run(self, name: str) -> Run | None:
        """Return a run by its name."""
        return next((run for run in self.runs if run.name == name), None)

    def container(self, name: str) -> Stock | None:
        """Return a container by its name."""
        return next((stock for stock in self.stock if stock.id == name), None)

    def steps_of(self, run: Run) -> Iterator[tuple[str, Step]]:
        """Yield the steps of a run with their places: what was done before the task first."""
        for name, steps in (("prepare", self.prepare), (f"run {run.name!r}", run.steps)):
            yield from ((f"{name}, step {number}", step) for number, step in enumerate(steps, 1))


def of_event(event: Event, path: str) -> Any:  # noqa: ANN401 - whatever the field holds
    """Return what a record says under a path; ``None`` where it says nothing."""
    value: Any = event
    for name in path.split("."):
        value = None if value is None else getattr(value, name)
    return value
