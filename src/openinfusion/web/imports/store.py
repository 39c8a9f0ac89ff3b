"""Keeping a file that was handed in, and finding it again."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max, QuerySet
from django.http import Http404

from openinfusion.adapters.tables import TableMapping, mapping_names, shipped_mapping
from openinfusion.adapters.tables.mapping import mapping_from_text, shipped_text
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.audit.book import write
from openinfusion.web.imports.models import ImportMapping, Upload
from openinfusion.web.imports.receiving import look_into, plain_name

FOLDER = "imports"
_TRIED = 20


@transaction.atomic
def hand_in(
    organisation: Organisation, content: bytes, name: str, *, purpose: Upload.Purpose, by: User, at: datetime
) -> Upload:
    """Keep a file under a name of our own; raises as ``look_into`` does, with nothing kept."""
    shown = plain_name(name)
    look_into(content, shown)
    kept = default_storage.save(f"{FOLDER}/{secrets.token_hex(16)}", ContentFile(content))
    upload = Upload.objects.create(
        organisation=organisation,
        purpose=purpose,
        name=shown,
        kept=kept,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        handed_in_by=by,
        handed_in_at=at,
        progress="Waiting for its turn",
    )
    told = f"{shown}, {len(content):,} bytes, SHA-256 {upload.sha256}"
    tell_audit("import.hand_in", upload, by=by, at=at, after=content, reason=told)
    return upload


def tell_audit(action: str, upload: Upload, *, by: User, at: datetime, after: Any, reason: str) -> None:  # noqa: ANN401 - JSON
    """Write into the audit record what somebody did with a file, and under which duty."""
    place = upload.organisation
    role = by.actor.role_for(Permission.IMPORT_LIBRARY, organisation=place.slug)
    said = {"after": after, "reason": reason, "role": role.value if role else ""}
    write(action, about(upload), by=by, organisation=place, at=at, **said)


def about(upload: Upload) -> str:
    """Return what the audit record calls a file."""
    return f"upload {upload.pk}"


def content_of(upload: Upload) -> bytes:
    """Return the bytes of a file as they were handed in."""
    with default_storage.open(upload.kept) as file:
        return bytes(file.read())


def upload_or_404(organisation: Organisation, number: int, *, purpose: Upload.Purpose) -> Upload:
    """Return one file of an organisation."""
    found = Upload.objects.filter(organisation=organisation, pk=number, purpose=purpose)
    one = found.defer("library", "merged").select_related("handed_in_by", "onto", "base").first()
    if one is None:
        raise Http404
    return one


def same_before(upload: Upload) -> QuerySet[Upload]:
    """Return when the same bytes were handed in before, for the same purpose."""
    same = Upload.objects.filter(organisation=upload.organisation, purpose=upload.purpose, sha256=upload.sha256)
    return same.filter(pk__lt=upload.pk).defer("library", "merged").select_related("handed_in_by", "made_version")


# --- Layouts ---------------------------------------------------------------------------------------------------------


def mappings_of(organisation: Organisation) -> QuerySet[ImportMapping]:
    """Return the newest of each of an organisation's own layouts, the latest saved first."""
    newest = ImportMapping.objects.filter(organisation=organisation).values("name").annotate(newest=Max("pk"))
    return ImportMapping.objects.filter(pk__in=[one["newest"] for one in newest]).order_by("-pk")


def layouts(organisation: Organisation) -> dict[str, str]:
    """Return the text of each layout to try, the organisation's own first; an own name hides a shipped one."""
    own = {one.name: one.text for one in mappings_of(organisation)[:_TRIED]}
    return own | {name: shipped_text(f"{name}.toml") for name in mapping_names() if name not in own}


def mapping_of(upload: Upload) -> TableMapping:
    """Return the layout that a file was read with."""
    return mapping_from_text(upload.mapping_text, where=upload.mapping_name)


def layout_named(organisation: Organisation, name: str) -> tuple[str, TableMapping]:
    """Return the text of a layout, and what it says; raises Http404 where there is none of that name."""
    text = layouts(organisation).get(name)
    if text is None:
        raise Http404
    return text, mapping_from_text(text, where=name) if name not in mapping_names() else shipped_mapping(name)


@transaction.atomic
def save_mapping(organisation: Organisation, text: str, *, by: User, at: datetime) -> ImportMapping:
    """Keep a layout under the name that its text gives; raises MappingError with the place in the text."""
    mapping = mapping_from_text(text, where="the layout")
    digest = hashlib.sha256(text.encode()).hexdigest()
    made = ImportMapping.objects.create(
        organisation=organisation, name=mapping.name[:60], text=text, sha256=digest, made_by=by, made_at=at
    )
    told = f"{made.name}, SHA-256 {digest}"
    write(
        "import.layout", f"layout {made.pk}", by=by, organisation=organisation, at=at, after=text.encode(), reason=told
    )
    return made
