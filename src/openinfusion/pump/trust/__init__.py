"""
A year of a fictitious trust on virtual pumps: synthetic, the same for the same seed, and not for clinical use.

``trust`` says who and what there is, ``prescribing`` draws what is meant and what is typed, ``nurse`` keys it into a
``machine.Pump``, ``course`` and ``life`` live through an infusion and a year, ``log`` turns what the pump notes into
records, and ``figures`` holds what came out against what was published.
"""

from openinfusion.pump.trust.figures import Figures, Tally, comparison
from openinfusion.pump.trust.page import example_page
from openinfusion.pump.trust.trust import Settings, Trust, build_trust
from openinfusion.pump.trust.year import example_events, example_figures, example_records, write_example

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
