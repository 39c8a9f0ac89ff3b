"""`openinfusion pump`: a virtual pump by hand."""

import typer

from openinfusion.cli import pump_try

app = typer.Typer(no_args_is_help=True, help="Virtual pumps, for training and tests; not for clinical use.")
app.command("try")(pump_try.try_pump)
