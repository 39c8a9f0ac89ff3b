"""
Count what a replay found: alerts with their denominators, times the limit, doses used, limits that never fired.

Every function takes outcomes and returns plain values; shares are exact fractions. The definitions follow
``docs/reference/replay.md``; the buckets of times the limit are our own choice, published there.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from openinfusion.core.candidates import Unchecked
from openinfusion.core.library import Limit, Limits
from openinfusion.core.programme import Parameter
from openinfusion.core.replay import Alert, Outcome, Replay, Result, known_limits, main_limits

# Lower end (inclusive but for the first) and the words for it.
TIMES_BUCKETS = (
    (Fraction(1), "over 1 to under 1.5"),
    (Fraction(3, 2), "1.5 to under 2"),
    (Fraction(2), "2 to under 5"),
    (Fraction(5), "5 to under 10"),
    (Fraction(10), "10 or more"),
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many infusions there were, and what became of them; the five results add up to ``infusions``."""

    infusions: int
    no_alert: int
    soft: int
    hard: int
    ambiguous: int
    not_checked: int

    @property
    def checked(self) -> int:
        """Infusions of which the library says for certain whether it alerts: the denominator of every rate."""
        return self.no_alert + self.soft + self.hard

    @property
    def alerted(self) -> int:
        """Infusions with at least one certain alert."""
        return self.soft + self.hard

    @property
    def alert_share(self) -> Fraction | None:
        """Infusions with an alert per infusion checked; ``None`` where none was."""
        return Fraction(self.alerted, self.checked) if self.checked else None

    @property
    def coverage(self) -> Fraction | None:
        """Infusions checked per infusion; ``None`` where there was none."""
        return Fraction(self.checked, self.infusions) if self.infusions else None


def tally(outcomes: Iterable[Outcome]) -> Tally:
    """Count the results of outcomes."""
    counts = Counter(outcome.result for outcome in outcomes)
    return Tally(
        counts.total(),
        counts[Result.NO_ALERT],
        counts[Result.SOFT],
        counts[Result.HARD],
        counts[Result.AMBIGUOUS],
        counts[Result.NOT_CHECKED],
    )


def tally_by(replay: Replay, name: Callable[[Outcome], str]) -> dict[str, Tally]:
    """Count the results by drug or care area (``name`` picks it), those with the most alerts first."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in replay.outcomes:
        groups.setdefault(name(outcome), []).append(outcome)
    tallies = {group: tally(outcomes) for group, outcomes in groups.items()}
    return dict(sorted(tallies.items(), key=lambda kv: (-kv[1].alerted, -kv[1].infusions, kv[0])))


def by_drug(replay: Replay) -> dict[str, Tally]:
    """Count the results by drug."""
    return tally_by(replay, lambda outcome: outcome.drug)


def by_care_area(replay: Replay) -> dict[str, Tally]:
    """Count the results by care area."""
    return tally_by(replay, lambda outcome: outcome.care_area)


def by_limit(alerts: Iterable[Alert]) -> dict[tuple[str, Parameter, Limit], int]:
    """Count alerts by drug, parameter and limit, the most frequent first."""
    counts = Counter((a.drug, a.finding.parameter, a.finding.limit) for a in alerts if a.finding.limit is not None)
    ordered = sorted(counts.items(), key=lambda kv: (-kv[1], kv[0][0], kv[0][1].value, kv[0][2].value))
    return dict(ordered)


def times_bucket(ratio: Fraction) -> str:
    """Return the words for the bucket of times the limit that a ratio falls into."""
    return next((words for start, words in reversed(TIMES_BUCKETS) if ratio >= start), TIMES_BUCKETS[0][1])


def by_times_the_limit(alerts: Iterable[Alert]) -> dict[str, tuple[int, int]]:
    """Count alerts by times the limit: soft and hard, every bucket there is."""
    counts = Counter((times_bucket(a.ratio), a.finding.is_hard) for a in alerts)
    return {words: (counts[words, False], counts[words, True]) for _, words in TIMES_BUCKETS}


def not_checked(replay: Replay) -> dict[Unchecked, Counter[str]]:
    """Count the infusions that were not checked, by reason and then by drug."""
    counts: dict[Unchecked, Counter[str]] = {}
    for outcome in replay.outcomes:
        if outcome.reason is not None:
            counts.setdefault(outcome.reason, Counter())[outcome.drug] += 1
    return dict(sorted(counts.items(), key=lambda kv: -kv[1].total()))


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Infusions of one drug whose candidates disagree in the same way: the entries, by what each would have done."""

    drug: str
    care_area: str
    entries: tuple[tuple[Result, tuple[str, ...]], ...]
    infusions: int


def ambiguities(replay: Replay) -> list[Ambiguity]:
    """Return which entries disagree, for which drug and how often, the most frequent first."""
    counts: Counter[tuple[str, str, tuple[tuple[Result, tuple[str, ...]], ...]]] = Counter()
    for outcome in replay.outcomes:
        if outcome.result is Result.AMBIGUOUS:
            entries = tuple((held.result, held.candidate.entries) for held in outcome.held)
            counts[outcome.drug, outcome.care_area, entries] += 1
    return [Ambiguity(*key, infusions=count) for key, count in counts.most_common()]


@dataclass(frozen=True, slots=True)
class DosesUsed:
    """
    The doses that ran on one group of entries with the same limits, in the unit of those limits, in rising order.

    An infusion that may have run on entries with different limits stands in each group (``shared`` counts them).
    """

    drug: str
    care_area: str
    entries: tuple[str, ...]
    parameter: Parameter
    limits: Limits
    doses: tuple[Fraction, ...]
    alerts: int
    shared: int

    def quantile(self, share: Fraction) -> Fraction:
        """Return a dose that was really given, such that this share of all doses is at or below it (nearest rank)."""
        rank = -(-share.numerator * len(self.doses) // share.denominator)
        return self.doses[max(rank, 1) - 1]


@dataclass
class _Line:
    """Doses of one group while they are gathered."""

    entries: dict[str, None] = field(default_factory=dict)
    doses: list[Fraction] = field(default_factory=list)
    alerts: int = 0
    shared: int = 0


def doses_used(replay: Replay) -> list[DosesUsed]:
    """Return the doses used per group of entries with the same limits, those with the most alerts first."""
    lines: dict[tuple[str, str, Parameter, Limits], _Line] = {}
    for outcome in replay.outcomes:
        for held in outcome.held:
            main = main_limits(held.candidate)
            if main is None or held.value is None:
                continue
            line = lines.setdefault((outcome.drug, outcome.care_area, *main), _Line())
            line.entries.update(dict.fromkeys(held.candidate.entries))
            line.doses.append(held.value.value)
            line.alerts += any(finding.parameter is main[0] for finding in held.findings)
            line.shared += len(outcome.held) > 1
    used = [
        DosesUsed(
            drug=drug,
            care_area=area,
            entries=tuple(line.entries),
            parameter=parameter,
            limits=limits,
            doses=tuple(sorted(line.doses)),
            alerts=line.alerts,
            shared=line.shared,
        )
        for (drug, area, parameter, limits), line in lines.items()
    ]
    return sorted(used, key=lambda one: (-one.alerts, -len(one.doses), one.drug, one.care_area))


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How often one limit of one entry was put to the test by an infusion, and how often it fired."""

    entry: str
    parameter: Parameter
    limit: Limit
    bound: Fraction
    tested: int
    fired: int


def limit_uses(replay: Replay) -> list[LimitUse]:
    """Return every limit that at least one infusion was held against, in the order of the library's entries."""
    tested: Counter[tuple[str, Parameter]] = Counter()
    fired: Counter[tuple[str, Parameter, Limit | None]] = Counter()
    bounds: dict[tuple[str, Parameter], Limits] = {}
    for held in (h for outcome in replay.outcomes for h in outcome.held if h.reason is None):
        for entry in held.candidate.entries:
            for parameter, limits in known_limits(held.candidate):
                bounds[entry, parameter] = limits
                tested[entry, parameter] += 1
            fired.update((entry, finding.parameter, finding.limit) for finding in held.findings)
    order = {entry.id: number for number, entry in enumerate(replay.library.entries)}
    return [
        LimitUse(entry, parameter, limit, bound, tested[entry, parameter], fired[entry, parameter, limit])
        for (entry, parameter), limits in sorted(bounds.items(), key=lambda kv: (order[kv[0][0]], kv[0][1].value))
        for limit, bound in zip(Limit, limits.bounds, strict=True)
        if bound is not None
    ]


def never_fired(uses: Iterable[LimitUse]) -> list[LimitUse]:
    """Return the limits that were put to the test and never fired."""
    return [use for use in uses if not use.fired]
