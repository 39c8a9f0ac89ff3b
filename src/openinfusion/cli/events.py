"""`openinfusion events`: validate, convert and show event logs."""

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.text import Text

from openinfusion.adapters.documents import refuse_to_overwrite
from openinfusion.adapters.events import Line, Rejected, read_events, write_events, write_tables
from openinfusion.adapters.events.from_infusions import events_of
from openinfusion.adapters.events.header import header_to_json
from openinfusion.adapters.events.story import sentence
from openinfusion.adapters.events.streams import Source
from openinfusion.adapters.events.validation import Summary, Validation, without_private
from openinfusion.adapters.infusions import read_infusions
from openinfusion.cli.console import console, error_console, say, seen, table
from openinfusion.cli.replay import infusion_mapping
from openinfusion.core.errors import Fault
from openinfusion.core.events import EventLog
from openinfusion.core.wording import counted

app = typer.Typer(no_args_is_help=True, help="Validate, convert and show event logs of infusion pumps.")
MOST = 100


class Purpose(StrEnum):
    """Why events exist."""

    CLINICAL = "clinical"
    TEST = "test"
    TRAINING = "training"
    EXAMPLE = "example"


LogFile = Annotated[
    Path, typer.Argument(metavar="FILE", help=".jsonl, .jsonl.gz, .jsonl.zst or .parquet; - reads standard input")
]


def _source(path: Path) -> Source:
    return sys.stdin.buffer if str(path) == "-" else path


@app.command("validate")
def validate(
    file: LogFile,
    *,
    most: Annotated[int, typer.Option(min=0, help="show at most so many violations; 0 shows all")] = MOST,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
) -> None:
    """
    Report every violation of the event log format, with line and path, and what was read.

    Exit code 0 if there is none, 1 if there are some. Memory does not grow with the file.

    Example: openinfusion events validate examples/events/every-kind.jsonl
    """
    checked = Validation(_source(file))
    if as_json:
        _print_json(checked, most or None)
    else:
        _print_text(checked, most or None)
    raise typer.Exit(1 if checked.summary.violations else 0)


def _violations(checked: Validation, most: int | None) -> Iterator[tuple[Rejected, Fault]]:
    """Yield the violations to be shown, and read the log to its end."""
    shown = 0
    for chunk in checked:
        for rejected in chunk.rejected:
            for fault in rejected.faults:
                shown += 1
                if most is None or shown <= most:
                    yield rejected, fault


def _print_json(checked: Validation, most: int | None) -> None:
    """Write one document as it comes: a log of nonsense has more violations than memory."""
    out = sys.stdout
    out.write(f'{{"header": {json.dumps(header_to_json(checked.header), ensure_ascii=False)},\n "violations": [')
    between = "\n  "
    for rejected, fault in _violations(checked, most):
        shown = {"line": rejected.line, "event_id": rejected.event_id}
        shown |= {"path": fault.path, "found": fault.found, "expected": fault.expected}
        out.write(between + json.dumps(shown, ensure_ascii=False))
        between = ",\n  "
    out.write(f'],\n "summary": {json.dumps(checked.summary.to_json(), ensure_ascii=False)}}}\n')


def _print_text(checked: Validation, most: int | None) -> None:
    out = console()
    out.print(seen(_headline(checked.name, checked.header)))
    shown = 0
    for rejected, fault in _violations(checked, most):
        shown += 1
        out.print(_violation(rejected.line, fault), soft_wrap=True)
    left = checked.summary.violations - shown
    if left:
        say(f"... and {left:,} more; --most 0 shows all.")
    _print_summary(checked.summary)


def _headline(name: str, header: EventLog) -> Text:
    words = f"  event log {header.format_version} of {header.organisation} ({header.purpose})"
    return Text.assemble((name, "bold"), words)


def _violation(line: int, fault: Fault) -> Text:
    words = f"found {fault.found}; expected {fault.expected}"
    return seen(Text.assemble((f"line {line:<8,} ", "yellow"), (f"{fault.path:<24} ", "cyan"), words))


def _print_summary(summary: Summary) -> None:
    verdict = (
        Text.assemble("No violation. ", style="bold green")
        if not summary.violations
        else Text(f"{counted(summary.violations, 'violation')} in {counted(summary.rejected, 'line')}. ", "bold red")
    )
    counts = (
        f"{counted(summary.lines, 'line')} read: {summary.accepted:,} accepted, {summary.rejected:,} rejected,"
        f" {summary.unknown:,} of unknown kinds kept, {summary.blank:,} blank"
    )
    say("", Text.assemble(verdict, counts))
    if summary.first is not None and summary.last is not None:
        say(f"{counted(len(summary.pumps), 'pump')}, {_day(summary.first)} to {_day(summary.last)} (UTC)")
    for title, counter in (
        ("kind of record", summary.kinds),
        ("kind that this version does not know, kept", summary.unknown_kinds),
        ("field that this version does not know, kept", summary.unknown_fields),
    ):
        if counter:
            ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
            rows = [(name, f"{count:,}") for name, count in ordered[:MOST]]
            say("", table("", (title, "records"), rows, right=(1,)))


def _day(moment: object) -> str:
    return f"{moment:%d-%b-%Y %H:%M:%S}"


@app.command("convert")
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="the log to read; - reads standard input")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help=".jsonl, .jsonl.gz, .jsonl.zst or .parquet")],
    *,
    strip: Annotated[bool, typer.Option("--strip", help="leave out what may identify a person (private)")] = False,
) -> None:
    """
    Write a log in another form; nothing is lost on the way and back.

    A line that is no record cannot be converted: it is reported, the others are written, and the exit code is 1.

    Example: openinfusion events convert examples/events/every-kind.jsonl log.parquet --strip
    """
    refuse_to_overwrite(target, source)
    checked = Validation(_source(source))
    part = target.with_name(f".part-{target.name}")
    try:
        write_tables(part, checked.header, _tables(checked, strip=strip))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    count = checked.summary
    error_console().print(
        f"wrote {counted(count.accepted + count.unknown, 'record')} to {target};"
        f" {counted(count.rejected, 'line')} rejected",
        soft_wrap=True,
    )
    raise typer.Exit(1 if count.rejected else 0)


def _tables(checked: Validation, *, strip: bool) -> Iterator[pl.DataFrame]:
    for chunk in checked:
        for rejected in chunk.rejected:
            for fault in rejected.faults:
                error_console().print(_violation(rejected.line, fault), soft_wrap=True)
        yield without_private(chunk.table) if strip else chunk.table


@app.command("from-infusions")
def from_infusions(
    source: Annotated[Path, typer.Argument(metavar="IN", help="the file of past infusions (.csv or .xlsx)")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help=".jsonl, .jsonl.gz, .jsonl.zst or .parquet")],
    *,
    organisation: Annotated[str, typer.Option(help="whose infusions they are")],
    mapping: Annotated[str, typer.Option("--mapping", "-m", help="plain, mimic-iii, or a mapping file (.toml)")] = (
        "plain"
    ),
    purpose: Annotated[Purpose, typer.Option(help="why they exist; purposes are never mixed")] = Purpose.TEST,
) -> None:
    """
    Write past infusions of a record system as events: programmed, started, completed. Rows left out are counted.

    Ends with 1 if the format cannot hold one of them, such as a dose of 20 digits; the others are written.

    Example: openinfusion events from-infusions examples/trust/infusions.csv past.jsonl --organisation "Example trust"
    """
    refuse_to_overwrite(target, source, mapping)
    reading = read_infusions(source, infusion_mapping(mapping))
    records = events_of(reading)
    write_events(target, EventLog(organisation=organisation, source=reading.source, purpose=purpose.value), records)
    left_out, written = sum(reading.excluded.values()), len(reading.infusions) - len(records.unwritten)
    error_console().print(
        f"wrote {counted(3 * written, 'record')} of {counted(written, 'infusion')} to {target};"
        f" {left_out:,} of {counted(reading.rows, 'row')} left out (openinfusion replay says why)",
        soft_wrap=True,
    )
    for row, reason in list(records.unwritten.items())[:MOST]:
        error_console().print(seen(f"row {row:,} cannot be written: {reason}"), soft_wrap=True)
    raise typer.Exit(1 if records.unwritten else 0)


@app.command("show")
def show(
    file: LogFile,
    *,
    pump: Annotated[str | None, typer.Option(help="only this pump")] = None,
    infusion: Annotated[str | None, typer.Option(help="only this infusion")] = None,
) -> None:
    """
    Tell the story of a log in words, one line a record, in the order of the file.

    Example: openinfusion events show examples/events/every-kind.jsonl --infusion 417-88
    """
    reader = read_events(_source(file))
    out = console()
    for line in reader:
        if (words := _told(line, pump=pump, infusion=infusion)) is not None:
            out.print(seen(words), soft_wrap=True)
    if reader.rejected:
        message = f"{counted(reader.rejected, 'line')} cannot be read; 'openinfusion events validate' says why."
        error_console().print(message, soft_wrap=True)


def _told(line: Line, *, pump: str | None, infusion: str | None) -> Text | None:
    """Return one record in words, or ``None`` where it is not asked for."""
    event = line.event
    if event is None:
        wanted = pump is None and infusion is None and line.unknown is not None
        return Text(f"line {line.number:,}: a kind that this version does not know") if wanted else None
    if (pump is not None and event.pump != pump) or (infusion is not None and event.infusion != infusion):
        return None
    at = f"{event.at:%d-%b-%Y %H:%M:%S}"
    return Text.assemble((at, "dim"), "  ", (event.pump, "cyan"), f"  {sentence(event)}")
