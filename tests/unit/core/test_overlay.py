"""Overlays: what a deviation does, what a row may say, what follows from base and overlay, and a merge of three."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from openinfusion.core.errors import LibraryError, OverlayError, UnitMismatchError
from openinfusion.core.library import (
    About,
    Advisory,
    CareArea,
    Concentration,
    Delivery,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Parent,
    Pca,
    Population,
    Route,
    Source,
    Status,
    TitrationStep,
)
from openinfusion.core.overlay import (
    Approval,
    Deviation,
    Overlay,
    ReasonCode,
    Record,
    Row,
    RowState,
    apply,
    effective,
)
from openinfusion.core.overlay_fields import Direction, direction_of, setting_at, setting_text, with_settings
from openinfusion.core.overlay_merge import MergeKind, three_way
from openinfusion.core.overlay_proposal import overlay_of, publish_deviations
from openinfusion.core.units import HOURS, Quantity, Unit

SHA, NEW_SHA = "a" * 64, "b" * 64
BY = Approval(by="Medication committee", on=date(2026, 11, 3))


def limits(unit, **bounds):
    values: dict[str, Any] = {name: Fraction(bound) for name, bound in bounds.items()}
    return Limits(unit=Unit.read(unit), **values)


def strength(amount, volume="50 mL"):
    return Concentration(amount=Quantity.read(amount), volume=Quantity.read(volume))


def entry(name="national", **parts):
    usual: dict[str, Any] = {
        "id": name,
        "drug": "fentanyl",
        "care_area": "critical-care",
        "type": EntryType.CONTINUOUS,
        "concentration": strength("2.5 mg"),
        "dose": limits("ug/h", soft_min="10", soft_max="300", hard_max="600"),
        "bolus": Delivery(dose=limits("ug", hard_max="150")),
    }
    return Entry(**{**usual, **parts})


def library(*entries, version="1.0.0", drugs=("fentanyl",), areas=("critical-care",), advisories=()):
    return Library(
        library=About(name="National", organisation="Curator", version=version),
        drugs=tuple(Drug(id=drug, name=drug) for drug in drugs),
        care_areas=tuple(CareArea(id=area, name=area, population=Population.ADULT) for area in areas),
        advisories=tuple(Advisory(id=name, text=name) for name in advisories),
        entries=entries,
    )


def deviation(field="dose.hard_max", national="600 micrograms/h", local="800 micrograms/h", **said):
    usual: dict[str, Any] = {
        "reason": ReasonCode.FORMULARY,
        "approver": "committee",
        "hazard": "LC-02",
        "review_on": date(2027, 1, 1),
    }
    read = (Quantity.read(value) if isinstance(value, str) else value for value in (national, local))
    return Deviation(field=field, national=next(read), local=next(read), **{**usual, **said})


ADOPTED = Row(state=RowState.ADOPTED, national="national", care_area="icu", entry="local", approved=BY)
DEVIATING = replace(ADOPTED, state=RowState.ADOPTED_WITH_DEVIATION, deviations=(deviation(),))
NOT_USED = Row(state=RowState.NOT_USED, national="national", care_area="icu", reason=ReasonCode.STOCK)
OWN = Row(state=RowState.LOCAL_ONLY, own=entry("own", care_area="icu"), approved=BY)


def overlay(*rows, areas=("icu",), **parts):
    usual: dict[str, Any] = {
        "base": Parent(name="National", version="1.0.0", sha256=SHA),
        "library": About(name="Local", organisation="Trust", version="3.0.0", status=Status.APPROVED),
        "areas": dict.fromkeys(areas, "critical-care"),
        "care_areas": tuple(CareArea(id=area, name=area, population=Population.ADULT) for area in areas),
        "rows": rows,
    }
    return Overlay(**{**usual, **parts})


PCA = Pca(dose=limits("ug", hard_max="20"), window=Quantity(Fraction(4), HOURS), accumulated=limits("ug", hard_max="9"))
DIRECTIONS = [
    ("dose.hard_max", Quantity.read("5 mg/h"), Quantity.read("6 mg/h"), Direction.LOOSER),
    ("dose.hard_max", Quantity.read("5 mg/h"), Quantity.read("5999 micrograms/h"), Direction.LOOSER),
    ("dose.hard_max", Quantity.read("5 mg/h"), Quantity.read("4999 micrograms/h"), Direction.TIGHTER),
    ("dose.hard_max", Quantity.read("5 mg/h"), None, Direction.LOOSER),
    ("dose.hard_max", None, Quantity.read("5 mg/h"), Direction.TIGHTER),
    ("pca.lockout.hard_min", Quantity.read("5 min"), Quantity.read("4 min"), Direction.LOOSER),
    ("dose.initial", Quantity.read("5 mg/h"), Quantity.read("6 mg/h"), Direction.EXTRA),
    ("concentration", strength("1 mg"), strength("2 mg"), Direction.STRENGTH),
    ("concentration", strength("1 mg"), strength("2 mg", "100 mL"), Direction.STRENGTH),
    ("concentration", strength("1 mg"), strength("1000 micrograms"), Direction.UNIT),
    ("concentration", strength("1 mg"), Concentration(), Direction.STRENGTH),
    ("concentration", strength("1 mg"), None, Direction.STRENGTH),
    ("concentration", Concentration(limits=limits("mg/mL", hard_min="1")), Concentration(), Direction.LOOSER),
    ("concentration", Concentration(), Concentration(limits=limits("mg/mL", hard_min="1")), Direction.TIGHTER),
    ("rate", limits("mL/h", hard_max="9"), limits("mL/min", hard_max="9"), Direction.LOOSER),
    ("rate", limits("mL/h", hard_max="60"), limits("mL/min", hard_max="1"), Direction.UNIT),
    ("rate", limits("mL/h", hard_max="60"), limits("mg/h", hard_max="60"), Direction.LOOSER),
    ("rate", limits("mL/h", hard_max="60"), None, Direction.LOOSER),
    ("rate", None, limits("mL/h", hard_max="60"), Direction.TIGHTER),
    ("rate", None, limits("mL/h", usual_max="60"), Direction.EXTRA),
    ("dose", None, limits("mg/h", hard_max="60"), Direction.LOOSER),
    ("bolus", None, Delivery(), Direction.LOOSER),
    ("pca", PCA, None, Direction.TIGHTER),
    ("titration_step", TitrationStep(factor=Fraction(2)), TitrationStep(factor=Fraction(3)), Direction.LOOSER),
    ("titration_step", TitrationStep(factor=Fraction(2)), None, Direction.LOOSER),
    ("titration_step", None, TitrationStep(factor=Fraction(2)), Direction.TIGHTER),
    ("titration_step", TitrationStep(factor=Fraction(3)), TitrationStep(factor=Fraction(2)), Direction.TIGHTER),
    ("route", Route.INTRAVENOUS, Route.EPIDURAL, Direction.LOOSER),
    ("route", Route.INTRAVENOUS, Route.CENTRAL, Direction.EXTRA),
    ("therapy", "pain", "sedation", Direction.NAME),
    ("anaesthesia_only", True, False, Direction.LOOSER),
    ("pca.window", Quantity.read("4 h"), Quantity.read("60 min"), Direction.LOOSER),
    ("pca.window", Quantity.read("60 min"), Quantity.read("4 h"), Direction.TIGHTER),
    ("pca.bolus_counts", True, False, Direction.LOOSER),
    ("secondary", "not allowed", "allowed", Direction.EXTRA),
]


@pytest.mark.hazard("LC-02")
@pytest.mark.parametrize("path, national, local, expected", DIRECTIONS)
def test_the_direction_of_a_deviation_follows_from_its_values(path, national, local, expected):
    """What cannot be shown to be tighter is looser; looser and another strength need a hazard."""
    assert direction_of(path, national, local) is expected
    lacks = Deviation(field=path, national=national, local=local).lacks
    assert ("hazard" in lacks) is (expected in (Direction.LOOSER, Direction.STRENGTH))
    assert {"reason", "approver", "review_on"} <= set(lacks)


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "nothing"),
        ((), "nothing"),
        ({}, "nothing"),
        (True, "yes"),
        (False, "no"),
        (Quantity.read("0.5 mg"), "0.5 mg"),
        (limits("mg/h", hard_max="5"), "hard max 5 mg/h"),
        (strength("2.5 mg"), "2.5 mg in 50 mL"),
        (
            Concentration(limits=limits("mg/mL", hard_max="5")),
            "concentration entered at the bedside, hard max 5 mg/mL",
        ),
        (TitrationStep(factor=Fraction(2)), "2 times"),
        (Route.CENTRAL, "intravenous central"),
        (("a", "b"), "a, b"),
        ({"b": "2", "a": "1"}, "a 1; b 2"),
        (Delivery(volume=limits("mL", hard_max="3")), "volume hard max 3 mL"),
        ("sedation", "sedation"),
    ],
)
def test_a_setting_is_shown_in_words(value, text):
    assert setting_text(value) == text


@pytest.mark.parametrize("path", ["drug", "dose.unit", "dose.hard_max.value", "bolus.hard_max", "pca.dose.x", ""])
def test_no_row_deviates_in_what_makes_it_another_row_or_is_not_there(path):
    with pytest.raises(OverlayError, match=r"deviation\.field"):
        Deviation(field=path, local="x")
    with pytest.raises(OverlayError):
        setting_at(entry(), path)


def test_a_setting_below_what_is_not_there_is_nothing():
    assert setting_at(entry(), "loading.dose.hard_max") is None
    assert setting_at(entry(), "bolus.dose.hard_max") == Quantity.read("150 micrograms")


def test_settings_are_set_all_at_once():
    """Both limits pass the old ones: one after the other they would be out of order on the way."""
    said = {"dose.soft_max": Quantity.read("1 mg/h"), "dose.hard_max": Quantity.read("2 mg/h"), "bolus": None}
    made = with_settings(entry(), said)
    assert made.dose == limits("ug/h", soft_min="10", soft_max="1000", hard_max="2000")
    assert made.bolus is None
    with pytest.raises(OverlayError, match=r"loading\.dose: found no loading in the national row"):
        with_settings(entry(), {"loading.dose": limits("ug", hard_max="1")})
    with pytest.raises(LibraryError, match="out of order"):
        with_settings(entry(), {"dose.soft_max": Quantity.read("1 mg/h")})
    with pytest.raises(UnitMismatchError):
        with_settings(entry(), {"dose.soft_max": Quantity.read("1 mL/h")})


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: deviation(local="0.6 mg/h"), "found the national value again"),
        (lambda: deviation(national=None, local=None), "found the national value again"),
        (lambda: Approval(by=" "), "approved.by"),
        (lambda: replace(ADOPTED, national=None), "row local.national: found nothing in a row that is adopted"),
        (lambda: replace(ADOPTED, entry=None), "row national.entry: found nothing"),
        (lambda: replace(ADOPTED, care_area=None), "care_area: found nothing"),
        (lambda: replace(ADOPTED, own=entry()), "own: found a value"),
        (lambda: replace(ADOPTED, reason=ReasonCode.STOCK), "reason: found a value"),
        (lambda: replace(ADOPTED, deviations=(deviation(),)), "deviations: found a value"),
        (lambda: replace(DEVIATING, deviations=()), "deviations: found nothing"),
        (lambda: replace(NOT_USED, reason=None), "reason: found nothing"),
        (lambda: replace(NOT_USED, entry="x"), "entry: found a value"),
        (lambda: replace(NOT_USED, approved=BY), "first: it is not used"),
        (lambda: replace(OWN, own=None), "row without an id.own: found nothing"),
        (lambda: replace(OWN, national="x"), "national: found a value"),
        (lambda: replace(OWN, care_area="icu"), "care_area: found a value"),
        (lambda: replace(DEVIATING, deviations=(deviation(), deviation())), "dose.hard_max more than once"),
        (
            lambda: replace(DEVIATING, deviations=(deviation(), deviation("dose", limits("mg/h"), None))),
            "dose more than once",
        ),
        (lambda: replace(DEVIATING, deviations=(deviation(hazard=None),)), "dose.hard_max (looser) lacks hazard"),
        (lambda: replace(DEVIATING, deviations=(deviation(reason=None),)), "lacks reason"),
        (lambda: replace(DEVIATING, unresolved="look again"), "first: look again"),
        (lambda: overlay(ADOPTED, ADOPTED), "2 for icu"),
        (lambda: overlay(NOT_USED, replace(NOT_USED, care_area=None), replace(NOT_USED, care_area=None)), "no area"),
        (lambda: overlay(replace(ADOPTED, care_area="x")), "areas: found 'x'"),
        (lambda: overlay(ADOPTED).provenance("x"), "entry: found 'x'"),
        (
            lambda: overlay(
                library=About(
                    name="x", organisation="x", version="1", parent=Parent(name="x", version="1", sha256=NEW_SHA)
                )
            ),
            "library.parent",
        ),
    ],
)
def test_what_breaks_a_rule_of_adoption_is_refused(make, message):
    with pytest.raises(OverlayError) as error:
        make()
    assert message in str(error.value)


def test_an_imported_row_does_not_inherit_approval():
    """The national row is reviewed and its library approved; here it is not, until somebody approves it here."""
    base = replace(library(entry()), library=replace(library().library, status=Status.APPROVED))
    unapproved = apply(base, overlay(replace(ADOPTED, approved=None)))
    assert unapproved.entries[0].unreviewed
    assert unapproved.library.status is Status.DRAFT
    approved = apply(base, overlay(ADOPTED))
    assert not approved.entries[0].unreviewed
    assert approved.library.status is Status.APPROVED
    assert approved.library.parent == Parent(name="National", version="1.0.0", sha256=SHA)


def test_a_local_row_is_the_national_one_with_its_deviations_and_our_record():
    record = Record(rationale="Ours.", sources=(Source(field="entry", citation="Guideline 12"),))
    local = apply(library(entry(rationale="Theirs.")), overlay(replace(DEVIATING, record=record), OWN))
    row = local.find_entry("local")
    assert row == entry(
        "local",
        care_area="icu",
        dose=limits("ug/h", soft_min="10", soft_max="300", hard_max="800"),
        rationale="Ours.",
        sources=record.sources,
    )
    assert [e.id for e in local.entries] == ["local", "own"]


def test_a_row_shows_where_it_comes_from():
    said = overlay(DEVIATING, OWN)
    assert said.provenance("local").base == said.base
    assert said.provenance("local").deviations == DEVIATING.deviations
    assert (said.provenance("own").base, said.provenance("own").state) == (None, RowState.LOCAL_ONLY)


@pytest.mark.parametrize(
    "base, said, message",
    [
        (library(entry(), version="1.0.1"), overlay(ADOPTED), "base: found National 1.0.1; expected National 1.0.0"),
        (library(entry()), overlay(), "rows: found nothing on national in icu"),
        (library(entry()), overlay(areas=()), "rows: found nothing on national;"),
        (library(), overlay(ADOPTED), "expected an entry of the national library"),
        (library(entry()), overlay(ADOPTED, areas=("icu", "hdu")), "nothing on national in hdu"),
        (library(entry(dose=limits("ug/h", hard_max="700"))), overlay(DEVIATING), "another national value"),
    ],
)
def test_an_overlay_that_does_not_fit_its_base_is_refused(base, said, message):
    with pytest.raises(OverlayError) as error:
        apply(base, said)
    assert message in str(error.value)


def test_a_row_that_is_nowhere_national_is_refused():
    elsewhere = replace(overlay(ADOPTED), areas={})
    with pytest.raises(OverlayError, match="nothing on national"):
        apply(library(entry()), elsewhere)
    with pytest.raises(OverlayError, match="icu, which is no national area"):
        effective(ADOPTED, library(entry()), {})
    with pytest.raises(OverlayError, match="no national row"):
        effective(NOT_USED, library(entry()), {"icu": "critical-care"})


# A merge of three

THREE_WAY = [
    ("adopted, unchanged", ADOPTED, entry(), MergeKind.UNCHANGED, "600", False),
    ("adopted, changed", ADOPTED, entry(dose=limits("ug/h", hard_max="500")), MergeKind.TAKEN, "500", False),
    ("adopted, other words", ADOPTED, entry(rationale="New."), MergeKind.TAKEN, "600", False),
    ("adopted, gone", ADOPTED, None, MergeKind.GONE, "600", True),
    ("deviating, unchanged", DEVIATING, entry(), MergeKind.UNCHANGED, "800", False),
    ("deviating, other words", DEVIATING, entry(rationale="New."), MergeKind.TAKEN, "800", False),
    (
        "deviating, the same field changed",
        DEVIATING,
        entry(dose=limits("ug/h", soft_min="10", soft_max="300", hard_max="700")),
        MergeKind.CONFLICT,
        "800",
        True,
    ),
    ("deviating, another field changed", DEVIATING, entry(bolus=None), MergeKind.CONFLICT, "800", True),
    ("deviating, another strength", DEVIATING, entry(concentration=strength("1 mg")), MergeKind.CONFLICT, "800", True),
    (
        "deviating, national is what ours was",
        DEVIATING,
        entry(dose=limits("ug/h", soft_min="10", soft_max="300", hard_max="800")),
        MergeKind.CONVERGED,
        "800",
        False,
    ),
    ("deviating, gone", DEVIATING, None, MergeKind.GONE, "800", True),
    ("deviating, moved", DEVIATING, entry(care_area="theatres"), MergeKind.GONE, "800", True),
    ("not used, unchanged", NOT_USED, entry(), MergeKind.UNCHANGED, None, False),
    ("not used, changed", NOT_USED, entry(bolus=None), MergeKind.LOOK_AGAIN, None, False),
    ("not used, gone", NOT_USED, None, MergeKind.DROPPED, None, False),
    ("our own", OWN, entry(), MergeKind.LOCAL, "600", False),
]


@pytest.mark.parametrize(
    "name, row, now, kind, hard_max, is_unresolved", THREE_WAY, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_national_change_changes_no_local_value_unseen(name, row, now, kind, hard_max, is_unresolved):
    """What is taken is unreviewed; what must be decided again keeps its old values and says so."""
    areas = ("critical-care", "theatres")
    old = library(*([] if row is OWN else [entry()]), areas=areas)
    new = library(*([now] if now and row is not OWN else []), version="1.1.0", areas=areas)
    before = apply(old, overlay(row))
    merge = three_way(old, new, overlay(row), sha256=NEW_SHA, version="3.1.0")
    assert merge.rows[0].kind is kind
    assert bool(merge.of(kind))
    assert bool([m for m in merge.unresolved if m.kind is not MergeKind.NEW]) is is_unresolved
    local = apply(new, merge.overlay)
    assert local.library.parent == Parent(name="National", version="1.1.0", sha256=NEW_SHA)
    assert (local.library.version, local.library.status) == ("3.1.0", Status.DRAFT)
    if hard_max is None:
        assert local.entries == ()
        return
    (made,) = local.entries
    assert made.dose is not None
    assert made.dose.hard_max == Fraction(hard_max)
    assert made.unreviewed is (kind in (MergeKind.TAKEN, MergeKind.CONFLICT, MergeKind.GONE))
    if kind is not MergeKind.TAKEN:
        assert replace(made, unreviewed=False) == before.entries[0]


def test_a_deviation_that_stands_keeps_its_reason_and_one_that_does_not_loses_it():
    two = (deviation(), deviation("bolus.dose.hard_max", "150 micrograms", "200 micrograms"))
    row = replace(DEVIATING, deviations=two)
    new = library(entry(bolus=Delivery(dose=limits("ug", hard_max="180"))), version="1.1.0")
    (merged,) = three_way(library(entry()), new, overlay(row), sha256=NEW_SHA).rows
    assert merged.row is not None
    kept, asked = merged.row.deviations
    assert kept == two[0]
    assert (asked.reason, asked.hazard, asked.national) == (None, None, Quantity.read("180 micrograms"))
    assert merged.row.unresolved == "changed nationally in 1.1.0: bolus.dose.hard_max"
    # One of two deviations is national now: the other one stands, and so does the approval.
    new = library(entry(bolus=Delivery(dose=limits("ug", hard_max="200"))), version="1.1.0")
    (merged,) = three_way(library(entry()), new, overlay(row), sha256=NEW_SHA).rows
    assert merged.kind is MergeKind.CONVERGED
    assert merged.row == replace(row, deviations=two[:1])


def test_what_is_new_nationally_waits_in_each_area_of_ours():
    new = library(entry(), entry("second", therapy="pain"), version="1.1.0")
    said = overlay(ADOPTED, replace(ADOPTED, care_area="hdu", entry="other"), areas=("icu", "hdu"))
    merge = three_way(library(entry()), new, said, sha256=NEW_SHA)
    waiting = [row.row.care_area for row in merge.of(MergeKind.NEW) if row.row]
    assert waiting == ["icu", "hdu"]
    assert [row.national for row, _ in merge.overlay.undecided] == ["second", "second"]


def test_kept_rows_keep_the_medicines_and_texts_that_are_gone():
    old = library(
        entry(drug="old", advisories=("a",)),
        entry("second", advisories=("b",)),
        drugs=("old", "fentanyl"),
        advisories=("a", "b"),
    )
    second = replace(DEVIATING, national="second", entry="x")
    new = library(entry("second", advisories=()), version="1.1.0")
    merge = three_way(old, new, overlay(ADOPTED, second), sha256=NEW_SHA)
    local = apply(new, merge.overlay)
    assert [drug.id for drug in local.drugs] == ["fentanyl", "old"]
    assert [advisory.id for advisory in local.advisories] == ["a", "b"]


def test_the_same_issue_again_changes_nothing():
    """Taken twice, an issue leaves the overlay as it is: its number, its status and its rows."""
    base = library(entry())
    adopted = overlay(ADOPTED)
    assert three_way(base, base, adopted, sha256=adopted.base.sha256).overlay == adopted


def test_another_library_is_no_new_version():
    other = replace(library(entry()), library=About(name="Other", organisation="x", version="2"))
    with pytest.raises(OverlayError, match="a version of 'National'"):
        three_way(library(entry()), other, overlay(ADOPTED), sha256=NEW_SHA)


# Proposals, and what is published


def test_a_proposal_pairs_the_nearest_rows_and_says_what_has_no_pair():
    base = library(
        entry("weak", concentration=strength("500 micrograms")),
        entry("usual"),
        entry("open", concentration=Concentration()),
    )
    ours = (
        entry("a", concentration=strength("5 mg", "100 mL"), care_area="icu"),
        entry("b", therapy="pain", concentration=strength("0.5 mg"), care_area="icu", unreviewed=True),
        entry("c", type=EntryType.FLUID, dose=None, bolus=None, concentration=None, care_area="icu"),
    )
    local = replace(library(*ours, areas=("icu",)), library=overlay().library)
    said = overlay_of(base, local, sha256=SHA, areas={"icu": "critical-care"})
    found = {row.entry_id or row.national: (row.national, row.state) for row in said.rows}
    assert found == {
        "a": ("usual", RowState.ADOPTED_WITH_DEVIATION),
        "b": ("weak", RowState.ADOPTED_WITH_DEVIATION),
        "c": (None, RowState.LOCAL_ONLY),
        "open": ("open", RowState.NOT_USED),
    }
    assert len(said.undecided) == 3
    assert overlay_of(base, local, sha256=SHA).areas == {}


def test_what_is_published_has_reasons_and_no_person():
    said = overlay(ADOPTED, replace(DEVIATING, care_area="hdu"), OWN, areas=("icu", "hdu"))
    told = publish_deviations(said)
    assert (told.adopted, told.organisation, len(told.rows)) == (1, "Trust", 2)
    deviating, own = told.rows
    assert (deviating.care_area, deviating.deviations[0].direction) == ("critical-care", Direction.LOOSER)
    assert (own.drug, own.strength, own.care_area) == ("fentanyl", "2.5 mg in 50 mL", "critical-care")
    assert "committee" not in repr(told)
    assert publish_deviations(overlay(replace(NOT_USED, care_area=None))).rows[0].care_area is None
