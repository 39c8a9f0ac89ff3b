"""The page of what the tests of reliability measured, from the files that `make reliability` wrote."""

import json
import re
from pathlib import Path

FIGURES = Path(__file__).resolve().parent.parent / "benchmarks" / "figures" / "reliability"
_HEAD = """# Reliability, measured

*Generated from `benchmarks/figures/reliability/`; do not edit.* Each table is one fault or load, as the long run
measured it: `make reliability`. The same tests run in `make test`, shorter. What is timed was timed on a shared machine
of two cores.
"""


def page(folder: Path = FIGURES) -> str:
    """Return the page ``docs/reference/reliability.md``; a test that has not run long has no table."""
    return "\n".join([_HEAD, *(_section(path) for path in sorted(folder.glob("*.json"), key=_order))])


def _order(path: Path) -> tuple[object, ...]:
    """Return what sorts F2 before F10."""
    parts = re.split(r"(\d+)", path.stem)
    return tuple(int(part) if part.isdigit() else part for part in parts)


def _section(path: Path) -> str:
    kept = json.loads(path.read_text(encoding="utf-8"))
    rows = [f"| {what} | {figure} |" for what, figure in kept["figures"].items()]
    return "\n".join([f"## {path.stem}: {kept['title']}\n", "| what | figure |", "|---|--:|", *rows, ""])
