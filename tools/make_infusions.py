"""
Make the example trust's past infusions from its newest library: ``python tools/make_infusions.py [--check]``.

Synthetic: no row was ever given to anybody. For a replay where no real infusions are at hand; not for clinical use.
"""

import csv
import hashlib
import io
import sys
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import cast

from openinfusion.adapters.library_file import read_library
from openinfusion.core.library import Entry, EntryType, Library, Limits, Population
from openinfusion.core.numbers import decimal_text, read_decimal, round_to
from openinfusion.core.units import KG, ML, PatientBasis, Quantity

REPOSITORY = Path(__file__).resolve().parent.parent
TRUST = Path("examples", "trust")
COLUMNS = (
    *("infusion_id", "start", "end", "care_area", "drug", "therapy", "dose", "dose_unit"),
    *("rate_ml_per_h", "amount", "amount_unit", "weight_kg", "status"),
)
INFUSIONS = 2000
UNKNOWN_DRUG, NEGATIVE_AMOUNT, NO_LENGTH = 500, 700, 900
"""The serial numbers of three odd rows; the regular outliers are in ``with_outlier``."""
FIRST_START = datetime(2026, 1, 5, tzinfo=UTC)
WEIGHTS = {
    Population.ADULT: (450, 1200),
    Population.OBSTETRIC: (550, 1100),
    Population.PAEDIATRIC: (40, 480),
    Population.NEONATAL: (7, 45),
}
"""Lightest and heaviest patient, in tenths of a kilogram."""


class Dice:
    """Numbers that look random and are the same on every machine and for every Python."""

    def __init__(self, seed: str) -> None:
        self.seed, self.rolls = seed, 0

    def roll(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        self.rolls += 1
        digest = hashlib.sha256(f"{self.seed}:{self.rolls}".encode()).digest()
        return low + int.from_bytes(digest[:8], "big") % (high - low + 1)

    def between(self, low: Fraction, high: Fraction) -> Fraction:
        """Return a value of the range, more often from its middle, in steps that a clinician would use."""
        step = Fraction(1000)
        while step * 20 > high:
            step /= 10
        share = Fraction(self.roll(0, 1000) + self.roll(0, 1000), 2000)
        return max(round_to(low + (high - low) * share, step), step)


def infusions(library: Library) -> bytes:
    """Return a table of synthetic past infusions around the usual ranges of the library, with planted outliers."""
    dice = Dice("Wharfedale and Aire")
    entries = [e for e in library.entries if e.type is not EntryType.PCA and _programmed(e) is not None]
    critical = [e for e in entries if "critical-care" in e.care_area]
    start = FIRST_START
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for serial in range(1, INFUSIONS + 1):
        start += timedelta(minutes=dice.roll(20, 220))
        pool = critical if dice.roll(1, 10) <= 6 else entries  # noqa: PLR2004 - six in ten
        row = infusion(library, pool[dice.roll(0, len(pool) - 1)], dice)
        minutes = int(row.pop("minutes"))
        end = start + timedelta(minutes=minutes)
        row |= {"infusion_id": f"INF{serial:05d}", "start": start.isoformat(), "end": end.isoformat()}
        writer.writerow(with_outlier(row, serial))
    return out.getvalue().encode()


def _programmed(entry: Entry) -> Limits | None:
    """Return the limits of what an infusion of this entry was programmed by: its dose, else its rate."""
    limits = entry.dose or entry.rate
    return limits if limits and limits.usual_min is not None and limits.usual_max is not None else None


def infusion(library: Library, entry: Entry, dice: Dice) -> dict[str, str]:
    """Return one infusion within the usual range of an entry."""
    area = library.care_area(entry.care_area)
    limits = cast("Limits", _programmed(entry))
    weight = Quantity(Fraction(dice.roll(*WEIGHTS[area.population]), 10), KG)
    dose = Quantity(dice.between(limits.usual_min or Fraction(0), limits.usual_max or Fraction(0)), limits.unit)
    minutes = _minutes(entry, absolute(dose, weight), dice)
    flow, amount = moved(entry, absolute(dose, weight), weight=weight, minutes=minutes)
    is_rate_only = entry.dose is None
    return {
        "care_area": area.name,
        "drug": library.drug(entry.drug).name,
        "therapy": entry.therapy or "",
        "dose": "" if is_rate_only else decimal_text(dose.value),
        "dose_unit": "" if is_rate_only else dose.unit.text,
        "rate_ml_per_h": rounded(flow),
        "amount": rounded(amount.value),
        "amount_unit": amount.unit.text,
        "weight_kg": decimal_text(weight.value),
        "status": "finished" if dice.roll(1, 8) > 1 else "stopped",
        "minutes": str(minutes),
    }


def _minutes(entry: Entry, dose: Quantity, dice: Dice) -> int:
    """Return how long it runs: a dose its usual time, a fluid until the bag is empty, a continuous infusion hours."""
    minutes = dice.roll(2, 48) * 30
    if entry.type is EntryType.INTERMITTENT:
        duration = entry.duration
        return int(duration.usual_max) if duration and duration.usual_max else 60
    if entry.type is EntryType.FLUID and entry.volume and entry.volume.usual_max:
        return min(minutes, int(entry.volume.usual_max / (dose.value * dose.unit.scale)))
    return minutes


def absolute(dose: Quantity, weight: Quantity) -> Quantity:
    return dose if dose.unit.patient is PatientBasis.NONE else dose.for_patient(weight)


def moved(entry: Entry, dose: Quantity, *, weight: Quantity, minutes: int) -> tuple[Fraction, Quantity]:
    """Return the rate in mL/h and the amount given of an absolute dose (or dose rate) within a time."""
    unit = dose.unit
    base = dose.value * unit.scale * (minutes if unit.time.value else 1)
    strength = Fraction(1)
    amount_unit = ML
    if entry.concentration is not None and entry.concentration.amount and entry.concentration.volume:
        made_up = absolute(entry.concentration.amount, weight)
        strength = made_up.value * made_up.unit.scale / entry.concentration.volume.value
        amount_unit = made_up.unit
    return base / strength * 60 / minutes, Quantity(base / amount_unit.scale, amount_unit)


def rounded(value: Fraction) -> str:
    return decimal_text(round_to(value, Fraction(1, 10000)))


def with_outlier(row: dict[str, str], serial: int) -> dict[str, str]:
    """Return the row with the fault that its serial number plants, if any; the README lists them."""
    if serial % 80 == 3:  # noqa: PLR2004 - here and below: which rows are outliers is arbitrary
        return row | {name: times(row[name], 10) for name in ("dose", "rate_ml_per_h", "amount")}
    if serial % 200 == 61:  # noqa: PLR2004
        return row | {"dose_unit": slipped(row["dose_unit"])}
    if serial % 100 == 29:  # noqa: PLR2004
        return row | {"weight_kg": ""}
    if serial % 25 == 11:  # noqa: PLR2004
        return row | {"status": "superseded"}
    if serial == UNKNOWN_DRUG:
        return row | {"drug": "pentobarbital", "therapy": ""}
    if serial == NEGATIVE_AMOUNT:
        return row | {"amount": f"-{row['amount']}"}
    return row | {"end": row["start"]} if serial == NO_LENGTH else row


def times(cell: str, factor: int) -> str:
    return decimal_text(read_decimal(cell) * factor) if cell else ""


def slipped(unit: str) -> str:
    """Return the unit that stands beside this one by mistake: a thousand times larger or smaller."""
    pairs = (("micrograms", "mg"), ("mg", "micrograms"), ("milliunits", "units"), ("units", "milliunits"))
    return next((unit.replace(mine, other, 1) for mine, other in pairs if unit.startswith(mine)), unit)


def build() -> dict[Path, bytes]:
    """Return the generated file by its path from the root of the repository."""
    newest = max((REPOSITORY / TRUST).glob("library-*.json"))
    return {TRUST / "infusions.csv": infusions(read_library(newest))}


def main() -> int:
    """Write the file; with ``--check`` only say whether it is what the library gives."""
    for path, content in build().items():
        file = REPOSITORY / path
        if "--check" not in sys.argv[1:]:
            file.write_bytes(content)
        elif not file.exists() or file.read_bytes() != content:
            print(f"{path} is not current: run python tools/make_infusions.py")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
