"""How one entry came to be as it is: its content through all versions, who changed it, when and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openinfusion.core import library as core
from openinfusion.core.difference import Change, difference
from openinfusion.core.entry import Entry
from openinfusion.core.units import Quantity
from openinfusion.web.library.models import Part, Span, Version
from openinfusion.web.library.names import Names, entry_of

VALUES = ("hard_min", "soft_min", "usual_min", "initial", "usual_max", "soft_max", "hard_max")


@dataclass(frozen=True, slots=True)
class Step:
    """What a version did to an entry: nothing stood before the first."""

    version: Version
    changes: tuple[Change, ...]
    is_first: bool = False
    is_removal: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """The steps of an entry, the newest first, and since which version each of its values stands."""

    steps: tuple[Step, ...]
    since: Mapping[str, Version]


def history_of(span: Span, names: Names) -> History:
    """Return the history of an entry up to the version that a span is of."""
    spans = _spans(span)
    entries = [entry_of(one) for one in spans]
    numbers = {one.first for one in spans} | {one.last + 1 for one in spans if one.last}
    found = Version.objects.filter(library=span.library_id, number__in=numbers)
    versions = {one.number: one for one in found.select_related("made_by").defer("content")}
    steps = [Step(versions[spans[0].first], (), is_first=True)]
    for before, after, old, new in zip(spans, spans[1:], entries, entries[1:], strict=False):
        if before.last is not None and before.last + 1 < after.first:
            steps.append(Step(versions[before.last + 1], (), is_removal=True))
        steps.append(Step(versions[after.first], _changes(old, new, names)))
    return History(tuple(reversed(steps)), _since(spans, entries, versions))


def _spans(span: Span) -> list[Span]:
    """Return the spans of an entry, the oldest first, with those of the entry whose strength it changed."""
    spans = list(Span.objects.filter(library=span.library_id, part=Part.ENTRY, item=span.item, first__lte=span.first))
    spans.sort(key=lambda one: one.first)
    while (earlier := _before(spans[0])) is not None:
        spans.insert(0, earlier)
    return spans


def _before(span: Span) -> Span | None:
    """Return what stood in the place of an entry until it came; the one that core.difference pairs it with."""
    if span.first == 1:
        return None
    like = Span.objects.filter(
        library=span.library_id, part=Part.ENTRY, drug=span.drug, care_area=span.care_area, kind=span.kind
    )
    therapy = span.content.get("therapy")
    gone = [one for one in like.filter(last=span.first - 1) if one.content.get("therapy") == therapy]
    stayed = set(like.filter(first=span.first).values_list("item", flat=True))
    left = [one for one in gone if one.item not in stayed or one.item == span.item]
    return left[0] if len(left) == 1 else None


def _changes(old: Entry, new: Entry, names: Names) -> tuple[Change, ...]:
    return difference(_alone(old, names), _alone(new, names)).changes


def _alone(entry: Entry, names: Names) -> core.Library:
    """Return a library of one entry; an entry's history needs no more of the master lists than what it names."""
    return core.Library(
        library=core.About(name="", organisation="", version=""),
        drugs=(names.drug_of(entry),),
        care_areas=(names.area_of(entry),),
        advisories=tuple(core.Advisory(id=one, text="") for one in entry.advisories),
        entries=(entry,),
    )


def _since(spans: Sequence[Span], entries: Sequence[Entry], versions: Mapping[int, Version]) -> Mapping[str, Version]:
    """Return since which version each value of the newest entry has stood as it stands."""
    now = values_of(entries[-1])
    since = dict.fromkeys(now, spans[-1].first)
    open_paths = set(now)
    for later, span, entry in zip(reversed(spans), reversed(spans[:-1]), reversed(entries[:-1]), strict=False):
        if span.last is None or span.last + 1 < later.first:
            break
        then = values_of(entry)
        open_paths = {path for path in open_paths if then.get(path) == now[path]}
        since |= dict.fromkeys(open_paths, span.first)
    return {path: versions[number] for path, number in since.items()}


def values_of(entry: Entry) -> dict[str, Quantity]:
    """Return every value of an entry's limits by its path: ``dose.hard_max``."""
    return {
        f"{path}.{name}": quantity
        for path, limits in entry.all_limits()
        for name in VALUES
        if (quantity := limits.quantity(name)) is not None
    }
