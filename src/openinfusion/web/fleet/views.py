"""Pages of the fleet: at a glance, by ward, as a list."""

from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from openinfusion.core.roles import Permission
from openinfusion.fleet.proof import State
from openinfusion.web.accounts.gate import needs
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.fleet.ages import age_of, share
from openinfusion.web.fleet.asking import Sight, with_fleet
from openinfusion.web.fleet.choosing import choices, read_choice
from openinfusion.web.fleet.curve import against_aims, curve_figure
from openinfusion.web.fleet.groups import Chosen, by_state, flights, reasons, tiles
from openinfusion.web.fleet.live import Middle, live
from openinfusion.web.fleet.words import LOOKS

PAGE = 50
QUIET = timedelta(minutes=15)
"""So long without any report of any pump is no chance: the server, or the network, is down."""


def shown(sight: Sight) -> dict[str, Any]:
    """Return what every middle shows: whose pumps, their looks, and how old what is known is."""
    fleet = sight.fleet
    return {
        "organisation": sight.organisation,
        "fleet": fleet,
        "looks": LOOKS,
        "age_of": age_of,
        "share": share,
        "is_quiet": bool(fleet.pumps) and (fleet.newest is None or fleet.at - fleet.newest > QUIET),
    }


@needs(Permission.SEE_FLEET)
@with_fleet
def glance(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """Show how many pumps are proven current, which are not and why, and what is on its way."""
    fleet, slug = sight.fleet, organisation.slug

    def context() -> dict[str, Any]:
        pumps = fleet.pumps
        current = sum(one.state is State.CURRENT for one in pumps)
        currency = sight.held.currency(fleet, slug)
        return shown(sight) | {
            "current": current,
            "to_do": sum(one.is_task for one in pumps),
            "states": by_state(pumps),
            "reasons": reasons(pumps),
            "flights": flights(pumps, fleet.aims),
            "tiles": tiles(pumps, sight.held.work(fleet, slug)),
            "currency": currency,
            "aims": against_aims(currency) if currency.now.pumps else (),
        }

    middle = Middle(template="fleet/glance_middle.jinja", version=fleet.version, at=fleet.at, context=context)

    def around() -> dict[str, Any]:
        curve = curve_figure(sight.held.currency(fleet, slug), sight.held.curve(fleet, slug))
        return {"organisation": organisation, "curve": curve}

    return live(request, middle, page="fleet/glance.jinja", around=around)


@needs(Permission.SEE_FLEET)
@with_fleet
def wards(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """Show the wards as tiles, of the pumps that are asked for."""
    fleet, choice = sight.fleet, read_choice(request.GET)

    def context() -> dict[str, Any]:
        among = choice.among(fleet.pumps)
        return shown(sight) | {"tiles": tiles(among, sight.held.work(fleet, organisation.slug)), "choice": choice}

    middle = Middle(template="fleet/wards_middle.jinja", version=fleet.version, at=fleet.at, context=context)
    return live(request, middle, page="fleet/wards.jinja", around=lambda: _to_choose(sight, choice))


@needs(Permission.SEE_FLEET)
@with_fleet
def pumps(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """List the pumps that are asked for."""
    fleet, choice = sight.fleet, read_choice(request.GET)
    number = request.GET.get("page")

    def context() -> dict[str, Any]:
        among = choice.among(fleet.pumps)
        return shown(sight) | {
            "page": Paginator(among, PAGE).get_page(number),
            "choice": choice,
            "states": by_state(among),
        }

    middle = Middle(template="fleet/pumps_middle.jinja", version=fleet.version, at=fleet.at, context=context)
    return live(request, middle, page="fleet/pumps.jinja", around=lambda: _to_choose(sight, choice))


def _to_choose(sight: Sight, choice: Chosen) -> dict[str, Any]:
    made = {"organisation": sight.organisation, "choice": choice, "looks": LOOKS}
    return made | {"choices": choices(sight.fleet.pumps)}


@needs(Permission.SEE_FLEET)
@with_fleet
def find(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """Go to the pump whose asset number was typed or scanned; where it is none or several, say so."""
    typed = request.GET.get("asset", "").strip()[:200]
    asked = typed.casefold()
    exact = [one for one in sight.fleet.pumps if asked in {one.urn.casefold(), one.name.casefold()}]
    exact = exact or [one for one in sight.fleet.pumps if one.name.rpartition(":")[2].casefold() == asked]
    found = exact or [one for one in sight.fleet.pumps if asked and asked in one.name.casefold()]
    if len(found) == 1:
        return redirect("fleet:pump", organisation.slug, found[0].urn)
    if found:
        return redirect(f"{reverse('fleet:pumps', args=[organisation.slug])}?q={asked}")
    context = {"organisation": organisation, "typed": typed, "at": timezone.now()}
    return render(request, "fleet/not_found.jinja", context, status=404 if typed else 200)
