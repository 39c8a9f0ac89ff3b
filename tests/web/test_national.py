"""A national library adopted row by row, carried on, and told back: nothing is approved by inheritance."""

import json

import pytest

from openinfusion.core.overlay import RowState
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.models import Change
from openinfusion.web.library.models import Version
from openinfusion.web.national.desk import overlay_of
from openinfusion.web.national.models import Adoption, DeviationsPublished, NationalIssue

NATIONAL = "/example-trust/national"
ROWS = f"{NATIONAL}/adult"


@pytest.fixture
def adoption(db):
    """How the example trust's adult library follows from national issue 1.0.0."""
    return Adoption.objects.get()


@pytest.fixture
def newer(signed_in, adoption):
    """National issue 1.1.0, published by the curator."""
    version = Version.objects.get(library=adoption.issue.version.library, label="1.1.0")
    done = signed_in("curator").post(f"/example-curator/national/publish/{version.pk}")
    assert done.status_code == 302, done.content.decode()
    return NationalIssue.objects.get(version=version)


@pytest.fixture
def carried(signed_in, adoption, newer):
    """The adoption after the library pharmacist took the new issue."""
    assert signed_in("author").post(f"{ROWS}/issues/{newer.pk}").status_code == 302
    adoption.refresh_from_db()
    return adoption


def test_a_row_shows_both_values_and_where_it_comes_from(signed_in, adoption):
    """National beside local, each deviation with direction and reason, who approved it here."""
    row = adoption.rows.filter(state=RowState.ADOPTED_WITH_DEVIATION.value)[0]
    text = signed_in("reader").get(f"{ROWS}/rows/{row.pk}").content.decode()
    for words in ("National beside local", "Where it comes from", "Approved here by", "became"):
        assert words in text


def test_a_new_issue_is_seen_only_once_it_is_published(signed_in, adoption, newer):
    """And then the page says what it changes, old beside new beside ours."""
    client = signed_in("author")
    assert f"issues/{newer.pk}" in client.get(ROWS).content.decode()
    text = client.get(f"{ROWS}/issues/{newer.pk}").content.decode()
    assert "Nationally before" in text
    assert "the old values are kept" in text


def test_nobody_else_publishes_or_takes(signed_in, adoption, newer):
    """A trust's author cannot publish nationally, a reader cannot take an issue or decide a row."""
    version = newer.version
    assert signed_in("author").post(f"/example-curator/national/publish/{version.pk}").status_code == 404
    reader, row = signed_in("reader"), adoption.rows.first()
    assert reader.post(f"{ROWS}/issues/{newer.pk}").status_code == 403
    assert reader.post(f"{ROWS}/rows/{row.pk}", {"act": "adopt", "approver": "Me"}).status_code == 403
    assert reader.post(f"{ROWS}/deviations").status_code == 403


def test_what_conflicts_keeps_its_old_value_with_a_flag(carried):
    """No row takes a new national value unseen: changed rows are unreviewed, conflicts are to be decided."""
    overlay = overlay_of(carried)
    assert carried.issue.version.label == "1.1.0"
    assert carried.rows.filter(is_undecided=True).exists()
    assert all(row.approved is None for row, _ in overlay.undecided)
    assert AuditRow.objects.filter(action="take national issue").count() == 1
    assert carried.organisation.source_libraries.get().version == carried.issue.version


def test_a_conflict_is_decided_one_by_one(signed_in, carried):
    """A deviation that lacks its reason is refused; with all that is needed the row is approved here."""
    client = signed_in("author")
    row = carried.rows.filter(is_undecided=True, state=RowState.ADOPTED_WITH_DEVIATION.value)[0]
    address = f"{ROWS}/rows/{row.pk}"
    refused = client.post(address, {"act": "deviate", "approver": "Medication committee"})
    assert refused.status_code == 422
    assert "lacks reason" in refused.content.decode()
    said = {"act": "deviate", "approver": "Medication committee"}
    for number in range(len(row.content["deviations"])):
        said |= {f"d{number}-reason": "population", f"d{number}-approver": "Medication committee"}
        said |= {f"d{number}-hazard": "LC-03", f"d{number}-review_on": "2027-06-01"}
    assert client.post(address, said).status_code == 302
    row.refresh_from_db()
    assert (row.is_undecided, row.is_approved, row.decided_by.email) == (False, True, "author@example.org")


def test_a_new_national_row_is_adopted_or_not_used_with_its_reason(signed_in, carried):
    """Neither happens by itself."""
    client = signed_in("author")
    first, second = carried.rows.filter(is_undecided=True, state=RowState.NOT_USED.value).exclude(care_area="")[:2]
    assert client.post(f"{ROWS}/rows/{first.pk}", {"act": "not_used", "reason": ""}).status_code == 422
    client.post(f"{ROWS}/rows/{first.pk}", {"act": "not_used", "reason": "formulary"})
    client.post(f"{ROWS}/rows/{second.pk}", {"act": "adopt", "approver": "Medication committee"})
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_undecided, first.content["reason"]) == (False, "formulary")
    assert (second.state, second.is_approved) == (RowState.ADOPTED.value, True)


def test_the_result_is_a_change_request_never_a_version(signed_in, carried):
    """What follows from the overlay becomes the draft of a request; the library keeps its versions."""
    before = Version.objects.filter(library=carried.library).count()
    sent = signed_in("author").post(f"{ROWS}/change")
    assert sent.status_code == 302, sent.content.decode()
    change = Change.objects.get()
    assert change.draft.items.exists()
    assert Version.objects.filter(library=carried.library).count() == before


def test_deviations_told_name_no_person(signed_in, adoption):
    """The national body sees fields, directions and codes; no approver and no account."""
    client = signed_in("author")
    told = json.loads(client.get(f"{ROWS}/deviations.json").content)
    assert "Medication committee" not in json.dumps(told)
    assert client.post(f"{ROWS}/deviations").status_code == 302
    assert DeviationsPublished.objects.get().content == told
    text = signed_in("curator").get("/example-curator/national/").content.decode()
    assert "Example Trust on" in text
    assert "Amal" not in text


def test_a_library_begins_to_follow_with_every_deviation_waiting(signed_in, adoption):
    """Which care area follows which is said; nothing is approved that deviates, and the library stays as it is."""
    address = f"{NATIONAL}/begin/november-2018/{adoption.issue.pk}"
    client = signed_in("author")
    assert "Say which national care area" in client.get(address).content.decode()
    said = {"area-adult-critical-care-a-general": "adult-critical-care"}
    assert client.post(address, said).status_code == 302
    made = Adoption.objects.get(library__slug="november-2018")
    assert made.about["areas"] == {"adult-critical-care-a-general": "adult-critical-care"}
    assert not made.rows.filter(state=RowState.ADOPTED_WITH_DEVIATION.value, is_approved=True).exists()
    assert signed_in("reader").get(address).status_code == 403
    assert client.get(address).status_code == 404
