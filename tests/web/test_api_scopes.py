"""Every operation of the API by every scope, alone: allowed or 403, and nothing else; and how often a token may ask."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from openinfusion.core.roles import MACHINE_RIGHTS, Permission
from openinfusion.web.api import access
from openinfusion.web.api.v1 import api, operations, scope_of
from tests.postgres import postgresql
from tests.web.api_client import ALL, new_token
from tests.web.own_place import OwnPlace
from tests.web.test_api import problem_of

DOCUMENT = api.get_openapi_schema(path_prefix="api/v1/")
ROUTES = [
    (method.upper(), path, operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
NEEDS = {operation.view_func.__name__: scope_of(operation) for operation in operations()}
# Names of nothing that there is: whatever is allowed finds nothing, and changes nothing.
NAMES = {"number": "999999", "old": "999998", "new": "999999", "part": "entry", "sha256": "0" * 64}
KINDS = ("application/json", "multipart/form-data; boundary=x")


def ask(method, path, secret, kind=KINDS[0]):
    """Ask an operation with nothing in its body."""
    parts = [part.partition("}")[0] for part in path.split("{")[1:]]
    where = path.format(**{part: NAMES.get(part, "nothing") for part in parts})
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    body = b"" if method == "GET" else b"{}"
    return Client(raise_request_exception=False).generic(method, where, body, content_type=kind, headers=headers)


def test_the_table_has_every_operation_and_every_scope():
    """What is asked below is all that there is, and no scope is a right of persons alone."""
    assert {name for _, _, name in ROUTES} == set(NEEDS)
    assert set(ALL) == MACHINE_RIGHTS
    assert {scope for scope in NEEDS.values() if scope} <= {one.value for one in ALL}


@pytest.mark.parametrize("scope", ALL, ids=lambda one: one.value)
def test_a_scope_opens_what_needs_it_and_nothing_else(library, scope):
    """Given a token of one scope, then each operation that names it is allowed, and each that names another is 403."""
    secret = new_token(scope)[1]
    for method, path, name in ROUTES:
        for kind in KINDS if method != "GET" else KINDS[:1]:
            answer = ask(method, path, secret, kind)
            if NEEDS[name] in {None, "", scope.value}:
                assert answer.status_code not in {401, 403}, (method, path, answer.status_code)
                assert answer.status_code < 500, (method, path, answer.content)
            else:
                problem_of(answer, 403)
                assert NEEDS[name] in answer.json()["detail"]


@pytest.mark.parametrize("secret", ["", "oi_none", "x" * 300])
def test_without_a_good_token_all_but_health_is_shut(db, secret):
    """401, whatever is asked."""
    for method, path, name in ROUTES:
        assert (ask(method, path, secret).status_code == 401) == (NEEDS[name] is not None), (method, path)


def test_a_session_of_a_person_is_no_token(signed_in, library):
    """Whoever is signed in on the pages asks the API nothing by that, so that no page of others can have them ask."""
    client = signed_in("informatics")
    for method, path, name in ROUTES:
        if NEEDS[name] is not None and "{" not in path:
            assert client.generic(method, path, b"{}", content_type="application/json").status_code == 401, path


# --- How often -------------------------------------------------------------------------------------------------------

START = datetime(2026, 11, 29, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def three(monkeypatch):
    """A bound of three questions in a minute."""
    monkeypatch.setattr(access, "PER_MINUTE", 3)


def times(token, *moments):
    """Return for each moment whether a question was let through."""
    let = []
    for at in moments:
        try:
            access.count(token.pk, at)
        except access.TooOftenError:
            let.append(False)
        else:
            let.append(True)
    return let


def test_exactly_as_many_as_the_bound_are_let_through(db, three):
    """In each minute of the clock anew."""
    token = new_token(Permission.COMMENT)[0]
    late = START + timedelta(seconds=30)
    assert times(token, *[START] * 5, *[late] * 5) == [True] * 3 + [False] * 2 + [True] * 3 + [False] * 2


def test_a_clock_that_is_behind_gives_no_more(db, three):
    """Of two servers whose clocks differ, both count the same minute."""
    token = new_token(Permission.COMMENT)[0]
    late = START + timedelta(seconds=30)
    assert times(token, late, START, late, START, late) == [True, True, True, False, False]


def test_one_token_does_not_use_up_another_s(db, three):
    """Each has its own."""
    tokens = [new_token(Permission.COMMENT)[0] for _ in range(2)]
    assert [times(token, *[START] * 4) for token in tokens] == [[True, True, True, False]] * 2


def test_a_refusal_says_when_to_ask_again(db, three, monkeypatch):
    """In seconds, in the header that machines read."""
    secret = new_token(Permission.VIEW_LIBRARY)[1]
    monkeypatch.setattr(access.timezone, "now", lambda: datetime.now(tz=UTC).replace(second=20))
    answers = [ask("GET", "/api/v1/libraries", secret) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    problem_of(answers[-1], 429)
    assert answers[-1]["Retry-After"] == "40"


MANY = """
import threading
from datetime import timedelta
import django
django.setup()
from django.db import connection
from django.utils import timezone
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.api import access
from openinfusion.web.api.models import Token
from openinfusion.web.api.tokens import make
access.PER_MINUTE = 30
where = Organisation.objects.create(slug="a-trust", name="A Trust")
by = User.objects.create_user("ann@example.org", None, name="Ann")
now = timezone.now()
token, _ = make(where, "system", [Permission.COMMENT], days=1, by=by, at=now)
let, ready = [], threading.Barrier(8)

def ask():
    ready.wait()
    for _ in range(5):
        try:
            access.count(token.pk, now)
        except access.TooOftenError:
            let.append(False)
        else:
            let.append(True)
    connection.close()

threads = [threading.Thread(target=ask) for _ in range(8)]
for one in threads:
    one.start()
for one in threads:
    one.join()
print(len(let), sum(let), Token.objects.get(pk=token.pk).asked)
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_many_at_once_none_is_lost_and_none_too_many(database, tmp_path):
    """Given forty questions on eight connections at once, then exactly thirty pass, on either database."""
    with ExitStack() as running:
        settings = ""
        if database == "postgresql":
            file = running.enter_context(postgresql()).database(tmp_path / "database.secret")
            settings = f'database = "{file}"\n'
        assert OwnPlace(tmp_path / "place", settings).run("-c", MANY) == "40 30 30"
