"""A client of the JSON API for tests: a token of some scopes, and questions by it."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from openinfusion.core.roles import Permission, Role
from openinfusion.web import example
from openinfusion.web.accounts.models import HeldDuty, Organisation, User
from openinfusion.web.api.models import Token
from openinfusion.web.api.tokens import SCOPES, make

ALL = tuple(SCOPES)
ROOT = "/api/v1"


def new_token(*scopes: Permission, organisation: str = example.TRUST) -> tuple[Token, str]:
    """Return a token of an organisation, made by the person there who may."""
    where = Organisation.objects.get(slug=organisation)
    by = User.objects.get(held__organisation=where, held__role=Role.CLINICAL_INFORMATICS.value)
    return make(where, "prescribing", scopes, days=30, by=by, at=timezone.now())


def other_trust() -> Organisation:
    """Return a second organisation with somebody who makes tokens."""
    made = Organisation.objects.create(slug="other-trust", name="Other Trust")
    person = User.objects.create_user("informatics@other.example", None, name="Oli Other")
    HeldDuty.objects.create(user=person, organisation=made, role=Role.CLINICAL_INFORMATICS.value)
    return made


class ApiClient:
    """Asks the API by a token; CSRF is checked, as for a browser."""

    def __init__(self, secret: str = "") -> None:
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def get(self, path: str, said: Any = None, **headers: str) -> HttpResponse:
        return self.client.get(ROOT + path, said, headers=self.headers | _names(headers))

    def send(self, method: str, path: str, said: Any, **headers: str) -> HttpResponse:
        body = said if isinstance(said, bytes) else json.dumps(said)
        kind = headers.pop("content_type", "application/json")
        sent = self.headers | _names(headers)
        return self.client.generic(method, ROOT + path, body, content_type=kind, headers=sent)

    def post(self, path: str, said: Any, **headers: str) -> HttpResponse:
        return self.send("POST", path, said, **headers)

    def put(self, path: str, said: Any, **headers: str) -> HttpResponse:
        return self.send("PUT", path, said, **headers)


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
