"""`openinfusion pump`: a virtual pump by hand, and a fleet of them."""

import typer

from openinfusion.cli import pump_fleet, pump_mark, pump_play, pump_try

app = typer.Typer(no_args_is_help=True, help="Virtual pumps, for training and tests; not for clinical use.")
app.command("try")(pump_try.try_pump)
app.command("fleet")(pump_fleet.make_fleet)
app.command("play")(pump_play.play_scenario)
app.command("mark")(pump_mark.mark_log)
