"""
A run of a scenario, marked by its rule: from records, and from what an assessor saw.

The records may come from the virtual pump or from a real one; nothing else is looked at.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openinfusion.adapters.events.story import sentence
from openinfusion.core.errors import AuthorError
from openinfusion.core.events import Event
from openinfusion.core.numbers import round_significant, show_number
from openinfusion.core.units import Quantity
from openinfusion.pump.scenarios.doses import dose_over_time, longest_gap
from openinfusion.pump.scenarios.patterns import in_words, matches
from openinfusion.pump.scenarios.playing import Frame, log_of
from openinfusion.pump.scenarios.scenario import Given, Pattern, Scenario, Stock

_DIGITS = 5
"""A dose that was given is shown with so many digits; it is judged exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """
    One condition of a pass rule, held against a run.

    Attributes:
        condition: what kind of condition it is.
        expected: what it asks for, in words.
        found: what was found, in words.
        passed: whether it is met.
        why: why it matters.

    """

    condition: str
    expected: str
    found: str
    passed: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """
    The marks of a run.

    Attributes:
        marks: one for each condition of the rule, in its order.

    """

    marks: tuple[Mark, ...]

    @property
    def passed(self) -> bool:
        """Whether every condition is met."""
        return all(mark.passed for mark in self.marks)


def mark(
    scenario: Scenario,
    events: Iterable[Event],
    observed: Iterable[str] = (),
    *,
    loaded: Sequence[Stock] | None = None,
    until: Fraction | None = None,
) -> Marks:
    """
    Return the marks of a run.

    Args:
        scenario: the scenario, with its rule.
        events: the records of the pump, in order.
        observed: names of the behaviours that an assessor ticked.
        loaded: the containers as they were put in or connected; ``None`` for the stock in its order.
        until: the second, since the first record, at which the run ended; ``None`` for the last record.

    Raises:
        AuthorError: a behaviour that the scenario does not name.

    """
    told, seen = tuple(events), tuple(observed)
    known = {behaviour.name for behaviour in scenario.behaviours}
    if strange := [name for name in seen if name not in known]:
        raise AuthorError(
            where=f"observed in {scenario.id}",
            found=repr(strange[0]),
            expected=f"a name of the behaviours: {', '.join(sorted(known)) or 'none'}",
        )
    rule, bedside = scenario.rule, scenario.stock if loaded is None else tuple(loaded)
    return Marks(
        (
            *_must(rule.must, told),
            *(_must_not(pattern, told) for pattern in rule.must_not),
            *(_delivered(bound, scenario, told, bedside=bedside, until=until) for bound in rule.delivered),
            *_gap(rule.longest_gap, told, bedside),
            *(_observed(name, scenario, seen) for name in rule.observed),
        )
    )


def marks_of(scenario: Scenario, frames: Sequence[Frame]) -> Marks:
    """Return the marks of a run that was played."""
    events, last = log_of(scenario, frames), frames[-1]
    first = next((frame.at for frame in frames if frame.notes), Fraction(0))
    return mark(scenario, events, last.observed, loaded=last.loaded, until=last.at - first)


def _must(patterns: Iterable[Pattern], events: Sequence[Event]) -> Iterator[Mark]:
    """Look for records in order: each after the one that was found before it."""
    start = 0
    for pattern in patterns:
        place = next((n for n, event in enumerate(events) if n >= start and matches(event, pattern)), None)
        if place is not None:
            start = place + 1
        yield Mark(
            condition="must happen",
            expected=in_words(pattern),
            found=_told(events[place]) if place is not None else _instead(pattern, events, start),
            passed=place is not None,
            why=pattern.why,
        )


def _instead(pattern: Pattern, events: Sequence[Event], start: int) -> str:
    """Return what there is instead of a record that is not there."""
    early = next((event for event in events[:start] if matches(event, pattern)), None)
    if early is not None:
        return f"only too early: {_told(early)}"
    alike = [event for event in events if event.kind is pattern.kind]
    return f"not that, but {_told(alike[-1])}" if alike else "nothing of the kind"


def _told(event: Event) -> str:
    return f"{event.at:%H:%M:%S} {sentence(event)}"


def _must_not(pattern: Pattern, events: Sequence[Event]) -> Mark:
    found = next((event for event in events if matches(event, pattern)), None)
    return Mark(
        condition="must not happen",
        expected=f"no record of “{in_words(pattern)}”",
        found=_told(found) if found is not None else "nothing of the kind",
        passed=found is None,
        why=pattern.why,
    )


def given_in_words(bound: Given, scenario: Scenario) -> str:
    """Return how much of which drug must be given, in words."""
    parts = [
        f"{words} {quantity}"
        for words, quantity in (("at least", bound.at_least), ("at most", bound.at_most))
        if quantity is not None
    ]
    by = f" as a {_SOURCES[bound.source]}" if bound.source is not None else ""
    return f"{' and '.join(parts)} of {bound.drug or scenario.prescription.drug}{by}"


_SOURCES = {
    "primary": "primary infusion",
    "secondary": "secondary infusion",
    "clinician": "bolus",
    "loading": "loading dose",
    "patient": "demand dose",
}


def _delivered(
    bound: Given,
    scenario: Scenario,
    events: Sequence[Event],
    *,
    bedside: Sequence[Stock],
    until: Fraction | None,
) -> Mark:
    """Hold what was really given against its bounds; what nobody can tell is not passed."""
    drug = bound.drug or scenario.prescription.drug
    unit = next(one.unit for one in (bound.at_least, bound.at_most) if one is not None)
    try:
        points = dose_over_time(events, bedside, drug=drug, source=bound.source, until=until)
        is_counted = any(one.drug == drug for one in bedside)
        given = points[-1].given.to(unit) if is_counted else Quantity(Fraction(0), unit)
    except AuthorError as error:
        found, passed = f"cannot be told: {error}", False
    else:
        low, high = bound.at_least, bound.at_most
        found = str(Quantity(round_significant(given.value, _DIGITS), given.unit))
        passed = (low is None or given >= low) and (high is None or given <= high)
    return Mark(
        condition="truly given",
        expected=given_in_words(bound, scenario),
        found=found,
        passed=passed,
        why=bound.why,
    )


def _gap(longest: Fraction | None, events: Sequence[Event], bedside: Sequence[Stock]) -> Iterator[Mark]:
    if longest is None:
        return
    try:
        gap = longest_gap(events, bedside)
    except AuthorError as error:
        found, passed = f"cannot be told: {error}", False
    else:
        found = "nothing flowed at all" if gap is None else f"{show_number(gap)} seconds"
        passed = gap is not None and gap <= longest
    expected = f"no more than {show_number(longest)} seconds without flow"
    yield Mark(condition="no gap", expected=expected, found=found, passed=passed)


def _observed(name: str, scenario: Scenario, seen: Sequence[str]) -> Mark:
    words = next((one.words for one in scenario.behaviours if one.name == name), name)
    passed = name in seen
    return Mark(condition="seen", expected=words, found="seen" if passed else "not seen", passed=passed)
