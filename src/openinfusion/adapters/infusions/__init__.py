"""Past infusions: read a file of them by a mapping that a pharmacist can edit."""

from openinfusion.adapters.infusions.mapping import (
    InfusionMapping,
    load_infusion_mapping,
    shipped_infusion_mapping,
    shipped_infusion_mappings,
)
from openinfusion.adapters.infusions.reading import InfusionReading, RowProblem, UnmappedItem, read_infusions

__all__ = [
    "InfusionMapping",
    "InfusionReading",
    "RowProblem",
    "UnmappedItem",
    "load_infusion_mapping",
    "read_infusions",
    "shipped_infusion_mapping",
    "shipped_infusion_mappings",
]
