"""Pages of read-backs of what is approved and not yet a version: the vendor's editor is read back before a release."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from openinfusion.adapters.library_file import identity
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.blind_gate import refuse_blind
from openinfusion.web.changes.release import judged, why_no_read_back
from openinfusion.web.changes.views import change_or_404
from openinfusion.web.imports.export_views import differences_of
from openinfusion.web.imports.models import ReadBackRecord
from openinfusion.web.imports.read_back_views import read_backs_of, record_or_404, shown
from openinfusion.web.imports.transcription import latest_read_back, why_not_typed


@needs(Permission.IMPORT_LIBRARY)
def read_backs(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Show the read-backs of what an approved change would release, and take an export of the vendor's editor."""
    one = change_or_404(organisation, reference)
    refuse_blind(request, one)
    if one.version is not None:
        return redirect("imports:read_backs", organisation.slug, one.library.slug, one.version.number)
    if (why := why_no_read_back(one)) or one.draft is None:
        found = f"a request that is {one.get_stage_display()}"
        raise ChangeControlError(where=reference, found=found, expected=why or "a change with a draft")
    document = judged(one)
    standing = latest_read_back(organisation, identity(document))
    return read_backs_of(
        request,
        one.draft,
        label=document.library.version,
        records=ReadBackRecord.objects.filter(draft=one.draft),
        why=why_not_typed(standing),
    )


@needs(Permission.VIEW_LIBRARY)
@require_GET
def read_back(request: HttpRequest, organisation: Organisation, reference: str, number: int) -> HttpResponse:
    """Show where the vendor's editor and what a change would release differ, the gravest first."""
    return shown(request, _record(request, organisation, reference, number))


@needs(Permission.VIEW_LIBRARY)
@require_GET
def read_back_file(
    request: HttpRequest, organisation: Organisation, reference: str, number: int, form: str
) -> HttpResponse:
    """Give the differences of a read-back as a table."""
    return differences_of(_record(request, organisation, reference, number), form)


def _record(request: HttpRequest, organisation: Organisation, reference: str, number: int) -> ReadBackRecord:
    """Return a read-back of a change, unless its values are still to be checked blind by this person."""
    one = change_or_404(organisation, reference)
    refuse_blind(request, one)
    found = record_or_404(organisation, number)
    if found.draft_id is None or found.draft_id != one.draft_id:
        raise Http404
    return found
