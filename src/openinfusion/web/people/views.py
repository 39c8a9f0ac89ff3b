"""Pages about people: one's own, and those of whoever manages accounts and duties."""

from collections.abc import Callable
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts import gate
from openinfusion.web.accounts.gate import needs
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.accounts.provider import oidc_of
from openinfusion.web.people import duties, find
from openinfusion.web.people.forms import DutyForm, PersonForm, ReasonForm

PAGE = 50
# To give and take rights one shows again who one is, as for one's own account; reading asks nothing.
_shown_again: Callable[[gate.View], gate.View] = reauthentication_required(allow_get=True)


def me(request: HttpRequest) -> HttpResponse:
    """Show one's duties and what each allows, the ways in which one signs in, and when one did."""
    mine = gate.person(request)
    held = list(mine.held.filter(ended_at=None).select_related("organisation"))
    context = {"held": held, "rights": {one.role: find.rights_of(one.duty.role) for one in held}, **_ways(mine)}
    return render(request, "people/me.jinja", context)


def _ways(user: User) -> dict[str, Any]:
    return {
        "factors": list(Authenticator.objects.filter(user=user).order_by("type")),
        "elsewhere": [_name_of(one) for one in SocialAccount.objects.filter(user=user)],
        "sign_ins": find.sign_ins(user),
    }


def _name_of(tie: SocialAccount) -> str:
    """Return what a provider is called; one that the place no longer has, by its address."""
    known = oidc_of(tie.provider)
    return known.name if known else f"{tie.provider} (no longer used)"


@needs(Permission.MANAGE_PEOPLE)
def everybody(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Show who has or had a duty in the organisation."""
    words = request.GET.get("q", "")
    page = Paginator(find.people_of(organisation, words), PAGE).get_page(request.GET.get("page"))
    ids = [one.pk for one in page]
    held = organisation.duties.filter(user__in=ids, ended_at=None).select_related("organisation").order_by("role")
    context = {"organisation": organisation, "page": page, "held": list(held), "words": words}
    return render(request, "people/everybody.jinja", context)


@needs(Permission.MANAGE_PEOPLE)
@_shown_again
def add(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Make an account with its first duty, and send the mail that lets its owner in."""
    form = PersonForm(request.POST if request.method == "POST" else None, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        by, at = gate.person(request), timezone.now()
        email, name = form.cleaned_data["email"], form.cleaned_data["name"]
        is_new = not User.objects.filter(email__iexact=email).exists()
        try:
            user = duties.account_of(email, name, by=by, organisation=organisation, at=at)
            duties.give(form.duty, to=user, by=by, at=at)
        except ChangeControlError as error:
            form.add_error(None, f"{error.found}: {error.expected}.")
        else:
            if is_new:
                duties.invite(user, organisation, by=by, at=at)
            messages.success(request, f"{user.name} was added." + (" A mail is on its way to them." if is_new else ""))
            return redirect("people:one", organisation.slug, user.pk)
    return render(request, "people/add.jinja", {"organisation": organisation, "form": form})


def _person(organisation: Organisation, number: int) -> User:
    found = find.people_of(organisation).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


@needs(Permission.MANAGE_PEOPLE)
def one(request: HttpRequest, organisation: Organisation, person: int) -> HttpResponse:
    """Show one person: every duty that they hold or held, and how they sign in."""
    return _page(request, organisation, _person(organisation, person))


def _page(request: HttpRequest, organisation: Organisation, about: User, form: Form | None = None) -> HttpResponse:
    held = about.held.filter(organisation=organisation).select_related("organisation", "given_by", "ended_by")
    context = {
        "organisation": organisation,
        "about": about,
        "held": held.order_by("ended_at", "-given_at"),
        "duty_form": form if isinstance(form, DutyForm) else DutyForm(organisation=organisation),
        "form": form or ReasonForm(),
        **_ways(about),
    }
    return render(request, "people/one.jinja", context, status=422 if form else 200)


def _done(
    request: HttpRequest, organisation: Organisation, about: User, do: Callable[[], object], *, words: str
) -> HttpResponse:
    """Do something to somebody, and go back to their page, which says what came of it."""
    try:
        do()
    except ChangeControlError as error:
        messages.error(request, f"Nothing was changed. Found: {error.found}. Expected: {error.expected}.")
    else:
        messages.success(request, words)
    return redirect("people:one", organisation.slug, about.pk)


@needs(Permission.MANAGE_PEOPLE)
@require_POST
@_shown_again
def give(request: HttpRequest, organisation: Organisation, person: int) -> HttpResponse:
    """Give somebody a duty."""
    about = _person(organisation, person)
    form = DutyForm(request.POST, organisation=organisation)
    if not form.is_valid():
        return _page(request, organisation, about, form)
    by, at = gate.person(request), timezone.now()
    words = f"{about.name} is {form.duty.role.words} now."
    return _done(request, organisation, about, lambda: duties.give(form.duty, to=about, by=by, at=at), words=words)


def _taken(
    request: HttpRequest, organisation: Organisation, about: User, take: Callable[[User, str], object], *, words: str
) -> HttpResponse:
    """Take something from somebody, for a reason that is kept."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, organisation, about, form)
    by, reason = gate.person(request), form.cleaned_data["reason"]
    return _done(request, organisation, about, lambda: take(by, reason), words=words)


@needs(Permission.MANAGE_PEOPLE)
@require_POST
@_shown_again
def end(request: HttpRequest, organisation: Organisation, person: int, duty: int) -> HttpResponse:
    """End a duty."""
    about = _person(organisation, person)
    held = about.held.filter(organisation=organisation, pk=duty).first()
    if held is None:
        raise Http404
    at = timezone.now()
    return _taken(
        request,
        organisation,
        about,
        lambda by, reason: duties.end(held, by=by, at=at, reason=reason),
        words=f"{about.name} is no longer {held.duty.role.words}.",
    )


@needs(Permission.MANAGE_PEOPLE)
@require_POST
@_shown_again
def invite(request: HttpRequest, organisation: Organisation, person: int) -> HttpResponse:
    """Send once more the mail by which somebody sets a password."""
    about = _person(organisation, person)
    by, at = gate.person(request), timezone.now()
    words = f"A mail is on its way to {about.email}."
    return _done(request, organisation, about, lambda: duties.invite(about, organisation, by=by, at=at), words=words)


@needs(Permission.MANAGE_PEOPLE)
@require_POST
@_shown_again
def forget(request: HttpRequest, organisation: Organisation, person: int) -> HttpResponse:
    """Let somebody who lost their second factors set up others."""
    about, at = _person(organisation, person), timezone.now()
    return _taken(
        request,
        organisation,
        about,
        lambda by, reason: duties.forget_second_factors(about, organisation, by=by, at=at, reason=reason),
        words=f"{about.name} sets up a second factor at the next sign-in.",
    )


@needs(Permission.MANAGE_PEOPLE)
@require_POST
@_shown_again
def close(request: HttpRequest, organisation: Organisation, person: int) -> HttpResponse:
    """End every duty that somebody holds here, and the account where none is left."""
    about, at = _person(organisation, person), timezone.now()
    return _taken(
        request,
        organisation,
        about,
        lambda by, reason: duties.close(about, organisation, by=by, at=at, reason=reason),
        words=f"{about.name} holds no duty here any more.",
    )
