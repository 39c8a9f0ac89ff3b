"""Stories of signing in, in a real browser, with an authenticator that the browser itself plays."""

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

from tests.web.browser import PASSWORD, overflows, sign_in, violations

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def localhost(address):
    """The same server by the name for which a browser gives passkeys without TLS."""
    return address.replace("127.0.0.1", "localhost")


@pytest.fixture
def authenticator(page):
    """An authenticator inside the computer, as a laptop has one."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    return session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]


def looked_at(page):
    """Nothing that axe finds, and nothing wider than a narrow window."""
    assert violations(page) == [], page.url
    page.set_viewport_size({"width": 320, "height": 800})
    assert not overflows(page), page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_passkey_is_added_and_signs_in_alone(page, localhost, authenticator):
    """
    Given a trainer with a password.

    When they add a passkey, sign out, and choose to sign in with it,
    then they are in, and no script was stopped by the policy.
    """
    stopped = []
    page.on("console", lambda line: stopped.append(line.text) if "Content Security Policy" in line.text else None)
    sign_in(page, localhost, "trainer")
    page.goto(f"{localhost}/account/2fa/")
    looked_at(page)
    page.get_by_role("button", name="Add a passkey").click()
    if page.get_by_label("Password of trainer@example.org").count():
        looked_at(page)
        page.get_by_label("Password of trainer@example.org").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
    looked_at(page)
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    looked_at(page)
    page.goto(f"{localhost}/account/2fa/")
    assert "My laptop" in page.inner_text("main")
    looked_at(page)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("link", name="Terry Trainer").wait_for()
    assert stopped == []


def test_a_passkey_is_the_second_way_after_a_password(page, localhost, authenticator):
    """Given somebody with a passkey, when they sign in with their password, then the passkey is asked for too."""
    sign_in(page, localhost, "psl")
    page.goto(f"{localhost}/account/2fa/webauthn/add/")
    if page.get_by_label("Password of psl@example.org").count():
        page.get_by_label("Password of psl@example.org").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, localhost, "psl")
    looked_at(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("link", name="Pat Patient-Safety").wait_for()


def test_without_an_authenticator_the_page_says_what_to_do(page, localhost):
    """Given a computer without passkeys, when one is asked for, then words say so, and the other ways stay."""
    page.goto(f"{localhost}/account/login/")
    page.evaluate(
        "() => { navigator.credentials.get = async () => { throw new DOMException('no', 'NotAllowedError') } }"
    )
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("No passkey was given").wait_for()
    looked_at(page)


def test_an_authenticator_app_is_set_up_by_its_key(page, address):
    """Given somebody whose phone reads no picture, when they type the key into the app, then its code is taken."""
    sign_in(page, address, "maker")
    page.goto(f"{address}/account/2fa/totp/activate/")
    if page.get_by_label("Password of maker@example.org").count():
        page.get_by_label("Password of maker@example.org").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
    looked_at(page)
    secret = page.locator(".oi-secret").inner_text().replace(" ", "")
    page.get_by_label("Code").fill(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()


@pytest.mark.parametrize(
    "where", ["login/", "password/reset/", "password/reset/done/", "password/reset/key/1-x/", "elsewhere/error/"]
)
def test_pages_of_people_who_are_not_signed_in(page, address, where):
    """Each can be read by everybody, however narrow the window."""
    page.goto(f"{address}/account/{where}")
    looked_at(page)
