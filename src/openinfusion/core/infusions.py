"""
A past infusion: what somebody programmed on a pump once, as far as the record of it says.

It names its row in the file that it came from, and nobody: no patient, stay or user.
"""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from openinfusion.core.errors import ProgrammeError
from openinfusion.core.library import Concentration
from openinfusion.core.units import KG, MINUTES, Kind, Quantity, TimeBasis, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Infusion:
    """
    One infusion at one dose or rate, from start to end.

    Args:
        row: where it stands in the file, counted as a spreadsheet does (the header is row 1).
        drug: id, name or alias of a drug of the library, in any case.
        care_area: id or name of a care area of the library, in any case.
        dose: drug per time (continuous), or an amount of drug (a single dose given from start to end).
        rate: volume per time, as it ran.
        weight: of the patient, as the record has it.
        amount: what was given in all, drug or volume, as the record has it.
        strength: amount of drug in volume, where the record says it; ``None`` is not known.

    """

    row: int
    drug: str
    care_area: str
    start: datetime
    end: datetime
    therapy: str | None = None
    dose: Quantity | None = None
    rate: Quantity | None = None
    weight: Quantity | None = None
    amount: Quantity | None = None
    strength: Concentration | None = None

    def __post_init__(self) -> None:
        """Refuse what no pump can have run: nothing programmed, no length, a value of zero or below, a wrong unit."""
        if self.dose is None and self.rate is None:
            raise ProgrammeError(where=f"row {self.row}", found="no dose and no rate", expected="a dose or a rate")
        if self.end <= self.start:
            raise ProgrammeError(where=f"row {self.row}", found=f"{self.duration} from start to end", expected=_LENGTH)
        for name, quantity, fits, expected in (
            ("dose", self.dose, is_dose, "a dose above zero, such as 5 mg/h or 1 g"),
            ("rate", self.rate, is_rate, "a rate above zero, such as 10 mL/h"),
            ("weight", self.weight, KG.measures_like, "a weight above zero, in kg"),
        ):
            if quantity is not None and (quantity.value <= 0 or not fits(quantity.unit)):
                raise ProgrammeError(where=f"row {self.row}, {name}", found=str(quantity), expected=expected)
        if self.strength is not None and self.strength.is_open:
            raise ProgrammeError(
                where=f"row {self.row}, strength", found=self.strength.text, expected="an amount in a volume, or none"
            )

    @property
    def duration(self) -> Quantity:
        """How long it ran, exactly, in minutes."""
        length = self.end - self.start
        microseconds = (length.days * 86400 + length.seconds) * 10**6 + length.microseconds
        return Quantity(Fraction(microseconds, 60 * 10**6), MINUTES)


_LENGTH = "an end after the start"
_DRUG_KINDS = frozenset({Kind.MASS, Kind.INTERNATIONAL_UNIT, Kind.MOLE, Kind.EQUIVALENT, Kind.ENERGY})


def is_dose(unit: Unit) -> bool:
    """Whether a unit counts drug, per time or not: micrograms/kg/min, units/h, g."""
    return unit.kind in _DRUG_KINDS and not unit.volume.value


def is_rate(unit: Unit) -> bool:
    """Whether a unit counts volume per time: mL/h, mL/kg/h."""
    return unit.kind is Kind.VOLUME and unit.time is not TimeBasis.NONE
