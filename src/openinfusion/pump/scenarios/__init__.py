"""
Scenarios: tasks at the virtual pump as data, played frame by frame and marked by rule.

For training and tests only. A scenario is a TOML file; its pass rule speaks of records of the open event log and of
what an assessor saw, so that the same rule marks the log of a real pump.
"""

from openinfusion.pump.scenarios.comparing import Moment, Pair, compare, is_alike, moments, outcome
from openinfusion.pump.scenarios.doses import DosePoint, dose_over_time, given_at
from openinfusion.pump.scenarios.marking import Mark, Marks, mark, marks_of
from openinfusion.pump.scenarios.playing import Frame, find_library, label_of, log_of, play
from openinfusion.pump.scenarios.reading import find_scenario, read_scenario, shipped_scenarios
from openinfusion.pump.scenarios.scenario import Run, Scenario, Step

__all__ = [
    "DosePoint",
    "Frame",
    "Mark",
    "Marks",
    "Moment",
    "Pair",
    "Run",
    "Scenario",
    "Step",
    "compare",
    "dose_over_time",
    "find_library",
    "find_scenario",
    "given_at",
    "is_alike",
    "label_of",
    "log_of",
    "mark",
    "marks_of",
    "moments",
    "outcome",
    "play",
    "read_scenario",
    "shipped_scenarios",
]
