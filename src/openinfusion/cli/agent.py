"""`openinfusion agent`: the agent of a pump on a bench, at a gateway or in a device."""

import fcntl
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import read_library
from openinfusion.cli import agent_tuf
from openinfusion.cli.agent_status import look
from openinfusion.cli.console import say, say_json, table
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.agent import Agent, BenchPump, Home, Outcome, Provisioning, RefusedError, SystemClock
from openinfusion.fleet.agent.event_log import EventLog
from openinfusion.fleet.agent.slots import Slots
from openinfusion.fleet.agent.stick import visit
from openinfusion.fleet.agent.trust import read_root
from openinfusion.gateway.agent_http import FleetServer, make_pool
from openinfusion.gateway.agent_process import Round, keep_polling, poll
from openinfusion.gateway.devices.clock import read_public_key
from openinfusion.gateway.devices.names import check_pump
from openinfusion.gateway.settings import ClientTls
from openinfusion.gateway.tls import client_context

app = typer.Typer(no_args_is_help=True, help="Be the agent of a pump: take signed libraries, prove what runs.")
app.add_typer(agent_tuf.app, name="tuf")
HomeFolder = Annotated[Path, typer.Argument(help="the folder of the agent")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
EventFile = Annotated[Path | None, typer.Option(help="the pump's event log, as JSON Lines")]


class BusyError(OperatorError):
    """Another agent works in a home."""


@app.command("init")
def set_up(
    home: HomeFolder,
    *,
    pump: Annotated[str, typer.Option(help="who it is: urn:pump:MAKER:SERIAL")],
    model: Annotated[str, typer.Option(help="its model")],
    hospital: Annotated[str, typer.Option(help="whose libraries it takes")],
    profile: Annotated[str, typer.Option(help="which of their libraries")],
    library: Annotated[Path, typer.Option(help="the library that it has at first")],
    trees: Annotated[Path, typer.Option(help="a folder with releases and director, whose first roots it will trust")],
    ring: Annotated[str, typer.Option(help="its ring until the server names another")] = "bench",
    hardware: Annotated[str, typer.Option(help="the revision of its hardware")] = "",
    time_key: Annotated[Path | None, typer.Option(help="the server's time.pub, to believe its signed time")] = None,
) -> None:
    """
    Set a pump up: who it is, whom it trusts, its first library, a key of its own. The server must know its key.pub.

    Example: openinfusion agent init pump-1 --pump urn:pump:example:0001 --model example-syringe
    --hospital st-elsewhere --profile adult --library examples/trust/library-1.0.0.json --trees stick
    """
    if (home / "pump.json").exists():
        raise OperatorError(where=str(home), found="a pump that was set up", expected="a folder of its own")
    if home.exists() and not home.is_dir():
        raise OperatorError(where=str(home), found="a file", expected="a folder for this pump, or nothing there yet")
    check_pump(pump)
    _must_be_trees(trees)
    roots = {name: read_root(trees / name / "metadata" / "1.root.json") for name in ("releases", "director")}
    content, at = canonical_bytes(read_library(library)), SystemClock().now()
    told = Provisioning(
        pump=pump,
        model=model,
        hardware=hardware,
        hospital=hospital,
        profile=profile,
        ring=ring,
        made=at,
        time_key=None if time_key is None else read_public_key(time_key).hex(),
    )
    made = Home(home)
    made.set_up(told, roots=roots)
    Slots(home / "slots").set_up(content, number=0, at=at)
    say(f"{pump} is set up in {home}; the server must know {home / 'key.pub'}")


@app.command("run")
def run(
    home: HomeFolder,
    *,
    server: Annotated[str | None, typer.Option(help="the server of the fleet, such as https://fleet.example")] = None,
    stick: Annotated[Path | None, typer.Option(help="a USB stick instead of a server: visit it once")] = None,
    once: Annotated[bool, typer.Option("--once", help="poll once, instead of until SIGTERM")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="the pump was just switched on, nobody has touched it")
    ] = False,
    events: EventFile = None,
    ca: Annotated[Path | None, typer.Option(help="believe only the authorities in this PEM file")] = None,
    certificate: Annotated[Path | None, typer.Option(help="show this certificate (PEM)")] = None,
    key: Annotated[Path | None, typer.Option(help="the key of the certificate, if in a file of its own")] = None,
    as_json: AsJson = False,
) -> None:
    """
    Look for a library, put it into force when the pump is idle, report what runs.

    The pump is used while somebody holds an exclusive lock on the file "in-use" in the folder of the agent.

    Ends with 1 if anything was refused or damaged, or the server did not answer or did not take the report; without
    --once, by the last poll.

    Example: openinfusion agent run pump-1 --stick stick
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    logging.getLogger("tuf").setLevel(logging.WARNING)
    if (server is None) == (stick is None):
        raise OperatorError(where="agent run", found="not one of --server and --stick", expected="one of them")
    if server is not None and not server.startswith(("https://", "http://")):
        raise OperatorError(where="--server", found=repr(server), expected="an address such as https://fleet.example")
    if stick is not None:
        _must_be_trees(stick)
    log = None if events is None else EventLog(events)
    with _agent(home, is_fresh=fresh) as (agent, started):
        tell = _Teller(started, as_json=as_json)
        if stick is not None:
            visited = visit(agent, stick, log=log)
            came = Round(visited.update, visited.activation, trouble=visited.trouble)
            tell.tell(came)
        else:
            context = client_context(ClientTls(authorities=ca, certificate=certificate, key=key))
            fleet = FleetServer(server or "", make_pool(context))
            if once:
                came = poll(agent, fleet, log=log)
                tell.tell(came)
            else:
                came = keep_polling(agent, fleet, log=log, tell=tell.tell)
    if not (came.is_well and _is_well(started)):
        raise typer.Exit(1)


@app.command("activate")
def activate(home: HomeFolder, *, as_json: AsJson = False) -> None:
    """
    Say that the pump was just switched on, or given to a new patient: a library that waits comes into force now.

    Where an agent runs already, it hears of it and does so.

    Example: openinfusion agent activate pump-1
    """
    try:
        with _agent(home, is_fresh=True) as (agent, started):
            outcome = agent.activate()
    except BusyError:
        (home / "fresh").touch()
        say("the agent that runs there was told")
        return
    if as_json:
        say_json(_outcome(outcome) | {"start": _started(started)})
    else:
        say(*_start_lines(started), *_lines("library", outcome))
    if not (_is_well(outcome) and _is_well(started)):
        raise typer.Exit(1)


@app.command("status")
def show_status(home: HomeFolder, *, as_json: AsJson = False) -> None:
    """
    Read the slots of a pump, compare them with what came into force, and show what was refused last. Changes nothing.

    Ends with 1 if anything is damaged. What the pump has in its memory, only its report proves.

    Example: openinfusion agent status pump-1
    """
    found = look(Home(home))
    if as_json:
        say_json(found.as_json())
    else:
        columns = ("library", "slot", "release", "sha256", "since", "on the disk")
        say(table(found.pump, columns, found.rows(), right=(2,)), *found.lines())
    if found.damage:
        raise typer.Exit(1)


def _must_be_trees(folder: Path) -> None:
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        expected = "a folder that 'openinfusion fleet export' wrote; if it is a stick: is it mounted?"
        raise OperatorError(where=str(folder), found=found, expected=expected)
    for name in ("releases", "director"):
        if not (folder / name / "metadata").is_dir():
            expected = "what 'openinfusion fleet export' wrote"
            raise OperatorError(where=str(folder), found=f"no folder {name}/metadata", expected=expected)


@contextmanager
def _agent(home: Path, *, is_fresh: bool) -> Iterator[tuple[Agent, Outcome]]:
    """Start the agent of a home, alone; yields it with what came of its start."""
    folder = Home(home)
    folder.provisioning()
    clock = SystemClock()
    with (home / "agent.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(where=str(home), found="another agent that runs there", expected="one alone") from None
        agent = Agent(folder, BenchPump(home / "in-use", clock, is_fresh=is_fresh), clock)
        yield agent, agent.start()


class _Teller:
    """Says what comes of each poll; of the start with the first, if there is something to say."""

    def __init__(self, started: Outcome, *, as_json: bool) -> None:
        self._started: Outcome | None = started
        self._as_json = as_json

    def tell(self, came: Round) -> None:
        """Say what came of a poll."""
        started, self._started = self._started, None
        if self._as_json:
            told = {"update": _outcome(came.update), "activation": _outcome(came.activation), "trouble": came.trouble}
            say_json(told | {"objections": list(came.objections), "start": started and _started(started)})
        else:
            say(*(_start_lines(started) if started else ()))
            say(*_lines("update", came.update), *_lines("library", came.activation))
            say(*(f"report: the server did not accept it: {words}" for words in came.objections))
            say(*([f"report: {came.trouble}"] if came.trouble else ()))
        sys.stdout.flush()  # whoever reads a log reads it now, not when the process ends


def _is_well(outcome: Outcome) -> bool:
    return outcome.refusal is None and not outcome.damage


def _start_lines(started: Outcome) -> list[str]:
    """Say what came of a start, where that is anything but the usual."""
    return _lines("start", started) if not _is_well(started) or started.done == "went back" else []


def _started(started: Outcome) -> dict[str, Any] | None:
    return _outcome(started) if _start_lines(started) else None


def _lines(what: str, outcome: Outcome) -> list[str]:
    """Say what came of a step, and what was found damaged meanwhile."""
    if outcome.refusal is not None:
        done = f"refused ({outcome.refusal.code.value}): {outcome.refusal}"
    else:
        done = outcome.done if outcome.number is None else f"{outcome.done}, release {outcome.number}"
    faults = [*outcome.damage, *([outcome.refusal] if outcome.refusal is not None else [])]
    to_do = dict.fromkeys(f"to do: {fault.code.action}" for fault in faults)
    return [f"{what}: {done}", *(f"damaged ({one.code.value}): {one}" for one in outcome.damage), *to_do]


def _outcome(outcome: Outcome) -> dict[str, Any]:
    refused = None if outcome.refusal is None else _refused(outcome.refusal)
    damage = [_refused(one) for one in outcome.damage]
    return {"done": outcome.done, "number": outcome.number, "refusal": refused, "damage": damage}


def _refused(refused: RefusedError) -> dict[str, Any]:
    return {"code": refused.code.value, "number": refused.number, "words": str(refused)}
