"""
Ends an agent, or fails it, at every single file operation of an update and an activation.

Run as a process of its own: `python -m tests.fleet_kill PUMP TREES WAY STEP` makes a copy of the pump for each point,
lets a forked agent install what the trees offer, and prints as JSON what was found at each point.
"""

import errno
import json
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from openinfusion.core.errors import OpenInfusionError
from openinfusion.fleet.agent import Agent, BenchPump, Home, folder_source
from openinfusion.fleet.agent.slots import Slots
from openinfusion.fleet.report import read_report
from tests.fleet_pump import TurnedClock

OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "os.symlink"}
KILLED, UNHANDLED = 137, 3
WAYS = {"kill": None, "full": errno.ENOSPC, "fault": errno.EIO}


class Points:
    """Counts file operations below a folder, and at one of them ends the process, or lets it fail."""

    def __init__(self, folder: Path, at: int, way: str) -> None:
        self._folder, self._at, self._error = str(folder), at, WAYS[way]
        self._is_lasting = way == "full"
        self.count = 0
        self.is_on = False
        self._fsync = os.fsync
        setattr(os, "fsync", self._sync)  # noqa: B010 - audit hooks do not hear of it
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on or event not in OPERATIONS or not str(arguments[0]).startswith(self._folder):
            return
        is_reading = event == "open" and isinstance(arguments[2], int) and not arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if not (is_reading and self._error == errno.ENOSPC):
            self._pass()

    def _sync(self, handle: int) -> None:
        if self.is_on:
            self._pass(handle)
        self._fsync(handle)

    def _pass(self, handle: int | None = None) -> None:
        self.count += 1
        if self.count < self._at or (self.count > self._at and not self._is_lasting):
            return
        if self._error is not None:
            raise OSError(self._error, os.strerror(self._error))
        if handle is not None:
            # Half of what was written is there: the rest was on its way to the disk.
            with suppress(OSError):
                os.ftruncate(handle, os.fstat(handle).st_size // 2)
        os._exit(KILLED)


def agent_of(folder: Path) -> tuple[Agent, BenchPump]:
    """A pump that was just switched on."""
    clock = TurnedClock()
    pump = BenchPump(folder / "in-use", clock, is_fresh=True)
    agent = Agent(Home(folder), pump, clock)
    agent.start()
    return agent, pump


def install(agent: Agent, trees: Path) -> None:
    agent.update(folder_source(trees))
    agent.activate()
    with suppress(OSError):  # a report is allowed to say that it cannot count on
        agent.report()


def in_child(folder: Path, trees: Path, *, at: int, way: str) -> int:
    """Install with a fault at one point, and return how the process ended; 0 means that there was no such point."""
    child = os.fork()
    if child == 0:
        try:
            agent, pump = agent_of(folder)
            points = Points(folder, at, way)
            points.is_on = True
            install(agent, trees)
            points.is_on = False
            is_sound = pump.loaded() is not None and (points.count >= at or way == "kill")
            if points.count >= at:
                install(agent, trees)  # there is room again, or the disk is well
                is_sound = is_sound and running(agent) == 2
            os._exit(0 if points.count < at else KILLED if is_sound else UNHANDLED)
        except BaseException as error:  # noqa: BLE001 - whatever comes out of an agent is a finding
            sys.stderr.write(f"point {at}: {type(error).__name__}: {error}\n")
            os._exit(UNHANDLED)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def running(agent: Agent) -> int:
    return int(read_report(agent.report())[0].active.number)


def look(folder: Path, trees: Path) -> dict[str, object]:
    """Switch the pump on after the fault, and say what it holds; then let it install without one."""
    try:
        before = Slots(folder / "slots").switch.high_water
        agent, pump = agent_of(folder)
        first, high_water = running(agent), agent.slots.switch.high_water
        is_whole = pump.loaded() == agent.slots.read_active()
    except OpenInfusionError as error:
        return {"first": 0, "rose": False, "whole": str(error), "then": 0}
    install(agent, trees)
    return {"first": first, "rose": high_water >= before, "whole": is_whole, "then": running(agent)}


def main() -> None:
    pump, trees, way, step = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    found = []
    at = 1
    while True:
        work = pump.with_name("work")
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(pump, work, symlinks=True)
        ended = in_child(work, trees, at=at, way=way)
        if ended == 0:
            break
        found.append({"at": at, "ended": ended, **look(work, trees)})
        at += step
    sys.stdout.write(json.dumps({"points": at - 1, "found": found}) + "\n")


if __name__ == "__main__":
    main()
