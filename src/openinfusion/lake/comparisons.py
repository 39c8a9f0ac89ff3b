"""
Plans as whole numbers: one row of factors for each shape, and one expression that judges every programme.

A limit is crossed where ``p x inputs above > q x inputs below``, all of them integers that cannot overflow 64 bits, so
that the answer is exact. The expression is put together from the plans at hand: only the parameters, limits and inputs
that occur in them are computed. It marks every limit crossed as one bit of a number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import gcd, lcm, prod
from operator import add, mul, or_
from typing import Any

import narwhals as nw
import polars as pl

from openinfusion.core.library import Library, Limit
from openinfusion.core.plan import Held, Plan, plan
from openinfusion.core.programme import Parameter, Programme
from openinfusion.lake.programmes import SCALES, per_unit

MOST = 2**63 - 1
_LOW = (Limit.HARD_MIN, Limit.SOFT_MIN)
Slot = tuple[Parameter, int]
Whole = type[nw.Int16] | type[nw.Int32] | type[nw.Int64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A held term in integers: ``above`` and ``below`` are the inputs on either side, ``factors`` one a limit."""

    factor: int
    factors: Mapping[Limit, int]
    above: frozenset[str]
    below: frozenset[str]

    def on(self, side: str) -> frozenset[str]:
        """Return the inputs on the side that is called so."""
        return self.above if side == "above" else self.below

    def bound(self, limit: Limit) -> int:
        """Return the factor of a limit; of one that is not set, a factor such that nothing crosses it."""
        unset = 0 if limit in _LOW else self.factor * _largest(self.above)
        return self.factors.get(limit, unset)

    def fits(self, limits: Iterable[Limit] = ()) -> bool:
        """Whether no programme that the lake keeps can overflow 64 bits, also where other entries have these limits."""
        high = self.factor * _largest(self.above)
        low = max(self.bound(limit) for limit in {*self.factors, *limits}) * _largest(self.below)
        return high <= MOST and low <= MOST


def _largest(names: Iterable[str]) -> int:
    """Return the largest product of these inputs that the lake keeps."""
    return prod(SCALES[name].most for name in names)


def comparison(held: Held, shape: Programme) -> Comparison | None:
    """Return a held term in integers, in lowest terms; ``None`` for the square of an input, which no entry has."""
    factor = held.term.factor
    for name, power in held.term.powers:
        factor /= Fraction(per_unit(name, getattr(shape, name).unit)) ** power
    if any(abs(power) > 1 for _, power in held.term.powers):
        return None
    above = frozenset(name for name, power in held.term.powers if power > 0)
    below = frozenset(name for name, power in held.term.powers if power < 0)
    whole = lcm(*(bound.denominator for _, bound in held.bounds))
    p = factor.numerator * whole
    q = {limit: bound.numerator * (whole // bound.denominator) * factor.denominator for limit, bound in held.bounds}
    common = gcd(p, *q.values())
    return Comparison(p // common, {limit: number // common for limit, number in q.items()}, above, below)


@dataclass(frozen=True, slots=True)
class Planned:
    """A shape with its plan and what it compares, by slot: the parameter, and the how-manieth term that it holds."""

    shape: Programme
    plan: Plan
    compared: Mapping[Slot, Comparison]

    @property
    def inputs(self) -> frozenset[str]:
        """The inputs that any comparison needs."""
        return frozenset().union(*(c.above | c.below for c in self.compared.values()))

    def enters(self, name: str) -> bool:
        """Whether such programmes have this input at all."""
        return getattr(self.shape, name) is not None

    def fits(self, limits: Mapping[Slot, Iterable[Limit]]) -> bool:
        """Whether every comparison fits beside those of other entries, which may have more limits."""
        return all(c.fits(limits[slot]) for slot, c in self.compared.items())


def planned(shape: Programme, library: Library) -> Planned | None:
    """Return the plan of a shape in integers, or ``None`` if such programmes must be checked one by one."""
    made = plan(shape, library)
    if made is None:
        return None
    compared: dict[Slot, Comparison] = {}
    for held in made.held:
        number = sum(parameter is held.parameter for parameter, _ in compared)
        one = comparison(held, shape)
        if one is None or not one.fits():
            return None
        compared[held.parameter, number] = one
    return Planned(shape, made, compared)


class Judge:
    """All plans of one library for the shapes at hand, as columns of factors and one expression over them."""

    def __init__(self, library: Library, shapes: Mapping[int, Programme], *, prefix: str = "") -> None:
        """Plan every shape; ``prefix`` tells the columns of two libraries apart."""
        plans = {number: planned(shape, library) for number, shape in shapes.items()}
        self.library = library
        self.prefix = prefix
        found = {number: one for number, one in plans.items() if one is not None}
        occurring = {(slot, limit) for one in found.values() for slot, c in one.compared.items() for limit in c.factors}
        limits = {slot: [limit for limit in Limit if (slot, limit) in occurring] for slot, _ in occurring}
        self.plans = {number: one for number, one in found.items() if one.fits(limits)}
        self.slots = sorted(limits, key=str)
        pairs = ((slot, limit) for slot in self.slots for limit in limits[slot])
        self.bits = {pair: number for number, pair in enumerate(pairs)}
        self._read: dict[int, dict[Slot, frozenset[Limit]]] = {}

    def _with(self, slot: Slot) -> list[Planned]:
        return [one for one in self.plans.values() if slot in one.compared]

    def columns(self, shapes: Sequence[int]) -> dict[str, pl.Series]:
        """Return the factors of these shapes, which are all planned, column by column."""
        made: dict[str, pl.Series] = {}
        for slot in self.slots:
            name, compared = self._name(slot), [self.plans[shape].compared.get(slot) for shape in shapes]
            made[name] = _integers(c.factor if c else 0 for c in compared)
            for limit in Limit:
                if (slot, limit) in self.bits:
                    made[f"{name}_{limit.value}"] = _integers(c.bound(limit) if c else 0 for c in compared)
            for side in ("above", "below"):
                for part in self._mixed(slot, side):
                    made[f"{name}_{side}_{part}"] = _integers(
                        int(c is not None and part in c.on(side)) for c in compared
                    )
        return made

    def _name(self, slot: Slot) -> str:
        return f"{self.prefix}{slot[0].name.lower()}{slot[1]}"

    def _used(self, slot: Slot, side: str) -> list[str]:
        """Return the inputs that any plan has on this side."""
        sides = [one.compared[slot].on(side) for one in self._with(slot)]
        return [name for name in SCALES if any(name in names for names in sides)]

    def _mixed(self, slot: Slot, side: str) -> list[str]:
        """Return those of them that another plan has entered, but not on this side; one not entered counts as 1."""
        return [
            name
            for name in self._used(slot, side)
            if any(one.enters(name) and name not in one.compared[slot].on(side) for one in self._with(slot))
        ]

    def marks(self, kind: Whole) -> list[nw.Expr]:
        """Return for each limit whether a programme crosses it, as its bit in the narrowest whole number."""
        return [
            self._is_crossed(slot, limit).cast(kind) * nw.lit(2**bit, kind) for (slot, limit), bit in self.bits.items()
        ]

    def _is_crossed(self, slot: Slot, limit: Limit) -> nw.Expr:
        name = self._name(slot)
        above = self._side(slot, "above", nw.col(name))
        below = self._side(slot, "below", nw.col(f"{name}_{limit.value}"))
        return above < below if limit in _LOW else above > below

    def _side(self, slot: Slot, side: str, factor: nw.Expr) -> nw.Expr:
        """Return one side of the comparison: its factor times its inputs, each where the plan has it there."""
        mixed = self._mixed(slot, side)
        return reduce(mul, [self._input(slot, side, part, part in mixed) for part in self._used(slot, side)], factor)

    def _input(self, slot: Slot, side: str, part: str, is_mixed: bool) -> nw.Expr:  # noqa: FBT001, PLR0917 - a lookup
        number = nw.col(SCALES[part].column)
        uses = nw.col(f"{self._name(slot)}_{side}_{part}") == 1
        return nw.when(uses).then(number).otherwise(nw.lit(1)) if is_mixed else number

    def crossings(self, shape: int, bits: int) -> list[frozenset[Limit]]:
        """Return what each held term of a shape crosses, in the order of its plan."""
        marked = self._marked(bits)
        return [marked.get(slot, _NOTHING) for slot in self.plans[shape].compared]

    def _marked(self, bits: int) -> dict[Slot, frozenset[Limit]]:
        """Return the limits that a number marks, by slot; few numbers occur, again and again."""
        if bits not in self._read:
            marked = [pair for pair, bit in self.bits.items() if bits >> bit & 1]
            self._read[bits] = {slot: frozenset(limit for at, limit in marked if at == slot) for slot, _ in marked}
        return self._read[bits]


_NOTHING: frozenset[Limit] = frozenset()


class Judges:
    """One or more libraries that judge the same programmes in one pass: a table to join, and an expression."""

    def __init__(self, libraries: Sequence[Library], shapes: Mapping[int, Programme]) -> None:
        """Plan every shape under every library; a shape that one of them cannot plan is in no row of ``table``."""
        self.judges = [Judge(library, shapes, prefix=f"library{n}_") for n, library in enumerate(libraries)]
        self.shapes = [shape for shape in shapes if all(shape in judge.plans for judge in self.judges)]
        numbers = {"shape": _integers(self.shapes), "row": _integers(range(len(self.shapes)))}
        self.table = pl.DataFrame(reduce(or_, (judge.columns(self.shapes) for judge in self.judges), numbers))
        self.widths = [len(judge.bits) for judge in self.judges]

    def judged(self, programmes: nw.LazyFrame[Any], table: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """
        Return the programmes of planned shapes with what they cross, as one number for each library (``crossed_0``).

        Args:
            programmes: events with ``shape`` and the inputs as whole numbers.
            table: ``self.table``, on the same engine.

        """
        known = [nw.col(column).fill_null(1) for column in self.inputs]
        marks = {f"crossed_{n}": self._marks(judge) for n, judge in enumerate(self.judges)}
        whole = programmes.with_columns(*known) if known else programmes
        return whole.join(table, on="shape", how="inner").with_columns(**marks)

    def _marks(self, judge: Judge) -> nw.Expr:
        kind = next(kind for bits, kind in _KINDS if len(judge.bits) <= bits)
        marks = judge.marks(kind)
        return reduce(add, marks) if marks else nw.lit(0, kind)

    @property
    def key(self) -> nw.Expr:
        """One whole number for shape and limits crossed: what is counted by one key is counted fast."""
        key = nw.col("row")
        for number, width in enumerate(self.widths):
            key = key * 2**width + nw.col(f"crossed_{number}")
        return key.alias("key")

    def read_key(self, key: int) -> tuple[int, list[int]]:
        """Return the shape and what each library marks, from a key."""
        bits: list[int] = []
        for width in reversed(self.widths):
            bits.append(key & (1 << width) - 1)
            key >>= width
        return self.shapes[key], bits[::-1]

    @property
    def inputs(self) -> list[str]:
        """The columns of the inputs that any of the plans compares."""
        used = {name for judge in self.judges for one in judge.plans.values() for name in one.inputs}
        return [scale.column for name, scale in SCALES.items() if name in used]


_KINDS: tuple[tuple[int, Whole], ...] = ((15, nw.Int16), (31, nw.Int32), (63, nw.Int64))


def _integers(values: Iterable[int]) -> pl.Series:
    return pl.Series(list(values), dtype=pl.Int64)
