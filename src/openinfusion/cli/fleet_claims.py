"""Claims for `openinfusion fleet pumps`: what a vendor's server, messages and event logs say of what pumps run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.adapters.events import read_events
from openinfusion.cli.console import error_console, seen
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.proof import Claim
from openinfusion.fleet.proof.claims import Claimed, status_claims
from openinfusion.gateway.listening import tell_store
from openinfusion.gateway.store import Store

Status = Annotated[Path | None, typer.Option(help="a table in which a vendor's server says what pumps have")]
StatusMap = Annotated[Path | None, typer.Option(help="what the columns of that table mean: a TOML file")]
Messages = Annotated[Path | None, typer.Option(help="the store of 'gateway mllp', with messages of pumps")]
Events = Annotated[Path | None, typer.Option(help="an event log, in which pumps name their library")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The files in which somebody says what pumps run."""

    status: Path | None = None
    mapping: Path | None = None
    messages: Path | None = None
    events: Path | None = None


NOTHING_SAID = Said()


def claimed(said: Said) -> Iterator[Claimed]:
    """Yield all that is said; what cannot be read is told on the error stream."""
    if said.status is not None:
        if said.mapping is None:
            raise OperatorError(where="--status", found="no --status-mapping", expected="what its columns mean")
        yield from _exported(said.status, said.mapping)
    if said.messages is not None:
        yield from _heard(said.messages)
    if said.events is not None:
        yield from _logged(said.events)


def _exported(table: Path, mapping: Path) -> Iterator[Claimed]:
    from openinfusion.adapters.vendor_status import read_status, read_status_mapping  # noqa: PLC0415 - spreadsheets take a second

    reading = read_status(table, read_status_mapping(mapping))
    for problem in reading.problems:
        error_console().print(seen(f"{table.name}, {problem}"))
    yield from status_claims(reading.pumps)


def _heard(store: Path) -> Iterator[Claimed]:
    """Yield what pumps claim in the messages that a gateway keeps."""
    kept = Store.open(store, may_create=False)
    try:
        told = tell_store(kept).claims
    finally:
        kept.close()
    for pump, its in told.items():
        version, name, ward = (its.get(field) for field in ("library_version", "library_name", "ward"))
        if version is not None:
            claim = Claim(version=version.value, library=name.value if name else None, source="HL7", at=version.at)
            yield Claimed(pump=pump, claim=claim, ward=ward.value if ward else None)


def _logged(log: Path) -> Iterator[Claimed]:
    """Yield the library that each record of an event log names as in force."""
    reader = read_events(log)
    for line in reader:
        event = line.event
        if event is not None and event.library is not None:
            library = event.library
            claim = Claim(version=library.version, library=library.name, source="event log", at=event.at)
            yield Claimed(pump=event.pump, claim=claim, ward=event.ward)
    if reader.rejected:
        error_console().print(seen(f"{log.name}: {reader.rejected:,} lines cannot be read"))
