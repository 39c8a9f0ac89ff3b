"""
Programmes as whole numbers, exactly: what the lake keeps so that millions can be replayed without reading text.

A programme has a *shape* (entry, care area, mode, the units of its inputs, and every other value as it stands) and its
inputs as integers. A value that no integer of the scale holds exactly, or that is zero, below or very large, leaves
the shape empty: such a programme is checked one by one, from its text.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import polars as pl

from openinfusion.core.events import Kind, Programmed
from openinfusion.core.library import Mode
from openinfusion.core.numbers import decimal_text, read_decimal
from openinfusion.core.plan import INPUTS
from openinfusion.core.programme import Programme
from openinfusion.core.units import KG, Quantity, Unit

PROGRAMME_KINDS = tuple(kind.value for kind in (Kind.PROGRAMMED, Kind.RATE_CHANGED, Kind.BOLUS, Kind.LOADING))
"""The kinds of record that say what somebody programmed."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How an input is kept: ``n = value x per_unit``, and the largest ``n`` that is kept."""

    column: str
    per_unit: int
    most: int


SCALES: Mapping[str, Scale] = {
    "dose": Scale("n_dose", 10**4, 10**9),
    "rate": Scale("n_rate", 10**3, 10**7),
    "volume": Scale("n_volume", 10**3, 10**8),
    "duration": Scale("n_duration", 10, 10**6),
    "weight": Scale("n_weight", 10**3, 5 * 10**5),
    "body_surface_area": Scale("n_surface", 10**3, 10**4),
    "previous": Scale("n_previous", 10**4, 10**9),
}
CONSTANTS = ("amount", "diluent", "height", "lockout", "accumulated", "background")
KEY = (
    *("entry", "care_area", "programme_mode"),
    *(f"programme_{name}_unit" for name in INPUTS),
    *(f"programme_{name}{part}" for name in CONSTANTS for part in ("", "_unit")),
)
"""The columns that make up a shape."""
PROGRAMME_COLUMNS = (*KEY[:3], *(f"programme_{name}{part}" for name in (*INPUTS, *CONSTANTS) for part in ("", "_unit")))
"""The columns that hold a programme as text."""


def per_unit(name: str, unit: Unit) -> int:
    """Return what a value in a unit is multiplied by; a weight is kept in grams, whatever it was entered in."""
    return 1 if name == "weight" and unit is not KG else SCALES[name].per_unit


@lru_cache(maxsize=2**18)
def scaled(name: str, value: str | None, unit: str | None) -> int | None:
    """Return an input as a whole number, or ``None`` where none holds it exactly within what is kept."""
    if value is None or unit is None:
        return None
    number = read_decimal(value) * per_unit(name, Unit.read(unit))
    is_kept = number.denominator == 1 and 0 < number <= SCALES[name].most
    return number.numerator if is_kept else None


def shape_id(key: Iterable[str | None]) -> int:
    """Return the number of a shape: 64 bits of a digest of its key, the same on every machine."""
    text = "\x1f".join("" if part is None else part for part in key)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def programme_columns(table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """
    Return a table of events with ``shape`` and the inputs as whole numbers, and the shapes that occur in it.

    Only what was programmed has a shape: another record may repeat the programme, and must not count it again.

    Args:
        table: events with the columns of ``adapters.events.columns``.

    """
    numbers = {scale.column: _scaled_column(table, name) for name, scale in SCALES.items()}
    is_programme = pl.col("kind").is_in(PROGRAMME_KINDS)
    has_key = pl.all_horizontal(pl.col(KEY[:3]).is_not_null())
    shapes = table.filter(is_programme & has_key).select(KEY).unique(maintain_order=True)
    ids = pl.Series("shape", [shape_id(key) for key in shapes.iter_rows()], pl.Int64)
    shapes = shapes.with_columns(ids)
    is_whole = pl.all_horizontal(
        pl.col(f"programme_{name}").is_null() | pl.col(scale.column).is_not_null() for name, scale in SCALES.items()
    )
    made = (
        table.with_columns(**numbers)
        .join(shapes, on=KEY, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(shape=pl.when(is_whole & is_programme).then("shape"))
    )
    return made, shapes


def _scaled_column(table: pl.DataFrame, name: str) -> pl.Series:
    pairs = table.select(f"programme_{name}", f"programme_{name}_unit").iter_rows()
    return pl.Series([scaled(name, value, unit) for value, unit in pairs], dtype=pl.Int64)


def template(key: Mapping[str, Any]) -> Programme:
    """Return the programme of a shape, each input as one of its unit."""
    units = {name: key[f"programme_{name}_unit"] for name in INPUTS}
    inputs = {name: Quantity(Fraction(1), Unit.read(unit)) for name, unit in units.items() if unit is not None}
    known = {name: quantity for name in CONSTANTS if (quantity := _quantity(key, name)) is not None}
    mode = Mode(key["programme_mode"])
    return Programme(care_area=key["care_area"], entry=key["entry"], mode=mode, **inputs, **known)


def _quantity(row: Mapping[str, Any], name: str) -> Quantity | None:
    value, unit = row[f"programme_{name}"], row[f"programme_{name}_unit"]
    return None if value is None else Quantity.of(value, unit)


def to_columns(programme: Programme) -> dict[str, str]:
    """Return a programme as the columns of a row: the inverse of what ``programmed`` reads."""
    row = {"entry": programme.entry, "care_area": programme.care_area, "programme_mode": programme.mode.value}
    for name in (*INPUTS, *CONSTANTS):
        quantity: Quantity | None = getattr(programme, name)
        if quantity is not None:
            row |= {f"programme_{name}": decimal_text(quantity.value), f"programme_{name}_unit": quantity.unit.code}
    return row


def programmed(row: Mapping[str, Any]) -> Programmed:
    """Return what was entered from the columns of a row."""
    mode = row["programme_mode"]
    values = {name: _quantity(row, name) for name in (*INPUTS, *CONSTANTS)}
    return Programmed(mode=None if mode is None else Mode(mode), **values)


def inputs_of(programme: Programme, numbers: Mapping[str, int | None]) -> dict[str, Fraction]:
    """Return the inputs of a programme of this shape from its whole numbers, in the units of the shape."""
    made: dict[str, Fraction] = {}
    for name, scale in SCALES.items():
        quantity: Quantity | None = getattr(programme, name)
        number = numbers[scale.column]
        if quantity is not None and number is not None:
            made[name] = Fraction(number, per_unit(name, quantity.unit))
    return made
