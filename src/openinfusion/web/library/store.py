"""Versions and drafts: kept, read, and turned back into the values of core."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import zstandard
from django.db import transaction
from django.db.models import F

from openinfusion.adapters.documents import canonical_bytes, to_json
from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.core import library as core
from openinfusion.core.errors import AuthorError
from openinfusion.web.accounts.models import User
from openinfusion.web.library.compared import compare
from openinfusion.web.library.items import LISTS, items_of, read_item
from openinfusion.web.library.models import Draft, DraftItem, DrugLibrary, Part, Span, Version

ABOUT = "library"
"""The id under which a draft keeps what the library is called and whose it is."""


@transaction.atomic
def add_version(
    library: DrugLibrary,
    document: core.Library,
    *,
    origin: Version.Origin,
    by: User | None,
    at: datetime,
    note: str = "",
) -> Version:
    """
    Keep a document as the next version of a library, with the spans that begin and end with it and what it changed.

    Raises:
        AuthorError: the library has a version that is called so already.

    """
    newest = library.versions.defer("content").order_by("-number").first()
    if library.versions.filter(label=document.library.version).exists():
        label = document.library.version
        raise AuthorError(
            where=f"{library.name}, version", found=f"{label}, which it has already", expected="a version of its own"
        )
    content = canonical_bytes(document)
    made = Version.objects.create(
        library=library,
        number=newest.number + 1 if newest else 1,
        label=document.library.version,
        sha256=hashlib.sha256(content).hexdigest(),
        content=zstandard.compress(content, 9),
        origin=origin,
        made_by=by,
        made_at=at,
        note=note,
        not_for_clinical_use=document.library.not_for_clinical_use,
    )
    _move_spans(made, document)
    if newest is not None:
        compare(newest, made)
    return made


def _move_spans(version: Version, document: core.Library) -> None:
    """End the spans of what changed or went, and begin those of what changed or came."""
    standing = {(one.part, one.item): one for one in Span.objects.filter(library=version.library, last=None)}
    now = {(part.value, item): content for part, item, content in items_of(document)}
    ended = [span.pk for key, span in standing.items() if now.get(key) != span.content]
    Span.objects.filter(pk__in=ended).update(last=version.number - 1)
    begun = [key for key, content in now.items() if key not in standing or standing[key].content != content]
    Span.objects.bulk_create(_span(version, document, key, content=now[key]) for key in begun)


def _span(version: Version, document: core.Library, key: tuple[str, str], *, content: Any) -> Span:  # noqa: ANN401 - JSON
    part, item = key
    made = Span(library=version.library, part=part, item=item, first=version.number, content=content)
    if part == Part.ENTRY and (entry := document.find_entry(item)) is not None:
        drug = document.drug(entry.drug)
        made.drug, made.care_area, made.kind = entry.drug, entry.care_area, entry.type.value
        made.words = " ".join((document.describe(entry), *drug.aliases)).casefold()[:400]
    return made


def bytes_of(version: Version) -> bytes:
    """Return the canonical bytes of a version: what is signed, and what its identity is computed from."""
    return zstandard.decompress(bytes(version.content), max_output_size=2**30)


def library_of(version: Version) -> core.Library:
    """Return a version as core knows it; the newest few that were asked for stay in memory."""
    return _read(version.sha256, version.pk)


@lru_cache(maxsize=6)
def _read(_sha256: str, version: int) -> core.Library:
    one = Version.objects.get(pk=version)
    return library_from_bytes(bytes_of(one), where=str(one))


# --- Drafts ----------------------------------------------------------------------------------------------------------


class StaleError(AuthorError):
    """Somebody saved the same item meanwhile; both contents are there to be merged."""


def newer_than_base(draft: Draft) -> Version | None:
    """Return the newest version of a library where a draft, which is not over, began from an older one."""
    if draft.closed_at is not None:
        return None
    newest: Version = draft.library.versions.defer("content").order_by("-number")[0]
    return newest if newest.pk != draft.base_id else None


def draft_library(draft: Draft) -> core.Library:
    """
    Return what a library would be with the changes of a draft.

    Raises:
        AuthorError: the items do not fit together, such as an entry whose care area was taken out.

    """
    base = library_of(draft.base)
    changed = {(one.part, one.item): one.content for one in draft.items.all()}
    lists: dict[str, Any] = {name: _changed(base, part, changed) for part, name in LISTS.items()}
    about = changed.get((Part.ABOUT.value, ABOUT))
    named = base.library if about is None else read_item(Part.ABOUT, ABOUT, about)
    return replace(base, library=named, **lists)


def _changed(base: core.Library, part: Part, changed: Mapping[tuple[str, str], Any]) -> tuple[Any, ...]:
    kept = {one.id: one for one in getattr(base, LISTS[part])}
    for (kind, item), content in changed.items():
        if kind != part:
            continue
        if content is None:
            kept.pop(item, None)
        else:
            kept[item] = read_item(part, item, content)
    return tuple(kept.values())


def item_content(draft: Draft, part: Part, item: str) -> Any:  # noqa: ANN401 - JSON
    """Return an item as it stands in a draft, or ``None`` where the draft does not have it."""
    mine = draft.items.filter(part=part, item=item).first()
    if mine is not None:
        return mine.content
    return base_content(draft, part, item)


def base_content(draft: Draft, part: Part, item: str) -> Any:  # noqa: ANN401 - JSON
    """Return an item as it stands in the version that a draft began from, or ``None`` where that does not have it."""
    span = Span.objects.at(draft.base).filter(part=part, item=item).first()
    return span.content if span else None


@transaction.atomic
def save_item(
    draft: Draft,
    part: Part,
    item: str,
    *,
    content: Any,  # noqa: ANN401 - JSON
    seen: int,
    by: User,
    at: datetime,
) -> DraftItem:
    """
    Keep an item of a draft; ``None`` takes it out. ``seen`` is the revision that the editor had: 0 for the base's.

    Raises:
        AuthorError: the content is not an item of the format.
        StaleError: somebody saved it since; nothing was kept.

    """
    if content is not None:
        content = to_json(read_item(part, item, content))
    before = DraftItem.objects.select_for_update(no_key=True).filter(draft=draft, part=part, item=item).first()
    if (before.revision if before else 0) != seen:
        raise StaleError(
            where=f"{part} {item}",
            found="a change that somebody saved while you were editing",
            expected="a look at both, and a choice",
        )
    if before is None:
        return DraftItem.objects.create(draft=draft, part=part, item=item, content=content, edited_by=by, edited_at=at)
    DraftItem.objects.filter(pk=before.pk).update(
        content=content, revision=F("revision") + 1, edited_by=by, edited_at=at
    )
    before.refresh_from_db()
    return before
