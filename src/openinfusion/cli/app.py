"""The command `openinfusion` and the edge where errors become messages and exit codes."""

import os
import sys
import traceback
from io import TextIOWrapper

import typer
from rich.text import Text

from openinfusion import __version__
from openinfusion.cli.console import error_console
from openinfusion.cli.lazy import begin, lazy_group
from openinfusion.core.errors import OpenInfusionError, OperatorError

INTERNAL = 70
INTERRUPTED = 130
_COMMANDS = {
    "library": ("libraries", "app"),
    "agent": ("agent", "app"),
    "events": ("events", "app"),
    "fhir": ("fhir", "app"),
    "fleet": ("fleet", "app"),
    "gateway": ("gateway", "app"),
    "lake": ("lake", "app"),
    "national": ("national", "app"),
    "orders": ("orders", "app"),
    "pump": ("pump", "app"),
    "check": ("dose", "check_programme"),
    "replay": ("replay", "replay_infusions"),
    "what-if": ("what_if", "ask_what_if"),
    "ask": ("ask", "ask_question"),
    "report": ("report", "report_month"),
    "serve": ("web", "serve"),
    "web": ("web", "app"),
    "demo": ("demo", "run_demo"),
}
"""Each command with its module and what in it: a group, or a function."""


app = typer.Typer(
    name="openinfusion",
    cls=lazy_group(_COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Build, check and govern the drug libraries of infusion pumps. Examples are not for clinical use.",
)


app.callback()(begin)


@app.command()
def version() -> None:
    """
    Print the version of this software.

    Example: openinfusion version
    """
    typer.echo(f"openinfusion {__version__}")


def _speak_utf8() -> None:
    """Read and write UTF-8 wherever it goes: a pipe of another encoding has no place for a number line, or for µ."""
    for stream, errors in (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


def main() -> None:
    """Run one command; whatever goes wrong ends in one clear message and an exit code, never in a traceback."""
    _speak_utf8()
    try:
        app()
    except OpenInfusionError as error:
        error_console().print(Text.assemble(("Error  ", "bold red"), str(error)), soft_wrap=True)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        error_console().print(Text.assemble(("Error  ", "bold red"), f"output: found {reason}; expected room to write"))
        raise SystemExit(OperatorError.exit_code) from None
    except Exception as error:  # noqa: BLE001 - the edge of the process
        if os.environ.get("OPENINFUSION_DEBUG"):
            traceback.print_exc()
        message = f"a fault in OpenInfusion itself ({type(error).__name__}). Please report it; "
        error_console().print(
            Text.assemble(("Error  ", "bold red"), message, "OPENINFUSION_DEBUG=1 shows the details.")
        )
        raise SystemExit(INTERNAL) from None
