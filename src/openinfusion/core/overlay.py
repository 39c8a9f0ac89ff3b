"""
A national library as an organisation adopts it: an overlay, from which the local library follows.

A local library is never copied by hand. It is a function of the national base and of the overlay, which says of every
national row whether it is adopted, adopted with deviations, or not used and why, and adds rows of its own. What a
national body approved is not approved here: a row is unreviewed until somebody here has approved it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from typing import Literal, TypeVar

from openinfusion.core.entry import Decision, Entry, Source
from openinfusion.core.errors import OverlayError
from openinfusion.core.library import About, Advisory, CareArea, Drug, Library, Parent, Status
from openinfusion.core.overlay_fields import (
    LIMIT_NAMES,
    NEEDS_HAZARD,
    RECORD,
    Direction,
    Setting,
    check_field,
    direction_of,
    is_same,
    setting_at,
    with_settings,
)

FORMAT = "openinfusion-overlay"


class RowState(Enum):
    """What an organisation does with a row."""

    ADOPTED = "adopted"
    ADOPTED_WITH_DEVIATION = "adopted_with_deviation"
    NOT_USED = "not_used"
    LOCAL_ONLY = "local_only"


class ReasonCode(Enum):
    """Why a row deviates or is not used."""

    FORMULARY = "formulary"
    DEVICE_LIMIT = "device limit"
    POPULATION = "population"
    STOCK = "stock"
    EVIDENCE_NEWER = "evidence newer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved a row here, as a role or body, and on which day."""

    by: str
    on: date | None = None

    def __post_init__(self) -> None:
        """Refuse an approval by nobody."""
        if not self.by.strip():
            raise OverlayError(where="approved.by", found="nobody", expected="a role or body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """
    One field in which a local row is not what the national row is.

    Attributes:
        field: the path inside the entry, such as dose.hard_max.
        national: what the national row has; nothing if absent.
        local: what the local row has; nothing if absent.
        reason: why.
        approver: the role or body that approved it.
        hazard: id in the hazard log; needed where it is looser or of another strength.
        review_on: the day by which it is looked at again.

    """

    field: str
    national: Setting = None
    local: Setting = None
    reason: ReasonCode | None = None
    approver: str | None = None
    hazard: str | None = None
    review_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse a path that no entry has, and a deviation that deviates in nothing."""
        check_field(self.field)
        # A limit is read in the unit of its group, so one value in two units is one value.
        is_limit = self.field.rpartition(".")[2] in LIMIT_NAMES
        if is_same(self.national, self.local) or (is_limit and self.national == self.local):
            raise OverlayError(where=self.field, found="the national value again", expected="another value")

    @property
    def direction(self) -> Direction:
        """What the deviation does, worked out from its values."""
        return direction_of(self.field, self.national, self.local)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What must still be said before the row can be approved."""
        needed = {"reason": self.reason, "approver": self.approver, "review_on": self.review_on}
        if self.direction in NEEDS_HAZARD:
            needed["hazard"] = self.hazard
        return tuple(name for name, value in needed.items() if not value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is said here about a row, instead of what is said nationally; it changes no value."""

    sources: tuple[Source, ...] = ()
    rationale: str | None = None
    decisions: tuple[Decision, ...] = ()
    review_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    What is done with one national row in one care area, or one row of our own.

    Attributes:
        state: adopted, adopted with deviation, not used, or local only.
        national: id of the national entry; none for a row of our own.
        care_area: id of our care area; a row that is not used anywhere may leave it out.
        entry: id of the row in our library.
        deviations: in what it differs; for that state only.
        reason: why the national row is not used.
        own: the whole row, where it is local only.
        record: what is said here about the row; the national words hold where it is absent.
        approved: who approved the row here; without it the row is unreviewed.
        unresolved: why the row must be decided on again; it keeps its old value until then.

    """

    state: RowState
    national: str | None = None
    care_area: str | None = None
    entry: str | None = None
    deviations: tuple[Deviation, ...] = ()
    reason: ReasonCode | None = None
    own: Entry | None = None
    record: Record | None = None
    approved: Approval | None = None
    unresolved: str | None = None

    def __post_init__(self) -> None:
        """Refuse what does not belong to the state, overlapping deviations, and approval of what is undecided."""
        is_adopted = self.state in (RowState.ADOPTED, RowState.ADOPTED_WITH_DEVIATION)
        is_not_used = self.state is RowState.NOT_USED
        rules = (
            ("national", self.national is not None, is_adopted or is_not_used),
            ("own", self.own is not None, self.state is RowState.LOCAL_ONLY),
            ("entry", self.entry is not None, is_adopted),
            ("care_area", self.care_area is not None, is_adopted or (is_not_used and self.care_area is not None)),
            ("deviations", bool(self.deviations), self.state is RowState.ADOPTED_WITH_DEVIATION),
            ("reason", self.reason is not None, is_not_used and not self.unresolved),
        )
        for name, is_there, is_wanted in rules:
            if is_there is not is_wanted:
                found = f"{'a value' if is_there else 'nothing'} in a row that is {self.state.value}"
                raise OverlayError(where=f"{self.label}.{name}", found=found, expected=_WANTED[is_wanted])
        _check_apart(self.label, [deviation.field for deviation in self.deviations])
        if self.approved is not None and (why := self.undecided or (is_not_used and ("it is not used",))):
            raise OverlayError(where=f"{self.label}.approved", found="an approval", expected=f"first: {'; '.join(why)}")

    @property
    def label(self) -> str:
        """What names the row in a message."""
        own = self.own.id if self.own else None
        return f"row {self.entry or own or self.national or 'without an id'}"

    @property
    def entry_id(self) -> str | None:
        """The id of the row in our library; ``None`` if it is not used."""
        return self.own.id if self.own else self.entry

    @property
    def undecided(self) -> tuple[str, ...]:
        """What must be decided or said before the row can be approved."""
        lacking = (
            f"{one.field} ({one.direction.value}) lacks {', '.join(one.lacks)}" for one in self.deviations if one.lacks
        )
        return (*((self.unresolved,) if self.unresolved else ()), *lacking)


_WANTED = {True: "a value", False: "nothing"}


def _check_apart(label: str, paths: list[str]) -> None:
    """Refuse two deviations in one field, or one inside another: their order would decide."""
    for path, count in Counter(paths).items():
        if count > 1 or any(other.startswith(f"{path}.") for other in paths):
            raise OverlayError(where=f"{label}.deviations", found=f"{path} more than once", expected="each field once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a row of the local library comes from: the national base and row, and in what it deviates."""

    entry: str
    state: RowState
    base: Parent | None
    national: str | None
    deviations: tuple[Deviation, ...]
    approved: Approval | None
    unresolved: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """
    How one organisation adopts one version of a national library.

    Attributes:
        format: names the format.
        format_version: names its version.
        base: the national library: name, version and hash.
        library: what the local library is called, and where it stands; its parent is the base.
        areas: for each of our care areas the national one whose rows it takes; an area of our own is left out.
        care_areas: our care areas.
        drugs: medicines that only we have, or that we describe otherwise.
        advisories: texts that only we have, or that we word otherwise.
        rows: what is done with every national row, and our own.

    """

    format: Literal["openinfusion-overlay"] = "openinfusion-overlay"
    format_version: Literal[1] = 1
    base: Parent
    library: About
    areas: Mapping[str, str] = field(default_factory=dict)
    care_areas: tuple[CareArea, ...] = ()
    drugs: tuple[Drug, ...] = ()
    advisories: tuple[Advisory, ...] = ()
    rows: tuple[Row, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a parent other than the base, areas that are not ours, and a national row decided on twice."""
        if self.library.parent not in (None, self.base):
            raise OverlayError(where="library.parent", found="another library", expected="the base, or nothing")
        ours = {area.id for area in self.care_areas}
        for named in (*self.areas, *(row.care_area for row in self.rows if row.care_area is not None)):
            if named not in ours:
                raise OverlayError(where="areas", found=repr(named), expected="an id among care_areas")
        counts = Counter((row.national, row.care_area) for row in self.rows if row.national is not None)
        for (national, area), count in counts.items():
            if count > 1:
                where = f"rows of {national}"
                raise OverlayError(where=where, found=f"{count} for {area or 'no area'}", expected="one for each area")

    @property
    def undecided(self) -> tuple[tuple[Row, tuple[str, ...]], ...]:
        """The rows on which something must still be decided or said, with what it is."""
        return tuple((row, row.undecided) for row in self.rows if row.undecided)

    def provenance(self, entry_id: str) -> Provenance:
        """
        Return where a row of the local library comes from.

        Raises:
            OverlayError: the local library has no such row.

        """
        for row in self.rows:
            if row.entry_id == entry_id:
                return Provenance(
                    entry=entry_id,
                    state=row.state,
                    base=None if row.national is None else self.base,
                    national=row.national,
                    deviations=row.deviations,
                    approved=row.approved,
                    unresolved=row.unresolved,
                )
        raise OverlayError(where="entry", found=repr(entry_id), expected="the id of a row of this overlay")


def apply(base: Library, overlay: Overlay) -> Library:
    """
    Return the local library that follows from a national base and an overlay.

    Rows that are not approved here are unreviewed, and a library with such a row is a draft. The hash of the base is
    compared where files are read; here its name and version are.

    Raises:
        OverlayError: another base, a national row that is not decided on, or a deviation from what is not there.
        LibraryError: what follows breaks a rule of the format.

    """
    about = base.library
    if (about.name, about.version) != (overlay.base.name, overlay.base.version):
        found, expected = f"{about.name} {about.version}", f"{overlay.base.name} {overlay.base.version}"
        raise OverlayError(where="base", found=found, expected=expected)
    _check_complete(base, overlay)
    entries = tuple(effective(row, base, overlay.areas) for row in overlay.rows if row.entry_id is not None)
    drugs, advisories = {e.drug for e in entries}, {a for e in entries for a in e.advisories}
    is_reviewed = not any(entry.unreviewed for entry in entries)
    return Library(
        library=replace(
            overlay.library,
            parent=overlay.base,
            status=overlay.library.status if is_reviewed else Status.DRAFT,
            not_for_clinical_use=overlay.library.not_for_clinical_use or about.not_for_clinical_use,
        ),
        drugs=_merged([d for d in base.drugs if d.id in drugs], overlay.drugs),
        care_areas=overlay.care_areas,
        advisories=_merged([a for a in base.advisories if a.id in advisories], overlay.advisories),
        entries=entries,
    )


Item = TypeVar("Item", Drug, Advisory)


def _merged(national: Iterable[Item], own: Iterable[Item]) -> tuple[Item, ...]:
    """Return the master list: our own items take the place of national ones with their id."""
    by_id: dict[str, Item] = {item.id: item for item in national}
    by_id |= {item.id: item for item in own}
    return tuple(by_id[name] for name in sorted(by_id))


def areas_of(entry: Entry, areas: Mapping[str, str]) -> tuple[str | None, ...]:
    """Return our care areas in which a national row is decided on; ``None`` once where we have no such area."""
    return tuple(area for area, national in areas.items() if national == entry.care_area) or (None,)


def undecided_rows(base: Library, overlay: Overlay) -> Iterator[tuple[Entry, str | None]]:
    """Yield every national row on which the overlay says nothing, with the care area of ours that it would be in."""
    decided = {(row.national, row.care_area) for row in overlay.rows}
    for entry in base.entries:
        for area in areas_of(entry, overlay.areas):
            if not {(entry.id, area), (entry.id, None)} & decided:
                yield entry, area


def _check_complete(base: Library, overlay: Overlay) -> None:
    for entry, area in undecided_rows(base, overlay):
        place = f" in {area}" if area else ""
        raise OverlayError(where="rows", found=f"nothing on {entry.id}{place}", expected="adopted, or not used and why")
    for row in overlay.rows:
        if row.national is not None and base.find_entry(row.national) is None:
            raise OverlayError(where=row.label, found=repr(row.national), expected="an entry of the national library")


def effective(row: Row, base: Library, areas: Mapping[str, str]) -> Entry:
    """
    Return the row of the local library that follows from a row of the overlay.

    Raises:
        OverlayError: the national row is in another care area, or does not have what the row deviates from.

    """
    if row.own is not None:
        return replace(row.own, unreviewed=row.approved is None)
    national = base.find_entry(row.national or "")
    if national is None or row.entry is None or row.care_area is None:
        raise OverlayError(where=row.label, found="no national row", expected="a row that is used")
    if areas.get(row.care_area) != national.care_area:
        found = f"{row.care_area}, which is {areas.get(row.care_area, 'no national area')}"
        raise OverlayError(where=f"{row.label}.care_area", found=found, expected=f"one that is {national.care_area}")
    for deviation in row.deviations:
        if not is_same(setting_at(national, deviation.field), deviation.national):
            where = f"{row.label}, {deviation.field}"
            raise OverlayError(
                where=where, found="another national value than the row deviates from", expected="a rebase"
            )
    entry = with_settings(national, {one.field: one.local for one in row.deviations})
    said = {name: getattr(row.record, name) for name in RECORD} if row.record else {}
    return replace(entry, id=row.entry, care_area=row.care_area, unreviewed=row.approved is None, **said)
