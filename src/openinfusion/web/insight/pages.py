"""What every page of figures shares: what it is told from, the filter, the other pages, and how old the data is."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.insight.library_in_use import naming_of, version_in_use
from openinfusion.web.insight.picked import Picked, choices
from openinfusion.web.insight.standing import NoFiguresError, Standing, standing_of
from openinfusion.web.insight.words import Naming
from openinfusion.web.library.models import Version

TOPICS = {
    "catches": "Good catches",
    "patterns": "One patient, or the limit?",
    "outside": "Outside the library",
    "limits": "Limits that do nothing",
    "libraries": "Is the library up to date?",
    "alarms": "Alarms",
    "unknown": "What is not known",
}


class Opened(NamedTuple):
    """What a page is told from; ``version`` is the library in use, where the organisation's programmes tell it."""

    organisation: Organisation
    standing: Standing
    picked: Picked
    naming: Naming
    version: Version | None

    @classmethod
    def of(cls, organisation: Organisation, standing: Standing, picked: Picked) -> "Opened":
        """Return what a page is told from that picks this."""
        version = version_in_use(organisation, standing)
        return cls(organisation, standing.only(picked.only), picked, naming_of(version), version)


Page = Callable[Concatenate[HttpRequest, Opened, ...], HttpResponseBase]


def figures(
    *, permission: Permission = Permission.SEE_FIGURES, complete: bool = False
) -> Callable[[Page], Callable[..., HttpResponseBase]]:
    """Give a view what it is told from; where there is nothing, say why instead."""

    def wrap(page: Page) -> Callable[..., HttpResponseBase]:
        @wraps(page)
        def opened(request: HttpRequest, organisation: Organisation, *parts: Any, **named: Any) -> HttpResponseBase:  # noqa: ANN401
            standing = None
            try:
                standing = standing_of(organisation, at=timezone.now())
                picked = Picked.read(request.GET, standing, complete=complete)
            except NoFiguresError as error:
                # Where there is nothing, no named part of it is found either; nor is a month that holds nothing.
                status = 404 if parts or named or standing else 200
                context = {"organisation": organisation, "why": error, "has_others": standing is not None}
                return render(request, "insight/nothing.jinja", context, status=status)
            return page(request, Opened.of(organisation, standing, picked), *parts, **named)

        return needs(permission)(opened)

    return wrap


def show(request: HttpRequest, told: Opened, template: str, *, filtered: bool = True, **context: Any) -> HttpResponse:  # noqa: ANN401
    """Show a page of figures."""
    picked, slug = told.picked, told.organisation.slug
    unfiltered = told.standing.only({})
    held = told.standing.held
    base = {
        "organisation": told.organisation,
        "basis": told.standing,
        "picked": picked,
        "naming": told.naming,
        "places": places(slug),
        "here": request.path.removeprefix(reverse("insight:month", args=[slug])),
        "months": told.standing.months,
        "choices": choices(unfiltered, told.naming) if filtered else {},
        "until": min(held.last, told.standing.about.looked_at),
    }
    file = template if "/" in template else f"insight/{template}"
    return render(request, f"{file}.jinja", base | context)


def places(slug: str) -> list[dict[str, str]]:
    """Return the pages of figures, in the order of their menu."""
    own = [
        ("The month", "insight:month"),
        ("Charts", "insight:charts"),
        ("Triage", "insight:triage"),
        ("Releases", "insight:releases"),
        ("Pump models", "insight:models"),
    ]
    made = [{"text": text, "href": reverse(view, args=[slug])} for text, view in own]
    made += [{"text": text, "href": reverse("insight:topic", args=[slug, key])} for key, text in TOPICS.items()]
    return [*made, {"text": "My views", "href": reverse("insight:views", args=[slug])}]
