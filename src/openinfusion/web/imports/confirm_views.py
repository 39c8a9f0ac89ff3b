"""The page on which a person confirms an import with the numbers before them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.imports.confirming import make_library, why_not_confirmed
from openinfusion.web.imports.drafting import forget_onto, make_draft
from openinfusion.web.imports.forms import WhereTo
from openinfusion.web.imports.models import Upload
from openinfusion.web.imports.store import upload_or_404
from openinfusion.web.imports.tasks import begin_onto, review_made
from openinfusion.web.library.find import library_or_404


@needs(Permission.IMPORT_LIBRARY)
def confirm(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponse:
    """Ask what the file becomes, have each kind of loss agreed to, and make it."""
    one = upload_or_404(organisation, number, purpose=Upload.Purpose.LIBRARY)
    if one.state != Upload.State.READ:
        return redirect("imports:upload", organisation.slug, one.pk)
    agreed = set(request.POST.getlist("agree"))
    if request.method == "POST" and "another" in request.POST:
        forget_onto(one)
        return redirect("imports:confirm", organisation.slug, one.pk)
    form = WhereTo(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["becomes"] == WhereTo.ONTO and one.onto is None:
            return _compared(one, form)
        if why := why_not_confirmed(one, agreed):
            form.add_error(None, why)
        elif _made(request, one, agreed, form=form):
            return redirect("imports:upload", organisation.slug, one.pk)
    context: dict[str, Any] = {"organisation": organisation, "upload": one, "form": form, "agreed": agreed, "same": ()}
    context |= {"libraries": list(organisation.libraries.all())}
    return render(request, "imports/confirm.jinja", context, status=422 if form.errors else 200)


def _compared(one: Upload, form: WhereTo) -> HttpResponse:
    library = library_or_404(one.organisation, form.cleaned_data["library"])
    begin_onto(one, library, takes_out=form.cleaned_data["gone"] == "out")
    return redirect("imports:confirm", one.organisation.slug, one.pk)


def _made(request: HttpRequest, one: Upload, agreed: set[str], *, form: WhereTo) -> bool:
    said = form.cleaned_data
    try:
        if one.onto is not None:
            make_draft(one, agreed, by=person(request), at=timezone.now())
        else:
            make_library(one, agreed, name=said["name"], label=said["version"], by=person(request), at=timezone.now())
    except OpenInfusionError as error:
        form.add_error(None, f"{error.where}: found {error.found}; expected {error.expected}")
        return False
    review_made.enqueue(one.pk)
    return True
