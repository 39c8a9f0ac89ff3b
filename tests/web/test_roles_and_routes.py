"""
Every address as every role: allowed or refused, and nothing else.

The addresses are those that the application has, so that a new one is in this table as soon as it exists. What it needs
is what its view says (``accounts.gate.needs``); an address that says nothing must be in one of the two lists below.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from openinfusion.core.roles import RIGHTS, Permission, Role
from openinfusion.web.accounts.models import HeldDuty, Organisation, User

# Open to whoever is not signed in.
PUBLIC = {
    "health",
    "insight:unsubscribe",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "openid_connect_callback",
    "openid_connect_login",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
}
# One's own: open to everybody who has signed in, and to nobody else.
OWN = {
    "me",
    "library:start",
    "account_change_password",
    "account_reauthenticate",
    "account_set_password",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_deactivate_totp",
    "mfa_download_recovery_codes",
    "mfa_edit_webauthn",
    "mfa_generate_recovery_codes",
    "mfa_index",
    "mfa_list_webauthn",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_view_recovery_codes",
    "sign_in_again",
}
# Parts of an application that ask by themselves, each with a test of its own.
ELSEWHERE = ("/api/",)
VALUES = {"int": "1", "slug": "adult", "str": "x", "uuid": "00000000-0000-0000-0000-000000000000", "path": "x"}


@dataclass(frozen=True)
class Route:
    """One address: its name, an example of it, and the right that its view needs."""

    name: str
    path: str
    permission: Permission | None

    def at(self, organisation: str) -> str:
        return self.path.replace("{organisation}", organisation)


def _routes(patterns: Any, path: str = "/", space: str = "") -> Iterator[Route]:
    for one in patterns:
        here = path + str(one.pattern).lstrip("^").rstrip("$")
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from _routes(one.url_patterns, here, inner)
        elif isinstance(one, URLPattern):
            yield Route(f"{space}{one.name}", _example(here), getattr(one.callback, "permission", None))


def _example(path: str) -> str:
    path = re.sub(r"\(\?P<uidb36>[^)]*\)-\(\?P<key>[^)]*\)", "1-x", path)
    path = re.sub(r"\(\?P<\w+>[^)]*\)", "x", path)
    path = path.replace("<slug:organisation>", "{organisation}").replace("<str:organisation>", "{organisation}")
    return re.sub(r"<(?:(\w+):)?\w+>", lambda found: VALUES.get(found[1] or "str", "x"), path)


ROUTES = [
    one for one in _routes(get_resolver("openinfusion.web.urls").url_patterns) if not one.path.startswith(ELSEWHERE)
]
GATED = [one for one in ROUTES if one.permission]
METHODS = ("get", "post")
HERE = "a-trust"


@pytest.fixture
def trust(db) -> Organisation:
    """An organisation that has nothing yet, so that whatever is allowed finds nothing to change."""
    return Organisation.objects.create(slug=HERE, name="A Trust")


def client_of(role: Role | None, organisation: Organisation) -> Client:
    """Return somebody who holds one duty and no other, signed in."""
    client = Client()
    if role is not None:
        user = User.objects.create_user(f"{role.value}@example.com", "a password of nobody", name=role.words)
        area = "icu" if role is Role.CARE_AREA_CHAMPION else ""
        HeldDuty.objects.create(user=user, organisation=organisation, role=role.value, care_area=area)
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def goes_to_sign_in(response) -> bool:
    return response.status_code == 302 and response["location"].startswith("/account/login/")


def is_shut(answer, status: int) -> bool:
    """Whether an answer refuses with a status, or to everybody alike: a form that is only sent has no page."""
    return answer.status_code == status or (answer.status_code == 405 and answer.request["REQUEST_METHOD"] == "GET")


def test_every_address_says_whose_it_is():
    """A view names the right that it needs, or stands in a short list of what needs none."""
    unsaid = sorted({one.name for one in ROUTES if one.permission is None} - PUBLIC - OWN)
    assert unsaid == []


def test_the_lists_name_only_what_there_is():
    """And nothing that needs a right stands in them."""
    assert {one.name for one in ROUTES} >= PUBLIC | OWN
    assert not {one.name for one in GATED} & (PUBLIC | OWN)
    assert len(GATED) >= 12


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_a_role_may_what_its_rights_say(role, method, trust):
    """Allowed: the view answers, be it that there is nothing here. Not allowed: 403, with whose it is."""
    client = client_of(role, trust)
    for route in GATED:
        answer = getattr(client, method)(route.at(HERE))
        if route.permission in RIGHTS[role]:
            assert answer.status_code != 403, route
            assert answer.status_code < 500, (route, answer.status_code)
            assert not goes_to_sign_in(answer), route
        else:
            assert is_shut(answer, 403), (route, answer.status_code)
            assert answer.status_code == 405 or "may" in answer.content.decode()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_a_duty_elsewhere_opens_nothing_here(role, method, trust):
    """The organisation of others does not exist, whatever one may do in one's own."""
    other = Organisation.objects.create(slug="other-trust", name="Other Trust")
    client = client_of(role, other)
    for route in GATED:
        if "{organisation}" in route.path:
            assert is_shut(getattr(client, method)(route.at(HERE)), 404), route


@pytest.mark.parametrize("method", METHODS)
def test_without_signing_in_everything_but_the_public_is_shut(method, trust):
    """Each address leads to where one signs in; what is public leads to no fault."""
    client = client_of(None, trust)
    for route in ROUTES:
        answer = getattr(client, method)(route.at(HERE))
        if route.name in PUBLIC:
            assert answer.status_code < 500, route
        else:
            assert goes_to_sign_in(answer) or answer.status_code == 403, (route, answer.status_code)


@pytest.mark.parametrize("method", METHODS)
def test_whoever_has_no_duty_sees_their_own_account_alone(method, trust):
    """What is theirs answers without a fault."""
    user = User.objects.create_user("nobody@example.com", "a password of nobody", name="Nobody")
    for route in ROUTES:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        answer = getattr(client, method)(route.at(HERE))
        if route.permission is not None:
            assert is_shut(answer, 404 if "{organisation}" in route.path else 403), route
        else:
            assert answer.status_code < 500, route


def test_every_form_is_refused_without_its_token(trust):
    """A page of somebody else cannot make a browser send one: every address, as whoever may do everything there."""
    user = User.objects.create_user("all@example.com", "a password of nobody", name="All")
    for role in Role:
        area = "icu" if role is Role.CARE_AREA_CHAMPION else ""
        HeldDuty.objects.create(user=user, organisation=trust, role=role.value, care_area=area)
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    for route in ROUTES:
        assert client.post(route.at(HERE)).status_code == 403, route
