"""
What pumps have proven, read from the device API's database, SQLite or PostgreSQL; nothing here writes to it.

How a pump stands is derived as the fleet's own commands derive it (``fleet/proof``): what counts as implemented here is
what they call current.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from openinfusion.core.errors import FileAccessError, OpenInfusionError, OperatorError
from openinfusion.core.gates import PumpProof
from openinfusion.fleet.authority.recalls import recalled_numbers
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.proof import Aim, Doubt, Found, State, Witness, derive, moved, recall
from openinfusion.web.changes.models import Change
from openinfusion.web.library.models import Version
from openinfusion.web.postgresql import is_address, looking

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLAIMED = "claimed"
_VERSION = "1"
_ABOUT = "SELECT value FROM about WHERE name = 'version'"
_WITNESSES = """
SELECT urn, line, added, witness,
       (SELECT min(since) FROM denied WHERE name IN (pump.urn, pump.gateway)),
       (SELECT min(reason) FROM denied WHERE name IN (pump.urn, pump.gateway))
FROM pump WHERE id NOT IN (SELECT pump FROM retired) ORDER BY urn
"""


def database() -> Path | None:
    """Return the file of the device API's database, or the file with its address, where this place names one."""
    found: Path | None = settings.PLACE.proof
    return found / "devices.db" if found is not None and found.is_dir() else found


def witnesses() -> Iterator[Witness]:
    """
    Yield what is remembered of each pump in service; one that was denied, or whose gateway was, is in doubt.

    Raises:
        OperatorError: there is no database, it cannot be read, or what was stored of a pump is damaged.

    """
    file = database()
    if file is None:
        return
    for urn, line, added, kept, denied, why in _postgresql(file) if is_address(file) else _sqlite(file):
        witness = moved(recall(bytes(kept)), line) if kept else Witness(pump=urn, line=line, enrolled=_moment(added))
        if denied is not None and witness.doubt is None:
            witness = replace(witness, doubt=Doubt(Found.DENIED, _moment(denied), why or ""))
        yield witness


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _sqlite(file: Path) -> list[Any]:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
            _must_be_ours(file, connection.execute(_ABOUT).fetchone())
            return connection.execute(_WITNESSES).fetchall()
    except sqlite3.Error as error:
        raise FileAccessError(where=str(file), found=str(error), expected="the database of the device API") from error


def _postgresql(file: Path) -> list[Any]:
    with looking(file) as connection:
        _must_be_ours(file, connection.execute(_ABOUT).fetchone())
        return connection.execute(_WITNESSES).fetchall()


def _must_be_ours(file: Path, version: tuple[str] | None) -> None:
    """Refuse tables of another version: what their columns mean is not known here."""
    if version is None or version[0] != _VERSION:
        found = f"a database of version {version[0]}" if version else "a database of no version"
        raise OperatorError(where=str(file), found=found, expected=f"version {_VERSION} of the device API's")


def line_of(change: Change) -> str:
    """Return the line of releases that the pumps of a library take: hospital and profile, the slugs of both."""
    return f"{change.organisation.slug}/{change.library.slug}"


def why_unknown(change: Change) -> str | None:
    """Return why nothing is known of what pumps have proven of a change, or ``None`` if it is."""
    if database() is None:
        return "this place names no database of what pumps have proven"
    try:
        next(witnesses(), None)
    except OpenInfusionError as error:
        return f"the database of what pumps have proven cannot be read ({error.found})"
    try:
        _recalled(change)
    except (OpenInfusionError, OSError) as error:
        return f"what was recalled cannot be read ({error})"
    return None


def proof_of(change: Change, at: datetime) -> PumpProof | None:
    """
    Return what pumps have proven of what a change released; ``None``, which keeps the gate closed, if unknown.

    Where a pump stands is not known here, so that each counts as in a clinical place, and none as in quarantine.
    """
    if change.version is None or database() is None:
        return None
    try:
        recalled = _recalled(change)
        asked = [one for one in witnesses() if one.line == line_of(change)]
    except (OpenInfusionError, OSError):  # the page says why, by why_unknown
        return None
    wanted = _it_or_newer(change.version)
    proven = sum(_runs(one, wanted, at=at, recalled=recalled) for one in asked)
    total = len(asked)
    return PumpProof(pumps=total, proven=proven, in_clinical_place=total, proven_in_clinical_place=proven)


def _recalled(change: Change) -> Mapping[int, datetime]:
    """Return which numbers carry recalled content, where this place has the authority that says so."""
    folder: Path | None = settings.PLACE.authority
    if folder is None:
        return {}
    return recalled_numbers(Authority(folder), change.organisation.slug, change.library.slug)


def _it_or_newer(version: Version) -> frozenset[str]:
    """
    Return the hashes of a version and of those released after it: whoever runs a newer one has passed it.

    It is asked by content, not by number: a higher number may bring older content back (docs/reference/fleet.md).
    """
    newer = version.library.versions.filter(number__gt=version.number, released_at__isnull=False)
    return frozenset({version.sha256, *newer.values_list("sha256", flat=True)})


def _runs(witness: Witness, wanted: Iterable[str], *, at: datetime, recalled: Mapping[int, datetime]) -> bool:
    """Whether a pump is current: proven to run it without a doubt, neither gone back nor recalled, and not silent."""
    proof = witness.proof
    if proof is None or proof.level == _CLAIMED or proof.sha256 not in wanted:
        return False
    aim = Aim(number=proof.number, sha256=proof.sha256, library="", version="", since=proof.since, deadline=at)
    return derive(witness, aim, at=at, recalled=recalled).state is State.CURRENT
