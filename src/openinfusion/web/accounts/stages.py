"""What is asked after somebody signed in elsewhere or gave their password."""

from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest

from openinfusion.web.accounts.elsewhere import is_second_factor


class SecondFactor(AuthenticateStage):  # type: ignore[misc]  # the package has no types
    """Our own second factor, where there is one, unless a provider says that it has asked for one."""

    def _should_handle(self, request: HttpRequest) -> bool:
        said = (self.login.signal_kwargs or {}).get("elsewhere")
        return not (said and is_second_factor(said)) and bool(super()._should_handle(request))
