"""Incidents as data: what was intended, what was programmed, what the syringe held, and what of it is assumed."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from openinfusion.adapters.documents import convert
from openinfusion.adapters.review_file import read_toml
from openinfusion.core.entry import Mode
from openinfusion.core.programme import Programme, Verdict
from openinfusion.core.units import ML, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """
    What the syringe held and what the pump was told.

    Attributes:
        true_amount: amount of drug in the syringe.
        true_volume: volume that it was made up to.
        true_basis: where these come from.
        programmed_amount: amount that was entered.
        programmed_volume: volume that was entered.
        programmed_basis: where these come from.

    """

    true_amount: str
    true_volume: str
    true_basis: str
    programmed_amount: str
    programmed_volume: str
    programmed_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """
    One incident, with quantities as a clinician writes them.

    Attributes:
        id: name of the incident.
        care_area: where it happened.
        entry: entry of the library in force.
        mended_entry: the same entry in the corrected library.
        mode: what was programmed.
        dose: dose that was intended, and typed.
        amount: amount of drug that was entered for the concentration.
        diluent: volume that was entered for the concentration.
        volume_left: what the syringe still held.
        delivered: what the patient was given.
        empties_syringe: whether the whole syringe was given.
        reported: what the report says.
        assumed: what a model needs and the report does not say.

    """

    id: str
    care_area: str
    entry: str
    mended_entry: str
    mode: Mode
    dose: str
    amount: str
    diluent: str
    volume_left: str
    delivered: str
    empties_syringe: bool
    reported: tuple[str, ...]
    assumed: tuple[str, ...]
    strength: Strength

    def programme(self, entry: str) -> Programme:
        """Return what was entered at the pump, on this entry."""
        return Programme(
            care_area=self.care_area,
            entry=entry,
            mode=self.mode,
            dose=Quantity.read(self.dose),
            amount=Quantity.read(self.amount),
            diluent=Quantity.read(self.diluent),
        )

    def delivered_with(self, verdict: Verdict) -> Quantity:
        """
        Return what the patient is given when a pump moves the volume that a check derived.

        min(volume derived, volume left) x true strength; nothing if the check derived no volume.
        """
        dose = Quantity.read(self.dose)
        if verdict.derived.volume is None:
            return Quantity(Fraction(0), dose.unit)
        moved = min(verdict.derived.volume, Quantity.read(self.volume_left)).to(ML)
        amount, volume = Quantity.read(self.strength.true_amount), Quantity.read(self.strength.true_volume).to(ML)
        return Quantity(moved.value * amount.value / volume.value, amount.unit).to(dose.unit)

    @property
    def assumption(self) -> str:
        """What the model assumes of the strengths, in words."""
        return f"true strength {self.strength.true_amount} in {self.strength.true_volume} ({self.strength.true_basis})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """
    A file of incidents.

    Attributes:
        source: where they are published.
        library: file of the library in force.
        mended_in: file of the corrected library.
        strength: what all of them share.
        incidents: one table each.

    """

    source: str
    library: str
    mended_in: str
    strength: Strength
    incidents: tuple[dict[str, Any], ...]


def read_incidents(path: Path) -> tuple[Incident, ...]:
    """Return the incidents in a TOML file; raises OperatorError, SenderError or AuthorError as other readers do."""
    document = read_toml(path)
    file = convert(document, _File, where=path.name)
    shared = document["strength"]
    return tuple(
        convert({**row, "strength": shared}, Incident, where=f"{path.name}, incidents[{number}]")
        for number, row in enumerate(file.incidents)
    )
