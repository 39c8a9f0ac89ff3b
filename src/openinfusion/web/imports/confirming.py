"""Making a version of what was read, with the numbers before the person; nothing that is made is approved."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.text import slugify

from openinfusion.core.errors import AuthorError
from openinfusion.core.library import About, Status
from openinfusion.web.accounts.models import User
from openinfusion.web.imports.models import Upload
from openinfusion.web.imports.reading import library_read
from openinfusion.web.imports.store import tell_audit
from openinfusion.web.library.models import DrugLibrary, Version
from openinfusion.web.library.store import add_version


def why_not_confirmed(upload: Upload, agreed: Collection[str]) -> str | None:
    """Return what must be agreed to before anything is made of a file, or ``None``."""
    if upload.state != Upload.State.READ:
        return "Something was made of this file already, or it is not read yet"
    missing = [kind["words"] for kind in upload.account["kinds"] if kind["key"] not in agreed]
    return f"Agree to this first: {missing[0]}" if missing else None


@transaction.atomic
def make_library(upload: Upload, agreed: Collection[str], *, name: str, label: str, by: User, at: datetime) -> Version:
    """
    Make a new library of a file, in its first version: a draft to everybody, its entries not reviewed.

    Raises:
        AuthorError: something is not agreed to, something was made already, or a library is called so.

    """
    upload = locked(upload, agreed)
    place = upload.organisation
    slug = slugify(name)[:50]
    if not slug or place.libraries.filter(slug=slug).exists():
        expected = "a name that no other library has"
        raise AuthorError(where="name of the library", found=repr(name), expected=expected)
    about = About(name=name, organisation=place.name, version=label, status=Status.DRAFT)
    document = replace(library_read(upload), library=about)
    library = DrugLibrary.objects.create(organisation=place, slug=slug, name=name)
    note = f"imported from {upload.name}"
    made = add_version(library, document, origin=Version.Origin.IMPORTED, by=by, at=at, note=note)
    upload.made_version = made
    confirm(upload, agreed, by=by, at=at, made=f"version {made.label} of {name}, SHA-256 {made.sha256}")
    return made


def locked(upload: Upload, agreed: Collection[str]) -> Upload:
    """Return the file, held until the end of the transaction; raises AuthorError where nothing may be made of it."""
    held = Upload.objects.select_for_update(of=("self",), no_key=True).select_related("organisation").get(pk=upload.pk)
    if why := why_not_confirmed(held, agreed):
        raise AuthorError(where=held.name, found=why, expected="a file that was looked at and agreed to")
    return held


def confirm(upload: Upload, agreed: Collection[str], *, by: User, at: datetime, made: str) -> None:
    """Keep that somebody confirmed what was made, and tell the audit record all by which it can be checked."""
    upload.state, upload.confirmed_by, upload.confirmed_at = Upload.State.MADE, by, at
    upload.save()
    after = {
        "file": upload.name,
        "file_sha256": upload.sha256,
        "layout": upload.mapping_name,
        "layout_sha256": upload.mapping_sha256,
        "account": upload.account,
        "agreed": sorted(agreed),
        "made": made,
    }
    told = (
        f"{upload.name} (SHA-256 {upload.sha256}) by the layout {upload.mapping_name} "
        f"(SHA-256 {upload.mapping_sha256}): {upload.account['sentence']}; {made}"
    )
    tell_audit("import.confirm", upload, by=by, at=at, after=after, reason=told)
