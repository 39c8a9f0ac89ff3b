"""
The places for signatures under a step, and which of them a person fills.

A step has one place for each of its rights; the agreement of champions has one for each affected area, and one champion
may speak for several areas. Nobody signs a step twice, so two places are two people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from openinfusion.core.change_request import ChangeRequest, Signature
from openinfusion.core.roles import AREA_RIGHTS, Actor, Permission, Role, whose
from openinfusion.core.stages import STEPS, Stage, Step
from openinfusion.core.wording import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """
    One place for a signature.

    Attributes:
        rights: the rights of which one is enough.
        organisation: where it must be held.
        areas: the care areas for which it must be held.
        any_area: whether one of them is enough.

    """

    rights: tuple[Permission, ...]
    organisation: str
    areas: tuple[str, ...] = ()
    any_area: bool = False

    def role_of(self, by: Actor) -> Role | None:
        """Return the role under which a person may sit here, or ``None``."""
        enough = any if self.any_area else all
        for right in self.rights:
            roles = [
                by.role_for(right, organisation=self.organisation, care_area=area) for area in self.areas or (None,)
            ]
            if enough(role is not None for role in roles):
                return next(role for role in roles if role is not None)
        return None

    @property
    def whose(self) -> str:
        """Who may sit here: "a care-area champion of Example Trust for icu"."""
        is_local = bool(self.areas) and AREA_RIGHTS.issuperset(self.rights)
        area = listed(self.areas, "or" if self.any_area else "and") if is_local else None
        return whose(self.rights, organisation=self.organisation, care_area=area)


def seats(request: ChangeRequest, step: Step) -> tuple[Seat, ...]:
    """Return the places of a step, in order."""
    made: list[Seat] = []
    for permission in step.permissions:
        rights = (permission, step.delegated) if step.delegated and request.is_delegable else (permission,)
        is_local = permission in AREA_RIGHTS
        groups = [(area,) for area in request.areas] if is_local and step.each_area else [request.areas]
        made += [
            Seat(rights=rights, organisation=request.organisation, areas=group, any_area=is_local) for group in groups
        ]
    return tuple(made)


def signed(request: ChangeRequest, to: Stage) -> tuple[Signature, ...]:
    """Return the signatures that wait under a step."""
    return tuple(signature for signature in request.pending if signature.to is to)


def seats_left(request: ChangeRequest, to: Stage) -> Mapping[int, Seat]:
    """Return the places under a step that nobody fills yet, by their number."""
    taken = {number for signature in signed(request, to) for number in signature.seats}
    places = enumerate(seats(request, STEPS[request.stage, to]))
    return {number: seat for number, seat in places if number not in taken}


def fills(request: ChangeRequest, to: Stage, by: Actor) -> tuple[int, ...]:
    """Return the places that this person's signature would fill: one, or that of every area that is theirs."""
    mine = {number: seat for number, seat in seats_left(request, to).items() if seat.role_of(by) is not None}
    if not mine:
        return ()
    first = next(iter(mine.values()))
    if not STEPS[request.stage, to].each_area or not AREA_RIGHTS.issuperset(first.rights):
        return (next(iter(mine)),)
    return tuple(number for number, seat in mine.items() if seat.rights == first.rights)


def signature_of(request: ChangeRequest, to: Stage, *, by: Actor, at: datetime) -> Signature:
    """Return the signature of a person who fills at least one place (``why_not_sign`` has asked)."""
    numbers = fills(request, to, by)
    role = seats(request, STEPS[request.stage, to])[numbers[0]].role_of(by)
    assert role is not None  # noqa: S101 - a place that they fill is one that they may sit in
    return Signature(to=to, by=by.name, role=role, at=at, seats=numbers)


def whose_step(request: ChangeRequest, step: Step) -> str:
    """Return who takes a step: each place once, "a ... and a ..."."""
    owner = listed(list(dict.fromkeys(seat.whose for seat in seats(request, step))))
    return f"its proposer ({request.proposer})" if step.by_proposer else owner
