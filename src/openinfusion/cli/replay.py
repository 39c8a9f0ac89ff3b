"""`openinfusion replay`: what a library would have done with past infusions."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from openinfusion.adapters.documents import refuse_to_overwrite
from openinfusion.adapters.infusions import (
    InfusionMapping,
    InfusionReading,
    load_infusion_mapping,
    read_infusions,
    shipped_infusion_mapping,
    shipped_infusion_mappings,
)
from openinfusion.adapters.open_library import open_library
from openinfusion.adapters.replay_file import replay_to_json
from openinfusion.adapters.report.page import ReportData, write_report
from openinfusion.adapters.report.tables import Table, comparison_table, headline, reading_tables, replay_tables
from openinfusion.cli.console import error_console, say, say_json, table
from openinfusion.core.errors import MappingError
from openinfusion.core.library import Library
from openinfusion.core.replay import ChangedOutcome, Replay, compare_replays, replay


def infusion_mapping(name: str) -> InfusionMapping:
    """Return a shipped mapping by name, or a mapping file by path."""
    if name in shipped_infusion_mappings():
        return shipped_infusion_mapping(name)
    if not name.endswith(".toml"):
        known = ", ".join(shipped_infusion_mappings())
        raise MappingError(where="--mapping", found=repr(name), expected=f"{known}, or a file ending in .toml")
    return load_infusion_mapping(Path(name))


def rich_table(made: Table, *, most: int = 0) -> RenderableType:
    """Return a table of the report as one of the terminal; the first rows only if ``most`` is not 0."""
    left_out = len(made.rows) - most if most else 0
    title = f"{made.title} (the first {most} of {len(made.rows)})" if left_out > 0 else made.title
    return table(title, made.header, made.rows[: most or None], right=tuple(made.numbers))


def replay_infusions(
    library: Annotated[Path, typer.Argument(help="the library to judge by: .json, or a vendor's .xlsx or .csv")],
    infusions: Annotated[Path, typer.Argument(help="the file of past infusions (.csv or .xlsx)")],
    *,
    mapping: Annotated[
        str, typer.Option("--mapping", "-m", help="plain, mimic-iii, or a mapping file (.toml)")
    ] = "plain",
    library_mapping: Annotated[str | None, typer.Option(help="the layout of the library, if it is a table")] = None,
    against: Annotated[
        Path | None, typer.Option(help="a second library: which alerts would be gained and lost?")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="write the report with its charts to this file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
) -> None:
    """
    Hold past infusions against a library: alerts by drug, care area, limit and times the limit.

    Nothing is guessed: rows left out, infusions that could not be checked and ambiguous ones are counted and explained.

    Example: openinfusion replay examples/trust/library-1.1.0.json examples/trust/infusions.csv --html report.html
    """
    refuse_to_overwrite(html, library, infusions, mapping, library_mapping, against)
    judged = open_library(library, library_mapping, option="--library-mapping").library
    second = open_library(against, library_mapping, option="--library-mapping").library if against else None
    reading = read_infusions(infusions, infusion_mapping(mapping))
    result = replay(judged, reading.infusions)
    changes = compare_replays(result, replay(second, reading.infusions)) if second else None
    if html is not None:
        write_report(html, _report(judged, reading, result, second=second, changes=changes))
        error_console().print(f"wrote {html}", soft_wrap=True)
    if as_json:
        say_json(replay_to_json(reading, result, changes))
        return
    say(headline(result), "")
    shown = [
        *replay_tables(result),
        *([comparison_table(changes)] if changes is not None else []),
        *reading_tables(reading),
    ]
    for made in shown:
        say(rich_table(made), "")
    if judged.library.not_for_clinical_use:
        say("Not for clinical use.")


def _report(
    library: Library,
    reading: InfusionReading,
    result: Replay,
    *,
    second: Library | None,
    changes: list[ChangedOutcome] | None,
) -> ReportData:
    return ReportData(
        title=f"What {library.library.name} {library.library.version} would have done",
        library=library,
        made_at=datetime.now(tz=UTC),
        reading=reading,
        replay=result,
        compared_with=f"{second.library.name} {second.library.version}" if second else None,
        changes=changes,
    )
