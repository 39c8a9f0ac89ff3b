"""
Answer an order as the pump that it is for must: accept it, or refuse it with the right one of the 44 codes.

``check_order`` asks first what the pump and the order say by themselves, then finds the one entry that the order means,
then lets the dose engine judge the programme that would result. What is not known refuses; what a soft limit says is
for the nurse at the pump, who still has to start it. The rules in words: ``docs/reference/orders.md``.
"""

from dataclasses import dataclass
from datetime import datetime

from openinfusion.core.library import Entry, Library
from openinfusion.core.order_checks import CHECKS, Arrived
from openinfusion.core.order_codes import CODES, OrderCode, OrderError
from openinfusion.core.order_match import Match, match
from openinfusion.core.order_medicines import Medicines, Miss, Near
from openinfusion.core.order_parts import (
    USUAL_RULES,
    Activity,
    Code,
    Field,
    Link,
    Medication,
    Order,
    OrderKind,
    OrderRules,
    PcaOrder,
    PumpSituation,
    Running,
    Step,
    StepKind,
    Unread,
)
from openinfusion.core.order_programmes import Judged, judge, soft_words
from openinfusion.core.order_running import judge_running
from openinfusion.core.programme import Programme, Verdict

# The parts of an order are defined in the modules beside this one; this is where others find them all.
__all__ = [
    "CODES",
    "USUAL_RULES",
    "Activity",
    "Code",
    "Field",
    "Link",
    "Match",
    "Medication",
    "Medicines",
    "Miss",
    "Near",
    "Order",
    "OrderAnswer",
    "OrderCode",
    "OrderError",
    "OrderKind",
    "OrderRules",
    "PcaOrder",
    "PumpSituation",
    "Running",
    "Step",
    "StepKind",
    "Unread",
    "check_order",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAnswer:
    """
    The answer to an order.

    Attributes:
        order_id: the order.
        errors: every reason to refuse it; none means that it is accepted.
        for_bedside: what the nurse reads at the pump: soft limits to confirm, and what was not checked.
        entry: the entry of the library that it was matched to.
        matched_by: what its medicine was found by: code, name, or what runs.
        miss: the kind of reason for which it matches no entry.
        near: medicines whose names are near, where none was found.
        programmes: what the pump would hold, one for each step or dose.
        verdicts: what the dose engine says of each.

    """

    order_id: str
    errors: tuple[OrderError, ...] = ()
    for_bedside: tuple[str, ...] = ()
    entry: Entry | None = None
    matched_by: str = ""
    miss: Miss | None = None
    near: tuple[Near, ...] = ()
    programmes: tuple[Programme, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether the pump takes the order; the nurse still has to start it."""
        return not self.errors

    @property
    def programme(self) -> Programme | None:
        """The programme that results; the first of several."""
        return self.programmes[0] if self.programmes else None

    @property
    def verdict(self) -> Verdict | None:
        """What the dose engine says of the programme; the first of several."""
        return self.verdicts[0] if self.verdicts else None


def check_order(
    order: Order,
    library: Library,
    situation: PumpSituation,
    *,
    at: datetime,
    rules: OrderRules = USUAL_RULES,
    medicines: Medicines | None = None,
) -> OrderAnswer:
    """
    Return the answer to an order.

    Args:
        order: what was ordered.
        library: the library in force on the pump.
        situation: what the pump and its gateway know.
        at: the moment at which the order arrived, with its zone.
        rules: what the trust asks of an order.
        medicines: the index of the library, if the caller keeps one for many orders.

    """
    arrived = Arrived(order=order, library=library, situation=situation, at=at, rules=rules)
    for find in CHECKS:
        if errors := tuple(find(arrived)):
            return OrderAnswer(order_id=order.id, errors=errors)
    medicines = medicines or Medicines(library)
    if order.kind in (OrderKind.BOLUS, OrderKind.CHANGE):
        entry, judged, errors = judge_running(arrived, medicines.find(order.medication))
        return _answer(arrived, entry, judged, errors=errors, by="what runs")
    found = match(order, medicines, situation, rules=rules)
    if found.entry is None:
        errors = (found.error,) if found.error is not None else ()
        return OrderAnswer(order_id=order.id, errors=errors, matched_by=found.by, miss=found.miss, near=found.near)
    judged, errors = judge(arrived, found.entry)
    return _answer(arrived, found.entry, judged, errors=errors, by=found.by)


def _answer(
    arrived: Arrived, entry: Entry | None, judged: tuple[Judged, ...], *, errors: tuple[OrderError, ...], by: str
) -> OrderAnswer:
    return OrderAnswer(
        order_id=arrived.order.id,
        errors=errors,
        for_bedside=tuple(words for one in judged for words in (*soft_words(one), *one.not_checked)),
        entry=entry,
        matched_by=by,
        programmes=tuple(one.programme for one in judged),
        verdicts=tuple(one.verdict for one in judged),
    )
