"""A pump on a bench for tests: a home that was set up, clocks that a test turns, a lock that stands for an infusion."""

import fcntl
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from openinfusion.fleet.agent import Agent, Home, Provisioning
from openinfusion.fleet.agent.bench_pump import BenchPump
from openinfusion.fleet.agent.slots import Slots
from openinfusion.fleet.report import read_report

PUMP = "urn:pump:example:4711"
NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


class TurnedClock:
    """Two clocks: one that a test sets wrong, one that only goes on."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at
        self._elapsed = timedelta()

    def now(self) -> datetime:
        return self.at

    def elapsed(self) -> timedelta:
        return self._elapsed

    def go_on(self, **parts: float) -> None:
        """Let time pass for both: ``clock.go_on(minutes=5)``."""
        self.at += timedelta(**parts)
        self._elapsed += timedelta(**parts)


class Bench:
    """A pump with its agent; ``restart`` is a power cycle."""

    def __init__(self, folder: Path, *, roots: dict[str, bytes], factory: bytes, at: datetime = NOW, **told) -> None:
        self.home = Home(folder)
        usual = {
            "pump": PUMP,
            "model": "example-syringe",
            "hospital": "st-elsewhere",
            "profile": "adult",
            "ring": "bench",
        }
        self.home.set_up(Provisioning(made=at, **usual | told), roots=roots)
        Slots(folder / "slots").set_up(factory, number=0, at=at)
        self.clock = TurnedClock(at)
        self.restart()

    def restart(self, pump=None) -> None:
        """Switch the pump off and on: its memory is gone, its agent starts anew."""
        self.pump = pump or BenchPump(self.home.folder / "in-use", self.clock, is_fresh=True)
        self.agent = Agent(self.home, self.pump, self.clock)
        self.started = self.agent.start()

    @contextmanager
    def infusing(self):
        """Use the pump meanwhile."""
        with (self.home.folder / "in-use").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
            os.utime(lock.fileno())

    def report(self):
        """What the pump says of itself now."""
        return read_report(self.agent.report())[0]

    @property
    def running(self) -> int:
        return int(self.report().active.number)
