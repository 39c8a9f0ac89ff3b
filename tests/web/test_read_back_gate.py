"""The release gate G10 asks the read-back itself: nothing counts as transcribed while a difference remains."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from openinfusion.core.stages import Stage
from openinfusion.web.changes.desk import take_in_draft
from openinfusion.web.changes.facts import facts_of
from openinfusion.web.changes.models import Change
from openinfusion.web.imports.models import ReadBackRecord
from openinfusion.web.imports.transcription import why_not_transcribed
from openinfusion.web.library.becoming import document_of
from openinfusion.web.library.models import Part, Version
from openinfusion.web.library.store import add_version, item_content, library_of, save_item
from tests.web.change_people import People
from tests.web.import_files import plain
from tests.web.test_change_way import AT

NOW = (",0.5,2", ",0.5,1")
"""What the change makes of the table: a hard maximum of 1 instead of 2 micrograms/kg/min."""


@pytest.fixture
def people(signed_in, person):
    """A library of one small table, and a change of it that stands as the committee approved it."""
    client = signed_in("author")
    answer = client.post("/example-trust/imports", {"file": SimpleUploadedFile("approved.csv", plain())})
    form = {"becomes": "new", "name": "Small", "version": "1.0.0", "agree": ["POPULATION"]}
    client.post(f"{answer['location']}/confirm", form)
    said = {"library": "small", "title": "Tighter", "trigger": "guideline", "urgency": "routine"}
    client.post("/example-trust/changes/new", said)
    change = Change.objects.get()
    entry = next(one for one in library_of(change.draft.base).entries if one.drug == "noradrenaline")
    content = item_content(change.draft, Part.ENTRY, entry.id)
    content["dose"]["hard_max"] = "1"
    save_item(change.draft, Part.ENTRY, entry.id, content=content, seen=0, by=person("author"), at=AT)
    stands_at(take_in_draft(change, by=person("author"), at=change.opened_at), Stage.APPROVED)
    return People(signed_in, change.reference)


def stands_at(change: Change, stage: Stage) -> None:
    change.content |= {"stage": stage.value}
    change.stage = stage.value
    change.save()


def read_back(people: People, content: bytes, typist: int) -> ReadBackRecord:
    """The author hands in what the vendor's editor holds."""
    people.done("author", "read-backs", file=SimpleUploadedFile("editor.csv", content), typist=str(typist))
    return ReadBackRecord.objects.latest("pk")


def g10(people: People) -> str:
    """What the gates' page says of G10."""
    page = people.page("author", "/gates")
    return page[page.index("G10: ") : page.index("G11: ")]


def facts():
    return facts_of(Change.objects.select_related("draft__base").get(), AT)


def test_a_gate_without_a_read_back_is_closed_and_says_how_it_opens(people):
    """Nobody looked, so nothing is known."""
    assert "No export of the vendor's editor has been compared with this version" in g10(people)
    assert "Read back what the vendor's editor holds" in g10(people)
    assert (facts().readback_differences, bool(facts().readback_lacks)) == (None, True)


def test_a_difference_keeps_it_closed_until_the_editor_is_corrected_and_another_confirms(people, person):
    """The base instead of the draft in the editor: found before the release. Then right, and confirmed by another."""
    record = read_back(people, plain(), person("author").pk)
    assert record.sha256 == facts().library
    assert "1 difference between the vendor's editor and the version" in g10(people)
    assert "editor.csv" in g10(people)
    assert facts().readback_differences == 1

    record = read_back(people, plain(NOW), person("author").pk)
    assert "waits to be confirmed by somebody other than Amal Author" in g10(people)
    refused = people.client("author").post(f"/example-trust/read-backs/{record.pk}/confirm")
    assert refused.status_code == 403
    assert people.client("checker").post(f"/example-trust/read-backs/{record.pk}/confirm").status_code == 302
    assert "confirmed by Chris Checker" in g10(people)
    assert (facts().readback_differences, facts().readback_lacks) == (0, "")


def test_what_was_read_back_before_the_release_is_known_of_the_version(people, person, library):
    """The same bytes are the same library, so nobody types or compares twice."""
    record = read_back(people, plain(NOW), person("author").pk)
    people.client("checker").post(f"/example-trust/read-backs/{record.pk}/confirm")
    change = Change.objects.get()
    made = add_version(
        change.library, document_of(change.draft), origin=Version.Origin.CHANGE, by=person("mdso"), at=AT
    )
    assert why_not_transcribed(made) is None


def test_declaring_that_nobody_types_opens_it_and_a_read_back_counts_more(people, person):
    """Where pumps take the signed file there is nothing to read back; where somebody looks, what they find counts."""
    told = {"reason": "Own fleet", "evidence": "Contract 7"}
    people.done("author", "gates/not_typed", answer="yes", **told)
    assert "it was declared that nobody types this library" in g10(people)
    assert facts().readback_lacks == ""
    read_back(people, plain((",4,10", ",4,100")), person("author").pk)
    assert "2 differences between the vendor's editor and the version" in g10(people)
    assert facts().readback_lacks
    people.refused("trainer", "gates/not_typed", answer="yes", **told)


def test_an_edited_draft_is_read_back_anew(people, person):
    """What agreed with other bytes says nothing of these."""
    record = read_back(people, plain(NOW), person("author").pk)
    people.client("checker").post(f"/example-trust/read-backs/{record.pk}/confirm")
    change = Change.objects.get()
    item = change.draft.items.get()
    content = item.content | {"rationale": "Another reason"}
    save_item(change.draft, item.part, item.item, content=content, seen=1, by=person("author"), at=AT)
    assert "no export" in facts().readback_lacks.lower()


def test_it_is_shown_at_its_change_and_to_nobody_who_is_to_check_blind(people, person):
    """Sent back to the author, its values are hidden again from whoever may check them, page and file alike."""
    record = read_back(people, plain(), person("author").pk)
    here = f"{people.address}/read-backs/{record.pk}"
    sent = people.client("reader").get(f"/example-trust/read-backs/{record.pk}")
    assert (sent.status_code, sent["location"]) == (302, here)
    assert people.client("reader").get(here).status_code == 200
    assert people.client("reader").get(f"{here}/differences.csv").status_code == 200
    stands_at(Change.objects.get(), Stage.DRAFT)
    for where in (here, f"{here}/differences.csv", f"{people.address}/read-backs"):
        assert people.client("checker").get(where).status_code == 403
    assert people.client("reader").get(f"{people.address}/read-backs/{record.pk + 1}").status_code == 404


def test_nothing_is_read_back_before_it_is_approved(people):
    """What may still change is not typed into an editor."""
    stands_at(Change.objects.get(), Stage.SCENARIO_TESTED)
    refused = people.client("author").get(f"{people.address}/read-backs")
    assert refused.status_code == 422
    assert "once the change is approved" in refused.content.decode()
