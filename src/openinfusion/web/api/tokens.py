"""Making tokens, ending them, and telling whose one is; each making and ending with its row in the audit record."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import MACHINE_RIGHTS, Permission, Role
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.api.models import Machine, Token
from openinfusion.web.audit import book

PREFIX = "oi_"
LONGEST_DAYS = 365
SCOPES = tuple(one for one in Permission if one in MACHINE_RIGHTS)
# When a token was last used is written no more often than this: not every question is a write.
_EVERY = timedelta(minutes=1)


@transaction.atomic
def make(
    organisation: Organisation, name: str, scopes: Iterable[Permission], *, days: int, by: User, at: datetime
) -> tuple[Token, str]:
    """
    Return a new token and its secret, which is kept nowhere.

    Raises:
        ChangeControlError: it would live too long, or do what only a person may.

    """
    wanted = sorted(one.value for one in set(scopes))
    beyond = [one for one in wanted if Permission(one) not in MACHINE_RIGHTS]
    if beyond or not wanted or not 1 <= days <= LONGEST_DAYS:
        raise ChangeControlError(
            where=f"token {name}",
            found=f"scopes {', '.join(beyond or wanted) or 'none'} for {days} days",
            expected=f"scopes of {', '.join(one.value for one in SCOPES)}, for 1 to {LONGEST_DAYS} days",
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    address = f"{secrets.token_hex(12)}@integration.invalid"
    account = Machine.objects.create_user(address, name=f"{name} (integration)", is_active=False)
    made = Token.objects.create(
        organisation=organisation,
        account=Machine.objects.get(pk=account.pk),
        name=name,
        scopes=wanted,
        sha256=digest(secret),
        made_by=by,
        made_at=at,
        expires_at=at + timedelta(days=days),
    )
    said = {"name": name, "scopes": wanted, "expires": made.expires_at.isoformat()}
    _keep("make token", made, by=by, at=at, after=said, reason=f"{name}: {', '.join(wanted)}")
    return made, secret


@transaction.atomic
def end(token: Token, *, by: User, at: datetime) -> None:
    """End a token, if it has not ended; from now on nobody acts by it."""
    locked = Token.objects.select_for_update(no_key=True).get(pk=token.pk)
    if locked.ended_at is None:
        locked.ended_at, locked.ended_by = at, by
        locked.save(update_fields=["ended_at", "ended_by"])
        _keep("end token", locked, by=by, at=at, after=None, reason=locked.name)


def _keep(action: str, token: Token, *, by: User, at: datetime, after: object, reason: str) -> None:
    where = token.organisation
    role: Role | None = by.actor.role_for(Permission.MANAGE_TOKENS, organisation=where.slug)
    book.write(
        action,
        f"token {token.pk}",
        by=by,
        organisation=where,
        at=at,
        role=role.value if role else "",
        after=after,
        reason=reason,
    )


def digest(secret: str) -> str:
    """Return what is kept of a secret; it has 256 bits of chance, so that no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def token_of(secret: str, at: datetime) -> Token | None:
    """Return the token with a secret if it is good now, and note that it was used."""
    found = Token.objects.filter(sha256=digest(secret), ended_at=None, expires_at__gt=at)
    token = found.select_related("organisation", "account").first()
    if token is not None and (token.used_at is None or at - token.used_at >= _EVERY):
        Token.objects.filter(pk=token.pk).update(used_at=at)
    return token
