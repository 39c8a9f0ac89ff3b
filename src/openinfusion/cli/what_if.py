"""`openinfusion what-if`: what a draft library would have done with the programmes of the last months."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.adapters.documents import refuse_to_overwrite
from openinfusion.adapters.open_library import open_library
from openinfusion.cli.console import error_console, say, say_json
from openinfusion.cli.replay import rich_table
from openinfusion.core.errors import OperatorError
from openinfusion.lake.engine import VARIABLE, engine_from
from openinfusion.lake.store import Lake
from openinfusion.lake.what_if_answer import DAYS, MOST, Question, what_if
from openinfusion.lake.what_if_page import write_page
from openinfusion.lake.what_if_tables import all_tables, headline, to_json


def ask_what_if(
    lake: Annotated[Path, typer.Argument(help="the folder of the lake")],
    draft: Annotated[Path, typer.Argument(help="the library that nobody runs yet: .json, or a vendor's .xlsx or .csv")],
    *,
    against: Annotated[Path | None, typer.Option(help="the library in force, to compare with")] = None,
    days: Annotated[int | None, typer.Option(min=1, help=f"days back from the last event; {DAYS} if not given")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="the first day (UTC) instead")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="the last day (UTC)")] = None,
    organisation: Annotated[str | None, typer.Option(help="whose programmes, if not all of the lake")] = None,
    entry: Annotated[list[str] | None, typer.Option(help="look at this entry too; may be repeated")] = None,
    html: Annotated[Path | None, typer.Option(help="write the page with its charts to this file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
    most: Annotated[int, typer.Option(min=1, help="show at most so many rows and charts")] = MOST,
) -> None:
    """
    Replay logged programmes over a draft library: alerts gained and lost, catches lost, limits that do nothing.

    Every programme is judged exactly as at the bedside; what cannot be judged is counted, not guessed. Suggestions are
    shown, never applied.

    Example: openinfusion what-if LAKE examples/trust/library-1.1.0.json --against examples/trust/library-1.0.0.json
    """
    if days is not None and first is not None:
        raise OperatorError(where="--days", found="--from as well", expected="one of them")
    refuse_to_overwrite(html, draft, against)
    question = Question(
        draft=open_library(draft, None).library,
        in_force=open_library(against, None).library if against else None,
        days=days or DAYS,
        first=_day(first),
        last=_day(last),
        organisation=organisation,
        entries=tuple(entry or ()),
        most=most,
        at=datetime.now(tz=UTC),
    )
    with engine_from(os.environ.get(VARIABLE)) as engine:
        answer = what_if(Lake.open(lake), engine, question)
    if html is not None:
        write_page(html, answer)
        error_console().print(f"wrote {html}", soft_wrap=True)
    if as_json:
        say_json(to_json(answer))
        return
    say(headline(answer), "")
    for made in all_tables(answer):
        say(rich_table(made, most=most), "")
    if answer.is_example:
        say("Not for clinical use.")


def _day(at: datetime | None) -> date | None:
    return at.date() if at is not None else None
