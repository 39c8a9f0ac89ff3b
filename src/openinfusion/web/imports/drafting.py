"""Making a draft of a file: its differences from the newest version of a library that is there."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

import zstandard
from django.db import transaction

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.adapters.tables.onto import updated
from openinfusion.core.difference import difference
from openinfusion.core.errors import AuthorError
from openinfusion.core.library import Library
from openinfusion.core.wording import counted
from openinfusion.web.accounts.models import User
from openinfusion.web.imports.confirming import confirm, locked
from openinfusion.web.imports.models import Upload
from openinfusion.web.imports.reading import Handed
from openinfusion.web.imports.store import mapping_of
from openinfusion.web.library.items import items_of
from openinfusion.web.library.models import Draft, DraftItem, DrugLibrary, Version
from openinfusion.web.library.store import library_of


def newest_version(library: DrugLibrary) -> Version:
    """Return the version that a draft is made of; raises AuthorError where a library has none."""
    found = library.versions.defer("content").order_by("-number").first()
    if found is None:
        raise AuthorError(where=library.name, found="no version", expected="a library that has one")
    return found


@transaction.atomic
def compare_with(upload: Upload, library: DrugLibrary, *, takes_out: bool) -> None:
    """
    Keep what a library would be by a file, and how it differs, so that a person sees it before they confirm.

    Raises:
        AuthorError: the library has no version, or the values do not fit together.

    """
    base = newest_version(library)
    before = library_of(base)
    mapping = mapping_of(upload)
    after = updated(before, Handed(upload).read(mapping), mapping, keeps_gone=not takes_out)
    upload.onto, upload.base, upload.takes_out = library, base, takes_out
    upload.merged = zstandard.compress(canonical_bytes(after), 9)
    upload.account["onto"] = _told(before, after)
    upload.save(update_fields=["onto", "base", "takes_out", "merged", "account"])


def forget_onto(upload: Upload) -> None:
    """Let a person choose again what a file is to become; of one that became something meanwhile, nothing is."""
    Upload.objects.filter(pk=upload.pk, state=Upload.State.READ).update(onto=None, base=None, merged=None)
    upload.refresh_from_db(fields=["onto", "base", "merged"])


def _told(before: Library, after: Library) -> dict[str, Any]:
    found = difference(before, after)
    mine = {entry.id: entry for entry in before.entries}
    new = {entry.id: entry for entry in after.entries}
    areas: Counter[str] = Counter()
    for one in new.values():
        if one != mine.get(one.id):
            areas[after.care_area(one.care_area).name] += 1
    for one in mine.values():
        if one.id not in new:
            areas[before.care_area(one.care_area).name] += 1
    return {
        "new": sum(one not in mine for one in new),
        "changed": sum(one in mine and mine[one] != entry for one, entry in new.items()),
        "out": sum(one not in new for one in mine),
        "areas": [[name, count] for name, count in sorted(areas.items())],
        "loosening": [str(change) for change in found.changes if change.is_loosening][:200],
        "loosenings": sum(change.is_loosening for change in found.changes),
    }


@transaction.atomic
def make_draft(upload: Upload, agreed: Collection[str], *, by: User, at: datetime) -> Draft:
    """
    Make a draft of a file that was compared with a library.

    Raises:
        AuthorError: something is not agreed to, something was made already, or the library has a newer version.

    """
    held = locked(upload, agreed)
    if held.onto is None or held.base is None or held.merged is None:
        raise AuthorError(where=held.name, found="no comparison", expected="a library to compare it with")
    if newest_version(held.onto) != held.base:
        expected = "a comparison with it: choose the library again"
        raise AuthorError(where=held.onto.name, found="a newer version since it was compared", expected=expected)
    after = library_from_bytes(zstandard.decompress(bytes(held.merged), max_output_size=2**30), where=held.name)
    draft = Draft.objects.create(
        library=held.onto, base=held.base, title=f"As in {held.name}"[:200], made_by=by, made_at=at
    )
    items = [
        DraftItem(draft=draft, edited_by=by, edited_at=at, **one) for one in _changes(library_of(held.base), after)
    ]
    DraftItem.objects.bulk_create(items, batch_size=500)
    held.made_draft = draft
    made = f"draft {draft.pk} of {held.onto.name} beside version {held.base.label}, {counted(len(items), 'item')}"
    confirm(held, agreed, by=by, at=at, made=made)
    return draft


def _changes(before: Library, after: Library) -> list[dict[str, Any]]:
    mine = {(part, item): content for part, item, content in items_of(before)}
    new = {(part, item): content for part, item, content in items_of(after)}
    changed = [(key, content) for key, content in new.items() if mine.get(key) != content]
    gone = [(key, None) for key in mine if key not in new]
    return [{"part": part, "item": item, "content": content} for (part, item), content in (*changed, *gone)]
