"""
Roll-out of a release in rings: on proof it goes on, on doubt it stops.

Pure functions, without file, socket or clock; only ``course_file`` keeps a course on disk.
"""

from openinfusion.fleet.rollout.chance import Rate
from openinfusion.fleet.rollout.counts import Clinical, RingCounts
from openinfusion.fleet.rollout.course import Course, Decision, Step, agree, begin, follow, stop
from openinfusion.fleet.rollout.plan import Facts, Halt, Offer, Plan, Ring, Who, read_plan
from openinfusion.fleet.rollout.reasons import Reason, Why

__all__ = [
    "Clinical",
    "Course",
    "Decision",
    "Facts",
    "Halt",
    "Offer",
    "Plan",
    "Rate",
    "Reason",
    "Ring",
    "RingCounts",
    "Step",
    "Who",
    "Why",
    "agree",
    "begin",
    "follow",
    "read_plan",
    "stop",
]
