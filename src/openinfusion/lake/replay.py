"""
What-if replay: what libraries would have said to every programme in the lake, exactly as ``core.check`` would.

Programmes whose shape can be planned are judged all at once, in whole numbers (``comparisons``), and counted by shape
and by the limits that they cross. The few others (values too fine for whole numbers, two values that may disagree,
entries that the log does not name) are gathered into distinct ones, and each is checked as a single programme is.
Nothing is guessed: what cannot be judged is counted with its reason. Definitions: ``docs/reference/replay.md``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import narwhals as nw
import polars as pl

from openinfusion.core.candidates import Unchecked
from openinfusion.core.dosing import check
from openinfusion.core.errors import AuthorError
from openinfusion.core.events import Programmed
from openinfusion.core.infusions import Infusion
from openinfusion.core.library import Concentration, Library, Limit
from openinfusion.core.plan import Plan, plan
from openinfusion.core.programme import Decision, Parameter, Problem, Programme, Verdict
from openinfusion.core.replay import Outcome, Replayer, Result
from openinfusion.core.units import MINUTES, Quantity, TimeBasis
from openinfusion.lake.comparisons import Judge, Judges
from openinfusion.lake.engine import Engine
from openinfusion.lake.programmes import (
    KEY,
    PROGRAMME_COLUMNS,
    PROGRAMME_KINDS,
    SCALES,
    inputs_of,
    programmed,
    template,
)
from openinfusion.lake.tables import Frame


@dataclass(frozen=True, slots=True)
class Answer:
    """What one library says: the result, the limits crossed, the reason where it cannot say, and the limits tested."""

    result: Result
    limits: tuple[tuple[Parameter, Limit], ...] = ()
    reason: str | None = None
    tested: tuple[tuple[Parameter, Limit], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Programmes to which every library says the same; ``by`` holds what else they were counted by."""

    drug: str
    care_area: str
    entry: str | None
    mode: str | None
    number: int
    answers: tuple[Answer, ...]
    by: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Replayed:
    """The programmes of a lake under some libraries; ``one_by_one`` of them were not judged in whole numbers."""

    libraries: tuple[Library, ...]
    groups: tuple[Group, ...]
    one_by_one: int

    @property
    def programmes(self) -> int:
        """How many programmes there were; every one is in exactly one group."""
        return sum(group.number for group in self.groups)

    def results(self, library: int = 0) -> Counter[Result]:
        """Return how many programmes have each result under one of the libraries."""
        counts: Counter[Result] = Counter()
        for group in self.groups:
            counts[group.answers[library].result] += group.number
        return counts


def replay_lake(
    events: Frame, shapes: pl.DataFrame, libraries: Sequence[Library], *, engine: Engine, by: Sequence[str] = ()
) -> Replayed:
    """
    Return what libraries would have said to the programmes among events.

    Args:
        events: current events of a lake.
        shapes: the shapes that occur in the lake (``Lake.shapes``).
        libraries: one, or several to compare.
        engine: what the events are a table of.
        by: columns of the events to count by as well.

    """
    known = {row["shape"]: template(row) for row in shapes.iter_rows(named=True)}
    judges = Judges(libraries, known)
    groups = list(_judged_together(events, judges, engine=engine, by=by))
    programmes = events.filter(nw.col("kind").is_in(PROGRAMME_KINDS))
    one_by_one = engine.collect(programmes.select(number=nw.len()))["number"].sum() - sum(g.number for g in groups)
    if one_by_one:
        left = engine.collect(_not_planned(programmes, judges, engine=engine, by=by))
        groups += _judged_singly(left, libraries, by)
    return Replayed(tuple(libraries), tuple(groups), one_by_one=int(one_by_one))


def _judged_together(events: Frame, judges: Judges, *, engine: Engine, by: Sequence[str]) -> Iterator[Group]:
    """Yield the groups of all planned programmes, from one pass over the events."""
    if not judges.shapes:
        return
    numbers = events.select("shape", *judges.inputs, *by)
    judged = judges.judged(numbers, engine.table(judges.table))
    counted = judged.select(judges.key, *by).group_by("key", *by).agg(number=nw.len())
    libraries = [judge.library for judge in judges.judges]
    names = {shape: _names(judges.judges[0].plans[shape].shape, libraries) for shape in judges.shapes}
    for key, *labels, number in engine.collect(counted.select("key", *by, "number")).iter_rows():
        shape, bits = judges.read_key(key)
        answers = tuple(_planned_answer(judge, shape, marks) for judge, marks in zip(judges.judges, bits, strict=True))
        yield Group(*names[shape], number, answers, tuple(labels))


def _planned_answer(judge: Judge, shape: int, bits: int) -> Answer:
    made = judge.plans[shape].plan
    return replace(answer_of(made.outline(judge.crossings(shape, bits))), tested=_tested(made))


def _tested(made: Plan) -> tuple[tuple[Parameter, Limit], ...]:
    return tuple((held.parameter, limit) for held in made.held for limit, _ in held.bounds)


def _names(programme: Programme, libraries: Sequence[Library]) -> tuple[str, str, str, str]:
    """Return drug, care area, entry and mode of a shape, in the words of the first library that has the entry."""
    library = next((one for one in libraries if one.find_entry(programme.entry) is not None), libraries[0])
    entry = library.find_entry(programme.entry)
    drug = library.drug(entry.drug).name if entry is not None else programme.entry
    area = next((area.name for area in library.care_areas if area.id == programme.care_area), programme.care_area)
    return drug, area, programme.entry, programme.mode.value


def answer_of(verdict: Verdict) -> Answer:
    """Return a verdict as a replay counts it: what stopped the check, without a limit crossed, is a reason."""
    limits = tuple((finding.parameter, finding.limit) for finding in verdict.findings if finding.limit is not None)
    problem = next((f for f in verdict.findings if f.problem is not None), None)
    is_hard = any(limit in (Limit.HARD_MIN, Limit.HARD_MAX) for _, limit in limits)
    match verdict.decision:
        case Decision.ACCEPT:
            return Answer(Result.NO_ALERT)
        case Decision.CONFIRM:
            return Answer(Result.SOFT, limits)
        case Decision.REFUSE if is_hard:
            return Answer(Result.HARD, limits)
        case _:
            return Answer(Result.NOT_CHECKED, limits, _reason(problem.parameter, problem.problem) if problem else None)


def verdicts(
    events: Frame, shapes: pl.DataFrame, library: Library, *, engine: Engine, rate_resolution: Quantity | None = None
) -> dict[str, Verdict]:
    """
    Return the whole verdict on each programme that names its entry, by event id.

    A rate rounded to a pump's resolution is never judged in whole numbers: with one, every programme is checked singly.
    """
    known = {row["shape"]: template(row) for row in shapes.iter_rows(named=True)} if rate_resolution is None else {}
    judges = Judges([library], known)
    programmes = events.filter(nw.col("kind").is_in(PROGRAMME_KINDS))
    made: dict[str, Verdict] = {}
    if judges.shapes:
        table = engine.table(judges.table)
        numbers = programmes.select("event_id", "shape", *(scale.column for scale in SCALES.values()))
        judge = judges.judges[0]
        for row in engine.collect(judges.judged(numbers, table)).iter_rows(named=True):
            one = judge.plans[row["shape"]]
            crossed = judge.crossings(row["shape"], row["crossed_0"])
            made[row["event_id"]] = one.plan.verdict(inputs_of(one.shape, row), crossed)
        programmes = programmes.join(table.select("shape"), on="shape", how="anti")
    named = programmes.filter(~nw.any_horizontal(nw.col(KEY[:3]).is_null(), ignore_nulls=False))
    for row in engine.collect(named.select("event_id", *PROGRAMME_COLUMNS)).iter_rows(named=True):
        made[row["event_id"]] = check(_programme(row, programmed(row)), library, rate_resolution=rate_resolution)
    return made


def _reason(parameter: Parameter, problem: Problem | None) -> str:
    words = problem.value if problem is not None else ""
    return words if parameter is Parameter.PROGRAMME else f"{parameter.value}: {words}"


def _not_planned(programmes: Frame, judges: Judges, *, engine: Engine, by: Sequence[str]) -> Frame:
    """Return the distinct programmes that must be checked one by one, with how often each was programmed."""
    columns = [*dict.fromkeys((*PROGRAMME_COLUMNS, "drug", "therapy", *by))]
    rest = programmes
    if judges.shapes:
        rest = rest.join(engine.table(judges.table.select("shape")), on="shape", how="anti")
    return rest.select(*columns).group_by(*columns).agg(number=nw.len())


def _judged_singly(left: pl.DataFrame, libraries: Sequence[Library], by: Sequence[str]) -> Iterator[Group]:
    """Yield one group for each distinct programme, checked as a single one is."""
    singles = [_Single(library) for library in libraries]
    for row in left.iter_rows(named=True):
        entered = programmed(row)
        answers = tuple(single.answer(row, entered) for single in singles)
        named = next((single for single in singles if single.library.find_entry(row["entry"] or "")), singles[0])
        drug, area = named.names(row)
        mode = row["programme_mode"]
        yield Group(drug, area, row["entry"], mode, row["number"], answers, tuple(row[b] for b in by))


class _Single:
    """One library that judges programmes one by one: on their entry, or on every entry that they may have run on."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.replayer = Replayer(library)

    def answer(self, row: Mapping[str, Any], entered: Programmed) -> Answer:
        """Return what the library says to one programme."""
        if row["entry"] is not None and row["care_area"] is not None and entered.mode is not None:
            programme = _programme(row, entered)
            made = plan(programme, self.library)
            answer = answer_of(check(programme, self.library))
            return replace(answer, tested=_tested(made) if made is not None else answer.limits)
        try:
            infusion = _infusion(row, entered)
        except AuthorError as error:
            # Without the value: a million different ones are one reason.
            return Answer(Result.NOT_CHECKED, reason=f"a value is none that a pump can run: expected {error.expected}")
        return infusion if isinstance(infusion, Answer) else _outcome_answer(self.replayer.judge(infusion))

    def names(self, row: Mapping[str, Any]) -> tuple[str, str]:
        """Return drug and care area as the library calls them, else as the log does."""
        entry = self.library.find_entry(row["entry"] or "")
        drug = entry.drug if entry is not None else row["drug"] or row["entry"] or UNNAMED
        found = self.replayer.candidates.drug_id(drug)
        area = self.replayer.candidates.area_id(row["care_area"] or "")
        return (
            self.library.drug(found).name if found is not None else drug,
            self.library.care_area(area).name if area is not None else row["care_area"] or UNNAMED,
        )


UNNAMED = "not named"


def _programme(row: Mapping[str, Any], entered: Programmed) -> Programme:
    values = {name: getattr(entered, name) for name in Programmed.__slots__}
    return Programme(care_area=row["care_area"], entry=row["entry"], **values)


def _outcome_answer(outcome: Outcome) -> Answer:
    limits = [(a.finding.parameter, a.finding.limit) for a in outcome.alerts if a.finding.limit is not None]
    return Answer(outcome.result, tuple(limits), outcome.reason.value if outcome.reason else None)


_START = datetime(2000, 1, 1, tzinfo=UTC)
_NO_DRUG = Answer(Result.NOT_CHECKED, reason="the log names neither entry nor drug")
_NO_AREA = Answer(Result.NOT_CHECKED, reason=Unchecked.CARE_AREA.value)
_NO_VALUE = Answer(Result.NOT_CHECKED, reason="the log has no dose and no rate above zero")
_TOO_LONG = Answer(Result.NOT_CHECKED, reason="a duration of more than a century")
_NO_DURATION = Answer(Result.NOT_CHECKED, reason="duration missing: a single dose runs for a time")


def _infusion(row: Mapping[str, Any], entered: Programmed) -> Infusion | Answer:
    """Return a programme without its entry as an infusion of a drug, or why it cannot be one."""
    dose, rate = entered.dose, entered.rate
    if row["drug"] is None:
        return _NO_DRUG
    if row["care_area"] is None:
        return _NO_AREA
    if (dose is None and rate is None) or any(q is not None and q.value <= 0 for q in (dose, rate)):
        return _NO_VALUE
    if entered.duration is None and dose is not None and dose.unit.time is TimeBasis.NONE:
        return _NO_DURATION
    length = _minutes(entered)
    if length > _CENTURY:
        return _TOO_LONG
    has_strength = entered.amount is not None and entered.diluent is not None
    return Infusion(
        row=0,
        drug=row["drug"],
        care_area=row["care_area"],
        start=_START,
        end=_START + timedelta(microseconds=int(length * 60 * 10**6)),
        therapy=row["therapy"],
        dose=dose,
        rate=rate,
        weight=entered.weight,
        strength=Concentration(amount=entered.amount, volume=entered.diluent) if has_strength else None,
    )


_CENTURY = 100 * 365 * 24 * 60


def _minutes(entered: Programmed) -> Fraction:
    """Return how long it ran; a continuous infusion ran until somebody changed it, so its length limits nothing."""
    return Fraction(60) if entered.duration is None else entered.duration.to(MINUTES).value
