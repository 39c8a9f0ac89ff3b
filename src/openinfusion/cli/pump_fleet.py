"""`openinfusion pump fleet`: a year of a trust on virtual pumps, with what came out beside what was published."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.cli.console import say, table
from openinfusion.core.errors import FileAccessError
from openinfusion.pump.trust import Settings, comparison, write_example

AIMED_AT = 60 * 365
"""Pump-days from which on the year comes near what was published."""


def make_fleet(
    folder: Annotated[Path, typer.Argument(help="where to write the year", metavar="OUT_DIR")],
    pumps: Annotated[int, typer.Option(min=1, help="how many pumps")] = 1500,
    days: Annotated[int, typer.Option(min=1, help="how many days")] = 365,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="the first day")] = datetime(
        2025, 10, 1, tzinfo=UTC
    ),
    seed: Annotated[int, typer.Option(help="the same seed gives the same events")] = 1,
    workers: Annotated[int, typer.Option(min=0, help="how many processes; 0: one for each processor")] = 0,
    examples: Annotated[Path, typer.Option(help="the folder of the example trust")] = Path("examples/trust"),
) -> None:
    """
    Write a year of the example trust, lived through by virtual pumps and their staff; not for clinical use.

    1,500 pumps take some minutes. The folder holds the event log, the register of pumps, the releases with their
    libraries, and truth.csv: which programmes were mistakes, and of what kind.

    Example: openinfusion pump fleet year --pumps 20 --days 60
    """
    if not examples.is_dir():
        expected = "the folder examples/trust of the repository; --examples says where it is"
        raise FileAccessError(where=str(examples), found="no such folder", expected=expected)
    settings = Settings(examples=examples, pumps=pumps, days=days, start=start.date(), seed=seed)
    figures = write_example(folder, settings, workers=workers or os.cpu_count() or 1)
    columns = ("figure", "published", "aimed at", "came out", "near", "source")
    say(table("What was published, and what came out", columns, comparison(figures)))
    if figures["lost_ways"]:
        say(f"Given up: {figures['lost_ways']:,} uses in which staff met a screen that they did not expect.")
    if pumps * days < AIMED_AT:
        say("The aims are for 60 pumps and a year, or more: what so few pumps and days give is scattered around them.")
    say(f"wrote {folder}: synthetic, of a fictitious trust, not for clinical use.")
