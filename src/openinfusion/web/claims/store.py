"""Keeping a status file of a vendor, and holding what it says against what pumps have proven."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from django.db import transaction

from openinfusion.adapters.vendor_status import MAX_BYTES, PumpStatus, StatusReading, read_status, read_status_mapping
from openinfusion.core.errors import FileTooLargeError, OperatorError
from openinfusion.fleet.authority.listing import Listed, listing_of
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.proof.claims import Claimed, status_claims
from openinfusion.fleet.proof.reconcile import Proven, Reconciled, reconcile
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.audit import book
from openinfusion.web.claims.models import StatusFile
from openinfusion.web.fleet.watch import Pump
from openinfusion.web.imports.receiving import MAX_ROWS, look_into, plain_name


def keep_file(
    organisation: Organisation, content: bytes, mapping: bytes | None, *, name: str, by: User, role: str, at: datetime
) -> StatusFile:
    """
    Keep what a file says; without a mapping it is read by the one of the file before.

    Raises:
        SenderError, AuthorError, OperatorError: it cannot be read, its mapping cannot, or there is none.

    """
    called = plain_name(name)
    look_into(content, called)
    text = _mapping(organisation, mapping)
    reading = _read(content, text, called)
    if reading.rows > MAX_ROWS:
        raise FileTooLargeError(where=called, found=f"{reading.rows:,} rows", expected=f"at most {MAX_ROWS:,}")
    with transaction.atomic():
        made = StatusFile.objects.create(
            organisation=organisation,
            name=called,
            sha256=hashlib.sha256(content).hexdigest(),
            mapping=text,
            rows=reading.rows,
            said=[_said(one) for one in reading.pumps],
            problems=[str(one) for one in reading.problems],
            by=by,
            at=at,
        )
        book.write(
            "hand in a vendor's status file", called, by=by, organisation=organisation, at=at, role=role, after=content
        )
    return made


def _mapping(organisation: Organisation, mapping: bytes | None) -> str:
    if mapping is not None:
        if len(mapping) > MAX_BYTES:
            raise FileTooLargeError(where="mapping", found=f"{len(mapping):,} bytes", expected=f"at most {MAX_BYTES:,}")
        return mapping.decode("utf-8-sig", errors="replace")
    before = organisation.status_files.first()
    if before is None:
        expected = "a mapping (.toml), which says what the columns mean; the next file is read by it too"
        raise OperatorError(where="mapping", found="none", expected=expected)
    return str(before.mapping)


def _read(content: bytes, mapping: str, name: str) -> StatusReading:
    """Read it from a folder of its own, under a name of ours: what a browser calls a file is no path."""
    with tempfile.TemporaryDirectory() as folder:
        table, columns = Path(folder) / f"table{Path(name).suffix.lower()}", Path(folder) / "mapping.toml"
        table.write_bytes(content)
        columns.write_text(mapping)
        return read_status(table, read_status_mapping(columns))


def _said(one: PumpStatus) -> dict[str, str | None]:
    return {
        "pump": one.pump,
        "version": one.version,
        "library": one.library,
        "ward": one.ward,
        "seen": one.seen.isoformat(),
    }


def claims_in(file: StatusFile) -> Iterator[Claimed]:
    """Return what a file says, as claims."""
    return status_claims(
        PumpStatus(
            pump=one["pump"],
            version=one["version"],
            library=one["library"],
            ward=one["ward"],
            seen=datetime.fromisoformat(one["seen"]),
        )
        for one in file.said
    )


def reconciled(file: StatusFile, pumps: Iterable[Pump], authority: Authority) -> list[Reconciled]:
    """Return each pump of the file and of the organisation, with how claim and proof match."""
    return reconcile(claims_in(file), _proven(pumps, authority))


def _proven(pumps: Iterable[Pump], authority: Authority) -> Iterator[Proven]:
    listings: dict[str, dict[int, Listed]] = {}
    for one in pumps:
        if one.line not in listings:
            hospital, _, profile = one.line.partition("/")
            listings[one.line] = dict(listing_of(authority, hospital, profile))
        listed = listings[one.line].get(one.number) if one.number is not None else None
        if listed is None:
            yield Proven(pump=one.urn)
        else:
            release = listed.release
            yield Proven(pump=one.urn, library=release.library_name, version=release.library_version)
