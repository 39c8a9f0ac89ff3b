"""Whether a library is what the vendor's editor holds: the question that a release depends on."""

from openinfusion.web.accounts.models import Organisation
from openinfusion.web.imports.models import ReadBackRecord
from openinfusion.web.imports.read_backs import why_incomplete
from openinfusion.web.library.models import Version


def latest_read_back(organisation: Organisation, sha256: str) -> ReadBackRecord | None:
    """Return the newest read-back of the canonical bytes with this SHA-256 in an organisation."""
    found = ReadBackRecord.objects.filter(sha256=sha256, upload__organisation=organisation)
    return found.select_related("upload", "typed_by", "confirmed_by").defer("upload__library").order_by("-pk").first()


def why_not_transcribed(version: Version) -> str | None:
    """Return why a version does not count as typed into the vendor's editor without error, or ``None`` if it does."""
    return why_not_typed(latest_read_back(version.library.organisation, version.sha256))


def why_not_typed(record: ReadBackRecord | None) -> str | None:
    """
    Return why the newest read-back of a library does not show it typed without error, or ``None`` if it does.

    Only the newest counts: an older one that agreed says nothing of what the editor holds now.
    """
    if record is None:
        return "no export of the vendor's editor has been compared with this version"
    if why := why_incomplete(record):
        return f"{why} (read-back of {record.upload.handed_in_at:%d-%b-%Y})"
    if record.confirmed_by is None:
        return f"the read-back agrees, and waits to be confirmed by somebody other than {record.typed_by_name}"
    return None
