"""
A past infusion: what somebody programmed on a pump once, as far as the record of it says.

It names its row in the file that it came from, and nobody: no patient, stay or user.
"""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from openinfusion.core.errors import ProgrammeError
from openinfusion.core.library import Concentration
from openinfusion.core.units import ML, ML_PER_H, Kind, PatientBasis, Quantity, TimeBasis, VolumeBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class Infusion:
    """
    One infusion at one dose or rate, from start to end.

    Args:
        row: where it stands in the file, counted as a spreadsheet does (the header is row 1).
        drug: id, name or alias of a drug in the library, in any case.
        care_area: id or name of a care area in the library, in any case.
        dose: drug per time (continuous) or an amount of drug (a single dose given from start to end).
        rate: volume per time, as it ran.
        weight: of the patient, as the pump or the record had it.
        amount: what was given in all, drug or volume, as recorded.
        strength: amount of drug in volume, where the record says it; ``None`` means not known.

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
        """Refuse a record that no pump can have run: nothing programmed, no length, a value of zero or below."""
        if self.dose is None and self.rate is None:
            raise ProgrammeError(where=f"row {self.row}", found="no dose and no rate", expected="a dose or a rate")
        if self.end <= self.start:
            raise ProgrammeError(
                where=f"row {self.row}", found=f"{self.end - self.start} long", expected="an end after the start"
            )
        for name, quantity, fits in (
            ("dose", self.dose, _is_dose),
            ("rate", self.rate, lambda q: q.unit.measures_like(ML_PER_H) or _is_rate_per_patient(q)),
            ("weight", self.weight, lambda q: q.unit.kind is Kind.WEIGHT),
        ):
            if quantity is not None and (quantity.value <= 0 or not fits(quantity)):
                raise ProgrammeError(
                    where=f"row {self.row}, {name}", found=str(quantity), expected=f"a {name} above zero, in its unit"
                )
        if self.strength is not None and self.strength.is_open:
            raise ProgrammeError(
                where=f"row {self.row}, strength", found=self.strength.text, expected="an amount in a volume, or none"
            )

    @property
    def duration(self) -> Quantity:
        """How long it ran, exactly, in minutes."""
        length = self.end - self.start
        seconds = Fraction(length.days * 86400 + length.seconds) + Fraction(length.microseconds, 10**6)
        return Quantity(seconds / 60, _MINUTES)

    @property
    def programmed(self) -> Quantity:
        """What was set on the pump: the dose where there is one, else the rate."""
        programmed = self.dose or self.rate
        assert programmed is not None  # noqa: S101 - __post_init__ refuses an infusion without both
        return programmed
