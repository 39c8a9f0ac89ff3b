"""Signing in: who gets in, how, for how long, and what those are told who do not."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.test import Client
from django.utils import timezone

from openinfusion.web import example
from openinfusion.web.accounts import sessions
from openinfusion.web.accounts.models import User

SECRET = "JBSWY3DPEHPK3PXP"  # noqa: S105 - of no real app
PAGE = "/example-trust/libraries"
NEW = "a new password that is long"


@pytest.fixture
def real(settings):
    """A place that is no example, so that every account needs a second factor."""
    settings.PLACE = replace(settings.PLACE, is_example=False)


@pytest.fixture
def author(person) -> User:
    return person("author")


def code_of(secret=SECRET):
    """The code that an authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def sign_in(client, password=example.PASSWORD, **more):
    return client.post("/account/login/", {"login": "Author@Example.org", "password": password} | more)


def test_an_address_and_a_password_let_in(client, author):
    """However the letters of the address are typed; and the page that was asked for comes."""
    assert sign_in(client, next=PAGE)["location"] == PAGE
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize("login", ["author@example.org", "nobody@example.org"])
def test_a_refusal_does_not_say_whether_there_is_such_an_account(client, author, login):
    """The same words for a wrong password and for an address that nobody has."""
    page = client.post("/account/login/", {"login": login, "password": "wrong"})
    assert "The email address and/or password you specified are not correct." in page.content.decode()


def test_five_wrong_passwords_lock_an_account_for_five_minutes(client, author):
    """The right one does not get in either, from wherever it comes; another account is not touched."""
    for _ in range(5):
        sign_in(client, "wrong")
    assert "Too many failed login attempts" in sign_in(client).content.decode()
    assert "Too many failed login attempts" in sign_in(Client(REMOTE_ADDR="192.0.2.7")).content.decode()
    other = client.post("/account/login/", {"login": "checker@example.org", "password": example.PASSWORD})
    assert other.status_code == 302


def test_an_address_from_which_many_passwords_fail_is_locked(client, author):
    """However many accounts are tried."""
    for number in range(100):
        client.post("/account/login/", {"login": f"nobody{number // 4}@example.org", "password": "wrong"})
    assert "Too many failed login attempts" in sign_in(client).content.decode()


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(client, author, away):
    """An address of another place is not followed, neither on signing in nor on signing out."""
    assert sign_in(client, next=away)["location"] == "/"
    assert client.post("/account/logout/", {"next": away})["location"] == "/"


def test_without_a_second_factor_one_is_led_to_set_it_up(client, author, real):
    """Before anything else, at every page, until there is one; the pages to do so are open."""
    sign_in(client)
    assert client.get(PAGE)["location"] == "/account/2fa/"
    assert client.get("/account/me")["location"] == "/account/2fa/"
    assert "Set up a second way" in client.get("/account/2fa/").content.decode()


def set_up_app(client):
    page = client.get("/account/2fa/totp/activate/", follow=True)
    if "Password of" in page.content.decode():
        page = client.post(
            "/account/reauthenticate/",
            {"password": example.PASSWORD, "next": "/account/2fa/totp/activate/"},
            follow=True,
        )
    shown = re.search(r'oi-secret">([A-Z2-7 ]+)<', page.content.decode())
    assert "data:image/svg+xml;base64," in page.content.decode()
    secret = shown[1].replace(" ", "")
    return secret, client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})


def test_an_authenticator_app_is_set_up_and_asked_from_then_on(client, author, real):
    """The key is shown as a picture and as text; recovery codes come at once; the next sign-in asks for a code."""
    sign_in(client)
    secret, done = set_up_app(client)
    assert done["location"] == "/account/2fa/recovery-codes/"
    codes = re.findall(r"<code>(\w+)</code>", client.get(done["location"]).content.decode())
    assert len(codes) == 10
    assert client.get(PAGE).status_code == 200
    client.post("/account/logout/")
    assert sign_in(client)["location"] == "/account/2fa/authenticate/"
    assert client.get(PAGE).status_code == 302
    assert "Incorrect code" in client.post("/account/2fa/authenticate/", {"code": "000000"}).content.decode()
    assert client.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    assert client.get(PAGE).status_code == 200
    kept = Authenticator.objects.get(user=author, type=Authenticator.Type.TOTP).data["secret"]
    assert secret not in kept


def test_a_code_works_once(client, author):
    """Whoever looks over a shoulder cannot use it again."""
    TOTP.activate(author, SECRET)
    code = code_of()
    for status in (302, 200):
        sign_in(client)
        assert client.post("/account/2fa/authenticate/", {"code": code}).status_code == status
        client.post("/account/logout/")


def test_wrong_codes_lock_too(client, author):
    """Six digits are soon tried otherwise."""
    TOTP.activate(author, SECRET)
    sign_in(client)
    for _ in range(5):
        client.post("/account/2fa/authenticate/", {"code": "000000"})
    page = client.post("/account/2fa/authenticate/", {"code": code_of()}).content.decode()
    assert "Too many failed login attempts" in page


def test_under_another_key_no_code_fits(client, author, settings):
    """A database without its key lets nobody in by an app: a secret that cannot be read is not an empty one."""
    app = TOTP.activate(author, SECRET)
    settings.SECRET_KEY = "of another place"  # noqa: S105 - of none
    sign_in(client)
    for code in (code_of(), code_of("")):
        assert not app.validate_code(code)
        assert "Incorrect code" in client.post("/account/2fa/authenticate/", {"code": code}).content.decode()


def test_the_last_second_factor_stays_where_one_is_demanded(client, author, real):
    """It is told to add another first."""
    TOTP.activate(author, SECRET)
    RecoveryCodes.activate(author)
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": code_of()})
    client.post("/account/reauthenticate/", {"password": example.PASSWORD})
    assert "the only second way" in client.get("/account/2fa/totp/deactivate/").content.decode()
    client.post("/account/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(user=author, type=Authenticator.Type.TOTP).exists()


def test_in_an_example_place_a_second_factor_may_go(client, author):
    """There it is offered, not demanded."""
    TOTP.activate(author, SECRET)
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": code_of()})
    client.post("/account/reauthenticate/", {"password": example.PASSWORD})
    client.post("/account/2fa/totp/deactivate/")
    assert not Authenticator.objects.filter(user=author).exists()


@pytest.mark.parametrize(
    ("steps", "words"), [([29, 31], "30 minutes in which you did nothing"), ([25] * 20, "more than 8 hours")]
)
def test_sessions_end(client, author, monkeypatch, steps, words):
    """After 30 minutes without use, and after 8 hours in any case; the sign-in page says why."""
    sign_in(client)
    now = timezone.now()
    monkeypatch.setattr(sessions.timezone, "now", lambda: now)
    answers = []
    for minutes in steps:
        answers.append(client.get(PAGE).status_code)
        now += timedelta(minutes=minutes)
    assert answers[0] == answers[1] == 200
    page = client.get(PAGE, follow=True)
    assert page.redirect_chain
    assert words in page.content.decode()


def test_a_changed_password_signs_out_everywhere(client, author):
    """Every other browser, and this one."""
    elsewhere = Client()
    sign_in(elsewhere)
    sign_in(client)
    client.post("/account/password/change/", {"oldpassword": example.PASSWORD, "password1": NEW, "password2": NEW})
    for one in (client, elsewhere):
        assert one.get(PAGE).status_code == 302
    assert sign_in(client, NEW).status_code == 302


@pytest.mark.parametrize("weak", ["password1234", "short", "author@example.org"])
def test_a_weak_password_is_refused_with_its_reason(client, author, weak):
    """Too short, too common, or like the address."""
    sign_in(client)
    page = client.post(
        "/account/password/change/", {"oldpassword": example.PASSWORD, "password1": weak, "password2": weak}
    )
    assert re.search("too common|too short|too similar", page.content.decode())


def test_a_forgotten_password_is_set_by_mail(client, author):
    """The link works once; whoever knows it gets no further than the second factor."""
    TOTP.activate(author, SECRET)
    assert client.post("/account/password/reset/", {"email": "author@example.org"}).status_code == 302
    link = re.search(r"http://localhost:8000(\S+)", mail.outbox[0].body)[1]
    form = client.get(link)["location"]
    assert client.post(form, {"password1": NEW, "password2": NEW}).status_code == 302
    assert "does not work" in Client().get(link).content.decode()
    assert sign_in(Client(), NEW)["location"] == "/account/2fa/authenticate/"


def test_a_mail_for_an_unknown_address_tells_nothing_on_the_page(client, author):
    """The same answer as for one that there is; and nobody gets a mail who has no account."""
    answers = [
        client.post("/account/password/reset/", {"email": address})["location"]
        for address in ("author@example.org", "nobody@example.org")
    ]
    assert answers[0] == answers[1]
    assert [one.to for one in mail.outbox] == [["author@example.org"]]


def test_a_closed_account_is_out_at_once(client, author):
    """The session that it has ends too."""
    sign_in(client)
    author.is_active = False
    author.save()
    assert client.get(PAGE).status_code == 302
    assert sign_in(client).status_code != 302 or client.get(PAGE).status_code == 302


def test_an_ended_duty_is_over_at_the_next_page(client, author):
    """No session keeps it."""
    sign_in(client)
    author.held.update(ended_at=timezone.now())
    assert client.get(PAGE).status_code == 404


@pytest.mark.parametrize("gone", ["signup/", "email/", "reauthenticate/code/", "3rdparty/", "confirm-email/x/"])
def test_nobody_makes_an_account_or_moves_it_alone(client, gone):
    """What django-allauth offers for that has no address here."""
    assert client.get(f"/account/{gone}").status_code == 404
