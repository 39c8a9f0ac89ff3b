"""
A rule: what it asks, why, whose idea it was, and the small function that judges one subject.

A scope names the subjects that a rule looks at, so that "nothing found" differs from "nothing to look at".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.survey import Survey

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Scope(Generic[S]):
    """What a rule looks at: the subjects in words, and how to find them."""

    words: str
    find: Callable[[Survey], Iterable[S]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One question to a library.

    Args:
        id: stable for ever; the letter is the group.
        severity: the usual gravity; a judge may lower or raise it where its reason says so.
        title: the question that the rule asks, as a statement of what would be wrong.
        reason: why it matters, in one sentence.
        remedy: what to do about a finding.
        source: document and clause; a dagger marks what was not read but remembered.
        origin: the ids of the candidates it comes from.
        hazard: the row of the hazard log that it controls.
        example: a change to the sound example library that the rule must find; a path and its new value.
        scope: what the rule looks at.
        judge: yields a fault for each thing wrong with one subject.
        thresholds: names of the thresholds that it uses.
        settings: thresholds that the example needs.
        with_parent: whether the example is compared with the sound library as its parent.

    """

    id: str
    severity: Severity
    title: str
    reason: str
    remedy: str
    source: str
    origin: str
    hazard: str
    example: Mapping[str, object]
    scope: Scope[Any]
    judge: Callable[[Any, Survey], Iterable[Fault]]
    thresholds: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    with_parent: bool = False

    @property
    def group(self) -> str:
        """The letter of the group that the rule belongs to."""
        return self.id[0]


def rule(
    id_: str,
    severity: Severity,
    scope: Scope[S],
    **words: Any,  # noqa: ANN401 - the fields of Rule
) -> Callable[[Callable[[S, Survey], Iterable[Fault]]], Rule]:
    """Return a decorator that makes a rule of its judge: ``@rule("L01", Severity.ERROR, DOSES, title=...)``."""

    def declare(judge: Callable[[S, Survey], Iterable[Fault]]) -> Rule:
        return Rule(id=id_, severity=severity, scope=scope, judge=judge, **words)

    return declare
