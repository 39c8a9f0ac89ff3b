"""Control charts agree with worked examples from textbooks and published data, and each rule fires where it should."""

import random
from itertools import pairwise
from statistics import mean, stdev

import pytest

from openinfusion.core.spc import (
    NHS,
    OUTSIDE,
    RULE_SETS,
    SHIFT,
    SPREAD_OF_SIGMA_Z,
    TREND,
    TWO_OF_THREE,
    WESTERN_ELECTRIC,
    ControlChart,
    Count,
    Measure,
    Rule,
    Shape,
    draw,
)

# Pyzdek and Keller, The Handbook for Quality Management, 2013, table 9.6: bruised peaches in crates of 250.
PEACHES = [
    *(47, 42, 55, 51, 46, 61, 39, 44, 41, 51, 88, 101, 101, 40, 48, 47, 50, 48, 57, 45, 43, 105, 98, 100, 96),
]
CRATES_OF_TWO = {11, 12, 13, 22, 23, 24, 25}

# Montgomery, Introduction to Statistical Quality Control, u chart of samples of varying size: flaws in cloth.
FLAWS = [14, 12, 20, 11, 7, 10, 21, 16, 19, 23]
CLOTH = [10.0, 8.0, 13.0, 10.0, 9.5, 10.0, 12.0, 10.5, 12.0, 12.5]

# Mohammed et al., BMJ Qual Saf 2013;22:362-368: attendances at NHS emergency departments, seen within four hours, by
# week. With so many patients an ordinary p chart calls nearly every week special.
SEEN = [
    *(266501, 264225, 276532, 281461, 269071, 261215, 270409, 279778, 270483, 270320),
    *(267923, 271478, 255353, 256820, 261835, 259144, 255910, 260863, 264465, 260989),
]
ATTENDED = [
    *(280443, 276823, 291681, 296155, 282343, 275888, 283867, 295251, 284468, 282529),
    *(279618, 283932, 266629, 268091, 276803, 271578, 266005, 273520, 278574, 273772),
]
# The limits of Laney's p' chart of these data, in per cent, as published software gives them.
LANEY_UPPER = [
    *(96.5670, 96.5753, 96.5421, 96.5326, 96.5627, 96.5775, 96.5593, 96.5345, 96.5579, 96.5623),
    *(96.5689, 96.5591, 96.5996, 96.5961, 96.5753, 96.5877, 96.6012, 96.5830, 96.5713, 96.5824),
]
LANEY_LOWER = [
    *(94.0130, 94.0046, 94.0378, 94.0473, 94.0173, 94.0025, 94.0207, 94.0454, 94.0220, 94.0177),
    *(94.0111, 94.0208, 93.9803, 93.9839, 94.0046),
]


def counts(events, exposures) -> list[Count]:
    return [Count(str(n + 1), e, x) for n, (e, x) in enumerate(zip(events, exposures, strict=True))]


def of_scores(*scores: float, rules: tuple[Rule, ...] = NHS) -> ControlChart:
    """A chart whose first hundred weeks sit on the centre line of 0.5 and whose others are so many sigma from it."""
    still = [Count(f"before {n}", 5_000, 10_000) for n in range(100)]
    told = [Count(f"{n}", 5_000 + 50 * score, 10_000) for n, score in enumerate(scores)]
    return draw(Measure.SHARE, [*still, *told], rules=rules, baseline=100)


def broken(chart: ControlChart, rule: Rule) -> list[int]:
    """Which of the points after the hundred broke a rule."""
    return [n for n, point in enumerate(chart.points[100:]) if rule in point.broken]


def test_peaches_have_the_textbook_limits() -> None:
    """Centre 0.193; limits 0.118 and 0.268 with one crate, 0.140 and 0.246 with two; nothing is special."""
    sizes = [500 if n in CRATES_OF_TWO else 250 for n in range(1, 26)]
    chart = draw(Measure.SHARE, counts(PEACHES, sizes))
    assert chart.points[0].centre == 1544 / 8000 == 0.193
    assert [round(x, 3) for x in (chart.points[0].lower, chart.points[0].upper)] == [0.118, 0.268]
    assert [round(x, 3) for x in (chart.points[10].lower, chart.points[10].upper)] == [0.14, 0.246]
    assert not any(OUTSIDE in point.broken for point in chart.points)
    assert not chart.phases[0].is_adjusted


def test_montgomery_6_1_is_clipped_at_zero() -> None:
    """Exercise 6-1 of Montgomery, 5th edition: 117 of 20 samples of 100; UCL 0.1289, and LCL -0.0119 becomes 0."""
    chart = draw(Measure.SHARE, counts([117 / 20] * 20, [100] * 20))
    assert [round(x, 4) for x in (chart.points[0].centre, chart.points[0].upper)] == [0.0585, 0.1289]
    assert chart.points[0].lower == 0


def test_cloth_has_the_textbook_limits() -> None:
    """153 flaws in 107.5 units: centre 1.42; limits 0.29 to 2.55 (10 units), 0.16 to 2.69 (8), 0.43 to 2.42 (13)."""
    chart = draw(Measure.RATE, counts(FLAWS, CLOTH))
    first, second, third = chart.points[:3]
    assert round(first.centre, 2) == 1.42
    assert first.value == 1.4
    found = [round(x, 2) for p in (first, second, third) for x in (p.lower, p.upper)]
    assert found == pytest.approx([0.29, 2.55, 0.16, 2.69, 0.43, 2.42], abs=0.011)


def test_laney_matches_published_limits() -> None:
    """Twenty weeks of NHS emergency departments: sigma z is far above 1, and every limit of the p' chart agrees."""
    chart = draw(Measure.SHARE, counts(SEEN, ATTENDED))
    (phase,) = chart.phases
    assert phase.is_adjusted
    assert phase.sigma_z is not None
    assert phase.sigma_z > 10
    assert [100 * p.upper for p in phase.points] == pytest.approx(LANEY_UPPER, abs=2e-4)
    assert [100 * p.lower for p in phase.points[:15]] == pytest.approx(LANEY_LOWER, abs=2e-4)
    assert not any(OUTSIDE in point.broken for point in phase.points)


def test_without_adjustment_most_of_those_weeks_are_outside() -> None:
    """What the adjustment is for: with chance alone as the yardstick, most weeks look special."""
    chart = draw(Measure.SHARE, counts(SEEN, ATTENDED))
    factor = chart.phases[0].sigma_z or 1
    outside = [p for p in chart.points if p.value and abs(p.value - p.centre) > 3 * p.sigma / factor]
    assert len(outside) > 10


def test_laney_u_matches_published_limits() -> None:
    """The same data as rates: 0.9657 and 0.9401 at the first week."""
    first = draw(Measure.RATE, counts(SEEN, ATTENDED)).points[0]
    assert [round(first.upper, 4), round(first.lower, 4)] == [0.9657, 0.9401]


@pytest.mark.parametrize(
    ("rule", "scores", "where"),
    [
        (OUTSIDE, [3.0], []),
        (OUTSIDE, [3.02], [0]),
        (OUTSIDE, [0, -3.02, 0], [1]),
        (TWO_OF_THREE, [2.5, 0, 2.5], [0, 2]),
        (TWO_OF_THREE, [2.5, 0, 0, 2.5], []),
        (TWO_OF_THREE, [2.5, 0, -2.5], []),
        (TWO_OF_THREE, [2.0, 2.0], []),
        (SHIFT, [0.2] * 7, list(range(7))),
        (SHIFT, [-0.2] * 8, list(range(8))),
        (SHIFT, [0.2] * 6, []),
        (SHIFT, [0.2] * 6 + [0] + [0.2] * 6, []),
        (TREND, [-0.6, -0.4, -0.2, 0, 0.2, 0.4], []),
        (TREND, [-0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.5, 0.1], [0, 1, 2, 3, 4, 5, 6]),
        (TREND, [0.6, 0.4, 0.2, 0.1, -0.2, -0.4, -0.6], [0, 1, 2, 3, 4, 5, 6]),
        (TREND, [-0.6, -0.4, -0.2, -0.2, 0.2, 0.4, 0.6], []),
    ],
)
def test_a_rule_marks_the_points_that_break_it(rule: Rule, scores: list[float], where: list[int]) -> None:
    """On the line is not beyond it; the sides are not mixed; only the points that count are marked."""
    assert broken(of_scores(*scores), rule) == where


@pytest.mark.parametrize(("scores", "where"), [([1.5, 1.5, 0, 1.5, 1.5], [0, 1, 3, 4]), ([1.5, 1.5, 0, 0, 1.5], [])])
def test_western_electric_four_of_five(scores: list[float], where: list[int]) -> None:
    """The other set of rules, as data: four of five beyond one sigma."""
    rule = WESTERN_ELECTRIC[2]
    assert broken(of_scores(*scores, rules=RULE_SETS["western-electric"]), rule) == where


def test_a_gap_has_no_value_and_does_not_end_a_run() -> None:
    """A week without infusions is on the chart, breaks no rule, and the weeks around it still make a run of seven."""
    weeks = [*([Count("still", 50, 100)] * 20), *([Count("high", 51, 100)] * 4), Count("none", 0, 0)]
    chart = draw(Measure.SHARE, [*weeks, *([Count("high", 51, 100)] * 3)], baseline=20)
    gap = chart.points[24]
    assert gap.value is None
    assert gap.broken == ()
    assert all(SHIFT in chart.points[n].broken for n in (20, 23, 25, 27))


def test_a_rebase_begins_a_phase_of_its_own() -> None:
    """After a change that was made, the centre is new and no run reaches back."""
    weeks = [Count(f"w{n}", 40 if n < 15 else 60, 100) for n in range(30)]
    whole = draw(Measure.SHARE, weeks)
    parted = draw(Measure.SHARE, weeks, rebase_at={"w15"})
    assert SHIFT in whole.points[0].broken
    assert [phase.centre for phase in parted.phases] == [0.4, 0.6]
    assert not any(point.broken for point in parted.points)
    assert not any(phase.is_short for phase in parted.phases)


def test_a_baseline_holds_the_centre_still() -> None:
    """Later weeks are judged by the baseline and do not move it."""
    chart = draw(Measure.SHARE, [*counts([50] * 20, [100] * 20), Count("now", 80, 100)], baseline=20)
    assert {point.centre for point in chart.points} == {0.5}
    assert chart.points[-1].broken == (OUTSIDE,)


def test_a_phase_of_few_points_is_short_and_never_adjusted() -> None:
    """Eleven weeks are too few to judge how much they vary."""
    wild = draw(Measure.SHARE, counts([1000, 9000] * 5 + [1000], [10_000] * 11))
    assert wild.phases[0].is_short
    assert not wild.phases[0].is_adjusted
    longer = draw(Measure.SHARE, counts([1000, 9000] * 6, [10_000] * 12))
    assert not longer.phases[0].is_short
    assert longer.phases[0].is_adjusted


def test_one_period_has_no_sigma_z() -> None:
    """A moving range needs two values."""
    assert draw(Measure.RATE, [Count("w1", 3, 10)]).phases[0].sigma_z is None


def test_nothing_counted_gives_no_limits_to_break() -> None:
    """No periods give no phases; periods without exposure give gaps."""
    assert draw(Measure.SHARE, []).points == ()
    chart = draw(Measure.SHARE, counts([0, 0], [0, 0]))
    assert [point.value for point in chart.points] == [None, None]


def test_the_first_event_ever_is_outside() -> None:
    """Where the baseline never varied, any other value is beyond every limit, and equal values are not."""
    chart = draw(Measure.RATE, counts([0] * 20 + [1, 0], [100] * 22), baseline=20)
    assert [point.broken for point in chart.points[-2:]] == [(OUTSIDE,), ()]
    full = draw(Measure.SHARE, counts([100] * 20 + [99], [100] * 21), baseline=20)
    assert OUTSIDE in full.points[-1].broken


@pytest.mark.parametrize(
    ("measure", "events", "out_of", "is_small"),
    [
        (Measure.SHARE, 5, 100, False),
        (Measure.SHARE, 4, 100, True),
        (Measure.SHARE, 96, 100, True),
        (Measure.SHARE, 95, 100, False),
        (Measure.RATE, 5, 100, False),
        (Measure.RATE, 4, 100, True),
        (Measure.RATE, 500, 100, False),
    ],
)
def test_small_numbers_are_said_to_be_small(measure: Measure, events: int, out_of: int, *, is_small: bool) -> None:
    """Fewer than five expected events, or for a share non-events, make the limits rough."""
    assert draw(measure, counts([events] * 2, [out_of] * 2)).points[0].is_small is is_small


def test_an_upper_limit_of_a_share_is_at_most_all() -> None:
    """A share above 1 and a rate below 0 cannot be; a rate above 1 can."""
    assert draw(Measure.SHARE, counts([9] * 3, [10] * 3)).points[0].upper == 1
    assert draw(Measure.RATE, counts([9] * 3, [10] * 3)).points[0].upper > 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Count("w1", -1, 5), "w1: -1 of 5; expected zero or more"),
        (lambda: Count("w1", 1, -5), "w1: 1 of -5; expected zero or more"),
        (lambda: draw(Measure.SHARE, [Count("w1", 6, 5)]), "w1: 6 of 5"),
        (lambda: draw(Measure.SHARE, [Count("w1", 1, 5)], rebase_at={"w9"}), "rebase at w9"),
        (lambda: Rule("odd", "odd", Shape.BEYOND, 3, 2), "odd: need 3 of 2 points"),
    ],
)
def test_what_cannot_be_is_refused(wrong, words: str) -> None:
    """The message names the period and the numbers."""
    with pytest.raises(ValueError, match=words):
        wrong()


def test_sigma_z_spreads_as_the_constant_says() -> None:
    """Over charts in which only chance is at work, sigma z has mean 1 and spread 0.91 / root of the points."""
    rng = random.Random(1)  # noqa: S311 - a simulation
    found = []
    for _ in range(1500):
        scores = [rng.gauss(0, 1) for _ in range(52)]
        found.append(mean(abs(b - a) for a, b in pairwise(scores)) / 1.128)
    assert mean(found) == pytest.approx(1, abs=0.02)
    assert stdev(found) * 52**0.5 == pytest.approx(SPREAD_OF_SIGMA_Z, rel=0.06)


def test_quiet_charts_are_mostly_left_alone() -> None:
    """Of charts of 52 weeks in which only chance is at work, few are adjusted, and fewer than half show any sign."""
    rng = random.Random(2)  # noqa: S311 - a simulation
    adjusted = signs = 0
    for _ in range(300):
        events = [min(2000, max(0, round(rng.gauss(1300, (2000 * 0.65 * 0.35) ** 0.5)))) for _ in range(52)]
        chart = draw(Measure.SHARE, counts(events, [2000] * 52))
        adjusted += chart.phases[0].is_adjusted
        signs += any(point.broken for point in chart.points)
    assert adjusted < 0.05 * 300
    assert 0.1 * 300 < signs < 0.5 * 300
