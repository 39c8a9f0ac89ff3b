"""
The virtual pump: a state machine without clock, file or socket of its own, for tests and training only.

Given a library, what people do and the passing of time, a ``Pump`` shows screens and notes what happened. The same
inputs give the same screens and notes. Times are exact seconds of whoever drives it; volumes are integrated exactly.
"""

from openinfusion.pump.machine.flow import Infusion, Status
from openinfusion.pump.machine.held import Held
from openinfusion.pump.machine.model import Capacity, PumpModel, RateBand
from openinfusion.pump.machine.notes import Note
from openinfusion.pump.machine.pump import Pump
from openinfusion.pump.machine.screen import Ask, Choice, Screen
from openinfusion.pump.machine.state import State

__all__ = [
    "Ask",
    "Capacity",
    "Choice",
    "Held",
    "Infusion",
    "Note",
    "Pump",
    "PumpModel",
    "RateBand",
    "Screen",
    "State",
    "Status",
]
