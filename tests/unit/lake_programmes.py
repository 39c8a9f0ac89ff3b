"""A small library and logged programmes for the tests of the replay, as rows of a lake."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import polars as pl

from openinfusion.adapters.events.columns import to_table
from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Population,
)
from openinfusion.core.units import Quantity, Unit
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.programmes import programme_columns
from openinfusion.lake.tables import Frame

ENGINE = PolarsEngine()
START = datetime(2026, 3, 1, tzinfo=UTC)
Row = Mapping[str, Any]


def limits(unit: str, **values: str) -> Limits:
    return Limits(unit=Unit.read(unit), **{name: Fraction(value) for name, value in values.items()})


NORADRENALINE = Entry(
    id="norad",
    drug="noradrenaline",
    care_area="icu",
    type=EntryType.CONTINUOUS,
    concentration=Concentration(amount=Quantity.of("4", "mg"), volume=Quantity.of("50", "mL")),
    dose=limits("ug/kg/min", soft_max="0.5", hard_max="2"),
)
MORPHINE = Entry(
    id="morphine",
    drug="morphine",
    care_area="icu",
    type=EntryType.CONTINUOUS,
    concentration=Concentration(amount=Quantity.of("50", "mg"), volume=Quantity.of("50", "mL")),
    dose=limits("mg/h", soft_max="10", hard_max="20"),
)


def library(version: str = "1", *entries: Entry) -> Library:
    return Library(
        library=About(name="Test", organisation="Test", version=version),
        drugs=(Drug(id="noradrenaline", name="noradrenaline"), Drug(id="morphine", name="morphine sulfate")),
        care_areas=(
            CareArea(id="icu", name="Intensive care", population=Population.ADULT),
            CareArea(id="ward", name="Ward", population=Population.ADULT),
        ),
        entries=entries or (NORADRENALINE, MORPHINE),
    )


def with_dose(entry: Entry, **values: str | None) -> Entry:
    """An entry with other limits of the dose; ``None`` takes one away."""
    assert entry.dose is not None
    bounds: dict[str, Any] = {name: None if value is None else Fraction(value) for name, value in values.items()}
    return replace(entry, dose=replace(entry.dose, **bounds))


def programmed(entry: str | None = "norad", **entered: str | None) -> dict[str, Any]:
    """The row of one programme: quantities as texts such as "0.25 ug/kg/min", anything else as it stands."""
    row: dict[str, Any] = {"kind": "programmed", "care_area": "icu", "programme_mode": "continuous", "entry": entry}
    for name, text in entered.items():
        if name in _COLUMNS:
            row[name] = text
        elif text is not None:
            row[f"programme_{name}"], row[f"programme_{name}_unit"] = text.split(" ", 1)
    return row


_COLUMNS = ("kind", "care_area", "programme_mode", "drug", "therapy", "ward", "event_id", "organisation")


def lake_of(rows: Iterable[Row]) -> tuple[Frame, pl.DataFrame]:
    """Rows as the events of a lake, and their shapes; those without an id are numbered."""
    numbered = [{"event_id": f"e{n}", "pump": "p", "at": START, **row} for n, row in enumerate(rows)]
    organisations = [row.get("organisation", "trust") for row in numbered]
    events, shapes = programme_columns(to_table(numbered))
    whose = pl.Series("organisation", organisations)
    return ENGINE.table(events.with_columns(whose, moment=pl.col("at"))), shapes
