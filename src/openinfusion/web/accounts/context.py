"""What every page knows of the person: what is theirs in the menu, where else they may sign in, what they sign."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from openinfusion.core.roles import Duty
from openinfusion.web.accounts import gate, signing
from openinfusion.web.accounts.models import User
from openinfusion.web.design.context import NAVIGATION


def of_accounts(request: HttpRequest) -> dict[str, Any]:
    """Return the menu, the identity providers, and a function that tells what is about to be signed."""
    user = getattr(request, "user", None)
    return {
        "navigation": _navigation(request) if isinstance(user, User) else [],
        "sign_in_elsewhere": [
            {"name": one.name, "href": reverse("openid_connect_login", args=[one.id])} for one in settings.PLACE.oidc
        ],
        "signature_asked_for": signing.asked_for,
    }


def _navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what the person may do in the organisation of the page, or in the only one that is theirs."""
    duties = gate.actor_of(request).duties
    where = _organisation(request, duties)
    if where is None:
        return []
    return [
        {"text": one.text, "href": href, "current": one.is_around(request.path, href=href)}
        for one in NAVIGATION
        if any(duty.allows(one.permission, organisation=where) for duty in duties)
        for href in [reverse(one.view, args=[where])]
    ]


def _organisation(request: HttpRequest, duties: tuple[Duty, ...]) -> str | None:
    mine = {duty.organisation for duty in duties}
    asked = request.resolver_match.kwargs.get("organisation") if request.resolver_match else None
    if asked is None and len(mine) == 1:
        return next(iter(mine))
    return asked if asked in mine else None
