"""`openinfusion orders`: hold the orders of a prescribing system against a library before any pump meets them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.adapters.open_library import open_library
from openinfusion.adapters.orders_file import read_orders
from openinfusion.adapters.orders_report import answer_words, groups_of, reconciliation_to_json
from openinfusion.cli.console import say, say_json, styled, table
from openinfusion.cli.orders_try import try_orders
from openinfusion.core.errors import OperatorError
from openinfusion.core.order_reconciliation import Line, Outcome, Reconciliation, area_id, reconcile
from openinfusion.core.wording import counted

app = typer.Typer(no_args_is_help=True, help="Orders of a prescribing system against a library.")
app.command("try")(try_orders)
_MOST = 20


@app.callback()
def orders() -> None:
    """Hold the orders of a prescribing system against a library."""


@app.command("check")
def check_orders(
    file: Annotated[Path, typer.Argument(help="the orders: a table (.csv, .xlsx) or HL7 messages (RGV^O15)")],
    *,
    library: Annotated[Path, typer.Option(help="the library to match: .json, or a vendor's .xlsx or .csv")],
    library_mapping: Annotated[str | None, typer.Option(help="the layout of the library, if it is a table")] = None,
    area: Annotated[
        str | None, typer.Option(help="care area (id or name) of orders that say none; all are tried if not given")
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="show at most so many orders under each heading")] = _MOST,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
) -> None:
    """
    Say what each order of a file would be answered, and which ones the library cannot match, by reason.

    The columns of a table are in docs/reference/orders.md. Every order is asked as if an idle pump received it now. No
    patient is read from a table, and none is shown. Exit code 0 if every order matches one entry, though its limits
    may refuse it; 1 otherwise, or if there is no order.

    Example: openinfusion orders check examples/trust/orders.csv --library examples/trust/library-1.1.0.json
    """
    opened = open_library(library, library_mapping, option="--library-mapping").library
    if area is not None and area_id(opened, area) is None:
        known = ", ".join(sorted(one.id for one in opened.care_areas))
        raise OperatorError(where="--area", found=repr(area), expected=f"one of {known}")
    made = reconcile(read_orders(file), opened, at=datetime.now(tz=UTC), area=area)
    if as_json:
        say_json(reconciliation_to_json(made))
    else:
        _show(made, most)
    raise typer.Exit(0 if made.is_all_matched else 1)


def _show(made: Reconciliation, most: int) -> None:
    """Print the reconciliation: counts first, then the orders under their headings."""
    about = made.library.library
    matched = sum(line.outcome.is_match for line in made.lines)
    orders, match = counted(len(made.lines), "order"), counted(matched, "matches", "match")
    refused = f", {made.refused:,} of them would be refused" if made.refused else ""
    say(f"{orders} against {about.name} {about.version}: {match} one entry{refused}", "")
    if not made.lines:
        say(styled("NO ORDER: there is none in the file", "bold red"))
        return
    say(table("What became of them", ("outcome", "orders"), [(o.value, n) for o, n in made.counts.items()], right=(1,)))
    for group in groups_of(made):
        rows = [_row(line) for line in group.lines[:most]]
        more = len(group.lines) - len(rows)
        title = group.heading + (f" (the first {len(rows)} of {len(group.lines)})" if more else "")
        say("", table(title, ("where", "order", "medicine", "care area", "answer, and what to look at"), rows))
    differ = [(line.filed.place, note) for line in made.lines for note in line.notes if line.outcome.is_match]
    if differ:
        say("", table("Matched, with something to look at", ("where", "what"), differ[:most]))
    words = "ALL MATCHED" if made.is_all_matched else "NOT ALL MATCHED"
    is_plain = made.is_all_matched and not made.refused
    words += f"; {made.refused:,} WOULD BE REFUSED" if made.refused else ""
    say("", styled(words, "bold green" if is_plain else "bold red"))
    if about.not_for_clinical_use:
        say("Not for clinical use.")


def _row(line: Line) -> tuple[str, ...]:
    order = line.filed.order
    areas = ", ".join(line.matches_in) or line.care_area or ""
    words = answer_words(line)
    if line.answer is not None and not line.outcome.is_match:
        words = "; ".join((words, *line.notes))
    if order is None or line.outcome is Outcome.UNREADABLE:
        return (line.filed.place, "", "", "", words)
    return (line.filed.place, order.id, str(order.medication), areas, words)
