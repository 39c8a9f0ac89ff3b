"""
How long the tests of reliability run, and where what they measured is kept.

A test that is marked `reliability` is short in every run and long under `make reliability`. It asks `is_thorough` how
often to try, and says with `record` what it measured; `docs/reference/reliability.md` is made of that.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "OPENINFUSION_RELIABILITY"
FOLDER = Path(__file__).resolve().parent.parent / "benchmarks" / "figures" / "reliability"


def is_thorough() -> bool:
    """Whether this is the long run, before a release."""
    return os.environ.get(VARIABLE) == "1"


def record(name: str, figures: Mapping[str, object], *, title: str, folder: Path = FOLDER) -> None:
    """
    Keep the figures of a test; a short run keeps none.

    Args:
        name: what the page orders by, such as "F20"; letters, digits, hyphens.
        figures: what was measured, in words with units, and the figure as it shall be shown.
        title: the fault or load in one line.
        folder: where they are kept, one file for each name: tests that run side by side cannot disturb each other.

    """
    if is_thorough():
        folder.mkdir(parents=True, exist_ok=True)
        kept = {"title": title, "figures": {what: str(figure) for what, figure in figures.items()}}
        text = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
