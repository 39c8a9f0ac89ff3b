"""
Check a programme whose numbers are not known yet: what is left is a handful of comparisons.

A log holds millions of programmes but few *shapes*: entry, mode, and the units that the values were entered in. For
one shape ``plan`` runs the very code that judges one programme (``dosing.Check``), with a ``Term`` in the place of
each number. Every step of that code multiplies or divides, so each value that it holds against a limit comes out as
one term, such as 5/6 x rate / weight. Millions of programmes can then be judged by comparing products of whole
numbers, and no rule of dosing is written a second time.

Where the code would have to know a number to go on (two values that may disagree, a body surface area from a height),
there is no plan, and such programmes are checked one by one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, NoReturn, Self

from openinfusion.core.dosing import Check, begin, conclude
from openinfusion.core.library import CareArea, Entry, Library, Limit, Limits
from openinfusion.core.limits import Programmable
from openinfusion.core.programme import Derived, Finding, Parameter, Programme, Verdict
from openinfusion.core.units import Quantity, Unit

INPUTS = ("dose", "rate", "volume", "duration", "weight", "body_surface_area", "previous")
"""The values of a programme that a plan leaves open; every other value is part of the shape."""


class UndeterminedError(Exception):
    """The check cannot go on without the number; never seen outside this module."""


class Term(Fraction):
    """
    A positive number that is not known yet: a known factor times inputs, each to a power.

    It is a ``Fraction`` so that the check can use it as one. Multiplying and dividing give another term; whatever else
    would need the number raises ``UndeterminedError``, so that nothing can be decided by mistake.
    """

    __slots__ = ("factor", "powers")
    factor: Fraction
    powers: tuple[tuple[str, int], ...]

    def __new__(cls, factor: Fraction, powers: Mapping[str, int]) -> Self:
        """Return a term; inputs to the power of zero are left out."""
        made = super().__new__(cls, 1)
        made.factor = factor
        made.powers = tuple(sorted((name, power) for name, power in powers.items() if power))
        return made

    def _times(self, other: Fraction | int, sign: int) -> "Term":
        """Return this times (or divided by) a number or a term."""
        if not isinstance(other, Term):
            return Term(self.factor * Fraction(other) ** sign, dict(self.powers))
        powers = dict(self.powers)
        for name, power in other.powers:
            powers[name] = powers.get(name, 0) + sign * power
        return Term(self.factor * other.factor**sign, powers)

    # Fraction also multiplies float and complex, which no dose ever is: hence the narrower signatures.
    def __mul__(self, other: Fraction | int) -> "Term":  # type: ignore[override]
        """Return the product."""
        return self._times(other, 1)

    __rmul__ = __mul__  # type: ignore[assignment]

    def __truediv__(self, other: Fraction | int) -> "Term":  # type: ignore[override]
        """Return the quotient."""
        return self._times(other, -1)

    def __rtruediv__(self, other: Fraction | int) -> "Term":  # type: ignore[override]
        """Return a number divided by this."""
        return Term(Fraction(other) / self.factor, {name: -power for name, power in self.powers})

    def __eq__(self, other: object) -> bool:
        """Whether two terms of the same inputs are equal; of other inputs, nobody can say."""
        if isinstance(other, Term) and other.powers == self.powers:
            return self.factor == other.factor
        raise UndeterminedError

    def __bool__(self) -> bool:
        """Return true: an input is above zero, so every term is."""
        return True

    def __hash__(self) -> int:  # type: ignore[override]
        """Hash alike what is equal."""
        return hash((self.factor, self.powers))

    def _unknown(self, *_: object) -> NoReturn:
        raise UndeterminedError

    __lt__ = __le__ = __gt__ = __ge__ = _unknown
    __add__ = __radd__ = __sub__ = __rsub__ = _unknown
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _unknown
    __floor__ = __ceil__ = __trunc__ = __round__ = __neg__ = __abs__ = __float__ = _unknown  # type: ignore[assignment]
    denominator = property(_unknown)  # read by comparisons by hand

    def value(self, inputs: Mapping[str, Fraction]) -> Fraction:
        """Return the number, now that the inputs are known."""
        number = self.factor
        for name, power in self.powers:
            number *= inputs[name] ** power
        return number


_HIGH = (Limit.SOFT_MAX, Limit.HARD_MAX)
_SIDES = ((Limit.HARD_MIN, Limit.SOFT_MIN), (Limit.HARD_MAX, Limit.SOFT_MAX))


@dataclass(frozen=True, slots=True)
class Held:
    """
    A term that is held against limits, both in ``unit``; ``bounds`` has the limits that are set.

    Where a limit is itself a multiple of an input (the titration step of the running dose), ``per`` is that input, and
    term and bounds are counted in it.
    """

    parameter: Parameter
    term: Term
    unit: Unit
    bounds: tuple[tuple[Limit, Fraction], ...]
    per: Term | None = None

    def crossed(self, inputs: Mapping[str, Fraction]) -> frozenset[Limit]:
        """Return every limit that these inputs cross."""
        number = self.term.value(inputs)
        return frozenset(
            limit for limit, bound in self.bounds if (number > bound if limit in _HIGH else number < bound)
        )

    def findings(self, inputs: Mapping[str, Fraction], crossed: Collection[Limit]) -> Iterator[Finding]:
        """Yield a finding for the limits crossed: hard before soft, at most one a side."""
        size = self.per.value(inputs) if self.per is not None else Fraction(1)
        attempted = Quantity(self.term.value(inputs) * size, self.unit)
        bounds = dict(self.bounds)
        for limit in _worst(crossed):
            yield Finding(self.parameter, limit, attempted, Quantity(bounds[limit] * size, self.unit))


def _worst(crossed: Collection[Limit]) -> Iterator[Limit]:
    """Yield of the limits crossed the hard one before the soft one, at most one a side."""
    for side in _SIDES:
        worst = next((limit for limit in side if limit in crossed), None)
        if worst is not None:
            yield worst


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What is left of the check of one shape: findings that are certain, and terms to hold, in the order of the check.

    ``settled`` is the verdict where the shape alone decides it: the entry is unknown, or does not offer the mode.
    """

    steps: tuple[Finding | Held, ...]
    derived: Derived
    is_checked: bool
    settled: Verdict | None = None

    @property
    def held(self) -> tuple[Held, ...]:
        """The terms to hold."""
        return tuple(step for step in self.steps if isinstance(step, Held))

    def findings(
        self, inputs: Mapping[str, Fraction], crossed: Sequence[Collection[Limit]] | None = None
    ) -> list[Finding]:
        """Return all findings; ``crossed`` says what each of ``held`` crosses, where that is known already."""
        told = iter(crossed if crossed is not None else [held.crossed(inputs) for held in self.held])
        made: list[Finding] = []
        for step in self.steps:
            made += step.findings(inputs, next(told)) if isinstance(step, Held) else [_certain(step, inputs)]
        return made

    def verdict(self, inputs: Mapping[str, Fraction], crossed: Sequence[Collection[Limit]] | None = None) -> Verdict:
        """Return the verdict that ``check`` gives for these inputs."""
        if self.settled is not None:
            return self.settled
        return conclude(self.findings(inputs, crossed), _known(self.derived, inputs), is_checked=self.is_checked)

    def outline(self, crossed: Sequence[Collection[Limit]]) -> Verdict:
        """Return the decision and the limits met where these are crossed; the findings have no numbers."""
        if self.settled is not None:
            return self.settled
        told = iter(crossed)
        made: list[Finding] = []
        for step in self.steps:
            if isinstance(step, Held):
                made += [Finding(step.parameter, limit) for limit in _worst(next(told))]
            else:
                made.append(step)
        return conclude(made, Derived(), is_checked=self.is_checked)


def plan(shape: Programme, library: Library) -> Plan | None:
    """
    Return what is left of a check when only the numbers of ``INPUTS`` are open, or ``None`` if it needs them.

    Args:
        shape: a programme; of its inputs only the units count, all other values are taken as they stand.
        library: the library to check against.

    """
    open_inputs: dict[str, Any] = {
        name: Quantity(Term(Fraction(1), {name: 1}), quantity.unit)
        for name in INPUTS
        if (quantity := getattr(shape, name)) is not None
    }
    run = begin(replace(shape, **open_inputs), library, _Planning)
    if isinstance(run, Verdict):
        return Plan(run.findings, run.derived, is_checked=False, settled=run)
    try:
        run.run()
        return Plan(tuple(run.steps()), run.derived(), is_checked=run.is_checked)
    except UndeterminedError:
        return None


class _Planning(Check):
    """A check that writes down what it would compare, instead of comparing it."""

    def __init__(self, programme: Programme, entry: Entry, *, area: CareArea, limits: Programmable) -> None:
        super().__init__(programme, entry, area=area, limits=limits)
        self.held: list[tuple[int, Held]] = []

    def steps(self) -> Iterator[Finding | Held]:
        """Yield findings and terms in the order in which they came up."""
        held = iter(self.held)
        upcoming = next(held, None)
        for number, finding in enumerate((*self.findings, None)):
            while upcoming is not None and upcoming[0] == number:
                yield upcoming[1]
                upcoming = next(held, None)
            if finding is not None:
                yield finding

    def note(self, held: Held) -> None:
        """Write down a term that is held, and after how many findings."""
        if held.bounds:
            self.held.append((len(self.findings), held))

    def hold(
        self,
        parameter: Parameter,
        number: Fraction,
        limits: Limits,
        *,
        of_entry: bool = False,
        by_rounding: bool = False,
    ) -> None:
        if not isinstance(number, Term):
            super().hold(parameter, number, limits, of_entry=of_entry, by_rounding=by_rounding)
            return
        self.is_checked |= of_entry and not limits.is_empty
        bounds = zip(Limit, limits.bounds, strict=True)
        known = tuple((limit, bound) for limit, bound in bounds if bound is not None)
        self.note(Held(parameter, number, limits.unit, known))

    def hold_maximum(
        self, parameter: Parameter, maximum: Quantity | None, moved: Fraction | None, *, by_rounding: bool
    ) -> None:
        if maximum is None or not isinstance(moved, Term):
            super().hold_maximum(parameter, maximum, moved, by_rounding=by_rounding)
            return
        bounds = ((Limit.HARD_MAX, maximum.value),)
        self.note(Held(parameter, moved / maximum.unit.scale, maximum.unit, bounds))

    def hold_increase(self, now: Quantity, previous: Quantity, factor: Fraction) -> None:
        running = previous.to(now.unit).value
        assert isinstance(now.value, Term)  # noqa: S101 - what runs and what is asked for are both inputs
        assert isinstance(running, Term)  # noqa: S101 - as above
        self.note(Held(Parameter.STEP, now.value / running, now.unit, ((Limit.SOFT_MAX, factor),), per=running))


def _certain(finding: Finding, inputs: Mapping[str, Fraction]) -> Finding:
    """Return a finding that every programme of the shape meets, with its number."""
    attempted = finding.attempted
    return finding if attempted is None else replace(finding, attempted=_numbered(attempted, inputs))


def _known(derived: Derived, inputs: Mapping[str, Fraction]) -> Derived:
    """Return what was derived, with its numbers."""
    parts = ((part.name, getattr(derived, part.name)) for part in fields(Derived))
    return Derived(**{name: _numbered(quantity, inputs) for name, quantity in parts if quantity is not None})


def _numbered(quantity: Quantity, inputs: Mapping[str, Fraction]) -> Quantity:
    """Return a quantity with its number, now that the inputs are known."""
    value = quantity.value
    return Quantity(value.value(inputs), quantity.unit) if isinstance(value, Term) else quantity
