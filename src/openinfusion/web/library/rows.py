"""Entries as lists show them: with the names of their drug and care area, and what review found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from openinfusion.core import library as core
from openinfusion.core.entry import Entry
from openinfusion.core.limits import Limits
from openinfusion.core.units import Quantity
from openinfusion.web.library.models import Span, Version
from openinfusion.web.library.names import Names, entry_of
from openinfusion.web.library.reviewed import counts_by_item

TYPES = {"continuous": "Continuous", "intermittent": "Intermittent", "fluid": "Fluid", "pca": "PCA"}
_GROUPS = {
    "dose": "Dose",
    "rate": "Rate",
    "volume": "Volume to be infused",
    "duration": "Duration",
    "concentration.limits": "Strength entered at the bedside",
    "pca.dose": "PCA demand dose",
    "pca.lockout": "PCA lockout",
    "pca.accumulated": "PCA accumulated dose",
}


def group_words(path: str) -> str:
    """Return what a group of limits limits: "Bolus dose"."""
    return _GROUPS.get(path) or path.replace(".", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a list."""

    entry: Entry
    drug: core.Drug
    area: core.CareArea
    findings: Mapping[str, int]

    @property
    def name(self) -> str:
        return shown_name(self.drug)

    @property
    def kind(self) -> str:
        return TYPES[self.entry.type.value]

    @property
    def strength(self) -> str:
        return strength(self.entry)

    @property
    def main(self) -> Limits | None:
        """The limits that people ask for first: of the dose, else of the first thing that is limited."""
        return main_limits(self.entry)


def shown_name(drug: core.Drug) -> str:
    """Return a drug's name as screens show it: with capitals that tell look-alikes apart, where it has them."""
    return drug.tall_man or drug.name


def strength(entry: Entry) -> str:
    """Return a strength in words; a fluid has none."""
    return entry.concentration.text if entry.concentration else "as supplied"


def main_limits(entry: Entry) -> Limits | None:
    """Return the limits of the dose, of the demand dose for PCA, else of the first thing that is limited."""
    if entry.pca is not None:
        return entry.pca.dose
    return entry.dose or next((limits for _, limits in entry.all_limits()), None)


def rows_of(version: Version, names: Names, spans: Iterable[Span]) -> Sequence[Row]:
    """Return entries with their names and the number of findings about each."""
    found = list(spans)
    findings = counts_by_item(version, [span.item for span in found])
    entries = [entry_of(span) for span in found]
    return [Row(entry, names.drug_of(entry), names.area_of(entry), findings.get(entry.id, {})) for entry in entries]


def quantities(limits: Limits | None) -> Mapping[str, Quantity]:
    """Return the values that are set, by name, each with its unit."""
    if limits is None:
        return {}
    names = ("hard_min", "soft_min", "usual_min", "initial", "usual_max", "soft_max", "hard_max")
    return {name: quantity for name in names if (quantity := limits.quantity(name)) is not None}
