"""Editing an entry of a draft, asked for without a browser."""

import pytest

from openinfusion.adapters.documents import to_json
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.models import Change
from openinfusion.web.drafts import keep
from openinfusion.web.drafts.entry_form import form_of, read_form
from openinfusion.web.library.items import read_item
from openinfusion.web.library.models import Part, Span
from openinfusion.web.library.store import item_content

ALFENTANIL = "adult-critical-care-a-general--alfentanil--continuous--analgesia--25-mg-in-50-ml"


def _address(change, rest="") -> str:
    return f"/example-trust/drafts/{change.reference}{rest}"


def _said(change, item=ALFENTANIL) -> dict[str, str]:
    return form_of(item_content(change.draft, Part.ENTRY, item))


def test_every_entry_of_the_example_comes_back_from_its_form_as_it_was(library):
    """The form shows all of an entry, and loses nothing of it."""
    version = library.versions.latest("number")
    for span in Span.objects.at(version).filter(part=Part.ENTRY):
        reading = read_form(span.item, form_of(span.content))
        assert reading.faults == {}, span.item
        assert to_json(read_item(Part.ENTRY, span.item, reading.content)) == span.content


def test_a_pharmacist_saves_a_limit_and_the_request_tells_of_it(signed_in, change):
    """What was typed is kept exactly, with audit rows of the entry and of the request."""
    client = signed_in("author")
    assert client.get(_address(change, f"/entries/{ALFENTANIL}")).status_code == 200
    said = _said(change) | {"dose.soft_max": "4000 mcg/h", "seen": "0"}
    before = AuditRow.objects.count()
    response = client.post(_address(change, f"/entries/{ALFENTANIL}"), said)
    assert response.status_code == 302, response.content.decode()
    assert item_content(change.draft, Part.ENTRY, ALFENTANIL)["dose"]["soft_max"] == "4"
    assert AuditRow.objects.count() == before + 2
    page = client.get(_address(change)).content.decode()
    assert "soft maximum: 3 mg/h → 4 mg/h" in page


def test_limits_out_of_order_are_refused_at_their_field_and_kept(signed_in, change):
    """422, in words, with the value still in the form when it is opened again."""
    client = signed_in("author")
    said = _said(change) | {"dose.soft_max": "7 mg/h", "seen": "0"}
    response = client.post(_address(change, f"/entries/{ALFENTANIL}"), said)
    assert response.status_code == 422
    assert "The soft maximum of 7 mg/h is above the hard maximum of 6 mg/h" in response.content.decode()
    assert not change.draft.items.exists()
    assert 'value="7 mg/h"' in client.get(_address(change, f"/entries/{ALFENTANIL}")).content.decode()


@pytest.mark.parametrize(
    "field,typed,words",
    [
        ("dose.soft_max", "0,5 mg/h", "a point instead of the comma"),
        ("dose.soft_max", "3 mg", "not per time"),
        ("dose.soft_max", "3 mg/h x", "kg, m2, min, h, 24h or mL instead of"),
        ("dose.soft_max", "1,00", "a point instead of the comma"),
        ("dose.soft_max", "3 mmol/h", "one is mole, the other mass"),
        ("dose.unit", "mg", "one is per time, the other not per time"),
        ("dose.soft_max", "-1", "zero or more"),
        ("titration_step.factor", "1", "more than 1"),
        ("review_by", "30/06/2027", "a date such as 2026-03-31"),
        ("concentration.amount", "0 mg", "more than zero"),
        ("pca.dose.soft_max", "5 mg", "tick it or clear them"),
        ("device_settings", "loud", "alarm volume = 4"),
        ("decisions.7.reason", "because", "Fill this in"),
        ("rationale", "x" * 5_000, "at most 4,000"),
    ],
)
def test_what_cannot_be_is_refused_in_words(signed_in, change, field, typed, words):
    """A wrong dimension, a comma, a stray character, a contradiction: nothing is saved."""
    said = _said(change) | {field: typed, "seen": "0"}
    response = signed_in("author").post(_address(change, f"/entries/{ALFENTANIL}"), said)
    assert response.status_code == 422
    assert words in response.content.decode().replace("&#39;", "'")
    assert not change.draft.items.exists()


def test_a_changed_unit_converts_the_values_that_stand_there(change):
    """A value carries its unit, so that another unit never gives an old number a new meaning."""
    reading = read_form(ALFENTANIL, _said(change) | {"dose.unit": "mcg/h"})
    assert reading.content["dose"]["hard_max"] == "6000"
    assert reading.backs["dose.hard_max"] == "6,000 micrograms/h"


def test_while_typing_the_value_is_said_back_and_findings_stand_at_their_field(signed_in, change):
    """The answer names the value grouped and in full; a finding does not block."""
    said = _said(change) | {"dose.hard_max": "6000 mg/h", "seen": "0"}
    response = signed_in("author").post(_address(change, f"/entries/{ALFENTANIL}/check"), said)
    text = response.content.decode()
    assert "6,000 mg/h" in text
    assert "oi-finding" in text
    assert not change.draft.items.exists()


def test_a_settled_form_saves_itself_and_its_own_later_save_is_no_conflict(signed_in, change):
    """Autosave when a field is left; then Save from the same window, with the old revision, goes through."""
    client = signed_in("author")
    said = _said(change) | {"dose.soft_max": "4 mg/h", "seen": "0", "form": "window"}
    client.post(_address(change, f"/entries/{ALFENTANIL}/check?settled"), said)
    assert change.draft.items.get().revision == 1
    response = client.post(_address(change, f"/entries/{ALFENTANIL}"), said | {"dose.soft_max": "5 mg/h"})
    assert response["location"].endswith(change.reference)
    assert item_content(change.draft, Part.ENTRY, ALFENTANIL)["dose"]["soft_max"] == "5"


def test_another_window_of_the_same_person_is_a_conflict(signed_in, change):
    """Nobody overwrites, not even themselves."""
    client = signed_in("author")
    said = _said(change) | {"seen": "0"}
    client.post(_address(change, f"/entries/{ALFENTANIL}"), said | {"dose.soft_max": "4 mg/h", "form": "one"})
    response = client.post(_address(change, f"/entries/{ALFENTANIL}"), said | {"dose.soft_max": "5 mg/h", "form": "b"})
    assert response["location"].endswith("/merge")
    assert item_content(change.draft, Part.ENTRY, ALFENTANIL)["dose"]["soft_max"] == "4"


def test_two_people_merge_field_by_field(signed_in, change):
    """What only one changed is chosen already; what both changed must be chosen; nothing is lost."""
    amal, alex, said = signed_in("author"), signed_in("coauthor"), _said(change) | {"seen": "0"}
    address = _address(change, f"/entries/{ALFENTANIL}")
    alex.post(address, said | {"dose.unit": "micrograms/h", "dose.soft_max": "4000 micrograms/h"})
    response = amal.post(address, said | {"dose.soft_max": "5", "rationale": "Because."})
    assert response["location"] == f"{address}/merge"
    page = amal.get(f"{address}/merge").content.decode()
    assert "Alex Author: 4000 micrograms/h" in page
    assert "Yours: 5 mg/h" in page
    assert amal.post(f"{address}/merge", {"seen": "1", "choice.rationale": "mine"}).status_code == 422
    choices = {f"choice.dose.{name}": "theirs" for name in ("unit", "hard_min", "soft_min", "hard_max")}
    choices |= {f"choice.dose.{name}": "theirs" for name in ("usual_min", "usual_max")}
    done = amal.post(
        f"{address}/merge", choices | {"seen": "1", "choice.rationale": "mine", "choice.dose.soft_max": "mine"}
    )
    assert done.status_code == 302, done.content.decode()
    content = item_content(change.draft, Part.ENTRY, ALFENTANIL)
    assert content["dose"] | {"unit": "ug/h", "soft_max": "5000", "hard_max": "6000"} == content["dose"]
    assert content["rationale"] == "Because."


def test_a_third_save_while_somebody_merges_is_seen_again(signed_in, change):
    """Choices made against an older state are not saved."""
    amal, alex, said = signed_in("author"), signed_in("coauthor"), _said(change) | {"seen": "0"}
    address = _address(change, f"/entries/{ALFENTANIL}")
    alex.post(address, said | {"dose.soft_max": "4 mg/h"})
    amal.post(address, said | {"dose.soft_max": "5 mg/h"})
    alex.post(address, said | {"dose.soft_max": "4.5 mg/h", "seen": "1"})
    response = amal.post(f"{address}/merge", {"seen": "1", "choice.dose.soft_max": "mine"})
    assert response.status_code == 200
    assert item_content(change.draft, Part.ENTRY, ALFENTANIL)["dose"]["soft_max"] == "4.5"


def test_two_people_see_each_other(signed_in, change, person):
    """The one who came later is told who is there and since when."""
    signed_in("coauthor").post(_address(change, f"/entries/{ALFENTANIL}/present"))
    text = signed_in("author").post(_address(change, f"/entries/{ALFENTANIL}/present")).content.decode()
    assert "Alex Author is editing this entry since" in text
    assert "Amal" not in text


def test_an_entry_is_added_as_a_copy_taken_out_with_a_reason_and_put_back(signed_in, change):
    """Each is a change of the request; taking out needs words."""
    client = signed_in("author")
    page = client.get(_address(change, f"/entries/new?copy={ALFENTANIL}"))
    assert page.status_code == 200
    said = _said(change) | {"therapy": "sedation", "seen": "0"}
    assert client.post(_address(change, "/entries/new"), said).status_code == 302
    made = change.draft.items.get().item
    assert made == "adult-critical-care-a-general--alfentanil--continuous--sedation--25-mg-in-50-ml"
    take_out = _address(change, f"/take-out/entry/{ALFENTANIL}")
    assert client.post(take_out, {"reason": ""}).status_code == 422
    assert client.post(take_out, {"reason": "not used"}).status_code == 302
    assert item_content(change.draft, Part.ENTRY, ALFENTANIL) is None
    assert client.post(_address(change, f"/put-back/entry/{ALFENTANIL}"), {"seen": "1"}).status_code == 302
    assert item_content(change.draft, Part.ENTRY, ALFENTANIL)["drug"] == "alfentanil"


def test_nobody_takes_out_or_puts_back_what_they_have_not_seen(signed_in, change):
    """Whoever had an older page before them is told so, and nothing happens."""
    said = _said(change) | {"dose.soft_max": "4 mg/h", "seen": "0"}
    signed_in("coauthor").post(_address(change, f"/entries/{ALFENTANIL}"), said)
    client = signed_in("author")
    for rest in ("take-out", "put-back"):
        response = client.post(_address(change, f"/{rest}/entry/{ALFENTANIL}"), {"reason": "not used", "seen": "0"})
        assert response.status_code == 422
        assert "somebody saved while you were editing" in response.content.decode()
    assert item_content(change.draft, Part.ENTRY, ALFENTANIL)["dose"]["soft_max"] == "4"


def test_only_a_draft_is_edited_and_only_by_whose_it_is(signed_in, change, person):
    """A reader gets 403 in words; a request that has gone on refuses, and keeps what was typed."""
    address, said = _address(change, f"/entries/{ALFENTANIL}"), _said(change) | {"seen": "0"}
    refused = signed_in("reader").get(address)
    assert refused.status_code == 403
    assert "library pharmacist" in refused.content.decode()
    Change.objects.filter(pk=change.pk).update(stage="proposed", content=change.content | {"stage": "proposed"})
    response = signed_in("author").post(address, said | {"dose.soft_max": "4 mg/h"})
    assert response.status_code == 422
    assert "sent back to the author" in response.content.decode()
    assert not change.draft.items.exists()
    assert keep.open_form(change.draft, Part.ENTRY, ALFENTANIL, person=person("author")).said


def test_whoever_is_to_check_blind_is_not_shown_the_draft(signed_in, change):
    """A second pharmacist enters the values from the source before they see any."""
    response = signed_in("checker").get(_address(change))
    assert response.status_code == 403
    assert "not shown to you yet" in response.content.decode()


def test_pages_ask_the_database_a_bounded_number_of_times(signed_in, change, django_assert_max_num_queries):
    """However many entries the library has."""
    client = signed_in("author")
    client.get(_address(change))
    for rest in ("", "?q=fen", f"/entries/{ALFENTANIL}", "/entries/new"):
        with django_assert_max_num_queries(20):
            assert client.get(_address(change, rest)).status_code == 200
