"""Orders in any combination: an answer always, and nothing accepted that the dose engine would not take."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from openinfusion.core.dosing import check
from openinfusion.core.orders import (
    CODES,
    Activity,
    Code,
    Link,
    Medication,
    Order,
    OrderKind,
    PcaOrder,
    PumpSituation,
    Step,
    StepKind,
    check_order,
)
from openinfusion.core.programme import Decision
from openinfusion.core.units import Quantity
from tests.order_words import IDLE, LIBRARY, NOW, RUNS, base, changed
from tests.spec import orders as spec
from tests.spec.tables import read_table

UNITS = ("mL", "mL/h", "mg", "g", "mg/h", "micrograms/kg/min", "micrograms/h", "units", "min", "h", "kg", "m2", "mg/mL")
NUMBERS = ("0", "-1", "0.5", "1", "2.5", "10", "50", "250", "400", "1000000")
quantities = st.builds(Quantity.of, st.sampled_from(NUMBERS), st.sampled_from(UNITS))
maybe = st.none() | quantities
steps = st.builds(
    Step,
    volume=maybe,
    rate=maybe,
    dose=maybe,
    duration=maybe,
    amount=maybe,
    diluent=maybe,
    kind=st.sampled_from(StepKind),
    number=st.integers(0, 3),
)
NAMES = [row["medicine"] for row in read_table(spec.MEDICINES)]
medications = st.builds(
    Medication,
    st.lists(
        st.sampled_from([Code("108441005"), Code("900000004", "SCT"), Code("heparin-a"), Code("x")]), max_size=2
    ).map(tuple),
    st.lists(st.sampled_from([*NAMES, "dopamin", ""]), max_size=2).map(tuple),
)
pcas = st.builds(PcaOrder, demand=maybe, lockout=maybe, dose_limit=maybe, window=maybe, loading=maybe, clinician=maybe)
orders = st.builds(
    Order,
    id=st.sampled_from(("12345", "")),
    kind=st.sampled_from(OrderKind),
    medication=medications,
    steps=st.lists(steps, max_size=3).map(tuple),
    pump=st.just("A0001"),
    placed_at=st.just(NOW),
    operator=st.just("N0001"),
    patient=st.just("98765"),
    parent=st.sampled_from(("12345", None)),
    weight=maybe,
    height=maybe,
    body_surface_area=maybe,
    pca=st.none() | pcas,
    total_steps=st.none() | st.integers(0, 3),
    total_volume=maybe,
    container=maybe,
    secondary=st.booleans(),
)
pumps = st.builds(
    PumpSituation,
    link=st.just(Link.CONNECTED),
    activity=st.sampled_from((Activity.IDLE, Activity.INFUSING)),
    care_area=st.sampled_from(("ward", "children")),
    running=st.none() | st.sampled_from(list(RUNS.values())),
    left=maybe.filter(lambda left: left is None or left.unit.text == "mL"),
)
names = st.sampled_from([row["order"] for row in read_table(spec.ORDERS)])


def holds(order: Order, pump: PumpSituation) -> None:
    """An answer with known codes; an accepted order is one whose every programme the engine takes as it stands."""
    answer = check_order(order, LIBRARY, pump, at=NOW)
    assert all(error.code in CODES for error in answer.errors)
    if answer.is_accepted:
        assert answer.programmes
        for programme, verdict in zip(answer.programmes, answer.verdicts, strict=True):
            assert verdict.decision in (Decision.ACCEPT, Decision.CONFIRM)
            assert check(programme, LIBRARY) == verdict


@given(orders, pumps)
def test_any_order_gets_an_answer(order: Order, pump: PumpSituation) -> None:
    """Whatever is in it; no exception is an answer."""
    holds(order, pump)


@given(names, st.sampled_from(("volume", "rate", "duration", "weight", "strength")), quantities, quantities)
def test_a_good_order_with_one_thing_changed(name, part, one, other) -> None:
    """Near the orders that are accepted is where a wrong one would slip through."""
    text = f"{one.text()} in {other.text()}" if part == "strength" else one.text()
    holds(changed(base(name), part, text), IDLE)
    holds(changed(base(name), part, text), replace(IDLE, activity=Activity.INFUSING, running=RUNS["fentanyl"]))


@given(st.fractions(min_value=0, max_value=10**6))
def test_more_drug_is_never_answered_more_mildly(factor) -> None:
    """Beyond the dose that is accepted, a larger one is accepted only up to the hard maximum of the entry."""
    order = base("dopamine")
    dose = order.first.dose
    assert dose is not None
    larger = replace(order, steps=(replace(order.first, dose=Quantity(dose.value * (1 + factor), dose.unit)),))
    answer = check_order(larger, LIBRARY, IDLE, at=NOW)
    assert answer.is_accepted is (factor <= 1)
    assert bool(answer.for_bedside) is (answer.is_accepted and factor * 2 > 1)
