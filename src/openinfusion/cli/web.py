"""`openinfusion serve` and `openinfusion web`: the web application."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.cli.console import say, table
from openinfusion.core.roles import Role
from openinfusion.core.wording import counted
from openinfusion.web import example_lake, keeping, serving

app = typer.Typer(no_args_is_help=True, help="Keep the web application's folder: set up, people, backup, restore.")
Folder = Annotated[Path, typer.Argument(help="the folder of the web application: its database, key and files")]
Examples = Annotated[Path, typer.Option(help="where examples/ of this repository is")]
File = Annotated[Path, typer.Argument(help="the file of the copy, such as openinfusion.tar.gz")]
BROKEN = 1


@app.callback()
def _begin() -> None:
    """Stay a group, however few commands there are."""


@app.command("init")
def make_place(
    folder: Folder,
    *,
    example: Annotated[bool, typer.Option("--example", help="with the example trust and its people")] = False,
    examples: Examples = Path("examples"),
    lake: Annotated[bool, typer.Option(help="give the example a lake of synthetic pump events")] = True,
) -> None:
    """
    Make the folder of a web application, or bring one up to this version of the software.

    Example: openinfusion web init build/web-data --example
    """
    if example:
        serving.mark_as_example(folder)
    serving.prepare(folder)
    say(f"{folder} is ready.")
    if example:
        say_people(examples)
        make_fleet(folder, examples)
        if lake:
            example_lake.give_lake(folder, examples)
    else:
        say(f"Add the first person: openinfusion web add-person {folder} EMAIL NAME clinical_informatics ORGANISATION")


def say_people(examples: Path) -> None:
    """Fill an example place, and say who may sign in there."""
    from openinfusion.web import example  # noqa: PLC0415 - models can be named only once Django is ready

    rows = [(one.role.words, one.email, one.name) for one in example.fill(examples)]
    say(table("Example people, one of each role; not for clinical use", ("role", "e-mail address", "name"), rows))
    say(f"Password of each: {example.PASSWORD}")


def make_fleet(folder: Path, examples: Path) -> None:
    """Give an example place its pumps, and say how many."""
    from openinfusion.web.fleet import example  # noqa: PLC0415 - takes a second, and is asked for once

    made = example.make(folder, examples, at=datetime.now(UTC))
    if made:
        say(f"{counted(made, 'virtual pump')} reported; where each stands is on the page Pumps. Not for clinical use.")


@app.command("add-person")
def add_person(
    folder: Folder,
    email: Annotated[str, typer.Argument(help="the e-mail address, by which the person signs in")],
    name: Annotated[str, typer.Argument(help="the person's name")],
    role: Annotated[Role, typer.Argument(help="the duty; clinical_informatics gives duties to others")],
    organisation: Annotated[str, typer.Argument(help="the name of the organisation; made if there is none yet")],
    *,
    care_area: Annotated[str | None, typer.Option(help="the only care area that the duty is for")] = None,
) -> None:
    """
    Make an account with a duty, and print the link at which its owner sets a password, once, within 3 days.

    Example: openinfusion web add-person build/web-data ann@example.org "Ann Adams" clinical_informatics "My Trust"
    """
    serving.begin(folder)
    from openinfusion.web.people import first  # noqa: PLC0415 - models can be named only once Django is ready

    with serving.answering(folder):
        link = first.add(email, name, role=role, organisation=organisation, care_area=care_area)
    say(f"{name} is {role.words} of {organisation}. To set a password, open:", link)


@app.command("backup")
def back_up(
    folder: Folder,
    file: File,
    *,
    with_key: Annotated[
        bool, typer.Option("--with-key", help="with the secret key: keep such a copy as safe as the place itself")
    ] = False,
) -> None:
    """
    Copy the database, settings and files into one file, while the application goes on being used.

    Example: openinfusion web backup build/web-data build/web-data.tar.gz
    """
    made = keeping.backup(folder, file, with_key=with_key)
    keeping.note_copy(folder)
    say(f"wrote {file}: {counted(sum(made.rows.values()), 'row')}.")
    if not made.has_key:
        say("The secret key is not in it: after a restore without it, everybody sets up an authenticator app anew.")
    say("Keep this elsewhere, to verify the audit record against:", made.anchor or "(the audit record is empty)")


@app.command("restore")
def take_back(file: File, folder: Folder) -> None:
    """
    Take a copy back into a new folder, and verify it.

    Example: openinfusion web restore build/web-data.tar.gz build/web-again
    """
    made = keeping.restore(file, folder)
    say(f"{folder} holds what was copied: {counted(sum(made.rows.values()), 'row')}.")
    verify_audit(folder, anchor=made.anchor or None)


@app.command("verify-audit")
def verify_audit(
    folder: Folder,
    *,
    anchor: Annotated[
        str | None, typer.Option(help="what backup or this command printed earlier; without it a cut end is not seen")
    ] = None,
) -> None:
    """
    Verify that no byte of the audit record was changed, no row taken out and none put in; exit 1 names the first fault.

    Example: openinfusion web verify-audit build/web-data
    """
    serving.begin(folder)
    from openinfusion.web.audit import verifying  # noqa: PLC0415 - models can be named only once Django is ready

    wanted = verifying.read_anchor(anchor) if anchor else None
    with serving.answering(folder):
        count, faults, last = verifying.audit_faults(wanted)
    if faults:
        say(f"The audit record is NOT as it was written: {faults[0]}.", f"{counted(len(faults), 'fault')} in all.")
        raise typer.Exit(BROKEN)
    say(f"The audit record is as it was written: {counted(count, 'row')}.")
    say("Keep this elsewhere, to verify against:", last or "(it is empty)")


def serve(
    folder: Folder,
    *,
    host: Annotated[str, typer.Option(help="the address to listen at")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="the port to listen at")] = 8000,
    workers: Annotated[int, typer.Option(help="processes that answer")] = 2,
) -> None:
    """
    Serve the web application, with the worker of its long tasks, until Ctrl+C.

    Example: openinfusion serve build/web-data
    """
    say(f"http://{'localhost' if host == '127.0.0.1' else host}:{port}/")
    serving.serve(folder, host=host, port=port, workers=workers)
