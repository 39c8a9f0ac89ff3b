"""
One row of a drug library: drug, care area, therapy, route and concentration, with its limits.

Part of the open drug library format: a field here is a key of the JSON document (see ``core.library``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Literal

from openinfusion.core.errors import LibraryError
from openinfusion.core.limits import (
    Concentration,
    Delivery,
    Limits,
    Pca,
    Programmable,
    TitrationStep,
    check_dose_unit,
    check_unit_like,
)
from openinfusion.core.units import MINUTES, ML, Kind

Secondary = Literal["not allowed", "allowed", "only"]
PumpKind = Literal["large-volume pump", "syringe pump"]


class EntryType(Enum):
    """What kind of infusion an entry programmes."""

    CONTINUOUS = "continuous"
    INTERMITTENT = "intermittent"
    FLUID = "fluid"
    PCA = "pca"


class Route(Enum):
    """How the infusion reaches the patient; plain "intravenous" leaves central or peripheral open."""

    INTRAVENOUS = "intravenous"
    CENTRAL = "intravenous central"
    PERIPHERAL = "intravenous peripheral"
    SUBCUTANEOUS = "subcutaneous"
    EPIDURAL = "epidural"
    INTRATHECAL = "intrathecal"
    REGIONAL = "regional block"
    ARTERIAL = "arterial"
    INTRAOSSEOUS = "intraosseous"
    ENTERAL = "enteral"
    OTHER = "other"


class Mode(Enum):
    """What a clinician programmes on an entry."""

    CONTINUOUS = "continuous"
    INTERMITTENT = "intermittent"
    FLUID = "fluid"
    PCA = "pca"
    BOLUS = "bolus"
    LOADING = "loading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """
    Where a value comes from; ``field`` is the path inside the entry, such as ``dose.hard_max``, or ``entry``.

    Attributes:
        field: the path inside the entry, such as dose.hard_max, or entry for all of it.
        citation: where the value is published or who decided it.
        invented_for_example: true where a value was made up for an example library.

    """

    field: str
    citation: str
    invented_for_example: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    A choice that somebody made on purpose, such as to set no hard maximum; ``by`` is a role, never a name.

    Attributes:
        field: the path inside the entry that was decided on.
        decision: what was decided, such as "no hard maximum".
        reason: why.
        by: the role or body that decided.
        decided_on: the day.

    """

    field: str
    decision: str
    reason: str
    by: str | None = None
    decided_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One row of a library, as pumps hold it: drug, care area, therapy, route and concentration, with its limits.

    Attributes:
        id: stable name of the row, unique in the library.
        drug: id of the drug.
        care_area: id of the care area.
        type: what kind of infusion it programmes.
        route: how it reaches the patient.
        therapy: the indication that distinguishes rows of one drug.
        concentration: fixed, open or half open; absent for fluids.
        dose: limits of the dose: per time when continuous, an amount when intermittent; the background of a PCA.
        rate: limits of the flow, in mL per time or as a dose per time.
        volume: limits of the volume to be infused.
        duration: limits of the time it takes.
        bolus: limits of a clinician's bolus; absent when no bolus is offered.
        loading: limits of a loading dose; absent when none is offered.
        pca: limits of patient-controlled analgesia; for type pca only.
        titration_step: the largest single increase without a confirmation.
        secondary: whether it may run as a secondary (piggyback) infusion.
        delivered_by: the kinds of pump that offer the entry; empty means all.
        anaesthesia_only: whether it shows in anaesthesia mode only.
        advisories: ids of the texts shown when the entry is chosen.
        device_settings: settings of the pump that the engine does not judge, by their name.
        sources: where the values come from.
        rationale: why the entry is as it is.
        decisions: what was left out or kept on purpose.
        review_by: the day by which it must be reviewed again.
        unreviewed: true for a row that was imported and not yet approved here.

    """

    id: str
    drug: str
    care_area: str
    type: EntryType
    route: Route = Route.INTRAVENOUS
    therapy: str | None = None
    concentration: Concentration | None = None
    dose: Limits | None = None
    rate: Limits | None = None
    volume: Limits | None = None
    duration: Limits | None = None
    bolus: Delivery | None = None
    loading: Delivery | None = None
    pca: Pca | None = None
    titration_step: TitrationStep | None = None
    secondary: Secondary = "not allowed"
    delivered_by: tuple[PumpKind, ...] = ()
    anaesthesia_only: bool = False
    advisories: tuple[str, ...] = ()
    device_settings: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    rationale: str | None = None
    decisions: tuple[Decision, ...] = ()
    review_by: date | None = None
    unreviewed: bool = False

    def __post_init__(self) -> None:
        """Refuse limits in units that cannot measure them, and parts that the entry's type does not have."""
        check_dose_unit("dose", self.dose, is_rate=self.type is not EntryType.INTERMITTENT)
        check_dose_unit("rate", self.rate, is_rate=True)
        check_unit_like("volume", self.volume, ML)
        check_unit_like("duration", self.duration, MINUTES)
        if (self.type is EntryType.PCA) != (self.pca is not None):
            raise LibraryError(
                where="pca", found=f"type {self.type.value}", expected="pca limits for type pca, and only then"
            )
        if self.concentration is None and (needy := self._first_dose_by_amount()):
            raise LibraryError(
                where="concentration",
                found="none",
                expected=f"a concentration, because {needy} is in an amount of drug (or say that it is open: {{}})",
            )
        self._check_kinds()

    def _doses(self) -> Iterable[tuple[str, Limits]]:
        """Yield every group of limits that counts drug, with its path."""
        parts = (
            ("dose", self.dose),
            ("bolus.dose", self.bolus.dose if self.bolus else None),
            ("bolus.rate", self.bolus.rate if self.bolus else None),
            ("loading.dose", self.loading.dose if self.loading else None),
            ("loading.rate", self.loading.rate if self.loading else None),
            ("pca.dose", self.pca.dose if self.pca else None),
            ("pca.accumulated", self.pca.accumulated if self.pca else None),
        )
        return ((path, limits) for path, limits in parts if limits is not None and limits.unit.kind is not Kind.VOLUME)

    def _first_dose_by_amount(self) -> str | None:
        return next((path for path, _ in self._doses()), None)

    def _check_kinds(self) -> None:
        """Refuse a dose and a concentration that count different kinds of amount: no pump can convert them."""
        conc = self.concentration
        if conc is None:
            return
        named = [("concentration.amount", conc.amount.unit)] if conc.amount else []
        named += [("concentration.limits", conc.limits.unit)] if conc.limits else []
        named += [(path, limits.unit) for path, limits in self._doses()]
        named += [("rate", self.rate.unit)] if self.rate and self.rate.unit.kind is not Kind.VOLUME else []
        for path, unit in named[1:]:
            if unit.kind is not named[0][1].kind:
                raise LibraryError(
                    where=path,
                    found=f"{unit.text} beside {named[0][1].text} in {named[0][0]}",
                    expected=f"a unit of {named[0][1].kind.value}",
                )

    def limits_for(self, mode: Mode) -> Programmable | None:
        """Return the limits of what is programmed in this mode, or ``None`` if the entry does not offer it."""
        if mode is Mode.BOLUS:
            return self.bolus
        if mode is Mode.LOADING:
            return self.loading
        return self if mode.value == self.type.value else None

    def all_limits(self) -> Iterable[tuple[str, Limits]]:
        """Yield every group of limits of the entry with its path, such as ``("bolus.dose", ...)``."""
        for prefix, part in (("", self), ("bolus.", self.bolus), ("loading.", self.loading), ("pca.", self.pca)):
            for name in ("dose", "rate", "volume", "duration", "lockout", "accumulated"):
                limits: Limits | None = getattr(part, name, None)
                if limits is not None:
                    yield f"{prefix}{name}", limits
        if self.concentration is not None and self.concentration.limits is not None:
            yield "concentration.limits", self.concentration.limits
