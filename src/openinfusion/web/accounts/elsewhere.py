"""
Signing in, and showing anew that it is you, at a trust's own identity provider.

An account is found by what it was tied to at an earlier sign-in, else by its e-mail address, which the provider must
say is confirmed; nobody gets an account by signing in. The tie is made once everything was shown, the second factor
of this application among it.
"""

import hashlib
import secrets
from dataclasses import asdict
from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.reauthentication import resume_request
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.core import ratelimit
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.dispatch import Signal
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from openinfusion.web.accounts import signing
from openinfusion.web.accounts.gate import person
from openinfusion.web.accounts.models import User
from openinfusion.web.accounts.provider import SKEW, NoAnswerError, NotBelievedError, Provider, Said, oidc_of
from openinfusion.web.accounts.second_factor import SHOWN_ELSEWHERE

# Told with user, provider and reason: the audit record keeps both.
tied, refused = Signal(), Signal()
METHOD = "socialaccount"
_SIGN_IN, _AGAIN = "sign in", "again"


def sign_in(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Send somebody to a provider to sign in there; asked first, so that no other page sends them."""
    asked = provider_of(request, provider_id)
    if request.method != "POST":
        return render(request, "socialaccount/login.jinja", {"provider": asked.oidc})
    if too_often := ratelimit.consume_or_429(request, action="login"):
        return cast("HttpResponseBase", too_often)
    return _go(request, asked, _SIGN_IN, next_url=get_next_redirect_url(request))


def begin_again(request: HttpRequest, provider_id: str, next_url: str | None) -> HttpResponseBase:
    """Send somebody to show anew who they are, for what they are about to sign and for nothing else."""
    about = request.session.get(signing.PENDING, {}).get("digest", "")
    more = {"user": request.user.pk, "about": about, "at": timezone.now().timestamp()}
    return _go(request, provider_of(request, provider_id), _AGAIN, next_url=next_url, **more)


@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Take what a provider says of somebody who comes back from there."""
    provider = provider_of(request, provider_id)
    if too_often := ratelimit.consume_or_429(request, action="login"):
        return cast("HttpResponseBase", too_often)
    asked = statekit.unstash_state(request, provider_id=provider_id, state_id=request.GET.get("state", ""))
    if request.GET.get("error") == "access_denied":
        return redirect("socialaccount_login_cancelled")
    try:
        return _taken(request, provider, asked)
    except (NoAnswerError, NotBelievedError) as error:
        # What nobody asked for is refused, and no stranger fills the record with it.
        return _failed(request, provider, error, is_kept=asked is not None)


def _taken(request: HttpRequest, provider: Provider, asked: dict[str, Any] | None) -> HttpResponseBase:
    if asked is None or "code" not in request.GET:
        raise NotBelievedError(
            where=provider.oidc.name,
            found="an answer to nothing that this browser asked in the last 10 minutes, or a refusal",
            expected="a code, with the state that was sent",
        )
    said = provider.said(asked, request.GET["code"])
    return _shown_again(request, asked, said) if asked["process"] == _AGAIN else _signed_in(request, asked, said)


def provider_of(request: HttpRequest, provider_id: str) -> Provider:
    """Return a provider of the place by what stands for it in an address; raises Http404."""
    found = oidc_of(provider_id)
    if found is None:
        raise Http404
    return Provider(request, found)


def _go(request: HttpRequest, asked: Provider, process: str, *, next_url: str | None, **more: Any) -> HttpResponseBase:  # noqa: ANN401 - JSON
    """Answer with a page that leads to the provider: the policy of every page lets no form lead away from here."""
    # What is signed goes into the nonce, which the provider signs: its answer serves for nothing else.
    nonce = hashlib.sha256(f"{secrets.token_hex(32)} {more.get('about', '')}".encode()).hexdigest()
    said = {"nonce": nonce} | ({"prompt": "login", "max_age": "0"} if process == _AGAIN else {})
    try:
        away = asked.get_provider().redirect(request, process, next_url=next_url, auth_params=said, nonce=nonce, **more)
    except (NoAnswerError, NotBelievedError) as error:
        return _failed(request, asked, error)
    context = {"provider": asked.oidc.name, "redirect_to": away["location"]}
    return render(request, "socialaccount/login_redirect.jinja", context)


def _failed(
    request: HttpRequest, provider: Provider, error: NoAnswerError | NotBelievedError, *, is_kept: bool = True
) -> HttpResponse:
    """Say what did not work, and what does; whoever runs the place finds the reason in the audit record."""
    is_silent = isinstance(error, NoAnswerError)
    told = f"{provider.oidc.name}: {'no answer' if is_silent else 'not believed'}: {error.found}"
    if is_kept:
        refused.send(sender=Provider, user=None, provider=provider.oidc.id, reason=told)
    context = {"provider": provider.oidc.name, "is_silent": is_silent, "is_signed_in": request.user.is_authenticated}
    status = 503 if is_silent else 403
    return render(request, "socialaccount/authentication_error.jinja", context, status=status)


def _signed_in(request: HttpRequest, asked: dict[str, Any], said: Said) -> HttpResponseBase:
    user = account_of(said)
    if user is None or not speaks_for(said.provider, user):
        reason = "nobody's account" if user is None else "an account whose address is of none of its domains"
        refused.send(sender=Provider, user=None, provider=said.provider, reason=reason)
        return render(request, "account/signup_closed.jinja", {"email": said.email}, status=403)
    if request.user.is_authenticated:
        get_adapter().logout(request)
    record_authentication(request, user, METHOD, provider=said.provider, uid=said.subject)
    login = Login(user=user, redirect_url=asked.get("next"), signal_kwargs={"elsewhere": asdict(said)})
    return cast("HttpResponseBase", perform_login(request, login))


def account_of(said: Said) -> User | None:
    """
    Return whose account a sign-in at a provider is, or ``None``.

    An address that is tied to another person there was given to somebody new: whoever manages people ends the old tie.
    """
    found = SocialAccount.objects.filter(provider=said.provider, uid=said.subject).select_related("user").first()
    if found is not None:
        return cast("User", found.user)
    user = User.objects.filter(email__iexact=said.email, is_active=True).first() if said.email else None
    is_taken = user is not None and SocialAccount.objects.filter(provider=said.provider, user=user).exists()
    return None if is_taken else user


def speaks_for(provider: str, user: User) -> bool:
    """Whether an account is a provider's to open: where there are several, each has the addresses of its own people."""
    oidc = oidc_of(provider)
    return oidc is not None and oidc.speaks_for(user.email)


def keep(request: HttpRequest, user: User, said: dict[str, Any]) -> None:
    """Tie an account to a provider, now that everything was shown, and note whether a second factor was shown there."""
    _, is_new = SocialAccount.objects.get_or_create(provider=said["provider"], uid=said["subject"], user=user)
    if is_new:
        tied.send(sender=Provider, user=user, provider=said["provider"])
    if is_second_factor(said):
        request.session[SHOWN_ELSEWHERE] = said["provider"]


def is_second_factor(said: dict[str, Any]) -> bool:
    """Whether a provider says of a sign-in what the place takes for a second factor."""
    oidc = oidc_of(said["provider"])
    return oidc is not None and not set(oidc.second_factor).isdisjoint(said["ways"])


def _shown_again(request: HttpRequest, asked: dict[str, Any], said: Said) -> HttpResponseBase:
    """Take somebody for shown anew, and answer the form that waits for it."""
    about = request.session.get(signing.PENDING, {}).get("digest", "")
    mine = SocialAccount.objects.filter(provider=said.provider, uid=said.subject, user=request.user.pk)
    if request.user.pk != asked["user"] or not mine.exists() or not speaks_for(said.provider, person(request)):
        why = "another person than the one who is signed in here"
    elif about != asked["about"]:
        why = "something else to be signed than when it was asked"
    elif said.at is None or said.at < asked["at"] - SKEW.total_seconds():
        why = "a sign-in of earlier: it did not ask anew"
    else:
        named = {"provider": said.provider, "uid": said.subject}
        record_authentication(request, request.user, METHOD, reauthenticated=True, **named)
        # django-allauth takes up the form at the address that the question names.
        request.GET = QueryDict(urlencode({"next": asked.get("next") or "/"}))
        return cast("HttpResponseBase", resume_request(request) or redirect("/"))
    raise NotBelievedError(where=said.provider, found=why, expected="that you show anew who you are")


def ways_to_show_again(user: User) -> list[dict[str, str]]:
    """Return the providers at which somebody may show anew who they are, as django-allauth lists ways."""
    known = {one.provider for one in SocialAccount.objects.filter(user=user)}
    return [
        {
            "id": f"elsewhere:{one.id}",
            "description": f"Sign in again at {one.name}",
            "url": reverse("sign_in_again", args=[one.id]),
        }
        for one in settings.PLACE.oidc
        if one.id in known and one.speaks_for(user.email)
    ]


def shown_lately(request: HttpRequest) -> bool:
    """Whether the person showed at a provider who they are, within the time that counts for pages of an account."""
    since = timezone.now().timestamp() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    records = get_authentication_records(request, request.user)
    return any(one["method"] == METHOD and one.get("reauthenticated") and one["at"] > since for one in records)
