"""
Control charts of a rate over time (statistical process control), which tell a change from chance.

A p chart shows a share (infusions with the library, of all infusions), a u chart events per unit of exposure (alarms
per infusion). ``draw`` finds the centre line, the limits of each point and the rules that it breaks. A rate is not a
dose, so floats are right here. Sources of the constants stand beside them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from math import copysign, inf, sqrt


class Measure(Enum):
    """What a chart shows, and so how far chance alone moves a point."""

    SHARE = "p"
    RATE = "u"


class Shape(Enum):
    """What a rule looks for in a row of points."""

    BEYOND = "beyond"
    TREND = "trend"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One sign that something other than chance was at work.

    Attributes:
        name: short, as a table shows it.
        words: the rule in words.
        shape: beyond so many sigma on one side, or rising or falling throughout.
        need: how many points must do so.
        out_of: of how many in a row.
        sigma: beyond how many sigma; 0 is the centre line.

    """

    name: str
    words: str
    shape: Shape
    need: int
    out_of: int
    sigma: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a rule that no row of points can break, or that every row does."""
        if not 1 <= self.need <= self.out_of:
            raise ValueError(f"{self.name}: need {self.need} of {self.out_of} points; expected 1 to {self.out_of}")


OUTSIDE = Rule("outside", "one point beyond 3 sigma", Shape.BEYOND, 1, 1, 3.0)
TWO_OF_THREE = Rule("2 of 3", "two of three in a row beyond 2 sigma on one side", Shape.BEYOND, 2, 3, 2.0)
SHIFT = Rule("shift", "seven in a row on one side of the centre", Shape.BEYOND, 7, 7)
TREND = Rule("trend", "seven in a row rising, or falling", Shape.TREND, 7, 7)

# The four of the NHS programme "Making data count", with the lengths of its reference software, NHSRplotthedots 0.2.
# Its team advises against more rules: each adds signals that mean nothing.
NHS = (OUTSIDE, TWO_OF_THREE, SHIFT, TREND)
# Western Electric, Statistical Quality Control Handbook, 1956, pages 25 to 28.
WESTERN_ELECTRIC = (
    OUTSIDE,
    TWO_OF_THREE,
    Rule("4 of 5", "four of five in a row beyond 1 sigma on one side", Shape.BEYOND, 4, 5, 1.0),
    Rule("run of 8", "eight in a row on one side of the centre", Shape.BEYOND, 8, 8),
)
RULE_SETS = {"nhs": NHS, "western-electric": WESTERN_ELECTRIC}

SIGMAS = 3.0
# Expected range of two values of a normal distribution, in standard deviations (d2 for n = 2); Laney 2002.
D2 = 1.128
# Spread of sigma z where chance alone is at work, times the root of the number of points: the moving range is 0.605
# times as efficient as the standard deviation (Cryer and Ryan, J Qual Technol 1990;22:187-192), so 1 / sqrt(2 x 0.605).
SPREAD_OF_SIGMA_Z = 0.91
CLEARLY = 2.0
# Below five expected events (or non-events) the counts are too lopsided for limits of +/- 3 sigma; Montgomery, 7.2.
FEWEST_EXPECTED = 5.0
# What rounding of floats may do to a score: a point on the line must not fall beside it.
ROUNDING = 1e-9
# Limits from fewer points move with every new one; "Making data count" asks for twelve or more.
FEWEST_POINTS = 12


@dataclass(frozen=True, slots=True)
class Count:
    """
    What was counted in one period.

    Attributes:
        period: what to write under the point, such as the first day of a week.
        events: how many there were.
        out_of: of how many (a share), or in how much exposure (a rate); with 0 the period has no value.

    """

    period: str
    events: float
    out_of: float

    def __post_init__(self) -> None:
        """Refuse what cannot have been counted."""
        if self.events < 0 or self.out_of < 0:
            raise ValueError(f"{self.period}: {self.events} of {self.out_of}; expected zero or more")


@dataclass(frozen=True, slots=True)
class Point:
    """
    One period on the chart.

    Attributes:
        count: what was counted.
        value: events / out_of, or ``None`` without exposure: a gap, which neither breaks nor lengthens a run.
        centre: centre line of its phase.
        sigma: how far chance alone moves this point, once adjusted for overdispersion where that is done.
        lower: centre - 3 sigma, at least 0.
        upper: centre + 3 sigma; of a share at most 1.
        broken: the rules that it broke or helped to break.
        is_small: whether fewer than five events (or non-events) were to be expected, so that limits are rough.

    """

    count: Count
    value: float | None
    centre: float
    sigma: float
    lower: float
    upper: float
    is_small: bool
    broken: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """
    A stretch of points that share one centre line.

    Attributes:
        points: its periods in order.
        centre: all events / all exposure of its baseline.
        sigma_z: how much more the baseline varies than chance alone would; ``None`` with fewer than two values.
        is_adjusted: whether limits were widened by ``sigma_z`` (Laney's p' and u').
        is_short: whether the baseline has fewer than twelve values, so that limits are provisional.

    """

    points: tuple[Point, ...]
    centre: float
    sigma_z: float | None
    is_adjusted: bool
    is_short: bool


@dataclass(frozen=True, slots=True)
class ControlChart:
    """A rate over time, by phase."""

    measure: Measure
    rules: tuple[Rule, ...]
    phases: tuple[Phase, ...]

    @property
    def points(self) -> tuple[Point, ...]:
        """Return the points of all phases."""
        return tuple(point for phase in self.phases for point in phase.points)


def draw(
    measure: Measure,
    counts: Sequence[Count],
    *,
    rules: tuple[Rule, ...] = NHS,
    rebase_at: Collection[str] = (),
    baseline: int | None = None,
) -> ControlChart:
    """
    Return the control chart of these counts, in their order.

    Args:
        measure: a share or a rate.
        counts: one for each period; name a period without exposure too, so that a gap is seen.
        rules: what to look for; runs never reach across a change of phase.
        rebase_at: periods that begin a new phase, with its own centre line: a change that was made and is known.
        baseline: how many periods at the start of each phase set its centre line and limits; all by default.

    Raises:
        ValueError: a share has more events than it is out of, or a period to rebase at is not among the counts.

    """
    if measure is Measure.SHARE and (wrong := next((c for c in counts if c.events > c.out_of), None)):
        raise ValueError(f"{wrong.period}: {wrong.events} of {wrong.out_of}; a share has no more events than that")
    if unknown := sorted(set(rebase_at) - {count.period for count in counts}):
        raise ValueError(f"rebase at {', '.join(unknown)}; expected a period of the counts")
    phases = (_phase(measure, part, rules=rules, baseline=baseline) for part in _parts(counts, rebase_at))
    return ControlChart(measure, rules, tuple(phases))


def _parts(counts: Sequence[Count], rebase_at: Collection[str]) -> Iterator[Sequence[Count]]:
    starts = [n for n, count in enumerate(counts) if n == 0 or count.period in rebase_at]
    for start, stop in pairwise([*starts, len(counts)]):
        yield counts[start:stop]


def _phase(measure: Measure, counts: Sequence[Count], *, rules: tuple[Rule, ...], baseline: int | None) -> Phase:
    base = [count for count in counts[:baseline] if count.out_of]
    exposure = sum(count.out_of for count in base)
    centre = sum(count.events for count in base) / exposure if exposure else 0.0
    sigma_z = _sigma_z([_z(count.events / count.out_of, centre, _chance(measure, centre, count)) for count in base])
    is_adjusted = sigma_z is not None and sigma_z > _most_by_chance(len(base)) and len(base) >= FEWEST_POINTS
    factor = sigma_z if is_adjusted and sigma_z is not None else 1.0
    points = [_point(measure, count, centre=centre, sigma=factor * _chance(measure, centre, count)) for count in counts]
    marked = tuple(_marked(points, rules))
    return Phase(marked, centre, sigma_z, is_adjusted, is_short=len(base) < FEWEST_POINTS)


def _chance(measure: Measure, centre: float, count: Count) -> float:
    """Return the standard deviation of a binomial share or a Poisson rate; 0 without exposure."""
    if not count.out_of:
        return 0.0
    variance = centre * (1 - centre) if measure is Measure.SHARE else centre
    return sqrt(variance / count.out_of)


def _z(value: float, centre: float, sigma: float) -> float:
    """Return how many sigma a value is from the centre; where nothing varies, any distance is endless."""
    if sigma:
        return (value - centre) / sigma
    return 0.0 if abs(value - centre) < ROUNDING else copysign(inf, value - centre)


def _sigma_z(scores: Sequence[float]) -> float | None:
    """Return Laney's sigma z: the mean moving range of the scores, as a standard deviation."""
    if len(scores) < 2:  # noqa: PLR2004 - a range needs two
        return None
    return sum(abs(b - a) for a, b in pairwise(scores)) / (len(scores) - 1) / D2


def _most_by_chance(points: int) -> float:
    """Return the sigma z that about one chart in forty exceeds by chance alone."""
    return 1 + CLEARLY * SPREAD_OF_SIGMA_Z / sqrt(points)


def _point(measure: Measure, count: Count, *, centre: float, sigma: float) -> Point:
    is_share = measure is Measure.SHARE
    expected = count.out_of * (min(centre, 1 - centre) if is_share else centre)
    upper = centre + SIGMAS * sigma
    return Point(
        count=count,
        value=count.events / count.out_of if count.out_of else None,
        centre=centre,
        sigma=sigma,
        lower=max(centre - SIGMAS * sigma, 0.0),
        upper=min(upper, 1.0) if is_share else upper,
        is_small=expected < FEWEST_EXPECTED,
    )


def _marked(points: Sequence[Point], rules: tuple[Rule, ...]) -> Iterator[Point]:
    """Yield the points with the rules they broke; a gap breaks none."""
    seen = [n for n, point in enumerate(points) if point.value is not None]
    values = [points[n].value or 0.0 for n in seen]
    scores = [_z(value, points[n].centre, points[n].sigma) for n, value in zip(seen, values, strict=True)]
    broken: dict[int, list[Rule]] = {}
    for rule in rules:
        for at in _breaking(rule, values, scores):
            broken.setdefault(seen[at], []).append(rule)
    for n, p in enumerate(points):
        marks = tuple(broken.get(n, ()))
        yield Point(p.count, p.value, p.centre, p.sigma, p.lower, p.upper, p.is_small, marks)


def _breaking(rule: Rule, values: Sequence[float], scores: Sequence[float]) -> list[int]:
    """Return which points broke a rule: those that were counted for it."""
    if rule.shape is Shape.TREND:
        return _trending(rule.out_of, values)
    found: set[int] = set()
    for side in (1, -1):
        # A point on the line is not beyond it.
        is_hit = [side * score > rule.sigma + ROUNDING for score in scores]
        for start in range(len(scores) - rule.out_of + 1):
            window = range(start, start + rule.out_of)
            hits = [n for n in window if is_hit[n]]
            if len(hits) >= rule.need:
                found.update(hits)
    return sorted(found)


def _trending(length: int, values: Sequence[float]) -> list[int]:
    """Return the points of every strictly rising or falling row of this length; equal neighbours end a row."""
    found: set[int] = set()
    for start in range(len(values) - length + 1):
        row = values[start : start + length]
        steps = [b - a for a, b in pairwise(row)]
        if all(step > 0 for step in steps) or all(step < 0 for step in steps):
            found.update(range(start, start + length))
    return sorted(found)
