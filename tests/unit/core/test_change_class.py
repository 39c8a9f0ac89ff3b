"""What a difference between two libraries means for its change request: class, version, areas, values."""

from dataclasses import replace

import pytest

from openinfusion.core.change_class import (
    CLASS_OF,
    DELEGABLE,
    ChangeClass,
    areas_affected,
    classify,
    has_values,
    next_version,
    row_of,
    values_to_check,
)
from openinfusion.core.difference import LOOSENING, ChangeKind, Difference, difference
from openinfusion.core.entry import EntryType
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.library import Advisory, Concentration, Library, Limits, Pca, TitrationStep
from openinfusion.core.units import Quantity, Unit
from tests.change_requests import AREAS, library, loosened, renamed

NOTHING = Difference(old_name="a", old_version="1.0.0", new_name="a", new_version="1.0.0")


def with_first(whole: Library, **fields: object) -> Library:
    """The library with another first entry."""
    first, *rest = whole.entries
    return replace(whole, entries=(replace(first, **fields), *rest))  # type: ignore[arg-type]


def asked(old: Library, new: Library) -> dict[str, str]:
    return dict(values_to_check(difference(old, new).changes, new))


def test_every_kind_of_change_has_a_class_and_every_class_words() -> None:
    assert set(CLASS_OF) == set(ChangeKind)
    assert len({each.words for each in ChangeClass}) == len(ChangeClass)


@pytest.mark.hazard("LC-02")
def test_nothing_that_may_let_more_through_is_delegated() -> None:
    """What a difference calls loosening always goes the whole way."""
    assert not {CLASS_OF[kind] for kind in LOOSENING} & DELEGABLE


def test_nothing_changed_has_no_class_and_no_version() -> None:
    with pytest.raises(ChangeControlError, match="at least one change"):
        classify(NOTHING)
    with pytest.raises(ChangeControlError, match="at least one change"):
        next_version("1.0.0", NOTHING)


@pytest.mark.parametrize("version", ["1.0", "v1.0.0", "1.0.0-rc1", "01.0.0", "1.0.0.0", "", "1.0.x"])
def test_a_version_that_is_not_three_numbers_is_refused(version: str) -> None:
    with pytest.raises(ChangeControlError, match=r"major\.minor\.patch"):
        next_version(version, loosened())


def test_the_areas_of_an_entry_are_its_own() -> None:
    old = library("1.0.0", "200")
    new = with_first(old, concentration=Concentration(amount=Quantity.of("5", "mg"), volume=Quantity.of("50", "mL")))
    assert areas_affected(difference(old, new).changes, old=old, new=new) == ("icu",)


def test_a_drug_reaches_every_area_that_uses_it() -> None:
    old, new = library("1.0.0", "200"), library("1.0.1", "200")
    assert areas_affected(renamed().changes, old=old, new=new) == AREAS


def test_a_setting_of_an_area_reaches_that_area() -> None:
    old = library("1.0.0", "200")
    area, *others = old.care_areas
    new = replace(old, care_areas=(replace(area, max_rate=Quantity.of("1200", "mL/h")), *others))
    changes = difference(old, new).changes
    assert areas_affected(changes, old=old, new=new) == ("icu",)
    assert asked(old, new) == {"ICU max_rate": "1200 mL/h"}
    assert {row_of(change) for change in changes} == {"ICU"}


def test_a_text_reaches_every_area_that_shows_texts() -> None:
    base = replace(library("1.0.0", "200"), advisories=(Advisory(id="a", text="Check."),))
    old = with_first(base, advisories=("a",))
    new = replace(old, advisories=(Advisory(id="a", text="Check twice."),))
    changes = difference(old, new).changes
    assert areas_affected(changes, old=old, new=new) == ("icu",)
    assert not any(map(has_values, changes))


def test_the_whole_row_is_asked_not_only_what_changed() -> None:
    """A strength that changes makes every other value mean something else (LC-01)."""
    old = library("1.0.0", "200")
    new = with_first(old, concentration=Concentration(amount=Quantity.of("5", "mg"), volume=Quantity.of("50", "mL")))
    assert asked(old, new) == {
        "fentanyl-icu concentration": "5 mg in 50 mL",
        "fentanyl-icu dose.hard_max": "200 micrograms/h",
    }


def test_a_limit_that_is_gone_is_asked_as_none() -> None:
    """A value that the author left out must be left out on purpose."""
    changed = asked(library("1.0.0", "200"), library("2.0.0", None))
    assert changed["fentanyl-icu dose.hard_max"] == "none"


def test_an_open_strength_is_asked_with_what_is_known_of_it() -> None:
    old = library("1.0.0", "200")
    bounds = Limits(unit=Unit.read("micrograms/mL"), hard_min=Quantity.of("10", "mL").value)
    new = with_first(old, concentration=Concentration(volume=Quantity.of("50", "mL"), limits=bounds))
    values = asked(old, new)
    assert values["fentanyl-icu concentration"] == "any in 50 mL"
    assert values["fentanyl-icu concentration.limits.hard_min"] == "10 micrograms/mL"


def test_what_is_no_limit_is_asked_as_the_change_says_it() -> None:
    old = library("1.0.0", "200")
    new = with_first(old, secondary="allowed", titration_step=TitrationStep(factor=Quantity.of("2", "mL").value))
    values = asked(old, new)
    assert values["fentanyl-icu secondary"] == "allowed"
    assert values["fentanyl-icu titration_step"] == "2"


def test_the_window_of_a_pca_is_asked() -> None:
    old = library("1.0.0", "200")
    micrograms = Unit.read("micrograms")
    pca = Pca(dose=Limits(unit=micrograms), accumulated=Limits(unit=micrograms), window=Quantity.of("4", "h"))
    new = with_first(old, type=EntryType.PCA, pca=pca)
    assert asked(old, new)["fentanyl-icu pca.window"] == "4 h"


def test_an_entry_without_any_value_is_still_asked() -> None:
    """Else the blind check of a row without limits would have nothing to check."""
    whole = library("2.0.0", "200")
    bare = replace(whole.entries[0], id="bare", type=EntryType.FLUID, concentration=None, dose=None)
    new = replace(whole, entries=(*whole.entries, bare))
    assert asked(whole, new) == {"bare limits": "none"}


def test_the_weights_of_an_area_are_asked() -> None:
    old = library("1.0.0", "200")
    area, *others = old.care_areas
    limits = Limits(unit=Unit.read("kg"), hard_min=Quantity.of("30", "kg").value)
    new = replace(old, care_areas=(replace(area, weight=limits), *others))
    assert asked(old, new) == {"ICU weight.hard_min": "30 kg"}


def test_an_entry_that_is_gone_leaves_nothing_to_check() -> None:
    old = library("1.0.0", "200")
    new = replace(old, entries=old.entries[1:])
    assert asked(old, new) == {}
    assert areas_affected(difference(old, new).changes, old=old, new=new) == ("icu",)


def test_what_stands_in_no_source_is_not_asked_but_the_row_is() -> None:
    """Whoever says that an imported entry is reviewed has all of its values worked out, and not that they said so."""
    old = with_first(library("1.0.0", "200"), unreviewed=True)
    values = asked(old, with_first(old, unreviewed=False))
    assert values
    assert "fentanyl-icu unreviewed" not in values


def test_several_are_asked_in_one_order_and_a_strength_that_is_gone_as_none() -> None:
    old = library("1.0.0", "200")
    values = asked(old, with_first(old, delivered_by=("syringe pump", "large-volume pump")))
    assert values["fentanyl-icu delivered_by"] == "large-volume pump; syringe pump"
