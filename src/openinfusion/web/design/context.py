"""What every page knows."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest

from openinfusion.core.roles import Permission


class Place(NamedTuple):
    """
    One place in the menu: a view that takes an organisation, and the right without which it is not shown.

    Pages whose address begins otherwise belong to it too: those under ``parts`` of an organisation.
    """

    text: str
    view: str
    permission: Permission
    parts: tuple[str, ...] = ()

    def is_around(self, path: str, *, href: str) -> bool:
        """Whether the page at a path belongs to it, whose own address is ``href``."""
        return path.startswith(href) or any(part in self.parts for part in path.split("/")[2:3])


NAVIGATION = (
    Place("Libraries", "library:libraries", Permission.VIEW_LIBRARY, ("workbench",)),
    Place("Change requests", "changes:changes", Permission.VIEW_LIBRARY, ("drafts",)),
    Place("Consensus", "consensus:discrepancies", Permission.VIEW_LIBRARY),
    Place("Insight", "insight:month", Permission.SEE_FIGURES),
    Place("Pumps", "fleet:glance", Permission.SEE_FLEET, ("rollouts", "network", "claims", "it-health")),
    Place("Import", "imports:imports", Permission.IMPORT_LIBRARY, ("read-backs",)),
    Place("People", "people:everybody", Permission.MANAGE_PEOPLE),
    Place("National", "national:start", Permission.VIEW_LIBRARY),
    Place("Audit", "audit:records", Permission.SEE_AUDIT),
    Place("Tokens", "api:tokens", Permission.MANAGE_TOKENS),
)


def of_every_page(request: HttpRequest) -> dict[str, Any]:
    """Return the person, and whether the place is an example."""
    return {"person": getattr(request, "user", None), "path": request.path, "is_example": settings.PLACE.is_example}
