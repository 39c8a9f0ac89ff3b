"""What django-allauth asks us: who makes accounts, where one goes afterwards, how secrets are kept."""

import base64
import hashlib
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from openinfusion.web.accounts import elsewhere
from openinfusion.web.accounts.invitation import link_to
from openinfusion.web.accounts.models import User
from openinfusion.web.accounts.second_factor import is_demanded, is_the_last


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # the package has no types
    """Accounts of a trust."""

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """Return that nobody makes an account for themselves: whoever manages people does."""
        return False

    def populate_username(self, _request: HttpRequest, _user: Any) -> None:  # noqa: ANN401 - as the package calls it
        """Do nothing: the address is the name of an account."""

    def get_password_change_redirect_url(self, _request: HttpRequest) -> str:
        """Go to where one signs in with the new one: a change signs out everywhere."""
        return reverse("account_login")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the address in a mail: of the place as it is set, not as whoever asked for the mail named it."""
        user, _, token = key.partition("-")
        return link_to(user, token)

    def get_login_stages(self) -> list[str]:
        """Return what is asked after a password, the second factor in our own way."""
        ours, theirs = "openinfusion.web.accounts.stages.SecondFactor", "allauth.mfa.stages.AuthenticateStage"
        return [ours if one == theirs else one for one in super().get_login_stages()]

    def post_login(
        self, request: HttpRequest, user: User, *, signal_kwargs: dict[str, Any] | None, **named: object
    ) -> HttpResponse:
        """Keep what is known from a provider, once all that is asked was shown."""
        if signal_kwargs and "elsewhere" in signal_kwargs:
            elsewhere.keep(request, user, signal_kwargs["elsewhere"])
        answer: HttpResponse = super().post_login(request, user, signal_kwargs=signal_kwargs, **named)
        return answer

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, str]]:
        """Return the ways in which somebody may show anew who they are; a provider's after our own."""
        mine: list[dict[str, str]] = super().get_reauthentication_methods(user)
        return mine + (elsewhere.ways_to_show_again(user) if isinstance(user, User) else [])

    def is_reauthentication_required(self, *, app: str, **named: object) -> bool:
        """Return whether a page of an account asks anew: the package does not count a provider as a way."""
        return super().is_reauthentication_required(app=app, **named) and not elsewhere.shown_lately(context.request)


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]  # the package has no types
    """Second factors; the secret of an authenticator app is kept under the key of the place, never in clear."""

    def encrypt(self, text: str) -> str:
        """Return a secret as it is kept."""
        return _vault().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a secret; under another key than it was kept, one by chance, so that no code fits."""
        try:
            return _vault().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Return whether a second factor would be left, where one is demanded."""
        return not (is_demanded() and is_the_last(authenticator))

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002, ANN401 - as the package calls it
        """Return what a passkey is called until its owner says more."""
        return f"Passkey {Authenticator.objects.filter(user=user, type=type).count() + 1}"


def _vault() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"second factors {settings.SECRET_KEY}".encode()).digest()))
