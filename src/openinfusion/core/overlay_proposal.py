"""
An overlay proposed from a library that exists, and what of an overlay may be told to the national body.

A proposal says in what an existing local library would deviate from a national one; why it does, people must still say.
What is published names no person: reasons are codes, and approvers, approvals and local records stay here.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeVar

from openinfusion.core.library import Advisory, Drug, Entry, EntryType, Library, Parent
from openinfusion.core.overlay import Approval, Deviation, Overlay, ReasonCode, Record, Row, RowState, areas_of
from openinfusion.core.overlay_fields import RECORD, Direction, Setting, differing

NOT_IN_LOCAL = "not in the local library: adopt it, or say why it is not used"


def overlay_of(base: Library, local: Library, *, sha256: str, areas: Mapping[str, str] | None = None) -> Overlay:
    """
    Return the overlay with which an existing local library would follow from a national base.

    ``areas`` gives for each local care area the national one; without it, areas with the same id belong together. Rows
    are paired by drug, type, therapy and strength, the nearest first. A row that does not deviate keeps the approval
    that it has in the local library; every deviation still lacks its reason.
    """
    national = {area.id for area in base.care_areas}
    mapped = dict(areas) if areas is not None else {a.id: a.id for a in local.care_areas if a.id in national}
    pairs = {
        ours.id: theirs for area in mapped for theirs, ours in _pairs(base, local, area=area, national=mapped[area])
    }
    by = f"{local.library.name} {local.library.version}"
    rows = [_row(entry, pairs.get(entry.id), by=by) for entry in local.entries]
    used = {(row.national, row.care_area) for row in rows}
    places = ((entry.id, area) for entry in base.entries for area in areas_of(entry, mapped))
    rows += [
        Row(state=RowState.NOT_USED, national=entry, care_area=area, unresolved=NOT_IN_LOCAL)
        for entry, area in places
        if (entry, area) not in used
    ]
    return Overlay(
        base=Parent(name=base.library.name, version=base.library.version, sha256=sha256),
        library=replace(local.library, parent=None),
        areas=mapped,
        care_areas=local.care_areas,
        drugs=_own(base.drugs, local.drugs, {entry.drug for entry in local.entries}),
        advisories=_own(base.advisories, local.advisories, {a for entry in local.entries for a in entry.advisories}),
        rows=tuple(rows),
    )


Item = TypeVar("Item", Drug, Advisory)


def _own(national: Iterable[Item], local: Iterable[Item], used: set[str]) -> tuple[Item, ...]:
    """Return what of a local master list does not follow from the rows that use it."""
    theirs = {item.id: item for item in national}
    return tuple(item for item in local if theirs.get(item.id) != item or item.id not in used)


def _row(local: Entry, national: Entry | None, *, by: str) -> Row:
    approved = None if local.unreviewed else Approval(by=by)
    if national is None:
        return Row(state=RowState.LOCAL_ONLY, own=replace(local, unreviewed=False), approved=approved)
    deviations = tuple(Deviation(field=path, national=was, local=now) for path, was, now in differing(national, local))
    is_same_record = all(getattr(local, name) == getattr(national, name) for name in RECORD)
    record = Record(
        sources=local.sources, rationale=local.rationale, decisions=local.decisions, review_by=local.review_by
    )
    return Row(
        state=RowState.ADOPTED_WITH_DEVIATION if deviations else RowState.ADOPTED,
        national=national.id,
        care_area=local.care_area,
        entry=local.id,
        deviations=deviations,
        record=None if is_same_record else record,
        approved=None if deviations else approved,
    )


def _strength(entry: Entry) -> Hashable:
    """Return what makes two strengths the same, whatever the syringe."""
    one = entry.concentration
    if one is None or one.amount is None or one.strength is None:
        return one and one.text
    return (one.strength, one.amount.unit.measure)


_KEYS: tuple[Callable[[Entry], Hashable], ...] = (
    lambda e: (e.drug, e.type, e.therapy, e.route, _strength(e)),
    lambda e: (e.drug, e.type, e.therapy, _strength(e)),
    lambda e: (e.drug, e.type, _strength(e)),
    lambda e: (e.drug, e.type, e.therapy),
)


def _pairs(base: Library, local: Library, *, area: str, national: str) -> Iterator[tuple[Entry, Entry]]:
    """Yield the national and local rows of one care area that belong together; each is paired once."""
    theirs = [entry for entry in base.entries if entry.care_area == national]
    ours = [entry for entry in local.entries if entry.care_area == area]
    for key in _KEYS:
        waiting: dict[Hashable, list[Entry]] = defaultdict(list)
        for entry in theirs:
            waiting[key(entry)].append(entry)
        left = []
        for entry in ours:
            if found := waiting[key(entry)]:
                taken = found.pop(0)
                theirs.remove(taken)
                yield taken, entry
            else:
                left.append(entry)
        ours = left


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDeviation:
    """One deviation as the national body sees it."""

    field: str
    direction: Direction
    national: Setting = None
    local: Setting = None
    reason: ReasonCode | None = None
    review_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """One row that is not adopted as it is, as the national body sees it."""

    state: RowState
    national: str | None = None
    care_area: str | None = None
    drug: str | None = None
    type: EntryType | None = None
    therapy: str | None = None
    strength: str | None = None
    reason: ReasonCode | None = None
    deviations: tuple[PublishedDeviation, ...] = ()
    is_undecided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDeviations:
    """
    What an organisation does otherwise than a national library says: evidence for its next version.

    Attributes:
        format: names the format.
        format_version: names its version.
        base: the national library.
        organisation: who adopts it.
        library_version: the version of the local library.
        adopted: how many rows are adopted as they are.
        rows: the others.

    """

    format: Literal["openinfusion-deviations"] = "openinfusion-deviations"
    format_version: Literal[1] = 1
    base: Parent
    organisation: str
    library_version: str
    adopted: int
    rows: tuple[PublishedRow, ...]


def publish_deviations(overlay: Overlay) -> PublishedDeviations:
    """Return what an overlay does otherwise than its national base; national care areas, and no person."""
    return PublishedDeviations(
        base=overlay.base,
        organisation=overlay.library.organisation,
        library_version=overlay.library.version,
        adopted=sum(row.state is RowState.ADOPTED for row in overlay.rows),
        rows=tuple(_published(row, overlay) for row in overlay.rows if row.state is not RowState.ADOPTED),
    )


def _published(row: Row, overlay: Overlay) -> PublishedRow:
    own = row.own
    area = own.care_area if own else row.care_area
    return PublishedRow(
        state=row.state,
        national=row.national,
        care_area=overlay.areas.get(area) if area else None,
        drug=own.drug if own else None,
        type=own.type if own else None,
        therapy=own.therapy if own else None,
        strength=own.concentration.text if own and own.concentration else None,
        reason=row.reason,
        deviations=tuple(
            PublishedDeviation(
                field=one.field,
                direction=one.direction,
                national=one.national,
                local=one.local,
                reason=one.reason,
                review_on=one.review_on,
            )
            for one in row.deviations
        ),
        is_undecided=bool(row.undecided),
    )
