"""The first people of a place, made by whoever runs the machine."""

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from openinfusion.core.errors import OperatorError
from openinfusion.core.roles import Duty, Role
from openinfusion.web.accounts.invitation import link
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.people import duties

RESERVED = frozenset({"account", "api", "health", "static"})
"""What an address begins with that is no organisation's."""


@transaction.atomic
def add(email: str, name: str, *, role: Role, organisation: str, care_area: str | None) -> str:
    """
    Make an account, its organisation where there is none, and its duty; return the link that lets its owner in.

    Raises:
        OperatorError: the name of the organisation has no letter.
        ChangeControlError: the duty is held already.

    """
    slug, at = slugify(organisation), timezone.now()
    if not slug or "@" not in email:
        raise OperatorError(where="add-person", found=f"{email}, {organisation!r}", expected="an address and a name")
    if slug in RESERVED:
        raise OperatorError(
            where="add-person",
            found=f"the organisation {organisation!r}",
            expected="another name: pages have that address",
        )
    where, _ = Organisation.objects.get_or_create(slug=slug, defaults={"name": organisation})
    user = duties.account_of(email, name, by=None, organisation=where, at=at)
    duties.give(Duty(role, where.slug, care_area), to=user, by=None, at=at)
    return link(user)
