"""
How sources differ on one attribute of a drug in a care area, after their units are made alike, exactly.

A discrepancy has one class, the gravest of its pairs; every pair says in words what differs. That the national source
says nothing is the usual case, and is said (HSIB 2020, 5.56).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import combinations

from openinfusion.core.errors import ConsensusError
from openinfusion.core.library import Concentration, Limits
from openinfusion.core.numbers import show_number
from openinfusion.core.statements import MISSING, Origin, SourceKind, Statement, Value
from openinfusion.core.units import Quantity, Unit


class DiscrepancyClass(Enum):
    """How far sources are apart; listed from the least to the gravest."""

    SAME = "same"
    UNIT_ONLY = "unit only"
    MISSING = "missing"
    RANGE = "range"
    STRENGTH = "strength"
    CONFLICTING = "conflicting"


_GRAVITY = {kind: number for number, kind in enumerate(DiscrepancyClass)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two sources side by side: how they differ, and what differs in words."""

    first: Origin
    second: Origin
    kind: DiscrepancyClass
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """What all sources say of one attribute, and how they differ."""

    drug: str
    care_area: str
    attribute: str
    kind: DiscrepancyClass
    statements: tuple[Statement, ...]
    pairs: tuple[Pair, ...]

    @property
    def missing_from(self) -> tuple[Origin, ...]:
        """The sources that were looked into and say nothing."""
        return tuple(dict.fromkeys(s.origin for s in self.statements if s.value is MISSING))

    @property
    def is_missing_nationally(self) -> bool:
        """Whether a national source was looked into and says nothing."""
        return any(origin.kind is SourceKind.NATIONAL_GUIDELINE for origin in self.missing_from)

    @property
    def words(self) -> str:
        """The discrepancy in one line: its class, and which sources say nothing."""
        silent = "; ".join(f"missing in the {origin}" for origin in self.missing_from)
        return f"{self.kind.value}; {silent}" if silent else self.kind.value


def discrepancy(statements: Iterable[Statement]) -> Discrepancy:
    """
    Return how statements on one attribute differ; several values of one source are compared as a set.

    Raises:
        ConsensusError: there are none, or they are about different things.

    """
    found = tuple(statements)
    subjects = list(dict.fromkeys(s.subject for s in found))
    if len(subjects) != 1:
        named = "; ".join(", ".join(subject) for subject in subjects) or "no statement"
        raise ConsensusError(where="discrepancy", found=named, expected="statements on one attribute of one drug")
    drug, care_area, attribute = subjects[0]
    sides: dict[Origin, list[Statement]] = defaultdict(list)
    for statement in found:
        sides[statement.origin].append(statement)
    pairs = tuple(_pair(sides[first], sides[second]) for first, second in combinations(sides, 2))
    alone = DiscrepancyClass.MISSING if all(s.value is MISSING for s in found) else DiscrepancyClass.SAME
    return Discrepancy(
        drug=drug,
        care_area=care_area,
        attribute=attribute,
        kind=_gravest([alone, *(pair.kind for pair in pairs)]),
        statements=found,
        pairs=pairs,
    )


def side_by_side(statements: Iterable[Statement], *, asked: Iterable[Origin] = ()) -> tuple[Discrepancy, ...]:
    """
    Return the discrepancy of every drug, care area and attribute that any source speaks of.

    A source that speaks elsewhere and not here, or that is among those ``asked``, is said to be missing here. Observed
    practice is no source that could have spoken: where too little was seen, it says so itself.
    """
    groups: dict[tuple[str, str, str], list[Statement]] = defaultdict(list)
    origins = dict.fromkeys(asked)
    for statement in statements:
        groups[statement.subject].append(statement)
        origins[statement.origin] = None
    return tuple(discrepancy([*said, *_silent(said, origins)]) for _, said in sorted(groups.items()))


def _silent(said: Sequence[Statement], origins: Iterable[Origin]) -> Iterable[Statement]:
    drug, care_area, attribute = said[0].subject
    speak = {statement.origin for statement in said}
    for origin in origins:
        if origin not in speak and origin.kind is not SourceKind.OBSERVED_PRACTICE:
            yield Statement(drug=drug, care_area=care_area, attribute=attribute, value=MISSING, origin=origin)


def _gravest(kinds: Iterable[DiscrepancyClass]) -> DiscrepancyClass:
    return max(kinds, key=_GRAVITY.__getitem__)


def _pair(first: list[Statement], second: list[Statement]) -> Pair:
    """Return how two sources differ; what both say does not count."""
    ours, theirs = ([s.value for s in side if s.value is not MISSING] for side in (first, second))
    if not ours or not theirs:
        kind = DiscrepancyClass.MISSING
    else:
        apart = [v for v in ours if not _is_among(v, theirs)], [v for v in theirs if not _is_among(v, ours)]
        if any(apart):
            kind = _gravest(compare(one, other) for one in apart[0] or ours for other in apart[1] or theirs)
        else:
            kind = _gravest([*_nearest(ours, theirs), *_nearest(theirs, ours)])
    said = " and ".join(f"{side[0].origin.kind.value}: {_values_text(side)}" for side in (first, second))
    return Pair(first=first[0].origin, second=second[0].origin, kind=kind, words=f"{said}{_factor(ours, theirs)}")


def _nearest(values: Sequence[Value], others: Sequence[Value]) -> Iterable[DiscrepancyClass]:
    """Yield for each value how it differs from the nearest of the others."""
    return (min((compare(value, other) for other in others), key=_GRAVITY.__getitem__) for value in values)


def _is_among(value: Value, others: Iterable[Value]) -> bool:
    return any(compare(value, other) in (DiscrepancyClass.SAME, DiscrepancyClass.UNIT_ONLY) for other in others)


def _values_text(side: Sequence[Statement]) -> str:
    texts = [f"{s.value_text} ({', '.join(n for n in (s.therapy, s.note) if n)})".replace(" ()", "") for s in side]
    return "; ".join(dict.fromkeys(texts))


def _factor(ours: Sequence[Value], theirs: Sequence[Value]) -> str:
    """Return how many times one value is the other, where each source says one and they can be divided."""
    if len(ours) != 1 or len(theirs) != 1:
        return ""
    one, other = _size(ours[0]), _size(theirs[0])
    if one is None or other is None or one[0] != other[0] or one[1] == other[1]:
        return ""
    low, high = sorted((one[1], other[1]))
    return f" ({show_number(Fraction(round(high / low, 3)))} times)" if low else ""


def _size(value: Value) -> tuple[object, Fraction] | None:
    """Return what a single value measures, and how much of it in base units."""
    if isinstance(value, Quantity):
        return value.unit.measure, value.value * value.unit.scale
    if isinstance(value, Concentration) and value.amount is not None and value.strength is not None:
        return value.amount.unit.measure, value.strength
    return None


def compare(one: Value, other: Value) -> DiscrepancyClass:
    """Return how two values differ; what cannot be brought to one unit is conflicting, never guessed."""
    if one is MISSING or other is MISSING:
        return DiscrepancyClass.MISSING
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return _compare_quantities(one, other)
    if isinstance(one, Concentration) or isinstance(other, Concentration):
        strength, against = _as_strength(one), _as_strength(other)
        if strength is None or against is None:
            return DiscrepancyClass.CONFLICTING
        return _compare_strengths(strength, against)
    limits, beside = _as_range(one), _as_range(other)
    if limits is not None and beside is not None:
        return _compare_limits(limits, beside)
    is_same_text = isinstance(one, str) and isinstance(other, str) and _folded(one) == _folded(other)
    return DiscrepancyClass.SAME if is_same_text else DiscrepancyClass.CONFLICTING


def _as_strength(value: Value) -> Concentration | None:
    """Return a value as a strength: 50 micrograms/mL is 50 micrograms in 1 mL."""
    if isinstance(value, Concentration):
        return value
    if not isinstance(value, Quantity) or not value.unit.volume.value or value.value == 0:
        return None
    amount = Quantity(value.value, Unit.of(value.unit.amount))
    return Concentration(amount=amount, volume=Quantity.of(1, value.unit.volume.value[1:]))


def _as_range(value: Value) -> Limits | None:
    """Return a value as a range: one dose is the range from it to itself."""
    if isinstance(value, Limits):
        return value
    if not isinstance(value, Quantity):
        return None
    return Limits(unit=value.unit, usual_min=value.value, usual_max=value.value)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _compare_quantities(one: Quantity, other: Quantity) -> DiscrepancyClass:
    if not one.unit.measures_like(other.unit):
        return DiscrepancyClass.CONFLICTING
    if one != other:
        is_strength = bool(one.unit.volume.value)
        return DiscrepancyClass.STRENGTH if is_strength else DiscrepancyClass.RANGE
    return DiscrepancyClass.SAME if one.unit is other.unit else DiscrepancyClass.UNIT_ONLY


def _compare_strengths(one: Concentration, other: Concentration) -> DiscrepancyClass:
    """Return how two strengths differ: 4 mg in 50 mL and 8 mg in 100 mL are one strength, written in two ways."""
    sizes = _size(one), _size(other)
    if sizes[0] is not None and sizes[1] is not None:
        if sizes[0][0] != sizes[1][0]:
            return DiscrepancyClass.CONFLICTING
        if sizes[0][1] != sizes[1][1]:
            return DiscrepancyClass.STRENGTH
        return DiscrepancyClass.SAME if one.text == other.text else DiscrepancyClass.UNIT_ONLY
    if sizes != (None, None) or (one.amount, one.volume) != (other.amount, other.volume):
        return DiscrepancyClass.STRENGTH
    written = DiscrepancyClass.SAME if one.text == other.text else DiscrepancyClass.UNIT_ONLY
    if one.limits is None or other.limits is None:
        return written if one.limits is other.limits else DiscrepancyClass.RANGE
    return _gravest([written, _compare_limits(one.limits, other.limits)])


_PAIRS = (("hard_min", "hard_max"), ("soft_min", "soft_max"), ("usual_min", "usual_max"))


def _compare_limits(one: Limits, other: Limits) -> DiscrepancyClass:
    """Return how two groups of limits differ: ranges of one kind that do not even overlap are conflicting."""
    if not one.unit.measures_like(other.unit):
        return DiscrepancyClass.CONFLICTING
    names = (*(name for pair in _PAIRS for name in pair), "initial")
    if all(one.quantity(name) == other.quantity(name) for name in names):
        return DiscrepancyClass.SAME if one.unit is other.unit else DiscrepancyClass.UNIT_ONLY
    for low, high in _PAIRS:
        for this, that in ((one, other), (other, one)):
            top, bottom = this.quantity(high), that.quantity(low)
            if top is not None and bottom is not None and top < bottom:
                return DiscrepancyClass.CONFLICTING
    return DiscrepancyClass.RANGE
