"""What can be taken along: entries and differences as tables that run nothing, a version as its canonical document."""

from base64 import b64encode
from pathlib import Path
from tempfile import TemporaryDirectory

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from openinfusion.adapters.tables import shipped_mapping, write_table
from openinfusion.adapters.tables.write import csv_bytes, workbook_bytes
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import needs
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.imports.models import ReadBackRecord
from openinfusion.web.imports.read_back_views import record_or_404
from openinfusion.web.library.find import version_or_404
from openinfusion.web.library.store import bytes_of, library_of

_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
_DIFFERENCE = ("care_area", "entry", "words", "approved", "exported", "times", "place", "kind")


def _file(content: bytes, name: str, form: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=_TYPES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{slugify(name) or "library"}.{form}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@needs(Permission.VIEW_LIBRARY)
@require_GET
def entries(request: HttpRequest, organisation: Organisation, library: str, number: int, form: str) -> HttpResponse:
    """Give the entries of a version as a table, or the version whole as its canonical document with its hash."""
    version = version_or_404(organisation, library, number)
    name = f"{version.library.slug}-{version.label}"
    if form == "json":
        answer = _file(bytes_of(version), name, form)
        answer.headers["Repr-Digest"] = f"sha-256=:{_base64(version.sha256)}:"
        answer.headers["X-Content-SHA256"] = version.sha256
        return answer
    if form not in _TYPES:
        raise Http404
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"entries.{form}"
        write_table(library_of(version), path, shipped_mapping("plain"))
        return _file(path.read_bytes(), name, form)


def _base64(digest: str) -> str:
    return b64encode(bytes.fromhex(digest)).decode()


@needs(Permission.VIEW_LIBRARY)
@require_GET
def differences(request: HttpRequest, organisation: Organisation, number: int, form: str) -> HttpResponse:
    """Give the differences of a read-back as a table; what is still a draft is given at its change request."""
    record = record_or_404(organisation, number)
    if record.draft is not None:
        change = record.draft.change.reference
        return redirect("changes:read_back_file", organisation.slug, change, record.pk, form)
    return differences_of(record, form)


def differences_of(record: ReadBackRecord, form: str) -> HttpResponse:
    """Give the differences of a read-back as a table."""
    header = ["Care area", "Entry", "Field", "Approved", "In the editor", "Apart", "Where", "What it is"]
    lines = [header, *([str(one[key]) for key in _DIFFERENCE] for one in record.differences)]
    if form == "xlsx":
        return _file(workbook_bytes({"Differences": lines}), f"read-back-{record.pk}", form)
    if form != "csv":
        raise Http404
    return _file(csv_bytes({"Differences": lines}, shipped_mapping("plain")), f"read-back-{record.pk}", form)
