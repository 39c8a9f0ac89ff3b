"""Versions on a timeline: where each stands, and what it changed in numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Max, QuerySet

from openinfusion.core.difference import LOOSENING
from openinfusion.web.library.compared import summary
from openinfusion.web.library.models import Comparison, DrugLibrary, Version


class Standing(NamedTuple):
    """Where a version stands: the word, the colour of its tag, and since when."""

    words: str
    colour: str
    since: datetime


def standings_of(version: Version) -> Sequence[Standing]:
    """Return every stand that a version has reached, the last one first; none of them is ever taken back."""
    origin = {
        Version.Origin.IMPORTED: Standing("Imported, not approved here", "grey", version.made_at),
        Version.Origin.ADOPTED: Standing("Adopted from a national library", "grey", version.made_at),
        Version.Origin.CHANGE: Standing("Made by a change request", "grey", version.made_at),
    }[Version.Origin(version.origin)]
    reached = (
        ("On pumps, proven", "green", version.implemented_at),
        ("Released", "blue", version.released_at),
        ("Approved", "aqua-green", version.approved_at),
    )
    stands = [Standing(words, colour, at) for words, colour, at in reached if at is not None]
    return [*stands, origin if not stands else origin._replace(words=origin.words.partition(",")[0])]


@dataclass(frozen=True, slots=True)
class Event:
    """One version of a timeline; ``changes`` is none for the first, and where nothing was compared yet."""

    version: Version
    standings: Sequence[Standing]
    changes: Sequence[str] | None
    loosening: int


def events_of(library: DrugLibrary, versions: Sequence[Version]) -> list[Event]:
    """Return versions with what each changed from the one before it."""
    found = Comparison.objects.filter(new__in=[one.pk for one in versions], new__library=library)
    rows = found.values_list("new__number", "old__number", "counts")
    compared = {new: counts for new, old, counts in rows if old == new - 1}
    return [_event(one, compared.get(one.number)) for one in versions]


def _event(version: Version, counts: Mapping[str, int] | None) -> Event:
    loosening = sum((counts or {}).get(kind.value, 0) for kind in LOOSENING)
    changes = None if counts is None else summary(counts)
    return Event(version, standings_of(version), changes, loosening)


def newest_of(libraries: QuerySet[DrugLibrary]) -> Iterable[tuple[DrugLibrary, Event | None]]:
    """Return libraries, each with its newest version."""
    found = list(libraries.annotate(newest=Max("versions__number")))
    versions = Version.objects.filter(library__in=found).defer("content").select_related("made_by")
    newest = {(one.library_id, one.number): one for one in versions.filter(number__in={one.newest for one in found})}
    both = ((one, newest.get((one.pk, one.newest))) for one in found)
    return [(one, _event(version, None) if version else None) for one, version in both]
