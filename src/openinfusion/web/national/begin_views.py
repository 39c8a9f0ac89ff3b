"""Beginning to follow a national library, with the library that an organisation has."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.library.find import library_or_404
from openinfusion.web.library.store import library_of
from openinfusion.web.national import desk
from openinfusion.web.national.models import Adoption, NationalIssue


@needs(Permission.ADOPT_NATIONAL)
def begin(request: HttpRequest, organisation: Organisation, library: str, number: int) -> HttpResponse:
    """Ask which national care area each of ours follows, and propose the overlay row by row."""
    ours = library_or_404(organisation, library)
    issue = NationalIssue.objects.filter(pk=number).select_related("version__library__organisation").first()
    if issue is None or Adoption.objects.filter(library=ours).exists():
        raise Http404
    base, local = library_of(issue.version), library_of(ours.versions.order_by("-number")[0])
    theirs = {area.id for area in base.care_areas}
    if request.method == "POST":
        said = {area.id: request.POST.get(f"area-{area.id}", "") for area in local.care_areas}
        areas = {area: national for area, national in said.items() if national in theirs}
        desk.propose(ours, issue, areas, by=person(request), at=timezone.now())
        return redirect("national:adoption", organisation.slug, library)
    context = {"organisation": organisation, "library": ours, "issue": issue, "base": base, "local": local}
    return render(request, "national/begin.jinja", context)
