"""Whether a page is somebody's: everybody signs in, and each view names the right that it needs."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from openinfusion.core.roles import Actor, Permission, why_not_permitted
from openinfusion.web.accounts import second_factor
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.design.views import bad_request

PUBLIC = "is_public"
_ACTOR = "openinfusion_actor"
_MISSHAPEN = (KeyError, RecursionError, TypeError, ValueError)
View = Callable[Concatenate[HttpRequest, Organisation, ...], HttpResponseBase]


def everybody_signs_in(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """
    Send whoever is not signed in to the page where they do, save for what is public.

    Whoever has signed in, but has no second factor where one is demanded, goes to where it is set up.
    """

    class Gate:
        def __call__(self, request: HttpRequest) -> HttpResponseBase:
            return answer(request)

        def process_view(
            self, request: HttpRequest, view: Callable[..., HttpResponseBase], _args: object, _named: object
        ) -> HttpResponseBase | None:
            if getattr(view, PUBLIC, False) or _is_for_signing_in(request):
                return None
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            if second_factor.is_demanded() and not second_factor.is_met(request, person(request)):
                return redirect("mfa_index")
            return None

        def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
            # What a browser says of a passkey is read by others' code, which does not expect every shape of it.
            is_passkey = request.path_info.startswith("/account/2fa/") and "credential" in request.POST
            return bad_request(request, error) if is_passkey and isinstance(error, _MISSHAPEN) else None

    return Gate()


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Lead to where one signs in; where a part of a page asked, the whole page goes there, not the part."""
    if request.headers.get("HX-Request") != "true":
        return redirect_to_login(request.get_full_path())
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    where = redirect_to_login(page._replace(scheme="", netloc="").geturl() or request.path)["Location"]
    return HttpResponse(status=401, headers={"HX-Redirect": where})


def _is_for_signing_in(request: HttpRequest) -> bool:
    """Whether a page is for signing in and for the ways to do so, or asks by itself (the API: by token)."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    is_own_page = request.path_info.startswith("/account/") and name != "me"
    return name == "health" or is_own_page or request.path_info.startswith("/api/")


def person(request: HttpRequest) -> User:
    """Return who asks; a view behind the gate always has one."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks, with the duties that they hold as the request comes; asked of the database once."""
    if not hasattr(request, _ACTOR):
        setattr(request, _ACTOR, person(request).actor)
    found: Actor = getattr(request, _ACTOR)
    return found


def needs(permission: Permission) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """
    Give a view its organisation by the slug in the address, and let it answer only to whoever may.

    Where the person holds no duty at all, the organisation does not exist for them: 404, as for a mistyped address.
    """

    def wrap(view: View) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, organisation: str, *parts: Any, **named: Any) -> HttpResponseBase:  # noqa: ANN401
            found = organisation_of(request, organisation)
            refuse_unless(request, permission, found)
            return view(request, found, *parts, **named)

        checked.permission = permission  # type: ignore[attr-defined]  # the matrix of roles and routes reads it
        return checked

    return wrap


def organisation_of(request: HttpRequest, slug: str) -> Organisation:
    """Return the organisation of an address; raises Http404 where it is none of the person's."""
    mine = {duty.organisation for duty in actor_of(request).duties}
    found = Organisation.objects.filter(slug=slug).first() if slug in mine else None
    if found is None:
        raise Http404
    return found


def refuse_unless(
    request: HttpRequest, permission: Permission, organisation: Organisation, *, care_area: str | None = None
) -> None:
    """Raise PermissionDenied in words unless the person may."""
    if why := why_not(request, permission, organisation, care_area=care_area):
        raise PermissionDenied(why)


def why_not(
    request: HttpRequest, permission: Permission, organisation: Organisation, *, care_area: str | None = None
) -> str | None:
    """Return why this is not the person's to do, and whose it is, or ``None``."""
    why = why_not_permitted(actor_of(request), permission, organisation=organisation.slug, care_area=care_area)
    return why and f"{why[0].upper()}{why[1:].replace(organisation.slug, organisation.name)}."
