"""Pages of tokens: which there are, make one, end one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.roles import Permission
from openinfusion.web.accounts import signing
from openinfusion.web.accounts.gate import needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.api.forms import NewToken
from openinfusion.web.api.tokens import SCOPES, end, make


@needs(Permission.MANAGE_TOKENS)
def tokens(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Show the tokens of an organisation, the newest first."""
    found = organisation.tokens.select_related("made_by", "ended_by")
    words = {one.value: one.words for one in SCOPES}
    context = {"organisation": organisation, "tokens": found, "now": timezone.now(), "words": words}
    return render(request, "api/tokens.jinja", context)


@needs(Permission.MANAGE_TOKENS)
def new_token(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Make a token once the person has shown that it is they; its secret is on this page, and never again."""
    form = NewToken(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        signing.fresh(request, f"a token for {said['name']}")
        scopes = [one for one in SCOPES if one.value in said["scopes"]]
        made, secret = make(
            organisation, said["name"], scopes, days=said["days"], by=person(request), at=timezone.now()
        )
        return render(request, "api/made.jinja", {"organisation": organisation, "token": made, "secret": secret})
    context = {"organisation": organisation, "form": form, "chosen": form["scopes"].value() or []}
    return render(request, "api/new.jinja", context, status=422 if form.errors else 200)


@require_POST
@needs(Permission.MANAGE_TOKENS)
def end_token(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """End a token once the person has shown that it is they."""
    found = organisation.tokens.filter(pk=number).first()
    if found is None:
        raise Http404
    signing.fresh(request, f"that the token for {found.name} ends")
    end(found, by=person(request), at=timezone.now())
    return redirect("api:tokens", organisation.slug)
