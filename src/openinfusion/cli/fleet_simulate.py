"""`openinfusion fleet simulate`: a plan of roll-out, tried on pumps that exist in simulated time only."""

from pathlib import Path
from typing import Annotated, Any

import typer

from openinfusion.adapters.documents import read_bytes
from openinfusion.cli.console import say, say_json, table
from openinfusion.fleet.rollout import Decision, read_plan
from openinfusion.pump.distribution import (
    AIMS,
    Bad,
    Ran,
    Reached,
    make_world,
    push_and_hope,
    reached,
    share_before,
    share_since_begun,
    shipped_assumptions,
    simulate,
)

_MOST_PUMPS = 1_000_000


def simulate_fleet(
    plan_file: Annotated[Path, typer.Argument(help="the plan of a roll-out, a TOML file", metavar="PLAN")],
    *,
    pumps: Annotated[int, typer.Option(min=1, max=_MOST_PUMPS, help="how many pumps")] = 10_000,
    days: Annotated[int, typer.Option(min=1, max=400, help="how many days")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same course")] = 1,
    failing_percent: Annotated[
        float, typer.Option(min=0, max=100, help="pumps, in per cent, on which the release fails")
    ] = 0.0,
    clinical_percent: Annotated[
        int, typer.Option(min=0, max=2000, help="overrides and hard limits met under it, in per cent of the usual")
    ] = 100,
    reverting_per_day: Annotated[
        float, typer.Option(min=0, max=1, help="the chance of a pump to go back by itself on a day")
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
) -> None:
    """
    Try a plan of roll-out on simulated pumps: what is decided and why, and how soon pumps run the release.

    With a fault in the release it shows whether, when and why the plan stops; that ends with 1. How often pumps are
    within reach is assumed; no public figure tells it. For planning only, not for clinical use.

    Example: openinfusion fleet simulate examples/fleet/rollout.toml --pumps 2000 --days 14
    """
    plan = read_plan(read_bytes(plan_file), where=str(plan_file))
    world = make_world(plan, pumps=pumps, seed=seed, assumed=shipped_assumptions())
    bad = Bad(failing_percent=failing_percent, clinical_percent=clinical_percent, reverting_per_day=reverting_per_day)
    ran = simulate(world, days=days, seed=seed, bad=bad)
    rows = [row for row in (reached(ran, hours) for hours, _ in AIMS) if row.pumps]
    pushed = push_and_hope(world, days=days, seed=seed).runs_since
    if as_json:
        say_json(_as_json(ran, rows))
    else:
        decided = [
            (_when(ran, one), one.ring, one.step.value, "; ".join(map(str, one.reasons))) for one in ran.decisions
        ]
        say(table("What was decided", ("day", "ring", "step", "why"), decided))
        shown = [
            (
                f"{row.hours} h",
                f"{aim:g} %",
                f"{row.of_seen:.1f} % of {row.seen:,}",
                f"{row.of_all:.1f} % of {row.pumps:,}",
                f"{row.accounted:.1f} %",
                f"{share_since_begun(ran, row.hours):.1f} %",
                f"{share_before(pushed, row.hours):.1f} %",
            )
            for row, (_, aim) in zip(rows, AIMS, strict=False)  # later rows are the ones that may be missing
        ]
        say(table("How soon pumps were proven to run it", _COLUMNS, shown))
        items = ", ".join(f"{count:,} {cause}" for cause, count in ran.work.items())
        outdated = 100 * ran.life.outdated / ran.life.infusions if ran.life.infusions else 0.0
        say(f"Infusions begun on an outdated library, once the ring of the pump was open: {outdated:.1f} %.")
        say(f"Work items opened: {items}. Past their deadline and on no list: {ran.unaccounted:,}.")
        say("Simulated, with assumed figures of how often pumps are within reach; not for clinical use.")
    if ran.course.halted:
        raise typer.Exit(1)


_COLUMNS = (
    "after",
    "aim",
    "ring opened: of pumps seen",
    "ring opened: of all pumps",
    "proven or on the work list",
    "roll-out begun: of all pumps",
    "pushed as before: of all pumps",
)


def _when(ran: Ran, decision: Decision) -> str:
    hours = (decision.at - ran.began).total_seconds() / 3600
    return f"{hours / 24:.1f}"


def _as_json(ran: Ran, rows: list[Reached]) -> dict[str, Any]:
    decisions = [
        {
            "at": one.at.isoformat(),
            "ring": one.ring,
            "step": one.step.value,
            "reasons": [{"why": reason.why.value, "words": reason.words} for reason in one.reasons],
        }
        for one in ran.decisions
    ]
    shares = [
        {
            "hours": row.hours,
            "pumps": row.pumps,
            "seen": row.seen,
            "proven": row.proven,
            "on_work_list": row.on_work_list,
        }
        for row in rows
    ]
    return {
        "halted": [reason.words for reason in ran.course.halted],
        "decisions": decisions,
        "reached": shares,
        "work": dict(ran.work),
        "unaccounted": ran.unaccounted,
    }
