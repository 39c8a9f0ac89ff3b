"""`openinfusion pump mark`: hold a log, of a virtual or a real pump, against the pass rule of a scenario."""

from pathlib import Path
from typing import Annotated

import typer

from openinfusion.adapters.events.log import read_events
from openinfusion.cli.console import error_console
from openinfusion.cli.pump_play import NOT_PASSED, say_marks
from openinfusion.core.errors import SenderError
from openinfusion.core.wording import counted
from openinfusion.pump.scenarios import find_scenario, mark
from openinfusion.pump.scenarios.reading import read_seconds


def mark_log(
    scenario: Annotated[str, typer.Argument(help="S01 to S16, incident-1 to incident-3, or a .toml file")],
    log: Annotated[Path, typer.Argument(help="an event log of one pump: .jsonl, .jsonl.gz, .jsonl.zst or .parquet")],
    *,
    observed: Annotated[
        list[str] | None, typer.Option("--observed", help="a behaviour that the assessor saw; may be given again")
    ] = None,
    ended: Annotated[
        str | None, typer.Option(help='how long after the first record it ended, as in "30 min"; else at the last')
    ] = None,
) -> None:
    """
    Mark what somebody did at a pump by the rule of a scenario; not for clinical use.

    What no pump sees, an assessor ticks with --observed. Exit code 0 when the rule is met, 1 when it is not.

    Example: openinfusion pump mark S02 examples/events/every-kind.jsonl
    """
    made = find_scenario(scenario)
    lines = read_events(log)
    events = [line.event for line in lines if line.event is not None]
    pumps = {event.pump for event in events}
    if len(pumps) != 1:
        raise SenderError(where=str(log), found=f"records of {len(pumps)} pumps", expected="the records of one pump")
    if lines.rejected:
        error_console().print(
            f"{counted(lines.rejected, 'line')} cannot be read; 'openinfusion events validate' says why."
        )
    until = None if ended is None else read_seconds(ended)
    marks = mark(made, events, observed or (), until=until)
    say_marks(made, log.name, marks)
    raise typer.Exit(0 if marks.passed else NOT_PASSED)
