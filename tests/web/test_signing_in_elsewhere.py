"""Signing in at a trust's own identity provider: one of another make runs beside, in a process of its own."""

import html
import re
import time
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from openinfusion.core.errors import OperatorError
from openinfusion.web import example
from openinfusion.web.accounts.models import User
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.place import Oidc, read_place
from tests.ports import free_port
from tests.web.elsewhere import Elsewhere, provided
from tests.web.test_signing import PASSWORD, show
from tests.web.test_signing_in import PAGE, SECRET, code_of

pytestmark = [pytest.mark.enable_socket, pytest.mark.urls("tests.web.signing_urls")]
AUTHOR = "author@example.org"
MFA = ("mfa", "https://refeds.org/profile/mfa")
LOGIN, AGAIN = "/account/oidc/trust-login/login/", "/account/oidc/trust-login/again/"
CALLBACK = f"{LOGIN}callback/"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a provider."""
    with provided(tmp_path_factory.mktemp("provider")) as address:
        yield address


@pytest.fixture
def place(db, server, settings, tmp_path):
    """A place with the provider, which is right until a test says otherwise."""
    secret = tmp_path / "oidc.secret"
    secret.write_text("of the client, which is no proof\n")
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 120
    oidc = Oidc("Trust login", server, "openinfusion", secret)
    settings.PLACE = replace(settings.PLACE, oidc=(oidc,))
    made = Elsewhere(server)
    made.answers_wrongly()
    made.knows(AUTHOR)
    return made


@pytest.fixture
def real(place, settings):
    """A place that is no example: a second factor is demanded."""
    settings.PLACE = replace(settings.PLACE, is_example=False)


@pytest.fixture
def says_mfa(real, settings):
    """A place that takes the provider's word for a second factor."""
    oidc = replace(settings.PLACE.oidc[0], second_factor=MFA)
    settings.PLACE = replace(settings.PLACE, oidc=(oidc,))


@pytest.fixture
def author(person) -> User:
    return person("author")


def away_of(answer):
    """Return where a page leads to by itself."""
    assert answer.status_code == 200, answer.content
    return html.unescape(re.search(r"0;URL='([^']+)'", answer.content.decode())[1])


def signs_in(client, place, sub=AUTHOR, path=LOGIN, **said):
    """Go to the provider, sign in there, and come back."""
    return client.get(place.sign_in(away_of(client.post(path)), sub, **said))


def refusals():
    return [one.reason for one in AuditRow.objects.filter(action="refuse to sign in")]


# --- Getting in ------------------------------------------------------------------------------------------------------


def test_a_known_person_gets_in_by_a_confirmed_address(client, place, author):
    """Given an account that somebody made, when its owner signs in elsewhere, then they are in, and it is kept how."""
    away = away_of(client.post(f"{LOGIN}?next={PAGE}"))
    asked = dict(parse_qsl(urlsplit(away).query))
    assert asked["redirect_uri"] == f"http://localhost:8000{CALLBACK}"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["nonce"]) == 64
    assert client.get(place.sign_in(away, AUTHOR))["location"] == PAGE
    assert client.get(PAGE).status_code == 200
    tie = SocialAccount.objects.get(user=author)
    assert (tie.provider, tie.uid, tie.extra_data) == ("trust-login", AUTHOR, {})
    actions = AuditRow.objects.filter(actor=str(author.pk)).values_list("action", "reason")
    assert ("tie account to sign-in elsewhere", "trust-login") in actions
    assert ("sign in", "sign-in at trust-login") in actions
    assert "Sign-in at Trust login" in client.get("/account/me").content.decode()


def test_the_password_of_an_account_stays(client, place, author):
    """Signing in elsewhere takes no other way from anybody."""
    signs_in(client, place)
    author.refresh_from_db()
    assert author.has_usable_password()


def test_once_tied_the_name_at_the_provider_counts_not_the_address(client, place, author):
    """Somebody whose address changes there stays the same person here."""
    signs_in(client, place)
    place.knows(AUTHOR, email="married@example.org")
    assert signs_in(Client(), place)["location"] == "/"


def test_an_address_that_was_given_to_somebody_new_lets_them_not_in(client, place, author):
    """An account that is tied to one person there is no other's, until whoever manages people ends the tie."""
    signs_in(client, place)
    place.knows("another-person", email=AUTHOR)
    newcomer = Client()
    answer = signs_in(newcomer, place, "another-person")
    assert (answer.status_code, newcomer.get(PAGE).status_code) == (403, 302)
    assert "belongs to another person" in answer.content.decode()


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email": "nobody@example.org"}, "nobody has made an account"),
        ({"email_verified": False}, "no e-mail address of yours is confirmed"),
        ({"email_verified": None}, "no e-mail address of yours is confirmed"),
        ({"email": None}, "no e-mail address of yours is confirmed"),
    ],
)
def test_whom_nobody_knows_is_told_so_and_gets_no_account(client, place, author, claims, words):
    """Given no account, or no confirmed address, then nobody is in and none is made."""
    place.knows("stranger", **({"email": AUTHOR} | claims))
    before = User.objects.count()
    answer = signs_in(client, place, "stranger")
    assert answer.status_code == 403
    assert words in answer.content.decode()
    assert (User.objects.count(), SocialAccount.objects.count()) == (before, 0)
    assert client.get(PAGE).status_code == 302
    assert refusals() == ["nobody's account"]


@pytest.fixture
def two(place, settings):
    """A place with two providers, each of which speaks for one organisation's addresses."""
    (oidc,) = settings.PLACE.oidc
    mine, other = replace(oidc, addresses=("example.org",)), replace(oidc, addresses=("other.example",), name="Other")
    settings.PLACE = replace(settings.PLACE, oidc=(mine, other))


def test_a_provider_opens_no_account_of_another_organisation(client, place, two, author):
    """Whatever address it confirms, and though it had tied the account before: its own people get in, nobody else."""
    elsewhere = LOGIN.replace("trust-login", "other")
    answer = signs_in(client, place, path=elsewhere)
    assert (answer.status_code, client.get(PAGE).status_code) == (403, 302)
    assert "for another sign-in to open" in answer.content.decode()
    assert refusals() == ["an account whose address is of none of its domains"]
    SocialAccount.objects.create(user=author, provider="other", uid=AUTHOR)
    assert signs_in(client, place, path=elsewhere).status_code == 403
    User.objects.filter(pk=author.pk).update(email="Author@Other.Example")
    assert signs_in(client, place, path=elsewhere)["location"] == "/"
    assert signs_in(Client(), place).status_code == 403


def test_a_provider_of_another_organisation_signs_nothing(client, place, two, author):
    """Nor is it offered as a way to show anew who one is."""
    SocialAccount.objects.create(user=author, provider="other", uid=AUTHOR)
    signs_in(client, place)
    sent = client.post("/sign", {"change": "CR-1"})
    page = client.get(sent["location"]).content.decode()
    assert "Sign in again at Trust login" in page
    assert "Sign in again at Other" not in page
    assert client.post(AGAIN.replace("trust-login", "other"))["location"] == "/account/reauthenticate/"


def test_a_closed_account_is_not_opened_from_elsewhere(client, place, author):
    """Neither by its address, nor by a tie that it has."""
    User.objects.filter(pk=author.pk).update(is_active=False)
    assert signs_in(client, place).status_code == 403
    SocialAccount.objects.create(user=author, provider="trust-login", uid=AUTHOR)
    signs_in(client, place)
    assert client.get(PAGE).status_code == 302


def test_whoever_turns_back_is_not_in(client, place):
    """To refuse there is no fault, and is told in words."""
    answer = signs_in(client, place, action="deny")
    assert answer["location"] == "/account/elsewhere/cancelled/"


# --- What is not believed --------------------------------------------------------------------------------------------

HOUR = 3600
WRONG = {
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "another audience": {"claims": {"aud": "another application"}},
    "two audiences": {"claims": {"aud": ["openinfusion", "another application"]}},
    "given to another application": {"claims": {"azp": "another application"}},
    "another nonce": {"claims": {"nonce": "0" * 64}},
    "no nonce": {"claims": {"nonce": None}},
    "expired": {"claims": {"exp": 1_700_000_000}},
    "without an end": {"claims": {"exp": None}},
    "of the future": {"claims": {"iat": 4_000_000_000}},
    "no subject": {"claims": {"sub": None}},
    "an empty subject": {"claims": {"sub": ""}},
    "a number as subject": {"claims": {"sub": 7}},
    "a long subject": {"claims": {"sub": "x" * 300}},
    "signed by another": {"signed_by": "another"},
    "signed by nobody": {"signed_by": "nobody"},
    "signed with the secret of the client": {"signed_by": "client"},
    "another provider's description": {"issuer": "https://evil.example"},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_not_believed(client, place, author, name):
    """Given a token with one thing wrong, then nobody is in, the page says so, and the audit record says why."""
    away = away_of(client.post(LOGIN))
    place.answers_wrongly(**WRONG[name])
    answer = client.get(place.sign_in(away, AUTHOR))
    assert answer.status_code == 403
    assert "Trust login" in answer.content.decode()
    assert "Nobody was signed in" in answer.content.decode()
    assert client.get(PAGE).status_code == 302
    assert len(refusals()) == 1
    assert refusals()[0].startswith("Trust login: not believed:")


def test_an_answer_serves_once_and_in_the_browser_that_asked(client, place, author):
    """Whoever has the address of an answer gets in with it neither again nor elsewhere."""
    back = place.sign_in(away_of(client.post(LOGIN)), AUTHOR)
    assert Client().get(back).status_code == 403
    assert client.get(back).status_code == 302
    client.post("/account/logout/")
    assert client.get(back).status_code == 403


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x&code=x", "?error=server_error", "?state=%00", "?code=%ff"])
def test_an_answer_that_nobody_asked_for_is_refused(client, place, query):
    """In words, with no fault."""
    assert client.get(CALLBACK + query).status_code in {400, 403}


def test_somebody_is_not_signed_in_as_another_by_a_planted_code(client, place, author, person):
    """Given a code for somebody else's question, when it comes with this browser's state, then it opens nothing."""
    place.knows("checker@example.org")
    theirs = place.sign_in(away_of(Client().post(LOGIN)), "checker@example.org")
    mine = place.sign_in(away_of(client.post(LOGIN)), AUTHOR)
    code, state = (parse_qs(urlsplit(one).query)[name][0] for one, name in ((theirs, "code"), (mine, "state")))
    assert client.get(f"{CALLBACK}?code={code}&state={state}").status_code == 403
    assert client.get(PAGE).status_code == 302


def test_what_the_asker_adds_to_the_question_goes_nowhere(client, place):
    """Neither more rights, nor another nonce, nor another host to come back to."""
    away = away_of(client.post(f"{LOGIN}?scope=admin&auth_params=nonce%3D1&process=connect", HTTP_HOST="127.0.0.1:9"))
    asked = dict(parse_qsl(urlsplit(away).query))
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    assert len(asked["nonce"]) == 64
    assert asked["redirect_uri"].startswith("http://localhost:8000/")


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_elsewhere_leads_nowhere_else(client, place, author, away):
    """Where one goes afterwards is of this place."""
    assert signs_in(client, place, path=f"{LOGIN}?next={quote(away)}")["location"] == "/"


def test_a_session_gets_a_new_name(client, place, author):
    """Whoever planted one has nothing."""
    away = away_of(client.post(LOGIN))
    before = client.cookies["sessionid"].value
    client.get(place.sign_in(away, AUTHOR))
    assert client.cookies["sessionid"].value != before


def test_no_other_page_sends_somebody_to_sign_in(place):
    """Going there is asked by a form of ours; a link shows that form."""
    assert "Sign in with Trust login" in Client().get(LOGIN).content.decode()
    assert Client(enforce_csrf_checks=True).post(LOGIN).status_code == 403


# --- When it does not answer -----------------------------------------------------------------------------------------


@pytest.fixture
def down(settings):
    """A provider that does not answer."""
    oidc = replace(settings.PLACE.oidc[0], server=f"http://127.0.0.1:{free_port()}")
    return lambda: setattr(settings, "PLACE", replace(settings.PLACE, oidc=(oidc,)))


def test_when_the_provider_is_down_people_sign_in_here(client, place, author, down):
    """Given a provider that is down, then the page says so, and the password still lets in."""
    signs_in(client, place)
    down()
    other = Client()
    answer = other.post(LOGIN)
    assert answer.status_code == 503
    assert "Trust login does not answer" in answer.content.decode()
    assert "sign in with your password or a passkey" in answer.content.decode()
    assert refusals()[0].startswith("Trust login: no answer:")
    assert other.post("/account/login/", {"login": AUTHOR, **PASSWORD}).status_code in {200, 302}
    other.post("/account/login/", {"login": AUTHOR, "password": example.PASSWORD})
    assert other.get(PAGE).status_code == 200
    assert other.get("/account/me").status_code == 200


def test_a_provider_that_goes_down_in_between_is_told_too(client, place, author, down):
    """Somebody who comes back from it is not shown a fault."""
    back = place.sign_in(away_of(client.post(LOGIN)), AUTHOR)
    down()
    assert client.get(back).status_code == 503


def test_a_provider_that_the_place_no_longer_has_is_named(client, place, author, settings):
    """A tie to it breaks no page, and leads nowhere."""
    signs_in(client, place)
    settings.PLACE = replace(settings.PLACE, oidc=())
    assert "trust-login (no longer used)" in client.get("/account/me").content.decode()
    assert client.post(LOGIN).status_code == 404


# --- The second factor -----------------------------------------------------------------------------------------------


def test_our_second_factor_is_asked_after_a_sign_in_elsewhere(client, place, real, author):
    """Given an authenticator app here, then it is asked; the tie is made only once its code was right."""
    TOTP.activate(author, SECRET)
    assert signs_in(client, place)["location"] == "/account/2fa/authenticate/"
    assert client.get(PAGE).status_code == 302
    assert not SocialAccount.objects.exists()
    assert client.post("/account/2fa/authenticate/", {"code": code_of()}).status_code == 302
    assert client.get(PAGE).status_code == 200
    assert SocialAccount.objects.get().user == author


def test_without_one_it_is_set_up_before_anything_else(client, place, real, author):
    """Given no password and no second factor, then one is set up after showing oneself at the provider anew."""
    author.set_unusable_password()
    author.save()
    signs_in(client, place)
    assert client.get(PAGE)["location"] == "/account/2fa/"
    sent = client.get("/account/2fa/totp/activate/")
    assert sent["location"].startswith(AGAIN)
    again = client.post(sent["location"])
    assert client.get(place.sign_in(away_of(again), AUTHOR))["location"] == "/account/2fa/totp/activate/"
    assert client.get("/account/2fa/totp/activate/").status_code == 200


@pytest.mark.parametrize("claims", [{"amr": ["pwd", "mfa"]}, {"acr": MFA[1]}])
def test_a_second_factor_there_counts_where_the_place_says_so(client, place, says_mfa, author, claims):
    """Given a provider whose word is taken, when it says how, then ours is not asked as well."""
    TOTP.activate(author, SECRET)
    place.knows(AUTHOR, **claims)
    assert signs_in(client, place)["location"] == "/"
    assert client.get(PAGE).status_code == 200


def test_where_it_says_of_none_ours_is_asked(client, place, says_mfa, author):
    """A password there alone is not enough, and nor is what was said at the sign-in before."""
    place.knows(AUTHOR, amr=["mfa"])
    signs_in(client, place)
    place.knows(AUTHOR, amr=["pwd"])
    signs_in(client, place)
    assert client.get(PAGE)["location"] == "/account/2fa/"


def test_where_the_place_does_not_say_so_its_word_does_not_count(client, place, real, author):
    """By custom a second factor of this application is asked, whatever a provider says."""
    place.knows(AUTHOR, amr=["mfa"])
    signs_in(client, place)
    assert client.get(PAGE)["location"] == "/account/2fa/"


# --- Signing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def signer(client, place, author):
    """Somebody with no other way than the provider, signed in, with a form that waits to be signed."""
    author.set_unusable_password()
    author.save()
    signs_in(client, place)
    return client


def go_again(client):
    """Send a form to be signed; return where the provider is asked."""
    sent = client.post("/sign", {"change": "CR-1"})
    assert sent["location"].startswith(AGAIN)
    assert "the change CR-1" in client.get(sent["location"]).content.decode()
    return away_of(client.post(sent["location"]))


def test_a_signature_is_given_by_showing_oneself_at_the_provider_anew(signer, place):
    """It is asked to ask again, whatever session it has; the form is answered at once, and says how."""
    away = go_again(signer)
    asked = dict(parse_qsl(urlsplit(away).query))
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert signer.get(place.sign_in(away, AUTHOR)).content == b"CR-1 signed with sign-in at trust-login "
    assert signer.post("/sign", {"change": "CR-1"}).status_code == 302


@pytest.mark.parametrize("auth_time", [-HOUR, -31 - 5, None])
def test_a_sign_in_of_earlier_signs_nothing(signer, place, auth_time):
    """A provider that did not ask again, or does not say when it asked, is not believed."""
    away = go_again(signer)
    when = auth_time and int(time.time()) + auth_time
    place.answers_wrongly(claims={"auth_time": when})
    answer = signer.get(place.sign_in(away, AUTHOR))
    assert answer.status_code == 403
    assert "Nothing was signed" in answer.content.decode()
    assert "did not ask anew" in refusals()[0]
    assert signer.post("/sign", {"change": "CR-1"}).status_code == 302


def test_a_provider_that_speaks_for_the_address_no_more_signs_nothing(signer, place, settings):
    """The place was set otherwise while somebody was there."""
    away = go_again(signer)
    (oidc,) = settings.PLACE.oidc
    settings.PLACE = replace(settings.PLACE, oidc=(replace(oidc, addresses=("other.example",)),))
    assert signer.get(place.sign_in(away, AUTHOR)).status_code == 403
    assert signer.get("/account/me").status_code == 200


def test_another_person_signs_nothing(signer, place):
    """Given a colleague who signs in at the provider, then nothing is signed, and the first person is still in."""
    place.knows("checker@example.org")
    answer = signer.get(place.sign_in(go_again(signer), "checker@example.org"))
    assert answer.status_code == 403
    assert "another person" in refusals()[0]
    assert signer.get("/account/me").status_code == 200


def test_what_was_shown_for_one_form_signs_no_other(signer, place):
    """Given a second form that was sent in between, then the answer to the first signs neither."""
    away = go_again(signer)
    signer.post("/sign", {"change": "CR-2"})
    assert signer.get(place.sign_in(away, AUTHOR)).status_code == 403
    assert "something else to be signed" in refusals()[0]
    assert signer.post("/sign", {"change": "CR-2"}).status_code == 302


def test_a_plain_sign_in_signs_nothing(signer, place):
    """To have signed in elsewhere just now is not to sign."""
    signer.post("/sign", {"change": "CR-1"})
    signs_in(signer, place)
    assert signer.post("/sign", {"change": "CR-1"}).status_code == 302


def test_somebody_with_a_password_may_choose(client, place, author):
    """The provider stands beside the ways of this application."""
    signs_in(client, place)
    sent = client.post("/sign", {"change": "CR-1"})
    assert "Sign in again at Trust login" in client.get(sent["location"]).content.decode()
    assert show(client, sent, PASSWORD).content == b"CR-1 signed with password "


def test_somebody_who_never_signed_in_there_is_not_led_there(signed_in, place):
    """The way is open to whoever is tied, and to whoever is signed in."""
    assert signed_in("checker").get(AGAIN)["location"].startswith("/account/reauthenticate/")
    assert Client().get(AGAIN)["location"].startswith("/account/login/")


def test_whoever_manages_people_ends_a_tie(client, place, author, signed_in):
    """With the second factors, so that somebody new may have the address."""
    signs_in(client, place)
    Authenticator.objects.filter(user=author).delete()
    manager = signed_in("informatics")
    path = f"/example-trust/people/{author.pk}/forget-second-factors"
    manager.post("/account/reauthenticate/", PASSWORD)
    manager.post(path, {"reason": "another account there"})
    assert not SocialAccount.objects.exists()


# --- Settings --------------------------------------------------------------------------------------------------------

SET = '[[oidc]]\nname = "{name}"\nserver = "{server}"\nclient = "x"\nsecret_file = "s"\n{more}\n'


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"server": "http://login.example.org"}, "https://"),
        ({"server": "login.example.org"}, "https://"),
        ({"server": "javascript:alert(1)"}, "https://"),
        ({"name": "…"}, "a letter"),
        ({"more": "second_factor = 'mfa'"}, "a list of texts"),
        ({"more": "second_factor = [1]"}, "a list of texts"),
        ({"more": "scope = 'all'"}, "nothing else"),
        ({"more": "addresses = 'example.org'"}, "a list of texts"),
        ({"more": "addresses = ['@example.org']"}, "a domain"),
        ({"more": "addresses = ['']"}, "a domain"),
    ],
)
def test_a_setting_that_is_not_safe_is_refused(tmp_path, said, expected):
    """When the application starts, with what is expected."""
    (tmp_path / "s").write_text("x")
    right = {"name": "Login", "server": "https://login.example.org", "more": ""}
    (tmp_path / "web.toml").write_text(SET.format(**(right | said)))
    with pytest.raises(OperatorError, match=re.escape(expected)):
        read_place(tmp_path)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("", "", "First, Second without addresses"),
        ('addresses = ["a.example"]', "", "Second without addresses"),
        ('addresses = ["a.example"]', 'addresses = ["b.example", "A.example"]', "a.example of two providers"),
        ('addresses = ["a.example", "a.example"]', 'addresses = ["b.example"]', None),
    ],
)
def test_each_of_several_providers_says_whose_addresses_are_its_own(tmp_path, first, second, found):
    """One domain has one provider; without that the place does not start."""
    (tmp_path / "s").write_text("x")
    right = {"server": "https://login.example.org"}
    said = SET.format(**right, name="First", more=first) + SET.format(**right, name="Second", more=second)
    (tmp_path / "web.toml").write_text(said)
    if found is None:
        assert [one.speaks_for("x@a.example") for one in read_place(tmp_path).oidc] == [True, False]
        return
    with pytest.raises(OperatorError, match=re.escape(found)):
        read_place(tmp_path)


def test_the_settings_of_a_provider_are_read(tmp_path):
    """With what it says of a second factor."""
    (tmp_path / "s").write_text("x")
    right = {"name": "St Ann's login", "server": "https://login.example.org", "more": 'second_factor = ["mfa"]'}
    (tmp_path / "web.toml").write_text(SET.format(**right))
    (found,) = read_place(tmp_path).oidc
    assert (found.id, found.second_factor) == ("st-ann-s-login", ("mfa",))
