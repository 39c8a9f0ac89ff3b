"""What somebody who means harm finds: headers, cookies, templates, uploads, hosts, secrets."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from openinfusion.web import example
from openinfusion.web import settings as product
from openinfusion.web.accounts.models import User
from openinfusion.web.place import Place

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src/openinfusion/web"
TEMPLATES = sorted([*WEB.rglob("*.jinja"), *WEB.rglob("*.html")])
PAGES = ("/account/login/", "/nowhere", "/health", "/example-trust/libraries", "/account/2fa/webauthn/login/")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", [None, "reader"])
def test_every_answer_has_its_headers(client, signed_in, page, name):
    """Also a refusal, a redirect and what is read by a script."""
    answer = (signed_in(name) if name else client).get(page)
    policy = dict(one.strip().partition(" ")[::2] for one in answer["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in answer["content-security-policy"]
    assert answer["x-content-type-options"] == "nosniff"
    assert answer["x-frame-options"] == "DENY"
    assert answer["referrer-policy"] == "same-origin"
    assert answer["cross-origin-opener-policy"] == "same-origin"
    assert answer["cache-control"].startswith(("no-store", "max-age=0"))
    assert "camera=()" in answer["permissions-policy"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
def test_no_template_holds_a_script_or_a_style(template):
    """The policy would stop them, and a policy that allowed them would stop nothing. Data in one does not run."""
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=|[^>]*\btype=\"application/json\")", text)
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|hx-on|javascript:", text)


def test_nothing_is_marked_safe_that_a_person_typed():
    """``safe`` stands behind our own words alone."""
    for template in TEMPLATES:
        for found in re.finditer(r"([\w.\"'>)\]]+)\s*\|\s*safe\b", template.read_text()):
            assert found[1].endswith(('"', "'", ")")), (template.name, found[0])


def test_html_in_a_name_is_shown_as_typed(signed_in, person):
    """In the frame of every page, and in attributes."""
    reader = person("reader")
    reader.name = '"><script>alert(1)</script>'
    reader.save()
    for page in ("/example-trust/libraries", "/account/me"):
        text = signed_in("reader").get(page).content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


def test_cookies_are_for_the_server_alone(client, db):
    """No script reads them, and no other place has them sent."""
    client.post("/account/login/", {"login": "reader@example.org", "password": example.PASSWORD})
    for name in ("sessionid",):
        assert client.cookies[name]["httponly"]
        assert client.cookies[name]["samesite"] == "Lax"
    client.get("/account/me")
    assert client.cookies["csrftoken"]["httponly"]


def test_a_session_gets_a_new_name_on_signing_in(client, db):
    """Whoever planted one has nothing."""
    client.get("/account/login/?next=/")
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    client.post("/account/login/", {"login": "reader@example.org", "password": example.PASSWORD})
    assert client.cookies["sessionid"].value != before


def test_another_host_is_refused(client, db):
    """An answer that names itself by what the asker said would lead elsewhere."""
    assert client.get("/account/login/", headers={"host": "evil.example"}).status_code == 400


def test_a_mail_names_the_place_not_the_host_that_was_asked(client, db, mailoutbox):
    """The link to set a password goes to the origin in the settings."""
    client.post("/account/password/reset/", {"email": "reader@example.org"}, headers={"host": "127.0.0.1:666"})
    assert "http://localhost:8000/account/password/reset/key/" in mailoutbox[0].body
    assert "666/account" not in mailoutbox[0].body


@pytest.mark.parametrize("size", [6 * 1024 * 1024])
def test_a_form_that_is_too_large_is_refused(signed_in, size):
    """Before it fills the memory, in words."""
    answer = signed_in("informatics").post("/example-trust/people/add", {"name": "x" * size})
    assert answer.status_code == 400
    assert "cannot be read" in answer.content.decode()


def test_a_form_of_too_many_fields_is_refused(signed_in):
    """As many as no page of ours has."""
    answer = signed_in("informatics").post("/example-trust/people/add", {f"f{n}": "x" for n in range(2_500)})
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [b"{", b'{"id": 1}', b"\xff\xfe", b"null", b"[" * 10_000])
def test_a_passkey_that_is_none_is_refused(body, db):
    """Whatever stands in the field: no fault of ours."""
    answer = Client().post("/account/2fa/webauthn/login/", {"credential": body.decode("latin-1")})
    assert answer.status_code in {302, 400}


@pytest.fixture(scope="module")
def over_tls(tmp_path_factory):
    """A folder whose application is reached by https."""
    folder = tmp_path_factory.mktemp("tls")
    (folder / "web.toml").write_text('origin = "https://pumps.example.org"\n')
    return folder


def _django(folder, *words):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO")}
    return subprocess.run(
        [sys.executable, *words],
        env=environment | {"OPENINFUSION_WEB": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_django_finds_nothing_to_say_of_a_place_with_tls(over_tls):
    """Its own check of what is deployed, with warnings as errors."""
    done = _django(over_tls, "-m", "openinfusion.web.manage", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout


def test_over_tls_cookies_and_passkeys_are_bound_to_it(over_tls):
    """Nothing goes in clear, and a passkey serves this origin alone."""
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT")
    code = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'openinfusion.web.settings'\n"
        "from django.conf import settings as s\n"
        f"print([getattr(s, name) for name in {names}], s.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN, s.SECURE_HSTS_SECONDS)"
    )
    assert _django(over_tls, "-c", code).stdout == "[True, True, True] False 31536000\n"


def test_the_secret_key_is_each_place_s_own(tmp_path):
    """Made by chance, read by its owner alone."""
    keys = set()
    for name in ("a", "b"):
        place = Place(tmp_path / name)
        keys.add(place.secret_key())
        assert place.secret_key() in keys
        assert (tmp_path / name / "secret.key").stat().st_mode & 0o077 == 0
    assert len(keys) == 2


def test_no_secret_lies_in_the_repository():
    """No key of the application, no private key, no password in an address, save in the tests' own examples."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    shapes = re.compile(
        r"-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----\s+\w|SECRET_KEY\s*=\s*[\"'][^\"']{20}|"
        r"(?:postgresql|smtp\+?\w*)://\w+:(?!PASSWORD\b|password\b)[^@\s{]+@"
    )
    assert not [name for name in listed if name.endswith((".key", ".pem", "secret"))]
    for name in listed:
        if name.startswith(("src/", "docs/", "examples/", "tools/", "requirements/")) or "/" not in name:
            path = ROOT / name
            if path.is_file() and path.suffix in {".py", ".md", ".toml", ".json", ".txt", ".yml", ""}:
                assert not shapes.search(path.read_text(errors="replace")), name


def test_no_password_is_kept_in_clear(db):
    """Each under scrypt in the product's own settings."""
    assert product.PASSWORD_HASHERS == ["django.contrib.auth.hashers.ScryptPasswordHasher"]
    assert not [one for one in User.objects.all() if example.PASSWORD in one.password]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
def test_whatever_asks_by_itself_says_so(template):
    """Else a page that is left open would keep somebody signed in for ever."""
    asking = re.findall(r"<[^>]*hx-trigger=\"[^\"]*every [^>]*>", template.read_text())
    assert all("X-Poll" in one for one in asking)
