"""A file of orders against the library of the specification: each heading, and what a pharmacist is told beside it."""

from dataclasses import replace

import pytest

from openinfusion.core.library import About, Concentration, EntryType, Library
from openinfusion.core.order_reconciliation import Filed, Line, Outcome, area_id, reconcile
from openinfusion.core.orders import Code, Medication, Order, OrderKind, Step
from openinfusion.core.units import Quantity
from tests.order_words import LIBRARY, NOW, base, changed

Q = Quantity.read
DOPAMINE = base("dopamine")


def line(
    order: Order | None, *, area: str | None = "ward", library: Library = LIBRARY, says: str | None = None
) -> Line:
    made = reconcile([Filed("row 2", order, says)], library, at=NOW, area=area)
    return made.lines[0]


def bare(order: Order) -> Order:
    """An order as a file gives it: no nurse, no pump, no patient, no moment."""
    return replace(order, pump=None, operator=None, patient=None, placed_at=None, parent=None)


@pytest.mark.parametrize(
    "order, outcome",
    [
        (DOPAMINE, Outcome.MATCHED),
        (changed(DOPAMINE, "rate", "100 micrograms/kg/min"), Outcome.REFUSED),
        (changed(DOPAMINE, "strength", "400 mg in 270 mL"), Outcome.OVERFILL),
        (changed(DOPAMINE, "strength", "400 mg in 200 mL"), Outcome.UNDERFILL),
        (changed(DOPAMINE, "strength", "200 mg in 250 mL"), Outcome.STRENGTH),
        (changed(DOPAMINE, "strength", ""), Outcome.INCOMPLETE),
        (changed(changed(DOPAMINE, "volume", ""), "device", "large-volume pump"), Outcome.INCOMPLETE),
        (changed(DOPAMINE, "volume", ""), Outcome.MATCHED),
        (changed(DOPAMINE, "medicine", "dopamin"), Outcome.NO_MEDICINE),
        (changed(DOPAMINE, "code", "900000004"), Outcome.TWO_MEDICINES),
        (changed(DOPAMINE, "route", "epidural"), Outcome.ROUTE),
        (changed(DOPAMINE, "therapy", "shock"), Outcome.THERAPY),
        (changed(DOPAMINE, "secondary", "yes"), Outcome.PLACE),
        (changed(DOPAMINE, "demand", "1 mg"), Outcome.TYPE),
        (changed(DOPAMINE, "rate", "5 mL/h"), Outcome.UNIT),
        (base("heparin"), Outcome.SEVERAL),
        (base("bolus"), Outcome.MATCHED),
        (changed(base("bolus"), "strength", ""), Outcome.MATCHED),
        (changed(base("bolus"), "strength", "2.5 mg in 60 mL"), Outcome.OVERFILL),
        (changed(base("bolus"), "medicine", "ceftriaxone"), Outcome.TYPE),
        (changed(base("bolus"), "medicine", "nothing"), Outcome.NO_MEDICINE),
        (changed(base("bolus"), "rate", "500 micrograms"), Outcome.REFUSED),
        (base("change"), Outcome.MATCHED),
        (changed(base("change"), "medicine", "heparin"), Outcome.SEVERAL),
        (changed(changed(base("change"), "medicine", "saline"), "rate", "60 mL/h"), Outcome.MATCHED),
        (base("steps"), Outcome.MATCHED),
        (None, Outcome.UNREADABLE),
    ],
)
def test_every_order_stands_under_one_heading(order, outcome):
    """Matched or not, and why; what only the bedside can say is not asked."""
    assert line(bare(order) if order is not None else None).outcome is outcome


def test_a_care_area_is_known_by_id_or_name_and_an_unknown_one_is_said():
    """The file before the command; no area is every area."""
    assert line(bare(DOPAMINE), says="WARD ", area="children").outcome is Outcome.MATCHED
    assert line(bare(DOPAMINE), area="children").outcome is Outcome.NOT_IN_AREA
    assert line(bare(base("change")), area="children").outcome is Outcome.NOT_IN_AREA
    unknown = line(bare(DOPAMINE), area="surgery")
    assert unknown.outcome is Outcome.NOT_IN_AREA
    assert unknown.answer is not None
    assert unknown.answer.errors[0].code == 9021
    assert line(bare(base("bolus")), area="surgery").outcome is Outcome.NOT_IN_AREA
    assert area_id(LIBRARY, "Ward") == "ward"
    assert area_id(LIBRARY, "surgery") is None


def test_without_an_area_every_area_of_the_medicine_is_asked():
    """The best answer stands, with all areas that match."""
    twin = replace(LIBRARY.entries[0], id="dopamine-children", care_area="children")
    library = replace(LIBRARY, entries=(*LIBRARY.entries, twin))
    assert line(bare(DOPAMINE), area=None, library=library).matches_in == ("children", "ward")
    assert line(bare(DOPAMINE), area=None).matches_in == ("ward",)
    assert line(bare(changed(DOPAMINE, "medicine", "x")), area=None).outcome is Outcome.NO_MEDICINE
    empty = Library(library=About(name="n", organisation="o", version="1.0.0"))
    assert line(bare(DOPAMINE), area=None, library=empty).outcome is Outcome.NO_MEDICINE


def test_volumes_that_differ_at_the_same_strength_are_noted():
    """The pump runs alike; the bag does not."""
    double = line(bare(changed(DOPAMINE, "strength", "800 mg in 500 mL")))
    assert double.notes == ("volume: ordered in 500 mL, the library has 400 mg in 250 mL; the strength is the same",)
    over = line(bare(changed(DOPAMINE, "volume", "270 mL")))
    assert over.notes == ("volume: 270 mL to be infused from 250 mL",)
    near = line(bare(changed(DOPAMINE, "medicine", "dopamin")))
    assert near.notes[0].startswith("near: dopamine (spelled nearly as")


def test_an_open_strength_may_be_what_runs():
    """What the order gives is what runs."""
    fentanyl = next(entry for entry in LIBRARY.entries if entry.id == "fentanyl")
    entry = replace(fentanyl, concentration=Concentration(volume=Q("50 mL")))
    library = replace(LIBRARY, entries=(entry,))
    assert line(bare(base("bolus")), library=library).outcome is Outcome.MATCHED
    fluid = replace(entry, concentration=None, dose=None, type=EntryType.FLUID, bolus=None)
    assert line(bare(base("bolus")), library=replace(LIBRARY, entries=(fluid,))).outcome is Outcome.STRENGTH


def test_either_kind_of_pump_is_asked_where_the_order_does_not_say_which():
    """Two entries for the two kinds are two entries."""
    syringe, large = (
        replace(LIBRARY.entries[0], id=kind, delivered_by=(kind,)) for kind in ("syringe pump", "large-volume pump")
    )
    for entries, outcome in (
        ((syringe,), Outcome.MATCHED),
        ((large,), Outcome.MATCHED),
        ((syringe, large), Outcome.SEVERAL),
    ):
        assert line(bare(DOPAMINE), library=replace(LIBRARY, entries=entries)).outcome is outcome
    by_syringe = changed(DOPAMINE, "device", "syringe pump")
    assert line(bare(by_syringe), library=replace(LIBRARY, entries=(large,))).outcome is Outcome.NOT_OFFERED
    wrong = changed(DOPAMINE, "strength", "1 mg in 250 mL")
    assert line(bare(wrong), library=replace(LIBRARY, entries=(large,))).outcome is Outcome.STRENGTH


def test_an_entry_is_named_by_its_id():
    """A code of the library itself tells two entries apart, also for what runs."""
    order = replace(base("change"), medication=Medication((Code("heparin-b"),)))
    assert line(bare(changed(order, "rate", "1000 units/h"))).outcome is Outcome.MATCHED


def test_the_report_counts_in_the_order_of_its_headings():
    """All matched is said only where it is so."""
    filed = [Filed("row 2", bare(DOPAMINE)), Filed("row 3", None), Filed("row 4", bare(base("saline")))]
    made = reconcile(filed, LIBRARY, at=NOW, area="ward")
    assert made.counts == {Outcome.MATCHED: 2, Outcome.UNREADABLE: 1}
    assert not made.is_all_matched
    assert reconcile(filed[:1], LIBRARY, at=NOW, area="ward").is_all_matched
    assert not reconcile([], LIBRARY, at=NOW).is_all_matched


def test_hostile_orders_end_in_a_line():
    """Nothing at all, and far too much."""
    for order in (
        Order(id="", kind=OrderKind.BOLUS, medication=Medication(), steps=()),
        Order(id="x" * 10**5, kind=OrderKind.NEW, medication=Medication(names=("y" * 10**5,)), steps=(Step(),) * 1000),
        changed(DOPAMINE, "weight", "999999999999999999 kg"),
    ):
        assert line(order, area=None).filed.order is order
