"""
Answer an order for what runs already: a bolus on it, or another rate.

The pump knows medicine, strength and weight of what it runs; the order must be for that, and may not change it. Where
the pump's side does not know what runs, nothing is accepted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from openinfusion.core.library import Entry, EntryType
from openinfusion.core.order_checks import Arrived
from openinfusion.core.order_codes import OrderError, refusal
from openinfusion.core.order_match import fits_route, is_same_unit, rate_unit, same_strength
from openinfusion.core.order_medicines import Found
from openinfusion.core.order_parts import Activity, Field, OrderKind, Running
from openinfusion.core.order_programmes import Judged, ask, bolus_of, errors_of, programmes_of
from openinfusion.core.units import Quantity

Answered = tuple[Entry | None, tuple[Judged, ...], tuple[OrderError, ...]]
_OTHER_STRENGTH = "not the strength that runs, or nobody knows the strength that runs"


@dataclass(frozen=True, slots=True)
class _Beside:
    """An order beside what runs, on the entry that runs, with the medicine that the order means."""

    arrived: Arrived
    running: Running
    entry: Entry
    found: Found


def judge_running(arrived: Arrived, found: Found) -> Answered:
    """Return the entry that runs, the programme on it with its verdict, and all reasons to refuse."""
    order, situation = arrived.order, arrived.situation
    running = situation.running or Running()
    is_bolus = order.kind is OrderKind.BOLUS
    known = (order.parent,) if is_bolus else (order.id, order.parent)
    if situation.activity is not Activity.INFUSING or running.order_id is None or running.order_id not in known:
        return _refused(9035 if is_bolus else 9017, "the pump does not run that order")
    entry = arrived.library.find_entry(running.entry) if running.entry is not None else None
    is_here = entry is not None and entry.care_area == situation.care_area
    if entry is None or not is_here or found.drug is None or found.drug.id != entry.drug:
        why = found.why or "the pump runs another medicine, or one outside the library"
        return _refused(9036 if is_bolus else 9017, why)
    arrived = replace(arrived, order=replace(order, weight=order.weight or situation.weight))
    if not fits_route(entry, order.route):
        return _refused(9018, f"what runs is {entry.route.value}", about=Field.ROUTE, entry=entry)
    beside = _Beside(arrived, running, entry, found)
    return _bolus(beside) if is_bolus else _change(beside)


def _refused(code: int, detail: str, *, about: Field | None = None, entry: Entry | None = None) -> Answered:
    return entry, (), (refusal(code, detail, fields=[about] if about else []),)


def _with_running_strength(beside: _Beside) -> Arrived | None:
    """Return the order with the strength that runs; ``None`` where it says another one, or none is known."""
    arrived, running, own = beside.arrived, beside.running, beside.entry.concentration
    step = arrived.order.first
    if own is None:
        return arrived if step.amount is None else None
    amount, diluent = own.amount or running.amount, own.volume or running.diluent
    if amount is None or diluent is None:
        return None
    if not same_strength(arrived.order, (step.amount or amount, step.diluent or diluent), (amount, diluent)):
        return None
    return replace(arrived, order=replace(arrived.order, steps=(replace(step, amount=amount, diluent=diluent),)))


def _bolus(beside: _Beside) -> Answered:
    entry = beside.entry
    arrived = _with_running_strength(beside)
    if arrived is None:
        return _refused(9037, _OTHER_STRENGTH, entry=entry)
    if entry.bolus is None:
        return _refused(9039, entry.id, entry=entry)
    dose = arrived.order.first.dose
    if dose is not None and not _counts_as_running(dose, beside):
        return _refused(9040, f"ordered in {dose.unit}", entry=entry)
    programme = bolus_of(arrived.order, entry)
    judged = Judged(programme, ask(programme, arrived))
    errors = (*errors_of(judged, arrived, entry), *_beyond_container(judged, arrived.situation.left))
    return entry, (judged,), tuple(dict.fromkeys(errors))


def _counts_as_running(dose: Quantity, beside: _Beside) -> bool:
    """Whether a bolus counts in the unit of the library's bolus, or in the amount in which the pump runs."""
    bolus, running = beside.entry.bolus, beside.running.dose
    if bolus is not None and bolus.dose is not None and is_same_unit(dose.unit, bolus.dose.unit, beside.arrived.rules):
        return True
    return running is not None and dose.unit.amount is running.unit.amount


def _beyond_container(judged: Judged, left: Quantity | None) -> Iterator[OrderError]:
    """Yield why the container cannot give a bolus; where its volume is not known, the verdict has refused it."""
    volume = judged.verdict.derived.volume
    if volume is not None and left is None:
        yield refusal(9034, "nobody knows how much is left")
    elif volume is not None and left is not None and volume > left:
        yield refusal(9034, f"the bolus is {volume}; {left} are left")


def _change(beside: _Beside) -> Answered:
    entry, running = beside.entry, beside.running
    if entry.type not in (EntryType.CONTINUOUS, EntryType.FLUID):
        return _refused(9017, f"{entry.id} is {entry.type.value}: its rate is not changed by order", entry=entry)
    arrived = _with_running_strength(beside)
    if arrived is None:
        return _refused(9018, _OTHER_STRENGTH, about=Field.AMOUNT, entry=entry)
    step, own = arrived.order.first, rate_unit(entry)
    ordered = step.dose or step.rate
    assert ordered is not None  # noqa: S101 - a change without a rate was refused before
    if own is not None and not is_same_unit(ordered.unit, own, arrived.rules):
        detail = f"ordered in {ordered.unit}; the library counts in {own}"
        return _refused(9009, detail, about=Field.RATE_UNIT, entry=entry)
    programme, _ = next(programmes_of(arrived.order, entry))
    notes: tuple[str, ...] = ()
    if entry.titration_step is not None:
        is_known = running.dose is not None and running.dose.unit.measures_like(ordered.unit)
        programme = replace(programme, previous=running.dose if is_known else None)
        notes = () if is_known else ("how large the step is was not checked: nobody knows what runs",)
    judged = Judged(programme, ask(programme, arrived), not_checked=notes)
    return entry, (judged,), tuple(dict.fromkeys(errors_of(judged, arrived, entry)))
