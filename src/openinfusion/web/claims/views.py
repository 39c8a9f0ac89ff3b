"""Pages of status files: hand one in, and see where it agrees with what pumps have proven."""

from collections import Counter

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.roles import Permission
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.proof.reconcile import Match
from openinfusion.web.accounts.gate import actor_of, needs, person, refuse_unless, why_not
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.claims.store import keep_file, reconciled
from openinfusion.web.design.pages import faults_of
from openinfusion.web.fleet.asking import Sight, with_fleet
from openinfusion.web.fleet.watch import devices_place
from openinfusion.web.imports.forms import HandIn

PAGE = 100


class Status(HandIn):
    """A status file, and what its columns mean."""

    mapping = forms.FileField(required=False)


@needs(Permission.SEE_FLEET)
@with_fleet
def files(request: HttpRequest, organisation: Organisation, sight: Sight) -> HttpResponse:
    """List the status files, the newest first, and take one."""
    form = Status()
    if request.method == "POST":
        refuse_unless(request, Permission.IMPLEMENT, organisation)
        form = Status(request.POST, request.FILES, meta=request.META)
        if form.is_valid():
            file, mapping = form.cleaned_data["file"], form.cleaned_data["mapping"]
            role = actor_of(request).role_for(Permission.IMPLEMENT, organisation=organisation.slug)
            try:
                kept = keep_file(
                    organisation,
                    file.read(),
                    mapping.read() if mapping else None,
                    name=file.name,
                    by=person(request),
                    role=role.value if role else "",
                    at=timezone.now(),
                )
            except OpenInfusionError as error:
                form.add_error("file", f"{error.where}: found {error.found}; expected {error.expected}")
            else:
                return redirect("claims:file", organisation.slug, kept.pk)
    context = {
        "organisation": organisation,
        "form": form,
        "faults": faults_of(form),
        "files": organisation.status_files.select_related("by").defer("said", "problems")[:50],
        "why_not_write": why_not(request, Permission.IMPLEMENT, organisation),
    }
    return render(request, "claims/files.jinja", context, status=422 if form.errors else 200)


@needs(Permission.SEE_FLEET)
@with_fleet
def file(request: HttpRequest, organisation: Organisation, sight: Sight, number: int) -> HttpResponse:
    """Show what a file says of each pump beside what the pump has proven."""
    one = organisation.status_files.select_related("by").filter(pk=number).first()
    if one is None:
        raise Http404
    authority = Authority(devices_place(settings.PLACE.devices).trees)
    rows = reconciled(one, sight.fleet.pumps, authority)
    counts = Counter(row.match for row in rows)
    asked = request.GET.get("match", "")
    chosen = [row for row in rows if not asked or row.match == asked]
    context = {
        "organisation": organisation,
        "at": sight.fleet.at,
        "file": one,
        "counts": [(match, counts[match]) for match in Match if counts[match]],
        "asked": asked,
        "page": Paginator(chosen, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "claims/file.jinja", context)
