"""
What the tables of ``tests/spec/orders.py`` do not show: golden numbers, edges, and what must never be accepted.

Every order here is made from one of the specification, so that each test says only what is different.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Delivery,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Mode,
    Pca,
    Population,
    Route,
    TitrationStep,
)
from openinfusion.core.order_checks import Arrived
from openinfusion.core.order_codes import refusal
from openinfusion.core.order_medicines import Medicines
from openinfusion.core.order_parts import PcaOrder
from openinfusion.core.order_programmes import Judged, errors_of
from openinfusion.core.orders import (
    USUAL_RULES,
    Activity,
    Code,
    Field,
    Link,
    Medication,
    Order,
    OrderAnswer,
    OrderKind,
    OrderRules,
    PumpSituation,
    Running,
    Step,
    StepKind,
    Unread,
    check_order,
)
from openinfusion.core.programme import Decision, Finding, Parameter, Problem, Programme, Verdict
from openinfusion.core.units import Quantity, Unit
from tests.order_words import IDLE, LIBRARY, NOW, RUNS, base, changed, pump_of

Q = Quantity.read
DOPAMINE = base("dopamine")
FENTANYL = pump_of("bolus", "")


def answer(
    order: Order, pump: PumpSituation = IDLE, *, library: Library = LIBRARY, rules: OrderRules = USUAL_RULES
) -> OrderAnswer:
    return check_order(order, library, pump, at=NOW, rules=rules)


def codes(order: Order, pump: PumpSituation = IDLE, *, library: Library = LIBRARY) -> list[int]:
    return [error.code for error in answer(order, pump, library=library).errors]


def limits(unit: str, low: int, high: int) -> Limits:
    return Limits(unit=Unit.read(unit), hard_min=Quantity.of(low, unit).value, hard_max=Quantity.of(high, unit).value)


def one_entry(**parts: object) -> Library:
    """A library of one entry of a medicine "drug" in "ward"."""
    entry = replace(Entry(id="row", drug="drug", care_area="ward", type=EntryType.FLUID), **parts)  # type: ignore[arg-type]
    return Library(
        library=About(name="n", organisation="o", version="1.0.0"),
        drugs=(Drug(id="drug", name="drug", vtm="42"),),
        care_areas=(CareArea(id="ward", name="ward", population=Population.ADULT, max_rate=Q("1000 mL/h")),),
        entries=(entry,),
    )


def with_step(order: Order, **parts: object) -> Order:
    return replace(order, steps=(replace(order.first, **parts),))  # type: ignore[arg-type]


def of_drug(order: Order) -> Order:
    return replace(order, medication=Medication((Code("42"),), ()))


# --- Golden numbers of others ----------------------------------------------------------------------------------------


def derived_rate(dose: str, weight: str, volume: str) -> OrderAnswer:
    order = changed(changed(changed(DOPAMINE, "rate", dose), "weight", weight), "volume", volume)
    children = replace(LIBRARY, care_areas=tuple(replace(a, weight=None) for a in LIBRARY.care_areas))
    return answer(order, library=children)


def test_the_example_order_of_ihe_runs_at_31_875_ml_per_hour():
    """10 x 85 x 60 / 1600 (IHE, PCD-03, example 1); the 250 mL last 7.84 h."""
    verdict = derived_rate("10 micrograms/kg/min", "85.0 kg", "250 mL").verdict
    assert verdict is not None
    assert verdict.derived.rate == Q("31.875 mL/h")
    assert verdict.derived.duration is not None
    assert round(float(verdict.derived.duration.to(Unit.read("h")).value), 2) == 7.84


def test_the_example_event_of_ihe_runs_at_15_375_ml_per_hour():
    """5 x 82 x 60 / 1600 (IHE, PCD-10 sample); at the 15.4 that the pump shows, 250 mL last 974 min."""
    verdict = derived_rate("5 micrograms/kg/min", "82 kg", "250 mL").verdict
    assert verdict is not None
    assert verdict.derived.rate == Q("15.375 mL/h")
    shown = answer(
        changed(changed(DOPAMINE, "rate", "5 micrograms/kg/min"), "weight", "82 kg"),
        replace(IDLE, rate_resolution=Q("0.1 mL/h")),
    )
    assert shown.verdict is not None
    assert shown.verdict.derived.rounded_rate == Q("15.4 mL/h")
    assert 250 * 60 * 10 // 154 == 974


def test_the_example_of_revision_11_runs_at_0_75_ml_per_hour():
    """5 x 4 kg at 1.6 mg/mL; 8.622 mL last 41,386 s."""
    verdict = derived_rate("5 micrograms/kg/min", "4 kg", "8.622 mL").verdict
    assert verdict is not None
    assert verdict.derived.rate == Q("0.75 mL/h")
    assert verdict.derived.duration is not None
    assert round(verdict.derived.duration.value * 60) == 41386


# --- What must never be accepted -------------------------------------------------------------------------------------


def test_a_pump_whose_state_nobody_knows_accepts_nothing():
    """The default of what is not said about a pump refuses."""
    assert codes(DOPAMINE, PumpSituation(link=Link.CONNECTED)) == [9017]
    assert codes(changed(base("ceftriaxone"), "secondary", "yes"), replace(IDLE, activity=Activity.INFUSING)) == [9030]
    assert codes(base("bolus"), replace(FENTANYL, running=None)) == [9035]
    assert codes(base("change"), replace(FENTANYL, running=None)) == [9017]
    assert codes(base("change"), IDLE) == [9017]


def test_an_order_without_anything_is_refused_and_says_all_that_is_missing():
    """Every missing value is named once."""
    empty = Order(id="", kind=OrderKind.NEW, medication=Medication(), steps=(Step(),))
    (error,) = answer(empty).errors
    assert error.code == 9003
    assert error.fields == (
        *(Field.ORDER_ID, Field.MEDICATION, Field.PUMP, Field.PLACED_AT, Field.OPERATOR, Field.RATE, Field.VOLUME),
    )
    assert "(RXG-5)" in error.text
    assert str(error) == f"9003 {error.text}"


def test_rules_say_what_an_extract_need_not_have():
    """A file of past orders has no nurse, no pump and no moment."""
    rules = OrderRules(stale_after=None, needs_patient=False, needs_operator=False, needs_pump=False)
    bare = replace(DOPAMINE, pump=None, operator=None, placed_at=None, patient=None)
    assert answer(bare, rules=rules).is_accepted
    old = replace(DOPAMINE, placed_at=NOW - timedelta(days=400))
    assert answer(old, rules=rules).is_accepted
    assert answer(replace(DOPAMINE, placed_at=NOW + timedelta(days=400)), rules=rules).is_accepted


@pytest.mark.parametrize(
    "order, missing",
    [
        (changed(base("ceftriaxone"), "duration", ""), [Field.DURATION, Field.VOLUME]),
        (changed(base("bolus"), "parent", ""), [Field.PARENT]),
        (changed(base("bolus"), "rate", ""), [Field.RATE, Field.DURATION]),
        (changed(base("change"), "rate", ""), [Field.RATE]),
        (changed(base("morphine"), "demand", ""), [Field.DEMAND]),
        (changed(base("morphine"), "window", ""), [Field.DOSE_LIMIT_TIME]),
        (changed(DOPAMINE, "strength", ""), [Field.AMOUNT, Field.DILUENT]),
        (with_step(DOPAMINE, diluent=None), [Field.DILUENT]),
    ],
)
def test_what_a_kind_of_order_needs(order, missing):
    """9003 names each."""
    pump = FENTANYL if order.kind in (OrderKind.BOLUS, OrderKind.CHANGE) else IDLE
    (error,) = answer(order, pump).errors
    assert (error.code, list(error.fields)) == (9003, missing)


def test_a_syringe_may_come_without_a_volume_and_a_bolus_by_volume_or_by_time():
    """What IHE leaves optional is not missing."""
    assert answer(changed(changed(DOPAMINE, "volume", ""), "device", "syringe pump")).is_accepted
    by_volume = changed(changed(base("bolus"), "rate", ""), "volume", "0.5 mL")
    assert answer(by_volume, FENTANYL).is_accepted
    by_time = changed(changed(base("bolus"), "rate", "60 mL/h"), "duration", "1 min")
    assert answer(by_time, FENTANYL).is_accepted
    given = changed(changed(DOPAMINE, "volume", ""), "duration", "2 h")
    assert answer(given).is_accepted


@pytest.mark.parametrize(
    "order, field",
    [
        (changed(base("change"), "volume", "50 mL"), Field.VOLUME),
        (changed(base("change"), "rate", "5 micrograms"), Field.RATE_UNIT),
        (changed(base("change"), "demand", "5 micrograms"), Field.DEMAND),
        (changed(DOPAMINE, "container", "249 mL"), Field.CONTAINER),
        (changed(DOPAMINE, "volume", "0.25 L"), Field.VOLUME),
        (changed(DOPAMINE, "weight", "-1 kg"), Field.WEIGHT),
        (changed(DOPAMINE, "rate", "0 micrograms/kg/min"), Field.RATE),
        (replace(DOPAMINE, placed_at=NOW + timedelta(hours=1)), Field.PLACED_AT),
        (replace(DOPAMINE, placed_at=datetime(2026, 11, 28, 12)), Field.PLACED_AT),  # noqa: DTZ001 - on purpose
        (replace(DOPAMINE, unread=(Unread(9004, Field.VOLUME, "'2 5 0'", "a number"),)), Field.VOLUME),
        (changed(DOPAMINE, "duration", "3 h"), Field.DURATION),
        (changed(base("ceftriaxone"), "volume", "55 mL"), Field.VOLUME),
        (changed(base("morphine"), "lockout", "0 min"), Field.LOCKOUT),
        (changed(base("morphine"), "rate", "5 mg"), Field.RATE),
        (with_step(base("morphine"), rate=Q("1 mL/h"), dose=Q("1 mg/h")), Field.RATE),
        (changed(base("morphine"), "duration", "5 min"), Field.DURATION),
        (changed(base("bolus"), "demand", "5 micrograms"), Field.DEMAND),
        (changed(changed(base("saline"), "volume", "10 mL"), "duration", "50 min"), Field.DURATION),
    ],
)
def test_what_no_pump_could_obey(order, field):
    """9004 names the value; a volume that disagrees with the dose is never averaged."""
    pump = FENTANYL if order.kind in (OrderKind.CHANGE, OrderKind.BOLUS) else IDLE
    (error,) = answer(order, pump).errors
    assert (error.code, error.fields) == (9004, (field,))


def test_a_secondary_order_may_hold_up_what_runs():
    """Where the primary may be interrupted."""
    assert codes(changed(base("ceftriaxone"), "secondary", "yes"), FENTANYL) == []


def test_a_duration_may_be_rounded_and_no_more():
    """250 mL at 31.875 mL/h are 470.6 min; a minute off is rounding, a tenth of a short bolus is not."""
    assert answer(changed(DOPAMINE, "duration", "470 min")).is_accepted
    assert answer(changed(DOPAMINE, "duration", "471 min")).is_accepted
    assert codes(changed(DOPAMINE, "duration", "472 min")) == [9004]
    short = changed(changed(base("saline"), "rate", "500 mL/h"), "volume", "10 mL")
    assert answer(changed(short, "duration", "1.2 min")).is_accepted
    assert codes(changed(short, "duration", "2 min")) == [9004]


def test_what_was_ordered_reaches_the_engine_or_refuses():
    """A dose beside a rate, a dose in a step that runs by rate: nothing is left out in silence."""
    both = with_step(base("saline"), dose=Q("100 mL"), rate=Q("50 mL/h"))
    assert not answer(both).is_accepted
    plain = one_entry(
        type=EntryType.INTERMITTENT,
        concentration=Concentration(amount=Q("400 mg"), volume=Q("250 mL")),
        dose=limits("mg", 1, 500),
        rate=limits("mg/h", 1, 500),
    )
    assert answer(MG_PER_H, library=plain).is_accepted
    assert not answer(with_step(MG_PER_H, rate=Q("1 mL/h")), library=plain).is_accepted
    runs_on = one_entry(type=EntryType.CONTINUOUS, concentration=Concentration(amount=Q("300 mg"), volume=Q("50 mL")))
    hidden = replace(SECOND, number=1, dose=Q("500 mg"), duration=Q("60 min"))
    assert not answer(of_drug(with_steps(hidden, replace(THIRD, number=2))), library=runs_on).is_accepted


def test_steps_that_an_order_of_one_step_speaks_of_are_missed():
    """An order for one step that says that it has three was cut."""
    assert codes(replace(DOPAMINE, total_steps=3)) == [9041]
    assert codes(replace(DOPAMINE, total_steps=1)) == []


def test_what_runs_must_run_by_the_route_of_the_order():
    """An epidural bolus is not given into a vein."""
    for order in (base("bolus"), base("change")):
        assert codes(replace(order, route=Route.EPIDURAL), FENTANYL) == [9018]
        assert codes(replace(order, route=Route.CENTRAL), FENTANYL) == []


def test_an_entry_for_one_kind_of_pump_is_not_offered_by_a_pump_of_unknown_kind():
    """Nobody knows whether the pump has it."""
    library = one_entry(rate=limits("mL/h", 1, 100), delivered_by=("syringe pump",))
    assert codes(of_drug(base("saline")), library=library) == [9010]


def test_an_order_for_another_kind_of_pump_is_refused():
    """A syringe order does not start a large-volume pump; what an entry is not delivered by is not offered."""
    pump = replace(IDLE, kind="large-volume pump")
    (error,) = answer(changed(DOPAMINE, "device", "syringe pump"), pump).errors
    assert (error.code, error.fields) == (9004, (Field.DEVICE,))
    only_syringes = one_entry(rate=limits("mL/h", 1, 100), delivered_by=("syringe pump",))
    assert codes(of_drug(base("saline")), pump, library=only_syringes) == [9010]
    assert codes(of_drug(base("saline")), replace(pump, kind="syringe pump"), library=only_syringes) == []


def test_an_entry_of_anaesthesia_mode_is_not_offered_outside_it():
    """The library hides it, and so does the answer."""
    library = one_entry(rate=limits("mL/h", 1, 100), anaesthesia_only=True)
    assert codes(of_drug(base("saline")), library=library) == [9010]
    assert codes(of_drug(base("saline")), replace(IDLE, in_anaesthesia_mode=True), library=library) == []


@pytest.mark.parametrize(
    "order, field",
    [
        (with_step(DOPAMINE, rate=Q("5 mg/h")), Field.RATE_UNIT),
        (with_step(DOPAMINE, dose=Q("5 kg")), Field.RATE_UNIT),
        (with_step(DOPAMINE, dose=Q("5 mg/mL")), Field.RATE_UNIT),
        (with_step(DOPAMINE, duration=Q("5 mL")), Field.DURATION),
        (with_step(DOPAMINE, amount=Q("5 mL")), Field.AMOUNT_UNIT),
        (changed(DOPAMINE, "weight", "70 cm"), Field.WEIGHT),
        (changed(DOPAMINE, "height", "70 kg"), Field.HEIGHT),
        (changed(DOPAMINE, "surface", "70 kg"), Field.SURFACE),
        (changed(base("morphine"), "demand", "1 mg/h"), Field.DEMAND),
        (changed(base("morphine"), "lockout", "1 mg"), Field.LOCKOUT),
        (replace(DOPAMINE, unread=(Unread(9008, Field.WEIGHT, "'lb'", "kg"),)), Field.WEIGHT),
        (replace(with_step(DOPAMINE, dose=None), unread=(Unread(9008, Field.RATE_UNIT, "x", "y"),)), Field.RATE_UNIT),
    ],
)
def test_a_unit_that_measures_something_else(order, field):
    """9008 names the parameter, before anything else is said of the value."""
    (error,) = answer(order).errors
    assert (error.code, error.fields) == (9008, (field,))


def test_a_volume_in_a_unit_of_drug_does_not_end_in_an_exception():
    """It is compared with nothing before its unit is refused."""
    hostile = replace(with_step(DOPAMINE, volume=Q("5 mg")), container=Q("100 mL"))
    assert codes(hostile) == [9004]


def test_a_value_that_cannot_be_read_is_not_called_missing():
    """One fault, one code."""
    unread = replace(with_step(DOPAMINE, volume=None), unread=(Unread(9004, Field.VOLUME, "'x'", "a number"),))
    assert codes(unread) == [9004]


# --- Steps -----------------------------------------------------------------------------------------------------------

STEPS = base("steps")


def with_steps(*steps: Step, **parts: object) -> Order:
    return replace(STEPS, steps=steps, **{"total_steps": len(steps), **parts})  # type: ignore[arg-type]


FIRST, SECOND, THIRD = STEPS.steps


@pytest.mark.parametrize(
    "order",
    [
        with_steps(),
        with_steps(FIRST, SECOND, THIRD, total_steps=None),
        with_steps(FIRST, THIRD),
        with_steps(SECOND, FIRST),
        with_steps(replace(SECOND, number=1), replace(FIRST, number=2)),
        with_steps(FIRST, replace(SECOND, medication=Medication(names=("another",)))),
        with_steps(FIRST, replace(SECOND, diluent=Q("40 mL"))),
        with_steps(FIRST, SECOND, THIRD, total_volume=Q("41 mL")),
        with_steps(Step(kind=StepKind.DELAY, duration=Q("5 min"))),
        changed(STEPS, "demand", "1 mg"),
        replace(DOPAMINE, steps=(*DOPAMINE.steps, *DOPAMINE.steps)),
        replace(DOPAMINE, steps=()),
        with_step(DOPAMINE, kind=StepKind.LOADING),
        replace(base("change"), steps=(Step(kind=StepKind.DELAY, duration=Q("5 min")),)),
    ],
)
def test_steps_that_are_no_programme(order):
    """A step that was lost on the way is a dose that was lost: nothing is mended."""
    pump = FENTANYL if order.kind is OrderKind.CHANGE else IDLE
    assert codes(order, pump) == [9041]


def test_steps_are_judged_one_by_one_and_together():
    """One programme a step; a delay gives nothing and needs its duration."""
    given = answer(replace(STEPS, total_volume=Q("40 mL")))
    assert given.is_accepted
    assert [programme.mode for programme in given.programmes] == [Mode.LOADING, Mode.CONTINUOUS, Mode.CONTINUOUS]
    assert [str(v.derived.rate) for v in given.verdicts] == ["50 mL/h", "about 6.666667 mL/h", "about 3.333333 mL/h"]
    delay = Step(kind=StepKind.DELAY, number=1, duration=Q("30 min"))
    delayed = with_steps(delay, replace(SECOND, number=2), replace(THIRD, number=3))
    assert len(answer(delayed).programmes) == 2
    assert codes(with_steps(replace(delay, duration=None), replace(SECOND, number=2))) == [9003]
    assert codes(with_steps(replace(FIRST, dose=Q("500 mg")), SECOND)) == [9024]
    assert codes(with_steps(replace(FIRST, dose=Q("0.3 g")), SECOND)) == [9009]


def test_five_steps_of_an_order_for_six_are_refused():
    """IHE's own example of parenteral nutrition prints 6 and has 5; 25 + 50 + 600 + 50 + 25 = 750 mL."""
    volumes = (25, 50, 600, 50, 25)
    steps = tuple(Step(number=n, volume=Quantity.of(v, "mL"), rate=Q("50 mL/h")) for n, v in enumerate(volumes, 1))
    saline = replace(base("saline"), kind=OrderKind.MULTISTEP, steps=steps, total_steps=5, total_volume=Q("750 mL"))
    assert answer(saline).is_accepted
    assert codes(replace(saline, total_steps=6)) == [9041]


# --- Matching --------------------------------------------------------------------------------------------------------


def test_a_code_and_a_name_of_two_medicines_match_nothing():
    """The answer says what each of them means."""
    order = replace(DOPAMINE, medication=Medication((Code("900000004"),), ("dopamine",)))
    (error,) = answer(order).errors
    assert error.detail == "not one medicine: code '900000004' is fentanyl; name 'dopamine' is dopamine"
    assert str(order.medication) == "dopamine (code 900000004)"
    assert str(Medication((), ("dopamine",))) == "dopamine"
    assert str(Medication()) == "code none"


def test_what_was_tried_and_what_is_near_is_told():
    """A person decides; the pump does not."""
    near = Medicines(LIBRARY).near
    given = answer(changed(DOPAMINE, "medicine", "dopamin"))
    assert "tried name 'dopamin'" in given.errors[0].detail
    assert [(n.drug, n.why) for n in given.near] == [
        ("dopamine", "spelled nearly as 'dopamine': is it the same medicine?")
    ]
    assert next(n.why for n in near(Medication(names=("dopamine/hydrochloride",)))).startswith("differs only in signs")
    assert next(n.why for n in near(Medication(names=("Dopamine 400 mg",)))).startswith("the name holds 'dopamine'")
    assert near(Medication(names=("", "\u4e2d" * 5000, "x" * 5000))) == ()


def test_a_medicine_without_codes_or_words_that_slug_is_indexed():
    """A library may name a drug in signs alone; it matches itself and nothing else."""
    library = replace(one_entry(rate=limits("mL/h", 1, 100)), drugs=(Drug(id="drug", name="\u4e2d", aliases=(" ",)),))
    order = replace(base("saline"), medication=Medication(names=("\u4e2d",)))
    assert codes(order, library=library) == []
    assert codes(replace(order, medication=Medication(names=(" ",))), library=library) == [9010]


def test_an_entry_named_by_its_id_is_the_only_one():
    """In another care area it is not there."""
    order = replace(base("heparin"), medication=Medication((Code("heparin-b"),)))
    given = answer(order)
    assert given.entry is not None
    assert (given.entry.id, given.matched_by) == ("heparin-b", "code")
    assert codes(order, replace(IDLE, care_area="children")) == [9010]
    listed = answer(base("heparin")).errors[0].detail
    assert listed == "more than one entry fits: heparin-a, heparin-b"


@pytest.mark.parametrize(
    "name, part, text, detail",
    [
        ("dopamine", "demand", "1 mg", "the order asks for analgesia controlled by the patient; here it is continuous"),
        ("dopamine", "rate", "5 mg", "the order asks for a single dose; here it is continuous"),
        ("dopamine", "therapy", "shock", "ordered for shock; the library has no therapies here"),
        ("dopamine", "route", "epidural", "ordered epidural; the library has intravenous"),
        ("dopamine", "secondary", "yes", "not allowed as secondary: dopamine"),
        ("dopamine", "strength", "1 mg in 5 mL", "ordered 1 mg in 5 mL; the library has 400 mg in 250 mL"),
        ("dopamine", "strength", "", "the library has 400 mg in 250 mL, and nobody says which this is"),
        (
            "saline",
            "strength",
            "1 mg in 5 mL",
            "ordered 1 mg in 5 mL; the library has no strength: it is given as it is",
        ),
        ("dopamine", "rate", "5 mL/h", "ordered in mL/h; the library counts in micrograms/kg/min"),
        ("steps", "strength", "", "the library has 300 mg in 50 mL, and nobody says which this is"),
        ("bolus", "parent", "9", "the pump does not run that order"),
        ("bolus", "medicine", "saline", "the pump runs another medicine, or one outside the library"),
        ("bolus", "route", "epidural", "what runs is intravenous"),
        ("bolus", "strength", "1 mg in 5 mL", "not the strength that runs, or nobody knows the strength that runs"),
        ("bolus", "rate", "1 g", "ordered in g"),
        ("change", "rate", "1 mg/h", "ordered in mg/h; the library counts in micrograms/h"),
        ("ceftriaxone", "strength", "2 mmol in 50 mL", "ordered 2 mmol in 50 mL; the library has 2 g in 50 mL"),
    ],
)
def test_a_refusal_says_what_was_ordered_and_what_the_library_has(name, part, text, detail):
    """What the pharmacist reads is what was asked for, and what there is instead."""
    order = changed(base(name), part, text)
    if part == "rate" and text == "5 mg":
        order = changed(order, "duration", "5 min")
    assert answer(order, pump_of(name, "")).errors[0].detail == detail


def test_a_long_list_is_cut():
    """Six are named, the rest counted; the care areas of a medicine, too."""
    many = tuple(replace(LIBRARY.entries[0], id=f"dopamine-{n}") for n in range(8))
    detail = answer(DOPAMINE, library=replace(LIBRARY, entries=many)).errors[0].detail
    assert detail.endswith("dopamine-4, dopamine-5 and 2 more")
    detail = answer(DOPAMINE, library=replace(LIBRARY, entries=many[:6])).errors[0].detail
    assert detail.endswith("dopamine-5")
    detail = answer(DOPAMINE, library=replace(LIBRARY, entries=many[:7])).errors[0].detail
    assert detail.endswith("dopamine-5 and 1 more")
    elsewhere = answer(DOPAMINE, replace(IDLE, care_area="children")).errors[0].detail
    assert elsewhere == "dopamine is not in the care area 'children'; it is in ward"


def test_two_bags_of_one_strength_are_told_apart_by_what_they_hold():
    """400 mg in 250 mL and 800 mg in 500 mL run alike; the one that was ordered is taken."""
    other = replace(
        LIBRARY.entries[0], id="double", concentration=Concentration(amount=Q("800 mg"), volume=Q("500 mL"))
    )
    library = replace(LIBRARY, entries=(*LIBRARY.entries, other))
    assert getattr(answer(DOPAMINE, library=library).entry, "id", None) == "dopamine"
    assert codes(changed(DOPAMINE, "strength", "1600 mg in 1000 mL"), library=library) == [9010]


@pytest.mark.parametrize(
    "mine, theirs, fits",
    [
        (Route.INTRAVENOUS, Route.CENTRAL, True),
        (Route.CENTRAL, Route.INTRAVENOUS, True),
        (Route.CENTRAL, Route.PERIPHERAL, False),
        (Route.CENTRAL, Route.CENTRAL, True),
        (Route.EPIDURAL, Route.INTRAVENOUS, False),
        (Route.EPIDURAL, Route.EPIDURAL, True),
        (Route.INTRAVENOUS, Route.EPIDURAL, False),
        (None, Route.EPIDURAL, True),
    ],
)
def test_routes(mine, theirs, fits):
    """Plain "intravenous" leaves central or peripheral open, on both sides."""
    library = one_entry(rate=limits("mL/h", 1, 100), route=theirs)
    order = replace(of_drug(base("saline")), route=mine)
    assert codes(order, library=library) == ([] if fits else [9018])


def test_therapies_and_places():
    """A therapy is taken by its words; an entry for secondary only is not run as primary."""
    library = one_entry(rate=limits("mL/h", 1, 100), therapy="Line flush", secondary="only")
    order = replace(of_drug(base("saline")), therapy="line  FLUSH", secondary=True)
    assert codes(order, library=library) == []
    assert codes(replace(order, therapy="other"), library=library) == [9018]
    (error,) = answer(replace(order, secondary=False), library=library).errors
    assert (error.code, error.fields) == (9018, (Field.METHOD,))


def open_strength(**parts: Quantity) -> Library:
    held = Concentration(**parts, limits=limits("mg/mL", 1, 5))
    return one_entry(type=EntryType.CONTINUOUS, concentration=held, dose=limits("mg/h", 1, 50))


MG_PER_H = replace(of_drug(changed(DOPAMINE, "rate", "10 mg/h")), weight=None)


def test_an_open_strength_is_taken_from_the_order_and_held_against_its_bounds():
    """Half open: the part that the library fixes must be that of the order."""
    given = answer(MG_PER_H, library=open_strength())
    assert given.is_accepted
    assert given.programme is not None
    assert (given.programme.amount, given.programme.diluent) == (Q("400 mg"), Q("250 mL"))
    assert answer(MG_PER_H, library=open_strength(amount=Q("400 mg"))).is_accepted
    assert codes(MG_PER_H, library=open_strength(volume=Q("50 mL"))) == [9018]
    assert codes(changed(MG_PER_H, "strength", "4 g in 250 mL"), library=open_strength()) == [9024]
    assert codes(changed(MG_PER_H, "strength", "400 mmol in 250 mL"), library=open_strength()) == [9018]
    counts_nothing = one_entry(type=EntryType.CONTINUOUS, concentration=Concentration())
    assert codes(MG_PER_H, library=counts_nothing) == [9016]


PER_KG = one_entry(
    type=EntryType.CONTINUOUS,
    concentration=Concentration(amount=Q("3 mg/kg"), volume=Q("50 mL")),
    dose=limits("mg/h", 0, 50),
)


def test_a_syringe_made_up_by_weight_is_compared_for_this_patient():
    """3 mg/kg in 50 mL are 12 mg for 4 kg; without the weight nobody can tell."""
    order = changed(changed(MG_PER_H, "strength", "12 mg in 50 mL"), "rate", "1 mg/h")
    assert codes(replace(order, weight=Q("4 kg")), library=PER_KG) == []
    assert codes(replace(order, weight=Q("4000 g")), library=PER_KG) == []
    assert codes(replace(order, weight=Q("5 kg")), library=PER_KG) == [9018]
    assert codes(order, library=PER_KG) == [9019]
    assert codes(changed(replace(order, weight=Q("4 kg")), "strength", "3 mg/kg in 50 mL"), library=PER_KG) == []
    per_m2 = changed(replace(order, weight=Q("4 kg")), "strength", "12 mg/m2 in 50 mL")
    assert codes(per_m2, library=PER_KG) == [9018]
    assert codes(replace(per_m2, body_surface_area=Q("1 m2")), library=PER_KG) == []
    half = changed(replace(per_m2, body_surface_area=Q("2 m2")), "strength", "6 mg/m2 in 50 mL")
    assert codes(half, library=PER_KG) == []
    assert codes(replace(half, body_surface_area=Q("4 m2")), library=PER_KG) == [9018]
    # 12 mg/m2 for 1 m2 are 12 mg, as are 3 mg/kg for 4 kg; the units of the amounts differ, the strengths do not.
    assert codes(changed(per_m2, "strength", "12 units in 50 mL"), library=PER_KG) == [9018]


def test_a_strength_for_what_has_none_is_a_mismatch():
    """A bag of saline holds no milligrams that the library knows; its size alone is no strength."""
    (error,) = answer(with_step(base("saline"), amount=Q("10 mg"), diluent=None)).errors
    assert (error.code, error.fields) == (9018, (Field.AMOUNT, Field.DILUENT))
    assert codes(with_step(base("saline"), diluent=Q("500 mL"))) == []


def test_rates_of_an_entry_without_a_unit_of_its_own():
    """A rate in mL/h is known to every pump; a single dose is not programmed by drug per time."""
    plain = one_entry(
        type=EntryType.INTERMITTENT,
        concentration=Concentration(amount=Q("400 mg"), volume=Q("250 mL")),
        dose=limits("mg", 1, 500),
    )
    assert codes(changed(MG_PER_H, "rate", "100 mL/h"), library=plain) == []
    assert codes(MG_PER_H, library=plain) == [9009]
    assert codes(changed(MG_PER_H, "rate", "10 units/h"), library=plain) == [9009]
    only_volume = changed(MG_PER_H, "volume", "")
    assert codes(changed(only_volume, "duration", "2 h"), library=plain) == [9010]


def test_patient_measures_that_are_missing():
    """Per m2: height, weight or surface, whichever would be enough."""
    order = base("carboplatin")
    bare = replace(order, body_surface_area=None)
    assert codes(replace(bare, height=Q("170 cm"))) == [9019]
    assert codes(replace(bare, height=Q("170 cm"), weight=Q("70 kg"))) == []


def test_pca_beyond_its_entry():
    """An order of PCA for what is not, a dose limit that the library does not hold, doses by staff."""
    pca = Pca(dose=limits("mg", 0, 3))
    held = {"type": EntryType.PCA, "concentration": Concentration(amount=Q("50 mg"), volume=Q("50 mL")), "pca": pca}
    order = of_drug(base("morphine"))
    assert codes(order, library=one_entry(**held)) == []
    doses = {"loading": Delivery(dose=limits("mg", 1, 10)), "bolus": Delivery(dose=limits("mg", 1, 10))}
    by_staff = changed(changed(order, "loading", "5 mg"), "clinician", "11 mg")
    given = answer(by_staff, library=one_entry(**held, **doses))
    assert [programme.mode for programme in given.programmes] == [Mode.PCA, Mode.LOADING, Mode.BOLUS]
    assert [error.code for error in given.errors] == [9024]
    assert codes(of_drug(base("saline")), library=one_entry(**held)) == [9010]


# --- What runs -------------------------------------------------------------------------------------------------------


def test_a_bolus_takes_strength_and_weight_from_what_runs():
    """The order need not repeat them; where nobody knows them nothing is given."""
    assert answer(changed(base("bolus"), "strength", ""), FENTANYL).is_accepted
    unknown = replace(FENTANYL, running=replace(RUNS["fentanyl"], entry=None))
    assert codes(base("bolus"), unknown) == [9036]
    assert codes(base("bolus"), replace(FENTANYL, care_area="children")) == [9036]
    assert codes(base("bolus"), replace(FENTANYL, activity=Activity.IDLE)) == [9035]
    assert codes(changed(base("bolus"), "medicine", "nothing"), FENTANYL) == [9036]


def test_a_bolus_from_an_open_strength_needs_the_strength_that_runs():
    """November 2018: the strength is what the pump was told, so it must be known, and the same."""
    held = Concentration(limits=limits("mg/mL", 0, 50))
    library = one_entry(
        type=EntryType.CONTINUOUS,
        concentration=held,
        dose=limits("mg/h", 0, 50),
        bolus=Delivery(dose=limits("mg/kg", 0, 1)),
    )
    order = of_drug(changed(changed(base("bolus"), "rate", "10 mg"), "strength", "400 mg in 250 mL"))
    runs = Running(order_id="12345", entry="row", dose=Q("10 mg/h"), amount=Q("400 mg"), diluent=Q("250 mL"))
    pump = replace(FENTANYL, running=runs, weight=Q("70 kg"))
    given = answer(order, pump, library=library)
    assert given.is_accepted
    assert given.programme is not None
    assert given.programme.weight == Q("70 kg")
    assert codes(order, replace(pump, running=replace(runs, amount=None)), library=library) == [9037]
    assert codes(order, replace(pump, running=replace(runs, amount=Q("200 mg"))), library=library) == [9037]
    assert codes(changed(order, "rate", "0.5 mg/kg"), pump, library=library) == []
    assert codes(changed(order, "rate", "1 g"), pump, library=library) == [9040]
    assert codes(changed(order, "rate", "1 g"), replace(pump, running=replace(runs, dose=None)), library=library) == [
        9040
    ]
    assert codes(order, replace(pump, weight=None), library=library) == [9019]
    assert codes(changed(order, "strength", "400 units in 250 mL"), pump, library=library) == [9037]


def test_a_bolus_of_a_fluid_and_a_strength_that_it_does_not_have():
    """A fluid has a bolus by volume, and no strength."""
    library = one_entry(rate=limits("mL/h", 1, 100), bolus=Delivery(volume=limits("mL", 1, 100)))
    runs = replace(FENTANYL, running=Running(order_id="12345", entry="row", dose=Q("50 mL/h")))
    order = of_drug(changed(changed(changed(base("bolus"), "rate", ""), "volume", "20 mL"), "strength", ""))
    assert codes(order, runs, library=library) == []
    assert codes(changed(changed(order, "volume", ""), "rate", "20 mL"), runs, library=library) == []
    assert codes(changed(order, "strength", "1 mg in 50 mL"), runs, library=library) == [9037]


def test_a_change_is_of_what_runs_and_of_nothing_else():
    """Another order, another medicine, another strength, a single dose: none is changed by order."""
    change = base("change")
    assert answer(change, FENTANYL).is_accepted
    assert answer(replace(change, id="9", parent="12345"), FENTANYL).is_accepted
    assert codes(replace(change, id="9"), FENTANYL) == [9017]
    assert codes(changed(change, "medicine", "dopamine"), FENTANYL) == [9017]
    assert codes(changed(change, "strength", "5 mg in 50 mL"), FENTANYL) == [9018]
    runs = replace(FENTANYL, running=replace(RUNS["fentanyl"], entry="ceftriaxone"))
    assert codes(changed(change, "medicine", "ceftriaxone"), runs) == [9017]
    loose = one_entry(type=EntryType.CONTINUOUS, concentration=Concentration(amount=Q("1 mg"), volume=Q("1 mL")))
    runs = replace(FENTANYL, running=replace(RUNS["fentanyl"], entry="row"))
    assert codes(of_drug(change), runs, library=loose) == [9016]


def test_a_large_step_up_is_for_the_nurse_and_an_unknown_one_is_said():
    """A titration step is a soft limit; what runs now must be known to judge it."""
    library = one_entry(
        type=EntryType.CONTINUOUS,
        concentration=Concentration(amount=Q("1 mg"), volume=Q("1 mL")),
        dose=limits("mg/h", 0, 50),
        titration_step=TitrationStep(factor=Quantity.of(2, "mL").value),
    )
    order = of_drug(changed(base("change"), "rate", "25 mg/h"))
    runs = replace(FENTANYL, running=Running(order_id="12345", entry="row", dose=Q("10 mg/h")))
    (words,) = answer(order, runs, library=library).for_bedside
    assert words.startswith("titration step 25 mg/h is above the soft maximum of 20 mg/h")
    for dose in (None, Q("10 mL/h")):
        pump = replace(runs, running=replace(runs.running or Running(), dose=dose))
        (words,) = answer(order, pump, library=library).for_bedside
        assert words == "how large the step is was not checked: nobody knows what runs"


# --- The pump and the place ------------------------------------------------------------------------------------------


def test_the_place_of_the_patient_decides_with_the_care_area():
    """A pump that is set for another ward judges by other limits."""
    assert codes(DOPAMINE, replace(IDLE, expected_area="children")) == [9021]
    assert codes(DOPAMINE, replace(IDLE, expected_area="ward")) == []


def test_a_patient_whom_the_pump_does_not_know_is_taken_from_the_order():
    """No identifier is ever in a message."""
    assert codes(DOPAMINE, replace(IDLE, patient=None, weight=Q("85000 g (neonatal weight)"))) == []
    (error,) = answer(DOPAMINE, replace(IDLE, patient="another")).errors
    assert "98765" not in str(error)
    assert "98765" not in repr(DOPAMINE)


def test_several_things_wrong_with_the_pump_are_all_said():
    """Both, and the state first."""
    pump = replace(IDLE, activity=Activity.ALARMING, lacks_set=True, rejected_by_user=True)
    assert codes(DOPAMINE, pump) == [9033, 9028, 9023]


def test_ranges_are_told():
    """9005 says from where to where."""
    (error,) = answer(changed(DOPAMINE, "weight", "250 kg")).errors
    assert error.text == "Parameter (Patient Weight (OBX 68063)) outside of allowable range (30 kg to 200 kg)"
    assert refusal(9005, allowed="1 to 2").text == "Parameter () outside of allowable range (1 to 2)"
    open_ended = one_entry(rate=limits("mL/h", 1, 100))
    open_ended = replace(open_ended, care_areas=(replace(open_ended.care_areas[0], max_rate=None),))
    (error,) = answer(of_drug(base("saline")), replace(IDLE, lowest_rate=Q("20 mL/h")), library=open_ended).errors
    assert error.text.endswith("(20 mL/h to no maximum)")


@pytest.mark.parametrize("problem", list(Problem))
@pytest.mark.parametrize("parameter", list(Parameter))
def test_no_refusal_of_the_engine_gets_lost(problem, parameter):
    """Whatever the engine finds, the answer has a code for it."""
    programme = Programme(care_area="ward", entry="dopamine", mode=Mode.CONTINUOUS)
    verdict = Verdict(Decision.REFUSE, (Finding(parameter, problem=problem),))
    arrived = Arrived(order=DOPAMINE, library=LIBRARY, situation=IDLE, at=NOW, rules=USUAL_RULES)
    assert list(errors_of(Judged(programme, verdict), arrived, LIBRARY.entries[0]))


@pytest.mark.parametrize(
    "parameter, problem, code",
    [
        (Parameter.DOSE, Problem.MISSING, 9003),
        (Parameter.PROGRAMME, Problem.NOT_IN_LIBRARY, 9010),
        (Parameter.PROGRAMME, Problem.NO_LIMITS, 9016),
        (Parameter.PROGRAMME, Problem.MODE_NOT_OFFERED, 9039),
        (Parameter.DOSE, Problem.WRONG_UNIT, 9008),
        (Parameter.CONCENTRATION, Problem.FIXED, 9018),
        (Parameter.RATE, Problem.NOT_DELIVERABLE, 9005),
        (Parameter.DOSE, Problem.NOT_POSITIVE, 9004),
        (Parameter.DOSE, Problem.NOT_USED, 9004),
        (Parameter.DOSE, Problem.DISAGREES, 9004),
    ],
)
def test_the_code_of_each_problem(parameter, problem, code):
    """As the table of codes says."""
    programme = Programme(care_area="ward", entry="dopamine", mode=Mode.BOLUS)
    verdict = Verdict(Decision.REFUSE, (Finding(parameter, problem=problem),))
    arrived = Arrived(order=DOPAMINE, library=LIBRARY, situation=IDLE, at=NOW, rules=USUAL_RULES)
    assert [e.code for e in errors_of(Judged(programme, verdict), arrived, LIBRARY.entries[0])] == [code]


def test_what_is_exactly_at_an_edge_is_inside_it():
    """The slowest rate, the largest volume of all steps, the most that rounding explains."""
    assert codes(base("saline"), replace(IDLE, lowest_rate=Q("13.3 mL/h"))) == []
    assert codes(changed(base("morphine"), "volume", "3000 mL")) == []
    slow = changed(changed(base("saline"), "rate", "60 mL/h"), "volume", "100 mL")
    assert codes(changed(slow, "duration", "101 min")) == []
    assert codes(changed(slow, "duration", "101.1 min")) == [9004]


def test_doses_by_staff_that_the_entry_does_not_offer_are_named():
    """Each by its own field."""
    for part, field in (("loading", Field.LOADING), ("clinician", Field.CLINICIAN)):
        assert answer(changed(base("morphine"), part, "5 mg")).errors[0].fields == (field,)


def test_the_answer_of_a_refused_order_has_no_programme():
    """Nothing that could be started by mistake."""
    given = answer(changed(DOPAMINE, "volume", ""))
    assert given.programme is None
    assert given.verdict is None
    assert given.order_id == "12345"


def test_a_weight_in_grams_is_one_of_a_patient():
    """UCUM writes grams of drug and of patient alike."""
    order = replace(DOPAMINE, weight=Quantity.of(85000, "g"), pca=None)
    assert codes(order) == []
    assert PcaOrder() == PcaOrder()
    assert datetime(2026, 11, 28, 12, tzinfo=UTC) == NOW
