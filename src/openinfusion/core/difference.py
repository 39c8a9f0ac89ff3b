"""
What changed between two versions of a library, in clinical words.

Entries are paired by id, and where an id went and another came for the same drug, area, type and therapy, as one entry
whose strength changed. A limit is *widened* when it lets more through and *tightened* when it lets less through.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction

from openinfusion.core.library import CareArea, Concentration, Drug, Entry, EntryType, Library, Limits, TitrationStep
from openinfusion.core.numbers import show_number
from openinfusion.core.units import Quantity


class ChangeKind(Enum):
    """What a change does; listed from what needs most attention to what needs least."""

    CONCENTRATION_OPENED = "concentration opened"
    LIMIT_REMOVED = "limit removed"
    LIMIT_WIDENED = "limit widened"
    UNIT_CHANGED = "unit changed"
    STRENGTH_CHANGED = "strength changed"
    DRUG_CHANGED = "drug, care area or type changed"
    DOSE_OFFERED = "bolus or loading dose offered"
    ENTRY_REMOVED = "entry removed"
    ENTRY_ADDED = "entry added"
    CARE_AREA_ADDED = "care area added"
    CARE_AREA_REMOVED = "care area removed"
    DRUG_ADDED = "drug added"
    DRUG_REMOVED = "drug removed"
    CONCENTRATION_FIXED = "concentration fixed"
    LIMIT_TIGHTENED = "limit tightened"
    LIMIT_SET = "limit set"
    INITIAL_CHANGED = "initial value changed"
    USUAL_CHANGED = "usual range changed"
    NAME_CHANGED = "name changed"
    SETTING_CHANGED = "setting changed"
    TEXT_CHANGED = "text changed"


# What may let a larger dose through than before, or changes what a number means: always the full approval path.
LOOSENING = frozenset(
    {
        ChangeKind.CONCENTRATION_OPENED,
        ChangeKind.LIMIT_REMOVED,
        ChangeKind.LIMIT_WIDENED,
        ChangeKind.UNIT_CHANGED,
        ChangeKind.STRENGTH_CHANGED,
        ChangeKind.DRUG_CHANGED,
        ChangeKind.DOSE_OFFERED,
    }
)


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
    changes = [*_drug_changes(old, new), *_area_changes(old, new)]
    unchanged = 0
    for before, after in _pair_entries(old, new):
        found = list(_entry_changes(before, after, _Subject.of(before, after, old=old, new=new)))
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
class _Field:
    """One field to compare: its path, how to read it, and the kind of change that it makes."""

    path: str
    read: Callable[..., object]
    kind: ChangeKind = ChangeKind.TEXT_CHANGED


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
        if before == after:
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
        for name in (*_SIDES, *_OTHER_VALUES):
            before = old.quantity(name) if old else None
            after = new.quantity(name) if new else None
            if before != after:
                kind = _OTHER_VALUES.get(name) or _limit_kind(before, after, _SIDES[name])
                yield self.say(kind, f"{path}.{name}", before=_text(before), after=_text_with_factor(before, after))

    def fields(self, table: tuple[_Field, ...], old: object, new: object) -> Iterable[Change]:
        """Yield what changed in the fields of a table."""
        for row in table:
            before, after = row.read(old), row.read(new)
            if before != after:
                yield self.say(row.kind, row.path, before=_text(before), after=_text(after))

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
            kind = _limit_kind(before, after, 1)
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
    for part in ("bolus", "loading"):
        offered = getattr(after, part) is not None
        if offered is not (getattr(before, part) is not None):
            kind = ChangeKind.DOSE_OFFERED if offered else ChangeKind.SETTING_CHANGED
            yield about.say(kind, part, before=_text(not offered), after=_text(offered))
    yield from about.step(before.titration_step, after.titration_step)
    yield from about.fields(_ENTRY_FIELDS, before, after)


def _is_withdrawn(path: str, after: Entry) -> bool:
    """Whether the part that a limit belonged to is no longer there: said once, not as limits removed."""
    part = path.partition(".")[0]
    if part == "concentration":
        return after.concentration is None or not after.concentration.is_open
    return part in ("bolus", "loading", "pca") and getattr(after, part) is None


def _same_strength(old: Concentration | None, new: Concentration | None) -> bool:
    """Whether only the unit in which a strength is written differs."""
    return old is not None and new is not None and (old.amount, old.volume) == (new.amount, new.volume)


def _strength_text(concentration: Concentration | None) -> str:
    return "no concentration" if concentration is None else concentration.text


_SIDES = {"hard_min": -1, "soft_min": -1, "soft_max": 1, "hard_max": 1}
_OTHER_VALUES = {
    "usual_min": ChangeKind.USUAL_CHANGED,
    "usual_max": ChangeKind.USUAL_CHANGED,
    "initial": ChangeKind.INITIAL_CHANGED,
}


def _limit_kind(before: Quantity | None, after: Quantity | None, side: int) -> ChangeKind:
    """Return what a change of one limit does; ``side`` is 1 for a maximum and -1 for a minimum."""
    if before is None:
        return ChangeKind.LIMIT_SET
    if after is None:
        return ChangeKind.LIMIT_REMOVED
    is_widened = after > before if side > 0 else after < before
    return ChangeKind.LIMIT_WIDENED if is_widened else ChangeKind.LIMIT_TIGHTENED


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


def _sources(entry: Entry) -> tuple[str, ...]:
    return tuple(f"{source.field}: {source.citation}" for source in entry.sources)


def _decisions(entry: Entry) -> tuple[str, ...]:
    return tuple(f"{decision.field}: {decision.decision} ({decision.reason})" for decision in entry.decisions)


_SETTING = ChangeKind.SETTING_CHANGED
_ENTRY_FIELDS = (
    _Field("drug", lambda e: e.drug, ChangeKind.DRUG_CHANGED),
    _Field("care_area", lambda e: e.care_area, ChangeKind.DRUG_CHANGED),
    _Field("type", lambda e: e.type, ChangeKind.DRUG_CHANGED),
    _Field("therapy", lambda e: e.therapy, ChangeKind.NAME_CHANGED),
    _Field("route", lambda e: e.route, _SETTING),
    _Field("pca.window", lambda e: e.pca.window if e.pca else None, _SETTING),
    _Field("pca.bolus_counts", lambda e: e.pca.bolus_counts if e.pca else None, _SETTING),
    _Field("secondary", lambda e: e.secondary, _SETTING),
    _Field("delivered_by", lambda e: e.delivered_by, _SETTING),
    _Field("anaesthesia_only", lambda e: e.anaesthesia_only, _SETTING),
    _Field("advisories", lambda e: e.advisories, _SETTING),
    _Field("device_settings", lambda e: dict(e.device_settings), _SETTING),
    _Field("unreviewed", lambda e: e.unreviewed, _SETTING),
    _Field("rationale", lambda e: e.rationale),
    _Field("sources", _sources),
    _Field("decisions", _decisions),
    _Field("review_by", lambda e: e.review_by),
)
_DRUG_FIELDS = (
    _Field("name", lambda d: d.name, ChangeKind.NAME_CHANGED),
    _Field("tall_man", lambda d: d.tall_man, ChangeKind.NAME_CHANGED),
    _Field("aliases", lambda d: d.aliases, ChangeKind.NAME_CHANGED),
    _Field("vtm", lambda d: d.vtm, _SETTING),
    _Field("amount_kind", lambda d: d.amount_kind, _SETTING),
    _Field("high_alert", lambda d: d.high_alert, _SETTING),
    _Field("drug_class", lambda d: d.drug_class),
)
_AREA_FIELDS = (
    _Field("name", lambda a: a.name, ChangeKind.NAME_CHANGED),
    _Field("population", lambda a: a.population, _SETTING),
    _Field("kvo_rate", lambda a: a.kvo_rate, _SETTING),
    _Field("owner", lambda a: a.owner),
    _Field("device_settings", lambda a: dict(a.device_settings), _SETTING),
)


def _drug_changes(old: Library, new: Library) -> Iterable[Change]:
    befores, afters = {d.id: d for d in old.drugs}, {d.id: d for d in new.drugs}
    for drug_id in {**befores, **afters}:
        before, after = befores.get(drug_id), afters.get(drug_id)
        named: Drug = after or befores[drug_id]
        about = _Subject(named.name, drug=named.name)
        if before is None or after is None:
            yield about.say(ChangeKind.DRUG_ADDED if before is None else ChangeKind.DRUG_REMOVED, "")
        else:
            yield from about.fields(_DRUG_FIELDS, before, after)


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
        yield from about.fields(_AREA_FIELDS, before, after)
