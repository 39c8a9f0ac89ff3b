"""What changed between two libraries, in clinical words."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from openinfusion.core.difference import Change, ChangeKind, difference
from openinfusion.core.library import (
    About,
    Advisory,
    CareArea,
    Concentration,
    Decision,
    Delivery,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Pca,
    Population,
    Route,
    Source,
    TitrationStep,
)
from openinfusion.core.units import Quantity, Unit


def limits(unit, **values):
    return Limits(unit=Unit.read(unit), **{name: Fraction(value) for name, value in values.items()})


def strength(amount, volume):
    return Concentration(amount=Quantity.read(amount), volume=Quantity.read(volume))


DOSE = limits("ug/h", hard_min="5", soft_min="10", usual_max="150", soft_max="200", hard_max="400", initial="50")
BOLUS = Delivery(dose=limits("ug", soft_max="100", hard_max="200"))
ENTRY = Entry(
    id="fentanyl",
    drug="fentanyl",
    care_area="icu",
    type=EntryType.CONTINUOUS,
    concentration=strength("2.5 mg", "50 mL"),
    dose=DOSE,
    bolus=BOLUS,
    advisories=("a1",),
)
LIBRARY = Library(
    library=About(name="Example", organisation="Trust", version="1"),
    drugs=(Drug(id="fentanyl", name="fentanyl"),),
    care_areas=(
        CareArea(
            id="icu",
            name="Intensive care",
            population=Population.ADULT,
            weight=limits("kg", hard_min="30", hard_max="200"),
            max_rate=Quantity.read("999 mL/h"),
        ),
    ),
    advisories=(Advisory(id="a1", text="Check the strength"),),
    entries=(ENTRY,),
)


def changes_of(**changed) -> list[Change]:
    """Return the changes when the one entry is replaced by one with these fields."""
    after = replace(LIBRARY, entries=(replace(ENTRY, **changed),))
    return list(difference(LIBRARY, after).changes)


def dose(**changed):
    values = {name: Fraction(v) if v is not None else None for name, v in changed.items()}
    return replace(DOSE, **values)


def test_a_library_does_not_differ_from_itself():
    found = difference(LIBRARY, LIBRARY)
    assert found.changes == ()
    assert found.entries_unchanged == 1


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("hard_max", "500", ChangeKind.LIMIT_WIDENED),
        ("hard_max", "300", ChangeKind.LIMIT_TIGHTENED),
        ("hard_max", None, ChangeKind.LIMIT_REMOVED),
        ("soft_max", "250", ChangeKind.LIMIT_WIDENED),
        ("hard_min", "1", ChangeKind.LIMIT_WIDENED),
        ("hard_min", "7", ChangeKind.LIMIT_TIGHTENED),
        ("soft_min", "20", ChangeKind.LIMIT_TIGHTENED),
        ("soft_min", None, ChangeKind.LIMIT_REMOVED),
        ("usual_min", "20", ChangeKind.USUAL_CHANGED),
        ("usual_max", "160", ChangeKind.USUAL_CHANGED),
        ("initial", "60", ChangeKind.INITIAL_CHANGED),
    ],
)
@pytest.mark.hazard("LC-02")
def test_a_limit_that_lets_more_through_is_widened(name, value, kind):
    """Up is wider for a maximum and tighter for a minimum."""
    (change,) = changes_of(dose=dose(**{name: value}))
    assert change.kind is kind
    assert change.field == f"dose.{name}"
    assert change.is_loosening == (kind in (ChangeKind.LIMIT_WIDENED, ChangeKind.LIMIT_REMOVED))


def test_a_change_shows_both_values_and_the_factor():
    (change,) = changes_of(dose=dose(hard_max="1000"))
    assert change.before == "400 micrograms/h"
    assert change.after == "1,000 micrograms/h (2.5 times)"
    assert str(change) == (
        "fentanyl, Intensive care, 2.5 mg in 50 mL: limit widened, dose hard maximum: "
        "400 micrograms/h -> 1,000 micrograms/h (2.5 times)"
    )


def test_a_limit_from_zero_has_no_factor():
    before = replace(LIBRARY, entries=(replace(ENTRY, dose=dose(hard_min="0")),))
    after = replace(LIBRARY, entries=(replace(ENTRY, dose=dose(hard_min="2")),))
    (change,) = difference(before, after).changes
    assert change.after == "2 micrograms/h"


def test_a_limit_set_where_none_was():
    (change,) = changes_of(bolus=replace(BOLUS, volume=limits("mL", hard_max="2")))
    assert (change.kind, change.field, change.before, change.after) == (
        ChangeKind.LIMIT_SET,
        "bolus.volume.hard_max",
        None,
        "2 mL",
    )
    assert str(change).endswith("limit set, bolus volume hard maximum: 2 mL")


def test_the_same_limits_in_another_unit_change_only_the_unit():
    same = limits(
        "mg/h", hard_min="0.005", soft_min="0.01", usual_max="0.15", soft_max="0.2", hard_max="0.4", initial="0.05"
    )
    (change,) = changes_of(dose=same)
    assert (change.kind, change.before, change.after) == (ChangeKind.UNIT_CHANGED, "micrograms/h", "mg/h")


def test_the_same_digits_in_another_unit_are_widened_limits_too():
    kinds = {change.kind for change in changes_of(dose=replace(DOSE, unit=Unit.read("mg/h")))}
    assert {ChangeKind.UNIT_CHANGED, ChangeKind.LIMIT_WIDENED} <= kinds


def test_limits_that_count_something_else_are_one_change():
    (change,) = changes_of(dose=limits("ug/kg/h", soft_max="2"))
    assert (change.kind, change.field) == (ChangeKind.UNIT_CHANGED, "dose")


@pytest.mark.parametrize(
    ("concentration", "kind"),
    [
        (Concentration(), ChangeKind.CONCENTRATION_OPENED),
        (strength("5 mg", "50 mL"), ChangeKind.STRENGTH_CHANGED),
        (strength("2500 micrograms", "50 mL"), ChangeKind.UNIT_CHANGED),
        (strength("1.25 mg", "25 mL"), ChangeKind.STRENGTH_CHANGED),
    ],
)
@pytest.mark.hazard("LC-01")
def test_what_changes_in_a_concentration(concentration, kind):
    (change,) = changes_of(concentration=concentration)
    assert change.kind is kind
    assert change.is_loosening


@pytest.mark.hazard("LC-01")
def test_fixing_an_open_concentration_is_no_loosening():
    before = replace(LIBRARY, entries=(replace(ENTRY, id="open", concentration=Concentration()),))
    (change,) = difference(before, LIBRARY).changes
    assert change.kind is ChangeKind.CONCENTRATION_FIXED
    assert not change.is_loosening


def test_an_entry_whose_id_went_and_came_is_paired_by_its_row():
    after = replace(LIBRARY, entries=(replace(ENTRY, id="new", concentration=strength("5 mg", "50 mL")),))
    (change,) = difference(LIBRARY, after).changes
    assert change.kind is ChangeKind.STRENGTH_CHANGED


def test_rows_that_could_be_two_entries_are_not_paired():
    two = tuple(replace(ENTRY, id=f"new-{n}", concentration=strength(f"{n} mg", "50 mL")) for n in (5, 10))
    kinds = [change.kind for change in difference(LIBRARY, replace(LIBRARY, entries=two)).changes]
    assert kinds == [ChangeKind.ENTRY_REMOVED, ChangeKind.ENTRY_ADDED, ChangeKind.ENTRY_ADDED]


def test_an_entry_added_says_what_it_allows():
    (change,) = difference(replace(LIBRARY, entries=()), LIBRARY).changes
    assert change.kind is ChangeKind.ENTRY_ADDED
    assert "bolus.dose soft max 100, hard max 200 micrograms" in str(change.after)


def test_a_bolus_that_is_withdrawn_is_one_change_and_no_loosening():
    (change,) = changes_of(bolus=None)
    assert (change.kind, change.field, change.before, change.after) == (
        ChangeKind.SETTING_CHANGED,
        "bolus",
        "yes",
        "no",
    )


@pytest.mark.parametrize(
    ("changed", "kind", "field", "after"),
    [
        ({"therapy": "sedation"}, ChangeKind.NAME_CHANGED, "therapy", "sedation"),
        ({"advisories": ()}, ChangeKind.SETTING_CHANGED, "advisories", None),
        ({"secondary": "allowed"}, ChangeKind.SETTING_CHANGED, "secondary", "allowed"),
        ({"device_settings": {"audio": "low"}}, ChangeKind.SETTING_CHANGED, "device_settings", "audio low"),
        ({"anaesthesia_only": True}, ChangeKind.SETTING_CHANGED, "anaesthesia_only", "yes"),
        ({"route": Route.CENTRAL}, ChangeKind.SETTING_CHANGED, "route", "intravenous central"),
        ({"rationale": "why"}, ChangeKind.TEXT_CHANGED, "rationale", "why"),
        ({"review_by": date(2027, 3, 1)}, ChangeKind.TEXT_CHANGED, "review_by", "01-Mar-2027"),
        ({"sources": (Source(field="dose", citation="BNF"),)}, ChangeKind.TEXT_CHANGED, "sources", "dose: BNF"),
        (
            {"decisions": (Decision(field="dose", decision="d", reason="r"),)},
            ChangeKind.TEXT_CHANGED,
            "decisions",
            "dose: d (r)",
        ),
    ],
)
def test_every_other_field_is_compared(changed, kind, field, after):
    (change,) = changes_of(**changed)
    assert (change.kind, change.field, change.after) == (kind, field, after)


def test_the_window_of_a_pca_is_compared():
    pca = Pca(dose=limits("mg", hard_max="2"), accumulated=limits("mg", hard_max="10"), window=Quantity.read("1 h"))
    before = replace(ENTRY, type=EntryType.PCA, bolus=None, pca=pca)
    after = replace(before, pca=replace(pca, window=Quantity.read("4 h"), bolus_counts=False))
    found = difference(replace(LIBRARY, entries=(before,)), replace(LIBRARY, entries=(after,))).changes
    assert [(c.field, c.before, c.after) for c in found] == [
        ("pca.bolus_counts", "yes", "no"),
        ("pca.window", "1 h", "4 h"),
    ]


def test_drugs_and_care_areas_are_compared():
    drugs = (
        Drug(id="fentanyl", name="fentanyl", aliases=("Sublimaze",), high_alert=True),
        Drug(id="x", name="ketamine"),
    )
    areas = (
        replace(
            LIBRARY.care_areas[0],
            weight=limits("kg", hard_min="20", hard_max="200"),
            max_rate=Quantity.read("1200 mL/h"),
            max_volume=Quantity.read("500 mL"),
            owner="Lead nurse",
        ),
        CareArea(id="ward", name="Ward", population=Population.ADULT),
    )
    forth = difference(LIBRARY, replace(LIBRARY, drugs=drugs, care_areas=areas))
    assert [(c.kind, c.subject, c.field) for c in forth.changes] == [
        (ChangeKind.LIMIT_WIDENED, "Intensive care", "max_rate"),
        (ChangeKind.LIMIT_WIDENED, "Intensive care", "weight.hard_min"),
        (ChangeKind.CARE_AREA_ADDED, "Ward", ""),
        (ChangeKind.DRUG_ADDED, "ketamine", ""),
        (ChangeKind.LIMIT_SET, "Intensive care", "max_volume"),
        (ChangeKind.NAME_CHANGED, "fentanyl", "aliases"),
        (ChangeKind.SETTING_CHANGED, "fentanyl", "high_alert"),
        (ChangeKind.TEXT_CHANGED, "Intensive care", "owner"),
    ]
    assert str(forth.changes[2]) == "Ward: care area added"
    back = difference(replace(LIBRARY, drugs=drugs, care_areas=areas), LIBRARY)
    assert {ChangeKind.CARE_AREA_REMOVED, ChangeKind.DRUG_REMOVED} <= {c.kind for c in back.changes}


def test_the_count_lists_kinds_in_the_order_of_attention():
    found = difference(LIBRARY, replace(LIBRARY, entries=(replace(ENTRY, dose=dose(hard_max=None, soft_max="300")),)))
    assert list(found.count().items()) == [(ChangeKind.LIMIT_REMOVED, 1), (ChangeKind.LIMIT_WIDENED, 1)]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, 2, ChangeKind.LIMIT_SET),
        (2, None, ChangeKind.LIMIT_REMOVED),
        (2, 3, ChangeKind.LIMIT_WIDENED),
        (3, 2, ChangeKind.LIMIT_TIGHTENED),
    ],
)
def test_a_titration_step_is_a_limit(before, after, kind):
    """Without a step every increase passes, so removing it lets more through."""
    one, two = (
        replace(LIBRARY, entries=(replace(ENTRY, titration_step=factor and TitrationStep(factor=Fraction(factor))),))
        for factor in (before, after)
    )
    (change,) = difference(one, two).changes
    assert (change.kind, change.field) == (kind, "titration_step")


@pytest.mark.hazard("US-03")
def test_a_bolus_that_is_newly_offered_lets_more_through():
    before = replace(LIBRARY, entries=(replace(ENTRY, bolus=None),))
    kinds = {change.kind: change.is_loosening for change in difference(before, LIBRARY).changes}
    assert kinds[ChangeKind.DOSE_OFFERED]


def test_an_id_that_now_names_another_drug_is_told_first():
    drugs = (*LIBRARY.drugs, Drug(id="ketamine", name="ketamine"))
    before = replace(LIBRARY, drugs=drugs)
    after = replace(before, entries=(replace(ENTRY, drug="ketamine"),))
    (change,) = difference(before, after).changes
    assert (change.kind, change.field, change.before, change.after) == (
        ChangeKind.DRUG_CHANGED,
        "drug",
        "fentanyl",
        "ketamine",
    )


@pytest.mark.hazard("LC-01")
def test_bounds_that_go_because_the_strength_is_fixed_are_not_limits_removed():
    bounded = Concentration(limits=limits("ug/mL", hard_min="40", hard_max="60"))
    before = replace(LIBRARY, entries=(replace(ENTRY, concentration=bounded),))
    (change,) = difference(before, LIBRARY).changes
    assert change.kind is ChangeKind.CONCENTRATION_FIXED
    loose = replace(LIBRARY, entries=(replace(ENTRY, concentration=Concentration()),))
    assert {c.kind for c in difference(before, loose).changes} == {ChangeKind.LIMIT_REMOVED}


DEMAND = Pca(
    dose=limits("mg", hard_max="2"),
    lockout=limits("min", hard_min="5"),
    accumulated=limits("mg", hard_max="10"),
    window=Quantity.read("4 h"),
)
PCA = replace(
    ENTRY,
    type=EntryType.PCA,
    bolus=None,
    pca=DEMAND,
)


@pytest.mark.parametrize(
    ("before", "after", "kind", "field"),
    [
        (ENTRY, replace(ENTRY, route=Route.EPIDURAL), ChangeKind.DRUG_CHANGED, "route"),
        (replace(ENTRY, route=Route.CENTRAL), ENTRY, ChangeKind.DRUG_CHANGED, "route"),
        (ENTRY, replace(ENTRY, type=EntryType.FLUID), ChangeKind.DRUG_CHANGED, "type"),
        (replace(ENTRY, anaesthesia_only=True), ENTRY, ChangeKind.SAFEGUARD_LIFTED, "anaesthesia_only"),
        (PCA, replace(PCA, pca=replace(DEMAND, bolus_counts=False)), ChangeKind.SAFEGUARD_LIFTED, "pca.bolus_counts"),
        (
            PCA,
            replace(PCA, pca=replace(DEMAND, window=Quantity.read("1 h"))),
            ChangeKind.LIMIT_WIDENED,
            "pca.window",
        ),
        (
            PCA,
            replace(PCA, pca=replace(DEMAND, lockout=limits("min", hard_min="3"))),
            ChangeKind.LIMIT_WIDENED,
            "pca.lockout.hard_min",
        ),
        (
            ENTRY,
            replace(ENTRY, dose=limits("ug/h", usual_max="150", initial="50")),
            ChangeKind.LIMIT_REMOVED,
            "dose.hard_min",
        ),
    ],
)
@pytest.mark.hazard("LC-02")
def test_what_lets_more_through_or_lifts_a_safeguard_is_marked(before, after, kind, field):
    """The same numbers for another route, a shorter window, a safeguard gone."""
    one, two = (replace(LIBRARY, entries=(entry,)) for entry in (before, after))
    change = next(change for change in difference(one, two).changes if change.field == field)
    assert change.kind is kind
    assert change.is_loosening


@pytest.mark.hazard("LC-02")
def test_a_background_that_is_newly_offered_lets_more_through():
    """The own dose of a PCA is its background; without one none is offered."""
    plain, running = (replace(LIBRARY, entries=(entry,)) for entry in (replace(PCA, dose=None), PCA))
    (offered, *limits_set) = difference(plain, running).changes
    assert (offered.kind, offered.field, offered.is_loosening) == (ChangeKind.DOSE_OFFERED, "background", True)
    assert {change.kind for change in limits_set} <= {
        ChangeKind.LIMIT_SET,
        ChangeKind.USUAL_CHANGED,
        ChangeKind.INITIAL_CHANGED,
    }
    (withdrawn,) = difference(running, plain).changes
    assert (withdrawn.kind, withdrawn.field) == (ChangeKind.SETTING_CHANGED, "background")


@pytest.mark.hazard("CF-03")
def test_an_entry_added_lets_more_through():
    """Otherwise renaming a care area, and every limit in it, would pass without a mark."""
    (change,) = difference(replace(LIBRARY, entries=()), LIBRARY).changes
    assert change.is_loosening


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({"high_alert": True}, {}, ChangeKind.SAFEGUARD_LIFTED),
        ({}, {"high_alert": True}, ChangeKind.SETTING_CHANGED),
        ({}, {"name": "alfentanil"}, ChangeKind.DRUG_CHANGED),
        ({"vtm": "1"}, {"vtm": "2"}, ChangeKind.DRUG_CHANGED),
        ({}, {"vtm": "2"}, ChangeKind.SETTING_CHANGED),
    ],
)
def test_a_drug_that_becomes_another_or_less_guarded_is_marked(before, after, kind):
    one, two = (
        replace(LIBRARY, drugs=(replace(LIBRARY.drugs[0], **changed),), entries=()) for changed in (before, after)
    )
    (change,) = difference(one, two).changes
    assert change.kind is kind


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({}, {"population": Population.NEONATAL}, ChangeKind.DRUG_CHANGED),
        ({"kvo_rate": "1"}, {"kvo_rate": "5"}, ChangeKind.LIMIT_WIDENED),
        ({"kvo_rate": "5"}, {"kvo_rate": "1"}, ChangeKind.LIMIT_TIGHTENED),
        ({}, {"kvo_rate": "1"}, ChangeKind.SETTING_CHANGED),
        ({"max_rate": "999"}, {}, ChangeKind.LIMIT_REMOVED),
        ({"weight": limits("kg", hard_max="5")}, {"weight": limits("kg")}, ChangeKind.LIMIT_REMOVED),
    ],
)
@pytest.mark.hazard("CF-06")
def test_a_care_area_that_lets_more_through_is_marked(before, after, kind):
    area = CareArea(id="a", name="A", population=Population.ADULT)
    one, two = (
        replace(LIBRARY, care_areas=(replace(area, **read_rates(changed)),), entries=()) for changed in (before, after)
    )
    (change,) = difference(one, two).changes
    assert change.kind is kind


def read_rates(changed):
    return {name: Quantity.of(v, "mL/h") if isinstance(v, str) else v for name, v in changed.items()}


def test_the_text_of_an_advisory_is_compared():
    """The entry keeps the id of the text; what the pump shows is another."""
    after = replace(LIBRARY, advisories=(Advisory(id="a1", text="Any strength will do"), Advisory(id="a2", text="x")))
    (change,) = difference(LIBRARY, after).changes
    assert str(change) == "advisory a1: text changed, text: Check the strength -> Any strength will do"


@pytest.mark.hazard("LC-01")
def test_strengths_that_are_shown_alike_still_differ():
    """Both are "about 1 mg"; the eye is not the judge."""
    before, after = (replace(ENTRY, concentration=strength(f"1.000000{n} mg", "50 mL")) for n in (1, 2))
    one, two = (replace(LIBRARY, entries=(entry,)) for entry in (before, after))
    (change,) = difference(one, two).changes
    assert change.kind is ChangeKind.STRENGTH_CHANGED
