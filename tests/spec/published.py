"""
Published rate arithmetic: whether a printed rate in mL/h follows from its dose, weight and concentration.

What "to the published rounding" means, exactly:

- The source says how many decimals it printed: the note quotes it (``printed '6.7ml/hr'``), otherwise the number itself
  shows them. A whole number that a table turned into ``60.0`` was printed as ``60``.
- "rounds rate to 2 significant figures": the last place is that of the second significant figure of the exact rate.
- A rate reproduces when the exact one is at most half of the last printed place away. Half a place itself counts in
  both directions, because sources round it up, down and to even.
- Only where the note says "within 1 last-place digit" may it be a whole last place away.
"""

import re
from collections.abc import Mapping
from fractions import Fraction

from openinfusion.core.dosing import check
from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Mode,
    Population,
)
from openinfusion.core.programme import Programme, Verdict
from openinfusion.core.units import ML_PER_H, Quantity

Row = Mapping[str, str]
_PRINTED = re.compile(r"(?:printed|->)\s*'\**\s*([0-9]*\.?[0-9]*)\s*m[lL]")


def verdict_of(row: Row) -> Verdict:
    """What the engine says of the dose in the row, on an entry of that concentration and with a limit far away."""
    dose = Quantity.of(_plain(row["dose"]), row["dose_unit"])
    weight = Quantity.of(_plain(row["weight_kg"]), "kg") if row["weight_kg"] else None
    amount_unit, _, volume_unit = row["concentration_unit"].rpartition("/")
    entry = Entry(
        id="entry",
        drug="drug",
        care_area="area",
        type=EntryType.CONTINUOUS,
        concentration=Concentration(
            amount=Quantity.of(_plain(row["concentration"]), amount_unit), volume=Quantity.of(1, volume_unit)
        ),
        rate=Limits(unit=ML_PER_H, hard_max=Fraction(10**6)),
    )
    library = Library(
        library=About(name="published", organisation="published", version="1"),
        drugs=(Drug(id="drug", name=row["drug"]),),
        care_areas=(CareArea(id="area", name="area", population=Population.ADULT),),
        entries=(entry,),
    )
    programme = Programme(care_area="area", entry="entry", mode=Mode.CONTINUOUS, dose=dose, weight=weight)
    return check(programme, library)


def rate_of(row: Row) -> Fraction | None:
    """The exact rate in mL/h that the engine derives, or ``None`` where it refuses the programme."""
    verdict = verdict_of(row)
    rate = verdict.derived.rate
    return None if verdict.findings or rate is None else rate.to(ML_PER_H).value


def reproduces(row: Row) -> bool:
    """Whether the engine's rate is the published one, to the published rounding."""
    exact = rate_of(row)
    published = row["rate_mL_per_h_published"]
    if exact is None or not published:
        return False
    allowed = last_place(exact, published=published, note=row["rounding_note"])
    if "within 1 last-place digit" not in row["rounding_note"]:
        allowed /= 2
    return abs(exact - Fraction(published)) <= allowed


def last_place(exact: Fraction, *, published: str, note: str) -> Fraction:
    """The size of the last place that the source printed: 0.1 for "6.7", 1 for "60"."""
    if "2 significant figures" in note:
        return _second_figure(exact)
    quoted = _PRINTED.search(note)
    printed = quoted[1] if quoted else published.rstrip("0") if "." in published else published
    return Fraction(1, 10 ** len(printed.partition(".")[2]))


def _second_figure(exact: Fraction) -> Fraction:
    """The place value of the second significant figure: 1 for 33.075, 0.01 for 0.3004."""
    place = Fraction(1)
    while exact >= 100 * place:
        place *= 10
    while exact < 10 * place:
        place /= 10
    return place


def _plain(text: str) -> str:
    """A plain decimal of what a spreadsheet wrote: "4.", ".5" and "05" are numbers to it."""
    whole, _, places = text.strip().partition(".")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{places}" if places else whole
