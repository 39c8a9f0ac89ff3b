"""
The API, asked as its own OpenAPI document allows and forbids: never a fault, always what the document says.

Each operation is asked with generated questions, the same in every run, and again with the names of what there is in
place of generated ones, by three tokens: of all scopes, of none that the operation needs, of another organisation.
"""

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from openinfusion.core.roles import Permission
from openinfusion.web.api import access
from openinfusion.web.api.v1 import api, operations, scope_of
from openinfusion.web.library.models import Part, Span
from tests.web.api_client import ALL, ApiClient, new_token, other_trust

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 2
OPEN = {"get_health"}
_FIXED = GenerationConfig(deterministic=True, max_examples=EXAMPLES, no_shrink=True, with_security_parameters=False)
_CONFIG = SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=_FIXED)))
schema = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix="api/v1/"), config=_CONFIG)
schema.app = get_wsgi_application()
as_documented = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def place(library, monkeypatch):
    """
    The names of what there is: a version, an entry of it, and a change request with a draft.

    No request closes the connection in which a test is rolled back, as none of Django's own client does; that client
    ends by having requests close it again, so that this is said once it has asked.
    """
    cache.clear()
    monkeypatch.setattr(access, "PER_MINUTE", 1_000_000)
    client = ApiClient(new_token(*ALL)[1])
    reference = client.post("/changes", {"library": "adult", "title": "A wider limit", "trigger": "other"}).json()
    version = library.versions.get(number=2)
    entry = Span.objects.at(version).filter(part=Part.ENTRY).first().item
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield {
        "library": "adult",
        "number": 2,
        "old": 1,
        "new": 2,
        "entry": entry,
        "part": "entry",
        "item": entry,
        "reference": reference["reference"],
        "sha256": version.sha256,
    }
    for signal in signals:
        signal.connect(close_old_connections)


def answers(case, secret, place):
    """Ask as generated and with real names; return both answers, each as the document says."""
    headers = {"Authorization": f"Bearer {secret}"}
    yield case.call_and_validate(headers=headers, checks=CHECKS)
    if case.path_parameters:
        case.path_parameters = {name: place[name] for name in case.path_parameters}
        yield case.call_and_validate(headers=headers, checks=CHECKS)


@schema.parametrize()
@as_documented
def test_a_token_of_all_scopes_is_answered_as_the_document_says(case, place, all_scopes):
    """No fault, and no answer that the document does not describe."""
    for answer in answers(case, all_scopes, place):
        assert answer.status_code != 401, (answer.content, dict(answer.request.headers))


@schema.parametrize()
@as_documented
def test_a_token_without_the_scope_is_told_so_and_nothing_else(case, place, too_little):
    """Refused whatever else is wrong with a question; what needs no scope is answered."""
    scope = SCOPES[case.operation.definition.raw["operationId"]]
    for answer in answers(case, too_little[scope], place):
        refused = answer.status_code in {400, 401, 403, 404, 405}
        assert refused if scope else answer.status_code < 500


@schema.parametrize()
@as_documented
def test_a_token_of_another_organisation_finds_nothing_here(case, place, foreign):
    """Nothing of this organisation is in any answer."""
    for answer in answers(case, foreign, place):
        assert not any(secret in answer.content for secret in (b"example-trust", b"Example Trust", b"Adult library"))
        if case.path_parameters and answer.status_code < 400:
            pytest.fail(f"{case.method} {case.path} answers {answer.status_code}")


SCOPES = {operation.view_func.__name__: scope_of(operation) for operation in operations()}


@pytest.fixture
def all_scopes(place):
    return new_token(*ALL)[1]


@pytest.fixture
def too_little(place):
    """For each scope, a token that has every other."""
    made = {one.value: new_token(*(other for other in ALL if other is not one))[1] for one in ALL}
    return made | {"": made[Permission.VIEW_LIBRARY.value], None: ""}


@pytest.fixture
def foreign(place):
    other_trust()
    return new_token(*ALL, organisation="other-trust")[1]


def test_every_operation_but_health_needs_a_token():
    """A new operation is closed until somebody opens it."""
    assert {name for name, scope in SCOPES.items() if scope is None} == OPEN


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/nothing"])
def test_no_page_of_the_package_is_served(client, path):
    """Its pages load scripts from elsewhere."""
    assert client.get(f"/api/v1{path}").status_code in {401, 404}
