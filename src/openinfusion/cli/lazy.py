"""Groups of commands that import what a command needs once it is asked for: all of it together takes seconds."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer


def begin() -> None:
    """Do nothing before a command; a group has this so that it stays one, however few commands it has."""


def lazy_group(places: Mapping[str, tuple[str, str]]) -> type[typer.core.TyperGroup]:
    """
    Return the kind of a group whose commands are found by name.

    Args:
        places: each command with its module of the command line, and what in it: a group, or a function.

    """

    class Lazy(typer.core.TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer does not name its own type of it
            return list(dict.fromkeys((*places, *super().list_commands(ctx))))

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as above
            if cmd_name in places and cmd_name not in self.commands:
                self.commands[cmd_name] = _made(cmd_name, *places[cmd_name])
            return super().get_command(ctx, cmd_name)

    return Lazy


def _made(name: str, module: str, what: str) -> Any:  # noqa: ANN401 - a command, of whose type typer says nothing
    found = getattr(import_module(f"openinfusion.cli.{module}"), what)
    holder = typer.Typer()
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
        holder.callback()(begin)
    return typer.main.get_group(holder).commands[name]
