"""Small event logs for the tests of the lake, written as any sender would write them."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from openinfusion.lake.ingest import Settings, Summary, ingest
from openinfusion.lake.store import Lake

START = datetime(2026, 1, 30, 12, tzinfo=UTC)
HERE = Settings(workers=0)


def record(number: int, **more: Any) -> dict[str, Any]:
    """Return one record; each of its number has its own id, one hour after the one before."""
    at = START + timedelta(hours=number)
    made = {"event_id": f"event-{number:06}", "kind": "power_on", "pump": f"pump-{number % 3}", "at": at.isoformat()}
    return made | more


def programmed(number: int, dose: str = "0.25") -> dict[str, Any]:
    """Return a record of what was programmed."""
    programme = {"mode": "continuous", "dose": {"value": dose, "unit": "ug/kg/min"}}
    place = {"care_area": "icu", "entry": "noradrenaline", "infusion": f"i{number}", "with_library": True}
    return record(number, kind="programmed", programme=programme, **place)


def write_log(
    path: Path, records: Iterable[dict[str, Any] | str], *, organisation: str = "trust", purpose: str = "example"
) -> Path:
    """Write a log; a text stands as it is."""
    header = {
        "format": "openinfusion-events",
        "format_version": "1.0",
        "organisation": organisation,
        "purpose": purpose,
    }
    lines = [header, *records]
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines), "utf-8")
    return path


def take_in(lake: Path, *files: Path, settings: Settings = HERE) -> list[Summary]:
    """Take files into a lake; what became of each adds up."""
    told = list(ingest(lake, files, settings, acknowledge=lambda *_: None))
    assert all(one.adds_up for one in told)
    return told


def events(lake: Path) -> pl.DataFrame:
    """Return the current events of a lake, by id."""
    made: pl.LazyFrame = Lake.open(lake).events().to_native()
    return made.sort("event_id").collect()


def ids(lake: Path) -> Sequence[str]:
    return events(lake)["event_id"].to_list()
