"""
The fields in which a local row may deviate from a national one: how they are read, set and judged.

A field is a path inside the entry. Limits in one unit deviate one by one (``dose.hard_max``); a group that is written
in another unit, or is only on one side, deviates as a whole (``dose``).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import Any

from openinfusion.core.difference_fields import ENTRY_FIELDS, LOOSENING, SIDES, ChangeKind, limit_kind
from openinfusion.core.entry import Entry, Route
from openinfusion.core.errors import OverlayError
from openinfusion.core.limits import Concentration, Delivery, Limits, Pca, TitrationStep
from openinfusion.core.numbers import show_number
from openinfusion.core.units import Quantity

Setting = (
    Quantity
    | Limits
    | Delivery
    | Pca
    | Concentration
    | TitrationStep
    | Route
    | str
    | bool
    | tuple[str, ...]
    | Mapping[str, str]
    | None
)
FIELDS = (
    *("concentration", "dose", "rate", "volume", "duration", "bolus", "loading", "pca", "titration_step"),
    *("route", "therapy", "secondary", "delivered_by", "anaesthesia_only", "advisories", "device_settings"),
)
"""What a row may deviate in; another drug, type or care area makes it another row."""
RECORD = ("sources", "rationale", "decisions", "review_by")
"""What is said about a row: never a deviation."""
LIMIT_NAMES = tuple(field.name for field in fields(Limits) if field.name != "unit")


class Direction(Enum):
    """What a deviation does, worked out from its two values."""

    TIGHTER = "tighter"
    LOOSER = "looser"
    STRENGTH = "different strength"
    NAME = "name"
    UNIT = "unit"
    EXTRA = "extra"


_DELIVERED = ("dose", "rate", "volume", "duration")
_GROUPS = (
    *_DELIVERED,
    *(f"{given}.{name}" for given in ("bolus", "loading") for name in _DELIVERED),
    *("pca.dose", "pca.lockout", "pca.accumulated"),
)
PATHS = frozenset(
    {
        *(*FIELDS, *_GROUPS, "pca.window", "pca.bolus_counts"),
        *(f"{group}.{name}" for group in _GROUPS for name in LIMIT_NAMES),
    }
)
"""Every path in which a row may deviate."""
NEEDS_HAZARD = frozenset({Direction.LOOSER, Direction.STRENGTH})


def differing(national: Entry, local: Entry) -> Iterator[tuple[str, Setting, Setting]]:
    """Yield each field in which a local row differs: its path, the national value and the local one."""
    for name in FIELDS:
        yield from _differing(name, getattr(national, name), getattr(local, name))


def _differing(path: str, national: Setting, local: Setting) -> Iterator[tuple[str, Setting, Setting]]:
    if is_same(national, local):
        return
    if isinstance(national, Limits) and isinstance(local, Limits) and national.unit is local.unit:
        parts = [(name, national.quantity(name), local.quantity(name)) for name in LIMIT_NAMES]
        yield from ((f"{path}.{name}", mine, theirs) for name, mine, theirs in parts if mine != theirs)
    elif isinstance(national, Delivery | Pca) and type(national) is type(local):
        for field in fields(national):
            yield from _differing(f"{path}.{field.name}", getattr(national, field.name), getattr(local, field.name))
    else:
        yield path, national, local


def is_same(one: Setting, other: Setting) -> bool:
    """Whether two settings are the same, written in the same way: 2.5 mg and 2,500 micrograms are not."""
    if isinstance(one, Quantity | Concentration):
        return one == other and repr(one) == repr(other)
    return one == other


def setting_text(value: Setting) -> str:
    """Return a setting as a screen shows it: "600 micrograms/h", "2.5 mg in 50 mL", "nothing"."""
    match value:
        case None | () | "":
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case Limits():
            return value.describe()
        case Concentration():
            return f"{value.text}, {value.limits.describe()}" if value.limits else value.text
        case TitrationStep():
            return f"{show_number(value.factor)} times"
        case Route():
            return value.value
        case tuple():
            return ", ".join(value)
        case Mapping():
            return "; ".join(f"{key} {item}" for key, item in sorted(value.items())) or "nothing"
        case Delivery() | Pca():
            parts = ((field.name, getattr(value, field.name)) for field in fields(value))
            return "; ".join(f"{name} {setting_text(part)}" for name, part in parts if part is not None)
        case _:
            return str(value)


def setting_at(entry: Entry, path: str) -> Setting:
    """
    Return what an entry has at a path; ``None`` where it has nothing there.

    Raises:
        OverlayError: no row may deviate in it.

    """
    check_field(path)
    part: Any = entry
    for name in path.split("."):
        if part is not None:
            part = part.quantity(name) if isinstance(part, Limits) else getattr(part, name)
    return part  # type: ignore[no-any-return]


def check_field(path: str) -> None:
    """Refuse a path in which no row may deviate."""
    if path not in PATHS:
        expected = f"a path such as dose.hard_max, or one of {', '.join(FIELDS)}"
        raise OverlayError(where="deviation.field", found=repr(path), expected=expected)


def with_settings(entry: Entry, settings: Mapping[str, Setting]) -> Entry:
    """
    Return an entry with other values at these paths, all set at once: limits may pass each other on the way.

    Raises:
        OverlayError: a path leads into a group that the entry does not have.
        LibraryError: the values together break a rule of the format.
        UnitMismatchError: a limit does not measure what its group does.

    """
    made: Entry = _with(entry, {tuple(path.split(".")): value for path, value in settings.items()})
    return made


def _with(part: Any, settings: Mapping[tuple[str, ...], Setting]) -> Any:  # noqa: ANN401 - an entry or any part of one
    """Return a part with values at paths below it; each part is made once, with all that changes in it."""
    inner: dict[str, dict[tuple[str, ...], Setting]] = defaultdict(dict)
    changes: dict[str, object] = {}
    for (head, *rest), value in settings.items():
        if rest:
            inner[head][tuple(rest)] = value
        elif isinstance(part, Limits) and isinstance(value, Quantity):
            changes[head] = value.to(part.unit).value
        else:
            changes[head] = value
    for head, below in inner.items():
        child = getattr(part, head)
        if child is None:
            where = ".".join((head, *next(iter(below))))
            raise OverlayError(where=where, found=f"no {head} in the national row", expected="the whole group")
        changes[head] = _with(child, below)
    return replace(part, **changes)


def direction_of(path: str, national: Setting, local: Setting) -> Direction:
    """Return what a deviation does; what cannot be shown to be tighter counts as looser."""
    name = path.rpartition(".")[2]
    if name in LIMIT_NAMES:
        return _of_limit(name, national, local)
    if path == "concentration":
        return _of_strength(national, local)
    if isinstance(national, Limits) or isinstance(local, Limits):
        return _of_limits(path, national, local)
    if path in ("bolus", "loading", "pca"):
        return Direction.LOOSER if national is None else Direction.TIGHTER
    if path == "titration_step":
        return _of_step(national, local)
    kind = _KINDS[path]
    return _direction(kind if isinstance(kind, ChangeKind) else kind(national, local))


_KINDS = {field.path: field.kind for field in ENTRY_FIELDS}
_DIRECTIONS = {
    ChangeKind.LIMIT_TIGHTENED: Direction.TIGHTER,
    ChangeKind.LIMIT_SET: Direction.TIGHTER,
    ChangeKind.NAME_CHANGED: Direction.NAME,
}


def _direction(kind: ChangeKind) -> Direction:
    return Direction.LOOSER if kind in LOOSENING else _DIRECTIONS.get(kind, Direction.EXTRA)


def _of_limit(name: str, national: Any, local: Any) -> Direction:  # noqa: ANN401 - quantities, or nothing
    """Return what another limit does; usual and initial values limit nothing."""
    return _direction(limit_kind(national, local, SIDES[name])) if name in SIDES else Direction.EXTRA


def _of_strength(national: Setting, local: Setting) -> Direction:
    if not isinstance(national, Concentration) or not isinstance(local, Concentration):
        return Direction.STRENGTH
    if national == local:
        return Direction.UNIT
    is_open = national.is_open and local.is_open
    if is_open and (national.amount, national.volume) == (local.amount, local.volume):
        return _of_limits("concentration.limits", national.limits, local.limits)
    return Direction.STRENGTH


def _of_limits(path: str, national: Setting, local: Setting) -> Direction:
    """Return what another group of limits does; a dose where there was none may be the background of a PCA."""
    if path == "dose" and national is None:
        return Direction.LOOSER
    before, after = (part if isinstance(part, Limits) else None for part in (national, local))
    if before is not None and after is not None and not before.unit.measures_like(after.unit):
        return Direction.LOOSER
    found = set()
    for name in SIDES:
        old, new = (group.quantity(name) if group else None for group in (before, after))
        if old != new:
            found.add(_of_limit(name, old, new))
    if not found:
        return Direction.UNIT if before and after else Direction.EXTRA
    return Direction.LOOSER if Direction.LOOSER in found else Direction.TIGHTER


def _of_step(national: Setting, local: Setting) -> Direction:
    before, after = (step.factor if isinstance(step, TitrationStep) else None for step in (national, local))
    is_looser = after is None or (before is not None and after > before)
    return Direction.LOOSER if is_looser else Direction.TIGHTER
