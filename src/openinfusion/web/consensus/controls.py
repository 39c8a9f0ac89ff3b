"""What is done about an open hazard: proposed by one person, verified by another, and what remains rated by a third."""

from datetime import datetime
from typing import Any

from django.db import transaction

from openinfusion.core.consensus import Control, ControlStatus, Preference
from openinfusion.core.errors import ConsensusError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import User
from openinfusion.web.audit import book
from openinfusion.web.consensus.hazards import control_of
from openinfusion.web.consensus.models import ControlRecorded, HazardOpened

RATINGS = range(1, 6)


@transaction.atomic
def propose_control(
    hazard: HazardOpened, preference: Preference, text: str, *, by: User, at: datetime
) -> ControlRecorded:
    """Record what shall be done about a hazard; raises ConsensusError for a control that says nothing."""
    control = Control(preference=preference, text=text)
    made = ControlRecorded.objects.create(
        hazard=hazard,
        preference=preference.value,
        text=control.text,
        status=control.status.value,
        proposed_by=by,
        proposed_at=at,
    )
    _write("propose control", hazard, by=by, at=at, may=Permission.PROPOSE, after=[preference.name, text])
    return made


def why_not_verify(control: ControlRecorded, by: User) -> str | None:
    """Return why somebody may not verify a control, or ``None``."""
    if control.status == ControlStatus.VERIFIED.value:
        return "it is verified already"
    return "whoever proposed a control does not verify it" if control.proposed_by == by else None


@transaction.atomic
def verify_control(control: ControlRecorded, evidence: str, *, by: User, at: datetime) -> ControlRecorded:
    """
    Record that a control was seen to work, and where that is shown.

    Raises:
        ConsensusError: without evidence, by whoever proposed it, or twice.

    """
    locked = (
        ControlRecorded.objects.select_for_update(no_key=True).select_related("hazard__organisation").get(pk=control.pk)
    )
    if why := why_not_verify(locked, by):
        raise ConsensusError(where="control", found=why, expected="another person, once")
    locked.status, locked.evidence = ControlStatus.VERIFIED.value, evidence
    locked.verified_by, locked.verified_at = by, at
    control_of(locked)
    locked.save()
    _write("verify control", locked.hazard, by=by, at=at, may=Permission.TEST, after=[locked.pk, evidence])
    return locked


@transaction.atomic
def rate(hazard: HazardOpened, residual: int, justification: str, *, by: User, at: datetime) -> HazardOpened:
    """Record which risk remains with the controls, from 1 to 5, and why; raises ConsensusError off that scale."""
    if residual not in RATINGS or not justification.strip():
        found = f"{residual} {justification!r}"
        raise ConsensusError(where=str(hazard), found=found, expected="1 to 5, and why")
    locked = HazardOpened.objects.select_for_update(no_key=True).get(pk=hazard.pk)
    before = [locked.residual, locked.justification]
    locked.residual, locked.justification, locked.rated_by = residual, justification, by
    locked.save()
    after = [residual, justification]
    _write("rate hazard", locked, by=by, at=at, may=Permission.ASSESS_SAFETY, before=before, after=after)
    return locked


def _write(what: str, hazard: HazardOpened, *, by: User, at: datetime, may: Permission, **kept: Any) -> None:  # noqa: ANN401
    role = by.actor.role_for(may, organisation=hazard.organisation.slug)
    said = role.value if role else ""
    book.write(what, str(hazard), by=by, organisation=hazard.organisation, at=at, role=said, **kept)
