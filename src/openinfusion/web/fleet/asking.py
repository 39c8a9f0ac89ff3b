"""What every view of the fleet asks first: is there one here, and how does it stand now."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from openinfusion.web.accounts.models import Organisation
from openinfusion.web.fleet.watch import Fleet, Held, held, why_none

View = Callable[Concatenate[HttpRequest, Organisation, "Sight", ...], HttpResponse]
PlainView = Callable[Concatenate[HttpRequest, Organisation, ...], HttpResponse]


class Sight:
    """The fleet of one organisation as a request sees it."""

    def __init__(self, watched: Held, organisation: Organisation) -> None:
        self.held = watched
        self.organisation = organisation
        self.fleet: Fleet = watched.fleet(organisation.slug, at=timezone.now())


def with_fleet(view: View) -> Callable[..., HttpResponse]:
    """Give a view the fleet of its organisation; where this place has none, say so instead."""

    @wraps(view)
    @where_pumps_are
    def answered(request: HttpRequest, organisation: Organisation, *parts: Any, **named: Any) -> HttpResponse:  # noqa: ANN401
        return view(request, organisation, Sight(held(), organisation), *parts, **named)

    return answered


def where_pumps_are(view: PlainView) -> Callable[..., HttpResponse]:
    """Answer only where this place has a fleet, and say so elsewhere; what is known of pumps need not be readable."""

    @wraps(view)
    def answered(request: HttpRequest, organisation: Organisation, *parts: Any, **named: Any) -> HttpResponse:  # noqa: ANN401
        if (why := why_none()) is not None:
            return render(request, "fleet/none.jinja", {"organisation": organisation, "why": why}, status=404)
        return view(request, organisation, *parts, **named)

    return answered
