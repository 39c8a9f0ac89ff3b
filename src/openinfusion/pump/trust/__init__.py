"""
A year of events for the example trust: synthetic, the same for the same seed, and not for clinical use.

``trust`` says who and what there is, ``prescribing`` draws what is meant and what is typed, ``infusion`` and ``pump``
live it through under ``core.check``, ``log`` turns what they tell into records, and ``figures`` holds what came out
against what was published. The virtual pump can take the place of ``infusion`` and ``pump``.
"""

from openinfusion.lake.example.figures import Figures, Tally, comparison
from openinfusion.lake.example.page import example_page
from openinfusion.lake.example.trust import Settings, Trust, build_trust
from openinfusion.lake.example.year import example_events, example_figures, example_records, write_example

__all__ = [
    "Figures",
    "Settings",
    "Tally",
    "Trust",
    "build_trust",
    "comparison",
    "example_events",
    "example_figures",
    "example_page",
    "example_records",
    "write_example",
]
