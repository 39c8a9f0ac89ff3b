"""`openinfusion events example`: a year of synthetic events, with what came out beside what was published."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.cli.console import say, table
from openinfusion.lake.example import Settings, comparison, write_example


def make_example(
    folder: Annotated[Path, typer.Argument(help="where to write the year", metavar="OUT_DIR")],
    pumps: Annotated[int, typer.Option(min=1, help="how many pumps")] = 60,
    days: Annotated[int, typer.Option(min=1, help="how many days")] = 365,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="the first day")] = datetime(
        2025, 10, 1, tzinfo=UTC
    ),
    seed: Annotated[int, typer.Option(help="the same seed gives the same events")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="how many processes")] = 1,
    examples: Annotated[Path, typer.Option(help="the folder of the example trust")] = Path("examples/trust"),
) -> None:
    """
    Write a year of synthetic events of the example trust; not for clinical use.

    Example: openinfusion events example year --pumps 60
    """
    settings = Settings(examples=examples, pumps=pumps, days=days, start=start.date(), seed=seed)
    figures = write_example(folder, settings, workers=workers)
    columns = ("figure", "published", "aimed at", "came out", "near", "source")
    say(table("What was published, and what came out", columns, comparison(figures)))
    say(f"wrote {folder}: synthetic, of a fictitious trust, not for clinical use.")
