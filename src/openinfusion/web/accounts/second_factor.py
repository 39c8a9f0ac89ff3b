"""Second factors: every account needs one, save in an example place."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from openinfusion.web.accounts.models import User
from openinfusion.web.place import Place

SHOWN_ELSEWHERE = "second_factor_shown_elsewhere"
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_demanded() -> bool:
    """Whether nobody goes on without a second factor."""
    place: Place = settings.PLACE
    return not place.is_example


def has_one(user: User) -> bool:
    """Whether an account has an authenticator app or a passkey; recovery codes alone are none."""
    return bool(Authenticator.objects.filter(user=user, type__in=KINDS).exists())


def is_met(request: HttpRequest, user: User) -> bool:
    """Whether somebody has one of ours, or has just shown one at a provider whose word the place takes for it."""
    return SHOWN_ELSEWHERE in request.session or has_one(user)


def is_the_last(authenticator: Authenticator) -> bool:
    """Whether nothing would be left without this one."""
    mine = Authenticator.objects.filter(user=authenticator.user_id, type__in=KINDS)
    return not mine.exclude(pk=authenticator.pk).exists()
