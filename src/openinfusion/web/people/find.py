"""Who is who in an organisation, and what is known of them."""

from django.db.models import Q, QuerySet

from openinfusion.core.roles import RIGHTS, Permission, Role
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.library.models import Part, Span
from openinfusion.web.people.listening import REFUSED, SIGNED_IN, account


def people_of(organisation: Organisation, words: str = "") -> QuerySet[User]:
    """Return whoever holds or held a duty there, by name; of those whose name or address has all that was typed."""
    found = User.objects.filter(held__organisation=organisation).distinct().order_by("name", "pk")
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return found


def care_areas(organisation: Organisation) -> list[str]:
    """Return the ids of the care areas that the libraries of an organisation have ever had."""
    spans = Span.objects.filter(library__organisation=organisation, part=Part.CARE_AREA)
    return list(spans.order_by("item").values_list("item", flat=True).distinct())


def sign_ins(user: User, most: int = 10) -> list[AuditRow]:
    """Return the last attempts to sign in, the newest first."""
    rows = AuditRow.objects.filter(object=account(user), action__in=(SIGNED_IN, REFUSED))
    return list(rows.order_by("-seq")[:most])


def rights_of(role: Role) -> list[Permission]:
    """Return what a role allows, in the order in which rights are listed."""
    return [permission for permission in Permission if permission in RIGHTS[role]]
