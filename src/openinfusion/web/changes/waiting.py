"""Which change requests wait for a person: those whose next step along the path they may take or help to sign."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.roles import Actor
from openinfusion.core.signing import seats, seats_left, signed
from openinfusion.core.stages import Stage, Step, steps_out_of
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.desk import request_of
from openinfusion.web.changes.models import Change
from openinfusion.web.changes.page import FORWARD

MOST = 50
_AT_REST = [one.value for one in Stage if not FORWARD & steps_out_of(one).keys()]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change request, and what its next step is called."""

    change: Change
    does: str


def waiting_for(organisation: Organisation, actor: Actor) -> list[Waiting]:
    """Return what waits for somebody in an organisation, what moved longest ago first; 50 at most."""
    found = organisation.changes.exclude(stage__in=_AT_REST).select_related("library").order_by("moved_at")
    return list(islice(_waiting(found.iterator(), actor), MOST))


def _waiting(changes: Iterable[Change], actor: Actor) -> Iterator[Waiting]:
    for change in changes:
        request = request_of(change)
        for to, step in steps_out_of(request.stage).items():
            if to in FORWARD and _is_for(actor, request, to, step=step):
                yield Waiting(change, step.does)
                break


def _is_for(actor: Actor, request: ChangeRequest, to: Stage, *, step: Step) -> bool:
    """Whether a step is somebody's now; a draft is proposed by whoever wrote in it, though others may as well."""
    if request.stage is Stage.DRAFT and actor.name not in {request.proposer, *request.authors}:
        return False
    places = seats_left(request, to).values() or seats(request, step)
    may = any(seat.role_of(actor) for seat in places) and not step.excludes & request.parts_of(actor.name)
    return may and actor.name not in {one.by for one in signed(request, to)}
