"""Make the page that sets what comes out of the year of the trust beside what was published."""

import json
from pathlib import Path

from openinfusion.pump.trust import example_page

FIGURES = Path(__file__).resolve().parent.parent / "benchmarks" / "figures" / "calibration.json"


def page() -> str:
    """Return the page ``docs/reference/example-year.md`` from the figures that are kept."""
    kept = json.loads(FIGURES.read_text(encoding="utf-8"))
    return example_page(kept["seeds"], pumps=kept["pumps"], days=kept["days"])
