"""What is ours around the pages of django-allauth."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.views._reauthenticate import BaseReauthenticateView
from allauth.mfa.models import Authenticator
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponseBase

from openinfusion.web.accounts import elsewhere
from openinfusion.web.accounts.second_factor import is_demanded, is_the_last


def unless_the_last(remove: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let nobody remove their last second factor where one is demanded."""

    @wraps(remove)
    def asked(request: HttpRequest, pk: int) -> HttpResponseBase:
        found = Authenticator.objects.filter(pk=pk, user=request.user.pk).first()
        if found is not None and is_demanded() and is_the_last(found):
            raise PermissionDenied("It is the only second way to show that it is you. Add another first.")
        return remove(request, pk=pk)

    return asked


class SignInAgain(LoginRequiredMixin, BaseReauthenticateView):  # type: ignore[misc]  # the package has no types
    """Show anew who one is, at a provider of the trust's own."""

    reauthentication_method = elsewhere.METHOD
    form_class = Form
    template_name = "socialaccount/reauthenticate.jinja"

    def get_context_data(self, **named: Any) -> dict[str, Any]:  # noqa: ANN401 - Django's
        """Return what the page shows: where one goes."""
        provider = elsewhere.provider_of(self.request, self.kwargs["provider_id"])
        return {**super().get_context_data(**named), "provider": provider.oidc}

    def form_valid(self, _form: Form) -> HttpResponseBase:
        """Lead to the provider; the form that waits is answered when the person comes back."""
        return elsewhere.begin_again(self.request, self.kwargs["provider_id"], self.get_next_url())
