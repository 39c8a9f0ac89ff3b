"""
Finding consensus on one attribute of a drug: who was asked, what they said in each round, and what follows.

The parts are here under one name: ``statements`` (what sources say), ``discrepancy`` (how they differ), this module
(positions, rounds and their outcome) and ``reopening`` (the decision, and the hazard that it may re-open).

The rule of the rounds follows the modified Delphi that fixed paediatric strengths in the UK (RCPCH and NPPG, 2017);
its thresholds are a convention, so they are data. Silence is not consent: whoever was asked and did not answer counts
as not agreeing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from itertools import pairwise

from openinfusion.core.discrepancy import Discrepancy, DiscrepancyClass, Pair, compare, discrepancy, side_by_side
from openinfusion.core.errors import ConsensusError
from openinfusion.core.numbers import show_number
from openinfusion.core.reopening import (
    Choice,
    Control,
    ControlStatus,
    Decision,
    Dissent,
    OpenHazard,
    Preference,
    blocks_release,
    reopened,
)
from openinfusion.core.statements import (
    MISSING,
    Missing,
    Origin,
    SourceKind,
    Statement,
    Value,
    observed_range,
    observed_strengths,
    statements_of,
)
from openinfusion.core.wording import counted

__all__ = [
    "DELPHI",
    "MISSING",
    "Choice",
    "Control",
    "ControlStatus",
    "Decision",
    "Delphi",
    "Discrepancy",
    "DiscrepancyClass",
    "Dissent",
    "Feedback",
    "Missing",
    "OpenHazard",
    "Origin",
    "Outcome",
    "OutcomeKind",
    "Pair",
    "Position",
    "Preference",
    "Profession",
    "Round",
    "SourceKind",
    "Statement",
    "Value",
    "blocks_release",
    "compare",
    "discrepancy",
    "dissent_in",
    "feedback",
    "observed_range",
    "observed_strengths",
    "outcome",
    "reopened",
    "side_by_side",
    "statements_of",
]


class Profession(Enum):
    """The professions of which each affected area has a voter."""

    NURSE = "nurse"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delphi:
    """
    The rule of the rounds, as data.

    Attributes:
        max_rounds: how many rounds there are at most; what is open then goes to a meeting.
        lowest: the lowest score, "not at all".
        highest: the highest score, "entirely".
        agreeing: the least score that counts as agreeing.
        opposing: the greatest score that counts as opposing.
        agree_share: the least share of those asked that must agree.
        oppose_share: the share of those who answered that must not be reached by those opposing.
        professions: of which each affected area must have a voter.

    """

    max_rounds: int = 3
    lowest: int = 1
    highest: int = 9
    agreeing: int = 7
    opposing: int = 3
    agree_share: Fraction = Fraction(70, 100)
    oppose_share: Fraction = Fraction(15, 100)
    professions: tuple[Profession, ...] = (Profession.NURSE, Profession.DOCTOR, Profession.PHARMACIST)

    def __post_init__(self) -> None:
        """Refuse thresholds out of order and shares that are none."""
        if not 1 <= self.lowest <= self.opposing < self.agreeing <= self.highest or self.max_rounds < 1:
            found = f"{self.lowest}, {self.opposing}, {self.agreeing}, {self.highest} in {self.max_rounds} rounds"
            raise ConsensusError(where="delphi", found=found, expected="lowest <= opposing < agreeing <= highest")
        for name in ("agree_share", "oppose_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ConsensusError(
                    where=f"delphi.{name}", found=str(getattr(self, name)), expected="above 0, at most 1"
                )


DELPHI = Delphi()


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """
    What one voter says in one round; between rounds only ``feedback`` is shown, which names neither role nor area.

    Attributes:
        voter: a pseudonym, so that nobody votes twice; never a name.
        role: such as "care-area champion".
        profession: nurse, doctor or pharmacist.
        care_area: id of the area for which the voter speaks.
        agrees: whether the voter agrees to what is proposed.
        reason: why, in the voter's own words; who objects says why.
        score: from 1 to 9, or none.
        round: the number of the round.

    """

    voter: str
    role: str
    profession: Profession
    care_area: str
    agrees: bool
    reason: str = ""
    score: int | None = None
    round: int = 1

    def __post_init__(self) -> None:
        """Refuse a position without a voter, and an objection without its reason."""
        for name in ("voter", "role", "care_area"):
            if not getattr(self, name).strip():
                raise ConsensusError(where=f"position.{name}", found="nothing", expected="who speaks, and for where")
        if not self.agrees and not self.reason.strip():
            raise ConsensusError(where="position.reason", found="an objection without a reason", expected="why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: its number, how many voters were asked, and what they said."""

    number: int
    asked: int
    positions: tuple[Position, ...] = ()

    def __post_init__(self) -> None:
        """Refuse positions of another round, a voter twice, and more answers than were asked for."""
        where = f"round {self.number}"
        voters = [position.voter for position in self.positions]
        if self.number < 1 or any(position.round != self.number for position in self.positions):
            raise ConsensusError(where=where, found="a position of another round", expected=f"round {self.number}")
        if len(set(voters)) != len(voters):
            raise ConsensusError(where=where, found="a voter twice", expected="one position of each voter")
        if self.asked < max(len(voters), 1):
            found = f"{counted(len(voters), 'answer')} of {self.asked} asked"
            raise ConsensusError(where=where, found=found, expected="at least as many asked as answered, and one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """
    What is shown between rounds: the scores' median and quartiles, exact, and the reasons without who gave them.

    Quartiles are interpolated between the two scores they lie between. Without scores they are ``None``.
    """

    round: int
    asked: int
    answered: int
    lower_quartile: Fraction | None = None
    median: Fraction | None = None
    upper_quartile: Fraction | None = None
    reasons: tuple[str, ...] = ()

    @property
    def interquartile_range(self) -> Fraction | None:
        """How far the middle half of the scores spreads."""
        if self.upper_quartile is None or self.lower_quartile is None:
            return None
        return self.upper_quartile - self.lower_quartile


def feedback(of: Round) -> Feedback:
    """Return what the panel is shown after a round; reasons sorted, so that their order tells nothing."""
    scores = sorted(position.score for position in of.positions if position.score is not None)
    quartiles = [_quantile(scores, Fraction(n, 4)) for n in (1, 2, 3)] if scores else [None, None, None]
    return Feedback(
        round=of.number,
        asked=of.asked,
        answered=len(of.positions),
        lower_quartile=quartiles[0],
        median=quartiles[1],
        upper_quartile=quartiles[2],
        reasons=tuple(sorted(position.reason for position in of.positions if position.reason)),
    )


def _quantile(scores: Sequence[int], share: Fraction) -> Fraction:
    place = (len(scores) - 1) * share
    low = place.__floor__()
    high = min(low + 1, len(scores) - 1)
    return scores[low] + (scores[high] - scores[low]) * (place - low)


class OutcomeKind(Enum):
    """What follows from the rounds so far."""

    CONSENSUS = "consensus"
    ANOTHER_ROUND = "another round"
    NO_CONSENSUS = "no consensus: a meeting decides"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What follows from the rounds, why in words, and what was fed back after each round."""

    kind: OutcomeKind
    reasons: tuple[str, ...]
    feedback: tuple[Feedback, ...] = field(default=())


def outcome(rounds: Iterable[Round], *, areas: Iterable[str], rule: Delphi = DELPHI) -> Outcome:
    """
    Return what follows from the rounds so far for the affected areas; the last round decides.

    Who was asked and did not answer does not agree. An objection without a score opposes; agreement without one is no
    score and does not agree. Each affected area needs a voter of each profession.

    Raises:
        ConsensusError: rounds missing or out of order, more than the rule has, a score off its scale, or no area.

    """
    held, affected = tuple(rounds), tuple(dict.fromkeys(areas))
    _check_rounds(held, affected, rule)
    reasons = (*_missing_voters(held[-1], affected, rule), *_shares(held[-1], rule)) if held else ("no round yet",)
    kind = OutcomeKind.CONSENSUS
    if reasons:
        kind = OutcomeKind.ANOTHER_ROUND if len(held) < rule.max_rounds else OutcomeKind.NO_CONSENSUS
    return Outcome(kind=kind, reasons=reasons, feedback=tuple(feedback(one) for one in held))


def _check_rounds(rounds: Sequence[Round], areas: Sequence[str], rule: Delphi) -> None:
    if not areas:
        raise ConsensusError(where="areas", found="none", expected="the care areas that are affected")
    numbers = [one.number for one in rounds]
    is_in_order = all(after == before + 1 for before, after in pairwise([0, *numbers]))
    if not is_in_order or len(numbers) > rule.max_rounds:
        shown = ", ".join(map(str, numbers))
        raise ConsensusError(where="rounds", found=shown, expected=f"1 to at most {rule.max_rounds}, in order")
    for one in rounds:
        for position in one.positions:
            _check_score(position, rule)


def _check_score(position: Position, rule: Delphi) -> None:
    """Refuse a score off the scale, and one that says the opposite of the position."""
    score = position.score
    if score is None:
        return
    if not rule.lowest <= score <= rule.highest:
        raise ConsensusError(where="score", found=str(score), expected=f"{rule.lowest} to {rule.highest}")
    if (position.agrees and score <= rule.opposing) or (not position.agrees and score >= rule.agreeing):
        said = "agrees" if position.agrees else "objects"
        raise ConsensusError(
            where="score", found=f"{score} of a voter who {said}", expected="a score that says the same"
        )


def _missing_voters(last: Round, areas: Iterable[str], rule: Delphi) -> Iterable[str]:
    spoke = {(position.care_area, position.profession) for position in last.positions}
    for area in areas:
        for profession in rule.professions:
            if (area, profession) not in spoke:
                yield f"no {profession.value} of {area} has answered"


def _shares(last: Round, rule: Delphi) -> Iterable[str]:
    """Yield which shares are not reached; the share that agrees is of all who were asked."""
    agree = sum(p.score is not None and p.score >= rule.agreeing for p in last.positions)
    oppose = sum(p.score <= rule.opposing if p.score is not None else not p.agrees for p in last.positions)
    if Fraction(agree, last.asked) < rule.agree_share:
        yield (
            f"{agree} of {last.asked} asked score {rule.agreeing} or more, "
            f"less than {show_number(rule.agree_share * 100)} %"
        )
    if last.positions and Fraction(oppose, len(last.positions)) >= rule.oppose_share:
        yield (
            f"{oppose} of {len(last.positions)} who answered score {rule.opposing} or less, or object, "
            f"not less than {show_number(rule.oppose_share * 100)} %"
        )


def dissent_in(last: Round) -> tuple[Dissent, ...]:
    """Return the objections of a round, in the voters' own words."""
    return tuple(
        Dissent(role=position.role, care_area=position.care_area, words=position.reason)
        for position in last.positions
        if not position.agrees
    )
