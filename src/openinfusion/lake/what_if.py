"""
What a change of limits would have done: alerts gained and lost, catches lost, limits that do nothing, suggestions.

Everything here counts what ``lake.replay`` found; a suggestion is shown with its expected change, never applied.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import narwhals as nw
import polars as pl

from openinfusion.core.events import Kind, Response
from openinfusion.core.library import Library, Limit, Limits
from openinfusion.core.numbers import round_significant
from openinfusion.core.plan import Held, Plan, plan
from openinfusion.core.programme import Parameter, Programme
from openinfusion.core.replay import Change, Result, change_between
from openinfusion.core.replay_counts import Tally
from openinfusion.core.units import Quantity, Unit
from openinfusion.lake.comparisons import Judge, Planned
from openinfusion.lake.engine import Engine
from openinfusion.lake.programmes import PROGRAMME_KINDS, SCALES, inputs_of, template
from openinfusion.lake.replay import Group, Replayed, replay_lake
from openinfusion.lake.tables import Frame

Name = Callable[[Group], str]
Key = tuple[str, str, Parameter, Unit]
CAUGHT = (Response.REPROGRAMMED.value, Response.CANCELLED.value)


def tallies(replayed: Replayed, name: Name, library: int = 0) -> dict[str, Tally]:
    """Count the results of one library by drug or care area (``name`` picks it), those with the most alerts first."""
    counts: dict[str, Counter[Result]] = {}
    for group in replayed.groups:
        counts.setdefault(name(group), Counter())[group.answers[library].result] += group.number
    made = {label: _tally(results) for label, results in counts.items()}
    return dict(sorted(made.items(), key=lambda kv: (-kv[1].alerted, -kv[1].infusions, kv[0])))


def _tally(results: Counter[Result]) -> Tally:
    return Tally(results.total(), *(results[result] for result in Result))


def reasons(replayed: Replayed, library: int = 0) -> Counter[str]:
    """Count the programmes that could not be judged, by reason, the most frequent first."""
    counts: Counter[str] = Counter()
    for group in replayed.groups:
        answer = group.answers[library]
        if answer.result is Result.NOT_CHECKED:
            counts[answer.reason or ""] += group.number
    return Counter(dict(counts.most_common()))


def change_of(group: Group) -> Change | None:
    """Return how the second library treats a group otherwise than the first."""
    before, after = group.answers
    return change_between(before.result, after.result, same_limits=set(before.limits) == set(after.limits))


def changes_by(replayed: Replayed, name: Name) -> dict[str, Counter[Change]]:
    """Count the programmes that two libraries treat differently, by drug or care area, the most changed first."""
    counts: dict[str, Counter[Change]] = {}
    for group in replayed.groups:
        change = change_of(group)
        if change is not None:
            counts.setdefault(name(group), Counter())[change] += group.number
    return dict(sorted(counts.items(), key=lambda kv: (-kv[1].total(), kv[0])))


def caught_alerts(events: Frame) -> Frame:
    """
    Return the alerts that caught something: answered by a new programme or by cancelling, and by nothing else.

    Columns: ``organisation`` and ``alert``, the id of the alert.
    """
    answers = events.filter(nw.col("kind") == Kind.ALERT_ANSWERED.value)
    answers = answers.select("organisation", "response", alert=nw.col("about"))
    on = ["organisation", "alert"]
    # Where a log answers one alert twice, the answer that let most happen stands.
    overridden = answers.filter(nw.col("response") == Response.OVERRIDDEN.value).select(*on)
    return answers.filter(nw.col("response").is_in(CAUGHT)).select(*on).unique().join(overridden, on=on, how="anti")


def caught(events: Frame) -> Frame:
    """
    Return the programmes that an alert caught, each as many times as alerts name it, with the ``alert``.

    An alert names the programme that it speaks of (``about``); where it does not, nobody can say, and it is left out.
    """
    raised = events.filter((nw.col("kind") == Kind.ALERT_RAISED.value) & ~nw.col("about").is_null())
    named = raised.select("organisation", alert=nw.col("event_id"), event_id=nw.col("about"))
    links = named.join(caught_alerts(events), on=["organisation", "alert"], how="inner")
    programmes = events.filter(nw.col("kind").is_in(PROGRAMME_KINDS))
    return programmes.join(links, on=["organisation", "event_id"], how="inner")


@dataclass(frozen=True, slots=True)
class Catches:
    """
    The programmes that an alert caught, under some libraries; the draft is the last of them.

    ``alerts`` is how many alerts caught something; ``unnamed`` of them lead to no programme in the log, so that nobody
    can say what a library would have done with it.
    """

    replayed: Replayed
    alerts: int
    unnamed: int

    @property
    def lost(self) -> tuple[Group, ...]:
        """The caught programmes that the draft would let pass without any alert."""
        return tuple(group for group in self.replayed.groups if group.answers[-1].result is Result.NO_ALERT)


def catches(events: Frame, shapes: pl.DataFrame, libraries: Sequence[Library], *, engine: Engine) -> Catches:
    """Return the caught programmes under the libraries, and how many catching alerts lead to no programme."""
    linked = engine.collect(caught(events).select(number=nw.col("alert").n_unique()))["number"].item()
    alerts = int(engine.collect(caught_alerts(events).select(number=nw.len()))["number"].item())
    columns = [name for name in events.collect_schema().names() if name != "alert"]
    programmes = caught(events).select(columns).unique(subset=["organisation", "event_id"])
    replayed = replay_lake(programmes, shapes, libraries, engine=engine)
    return Catches(replayed, alerts, alerts - int(linked))


@dataclass(frozen=True, slots=True)
class Attempts:
    """
    The values that were attempted of one parameter of one entry, with how often, beside its limits.

    Programmes that cannot be judged in whole numbers are not among them (``Replayed.one_by_one`` counts them).
    """

    entry: str
    mode: str
    parameter: Parameter
    limits: Limits
    values: tuple[tuple[Fraction, int], ...]

    @property
    def key(self) -> Key:
        """What tells it from others: entry, mode, parameter and unit."""
        return self.entry, self.mode, self.parameter, self.limits.unit

    @property
    def number(self) -> int:
        """How many programmes there were."""
        return sum(count for _, count in self.values)

    def beyond(self, limit: Limit, bound: Fraction) -> int:
        """Return how many attempts would cross a limit that stood at ``bound``."""
        is_high = limit in (Limit.SOFT_MAX, Limit.HARD_MAX)
        return sum(count for value, count in self.values if (value > bound if is_high else value < bound))

    def quantile(self, share: Fraction) -> Fraction:
        """Return an attempted value such that this share of all is at or below it (nearest rank)."""
        rank, seen = -(-share.numerator * self.number // share.denominator), 0
        for value, count in self.values:
            seen += count
            if seen >= rank:
                return value
        raise ValueError("no attempts")


def attempts(
    events: Frame, shapes: pl.DataFrame, library: Library, *, engine: Engine, entries: Iterable[str]
) -> list[Attempts]:
    """Return the attempted values of every parameter that some entries limit; memory grows with what they hold."""
    wanted = shapes.filter(pl.col("entry").is_in(list(entries)))
    judge = Judge(library, {row["shape"]: template(row) for row in wanted.iter_rows(named=True)})
    if not judge.plans:
        return []
    chosen = engine.table(pl.DataFrame({"shape": list(judge.plans)}, schema={"shape": pl.Int64}))
    columns = ["shape", *(scale.column for scale in SCALES.values())]
    counted = events.select(*columns).join(chosen, on="shape", how="semi").group_by(*columns).agg(number=nw.len())
    gathered: dict[Key, Counter[Fraction]] = {}
    bounds: dict[Key, Held] = {}
    for row in engine.collect(counted).iter_rows(named=True):
        _gather(judge.plans[row["shape"]], row, gathered, bounds=bounds)
    made = [Attempts(*key[:3], _limits(bounds[key]), tuple(sorted(gathered[key].items()))) for key in gathered]
    return sorted(made, key=lambda one: (one.entry, one.mode, one.parameter.value))


def _gather(
    one: Planned,
    row: Mapping[str, Any],
    gathered: dict[Key, Counter[Fraction]],
    *,
    bounds: dict[Key, Held],
) -> None:
    """Add the values that one kind of programme holds against limits of its entry."""
    inputs = inputs_of(one.shape, row)
    for key, held in _held_by_key(one.shape, one.plan).items():
        bounds.setdefault(key, held)
        gathered.setdefault(key, Counter())[held.term.value(inputs)] += row["number"]


def _held_by_key(shape: Programme, made: Plan) -> dict[Key, Held]:
    """Return what a plan holds against limits of the entry; one that stands for the care area gives way to it."""
    found: dict[Key, Held] = {}
    for held in made.held:
        key = (shape.entry, shape.mode.value, held.parameter, held.unit)
        is_step = held.per is not None
        if held.parameter in _SCATTERED and not is_step and (key not in found or _is_wider(held, found[key])):
            found[key] = held
    return found


def _is_wider(held: Held, other: Held) -> bool:
    return len(held.bounds) > len(other.bounds)


_SCATTERED = frozenset({Parameter.DOSE, Parameter.RATE, Parameter.VOLUME, Parameter.DURATION, Parameter.CONCENTRATION})


def _limits(held: Held) -> Limits:
    return Limits(unit=held.unit, **{limit.value: bound for limit, bound in held.bounds})


def limits_held(shapes: pl.DataFrame, library: Library, entries: Iterable[str]) -> dict[Key, Limits]:
    """Return what a library limits of some entries, as far as programmes in the lake were held against it."""
    wanted = shapes.filter(pl.col("entry").is_in(list(entries)))
    made: dict[Key, Limits] = {}
    for shape in map(template, wanted.iter_rows(named=True)):
        one = plan(shape, library)
        for key, held in _held_by_key(shape, one).items() if one is not None else ():
            made.setdefault(key, _limits(held))
    return made


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How often one limit of an entry was put to the test by a programme, and how often it was crossed."""

    entry: str
    mode: str
    parameter: Parameter
    limit: Limit
    tested: int
    crossed: int


def limit_uses(replayed: Replayed, library: int = 0) -> list[LimitUse]:
    """Return every limit that at least one programme was held against, in the order of entries."""
    tested: Counter[tuple[str, str, Parameter, Limit]] = Counter()
    crossed: Counter[tuple[str, str, Parameter, Limit]] = Counter()
    for group in replayed.groups:
        answer = group.answers[library]
        for counts, limits in ((tested, answer.tested), (crossed, answer.limits)):
            for limit in set(limits):
                counts[group.entry or "", group.mode or "", *limit] += group.number
    ordered = sorted(tested, key=lambda key: (key[0], key[1], key[2].value, list(Limit).index(key[3])))
    return [LimitUse(*key, tested=tested[key], crossed=crossed[key]) for key in ordered]


FEWEST = 100
"""Below so many attempts nothing is suggested."""
NUISANCE = Fraction(1, 20)
"""A soft limit that more than this share of attempts crosses is worth looking at."""
AIM = Fraction(1, 100)
"""The share of attempts that a suggested soft limit would leave beyond it, at most."""
IDLE = 2
"""A soft maximum this many times above everything that was ever attempted can be tightened."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another place for a soft maximum, with what it would have done; somebody must decide, nothing is applied."""

    entry: str
    mode: str
    parameter: Parameter
    limit: Limit
    now: Quantity
    then: Quantity
    alerts_now: int
    alerts_then: int
    attempts: int
    reason: str


def suggest(one: Attempts) -> Suggestion | None:
    """
    Return a suggestion for a soft maximum that fires too often to be read, or that nothing ever comes near.

    The new limit has two significant digits and never passes the hard maximum; a hard limit is never suggested.
    """
    now, hard = one.limits.soft_max, one.limits.hard_max
    if now is None or one.number < FEWEST:
        return None
    crossing = one.beyond(Limit.SOFT_MAX, now)
    if crossing > NUISANCE * one.number:
        then, reason = _round_up(one.quantile(1 - AIM)), "more than 1 in 20 attempts cross it"
    elif not crossing and one.values[-1][0] * IDLE < now:
        then, reason = _round_up(one.values[-1][0]), "nothing attempted comes near it"
    else:
        return None
    then = then if hard is None else min(then, hard)
    low = one.limits.soft_min or one.limits.hard_min or Fraction(0)
    if then == now or then < low:
        return None
    unit = one.limits.unit
    return Suggestion(
        entry=one.entry,
        mode=one.mode,
        parameter=one.parameter,
        limit=Limit.SOFT_MAX,
        now=Quantity(now, unit),
        then=Quantity(then, unit),
        alerts_now=crossing,
        alerts_then=one.beyond(Limit.SOFT_MAX, then),
        attempts=one.number,
        reason=reason,
    )


def _round_up(value: Fraction) -> Fraction:
    """Return the value with two significant digits, or the next one above it."""
    near = round_significant(value, 2)
    if near >= value:
        return near
    exponent = len(str(near.numerator // near.denominator)) if near >= 1 else 0
    step = Fraction(10) ** (exponent - 2) if exponent else _step_below_one(near)
    return near + step


def _step_below_one(value: Fraction) -> Fraction:
    """Return one in the second significant digit of a value below one."""
    step = Fraction(1, 100)
    while value < 10 * step:
        step /= 10
    return step
