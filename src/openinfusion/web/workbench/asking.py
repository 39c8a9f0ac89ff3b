"""What a person asks of the workbench, read from a form, and the answer in numbers and words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from openinfusion.adapters.report.tables import limit_words
from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.limits import Limit, Limits
from openinfusion.core.numbers import decimal_text, is_plain_decimal, read_decimal, show_number
from openinfusion.core.replay import Change, Result
from openinfusion.lake.workbench import Gathered, Moved

MOST_TYPED = 30
_NONE_LEFT = "Leave at least one limit: without any, the pump would check nothing."


@dataclass(frozen=True, slots=True)
class Asked:
    """The limits that somebody asks about, or why they are none; ``typed`` is what stands in the fields."""

    limits: Limits | None
    typed: Mapping[str, str]
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def refusals(self) -> list[dict[str, str]]:
        """The faults as a summary of a page shows them."""
        return [{"text": text, "href": f"#{name}"} for name, text in self.faults]


def texts_of(limits: Limits) -> dict[str, str]:
    """Return limits as texts, by the name of the limit; one that is not set is empty."""
    pairs = zip(Limit, limits.bounds, strict=True)
    return {limit.value: _text(bound) for limit, bound in pairs}


def _text(bound: Any) -> str:  # noqa: ANN401 - a bound or nothing
    if bound is None:
        return ""
    return decimal_text(bound) if is_plain_decimal(bound) else show_number(bound)


def read_limits(said: Mapping[str, str], now: Limits) -> Asked:
    """Return the limits that fields say; a field that is absent or untouched keeps the limit in force, exactly."""
    untouched = texts_of(now)
    typed = {name: said.get(name, text)[:MOST_TYPED].strip() for name, text in untouched.items()}
    bounds: dict[str, Any] = {}
    faults = []
    for name, text in typed.items():
        try:
            same = getattr(now, name) if text == untouched[name] else None
            bounds[name] = same if text == untouched[name] else read_decimal(text) if text else None
        except OpenInfusionError as error:
            words = limit_words(Limit(name))
            faults.append((name, f"{words[0].upper()}{words[1:]}: found {error.found}; expected {error.expected}."))
    if faults:
        return Asked(None, typed, tuple(faults))
    return _in_order(bounds, typed, now)


def _in_order(bounds: Mapping[str, Any], typed: Mapping[str, str], now: Limits) -> Asked:
    try:
        made = replace(now, **bounds)
    except OpenInfusionError as error:
        return Asked(
            None, typed, (("hard_min", f"These limits are refused: {error.found}; expected {error.expected}."),)
        )
    return Asked(None, typed, (("soft_max", _NONE_LEFT),)) if made.is_empty else Asked(made, typed)


_CHANGES = (
    (Change.GAINED, "alerts gained"),
    (Change.LOST, "alerts lost"),
    (Change.HARDER, "soft alerts that become hard"),
    (Change.SOFTER, "hard alerts that become soft"),
    (Change.OTHER_LIMIT, "alerts on another limit, as severe as before"),
)
_RESULTS = (
    (Result.NO_ALERT, "no alert"),
    (Result.SOFT, "soft alert"),
    (Result.HARD, "hard alert"),
    (Result.NOT_CHECKED, "cannot be judged"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as a page shows it."""

    moved: Moved
    unplaced: int

    @property
    def changes(self) -> list[tuple[str, int]]:
        """How many programmes are treated otherwise, by how."""
        return [(words, self.moved.changes[change]) for change, words in _CHANGES]

    @property
    def results(self) -> list[tuple[str, int, int]]:
        """The programmes by result: in force, and as proposed."""
        return [(words, self.moved.before[one], self.moved.after[one]) for one, words in _RESULTS]

    @property
    def alerts(self) -> tuple[int, int]:
        """How many alert: in force, and as proposed."""
        return alerts_in(self.moved.before), alerts_in(self.moved.after)

    @property
    def headline(self) -> str:
        """The answer in a sentence."""
        now, then = self.alerts
        moved = self.moved
        return (
            f"Of {moved.programmes:,} programmes {then:,} would alert instead of {now:,}:"
            f" {moved.changes[Change.GAINED]:,} alerts gained, {moved.changes[Change.LOST]:,} lost."
            f" Of {moved.caught:,} that an alert caught, {moved.lost:,} would pass without any alert."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the numbers."""
        return {
            "programmes": self.moved.programmes,
            "not_placed": self.unplaced,
            "alerts_now": self.alerts[0],
            "alerts_then": self.alerts[1],
            "changes": {change.name.lower(): self.moved.changes[change] for change, _ in _CHANGES},
            "now": {result.name.lower(): self.moved.before[result] for result, _ in _RESULTS},
            "then": {result.name.lower(): self.moved.after[result] for result, _ in _RESULTS},
            "caught": self.moved.caught,
            "catches_lost": self.moved.lost,
            "catches_lost_now": self.moved.lost_before,
        }


def alerts_in(results: Mapping[Result, int]) -> int:
    """Return how many programmes alert."""
    return results.get(Result.SOFT, 0) + results.get(Result.HARD, 0)


def answer(attempted: Gathered, now: Limits, then: Limits) -> Told:
    """Return what other limits would have done."""
    return Told(attempted.moved(now, then), attempted.unplaced)
