"""What review finds in an entry while it is being typed."""

from dataclasses import replace
from datetime import date
from typing import Any

from openinfusion.core.errors import AuthorError
from openinfusion.core.library import Entry, Library
from openinfusion.core.review import Finding, review
from openinfusion.web.library.items import read_item
from openinfusion.web.library.models import Draft, Part
from openinfusion.web.library.store import draft_library, library_of


def findings_of(draft: Draft, content: Any, *, at: date) -> dict[str, list[Finding]]:  # noqa: ANN401 - JSON
    """
    Return what review finds in an entry of a draft, by the path of its field.

    The entry stands among those of its drug, since rules compare siblings; the whole library is reviewed at its
    change request.
    """
    entry: Entry = read_item(Part.ENTRY, content["id"], content)
    try:
        document = _among_siblings(draft_library(draft), entry)
    except AuthorError:
        return {}
    parent = _only(library_of(draft.base), entry.drug)
    found: dict[str, list[Finding]] = {}
    for one in review(document, at=at, parent=parent).open:
        if one.place.item == entry.id:
            found.setdefault(one.place.path.partition(".")[2] or "entry", []).append(one)
    return found


def _among_siblings(library: Library, entry: Entry) -> Library:
    siblings = [one for one in library.entries if one.drug == entry.drug and one.id != entry.id]
    return replace(library, entries=(*siblings, entry))


def _only(library: Library, drug: str) -> Library:
    return replace(library, entries=tuple(one for one in library.entries if one.drug == drug))
