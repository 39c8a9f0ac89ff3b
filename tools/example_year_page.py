"""Make the page that sets what comes out of the example year beside what was published."""

from pathlib import Path

from openinfusion.lake.example import Settings, example_figures, example_page

ROOT = Path(__file__).resolve().parent.parent


def page() -> str:
    """Return the page ``docs/reference/example-year.md`` for the year that the command makes without options."""
    settings = Settings(examples=ROOT / "examples" / "trust")
    return example_page(example_figures(settings), settings)
