"""Pages of the audit record: what happened to something, found and verified."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from openinfusion.core.audit import verify
from openinfusion.core.roles import Permission, Role
from openinfusion.core.wording import counted
from openinfusion.web.accounts.gate import needs
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.audit.book import records
from openinfusion.web.audit.models import AuditRow

PAGE = 50
_MOST_FAULTS = 5
_ROLES = {role.value: role.words for role in Role}


@needs(Permission.SEE_AUDIT)
def show_records(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Show what was done in an organisation, the newest first; all of it, of one thing, or what words find."""
    about, words = request.GET.get("object", ""), request.GET.get("q", "")
    found = AuditRow.objects.filter(organisation=organisation).order_by("-seq")
    if about:
        found = found.filter(object=about)
    for word in words.split():
        people = [str(one) for one in User.objects.filter(name__icontains=word).values_list("pk", flat=True)]
        found = found.filter(
            Q(object__icontains=word) | Q(action__icontains=word) | Q(reason__icontains=word) | Q(actor__in=people)
        )
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    accounts = {row.actor for row in page if row.actor.isdigit()}
    names = {str(one.pk): one.name for one in User.objects.filter(pk__in=accounts)}
    context = {
        "organisation": organisation,
        "page": page,
        "rows": [
            (row, parse_datetime(row.utc), names.get(row.actor, row.actor), _ROLES.get(row.role, row.role))
            for row in page
        ],
        "about": about,
        "words": words,
    }
    return render(request, "audit/records.jinja", context)


@require_POST
@needs(Permission.SEE_AUDIT)
def verify_chain(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Look at every row of the whole record, and say whether the chain holds, or where it is broken."""
    told = list(records())
    faults = verify(told)
    if faults:
        first = "; ".join(map(str, faults[:_MOST_FAULTS]))
        messages.error(request, f"The record was changed: {counted(len(faults), 'fault')}. {first}.")
    else:
        messages.success(request, f"The chain holds: {counted(len(told), 'record')}, each as it was written.")
    return redirect("audit:records", organisation.slug)
