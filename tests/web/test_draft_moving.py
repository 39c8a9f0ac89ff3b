"""Moving a draft onto the newest version: three ways, by entry and field; where both meet a person chooses."""

import re

import pytest

from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.core.difference import difference
from openinfusion.core.errors import AuthorError, ChangeControlError
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.desk import open_change, request_of
from openinfusion.web.changes.models import Change
from openinfusion.web.changes.release import outdated
from openinfusion.web.drafts.entry_form import form_of
from openinfusion.web.drafts.keep import Edit, content_at, draft_of, keep_open, save
from openinfusion.web.drafts.moving import move, plan
from openinfusion.web.library.becoming import document_of
from openinfusion.web.library.models import Part, Version
from openinfusion.web.library.store import add_version, draft_library, item_content, library_of, newer_than_base
from tests.web.change_people import text_of
from tests.web.test_change_way import AT

HERE = "/example-trust/drafts"
Json = dict


def opened(library, person, title: str) -> Change:
    return open_change(
        library, title=title, trigger=Trigger.GUIDELINE, urgency=Urgency.ROUTINE, by=person("author"), at=AT
    )


def limited(change: Change) -> list[str]:
    """Entries with a soft and a hard maximum and a dose in one unit, in order."""
    found = library_of(change.draft.base).entries
    return [one.id for one in found if one.dose and one.dose.soft_max and one.dose.hard_max and one.dose.soft_min]


def edit(change: Change, person, item: str, **dose: str | None) -> None:
    """Change limits of the dose of an entry."""
    content = item_content(change.draft, Part.ENTRY, item)
    content["dose"] = content["dose"] | dose
    put(change, person, item, content)


def put(change: Change, person, item: str, content: Json | None, part: Part = Part.ENTRY) -> None:
    seen = change.draft.items.filter(part=part, item=item).values_list("revision", flat=True).first() or 0
    made = Edit(part=part, item=item, content=content, seen=seen)
    save(change, [made], what="edit", by=person("author"), at=AT)


def released(change: Change, person) -> Version:
    """The version that another change makes of its draft, while this one is written."""
    return add_version(
        change.library, document_of(change.draft), origin=Version.Origin.CHANGE, by=person("mdso"), at=AT
    )


@pytest.fixture
def mine(library, person):
    return opened(library, person, "Mine")


@pytest.fixture
def theirs(library, person):
    return opened(library, person, "Theirs")


def moved(change: Change, person, **answers: str):
    change = Change.objects.select_related("draft__base").get(pk=change.pk)
    seen = plan(change.draft, newer_than_base(change.draft)).seen
    return move(change, seen=seen, answers=answers, by=person("author"), at=AT)


def dose(change: Change, item: str) -> Json:
    change = Change.objects.get(pk=change.pk)
    return item_content(change.draft, Part.ENTRY, item)["dose"]


def test_other_entries_come_along_and_ones_own_stay(mine, theirs, person):
    """Nothing to choose where the two changed different entries; the request says again only what is its own."""
    first, second, *_ = limited(mine)
    edit(mine, person, first, soft_max=dose(mine, first)["soft_min"])
    edit(theirs, person, second, soft_max=dose(theirs, second)["soft_min"])
    newest = released(theirs, person)
    assert moved(mine, person).is_settled
    mine.refresh_from_db()
    assert mine.draft.base == newest
    assert {one.entry for one in request_of(mine).changes} == {first}
    made = draft_library(mine.draft)
    assert difference(library_of(newest), made).changes == request_of(mine).changes
    assert made.find_entry(second) == library_of(newest).find_entry(second)


def test_fields_of_one_entry_are_taken_from_whoever_changed_them(mine, theirs, person):
    """The draft's soft maximum and the newer version's hard maximum stand together, and nobody is asked."""
    item = limited(mine)[0]
    old = dose(mine, item)
    edit(mine, person, item, soft_max=old["soft_min"])
    edit(theirs, person, item, hard_max=old["soft_max"])
    released(theirs, person)
    made = moved(mine, person)
    assert made.is_settled
    assert [one.is_settled for one in made.meetings] == [True]
    assert (dose(mine, item)["soft_max"], dose(mine, item)["hard_max"]) == (old["soft_min"], old["soft_max"])


@pytest.mark.parametrize("whose", ["mine", "theirs"])
def test_the_same_field_is_chosen_by_a_person(mine, theirs, person, whose):
    """Without a choice nothing is moved; with one, that value stands, and the record tells whose it was."""
    item = limited(mine)[0]
    old = dose(mine, item)
    edit(mine, person, item, hard_max=old["soft_max"])
    edit(theirs, person, item, hard_max=None)
    released(theirs, person)
    left = moved(mine, person)
    assert not left.is_settled
    assert [row.path for row in left.meetings[0].open] == ["dose.hard_max"]
    assert Change.objects.get(pk=mine.pk).draft.base_id == mine.draft.base_id
    assert moved(mine, person, **{f"choice.entry:{item}.dose.hard_max": whose}).is_settled
    assert dose(mine, item).get("hard_max") == (old["soft_max"] if whose == "mine" else None)
    row = AuditRow.objects.get(action="merge item")
    assert f"dose.hard_max: {whose}" in row.reason
    assert AuditRow.objects.get(action="move draft onto newest").object == mine.reference


def test_a_unit_changed_on_one_side_never_stands_under_the_others_number(mine, theirs, person):
    """Fields carry their units: the draft's new number in the old unit is shown with it, beside the other unit."""
    item = next(i for i in limited(mine) if dose(mine, i)["unit"] == "mg/h")
    old = dose(mine, item)
    edit(mine, person, item, hard_max=old["soft_max"])
    scaled = {name: f"{value}000" for name, value in old.items() if name != "unit" and "." not in value}
    content = item_content(theirs.draft, Part.ENTRY, item)
    content["dose"] = {"unit": "ug/h"} | scaled
    put(theirs, person, item, content)
    released(theirs, person)
    left = moved(mine, person)
    rows = {row.path: row for one in left.meetings for row in one.rows}
    assert rows["dose.hard_max"].mine.endswith("mg/h")
    assert rows["dose.hard_max"].theirs.endswith("micrograms/h")


def test_what_one_took_out_and_the_other_changed_is_chosen_whole(mine, theirs, person):
    """An entry is there or it is not: the two are shown, and one of them is taken."""
    item = limited(mine)[0]
    edit(mine, person, item, hard_max=dose(mine, item)["soft_max"])
    put(theirs, person, item, None)
    released(theirs, person)
    left = moved(mine, person)
    assert [row.theirs for row in left.meetings[0].open] == ["not there"]
    moved(mine, person, **{f"choice.entry:{item}.item": "theirs"})
    mine.refresh_from_db()
    assert draft_library(mine.draft).find_entry(item) is None
    assert request_of(mine).changes == ()


def test_what_both_did_alike_or_was_put_back_needs_no_choice(mine, theirs, person):
    """And what the draft had only put back does not undo what came since."""
    first, second, *_ = limited(mine)
    old = item_content(mine.draft, Part.ENTRY, second)
    new = dose(mine, first)["soft_max"]
    for one in (mine, theirs):
        edit(one, person, first, hard_max=new)
    edit(mine, person, second, hard_max=old["dose"]["soft_max"])
    put(mine, person, second, old)
    edit(theirs, person, second, hard_max=old["dose"]["soft_max"])
    released(theirs, person)
    made = moved(mine, person)
    assert (len(made.agree), made.meetings) == (2, ())
    mine.refresh_from_db()
    assert request_of(mine).changes == ()
    assert dose(mine, second)["hard_max"] == old["dose"]["soft_max"]


def test_two_versions_later_is_as_one(mine, theirs, library, person):
    """What both of them brought comes along."""
    first, second, third, *_ = limited(mine)
    edit(mine, person, first, hard_max=dose(mine, first)["soft_max"])
    edit(theirs, person, second, hard_max=dose(theirs, second)["soft_max"])
    released(theirs, person)
    again = opened(library, person, "Again")
    edit(again, person, third, hard_max=dose(again, third)["soft_max"])
    newest = released(again, person)
    moved(mine, person)
    mine.refresh_from_db()
    assert mine.draft.base == newest
    assert {one.entry for one in request_of(mine).changes} == {first}


def test_who_has_an_old_form_open_meets_what_came(mine, theirs, person):
    """A form that was opened before the move cannot overwrite what came with it: it is stale, and merges."""
    item = limited(mine)[0]
    said = form_of(item_content(mine.draft, Part.ENTRY, item))
    keep_open(mine.draft, Part.ENTRY, item, person=person("coauthor"), at=AT, said=said, seen=0)
    old = item_content(mine.draft, Part.ENTRY, item)
    edit(theirs, person, item, hard_max=dose(theirs, item)["soft_max"])
    released(theirs, person)
    moved(mine, person)
    change = Change.objects.get(pk=mine.pk)
    with pytest.raises(AuthorError, match="somebody saved while you were editing"):
        save(
            change,
            [Edit(part=Part.ENTRY, item=item, content=old, seen=0)],
            what="edit",
            by=person("coauthor"),
            at=AT,
        )
    assert content_at(draft_of(change), Part.ENTRY, item, revision=0) == old


def test_nothing_is_moved_that_was_not_before_them(mine, theirs, person):
    """Somebody saves meanwhile: a look at what both are now."""
    item = limited(mine)[0]
    edit(theirs, person, item, hard_max=dose(theirs, item)["soft_max"])
    released(theirs, person)
    with pytest.raises(AuthorError, match="changed since you were shown this"):
        move(mine, seen="old", answers={}, by=person("author"), at=AT)


def test_only_a_draft_is_moved_and_only_by_whoever_may_write_in_it(mine, theirs, person):
    """What others are judging goes back to its author first."""
    item = limited(mine)[0]
    edit(theirs, person, item, hard_max=dose(theirs, item)["soft_max"])
    assert outdated(mine) is None
    newest = released(theirs, person)
    assert outdated(Change.objects.get(pk=mine.pk)) == newest
    with pytest.raises(ChangeControlError, match="only"):
        move(mine, seen="", answers={}, by=person("trainer"), at=AT)
    mine.content |= {"stage": "triaged"}
    mine.save()
    with pytest.raises(ChangeControlError, match="must be sent back to the author first"):
        move(mine, seen="", answers={}, by=person("author"), at=AT)


def test_the_page_shows_both_and_moves_once_all_is_chosen(mine, theirs, person, signed_in):
    """From the draft's page: what stays, where both meet, what is still to be chosen; then the draft again."""
    item, other, *_ = limited(mine)
    old = dose(mine, item)
    edit(mine, person, item, hard_max=old["soft_max"])
    edit(mine, person, other, hard_max=dose(mine, other)["soft_max"])
    edit(theirs, person, item, hard_max=None)
    released(theirs, person)
    author, here = signed_in("author"), f"{HERE}/{mine.reference}"
    assert "came since" in text_of(author.get(here))
    assert "cannot be released before its author has moved it" in text_of(
        signed_in("reader").get(f"/example-trust/changes/{mine.reference}")
    )
    shown = author.get(f"{here}/newest")
    (seen,) = re.findall(r'name="seen" value="([^"]+)"', shown.content.decode())
    assert "What stays as the draft has it (1)" in text_of(shown)
    refused = author.post(f"{here}/newest", {"seen": seen})
    assert refused.status_code == 422
    assert "choose whose it shall be" in text_of(refused)
    done = author.post(f"{here}/newest", {"seen": seen, f"choice.entry:{item}.dose.hard_max": "mine"})
    assert (done.status_code, done["location"]) == (302, here)
    assert "came since" not in text_of(author.get(here))
    assert author.get(f"{here}/newest").status_code == 302
    assert signed_in("reader").get(f"{here}/newest").status_code == 403
