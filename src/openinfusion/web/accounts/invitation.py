"""The link by which the owner of an account sets a password."""

from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from openinfusion.web.accounts.models import User


def link_to(uidb36: str, key: str) -> str:
    """Return the address of the page, at the place's own origin."""
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": uidb36, "key": key})
    return f"{settings.PLACE.origin}{path}"


def link(user: User) -> str:
    """Return a link that works once, within 3 days."""
    from allauth.account.forms import default_token_generator  # noqa: PLC0415 - it asks for the adapter, which asks us

    return link_to(user_pk_to_url_str(user), default_token_generator.make_token(user))
