"""`openinfusion lake`: take event logs in, keep the lake in order, and say what is in it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from openinfusion.cli import lake_look
from openinfusion.cli.console import error_console, say, say_json, table
from openinfusion.lake.compact import RETENTION_HOURS, compact
from openinfusion.lake.ingest import BLOCK, ROWS, WORKERS, Settings, Summary, ingest
from openinfusion.lake.store import Lake

app = typer.Typer(no_args_is_help=True, help="Keep events exactly once, and ask them questions.")
LakeFolder = Annotated[Path, typer.Argument(help="the folder of the lake")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for machines")]
BYTES_A_LINE = 256
SMALLEST_BLOCK = 2**14
_SUMS = ("lines", "kept", "duplicates", "conflicts", "rejected", "blank", "unknown")


@app.command("ingest")
def ingest_files(
    lake: LakeFolder,
    files: Annotated[list[Path], typer.Argument(help="event logs: .jsonl, .jsonl.gz, .jsonl.zst or .parquet")],
    *,
    workers: Annotated[int, typer.Option(min=0, max=64, help="processes that parse; 0 for this one alone")] = WORKERS,
    rows: Annotated[int, typer.Option(min=1, help="events that are kept and acknowledged at once")] = ROWS,
    progress: Annotated[bool, typer.Option(help="print a line for what is safe: acknowledged FILE lines A-B")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Take event logs in. A record that the lake has already is a duplicate: sending a file again does no harm.

    What is acknowledged survives a kill and a power cut. Ends with 1 if anything was refused; the lake keeps what and
    why (openinfusion lake info).

    Example: openinfusion lake ingest LAKE examples/events/every-kind.jsonl
    """
    block = min(BLOCK, max(SMALLEST_BLOCK, rows * BYTES_A_LINE))
    settings = Settings(workers=_workers(workers, files, block), rows=rows, block=block)
    told: list[Summary] = []
    for summary in ingest(lake, files, settings, acknowledge=_acknowledge if progress else _say_nothing):
        told.append(summary)
        if summary.stopped is not None:
            error_console().print(f"Stopped {summary.file}: {summary.stopped}", soft_wrap=True, markup=False)
    rows_told = [_row(summary) for summary in told]
    if as_json:
        say_json({"lake": str(lake), "files": [_to_json(summary) for summary in told]})
    else:
        _show(told, rows_told)
    if not all(summary.is_whole for summary in told):
        raise typer.Exit(1)


def _workers(asked: int, files: Sequence[Path], block: int) -> int:
    """Return how many processes are worth starting; small files are read sooner by this one."""
    size = sum(file.stat().st_size for file in files if file.is_file())
    return asked if size > block else 0


def _acknowledge(file: str, first: int, last: int) -> None:
    typer.echo(f"acknowledged {file} lines {first}-{last}")


def _say_nothing(file: str, first: int, last: int) -> None:
    """Acknowledge to nobody."""


def _row(summary: Summary) -> list[int]:
    taken = summary.taken
    kept = (summary.lines, taken.kept, taken.duplicates, taken.conflicts)
    return [*kept, summary.rejected, summary.blank, summary.unknown]


def _to_json(summary: Summary) -> dict[str, Any]:
    counts = dict(zip(_SUMS, _row(summary), strict=True))
    return {"file": summary.file, **counts, "faults": dict(summary.faults), "stopped": summary.stopped}


def _show(told: Sequence[Summary], rows: Sequence[Sequence[int]]) -> None:
    shown = [[Path(one.file).name, *(f"{n:,}" for n in row)] for one, row in zip(told, rows, strict=True)]
    if len(rows) > 1:
        shown.append(["all files", *(f"{sum(column):,}" for column in zip(*rows, strict=True))])
    say(table("Taken in", ("file", *_SUMS), shown, right=range(1, len(_SUMS) + 1)), "")
    say("lines = kept + duplicates + conflicts + rejected + blank; unknown kinds are kept, and counted once more.")
    faults: Counter[str] = sum((one.faults for one in told), start=Counter())
    if faults:
        say("", table("Refused, by the field at fault", ("field", "records"), sorted(faults.items()), right=(1,)))
        say("", "What was refused, by file and line, is kept in the folder rejected/ of the lake.")


@app.command("compact")
def compact_lake(
    lake: LakeFolder,
    *,
    retention: Annotated[int, typer.Option(min=0, help="hours that replaced files stay for who reads them")] = (
        RETENTION_HOURS
    ),
    as_json: AsJson = False,
) -> None:
    """
    Merge small files into large ones and mark voided records; nobody who reads notices.

    Example: openinfusion lake compact LAKE
    """
    done = compact(Lake.open(lake), retention_hours=retention)
    if as_json:
        say_json(asdict(done))
        return
    say(f"Files of events: {done.before:,} before, {done.after:,} now; {done.rewritten:,} events were written again.")
    say(f"Records marked as void: {done.marked:,}. Files deleted that nobody needs any more: {done.deleted:,}.")


app.command("info")(lake_look.info)
app.command("gaps")(lake_look.gaps)
app.command("clock")(lake_look.clock)
