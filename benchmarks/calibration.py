"""
Live through a year of the trust under several seeds, and keep the figures for docs/reference/example-year.md.

`make calibration` runs it; a test holds that the first seed still gives the very figures that are kept.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from openinfusion.pump.trust import Figures, Settings, example_figures

SEEDS = 10
PUMPS, DAYS = 60, 365
FIGURES = Path("benchmarks/figures/calibration.json")
EXAMPLES = Path("examples/trust")


def figures_of(seed: int) -> Figures:
    """Return what comes out of a year under a seed."""
    return example_figures(Settings(examples=EXAMPLES, pumps=PUMPS, days=DAYS, seed=seed))


def main() -> None:
    """Write the figures of every seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    with ProcessPoolExecutor(max_workers=parser.parse_args().workers) as pool:
        seeds = list(pool.map(figures_of, range(1, SEEDS + 1)))
    made = {"pumps": PUMPS, "days": DAYS, "seeds": seeds}
    FIGURES.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {FIGURES}: {SEEDS} seeds")


if __name__ == "__main__":
    main()
