"""Where an emergency approval stands, by the calendar of the hospital, and what is asked of it after the event."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.emergency import EmergencyStatus, emergency_status
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.gates import EMERGENCY_GATES, Blocker, Facts, blockers
from openinfusion.core.stages import Stage
from openinfusion.web.changes.holidays import all_known, last_day_to_ratify


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    Where an emergency approval stands.

    Attributes:
        status: when it ends, by when it must be ratified, and which of both has passed.
        unknown: why the day by which it must be ratified is not certain, in words, or nothing; what is known then is
            the earliest day that it can be.
        asked: what it left out and is asked before it can be ratified.

    """

    status: EmergencyStatus
    unknown: str
    asked: tuple[Blocker, ...]


def standing_of(request: ChangeRequest, at: datetime, facts: Facts) -> Standing | None:
    """Return where the emergency approval of a request stands, or ``None`` if it never had one."""
    approved = request.last_act(Stage.EMERGENCY_APPROVED)
    if approved is None:
        return None
    day = timezone.localdate(approved.at)
    status = emergency_status(request, at=at, today=timezone.localdate(at), holidays=all_known(), authorised=day)
    if status is None:
        return None
    try:
        last_day_to_ratify(day)
        unknown = ""
    except ChangeControlError as error:
        unknown = f"{error.where}: {error.found}; expected: {error.expected}"
    asked = blockers(facts, EMERGENCY_GATES) if request.stage is Stage.EMERGENCY_APPROVED else ()
    return Standing(status=status, unknown=unknown, asked=asked)
