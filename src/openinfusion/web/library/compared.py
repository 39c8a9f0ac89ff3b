"""
Differences between versions of a library, each computed once.

Only the items whose spans differ are read: what stands in both versions as it stood is no difference.
"""

from collections.abc import Iterable, Mapping

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django_tasks import task

from openinfusion.adapters.documents import convert, to_json
from openinfusion.core.difference import Change, ChangeKind, difference
from openinfusion.web.library.models import Comparison, Part, Span, Version
from openinfusion.web.library.names import entry_of, names_of

AT_ONCE = 200
"""So many changed entries are compared while somebody waits for the page; more are left to the worker."""
_WAIT = 120


def kept(old: Version, new: Version) -> Comparison | None:
    """Return the difference between two versions if it was computed."""
    return Comparison.objects.filter(old=old, new=new).first()


def between(old: Version, new: Version) -> Comparison | None:
    """Return the difference between two versions, or ``None`` while the worker computes a large one."""
    found = kept(old, new)
    if found is not None:
        return found
    if _changed(old, new).filter(part=Part.ENTRY).count() <= AT_ONCE:
        return compare(old, new)
    if cache.add(f"compare-{old.pk}-{new.pk}", 1, _WAIT):
        compare_later.enqueue(old.pk, new.pk)
    return kept(old, new)


@task()
def compare_later(old: int, new: int) -> None:
    """Compare two versions; a long task."""
    versions = Version.objects.defer("content").select_related("library").in_bulk([old, new])
    compare(versions[old], versions[new])


def compare(old: Version, new: Version) -> Comparison:
    """Compute the difference between two versions, and keep it."""
    before, after = (tuple(map(entry_of, _entries(*pair))) for pair in ((old, new), (new, old)))
    found = difference(names_of(old).document(old, before), names_of(new).document(new, after))
    standing = Span.objects.at(new).filter(part=Part.ENTRY).count() - len(after)
    values = {
        "counts": {kind.value: count for kind, count in found.count().items()},
        "changes": [to_json(change) for change in found.changes],
        "entries_unchanged": standing + found.entries_unchanged,
    }
    made, _ = Comparison.objects.get_or_create(old=old, new=new, defaults=values)
    return made


def read_changes(rows: Iterable[Mapping[str, str]]) -> list[Change]:
    """Return changes that were kept, as core knows them."""
    return [convert(row, Change, where="a change") for row in rows]


def _entries(one: Version, other: Version) -> Iterable[Span]:
    return _changed(one, other).filter(part=Part.ENTRY).order_by("pk")


def _changed(one: Version, other: Version) -> QuerySet[Span]:
    """Return the spans that stand at one version and not at the other."""
    return Span.objects.at(one).filter(~Q(first__lte=other.number) | Q(last__lt=other.number))


def summary(counts: Mapping[str, int]) -> list[str]:
    """Return what changed in numbers, gravest first: "2 limits widened", "1 entry added"."""
    return [_counted(kind, counts[kind.value]) for kind in kinds_in(counts)]


def kinds_in(counts: Mapping[str, int]) -> list[ChangeKind]:
    """Return the kinds that occur, gravest first: PostgreSQL keeps keys of JSON in an order of its own."""
    return [kind for kind in ChangeKind if kind.value in counts]


def _counted(kind: ChangeKind, number: int) -> str:
    """Return a kind with its number: the noun before the participle takes the plural."""
    noun, _, done = kind.value.rpartition(" ")
    if "," in noun:
        return f"{number:,} × {kind.value}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural} {done}"
