"""One row of a file of past infusions: its cells by what they mean, and its values with every fault that they have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from openinfusion.adapters.infusions.cells import read_number, read_time, read_unit
from openinfusion.adapters.infusions.mapping import InfusionMapping, Item
from openinfusion.core.errors import OpenInfusionError, TableError
from openinfusion.core.infusions import is_dose, is_rate
from openinfusion.core.library import Concentration
from openinfusion.core.units import KG, Kind, Quantity, Unit

Fault = tuple[str, str, str]


@dataclass(slots=True)
class Values:
    """What a row says; ``faults`` are column, what stands there, and what is expected."""

    start: datetime | None = None
    end: datetime | None = None
    dose: Quantity | None = None
    rate: Quantity | None = None
    amount: Quantity | None = None
    weight: Quantity | None = None
    strength: Concentration | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def minutes(self) -> Fraction | None:
        """The time from start to end, which a faulty row may have as zero or below."""
        if self.start is None or self.end is None:
            return None
        length = self.end - self.start
        return Fraction((length.days * 86400 + length.seconds) * 10**6 + length.microseconds, 60 * 10**6)

    def keeps_identity(self, tolerance: Fraction) -> bool | None:
        """Whether amount is dose (or rate) times duration, within a share; ``None`` where the row does not say."""
        amount, minutes = self.amount, self.minutes
        given = next((q for q in (self.dose, self.rate) if q and amount and q.unit.kind is amount.unit.kind), None)
        if given is None or amount is None or minutes is None:
            return None
        expected = given.value * given.unit.scale * (minutes if given.unit.time.value else 1)
        if given.unit.patient.value:
            if self.weight is None or given.unit.patient.value != "/kg":
                return None
            expected *= self.weight.to(KG).value
        return abs(amount.value * amount.unit.scale - expected) <= tolerance * abs(expected)


class RowReader:
    """Reads rows of one file by one mapping."""

    def __init__(self, mapping: InfusionMapping, header: Mapping[str, int]) -> None:
        self.mapping = mapping
        headers = mapping.columns.headers()
        self.names = headers
        self.places = {part: header[name] for part, name in headers.items() if name in header}
        self.blanks = frozenset(("", *mapping.blanks))
        self.units: dict[str, Unit] = {}

    def text(self, cells: list[str], part: str) -> str | None:
        """Return the text of a part, the constant that stands for it, or ``None`` if it is blank."""
        place = self.places.get(part)
        text = cells[place].strip() if place is not None else ""
        return getattr(self.mapping.constants, part, None) if text in self.blanks else text

    def values(self, cells: list[str], item: Item | None) -> Values:
        """Return what a row says; what cannot be read is ``None`` and stands among the faults."""
        values = Values()
        for part in ("start", "end"):
            with _collect(values.faults, self.names[part]):
                setattr(values, part, self.time(cells, part))
        for part in ("dose", "rate", "weight"):
            with _collect(values.faults, self.names.get(part, part)):
                setattr(values, part, self.quantity(cells, part))
        with _collect(values.faults, self.names.get("amount", "amount")):
            values.amount = self.amount(cells, has_rate=values.dose is not None or values.rate is not None)
        with _collect(values.faults, self.names.get("strength_amount", "strength_amount")):
            values.strength = self.strength(cells)
        if (self.text(cells, "amount") or "").startswith("-"):
            values.faults.append((self.names["amount"], "a negative amount", "zero or more"))
        _sort_dose_and_rate(values, self.names)
        _check_values(values, self.names)
        if item is not None and item.mmol_per_meq is not None:
            values.dose = _in_mmol(values.dose, item.mmol_per_meq)
            values.amount = _in_mmol(values.amount, item.mmol_per_meq)
        return values

    def time(self, cells: list[str], part: str) -> datetime:
        """Return the start or end."""
        text = self.text(cells, part)
        if text is None:
            raise TableError(where="cell", found="nothing", expected="a time")
        return read_time(text, self.mapping.time_format)

    def quantity(self, cells: list[str], part: str) -> Quantity | None:
        """Return a number with the unit that stands beside it; ``None`` if there is no number."""
        text = self.text(cells, part)
        if text is None:
            return None
        number = read_number(text)
        unit = self.text(cells, f"{part}_unit")
        if unit is None:
            raise TableError(where="cell", found="a number without a unit", expected="a unit beside it")
        return Quantity(number, self.unit(unit))

    def unit(self, text: str) -> Unit:
        """Return a unit by the mapping's spellings, else by our own."""
        if text not in self.units:
            self.units[text] = read_unit(self.mapping.unit_spellings.get(text, text))
        return self.units[text]

    def amount(self, cells: list[str], *, has_rate: bool) -> Quantity | None:
        """
        Return the amount given in all.

        Without a dose or rate its unit is not read: a push may be counted in "dose" and nothing is held against it.
        """
        text = self.text(cells, "amount")
        if text is None:
            return None
        read_number(text)
        return self.quantity(cells, "amount") if has_rate else None

    def strength(self, cells: list[str]) -> Concentration | None:
        """Return the strength, if the row gives both its parts."""
        amount, volume = self.quantity(cells, "strength_amount"), self.quantity(cells, "strength_volume")
        return None if amount is None or volume is None else Concentration(amount=amount, volume=volume)


class _collect:  # noqa: N801 - reads as a verb where it is used
    """Turn an error within the block into a fault of this column."""

    def __init__(self, faults: list[Fault], column: str) -> None:
        self.faults = faults
        self.column = column

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        if not isinstance(error, OpenInfusionError):
            return False
        self.faults.append((self.column, error.found, error.expected))
        return True


def _sort_dose_and_rate(values: Values, names: Mapping[str, str]) -> None:
    """Take a "dose" in volume per time for the rate that it is; refuse units that are neither."""
    column = names.get("dose", "dose")
    if values.dose is not None and is_rate(values.dose.unit):
        if values.rate is not None and values.rate != values.dose:
            values.faults.append((column, "a second, different rate", "one rate, or a dose of drug"))
        values.dose, values.rate = None, values.dose
    for part, quantity, fits in (("dose", values.dose, is_dose), ("rate", values.rate, is_rate)):
        if quantity is not None and not fits(quantity.unit):
            expected = "a dose such as mg/h" if part == "dose" else "mL/h"
            values.faults.append((names.get(part, part), f"the unit {quantity.unit.text}", expected))


def _check_values(values: Values, names: Mapping[str, str]) -> None:
    """Record what no pump can have run: a negative dose or rate, a weight of zero, an end not after the start."""
    for part, quantity in (("dose", values.dose), ("rate", values.rate)):
        if quantity is not None and quantity.value < 0:
            values.faults.append((names.get(part, part), f"a negative {part}", "zero or more"))
    weight = values.weight
    if weight is not None and (weight.value <= 0 or weight.unit.kind is not Kind.WEIGHT):
        values.faults.append((names["weight"], f"{weight}", "a weight above zero, or nothing"))
        values.weight = None
    if values.start is not None and values.end is not None:
        if (values.start.tzinfo is None) is not (values.end.tzinfo is None):
            values.faults.append((names["end"], "a zone on one of two times", "a zone on both, or on none"))
            values.end = None
        elif values.end <= values.start:
            length = "zero" if values.end == values.start else "negative"
            values.faults.append((names["end"], f"a length of {length}", "an end after the start"))


def _in_mmol(quantity: Quantity | None, mmol_per_meq: Fraction) -> Quantity | None:
    """Return a quantity in mEq as mmol of this one substance; anything else as it is."""
    if quantity is None or quantity.unit.kind is not Kind.EQUIVALENT:
        return quantity
    unit = quantity.unit
    amount = Unit.read("mmol").amount
    mole = Unit.of(amount, patient=unit.patient, time=unit.time, volume=unit.volume)
    return Quantity(quantity.value * mmol_per_meq, mole)
