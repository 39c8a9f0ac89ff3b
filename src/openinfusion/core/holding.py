"""Hold numbers against limits, exactly, and keep what was found: the part of a check that knows nothing of doses."""

from fractions import Fraction

from openinfusion.core.library import Limit, Limits
from openinfusion.core.programme import Finding, Parameter, Problem
from openinfusion.core.units import Quantity


class Held:
    """
    What was found so far.

    Attributes:
        findings: limits that were crossed and problems, in the order in which they were found.
        is_refused_early: whether a problem ended the check.
        is_checked: whether anything was held against limits of the entry itself.

    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.is_refused_early = False
        self.is_checked = False

    def refuse(self, parameter: Parameter, problem: Problem, attempted: Quantity | None = None) -> None:
        """Record a problem that ends the check, once: the rest of the programme cannot be judged."""
        finding = Finding(parameter, attempted=attempted, problem=problem)
        if finding not in self.findings:
            self.findings.append(finding)
        self.is_refused_early = True

    def hold(
        self,
        parameter: Parameter,
        number: Fraction,
        limits: Limits,
        *,
        of_entry: bool = False,
        by_rounding: bool = False,
    ) -> None:
        """Compare a number of ``limits.unit`` with each limit: hard before soft, at most one finding a side."""
        self.is_checked |= of_entry and not limits.is_empty
        # Hard limits first: a value beyond both must never be offered an override (LC-02).
        for limit, bound in (_below(number, limits), _above(number, limits)):
            if limit is not None and bound is not None:
                attempted, crossed = Quantity(number, limits.unit), Quantity(bound, limits.unit)
                self.find(Finding(parameter, limit, attempted, crossed, by_rounding=by_rounding))

    def find(self, finding: Finding) -> None:
        """Record a limit that was crossed; by rounding only where the exact value does not cross it already."""
        known = {(old.parameter, old.limit) for old in self.findings}
        if not finding.by_rounding or (finding.parameter, finding.limit) not in known:
            self.findings.append(finding)

    def hold_maximum(
        self, parameter: Parameter, maximum: Quantity | None, moved: Fraction | None, *, by_rounding: bool
    ) -> None:
        """Hold a rate or volume against what the pumps of the care area may do at most; nobody can override it."""
        if maximum is None or moved is None:
            return
        if _is_less(maximum.value * maximum.unit.scale, moved):
            attempted = Quantity(moved / maximum.unit.scale, maximum.unit)
            self.find(Finding(parameter, Limit.HARD_MAX, attempted, maximum, by_rounding=by_rounding))


def _below(number: Fraction, limits: Limits) -> tuple[Limit | None, Fraction | None]:
    if limits.hard_min is not None and _is_less(number, limits.hard_min):
        return Limit.HARD_MIN, limits.hard_min
    if limits.soft_min is not None and _is_less(number, limits.soft_min):
        return Limit.SOFT_MIN, limits.soft_min
    return None, None


def _above(number: Fraction, limits: Limits) -> tuple[Limit | None, Fraction | None]:
    if limits.hard_max is not None and _is_less(limits.hard_max, number):
        return Limit.HARD_MAX, limits.hard_max
    if limits.soft_max is not None and _is_less(limits.soft_max, number):
        return Limit.SOFT_MAX, limits.soft_max
    return None, None


def _is_less(one: Fraction, other: Fraction) -> bool:
    """Compare in integers: exactly what ``<`` of fractions does, at a third of its cost on the hottest path."""
    return one.numerator * other.denominator < other.numerator * one.denominator
