"""Scenarios from TOML files: those that are shipped, and others from a path."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

from openinfusion.adapters.documents import Json, convert
from openinfusion.adapters.review_file import read_toml
from openinfusion.core.errors import AuthorError, OperatorError
from openinfusion.core.event_parts import FlowSource
from openinfusion.core.numbers import read_decimal
from openinfusion.core.units import KG, ML, Quantity, Unit
from openinfusion.pump.models import find_model
from openinfusion.pump.scenarios.patterns import read_pattern, refused
from openinfusion.pump.scenarios.scenario import (
    Act,
    Behaviour,
    Given,
    PassRule,
    Patient,
    Prescription,
    Run,
    Scenario,
    Step,
    Stock,
    Trap,
)

FOLDER = "files"
_ACTS = {act.value: act for act in Act}
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h)\b\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patient:
    words: str
    weight: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prescription:
    words: str
    drug: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stock:
    id: str
    drug: str
    label: str
    volume: str
    volume_left: str
    amount: str | None = None
    line: Literal["primary", "secondary"] = "primary"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    who: str
    id: str | None = None
    at: str | None = None
    wait: str | None = None
    choose: str | None = None
    enter: str | None = None
    load: str | None = None
    happens: str | None = None
    power: bool | None = None
    clear: bool | None = None
    plug: Literal["in", "out"] | None = None
    stage: str | None = None
    move: str | None = None
    says: str = ""
    why: str = ""
    observes: tuple[str, ...] = ()
    may_beep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    at_least: str | None = None
    at_most: str | None = None
    drug: str | None = None
    source: FlowSource | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    must: tuple[dict[str, Any], ...] = ()
    must_not: tuple[dict[str, Any], ...] = ()
    delivered: tuple[_Given, ...] = ()
    observed: tuple[str, ...] = ()
    longest_gap: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    name: str
    title: str
    passes: bool
    steps: tuple[_Step, ...]
    expected: tuple[str | dict[str, Any], ...] = ()
    library: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    id: str
    title: str
    role: str
    area: str
    pump: str
    library: str
    patient: _Patient
    prescription: _Prescription
    stock: tuple[_Stock, ...]
    actor: str
    goal: str
    precondition: str
    traps: tuple[Trap, ...]
    pass_rule: _Rule
    runs: tuple[_Run, ...]
    hazard_ids: tuple[str, ...]
    source: str
    not_for_clinical_use: Literal[True]
    extensions: tuple[str, ...] = ()
    behaviours: tuple[Behaviour, ...] = ()
    prepare: tuple[_Step, ...] = ()
    start: datetime = field(default=datetime(2026, 1, 5, 8, 0, tzinfo=UTC))
    reported: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


def read_scenario(path: Path) -> Scenario:
    """
    Return the scenario in a TOML file.

    Raises:
        OperatorError: the file cannot be read.
        SenderError: it is not UTF-8.
        AuthorError: it is not TOML, or breaks a rule of scenarios; the message names the path inside it.

    """
    return _Reader(path).read(read_toml(path))


@cache
def shipped_scenarios() -> tuple[Scenario, ...]:
    """Return the scenarios that come with the package, by their ids."""
    with as_file(files(__package__).joinpath(FOLDER)) as folder:
        return tuple(read_scenario(path) for path in sorted(folder.glob("*.toml"), key=lambda path: path.stem))


def find_scenario(name: str) -> Scenario:
    """Return a shipped scenario by its id, or one from a path that ends in .toml; raises OperatorError for neither."""
    if name.endswith(".toml"):
        return read_scenario(Path(name))
    for scenario in shipped_scenarios():
        if scenario.id.casefold() == name.casefold():
            return scenario
    known = ", ".join(scenario.id for scenario in shipped_scenarios())
    raise OperatorError(where="scenario", found=repr(name), expected=f"a path that ends in .toml, or one of {known}")


def read_seconds(text: str) -> Fraction:
    """Return the seconds of a time such as "1 h 30 min" or "40 s"; raises AuthorError."""
    parts = _TIME.findall(text)
    if not parts or _TIME.sub("", text).strip():
        raise AuthorError(where="time", found=repr(text), expected="a time such as 40 s, 5 min or 1 h 30 min")
    return sum((read_decimal(number) * _SECONDS[unit] for number, unit in parts), Fraction(0))


class _Reader:
    """Makes a scenario of a document, and names the place of whatever is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def error(self, at: str, found: str, expected: str) -> AuthorError:
        return AuthorError(where=f"{self.path.name}, $.{at}", found=found, expected=expected)

    def read(self, document: Json) -> Scenario:
        """Return the scenario."""
        file = convert(_dates(document), _File, where=self.path.name)
        with refused(f"{self.path.name}, $.pump"):
            find_model(file.pump)
        made = Scenario(
            **{name: getattr(file, name) for name in _AS_IT_IS},
            patient=Patient(words=file.patient.words, weight=self.quantity("patient.weight", file.patient.weight, KG)),
            prescription=self.prescription(file.prescription),
            stock=tuple(self.stock(f"stock[{number}]", one) for number, one in enumerate(file.stock)),
            rule=self.rule(file.pass_rule),
            runs=tuple(self.run(f"runs[{number}]", one) for number, one in enumerate(file.runs)),
            prepare=self.steps("prepare", file.prepare),
            hazards=file.hazard_ids,
            start=file.start,
            place=self.path,
        )
        self.check(made)
        return made

    def quantity(self, at: str, text: str | None, like: Unit | None = None) -> Quantity | None:
        """Return a quantity from its text."""
        if text is None:
            return None
        with refused(f"{self.path.name}, $.{at}"):
            made = Quantity.read(text)
        if like is KG and made.unit.amount.code == "g":
            made = Quantity(made.value / 1000, KG)
        if like is not None and not made.unit.measures_like(like):
            raise self.error(at, repr(text), f"a quantity in {like.text} or the like")
        return made if like is None else made.to(like)

    def some(self, at: str, text: str, like: Unit | None = None) -> Quantity:
        """Return a quantity that must be there, and be more than nothing."""
        made = self.quantity(at, text, like)
        if made is None or made.value <= 0:
            raise self.error(at, repr(text), "more than zero")
        return made

    def seconds(self, at: str, text: str | None) -> Fraction | None:
        """Return a time in seconds from its text."""
        if text is None:
            return None
        with refused(f"{self.path.name}, $.{at}"):
            return read_seconds(text)

    def prescription(self, one: _Prescription) -> Prescription:
        with refused(f"{self.path.name}, $.prescription.unit"):
            unit = Unit.read(one.unit)
        return Prescription(words=one.words, drug=one.drug, unit=unit)

    def stock(self, at: str, one: _Stock) -> Stock:
        amount = None if one.amount is None else self.some(f"{at}.amount", one.amount)
        volume, left = self.some(f"{at}.volume", one.volume, ML), self.some(f"{at}.volume_left", one.volume_left, ML)
        if left > volume:
            raise self.error(f"{at}.volume_left", str(left), f"at most its volume of {volume}")
        return Stock(id=one.id, drug=one.drug, label=one.label, volume=volume, left=left, amount=amount, line=one.line)

    def rule(self, one: _Rule) -> PassRule:
        where = f"{self.path.name}, $.pass_rule"
        return PassRule(
            must=tuple(read_pattern(raw, f"{where}.must[{n}]") for n, raw in enumerate(one.must)),
            must_not=tuple(read_pattern(raw, f"{where}.must_not[{n}]") for n, raw in enumerate(one.must_not)),
            delivered=tuple(self.given(f"pass_rule.delivered[{n}]", raw) for n, raw in enumerate(one.delivered)),
            observed=one.observed,
            longest_gap=self.seconds("pass_rule.longest_gap", one.longest_gap),
        )

    def given(self, at: str, one: _Given) -> Given:
        low, high = self.quantity(f"{at}.at_least", one.at_least), self.quantity(f"{at}.at_most", one.at_most)
        if low is None and high is None:
            raise self.error(at, "no bound", "at_least, at_most, or both")
        return Given(at_least=low, at_most=high, drug=one.drug, source=one.source, why=one.why)

    def run(self, at: str, one: _Run) -> Run:
        raw = [{"kind": pattern} if isinstance(pattern, str) else pattern for pattern in one.expected]
        where = f"{self.path.name}, $.{at}.expected"
        return Run(
            name=one.name,
            title=one.title,
            passes=one.passes,
            steps=self.steps(f"{at}.steps", one.steps),
            expected=tuple(read_pattern(pattern, f"{where}[{n}]") for n, pattern in enumerate(raw)),
            library=one.library,
        )

    def steps(self, at: str, raw: Iterable[_Step]) -> tuple[Step, ...]:
        return tuple(self.step(f"{at}[{number}]", one) for number, one in enumerate(raw))

    def step(self, at: str, one: _Step) -> Step:
        acts = [(act, getattr(one, name)) for name, act in _ACTS.items() if getattr(one, name) is not None]
        if len(acts) > 1:
            raise self.error(at, " and ".join(act.value for act, _ in acts), "one action in a step")
        if one.at is not None and one.wait is not None:
            raise self.error(at, "at and wait", "one of the two")
        if not acts and not (one.says or one.observes or one.at or one.wait):
            raise self.error(at, "a step in which nothing happens", f"one of {', '.join(_ACTS)}, says, at or wait")
        act, what = acts[0] if acts else (None, "")
        if what is False:
            raise self.error(f"{at}.{act.value if act else ''}", "false", "true, or no such key")
        return Step(
            who=one.who,
            id=one.id,
            at=self.seconds(f"{at}.at", one.at),
            wait=self.seconds(f"{at}.wait", one.wait),
            act=act,
            what=what if isinstance(what, str) else "",
            says=one.says,
            why=one.why,
            observes=one.observes,
            may_beep=one.may_beep,
        )

    # --- What must fit together --------------------------------------------------------------------------------------

    def check(self, made: Scenario) -> None:
        """Refuse a scenario whose parts do not fit together."""
        self.unlike("runs", [run.name for run in made.runs])
        self.unlike("stock", [stock.id for stock in made.stock])
        self.unlike("behaviours", [behaviour.name for behaviour in made.behaviours])
        if {run.passes for run in made.runs} != {True, False}:
            raise self.error(
                "runs", "runs that all pass, or all fail", "at least one of each: as it should go, and not"
            )
        known = {behaviour.name for behaviour in made.behaviours}
        named = [("pass_rule.observed", name) for name in made.rule.observed]
        named += [(place, name) for run in made.runs for place, step in made.steps_of(run) for name in step.observes]
        for at, name in named:
            if name not in known:
                raise self.error(at, repr(name), f"a name of the behaviours: {', '.join(sorted(known)) or 'none'}")
        for name in made.rule.observed:
            if any(one.name == name and one.seen_by == "pump" for one in made.behaviours):
                expected = "a behaviour that an assessor sees; what a pump sees is a record under must"
                raise self.error("pass_rule.observed", repr(name), expected)
        self.check_stock(made)

    def unlike(self, at: str, names: list[str]) -> None:
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise self.error(at, f"{twice!r} twice", "each name once")

    def check_stock(self, made: Scenario) -> None:
        """Refuse what cannot be counted: a drug that is nowhere, or in units that do not measure alike."""
        for number, bound in enumerate(made.rule.delivered):
            drug = bound.drug or made.prescription.drug
            held = [stock for stock in made.stock if stock.drug == drug]
            at = f"pass_rule.delivered[{number}]"
            if not held:
                raise self.error(f"{at}.drug", repr(drug), "a drug of the stock")
            for quantity in (bound.at_least, bound.at_most):
                unit = held[0].strength.unit
                if quantity is not None and not quantity.unit.measures_like(unit):
                    raise self.error(at, str(quantity), f"an amount in {unit.text} or the like")
        for number, stock in enumerate(made.stock):
            unit = made.prescription.unit
            if stock.drug == made.prescription.drug and not stock.strength.unit.measures_like(unit):
                raise self.error(f"stock[{number}].amount", str(stock.strength.unit.text), f"{unit.text} or the like")


_AS_IT_IS = (
    *("id", "title", "role", "area", "pump", "library", "actor", "goal", "precondition", "extensions", "traps"),
    *("behaviours", "source", "reported", "assumed"),
)


def _dates(value: Any) -> Any:  # noqa: ANN401 - TOML is any value
    """Return TOML as JSON: its dates as text."""
    if isinstance(value, Mapping):
        return {key: _dates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dates(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
