"""`openinfusion library`: check, show, convert, diff, read-back and inject."""

from datetime import UTC, date, datetime
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.adapters.difference_file import difference_html, difference_json, difference_text
from openinfusion.adapters.documents import refuse_to_overwrite, to_json
from openinfusion.adapters.library_file import identity, write_library
from openinfusion.adapters.open_library import Opened, mapping_for, open_library
from openinfusion.adapters.review_file import read_acceptances, read_thresholds, review_to_json
from openinfusion.adapters.tables import read_back, write_table
from openinfusion.cli import show
from openinfusion.cli.console import say, say_json, styled, table, write_text
from openinfusion.core.difference import difference
from openinfusion.core.errors import AuthorError
from openinfusion.core.injection import inject
from openinfusion.core.library import Library
from openinfusion.core.review import Severity, review
from openinfusion.core.wording import counted

app = typer.Typer(no_args_is_help=True, help="Read, check, compare and convert drug libraries.")

FINDINGS = 1
LibraryFile = Annotated[Path, typer.Argument(help="a library: .json in the open format, or a vendor's .xlsx or .csv")]
MappingName = Annotated[
    str | None,
    typer.Option(
        "--mapping", "-m", help="alaris, baxter, plain, or a mapping file (.toml); found by itself if not said"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for machines")]


class DiffFormat(Enum):
    """How a difference is written."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


def _day(text: str | None) -> date:
    """Return the day to judge from: today unless said."""
    if text is None:
        return datetime.now(tz=UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise AuthorError(where="--on", found=repr(text), expected="a day such as 2026-11-23") from error


def say_problems(opened: Opened) -> None:
    """Print what a table held that could not be read: nothing is dropped in silence."""
    if opened.reading is None:
        return
    reading = opened.reading
    made = counted(len(opened.library.entries), "entry", "entries")
    say(f"{counted(reading.rows_read, 'row')} read, {made} made.")
    if reading.problems:
        rows = [(p.sheet, p.row, p.column, p.found, p.expected, p.consequence.value) for p in reading.problems]
        columns = ("sheet", "row", "column", "found", "expected", "consequence")
        say(table("Cells to look at: left out, or read with an assumption", columns, rows, right=(1,)))
    if reading.unknown_columns:
        say(f"Columns that the mapping does not know: {', '.join(map(str, reading.unknown_columns))}")


def _rows_left_out(opened: Opened) -> int:
    """Return how many rows of a table are not in the library: whatever they limit, nobody judged."""
    return opened.reading.counts.rows_left_out if opened.reading else 0


def _exit_if_incomplete(opened: Opened) -> None:
    """End with exit code 1 where rows of the table are not in the library that was written."""
    if left_out := _rows_left_out(opened):
        rows = counted(left_out, "row could not be read and is", "rows could not be read and are")
        say(styled(f"{rows} NOT in it; see the list above.", "bold red"))
        raise typer.Exit(FINDINGS)


@app.command("check")
def check_library(
    file: LibraryFile,
    *,
    mapping: MappingName = None,
    parent: Annotated[Path | None, typer.Option(help="the version before, for rules about changes")] = None,
    thresholds: Annotated[Path | None, typer.Option(help="your own thresholds (.toml)")] = None,
    accepted: Annotated[Path | None, typer.Option(help="findings accepted with a reason (.toml)")] = None,
    on: Annotated[str | None, typer.Option(help="the day to judge from (for overdue reviews)")] = None,
    limit: Annotated[int, typer.Option(help="how many groups of findings to print; 0 for all")] = 40,
    as_json: AsJson = False,
) -> None:
    """
    Review a library: what is wrong with it, where, why it matters, and what to do.

    Exit code 0 when no error remains, 1 when at least one does or a row of the table could not be read.

    Example: openinfusion library check examples/vendor/alaris-sample.xlsx --mapping alaris
    """
    opened = open_library(file, mapping)
    result = review(
        opened.library,
        thresholds=read_thresholds(thresholds) if thresholds else None,
        at=_day(on),
        parent=open_library(parent, None).library if parent else None,
        acceptances=read_acceptances(accepted) if accepted else (),
    )
    if as_json:
        say_json(review_to_json(result))
    else:
        say_problems(opened)
        show.review_summary(result, opened.library, limit=limit)
        if left_out := _rows_left_out(opened):
            rows = counted(left_out, "row could not be read and was", "rows could not be read and were")
            say(styled(f"{rows} NOT reviewed; see the list at the top.", "bold red"))
    if result.count(Severity.ERROR) or _rows_left_out(opened):
        raise typer.Exit(FINDINGS)


@app.command("show")
def show_library(
    file: LibraryFile,
    *,
    mapping: MappingName = None,
    area: Annotated[str | None, typer.Option(help="only this care area (id or part of its name)")] = None,
    drug: Annotated[str | None, typer.Option(help="only drugs with this in their name")] = None,
    entry: Annotated[str | None, typer.Option(help="one entry, with its number line")] = None,
    as_json: AsJson = False,
) -> None:
    """
    Show a library: its care areas, or the entries of a drug or an area, or one entry with its number line.

    Example: openinfusion library show examples/trust/library-1.1.0.json --drug fentanyl
    """
    library = open_library(file, mapping).library
    if entry is not None:
        found = library.find_entry(entry)
        if found is None:
            raise AuthorError(where="--entry", found=repr(entry), expected="the id of an entry; --drug lists them")
        say_json(to_json(found)) if as_json else show.one_entry(library, found)
        return
    chosen = [e for e in library.entries if _matches(library, e.drug, drug) and _in_area(library, e.care_area, area)]
    if as_json:
        say_json({"identity": identity(library), "library": to_json(library.library), "entries": to_json(chosen)})
    elif area is None and drug is None:
        show.overview(library, identity(library))
    elif chosen:
        show.entries(library, chosen)
    else:
        raise AuthorError(
            where="--drug and --area", found="no entry that matches both", expected=_names_like(library, drug)
        )


def _names_like(library: Library, wanted: str | None) -> str:
    """Return names of drugs near to what was typed, or where to look."""
    names = [name for drug in library.drugs for name in (drug.name, *drug.aliases)]
    near = get_close_matches((wanted or "").casefold(), names, n=3, cutoff=0.6)
    return f"a name such as {' or '.join(near)}" if near else "a name that 'library show' or the library's aliases hold"


def _matches(library: Library, drug_id: str, wanted: str | None) -> bool:
    if wanted is None:
        return True
    drug = library.drug(drug_id)
    return any(wanted.casefold() in name.casefold() for name in (drug.id, drug.name, *drug.aliases))


def _in_area(library: Library, area_id: str, wanted: str | None) -> bool:
    return wanted is None or wanted.casefold() in (area_id + " " + library.care_area(area_id).name).casefold()


@app.command("convert")
def convert_library(
    file: LibraryFile,
    to: Annotated[Path, typer.Argument(help="where to write: .json for the open format, .xlsx or .csv for a layout")],
    *,
    mapping: MappingName = None,
    to_mapping: Annotated[str, typer.Option(help="the layout to write: alaris, baxter, plain or a .toml")] = "plain",
) -> None:
    """
    Convert a library between the open format and a vendor's layout, and list what could not be carried over.

    Exit code 0 when every row was read, 1 when the library is written without rows that could not be read.

    Example: openinfusion library convert examples/vendor/alaris-sample.xlsx library.json --mapping alaris
    """
    refuse_to_overwrite(to, file, mapping, to_mapping)
    opened = open_library(file, mapping)
    say_problems(opened)
    if to.suffix.lower() == ".json":
        say(f"wrote {to}, identity sha256:{write_library(opened.library, to)}")
        _exit_if_incomplete(opened)
        return
    unwritten = write_table(opened.library, to, mapping_for(to_mapping, option="--to-mapping"))
    say(f"wrote {to}")
    if unwritten:
        rows = [(u.entry, u.field, u.value, u.reason) for u in unwritten]
        say(table("This layout has no place for", ("entry", "field", "value", "why"), rows))
    _exit_if_incomplete(opened)


@app.command("diff")
def diff_libraries(
    old: LibraryFile,
    new: Annotated[Path, typer.Argument(help="the newer library")],
    *,
    mapping: MappingName = None,
    form: Annotated[DiffFormat, typer.Option("--format", help="text, json or html")] = DiffFormat.TEXT,
    limit: Annotated[int, typer.Option(help="how many changes to print; 0 for all")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write to this file instead of the screen")
    ] = None,
) -> None:
    """
    Say what changed between two libraries in clinical words: limits widened or removed first.

    Exit code 0 when nothing that lets more through changed, 1 when something did.

    Example: openinfusion library diff examples/trust/library-1.0.0.json examples/trust/library-1.1.0.json
    """
    refuse_to_overwrite(output, old, new, mapping)
    before, after = open_library(old, mapping), open_library(new, mapping)
    found = difference(before.library, after.library)
    if form is DiffFormat.TEXT and output is None:
        say_problems(before)
        say_problems(after)
        show.changes(found, limit=limit)
    else:
        write = {DiffFormat.TEXT: difference_text, DiffFormat.JSON: difference_json, DiffFormat.HTML: difference_html}
        page = write[form](found)
        typer.echo(page, nl=False) if output is None else write_text(output, page)
    if any(change.is_loosening for change in found.changes) or _rows_left_out(after):
        raise typer.Exit(FINDINGS)


@app.command("read-back")
def read_back_library(
    approved: Annotated[Path, typer.Argument(help="the approved library (.json)")],
    exported: Annotated[Path, typer.Argument(help="what the vendor's editor holds now (.xlsx or .csv)")],
    *,
    mapping: MappingName = None,
    as_json: AsJson = False,
) -> None:
    """
    Compare a vendor's export with the approved library, field by field: this finds typing errors.

    Exit code 0 when both agree, 1 when they differ.

    Example: openinfusion library read-back examples/trust/library-1.0.0.json examples/trust/vendor-export-2018.xlsx
    """
    result = read_back(open_library(approved, None).library, exported, mapping_for(mapping, exported))
    if as_json:
        say_json(to_json(result))
    else:
        show.read_back(result)
    if result.differences:
        raise typer.Exit(FINDINGS)


@app.command("inject")
def inject_errors(file: LibraryFile, *, mapping: MappingName = None, as_json: AsJson = False) -> None:
    """
    Try errors on every entry (2, 5, 10, 60, 1,000 times; wrong weight, drug, strength) to see what stops them.

    Example: openinfusion library inject examples/trust/library-1.1.0.json
    """
    score = inject(open_library(file, mapping).library)
    say_json(to_json(score)) if as_json else show.injection(score)
