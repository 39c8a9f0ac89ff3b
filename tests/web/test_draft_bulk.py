"""Editing many entries at once, asked for without a browser."""

import pytest

from openinfusion.web.audit.models import AuditRow
from openinfusion.web.drafts.models import BulkEdit
from openinfusion.web.library.models import Part
from openinfusion.web.library.store import item_content

ALFENTANIL = "adult-critical-care-a-general--alfentanil--continuous--analgesia--25-mg-in-50-ml"
FIND = {"q": "alfentanil", "kind": "continuous", "all": "on"}


def _shown(page: str) -> list[str]:
    """Return what the preview would hand on."""
    return [part.split('"')[0] for part in page.split('name="shown" value="')[1:]]


def _do(client, change, operation) -> tuple[str, int]:
    """Preview an operation and do it; return the page of the preview, and the answer's status."""
    address = f"/example-trust/drafts/{change.reference}/bulk"
    page = client.post(f"{address}/preview", FIND | operation).content.decode()
    return page, client.post(f"{address}/apply", operation | {"shown": _shown(page)}).status_code


def test_an_edit_of_many_is_shown_done_as_one_and_undone_as_one(signed_in, change):
    """Before and after of each entry; each entry has its audit row; undoing puts every one back."""
    client = signed_in("author")
    before = AuditRow.objects.count()
    page, status = _do(client, change, {"operation": "multiply", "multiply.group": "dose", "multiply.factor": "0.5"})
    assert status == 302
    assert "Dose, hard maximum: 6 mg/h → 3 mg/h" in page
    edit = BulkEdit.objects.get()
    assert len(edit.items) > 1
    assert AuditRow.objects.count() == before + len(edit.items) + 1
    for one in edit.items:
        content = item_content(change.draft, Part.ENTRY, one["item"])
        assert content["dose"]["hard_max"] != one["before"]["dose"]["hard_max"]
    assert client.post(f"/example-trust/drafts/{change.reference}/bulk/{edit.pk}/undo").status_code == 302
    for one in edit.items:
        assert item_content(change.draft, Part.ENTRY, one["item"]) == one["before"]
    assert client.post(f"/example-trust/drafts/{change.reference}/bulk/{edit.pk}/undo").status_code == 422


@pytest.mark.parametrize(
    "operation,path,value",
    [
        ({"operation": "set", "set.path": "dose.hard_max", "set.value": "7000 mcg/h"}, "dose.hard_max", "7"),
        ({"operation": "unit", "unit.group": "dose", "unit.unit": "micrograms/h"}, "dose.hard_max", "6000"),
        ({"operation": "review", "review.on": "2027-12-31"}, "review_by", "2027-12-31"),
    ],
)
def test_each_operation_does_what_it_says(signed_in, change, operation, path, value):
    """The value arrives, converted exactly where it was typed in another unit."""
    _, status = _do(signed_in("author"), change, operation)
    assert status == 302
    content = item_content(change.draft, Part.ENTRY, ALFENTANIL)
    for key in path.split("."):
        content = content[key]
    assert content == value


def test_a_source_is_added_once(signed_in, change):
    """The second time there is nothing to do, and the page says so."""
    operation = {"operation": "source", "source.field": "dose", "source.citation": "Local guideline 7"}
    assert _do(signed_in("author"), change, operation)[1] == 302
    page, status = _do(signed_in("author"), change, operation)
    assert "It is so already" in page
    assert status == 422


@pytest.mark.parametrize(
    "operation,words",
    [
        ({"operation": "set", "set.path": "dose.soft_max", "set.value": "50 mg/h"}, "is above the hard maximum"),
        ({"operation": "unit", "unit.group": "dose", "unit.unit": "mL/h"}, "one is mass, the other volume"),
        ({"operation": "unit", "unit.group": "dose", "unit.unit": "mg/min"}, "has no end when written"),
        ({"operation": "unit", "unit.group": "duration", "unit.unit": "h"}, "no limits"),
        ({"operation": "set", "set.path": "dose.soft_max", "set.value": "5"}, "a unit too"),
        ({"operation": "multiply", "multiply.group": "dose", "multiply.factor": "0"}, "more than zero"),
        ({"operation": "multiply", "multiply.group": "dose", "multiply.factor": "0,5"}, "a point instead"),
        ({"operation": "multiply", "multiply.group": "drug", "multiply.factor": "2"}, "one of the list"),
        ({"operation": "review", "review.on": "soon"}, "a date such as"),
        ({"operation": "review"}, "Review by"),
        ({}, "one of the operations"),
    ],
)
def test_what_cannot_be_done_is_said_and_not_done(signed_in, change, operation, words):
    """Refused in words, at each entry or for all; whoever posts it all the same changes nothing."""
    page, status = _do(signed_in("author"), change, operation)
    assert words in page
    assert status == 422
    assert not change.draft.items.exists()


def test_somebody_who_saved_between_preview_and_doing_stops_all_of_it(signed_in, change):
    """What was shown is what is done, or nothing."""
    client, operation = signed_in("author"), {"operation": "review", "review.on": "2027-12-31"}
    address = f"/example-trust/drafts/{change.reference}/bulk"
    shown = _shown(client.post(f"{address}/preview", FIND | operation).content.decode())
    other = {"operation": "multiply", "multiply.group": "dose", "multiply.factor": "0.5"}
    assert _do(signed_in("coauthor"), change, other)[1] == 302
    assert client.post(f"{address}/apply", operation | {"shown": shown}).status_code == 422
    assert BulkEdit.objects.count() == 1


def test_an_entry_edited_since_stops_the_undoing(signed_in, change):
    """Undoing would lose somebody's work, so it names the entry and does nothing."""
    client, operation = signed_in("author"), {"operation": "review", "review.on": "2027-12-31"}
    _do(client, change, operation)
    edit = BulkEdit.objects.get()
    put_back = f"/example-trust/drafts/{change.reference}/put-back/entry/{edit.items[0]['item']}"
    assert client.post(put_back, {"seen": "1"}).status_code == 302
    response = client.post(f"/example-trust/drafts/{change.reference}/bulk/{edit.pk}/undo")
    assert response.status_code == 422
    assert edit.items[0]["item"] in response.content.decode()


def test_only_whose_it_is(signed_in, change):
    """A reader gets 403 everywhere."""
    client, address = signed_in("reader"), f"/example-trust/drafts/{change.reference}/bulk"
    assert client.get(address).status_code == 403
    for rest in ("/preview", "/apply", "/1/undo"):
        assert client.post(address + rest).status_code == 403
