"""Who asks: a good token, with the scope that an operation names, and not too often."""

from datetime import datetime
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import HttpBearer

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.api.models import Machine, Token
from openinfusion.web.api.tokens import token_of

PER_MINUTE = 600
MINUTE = 60
LONGEST = 200


class TooOftenError(HttpError):
    """A token asked more often than it may in a minute."""

    def __init__(self, seconds: int) -> None:
        """Say how often that is, and when to ask again."""
        super().__init__(429, f"This token asked {PER_MINUTE} times in this minute; ask again in {seconds} seconds.")
        self.seconds = seconds


class Bearer(HttpBearer):
    """A token in the header Authorization; without a scope, any good one."""

    def __init__(self, scope: Permission | None = None) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, _request: HttpRequest, token: str) -> Machine | None:
        """Return the account of a token; what stands in a session does not count here."""
        found = token_of(token, timezone.now()) if len(token) <= LONGEST else None
        if found is None:
            return None
        count(found.pk, timezone.now())
        if self.scope is not None and self.scope.value not in found.scopes:
            raise PermissionDenied(f"This token has not the scope {self.scope.value}: it may not {self.scope.words}.")
        return found.account


def count(token: int, at: datetime) -> None:
    """
    Count one question of a token in this minute: each in one statement, so that of many at once none is lost.

    Raises:
        TooOftenError: it has asked as often as it may.

    """
    second = int(at.timestamp())
    mine = Token.objects.filter(pk=token)
    # A server whose clock is behind counts in the minute of the others.
    this = mine.filter(minute__gte=second // MINUTE, asked__lt=PER_MINUTE)
    if this.update(asked=F("asked") + 1):
        return
    if mine.filter(minute__lt=second // MINUTE).update(minute=second // MINUTE, asked=1):
        return
    # Another began the minute between the two.
    if not this.update(asked=F("asked") + 1):
        raise TooOftenError(MINUTE - second % MINUTE)


def machine(request: HttpRequest) -> Machine:
    """Return the account that asks."""
    return cast("Machine", cast("Any", request).auth)


def here(request: HttpRequest) -> Organisation:
    """Return the organisation of the token: the only one that it can speak of."""
    return machine(request).token.organisation
