"""The pictures of the manual, drawn from the example data."""

from pathlib import Path

from openinfusion.adapters.infusions import read_infusions, shipped_infusion_mapping
from openinfusion.adapters.library_file import read_library
from openinfusion.adapters.report.charts import number_line
from openinfusion.core.replay import replay
from openinfusion.core.replay_counts import doses_used

TRUST = Path(__file__).resolve().parent.parent / "examples" / "trust"
DRUG = "propofol"


def build() -> dict[Path, bytes]:
    """Return the pictures by their path from the root of the repository."""
    library = read_library(TRUST / "library-1.1.0.json")
    reading = read_infusions(TRUST / "infusions.csv", shipped_infusion_mapping("plain"))
    lines = [line for line in doses_used(replay(library, reading.infusions)) if line.drug == DRUG]
    used = max(lines, key=lambda line: len(line.doses))
    label = (
        f"Number line of {used.drug}, {used.care_area}: {used.limits.describe()}; example data, not for clinical use"
    )
    # A page that shows the picture may be dark; the picture is drawn for white.
    head, _, rest = number_line(used, label).partition(">")
    svg = f'{head}><rect width="100%" height="100%" fill="#ffffff"/>{rest}\n'
    return {Path("docs/images/number-line.svg"): svg.encode()}
