"""
How long the pages of figures take over a year of a trust, and what it costs to count that year beforehand.

The lake is a year of virtual pumps (``openinfusion pump fleet``). What is kept of it has at most one row for each
week, care area and drug, however many pumps there are, so that pages over a larger trust read the same; counting it
grows with the events. Times are those of the processor, which other work on the machine does not lengthen; beside
each page stands how long it takes to read a kept answer: read the ratios.

    python -m benchmarks.insight --lake LAKE [--registers FOLDER] [--work FOLDER] [--out FILE]
"""

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from openinfusion.web.serving import mark_as_example, prepare

ROUNDS = 5
TRUST_PUMPS = 1_500
AIM_MS = 500
PAGES = (
    "",
    "?care_area={area}",
    "charts",
    "charts/alerts-per-100",
    "charts/alerts-per-100?drug={drug}",
    "charts/override-rate?care_area={area}",
    "charts/alarms-per-infusion?model={model}",
    "figures/override-rate?by=drug",
    "triage",
    "releases",
    "models",
)
ROWS = "figures/alerts-per-100/records"


def processor(work: Callable[[], Any]) -> float:
    """Return the milliseconds of the processor that some work takes."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1_000


def place(folder: Path, lake: Path, registers: Path | None) -> None:
    """Make the example place beside a lake, once."""
    if not (folder / "web.toml").exists():
        mark_as_example(folder)
    prepare(folder)
    from openinfusion.lake.store import Lake  # noqa: PLC0415 - as below
    from openinfusion.web import example  # noqa: PLC0415 - models can be named only once Django is ready

    example.fill(Path("examples"))
    name = min(Lake.open(lake).snapshot().files["organisation"])
    said = [f'lake = "{lake.resolve()}"', f"lake_names = {{ {example.TRUST} = {json.dumps(name)} }}"]
    said += [f'registers = "{registers.resolve()}"'] if registers else []
    text = (folder / "web.toml").read_text()
    if "lake = " not in text:
        (folder / "web.toml").write_text("\n".join((text.rstrip(), *said, "")))


def count() -> dict[str, Any]:
    """Count everything that is counted beforehand, and return what it took, piece by piece."""
    from django.utils import timezone  # noqa: PLC0415 - as above

    from openinfusion.lake.kept import look_at, show  # noqa: PLC0415 - as above
    from openinfusion.web.insight import standing  # noqa: PLC0415 - as above
    from openinfusion.web.insight.warming import pieces  # noqa: PLC0415 - as above

    lake, registers = standing.lake_of_place(), standing.registers_of_place()
    about = look_at(lake, registers, at=timezone.now())
    times: dict[str, float] = {}
    for piece in pieces(about, lake):
        times[piece.name] = times.get(piece.name, 0.0) + processor(piece.make)
    show(standing.kept_in(), about)
    held = about.organisations[0]
    files = list(standing.kept_in().rglob("*.parquet"))
    slowest = sorted(times.items(), key=lambda one: -one[1])[:8]
    return {
        "events": held.events,
        "pieces": len(times),
        "seconds": round(sum(times.values()) / 1_000, 1),
        "slowest_ms": {name: round(value) for name, value in slowest},
        "files": len(files),
        "kilobytes": round(sum(file.stat().st_size for file in files) / 1_000),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024),
    }


def measure(folder: Path) -> dict[str, Any]:
    """Return the processor's time of each page, and that of reading the largest file that is kept."""
    from django.test import Client  # noqa: PLC0415 - as above

    from openinfusion.web import example  # noqa: PLC0415 - as above
    from openinfusion.web.accounts.models import User  # noqa: PLC0415 - as above

    client = Client()
    user = User.objects.get(email="mso@example.org")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    picked = _largest(folder)

    def ask(page: str) -> None:
        answer = client.get(f"/{example.TRUST}/insight/{page}", HTTP_HOST="localhost")
        if answer.status_code != 200:
            raise SystemExit(f"{page}: {answer.status_code}")

    found = {}
    for page in (*PAGES, ROWS):
        address = page.format(**picked)
        first, *rest = [processor(partial(ask, address)) for _ in range(ROUNDS + 1)]
        found[address] = {"first_ms": round(first, 1), "median_ms": round(statistics.median(rest), 1)}
    return found


def _largest(folder: Path) -> dict[str, str]:
    """Return the care area, drug and model with the most infusions: whose pages have the most to show."""
    found = {}
    for name, column in (("area", "care_area"), ("drug", "drug"), ("model", "model")):
        file = next((folder / "kept").rglob(f"infusions.{column}.parquet"))
        table = pl.read_parquet(file).drop_nulls(column).sort("numerator", descending=True)
        found[name] = str(table[column][0])
    return found


def reading(folder: Path) -> float:
    """Return the milliseconds of reading one kept answer by week and drug, decoded and filtered."""
    file = next((folder / "kept").rglob("alerts-per-100.drug+week.parquet"))
    times = [processor(lambda: pl.read_parquet(file).filter(pl.col("drug") == "x")) for _ in range(20)]
    return statistics.median(times)


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--registers", type=Path)
    parser.add_argument("--pumps", type=int, default=150, help="how many pumps the lake is of")
    parser.add_argument("--work", type=Path, default=Path("build/insight-bench"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/figures/insight.json"))
    said = parser.parse_args()
    place(said.work, said.lake, said.registers)
    from django.conf import settings  # noqa: PLC0415 - as above

    from openinfusion.web.place import read_place  # noqa: PLC0415 - as above

    settings.PLACE = read_place(said.work)
    counted, pages = count(), measure(said.work)
    one = reading(said.work)
    for page in pages.values():
        page["times_reading"] = round(page["median_ms"] / one, 1)
    scale = TRUST_PUMPS / said.pumps
    made = {
        "pumps": said.pumps,
        "aim_ms": AIM_MS,
        "counting": counted,
        "counting_seconds_of_1500_pumps_at_most": round(counted["seconds"] * scale),
        "reading_ms": round(one, 2),
        "pages": pages,
    }
    said.out.write_text(json.dumps(made, indent=2) + "\n")
    print(json.dumps(made, indent=2))


if __name__ == "__main__":
    main()
