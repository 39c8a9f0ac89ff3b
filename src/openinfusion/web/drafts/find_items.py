"""Finding the items of a draft: those of its version, with what the draft changes, adds and takes out."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.text import slugify

from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.library import Entry, Library
from openinfusion.web.accounts.gate import actor_of
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.blind import is_hidden_from
from openinfusion.web.changes.desk import request_of
from openinfusion.web.changes.models import Change
from openinfusion.web.drafts.keep import draft_of
from openinfusion.web.library.find import entries_like
from openinfusion.web.library.items import read_item
from openinfusion.web.library.models import Draft, DraftItem, Part, Span

MOST = 30
LONGEST_ID = 110


def change_of(request: HttpRequest, organisation: Organisation, reference: str) -> Change:
    """Return a change request that has a draft; its values are not shown to whoever is to check it blind."""
    found = organisation.changes.filter(reference=reference, draft__isnull=False)
    one = found.select_related("library", "organisation", "draft__library", "draft__base", "proposer").first()
    if one is None:
        raise Http404
    if is_hidden_from(request_of(one), actor_of(request)):
        raise PermissionDenied("You may be the one who checks this change, so its values are not shown to you yet.")
    return one


class Hit(NamedTuple):
    """An entry that was found: its id, in words, and whether the draft changes it."""

    item: str
    words: str
    is_changed: bool


def find_entries(draft: Draft, library: Library, typed: str, **filters: str) -> list[Hit]:
    """Return the entries of a draft that hold all that was typed, those that it takes out left out."""
    mine = {one.item: one for one in draft.items.filter(part=Part.ENTRY)}
    spans = entries_like(draft.base, typed, **filters)
    items = [item for item in spans.values_list("item", flat=True) if item not in mine]
    hits = [Hit(item, words_of(library, item), is_changed=False) for item in items]
    hits += [
        Hit(item, words_of(library, item), is_changed=True)
        for item in _mine(library, mine, typed=typed, filters=filters)
    ]
    return sorted(hits, key=lambda hit: hit.words)


def _mine(library: Library, mine: dict[str, DraftItem], *, typed: str, filters: dict[str, str]) -> Iterable[str]:
    for item in mine:
        entry = library.find_entry(item)
        if entry is None or not _fits(entry, filters):
            continue
        aliases = " ".join(library.drug(entry.drug).aliases)
        text = f"{library.describe(entry)} {aliases}".casefold()
        if all(word in text for word in typed.casefold().split()):
            yield item


def _fits(entry: Entry, filters: dict[str, str]) -> bool:
    said = {"drug": entry.drug, "care_area": entry.care_area, "kind": entry.type.value}
    return all(not value or said[name] == value for name, value in filters.items())


def words_of(library: Library, item: str) -> str:
    """Return an entry in words, or its id where the library does not have it."""
    entry = library.find_entry(item)
    return f"{library.describe(entry)}, {entry.type.value}" if entry else item


class Changed(NamedTuple):
    """An item that a draft changes, with what changes in clinical words."""

    item: DraftItem
    words: str
    lines: list[str]

    @property
    def state(self) -> str:
        """Whether it is taken out, or stands with other content."""
        return "taken out" if self.item.content is None else "changed"


def changed_items(change: Change, library: Library, request: ChangeRequest) -> list[Changed]:
    """Return what a draft changes so far, item by item."""
    draft = draft_of(change)
    return [
        Changed(one, _item_words(library, one), _lines(request, one, library))
        for one in draft.items.select_related("edited_by").order_by("part", "item")
    ]


def _item_words(library: Library, one: DraftItem) -> str:
    if one.part == Part.ENTRY:
        return words_of(library, one.item)
    return str((one.content or {}).get("name") or one.item)


def _lines(request: ChangeRequest, one: DraftItem, library: Library) -> list[str]:
    """Return the lines of the difference that speak of an item."""
    name = _item_words(library, one)
    found = []
    for line in request.changes:
        is_mine = line.entry == one.item if one.part == Part.ENTRY else line.entry is None and line.subject == name
        if is_mine:
            found.append(_told(line))
    return found


def _told(line: Any) -> str:  # noqa: ANN401 - core.difference.Change
    where = f"{line.field_words}: " if line.field else ""
    before, after = line.before or "nothing", line.after or "nothing"
    return f"{line.kind.value}: {where}{before} → {after}" if line.field else line.kind.value


def entry_of(content: Any) -> Entry:  # noqa: ANN401 - JSON
    """Return an entry as core knows it."""
    made: Entry = read_item(Part.ENTRY, content["id"], content)
    return made


def new_id(draft: Draft, content: Any) -> str:  # noqa: ANN401 - JSON
    """Return an id that neither the draft nor its version has: area, drug, kind, therapy and strength."""
    entry = entry_of(content)
    strength = entry.concentration.text if entry.concentration and not entry.concentration.is_open else ""
    parts = (entry.care_area, entry.drug, entry.type.value, entry.therapy or "", strength)
    stem = "--".join(filter(None, map(slugify, parts)))[:LONGEST_ID]
    taken = set(draft.items.filter(part=Part.ENTRY).values_list("item", flat=True))
    taken |= set(Span.objects.filter(library=draft.library, part=Part.ENTRY).values_list("item", flat=True))
    names = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
