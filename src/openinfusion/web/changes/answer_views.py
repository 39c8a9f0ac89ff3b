"""The page that answers which library was in force, or on a pump, at a time."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.answer import approval_of, limits_of, on_pump, open_at, version_at
from openinfusion.web.library.find import library_or_404


class Question(forms.Form):
    """Which library, which drug, which pump, when."""

    library = forms.SlugField(error_messages={"required": "Choose the library."})
    drug = forms.CharField(max_length=120, error_messages={"required": "Name the drug."})
    pump = forms.CharField(max_length=200, required=False)
    at = forms.DateTimeField(
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        error_messages={"required": "Say when.", "invalid": "Enter a date and a time."},
    )


@needs(Permission.SEE_AUDIT)
def in_force(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Answer on one page: the library, the limits of the drug, who approved it, and what was open."""
    form = Question(request.GET or None)
    context = {
        "organisation": organisation,
        "form": form,
        "libraries": organisation.libraries.all(),
        "now": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
        "is_answered": False,
    }
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        found = on_pump(organisation, said["pump"], said["at"]) if said["pump"] else None
        version = (found.version if found else None) or version_at(
            library_or_404(organisation, said["library"]), said["at"]
        )
        context |= {
            "is_answered": True,
            "said": said,
            "on_pump": found,
            "version": version,
            "limits": limits_of(version, said["drug"]) if version else (),
            "approved": approval_of(version) if version else None,
            "open": open_at(organisation, said["at"]),
        }
    return render(request, "changes/in_force.jinja", context, status=422 if form.is_bound and form.errors else 200)
