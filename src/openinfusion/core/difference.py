"""
What changed between two versions of a library, in clinical words.

Entries are paired by id, and where an id went and another came for the same drug, area, type and therapy, as one entry
whose strength changed. A limit is *widened* when it lets more through and *tightened* when it lets less through.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction

from openinfusion.core.difference_fields import (
    ADVISORY_FIELDS,
    AREA_FIELDS,
    DRUG_FIELDS,
    ENTRY_FIELDS,
    LOOSENING,
    OTHER_VALUES,
    SIDES,
    ChangeKind,
    Field,
    limit_kind,
)
from openinfusion.core.library import (
    CareArea,
    Concentration,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    TitrationStep,
)
from openinfusion.core.numbers import show_number
from openinfusion.core.units import Quantity

__all__ = ["LOOSENING", "NO_CONCENTRATION", "Change", "ChangeKind", "Difference", "difference"]

NO_CONCENTRATION = "no concentration"
"""What stands for the strength of what has no drug in it."""
_FIELD_WORDS = {
    **{f"{side}_min": f"{side} minimum" for side in ("hard", "soft", "usual")},
    **{f"{side}_max": f"{side} maximum" for side in ("hard", "soft", "usual")},
    "initial": "initial value",
    "max_rate": "maximum rate",
    "max_volume": "maximum volume",
    "kvo_rate": "keep-vein-open rate",
    "pca": "PCA",
    "tall_man": "Tall Man form",
    "vtm": "dm+d code",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change: what it is about, where, what stood there and what stands there now (``None``: nothing)."""

    kind: ChangeKind
    subject: str
    field: str
    before: str | None = None
    after: str | None = None
    drug: str | None = None
    care_area: str | None = None
    entry: str | None = None

    @property
    def is_loosening(self) -> bool:
        """Whether the change may let a larger dose through, or changes what a number means."""
        return self.kind in LOOSENING

    @property
    def field_words(self) -> str:
        """The field as clinicians say it: "bolus volume hard maximum"."""
        return " ".join(_FIELD_WORDS.get(part, part.replace("_", " ")) for part in self.field.split("."))

    def __str__(self) -> str:
        """Return the change as one line: subject, kind, field, before and after."""
        what = f"{self.subject}: {self.kind.value}"
        where = f", {self.field_words}" if self.field else ""
        if self.before is not None and self.after is not None:
            return f"{what}{where}: {self.before} -> {self.after}"
        value = self.before if self.after is None else self.after
        return f"{what}{where}: {value}" if value else f"{what}{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All changes from one library to another, those that need most attention first."""

    old_name: str
    old_version: str
    new_name: str
    new_version: str
    changes: tuple[Change, ...] = ()
    entries_unchanged: int = 0
    not_for_clinical_use: bool = True

    def count(self) -> Mapping[ChangeKind, int]:
        """Return how many changes there are of each kind that occurs, in the order of attention."""
        counts = {kind: sum(change.kind is kind for change in self.changes) for kind in ChangeKind}
        return {kind: count for kind, count in counts.items() if count}


def difference(old: Library, new: Library) -> Difference:
    """Return what changed from one library to another."""
    changes = [*_drug_changes(old, new), *_area_changes(old, new), *_advisory_changes(old, new)]
    unchanged = 0
    for before, after in _pair_entries(old, new):
        # A draft shares all but a few entries with what it began from. Equal ones may still differ: 2.5 mg is 2,500
        # micrograms, and who reads it must be told.
        found = (
            [] if before is after else list(_entry_changes(before, after, _Subject.of(before, after, old=old, new=new)))
        )
        unchanged += not found
        changes += found
    order = {kind: number for number, kind in enumerate(ChangeKind)}
    changes.sort(key=lambda change: (order[change.kind], change.subject, change.field))
    return Difference(
        old_name=old.library.name,
        old_version=old.library.version,
        new_name=new.library.name,
        new_version=new.library.version,
        changes=tuple(changes),
        entries_unchanged=unchanged,
        not_for_clinical_use=old.library.not_for_clinical_use or new.library.not_for_clinical_use,
    )


def _pair_entries(old: Library, new: Library) -> Iterable[tuple[Entry | None, Entry | None]]:
    """Yield each entry of either library with its counterpart in the other."""
    gone, come = defaultdict(list), defaultdict(list)
    for before in old.entries:
        after = new.find_entry(before.id)
        if after is not None:
            yield before, after
        else:
            gone[_row_key(before)].append(before)
    for after in new.entries:
        if old.find_entry(after.id) is None:
            come[_row_key(after)].append(after)
    for key in {**gone, **come}:
        befores, afters = gone[key], come[key]
        paired = len(befores) == len(afters) == 1
        if paired:
            yield befores[0], afters[0]
        else:
            yield from ((before, None) for before in befores)
            yield from ((None, after) for after in afters)


def _row_key(entry: Entry) -> tuple[str, str, EntryType, str | None]:
    """Return what makes an entry the same row although its strength, and so its id, changed."""
    return (entry.drug, entry.care_area, entry.type, entry.therapy)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a change is about, in words and ids; ``say`` makes the change."""

    subject: str
    drug: str | None = None
    care_area: str | None = None
    entry: str | None = None

    @classmethod
    def of(cls, before: Entry | None, after: Entry | None, *, old: Library, new: Library) -> "_Subject":
        """Name an entry as the newer library has it."""
        entry, library = (after, new) if after is not None else (before, old)
        assert entry is not None  # noqa: S101 - a pair has at least one side
        return cls(
            library.describe(entry), library.drug(entry.drug).name, library.care_area(entry.care_area).name, entry.id
        )

    def say(self, kind: ChangeKind, where: str, *, before: str | None = None, after: str | None = None) -> Change:
        """Return a change about this subject."""
        return Change(
            kind=kind,
            subject=self.subject,
            field=where,
            before=before,
            after=after,
            drug=self.drug,
            care_area=self.care_area,
            entry=self.entry,
        )

    def concentration(self, old: Concentration | None, new: Concentration | None) -> Iterable[Change]:
        """Yield what changed in the strength."""
        before, after = _strength_text(old), _strength_text(new)
        # Texts may be rounded, so the values have the last word.
        if before == after and (old is None or _same_strength(old, new)):
            return
        was_open, is_open = old is not None and old.is_open, new is not None and new.is_open
        kind = ChangeKind.UNIT_CHANGED if _same_strength(old, new) else ChangeKind.STRENGTH_CHANGED
        if is_open and not was_open:
            kind = ChangeKind.CONCENTRATION_OPENED
        elif was_open and not is_open:
            kind = ChangeKind.CONCENTRATION_FIXED
        yield self.say(kind, "concentration", before=before, after=after)

    def limits(self, path: str, old: Limits | None, new: Limits | None) -> Iterable[Change]:
        """Yield what changed in one group of limits; a group that counts something else now is one change of unit."""
        if old is not None and new is not None and not old.unit.measures_like(new.unit):
            yield self.say(ChangeKind.UNIT_CHANGED, path, before=old.describe(), after=new.describe())
            return
        if old is not None and new is not None and old.unit is not new.unit:
            yield self.say(ChangeKind.UNIT_CHANGED, f"{path}.unit", before=old.unit.text, after=new.unit.text)
        for name in (*SIDES, *OTHER_VALUES):
            before = old.quantity(name) if old else None
            after = new.quantity(name) if new else None
            if before != after:
                kind = OTHER_VALUES.get(name) or limit_kind(before, after, SIDES[name])
                yield self.say(kind, f"{path}.{name}", before=_text(before), after=_text_with_factor(before, after))

    def fields(self, table: tuple[Field, ...], old: object, new: object) -> Iterable[Change]:
        """Yield what changed in the fields of a table."""
        for row in table:
            before, after = row.read(old), row.read(new)
            if before != after:
                kind = row.kind if isinstance(row.kind, ChangeKind) else row.kind(before, after)
                yield self.say(kind, row.path, before=_text(before), after=_text(after))

    def step(self, before: TitrationStep | None, after: TitrationStep | None) -> Iterable[Change]:
        """Yield what changed in the largest step of a running infusion: without one, every step passes."""
        if before == after:
            return
        kind = ChangeKind.LIMIT_SET if before is None else ChangeKind.LIMIT_REMOVED
        if before is not None and after is not None:
            kind = ChangeKind.LIMIT_WIDENED if after.factor > before.factor else ChangeKind.LIMIT_TIGHTENED
        texts = (f"{show_number(step.factor)} times" if step else None for step in (before, after))
        yield self.say(kind, "titration_step", before=next(texts), after=next(texts))

    def maximum(self, name: str, before: Quantity | None, after: Quantity | None) -> Iterable[Change]:
        """Yield what changed in a maximum of a care area."""
        if before != after:
            kind = limit_kind(before, after, 1)
            yield self.say(kind, name, before=_text(before), after=_text_with_factor(before, after))


def _entry_changes(before: Entry | None, after: Entry | None, about: _Subject) -> Iterable[Change]:
    if before is None or after is None:
        entry = after or before
        kind = ChangeKind.ENTRY_ADDED if before is None else ChangeKind.ENTRY_REMOVED
        text = "; ".join(f"{path} {limits.describe()}" for path, limits in entry.all_limits()) if entry else ""
        yield about.say(kind, "", after=text) if before is None else about.say(kind, "", before=text)
        return
    yield from about.concentration(before.concentration, after.concentration)
    old_limits, new_limits = dict(before.all_limits()), dict(after.all_limits())
    for path in {**old_limits, **new_limits}:
        if _is_withdrawn(path, after):
            continue
        yield from about.limits(path, old_limits.get(path), new_limits.get(path))
    for part in _offers(before) | _offers(after):
        offered = part in _offers(after)
        if offered is not (part in _offers(before)):
            kind = ChangeKind.DOSE_OFFERED if offered else ChangeKind.SETTING_CHANGED
            yield about.say(kind, part, before=_text(not offered), after=_text(offered))
    yield from about.step(before.titration_step, after.titration_step)
    yield from about.fields(ENTRY_FIELDS, before, after)


def _offers(entry: Entry) -> dict[str, None]:
    """Return which doses an entry offers beside its own kind, in order; a PCA's own dose is its background."""
    has_background = entry.pca is not None and entry.dose is not None
    parts = {"bolus": entry.bolus is not None, "loading": entry.loading is not None, "background": has_background}
    return dict.fromkeys(part for part, is_offered in parts.items() if is_offered)


def _is_withdrawn(path: str, after: Entry) -> bool:
    """Whether the part that a limit belonged to is no longer there: said once, not as limits removed."""
    part = path.partition(".")[0]
    if part == "concentration":
        return after.concentration is None or not after.concentration.is_open
    if path == "dose" and after.pca is not None:
        return after.dose is None
    return part in ("bolus", "loading", "pca") and getattr(after, part) is None


def _same_strength(old: Concentration | None, new: Concentration | None) -> bool:
    """Whether only the unit in which a strength is written differs."""
    return old is not None and new is not None and (old.amount, old.volume) == (new.amount, new.volume)


def _strength_text(concentration: Concentration | None) -> str:
    return NO_CONCENTRATION if concentration is None else concentration.text


def _text_with_factor(before: Quantity | None, after: Quantity | None) -> str | None:
    """Return the new value, with how many times the old one it is where that says more."""
    if before is None or after is None or before.value == 0:
        return _text(after)
    factor = Fraction(round(after / before, 3))
    return f"{after} ({show_number(factor)} times)"


def _text(value: object) -> str | None:
    """Return any value of a library as words, or ``None`` where there is none."""
    if value is None or value in ("", (), {}):
        return None
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.strftime("%d-%b-%Y")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {item}" for key, item in sorted(value.items()))
    if isinstance(value, tuple):
        return "; ".join(text for item in value if (text := _text(item)))
    return str(value)


def _drug_changes(old: Library, new: Library) -> Iterable[Change]:
    befores, afters = {d.id: d for d in old.drugs}, {d.id: d for d in new.drugs}
    for drug_id in {**befores, **afters}:
        before, after = befores.get(drug_id), afters.get(drug_id)
        named: Drug = after or befores[drug_id]
        about = _Subject(named.name, drug=named.name)
        if before is None or after is None:
            yield about.say(ChangeKind.DRUG_ADDED if before is None else ChangeKind.DRUG_REMOVED, "")
        else:
            yield from about.fields(DRUG_FIELDS, before, after)


def _area_changes(old: Library, new: Library) -> Iterable[Change]:
    befores, afters = {a.id: a for a in old.care_areas}, {a.id: a for a in new.care_areas}
    for area_id in {**befores, **afters}:
        before, after = befores.get(area_id), afters.get(area_id)
        named: CareArea = after or befores[area_id]
        about = _Subject(named.name, care_area=named.name)
        if before is None or after is None:
            yield about.say(ChangeKind.CARE_AREA_ADDED if before is None else ChangeKind.CARE_AREA_REMOVED, "")
            continue
        for name in ("weight", "height", "body_surface_area"):
            yield from about.limits(name, getattr(before, name), getattr(after, name))
        for name in ("max_rate", "max_volume"):
            yield from about.maximum(name, getattr(before, name), getattr(after, name))
        yield from about.fields(AREA_FIELDS, before, after)


def _advisory_changes(old: Library, new: Library) -> Iterable[Change]:
    """Yield what changed in the texts that entries show; which entry shows which is a change of the entry."""
    befores = {advisory.id: advisory for advisory in old.advisories}
    for after in new.advisories:
        if after.id in befores:
            yield from _Subject(f"advisory {after.name or after.id}").fields(ADVISORY_FIELDS, befores[after.id], after)
