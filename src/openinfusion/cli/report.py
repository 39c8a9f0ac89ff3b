"""`openinfusion report`: the month of a trust as one HTML page."""

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.adapters.documents import refuse_to_overwrite
from openinfusion.adapters.open_library import open_library
from openinfusion.adapters.report.month import MonthReport, write_month
from openinfusion.cli.console import error_console, say, table
from openinfusion.core.spc import RULE_SETS
from openinfusion.lake.calendar import Month
from openinfusion.lake.drug_list import read_drugs
from openinfusion.lake.engine import VARIABLE, engine_from
from openinfusion.lake.month import MonthSettings, month_report, organisation_of
from openinfusion.lake.registers import Registers, read_pumps, read_releases
from openinfusion.lake.store import Lake


class Rules(StrEnum):
    """The sets of rules that control charts may be judged by."""

    NHS = "nhs"
    WESTERN_ELECTRIC = "western-electric"


def report_month(
    lake: Annotated[Path, typer.Argument(help="the folder of the lake")],
    *,
    month: Annotated[str, typer.Option(help="the month (UTC), such as 2026-03")],
    html: Annotated[Path | None, typer.Option(help="write the report with its charts to this file")] = None,
    organisation: Annotated[str | None, typer.Option(help="whose month, if the lake holds several")] = None,
    library: Annotated[Path | None, typer.Option(help="names drugs and areas; tells which limits do nothing")] = None,
    register: Annotated[Path | None, typer.Option(help="pumps in service (.csv): who was not heard?")] = None,
    releases: Annotated[Path | None, typer.Option(help="libraries released (.csv): how soon did they arrive?")] = None,
    drugs: Annotated[Path | None, typer.Option(help="which drugs are high-alert (.csv)")] = None,
    rules: Annotated[Rules, typer.Option(help="the rules of the control charts")] = Rules.NHS,
    rebase: Annotated[
        list[datetime] | None, typer.Option(formats=["%Y-%m-%d"], help="a day from which charts begin a new phase")
    ] = None,
) -> None:
    """
    Report on the month of a trust: use of the library, alerts, what became of them, control charts, gaps.

    Example: openinfusion report LAKE --month 2026-03 --html month.html
    """
    refuse_to_overwrite(html, library, register, releases, drugs)
    opened = Lake.open(lake)
    settings = MonthSettings(
        month=Month.read(month),
        organisation=organisation_of(opened, organisation),
        library=open_library(library, None).library if library else None,
        rules=RULE_SETS[rules.value],
        rebase_at=tuple(day.date() for day in rebase or ()),
        made_at=datetime.now(tz=UTC),
    )
    registers = Registers(
        pumps=read_pumps(register) if register else None,
        releases=read_releases(releases) if releases else None,
        drugs=read_drugs(drugs) if drugs else None,
    )
    with engine_from(os.environ.get(VARIABLE)) as engine:
        made = month_report(opened, engine, registers, settings=settings)
    if html is not None:
        write_month(html, made)
        error_console().print(f"wrote {html}", soft_wrap=True)
    _show(made)


def _show(report: MonthReport) -> None:
    """Print the figures of both months."""
    say(f"{report.organisation}, {report.month}", report.basis, "")
    rows = [(figure.name, figure.before, figure.now, figure.change, figure.counted) for figure in report.figures]
    if rows:
        header = ("figure", report.before, report.month, "change", "counted")
        say(table("What changed", header, rows, right=(1, 2)), "")
    if report.purpose != "clinical":
        say("Not for clinical use.")
