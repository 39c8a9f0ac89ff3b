"""`openinfusion fleet pumps|work|currency|settle`: what pumps are proven to run, and what has to be done about it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from openinfusion.adapters.documents import read_bytes
from openinfusion.cli.console import say, say_json, styled, table
from openinfusion.cli.fleet_claims import NOTHING_SAID, Events, Messages, Said, Status, StatusMap, claimed
from openinfusion.cli.fleet_options import AsJson, now
from openinfusion.cli.fleet_views import URN, Fleet, how_sure, say_counts, say_pump, say_rings, short
from openinfusion.core.errors import OperatorError
from openinfusion.core.numbers import show_share
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.proof import TASKS, Card, Standing, State, keep, settled
from openinfusion.fleet.proof.claims import take_claims
from openinfusion.fleet.proof.currency import currency
from openinfusion.fleet.proof.currency import to_json as currency_json
from openinfusion.fleet.proof.work import Task, show_age, work_list
from openinfusion.fleet.proof.work import to_json as work_json
from openinfusion.fleet.proof.work_page import write_page
from openinfusion.fleet.rollout.plan import read_plan
from openinfusion.gateway.device_settings import DevicesPlace
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.reports import witness_of
from openinfusion.gateway.devices.watch import Watch
from openinfusion.gateway.settings import read_settings

Config = Annotated[Path, typer.Option(help="the settings of the device API: a TOML file with [devices] in it")]
Plan = Annotated[Path | None, typer.Option(help="the plan of a roll-out: its rings say how long their pumps have")]
Days = Annotated[int, typer.Option(min=1, max=400, help="how long the pumps of any other ring have")]
_SETTINGS = Path("gateway.toml")
_LONGEST_PLAN = 2**20
_STYLE = {
    State.SUSPECT: "bold red",
    State.RECALLED: "bold red",
    State.REVERTED: "bold red",
    State.FAILED: "red",
    State.MISSED: "yellow",
    State.STALE: "yellow",
    State.CURRENT: "green",
}


def _place(config: Path) -> DevicesPlace:
    place = read_settings(config).devices
    if place is None:
        raise OperatorError(where=str(config), found="no [devices]", expected="the settings of a device API")
    return place


@contextmanager
def _database(place: DevicesPlace) -> Iterator[Database]:
    database = Database.open(place.state, postgresql=place.postgresql)
    try:
        yield database
    finally:
        database.close()


def _read(config: Path, plan: Path | None, days: int, said: Said = NOTHING_SAID) -> Fleet:
    """Return the register of all pumps that the device API knows, held against what the director says."""
    place, at = _place(config), now()
    with _database(place) as database:
        watch = Watch(database, Authority(place.trees), deadlines=_deadlines(plan), usual=timedelta(days=days))
        watch.look(at)
    take_claims(watch.register, claimed(said), at=at)
    return Fleet(watch.register, at, watch.orders, watch.is_trial)


def _deadlines(plan: Path | None) -> dict[str, timedelta]:
    if plan is None:
        return {}
    read = read_plan(read_bytes(plan, limit=_LONGEST_PLAN), where=plan.name)
    return {ring.name: ring.deadline for ring in read.rings}


def show_pumps(
    pump: Annotated[str | None, typer.Argument(help="all that is known of one pump, such as acme:0815")] = None,
    *,
    config: Config = _SETTINGS,
    plan: Plan = None,
    deadline_days: Days = 7,
    state: Annotated[list[State] | None, typer.Option(help="only pumps in this state; may be said again")] = None,
    status: Status = None,
    status_mapping: StatusMap = None,
    messages: Messages = None,
    events: Events = None,
    as_json: AsJson = False,
) -> None:
    """
    Show how each pump stands by what it has proven: its state, since when, why, and how surely that is known.

    What a vendor's server, messages or an event log say is shown where nothing was proven, as claimed. Ends with 1 if a
    pump needs somebody, or the one that is asked for does.

    Example: openinfusion fleet pumps --config devices/gateway.toml --state suspect --state reverted
    """
    said = Said(status=status, mapping=status_mapping, messages=messages, events=events)
    fleet = _read(config, plan, deadline_days, said)
    cards = sorted(fleet.register, key=lambda card: card.witness.pump)
    if pump is not None:
        cards = [_named(fleet, pump)]
    shown = [card for card in cards if not state or card.state in state]
    rows = [(card, fleet.register.standing(card.witness.pump, at=fleet.at)) for card in shown]
    if as_json:
        say_json([_pump_json(card, one) for card, one in rows])
    elif pump is not None:
        say_pump(fleet, cards[0])
    else:
        columns = ("pump", "ring", "state", "for", "the pump", "how sure")
        if rows:
            say(table("Pumps", columns, [_pump_row(card, one, fleet.at) for card, one in rows]))
        say_rings(fleet)
        say_counts(fleet)
    if any(card.state in TASKS for card in cards):
        raise typer.Exit(1)


def _pump_row(card: Card, standing: Standing, at: datetime) -> tuple[object, ...]:
    return (
        short(card.witness.pump),
        f"{card.ring[0]} {card.ring[1]}",
        styled(str(standing.state), _STYLE.get(standing.state)),
        show_age(at - standing.since),
        str(standing),
        how_sure(standing),
    )


def _named(fleet: Fleet, name: str) -> Card:
    """Return a pump by its URN, or by its name without the beginning that all have."""
    known = {card.witness.pump: card for card in fleet.register}
    found = known.get(name) or known.get(_urn(name))
    if found is None:
        raise OperatorError(where="PUMP", found=name, expected=_names_like(name, known))
    return found


def _urn(name: str) -> str:
    return name if name.startswith(URN) else f"{URN}{name}"


def _names_like(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(short(name), map(short, known), n=3)
    return f"a pump that was enrolled{', such as ' if near else ''}{' or '.join(near)}"


def _pump_json(card: Card, standing: Standing) -> dict[str, Any]:
    return {
        "pump": card.witness.pump,
        "line": card.ring[0],
        "ring": card.ring[1],
        "state": str(standing.state),
        "cause": str(standing.cause),
        "words": str(standing),
        "since": standing.since.isoformat(),
        "deadline": None if standing.deadline is None else standing.deadline.isoformat(),
        "level": standing.level,
        "number": standing.number,
    }


def show_work(
    *,
    config: Config = _SETTINGS,
    plan: Plan = None,
    deadline_days: Days = 7,
    page: Annotated[Path | None, typer.Option(help="write the list as one page of HTML, to print")] = None,
    as_json: AsJson = False,
) -> None:
    """
    List the pumps of which somebody has to do something, by ward, and the ports at which several fell silent.

    A task closes when its pump proves that it is well. Ends with 1 if there is a task.

    Example: openinfusion fleet work --config devices/gateway.toml --page work.html
    """
    fleet = _read(config, plan, deadline_days)
    work = work_list(fleet.register, at=fleet.at)
    if page is not None:
        write_page(page, work, is_trial=fleet.is_trial)
    if as_json:
        say_json(work_json(work))
    else:
        for place in work.places:
            say(styled(str(place), "bold yellow"))
        for ward, tasks in work.wards():
            say(table(f"Ward {ward}", _TASK_COLUMNS, [_task_row(task, work.at) for task in tasks]))
        say_rings(fleet)
        say_counts(fleet)
        if page is not None:
            say(f"wrote {page}")
    if work.tasks:
        raise typer.Exit(1)


_TASK_COLUMNS = ("pump", "state", "for", "the pump", "what to do", "last seen")


def _task_row(task: Task, at: datetime) -> tuple[object, ...]:
    where = ", ".join(part for part in (task.dock, task.port, task.access_point) if part)
    seen = f"{task.seen:%d-%b-%Y %H:%M}" if task.seen else "never"
    state = styled(str(task.standing.state), _STYLE.get(task.standing.state))
    return (
        short(task.pump),
        state,
        show_age(at - task.opened),
        str(task.standing),
        task.to_do,
        f"{seen} {where}".rstrip(),
    )


def show_currency(
    *,
    config: Config = _SETTINGS,
    plan: Plan = None,
    deadline_days: Days = 7,
    ring: Annotated[list[str] | None, typer.Option(help="only this ring; may be said again")] = None,
    as_json: AsJson = False,
) -> None:
    """
    Say how soon pumps were proven to run what their ring was given, against the aim.

    Ends with 1 if an aim whose time has come was not met.

    Example: openinfusion fleet currency --config devices/gateway.toml
    """
    fleet = _read(config, plan, deadline_days)
    known = {name for _, name in fleet.register.aims}
    if unknown := set(ring or ()) - known:
        expected = f"a ring that gets a release: {', '.join(sorted(known)) or 'there is none yet'}"
        raise OperatorError(where="--ring", found=", ".join(sorted(unknown)), expected=expected)
    rings = [one for one in fleet.register.aims if not ring or one[1] in ring]
    found = currency(fleet.register, rings, at=fleet.at)
    if as_json:
        say_json(currency_json(found))
    else:
        rows = [
            (show_age(one.after), show_share(one.aim), str(one), "met" if one.is_met else "not met")
            for one in found.shares
        ]
        if rows:
            say(table("Pumps proven to run what they were given", ("within", "aim", "proven", ""), rows))
        elif found.now.pumps:
            say("No aim has come due yet: the first one is 8 hours after a ring got its release.")
        say(f"Now: {found.now}" if found.now.pumps else "No pump is in a ring that gets a release.")
        say_rings(fleet)
        say_counts(fleet)
    if any(not one.is_met for one in found.shares):
        raise typer.Exit(1)


def settle_pump(
    pump: Annotated[str, typer.Argument(help="the pump, such as acme:0815 or urn:pump:acme:0815")],
    *,
    by: Annotated[str, typer.Option(help="who has looked at it")],
    reason: Annotated[str, typer.Option(help="what was found, in one sentence")],
    config: Config = _SETTINGS,
) -> None:
    """
    Say that somebody has found out which pump speaks: its next fresh report counts again.

    What it was ever proven to run is not forgotten: a pump that went back stays found.

    Example: openinfusion fleet settle urn:pump:acme:1 --config devices/gateway.toml --by "C. Smith" --reason Repaired
    """
    if not by.strip() or not reason.strip():
        raise OperatorError(where="--by and --reason", found="nothing", expected="a name and a sentence")
    at, urn = now(), _urn(pump)
    with _database(_place(config)) as database, database.transaction() as connection:
        known = pumps.find(connection, urn)
        if known is None:
            names = (one.urn for one in pumps.every(connection))
            raise OperatorError(where=str(config), found=pump, expected=_names_like(pump, names))
        witness = witness_of(known)
        if witness.doubt is None:
            raise OperatorError(
                where=urn, found="no doubt about it", expected="a pump of which it is not sure who speaks"
            )
        pumps.keep_witness(connection, known.id, keep(settled(witness)))
        pumps.note(connection, urn, "settled", words=f"{by}: {reason} (was: {witness.doubt.what})", at=at)
    say(f"Settled by {by}: the next fresh report of {short(urn)} counts.")
