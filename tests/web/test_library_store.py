"""Versions and drafts in the database: whole, exact, and nobody's work lost."""

from datetime import UTC, datetime

import pytest

from openinfusion.adapters.documents import to_json
from openinfusion.adapters.library_file import identity
from openinfusion.core.errors import AuthorError
from openinfusion.web.library.find import entries_like
from openinfusion.web.library.models import Draft, Part, Span, Version
from openinfusion.web.library.store import (
    StaleError,
    add_version,
    draft_library,
    item_content,
    items_of,
    library_of,
    save_item,
)

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)


def test_a_version_comes_back_as_it_was_kept(library):
    """Its identity is that of the document."""
    for version in library.versions.all():
        assert identity(library_of(version)) == version.sha256


def test_spans_are_the_items_of_each_version(library):
    """Whichever version is asked for, its spans hold exactly its items."""
    for version in library.versions.all():
        spans = {(one.part, one.item): one.content for one in Span.objects.at(version)}
        assert spans == {(part.value, item): content for part, item, content in items_of(library_of(version))}


def test_a_label_is_given_once(library):
    """Two versions that people call the same would be mistaken for each other."""
    newest = library.versions.last()
    with pytest.raises(AuthorError, match=r"1\.1\.0, which it has already"):
        add_version(library, library_of(newest), origin=Version.Origin.IMPORTED, by=None, at=AT)


def test_three_letters_find_an_entry_by_drug_or_brand(library):
    """Names and aliases, in any order and case."""
    newest = library.versions.last()
    assert {one.drug for one in entries_like(newest, "fent")} >= {"fentanyl"}
    assert {one.drug for one in entries_like(newest, "NOREP")} == {"noradrenaline"}
    assert all("theatres" in one.care_area for one in entries_like(newest, "", care_area="theatres"))


@pytest.fixture
def draft(library, person):
    return Draft.objects.create(
        library=library, base=library.versions.last(), title="A test", made_by=person("author"), made_at=AT
    )


def first_entry(draft):
    return library_of(draft.base).entries[0]


def test_a_draft_changes_what_was_saved_and_nothing_else(draft, person):
    """The library of a draft is its base with the items that were saved."""
    entry = first_entry(draft)
    content = to_json(entry) | {"rationale": "A reason"}
    save_item(draft, Part.ENTRY, entry.id, content=content, seen=0, by=person("author"), at=AT)
    made = draft_library(draft)
    assert made.find_entry(entry.id).rationale == "A reason"
    assert [one for one in made.entries if one.id != entry.id] == [
        one for one in library_of(draft.base).entries if one.id != entry.id
    ]
    assert item_content(draft, Part.ENTRY, entry.id) == content


def test_an_item_that_somebody_saved_meanwhile_is_not_written_over(draft, person):
    """The second of two editors is told, and the first's work stands."""
    entry = first_entry(draft)
    mine, theirs = (to_json(entry) | {"rationale": text} for text in ("mine", "theirs"))
    save_item(draft, Part.ENTRY, entry.id, content=theirs, seen=0, by=person("checker"), at=AT)
    with pytest.raises(StaleError):
        save_item(draft, Part.ENTRY, entry.id, content=mine, seen=0, by=person("author"), at=AT)
    assert item_content(draft, Part.ENTRY, entry.id) == theirs


def test_what_is_no_entry_is_not_kept(draft, person):
    """The message names the path inside the item."""
    entry = first_entry(draft)
    with pytest.raises(AuthorError, match="dose"):
        save_item(
            draft,
            Part.ENTRY,
            entry.id,
            content=to_json(entry) | {"dose": {"hard_max": "much"}},
            seen=0,
            by=person("author"),
            at=AT,
        )
    assert not draft.items.exists()
