"""
The workbench: what was attempted on one group of limits of an entry, sorted once, so that a moved limit is a bisect.

Every programme on the group is put into a *case*: what the rest of the check says of it, and hence what the whole check
would say (``Answer``) for each of the five places of its value: inside, or beyond one of the four limits. The answers
are those of ``core.plan``, so that nothing about dosing is decided here. Within a case the values are sorted, exactly,
with running totals: the programmes that two sets of limits treat differently are differences of a few totals.
"""

import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import gcd, prod
from typing import Any

import narwhals as nw
import polars as pl

from openinfusion.core.errors import ProgrammeError
from openinfusion.core.library import Entry, Library, Limit, Limits
from openinfusion.core.plan import Held, Plan, plan
from openinfusion.core.programme import Parameter, Programme
from openinfusion.core.replay import Change, Result, change_between
from openinfusion.lake.comparisons import Judges
from openinfusion.lake.engine import Engine
from openinfusion.lake.programmes import (
    PROGRAMME_COLUMNS,
    PROGRAMME_KINDS,
    SCALES,
    per_unit,
    programmed,
    template,
)
from openinfusion.lake.replay import Answer, answer_of
from openinfusion.lake.tables import Frame
from openinfusion.lake.what_if import caught

PLACES: tuple[Limit | None, ...] = (Limit.HARD_MIN, Limit.SOFT_MIN, None, Limit.SOFT_MAX, Limit.HARD_MAX)
"""Where a value can lie, from the lowest to the highest: beyond a limit, or inside all of them."""
_COUNTS = ("number", "caught")
_SCHEMA = {"case": pl.String(), "above": pl.String(), "below": pl.String(), "number": pl.Int64(), "caught": pl.Int64()}


class UnplacedError(Exception):
    """A programme whose value cannot be placed beside the limits; never seen outside this module."""


# --- The group of limits ---------------------------------------------------------------------------------------------


def limits_at(entry: Entry, path: str) -> Limits | None:
    """Return a group of limits of an entry, such as ``dose`` or ``bolus.dose``; ``None`` if it has none there."""
    return dict(entry.all_limits()).get(path)


def with_limits(library: Library, entry: str, path: str, *, limits: Limits) -> Library:
    """Return a library with other limits in one place."""
    made = tuple(_put(one, path.split("."), limits) if one.id == entry else one for one in library.entries)
    return replace(library, entries=made)


def _put(within: Any, names: Sequence[str], limits: Limits) -> Any:  # noqa: ANN401 - an entry or a part of one
    name, *rest = names
    return replace(within, **{name: _put(getattr(within, name), rest, limits) if rest else limits})


class Group:
    """One group of limits, and how to find the value that a programme holds against it."""

    def __init__(self, library: Library, entry: str, path: str) -> None:
        """Put limits there that no other group has, and see where they turn up in a plan."""
        (own,) = (one for one in library.entries if one.id == entry)
        limits = limits_at(own, path)
        if limits is None:
            raise ProgrammeError(where=entry, found=path, expected="a group of limits that the entry has")
        others = {one.bounds for _, one in own.all_limits()}
        first = next(n for n in range(91, 999) if tuple(map(Fraction, range(n, n + 4))) not in others)
        self.mark = tuple((limit, Fraction(first + n)) for n, limit in enumerate(Limit))
        marked: dict[str, Any] = {limit.value: bound for limit, bound in self.mark}
        small = replace(library, entries=(own,))
        self.library = with_limits(small, entry, path, limits=replace(limits, **marked))
        self.entry = own

    def own(self, made: Plan) -> list[int]:
        """Return which of the terms that a plan holds are held against this group."""
        found = [number for number, held in enumerate(made.held) if held.bounds == self.mark]
        if len({(made.held[one].term.factor, made.held[one].term.powers) for one in found}) > 1:
            raise UnplacedError
        return found


def _case(made: Plan, own: Sequence[int], crossed: Sequence[frozenset[Limit]]) -> str:
    """Return what the check would say for each place of the value, as text that tells one case from another."""
    return json.dumps([_said(made, own, crossed, place=place) for place in PLACES])


def _said(made: Plan, own: Sequence[int], crossed: Sequence[frozenset[Limit]], *, place: Limit | None) -> list[Any]:
    beyond = frozenset() if place is None else frozenset({place})
    answer = answer_of(made.outline([beyond if at in own else one for at, one in enumerate(crossed)]))
    return [answer.result.value, [[parameter.value, limit.value] for parameter, limit in answer.limits]]


# --- Gathering -------------------------------------------------------------------------------------------------------


def gather(
    events: Frame,
    shapes: pl.DataFrame,
    library: Library,
    *,
    entry: str,
    path: str,
    catches: pl.DataFrame,
    engine: Engine,
) -> pl.DataFrame:
    """
    Return every value that was attempted on one group of limits, by case, in rising order, with how often.

    Args:
        events: current events of a lake.
        shapes: the shapes that occur in it.
        library: the library whose other limits are held beside.
        entry: the id of the entry.
        path: the group of limits, such as ``dose``.
        catches: those of them that an alert caught (``caught_programmes``).
        engine: what the events are a table of.

    Columns: ``case``, ``above`` and ``below`` (the value is their quotient), ``number``, and how many were ``caught``.
    A row without a value counts the programmes on the entry that could not be placed.
    """
    group = Group(library, entry, path)
    mine = shapes.filter((pl.col("entry") == entry) & (pl.col("care_area") == group.entry.care_area))
    judges = Judges([group.library], {row["shape"]: template(row) for row in mine.iter_rows(named=True)})
    found: list[Counter[_Key]] = []
    for programmes in (events, engine.table(catches)):
        counts: Counter[_Key] = Counter()
        for one in (
            _together(programmes, judges, group, engine=engine),
            _singly(programmes, judges, group, engine=engine),
        ):
            for key, number in one:
                counts[key] += number
        found.append(counts)
    return _sorted(*found)


_Key = tuple[str, int, int]
_Row = tuple[_Key, int]


def caught_programmes(events: Frame, *, engine: Engine) -> pl.DataFrame:
    """Return the programmes that an alert caught, each once, with what ``gather`` needs of them."""
    columns = ["organisation", "event_id", "kind", "shape", *(scale.column for scale in SCALES.values())]
    found = caught(events).select(*dict.fromkeys((*columns, *PROGRAMME_COLUMNS)))
    return engine.collect(found.unique(subset=["organisation", "event_id"]))


def _together(events: Frame, judges: Judges, group: Group, *, engine: Engine) -> Iterator[_Row]:
    """Yield the values of all programmes that are kept as whole numbers, and that hold one against the group."""
    judge = judges.judges[0]
    own = {shape: own for shape in judges.shapes if (own := own_terms(group, judge.plans[shape].plan))}
    if not own:
        return
    values = {shape: Value(judge.plans[shape].shape, judge.plans[shape].plan.held[at[0]]) for shape, at in own.items()}
    columns = sorted({column for value in values.values() for column in (*value.above, *value.below)})
    table = engine.table(judges.table.filter(pl.col("shape").is_in(list(own))))
    numbers = events.select("shape", *dict.fromkeys((*judges.inputs, *columns)))
    by = ["shape", "crossed_0", *columns]
    counted = judges.judged(numbers, table).group_by(*by).agg(number=nw.len())
    cases: dict[tuple[int, int], str] = {}
    for shape, bits, *inputs, number in engine.collect(counted.select(*by, "number")).iter_rows():
        if (shape, bits) not in cases:
            cases[shape, bits] = _case(judge.plans[shape].plan, own[shape], judge.crossings(shape, bits))
        value = values[shape].of(dict(zip(columns, inputs, strict=True)))
        yield (cases[shape, bits], *value), number


def own_terms(group: Group, made: Plan) -> list[int]:
    try:
        return group.own(made)
    except UnplacedError:
        return []


class Value:
    """How the value of a shape comes from its whole numbers: a factor, columns above and columns below."""

    def __init__(self, shape: Programme, held: Held) -> None:
        factor = held.term.factor
        for name, power in held.term.powers:
            factor /= Fraction(per_unit(name, getattr(shape, name).unit)) ** power
        self.factor = factor
        self.above = [SCALES[name].column for name, power in held.term.powers for _ in range(power)]
        self.below = [SCALES[name].column for name, power in held.term.powers for _ in range(-power)]

    def of(self, numbers: Mapping[str, int]) -> tuple[int, int]:
        """Return the value in lowest terms."""
        above = self.factor.numerator * prod(numbers[name] for name in self.above)
        below = self.factor.denominator * prod(numbers[name] for name in self.below)
        common = gcd(above, below)
        return above // common, below // common


def _singly(events: Frame, judges: Judges, group: Group, *, engine: Engine) -> Iterator[_Row]:
    """Yield the values of the programmes that no whole number holds, each worked out from its text."""
    area = group.entry.care_area
    rest = events.filter(
        nw.col("kind").is_in(PROGRAMME_KINDS) & (nw.col("entry") == group.entry.id) & (nw.col("care_area") == area)
    )
    known = [shape for shape in judges.shapes if _is_placed(group, judges.judges[0].plans[shape].plan)]
    rest = rest.filter(nw.col("shape").is_null() | ~nw.col("shape").is_in(known))
    columns = list(PROGRAMME_COLUMNS)
    counted = rest.group_by(*columns).agg(number=nw.len())
    for row in engine.collect(counted.select(*columns, "number")).iter_rows(named=True):
        try:
            placed = _placed(row, group)
        except UnplacedError:
            placed = _UNPLACED
        if placed is not None:
            yield placed, row["number"]


_UNPLACED = ("", 0, 0)


def _is_placed(group: Group, made: Plan) -> bool:
    try:
        group.own(made)
    except UnplacedError:
        return False
    return True


def _placed(row: Mapping[str, Any], group: Group) -> _Key | None:
    """Return the case and value of one programme; ``None`` if it holds nothing against the group."""
    if row["programme_mode"] is None:
        raise UnplacedError
    programme = programme_of(row)
    inputs = {name: quantity.value for name in SCALES if (quantity := getattr(programme, name)) is not None}
    made = plan(programme, group.library)
    if made is None or any(value <= 0 for value in inputs.values()):
        raise UnplacedError
    own = group.own(made)
    if not own:
        return None
    value = made.held[own[0]].term.value(inputs)
    return _case(made, own, [held.crossed(inputs) for held in made.held]), value.numerator, value.denominator


def programme_of(row: Mapping[str, Any]) -> Programme:
    """Return the programme of a row that names its entry, its care area and its mode."""
    entered = programmed(row)
    values = {name: getattr(entered, name) for name in type(entered).__slots__}
    return Programme(care_area=row["care_area"], entry=row["entry"], **values)


def _sorted(counts: Counter[_Key], catches: Counter[_Key]) -> pl.DataFrame:
    """
    Return the counts in rising order of the value, exactly.

    Two fractions whose denominators have at most so many bits differ by at least 2 to the minus twice that, so that
    whole numbers scaled by a little more order them as they are.
    """
    shift = 2 * max((below.bit_length() for _, _, below in counts), default=0) + 1
    ordered = sorted(counts, key=lambda key: (key[0], (key[1] << shift) // key[2] if key[2] else 0))
    rows = [(case, str(above), str(below)) for case, above, below in ordered]
    columns: list[Any] = [*zip(*rows, strict=True)] if rows else [(), (), ()]
    totals = [[one[key] for key in ordered] for one in (counts, catches)]
    return pl.DataFrame(dict(zip(_SCHEMA, [*columns, *totals], strict=True)), schema=_SCHEMA)


# --- Answering -------------------------------------------------------------------------------------------------------


class _Sorted:
    """The values of one case in rising order, with running totals."""

    def __init__(self, case: str, table: pl.DataFrame) -> None:
        self.answers = [_answer(said) for said in json.loads(case)]
        self._above, self._below = table["above"], table["below"]
        self._totals = [pl.concat([pl.Series([0]), table[name].cum_sum()]) for name in _COUNTS]
        self.height = table.height
        self.number = int(table["number"].sum())

    def value(self, at: int) -> Fraction:
        """Return one of the values."""
        return Fraction(int(self._above[at]), int(self._below[at]))

    def edges(self, limits: Limits) -> list[int]:
        """Return how many values lie below each of the five places, and how many there are."""
        places, everything = range(self.height), self.height
        low = [0 if one is None else bisect_left(places, one, key=self.value) for one in limits.bounds[:2]]
        high = [everything if one is None else bisect_right(places, one, key=self.value) for one in limits.bounds[2:]]
        return [0, low[0], max(low), min(high), high[1], everything]

    def parts(self, before: Limits, after: Limits) -> Iterator[tuple[Answer, Answer, int, int]]:
        """Yield the parts that both sets of limits treat alike in themselves: both answers, how many, and caught."""
        edges = self.edges(before), self.edges(after)
        for first, last in pairwise(sorted({*edges[0], *edges[1]})):
            said = [self.answers[max(n for n in range(len(PLACES)) if one[n] <= first)] for one in edges]
            number, caught = (int(total[last] - total[first]) for total in self._totals)
            yield said[0], said[1], number, caught


def _answer(said: Sequence[Any]) -> Answer:
    result, limits = said
    return Answer(Result(result), tuple((Parameter(parameter), Limit(limit)) for parameter, limit in limits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """
    What other limits would have done.

    Attributes:
        before: the programmes by result under the limits in force.
        after: the same under the others.
        changes: the programmes that are treated otherwise, by how.
        caught: how many of the programmes an alert caught.
        lost: how many of those would have passed without any alert.
        lost_before: how many of those pass without any alert under the limits in force.

    """

    before: Counter[Result]
    after: Counter[Result]
    changes: Counter[Change]
    caught: int
    lost: int
    lost_before: int

    @property
    def programmes(self) -> int:
        """How many programmes there were."""
        return self.before.total()


class Gathered:
    """What was attempted on one group of limits, ready to be asked."""

    def __init__(self, table: pl.DataFrame) -> None:
        """Take what ``gather`` returned, or what was kept of it."""
        placed = table.filter(pl.col("case") != "")
        self.unplaced = int(table.filter(pl.col("case") == "")["number"].sum())
        parts = placed.partition_by("case", as_dict=True, include_key=False, maintain_order=True)
        self._cases = [_Sorted(str(case), part) for (case,), part in parts.items()]

    @property
    def number(self) -> int:
        """How many programmes are placed."""
        return sum(case.number for case in self._cases)

    @cached_property
    def reach(self) -> tuple[Fraction, Fraction] | None:
        """The least and the largest value, or ``None`` where there is none."""
        ends = [(one.value(0), one.value(one.height - 1)) for one in self._cases]
        return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None

    def moved(self, before: Limits, after: Limits) -> Moved:
        """Return what other limits would have done; both are in the unit of the group."""
        made: tuple[Counter[Result], Counter[Result]] = (Counter(), Counter())
        changes: Counter[Change] = Counter()
        totals: Counter[str] = Counter()
        for case in self._cases:
            for was, then, number, stopped in case.parts(before, after):
                made[0][was.result] += number
                made[1][then.result] += number
                same = set(was.limits) == set(then.limits)
                if number and (change := change_between(was.result, then.result, same_limits=same)) is not None:
                    changes[change] += number
                totals["caught"] += stopped
                totals["lost"] += stopped if then.result is Result.NO_ALERT else 0
                totals["before"] += stopped if was.result is Result.NO_ALERT else 0
        return Moved(
            before=made[0],
            after=made[1],
            changes=changes,
            caught=totals["caught"],
            lost=totals["lost"],
            lost_before=totals["before"],
        )
