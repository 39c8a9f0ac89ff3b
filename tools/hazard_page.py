"""The page of hazards, made from ``safety/hazard-log.toml``."""

import tomllib
from pathlib import Path
from typing import Any

LOG = Path(__file__).resolve().parent.parent / "safety" / "hazard-log.toml"
SEVERITIES = ("minor", "significant", "considerable", "major", "catastrophic")
LIKELIHOODS = ("very low", "low", "medium", "high", "very high")
# DCB0129 implementation guidance, example matrix: a lookup, not a product. One row for each likelihood, lowest first.
MATRIX = ((1, 1, 2, 2, 3), (1, 2, 2, 3, 4), (2, 2, 3, 3, 4), (2, 3, 3, 4, 5), (3, 4, 4, 5, 5))


def hazards() -> list[dict[str, Any]]:
    """Return the hazards of the log."""
    found: list[dict[str, Any]] = tomllib.loads(LOG.read_text())["hazards"]
    return found


def rating(hazard: dict[str, Any]) -> int:
    """Return the rating before controls, from 1 (acceptable) to 5 (unacceptable)."""
    return MATRIX[LIKELIHOODS.index(hazard["likelihood"])][SEVERITIES.index(hazard["severity"])]


def page() -> str:
    """Return the report: an index, then each hazard with its controls and their evidence."""
    rows = [f"| [{h['id']}](#{h['id'].lower()}) | {h['title']} | {rating(h)} | {h['target']} |" for h in hazards()]
    parts = [_HEAD, "| Id | Hazard | Rating before controls | Aim |\n|---|---|---|---|\n" + "\n".join(rows)]
    for hazard in hazards():
        scores = f"{hazard['severity']} x {hazard['likelihood']} = {rating(hazard)}, aim {hazard['target']}"
        controls = [f"| {control['text']} | {_evidence(control)} |" for control in hazard["controls"]]
        parts.append(
            f"## {hazard['id']}\n\n**{hazard['title']}.** {hazard['effect']}\n\n"
            f"Causes: {hazard['causes']} Source: {hazard['source']}. Score: {scores}.\n\n"
            "| Control | Evidence |\n|---|---|\n" + "\n".join(controls)
        )
    return "\n\n".join(parts) + "\n"


def _evidence(control: dict[str, Any]) -> str:
    return ", ".join(f"`{test}`" for test in control["tests"])


_HEAD = """# Hazards of OpenInfusion, and what controls them

*Generated from `safety/hazard-log.toml`; do not edit.* Scores are prompts for a clinical safety officer, not approvals.
The rating is looked up in the example matrix of the DCB0129 implementation guidance (1 acceptable to 5 unacceptable).
Evidence names the tests that carry the hazard's mark; a control without one fails the build."""
