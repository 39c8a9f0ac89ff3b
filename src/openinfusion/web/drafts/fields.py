"""The fields of the form of an entry: their names are the paths of the format, such as ``bolus.dose.hard_max``."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, get_args

from openinfusion.core.entry import PumpKind

VALUES: Mapping[str, str] = {
    "hard_min": "Hard minimum",
    "soft_min": "Soft minimum",
    "usual_min": "Usual from",
    "initial": "Initial value",
    "usual_max": "Usual to",
    "soft_max": "Soft maximum",
    "hard_max": "Hard maximum",
}
BOUNDS = ("hard_min", "soft_min", "soft_max", "hard_max")


class Group(NamedTuple):
    """One group of limits: its path, what it is called, and what its unit may look like."""

    path: str
    words: str
    example: str

    @property
    def fields(self) -> Iterable[str]:
        """The names of its fields, the unit first."""
        return (f"{self.path}.unit", *(f"{self.path}.{name}" for name in VALUES))


def _delivery(part: str, words: str) -> tuple[Group, ...]:
    return (
        Group(f"{part}.dose", f"{words}: dose", "micrograms or mg/kg"),
        Group(f"{part}.rate", f"{words}: rate", "mL/h or mg/min"),
        Group(f"{part}.volume", f"{words}: volume", "mL"),
        Group(f"{part}.duration", f"{words}: duration", "min"),
    )


MAIN = (
    Group("dose", "Dose", "micrograms/kg/min, units/h; mg where it is intermittent"),
    Group("rate", "Rate", "mL/h"),
    Group("volume", "Volume", "mL"),
    Group("duration", "Duration", "min or h"),
)
BOLUS = _delivery("bolus", "Bolus")
LOADING = _delivery("loading", "Loading dose")
PCA = (
    Group("pca.dose", "Demand dose", "mg or micrograms"),
    Group("pca.lockout", "Lockout", "min"),
    Group("pca.accumulated", "Accumulated within the window", "mg"),
)
CONCENTRATION = (Group("concentration.limits", "Bounds of an open concentration", "mg/mL"),)
GROUPS: tuple[Group, ...] = (*CONCENTRATION, *MAIN, *BOLUS, *LOADING, *PCA)
QUANTITIES: Mapping[str, str] = {
    "concentration.amount": "Amount of drug",
    "concentration.volume": "In a total volume of",
    "pca.window": "Window of the accumulated dose",
}
TEXTS = ("therapy", "rationale", "review_by")
CHOICES = ("drug", "care_area", "type", "route", "secondary")
DEFAULTS: Mapping[str, str] = {"route": "intravenous", "secondary": "not allowed"}
TICKS: Mapping[str, bool] = {"anaesthesia_only": False, "unreviewed": False, "pca.bolus_counts": True}
PUMPS: tuple[str, ...] = get_args(PumpKind)
SOURCE = ("field", "citation", "invented_for_example")
DECISION = ("field", "decision", "reason", "by", "decided_on")


def words_of(path: str) -> str:
    """Return what a field is called on the page: "Bolus: dose, hard maximum"."""
    for group in GROUPS:
        if path == group.path:
            return group.words
        if path.startswith(f"{group.path}."):
            name = path.removeprefix(f"{group.path}.")
            return f"{group.words}, {VALUES.get(name, name).lower()}"
    return QUANTITIES.get(path) or _OTHERS.get(path) or path.replace("_", " ").replace(".", ", ")


_OTHERS: Mapping[str, str] = {
    "entry": "The whole entry",
    "drug": "Drug",
    "care_area": "Care area",
    "type": "Kind of infusion",
    "route": "Route",
    "therapy": "Therapy",
    "concentration": "Concentration",
    "titration_step.factor": "Largest titration step",
    "pca": "Patient-controlled analgesia",
    "rationale": "Why the entry is as it is",
    "review_by": "Review by",
    "bolus": "Bolus",
    "loading": "Loading dose",
    "secondary": "Secondary infusion",
    "sources": "Sources",
    "decisions": "Decisions",
    "advisories": "Advisories",
    "device_settings": "Settings of the pump",
}


def spoken_of() -> Iterable[str]:
    """Return every path that a source or a decision may speak of."""
    yield from ("entry", "concentration")
    for group in GROUPS:
        yield group.path
        yield from (f"{group.path}.{name}" for name in VALUES)
    yield from ("pca.window", "titration_step.factor", "therapy", "route")
