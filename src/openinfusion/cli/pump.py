"""`openinfusion pump`: a virtual pump by hand, and scenarios on it."""

import typer

from openinfusion.cli import pump_play, pump_try

app = typer.Typer(no_args_is_help=True, help="Virtual pumps, for training and tests; not for clinical use.")
app.command("try")(pump_try.try_pump)
app.command("play")(pump_play.play_scenario)
