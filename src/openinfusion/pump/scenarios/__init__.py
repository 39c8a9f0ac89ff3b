"""
Scenarios: tasks at the virtual pump as data, played frame by frame and marked by rule.

For training and tests only. A scenario is a TOML file; its pass rule speaks of records of the open event log and of
what an assessor saw, so that the same rule marks the log of a real pump.
"""

from openinfusion.pump.scenarios.playing import Frame, find_library, label_of, log_of, play
from openinfusion.pump.scenarios.reading import find_scenario, read_scenario, shipped_scenarios
from openinfusion.pump.scenarios.scenario import Run, Scenario, Step

__all__ = [
    "Frame",
    "Run",
    "Scenario",
    "Step",
    "find_library",
    "find_scenario",
    "label_of",
    "log_of",
    "play",
    "read_scenario",
    "shipped_scenarios",
]
