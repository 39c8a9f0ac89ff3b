"""What a page of any app may ask about change requests."""

from typing import Any

from django.http import HttpRequest

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import actor_of
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.waiting import Waiting, waiting_for


def waiting_here(request: HttpRequest) -> dict[str, Any]:
    """Return two questions that a page may ask of an organisation: what waits for me, and whether I may propose."""

    def waiting_for_me(organisation: Organisation) -> list[Waiting]:
        return waiting_for(organisation, actor_of(request))

    def may_propose(organisation: Organisation) -> bool:
        return actor_of(request).role_for(Permission.PROPOSE, organisation=organisation.slug) is not None

    return {"waiting_for_me": waiting_for_me, "may_propose": may_propose}
