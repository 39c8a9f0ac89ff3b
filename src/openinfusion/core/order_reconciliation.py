"""
Hold a file of orders against a library: what each would be answered, and why some match nothing.

For the pharmacist who joins a prescribing system to a library. Every order is asked as if an idle pump of its care area
received it now, with nothing wrong but the order; a bolus or a change as if the entry that it means were running. Where
no care area is said, every area of the medicine is asked and the best answer stands, with the areas that match.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import datetime
from enum import Enum

from openinfusion.core.library import Entry, EntryType, Library
from openinfusion.core.order_codes import refusal
from openinfusion.core.order_match import same_strength
from openinfusion.core.order_medicines import Medicines, Miss, Near
from openinfusion.core.order_parts import (
    Activity,
    Field,
    Link,
    Order,
    OrderKind,
    OrderRules,
    PumpKind,
    PumpSituation,
    Running,
)
from openinfusion.core.orders import OrderAnswer, check_order
from openinfusion.core.units import ML, Quantity

RULES = OrderRules(stale_after=None, needs_patient=False, needs_operator=False, needs_pump=False)
"""What is asked of an order out of a file: nothing that only the bedside can say."""
_RUNNING_ID = "running"
_NEVER_EMPTY = Quantity.of(10**9, ML)


class Outcome(Enum):
    """What became of an order; the value is the heading under which it is listed."""

    MATCHED = "matched"
    REFUSED = "matched, and refused"
    OVERFILL = "more diluent than the library: overfill?"
    UNDERFILL = "less diluent than the library"
    INCOMPLETE = "cannot be judged: values missing or not readable"
    UNREADABLE = "no order that can be read"
    NO_MEDICINE = Miss.NO_MEDICINE.value
    TWO_MEDICINES = Miss.TWO_MEDICINES.value
    NOT_IN_AREA = Miss.NOT_IN_AREA.value
    NOT_OFFERED = Miss.NOT_OFFERED.value
    TYPE = Miss.TYPE.value
    THERAPY = Miss.THERAPY.value
    ROUTE = Miss.ROUTE.value
    PLACE = Miss.PLACE.value
    STRENGTH = Miss.STRENGTH.value
    UNIT = Miss.UNIT.value
    SEVERAL = Miss.SEVERAL.value

    @property
    def is_match(self) -> bool:
        """Whether the order means one entry of the library, whatever its limits say."""
        return self in (Outcome.MATCHED, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Filed:
    """
    One order of a file.

    Attributes:
        place: where it stands, such as "row 3"; never a patient.
        order: the order; ``None`` where the file holds none that can be read.
        care_area: the care area that the file says, by id or name.
        faults: why it cannot be read.
        names: what the file calls the fields of an order; where it says nothing, they are called as in a message.

    """

    place: str
    order: Order | None
    care_area: str | None = None
    faults: tuple[str, ...] = ()
    names: Mapping[Field, str] = dataclass_field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """
    What became of one order.

    Attributes:
        filed: the order and its place.
        outcome: under which heading it is listed.
        answer: what it would be answered; ``None`` for what is no order.
        care_area: the id of the area for which the answer is.
        matches_in: the ids of all areas in which it matches, where the file says none.
        notes: volumes that differ, medicines that are near.

    """

    filed: Filed
    outcome: Outcome
    answer: OrderAnswer | None = None
    care_area: str | None = None
    matches_in: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All orders of a file against one library."""

    library: Library
    lines: tuple[Line, ...]

    @property
    def is_all_matched(self) -> bool:
        """Whether there are orders, and every one means one entry of the library."""
        return bool(self.lines) and all(line.outcome.is_match for line in self.lines)

    @property
    def refused(self) -> int:
        """How many orders that match an entry would be refused."""
        return sum(line.outcome is Outcome.REFUSED for line in self.lines)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many orders there are of each outcome, in the order of the headings."""
        counted = Counter(line.outcome for line in self.lines)
        return {outcome: counted[outcome] for outcome in Outcome if counted[outcome]}


def reconcile(filed: Iterable[Filed], library: Library, *, at: datetime, area: str | None = None) -> Reconciliation:
    """
    Return what would become of every order of a file.

    Args:
        filed: the orders.
        library: the library to match.
        at: the moment that stands for now.
        area: the care area, by id or name, for orders that say none.

    """
    asked = _Asked(library, Medicines(library), at)
    lines = [_line(one, one.care_area or area, asked) for one in filed]
    return Reconciliation(library, tuple(_with_twins(lines)))


def _with_twins(lines: list[Line]) -> Iterator[Line]:
    """Yield the lines, with a note on each whose number another order of the file has too."""
    places: dict[str, list[str]] = {}
    for line in lines:
        if line.filed.order is not None:
            places.setdefault(line.filed.order.id, []).append(line.filed.place)
    for line in lines:
        same = places[line.filed.order.id] if line.filed.order is not None else []
        others = ", ".join(place for place in same if place != line.filed.place)
        note = (f"number: {others} has the same; each order needs its own",) if others else ()
        yield replace(line, notes=(*line.notes, *note))


@dataclass(frozen=True, slots=True)
class _Asked:
    library: Library
    medicines: Medicines
    at: datetime


def area_id(library: Library, word: str) -> str | None:
    """Return the id of the care area with this id or name; ``None`` where there is no one such."""
    same = word.strip().casefold()
    found = {known.id for known in library.care_areas if same in (known.id.casefold(), known.name.casefold())}
    return found.pop() if len(found) == 1 else None


def _line(filed: Filed, area: str | None, asked: _Asked) -> Line:
    order = filed.order
    if order is None:
        return Line(filed, Outcome.UNREADABLE, notes=filed.faults)
    if area is not None:
        known = area_id(asked.library, area)
        return _judged(filed, order, asked, area=known or area)
    drug = asked.medicines.find(order.medication).drug
    areas = sorted({entry.care_area for entry in asked.library.entries if drug and entry.drug == drug.id})
    # A medicine that is nowhere is asked for anywhere, for the words of the answer.
    lines = [_judged(filed, order, asked, area=one) for one in areas or [c.id for c in asked.library.care_areas[:1]]]
    if not lines:
        return Line(filed, Outcome.NO_MEDICINE, notes=("the library has no care areas",))
    matches = tuple(line.care_area for line in lines if line.outcome.is_match and line.care_area)
    return replace(min(lines, key=lambda line: _RANK[line.outcome]), matches_in=matches)


def _judged(filed: Filed, order: Order, asked: _Asked, *, area: str) -> Line:
    answer = _answer(order, area, asked)
    known = area_id(asked.library, area)
    outcome = _outcome(order, answer, known, asked=asked)
    return Line(filed, outcome, answer, known, notes=tuple(_notes(order, answer)))


# From the best that can become of an order to the least that a pharmacist can do about it.
_RANK = {
    outcome: rank
    for rank, outcome in enumerate(
        (
            *(Outcome.MATCHED, Outcome.REFUSED, Outcome.OVERFILL, Outcome.UNDERFILL, Outcome.STRENGTH, Outcome.UNIT),
            *(Outcome.SEVERAL, Outcome.PLACE, Outcome.ROUTE, Outcome.THERAPY, Outcome.TYPE, Outcome.NOT_OFFERED),
            *(Outcome.NOT_IN_AREA, Outcome.TWO_MEDICINES, Outcome.NO_MEDICINE),
            *(Outcome.INCOMPLETE, Outcome.UNREADABLE),
        )
    )
}


def _answer(order: Order, area: str, asked: _Asked) -> OrderAnswer:
    """Return what a pump of the area would answer; of either kind, where the order does not say which."""
    kinds: tuple[PumpKind, ...] = (order.device,) if order.device else ("large-volume pump", "syringe pump")
    answers = [_answer_of(kind, order, area, asked=asked) for kind in kinds]
    entries = {answer.entry.id: answer for answer in answers if answer.entry is not None}
    if len(entries) > 1:
        return _unmatched(order, Miss.SEVERAL, f"another entry on each kind of pump: {', '.join(sorted(entries))}")
    return next(iter(entries.values()), min(answers, key=lambda answer: answer.miss is Miss.NOT_OFFERED))


def _answer_of(kind: PumpKind, order: Order, area: str, *, asked: _Asked) -> OrderAnswer:
    """Return what an idle pump would answer; of a bolus or change, one that runs what the order means."""
    pump = PumpSituation(link=Link.CONNECTED, activity=Activity.IDLE, kind=kind, care_area=area)
    if order.kind in (OrderKind.BOLUS, OrderKind.CHANGE) and area_id(asked.library, area) is not None:
        running = _may_run(order, area, asked)
        if not isinstance(running, Running):
            return running
        order = replace(order, parent=_RUNNING_ID)
        pump = replace(pump, activity=Activity.INFUSING, running=running, left=_NEVER_EMPTY)
    return check_order(order, asked.library, pump, at=asked.at, rules=RULES, medicines=asked.medicines)


def _may_run(order: Order, area: str, asked: _Asked) -> Running | OrderAnswer:
    """Return what runs when an order for it arrives, or the answer where that is no one entry of the area."""
    found, step = asked.medicines.find(order.medication), order.first
    if found.drug is None:
        return _unmatched(order, found.miss, found.why, near=asked.medicines.near(order.medication))
    named = found.entry
    here = [e for e in asked.library.entries if (e.drug, e.care_area) == (found.drug.id, area)]
    if not here:
        return _unmatched(order, Miss.NOT_IN_AREA, f"{found.drug.name} is not in the care area {area!r}")
    here = [e for e in here if e.type is not EntryType.INTERMITTENT and named in (None, e.id)]
    if not here:
        return _unmatched(order, Miss.TYPE, "no entry of the medicine runs on")
    fitting = [entry for entry in here if _may_be_of(entry, order)]
    if len(fitting) != 1:
        ids = ", ".join(entry.id for entry in fitting or here)
        miss = Miss.SEVERAL if fitting else Miss.STRENGTH
        return _unmatched(order, miss, f"may be running: {ids}" if fitting else f"the library has {ids}")
    given = step.dose_rate or step.rate
    return Running(order_id=_RUNNING_ID, entry=fitting[0].id, dose=given, amount=step.amount, diluent=step.diluent)


def _unmatched(order: Order, miss: Miss, why: str, *, near: tuple[Near, ...] = ()) -> OrderAnswer:
    return OrderAnswer(order_id=order.id, errors=(refusal(9010, why),), miss=miss, near=near)


def _may_be_of(entry: Entry, order: Order) -> bool:
    """Whether an order for what runs may be of an entry: it gives no strength, or the entry's."""
    step, own = order.first, entry.concentration
    if own is None or step.amount is None or step.diluent is None:
        return own is not None or step.amount is None
    if own.amount is None or own.volume is None:
        return True
    return same_strength(order, (step.amount, step.diluent), (own.amount, own.volume))


def _outcome(order: Order, answer: OrderAnswer, area: str | None, *, asked: _Asked) -> Outcome:
    if answer.entry is not None:
        return Outcome.MATCHED if answer.is_accepted else Outcome.REFUSED
    if answer.miss is Miss.STRENGTH and area is not None:
        return _of_strength(order, area, asked)
    if answer.miss is not None:
        return Outcome(answer.miss.value)
    return Outcome.NOT_IN_AREA if area is None else Outcome.INCOMPLETE


def _of_strength(order: Order, area: str, asked: _Asked) -> Outcome:
    """Tell a strength that only the diluent makes another one: a bag filled beyond its name, or short of it."""
    step = order.first
    drug = asked.medicines.find(order.medication).drug
    if drug is None or step.amount is None or step.diluent is None:
        return Outcome.INCOMPLETE
    held = [
        e.concentration for e in asked.library.entries if (e.drug, e.care_area) == (drug.id, area) and e.concentration
    ]
    volumes = [own.volume for own in held if own.amount == step.amount and own.volume is not None]
    if not volumes:
        return Outcome.STRENGTH
    return Outcome.OVERFILL if any(step.diluent > volume for volume in volumes) else Outcome.UNDERFILL


def _notes(order: Order, answer: OrderAnswer) -> Iterator[str]:
    """Yield volumes that differ from the library's though the strength is the same, and medicines that are near."""
    yield from (f"near: {near.drug} ({near.why})" for near in answer.near)
    own, step = answer.entry.concentration if answer.entry else None, order.first
    if own is None or own.volume is None or order.kind is not OrderKind.NEW:
        return
    if step.diluent is not None and step.diluent != own.volume:
        yield f"volume: ordered in {step.diluent}, the library has {own.text}; the strength is the same"
    held = step.diluent or own.volume
    if step.volume is not None and step.volume > held:
        yield f"volume: {step.volume} to be infused from {held}"
