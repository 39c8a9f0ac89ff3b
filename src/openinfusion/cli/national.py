"""`openinfusion national`: adopt a national library, carry an overlay to its next version, tell what deviates."""

from pathlib import Path
from typing import Annotated

import typer

from openinfusion.adapters.documents import refuse_to_overwrite, to_json
from openinfusion.adapters.library_file import identity, read_library, write_library
from openinfusion.adapters.overlay_file import adopt, read_overlay, write_overlay
from openinfusion.cli.console import say, say_json, styled, table
from openinfusion.core.errors import AuthorError
from openinfusion.core.overlay import Overlay
from openinfusion.core.overlay_fields import setting_text
from openinfusion.core.overlay_merge import MergeKind, three_way
from openinfusion.core.overlay_proposal import overlay_of, publish_deviations
from openinfusion.core.wording import counted

app = typer.Typer(no_args_is_help=True, help="Adopt a national library by an overlay, and keep it current.")

UNDECIDED = 1
Base = Annotated[Path, typer.Argument(help="the national library (.json)")]
OverlayFile = Annotated[Path, typer.Argument(help="the overlay (.json)")]
Output = Annotated[Path, typer.Option("--output", "-o", help="where to write")]


def _exit_if_undecided(overlay: Overlay, limit: int = 40) -> None:
    """List what must still be decided or said, and end with exit code 1 where there is something."""
    rows = [(row.label.removeprefix("row "), "; ".join(why)) for row, why in overlay.undecided]
    if rows:
        shown = rows[:limit]
        say(table("To be decided", ("row", "what"), shown))
        if len(rows) > limit:
            say(f"and {len(rows) - limit:,} more")
        say(styled(f"{counted(len(rows), 'row is', 'rows are')} undecided, and unreviewed or not used.", "bold red"))
        raise typer.Exit(UNDECIDED)


@app.command("adopt")
def adopt_library(base: Base, overlay: OverlayFile, *, output: Output) -> None:
    """
    Make the local library that follows from a national one and an overlay.

    Exit code 0 when every row is decided on, 1 when the library is written and some are not.

    Example: openinfusion national adopt examples/national/library-1.0.0.json
    examples/national/overlay-example-trust.json -o local.json
    """
    refuse_to_overwrite(output, base, overlay)
    said = read_overlay(overlay)
    local = adopt(read_library(base), said)
    digest = write_library(local, output)
    waiting = sum(entry.unreviewed for entry in local.entries)
    say(f"{counted(len(local.entries), 'entry', 'entries')}, {waiting:,} to be approved here")
    say(f"wrote {output}, identity sha256:{digest}")
    _exit_if_undecided(said)


@app.command("propose")
def propose_overlay(
    base: Base,
    local: Annotated[Path, typer.Argument(help="the local library (.json)")],
    *,
    output: Output,
    area: Annotated[
        list[str] | None, typer.Option(help="a care area and the national one that it follows: local=national")
    ] = None,
) -> None:
    """
    Say in what a local library that exists would deviate from a national one, as an overlay to complete.

    Example: openinfusion national propose examples/national/library-1.0.0.json
    examples/trust/library-1.1.0.json -o overlay.json
    """
    refuse_to_overwrite(output, base, local)
    national, ours = read_library(base), read_library(local)
    made = overlay_of(national, ours, sha256=identity(national), areas=dict(map(_pair, area)) if area else None)
    write_overlay(made, output)
    say(f"wrote {output}")
    _exit_if_undecided(made)


def _pair(text: str) -> tuple[str, str]:
    ours, is_pair, theirs = text.partition("=")
    if not is_pair:
        raise AuthorError(where="--area", found=repr(text), expected="local=national, both ids of care areas")
    return ours, theirs


@app.command("rebase")
def rebase_overlay(
    old: Annotated[Path, typer.Argument(help="the national library that the overlay was made for")],
    new: Annotated[Path, typer.Argument(help="its next version")],
    overlay: OverlayFile,
    *,
    output: Output,
    version: Annotated[str | None, typer.Option(help="the version of the local library then")] = None,
) -> None:
    """
    Carry an overlay to the next version of its national library, and say what became of each row.

    Exit code 0 when nothing must be decided again, 1 when something must; such rows keep their old values.

    Example: openinfusion national rebase examples/national/library-1.0.0.json
    examples/national/library-1.1.0.json examples/national/overlay-example-trust.json -o new.json
    """
    refuse_to_overwrite(output, old, new, overlay)
    before, after, said = read_library(old), read_library(new), read_overlay(overlay)
    adopt(before, said)
    merge = three_way(before, after, said, sha256=identity(after), version=version)
    for kind in MergeKind:
        if (rows := merge.of(kind)) and kind not in (MergeKind.UNCHANGED, MergeKind.LOCAL):
            shown = [(row.subject, ", ".join(row.changed)) for row in rows]
            say(table(kind.value, ("row", "changed nationally"), shown))
    unchanged = counted(len(merge.of(MergeKind.UNCHANGED)), "row")
    say(f"{unchanged} unchanged, {len(merge.of(MergeKind.LOCAL)):,} local only")
    write_overlay(merge.overlay, output)
    say(f"wrote {output}")
    _exit_if_undecided(merge.overlay)


@app.command("deviations")
def show_deviations(
    overlay: OverlayFile, *, as_json: Annotated[bool, typer.Option("--json", help="what may be published")] = False
) -> None:
    """
    Tell what an overlay does otherwise than its national library: for the national body, without any person.

    Example: openinfusion national deviations examples/national/overlay-example-trust.json
    """
    told = publish_deviations(read_overlay(overlay))
    if as_json:
        say_json(to_json(told))
        return
    rows = [
        (
            row.national or "",
            one.field,
            one.direction.value,
            *map(setting_text, (one.national, one.local)),
            _code(one.reason),
        )
        for row in told.rows
        for one in row.deviations
    ]
    say(f"{counted(told.adopted, 'row')} adopted as they are, {len(told.rows):,} otherwise")
    say(table("Deviations", ("national row", "field", "direction", "national", "local", "reason"), rows))


def _code(reason: object) -> str:
    return str(getattr(reason, "value", "not said"))
