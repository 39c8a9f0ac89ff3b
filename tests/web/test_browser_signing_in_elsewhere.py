"""Stories of signing in at a trust's own identity provider, in a real browser, as the application is served."""

import pytest

from tests.web.browser import overflows, served, sign_in, violations
from tests.web.elsewhere import Elsewhere, provided

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
SETTINGS = """
[[oidc]]
name = "Trust login"
server = "{server}"
client = "openinfusion"
secret_file = "{secret}"
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """A provider that knows the champion, and somebody of whom nobody has heard."""
    with provided(tmp_path_factory.mktemp("provider")) as at:
        made = Elsewhere(at)
        made.knows("champion@example.org")
        made.knows("stranger@example.org")
        yield made


@pytest.fixture(scope="module")
def trust(provider, tmp_path_factory):
    """The address of an example trust whose people sign in there."""
    secret = tmp_path_factory.mktemp("secret") / "oidc.secret"
    secret.write_text("of the client")
    more = SETTINGS.format(server=provider.address, secret=secret)
    with served(tmp_path_factory.mktemp("elsewhere"), more) as at:
        yield at


def looked_at(page):
    """Nothing that axe finds, and nothing wider than a narrow window."""
    assert violations(page) == [], page.url
    page.set_viewport_size({"width": 320, "height": 800})
    assert not overflows(page), page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def goes_there(page, trust, name):
    """Go to the provider from the page to sign in, and sign in there."""
    page.goto(f"{trust}/account/login/")
    page.get_by_role("button", name="Sign in with Trust login").click()
    page.get_by_placeholder("sub").fill(name)
    page.get_by_role("button", name="Authorize").click()


def test_a_champion_signs_in_at_the_trust_and_shows_anew_there(page, trust, provider):
    """
    Given a champion whom the provider of the trust knows, and nothing else to do but to click.

    When they choose it on the page to sign in, then they are in, and their account says so;
    when a page of their account asks anew who they are, then they choose to show it there, and come back to that page.
    """
    stopped = []
    page.on("console", lambda line: stopped.append(line.text) if "Content Security Policy" in line.text else None)
    goes_there(page, trust, "champion@example.org")
    page.get_by_role("button", name="Sign out").wait_for()
    page.goto(f"{trust}/account/me")
    page.get_by_text("Sign-in at Trust login").wait_for()
    page.goto(f"{trust}/account/2fa/totp/activate/")
    page.get_by_role("link", name="Sign in again at Trust login").click()
    looked_at(page)
    page.get_by_role("button", name="Go to Trust login").click()
    page.get_by_placeholder("sub").fill("champion@example.org")
    page.get_by_role("button", name="Authorize").click()
    page.locator(".oi-secret").wait_for()
    assert stopped == []


def test_a_stranger_is_told_whom_to_ask(page, trust, provider):
    """Given somebody for whom nobody made an account, when they sign in there, then the page says so."""
    goes_there(page, trust, "stranger@example.org")
    page.get_by_role("heading", name="There is no account for you here").wait_for()
    assert "stranger@example.org" in page.inner_text("main")
    looked_at(page)


def test_an_answer_that_is_not_believed_is_told_and_the_password_still_lets_in(page, trust, provider):
    """Given a provider that signs with another key, then nobody is in; and a password lets in as before."""
    provider.answers_wrongly(signed_by="another")
    goes_there(page, trust, "champion@example.org")
    page.get_by_role("heading", name="What Trust login said does not fit").wait_for()
    looked_at(page)
    provider.answers_wrongly()
    sign_in(page, trust, "champion")
    page.get_by_role("button", name="Sign out").wait_for()
