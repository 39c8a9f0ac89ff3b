"""What every command prints with: Rich on a terminal, plain aligned text when piped, JSON for machines."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from openinfusion.adapters.documents import write_bytes
from openinfusion.cli.layout import laid_out, wrapped

# A pipe has no width: what reads it finds a row on one line if it can. Who wants another width sets COLUMNS.
PIPED_WIDTH = 180
SEVERITY_STYLE = {"error": "bold red", "warning": "yellow", "advice": "cyan"}
DECISION_STYLE = {"accept": "bold green", "confirm": "bold yellow", "refuse": "bold red", "not checked": "bold magenta"}


def console() -> Console:
    """Return the console for results; made when needed, so that redirection is seen."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    told = os.environ.get("COLUMNS", "")
    width = int(told) if told.isascii() and told.isdigit() and int(told) else PIPED_WIDTH
    return Console(highlight=False, width=width, no_color=True)


def error_console() -> Console:
    """Return the console for messages that are not results."""
    return Console(stderr=True, highlight=False)


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()
) -> RenderableType:
    """Return a table; cells are texts (never markup: a drug name may hold brackets); ``right`` columns are numbers."""
    cells = [[seen(cell if isinstance(cell, Text) else str(cell)) for cell in row] for row in rows]
    width = console().width
    frame = box.ROUNDED if sys.stdout.isatty() else None
    made = laid_out(columns, cells, width=width, right=right, frame=frame)
    return Group(wrapped(styled(seen(title).plain, "table.title"), width), made) if title else made


# What would act on a terminal instead of being read: escapes, C1 controls, characters that turn the direction.
_UNSEEN = {
    **{code: 0x2400 + code for code in range(32) if code not in (9, 10)},
    **dict.fromkeys((*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD),
}


def seen(text: str | Text) -> Text:
    """Return a text in which nothing acts on the terminal: a hostile library may name a drug with an escape."""
    made = Text(text.translate(_UNSEEN)) if isinstance(text, str) else text
    made.plain = made.plain.translate(_UNSEEN)
    return made


def say(*parts: object) -> None:
    """Print lines or tables for a reader; text is never read as markup."""
    out = console()
    for part in parts:
        if isinstance(part, str | Text):
            whole = seen(part)
            out.print(wrapped(whole, out.width) if out.is_terminal else whole, soft_wrap=True)
        else:
            out.print(part)


def styled(text: str, style: str | None) -> Text:
    """Return a text in a style of the tables above."""
    return Text(text, style=style or "")


def say_json(value: Any) -> None:  # noqa: ANN401 - JSON is any value
    """Print a JSON document for a machine."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file and say so on the error stream."""
    write_bytes(path, text.encode())
    error_console().print(Text(f"wrote {path}"))


def progress() -> Progress:
    """Return a progress bar on the error stream; it shows on a terminal only."""
    err = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
