"""Rounds as core knows them, and what may be shown of them."""

from typing import NamedTuple

from openinfusion.core.consensus import (
    DELPHI,
    Feedback,
    Outcome,
    OutcomeKind,
    Position,
    Profession,
    Round,
    feedback,
    outcome,
)
from openinfusion.core.roles import Permission, Role
from openinfusion.web.accounts.models import HeldDuty, Organisation, User
from openinfusion.web.consensus.models import Discrepancy, PositionTaken, RoundHeld


class Asked(NamedTuple):
    """Somebody who is asked in a round, and the role and care area for which they speak."""

    user: int
    role: str
    care_area: str


def champions(organisation: Organisation, areas: list[str]) -> list[Asked]:
    """Return who speaks for care areas: their champions."""
    held = HeldDuty.objects.filter(
        organisation=organisation, ended_at=None, role=Role.CARE_AREA_CHAMPION.value, care_area__in=areas
    )
    return [
        Asked(one.user_id, Role.CARE_AREA_CHAMPION.words, one.care_area) for one in held.order_by("care_area", "pk")
    ]


def others(organisation: Organisation, areas: list[str]) -> list[HeldDuty]:
    """Return who else may take a position, and could be asked beside the champions."""
    asked = {one.user for one in champions(organisation, areas)}
    held = HeldDuty.objects.filter(organisation=organisation, ended_at=None).exclude(user__in=asked)
    found: dict[int, HeldDuty] = {}
    for one in held.select_related("user", "organisation").order_by("user__name"):
        if one.duty.allows(Permission.TAKE_POSITION, organisation=organisation.slug) and not one.care_area:
            found.setdefault(one.user_id, one)
    return list(found.values())


def asked_in(held: RoundHeld) -> list[Asked]:
    """Return whom a round asks."""
    return [Asked(*one) for one in held.asked]


def seat_of(held: RoundHeld, user: User) -> Asked | None:
    """Return for which role and area somebody is asked, or ``None``."""
    return next((one for one in asked_in(held) if one.user == user.pk), None)


def waiting(held: RoundHeld) -> list[str]:
    """Return who has not answered, as role and care area: never a name."""
    answered = set(held.positions.values_list("voter_id", flat=True))
    return [f"{one.role}, {one.care_area or 'no one area'}" for one in asked_in(held) if one.user not in answered]


def round_of(held: RoundHeld) -> Round:
    """Return a round as core knows it; voters are numbers of their account."""
    return Round(number=held.number, asked=len(held.asked), positions=tuple(map(_position, held.positions.all())))


def _position(row: PositionTaken) -> Position:
    return Position(
        voter=str(row.voter_id),
        role=row.role,
        profession=Profession(row.profession),
        care_area=row.care_area,
        agrees=row.agrees,
        reason=row.reason,
        score=row.score,
        round=row.round.number,
    )


class Standing(NamedTuple):
    """Where the rounds of a discrepancy stand."""

    open: RoundHeld | None
    closed: list[RoundHeld]
    outcome: Outcome | None

    @property
    def feedback(self) -> list[Feedback]:
        """What is fed back after each closed round; it names neither role nor area."""
        return [feedback(round_of(one)) for one in self.closed]

    @property
    def is_last(self) -> bool:
        """Whether no further round comes, so that positions are shown by role and area for the meeting."""
        return self.outcome is not None and self.outcome.kind is not OutcomeKind.ANOTHER_ROUND

    @property
    def next_number(self) -> int | None:
        """The number of the round that could be opened."""
        number = len(self.closed) + 1
        return None if self.open or self.is_last or number > DELPHI.max_rounds else number


def standing(of: Discrepancy) -> Standing:
    """Return where the rounds stand; the outcome is that of the closed ones."""
    held = list(of.rounds.prefetch_related("positions__round"))
    closed = [one for one in held if one.closed_at]
    made = outcome([round_of(one) for one in closed], areas=of.areas) if closed else None
    return Standing(next((one for one in held if not one.closed_at), None), closed, made)
