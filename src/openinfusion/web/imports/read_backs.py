"""
Comparing what the vendor's editor holds with a version, keeping the outcome, and having a second person confirm it.

A library is typed into the vendor's editor by hand, and typing errors were not noticed (HSIB report 2020/21, 5.52).
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from openinfusion.adapters.library_file import identity
from openinfusion.adapters.tables import ReadBack, ReadBackDifference
from openinfusion.adapters.tables.read_back import DifferenceKind, compare_reading
from openinfusion.core.errors import AuthorError, UnitMismatchError, UnknownUnitError
from openinfusion.core.library import Library
from openinfusion.core.numbers import show_number
from openinfusion.core.units import Quantity
from openinfusion.core.wording import counted
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.audit.book import write
from openinfusion.web.imports.models import ReadBackRecord, Upload
from openinfusion.web.imports.reading import Handed
from openinfusion.web.imports.store import hand_in, mapping_of
from openinfusion.web.library.becoming import document_of
from openinfusion.web.library.models import Draft, Version
from openinfusion.web.library.store import library_of

MAX_DIFFERENCES = 20_000
# The gravest first: what a number means, what may let more through, what is missing, and then the rest.
_GRAVITY = (
    "concentration",
    ".unit",
    "hard_",
    "entry",
    "care area",
    "soft_",
    "lockout",
    "pca",
    "bolus",
    "loading",
    "dose",
)


@transaction.atomic
def begin_read_back(
    of: Version | Draft, content: bytes, name: str, *, typed_by: User | str, by: User, at: datetime
) -> ReadBackRecord:
    """
    Keep a vendor's export beside the version, or the draft of an approved change, that it should hold.

    Raises SenderError or OperatorError.
    """
    upload = hand_in(of.library.organisation, content, name, purpose=Upload.Purpose.READ_BACK, by=by, at=at)
    label, sha256 = _named(of)
    return ReadBackRecord.objects.create(
        upload=upload,
        version=of if isinstance(of, Version) else None,
        draft=of if isinstance(of, Draft) else None,
        label=label,
        sha256=sha256,
        typed_by=typed_by if isinstance(typed_by, User) else None,
        typed_by_name=typed_by.name if isinstance(typed_by, User) else typed_by,
    )


def _named(of: Version | Draft) -> tuple[str, str]:
    """Return the label and the hash of what should be in the editor; a version has both, and never changes."""
    if isinstance(of, Version):
        return of.label, of.sha256
    document = document_of(of)
    return document.library.version, identity(document)


def _compared_with(record: ReadBackRecord) -> Library:
    """Return the library that a file was handed in beside; raises AuthorError where its draft was edited since."""
    of = record.of
    document = library_of(of) if isinstance(of, Version) else document_of(of)
    if isinstance(of, Draft) and identity(document) != record.sha256:
        found = "a draft that was edited since the export was handed in"
        raise AuthorError(where=record.upload.name, found=found, expected="the export of what it is now")
    return document


@transaction.atomic
def compare(record: ReadBackRecord, *, at: datetime) -> None:
    """Compare the file that was read with the library, and keep every difference; raises SenderError, AuthorError."""
    upload = record.upload
    mapping = mapping_of(upload)
    reading = Handed(upload).read(mapping)
    found = compare_reading(_compared_with(record), reading, mapping)
    if len(found.differences) > MAX_DIFFERENCES:
        said = counted(len(found.differences), "difference")
        expected = f"at most {MAX_DIFFERENCES:,}: an export of this library"
        raise AuthorError(where=upload.name, found=said, expected=expected)
    _keep(record, found, at)


def _keep(record: ReadBackRecord, found: ReadBack, at: datetime) -> None:
    differences = sorted(map(_shown, found.differences), key=lambda one: (one["gravity"], -one["apart"]))
    record.differences = differences
    record.not_compared = [asdict(one) for one in found.not_compared]
    record.entries_compared, record.compared_at = found.entries_compared, at
    record.save()
    upload = record.upload
    told = (
        f"{upload.name} (SHA-256 {upload.sha256}) beside version {record.label} (SHA-256 {record.sha256}): "
        f"{counted(len(differences), 'difference')} in {counted(found.entries_compared, 'entry', 'entries')}; "
        f"typed by {record.typed_by_name}"
    )
    write(
        "read_back.compare",
        _about(record),
        by=upload.handed_in_by,
        organisation=upload.organisation,
        at=at,
        after=differences,
        reason=told,
    )


def _shown(one: ReadBackDifference) -> dict[str, Any]:
    times, apart = _times(one)
    return {
        "kind": one.kind.value,
        "drug": one.drug,
        "care_area": one.care_area,
        "entry": one.entry,
        "field": one.field,
        "words": _words(one),
        "approved": one.approved,
        "exported": one.exported,
        "place": f"{one.sheet}, row {one.row}, column {one.column}" if one.sheet else "",
        "times": times,
        "apart": apart,
        "gravity": _gravity(one),
    }


def _words(one: ReadBackDifference) -> str:
    if one.kind is DifferenceKind.NOT_EXPORTED:
        return f"{one.field} is not in the editor"
    if one.kind is DifferenceKind.NOT_APPROVED:
        return f"{one.field} is in the editor, and not in the version"
    sides = {"hard_": "hard ", "soft_": "soft ", "usual_": "usual ", "min": "minimum", "max": "maximum"}
    text = one.field
    for side, words in sides.items():
        text = text.replace(side, words)
    return text.replace(".", " ").replace("_", " ")


def _gravity(one: ReadBackDifference) -> int:
    return next((number for number, part in enumerate(_GRAVITY) if part in one.field), len(_GRAVITY))


def _times(one: ReadBackDifference) -> tuple[str, int]:
    """Return how far two quantities are apart, in words, and as a whole number to put the widest first."""
    try:
        approved, exported = Quantity.read(one.approved), Quantity.read(one.exported)
        ratio = exported / approved
    except (UnitMismatchError, UnknownUnitError, AuthorError, ZeroDivisionError):
        return "", 0
    if ratio > 1:
        return f"{show_number(ratio.limit_denominator(100))} times the approved", int(ratio)
    return (
        (f"1/{show_number((1 / ratio).limit_denominator(100))} of the approved", int(1 / ratio)) if ratio else ("0", 1)
    )


def why_not_confirm(record: ReadBackRecord, by: User) -> str | None:
    """Return why this person may not confirm a read-back, or ``None``: who typed does not confirm."""
    if record.confirmed_by is not None:
        return f"It was confirmed by {record.confirmed_by.name} already"
    if record.compared_at is None:
        return "The file has not been compared"
    if record.typed_by == by or record.typed_by_name.casefold().split() == by.name.casefold().split():
        return f"{record.typed_by_name} typed it into the vendor's editor: somebody else confirms that it is right"
    if why := why_incomplete(record):
        return f"It does not agree: {why}"
    return None


def why_incomplete(record: ReadBackRecord) -> str | None:
    """Return what keeps a read-back from showing that editor and version agree, or ``None``."""
    if record.upload.state == Upload.State.REFUSED:
        return "the export could not be read"
    if record.compared_at is None:
        return "the export has not been compared"
    if record.differences:
        return f"{counted(len(record.differences), 'difference')} between the vendor's editor and the version"
    lost = [kind["words"] for kind in record.upload.account["kinds"] if kind["key"] in _LOST]
    return f"in the export {lost[0]}" if lost else None


_LOST = frozenset({"row left out", "value left out", "sheet left out", "unknown columns"})


@transaction.atomic
def confirm(record: ReadBackRecord, *, by: User, at: datetime) -> None:
    """
    Keep that a second person confirms that editor and version agree.

    Raises:
        AuthorError: they do not agree, or it is the person who typed.

    """
    held = ReadBackRecord.objects.select_for_update(of=("self",), no_key=True).get(pk=record.pk)
    if why := why_not_confirm(held, by):
        raise AuthorError(where=str(held), found=why, expected="agreement, confirmed by somebody who did not type")
    held.confirmed_by, held.confirmed_at = by, at
    held.save(update_fields=["confirmed_by", "confirmed_at"])
    told = f"{held.upload.name} agrees with version {held.label} (SHA-256 {held.sha256})"
    place: Organisation = held.upload.organisation
    write("read_back.confirm", _about(held), by=by, organisation=place, at=at, after=held.sha256, reason=told)


def _about(record: ReadBackRecord) -> str:
    return f"read-back {record.pk} of version {record.version_id or record.label}"
