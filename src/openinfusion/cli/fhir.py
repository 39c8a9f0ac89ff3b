"""`openinfusion fhir`: event logs as FHIR, FHIR of other systems as values, and drafts of reports."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from openinfusion.adapters.documents import Json, read_bytes, refuse_to_overwrite, write_bytes
from openinfusion.adapters.events import read_events
from openinfusion.adapters.events.story import sentence
from openinfusion.adapters.fhir import Reading, Release, draft_bundle, from_log, read_bundle, to_bytes, write_bundle
from openinfusion.adapters.fhir.report import ADMINISTRATION_COLUMNS, administration_row, reading_to_json
from openinfusion.cli.console import error_console, say, say_json, table
from openinfusion.core.events import Event, EventLog
from openinfusion.core.wording import counted

app = typer.Typer(no_args_is_help=True, help="Event logs as FHIR R4 or R5, and FHIR of other systems read.")
_MOST = 40


class Actuality(StrEnum):
    """Whether something happened to somebody, or could have."""

    POTENTIAL = "potential"
    ACTUAL = "actual"


LogFile = Annotated[Path, typer.Argument(metavar="LOG", help="an event log: .jsonl, .jsonl.gz, .jsonl.zst or .parquet")]
ReleaseOption = Annotated[Release, typer.Option(help="the release of FHIR to write")]
OutOption = Annotated[Path | None, typer.Option(help="write here; standard output if not given")]


@app.callback()
def fhir() -> None:
    """Exchange what pumps did with systems that speak FHIR."""


@app.command("write")
def write(
    log: LogFile,
    *,
    release: ReleaseOption = Release.R4,
    out: OutOption = None,
) -> None:
    """
    Write an event log as a Bundle: pumps, metrics, infusions with their rate changes, alerts.

    Every resource is judged by the models of fhir.resources before it is written. What is no clinical log is labelled
    as test data in each resource. Lines that are no records are counted, and end with exit code 1.

    Example: openinfusion fhir write examples/events/every-kind.jsonl --release R5 --out log.fhir.json
    """
    refuse_to_overwrite(out, log)
    header, events, rejected = _read_log(log)
    made = from_log(header, events)
    _put(write_bundle(made, release, at=header.made_at), out)
    if made.left_out:
        records = counted(len(made.left_out), "record does", "records do")
        error_console().print(f"{records} not count (voided, replaced, or there twice)")
    raise typer.Exit(1 if rejected else 0)


@app.command("read")
def read(
    file: Annotated[Path, typer.Argument(help="a Bundle or one resource, as JSON")],
    *,
    release: Annotated[Release | None, typer.Option(help="what the sender means; told from the file if absent")] = None,
    most: Annotated[int, typer.Option(min=1, help="show at most so many rows of each table")] = _MOST,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
) -> None:
    """
    Say what a FHIR file tells of infusions, devices and alerts, and what in it must not be used.

    A value whose unit is missing, unknown, or measures something else is flagged with its place and not used. Nothing
    is read of patients. Exit code 0 if nothing was flagged, 1 otherwise.

    Example: openinfusion fhir read examples/fhir/from-another-system.json
    """
    reading = read_bundle(read_bytes(file), where=str(file), release=release)
    if as_json:
        say_json(reading_to_json(reading))
    else:
        _show(reading, most)
    raise typer.Exit(1 if reading.cautions else 0)


@app.command("draft")
def draft(
    log: LogFile,
    event_id: Annotated[list[str], typer.Argument(metavar="EVENT_ID...", help="ids of the records it is about")],
    *,
    release: ReleaseOption = Release.R4,
    actuality: Annotated[
        Actuality, typer.Option(help="whether it reached somebody, which only a person can say")
    ] = Actuality.POTENTIAL,
    out: OutOption = None,
) -> None:
    """
    Draft a report (AdverseEvent) about records of a log, with the pump and the infusion concerned.

    The draft stays here: nothing sends it, it is labelled so, and it names no patient. A person completes it.

    Example: openinfusion fhir draft examples/events/every-kind.jsonl SP-0417-000009 --out draft.fhir.json
    """
    refuse_to_overwrite(out, log)
    header, events, _ = _read_log(log)
    words = {event.event_id: sentence(event) for event in events}
    chosen = {record: words.get(record, "") for record in event_id}
    _put(draft_bundle((header, events), chosen, release=release, actuality=actuality.value), out)
    error_console().print("A local draft: complete it, and report it as your organisation does. It was not sent.")


def _read_log(path: Path) -> tuple[EventLog, list[Event], int]:
    reader = read_events(path)
    events = [line.event for line in reader if line.event is not None]
    if reader.rejected:
        message = f"{counted(reader.rejected, 'line')} cannot be read; 'openinfusion events validate' says why."
        error_console().print(message, soft_wrap=True)
    return reader.header, events, reader.rejected


def _put(document: Json, out: Path | None) -> None:
    content = to_bytes(document)
    if out is None:
        sys.stdout.write(content.decode())
        return
    write_bytes(out, content)
    written = counted(len(document.get("entry", [])), "resource")
    error_console().print(Text(f"wrote {written} to {out}"), soft_wrap=True)


def _show(reading: Reading, most: int) -> None:
    """Print what was understood, then what was flagged."""
    passed = sum(reading.passed_over.values())
    over = f", {passed:,} passed over" if passed else ""
    say(f"FHIR {reading.release.value}: {counted(len(reading.resources), 'resource')} read{over}")
    given = [administration_row(one) for one in reading.administrations]
    devices = [(one.asset or "", one.maker or "", one.model or "", one.software or "") for one in reading.devices]
    metrics = [(str(one.type), one.unit or "", one.category) for one in reading.metrics]
    issues = [(one.text or str(one.code or ""), one.severity or "", _answer(one.response)) for one in reading.issues]
    adverse = [(str(one.code or ""), one.actuality, "draft" if one.is_draft else "") for one in reading.adverse]
    flagged = [(one.place, one.found, one.flag.words) for one in reading.cautions]
    for title, columns, rows in (
        ("Administrations", ADMINISTRATION_COLUMNS, given),
        ("Devices", ("asset", "maker", "model", "software"), devices),
        ("Metrics", ("what", "unit", "category"), metrics),
        ("Alerts", ("what", "severity", "answer"), issues),
        ("Reports", ("what", "actuality", ""), adverse),
        ("Flagged", ("where", "found", "what was made of it"), flagged),
    ):
        if rows:
            more = f" (the first {most} of {len(rows):,})" if len(rows) > most else ""
            say("", table(title + more, columns, rows[:most]))


def _answer(response: object) -> str:
    return str(getattr(response, "value", ""))
