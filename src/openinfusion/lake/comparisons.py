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
from operator import add, mul

import narwhals as nw
import polars as pl

from openinfusion.core.library import Library, Limit
from openinfusion.core.plan import Held, Plan, plan
from openinfusion.core.programme import Parameter, Programme
from openinfusion.lake.programmes import SCALES, per_unit

MOST = 2**63 - 1
_LOW = (Limit.HARD_MIN, Limit.SOFT_MIN)
Slot = tuple[Parameter, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A held term in integers: ``above`` and ``below`` are the inputs on either side, ``factors`` one for each limit."""

    factor: int
    factors: Mapping[Limit, int]
    above: tuple[str, ...]
    below: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether no programme that the lake keeps in whole numbers can overflow 64 bits."""
        high = self.factor * prod(SCALES[name].most for name in self.above)
        low = max(self.factors.values(), default=0) * prod(SCALES[name].most for name in self.below)
        return high <= MOST and low <= MOST


def comparison(held: Held, shape: Programme) -> Comparison:
    """Return a held term in integers, in lowest terms."""
    factor = held.term.factor
    for name, power in held.term.powers:
        factor /= Fraction(per_unit(name, getattr(shape, name).unit)) ** power
    # Of a power other than 1, an input stands that often on its side.
    above = tuple(name for name, power in held.term.powers for _ in range(power))
    below = tuple(name for name, power in held.term.powers for _ in range(-power))
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


def planned(shape: Programme, library: Library) -> Planned | None:
    """Return the plan of a shape in integers, or ``None`` if such programmes must be checked one by one."""
    made = plan(shape, library)
    if made is None:
        return None
    compared: dict[Slot, Comparison] = {}
    for held in made.held:
        number = sum(parameter is held.parameter for parameter, _ in compared)
        compared[held.parameter, number] = comparison(held, shape)
    return Planned(shape, made, compared) if all(c.fits for c in compared.values()) else None


class Judge:
    """All plans of one library for the shapes at hand, as a table of factors and one expression over it."""

    def __init__(self, library: Library, shapes: Mapping[int, Programme]) -> None:
        """Plan every shape; those without a plan are in no row of ``table``."""
        plans = {number: planned(shape, library) for number, shape in shapes.items()}
        self.library = library
        self.plans = {number: one for number, one in plans.items() if one is not None}
        self.slots = sorted({slot for one in self.plans.values() for slot in one.compared}, key=str)
        self.bits = {
            (slot, limit): number
            for number, (slot, limit) in enumerate(
                (slot, limit) for slot in self.slots for limit in Limit if self._occurs(slot, limit)
            )
        }
        assert len(self.bits) < 63  # noqa: PLR2004, S101 - 13 parameters have some 50 limits, and 63 bits hold them

    def _occurs(self, slot: Slot, limit: Limit) -> bool:
        return any(limit in one.compared[slot].factors for one in self._with(slot))

    def _with(self, slot: Slot) -> list[Planned]:
        return [one for one in self.plans.values() if slot in one.compared]

    def table(self, prefix: str) -> pl.DataFrame:
        """Return one row of factors for each planned shape; ``prefix`` tells the columns of two libraries apart."""
        columns: dict[str, pl.Series] = {"shape": pl.Series(list(self.plans), dtype=pl.Int64)}
        for slot in self.slots:
            name, compared = _name(prefix, slot), [one.compared.get(slot) for one in self.plans.values()]
            columns[name] = _integers(c.factor if c else None for c in compared)
            for limit in Limit:
                if (slot, limit) in self.bits:
                    columns[f"{name}_{limit.value}"] = _integers(c.factors.get(limit) if c else None for c in compared)
            for side in ("above", "below"):
                for part in self._mixed(slot, side):
                    uses = (None if c is None else int(part in getattr(c, side)) for c in compared)
                    columns[f"{name}_{side}_{part}"] = _integers(uses)
        return pl.DataFrame(columns)

    def _sides(self, slot: Slot, side: str) -> list[tuple[str, ...]]:
        return [getattr(one.compared[slot], side) for one in self._with(slot)]

    def _shared(self, slot: Slot, side: str) -> list[str]:
        """Return the inputs that every plan has on this side, as often as all of them do."""
        sides = self._sides(slot, side)
        return [name for name in SCALES for _ in range(min(names.count(name) for names in sides))]

    def _mixed(self, slot: Slot, side: str) -> list[str]:
        """Return the inputs that only some plans have on this side."""
        sides = self._sides(slot, side)
        return [name for name in SCALES if len({names.count(name) for names in sides}) > 1]

    def crossed(self, prefix: str) -> nw.Expr:
        """Return the expression: the bits of every limit that a programme crosses, 0 for none."""
        marks = [
            (self._is_crossed(prefix, slot, limit).cast(nw.Int64) * 2**bit).fill_null(0)
            for (slot, limit), bit in self.bits.items()
        ]
        return reduce(add, marks) if marks else nw.lit(0, nw.Int64)

    def _is_crossed(self, prefix: str, slot: Slot, limit: Limit) -> nw.Expr:
        name = _name(prefix, slot)
        above = self._side(name, slot, "above", nw.col(name))
        below = self._side(name, slot, "below", nw.col(f"{name}_{limit.value}"))
        return above < below if limit in _LOW else above > below

    def _side(self, name: str, slot: Slot, side: str, factor: nw.Expr) -> nw.Expr:
        """Return one side of the comparison: its factor times its inputs, each where the plan has it there."""
        shared = [nw.col(SCALES[part].column) for part in self._shared(slot, side)]
        chosen = [
            nw.when(nw.col(f"{name}_{side}_{part}") == 1).then(nw.col(SCALES[part].column)).otherwise(nw.lit(1))
            for part in self._mixed(slot, side)
        ]
        return reduce(mul, [*shared, *chosen], factor)

    def read_bits(self, number: int) -> dict[Slot, frozenset[Limit]]:
        """Return the limits that a number marks, by slot."""
        marked = [pair for pair, bit in self.bits.items() if number >> bit & 1]
        return {slot: frozenset(limit for at, limit in marked if at == slot) for slot, _ in marked}

    def crossings(self, shape: int, number: int) -> list[frozenset[Limit]]:
        """Return what each held term of a shape crosses, in the order of its plan."""
        marked = self.read_bits(number)
        return [marked.get(slot, frozenset()) for slot in self.plans[shape].compared]


def _name(prefix: str, slot: Slot) -> str:
    return f"{prefix}{slot[0].name.lower()}{slot[1]}"


def _integers(values: Iterable[int | None]) -> pl.Series:
    return pl.Series(list(values), dtype=pl.Int64)


def inputs_used(judges: Sequence[Judge]) -> list[str]:
    """Return the columns of the inputs that any of the plans compares."""
    used = {
        name
        for judge in judges
        for one in judge.plans.values()
        for c in one.compared.values()
        for name in (*c.above, *c.below)
    }
    return [scale.column for name, scale in SCALES.items() if name in used]
