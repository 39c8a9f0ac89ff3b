"""Signatures: each is given by somebody who has just shown that it is they, for this form and no other."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.utils import timezone

from openinfusion.web import example
from openinfusion.web.accounts import signing

pytestmark = pytest.mark.urls("tests.web.signing_urls")


def show(client, sent, said):
    """Follow a form to where the person shows who they are, and answer there."""
    assert sent.status_code == 302
    where = sent["location"]
    page = client.get(where)
    assert page.status_code == 200
    hidden = dict(re.findall(r'type="hidden" name="(next)" value="([^"]+)"', page.content.decode()))
    return client.post(where.partition("?")[0], hidden | said)


@pytest.fixture
def client(signed_in):
    return signed_in("committee")


PASSWORD = {"password": example.PASSWORD}


def test_a_form_waits_until_the_person_has_shown_that_it_is_they(client):
    """What was entered is kept, the page says what is signed, and the signature follows at once."""
    sent = client.post("/sign", {"change": "CR-1"})
    assert "the change CR-1" in client.get(sent["location"]).content.decode()
    assert show(client, sent, PASSWORD).content == b"CR-1 signed with password "


def test_each_signature_asks_anew(client):
    """What was shown for one form serves no second one, however soon it comes, nor the same form again."""
    show(client, client.post("/sign", {"change": "CR-1"}), PASSWORD)
    for change in ("CR-2", "CR-1"):
        assert client.post("/sign", {"change": change}).status_code == 302


def test_what_was_shown_for_one_form_signs_no_other(client):
    """A form whose content changed meanwhile asks again."""
    client.post("/sign", {"change": "CR-1"})
    client.post("/account/reauthenticate/", PASSWORD)
    assert client.post("/sign", {"change": "CR-2"}).status_code == 302


def test_what_was_shown_before_the_form_was_sent_does_not_count(client):
    """To have shown it for the page of one's account is not to sign."""
    client.post("/account/reauthenticate/", PASSWORD)
    assert client.post("/sign", {"change": "CR-1"}).status_code == 302


def test_a_wrong_password_signs_nothing(client):
    """The page says so, and the form still waits."""
    sent = client.post("/sign", {"change": "CR-1"})
    assert "Incorrect password" in show(client, sent, {"password": "wrong"}).content.decode()
    assert show(client, sent, PASSWORD).content == b"CR-1 signed with password "


def test_what_stood_in_the_address_is_kept(client):
    """A form at an address with a question mark is answered as it was sent."""
    sent = client.post("/sign?tab=2", {"change": "CR-1"})
    assert show(client, sent, PASSWORD).content == b"CR-1 signed with password 2"


def test_an_account_without_password_signs_with_its_authenticator(client, person, monkeypatch):
    """The evidence names what was used."""
    user = person("committee")
    user.set_unusable_password()
    user.save()
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.validate_totp_code", lambda _secret, code: code == "123456")
    sent = client.post("/sign", {"change": "CR-1"})
    assert show(client, sent, {"code": "123456"}).content == b"CR-1 signed with authenticator app "
    assert Authenticator.objects.get(user=user).last_used_at is not None


def test_an_account_with_no_way_to_show_it_is_told_what_to_do(client, person):
    """Somebody who signs in elsewhere, and set up no second factor here, signs nothing."""
    user = person("committee")
    user.set_unusable_password()
    user.save()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    refused = client.post("/sign", {"change": "CR-1"})
    assert refused.status_code == 403
    assert "authenticator app or a passkey" in refused.content.decode()


def test_what_was_shown_long_ago_does_not_count(client, monkeypatch):
    """The bound of time holds beside the others."""
    client.post("/sign", {"change": "CR-1"})
    client.post("/account/reauthenticate/", PASSWORD)
    later = timezone.now() + timedelta(seconds=61)
    monkeypatch.setattr(signing.timezone, "now", lambda: later)
    assert client.post("/sign", {"change": "CR-1"}).status_code == 302


def test_evidence_says_when(client, monkeypatch):
    """The time kept with a signature is that at which the person showed it, with its zone."""
    kept = []
    fresh = signing.fresh
    monkeypatch.setattr(signing, "fresh", lambda *parts: kept.append(fresh(*parts)) or kept[-1])
    before = datetime.now(tz=UTC)
    show(client, client.post("/sign", {"change": "CR-1"}), PASSWORD)
    assert before <= kept[0].at <= datetime.now(tz=UTC)
