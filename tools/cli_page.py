"""The page of the command line, made from the help that each command prints."""

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from typer.main import get_command

from openinfusion.cli.app import app


def commands() -> list[tuple[str, typer.core.TyperCommand]]:
    """Return every command with the words that call it."""
    return sorted(_below(get_command(app)), key=lambda pair: pair[0])


def _below(group: Any) -> Iterator[tuple[str, typer.core.TyperCommand]]:  # noqa: ANN401 - a group of typer
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            yield from ((f"{name} {sub}", child) for sub, child in _below(command))
        else:
            yield name, command


def page() -> str:
    """Return the reference page: each command with its help, arguments and options."""
    parts = ["# The command line", "*Generated from the commands themselves; do not edit.*"]
    for name, command in commands():
        words = inspect.cleandoc(command.help or "")
        parts.append(f"## openinfusion {name}\n\n{_with_example(words)}")
        rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            parts.append("| argument or option | meaning |\n|---|---|\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _with_example(words: str) -> str:
    text, _, example = words.partition("Example: ")
    return f"{text.strip()}\n\n```console\n$ {' '.join(example.split())}\n```" if example else text


def _row(parameter: object) -> str:
    names = ", ".join(getattr(parameter, "opts", []))
    shown = (
        names if getattr(parameter, "param_type_name", "") == "option" else str(getattr(parameter, "name", "")).upper()
    )
    return f"| `{shown}` | {getattr(parameter, 'help', None) or 'a number with its unit'} |"
