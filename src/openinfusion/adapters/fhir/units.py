"""
The unit of a Quantity: its code in UCUM first, its words where it has no code, never a guess.

UCUM spells one unit in several ways (``mL/h``, ``ml/h``, ``ug/kg/min``, ``ug/(kg.min)``), and has units that pumps do
not show (``dL``, ``s``). Those are read exactly, as so many of a unit that ``core`` knows. ``U`` is a unit of enzymes
in UCUM and not the unit of insulin, so it is refused. Source: UCUM 2.1.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from openinfusion.core.errors import UnknownUnitError
from openinfusion.core.units import Unit

_LONGEST = 40
_ATOMS = {
    **{code: (code, Fraction(1)) for code in ("ng", "ug", "mg", "g", "m[iU]", "[iU]", "mmol", "meq", "mL", "L")},
    **{code: (code, Fraction(1)) for code in ("kcal", "kg", "cm", "m2", "min", "h", "%")},
    "ml": ("mL", Fraction(1)),
    "l": ("L", Fraction(1)),
    "uL": ("mL", Fraction(1, 1000)),
    "ul": ("mL", Fraction(1, 1000)),
    "cL": ("mL", Fraction(10)),
    "cl": ("mL", Fraction(10)),
    "dL": ("mL", Fraction(100)),
    "dl": ("mL", Fraction(100)),
    "m[IU]": ("m[iU]", Fraction(1)),
    "[IU]": ("[iU]", Fraction(1)),
    "k[iU]": ("[iU]", Fraction(1000)),
    "k[IU]": ("[iU]", Fraction(1000)),
    "umol": ("mmol", Fraction(1, 1000)),
    "mol": ("mmol", Fraction(1000)),
    "eq": ("meq", Fraction(1000)),
    "pg": ("ng", Fraction(1, 1000)),
    "m": ("cm", Fraction(100)),
    "s": ("min", Fraction(1, 60)),
    "d": ("h", Fraction(24)),
}
"""What may stand in front, as so many of an amount of core."""
_BELOW = {
    **{code: (code, Fraction(1)) for code in ("kg", "m2", "min", "h", "d", "mL", "L")},
    "ml": ("mL", Fraction(1)),
    "l": ("L", Fraction(1)),
    "dL": ("mL", Fraction(1, 100)),
    "dl": ("mL", Fraction(1, 100)),
    "s": ("min", Fraction(60)),
}
"""What may stand below the line, with the number by which the value counts in the unit of core."""
_GROUP = re.compile(r"/\(([A-Za-z0-9.]+)\)")


class Scaled(NamedTuple):
    """A unit of core, and how many of it one of the unit that was read is."""

    unit: Unit
    factor: Fraction


@lru_cache(maxsize=4096)
def from_ucum(code: str) -> Scaled | None:
    """Return the unit that a UCUM code means, or ``None`` where pumps have none like it."""
    if len(code) > _LONGEST:
        return None
    head, *below = _GROUP.sub(lambda match: "/" + match[1].replace(".", "/"), code).split("/")
    atom = _ATOMS.get(head)
    parts = [_BELOW.get(one) for one in below]
    if atom is None or None in parts:
        return None
    factor = atom[1]
    for part in parts:
        factor *= part[1] if part is not None else 1
    try:
        return Scaled(Unit.read("/".join([atom[0], *(part[0] for part in parts if part is not None)])), factor)
    except UnknownUnitError:
        return None


@lru_cache(maxsize=4096)
def from_words(text: str) -> Scaled | None:
    """Return the unit that the words of a unit mean, or ``None`` where they mean none, or could mean two."""
    try:
        return Scaled(Unit.read(text), Fraction(1))
    except UnknownUnitError:
        pass
    # Seconds and decilitres have no display of ours, so nobody else's words for them are read but their codes.
    found = from_ucum(text.strip())
    return found if found is not None and text.strip() not in _CASE_MATTERS else None


_CASE_MATTERS = frozenset({"m", "s", "d", "eq"})
"""Codes that are too short to be trusted as words."""
