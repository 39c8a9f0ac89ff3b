"""What a blind check asks: whatever may change can be answered, in the form in which it is compared."""

from dataclasses import replace

import pytest

from openinfusion.adapters.documents import to_json
from openinfusion.adapters.library_file import read_library
from openinfusion.core.blind_check import compare_check
from openinfusion.core.change_class import values_to_check
from openinfusion.core.difference import difference
from openinfusion.core.library import Limits, Route
from openinfusion.core.units import Quantity, Unit
from openinfusion.web.changes.asked import EXAMPLES, asked_of
from openinfusion.web.changes.desk import request_of
from openinfusion.web.library.models import Part
from openinfusion.web.library.store import save_item
from tests.web.change_people import People
from tests.web.change_way import AREA, to_the_check
from tests.web.conftest import ROOT

BASE = read_library(ROOT / "examples/trust/library-1.1.0.json")
ENTRY = "adult-critical-care-a-general--alfentanil--continuous--analgesia--25-mg-in-50-ml"


class Wanted:
    """As much of a change request as the questions need."""

    def __init__(self, values):
        self.values = values


def questions(new):
    """Each question of the way from the example's library to another, with the value that the author gave."""
    values = values_to_check(difference(BASE, new).changes, new)
    return [(one, values[one.key]) for one in asked_of(Wanted(values), new)]


def with_entry(**fields):
    changed = replace(BASE.find_entry(ENTRY), **fields)
    return replace(BASE, entries=tuple(changed if one.id == ENTRY else one for one in BASE.entries))


def in_micrograms():
    dose = BASE.find_entry(ENTRY).dose
    return replace(dose, unit=Unit.read("micrograms/h"))


CHANGES = {
    "unit": lambda: with_entry(dose=in_micrograms()),
    "limit removed": lambda: with_entry(dose=replace(BASE.find_entry(ENTRY).dose, hard_max=None)),
    "reviewed": lambda: with_entry(unreviewed=not BASE.find_entry(ENTRY).unreviewed),
    "route": lambda: with_entry(route=Route.CENTRAL),
    "secondary": lambda: with_entry(secondary="only"),
    "pumps": lambda: with_entry(delivered_by=("syringe pump", "large-volume pump")),
    "every pump": lambda: with_entry(delivered_by=()),
    "anaesthesia": lambda: with_entry(anaesthesia_only=True),
    "settings": lambda: with_entry(device_settings={"b": "4", "alarm": "loud"}),
    "bolus withdrawn": lambda: with_entry(bolus=None),
    "area": lambda: replace(
        BASE,
        care_areas=tuple(
            replace(one, weight=Limits(unit=Unit.read("kg"), hard_min=Quantity.of("30", "kg").value), max_rate=None)
            for one in BASE.care_areas
        ),
    ),
}


@pytest.mark.hazard("LC-02")
@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_whatever_changed_can_be_answered_as_the_author_gave_it(changed):
    """No value of a draft is one that a second pharmacist cannot give: it would keep the change for ever."""
    asked = questions(changed())
    assert asked
    for one, author in asked:
        said = one.typed(author.split("; "))
        assert one.why_unreadable(said) is None, (one.key, author)
        assert compare_check({one.key: author}, {one.key: said}) == (), one.key


def test_each_example_of_a_quantity_is_one():
    for text in EXAMPLES.values():
        Quantity.read(text)


def test_a_unit_is_read_however_it_is_written_and_nonsense_is_not():
    """A spelling of the ward means the unit; a value where a unit is asked for does not, and neither does nothing."""
    unit = next(one for one, _ in questions(CHANGES["unit"]()) if one.key.endswith(".unit"))
    assert unit.typed(["mcg/h"]) == "micrograms/h"
    for wrong in ("3 mg/h", "", "mgg/h"):
        assert unit.why_unreadable(unit.typed([wrong]))


def test_a_choice_takes_only_what_is_offered():
    route = next(one for one, _ in questions(CHANGES["route"]()) if one.key.endswith(" route"))
    pumps = next(one for one, _ in questions(CHANGES["every pump"]()) if one.key.endswith(" delivered_by"))
    assert route.why_unreadable("by mouth")
    assert pumps.why_unreadable(pumps.typed(["none", "syringe pump"]))
    assert pumps.why_unreadable("")
    assert pumps.why_unreadable("none") is None


@pytest.mark.hazard("LC-02")
def test_a_change_of_unit_and_of_a_care_area_passes_the_page(signed_in, change, person):
    """Given a draft that changes a unit, a route and an area's weights, when all is worked out, the check agrees."""
    new = CHANGES["unit"]()
    entry = replace(new.find_entry(ENTRY), route=Route.CENTRAL, delivered_by=("syringe pump",))
    area = replace(new.care_area(AREA), weight=Limits(unit=Unit.read("kg"), hard_min=Quantity.of("30", "kg").value))
    for part, one in ((Part.ENTRY, entry), (Part.CARE_AREA, area)):
        content, by = to_json(one), person("author")
        save_item(change.draft, part, one.id, content=content, seen=0, by=by, at=change.opened_at)
    people = People(signed_in, change.reference)
    to_the_check(people)
    change.refresh_from_db()
    values = list(request_of(change).values.values())
    assert "micrograms/h" in values
    assert "30 kg" in values
    sent = {f"value-{number}": value.split("; ") for number, value in enumerate(values)}
    people.done("checker", "check", **sent)
    change.refresh_from_db()
    assert request_of(change).blind_checks[-1].passed
