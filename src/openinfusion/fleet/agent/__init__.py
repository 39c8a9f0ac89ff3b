"""
The pump's side: takes a library only where all that must agree agrees, and signs what really runs.

A vendor implements ``Pump`` and calls ``Agent``; see ``docs/how-to/put-the-agent-into-a-pump.md``.
"""

from openinfusion.fleet.agent.agent import Agent
from openinfusion.fleet.agent.answer import Answer
from openinfusion.fleet.agent.bench_pump import BenchPump
from openinfusion.fleet.agent.clock import Clock, SystemClock
from openinfusion.fleet.agent.codes import Code, RefusedError
from openinfusion.fleet.agent.memory import Home, Provisioning
from openinfusion.fleet.agent.outcome import Outcome
from openinfusion.fleet.agent.pump import Doing, Pump
from openinfusion.fleet.agent.sources import Source, folder_source

__all__ = [
    "Agent",
    "Answer",
    "BenchPump",
    "Clock",
    "Code",
    "Doing",
    "Home",
    "Outcome",
    "Provisioning",
    "Pump",
    "RefusedError",
    "Source",
    "SystemClock",
    "folder_source",
]
