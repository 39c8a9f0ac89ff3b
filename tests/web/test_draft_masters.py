"""Editing drugs, care areas and advisories of a draft, asked for without a browser."""

import pytest

from openinfusion.adapters.documents import to_json
from openinfusion.web.drafts.master_forms import MASTERS, form_of, read_form
from openinfusion.web.library.items import read_item
from openinfusion.web.library.models import Part, Span
from openinfusion.web.library.store import item_content

AREA = "adult-critical-care-a-general"


def _address(change, rest) -> str:
    return f"/example-trust/drafts/{change.reference}/masters/{rest}"


def test_every_item_of_the_example_comes_back_from_its_form_as_it_was(library):
    """The forms show all of an item, and lose nothing of it."""
    version = library.versions.latest("number")
    for master in MASTERS.values():
        for span in Span.objects.at(version).filter(part=master.part):
            reading = read_form(master, span.item, form_of(master, span.content))
            assert reading.faults == {}, span.item
            assert to_json(read_item(master.part, span.item, reading.content)) == span.content


def test_a_drug_is_added_edited_and_taken_out(signed_in, change):
    """Each is saved with its id, and stands on the page of the draft."""
    client = signed_in("author")
    assert client.get(_address(change, "drugs")).status_code == 200
    assert client.post(_address(change, "drugs/new"), {"name": "tenecteplase", "high_alert": "on"}).status_code == 302
    assert item_content(change.draft, Part.DRUG, "tenecteplase")["high_alert"] is True
    again = {"name": "tenecteplase", "tall_man": "teNECTEplase", "seen": "1"}
    assert client.post(_address(change, "drugs/tenecteplase"), again).status_code == 302
    assert "tenecteplase" in client.get(f"/example-trust/drafts/{change.reference}").content.decode()
    out = f"/example-trust/drafts/{change.reference}/take-out/drug/tenecteplase"
    assert client.post(out, {"reason": "not needed", "seen": "2"}).status_code == 302


def test_a_drug_that_an_entry_uses_cannot_be_taken_out(signed_in, change):
    """The library would not fit together; nothing is saved."""
    out = f"/example-trust/drafts/{change.reference}/take-out/drug/alfentanil"
    assert signed_in("author").post(out, {"reason": "not needed"}).status_code == 422
    assert not change.draft.items.exists()


@pytest.mark.parametrize(
    "typed,words",
    [
        ({"max_rate": "1,200 mL"}, "a value in mL/h"),
        ({"max_rate": "0 mL/h"}, "more than zero"),
        ({"weight.hard_max": "20 kg"}, "is above the hard maximum"),
        ({"weight.unit": "cm"}, "patient weight"),
        ({"population": ""}, "no population"),
        ({"device_settings": "loud"}, "alarm volume = 4"),
    ],
)
def test_what_a_care_area_cannot_have_is_refused_in_words(signed_in, change, typed, words):
    """422 at the field; nothing is saved."""
    said = form_of(MASTERS["care-areas"], item_content(change.draft, Part.CARE_AREA, AREA))
    response = signed_in("author").post(_address(change, f"care-areas/{AREA}"), said | typed)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not change.draft.items.exists()


def test_what_somebody_saved_meanwhile_is_shown_before_it_can_be_changed(signed_in, change):
    """Nobody overwrites what they have not seen."""
    said = {"name": "alfentanil", "drug_class": "opioid"}
    assert signed_in("coauthor").post(_address(change, "drugs/alfentanil"), said).status_code == 302
    response = signed_in("author").post(_address(change, "drugs/alfentanil"), said | {"drug_class": "analgesic"})
    assert response.status_code == 422
    assert "Alex Author saved this meanwhile, with drug class: opioid" in response.content.decode()
    assert item_content(change.draft, Part.DRUG, "alfentanil")["drug_class"] == "opioid"


def test_strange_addresses_are_not_found(signed_in, change):
    """Neither a kind nor an item that is not there."""
    client = signed_in("author")
    assert client.get(_address(change, "entries")).status_code == 404
    assert client.get(_address(change, "drugs/nothing")).status_code == 404
    assert signed_in("reader").get(_address(change, "drugs")).status_code == 403
