"""What django-allauth tells of signing in, kept in the audit record: who, how and whether; never what was typed."""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.signals import password_changed, password_reset, password_set, user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from openinfusion.web.accounts import elsewhere
from openinfusion.web.accounts.models import User
from openinfusion.web.accounts.signing import words_of
from openinfusion.web.audit import book

SIGNED_IN, REFUSED = "sign in", "refuse to sign in"


def account(user: User) -> str:
    """Return what an account is called in the audit record."""
    return f"account {user.pk}"


def _keep(action: str, user: User, reason: str = "") -> None:
    book.write(action, account(user), by=user, organisation=None, at=timezone.now(), reason=reason)


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:  # noqa: ANN401 - a signal carries anything
    ways = dict.fromkeys(words_of(one) for one in get_authentication_records(request, user))
    _keep(SIGNED_IN, user, " and ".join(ways))


@receiver(user_login_failed)
def _refused(credentials: dict[str, Any], **_: Any) -> None:  # noqa: ANN401 - as before
    # Somebody may have typed their password where the address goes: an unknown address is not kept.
    if user := User.objects.filter(email__iexact=credentials.get("email") or "").first():
        book.write(REFUSED, account(user), by=None, organisation=None, at=timezone.now(), reason="wrong password")


@receiver(authentication_failed)
def _refused_second(user: User, **_: Any) -> None:  # noqa: ANN401 - as before
    book.write(REFUSED, account(user), by=None, organisation=None, at=timezone.now(), reason="wrong code")


@receiver(authenticator_added)
def _added(user: User, authenticator: Authenticator, **_: Any) -> None:  # noqa: ANN401 - as before
    _keep("add second factor", user, authenticator.type)


@receiver(authenticator_removed)
def _removed(user: User, authenticator: Authenticator, **_: Any) -> None:  # noqa: ANN401 - as before
    _keep("remove second factor", user, authenticator.type)


@receiver(authenticator_reset)
def _reset(user: User, **_: Any) -> None:  # noqa: ANN401 - as before
    _keep("make new recovery codes", user)


@receiver([password_changed, password_reset, password_set])
def _password(user: User, **_: Any) -> None:  # noqa: ANN401 - as before
    _keep("change password", user)


@receiver(elsewhere.tied)
def _tied(user: User, provider: str, **_: Any) -> None:  # noqa: ANN401 - as before
    _keep("tie account to sign-in elsewhere", user, provider)


@receiver(elsewhere.refused)
def _refused_elsewhere(provider: str, reason: str, **_: Any) -> None:  # noqa: ANN401 - as before
    about = f"sign-in at {provider}"
    book.write(REFUSED, about, by=None, organisation=None, at=timezone.now(), reason=reason[:300])
