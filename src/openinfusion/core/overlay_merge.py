"""
What a new version of a national library does to an overlay made for the old one: a merge of three.

A row that is adopted as it is takes the new national values, unreviewed. A row that deviates keeps its old values where
the national row changed, and says that it must be decided on again. Nothing changes in the local library unseen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from openinfusion.core.entry import Entry
from openinfusion.core.errors import OverlayError
from openinfusion.core.library import Advisory, Drug, Library, Parent, Status
from openinfusion.core.overlay import Deviation, Overlay, Row, RowState, apply, effective, undecided_rows
from openinfusion.core.overlay_fields import RECORD, differing, is_same


class MergeKind(Enum):
    """What became of a row; listed from what needs most attention to what needs least."""

    CONFLICT = "national change on a row that deviates: the old values are kept"
    GONE = "gone nationally: the old values are kept"
    NEW = "new nationally: not used until it is decided on"
    LOOK_AGAIN = "changed nationally, and not used here"
    TAKEN = "national change taken: to be approved"
    CONVERGED = "a deviation is what is national now"
    DROPPED = "gone nationally, and was not used here"
    LOCAL = "local only"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedRow:
    """What became of one row: the row as it is now, if it still is one, and the fields that changed nationally."""

    kind: MergeKind
    subject: str
    row: Row | None
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """An overlay on the new base, and what became of each row."""

    overlay: Overlay
    rows: tuple[MergedRow, ...]

    @property
    def unresolved(self) -> tuple[MergedRow, ...]:
        """The rows on which somebody must decide again."""
        return tuple(merged for merged in self.rows if merged.row is not None and merged.row.unresolved)

    def of(self, kind: MergeKind) -> tuple[MergedRow, ...]:
        """Return the rows that became this."""
        return tuple(merged for merged in self.rows if merged.kind is kind)


def three_way(
    old_base: Library, new_base: Library, overlay: Overlay, *, sha256: str, version: str | None = None
) -> Merge:
    """
    Return an overlay carried from an old national base to a new one.

    ``sha256`` is the new base's hash, ``version`` what the local library is called then; it is a draft again. Values
    of rows that are unresolved, gone or new are exactly as before.

    Raises:
        OverlayError: the overlay does not fit the old base, or the new one is another library.

    """
    apply(old_base, overlay)
    if new_base.library.name != old_base.library.name:
        found = repr(new_base.library.name)
        raise OverlayError(where="new base", found=found, expected=f"a version of {old_base.library.name!r}")
    before, after = _Base(old_base), _Base(new_base)
    rows = [_merged(row, before, after, overlay=overlay) for row in overlay.rows]
    base = Parent(name=new_base.library.name, version=new_base.library.version, sha256=sha256)
    kept = tuple(merged.row for merged in rows if merged.row is not None)
    about = overlay.library
    if base != overlay.base:
        about = replace(about, parent=None, version=version or about.version, status=Status.DRAFT, valid_from=None)
    carried = replace(overlay, library=about, base=base, rows=kept)
    new = [_new(entry, area, new_base) for entry, area in undecided_rows(new_base, carried)]
    carried = replace(carried, rows=(*kept, *(merged.row for merged in new if merged.row)))
    return Merge(overlay=_with_what_is_needed(carried, before, after), rows=(*rows, *new))


class _Base:
    """A national library, and what a row of it shows beside its own values."""

    def __init__(self, library: Library) -> None:
        """Look its lists up by id."""
        self.library = library
        self.drugs = {drug.id: drug for drug in library.drugs}
        self.advisories = {advisory.id: advisory for advisory in library.advisories}

    def find(self, row: Row) -> Entry | None:
        """Return the national entry of a row."""
        return self.library.find_entry(row.national or "")

    def around(self, entry: Entry) -> tuple[object, ...]:
        """Return what is said about a row: its record, its drug and the texts that it shows."""
        texts = tuple(self.advisories[advisory] for advisory in entry.advisories)
        return (*(getattr(entry, name) for name in RECORD), self.drugs[entry.drug], texts)


def _merged(row: Row, before: _Base, after: _Base, *, overlay: Overlay) -> MergedRow:
    was, now = before.find(row), after.find(row)
    if was is None:
        return MergedRow(kind=MergeKind.LOCAL, subject=row.label, row=row)
    subject = before.library.describe(was)
    if now is None or _key(was) != _key(now):
        return _gone(row, _kept(row, before, overlay), subject=subject, new=after.library)
    changed = tuple(path for path, _, _ in differing(was, now))
    if not changed and before.around(was) == after.around(now):
        return MergedRow(kind=MergeKind.UNCHANGED, subject=subject, row=row)
    if row.state is RowState.NOT_USED:
        return MergedRow(kind=MergeKind.LOOK_AGAIN, subject=subject, row=row, changed=changed)
    if row.state is RowState.ADOPTED or not changed:
        return MergedRow(kind=MergeKind.TAKEN, subject=subject, row=replace(row, approved=None), changed=changed)
    kept = effective(row, before.library, overlay.areas)
    return _redecided(row, kept, now, subject=subject, changed=changed, version=after.library.library.version)


def _kept(row: Row, base: _Base, overlay: Overlay) -> Entry | None:
    """Return the local row, or ``None`` if the national one is not used."""
    return None if row.state is RowState.NOT_USED else effective(row, base.library, overlay.areas)


def _key(entry: Entry) -> tuple[object, ...]:
    """Return what makes a national row the same row in another version."""
    return (entry.drug, entry.care_area, entry.type)


def _gone(row: Row, kept: Entry | None, *, subject: str, new: Library) -> MergedRow:
    if kept is None:
        return MergedRow(kind=MergeKind.DROPPED, subject=subject, row=None)
    why = f"{row.national} is not in {new.library.name} {new.library.version} any more"
    own = Row(state=RowState.LOCAL_ONLY, own=replace(kept, unreviewed=False), unresolved=why)
    return MergedRow(kind=MergeKind.GONE, subject=subject, row=own)


def _redecided(row: Row, kept: Entry, now: Entry, *, subject: str, changed: tuple[str, ...], version: str) -> MergedRow:
    """
    Return a row that deviates, on a national row that changed: its values are exactly what they were.

    Where the national change only made deviations superfluous, those left were decided on and stand.
    """
    decided = {one.field: one for one in row.deviations}
    found = [Deviation(field=path, national=national, local=local) for path, national, local in differing(now, kept)]
    deviations = [_as_decided(one, decided.get(one.field)) for one in found]
    is_new = any(one is not decided.get(one.field) for one in deviations)
    left = replace(
        row,
        state=RowState.ADOPTED_WITH_DEVIATION if deviations else RowState.ADOPTED,
        deviations=tuple(deviations),
        approved=None if is_new else row.approved,
        unresolved=f"changed nationally in {version}: {', '.join(changed)}" if is_new else row.unresolved,
    )
    if not deviations:
        left = replace(left, unresolved=None)
    return MergedRow(
        kind=MergeKind.CONFLICT if is_new else MergeKind.CONVERGED, subject=subject, row=left, changed=changed
    )


def _as_decided(one: Deviation, old: Deviation | None) -> Deviation:
    """Return the deviation that was decided on where it is still from the same value to the same value."""
    stands = old is not None and is_same(one.national, old.national) and is_same(one.local, old.local)
    return old if stands and old is not None else one


def _new(entry: Entry, area: str | None, base: Library) -> MergedRow:
    why = f"new in {base.library.name} {base.library.version}"
    row = Row(state=RowState.NOT_USED, national=entry.id, care_area=area, unresolved=why)
    return MergedRow(kind=MergeKind.NEW, subject=base.describe(entry), row=row)


def _with_what_is_needed(overlay: Overlay, before: _Base, after: _Base) -> Overlay:
    """Return an overlay with the old medicines and texts that kept rows need and the new base no longer has."""
    drugs = {row.own.drug for row in overlay.rows if row.own}
    texts = {text for row in overlay.rows for text in _texts(row)}
    return replace(
        overlay,
        drugs=(
            *overlay.drugs,
            *_left_behind(drugs, before.drugs, there=(*after.drugs, *(d.id for d in overlay.drugs))),
        ),
        advisories=(
            *overlay.advisories,
            *_left_behind(texts, before.advisories, there=(*after.advisories, *(a.id for a in overlay.advisories))),
        ),
    )


def _texts(row: Row) -> tuple[str, ...]:
    """Return the ids of the texts that a row brings itself, not the national row."""
    own = row.own.advisories if row.own else ()
    deviating = (one.local for one in row.deviations if one.field == "advisories")
    return (*own, *(text for texts in deviating if isinstance(texts, tuple) for text in texts))


Item = TypeVar("Item", Drug, Advisory)


def _left_behind(needed: Iterable[str], before: Mapping[str, Item], *, there: Iterable[str]) -> tuple[Item, ...]:
    return tuple(before[name] for name in sorted(set(needed) - set(there)))
