"""The whole way of a change, from draft to release, by the pages' own forms and by people who are all different."""

from datetime import UTC, datetime

import pytest

from openinfusion.adapters.documents import to_json
from openinfusion.adapters.library_file import identity
from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.web.accounts.models import HeldDuty
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.desk import open_change, request_of
from openinfusion.web.changes.models import Proven
from openinfusion.web.library.models import Part, Version
from openinfusion.web.library.store import library_of, save_item
from tests.web.change_people import People, write_in_full
from tests.web.change_way import AREA, to_approval, to_release, to_the_check, values_of

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)


@pytest.fixture
def change(library, person):
    """A draft that lowers the soft maximum of an entry of general critical care."""
    made = open_change(
        library, title="Lower", trigger=Trigger.GUIDELINE, urgency=Urgency.ROUTINE, by=person("author"), at=AT
    )
    base = library_of(made.draft.base)
    entry = next(one for one in base.entries if one.care_area == AREA and one.dose and one.dose.soft_max)
    content = to_json(entry)
    content["dose"]["hard_max"] = content["dose"]["soft_max"]
    save_item(made.draft, Part.ENTRY, entry.id, content=content, seen=0, by=person("author"), at=AT)
    return made


@pytest.fixture
def people(signed_in, change):
    return People(signed_in, change.reference)


def test_a_change_goes_the_whole_way_and_becomes_a_version(people, change, library):
    """Two different people release; the canonical bytes of the version are what they signed, and the record tells."""
    to_the_check(people)
    to_approval(people, change)
    to_release(people, change)
    people.moves("mdso", "released")
    change.refresh_from_db()
    assert change.stage == "approved"
    assert "has signed already" in people.refused("mdso", "move/released", reason="Again")
    people.moves("engineer", "released")
    change.refresh_from_db()
    version = change.version
    assert (change.stage, version.number, version.origin) == ("released", 3, Version.Origin.CHANGE)
    document = library_of(version)
    assert document.library.parent.sha256 == library.versions.get(number=2).sha256
    assert identity(document) == version.sha256
    assert set(Proven.objects.filter(to="released").values_list("sha256", flat=True)) == {version.sha256}
    page = people.page("reader")
    assert "Dana Device, medical device safety officer" in page
    assert version.sha256 in page
    assert AuditRow.objects.filter(object=f"adult {version.label}", action="make version").exists()


def test_nobody_can_click_that_pumps_run_it(people, change):
    """Given a release on its way, when the engineer says so without the pumps' proof, then it stays where it is."""
    to_the_check(people)
    to_approval(people, change)
    to_release(people, change)
    people.moves("mdso", "released")
    people.moves("engineer", "released")
    people.moves("engineer", "distributing")
    people.records("engineer", missed_pumps="None.")
    assert "no pump has proven anything" in people.refused("engineer", "move/implemented", reason="All pumps have it.")


def test_a_closed_gate_keeps_back_the_release_and_says_whose_it_is(people, change):
    """Given an approved change, when a declaration is missing, then no signature is asked for."""
    to_the_check(people)
    to_approval(people, change)
    to_release(people, change)
    told = {"reason": "Two nurses are away.", "evidence": "Register"}
    people.done("trainer", "gates/training_below", lines="ICU nurses", **told)
    said = people.refused("mdso", "move/released", reason="Go")
    assert "ICU nurses (for the trainer)" in said
    assert "Terry Trainer" in people.page("mdso", "/gates")


def test_an_author_cannot_approve_and_reads_whose_it_is(people, change, person):
    """Given an author who sits on the committee too, when they approve, then the page says why not, and who may."""
    HeldDuty.objects.create(user=person("author"), organisation=change.organisation, role="medication_committee")
    to_the_check(people)
    to_approval(people, change)
    said = people.refused("author", "move/approved", reason="It is mine.")
    assert "Amal Author is the author of this change" in said
    page = people.page("author")
    assert "Not possible for you now: Amal Author is the author of this change" in page
    assert "Kim Committee" in page


def test_an_objection_stands_until_the_committee_overrules_it(people, change):
    """Given an objection, when the champion closes the review, then it is refused until the committee has decided."""
    write_in_full(people)
    people.moves("author", "proposed")
    people.records("mso", duplicates="None.")
    people.moves("mso", "triaged")
    people.done("champion", "area", area=AREA, answer="no", reason="Our patients need more.")
    said = people.refused("champion", "move/area_review", reason="Go on")
    assert "Adult critical care A: general objects (Our patients need more.)" in said
    people.done("committee", "objection", area=AREA, answer="yes", reason="The guideline is new.")
    people.moves("champion", "area_review")
    assert "Our patients need more." in people.page("author")


def test_the_checker_sees_no_new_value_before_the_check_and_all_of_them_after(people, change, client):
    """Given a change to be checked, the checker's pages hold none of the author's words; once checked, they do."""
    to_the_check(people)
    people.done("author", "comment", text="My secret working", entry="")
    change.refresh_from_db()
    after = {one.after for one in request_of(change).changes}
    for where in ("", "/check", "/gates"):
        page = people.page("checker", where)
        assert "My secret working" not in page
        assert "The new guideline is lower." not in page
        if where == "":
            assert not any(text in page for text in after if text)
    hidden = (f"{people.address}/file", f"/example-trust/drafts/{change.reference}")
    assert [people.client("checker").get(one).status_code for one in hidden] == [403, 403]
    people.done("checker", "check", **values_of(change))
    assert "My secret working" in people.page("checker")


def test_a_value_that_cannot_be_read_costs_no_check_and_a_person_checks_once(people, change):
    """Typed nonsense comes back to be corrected; a check with a difference shows it, and stands."""
    to_the_check(people)
    said = values_of(change)
    keys = list(request_of(change).values)
    strength = next(n for n, key in enumerate(keys) if key.endswith(" concentration"))
    other = next(n for n, key in enumerate(keys) if not key.endswith(" concentration"))
    nonsense = said | {f"value-{strength}": "much"}
    assert "Enter an amount in a volume" in people.refused("checker", "check", **nonsense)
    change.refresh_from_db()
    assert request_of(change).blind_checks == ()
    people.done("checker", "check", **(said | {f"value-{other}": "999 mg/h"}))
    assert "999 mg/h" in people.page("checker")
    assert "has seen how the values differ" in people.refused("checker", "check", **said)


def test_an_emergency_is_approved_by_two_and_ratified_by_the_committee(people, change):
    """Given an emergency, two people approve it for the area; the page counts down, and the committee ratifies."""
    write_in_full(people)
    people.moves("author", "proposed")
    people.moves("mso", "emergency_approved")
    people.moves("champion", "emergency_approved")
    page = people.page("reader")
    assert "Approved in an emergency" in page
    assert "The medication committee must ratify or revoke it by" in page
    people.records("committee", minutes="Item 1", dissent="None.")
    refused = people.refused("committee", "move/ratified", reason="Go on")
    assert "no export of the vendor's editor has been compared with this version" in refused
    assert "Before it can be ratified" in people.page("reader")
    people.done("author", "gates/not_typed", answer="yes", reason="Own fleet", evidence="Contract")
    people.moves("committee", "ratified")
    change.refresh_from_db()
    assert change.stage == "ratified"


@pytest.mark.parametrize("where", ["area", "artefact", "class", "objection", "test", "evidence", "comment"])
def test_an_empty_form_is_refused_in_words(people, change, where):
    """Nothing is kept of it, and nothing breaks."""
    name = {"area": "champion", "objection": "committee", "test": "trainer"}.get(where, "mso")
    before = change.content
    people.refused(name, where)
    change.refresh_from_db()
    assert change.content == before
