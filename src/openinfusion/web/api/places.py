"""Operations about the organisation of a token, and whether the place is well."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from openinfusion.web.api.access import Bearer, here, machine
from openinfusion.web.api.service import answers
from openinfusion.web.design.views import health

router = Router(tags=["Place"])


class TokenOut(Schema):
    """The token that asks."""

    name: str
    scopes: list[str]
    expires_at: datetime


class OrganisationOut(Schema):
    """The organisation of the token: the only one that it can speak of."""

    slug: str
    name: str
    is_national: bool
    token: TokenOut


class Health(Schema):
    """Whether the place is well."""

    status: str


@router.get("/organisation", response=answers(OrganisationOut), auth=Bearer())
def get_organisation(request: HttpRequest) -> dict[str, Any]:
    """Get the organisation of the token, and what the token may do. Any token may ask."""
    one, token = here(request), machine(request).token
    shown = {name: getattr(token, name) for name in TokenOut.model_fields}
    return {"slug": one.slug, "name": one.name, "is_national": one.is_national, "token": shown}


@router.get("/health", response={200: Health})
def get_health(request: HttpRequest) -> HttpResponse:
    """Tell whether the database answers. Nobody needs a token for it."""
    return health(request)
