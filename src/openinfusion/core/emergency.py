"""
The emergency path: how long an emergency approval lasts, and by when the committee must have looked at it.

It is authorised by the medication safety officer or the pharmacist on call, with a senior clinician of every affected
area; it reaches those areas only, names a hazard and ends by itself. Bank holidays are data that is passed in: they are
proclaimed, not computed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.stages import Stage

USUAL_EMERGENCY = timedelta(hours=72)
LONGEST_EMERGENCY = timedelta(days=7)
RATIFY_WITHIN = 5
_SATURDAY = 5


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Whether a committee can be expected to meet: no weekend, and no bank holiday."""
    return day.weekday() < _SATURDAY and day not in holidays


def ratify_by(authorised: date, holidays: Collection[date], *, days: int = RATIFY_WITHIN) -> date:
    """Return the last day on which the committee may ratify: so many working days after the day of authorising."""
    day, left = authorised, days
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day, holidays)
    return day


def emergency_end(at: datetime, asked: datetime | None) -> datetime:
    """
    Return when an emergency approval of this moment ends: when asked, or 72 hours later.

    Raises:
        ChangeControlError: it would end before it begins, or last for more than 7 days.

    """
    end = at + USUAL_EMERGENCY if asked is None else asked
    if end.tzinfo is None or not at < end <= at + LONGEST_EMERGENCY:
        raise ChangeControlError(
            where="end of the emergency approval",
            found=end.isoformat(),
            expected=f"a time with its zone within {LONGEST_EMERGENCY.days} days",
        )
    return end


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyStatus:
    """Where an emergency approval stands: when it ends, by when it must be ratified, and which of both has passed."""

    until: datetime
    ratify_by: date
    is_in_force: bool
    is_overdue: bool


def emergency_status(
    request: ChangeRequest, *, at: datetime, today: date, holidays: Collection[date], authorised: date
) -> EmergencyStatus | None:
    """
    Return where an emergency approval stands, or ``None`` if the request never had one.

    ``today`` and ``authorised`` are days as the hospital's calendar counts them. It is overdue while nobody has
    ratified or revoked it after the last day; in force until its end, unless it was revoked.
    """
    if request.emergency_until is None:
        return None
    last = ratify_by(authorised, holidays)
    return EmergencyStatus(
        until=request.emergency_until,
        ratify_by=last,
        is_in_force=at < request.emergency_until and request.last_act(Stage.REVOKED) is None,
        is_overdue=request.stage is Stage.EMERGENCY_APPROVED and today > last,
    )
