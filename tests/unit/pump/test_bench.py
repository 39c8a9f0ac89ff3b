"""Orders at a virtual pump: what it holds is what was ordered, or it is refused, and the nurse has the last word."""

from dataclasses import replace
from typing import Any

import pytest

from openinfusion.core.dosing import check
from openinfusion.core.events import LibraryVersion
from openinfusion.core.orders import Medicines, OrderKind, StepKind
from openinfusion.core.programme import Programme
from openinfusion.core.units import Quantity
from openinfusion.pump.bench.bench import Bench, BenchPump
from openinfusion.pump.bench.hands import Act, Hands, LostError
from openinfusion.pump.bench.keying import differences
from openinfusion.pump.bench.nurse import Nurse
from openinfusion.pump.machine import Held, Note, Pump
from openinfusion.pump.models import find_model
from tests.order_words import LIBRARY, NOW, base, changed

HELD = Held(LIBRARY, LibraryVersion(name="orders", version="1.0.0"))
ACCEPTED = ("dopamine", "saline", "ceftriaxone", "morphine", "fentanyl", "carboplatin", "amiodarone")
ON_FENTANYL = ("bolus", "change")


class Ward:
    """One pump on a bench, what was done at it, and what it noted."""

    def __init__(self, nurse=Nurse.CONFIRMS, model="meridian-v7", start=NOW):
        self.acts: list[Act] = []
        self.notes: list[Note] = []
        self.pump = Pump("A0001", find_model(model), HELD, tell=self.notes.append)
        hands = Hands(self.pump, tell=self.acts.append)
        hands.choose("power", "ward", "skip")
        self.bench = Bench({"A0001": BenchPump(hands, nurse=nurse)}, Medicines(LIBRARY), start=start)

    def told(self, order, nurse=None):
        if nurse is not None:
            self.bench.pumps["A0001"] = replace(self.bench.pumps["A0001"], nurse=nurse)
        return self.bench.obey(order, received=NOW, at=NOW)

    def codes(self, order, nurse=None):
        return [error.code for error in self.told(order, nurse).answer.errors]


@pytest.mark.parametrize("name", [*ACCEPTED, *ON_FENTANYL])
def test_what_flows_is_what_was_ordered(name):
    """Everything that follows from the programme in the pump's record follows from the order too, exactly."""
    ward = Ward()
    if name in ON_FENTANYL:
        assert ward.codes(base("fentanyl")) == []
    answered = ward.told(base(name))
    assert answered.answer.errors == ()
    held = [note.fields["programme"] for note in ward.notes if isinstance(note.fields.get("programme"), Programme)][-1]
    ordered = check(answered.answer.programme, LIBRARY).derived
    assert check(held, LIBRARY).derived.rate == ordered.rate or name == "bolus"
    assert check(held, LIBRARY).derived.dose == ordered.dose
    assert check(held, LIBRARY).derived.volume == ordered.volume
    assert ward.pump.channel.infusion is not None


@pytest.mark.parametrize(("nurse", "code"), [(Nurse.REFUSES, 9023), (Nurse.WAITS, 9015)])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("name", [*ACCEPTED, *ON_FENTANYL])
def test_nothing_changes_unless_the_nurse_confirms(name, soft, nurse, code):
    """With a soft limit or without one, the pump is afterwards what it was before."""
    ward = Ward()
    if name in ON_FENTANYL:
        assert ward.codes(base("fentanyl")) == []
    before = ward.pump.state()
    order = base(name)
    soft_rates = {"fentanyl": "300 micrograms/h", "change": "300 micrograms/h", "bolus": "60 micrograms"}
    if soft and name in soft_rates:
        order = changed(order, "rate", soft_rates[name])
    answered = ward.told(order, nurse)
    assert [error.code for error in answered.answer.errors] == [code]
    after = ward.pump.state()
    assert [one[0] for one in after.infusions] == [one[0] for one in before.infusions]
    assert (after.flowing and after.flowing.rate) == (before.flowing and before.flowing.rate)
    assert after.unanswered == 0


def test_steps_run_one_after_the_other():
    order = base("steps")
    steps = tuple(
        replace(step, number=number) for number, step in enumerate(order.steps, 1) if step.kind is not StepKind.LOADING
    )
    steps = tuple(replace(step, number=number) for number, step in enumerate(steps, 1))
    ward = Ward()
    assert ward.codes(replace(order, steps=steps, total_steps=len(steps))) == []
    infusion = ward.pump.channel.infusion
    assert infusion is not None
    assert [step.programme.dose for step in infusion.steps] == [step.dose for step in steps]


def test_what_the_pump_would_give_at_another_rate_is_refused():
    """The loading dose is ordered over an hour; this pump asks for no time and would give it faster: 9017."""
    ward = Ward()
    answered = ward.told(base("steps"))
    (error,) = answered.answer.errors
    assert error.code == 9017
    assert error.detail == "the pump holds another rate, duration"
    assert ward.pump.channel.infusion is None


def test_what_no_pump_of_the_bench_can_do_is_refused():
    """A step that waits, and a dose of PCA for later."""
    order = base("steps")
    waits = tuple(replace(step, waits=step.number == 2) for step in order.steps)
    assert Ward().codes(replace(order, steps=waits)) == [9044]
    pca = base("morphine")
    assert pca.pca is not None
    later = replace(pca, pca=replace(pca.pca, clinician=Quantity.read("1 mg")))
    assert Ward().codes(later)[0] in (9017, 9018)


@pytest.mark.parametrize("name", ["ceftriaxone"])
def test_a_secondary_holds_up_the_primary_of_a_bag_pump_only(name):
    """On a syringe pump nothing may be interrupted; beside nothing it cannot be keyed."""
    order = replace(base(name), secondary=True)
    assert Ward().codes(order) == [9017]
    ward = Ward()
    assert ward.codes(base("saline")) == []
    assert ward.codes(order) == []
    assert ward.pump.channel.secondary is not None
    assert ward.codes(replace(order, id="3")) == [9030]


@pytest.mark.parametrize("change", ["dose", "volume", "weight", "entry"])
def test_every_difference_is_noticed(change):
    ordered = Ward().told(base("dopamine")).answer.programme
    assert ordered is not None
    others: dict[str, dict[str, Any]] = {
        "dose": {"dose": Quantity.read("10.001 micrograms/kg/min")},
        "volume": {"volume": Quantity.read("249.999 mL")},
        "weight": {"weight": Quantity.read("85.001 kg")},
        "entry": {"entry": "fentanyl"},
    }
    assert list(differences(ordered, ordered, LIBRARY)) == []
    assert change in list(differences(ordered, replace(ordered, **others[change]), LIBRARY))


def test_the_same_acts_make_the_same_pump():
    """What was done, done again at another pump of the same kind: same state, same records."""
    ward = Ward()
    for name in ("fentanyl", "change", "bolus"):
        assert ward.codes(base(name)) == []
    ward.bench.pumps["A0001"].hands.be_at(ward.pump.now + 100)
    notes: list[Note] = []
    other = Pump("A0001", find_model("meridian-v7"), HELD, tell=notes.append)
    hands = Hands(other)
    hands.do_again(ward.acts)
    hands.be_at(ward.pump.now)
    assert other.state() == ward.pump.state()
    assert [(note.at, note.kind, note.sequence) for note in notes] == [
        (note.at, note.kind, note.sequence) for note in ward.notes
    ]
    assert list(hands.ordered.values()) == ["12345"]


def test_a_screen_that_was_not_expected_refuses():
    hands = Ward().bench.pumps["A0001"].hands
    with pytest.raises(LostError, match="Home and does not take 'start'"):
        hands.choose("start")


def test_every_kind_of_order_is_tried_here():
    assert {base(name).kind for name in (*ACCEPTED, *ON_FENTANYL, "steps")} == set(OrderKind)
