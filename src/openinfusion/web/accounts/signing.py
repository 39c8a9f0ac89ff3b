"""Signing: whoever signs shows anew that it is they, once for each signature, and what was shown is kept with it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from openinfusion.web.accounts.gate import person

PENDING = "signature_asked_for"
WITHIN = timedelta(seconds=60)
_WORDS = {"totp": "authenticator app", "webauthn": "passkey", "recovery_codes": "recovery code"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """How and when somebody showed that it is they who sign."""

    method: str
    at: datetime


def fresh(request: HttpRequest, about: str, *, within: timedelta = WITHIN) -> Evidence:
    """
    Return how the person showed, for this very form as it was filled in, that it is they; call it before any write.

    Without that the person is sent to show it, and the form that they sent is answered afterwards, unchanged: the view
    runs again, and this returns. What was shown serves once. The form may carry no file.

    Raises:
        ReauthenticationRequired: the middleware of django-allauth answers it; let it pass.
        PermissionDenied: the account has no way to show it.

    """
    if not get_adapter().get_reauthentication_methods(person(request)):
        raise PermissionDenied(
            "To sign, show that it is you: set up an authenticator app or a passkey on the page of your account first."
        )
    asked = request.session.get(PENDING)
    shown = _last_shown(request)
    digest = _digest(request)
    if asked and shown and asked["digest"] == digest and asked["at"] <= shown["at"]:
        del request.session[PENDING]
        at = datetime.fromtimestamp(shown["at"], tz=UTC)
        if timezone.now() - at <= within:
            return Evidence(words_of(shown), at)
    request.session[PENDING] = {
        "digest": digest,
        "at": timezone.now().timestamp(),
        "about": about,
        "path": request.path,
    }
    # django-allauth comes back to a form only at its bare address; what stood after it is in request.GET by now.
    request.META["QUERY_STRING"] = ""
    raise ReauthenticationRequired


def asked_for(request: HttpRequest, path: str | None) -> str | None:
    """Return what somebody is about to sign at an address, or ``None``."""
    asked = request.session.get(PENDING)
    return asked["about"] if asked and asked["path"] == path else None


def _last_shown(request: HttpRequest) -> dict[str, Any] | None:
    records = get_authentication_records(request, person(request))
    return next((one for one in reversed(records) if one.get("reauthenticated")), None)


def words_of(shown: dict[str, Any]) -> str:
    """Return what a record of django-allauth says was shown: "password", "passkey"."""
    if shown["method"] == "socialaccount":
        return f"sign-in at {shown['provider']}"
    return _WORDS[shown["type"]] if shown["method"] == "mfa" else str(shown["method"])


def _digest(request: HttpRequest) -> str:
    """Return what tells this form as it was filled in from any other."""
    said = [(key, values) for key, values in sorted(request.POST.lists()) if key != "csrfmiddlewaretoken"]
    return hashlib.sha256(json.dumps([request.path, request.GET.urlencode(), said]).encode()).hexdigest()
